/* Expressions to graph nodes; shapes are checked here, where the place in the text is known. */
#include "base/real.h"
#include "model/hints.h"
#include "model/lower.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *og_shape_text(og_shape shape, char text[OG_SHAPE_TEXT]) {
  if (shape.columns != 1)
    snprintf(text, OG_SHAPE_TEXT, "a matrix of %d x %d", shape.rows, shape.columns);
  else if (shape.rows != 1)
    snprintf(text, OG_SHAPE_TEXT, "a vector of %d", shape.rows);
  else
    snprintf(text, OG_SHAPE_TEXT, "a scalar");
  return text;
}

/* What the word is called here, if people write it who know another language. */
static const char *hint_for(const char *what, const char *word, size_t length) {
  static const char *const kinds[] = {[OG_HINT_FUNCTION] = "function",
                                      [OG_HINT_NAME] = "name",
                                      [OG_HINT_DISTRIBUTION] = "distribution",
                                      [OG_HINT_ACTIVATION] = "activation"};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (strcmp(what, kinds[i]) == 0) return og_hint((og_hint_kind)i, word, length);
  return NULL;
}

void og_unknown_name(og_lowering *l, og_span span, const char *what, const char *const *names, size_t count) {
  char word[64];
  if (og_in_failed_text(l->syntax, span)) return;
  size_t length = span.length < sizeof word - 1 ? span.length : sizeof word - 1;
  memcpy(word, l->source->text + span.at, length);
  word[length] = 0;
  og_error_at(l->source, span, "unknown %s '%s'", what, word);
  int distribution = strcmp(what, "function") == 0 && og_is_distribution(l->source, span);
  const char *hint = hint_for(what, word, length), *near = og_nearest(word, names, count);
  if (distribution)
    og_help(l->source,
            "distributions stand behind the '~' of an observed column: observe COLUMN ~ %s(...); %s", word,
            og_hint(OG_HINT_STATEMENT, "prior", 5));
  else if (hint)
    og_help(l->source, "%s", hint);
  else if (near)
    og_help(l->source, "did you mean '%s'?", near);
}

static int has_statement(const og_lowering *l, og_statement_kind kind, og_span name) {
  const char *text = l->source->text;
  for (size_t i = 0; i < l->syntax->count; i++) {
    const og_statement *s = &l->syntax->statements[i];
    if (s->kind == kind && s->name.length == name.length &&
        memcmp(text + s->name.at, text + name.at, name.length) == 0)
      return 1;
  }
  return 0;
}

static og_node unknown_variable(og_lowering *l, og_span span) {
  int known = has_statement(l, OG_ST_EQUATION, span) && !has_statement(l, OG_ST_INIT, span) &&
              !has_statement(l, OG_ST_ALGEBRAIC, span);
  if (known) return OG_NODE_NONE; /* an equation without an initial value is reported itself */
  const char **names = og_alloc(l->source->context, l->count + 2, sizeof *names);
  if (!names) return l->source->no_memory = 1, OG_NODE_NONE;
  size_t count = 0;
  for (size_t i = 0; i < l->count; i++)
    if (l->symbols[i].kind != OG_SY_EVENT && l->symbols[i].kind != OG_SY_NET)
      names[count++] = l->symbols[i].name;
  names[count++] = "t", names[count++] = "pi";
  og_unknown_name(l, span, "name", names, count);
  og_free(l->source->context, names);
  return OG_NODE_NONE;
}

/* Another definition that one in work has to wait for, or NULL: one that it leads back to is none, and found
 * by lower_name. */
static og_symbol *next_unknown(og_lowering *l, og_symbol *symbol) {
  for (const og_expression *name = symbol->unread; name; name = name->next) {
    og_symbol *other = og_find_symbol(l, l->source->text + name->name.at, name->name.length);
    symbol->unread = name->next;
    if (other && other->kind == OG_SY_DEFINED && other->mark == OG_FRESH) return other;
  }
  return NULL;
}

static void lower_value(og_lowering *l, og_symbol *symbol) {
  int varies = l->varies;
  l->varies = 0;
  symbol->node = og_lower_expression(l, symbol->declaration->value);
  symbol->mark = OG_READY;
  symbol->varies = l->varies;
  l->varies = varies;
}

static og_symbol *begin(og_symbol *symbol, size_t reader) {
  symbol->mark = OG_IN_WORK;
  symbol->unread = symbol->declaration->names;
  symbol->reader = reader;
  return symbol;
}

/* Definitions may stand in any order, and lead from one to the next as often as they like: a loop goes down
 * to those that need no other, and back by their readers. */
og_node og_lower_definition(og_lowering *l, size_t index) {
  enum { NOBODY = -1 };
  og_symbol *at = begin(&l->symbols[index], (size_t)NOBODY);
  for (;;) {
    og_symbol *other = next_unknown(l, at);
    if (other) {
      at = begin(other, (size_t)(at - l->symbols));
      continue;
    }
    lower_value(l, at);
    if (at->reader == (size_t)NOBODY) break;
    at = &l->symbols[at->reader];
  }
  l->varies |= at->varies;
  return at->node;
}

static og_node defined(og_lowering *l, og_symbol *symbol, og_span span) {
  if (symbol->mark == OG_READY) {
    l->varies |= symbol->varies;
    return symbol->node;
  }
  if (symbol->mark == OG_IN_WORK) {
    og_error_at(l->source, span, "'%s' is defined by itself", symbol->name);
    og_help(l->source, "a definition may not lead back to its own name; a state has an equation NAME' = ...");
    return OG_NODE_NONE;
  }
  return og_lower_definition(l, (size_t)(symbol - l->symbols));
}

static og_node lower_name(og_lowering *l, const og_expression *e) {
  if (og_span_is(l->source, e->name, "t")) {
    l->varies = 1;
    return og_input(l->graph, OG_SLOT_TIME, 0, (og_shape){1, 1});
  }
  if (og_span_is(l->source, e->name, "pi")) return og_constant(l->graph, 3.14159265358979323846);
  if (og_span_is(l->source, e->name, "inf")) return og_constant(l->graph, INFINITY);
  og_symbol *symbol = og_find_symbol(l, l->source->text + e->name.at, e->name.length);
  if (!symbol) return unknown_variable(l, e->name);
  if (symbol->kind == OG_SY_EVENT)
    return og_error_at(l->source, e->name, "'%s' is an event and has no value", symbol->name), OG_NODE_NONE;
  if (symbol->kind == OG_SY_NET) {
    og_error_at(l->source, e->name, "'%s' is a net and has no value of its own", symbol->name);
    og_help(l->source, "it is called with a vector: %s(x)", symbol->name);
    return OG_NODE_NONE;
  }
  if (symbol->kind == OG_SY_DEFINED) return defined(l, symbol, e->name);
  if (symbol->kind == OG_SY_STATE && l->initial) {
    og_error_at(l->source, e->name, "an initial value cannot depend on a state, and '%s' is one",
                symbol->name);
    return OG_NODE_NONE;
  }
  if (symbol->node == OG_NODE_NONE && !l->source->errors) /* states are not ready where constants are read */
    og_error_at(l->source, e->name,
                symbol->kind == OG_SY_STATE ? "a constant expression cannot read the state '%s'"
                                            : "'%s' is defined by itself",
                symbol->name);
  l->varies |= symbol->kind != OG_SY_CONST;
  return symbol->node;
}

og_node og_refuse_options(og_lowering *l, const og_expression *call) {
  og_error_at(l->source, call->options->value->span, "%.*s takes nothing behind a ';'",
              (int)call->name.length, l->source->text + call->name.at);
  return OG_NODE_NONE;
}

static og_node mismatch(og_lowering *l, const og_expression *e, og_shape a, og_shape b) {
  char left[OG_SHAPE_TEXT], right[OG_SHAPE_TEXT];
  og_error_at(l->source, e->span, "shapes do not match: %s and %s", og_shape_text(a, left),
              og_shape_text(b, right));
  return OG_NODE_NONE;
}

static og_node lower_binary(og_lowering *l, const og_expression *e, og_node a) {
  og_node b = og_lower_expression(l, e->arg[1]);
  if (a == OG_NODE_NONE || b == OG_NODE_NONE) return OG_NODE_NONE;
  og_shape left = og_graph_shape(l->graph, a), right = og_graph_shape(l->graph, b);
  if (e->op == OG_MUL && left.columns > 1 && og_shape_size(right) > 1 && right.columns == 1) {
    if (left.columns == right.rows) return og_matvec(l->graph, a, b);
    return mismatch(l, e, left, right);
  }
  int same = left.rows == right.rows && left.columns == right.columns;
  if (!same && og_shape_size(left) != 1 && og_shape_size(right) != 1) return mismatch(l, e, left, right);
  return og_apply2(l->graph, (og_binary)e->op, a, b);
}

static og_node lower_vector(og_lowering *l, const og_expression *e) {
  if (e->count == 0)
    return og_error_at(l->source, e->span, "a vector needs at least one entry"), OG_NODE_NONE;
  og_node *parts = og_alloc(l->source->context, (size_t)e->count, sizeof *parts);
  if (!parts) return l->source->no_memory = 1, OG_NODE_NONE;
  int good = 1, matrix = e->arg[0]->kind == OG_EX_VECTOR;
  og_shape row = {0, 0};
  for (int i = 0; i < e->count; i++) {
    parts[i] = og_lower_expression(l, e->arg[i]);
    if (parts[i] == OG_NODE_NONE) {
      good = 0;
      continue;
    }
    og_shape shape = og_graph_shape(l->graph, parts[i]);
    if (i == 0) row = shape;
    if (shape.columns != 1 || (matrix && (shape.rows != row.rows || e->arg[i]->kind != OG_EX_VECTOR))) {
      og_error_at(l->source, e->arg[i]->span,
                  matrix ? "the rows of a matrix must be vectors of equal length"
                         : "the entries of a vector must be scalars or vectors");
      good = 0;
    }
  }
  og_node node = good ? og_concat(l->graph, parts, e->count) : OG_NODE_NONE;
  if (good && matrix) node = og_reshape(l->graph, node, (og_shape){e->count, row.rows});
  og_free(l->source->context, parts);
  return node;
}

static int index_of(og_lowering *l, const og_expression *e, int size, int *index) {
  double value;
  if (!og_constant_number(l, e, "an index", &value)) return 0;
  if (value != floor(value) || value < 1 || value > size) {
    og_error_at(l->source, e->span, "index %g is out of range: entries count from 1 to %d", og_shown(value),
                size);
    return 0;
  }
  *index = (int)value;
  return 1;
}

int og_index_range(og_lowering *l, const og_expression *e, int size, int *first, int *last) {
  if (!index_of(l, e->arg[1], size, first)) return 0;
  *last = *first;
  if (e->kind == OG_EX_SLICE && !index_of(l, e->arg[2], size, last)) return 0;
  return *last >= *first || (og_error_at(l->source, e->span, "this range is empty"), 0);
}

static og_node lower_index(og_lowering *l, const og_expression *e, og_node of) {
  int first, last;
  if (of == OG_NODE_NONE) return of;
  og_shape shape = og_graph_shape(l->graph, of);
  if (og_shape_size(shape) == 1) {
    og_error_at(l->source, e->span, "a scalar has no entries to index");
    if (e->arg[0]->kind == OG_EX_INDEX)
      og_help(l->source, "a vector has one index, a matrix two");
    else if (og_reads_time(l, e->arg[1]))
      og_help(l->source, "%s", og_hint(OG_HINT_FUNCTION, "delay", 5));
    return OG_NODE_NONE;
  }
  if (!og_index_range(l, e, shape.rows, &first, &last)) return OG_NODE_NONE;
  if (shape.columns > 1 && last > first)
    return og_error_at(l->source, e->span, "a range of a matrix's rows is not supported: take one row"),
           OG_NODE_NONE;
  return og_slice(l->graph, of, (first - 1) * shape.columns, (last - first + 1) * shape.columns);
}

static og_node lower_prefix(og_lowering *l, const og_expression *e) {
  og_node a = og_lower_expression(l, e->arg[0]);
  return a == OG_NODE_NONE ? a : og_apply1(l->graph, e->kind == OG_EX_NOT ? OG_NOT : OG_NEG, a);
}

static int is_link(const og_expression *e) {
  return e->kind == OG_EX_BINARY || e->kind == OG_EX_INDEX || e->kind == OG_EX_SLICE;
}

/* A link of a chain whose first argument is `first`. */
static og_node lower_link(og_lowering *l, const og_expression *e, og_node first) {
  return e->kind == OG_EX_BINARY ? lower_binary(l, e, first) : lower_index(l, e, first);
}

static og_node lower_end(og_lowering *l, const og_expression *e) {
  switch (e->kind) {
  case OG_EX_NUMBER: return og_constant(l->graph, e->number);
  case OG_EX_NAME: return lower_name(l, e);
  case OG_EX_CALL: return og_lower_call(l, e);
  case OG_EX_NEGATE:
  case OG_EX_NOT: return lower_prefix(l, e);
  case OG_EX_VECTOR: return lower_vector(l, e);
  case OG_EX_DERIVATIVE: /* og_lower_combined reads them */
  case OG_EX_BINARY:
  case OG_EX_INDEX:
  case OG_EX_SLICE: break;
  }
  return OG_NODE_NONE;
}

og_node og_lower_expression(og_lowering *l, const og_expression *e) {
  const og_expression *at = e;
  while (is_link(at)) at = at->arg[0];
  og_node node = lower_end(l, at);
  while (at != e) {
    at = at->up;
    node = lower_link(l, at, node);
  }
  return node;
}

/* ---- Constants: a program without inputs ---- */

static int evaluate(og_lowering *l, og_node node, int count, double *values) {
  og_program *program = NULL;
  void *scratch = NULL;
  const double *inputs[OG_SLOT_COUNT] = {0};
  double *block = og_alloc(l->source->context, OG_PADDED((size_t)count), sizeof *block), *outputs[] = {block};
  int good = block && og_program_create(l->graph, 1, &node, &program) == OG_OK &&
             (scratch = og_alloc(l->source->context, 1, og_program_scratch_bytes(program, 1) + 64)) != NULL;
  if (good) {
    og_program_run_d(program, 1, inputs, outputs, scratch);
    memcpy(values, block, (size_t)count * sizeof *values);
  } else {
    l->source->no_memory = 1;
  }
  og_program_destroy(program);
  og_free(l->source->context, scratch);
  og_free(l->source->context, block);
  return good;
}

int og_constant_values(og_lowering *l, const og_expression *e, const char *what, og_shape *shape,
                       double **values) {
  *values = NULL;
  int varies = l->varies;
  l->varies = 0;
  og_node node = og_lower_expression(l, e);
  int constant = !l->varies;
  l->varies |= varies;
  if (node == OG_NODE_NONE) return 0;
  if (!constant) {
    og_error_at(l->source, e->span, "%s must be a constant expression: numbers, consts and functions of them",
                what);
    return 0;
  }
  *shape = og_graph_shape(l->graph, node);
  *values = og_alloc(l->source->context, (size_t)og_shape_size(*shape), sizeof **values);
  if (!*values) return l->source->no_memory = 1, 0;
  return evaluate(l, node, og_shape_size(*shape), *values);
}

int og_constant_number(og_lowering *l, const og_expression *e, const char *what, double *value) {
  og_shape shape;
  double *values;
  char text[OG_SHAPE_TEXT];
  int good = og_constant_values(l, e, what, &shape, &values);
  if (good && og_shape_size(shape) != 1) {
    og_error_at(l->source, e->span, "%s must be a scalar, not %s", what, og_shape_text(shape, text));
    good = 0;
  }
  if (good) *value = values[0];
  og_free(l->source->context, values);
  return good;
}

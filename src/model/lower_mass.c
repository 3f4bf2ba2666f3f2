/* Equations that are no state's own, and the matrix M of M x' = f: the left sides of combinations of
 * derivatives are its rows, and those of 0 = ... are empty. They become the rates of the states that have no
 * equation of their own: first 0 = ... and the algebraic states, by lower_match.c. */
#include <math.h>
#include <string.h>

#include "model/lower.h"

/* ---- Entries of M ---- */

static int grow(og_lowering *l) {
  og_mass_list *m = &l->mass;
  og_context *context = l->source->context;
  size_t room = m->room ? 2 * m->room : 32;
  int *row = og_resize(context, m->row, m->count, room, sizeof *row);
  if (row) m->row = row;
  int *column = og_resize(context, m->column, m->count, room, sizeof *column);
  if (column) m->column = column;
  double *value = og_resize(context, m->value, m->count, room, sizeof *value);
  if (value) m->value = value;
  if (!row || !column || !value) return l->source->no_memory = 1, 0;
  m->room = room;
  return 1;
}

static int add_entry(og_lowering *l, size_t row, size_t column, double value) {
  og_mass_list *m = &l->mass;
  for (size_t k = m->count; k-- > 0 && m->row[k] == (int)row;)
    if (m->column[k] == (int)column) return m->value[k] += value, 1;
  if (m->count == m->room && !grow(l)) return 0;
  m->row[m->count] = (int)row;
  m->column[m->count] = (int)column;
  m->value[m->count++] = value;
  return 1;
}

void og_mass_free(og_lowering *l) {
  og_free(l->context, l->mass.row);
  og_free(l->context, l->mass.column);
  og_free(l->context, l->mass.value);
}

/* ---- Derivatives ---- */

void og_refuse_derivative(og_lowering *l, og_span name) {
  const char *text = l->source->text + name.at;
  int length = (int)name.length;
  og_error_at(l->source, name, "'%.*s' is algebraic and has no derivative", length, text);
  og_help(l->source,
          "its equation is written 0 = ...; what has a derivative is declared with init %.*s = ...", length,
          text);
}

static og_symbol *state_of(og_lowering *l, const og_expression *derivative) {
  return og_find_symbol(l, l->source->text + derivative->name.at, derivative->name.length);
}

static void declare(og_lowering *l, const og_expression *derivative) {
  og_symbol *state = state_of(l, derivative);
  int length = (int)derivative->name.length;
  const char *text = l->source->text + derivative->name.at;
  if (state && state->kind == OG_SY_STATE) {
    state->combined = 1;
    if (state->algebraic) og_refuse_derivative(l, derivative->name);
    return;
  }
  if (og_in_failed_text(l->syntax, derivative->name)) return;
  if (state)
    og_error_at(l->source, derivative->name, "'%.*s' is not a state and has no derivative", length, text);
  else
    og_error_at(l->source, derivative->name, "'%.*s' has a derivative but no initial value", length, text);
  og_help(l->source, "add a line: init %.*s = ...", length, text);
}

void og_declare_combined(og_lowering *l) {
  for (size_t i = 0; i < l->syntax->count; i++) {
    const og_statement *s = &l->syntax->statements[i];
    for (const og_expression *e = s->kind == OG_ST_COMBINED ? s->names : NULL; e; e = e->next) declare(l, e);
  }
}

/* ---- A left side ---- */

/* A derivative with what it is multiplied by: a number, and at most one vector or matrix. */
typedef struct factor {
  double number;
  og_shape shape;
  const double *values; /* NULL: none */
} factor;

typedef struct term {
  factor factor;
  const og_expression *of; /* for messages */
  size_t offset;
  int entries, rows; /* of the derivative; of the product */
  struct term *next;
} term;

typedef struct combination {
  og_lowering *l;
  term *terms;
  int rows;
} combination;

static int size_of(og_shape shape) { return shape.rows * shape.columns; }

static int refuse(og_lowering *l, const og_expression *e, const char *message) {
  og_error_at(l->source, e->span, "%s", message);
  return 0;
}

/* Numbers, consts and functions of them. */
static int read_coefficient(combination *c, const og_expression *e, int divide, factor *f) {
  og_lowering *l = c->l;
  og_shape shape;
  double *values, *kept;
  int errors = l->source->errors;
  if (!og_constant_values(l, e, "the coefficient of a derivative", &shape, &values)) {
    if (l->source->errors > errors)
      og_help(l->source, "divide the equation by it, so that it stands on the right, or make it a const");
    og_free(l->source->context, values);
    return 0;
  }
  int many = size_of(shape) > 1, good = !(many && (f->values || divide));
  for (int i = 0; i < size_of(shape); i++) good &= isfinite(values[i]) && !(divide && values[i] == 0);
  if (good && !many) f->number = divide ? f->number / values[0] : f->number * values[0];
  kept = good && many ? og_arena_take(l->syntax, (size_t)size_of(shape) * sizeof *kept) : NULL;
  if (kept) {
    memcpy(kept, values, (size_t)size_of(shape) * sizeof *kept);
    f->values = kept, f->shape = shape;
  }
  og_free(l->source->context, values);
  return good || refuse(l, e, "the coefficient of a derivative is a finite number, or one vector or matrix");
}

static int rows_of(const term *t) {
  if (!t->factor.values) return t->entries;
  og_shape shape = t->factor.shape;
  if (shape.columns > 1) return shape.columns == t->entries ? shape.rows : 0;
  return t->entries == 1 || t->entries == shape.rows ? shape.rows : 0;
}

static int add_term(combination *c, const og_expression *e, const og_expression *index, factor f) {
  const og_symbol *state = state_of(c->l, e);
  int first, last;
  if (!state || state->kind != OG_SY_STATE || state->node == OG_NODE_NONE) return 0; /* which was reported */
  first = 1, last = state->shape.rows;
  if (index && size_of(state->shape) == 1) return refuse(c->l, index, "a scalar has no entries to index");
  if (index && !og_index_range(c->l, index, state->shape.rows, &first, &last)) return 0;
  term *t = og_arena_take(c->l->syntax, sizeof *t);
  if (!t) return 0;
  *t = (term){.factor = f, .of = e, .entries = last - first + 1, .next = c->terms};
  t->offset = state->offset + (size_t)first - 1;
  t->rows = rows_of(t);
  if (!t->rows) return refuse(c->l, e, "the coefficient and the derivative do not match in shape");
  c->terms = t;
  if (t->rows > c->rows) c->rows = t->rows;
  return 1;
}

static int refuse_rest(combination *c, const og_expression *e) {
  if (!e->derivatives) {
    refuse(c->l, e, "a term without a derivative stands on the left");
    og_help(c->l->source,
            "on the left stand derivatives with constant coefficients, everything else on the right");
    return 0;
  }
  refuse(c->l, e, "an equation is linear in the derivatives");
  og_help(c->l->source,
          "a derivative may be multiplied by constants and added to others: C1*(v1' - v2') = ...; make "
          "it a state of its own: algebraic d = ..., v' = d, 0 = ...");
  return 0;
}

/* Of a product or quotient: the factor is read, and what it multiplies goes on. */
static const og_expression *take_factor(combination *c, const og_expression *e, factor *f) {
  const og_expression *left = e->arg[0], *right = e->arg[1];
  int behind = left->derivatives && !right->derivatives;
  if (left->derivatives && right->derivatives) return refuse_rest(c, e), NULL;
  if (e->op == OG_DIV && !behind) return refuse_rest(c, e), NULL;
  if (!read_coefficient(c, behind ? right : left, e->op == OG_DIV, f)) return NULL;
  return behind ? left : right;
}

/* Chains go on by the loop, what is nested by recursion. */
static int collect(combination *c, const og_expression *e, factor f) {
  while (e->derivatives) {
    int sum = e->kind == OG_EX_BINARY && (e->op == OG_ADD || e->op == OG_SUB);
    int product = e->kind == OG_EX_BINARY && (e->op == OG_MUL || e->op == OG_DIV);
    int index = (e->kind == OG_EX_INDEX || e->kind == OG_EX_SLICE) && e->arg[0]->kind == OG_EX_DERIVATIVE;
    if (e->kind == OG_EX_DERIVATIVE) return add_term(c, e, NULL, f);
    if (index) return add_term(c, e->arg[0], e, f);
    if (sum) {
      factor other = f;
      if (e->op == OG_SUB) other.number = -other.number;
      if (!collect(c, e->arg[1], other)) return 0;
      e = e->arg[0];
    } else if (e->kind == OG_EX_NEGATE) {
      f.number = -f.number;
      e = e->arg[0];
    } else if (product) {
      if (!(e = take_factor(c, e, &f))) return 0;
    } else {
      return refuse_rest(c, e);
    }
  }
  return refuse_rest(c, e);
}

static int match_rows(const combination *c) {
  for (const term *t = c->terms; t; t = t->next)
    if (t->rows != 1 && t->rows != c->rows)
      return refuse(c->l, t->of, "the terms of this combination do not match in shape");
  return 1;
}

/* Entry i of the equation. */
static int put_row(const combination *c, int i, size_t row) {
  for (const term *t = c->terms; t; t = t->next) {
    og_shape shape = t->factor.shape;
    if (t->factor.values && shape.columns > 1) {
      for (int j = 0; j < shape.columns; j++)
        if (!add_entry(c->l, row, t->offset + (size_t)j,
                       t->factor.number * t->factor.values[(t->rows == 1 ? 0 : i) * shape.columns + j]))
          return 0;
      continue;
    }
    double value = t->factor.number * (t->factor.values ? t->factor.values[t->rows == 1 ? 0 : i] : 1);
    if (!add_entry(c->l, row, t->offset + (size_t)(t->entries == 1 ? 0 : i), value)) return 0;
  }
  return 1;
}

/* ---- All of them ---- */

/* An equation, and its rows; `left` is empty for 0 = ... */
typedef struct equation {
  const og_statement *statement;
  og_node node;
  combination left;
  int rows;
} equation;

static int lower_one(og_lowering *l, const og_statement *s, equation *e) {
  char left[OG_SHAPE_TEXT], right[OG_SHAPE_TEXT];
  *e = (equation){.statement = s, .left = {.l = l}};
  int good = s->kind == OG_ST_CONSTRAINT ||
             (collect(&e->left, s->left, (factor){.number = 1}) && match_rows(&e->left));
  e->node = og_lower_expression(l, s->value);
  if (!good || e->node == OG_NODE_NONE) return 0;
  og_shape own = og_graph_shape(l->graph, e->node);
  e->rows = e->left.rows > own.rows ? e->left.rows : own.rows;
  if (own.columns == 1 && (own.rows == e->rows || own.rows == 1) &&
      (e->left.rows == e->rows || s->kind == OG_ST_CONSTRAINT)) {
    e->node = og_spread(l->graph, e->node, (og_shape){e->rows, 1});
    return 1;
  }
  if (own.columns > 1 && s->kind == OG_ST_CONSTRAINT)
    og_error_at(l->source, s->value->span, "an equation is a scalar or a vector, not a matrix");
  else
    og_error_at(l->source, s->value->span, "the equation gives %s, but its left side is %s",
                og_shape_text(own, left), og_shape_text((og_shape){e->left.rows, 1}, right));
  return 0;
}

/* The states without an equation of their own, algebraic ones first. */
typedef struct open_states {
  size_t count;
  size_t *symbol, *place; /* place: among the states */
  size_t rows;
} open_states;

static void list_open(og_lowering *l, int algebraic, open_states *open) {
  size_t place = 0;
  for (size_t i = 0; i < l->count; i++) {
    const og_symbol *s = &l->symbols[i];
    if (s->kind != OG_SY_STATE) continue;
    if (!s->equation && s->algebraic == algebraic) {
      open->symbol[open->count] = i;
      open->place[open->count++] = place;
      open->rows += (size_t)s->shape.rows;
    }
    place++;
  }
}

static int count_fits(og_lowering *l, const equation *equations, size_t count, const open_states *open) {
  size_t rows = 0;
  const equation *last = NULL;
  for (size_t i = 0; i < count && rows <= open->rows; i++) {
    rows += (size_t)equations[i].rows;
    last = &equations[i];
  }
  if (rows == open->rows) return 1;
  if (rows > open->rows) {
    og_error_at(l->source, last->statement->name, "one equation more than there are unknowns");
    og_help(l->source, "each state has one equation: every 0 = ... goes with an algebraic NAME = guess");
    return 0;
  }
  const og_symbol *left = &l->symbols[open->symbol[open->count - 1]];
  for (size_t k = 0, before = 0; k < open->count; k++) {
    before += (size_t)l->symbols[open->symbol[k]].shape.rows;
    if (before > rows) {
      left = &l->symbols[open->symbol[k]];
      break;
    }
  }
  og_error_at(l->source, left->span,
              left->algebraic ? "'%s' is algebraic, and there is no equation for it"
                              : "there is one equation less than unknowns, and '%s' has none of its own",
              left->name);
  og_help(l->source, left->algebraic ? "add a line: 0 = ..., in which it stands"
                                     : "add a line: 0 = ..., or one more combination of derivatives");
  return 0;
}

/* Entries of all equations, one after the other: which equation, and which of its entries. */
typedef struct entry_place {
  size_t equation;
  int row;
} entry_place;

/* How many of the first entries are of 0 = ... and go with algebraic states. */
static int count_algebraic(const og_lowering *l, const equation *equations, size_t count,
                           const open_states *open) {
  int rows = 0, states = 0;
  for (size_t i = 0; i < count && equations[i].statement->kind == OG_ST_CONSTRAINT; i++)
    rows += equations[i].rows;
  for (size_t k = 0; k < open->count && l->symbols[open->symbol[k]].algebraic; k++)
    states += l->symbols[open->symbol[k]].shape.rows;
  return rows < states ? rows : states;
}

/* order[k]: the entry of all equations that is the rate of entry k of the open states. 0: no memory. */
static int find_order(og_lowering *l, og_node all, int algebraic, const open_states *open, int *order) {
  int *unknown = og_alloc(l->source->context, l->states + 1, sizeof *unknown), k = 0;
  if (!unknown) return l->source->no_memory = 1, 0;
  for (size_t i = 0; i < l->states; i++) unknown[i] = -1;
  for (size_t i = 0; i < open->count; i++) {
    const og_symbol *s = &l->symbols[open->symbol[i]];
    for (int row = 0; row < s->shape.rows; row++, k++) {
      order[k] = k;
      if (k < algebraic) unknown[s->offset + (size_t)row] = k;
    }
  }
  int good = algebraic == 0 ||
             og_match_equations(l, og_slice(l->graph, all, 0, algebraic), algebraic, unknown, order);
  og_free(l->source->context, unknown);
  return good;
}

static int is_identity(const int *order, size_t count) {
  for (size_t k = 0; k < count; k++)
    if (order[k] != (int)k) return 0;
  return 1;
}

/* The entries of all equations in their order become the states' rates, and rows of M. */
static void put_rates(og_lowering *l, const equation *equations, const entry_place *places, og_node all,
                      const open_states *open, const int *order, og_node *rates) {
  int at = 0;
  if (!is_identity(order, open->rows))
    all = og_take_entries(l->graph, all, (og_shape){(int)open->rows, 1}, order);
  for (size_t k = 0; k < open->count; k++) {
    const og_symbol *s = &l->symbols[open->symbol[k]];
    rates[open->place[k]] = og_slice(l->graph, all, at, s->shape.rows);
    for (int i = 0; i < s->shape.rows; i++, at++)
      put_row(&equations[places[order[at]].equation].left, places[order[at]].row, s->offset + (size_t)i);
  }
}

static void share_out(og_lowering *l, const equation *equations, size_t count, const open_states *open,
                      og_node *rates) {
  og_context *context = l->source->context;
  og_node *nodes = og_alloc(context, count + 1, sizeof *nodes);
  entry_place *places = og_alloc(context, open->rows + 1, sizeof *places);
  int *order = og_alloc(context, open->rows + 1, sizeof *order);
  if (nodes && places && order) {
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
      nodes[i] = equations[i].node;
      for (int row = 0; row < equations[i].rows; row++) places[used++] = (entry_place){i, row};
    }
    og_node all = og_concat(l->graph, nodes, (int)count);
    if (find_order(l, all, count_algebraic(l, equations, count, open), open, order))
      put_rates(l, equations, places, all, open, order, rates);
  } else {
    l->source->no_memory = 1;
  }
  og_free(context, nodes);
  og_free(context, places);
  og_free(context, order);
}

static void put_own(og_lowering *l) {
  for (size_t i = 0; i < l->count; i++) {
    const og_symbol *s = &l->symbols[i];
    for (int k = 0; s->kind == OG_SY_STATE && s->equation && k < s->shape.rows; k++)
      add_entry(l, s->offset + (size_t)k, s->offset + (size_t)k, 1);
  }
}

static size_t lower_all(og_lowering *l, og_statement_kind kind, equation *equations, size_t count) {
  for (size_t i = 0; i < l->syntax->count; i++) {
    const og_statement *s = &l->syntax->statements[i];
    if (s->kind == kind) count += lower_one(l, s, &equations[count]) != 0;
  }
  return count;
}

void og_lower_combined(og_lowering *l, og_node *rates) {
  size_t room = l->syntax->count + 1, states = l->count + 1;
  equation *equations = og_alloc(l->source->context, room, sizeof *equations);
  size_t *lists = og_alloc(l->source->context, 2 * states, sizeof *lists);
  if (equations && lists) {
    size_t count = lower_all(l, OG_ST_CONSTRAINT, equations, 0);
    count = lower_all(l, OG_ST_COMBINED, equations, count);
    open_states open = {.symbol = lists, .place = lists + states};
    list_open(l, 1, &open);
    list_open(l, 0, &open);
    int good = l->source->errors == 0 && (count || open.count) && count_fits(l, equations, count, &open);
    if (good) put_own(l);
    if (good) share_out(l, equations, count, &open, rates);
    if (good && !l->mass.count) add_entry(l, 0, 0, 0); /* else there would be no M */
  } else {
    l->source->no_memory = 1;
  }
  og_free(l->source->context, equations);
  og_free(l->source->context, lists);
}

/* Functions and operators by their names, over shapes that are broadcast. */
#include <string.h>

#include "builder/builder.h"
#include "model/functions.h"
#include "model/hints.h"

/* What a name stands for: a function of the language, an operation between two, a sign before one, or an
 * activation. */
typedef struct meaning {
  const og_function *function;
  int op;    /* og_binary or -1 */
  int unary; /* og_unary or -1 */
  og_activation activation;
} meaning;

static const struct {
  const char *name;
  int op;
} signs[] = {{"not", OG_NOT}, {"neg", OG_NEG}}, others[] = {{"^", OG_POW}};
enum { SIGNS = sizeof signs / sizeof *signs, OTHERS = sizeof others / sizeof *others };

static int find_operator(const char *name) {
  for (int op = 0; op < OG_BINARY_COUNT; op++)
    if (strcmp(og_binary_name(op), name) == 0) return op;
  for (int i = 0; i < OTHERS; i++)
    if (strcmp(others[i].name, name) == 0) return others[i].op;
  return -1;
}

static int is_usable(const og_function *f) { return f && f->form != OG_FORM_DENSE && f->form != OG_FORM_MLP; }

/* 0: the name means nothing. "-" of one argument is a sign. */
static int find_meaning(const char *name, size_t count, meaning *m) {
  *m = (meaning){.op = -1, .unary = -1};
  m->function = og_find_function(name, strlen(name));
  if (is_usable(m->function)) return 1;
  m->function = NULL;
  for (int i = 0; i < SIGNS; i++)
    if (strcmp(signs[i].name, name) == 0) return m->unary = signs[i].op, 1;
  if (count == 1 && strcmp(name, "-") == 0) return m->unary = OG_NEG, 1;
  if ((m->op = find_operator(name)) >= 0) return 1;
  return (m->activation = og_find_activation(name, strlen(name))) != NULL;
}

/* Functions first, then signs, operators, and activations that are no functions; NULL: beyond the last. Where
 * a name is in two lists the second one is left out. */
static const char *name_at(size_t index) {
  size_t functions, activations;
  const og_function *function = og_functions(&functions);
  const char *const *activation = og_activation_names(&activations);
  for (size_t i = 0; i < functions; i++)
    if (is_usable(&function[i]) && index-- == 0) return function[i].name;
  if (index < SIGNS) return signs[index].name;
  index -= SIGNS;
  for (int op = 0; op < OG_BINARY_COUNT; op++) {
    const char *name = og_binary_name(op);
    if (!og_find_function(name, strlen(name)) && index-- == 0) return name;
  }
  if (index < OTHERS) return others[index].name;
  index -= OTHERS;
  for (size_t i = 0; i < activations; i++)
    if (!og_find_function(activation[i], strlen(activation[i])) && index-- == 0) return activation[i];
  return NULL;
}

const char *og_builder_function_name(size_t index) { return name_at(index); }

static og_value unknown(og_builder *builder, const char *function, const char *name) {
  enum { NAMES_MOST = 128 };
  const char *names[NAMES_MOST];
  size_t count = 0;
  while (count < NAMES_MOST && (names[count] = name_at(count))) count++;
  const char *hint = og_hint(OG_HINT_FUNCTION, name, strlen(name)), *near = og_nearest(name, names, count);
  if (hint)
    return og_builder_fail(builder, OG_ERR_NAME, function, "there is no function '%.64s'; %s", name, hint);
  return og_builder_fail(builder, OG_ERR_NAME, function, "there is no function '%.64s'%s%s%s", name,
                         near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/* ---- Shapes ---- */

/* The shape that all arguments are broadcast to; 0 after a failure, which names the two that do not fit. */
static int join(og_builder *builder, const char *function, const char *name, size_t count,
                const og_value *arguments, og_extent *shape) {
  char first[OG_BUILT_TEXT], second[OG_BUILT_TEXT];
  *shape = (og_extent){0};
  for (size_t i = 0; i < count; i++) {
    const og_built *built = og_builder_find(builder, function, arguments[i]);
    if (!built) return 0;
    if (og_join_extents(shape, &built->shape, shape)) continue;
    size_t other = 0;
    og_extent both;
    while (other + 1 < i &&
           og_join_extents(&builder->values[arguments[other] - 1].shape, &built->shape, &both))
      other++;
    return og_builder_fail(
        builder, OG_ERR_SHAPE, function, "the arguments of '%s' cannot be broadcast to one shape: %s and %s",
        name, og_built_text(builder, arguments[other], first), og_built_text(builder, arguments[i], second));
  }
  return 1;
}

static og_value finish(og_builder *builder, const char *function, og_node node, const og_extent *shape) {
  og_shape whole = og_extent_shape(shape);
  og_graph *g = builder->graph;
  if (node >= 0 && og_entries(g->nodes[node].shape) == 1 && og_entries(whole) > 1)
    node = og_broadcast(g, node, whole);
  return og_builder_add(builder, function, og_reshape(g, node, whole), *shape);
}

/* ---- Application ---- */

static og_value wrong_count(og_builder *builder, const char *function, const char *name, size_t wanted,
                            size_t given) {
  return og_builder_fail(builder, OG_ERR_ARGUMENT, function, "'%s' takes %zu argument%s, not %zu", name,
                         wanted, wanted == 1 ? "" : "s", given);
}

/* Of one argument over all of its entries; of two that have one shape. */
static og_value reduce(og_builder *builder, const char *function, const og_function *f, const og_value *x) {
  const og_extent scalar = {0};
  og_node node[2];
  char first[OG_BUILT_TEXT], second[OG_BUILT_TEXT];
  const og_built *built[2] = {0};
  int count = f->form == OG_FORM_DOT ? 2 : 1;
  for (int i = 0; i < count; i++) {
    if (!og_builder_find(builder, function, x[i])) return 0;
    built[i] = &builder->values[x[i] - 1];
    node[i] = built[i]->node;
  }
  if (count == 2 && !og_same_extent(&built[0]->shape, &built[1]->shape))
    return og_builder_fail(builder, OG_ERR_SHAPE, function,
                           "the arguments of '%s' have different shapes: %s and %s", f->name,
                           og_built_text(builder, x[0], first), og_built_text(builder, x[1], second));
  og_node result = f->form == OG_FORM_LEAST ? og_least_entry(builder->graph, (og_binary)f->op, node[0])
                                            : og_function_node(builder->graph, f, node);
  return og_builder_add(builder, function, og_reshape(builder->graph, result, (og_shape){1, 1}), scalar);
}

static og_node node_of(og_graph *g, const meaning *m, const og_node *arguments) {
  if (m->activation) return m->activation(g, arguments[0]);
  if (m->unary >= 0) return og_apply1(g, (og_unary)m->unary, arguments[0]);
  if (m->op >= 0) return og_apply2(g, (og_binary)m->op, arguments[0], arguments[1]);
  return og_function_node(g, m->function, arguments);
}

/* Three arguments at most, entry by entry. */
static og_value entrywise(og_builder *builder, const char *function, const char *name, const meaning *m,
                          size_t count, const og_value *arguments) {
  og_extent shape;
  og_node nodes[3];
  if (!join(builder, function, name, count, arguments, &shape)) return 0;
  for (size_t i = 0; i < count; i++)
    nodes[i] = og_broadcast_to(builder, &builder->values[arguments[i] - 1], &shape);
  return finish(builder, function, node_of(builder->graph, m, nodes), &shape);
}

/* min and max of several. */
static og_value least_of(og_builder *builder, const char *function, const og_function *f, size_t count,
                         const og_value *arguments) {
  meaning m = {.function = f, .op = -1, .unary = -1};
  og_value pair[2] = {arguments[0], 0};
  for (size_t i = 1; i < count && builder->status == OG_OK; i++) {
    pair[1] = arguments[i];
    pair[0] = entrywise(builder, function, f->name, &m, 2, pair);
  }
  return builder->status == OG_OK ? pair[0] : 0;
}

static og_value apply_function(og_builder *builder, const char *function, const meaning *m, size_t count,
                               const og_value *arguments) {
  const og_function *f = m->function;
  int reduces = f->form == OG_FORM_DOT || f->form == OG_FORM_SUM || f->form == OG_FORM_NORM2;
  if (f->form == OG_FORM_LEAST && count > 1) return least_of(builder, function, f, count, arguments);
  if (f->form == OG_FORM_LEAST && count == 1) return reduce(builder, function, f, arguments);
  if (count != (size_t)f->arguments)
    return wrong_count(builder, function, f->name, (size_t)f->arguments, count);
  if (reduces) return reduce(builder, function, f, arguments);
  return entrywise(builder, function, f->name, m, count, arguments);
}

static og_value apply(og_builder *builder, const char *function, const char *name, size_t count,
                      const og_value *arguments) {
  meaning m;
  if (!find_meaning(name, count, &m)) return unknown(builder, function, name);
  if (m.function) return apply_function(builder, function, &m, count, arguments);
  size_t wanted = m.op >= 0 ? 2 : 1;
  if (count != wanted) return wrong_count(builder, function, name, wanted, count);
  return entrywise(builder, function, name, &m, count, arguments);
}

og_value og_builder_apply(og_builder *builder, const char *name, size_t count, const og_value *arguments) {
  OG_BUILDER(builder);
  OG_BUILDER_NEEDS(builder, 1, name);
  OG_BUILDER_NEEDS(builder, count, arguments);
  return apply(builder, __func__, name, count, arguments);
}

og_value og_builder_unary(og_builder *builder, const char *name, og_value x) {
  OG_BUILDER(builder);
  OG_BUILDER_NEEDS(builder, 1, name);
  return apply(builder, __func__, name, 1, &x);
}

og_value og_builder_binary(og_builder *builder, const char *name, og_value x, og_value y) {
  OG_BUILDER(builder);
  OG_BUILDER_NEEDS(builder, 1, name);
  return apply(builder, __func__, name, 2, (og_value[]){x, y});
}

og_value og_builder_where(og_builder *builder, og_value condition, og_value x, og_value y) {
  OG_BUILDER(builder);
  return apply(builder, __func__, "where", 3, (og_value[]){condition, x, y});
}

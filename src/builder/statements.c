/* What nodes mean: initial values, derivatives, costs, events, observations. */
#include "builder/builder.h"

#include <string.h>

#include "model/densities.h"

/* ---- States ---- */

static og_declaration *state_of(og_builder *builder, const char *function, og_value state) {
  char text[OG_BUILT_TEXT];
  if (!og_builder_find(builder, function, state)) return NULL;
  og_declaration *found = og_builder_state_of(builder, state);
  if (found) return found;
  og_builder_fail(builder, OG_ERR_ARGUMENT, function, "%s is no state", og_built_text(builder, state, text));
  return NULL;
}

/* The value as the vector of a state's entries; OG_NODE_NONE after a failure. */
static og_node as_state(og_builder *builder, const char *function, const og_declaration *d, og_value value) {
  char text[OG_BUILT_TEXT], wanted[OG_EXTENT_TEXT];
  const og_built *built = og_builder_find(builder, function, value);
  if (!built) return OG_NODE_NONE;
  og_shape vector = {(int)d->entries, 1};
  if (og_extent_entries(&built->shape) == 1)
    return og_broadcast(builder->graph, og_reshape(builder->graph, built->node, (og_shape){1, 1}), vector);
  if (og_same_extent(&built->shape, &d->shape)) return og_reshape(builder->graph, built->node, vector);
  og_builder_fail(builder, OG_ERR_SHAPE, function, "'%.64s' has the shape %s, and cannot be given %s",
                  d->name, og_extent_text(&d->shape, wanted), og_built_text(builder, value, text));
  return OG_NODE_NONE;
}

/* Whether a node depends on a slot; of OG_NODE_NONE nothing. */
static int reads(const og_builder *builder, og_node node, int slot) {
  return og_graph_depends_on(builder->graph, 1, &node, slot);
}

/* A node that is none is a failure, of the builder or of its graph. */
static og_status kept(og_builder *builder, const char *function, og_node node) {
  if (node < 0) og_builder_add(builder, function, node, (og_extent){0});
  return og_builder_result(builder);
}

og_status og_builder_set_initial(og_builder *builder, og_value state, og_value value) {
  OG_OBJECT(builder);
  OG_BUILDER_STATEMENT(builder);
  og_declaration *d = state_of(builder, __func__, state);
  if (!d) return og_builder_result(builder);
  if (d->initial >= 0)
    og_builder_fail(builder, OG_ERR_STATE, __func__, "'%.64s' has an initial value already", d->name);
  og_node node = as_state(builder, __func__, d, value);
  if (reads(builder, node, OG_SLOT_STATE))
    og_builder_fail(builder, OG_ERR_ARGUMENT, __func__,
                    "the initial value of '%.64s' reads a state: it may read parameters, inputs and t alone",
                    d->name);
  d->initial = node;
  return kept(builder, __func__, node);
}

og_status og_builder_set_derivative(og_builder *builder, og_value state, og_value value) {
  OG_OBJECT(builder);
  OG_BUILDER_STATEMENT(builder);
  og_declaration *d = state_of(builder, __func__, state);
  if (!d) return og_builder_result(builder);
  if (d->derivative >= 0)
    og_builder_fail(builder, OG_ERR_STATE, __func__, "'%.64s' has a derivative already", d->name);
  d->derivative = as_state(builder, __func__, d, value);
  return kept(builder, __func__, d->derivative);
}

/* ---- Scalars ---- */

static og_node scalar_of(og_builder *builder, const char *function, const char *what, og_value value) {
  char text[OG_BUILT_TEXT];
  const og_built *built = og_builder_find(builder, function, value);
  if (!built) return OG_NODE_NONE;
  if (og_extent_entries(&built->shape) == 1) return og_reshape(builder->graph, built->node, (og_shape){1, 1});
  og_builder_fail(builder, OG_ERR_SHAPE, function, "%s is one number, not %s", what,
                  og_built_text(builder, value, text));
  return OG_NODE_NONE;
}

static og_status set_cost(og_builder *builder, const char *function, og_node *cost, og_value value) {
  if (*cost >= 0)
    og_builder_fail(builder, OG_ERR_STATE, function, "there is a cost of this kind already: add them up");
  *cost = scalar_of(builder, function, "a cost", value);
  return kept(builder, function, *cost);
}

og_status og_builder_set_final_cost(og_builder *builder, og_value cost) {
  OG_OBJECT(builder);
  OG_BUILDER_STATEMENT(builder);
  return set_cost(builder, __func__, &builder->final_cost, cost);
}

og_status og_builder_set_running_cost(og_builder *builder, og_value cost) {
  OG_OBJECT(builder);
  OG_BUILDER_STATEMENT(builder);
  return set_cost(builder, __func__, &builder->running_cost, cost);
}

og_status og_builder_set_span(og_builder *builder, double t0, double t1) {
  OG_OBJECT(builder);
  OG_BUILDER_STATEMENT(builder);
  if (!isfinite(t0) || !isfinite(t1))
    og_builder_fail(builder, OG_ERR_NOT_FINITE, __func__, "times are finite, not %g and %g", og_shown(t0),
                    og_shown(t1));
  builder->has_span = 1;
  builder->t0 = t0, builder->t1 = t1;
  return og_builder_result(builder);
}

/* ---- Observations ---- */

static const og_distribution *distribution_named(og_builder *builder, const char *function,
                                                 const char *name) {
  enum { NAMES_MOST = 64 };
  const char *names[NAMES_MOST];
  size_t count = 0;
  const og_distribution *found = og_find_distribution(name, strlen(name));
  if (found) return found;
  for (const og_distribution *d; count < NAMES_MOST && (d = og_distribution_at(count)); count++)
    names[count] = d->name;
  const char *near = og_nearest(name, names, count);
  og_builder_fail(builder, OG_ERR_NAME, function, "there is no distribution '%.64s'%s%s%s", name,
                  near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
  return NULL;
}

/* What is outside its domain whatever the states are is a mistake. */
static int check_domain(og_builder *builder, const char *function, const og_distribution *d, int i,
                        og_node node) {
  double value;
  if (!og_graph_is_constant(builder->graph, node, &value) || og_in_domain(d->argument[i].domain, value))
    return 1;
  return og_builder_fail(builder, OG_ERR_BOUNDS, function, "%s of %s must be %s, not %g", d->argument[i].name,
                         d->name, og_domain_text(d->argument[i].domain), og_shown(value));
}

/* Columns that the arguments describe: as many as the widest has entries; a class is one number. */
static size_t count_columns(const og_builder *builder, const og_distribution *d, const og_value *arguments) {
  size_t most = 1;
  for (int i = 0; i < d->arguments && d->support != OG_SUPPORT_CLASS; i++) {
    size_t entries = og_extent_entries(&builder->values[arguments[i] - 1].shape);
    most = entries > most ? entries : most;
  }
  return most;
}

/* The argument as a scalar or a vector with an entry for each column; of classes one for each of them. */
static og_node read_argument(og_builder *builder, const char *function, const og_distribution *d, int i,
                             og_value value, size_t columns) {
  char text[OG_BUILT_TEXT];
  const og_built *built = &builder->values[value - 1];
  size_t entries = og_extent_entries(&built->shape);
  int classes = d->support == OG_SUPPORT_CLASS;
  if (classes ? entries < 2 : entries != 1 && entries != columns) {
    og_builder_fail(builder, OG_ERR_SHAPE, function, "%s of %s is %s, which has %zu entr%s for %s",
                    d->argument[i].name, d->name, og_built_text(builder, value, text), entries,
                    entries == 1 ? "y" : "ies",
                    classes ? "classes, of which there are two or more" : "the columns");
    return OG_NODE_NONE;
  }
  og_node node = og_reshape(builder->graph, built->node, (og_shape){(int)entries, 1});
  return check_domain(builder, function, d, i, node) ? node : OG_NODE_NONE;
}

static int read_arguments(og_builder *builder, const char *function, const og_distribution *d, size_t count,
                          const og_value *arguments, og_built_observation *o) {
  if (count != (size_t)d->arguments)
    return og_builder_fail(builder, OG_ERR_ARGUMENT, function, "%s takes %d argument%s, not %zu", d->name,
                           d->arguments, d->arguments == 1 ? "" : "s", count);
  for (size_t i = 0; i < count; i++)
    if (!og_builder_find(builder, function, arguments[i])) return 0;
  o->rows = count_columns(builder, d, arguments);
  o->observed = (og_observed){d, {OG_NODE_NONE, OG_NODE_NONE, OG_NODE_NONE}};
  for (size_t i = 0; i < count; i++) {
    o->observed.argument[i] = read_argument(builder, function, d, (int)i, arguments[i], o->rows);
    if (o->observed.argument[i] < 0) return 0;
  }
  return 1;
}

static void make_term(og_builder *builder, og_built_observation *o) {
  og_graph *g = builder->graph;
  og_shape shape = {(int)o->rows, 1};
  og_node y = og_input(g, OG_SLOT_DATA, (int)o->first, shape);
  og_node present = og_input(g, OG_BUILDER_FLAGS, (int)o->first, shape);
  og_node density = og_density_node(g, o->observed.distribution, o->observed.argument, y, &o->location);
  o->term = density < 0 ? density : og_observation_term(g, present, density, &o->location);
}

static int column_is_free(og_builder *builder, const char *function, const char *column) {
  for (size_t i = 0; i < builder->observed; i++)
    if (strcmp(builder->observations[i].column, column) == 0)
      return og_builder_fail(builder, OG_ERR_NAME, function, "column '%.64s' is observed already", column);
  if (og_is_column_name(column)) return 1;
  return og_builder_fail(builder, OG_ERR_NAME, function, "'%.64s' cannot be the name of a column", column);
}

og_status og_builder_observe(og_builder *builder, const char *column, const char *distribution, size_t count,
                             const og_value *arguments) {
  og_built_observation o = {0};
  OG_OBJECT(builder);
  OG_STATEMENT_NEEDS(builder, 1, column);
  OG_STATEMENT_NEEDS(builder, 1, distribution);
  OG_STATEMENT_NEEDS(builder, count, arguments);
  OG_BUILDER_STATEMENT(builder);
  const og_distribution *d = distribution_named(builder, __func__, distribution);
  if (!d || !column_is_free(builder, __func__, column) ||
      !read_arguments(builder, __func__, d, count, arguments, &o))
    return kept(builder, __func__, OG_NODE_NONE);
  if (o.rows > OG_ENTRIES_MOST - builder->columns)
    og_builder_fail(builder, OG_ERR_SHAPE, __func__, "over %d columns in all", OG_ENTRIES_MOST);
  o.first = builder->columns;
  make_term(builder, &o);
  if (kept(builder, __func__, o.term) != OG_OK) return builder->status;
  if (!og_builder_grow(builder, (void **)&builder->observations, builder->observed,
                       &builder->observed_capacity, sizeof o))
    return builder->status;
  o.column = og_strdup(builder->context, column);
  if (!o.column) og_builder_no_memory(builder, strlen(column));
  if (!o.column) return builder->status;
  builder->observations[builder->observed++] = o;
  builder->columns += o.rows;
  return OG_OK;
}

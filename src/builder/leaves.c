/* Leaves: numbers, time, and what has a name. */
#include "builder/builder.h"

#include <string.h>

#include "field/field.h"

static const og_extent scalar = {0};

og_value og_builder_time(og_builder *builder) {
  OG_BUILDER(builder);
  return og_builder_add(builder, __func__, og_input(builder->graph, OG_SLOT_TIME, 0, (og_shape){1, 1}),
                        scalar);
}

og_value og_builder_number(og_builder *builder, double value) {
  OG_BUILDER(builder);
  return og_builder_add(builder, __func__, og_constant(builder->graph, value), scalar);
}

og_value og_builder_constant(og_builder *builder, size_t rank, const size_t *shape, const double *values) {
  og_extent extent;
  OG_BUILDER(builder);
  OG_BUILDER_NEEDS(builder, 1, values);
  if (!og_read_extent(builder, __func__, rank, shape, &extent)) return 0;
  return og_builder_add(builder, __func__,
                        og_constant_tensor(builder->graph, og_extent_shape(&extent), values), extent);
}

/* ---- Names with a place in a slot ---- */

/* Those that share theta, or x, with the declaration. */
static size_t taken(const og_builder *builder, const og_declaration *d) {
  return d->kind == OG_SY_STATE ? builder->states : builder->parameters + builder->weights;
}

static og_value stand_for(og_builder *builder, const og_declaration *d, og_value value) {
  if (value) builder->values[value - 1].declared_from = 1 + (size_t)(d - builder->declarations);
  return value;
}

/* The next `entries` of a slot, of which `used` are taken. */
static og_value place(og_builder *builder, const char *function, og_declaration *d, int slot, size_t *used) {
  if (d->entries > OG_ENTRIES_MOST - taken(builder, d))
    return og_builder_fail(builder, OG_ERR_SHAPE, function, "'%.64s': over %d entries in all", d->name,
                           OG_ENTRIES_MOST);
  d->offset = *used;
  *used += d->entries;
  og_node node = og_input(builder->graph, slot, (int)d->offset, og_extent_shape(&d->shape));
  return stand_for(builder, d, og_builder_add(builder, function, node, d->shape));
}

static int copy_values(og_builder *builder, const char *function, og_declaration *d, const double *values) {
  for (size_t i = 0; i < d->entries; i++)
    if (!isfinite(values[i]))
      return og_builder_fail(builder, OG_ERR_NOT_FINITE, function, "'%.64s': value %zu is %g", d->name, i,
                             og_shown(values[i]));
  d->values = og_alloc(builder->context, d->entries, sizeof *d->values);
  if (!d->values) return og_builder_no_memory(builder, d->entries * sizeof *d->values);
  memcpy(d->values, values, d->entries * sizeof *values);
  return 1;
}

static int check_bounds(og_builder *builder, const char *function, const og_declaration *d) {
  char value[OG_NUMBER_SIZE], low[OG_NUMBER_SIZE], high[OG_NUMBER_SIZE];
  og_format_real(og_shown(d->low), low), og_format_real(og_shown(d->high), high);
  if (!(d->low < d->high))
    return og_builder_fail(builder, OG_ERR_BOUNDS, function,
                           "'%.64s': the lower bound %s is not below the upper bound %s", d->name, low, high);
  for (size_t i = 0; i < d->entries; i++)
    if (d->values[i] < d->low || d->values[i] > d->high) {
      og_format_real(d->values[i], value);
      return og_builder_fail(builder, OG_ERR_BOUNDS, function,
                             "'%.64s': value %zu is %s, which lies outside its bounds [%s, %s]", d->name, i,
                             value, low, high);
    }
  return 1;
}

og_value og_builder_parameter(og_builder *builder, const char *name, size_t rank, const size_t *shape,
                              const double *values, double lowest, double highest) {
  og_extent extent;
  OG_BUILDER(builder);
  OG_BUILDER_NEEDS(builder, 1, name);
  OG_BUILDER_NEEDS(builder, 1, values);
  if (!og_read_extent(builder, __func__, rank, shape, &extent)) return 0;
  og_declaration *d = og_builder_declare(builder, __func__, OG_SY_PARAM, name, extent);
  if (!d) return 0;
  d->low = lowest, d->high = highest;
  if (!copy_values(builder, __func__, d, values) || !check_bounds(builder, __func__, d)) return 0;
  return place(builder, __func__, d, OG_SLOT_PARAMETER, &builder->parameters);
}

og_value og_builder_weight(og_builder *builder, const char *name, size_t rank, const size_t *shape,
                           const double *values, double spread) {
  og_extent extent;
  OG_BUILDER(builder);
  OG_BUILDER_NEEDS(builder, 1, name);
  if (!og_read_extent(builder, __func__, rank, shape, &extent)) return 0;
  if (!values && !(spread >= 0 && isfinite(spread)))
    return og_builder_fail(builder, OG_ERR_BOUNDS, __func__,
                           "'%.64s': the spread of weights is 0 or more, not %g", name, og_shown(spread));
  og_declaration *d = og_builder_declare(builder, __func__, OG_SY_WEIGHT, name, extent);
  if (!d) return 0;
  d->low = -INFINITY, d->high = INFINITY;
  d->draw = (og_draw){0, spread};
  if (values && !copy_values(builder, __func__, d, values)) return 0;
  return place(builder, __func__, d, OG_BUILDER_WEIGHTS, &builder->weights);
}

og_value og_builder_state(og_builder *builder, const char *name, size_t rank, const size_t *shape) {
  og_extent extent;
  OG_BUILDER(builder);
  OG_BUILDER_NEEDS(builder, 1, name);
  if (!og_read_extent(builder, __func__, rank, shape, &extent)) return 0;
  if (builder->event_count)
    return og_builder_fail(builder, OG_ERR_STATE, __func__,
                           "'%.64s': states come before events, which set all of them", name);
  og_declaration *d = og_builder_declare(builder, __func__, OG_SY_STATE, name, extent);
  return d ? place(builder, __func__, d, OG_SLOT_STATE, &builder->states) : 0;
}

/* ---- Inputs ---- */

static int is_signal(og_signal kind) {
  return kind == OG_SIGNAL_CONSTANT || kind == OG_SIGNAL_LINEAR || kind == OG_SIGNAL_HOLD;
}

/* The rows of an input are apart from each other: one node for each entry. */
static og_node node_of_input(og_builder *builder, const og_declaration *d) {
  og_node *entries = og_alloc(builder->context, d->entries, sizeof *entries);
  if (!entries) return og_builder_no_memory(builder, d->entries * sizeof *entries), OG_NODE_NONE;
  for (size_t i = 0; i < d->entries; i++)
    entries[i] = og_input_node(builder->graph, OG_BUILDER_INPUT_ROWS, (int)(OG_INPUT_ROWS * (d->offset + i)),
                               d->signal);
  og_node node = d->entries == 1 ? entries[0] : og_concat(builder->graph, entries, (int)d->entries);
  og_free(builder->context, entries);
  return node;
}

og_value og_builder_input(og_builder *builder, const char *name, size_t rank, const size_t *shape,
                          og_signal kind) {
  og_extent extent;
  OG_BUILDER(builder);
  OG_BUILDER_NEEDS(builder, 1, name);
  if (!og_read_extent(builder, __func__, rank, shape, &extent)) return 0;
  if (rank > 1 || !is_signal(kind))
    return og_builder_fail(builder, rank > 1 ? OG_ERR_SHAPE : OG_ERR_ARGUMENT, __func__,
                           rank > 1 ? "'%.64s': an input is a scalar or a vector, which can be reshaped"
                                    : "'%.64s': no signal is of that kind",
                           name);
  if (!og_is_column_name(name))
    return og_builder_fail(builder, OG_ERR_NAME, __func__, "'%.64s' cannot be the name of a column", name);
  og_declaration *d = og_builder_declare(builder, __func__, OG_SY_INPUT, name, extent);
  if (!d) return 0;
  if (d->entries > OG_INPUTS_MOST - builder->inputs)
    return og_builder_fail(builder, OG_ERR_SHAPE, __func__, "'%.64s': over %d input columns in all", name,
                           OG_INPUTS_MOST);
  d->signal = kind;
  d->offset = builder->inputs;
  builder->inputs += d->entries;
  return stand_for(builder, d, og_builder_add(builder, __func__, node_of_input(builder, d), extent));
}

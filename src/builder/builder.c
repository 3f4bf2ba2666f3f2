/* The builder as an object: its failures, its values and its names. */
#include "builder/builder.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

og_status og_builder_create(og_context *context, og_builder **out) {
  if (out) *out = NULL;
  OG_OBJECT(context);
  OG_NEED(context, out);
  og_builder *builder = og_alloc(context, 1, sizeof *builder);
  if (!builder) return og_fail_memory(context, sizeof *builder, "a builder");
  builder->context = builder->names.context = context;
  builder->final_cost = builder->running_cost = OG_NODE_NONE;
  og_status status = og_graph_create(context, &builder->graph);
  if (status == OG_OK)
    *out = builder;
  else
    og_free(context, builder);
  return status;
}

void og_builder_destroy(og_builder *builder) {
  if (!builder || !og_was_last(&builder->references)) return;
  for (size_t i = 0; i < builder->count; i++) og_free(builder->context, builder->values[i].label);
  for (size_t i = 0; i < builder->declared; i++) og_free(builder->context, builder->declarations[i].values);
  og_names_clear(&builder->names);
  for (size_t i = 0; i < builder->observed; i++) og_free(builder->context, builder->observations[i].column);
  og_free(builder->context, builder->values);
  og_free(builder->context, builder->declarations);
  og_free(builder->context, builder->observations);
  og_free(builder->context, builder->events);
  og_graph_destroy(builder->graph);
  og_free(builder->context, builder);
}

/* ---- Failures ---- */

og_status og_builder_status(const og_builder *builder) {
  OG_OBJECT(builder);
  return builder->status;
}

const char *og_builder_message(const og_builder *builder) {
  if (!builder) return "";
  return builder->message;
}

static void keep_failure(og_builder *builder, og_status status, const char *text) {
  builder->status = status;
  snprintf(builder->message, sizeof builder->message, "%s", text);
}

og_value og_builder_fail(og_builder *builder, og_status status, const char *function, const char *format,
                         ...) {
  char text[sizeof builder->message];
  if (builder->status != OG_OK) return 0;
  int used = snprintf(text, sizeof text, "%s: ", function);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text + used, sizeof text - (size_t)used, format, arguments);
  va_end(arguments);
  og_fail(builder->context, status, "%s", text);
  keep_failure(builder, status, og_context_message(builder->context));
  return 0;
}

og_value og_builder_no_memory(og_builder *builder, size_t bytes) {
  if (builder->status != OG_OK) return 0;
  og_status status = og_fail_memory(builder->context, bytes, "a graph made by calls");
  keep_failure(builder, status, og_context_message(builder->context));
  return 0;
}

og_status og_builder_result(const og_builder *builder) {
  if (builder->status != OG_OK) og_fail(builder->context, builder->status, "%s", builder->message);
  return builder->status;
}

int og_builder_open(og_builder *builder, const char *function) {
  if (builder->closed)
    og_builder_fail(builder, OG_ERR_STATE, function,
                    "a model has been made of this builder, and nothing can be added any more; begin another "
                    "one");
  return og_builder_result(builder) == OG_OK;
}

/* ---- Values ---- */

int og_builder_grow(og_builder *builder, void **memory, size_t count, size_t *capacity, size_t size) {
  if (count < *capacity) return 1;
  size_t more = *capacity ? 2 * *capacity : 32;
  void *grown = og_resize(builder->context, *memory, count, more, size);
  if (!grown) return og_builder_no_memory(builder, more * size);
  *memory = grown;
  *capacity = more;
  return 1;
}

/* A failure of the graph has no name of a function, nor shapes as callers know them. */
static og_value graph_failed(og_builder *builder, const char *function) {
  og_status status = og_graph_status(builder->graph);
  char text[sizeof builder->message - 64];
  snprintf(text, sizeof text, "%s", og_context_message(builder->context));
  return og_builder_fail(builder, status == OG_OK ? OG_ERR_INTERNAL : status, function, "%s", text);
}

og_value og_builder_add(og_builder *builder, const char *function, og_node node, og_extent shape) {
  if (builder->status != OG_OK) return 0;
  if (node < 0) return graph_failed(builder, function);
  if (!og_builder_grow(builder, (void **)&builder->values, builder->count, &builder->capacity,
                       sizeof *builder->values))
    return 0;
  builder->values[builder->count++] = (og_built){.node = node, .shape = shape};
  return (og_value)builder->count;
}

const og_built *og_builder_find(og_builder *builder, const char *function, og_value value) {
  if (value > 0 && (size_t)value <= builder->count) return &builder->values[value - 1];
  og_builder_fail(builder, OG_ERR_ARGUMENT, function, "%d is no value of this builder, which has 1 to %zu",
                  value, builder->count);
  return NULL;
}

const char *og_built_text(const og_builder *builder, og_value value, char text[OG_BUILT_TEXT]) {
  const og_built *built = &builder->values[value - 1];
  char shape[OG_EXTENT_TEXT];
  og_extent_text(&built->shape, shape);
  if (built->label)
    snprintf(text, OG_BUILT_TEXT, "value %d (%.48s), %s", value, built->label, shape);
  else
    snprintf(text, OG_BUILT_TEXT, "value %d, %s", value, shape);
  return text;
}

og_status og_builder_shape(const og_builder *builder, og_value value, size_t *rank, size_t *shape) {
  OG_OBJECT(builder);
  OG_NEED(builder->context, rank);
  if (value < 1 || (size_t)value > builder->count)
    return og_fail(builder->context, OG_ERR_ARGUMENT,
                   "og_builder_shape: %d is no value of this builder, which has 1 to %zu", value,
                   builder->count);
  const og_extent *own = &builder->values[value - 1].shape;
  *rank = own->rank;
  if (shape) memcpy(shape, own->size, own->rank * sizeof *shape);
  return OG_OK;
}

og_status og_builder_label(og_builder *builder, og_value value, const char *label) {
  OG_OBJECT(builder);
  OG_STATEMENT_NEEDS(builder, 1, label);
  OG_BUILDER_STATEMENT(builder);
  if (!og_builder_find(builder, __func__, value)) return og_builder_result(builder);
  char *copy = og_strdup(builder->context, label);
  if (!copy) {
    og_builder_no_memory(builder, strlen(label));
    return builder->status;
  }
  og_free(builder->context, builder->values[value - 1].label);
  builder->values[value - 1].label = copy;
  return OG_OK;
}

/* ---- Names ---- */

static int is_name(const char *name) {
  if (!*name || !og_is_printable(name)) return 0;
  return name[strcspn(name, " \t\r\n\"'`\\,=[](){}")] == '\0';
}

int og_is_column_name(const char *name) {
  return is_name(name) && strcmp(name, "t") != 0 && strcmp(name, "time") != 0 && strcmp(name, "id") != 0;
}

static int name_is_free(og_builder *builder, const char *function, const char *name) {
  size_t other;
  if (!og_names_find(&builder->names, name, &other)) return 1;
  return og_builder_fail(builder, OG_ERR_NAME, function, "there is a '%.64s' already", name);
}

og_declaration *og_builder_state_of(const og_builder *builder, og_value value) {
  size_t place = builder->values[value - 1].declared_from;
  og_declaration *found = place ? &builder->declarations[place - 1] : NULL;
  return found && found->kind == OG_SY_STATE ? found : NULL;
}

og_declaration *og_builder_declare(og_builder *builder, const char *function, og_symbol_kind kind,
                                   const char *name, og_extent shape) {
  if (!is_name(name)) {
    og_builder_fail(builder, OG_ERR_NAME, function,
                    "'%.64s' cannot be a name: one is made of printable characters but blanks, quotes, "
                    "backslashes, commas, '=' and brackets",
                    name);
    return NULL;
  }
  if (!name_is_free(builder, function, name)) return NULL;
  if (!og_builder_grow(builder, (void **)&builder->declarations, builder->declared,
                       &builder->declared_capacity, sizeof *builder->declarations))
    return NULL;
  size_t place;
  if (!og_names_add(&builder->names, name, &place)) return og_builder_no_memory(builder, strlen(name)), NULL;
  og_declaration *made = &builder->declarations[builder->declared++];
  *made = (og_declaration){.kind = kind,
                           .name = builder->names.names[place],
                           .shape = shape,
                           .entries = og_extent_entries(&shape),
                           .initial = OG_NODE_NONE,
                           .derivative = OG_NODE_NONE};
  return made;
}

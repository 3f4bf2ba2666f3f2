/* Jacobians of callback fields: where a user says that they have entries, and how those are come by. */
#include <limits.h>
#include <string.h>

#include "field/callback.h"
#include "field/coloured.h"

/* ---- Declarations ---- */

og_status og_declare_jacobian(og_callback_field *field, size_t count, const size_t *row,
                              const size_t *column) {
  static const char what[] = "the Jacobian";
  og_context *context = field->base.context;
  size_t states = og_field_states(&field->base), rows = field->block.rhs ? field->base.n : states;
  og_declared_jacobian declared = {.kind = row ? OG_DECLARED_LIST : OG_DECLARED_ALL, .count = count};
  if (row) {
    og_status status = og_entries_narrow(context, what, count, row, column, &declared.row);
    declared.column = declared.row + count;
    if (status == OG_OK)
      status = og_entries_check(context, what, rows, states, count, declared.row, declared.column);
    if (status != OG_OK) {
      og_free(context, declared.row);
      return status;
    }
  }
  og_free(context, field->declared.row);
  field->declared = declared;
  return OG_OK;
}

size_t og_declared_values(const og_callback_field *field) {
  const og_declared_jacobian *d = &field->declared;
  size_t states = og_field_states(&field->base);
  if (d->kind == OG_DECLARED_LIST) return d->count;
  if (d->kind == OG_DECLARED_BAND) return (d->lower + d->upper + 1) * states;
  return states * (field->block.rhs ? field->base.n : states);
}

/* ---- The pattern ---- */

/* The entry of a declared value; 0: it is a place without one. */
static int entry_of(const og_callback_field *field, size_t value, int *row, int *column) {
  const og_declared_jacobian *d = &field->declared;
  size_t states = og_field_states(&field->base), i = value / states, j = value % states;
  if (d->kind == OG_DECLARED_LIST) {
    *row = d->row[value];
    *column = d->column[value];
    return 1;
  }
  if (d->kind == OG_DECLARED_BAND) {
    if (i + j < d->upper || i + j - d->upper >= states) return 0;
    i = i + j - d->upper;
  }
  *row = (int)i;
  *column = (int)j;
  return 1;
}

/* A running cost of one trajectory may depend on every state. */
static size_t cost_entries(const og_callback_field *field) {
  return field->cost ? og_field_states(&field->base) : 0;
}

static og_status make_pattern(og_callback_field *field, int *row, int *column) {
  size_t count = 0, values = og_declared_values(field), cost = cost_entries(field);
  for (size_t k = 0; k < values; k++) count += (size_t)entry_of(field, k, &row[count], &column[count]);
  for (size_t j = 0; j < cost; j++, count++) row[count] = (int)field->base.n - 1, column[count] = (int)j;
  return og_field_make_pattern(&field->base, count, row, column);
}

/* A full matrix of so many entries takes 0.8 GB, and its factors as much for each trajectory that is solved
 * beside others; nobody who has thought of it wants that. What is listed one by one is wanted. */
enum { FULL_MOST = 100000000 };

static og_status check_size(const og_callback_field *field, size_t entries) {
  int full = field->declared.kind == OG_DECLARED_ALL;
  if (entries < (full ? FULL_MOST : INT_MAX / 4)) return OG_OK;
  return og_fail(
      field->base.own, OG_ERR_MEMORY,
      "the Jacobian of %zu states has %zu entries as it was declared, %.3g GB, which is too much to be "
      "factored: og_field_set_jacobian can say which of them are not always 0; linear-solver = gmres with "
      "og_field_set_preconditioner forms none",
      og_field_states(&field->base), entries, 8e-9 * (double)entries);
}

static og_status find_pattern(og_callback_field *field) {
  size_t states = og_field_states(&field->base);
  if (field->declared.kind == OG_DECLARED_ALL) OG_TRY(check_size(field, states * states));
  size_t room = og_declared_values(field) + cost_entries(field);
  OG_TRY(check_size(field, room));
  int *row = og_alloc(field->base.own, 2 * room + 2, sizeof *row);
  if (!row) return og_fail_memory(field->base.own, 2 * room * sizeof *row, "a Jacobian's entries");
  og_status status = make_pattern(field, row, row + room + 1);
  og_free(field->base.own, row);
  return status;
}

/* ---- How entries are come by ---- */

static og_status place_values(og_callback_field *field) {
  size_t values = og_declared_values(field);
  int *place = og_alloc(field->base.own, values + 1, sizeof *place), row, column;
  if (!place) return og_fail_memory(field->base.own, values * sizeof *place, "a Jacobian's entries");
  for (size_t k = 0; k < values; k++)
    place[k] = entry_of(field, k, &row, &column) ? og_pattern_find(field->base.pattern, row, column) : -1;
  field->value_place = place;
  return OG_OK;
}

/* The row of a running cost of one trajectory has its own way. */
static og_status colour(og_callback_field *field) {
  og_colouring *colouring = NULL;
  int rows = (int)field->base.n - (field->cost ? 1 : 0);
  int own = (og_has_own_jvp(field) ? OG_BY_COLUMNS : 0) | (og_has_own_vjp(field) ? OG_BY_ROWS : 0);
  og_status status = og_colouring_create(field->base.pattern, rows, own ? own : OG_BY_COLUMNS, &colouring);
  field->base.colouring = colouring;
  return status;
}

og_status og_callback_prepare(og_field *base) {
  og_callback_field *field = (og_callback_field *)base;
  og_status status = find_pattern(field);
  if (status == OG_OK) status = og_gives_jacobian(field) ? place_values(field) : colour(field);
  if (status != OG_OK) og_field_drop_jacobian(base);
  return status;
}

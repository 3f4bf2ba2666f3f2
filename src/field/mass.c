/* Mass matrices: entries as they are given, and on the pattern that they share with the Jacobian. */
#include <math.h>
#include <string.h>

#include "field/field.h"

/* ---- As they are given ---- */

static og_status check_values(const og_field *field, const og_mass_entries *m) {
  for (size_t k = 0; k < m->count; k++)
    if (!isfinite(m->value[k]))
      return og_fail(field->context, OG_ERR_NOT_FINITE,
                     "entry %zu of the mass matrix, row %d and column %d, is %g", k, m->row[k], m->column[k],
                     og_shown(m->value[k]));
  return OG_OK;
}

/* One block, of which the values come first. */
static og_status copy(og_field *field, const og_mass_entries *m, og_mass_entries *own) {
  double *value = og_alloc(field->context, 2 * m->count + 1, sizeof *value);
  if (!value) return og_fail_memory(field->context, 2 * m->count * sizeof *value, "a mass matrix");
  int *row = (int *)(void *)(value + m->count), *column = row + m->count;
  memcpy(value, m->value, m->count * sizeof *value);
  memcpy(row, m->row, m->count * sizeof *row);
  memcpy(column, m->column, m->count * sizeof *column);
  *own = (og_mass_entries){m->count, row, column, value};
  return OG_OK;
}

og_status og_field_give_mass(og_field *field, const og_mass_entries *mass) {
  og_mass_entries own = {0};
  size_t states = og_field_states(field);
  OG_TRY(og_entries_check(field->context, "the mass matrix", states, states, mass->count, mass->row,
                          mass->column));
  OG_TRY(check_values(field, mass));
  if (mass->count) OG_TRY(copy(field, mass, &own));
  og_free(field->context, (double *)field->given_mass.value);
  field->given_mass = own;
  field->flags = (field->flags & ~(unsigned)OG_FIELD_HAS_MASS) | (own.count ? OG_FIELD_HAS_MASS : 0u);
  return OG_OK;
}

/* ---- On the pattern ---- */

static og_status place(og_field *field) {
  const og_mass_entries *m = &field->given_mass;
  const og_pattern *p = field->pattern;
  if (!m->count) return OG_OK;
  double *mass = og_alloc(p->context, (size_t)p->count, sizeof *mass);
  if (!mass) return og_fail_memory(p->context, (size_t)p->count * sizeof *mass, "a mass matrix");
  for (size_t k = 0; k < m->count; k++) mass[og_pattern_find(p, m->row[k], m->column[k])] = m->value[k];
  for (size_t i = og_field_states(field); i < field->n; i++) mass[p->diagonal[i]] = 1; /* a running cost */
  field->mass = mass;
  return OG_OK;
}

og_status og_field_make_pattern(og_field *field, size_t count, const int *row, const int *column) {
  const og_mass_entries *m = &field->given_mass;
  og_pattern *pattern = NULL;
  size_t all = count + m->count;
  int *rows = og_alloc(field->own, 2 * all + 1, sizeof *rows), *columns = rows + all;
  if (!rows) return og_fail_memory(field->own, 2 * all * sizeof *rows, "the pattern of a Jacobian");
  if (count) memcpy(rows, row, count * sizeof *row), memcpy(columns, column, count * sizeof *column);
  for (size_t k = 0; k < m->count; k++) rows[count + k] = m->row[k], columns[count + k] = m->column[k];
  og_status status = og_pattern_create(field->own, field->n, all, rows, columns, &pattern);
  og_free(field->own, rows);
  field->pattern = pattern;
  return status == OG_OK ? place(field) : status;
}

#include "solve/algebraic_block.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "field/states.h"
#include "linear/null_space.h"
#include "solve/solve.h"

/* ---- Room ---- */

static size_t factor_doubles(const og_algebraic *a) {
  return a->elimination ? OG_PADDED(og_elimination_bytes_d(a->elimination, 1) / sizeof(double)) : 0;
}

size_t og_consistent_work(const og_solve *solve) {
  const og_algebraic *a = solve->algebraic;
  if (!a) return 0;
  return 4 * OG_PADDED(solve->source->n) + OG_PADDED(solve->source->p) +
         OG_PADDED((size_t)solve->source->pattern->count) + OG_PADDED(a->count * a->count) +
         5 * OG_PADDED(a->count) + factor_doubles(a);
}

static double *take(double **next, size_t count) {
  double *taken = *next;
  *next += OG_PADDED(count);
  return taken;
}

og_algebraic_block og_algebraic_block_in(const og_solve *solve, const og_instant *at) {
  const og_algebraic *a = solve->algebraic;
  double *next = at->work;
  size_t n = solve->source->n;
  og_algebraic_block b = {.solve = solve, .algebraic = a, .at = at};
  b.x = take(&next, n);
  b.f = take(&next, n);
  b.rows = take(&next, n);
  b.row_sizes = take(&next, n);
  b.theta_bar = take(&next, solve->source->p);
  b.jacobian = take(&next, (size_t)solve->source->pattern->count);
  b.entries = take(&next, a->count * a->count);
  b.residual = take(&next, a->count);
  b.next = take(&next, a->count);
  b.step = take(&next, a->count);
  b.other = take(&next, a->count);
  b.sign = take(&next, a->count);
  b.factors = next;
  return b;
}

/* ---- Vectors ---- */

void og_vectors_combine(const og_vector_entries *vectors, double scale, const double *coefficients,
                        double *to) {
  for (size_t k = 0; k < vectors->count; k++) {
    const og_vector_entry *e = &vectors->at[k];
    to[e->row] += scale * (e->value * coefficients[e->vector]);
  }
}

void og_vectors_multiply(const og_vector_entries *vectors, size_t count, const double *with,
                         double *products) {
  memset(products, 0, count * sizeof *products);
  for (size_t k = 0; k < vectors->count; k++) {
    const og_vector_entry *e = &vectors->at[k];
    products[e->vector] += e->value * with[e->row];
  }
}

/* ---- The block ---- */

int og_algebraic_residual(og_algebraic_block *b, const double *x, double *residual) {
  const og_field *field = b->solve->source;
  _Alignas(64) double t[OG_LANE_STEP] = {b->at->t};
  og_lane_status status[OG_LANE_STEP] = {0};
  double zero = 0;
  field->ops_d.eval(field, 1, t, x, b->at->theta, b->f, status, b->at->scratch);
  if (status[0]) return status[0] < 0 ? -1 : 0;
  og_vectors_multiply(&b->algebraic->equations, b->algebraic->count, b->f, residual);
  for (size_t k = 0; k < b->algebraic->count; k++) zero += 0 * residual[k];
  return zero == 0;
}

/* The largest entries of each row of df/dx, as they are and times what they stand with in x. */
static void find_row_sizes(og_algebraic_block *b, const double *x) {
  const og_pattern *pattern = b->solve->source->pattern;
  size_t n = (size_t)pattern->n;
  memset(b->rows, 0, n * sizeof *b->rows);
  memset(b->row_sizes, 0, n * sizeof *b->row_sizes);
  for (int e = 0; e < pattern->count; e++) {
    size_t i = (size_t)pattern->row[e];
    double entry = fabs(b->jacobian[e]);
    b->rows[i] = fmax(b->rows[i], entry);
    b->row_sizes[i] = fmax(b->row_sizes[i], entry * fabs(x[pattern->column[e]]));
  }
}

/* Of each equation, likewise. */
static void find_terms(og_algebraic_block *b, const double *x, double *size, double *term) {
  const og_vector_entries *equations = &b->algebraic->equations;
  find_row_sizes(b, x);
  memset(size, 0, b->algebraic->count * sizeof *size);
  memset(term, 0, b->algebraic->count * sizeof *term);
  for (size_t k = 0; k < equations->count; k++) {
    const og_vector_entry *e = &equations->at[k];
    size[e->vector] = fmax(size[e->vector], fabs(e->value) * b->rows[e->row]);
    term[e->vector] = fmax(term[e->vector], fabs(e->value) * b->row_sizes[e->row]);
  }
}

int og_algebraic_holds(og_algebraic_block *b, const double *x) {
  const double *term = b->other;
  find_terms(b, x, b->next, b->other);
  for (size_t k = 0; k < b->algebraic->count; k++)
    if (!(fabs(b->residual[k]) <= 16 * DBL_EPSILON * term[k])) return 0;
  return 1;
}

/* What is left of entries that cancel is no entry: by the sizes of the equation's other ones, and by those of
 * its terms as well, since a state may be measured in a unit that makes its coefficient small. */
static void drop_rounding(og_algebraic_block *b, const double *x) {
  const og_algebraic *a = b->algebraic;
  size_t count = a->count;
  double *size = b->next, *term = b->other, *unknown = b->sign;
  find_terms(b, x, size, term);
  memset(unknown, 0, count * sizeof *unknown);
  for (size_t k = 0; k < a->directions.count; k++) {
    const og_vector_entry *e = &a->directions.at[k];
    unknown[e->vector] = fmax(unknown[e->vector], fabs(e->value * x[e->row]));
  }
  for (size_t i = 0; i < count; i++)
    for (size_t j = 0; j < count; j++) {
      double *entry = &b->entries[i * count + j];
      if (fabs(*entry) <= 4 * DBL_EPSILON * size[i] && fabs(*entry) * unknown[j] <= 4 * DBL_EPSILON * term[i])
        *entry = 0;
    }
}

int og_algebraic_factor(og_algebraic_block *b, const double *x, int exact) {
  const og_algebraic *a = b->algebraic;
  const og_field *field = b->solve->source;
  _Alignas(64) double t[OG_LANE_STEP] = {b->at->t};
  og_lane_status status[OG_LANE_STEP] = {0};
  field->ops_d.jacobian(field, 1, t, x, b->at->theta, b->jacobian, status, b->at->scratch);
  if (status[0]) return status[0] < 0 ? -1 : 0;
  memset(b->entries, 0, a->count * a->count * sizeof *b->entries);
  for (size_t k = 0; k < a->term_count; k++)
    b->entries[a->terms[k].place] += a->terms[k].value * b->jacobian[a->terms[k].entry];
  if (!exact) drop_rounding(b, x);
  og_elimination_factor_d(a->elimination, 1, b->entries, b->factors, status);
  return status[0] == 0;
}

/* ---- Whether it is singular ---- */

/* Above it a block is looked at with complete pivoting. */
static const double SUSPICIOUS = 1e9;
/* And where a pivot of the scaled block is below this there, no digit of a solution would be right. */
static const double LEAST_PIVOT = 1e-13;

static void scale_rows(const og_algebraic_block *b, double *scale) {
  size_t count = b->algebraic->count;
  for (size_t i = 0; i < count; i++) {
    scale[i] = 0;
    for (size_t j = 0; j < count; j++) scale[i] = fmax(scale[i], fabs(b->entries[i * count + j]));
  }
}

/* The largest entry of a column, in units of its rows. */
static double column_size(const og_algebraic_block *b, const double *scale, size_t j) {
  size_t count = b->algebraic->count;
  double size = 0;
  for (size_t i = 0; i < count; i++)
    if (scale[i] > 0) size = fmax(size, fabs(b->entries[i * count + j]) / scale[i]);
  return size;
}

/* The largest entry of B^-1 times a right-hand side of the size of B's rows, in units of its columns; a lower
 * estimate of the condition of B scaled. */
static double estimate(og_algebraic_block *b, int pattern) {
  const og_algebraic *a = b->algebraic;
  size_t count = a->count;
  double most = 0, *scale = b->next, *y = b->other;
  scale_rows(b, scale);
  for (size_t i = 0; i < count; i++)
    y[i] = (pattern && i % 2 ? -scale[i] : scale[i]) * (1 + (double)i / (double)count);
  og_elimination_solve_d(a->elimination, 1, b->factors, y);
  for (size_t j = 0; j < count; j++) most = fmax(most, column_size(b, scale, j) * fabs(y[j]));
  return most;
}

int og_algebraic_singular(og_algebraic_block *b) {
  size_t count = b->algebraic->count;
  og_null_space space;
  if (estimate(b, 0) < SUSPICIOUS && estimate(b, 1) < SUSPICIOUS) return 0;
  if (og_null_space_create(b->solve->context, count, count, b->entries, LEAST_PIVOT, &space) != OG_OK)
    return 1;
  size_t rank = space.rank;
  og_null_space_free(&space);
  return rank < count;
}

/* ---- Names ---- */

enum { NAMES_MOST = 6 };
/* What adds less than this part of the dependent one's size has no part in a combination. */
static const double NO_PART = 1e-6;

typedef struct name_list {
  const og_field *field;
  char *text;
  size_t used, count;
} name_list;

static void add_name(name_list *list, size_t row) {
  char own[OG_ROW_NAME_SIZE];
  size_t left = OG_INCONSISTENCY_NAMES - list->used;
  const char *name = og_row_name(list->field, row, own);
  if (list->count++ >= NAMES_MOST || left < 8) {
    if (left > 5 && list->count == NAMES_MOST + 1) memcpy(list->text + list->used, ", ...", 6);
    return;
  }
  int more = snprintf(list->text + list->used, left, "%s%s", list->used ? ", " : "", name);
  list->used = (size_t)more < left ? list->used + (size_t)more : OG_INCONSISTENCY_NAMES - 1;
}

static void add_vector(name_list *list, const og_vector_entries *vectors, size_t vector) {
  for (size_t k = 0; k < vectors->count; k++)
    if (vectors->at[k].vector == vector) add_name(list, vectors->at[k].row);
}

/* The dependent one, and those that it depends on; `size`: of each, since they may be in any unit. */
static void add_combination(name_list *list, const og_vector_entries *vectors, const size_t *order,
                            size_t rank, const double *coefficients, const double *size) {
  add_vector(list, vectors, order[rank]);
  for (size_t k = 0; k < rank; k++)
    if (fabs(coefficients[k]) * size[order[k]] > NO_PART * size[order[rank]])
      add_vector(list, vectors, order[k]);
}

void og_algebraic_explain(const og_algebraic_block *b, og_inconsistency *why) {
  const og_algebraic *a = b->algebraic;
  og_null_space space;
  name_list equations = {b->solve->source, why->equations, 0, 0},
            states = {b->solve->source, why->states, 0, 0};
  *why->equations = *why->states = 0;
  if (og_null_space_create(b->solve->context, a->count, a->count, b->entries, LEAST_PIVOT, &space) != OG_OK)
    return;
  if (space.rank < a->count) {
    scale_rows(b, b->next);
    for (size_t j = 0; j < a->count; j++) b->other[j] = column_size(b, b->next, j);
    add_combination(&equations, &a->equations, space.row, space.rank, space.left, b->next);
    add_combination(&states, &a->directions, space.column, space.rank, space.right, b->other);
  }
  og_null_space_free(&space);
}

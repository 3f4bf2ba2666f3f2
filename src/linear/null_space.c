/* Complete pivoting shows the rank of a small matrix as well as rounding lets anybody see it. */
#include "linear/null_space.h"

#include <math.h>
#include <string.h>

/* A with its rows and columns scaled by powers of 2, which changes no digit; overwritten by L and U, rows and
 * columns exchanged in the lists alone. */
typedef struct elimination {
  og_null_space *space;
  double *a, *row_scale, *column_scale;
} elimination;

static double *entry(const elimination *e, size_t i, size_t j) {
  const og_null_space *s = e->space;
  return &e->a[s->row[i] * s->columns + s->column[j]];
}

static double power_near(double size) {
  int exponent = 0;
  if (!(size > 0) || !(size < INFINITY)) return 1;
  frexp(size, &exponent);
  return ldexp(1, -exponent);
}

/* Rows first, then columns, to a largest entry of about 1. */
static void scale(elimination *e) {
  const og_null_space *s = e->space;
  for (size_t i = 0; i < s->rows; i++) {
    double most = 0;
    for (size_t j = 0; j < s->columns; j++) most = fmax(most, fabs(e->a[i * s->columns + j]));
    e->row_scale[i] = power_near(most);
    for (size_t j = 0; j < s->columns; j++) e->a[i * s->columns + j] *= e->row_scale[i];
  }
  for (size_t j = 0; j < s->columns; j++) {
    double most = 0;
    for (size_t i = 0; i < s->rows; i++) most = fmax(most, fabs(e->a[i * s->columns + j]));
    e->column_scale[j] = power_near(most);
    for (size_t i = 0; i < s->rows; i++) e->a[i * s->columns + j] *= e->column_scale[j];
  }
}

static void exchange(size_t *list, size_t i, size_t j) {
  size_t other = list[i];
  list[i] = list[j];
  list[j] = other;
}

/* The largest entry of what is left comes to (k, k); its size. */
static double choose_pivot(elimination *e, size_t k) {
  og_null_space *s = e->space;
  size_t row = k, column = k;
  double most = 0;
  for (size_t i = k; i < s->rows; i++)
    for (size_t j = k; j < s->columns; j++)
      if (fabs(*entry(e, i, j)) > most) most = fabs(*entry(e, i, j)), row = i, column = j;
  exchange(s->row, k, row);
  exchange(s->column, k, column);
  return most;
}

static void eliminate(elimination *e, double least) {
  og_null_space *s = e->space;
  size_t most = s->rows < s->columns ? s->rows : s->columns;
  for (s->rank = 0; s->rank < most; s->rank++) {
    size_t k = s->rank;
    if (!(choose_pivot(e, k) > least)) return;
    for (size_t i = k + 1; i < s->rows; i++) {
      double factor = *entry(e, i, k) /= *entry(e, k, k);
      for (size_t j = k + 1; factor != 0 && j < s->columns; j++) *entry(e, i, j) -= factor * *entry(e, k, j);
    }
  }
}

/* y^T L = L[i], in the scale of A. */
static void find_left(const elimination *e, size_t i, double *y) {
  const og_null_space *s = e->space;
  for (size_t k = s->rank; k-- > 0;) {
    y[k] = *entry(e, i, k);
    for (size_t l = k + 1; l < s->rank; l++) y[k] -= y[l] * *entry(e, l, k);
  }
  for (size_t k = 0; k < s->rank; k++) y[k] *= e->row_scale[s->row[k]] / e->row_scale[s->row[i]];
}

/* U y = U[.][j] */
static void find_right(const elimination *e, size_t j, double *y) {
  const og_null_space *s = e->space;
  for (size_t k = s->rank; k-- > 0;) {
    y[k] = *entry(e, k, j);
    for (size_t l = k + 1; l < s->rank; l++) y[k] -= *entry(e, k, l) * y[l];
    y[k] /= *entry(e, k, k);
  }
  for (size_t k = 0; k < s->rank; k++) y[k] *= e->column_scale[s->column[k]] / e->column_scale[s->column[j]];
}

/* Column l of the inverse of the pivots' block: L U y = unit l. */
static void find_inverse(const elimination *e, size_t l, double *inverse) {
  const og_null_space *s = e->space;
  size_t rank = s->rank;
  for (size_t k = 0; k < rank; k++) {
    double y = k == l;
    for (size_t j = 0; j < k; j++) y -= *entry(e, k, j) * inverse[j * rank + l];
    inverse[k * rank + l] = y;
  }
  for (size_t k = rank; k-- > 0;) {
    double y = inverse[k * rank + l];
    for (size_t j = k + 1; j < rank; j++) y -= *entry(e, k, j) * inverse[j * rank + l];
    inverse[k * rank + l] = y / *entry(e, k, k);
  }
  for (size_t k = 0; k < rank; k++)
    inverse[k * rank + l] *= e->column_scale[s->column[k]] * e->row_scale[s->row[l]];
}

static og_status find_vectors(const elimination *e) {
  og_null_space *s = e->space;
  size_t below = s->rows - s->rank, behind = s->columns - s->rank;
  s->left = og_alloc(s->context, (below + behind + s->rank) * s->rank + 1, sizeof *s->left);
  if (!s->left) return OG_ERR_MEMORY;
  s->right = s->left + below * s->rank;
  s->inverse = s->right + behind * s->rank;
  for (size_t j = 0; j < below; j++) find_left(e, s->rank + j, s->left + j * s->rank);
  for (size_t j = 0; j < behind; j++) find_right(e, s->rank + j, s->right + j * s->rank);
  for (size_t l = 0; l < s->rank; l++) find_inverse(e, l, s->inverse);
  return OG_OK;
}

og_status og_null_space_create(og_context *context, size_t rows, size_t columns, const double *a,
                               double least, og_null_space *out) {
  *out = (og_null_space){.context = context, .rows = rows, .columns = columns};
  size_t entries = rows * columns;
  elimination e = {.space = out, .a = og_alloc(context, entries + rows + columns + 1, sizeof *e.a)};
  out->row = og_alloc(context, rows + columns + 1, sizeof *out->row);
  og_status status = e.a && out->row ? OG_OK : OG_ERR_MEMORY;
  if (status == OG_OK) {
    out->column = out->row + rows;
    for (size_t i = 0; i < rows; i++) out->row[i] = i;
    for (size_t j = 0; j < columns; j++) out->column[j] = j;
    if (entries) memcpy(e.a, a, entries * sizeof *a);
    e.row_scale = e.a + entries;
    e.column_scale = e.row_scale + rows;
    scale(&e);
    eliminate(&e, least);
    status = find_vectors(&e);
  }
  og_free(context, e.a);
  if (status != OG_OK) og_null_space_free(out);
  return status;
}

void og_null_space_free(og_null_space *space) {
  og_free(space->context, space->row);
  og_free(space->context, space->left);
  *space = (og_null_space){0};
}

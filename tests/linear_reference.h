/* What eliminations are tested with: Gaussian elimination in long double, kinds of matrices and patterns. */
#ifndef OG_TEST_LINEAR_REFERENCE_H
#define OG_TEST_LINEAR_REFERENCE_H

#include "counting.h"

#include <math.h>

#include "linear/elimination.h"

static inline void *aligned(size_t bytes) { return margin_allocate(bytes, NULL); } /* fenced, of no zeros */
static inline void unaligned(void *memory) { margin_release(memory, NULL); }

static inline double noise(uint64_t *seed) {
  og_rng rng;
  og_rng_seed(&rng, ++*seed, 5);
  return og_rng_normal(&rng);
}

/* ---- Gaussian elimination in long double ---- */

/* The exact solution of W x = b, or of its transpose, and the magnitude |W^-1| |L| |U| |x| whose product with
 * 3 n units bounds, component by component, the error of a solution by a computed L and U (Higham, Accuracy
 * and Stability of Numerical Algorithms, theorem 9.4, where it is gamma_3n). L and U are those of the largest
 * pivots, rows exchanged; or those of the order in which the elimination takes the diagonal, where that is
 * larger (lanes may be solved either way). For W^T their transposes, since the same factors serve. */
typedef struct reference {
  long double *x, *magnitude;
} reference;

static inline void free_reference(reference *r) { free(r->x), free(r->magnitude); }

/* a[n][n] becomes L and U; order[i] is the row of W that row i of them comes from. */
static inline void factor_exactly(int n, int exchange, long double *a, int *order) {
  for (int i = 0; i < n; i++) order[i] = i;
  for (int k = 0; k < n; k++) {
    int p = k;
    for (int i = k + 1; exchange && i < n; i++)
      if (fabsl(a[i * n + k]) > fabsl(a[p * n + k])) p = i;
    for (int j = 0; j < n; j++) {
      long double kept = a[k * n + j];
      a[k * n + j] = a[p * n + j], a[p * n + j] = kept;
    }
    int row = order[k];
    order[k] = order[p], order[p] = row;
    for (int i = k + 1; i < n; i++) {
      a[i * n + k] /= a[k * n + k];
      for (int j = k + 1; j < n; j++) a[i * n + j] -= a[i * n + k] * a[k * n + j];
    }
  }
}

/* x = W^-1 b, or W^-T b. */
static inline void solve_factored(int n, const long double *a, const int *order, int transposed,
                                  const long double *b, long double *x) {
  long double *y = calloc((size_t)n, sizeof *y);
  for (int i = 0; i < n; i++) y[i] = b[transposed ? i : order[i]];
  for (int i = 0; i < n; i++) {
    for (int j = 0; j < i; j++) y[i] -= (transposed ? a[j * n + i] : a[i * n + j]) * y[j];
    if (transposed) y[i] /= a[i * n + i];
  }
  for (int i = n - 1; i >= 0; i--) {
    for (int j = i + 1; j < n; j++) y[i] -= (transposed ? a[j * n + i] : a[i * n + j]) * y[j];
    if (!transposed) y[i] /= a[i * n + i];
  }
  for (int i = 0; i < n; i++) x[transposed ? order[i] : i] = y[i];
  free(y);
}

/* out = |L| |U| v, in the rows of W; transposed: |U|^T |L|^T v. */
static inline void times_magnitudes(int n, const long double *a, const int *order, int transposed,
                                    const long double *v, long double *out) {
  long double *y = calloc((size_t)n, sizeof *y), *z = calloc((size_t)n, sizeof *z);
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++)
      if (i <= j)
        y[i] +=
            transposed ? (i == j ? 1 : fabsl(a[j * n + i])) * fabsl(v[order[j]]) : fabsl(a[i * n + j] * v[j]);
  for (int i = 0; i < n; i++)
    for (int j = 0; j <= i; j++)
      z[i] += (transposed ? fabsl(a[j * n + i]) : i == j ? 1 : fabsl(a[i * n + j])) * y[j];
  for (int i = 0; i < n; i++) out[transposed ? i : order[i]] = z[i];
  free(y), free(z);
}

/* By the largest pivots; or, where the order of the diagonal is given, by that. */
static inline reference solve_by(const og_pattern *p, const int *diagonal, int transposed, const double *w,
                                 const double *b) {
  int n = p->n, *order = calloc((size_t)n, sizeof *order), *at = calloc((size_t)n, sizeof *at);
  size_t many = (size_t)n;
  long double *a = calloc(many * many, sizeof *a), *wide = calloc(many, sizeof *wide);
  long double *x = calloc(many, sizeof *x), *unit = calloc(many, sizeof *unit);
  reference r = {calloc(many, sizeof *r.x), calloc(many, sizeof *r.magnitude)};
  for (int i = 0; i < n; i++) at[diagonal ? diagonal[i] : i] = i;
  for (int e = 0; e < p->count; e++) a[at[p->row[e]] * n + at[p->column[e]]] = w[e];
  for (int i = 0; i < n; i++) wide[at[i]] = b[i];
  factor_exactly(n, !diagonal, a, order);
  solve_factored(n, a, order, transposed, wide, x);
  for (int i = 0; i < n; i++) r.x[i] = x[at[i]];
  times_magnitudes(n, a, order, transposed, x, wide);
  for (int j = 0; j < n; j++) {
    unit[j] = 1;
    solve_factored(n, a, order, transposed, unit, x);
    for (int i = 0; i < n; i++) r.magnitude[i] += fabsl(x[at[i]]) * wide[j];
    unit[j] = 0;
  }
  free(order), free(at), free(a), free(wide), free(x), free(unit);
  return r;
}

static inline reference solve_exactly(const og_pattern *p, const int *diagonal, int transposed,
                                      const double *w, const double *b) {
  reference r = solve_by(p, NULL, transposed, w, b);
  if (!diagonal) return r;
  reference other = solve_by(p, diagonal, transposed, w, b);
  for (int i = 0; i < p->n; i++)
    if (other.magnitude[i] > r.magnitude[i]) r.magnitude[i] = other.magnitude[i];
  free_reference(&other);
  return r;
}

/* ---- Matrices ---- */

typedef void (*matrix_maker)(const og_pattern *p, uint64_t seed, double *w, double *b);

/* Entries from a normal distribution: any row may be a pivot. */
static inline void make_normal(const og_pattern *p, uint64_t seed, double *w, double *b) {
  seed *= 1000003;
  for (int i = 0; i < p->count; i++) w[i] = noise(&seed);
  for (int i = 0; i < p->n; i++) b[i] = noise(&seed);
}

/* As stiff chemistry has them: 1/(gamma h) I - J, the columns of J by rates from 1e-8 to 1e8, what a species
 * loses going to others. */
static inline void make_chemistry(const og_pattern *p, uint64_t seed, double *w, double *b) {
  double *loss = calloc((size_t)p->n, sizeof *loss);
  seed *= 1000003;
  for (int i = 0; i < p->n; i++) b[i] = noise(&seed);
  for (int e = 0; e < p->count; e++) {
    double rate = pow(10, 16.0 * (p->column[e] * 7 % 11) / 10 - 8);
    w[e] = p->row[e] == p->column[e] ? 0 : -rate * fabs(noise(&seed));
    loss[p->column[e]] -= w[e];
  }
  for (int i = 0; i < p->n; i++) w[p->diagonal[i]] = 1 + loss[i];
  free(loss);
}

/* The same with rows that the ODE's units scale, which changes what the largest pivot is. */
static inline void make_scaled(const og_pattern *p, uint64_t seed, double *w, double *b) {
  make_chemistry(p, seed, w, b);
  for (int e = 0; e < p->count; e++) w[e] *= pow(10, 16.0 * (p->row[e] * 5 % 7) / 6 - 8);
}

/* ---- Patterns ---- */

static inline void draw_entries(uint64_t seed, int n, int count, int *row, int *column) {
  og_rng rng;
  og_rng_seed(&rng, seed, 1);
  for (int e = 0; e < count; e++) {
    row[e] = (int)(og_rng_uniform(&rng) * n);
    column[e] = (int)(og_rng_uniform(&rng) * n);
  }
}

static inline og_pattern *random_pattern(og_context *context, uint64_t seed, int n, int count) {
  int *row = calloc((size_t)count + 1, sizeof *row), *column = calloc((size_t)count + 1, sizeof *column);
  og_pattern *p;
  draw_entries(seed, n, count, row, column);
  assert_int_equal(og_pattern_create(context, (size_t)n, (size_t)count, row, column, &p), OG_OK);
  free(row), free(column);
  return p;
}

/* ---- Checks ---- */

#define X double
#define P(name) name##_d
#define UNIT 0x1p-53
#include "linear_checks.h"
#define X float
#define P(name) name##_s
#define UNIT 0x1p-24
#include "linear_checks.h"

static inline void check_solutions(const og_elimination *e, matrix_maker make) {
  const og_pattern *p = og_elimination_pattern(e);
  double *w = calloc((size_t)p->count, sizeof *w), *b = calloc((size_t)p->n, sizeof *b);
  for (uint64_t seed = 0; seed < (p->n > 60 ? 2 : 5); seed++) {
    make(p, seed, w, b);
    against_long_double_d(e, w, b);
    against_long_double_s(e, w, b);
  }
  free(w), free(b);
}

#endif

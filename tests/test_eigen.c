/* Eigenvalues and vectors of symmetric matrices against closed forms. */
#include "counting.h"

#include <float.h>
#include <math.h>

#include "fit/eigen.h"

enum { M = 40 };

static double vector_of(const double *vectors, size_t m, size_t k, size_t i) { return vectors[k * m + i]; }

/* Rotations are orthogonal to rounding, of which there are a few for each entry and sweep. */
static const double ROUNDING = 1e-13;

static void check_pairs(size_t m, const double *a, const double *values, const double *vectors) {
  double norm = 0;
  for (size_t i = 0; i < m * m; i++) norm = fmax(norm, fabs(a[i]));
  for (size_t k = 0; k < m; k++) {
    if (k) assert_true(values[k] >= values[k - 1]);
    for (size_t i = 0; i < m; i++) {
      double product = 0;
      for (size_t j = 0; j < m; j++) product += a[i * m + j] * vector_of(vectors, m, k, j);
      assert_true(fabs(product - values[k] * vector_of(vectors, m, k, i)) <= (double)m * ROUNDING * norm);
    }
    for (size_t l = 0; l < m; l++) {
      double dot = 0;
      for (size_t i = 0; i < m; i++) dot += vector_of(vectors, m, k, i) * vector_of(vectors, m, l, i);
      assert_true(fabs(dot - (k == l)) <= (double)m * ROUNDING);
    }
  }
}

/* The second difference: 2 - 2 cos(k pi / (m + 1)). */
static void second_difference(void **state) {
  (void)state;
  double a[M * M] = {0}, copy[M * M], values[M], vectors[M * M];
  for (size_t i = 0; i < M; i++) {
    a[i * M + i] = 2;
    if (i + 1 < M) a[i * M + i + 1] = a[(i + 1) * M + i] = -1;
  }
  memcpy(copy, a, sizeof a);
  og_eigen_symmetric(M, copy, values, vectors);
  for (size_t k = 0; k < M; k++)
    assert_true(fabs(values[k] - (2 - 2 * cos((double)(k + 1) * acos(-1) / (M + 1)))) <= M * ROUNDING);
  check_pairs(M, a, values, vectors);
}

/* A reflection I - 2 v v^T: -1 once, 1 otherwise; equal eigenvalues need orthogonal vectors all the same. */
static void reflection(void **state) {
  (void)state;
  double a[M * M], copy[M * M], values[M], vectors[M * M], v[M], squares = 0;
  for (size_t i = 0; i < M; i++) v[i] = sin(1 + 3.7 * (double)i), squares += v[i] * v[i];
  for (size_t i = 0; i < M; i++)
    for (size_t j = 0; j < M; j++) a[i * M + j] = (i == j) - 2 * v[i] * v[j] / squares;
  memcpy(copy, a, sizeof a);
  og_eigen_symmetric(M, copy, values, vectors);
  assert_true(fabs(values[0] + 1) <= M * ROUNDING && fabs(values[1] - 1) <= M * ROUNDING);
  for (size_t i = 0; i < M; i++)
    assert_true(fabs(fabs(vector_of(vectors, M, 0, i)) - fabs(v[i]) / sqrt(squares)) <= M * ROUNDING);
  check_pairs(M, a, values, vectors);
}

/* Sizes far apart and a saddle without a diagonal. */
static void small_ones(void **state) {
  (void)state;
  double values[3], vectors[9];
  double saddle[] = {0, 1, 1, 0};
  og_eigen_symmetric(2, saddle, values, vectors);
  assert_true(fabs(values[0] + 1) <= 4 * DBL_EPSILON && fabs(values[1] - 1) <= 4 * DBL_EPSILON);
  assert_true(vectors[0] * vectors[1] < 0 && vectors[2] * vectors[3] > 0);
  double graded[] = {1e20, 1e8, 0, 1e8, 1, 0, 0, 0, -1e-20};
  og_eigen_symmetric(3, graded, values, vectors);
  /* of the leading block [[1e20, 1e8], [1e8, 1]]: 1e20 and 1 - 1e16/1e20 */
  assert_true(values[0] == -1e-20 && fabs(values[1] - (1 - 1e-4)) <= 1e-7 &&
              fabs(values[2] / 1e20 - 1) <= 1e-14);
  double one[] = {-3}, zero[] = {0, 0, 0, 0};
  og_eigen_symmetric(1, one, values, vectors);
  assert_true(values[0] == -3 && vectors[0] == 1);
  og_eigen_symmetric(2, zero, values, vectors);
  assert_true(values[0] == 0 && values[1] == 0);
  og_eigen_symmetric(0, zero, values, vectors);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(second_difference), cmocka_unit_test(reflection),
                                     cmocka_unit_test(small_ones)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

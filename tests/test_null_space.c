/* Rows and columns that depend on others: matrices of integers, whose rank is found modulo a prime, in rows
 * and columns of units many powers of two apart, which change neither rank nor any digit. */
#include <float.h>
#include <math.h>

#include "counting.h"
#include "linear/null_space.h"

enum { MOST = 12, PRIME = 2147483647 };

/* One that is its own largest minor has pivots of 1/n! and more when it is scaled; what rounding leaves is
 * 1e-15. */
static const double least = 1e-9;

typedef struct matrix {
  size_t rows, columns;
  int64_t of[MOST * MOST];
} matrix;

static int64_t drawn(uint64_t *seed, int most) { /* -most ... most, without 0 */
  *seed = *seed * 6364136223846793005u + 1442695040888963407u;
  int64_t size = 1 + (int64_t)((*seed >> 33) % (uint64_t)most);
  return *seed >> 63 ? size : -size;
}

/* The product of two matrices without zeros, so that `rank` of its rows and columns are enough for the
 * others. */
static matrix of_rank(size_t rows, size_t columns, size_t rank, uint64_t *seed) {
  matrix m = {rows, columns, {0}};
  int64_t left[MOST * MOST], right[MOST * MOST];
  for (size_t i = 0; i < rows * rank; i++) left[i] = drawn(seed, 5);
  for (size_t i = 0; i < rank * columns; i++) right[i] = drawn(seed, 5);
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < columns; j++)
      for (size_t k = 0; k < rank; k++) m.of[i * columns + j] += left[i * rank + k] * right[k * columns + j];
  return m;
}

static int64_t inverse_of(int64_t a) {
  int64_t power = 1, base = a;
  for (int64_t e = PRIME - 2; e > 0; e /= 2) {
    if (e % 2) power = power * base % PRIME;
    base = base * base % PRIME;
  }
  return power;
}

/* The rank modulo a prime, which no minor of these matrices is a multiple of but by a chance of one in 1e8.
 */
static size_t rank_of(const matrix *m) {
  int64_t a[MOST * MOST];
  size_t rank = 0, n = m->columns;
  for (size_t i = 0; i < m->rows * n; i++) a[i] = (m->of[i] % PRIME + PRIME) % PRIME;
  for (size_t j = 0; j < n && rank < m->rows; j++) {
    size_t pivot = rank;
    while (pivot < m->rows && a[pivot * n + j] == 0) pivot++;
    if (pivot == m->rows) continue;
    for (size_t k = 0; k < n; k++) {
      int64_t other = a[pivot * n + k];
      a[pivot * n + k] = a[rank * n + k];
      a[rank * n + k] = other;
    }
    for (size_t i = rank + 1; i < m->rows; i++) {
      int64_t factor = a[i * n + j] * inverse_of(a[rank * n + j]) % PRIME;
      for (size_t k = j; k < n; k++)
        a[i * n + k] = (a[i * n + k] + (PRIME - factor) * a[rank * n + k]) % PRIME;
    }
    rank++;
  }
  return rank;
}

/* Entries of L, U and what is solved with them are off by n units or so each, of the size of what is summed,
 * and pivots are bounded by `least` alone; matrices of small integers lose a few digits of 16. */
static int near(double found, double wanted, double size) { return fabs(found - wanted) <= 1e-9 * size; }

static void are_all(const size_t *list, size_t count) {
  int seen[MOST] = {0};
  for (size_t k = 0; k < count; k++) {
    assert_true(list[k] < count);
    assert_int_equal(seen[list[k]]++, 0);
  }
}

/* A[i] = sum of left[k] A[row[k]], entry by entry. */
static void rows_depend(const og_null_space *s, const double *a) {
  for (size_t j = 0; j < s->rows - s->rank; j++)
    for (size_t c = 0; c < s->columns; c++) {
      double wanted = a[s->row[s->rank + j] * s->columns + c], found = 0, size = fabs(wanted);
      for (size_t k = 0; k < s->rank; k++) {
        double part = s->left[j * s->rank + k] * a[s->row[k] * s->columns + c];
        found += part, size += fabs(part);
      }
      assert_true(near(found, wanted, size));
    }
}

static void columns_depend(const og_null_space *s, const double *a) {
  for (size_t j = 0; j < s->columns - s->rank; j++)
    for (size_t r = 0; r < s->rows; r++) {
      double wanted = a[r * s->columns + s->column[s->rank + j]], found = 0, size = fabs(wanted);
      for (size_t k = 0; k < s->rank; k++) {
        double part = s->right[j * s->rank + k] * a[r * s->columns + s->column[k]];
        found += part, size += fabs(part);
      }
      assert_true(near(found, wanted, size));
    }
}

/* The pivots' block times its inverse. */
static void is_inverse(const og_null_space *s, const double *a) {
  for (size_t i = 0; i < s->rank; i++)
    for (size_t j = 0; j < s->rank; j++) {
      double found = 0, size = i == j;
      for (size_t k = 0; k < s->rank; k++) {
        double part = a[s->row[i] * s->columns + s->column[k]] * s->inverse[k * s->rank + j];
        found += part, size += fabs(part);
      }
      assert_true(near(found, i == j, size));
    }
}

/* The matrix with row i in units of 2^-up[i], column j of 2^-along[j]. */
static void check(const matrix *m, const int *up, const int *along) {
  og_context *context = new_context();
  og_null_space s;
  double a[MOST * MOST], before[MOST * MOST];
  for (size_t i = 0; i < m->rows; i++)
    for (size_t j = 0; j < m->columns; j++)
      a[i * m->columns + j] = ldexp((double)m->of[i * m->columns + j], up[i] + along[j]);
  memcpy(before, a, sizeof a);
  assert_int_equal(og_null_space_create(context, m->rows, m->columns, a, least, &s), OG_OK);
  assert_memory_equal(a, before, m->rows * m->columns * sizeof *a);
  assert_int_equal(s.rank, rank_of(m));
  are_all(s.row, s.rows), are_all(s.column, s.columns);
  rows_depend(&s, a), columns_depend(&s, a), is_inverse(&s, a);
  og_null_space_free(&s);
  assert_null(s.row);
  og_context_destroy(context);
}

static void any_rank_in_any_units(void **state) {
  (void)state;
  uint64_t seed = 4;
  for (int draw = 0; draw < 400; draw++) {
    size_t rows = 1 + (size_t)draw % 7, columns = 1 + (size_t)(draw / 7) % 8;
    matrix m = of_rank(rows, columns, (size_t)(draw / 3) % 6, &seed);
    int up[MOST], along[MOST];
    for (size_t i = 0; i < rows; i++) up[i] = draw % 2 ? (int)drawn(&seed, 60) : 0;
    for (size_t j = 0; j < columns; j++) along[j] = draw % 4 > 1 ? (int)drawn(&seed, 60) : 0;
    check(&m, up, along);
  }
}

/* Where a row or a column has one entry alone, first or last, its unit must be seen there. */
static void one_entry_tells_the_unit(void **state) {
  (void)state;
  static const int none[2] = {0}, small[2][2] = {{-60, 0}, {0, -60}};
  for (int kind = 0; kind < 8; kind++) {
    int first = kind % 2, place = kind / 2 % 2, sign = kind / 4 ? -1 : 1;
    matrix m = {2, 2, {sign, sign, sign, sign}};
    m.of[2 * (1 - first) + place] = 0; /* of column `place` the entry in row `first` is left */
    check(&m, none, small[place]);
    matrix n = {2, 2, {sign, sign, sign, sign}};
    n.of[2 * place + 1 - first] = 0; /* of row `place` that in column `first` */
    check(&n, small[place], none);
  }
}

static void nothing_at_all(void **state) {
  (void)state;
  static const int none[MOST] = {0};
  check(&(matrix){3, 4, {0}}, none, none);
  check(&(matrix){0, 4, {0}}, none, none);
  check(&(matrix){3, 0, {0}}, none, none);
}

/* What is smaller than `least` beside the largest entry counts as nothing, what is larger as something;
 * scales are powers of two. */
static void least_is_the_limit(void **state) {
  (void)state;
  og_context *context = new_context();
  for (int above = 0; above < 2; above++) {
    double a[] = {1, 1, 1, 1 + (above ? 8 : 0.125) * least};
    og_null_space s;
    assert_int_equal(og_null_space_create(context, 2, 2, a, least, &s), OG_OK);
    assert_int_equal(s.rank, 1 + above);
    og_null_space_free(&s);
  }
  og_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(any_rank_in_any_units),
      cmocka_unit_test(one_entry_tells_the_unit),
      cmocka_unit_test(nothing_at_all),
      cmocka_unit_test(least_is_the_limit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

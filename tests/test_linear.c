/* Patterns and their colours; eliminations against Gaussian elimination in long double, and a lane's bits
 * against the company it is in. */
#include "counting.h"

#include "linear_reference.h"

/* ---- Patterns ---- */

static void check_pattern(const og_pattern *p) {
  assert_int_equal(p->start[0], 0);
  assert_int_equal(p->start[p->n], p->count);
  int lower = 0, upper = 0;
  for (int i = 0; i < p->n; i++) {
    assert_int_equal(p->row[p->diagonal[i]], i);
    assert_int_equal(p->column[p->diagonal[i]], i);
    for (int e = p->start[i]; e < p->start[i + 1]; e++) {
      assert_int_equal(p->row[e], i);
      if (e > p->start[i]) assert_true(p->column[e - 1] < p->column[e]);
      assert_int_equal(og_pattern_find(p, i, p->column[e]), e);
      if (i - p->column[e] > lower) lower = i - p->column[e];
      if (p->column[e] - i > upper) upper = p->column[e] - i;
    }
  }
  assert_int_equal(p->lower, lower);
  assert_int_equal(p->upper, upper);
}

/* No row has two columns of one colour, and no fewer colours than a row has entries can do. */
static void check_colours(const og_pattern *p) {
  int *last = calloc((size_t)p->colours, sizeof *last), longest = 0;
  for (int i = 0; i < p->n; i++) {
    if (p->start[i + 1] - p->start[i] > longest) longest = p->start[i + 1] - p->start[i];
    for (int e = p->start[i]; e < p->start[i + 1]; e++) {
      int colour = p->colour[p->column[e]];
      assert_in_range(colour, 0, p->colours - 1);
      assert_int_not_equal(last[colour], i + 1);
      last[colour] = i + 1;
    }
  }
  assert_in_range(p->colours, longest, p->n);
  free(last);
}

static void patterns_hold_what_was_given(void **state) {
  (void)state;
  og_context *context = new_context();
  for (int n = 1; n < 60; n = n * 3 / 2 + 1)
    for (int count = 0; count <= n * n; count = count * 2 + 1) {
      int row[60 * 60], column[60 * 60], there = 0;
      static char given[60][60];
      memset(given, 0, sizeof given);
      draw_entries((uint64_t)(n + count), n, count, row, column);
      for (int e = 0; e < count; e++) given[row[e]][column[e]] = 1;
      for (int i = 0; i < n; i++) given[i][i] = 1;
      og_pattern *p = random_pattern(context, (uint64_t)(n + count), n, count);
      check_pattern(p);
      check_colours(p);
      for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
          there += given[i][j];
          assert_int_equal(og_pattern_find(p, i, j) >= 0, given[i][j]);
        }
      assert_int_equal(p->count, there);
      og_pattern_destroy(p);
    }
  og_context_destroy(context);
}

/* lower + upper + 1 colours do for a band matrix, and fewer do not where it has a whole row. */
static void bands_have_few_colours(void **state) {
  (void)state;
  og_context *context = new_context();
  for (size_t n = 1; n < 40; n += 6)
    for (size_t lower = 0; lower < 5; lower++)
      for (size_t upper = 0; upper < 5; upper++) {
        og_pattern *p;
        assert_int_equal(og_pattern_create_band(context, n, lower, upper, &p), OG_OK);
        check_pattern(p);
        check_colours(p);
        for (int i = 0; i < p->n; i++)
          for (int j = 0; j < p->n; j++)
            assert_int_equal(og_pattern_find(p, i, j) >= 0, j >= i - (int)lower && j <= i + (int)upper);
        assert_int_equal(p->colours, lower + upper + 1 < n ? lower + upper + 1 : n);
        og_pattern_destroy(p);
      }
  og_context_destroy(context);
}

/* One full row makes all colours differ; a full column alone does not. */
static void arrows_are_coloured(void **state) {
  (void)state;
  enum { N = 2000 };
  og_context *context = new_context();
  og_pattern *p;
  int first[N] = {0}, all[N];
  for (int i = 0; i < N; i++) all[i] = i;
  assert_int_equal(og_pattern_create(context, N, N, first, all, &p), OG_OK);
  check_colours(p);
  assert_int_equal(p->colours, N);
  og_pattern_destroy(p);
  assert_int_equal(og_pattern_create(context, N, N, all, first, &p), OG_OK);
  check_colours(p);
  assert_int_equal(p->colours, 2);
  og_pattern_destroy(p);
  og_context_destroy(context);
}

static void patterns_are_shared(void **state) {
  (void)state;
  og_context *context = new_context();
  og_pattern *p;
  og_elimination *e;
  assert_int_equal(og_pattern_create_dense(context, 3, &p), OG_OK);
  assert_int_equal(p->count, 9);
  assert_int_equal(og_elimination_create(context, p, OG_ELIMINATION_DENSE, &e), OG_OK);
  og_pattern_keep(p);
  og_pattern_destroy(p);
  og_pattern_destroy(p);
  assert_ptr_equal(og_elimination_pattern(e), p);
  check_pattern(p);
  og_elimination_destroy(e);
  og_elimination_destroy(NULL);
  og_pattern_destroy(NULL);
  og_context_destroy(context);
}

static void wrong_patterns_are_refused(void **state) {
  (void)state;
  og_context *context = new_context();
  og_pattern *p;
  const int row[] = {0, 2, 1}, column[] = {0, 1, 3};
  assert_int_equal(og_pattern_create(context, 3, 3, row, column, &p), OG_ERR_SHAPE);
  assert_contains(og_context_message(context), "entry 2 of a pattern is (1, 3)");
  assert_int_equal(og_pattern_create(context, 0, 0, NULL, NULL, &p), OG_ERR_SHAPE);
  assert_contains(og_context_message(context), "at least one row");
  assert_int_equal(og_pattern_create_dense(context, 50000, &p), OG_ERR_SHAPE);
  assert_contains(og_context_message(context), "50000 rows");
  assert_int_equal(og_pattern_create_band(context, SIZE_MAX, 1, 1, &p), OG_ERR_SHAPE);
  og_context_destroy(context);
}

/* ---- Dense elimination ---- */

static const int sizes[] = {1, 2, 3, 4, 5, 7, 8, 9, 13, 16, 17, 20, 31, 32, 33, 50};
enum { SIZES = sizeof sizes / sizeof *sizes };

static void dense_solutions(void **state) {
  (void)state;
  og_context *context = new_context();
  for (int i = 0; i < SIZES; i++) {
    og_pattern *p;
    og_elimination *e;
    assert_int_equal(og_pattern_create_dense(context, (size_t)sizes[i], &p), OG_OK);
    assert_int_equal(og_elimination_create(context, p, OG_ELIMINATION_DENSE, &e), OG_OK);
    assert_string_equal(og_elimination_name(e), "dense");
    assert_int_equal(og_elimination_entries(e), sizes[i] * sizes[i]);
    check_solutions(e, make_normal);
    check_solutions(e, make_chemistry);
    check_solutions(e, make_scaled);
    lanes_are_alone_d(e, make_normal), lanes_are_alone_s(e, make_normal);
    lanes_are_alone_d(e, make_chemistry), lanes_are_alone_s(e, make_chemistry);
    og_elimination_destroy(e);
    og_pattern_destroy(p);
  }
  og_context_destroy(context);
}

/* Entries that a pattern has not are zeros. */
static void dense_solutions_on_sparse_patterns(void **state) {
  (void)state;
  og_context *context = new_context();
  for (int i = 0; i < SIZES; i++) {
    og_pattern *p = random_pattern(context, (uint64_t)i, sizes[i], 2 * sizes[i]);
    og_elimination *e;
    assert_int_equal(og_elimination_create(context, p, OG_ELIMINATION_DENSE, &e), OG_OK);
    check_solutions(e, make_chemistry);
    lanes_are_alone_d(e, make_chemistry), lanes_are_alone_s(e, make_chemistry);
    og_elimination_destroy(e);
    og_pattern_destroy(p);
  }
  og_context_destroy(context);
}

static void dense_lanes_are_judged(void **state) {
  (void)state;
  og_context *context = new_context();
  for (int i = 0; i < SIZES && sizes[i] <= 20; i++) {
    og_pattern *p;
    og_elimination *e;
    assert_int_equal(og_pattern_create_dense(context, (size_t)sizes[i], &p), OG_OK);
    assert_int_equal(og_elimination_create(context, p, OG_ELIMINATION_DENSE, &e), OG_OK);
    bad_lanes_are_told_d(e, make_normal), bad_lanes_are_told_s(e, make_normal);
    og_elimination_destroy(e);
    og_pattern_destroy(p);
  }
  og_context_destroy(context);
}

/* Every instruction set solves to the residual that rounding makes. */
static void every_table_solves(void **state) {
  (void)state;
  enum { N = 9, LANES = 32 };
  og_context *context = new_context();
  og_pattern *p;
  double w[N * N], b[N];
  int tables;
  const og_dense_lu_d *const *all = og_dense_lu_all_d(&tables);
  assert_int_equal(og_pattern_create_dense(context, N, &p), OG_OK);
  for (int t = 0; t < tables; t++) {
    double *wide = aligned(sizeof w * LANES), *x = aligned(sizeof b * LANES);
    void *factors = aligned(all[t]->bytes(N, LANES));
    signed char bad[LANES] = {0};
    for (int transposed = 0; transposed < 2; transposed++) {
      for (int lane = 0; lane < LANES; lane++) {
        make_normal(p, (uint64_t)lane, w, b);
        for (int i = 0; i < N * N; i++) wide[i * LANES + lane] = w[i];
        for (int i = 0; i < N; i++) x[i * LANES + lane] = b[i];
      }
      all[t]->factor(N, LANES, p->count, p->row, p->column, wide, factors, bad);
      (transposed ? all[t]->solve_transposed : all[t]->solve)(N, LANES, factors, x);
      for (int lane = 0; lane < LANES; lane++) {
        make_normal(p, (uint64_t)lane, w, b);
        reference r = solve_exactly(p, NULL, transposed, w, b);
        for (int i = 0; i < N; i++)
          assert_true(fabsl(x[i * LANES + lane] - r.x[i]) <= 3 * N * 0x1p-53L * r.magnitude[i]);
        free_reference(&r);
      }
    }
    unaligned(wide), unaligned(x), unaligned(factors);
  }
  og_pattern_destroy(p);
  og_context_destroy(context);
}

/* ---- Memory ---- */

static og_status make_all(og_context *context) {
  const int row[] = {3, 0, 2, 3, 3}, column[] = {0, 2, 1, 0, 2};
  og_pattern *p;
  og_elimination *e;
  OG_TRY(og_pattern_create(context, 4, 5, row, column, &p));
  og_status status = og_elimination_create(context, p, OG_ELIMINATION_DENSE, &e);
  if (status == OG_OK) og_elimination_destroy(e);
  og_pattern_destroy(p);
  return status;
}

static void memory_may_be_missing(void **state) {
  (void)state;
  fail_each_allocation(make_all);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(patterns_hold_what_was_given),
      cmocka_unit_test(bands_have_few_colours),
      cmocka_unit_test(arrows_are_coloured),
      cmocka_unit_test(patterns_are_shared),
      cmocka_unit_test(wrong_patterns_are_refused),
      cmocka_unit_test(dense_solutions),
      cmocka_unit_test(dense_solutions_on_sparse_patterns),
      cmocka_unit_test(dense_lanes_are_judged),
      cmocka_unit_test(every_table_solves),
      cmocka_unit_test(memory_may_be_missing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

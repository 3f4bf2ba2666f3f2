/* Sparse elimination: its order and fill, solutions against Gaussian elimination in long double, lanes whose
 * pivots do not serve, and a lane's bits against the company it is in. */
#include "linear/ordering.h"
#include "linear_reference.h"

/* ---- Patterns ---- */

/* A full first row, first column and diagonal. */
static og_pattern *arrow(og_context *context, int n) {
  int *row = calloc(2 * (size_t)n, sizeof *row), *column = calloc(2 * (size_t)n, sizeof *column);
  og_pattern *p;
  for (int i = 0; i < n; i++) row[i] = column[n + i] = i;
  assert_int_equal(og_pattern_create(context, (size_t)n, 2 * (size_t)n, row, column, &p), OG_OK);
  free(row), free(column);
  return p;
}

/* Every point of a square with its neighbours to the four sides, `species` of them in each point. */
static og_pattern *grid(og_context *context, int side, int species) {
  int n = side * side * species, count = 0;
  int *row = calloc(8 * (size_t)n, sizeof *row), *column = calloc(8 * (size_t)n, sizeof *column);
  og_pattern *p;
  for (int i = 0; i < n; i++) {
    int point = i / species, x = point % side, y = point / side;
    const int near[] = {x > 0 ? i - species : i, x + 1 < side ? i + species : i,
                        y > 0 ? i - side * species : i, y + 1 < side ? i + side * species : i,
                        point * species + (i + 1) % species};
    for (int k = 0; k < 5; k++) row[count] = i, column[count++] = near[k];
  }
  assert_int_equal(og_pattern_create(context, (size_t)n, (size_t)count, row, column, &p), OG_OK);
  free(row), free(column);
  return p;
}

/* Neighbours on a circle. */
static og_pattern *ring(og_context *context, int n) {
  int *row = calloc(2 * (size_t)n, sizeof *row), *column = calloc(2 * (size_t)n, sizeof *column);
  og_pattern *p;
  for (int i = 0; i < n; i++) {
    row[2 * i] = row[2 * i + 1] = i;
    column[2 * i] = (i + 1) % n, column[2 * i + 1] = (i + n - 1) % n;
  }
  assert_int_equal(og_pattern_create(context, (size_t)n, 2 * (size_t)n, row, column, &p), OG_OK);
  free(row), free(column);
  return p;
}

static og_pattern *band(og_context *context, int n, int lower, int upper) {
  og_pattern *p;
  assert_int_equal(og_pattern_create_band(context, (size_t)n, (size_t)lower, (size_t)upper, &p), OG_OK);
  return p;
}

enum { PATTERNS = 14, N_MOST = 100 };

static og_pattern *pattern_number(og_context *context, int k) {
  switch (k) {
  case 0: return band(context, 1, 0, 0);
  case 1: return band(context, 2, 1, 1);
  case 2: return band(context, 40, 1, 1);
  case 3: return band(context, 70, 2, 2);
  case 4: return band(context, 33, 1, 4);
  case 5: return arrow(context, 50);
  case 6: return arrow(context, 90);
  case 7: return ring(context, 41);
  case 8: return grid(context, 7, 1);
  case 9: return grid(context, 6, 2);
  case 10: return random_pattern(context, 1, 30, 90);
  case 11: return random_pattern(context, 2, 64, 100);
  case 12: return random_pattern(context, 3, 100, 200);
  default: return random_pattern(context, 4, 20, 400);
  }
}

static og_elimination *sparse(og_context *context, const og_pattern *p) {
  og_elimination *e;
  assert_int_equal(og_elimination_create(context, p, OG_ELIMINATION_SPARSE, &e), OG_OK);
  return e;
}

/* ---- Orders and fill ---- */

/* The entries of L and U for the order, by eliminating in a full table. */
static int fill_of(const og_pattern *p, const int *order) {
  static char there[N_MOST * N_MOST];
  int n = p->n, entries = 0, at[N_MOST];
  memset(there, 0, sizeof there);
  for (int i = 0; i < n; i++) at[order[i]] = i;
  for (int e = 0; e < p->count; e++) there[at[p->row[e]] * n + at[p->column[e]]] = 1;
  for (int k = 0; k < n; k++)
    for (int i = k + 1; i < n; i++)
      for (int j = k + 1; there[i * n + k] && j < n; j++) there[i * n + j] |= there[k * n + j];
  for (int i = 0; i < n * n; i++) entries += there[i];
  return entries;
}

static void plans_have_the_fill_and_no_more(void **state) {
  (void)state;
  og_context *context = new_context();
  for (int k = 0; k < PATTERNS; k++) {
    og_pattern *p = pattern_number(context, k);
    og_elimination *e = sparse(context, p);
    const og_lu_plan *plan = &e->symbolic->plan;
    char seen[N_MOST] = {0};
    for (int i = 0; i < p->n; i++) {
      assert_in_range(plan->row_of[i], 0, p->n - 1);
      assert_int_equal(seen[plan->row_of[i]]++, 0);
    }
    assert_int_equal(plan->entries, fill_of(p, plan->row_of));
    assert_int_equal(og_elimination_entries(e), plan->entries);
    og_elimination_destroy(e);
    og_pattern_destroy(p);
  }
  og_context_destroy(context);
}

static void expect(og_context *context, og_pattern *p, const char *name, size_t least, size_t most) {
  og_elimination *e = sparse(context, p);
  assert_string_equal(og_elimination_name(e), name);
  assert_in_range(og_elimination_entries(e), least, most);
  og_elimination_destroy(e);
  og_pattern_destroy(p);
}

/* Nothing arises in a narrow band or in an arrow with its head last; next to nothing in a ring. In a square,
 * nested dissection needs about 31 / 4 n log2 n entries of L (George 1973), a band 2 side n of L and U:
 * minimum degree is to be as good as the former. */
static void orders_are_good(void **state) {
  (void)state;
  og_context *context = new_context();
  expect(context, band(context, 5000, 1, 1), "band", 3 * 5000 - 2, 3 * 5000 - 2);
  expect(context, band(context, 5000, 2, 2), "band", 5 * 5000 - 6, 5 * 5000 - 6);
  expect(context, arrow(context, 5000), "sparse", 3 * 5000 - 2, 3 * 5000 - 2);
  expect(context, ring(context, 5000), "sparse", 5 * 5000 - 6, 5 * 5000 - 6);
  expect(context, grid(context, 64, 1), "sparse", 4096 * 12, 2 * 4096 * 12 * 31 / 4);
  og_context_destroy(context);
}

/* The fill of eliminating, each time, a row that has the fewest neighbours left: in a full table, without
 * approximations. */
static int fill_by_exact_degrees(const og_pattern *p) {
  static char near[N_MOST * N_MOST];
  int n = p->n, order[N_MOST];
  char gone[N_MOST] = {0};
  memset(near, 0, sizeof near);
  for (int e = 0; e < p->count; e++)
    near[p->row[e] * n + p->column[e]] = near[p->column[e] * n + p->row[e]] = 1;
  for (int k = 0; k < n; k++) {
    int best = -1, fewest = n + 1;
    for (int i = 0; i < n; i++) {
      int degree = 0;
      for (int j = 0; j < n; j++) degree += !gone[j] && near[i * n + j];
      if (!gone[i] && degree < fewest) fewest = degree, best = i;
    }
    gone[order[k] = best] = 1;
    for (int i = 0; i < n; i++)
      for (int j = 0; !gone[i] && near[i * n + best] && j < n; j++)
        if (!gone[j] && near[best * n + j]) near[i * n + j] = 1;
  }
  return fill_of(p, order);
}

/* Of many graphs, some of whose rows become the same on the way, approximate degrees cost next to nothing
 * (Amestoy, Davis & Duff 1996: ties alone make a few per cent either way). */
static void orders_are_as_good_as_by_exact_degrees(void **state) {
  (void)state;
  og_context *context = new_context();
  for (int kind = 0; kind < 4; kind++) {
    double ours = 0, exact = 0;
    for (int draw = 0; draw < 25; draw++) {
      int n = 40 + 12 * (draw % 6);
      og_pattern *p = kind == 0   ? random_pattern(context, 100 + (uint64_t)draw, n, n)
                      : kind == 1 ? random_pattern(context, 200 + (uint64_t)draw, n, 2 * n)
                      : kind == 2 ? grid(context, 3 + draw % 8, 1)
                                  : grid(context, 3 + draw % 3, 2 + draw % 3);
      int order[N_MOST];
      assert_int_equal(og_order_by_degree(context, p, order), OG_OK);
      ours += fill_of(p, order), exact += fill_by_exact_degrees(p);
      og_pattern_destroy(p);
    }
    assert_true(ours <= 1.05 * exact);
  }
  og_context_destroy(context);
}

static void the_cheaper_kind_is_chosen(void **state) {
  (void)state;
  og_context *context = new_context();
  const struct {
    og_pattern *pattern;
    const char *name;
  } cases[] = {{band(context, 4, 4, 4), "dense"},       {band(context, 32, 32, 32), "dense"},
               {band(context, 300, 300, 300), "dense"}, {band(context, 3, 1, 1), "dense"},
               {band(context, 1000, 1, 1), "band"},     {grid(context, 20, 1), "sparse"},
               {arrow(context, 200), "sparse"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    og_elimination *e;
    assert_int_equal(og_elimination_create(context, cases[i].pattern, OG_ELIMINATION_AUTO, &e), OG_OK);
    assert_string_equal(og_elimination_name(e), cases[i].name);
    og_elimination_destroy(e);
    og_pattern_destroy(cases[i].pattern);
  }
  og_context_destroy(context);
}

/* ---- Solutions ---- */

/* Every third row has nothing on the diagonal, as the equations of a DAE have it that are no ODEs; what these
 * rows are coupled to makes up for it. */
static void make_constrained(const og_pattern *p, uint64_t seed, double *w, double *b) {
  make_normal(p, seed, w, b);
  for (int i = 0; i < p->n; i++)
    if (i % 3 == 1 && p->start[i + 1] - p->start[i] > 1) w[p->diagonal[i]] = 0;
}

/* Lanes of both kinds. */
static void make_either(const og_pattern *p, uint64_t seed, double *w, double *b) {
  (seed % 3 == 1 ? make_constrained : make_chemistry)(p, seed, w, b);
}

static void solutions(void **state) {
  (void)state;
  og_context *context = new_context();
  for (int k = 0; k < PATTERNS; k++) {
    og_pattern *p = pattern_number(context, k);
    og_elimination *e = sparse(context, p);
    check_solutions(e, make_chemistry);
    lanes_are_alone_d(e, make_chemistry), lanes_are_alone_s(e, make_chemistry);
    if (p->n <= 20) bad_lanes_are_told_d(e, make_chemistry), bad_lanes_are_told_s(e, make_chemistry);
    og_elimination_destroy(e);
    og_pattern_destroy(p);
  }
  og_context_destroy(context);
}

/* Every instruction set solves to what rounding makes. */
static void every_table_solves(void **state) {
  (void)state;
  enum { LANES = 32 };
  og_context *context = new_context();
  og_pattern *p = grid(context, 6, 1);
  og_elimination *e = sparse(context, p);
  const og_lu_plan *plan = &e->symbolic->plan;
  double *w = calloc((size_t)p->count, sizeof *w), b[36];
  int tables;
  const og_sparse_lu_d *const *all = og_sparse_lu_all_d(&tables);
  for (int t = 0; t < tables; t++)
    for (int transposed = 0; transposed < 2; transposed++) {
      block_d block;
      new_block_d(e, LANES, &block);
      void *factors = aligned(all[t]->bytes(plan, LANES));
      for (int lane = 0; lane < LANES; lane++) {
        make_chemistry(p, (uint64_t)lane, w, b);
        put_d(&block, lane, w, b);
      }
      all[t]->factor(plan, LANES, 8192, block.w, factors, block.status);
      all[t]->leave_out(plan, LANES, 17, factors);
      (transposed ? all[t]->solve_transposed : all[t]->solve)(plan, LANES, factors, block.b);
      for (int lane = 0; lane < LANES; lane++) {
        make_chemistry(p, (uint64_t)lane, w, b);
        assert_int_equal(block.status[lane], 0);
        reference r = solve_exactly(p, plan->row_of, transposed, w, b);
        for (int i = 0; i < p->n; i++)
          if (lane == 17)
            assert_true(block.b[i * LANES + lane] == b[i]);
          else
            assert_true(fabsl(block.b[i * LANES + lane] - r.x[i]) <= 3 * p->n * 0x1p-53L * r.magnitude[i]);
        free_reference(&r);
      }
      unaligned(factors);
      free_block_d(&block);
    }
  free(w);
  og_elimination_destroy(e);
  og_pattern_destroy(p);
  og_context_destroy(context);
}

/* Up to 64 rows, pivots that do not serve are no matter: the rows are exchanged. */
static void rows_are_exchanged_where_needed(void **state) {
  (void)state;
  og_context *context = new_context();
  for (int k = 0; k < PATTERNS; k++) {
    og_pattern *p = pattern_number(context, k);
    og_elimination *e = sparse(context, p);
    if (p->n <= 64) check_solutions(e, make_normal);
    if (p->n <= 64 && k != 5 && k != 11) { /* where no two rows have nothing but one column in common */
      check_solutions(e, make_constrained);
      lanes_are_alone_d(e, make_either), lanes_are_alone_s(e, make_either);
    }
    og_elimination_destroy(e);
    og_pattern_destroy(p);
  }
  og_context_destroy(context);
}

/* The largest of |W x - b| over what is promised to be its bound (elimination_table.h): 3 n units of
 * 8192 |W| v times the largest |x| / v, v the reciprocals of W's largest entries by column. */
static double residual(const og_pattern *p, const double *w, const double *b, const double *x) {
  long double *most = calloc((size_t)p->n, sizeof *most), larger = 0, worst = 0;
  for (int e = 0; e < p->count; e++) most[p->column[e]] = fmaxl(most[p->column[e]], fabsl((long double)w[e]));
  for (int i = 0; i < p->n; i++) larger = fmaxl(larger, fabsl(x[i]) * most[i]);
  for (int i = 0; i < p->n; i++) {
    long double sum = -b[i], size = 0;
    for (int e = p->start[i]; e < p->start[i + 1]; e++) {
      sum += (long double)w[e] * x[p->column[e]];
      size += fabsl((long double)w[e]) / most[p->column[e]];
    }
    worst = fmaxl(worst, fabsl(sum) / (3 * p->n * 0x1p-53L * 8192 * size * larger));
  }
  free(most);
  return (double)worst;
}

/* Larger systems whose pivots lose digits are refused, those that are not refused are solved to what is
 * promised. There are both. */
static void large_lanes_are_judged(void **state) {
  (void)state;
  enum { N = 100, SEEDS = 300 };
  og_context *context = new_context();
  og_pattern *p = random_pattern(context, 8, N, 150);
  og_elimination *e = sparse(context, p);
  double *w = calloc((size_t)p->count, sizeof *w), b[N];
  int refused = 0;
  block_d block;
  new_block_d(e, 1, &block);
  for (uint64_t seed = 0; seed < SEEDS; seed++) {
    make_normal(p, seed, w, b);
    if (seed % 4 == 0) w[p->diagonal[seed % N]] *= 1e-13;
    put_d(&block, 0, w, b);
    block.status[0] = 0;
    factor_d(e, &block);
    if (block.status[0]) {
      refused++;
      continue;
    }
    solve_d(e, &block, 0);
    assert_true(residual(p, w, b, block.b) <= 1);
  }
  assert_in_range(refused, SEEDS / 10, SEEDS * 9 / 10);
  free_block_d(&block);
  free(w);
  og_elimination_destroy(e);
  og_pattern_destroy(p);
  og_context_destroy(context);
}

/* A pivot of nothing but rounding: without the judgement W x = b would be solved wrongly to the last digit.
 */
static void a_tiny_pivot_is_refused(void **state) {
  (void)state;
  enum { N = 100 };
  og_context *context = new_context();
  og_pattern *p = band(context, N, 1, 1);
  og_elimination *e = sparse(context, p);
  double w[3 * N - 2], b[N];
  for (int which = 0; which < 2; which++) {
    block_d block;
    new_block_d(e, 1, &block);
    make_normal(p, 1, w, b);
    for (int i = 0; i < N; i++) w[p->diagonal[i]] = 3;
    for (int i = 0; i < p->count; i++)
      if (p->row[i] != p->column[i]) w[i] = 1;
    if (which) w[0] = 1e-20;
    put_d(&block, 0, w, b);
    factor_d(e, &block);
    assert_int_equal(block.status[0], which);
    free_block_d(&block);
  }
  og_elimination_destroy(e);
  og_pattern_destroy(p);
  og_context_destroy(context);
}

/* ---- Memory ---- */

static og_status make_sparse(og_context *context) {
  const int row[] = {0, 1, 2, 3, 4, 0, 5, 1}, column[] = {5, 2, 3, 4, 0, 1, 3, 4};
  og_pattern *p;
  og_elimination *e;
  OG_TRY(og_pattern_create(context, 6, 8, row, column, &p));
  og_status status = og_elimination_create(context, p, OG_ELIMINATION_SPARSE, &e);
  if (status == OG_OK) og_elimination_destroy(e);
  og_pattern_destroy(p);
  return status;
}

static void memory_may_be_missing(void **state) {
  (void)state;
  fail_each_allocation(make_sparse);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(plans_have_the_fill_and_no_more),
      cmocka_unit_test(orders_are_good),
      cmocka_unit_test(orders_are_as_good_as_by_exact_degrees),
      cmocka_unit_test(the_cheaper_kind_is_chosen),
      cmocka_unit_test(solutions),
      cmocka_unit_test(every_table_solves),
      cmocka_unit_test(rows_are_exchanged_where_needed),
      cmocka_unit_test(large_lanes_are_judged),
      cmocka_unit_test(a_tiny_pivot_is_refused),
      cmocka_unit_test(memory_may_be_missing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Sums by the fixed tree: its shape against a recursive definition, parts of a range put together, its
 * accuracy against an exact sum; and that losses and gradients of objectives are summed by it. */
#include "base/tree_sum.h"
#include "fitting.h"

enum { WIDTH = 3 };

/* xorshift64*, upper 53 bits: a whole number below 2^53. */
static double next_number(uint64_t *state) {
  *state ^= *state >> 12, *state ^= *state << 25, *state ^= *state >> 27;
  return (double)((*state * 0x2545F4914F6CDD1DULL) >> 11);
}

static double *random_numbers(size_t count) {
  double *values = calloc(count, sizeof *values);
  uint64_t state = 0x9E3779B97F4A7C15ULL + count;
  assert_non_null(values);
  for (size_t i = 0; i < count; i++) values[i] = next_number(&state) / 0x1p50 - 4;
  return values;
}

/* What the tree is: the first half holds the largest power of two of terms that leaves some for the second.
 */
static double reference(const double *values, size_t count, size_t stride) {
  size_t half = 1;
  if (count == 1) return values[0];
  while (2 * half < count) half *= 2;
  return reference(values, half, stride) + reference(values + half * stride, count - half, stride);
}

/* ---- The tree ---- */

static void add_terms(og_tree_sum *sum, const double *terms, size_t first, size_t end, int *deepest) {
  for (size_t i = first; i < end; i++) {
    memcpy(og_tree_sum_term(sum), terms + i * WIDTH, WIDTH * sizeof *terms);
    og_tree_sum_add(sum, 0);
    if (deepest && sum->depth > *deepest) *deepest = sum->depth;
  }
}

static void check_count(size_t count) {
  double *terms = random_numbers(count * WIDTH), nodes[OG_TREE_SUM_NODES * WIDTH];
  og_tree_sum sum;
  og_tree_sum_begin(&sum, WIDTH, nodes, 0);
  add_terms(&sum, terms, 0, count, NULL);
  const double *total = og_tree_sum_total(&sum);
  assert_ptr_equal(total, nodes);
  for (size_t k = 0; k < WIDTH; k++) {
    double want = reference(terms + k, count, WIDTH), single = og_tree_sum_of(terms + k, count, WIDTH);
    assert_memory_equal(&total[k], &want, sizeof want);
    assert_memory_equal(&single, &want, sizeof want);
  }
  og_tree_sum_rows(terms, count, WIDTH, WIDTH - 1);
  assert_memory_equal(terms, total, (WIDTH - 1) * sizeof *terms);
  free(terms);
}

static void shape_is_the_recursive_one(void **state) {
  (void)state;
  for (size_t count = 1; count <= 300; count++) check_count(count);
  check_count(1023), check_count(4096), check_count(4097), check_count(70001);
}

static void nothing_sums_to_zero(void **state) {
  (void)state;
  double nodes[WIDTH];
  og_tree_sum sum;
  og_tree_sum_begin(&sum, WIDTH, nodes, 0);
  assert_null(og_tree_sum_total(&sum));
  assert_true(og_tree_sum_of(NULL, 0, 1) == 0);
}

/* The rows that are asked for are those that are used: no fewer, and no more. */
static void depth_is_what_is_used(void **state) {
  (void)state;
  double *terms = random_numbers(300 * WIDTH), nodes[OG_TREE_SUM_NODES * WIDTH];
  for (size_t count = 1; count <= 300; count++) {
    og_tree_sum sum;
    int deepest = 0, used = 0;
    og_tree_sum_begin(&sum, WIDTH, nodes, 0);
    for (size_t i = 0; i < count; i++) {
      if (sum.depth + 1 > used) used = sum.depth + 1; /* with the row where the term is written */
      add_terms(&sum, terms, i, i + 1, &deepest);
    }
    assert_true(deepest <= used);
    assert_int_equal(og_tree_sum_depth(count), used);
  }
  free(terms);
}

/* ---- Ranges ---- */

enum { TERMS = 1000, PARTS_MOST = 12 };

/* The nodes of terms first to end - 1, added to a sum that holds those before. */
static void hand_over(const double *terms, size_t first, size_t end, og_tree_sum *whole) {
  double nodes[OG_TREE_SUM_NODES * WIDTH];
  og_tree_sum part;
  og_tree_sum_begin(&part, WIDTH, nodes, first);
  add_terms(&part, terms, first, end, NULL);
  assert_true(part.depth <= 2 * (int)og_tree_sum_depth(end - first));
  for (int k = 0; k < part.depth; k++) {
    memcpy(og_tree_sum_term(whole), nodes + k * WIDTH, WIDTH * sizeof *nodes);
    og_tree_sum_add(whole, part.level[k]);
  }
}

/* As ranks of a cluster would do it: whoever has which terms, the bits are the same. */
static void parts_give_the_bits_of_the_whole(void **state) {
  (void)state;
  double *terms = random_numbers(TERMS * WIDTH), nodes[OG_TREE_SUM_NODES * WIDTH], want[WIDTH];
  uint64_t seed = 88172645463325252ULL;
  for (size_t k = 0; k < WIDTH; k++) want[k] = reference(terms + k, TERMS, WIDTH);
  for (int round = 0; round < 500; round++) {
    size_t first = 0;
    og_tree_sum whole;
    og_tree_sum_begin(&whole, WIDTH, nodes, 0);
    for (int parts = 1 + round % PARTS_MOST; parts > 0; parts--) {
      size_t left = TERMS - first, end = parts == 1 ? TERMS : first + (size_t)next_number(&seed) % (left + 1);
      hand_over(terms, first, end, &whole); /* some are empty */
      first = end;
    }
    assert_int_equal(whole.next, TERMS);
    assert_memory_equal(og_tree_sum_total(&whole), want, sizeof want);
  }
  free(terms);
}

/* ---- Accuracy ---- */

/* Of a million whole numbers below 2^53 the exact sum is told by those of their halves. Rounding to nearest
 * makes each of the 20 levels of the tree wrong by at most half an ulp of what it holds: by 20 u in all, u =
 * 2^-53. A running sum meets no such bound: with N = 10^6 its errors are those of a random walk of N steps of
 * up to u. */
static void a_million_terms_are_good_to_twenty_roundings(void **state) {
  (void)state;
  enum { MILLION = 1000000, LEVELS = 20 };
  double *terms = calloc(MILLION, sizeof *terms), high = 0, low = 0, running = 0;
  uint64_t seed = 7;
  assert_non_null(terms);
  for (size_t i = 0; i < MILLION; i++) {
    terms[i] = next_number(&seed);
    high += floor(terms[i] / 0x1p26); /* both below 2^27 10^6 < 2^53: exact */
    low += fmod(terms[i], 0x1p26);
    running += terms[i];
  }
  double total = og_tree_sum_of(terms, MILLION, 1);
  double error = fabs((total - high * 0x1p26) - low), of_running = fabs((running - high * 0x1p26) - low);
  assert_true(high < 0x1p53 && low < 0x1p53);
  assert_true(error <= LEVELS * 0x1p-53 * total);
  assert_true(of_running > LEVELS * 0x1p-53 * total);
  free(terms);
}

/* ---- Objectives ---- */

enum { TRAJECTORIES = 150, BLOCK = 64, BLOCKS = 3, PARAMETERS_MOST = 64 };

/* Rows of trajectories first to end - 1, of one to four rows each. */
static void write_data(char *csv, size_t room, int first, int end) {
  size_t used = (size_t)snprintf(csv, room, "id,t,x\n");
  for (int m = first; m < end; m++)
    for (int i = 0; i <= m % 4; i++)
      used += (size_t)snprintf(csv + used, room - used, "%d,%g,%.3f\n", m, 0.2 + 0.3 * i, 1 + sin(m + 2 * i));
}

static fixture fixture_of(const char *model, int first, int end) {
  static char csv[32768];
  write_data(csv, sizeof csv, first, end);
  return make_fixture(model, csv);
}

/* Parameters are read by f alone, so that the gradient is the solve's. */
static const char rates[] = "param k = 0.7, c = 0.2\ninit x = 2\nx' = -k*x + c*sin(3*t)\n"
                            "observe x ~ normal(x, 0.3)\ntime 0 : 1.5\n";

static void trajectories_are_summed_by_the_tree(void **state) {
  (void)state;
  double theta[] = {0.7, 0.2}, losses[TRAJECTORIES], gradients[TRAJECTORIES * 2], loss, gradient[2];
  for (int m = 0; m < TRAJECTORIES; m++) {
    fixture one = fixture_of(rates, m, m + 1);
    CHECK(one.context, og_objective_evaluate(one.objective, theta, &losses[m], gradients + 2 * m));
    drop_fixture(&one);
  }
  fixture all = fixture_of(rates, 0, TRAJECTORIES);
  CHECK(all.context, og_objective_evaluate(all.objective, theta, &loss, gradient));
  double want = reference(losses, TRAJECTORIES, 1);
  assert_memory_equal(&loss, &want, sizeof loss);
  for (size_t k = 0; k < 2; k++) {
    want = reference(gradients + k, TRAJECTORIES, 2);
    assert_memory_equal(&gradient[k], &want, sizeof want);
  }
  drop_fixture(&all);
}

/* Rows of one trajectory, whose parameter is that of the observations alone. */
static void rows_are_summed_by_the_tree(void **state) {
  (void)state;
  enum { ROWS = 200 };
  static const char noise[] = "param s = 0.3\ninit x = 2\nx' = -x\nobserve x ~ normal(x, s)\ntime 0 : 2\n";
  static char csv[8192], rows[ROWS][64];
  double s = 0.3, losses[ROWS], gradients[ROWS], loss, gradient;
  size_t used = (size_t)snprintf(csv, sizeof csv, "t,x\n");
  for (int i = 0; i < ROWS; i++) {
    snprintf(rows[i], sizeof rows[i], "t,x\n%.17g,%.3f\n", 0.01 * i, 2 + cos(5 * i));
    used += (size_t)snprintf(csv + used, sizeof csv - used, "%s", rows[i] + strlen("t,x\n"));
    fixture one = make_fixture(noise, rows[i]);
    CHECK(one.context, og_objective_evaluate(one.objective, &s, &losses[i], &gradients[i]));
    drop_fixture(&one);
  }
  fixture all = make_fixture(noise, csv);
  CHECK(all.context, og_objective_evaluate(all.objective, &s, &loss, &gradient));
  double want = reference(losses, ROWS, 1), slope = reference(gradients, ROWS, 1);
  assert_memory_equal(&loss, &want, sizeof loss);
  assert_memory_equal(&gradient, &slope, sizeof slope);
  drop_fixture(&all);
}

/* Weights are summed over the lanes of a block by the network's products; blocks by the tree. In f, in the
 * initial state or in the observations, one at a time: the sums of several are added afterwards. */
static void blocks_are_summed_by_the_tree(const char *model) {
  double theta[PARAMETERS_MOST], gradient[PARAMETERS_MOST], parts[BLOCKS][PARAMETERS_MOST], loss;
  fixture all = fixture_of(model, 0, TRAJECTORIES);
  size_t p = og_field_parameters(og_model_field(all.model));
  assert_in_range(p, 1, PARAMETERS_MOST);
  CHECK(all.context, og_model_initialize(all.model, 3, theta));
  CHECK(all.context, og_objective_evaluate(all.objective, theta, &loss, gradient));
  for (int b = 0; b < BLOCKS; b++) {
    int end = (b + 1) * BLOCK;
    fixture some = fixture_of(model, b * BLOCK, end < TRAJECTORIES ? end : TRAJECTORIES);
    CHECK(some.context, og_objective_evaluate(some.objective, theta, &loss, parts[b]));
    drop_fixture(&some);
  }
  for (size_t k = 0; k < p; k++) {
    double want = reference(parts[0] + k, BLOCKS, PARAMETERS_MOST);
    assert_memory_equal(&gradient[k], &want, sizeof want);
  }
  drop_fixture(&all);
}

static void blocks_of_equations(void **state) {
  (void)state;
  blocks_are_summed_by_the_tree("net f = mlp(1, 5, 1; tanh)\ninit x = 2\nx' = f(x)\n"
                                "observe x ~ normal(x, 0.3)\ntime 0 : 1.5\n");
}
static void blocks_of_final_costs(void **state) {
  (void)state;
  blocks_are_summed_by_the_tree("net f = mlp(1, 5, 1; tanh)\ninit x = 2\nx' = -x\n"
                                "cost final = (f(x) - 1)^2\nobserve x ~ normal(x, 0.3)\ntime 0 : 1.5\n");
}

/* Blocks have 160 rows, which are three chunks of the tree over chunks: the second block's first chunk is its
 * fourth term, so that the blocks alone are not nodes. The truth is the sum as before, to rounding. */
static void decoders_agree_to_rounding(void **state) {
  (void)state;
  static const char model[] = "net f = mlp(1, 5, 1; tanh)\ninit x = 2\nx' = -x\n"
                              "observe x ~ normal(f(x), 0.3)\ntime 0 : 1.5\n";
  double theta[PARAMETERS_MOST], gradient[PARAMETERS_MOST],
      sum[PARAMETERS_MOST] = {0}, size[PARAMETERS_MOST] = {0}, one[PARAMETERS_MOST], loss;
  fixture all = fixture_of(model, 0, TRAJECTORIES);
  size_t p = og_field_parameters(og_model_field(all.model));
  CHECK(all.context, og_model_initialize(all.model, 3, theta));
  CHECK(all.context, og_objective_evaluate(all.objective, theta, &loss, gradient));
  for (int m = 0; m < TRAJECTORIES; m++) {
    fixture f = fixture_of(model, m, m + 1);
    CHECK(f.context, og_objective_evaluate(f.objective, theta, &loss, one));
    for (size_t k = 0; k < p; k++) sum[k] += one[k], size[k] += fabs(one[k]);
    drop_fixture(&f);
  }
  /* At most 375 rows and 150 trajectories are added one after another on the way to `sum`. */
  for (size_t k = 0; k < p; k++) assert_true(fabs(gradient[k] - sum[k]) <= 600 * 0x1p-53 * size[k]);
  drop_fixture(&all);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(shape_is_the_recursive_one),
      cmocka_unit_test(nothing_sums_to_zero),
      cmocka_unit_test(depth_is_what_is_used),
      cmocka_unit_test(parts_give_the_bits_of_the_whole),
      cmocka_unit_test(a_million_terms_are_good_to_twenty_roundings),
      cmocka_unit_test(trajectories_are_summed_by_the_tree),
      cmocka_unit_test(rows_are_summed_by_the_tree),
      cmocka_unit_test(blocks_of_equations),
      cmocka_unit_test(blocks_of_final_costs),
      cmocka_unit_test(decoders_agree_to_rounding),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

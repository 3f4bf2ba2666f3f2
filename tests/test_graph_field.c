/* A field from a graph: Lotka-Volterra against its products written by hand, gaps and overlaps of inputs,
 * memory. */
#include <math.h>

#include "base/real.h"
#include "counting.h"
#include "field/field.h"
#include "graph_field/graph_field.h"

static const og_shape scalar = {1, 1};

/* x' = a x - b x y + cos t, y' = d x y - c y; the last row a running cost x^2 + y when `cost` is 1. */
static og_node lotka_volterra(og_graph *g, int forced, int cost) {
  og_node x = og_input(g, OG_SLOT_STATE, 0, scalar), y = og_input(g, OG_SLOT_STATE, 1, scalar), theta[4];
  for (int i = 0; i < 4; i++) theta[i] = og_input(g, OG_SLOT_PARAMETER, i, scalar);
  og_node xy = og_apply2(g, OG_MUL, x, y), force = og_apply1(g, OG_COS, og_input(g, OG_SLOT_TIME, 0, scalar));
  og_node rows[3] = {
      og_apply2(g, OG_SUB, og_apply2(g, OG_MUL, theta[0], x), og_apply2(g, OG_MUL, theta[1], xy)),
      og_apply2(g, OG_SUB, og_apply2(g, OG_MUL, theta[3], xy), og_apply2(g, OG_MUL, theta[2], y)),
      og_apply2(g, OG_ADD, og_apply2(g, OG_POW, x, og_constant(g, 2)), y)};
  if (forced) rows[0] = og_apply2(g, OG_ADD, rows[0], force);
  return og_concat(g, rows, 2 + cost);
}

/* x_bar[3], theta_bar[4], t_bar */
static void by_hand(double t, const double *s, const double *p, const double *l, int cost, double *bar) {
  double x = s[0], y = s[1], c = cost ? l[2] : 0;
  bar[0] = l[0] * (p[0] - p[1] * y) + l[1] * p[3] * y + c * 2 * x;
  bar[1] = -l[0] * p[1] * x + l[1] * (p[3] * x - p[2]) + c;
  bar[2] = 0;
  bar[3] = l[0] * x, bar[4] = -l[0] * x * y, bar[5] = -l[1] * y, bar[6] = l[1] * x * y;
  bar[7] = -l[0] * sin(t);
}

enum { L = 16 };
typedef struct blocks {
  double t[L], x[3 * L], theta[4 * L], lambda[3 * L], bar[8 * L], f[3 * L], t_dot[L], x_dot[3 * L],
      theta_dot[4 * L];
} blocks;

/* Scratch is what was there before: here NaN. */
static size_t scratch_size(const og_field *field, int lanes) {
  return (field->scratch_bytes(field, lanes) + 63) / 64 * 64;
}
static void *poisoned_scratch(const og_field *field, int lanes) {
  void *scratch = aligned_alloc(64, scratch_size(field, lanes));
  assert_non_null(scratch);
  return memset(scratch, 0xff, scratch_size(field, lanes));
}

static blocks *random_blocks(void) {
  blocks *b = aligned_alloc(64, (sizeof *b + 63) / 64 * 64);
  assert_non_null(b);
  og_rng rng;
  og_rng_seed(&rng, 11, 1);
  for (size_t i = 0; i < sizeof *b / sizeof(double); i++) ((double *)b)[i] = og_rng_normal(&rng);
  return b;
}

static void check_products(const og_field *field, blocks *b, int lanes, int cost) {
  og_lane_status status[L] = {0};
  size_t n = field->n, W = (size_t)lanes;
  void *scratch = poisoned_scratch(field, lanes);
  double *theta_bar = b->bar + 3 * W, *t_bar = b->bar + 7 * W;
  field->ops_d.vjp(field, lanes, b->t, b->x, b->theta, b->lambda, b->bar, theta_bar, t_bar, status, scratch);
  double only_x[3 * L];
  field->ops_d.vjp(field, lanes, b->t, b->x, b->theta, b->lambda, only_x, NULL, NULL, status, scratch);
  assert_memory_equal(only_x, b->bar, n * W * sizeof(double));
  for (size_t lane = 0; lane < W; lane++) {
    double s[3] = {0}, p[4], l[3] = {0}, want[8];
    for (size_t i = 0; i < 4; i++) p[i] = b->theta[i * W + lane];
    for (size_t i = 0; i < n; i++) s[i] = b->x[i * W + lane], l[i] = b->lambda[i * W + lane];
    by_hand(b->t[lane], s, p, l, cost, want);
    for (size_t i = 0; i < 8; i++)
      if (i < n || i > 2)
        assert_true(fabs(b->bar[i * W + lane] - want[i]) <= 1e-13); /* sums of a few terms near 1 */
  }
  /* each subset of tangents: <lambda, J dot> = <J^T lambda, dot> */
  for (int set = 0; set < 8; set++) {
    const double *t_dot = set & 1 ? b->t_dot : NULL, *x_dot = set & 2 ? b->x_dot : NULL;
    const double *theta_dot = set & 4 ? b->theta_dot : NULL;
    memset(scratch, 0xff, scratch_size(field, lanes));
    field->ops_d.jvp(field, lanes, b->t, b->x, b->theta, t_dot, x_dot, theta_dot, b->f, status, scratch);
    for (size_t lane = 0; lane < W; lane++) {
      double left = 0, right = t_dot ? t_bar[lane] * t_dot[lane] : 0;
      for (size_t i = 0; i < n; i++) left += b->lambda[i * W + lane] * b->f[i * W + lane];
      for (size_t i = 0; i < n && x_dot; i++) right += b->bar[i * W + lane] * x_dot[i * W + lane];
      for (size_t i = 0; i < 4 && theta_dot; i++) right += theta_bar[i * W + lane] * theta_dot[i * W + lane];
      assert_true(fabs(left - right) <= 1e-12);
    }
  }
  free(scratch);
}

/* Adding gives the bits of what is made and then added, in blocks of every size. */
static void check_adding(const og_field *field, const blocks *b, int lanes) {
  enum { ROOM = 4 * OG_LANES_MAX };
  static _Alignas(64) double x[ROOM], theta[ROOM], lambda[ROOM], part_x[ROOM], part[ROOM], sum_x[ROOM],
      sum[ROOM];
  static double t[OG_LANES_MAX];
  og_lane_status status[OG_LANES_MAX] = {0};
  void *scratch = poisoned_scratch(field, lanes);
  for (int i = 0; i < 4 * lanes; i++) {
    x[i] = b->x[i % 2] + i, theta[i] = b->theta[i % 4] - i, lambda[i] = b->lambda[i % 2] * (i + 1);
    sum[i] = 0.1 * i;
  }
  for (int lane = 0; lane < lanes; lane++) t[lane] = lane;
  assert_non_null(field->ops_d.vjp_add);
  field->ops_d.vjp(field, lanes, t, x, theta, lambda, part_x, part, NULL, status, scratch);
  for (int i = 0; i < 4 * lanes; i++) part[i] = 0.1 * i + part[i];
  field->ops_d.vjp_add(field, lanes, t, x, theta, lambda, sum_x, sum, status, scratch);
  assert_memory_equal(sum_x, part_x, field->n * (size_t)lanes * sizeof(double));
  assert_memory_equal(sum, part, 4 * (size_t)lanes * sizeof(double));
  free(scratch);
}

/* Tangents that are not given are zeros, and no small numbers: along directions that are all zero, f's is
 * zero. */
static void check_no_direction(const og_field *field, const blocks *b, int lanes) {
  og_lane_status status[L] = {0};
  double zeros[4 * L] = {0}, f_dot[3 * L];
  void *scratch = poisoned_scratch(field, lanes);
  for (int set = 0; set < 8; set++) {
    memset(f_dot, 0xff, sizeof f_dot);
    memset(scratch, 0xff, scratch_size(field, lanes));
    field->ops_d.jvp(field, lanes, b->t, b->x, b->theta, set & 1 ? zeros : NULL, set & 2 ? zeros : NULL,
                     set & 4 ? zeros : NULL, f_dot, status, scratch);
    for (size_t i = 0; i < field->n * (size_t)lanes; i++) assert_true(f_dot[i] == 0);
  }
  free(scratch);
}

static void test_lotka_volterra(void **state) {
  (void)state;
  for (int cost = 0; cost < 2; cost++) {
    og_context *context = new_context();
    og_graph *g;
    assert_int_equal(og_graph_create(context, &g), OG_OK);
    og_field *field, *still;
    assert_int_equal(og_field_from_graph(g, lotka_volterra(g, 1, cost), 4, (size_t)cost, &field), OG_OK);
    assert_int_equal(og_field_from_graph(g, lotka_volterra(g, 0, cost), 4, (size_t)cost, &still), OG_OK);
    og_graph_destroy(g); /* a field does not need its graph */
    assert_int_equal(field->flags, OG_FIELD_HAS_VJP | OG_FIELD_HAS_JVP | OG_FIELD_HAS_HESSIAN |
                                       OG_FIELD_HAS_JACOBIAN | OG_FIELD_HAS_THIRD | OG_FIELD_DEPENDS_ON_TIME);
    assert_int_equal(still->flags, OG_FIELD_HAS_VJP | OG_FIELD_HAS_JVP | OG_FIELD_HAS_HESSIAN |
                                       OG_FIELD_HAS_JACOBIAN | OG_FIELD_HAS_THIRD);
    assert_int_equal(og_field_states(field), 2);
    assert_int_equal(field->n, 2 + cost);
    blocks *b = random_blocks();
    check_products(field, b, L, cost);
    check_products(field, b, 1, cost);
    check_no_direction(field, b, L);
    check_no_direction(still, b, 1);
    check_adding(still, b, 1);
    check_adding(still, b, OG_LANE_STEP);
    check_adding(still, b, OG_LANES_MAX);
    free(b);
    og_field_destroy(field);
    og_field_destroy(still);
    og_context_destroy(context);
  }
}

/* Parameters read whole and entry by entry, with entries that nothing reads: cotangents add up, gaps are
 * zero. */
static void test_overlaps_and_gaps(void **state) {
  (void)state;
  og_context *context = new_context();
  og_graph *g;
  assert_int_equal(og_graph_create(context, &g), OG_OK);
  og_node whole = og_input(g, OG_SLOT_PARAMETER, 1, (og_shape){3, 1}),
          entry = og_input(g, OG_SLOT_PARAMETER, 2, scalar);
  og_node f = og_apply2(g, OG_MUL, og_apply2(g, OG_MUL, og_sum(g, whole), entry),
                        og_input(g, OG_SLOT_STATE, 0, scalar));
  og_field *field;
  assert_int_equal(og_field_from_graph(g, f, 6, 0, &field), OG_OK);
  void *scratch = poisoned_scratch(field, 1);
  double t = 0, x = 2, theta[6] = {9, 3, 5, 7, 9, 9}, lambda = 1, x_bar, theta_bar[6];
  og_lane_status status = 0;
  field->ops_d.vjp(field, 1, &t, &x, theta, &lambda, &x_bar, theta_bar, NULL, &status, scratch);
  const double want[6] = {0, 10, 10 + 30, 10, 0, 0}; /* whole: entry x; entry: sum x */
  assert_true(x_bar == 75);
  assert_memory_equal(theta_bar, want, sizeof want);
  free(scratch);
  og_field_destroy(field);
  og_field *none;
  assert_int_equal(og_field_from_graph(g, f, 3, 0, &none), OG_ERR_SHAPE);
  assert_contains(og_context_message(context), "entry 3 of the parameters, of which there are 3");
  og_graph_destroy(g);
  og_context_destroy(context);
}

static og_status make_field(og_context *context) {
  og_graph *g;
  og_status status = og_graph_create(context, &g);
  if (status != OG_OK) return status;
  og_node f = lotka_volterra(g, 1, 1);
  og_field *field = NULL;
  status = og_field_from_graph(g, f, 4, 1, &field);
  if (status == OG_OK) status = og_field_want_jacobian(context, field);
  og_field_destroy(field);
  og_graph_destroy(g);
  return status;
}

static void test_memory(void **state) {
  (void)state;
  fail_each_allocation(make_field);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_lotka_volterra),
                                     cmocka_unit_test(test_overlaps_and_gaps), cmocka_unit_test(test_memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

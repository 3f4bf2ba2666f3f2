/* What programs are made for, which their numbers do not tell: rows used again, values that stay in the
 * accumulator, products that become part of sums; and their memory. */
#include "base/real.h"
#include "counting.h"
#include "program/instructions.h"
#include "node_by_node.h"

NODE_BY_NODE(double, d)

static og_program *program_of(const og_graph *g, int count, const og_node *outputs) {
  og_program *program;
  if (og_program_create(g, count, outputs, &program) != OG_OK) fail_msg("%s", og_context_message(g->context));
  return program;
}

static og_node nth_state(og_graph *g, int i) { return og_input(g, OG_SLOT_STATE, i, (og_shape){1, 1}); }

/* Rows are used again: a chain of operations needs room for two values, however long it is. */
static void rows_of_chains(void **state) {
  (void)state;
  og_context *context = new_context();
  og_graph *g;
  assert_int_equal(og_graph_create(context, &g), OG_OK);
  og_node x = og_input(g, OG_SLOT_STATE, 2, (og_shape){3, 1});
  for (int i = 0; i < 100; i++) x = og_apply1(g, i % 2 ? OG_SIN : OG_EXP, x);
  og_program *program = program_of(g, 1, &x);
  assert_true(program->scratch_rows <= 2 * 3);
  og_program_destroy(program);
  og_graph_destroy(g);
  og_context_destroy(context);
}

/* The operations of a run, in order, and how many of them store anything. */
static void expect_run(og_graph *g, og_node output, int count, const int *ops, int stores) {
  og_program *program = program_of(g, 1, &output);
  assert_int_equal(program->stretch_count, 1);
  assert_true(program->stretches[0].scalar);
  assert_int_equal(program->stretches[0].count, count);
  for (int i = 0; i < count; i++) {
    assert_int_equal(program->scalar_runs[i].op, ops[i]);
    stores -= program->scalar_runs[i].keep != OG_SCALAR_RUN_DROP;
  }
  assert_int_equal(stores, 0);
  og_program_destroy(program);
}

/* Products become part of sums, and what only the next operation reads stays in the accumulator, on whichever
 * side it stands. */
static void runs_of_chains(void **state) {
  (void)state;
  og_context *context = new_context();
  og_graph *g;
  assert_int_equal(og_graph_create(context, &g), OG_OK);
  og_node a = nth_state(g, 0), b = nth_state(g, 1), c = nth_state(g, 2), d = nth_state(g, 3);
  og_node ab = og_apply2(g, OG_MUL, a, b), cd = og_apply2(g, OG_MUL, c, d),
          sum = og_apply2(g, OG_ADD, ab, cd);
  expect_run(g, sum, 1, (int[]){OG_ST_MULADDMUL}, 1);
  expect_run(g, og_apply2(g, OG_SUB, ab, cd), 1, (int[]){OG_ST_MULSUBMUL}, 1);
  expect_run(g, og_apply2(g, OG_SUB, ab, c), 1, (int[]){OG_ST_MULSUB}, 1);
  expect_run(g, og_apply2(g, OG_SUB, c, ab), 1, (int[]){OG_ST_SUBMUL}, 1);
  expect_run(g, og_apply1(g, OG_NEG, ab), 1, (int[]){OG_ST_NEGMUL}, 1);
  expect_run(g, og_apply2(g, OG_DIV, sum, a), 2, (int[]){OG_ST_MULADDMUL, OG_ST_DIV_R}, 1);
  expect_run(g, og_apply2(g, OG_DIV, a, sum), 2, (int[]){OG_ST_MULADDMUL, OG_ST_DIV_BY_R}, 1);
  expect_run(g, og_apply2(g, OG_SUB, og_apply2(g, OG_MUL, a, c), og_apply2(g, OG_DIV, sum, a)), 3,
             (int[]){OG_ST_MULADDMUL, OG_ST_DIV_R, OG_ST_MULSUB_BY_R}, 1);
  og_node root = og_apply1(g, OG_SQRT, sum); /* read twice: it is stored */
  expect_run(g, og_apply2(g, OG_ADD, og_apply2(g, OG_DIV, a, root), og_apply2(g, OG_DIV, b, root)), 5,
             (int[]){OG_ST_MULADDMUL, OG_ST_SQRT_R, OG_ST_DIV_BY_R, OG_ST_DIV, OG_ST_ADD_R}, 3);
  og_graph_destroy(g);
  og_context_destroy(context);
}

/* ---- Passes that are joined ---- */

enum { ENTRIES = 3, SIXTEEN = OG_LANE_STEP };

/* The program of f, in which slot OG_SLOT_PARAMETER is uniform: how many instructions it has of a code, and
 * that it gives what evaluation node by node does. */
static int joined(og_graph *g, og_node f, og_code code) {
  static double state[2 * ENTRIES][OG_LANES_MAX], parameters[2 * ENTRIES][OG_LANES_MAX], kept[1000];
  double block[2 * ENTRIES * SIXTEEN], weights[2 * ENTRIES], out[ENTRIES * SIXTEEN], *to = out, *values[256];
  og_program *program;
  const og_program_plan plan = {
      .output_count = 1, .outputs = &f, .slot = OG_SLOT_PARAMETER, .count = 2 * ENTRIES};
  assert_true(g->count <= 256);
  assert_int_equal(og_program_create_planned(g, &plan, &program), OG_OK);
  for (int i = 0; i < 2 * ENTRIES; i++) {
    weights[i] = 0.25 * i - 0.6;
    for (int lane = 0; lane < SIXTEEN; lane++) {
      parameters[i][lane] = weights[i];
      block[i * SIXTEEN + lane] = state[i][lane] = 0.3 * i - 0.1 * lane;
    }
  }
  void *scratch = aligned_alloc(64, OG_ALIGNED(og_program_scratch_bytes(program, SIXTEEN)));
  assert_non_null(scratch);
  og_program_run_planned_d(program, SIXTEEN, (const double *[OG_SLOT_COUNT]){[OG_SLOT_STATE] = block},
                           weights, NULL, &to, NULL, scratch);
  double(*in[OG_SLOT_COUNT])[OG_LANES_MAX] = {[OG_SLOT_STATE] = state, [OG_SLOT_PARAMETER] = parameters};
  for (int i = 0; i < g->count; i++) values[i] = kept + i * ENTRIES;
  for (int lane = 0; lane < SIXTEEN; lane++) {
    node_by_node_d(g, f, lane, (const double(*const *)[OG_LANES_MAX])in, values);
    for (int e = 0; e < ENTRIES; e++) assert_true(out[e * SIXTEEN + lane] == values[f][e]);
  }
  int count = 0;
  for (int i = 0; i < program->count; i++) count += program->instructions[i].code == code;
  free(scratch);
  og_program_destroy(program);
  return count;
}

/* An activation of a sum with a bias, and a cotangent times the slope of tanh, are one pass; what only looks
 * like them is not. */
static void passes(void **state) {
  (void)state;
  const og_shape three = {ENTRIES, 1}, scalar = {1, 1};
  og_context *context = new_context();
  og_graph *g;
  assert_int_equal(og_graph_create(context, &g), OG_OK);
  og_node x = og_input(g, OG_SLOT_STATE, 0, three), y = og_input(g, OG_SLOT_STATE, ENTRIES, three),
          b = og_input(g, OG_SLOT_PARAMETER, 0, three), c = og_input(g, OG_SLOT_PARAMETER, ENTRIES, three),
          one = og_constant(g, 1), two = og_constant(g, 2), s = og_input(g, OG_SLOT_STATE, 0, scalar);
  const og_unary activations[] = {OG_TANH, OG_NEG, OG_RELU, OG_SIN, OG_SOFTPLUS};
  og_node sum = og_apply2(g, OG_ADD, x, b), other = og_apply2(g, OG_ADD, c, x);
  for (int i = 0; i < 5; i++) {
    assert_int_equal(joined(g, og_apply1(g, activations[i], sum), OG_DO_BIAS), 1);
    assert_int_equal(joined(g, og_apply1(g, activations[i], other), OG_DO_BIAS), 1);
  }
  og_node read_twice = og_apply2(g, OG_MUL, og_apply1(g, OG_TANH, sum), sum);
  assert_int_equal(joined(g, read_twice, OG_DO_BIAS), 0);
  const og_node no_bias[] = {og_apply2(g, OG_ADD, x, y), og_apply2(g, OG_ADD, b, c),
                             og_apply2(g, OG_MUL, x, b), og_apply2(g, OG_SUB, x, b),
                             og_apply2(g, OG_ADD, s, b)};
  for (int i = 0; i < 5; i++) assert_int_equal(joined(g, og_apply1(g, OG_TANH, no_bias[i]), OG_DO_BIAS), 0);

  og_node less = og_apply2(g, OG_SUB, one, y), more = og_apply2(g, OG_ADD, one, y);
  og_node slope = og_apply2(g, OG_MUL, less, more);
  assert_int_equal(joined(g, og_apply2(g, OG_MUL, x, slope), OG_DO_SLOPE), 1);
  og_node late = og_apply1(g, OG_SIN, x); /* made later, and so the second operand */
  assert_int_equal(joined(g, og_apply2(g, OG_MUL, slope, late), OG_DO_SLOPE), 1);
  const og_node no_slope[] = {og_apply2(g, OG_MUL, og_apply2(g, OG_SUB, two, y), more),
                              og_apply2(g, OG_MUL, less, og_apply2(g, OG_ADD, two, y)),
                              og_apply2(g, OG_MUL, less, og_apply2(g, OG_ADD, one, x)),
                              og_apply2(g, OG_MUL, less, og_apply2(g, OG_SUB, y, one)),
                              og_apply2(g, OG_ADD, less, more)};
  for (int i = 0; i < 5; i++)
    assert_int_equal(joined(g, og_apply2(g, OG_MUL, x, no_slope[i]), OG_DO_SLOPE), 0);
  assert_int_equal(joined(g, og_apply2(g, OG_ADD, x, slope), OG_DO_SLOPE), 0);
  assert_int_equal(joined(g, og_apply2(g, OG_MUL, s, slope), OG_DO_SLOPE), 0);
  assert_int_equal(joined(g, og_apply2(g, OG_MUL, b, slope), OG_DO_SLOPE), 0);
  og_graph_destroy(g);
  og_context_destroy(context);
}

/* Every allocation made to fail in turn: of graphs, derivatives, programs and plans. */
static og_status live(og_context *context) {
  og_graph *g = NULL;
  og_program *program = NULL;
  OG_TRY(og_graph_create(context, &g));
  og_node x = og_input(g, OG_SLOT_STATE, 0, (og_shape){3, 1}),
          p = og_input(g, OG_SLOT_PARAMETER, 0, (og_shape){3, 1}), one = og_constant(g, 1), part[2], bars[2],
          dots[2] = {og_constant_tensor(g, (og_shape){3, 1}, (double[]){1, 2, 3}), p};
  part[0] = og_apply2(g, OG_MUL, x, p), part[1] = og_apply1(g, OG_SIN, og_sum(g, x));
  og_node f = og_dot(g, og_concat(g, part, 2), og_concat(g, part, 2)), wrt[2] = {x, p},
          out[2] = {f, OG_NODE_NONE};
  og_status status = og_graph_vjp(g, 1, &f, &one, 2, wrt, bars);
  if (status == OG_OK) status = og_graph_jvp(g, 1, &f, 2, wrt, dots, &out[1]);
  og_lane_sum sum = {status == OG_OK ? bars[1] : 0, 0};
  const og_program_plan plan = {.output_count = 2, .outputs = out, .lane_sums = &sum, .lane_sum_count = 1};
  if (status == OG_OK) status = og_program_create_planned(g, &plan, &program);
  og_program_destroy(program);
  og_graph_destroy(g);
  return status;
}
static void memory(void **state) { (void)state, fail_each_allocation(live); }

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(rows_of_chains), cmocka_unit_test(runs_of_chains),
                                     cmocka_unit_test(passes), cmocka_unit_test(memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

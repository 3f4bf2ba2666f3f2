/* What programs are made for, which their numbers do not tell: rows used again, values that stay in the
 * accumulator, products that become part of sums; and their memory. */
#include "base/real.h"
#include "counting.h"
#include "graph/node.h"
#include "graph/program.h"

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
  assert_int_equal(program->segment_count, 1);
  assert_true(program->segments[0].straight);
  assert_int_equal(program->segments[0].count, count);
  for (int i = 0; i < count; i++) {
    assert_int_equal(program->straight[i].op, ops[i]);
    stores -= program->straight[i].keep != OG_STRAIGHT_DROP;
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
  og_sink sink = {status == OG_OK ? bars[1] : 0, 0};
  const og_program_plan plan = {.output_count = 2, .outputs = out, .sinks = &sink, .sink_count = 1};
  if (status == OG_OK) status = og_program_create_planned(g, &plan, &program);
  og_program_destroy(program);
  og_graph_destroy(g);
  return status;
}
static void memory(void **state) { (void)state, fail_each_allocation(live); }

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(rows_of_chains), cmocka_unit_test(runs_of_chains),
                                     cmocka_unit_test(memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Simpler equals, which nodes become as they are made (build.c, simplify.c): which they are. That they are
 * equal is tested with random graphs. */
#include "counting.h"
#include "graph/node.h"

/* What is made of an operation with a number that it does nothing with, or with a sign that can be moved; of
 * scalars and vectors, and of the graph's first node, whose number is 0. */
static void rules(void **state) {
  (void)state;
  og_context *context = new_context();
  og_graph *g;
  assert_int_equal(og_graph_create(context, &g), OG_OK);
  const og_shape scalar = {1, 1}, three = {3, 1};
  og_node both[2] = {og_input(g, OG_SLOT_STATE, 0, scalar), og_input(g, OG_SLOT_STATE, 0, three)};
  for (int i = 0; i < 4; i++) {
    og_node x = both[i % 2], y = i < 2 ? og_input(g, OG_SLOT_STATE, 4, i % 2 ? three : scalar) : both[0],
            minus_x = og_apply1(g, OG_NEG, x), minus_y = og_apply1(g, OG_NEG, y);
    og_node n[5]; /* -1 to 3 */
    for (int k = 0; k < 5; k++) n[k] = og_constant(g, k - 1);
    assert_int_equal(og_apply2(g, OG_ADD, n[1], x), x);
    assert_int_equal(og_apply2(g, OG_ADD, x, n[1]), x);
    assert_int_equal(og_apply2(g, OG_ADD, minus_y, x), og_apply2(g, OG_SUB, x, y));
    assert_int_equal(og_apply2(g, OG_ADD, x, minus_y), og_apply2(g, OG_SUB, x, y));
    assert_int_equal(og_apply2(g, OG_ADD, minus_x, y), og_apply2(g, OG_SUB, y, x));
    assert_int_equal(og_apply2(g, OG_ADD, x, x), og_apply2(g, OG_MUL, n[3], x));
    assert_int_equal(og_apply2(g, OG_SUB, n[1], x), minus_x);
    assert_int_equal(og_apply2(g, OG_SUB, x, n[1]), x);
    assert_int_equal(og_apply2(g, OG_SUB, x, minus_y), og_apply2(g, OG_ADD, x, y));
    assert_int_equal(og_apply2(g, OG_SUB, y, minus_x), og_apply2(g, OG_ADD, y, x));
    assert_int_equal(og_apply1(g, OG_NEG, og_apply2(g, OG_SUB, x, y)), og_apply2(g, OG_SUB, y, x));
    assert_int_equal(og_apply1(g, OG_NEG, minus_x), x);
    for (int op = OG_MUL; op <= OG_MUL0; op += OG_MUL0 - OG_MUL) {
      og_node product = og_binary_node(g, op, x, y);
      assert_int_equal(og_binary_node(g, op, n[2], x), x);
      assert_int_equal(og_binary_node(g, op, x, n[2]), x);
      assert_int_equal(og_binary_node(g, op, n[0], x), minus_x);
      assert_int_equal(og_binary_node(g, op, x, n[0]), minus_x);
      assert_true(og_is_value(g, og_binary_node(g, op, n[1], x), 0));
      assert_true(og_is_value(g, og_binary_node(g, op, x, n[1]), 0));
      assert_int_equal(og_binary_node(g, op, minus_x, y), og_apply1(g, OG_NEG, product));
      assert_int_equal(og_binary_node(g, op, x, minus_y), og_apply1(g, OG_NEG, product));
      assert_int_equal(og_binary_node(g, op, minus_x, minus_y), product);
    }
    assert_int_equal(og_apply2(g, OG_DIV, x, n[2]), x);
    assert_int_equal(og_apply2(g, OG_DIV, x, n[0]), minus_x);
    assert_true(og_is_value(g, og_apply2(g, OG_DIV, n[1], x), 0));
    assert_false(og_is_value(g, og_apply2(g, OG_DIV, n[1], n[1]), 0));
    assert_int_equal(og_apply2(g, OG_DIV, minus_x, y), og_apply1(g, OG_NEG, og_apply2(g, OG_DIV, x, y)));
    assert_int_equal(og_apply2(g, OG_DIV, x, minus_y), og_apply1(g, OG_NEG, og_apply2(g, OG_DIV, x, y)));
    og_node square = og_apply2(g, OG_MUL, x, x);
    assert_true(og_is_value(g, og_apply2(g, OG_POW, x, n[1]), 1));
    assert_int_equal(og_apply2(g, OG_POW, x, n[2]), x);
    assert_int_equal(og_apply2(g, OG_POW, x, n[3]), square);
    assert_int_equal(og_apply2(g, OG_POW, x, n[4]), og_apply2(g, OG_MUL, square, x));
    assert_int_equal(og_apply2(g, OG_POW, x, og_constant(g, 0.5)), og_apply1(g, OG_SQRT, x));
    assert_int_equal(og_apply2(g, OG_POW, x, n[0]), og_apply2(g, OG_DIV, n[2], x));
  }
  /* a number among vectors is spread, and what is given that is a number alone */
  og_node ones = og_uniform(g, three, 1), spread = og_broadcast(g, both[0], three);
  assert_int_equal(og_apply2(g, OG_MUL, both[0], ones), spread);
  assert_int_equal(og_apply2(g, OG_ADD, og_uniform(g, three, 0), both[0]), spread);
  assert_int_equal(og_apply2(g, OG_SUB, both[0], og_uniform(g, three, 0)), spread);
  assert_int_equal(og_apply2(g, OG_DIV, both[0], ones), spread);
  assert_int_equal(og_apply2(g, OG_POW, both[0], ones), spread);
  assert_int_equal(og_sum(g, spread), og_apply2(g, OG_MUL, og_constant(g, 3), both[0]));
  assert_int_equal(og_dot(g, ones, both[1]), og_sum(g, both[1]));
  assert_int_equal(og_dot(g, both[1], ones), og_sum(g, both[1]));
  assert_true(og_is_value(g, og_dot(g, og_uniform(g, three, 0), both[1]), 0));
  og_graph_destroy(g);
  og_context_destroy(context);
}

/* Numbers that are spread over vectors are seen as what they are; slices of lists as slices of their parts,
 * where they lie within one. */
static void structure(void **state) {
  (void)state;
  og_context *context = new_context();
  og_graph *g;
  assert_int_equal(og_graph_create(context, &g), OG_OK);
  const og_shape scalar = {1, 1}, two = {2, 1}, three = {3, 1};
  og_node s = og_input(g, OG_SLOT_TIME, 0, scalar), x = og_input(g, OG_SLOT_STATE, 0, scalar),
          y = og_input(g, OG_SLOT_STATE, 1, scalar), v = og_input(g, OG_SLOT_STATE, 2, three);
  for (int op = 0; op < OG_BINARY_ALL; op++) {
    og_node wide_x = og_broadcast(g, x, three), wide_y = og_broadcast(g, y, three);
    assert_int_equal(og_binary_node(g, op, wide_x, v), og_binary_node(g, op, x, v));
    assert_int_equal(og_binary_node(g, op, v, wide_x), og_binary_node(g, op, v, x));
    assert_int_equal(og_binary_node(g, op, wide_x, wide_y),
                     og_broadcast(g, og_binary_node(g, op, x, y), three));
  }
  const og_shape square = {3, 3};
  og_node zeros = og_uniform(g, three, 0), no_matrix = og_uniform(g, square, 0),
          matrix = og_input(g, OG_SLOT_PARAMETER, 0, square);
  assert_true(og_is_value(g, og_sum(g, zeros), 0) && og_is_value(g, og_dot(g, zeros, v), 0));
  assert_true(og_is_value(g, og_matvec(g, no_matrix, v), 0) &&
              og_is_value(g, og_matvec(g, matrix, zeros), 0));
  assert_true(og_is_value(g, og_outer(g, zeros, v), 0) && og_is_value(g, og_outer(g, v, zeros), 0));
  assert_true(og_is_value(g, og_pad(g, zeros, 1, 5), 0) &&
              og_is_value(g, og_broadcast(g, og_constant(g, 4), three), 4));
  assert_true(og_is_value(g, og_constant_tensor(g, three, (double[]){7, 7, 7}), 7));
  assert_false(og_is_value(g, og_constant_tensor(g, three, (double[]){7, 7, 1}), 7));
  assert_false(og_is_value(g, og_constant_tensor(g, three, (double[]){7, 1, 1}), 7));
  og_node list = og_concat(g, (og_node[]){og_apply1(g, OG_SIN, v), x, s}, 3);
  assert_int_equal(og_slice(g, list, 1, 2), og_slice(g, og_apply1(g, OG_SIN, v), 1, 2));
  assert_int_equal(og_slice(g, list, 0, 3), og_apply1(g, OG_SIN, v));
  assert_int_equal(og_slice(g, list, 3, 1), x);
  assert_int_equal(og_slice(g, list, 4, 1), s);
  assert_int_equal(og_slice(g, list, 0, 5), list);
  og_node across = og_slice(g, list, 2, 2);
  assert_true(across >= 0);
  assert_int_equal(g->nodes[across].kind, OG_SLICE);
  assert_true(og_same_shape(og_graph_shape(g, across), two));
  assert_int_equal(og_slice(g, og_slice(g, list, 1, 4), 1, 2), across);
  og_graph_destroy(g);
  og_context_destroy(context);
}

static int is_kind(const og_graph *g, og_node node, og_kind kind) { return g->nodes[node].kind == kind; }

/* A take that is something simpler becomes that. */
static void takes(void **state) {
  (void)state;
  og_context *context = new_context();
  og_graph *g;
  assert_int_equal(og_graph_create(context, &g), OG_OK);
  const og_shape six = {6, 1}, three = {3, 1}, table = {2, 3};
  og_node in = og_input(g, OG_SLOT_STATE, 4, six), x = og_apply1(g, OG_SIN, in);
  assert_int_equal(og_take_entries(g, in, three, (int[]){2, 3, 4}), og_input(g, OG_SLOT_STATE, 6, three));
  assert_int_equal(og_take_entries(g, x, table, (int[]){0, 1, 2, 3, 4, 5}), og_reshape(g, x, table));
  assert_int_equal(og_take_entries(g, x, three, (int[]){1, 1, 1}),
                   og_broadcast(g, og_slice(g, x, 1, 1), three));
  og_node values = og_constant_tensor(g, three, (double[]){5, 6, 7});
  assert_int_equal(og_take_entries(g, values, three, (int[]){2, 2, 0}),
                   og_constant_tensor(g, three, (double[]){7, 7, 5}));
  assert_int_equal(og_take_entries(g, og_uniform(g, six, 9), three, (int[]){5, 2, 3}),
                   og_uniform(g, three, 9));
  og_node turned = og_take_entries(g, og_reshape(g, x, table), (og_shape){3, 2}, (int[]){0, 3, 1, 4, 2, 5});
  assert_true(is_kind(g, turned, OG_TAKE));
  assert_int_equal(g->nodes[turned].operands[0], x);
  assert_int_equal(og_take_entries(g, turned, table, (int[]){0, 2, 4, 1, 3, 5}), og_reshape(g, x, table));
  assert_int_equal(og_take_transposed(g, og_slice(g, x, 0, 3), six, (int[]){1, 2, 3}),
                   og_pad(g, og_slice(g, x, 0, 3), 1, 6));
  assert_int_equal(og_take_transposed(g, x, (og_shape){1, 1}, (int[6]){0}), og_sum(g, x));
  assert_true(is_kind(g, og_take_transposed(g, x, three, (int[]){0, 1, 2, 0, 1, 2}), OG_TAKE_T));
  assert_int_equal(og_take_entries(g, x, three, (int[]){0, 1, 6}), OG_NODE_NONE);
  assert_contains(og_context_message(context), "entry 6 is not among 6");
  og_graph_destroy(g);
  og_context_destroy(context);
}

/* What is made of nothing is nothing, and no error of its own. */
static void of_nothing(void **state) {
  (void)state;
  og_context *context = new_context();
  og_graph *g;
  assert_int_equal(og_graph_create(context, &g), OG_OK);
  og_node none = OG_NODE_NONE, x = og_input(g, OG_SLOT_STATE, 0, (og_shape){3, 1}), one = og_constant(g, 1);
  assert_int_equal(og_apply1(g, OG_SIN, none), none);
  assert_int_equal(og_apply2(g, OG_ADD, none, x), none);
  assert_int_equal(og_apply2(g, OG_ADD, x, none), none);
  assert_int_equal(og_where(g, none, x, x), none);
  assert_int_equal(og_where(g, x, none, x), none);
  assert_int_equal(og_where(g, x, x, none), none);
  assert_int_equal(og_slice(g, none, 0, 1), none);
  assert_int_equal(og_concat(g, (og_node[]){x, none}, 2), none);
  assert_int_equal(og_reshape(g, none, (og_shape){1, 3}), none);
  assert_int_equal(og_broadcast(g, none, (og_shape){1, 3}), none);
  assert_int_equal(og_pad(g, none, 0, 3), none);
  assert_int_equal(og_sum(g, none), none);
  assert_int_equal(og_dot(g, none, x), none);
  assert_int_equal(og_dot(g, x, none), none);
  assert_int_equal(og_matvec(g, none, x), none);
  assert_int_equal(og_matvec_transposed(g, x, none), none);
  assert_int_equal(og_outer(g, none, x), none);
  assert_int_equal(og_with_slopes(g, none, 1, &x, &one), none);
  assert_int_equal(og_with_slopes(g, x, 1, &none, &one), none);
  assert_int_equal(og_with_slopes(g, x, 1, &x, &none), none);
  assert_int_equal(og_graph_status(g), OG_OK);
  og_graph_destroy(g);
  og_context_destroy(context);
}

/* 2^28 entries are the most. */
static void too_many_entries(void **state) {
  (void)state;
  for (int which = 0; which < 3; which++) {
    og_context *context = new_context();
    og_graph *g;
    assert_int_equal(og_graph_create(context, &g), OG_OK);
    const og_shape most = {1 << 28, 1}, long_side = {1 << 15, 1};
    og_node all = og_input(g, OG_SLOT_STATE, 0, most), side = og_input(g, OG_SLOT_STATE, 0, long_side);
    assert_true(all >= 0 && side >= 0);
    og_node made = which == 0   ? og_concat(g, (og_node[]){side, all}, 2)
                   : which == 1 ? og_outer(g, side, side)
                                : og_input(g, OG_SLOT_STATE, 0, (og_shape){(1 << 28) + 1, 1});
    assert_int_equal(made, OG_NODE_NONE);
    assert_int_equal(og_graph_status(g), OG_ERR_SHAPE);
    assert_contains(og_context_message(context), "2^28");
    og_graph_destroy(g);
    og_context_destroy(context);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(rules), cmocka_unit_test(structure),
                                     cmocka_unit_test(takes), cmocka_unit_test(of_nothing),
                                     cmocka_unit_test(too_many_entries)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

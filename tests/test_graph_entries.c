/* What graphs say of their nodes' entries: which ones are entries of a slot as they are, against what the
 * nodes are when each entry of each slot has a value of its own; and tangents that are made before the graph
 * is. */
#include "counting.h"
#include "fields.h"
#include "graph/node.h"
#include "program/program.h"

enum { ENTRIES = 6, NODES = 40, TRIALS = 60, SLOTS = 3 };
static const int slots[SLOTS] = {OG_SLOT_STATE, OG_SLOT_PARAMETER, OG_SLOT_DATA};

static int draw(uint64_t *seed, int count) {
  int k = (int)((noise(seed) + 1) / 2 * count);
  return k < count ? k : count - 1;
}

/* Another way to show entries of a node, in any order and number, or something that is no entry. */
static og_node shown(og_graph *g, og_node a, og_node other, uint64_t *seed) {
  int entries = og_entries(og_graph_shape(g, a)), index[ENTRIES], rows = 1 + draw(seed, ENTRIES);
  for (int i = 0; i < rows; i++) index[i] = draw(seed, entries);
  switch (draw(seed, 9)) {
  case 0: return og_slice(g, a, index[0], 1 + draw(seed, entries - index[0]));
  case 1: return og_reshape(g, a, (og_shape){entries, 1});
  case 2: return og_reshape(g, a, (og_shape){1, entries});
  case 3: return entries == 1 ? og_broadcast(g, a, (og_shape){rows, 1}) : a;
  case 4:
  case 5: return og_take_entries(g, a, (og_shape){rows, 1}, index);
  case 6: return og_apply1(g, OG_EXP, og_apply1(g, OG_LOG, a));
  case 7: return og_apply1(g, draw(seed, 2) ? OG_EXP : OG_SIN, a);
  default: {
    og_node parts[2] = {og_reshape(g, a, (og_shape){entries, 1}),
                        og_reshape(g, other, (og_shape){og_entries(og_graph_shape(g, other)), 1})};
    return entries + og_entries(og_graph_shape(g, other)) <= ENTRIES ? og_concat(g, parts, 2) : other;
  }
  }
}

static void evaluate(og_context *context, const og_graph *g, og_node node, const double *const *inputs,
                     double *out) {
  og_program *program = NULL;
  CHECK(context, og_program_create(g, 1, &node, &program));
  void *scratch = og_alloc(context, 1, og_program_scratch_bytes(program, 1));
  og_program_run_d(program, 1, inputs, &out, scratch);
  og_free(context, scratch);
  og_program_destroy(program);
}

/* Values of the slots are whole numbers, each another one, and nothing that is made of them is one of them
 * but what is an entry; exp(log(.)) gives them back up to rounding. */
static double value_in(int slot, int offset) { return 100 * (slot + 1) + offset; }

static void check_entries(og_context *context, const og_graph *g, og_node node, const double *const *inputs,
                          int found[2]) {
  double out[64];
  evaluate(context, g, node, inputs, out);
  for (int e = 0; e < og_entries(og_graph_shape(g, node)); e++)
    for (int s = 0; s < SLOTS; s++) {
      int offset = og_graph_entry_of_slot(g, node, e, slots[s]), is = 0;
      for (int i = 0; i < ENTRIES; i++)
        if (fabs(out[e] - value_in(slots[s], i)) < 1e-9) is = 1 + i;
      if (offset != is - 1)
        fail_msg("entry %d is entry %d of slot %d, and not %d: %g", e, is - 1, slots[s], offset, out[e]);
      found[is > 0]++;
    }
}

static void entries_of_slots(void **state) {
  (void)state;
  double rows[OG_SLOT_COUNT][ENTRIES];
  const double *inputs[OG_SLOT_COUNT];
  uint64_t seed = 5;
  int found[2] = {0};
  for (int slot = 0; slot < OG_SLOT_COUNT; slot++) {
    for (int i = 0; i < ENTRIES; i++) rows[slot][i] = value_in(slot, i);
    inputs[slot] = rows[slot];
  }
  for (int trial = 0; trial < TRIALS; trial++) {
    og_context *context = new_context();
    og_graph *g;
    og_node made[NODES];
    assert_int_equal(og_graph_create(context, &g), OG_OK);
    for (int s = 0; s < SLOTS; s++) {
      int from = draw(&seed, ENTRIES - 1);
      made[s] = og_input(g, slots[(s + trial) % SLOTS], from, (og_shape){1 + draw(&seed, ENTRIES - from), 1});
    }
    for (int k = SLOTS; k < NODES; k++) {
      og_node a = made[draw(&seed, k)], b = made[draw(&seed, k)];
      made[k] = shown(g, a, b, &seed);
      assert_true(made[k] >= 0);
    }
    for (int k = 0; k < NODES; k++) check_entries(context, g, made[k], inputs, found);
    og_graph_destroy(g);
    og_context_destroy(context);
  }
  assert_true(found[1] > 1000 && found[0] > 1000);
  assert_int_equal(og_graph_entry_of_slot(NULL, OG_NODE_NONE, 0, OG_SLOT_STATE), -1);
}

/* ---- Tangents ---- */

/* f of x, and its tangent along a direction that is the graph's first node, whose number is 0. */
static og_node function_of(og_graph *g, int which, og_node x, og_node y) {
  int back[3] = {2, 0, 0};
  switch (which) {
  case 0: return og_where(g, og_apply2(g, OG_LT, y, x), x, y);
  case 1: return og_where(g, og_apply2(g, OG_LT, x, y), y, x);
  case 2: return og_slice(g, x, 1, 2);
  case 3: return og_pad(g, x, 1, 5);
  case 4: return og_take_entries(g, x, (og_shape){3, 1}, back);
  case 5: return og_take_transposed(g, x, (og_shape){4, 1}, back);
  case 6: return og_sum(g, x);
  case 7: return og_reshape(g, x, (og_shape){1, 3});
  case 8: return og_concat(g, (og_node[]){x, y}, 2);
  case 9: return og_apply2(g, OG_MUL, x, y);
  case 10: return og_dot(g, x, y);
  case 11: return og_outer(g, y, x);
  default: return x;
  }
}
enum { FUNCTIONS = 13 };

/* All of them are linear in x, or made of parts of x: the tangent is the function of x + dot less that of x,
 * as long as the choice stays, with small whole numbers without rounding. */
static void tangents_may_be_the_first_node(void **state) {
  (void)state;
  static const double x0[] = {3, -2, 7}, y0[] = {1, 5, 2}, dot0[] = {0.5, 0.25, -0.125};
  double moved[3];
  for (int i = 0; i < 3; i++) moved[i] = x0[i] + dot0[i];
  for (int which = 0; which < FUNCTIONS; which++) {
    og_context *context = new_context();
    og_graph *g;
    double tangent[16], f[16], f_moved[16];
    assert_int_equal(og_graph_create(context, &g), OG_OK);
    og_node dot = og_input(g, OG_SLOT_STATE_DOT, 0, (og_shape){3, 1}),
            x = og_input(g, OG_SLOT_STATE, 0, (og_shape){3, 1}),
            y = og_input(g, OG_SLOT_DATA, 0, (og_shape){3, 1}), out = function_of(g, which, x, y), out_dot;
    assert_int_equal(dot, 0);
    assert_int_equal(og_graph_jvp(g, 1, &out, 1, &x, &dot, &out_dot), OG_OK);
    const double *at[OG_SLOT_COUNT] = {[OG_SLOT_STATE] = x0, [OG_SLOT_DATA] = y0, [OG_SLOT_STATE_DOT] = dot0};
    evaluate(context, g, out, at, f);
    evaluate(context, g, out_dot, at, tangent);
    at[OG_SLOT_STATE] = moved;
    evaluate(context, g, out, at, f_moved);
    for (int e = 0; e < og_entries(og_graph_shape(g, out)); e++)
      if (tangent[e] != f_moved[e] - f[e])
        fail_msg("entry %d of function %d: %g, not %g", e, which, tangent[e], f_moved[e] - f[e]);
    og_graph_destroy(g);
    og_context_destroy(context);
  }
}

/* A tangent of another shape than its input is refused, whichever it is, and named by its number. */
static void tangents_have_their_input_s_shape(void **state) {
  (void)state;
  for (int wrong = 0; wrong < 3; wrong++) {
    og_context *context = new_context();
    og_graph *g;
    og_node wrt[3], dots[3], sum = OG_NODE_NONE, out_dot;
    char expected[60];
    assert_int_equal(og_graph_create(context, &g), OG_OK);
    for (int i = 0; i < 3; i++) {
      wrt[i] = og_input(g, OG_SLOT_STATE, 3 * i, (og_shape){3, 1});
      dots[i] = og_uniform(g, (og_shape){i == wrong ? 2 : 3, 1}, 1);
      sum = i ? og_apply2(g, OG_ADD, sum, wrt[i]) : wrt[i];
    }
    assert_int_equal(og_graph_jvp(g, 1, &sum, 3, wrt, dots, &out_dot), OG_ERR_SHAPE);
    snprintf(expected, sizeof expected, "the tangent of input %d is 2 x 1, the input 3 x 1", wrong);
    assert_non_null(strstr(og_context_message(context), expected));
    og_graph_destroy(g);
    og_context_destroy(context);
  }
}

/* ---- What cannot be ---- */

static void nothing_of_nothing(void **state) {
  (void)state;
  og_context *context = new_context();
  og_graph *g;
  const int index[2] = {0, 1};
  assert_int_equal(og_graph_create(context, &g), OG_OK);
  og_node x = og_input(g, OG_SLOT_STATE, 0, (og_shape){3, 1});
  assert_int_equal(og_take_entries(g, OG_NODE_NONE, (og_shape){2, 1}, index), OG_NODE_NONE);
  assert_int_equal(og_graph_status(g), OG_OK);
  assert_int_equal(og_take_entries(g, x, (og_shape){2, 0}, index), OG_NODE_NONE);
  assert_int_not_equal(og_graph_status(g), OG_OK);
  og_graph_destroy(g);
  og_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(entries_of_slots),
      cmocka_unit_test(tangents_may_be_the_first_node),
      cmocka_unit_test(tangents_have_their_input_s_shape),
      cmocka_unit_test(nothing_of_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Programs of random graphs, with all derivatives, against evaluation node by node: the same bits, whatever
 * the number of lanes, in both precisions, interpreted and compiled; and what plans have of their own. */
#include <stdio.h>

#include "codegen/compile.h"
#include "codegen/emit.h"
#include "node_by_node.h"
#include "recipe_derivatives.h"

NODE_BY_NODE(double, d)
NODE_BY_NODE(float, s)

enum { RECIPES = 200, COMPILED = 5, PLANS = 200 };
static const int lane_counts[] = {1, 16, 32, 48, 64};
enum { LANE_COUNTS = sizeof lane_counts / sizeof *lane_counts };

static void *aligned(size_t bytes) {
  void *memory = aligned_alloc(64, (bytes + 64) / 64 * 64);
  assert_non_null(memory);
  memset(memory, 0xA5, bytes);
  return memory;
}

/* ---- The truth: every node's entries in every lane ---- */
#define TRUTH(X, S)                                                                                          \
  typedef struct truth_##S {                                                                                 \
    const og_graph *graph;                                                                                   \
    X (*in[OG_SLOT_COUNT])[LANES];                                                                           \
    X *numbers; /* [entries of all nodes][LANES] */                                                          \
    size_t *first;                                                                                           \
  } truth_##S;                                                                                               \
  static truth_##S find_truth_##S(recipe *r) {                                                               \
    const og_graph *g = r->graph;                                                                            \
    truth_##S t = {.graph = g, .first = calloc((size_t)g->count + 1, sizeof(size_t))};                       \
    X **values = calloc((size_t)g->count, sizeof *values);                                                   \
    assert_true(t.first &&values);                                                                           \
    for (int i = 0; i < g->count; i++) t.first[i + 1] = t.first[i] + (size_t)og_entries(g->nodes[i].shape);  \
    t.numbers = aligned(t.first[g->count] * LANES * sizeof(X));                                              \
    X *lane_numbers = aligned(t.first[g->count] * sizeof(X));                                                \
    for (int i = 0; i < g->count; i++) values[i] = lane_numbers + t.first[i];                                \
    for (int slot = 0; slot < OG_SLOT_COUNT; slot++) {                                                       \
      t.in[slot] = aligned(BARS * sizeof *t.in[slot]);                                                       \
      for (int row = 0; row < BARS; row++)                                                                   \
        for (int i = 0; i < LANES; i++) t.in[slot][row][i] = (X)r->in[slot][row][i];                         \
    }                                                                                                        \
    for (int lane = 0; lane < LANES; lane++) {                                                               \
      node_by_node_##S(g, g->count - 1, lane, (const X(*const *)[OG_LANES_MAX])t.in, values);                \
      for (size_t i = 0; i < t.first[g->count]; i++) t.numbers[i * LANES + (size_t)lane] = lane_numbers[i];  \
    }                                                                                                        \
    free(values), free(lane_numbers);                                                                        \
    return t;                                                                                                \
  }                                                                                                          \
  static void release_truth_##S(truth_##S *t) {                                                              \
    for (int slot = 0; slot < OG_SLOT_COUNT; slot++) free(t->in[slot]);                                      \
    free(t->numbers), free(t->first);                                                                        \
  }                                                                                                          \
  /* The lanes [first, first + lanes) of rows of LANES as a block of their own. */                           \
  static X *block_##S(const X *rows, int count, int first, int lanes) {                                      \
    X *block = aligned((size_t)(count ? count : 1) * (size_t)lanes * sizeof(X));                             \
    for (int i = 0; i < count; i++)                                                                          \
      memcpy(block + i * lanes, rows + i * LANES + first, (size_t)lanes * sizeof(X));                        \
    return block;                                                                                            \
  }                                                                                                          \
  /* What stands in an output that is added to. */                                                           \
  static X before_##S(int i) { return (X)(0.375 * (i % 17) - 2); }                                           \
  /* Which NaN comes out of two is the compiler's choice: any equals any. */                                 \
  static void same_##S(const truth_##S *t, og_node node, int first, int lanes, const X *got, int added,      \
                       const char *what) {                                                                   \
    const X *want = t->numbers + t->first[node] * LANES;                                                     \
    for (int e = 0; e < og_entries(t->graph->nodes[node].shape); e++)                                        \
      for (int i = 0; i < lanes; i++) {                                                                      \
        const X *a = &got[e * lanes + i], number = want[e * LANES + first + i];                              \
        const X sum = before_##S(e * lanes + i) + number, *b = added ? &sum : &number;                       \
        if (!(*a != *a && *b != *b) && memcmp(a, b, sizeof *a))                                              \
          fail_msg("%s: lane %d of %d from %d on, node %d, entry %d: %.17g, not %.17g", what, i, lanes,      \
                   first, node, e, (double)*a, (double)*b);                                                  \
      }                                                                                                      \
  }                                                                                                          \
  static void run_##S(const og_program *p, const truth_##S *t, int count, const og_node *outputs, int first, \
                      int lanes, int unwanted, int added, const char *what) {                                \
    const X *inputs[OG_SLOT_COUNT];                                                                          \
    X *out[ALL_MOST];                                                                                        \
    for (int slot = 0; slot < OG_SLOT_COUNT; slot++)                                                         \
      inputs[slot] = block_##S(t->in[slot][0], recipe_slot_rows[slot], first, lanes);                        \
    for (int i = 0; i < count; i++)                                                                          \
      out[i] =                                                                                               \
          i % 5 == unwanted                                                                                  \
              ? NULL                                                                                         \
              : aligned((size_t)og_entries(t->graph->nodes[outputs[i]].shape) * (size_t)lanes * sizeof(X));  \
    for (int i = 0; added >= 0 && i < og_entries(t->graph->nodes[outputs[added]].shape) * lanes; i++)        \
      out[added][i] = before_##S(i);                                                                         \
    void *scratch = aligned(og_program_scratch_bytes(p, lanes));                                             \
    og_program_run_##S(p, lanes, inputs, out, scratch);                                                      \
    for (int i = 0; i < count; i++)                                                                          \
      if (out[i]) same_##S(t, outputs[i], first, lanes, out[i], i == added, what);                           \
    for (int slot = 0; slot < OG_SLOT_COUNT; slot++) free((void *)inputs[slot]);                             \
    for (int i = 0; i < count; i++) free(out[i]);                                                            \
    free(scratch);                                                                                           \
  }                                                                                                          \
  /* Every block of lanes that there is; all of the single ones would take long. What is interpreted adds to \
   * output `added` with one lane or all of them alone. */                                                   \
  static void run_lanes_##S(const og_program *p, const truth_##S *t, int count, const og_node *outputs,      \
                            int added, const char *what) {                                                   \
    int some = added >= 0 && !p->compiled_##S ? LANE_COUNTS - 1 : 1;                                         \
    for (int k = 0; k < LANE_COUNTS; k += some)                                                              \
      for (int first = 0; first + lane_counts[k] <= LANES; first += lane_counts[k] == 1 ? 7 : 16)            \
        run_##S(p, t, count, outputs, first, lane_counts[k], first % 3 || added >= 0 ? -1 : 4, added, what); \
  }
TRUTH(double, d)
TRUTH(float, s)

/* ---- Programs ---- */

typedef struct drawn {
  og_context *context;
  og_graph *graph;
  recipe *recipe;
  derivatives d;
  og_node all[ALL_MOST];
  int count;
} drawn;

static drawn draw(recipe_about about) {
  drawn w = {.context = new_context()};
  assert_int_equal(og_graph_create(w.context, &w.graph), OG_OK);
  w.recipe = new_recipe(w.graph, about);
  w.d = derive(w.recipe);
  w.count = all_of(&w.d, w.all);
  return w;
}

static void release(drawn *w) {
  free(w->recipe);
  og_graph_destroy(w->graph);
  og_context_destroy(w->context);
}

/* What is asked for decides how rows are used again: the outputs alone, with some derivatives, all. */
enum { CHOICES = 4 };
static int choose(const drawn *w, int choice, og_node out[ALL_MOST]) {
  int n = w->d.count, from = choice == 1 ? n : choice == 2 ? 3 * n : 0;
  int to = choice == 0 ? n : choice == 1 ? 2 * n : choice == 2 ? 3 * n + WRT : w->count;
  memcpy(out, w->all + from, (size_t)(to - from) * sizeof *out);
  return to - from;
}

static og_program *program_of(const og_graph *g, int count, const og_node *outputs) {
  og_program *program;
  if (og_program_create(g, count, outputs, &program) != OG_OK) fail_msg("%s", og_context_message(g->context));
  return program;
}

static void interpreted(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= RECIPES; seed++) {
    drawn w = draw((recipe_about){.seed = seed, .exact = seed % 3 == 0, .steps = 16 + (int)seed % 20});
    truth_d d = find_truth_d(w.recipe);
    truth_s s = find_truth_s(w.recipe);
    for (int choice = 0; choice < CHOICES; choice++) {
      og_node outputs[ALL_MOST];
      int count = choose(&w, choice, outputs);
      og_program *program = program_of(w.graph, count, outputs);
      char what[64];
      snprintf(what, sizeof what, "recipe %d, choice %d", (int)seed, choice);
      run_lanes_d(program, &d, count, outputs, -1, what);
      run_lanes_s(program, &s, count, outputs, -1, what);
      og_program_destroy(program);
    }
    release_truth_d(&d), release_truth_s(&s);
    release(&w);
  }
}

/* The first output that the program can add to; -1: none. */
static int add_to_any(og_program *program, int count) {
  for (int output = 0; output < count; output++)
    if (og_program_add_to(program, output)) return output;
  return -1;
}

/* Outputs that are stored in runs of plain arithmetic can be added to, others not. */
static void adding(void **state) {
  int added = 0, refused = 0;
  (void)state;
  for (uint64_t seed = 1; seed <= RECIPES / 2; seed++) {
    drawn w = draw((recipe_about){.seed = 3000 + seed, .steps = 20});
    truth_d d = find_truth_d(w.recipe);
    truth_s s = find_truth_s(w.recipe);
    og_node outputs[ALL_MOST];
    int count = choose(&w, (int)seed % CHOICES, outputs);
    for (int output = 0; output < count; output++) {
      og_program *program = program_of(w.graph, count, outputs);
      int can = og_program_add_to(program, output);
      char what[64];
      snprintf(what, sizeof what, "recipe %d, output %d of %d", (int)seed, output, count);
      run_lanes_d(program, &d, count, outputs, can ? output : -1, what);
      run_lanes_s(program, &s, count, outputs, can ? output : -1, what);
      added += can, refused += !can;
      og_program_destroy(program);
    }
    release_truth_d(&d), release_truth_s(&s);
    release(&w);
  }
  assert_true(added > RECIPES && refused > RECIPES);
}

/* All programs of the recipes in one text, since a run of the compiler takes long. */
static void compiled_in(int single) {
  static drawn drawn_all[COMPILED];
  og_program *programs[COMPILED][2];
  og_node outputs[COMPILED][2][ALL_MOST];
  int counts[COMPILED][2], added[COMPILED][2];
  char name[32];
  og_context *context = new_context();
  og_text text = {.context = context};
  void *library;
  og_emit_prelude(&text);
  for (int i = 0; i < COMPILED; i++) {
    drawn_all[i] = draw((recipe_about){.seed = 1000 + (uint64_t)i, .steps = 10});
    for (int k = 0; k < 2; k++) { /* values and cotangents */
      counts[i][k] = choose(&drawn_all[i], 2 * k, outputs[i][k]);
      programs[i][k] = program_of(drawn_all[i].graph, counts[i][k], outputs[i][k]);
      added[i][k] = k ? add_to_any(programs[i][k], counts[i][k]) : -1;
      snprintf(name, sizeof name, "program_%d_%d", i, k);
      og_emitted_part part = {.name = name, .program = programs[i][k]};
      assert_int_equal(og_emit_program(&text, &part), OG_OK);
    }
  }
  if (og_compile(context, &text, single, &library) != OG_OK) fail_msg("%s", og_context_message(context));
  for (int i = 0; i < COMPILED; i++) {
    truth_d d = find_truth_d(drawn_all[i].recipe);
    truth_s s = find_truth_s(drawn_all[i].recipe);
    for (int k = 0; k < 2; k++) {
      og_program *p = programs[i][k];
      snprintf(name, sizeof name, "program_%d_%d", i, k);
      void *address = og_library_find(library, name);
      assert_non_null(address);
      memcpy(single ? (void *)&p->compiled_s : (void *)&p->compiled_d, &address, sizeof address);
      if (single)
        run_lanes_s(p, &s, counts[i][k], outputs[i][k], added[i][k], name);
      else
        run_lanes_d(p, &d, counts[i][k], outputs[i][k], added[i][k], name);
      og_program_destroy(p);
    }
    release_truth_d(&d), release_truth_s(&s);
    release(&drawn_all[i]);
  }
  og_library_close(library);
  og_free(context, text.text);
  og_context_destroy(context);
}
static void compiled_double(void **state) { (void)state, compiled_in(0); }
static void compiled_single(void **state) { (void)state, compiled_in(1); }

/* ---- Plans: uniform entries, values that are given, sums over lanes ---- */

enum { GIVEN_MOST = 12, LANE_SUMS = 4 };
typedef struct planned {
  og_program_plan plan;
  og_node given[GIVEN_MOST];
  og_lane_sum lane_sums[LANE_SUMS];
  int sums;
} planned;

/* The uniform entries are whole inputs: all of the parameters, or some in the middle. */
static const int uniform[][2] = {{0, PARAMETERS}, {4, 9}, {1, 12}, {13, 6}, {0, 4}};

/* Nodes in the middle of what the outputs are made of. */
static void choose_given(const drawn *w, planned *p) {
  og_rng *rng = &w->recipe->rng;
  for (int i = 0; i < w->graph->count && p->plan.given_count < GIVEN_MOST; i++) {
    og_kind kind = w->graph->nodes[i].kind;
    if (kind == OG_CONSTANT || kind == OG_INPUT || og_is_view(kind) || og_rng_next(rng) % 16) continue;
    p->given[p->plan.given_count++] = i;
  }
  p->plan.given = p->given;
}

/* Cotangents of the parameters, which are sums of products: they are taken apart. */
static void choose_lane_sums(const drawn *w, planned *p) {
  for (int i = 0; i < LANE_SUMS; i++) {
    og_node bar = w->d.bars[WRT - LANE_SUMS + i];
    p->lane_sums[i] = (og_lane_sum){bar, p->sums};
    p->sums += og_entries(w->graph->nodes[bar].shape);
  }
  p->plan.lane_sums = p->lane_sums, p->plan.lane_sum_count = LANE_SUMS;
}

static void check_sums(const planned *p, const truth_d *t, const double *sums, int first, int lanes) {
  for (int i = 0; i < LANE_SUMS; i++) {
    og_node node = p->lane_sums[i].node;
    for (int e = 0; e < og_entries(t->graph->nodes[node].shape); e++) {
      double sum = 0.25 * (p->lane_sums[i].offset + e);
      for (int lane = first; lane < first + lanes; lane++)
        sum += t->numbers[(t->first[node] + (size_t)e) * LANES + (size_t)lane];
      if (sums[p->lane_sums[i].offset + e] != sum)
        fail_msg("sum %d, entry %d, %d lanes: %.17g, not %.17g", i, e, lanes,
                 sums[p->lane_sums[i].offset + e], sum);
    }
  }
}

static void run_planned(const og_program *program, const planned *p, const truth_d *t, int first, int lanes) {
  const og_program_plan *plan = &p->plan;
  const double *inputs[OG_SLOT_COUNT];
  double *out[ALL_MOST], *given = aligned(GIVEN_MOST * ENTRIES_MOST * LANES * sizeof(double)), *to = given;
  double weights[PARAMETERS], *sums = aligned(PARAMETERS * sizeof *sums);
  double varying[PARAMETERS][LANES];
  int kept = 0;
  for (int i = 0; i < PARAMETERS; i++) {
    if (i >= plan->first && i < plan->first + plan->count)
      weights[i - plan->first] = t->in[OG_SLOT_PARAMETER][i][0];
    else
      memcpy(varying[kept++], t->in[OG_SLOT_PARAMETER][i], sizeof varying[0]);
  }
  for (int slot = 0; slot < OG_SLOT_COUNT; slot++)
    inputs[slot] = slot == OG_SLOT_PARAMETER ? block_d(varying[0], kept, first, lanes)
                                             : block_d(t->in[slot][0], recipe_slot_rows[slot], first, lanes);
  for (int i = 0; i < plan->given_count; i++) {
    og_node node = plan->given[i];
    for (int e = 0; e < og_entries(t->graph->nodes[node].shape); e++, to += lanes)
      memcpy(to, t->numbers + (t->first[node] + (size_t)e) * LANES + first, (size_t)lanes * sizeof *to);
  }
  for (int i = 0; i < plan->output_count; i++)
    out[i] = aligned(ENTRIES_MOST * (size_t)lanes * sizeof(double));
  for (int i = 0; i < p->sums; i++) sums[i] = 0.25 * i;
  void *scratch = aligned(og_program_scratch_bytes(program, lanes));
  og_program_run_planned_d(program, lanes, inputs, weights, given, out, sums, scratch);
  for (int i = 0; i < plan->output_count; i++) same_d(t, plan->outputs[i], first, lanes, out[i], 0, "a plan");
  if (plan->lane_sum_count) check_sums(p, t, sums, first, lanes);
  for (int i = 0; i < plan->output_count; i++) free(out[i]);
  for (int slot = 0; slot < OG_SLOT_COUNT; slot++) free((void *)inputs[slot]);
  free(given), free(sums), free(scratch);
}

/* Sums of exact numbers are the same in any order. */
static void plans(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= PLANS; seed++) {
    int first = uniform[seed % 5][0], count = seed % 7 ? uniform[seed % 5][1] : 0, exact = seed % 4 < 2;
    drawn w = draw((recipe_about){.seed = 2000 + seed,
                                  .exact = exact,
                                  .steps = 14 + (int)seed % 12,
                                  .uniform = first,
                                  .uniform_count = count});
    og_node outputs[ALL_MOST];
    planned p = {.plan = {.slot = OG_SLOT_PARAMETER,
                          .first = first,
                          .count = count,
                          .output_count = choose(&w, (int)seed % CHOICES, outputs),
                          .outputs = outputs}};
    truth_d t = find_truth_d(w.recipe);
    if (seed % 3) choose_given(&w, &p);
    if (exact) choose_lane_sums(&w, &p);
    og_program *program;
    if (og_program_create_planned(w.graph, &p.plan, &program) != OG_OK)
      fail_msg("%s", og_context_message(w.context));
    for (int k = 0; k < LANE_COUNTS; k++)
      for (int first = 0; first + lane_counts[k] <= LANES; first += lane_counts[k] == 1 ? 13 : 16)
        run_planned(program, &p, &t, first, lane_counts[k]);
    og_program_destroy(program);
    release_truth_d(&t);
    release(&w);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(interpreted), cmocka_unit_test(adding),
                                     cmocka_unit_test(compiled_double), cmocka_unit_test(compiled_single),
                                     cmocka_unit_test(plans)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Random graphs: values, jvp, vjp and the second derivatives in every order against jets, which are worked
 * out beside them in long double. Exact recipes must agree with equality. */
#include <float.h>

#include "program/program.h"
#include "recipe_derivatives.h"

enum { EXACT_RECIPES = 500, ROUNDED_RECIPES = 300, STEPS = 26 };

typedef struct results {
  double *out[ALL_MOST]; /* [entries][LANES] */
  og_node all[ALL_MOST];
  int count;
} results;

static void *aligned(size_t bytes) {
  void *memory = aligned_alloc(64, (bytes + 64) / 64 * 64);
  assert_non_null(memory);
  memset(memory, 0xA5, bytes);
  return memory;
}

static results evaluate(const recipe *r, const derivatives *d) {
  results e = {0};
  const double *inputs[OG_SLOT_COUNT];
  og_program *program;
  e.count = all_of(d, e.all);
  for (int slot = 0; slot < OG_SLOT_COUNT; slot++) inputs[slot] = r->in[slot][0];
  for (int i = 0; i < e.count; i++)
    e.out[i] = aligned((size_t)og_entries(og_graph_shape(r->graph, e.all[i])) * LANES * sizeof(double));
  assert_int_equal(og_program_create(r->graph, e.count, e.all, &program), OG_OK);
  void *scratch = aligned(og_program_scratch_bytes(program, LANES));
  og_program_run_d(program, LANES, inputs, e.out, scratch);
  free(scratch);
  og_program_destroy(program);
  return e;
}

static void release(results *e) {
  for (int i = 0; i < e->count; i++) free(e->out[i]);
}

/* ---- What each is to be ---- */

/* sum over the inputs of <cotangents, direction>: the entries of wrt stand from result `from` on. */
static total along(const recipe *r, const results *e, int from, int second, int point) {
  total t = {0, 0};
  for (int i = 0; i < WRT; i++) {
    int slot = recipe_inputs[i].slot, offset = recipe_inputs[i].offset;
    for (int k = 0; k < entries_of(recipe_inputs[i].shape); k++) {
      double dot = second ? r->in[OG_SLOT_DATA][second_offset(slot, offset + k)][point]
                          : r->in[first_direction(slot)][offset + k][point];
      long double term = (long double)e->out[from + i][k * LANES + point] * (long double)dot;
      t.sum += term, t.size += fabsl(term);
    }
  }
  return t;
}

static int numbers_of_graph(const recipe *r, const derivatives *d, const results *e, int point,
                            total out[NUMBERS]) {
  int count = 0, n = d->count;
  for (int i = 0; i < n; i++)
    for (int k = 0; k < entries_of(r->step[d->step[i]].shape); k++)
      for (int which = 0; which < 3; which++) {
        long double number = (long double)e->out[which * n + i][k * LANES + point];
        out[count++] = (total){number, fabsl(number)};
      }
  int bars = 3 * n;
  out[count++] = along(r, e, bars, 0, point), out[count++] = along(r, e, bars, 1, point);
  out[count++] = along(r, e, bars + WRT, 0, point);
  out[count++] = along(r, e, bars + 2 * WRT, 1, point);
  out[count++] = along(r, e, bars + 3 * WRT, 0, point);
  return count;
}

/* In rounded recipes a step of a graph is a few operations, its derivatives dozens, each of them a rounding,
 * some of functions that are right to a few units: 1000 roundings a step are more than all of them. Measured
 * over 6000 recipes: below 650. */
static int compare(recipe *r, const derivatives *d, const results *e, uint64_t seed) {
  static long double moves[POINTS][NUMBERS];
  if (!r->exact && !sensitivity(r, d, moves)) return 0;
  for (int point = 0; point < POINTS; point++) {
    long double want[NUMBERS];
    total got[NUMBERS];
    int count = numbers_of_jets(r, d, point, want);
    assert_int_equal(numbers_of_graph(r, d, e, point, got), count);
    for (int i = 0; i < count; i++) {
      long double rounding = r->exact ? 0 : DBL_EPSILON * (1 + got[i].size + moves[point][i]),
                  error = fabsl(got[i].sum - want[i]);
      if (!(error <= 1000 * rounding))
        fail_msg("recipe %d, point %d, number %d of %d (the last five are sums): %.17Lg, not %.17Lg",
                 (int)seed, point, i, count, got[i].sum, want[i]);
    }
  }
  return 1;
}

typedef struct tally {
  int steps, unstable;
} tally;

static void run_recipe(uint64_t seed, int exact, tally *t) {
  og_context *context = new_context();
  og_graph *g;
  assert_int_equal(og_graph_create(context, &g), OG_OK);
  recipe *r = new_recipe(g, (recipe_about){.seed = seed, .exact = exact, .steps = STEPS});
  t->steps += r->count - WRT;
  derivatives d = derive(r);
  results e = evaluate(r, &d);
  t->unstable += !compare(r, &d, &e, seed);
  release(&e);
  free(r);
  og_graph_destroy(g);
  og_context_destroy(context);
}

/* Recipes are as long as they are meant to be, and few of the rounded ones cannot be measured. */
static void run_recipes(int exact, int count) {
  tally t = {0};
  for (int seed = 1; seed <= count; seed++) run_recipe((uint64_t)seed, exact, &t);
  assert_true(t.steps >= count * STEPS * 3 / 4);
  assert_true(t.unstable <= count / 20);
}
static void exact_recipes(void **state) { (void)state, run_recipes(1, EXACT_RECIPES); }
static void rounded_recipes(void **state) { (void)state, run_recipes(0, ROUNDED_RECIPES); }

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(exact_recipes), cmocka_unit_test(rounded_recipes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

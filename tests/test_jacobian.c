/* Jacobians of fields: their patterns hold every entry that is not zero, and no other where that is known;
 * their values are those of jvps along single states; second derivatives agree with one another and with
 * differences. For random graphs, models and callbacks, in both precisions. */
#include <float.h>

#include "base/real.h"
#include "field/coloured.h"
#include "graph_field/graph_field.h"
#include "models.h"
#include "random_recipes.h"

enum { RECIPES = 300, STEPS = 26, STATES_MOST = 40 };

static void *aligned(size_t bytes) {
  void *memory = aligned_alloc(64, (bytes + 64) / 64 * 64);
  assert_non_null(memory);
  memset(memory, 0, bytes + 64 - (bytes + 64) % 64);
  return memory;
}

/* Where a field is looked at, in either precision. */
typedef struct place {
  int lanes;
  double *t;
  void *x, *theta;
} place;

#define DENSE(X, S)                                                                                          \
  /* dense[i][j][lane] of lanes by a jvp for each state. */                                                  \
  static X *dense_##S(const og_field *field, const place *at) {                                              \
    size_t n = field->n, lanes = (size_t)at->lanes;                                                          \
    X *dense = aligned(n * n * lanes * sizeof *dense), *seed = aligned(n * lanes * sizeof *seed),            \
      *f_dot = aligned(n * lanes * sizeof *f_dot);                                                           \
    void *scratch = aligned(field->scratch_bytes(field, at->lanes));                                         \
    og_lane_status status[OG_LANES_MAX] = {0};                                                               \
    for (size_t j = 0; j < n; j++) {                                                                         \
      for (size_t i = 0; i < n * lanes; i++) seed[i] = i / lanes == j;                                       \
      field->ops_##S.jvp(field, at->lanes, at->t, at->x, at->theta, NULL, seed, NULL, f_dot, status,         \
                         scratch);                                                                           \
      for (size_t i = 0; i < n; i++)                                                                         \
        memcpy(dense + (i * n + j) * lanes, f_dot + i * lanes, lanes * sizeof *dense);                       \
    }                                                                                                        \
    free(seed), free(f_dot), free(scratch);                                                                  \
    return dense;                                                                                            \
  }                                                                                                          \
  static X *values_##S(const og_field *field, const place *at) {                                             \
    X *values = aligned((size_t)field->pattern->count * (size_t)at->lanes * sizeof *values);                 \
    void *scratch = aligned(field->scratch_bytes(field, at->lanes));                                         \
    og_lane_status status[OG_LANES_MAX] = {0};                                                               \
    field->ops_##S.jacobian(field, at->lanes, at->t, at->x, at->theta, values, status, scratch);             \
    for (int lane = 0; lane < at->lanes; lane++) assert_int_equal(status[lane], 0);                          \
    free(scratch);                                                                                           \
    return values;                                                                                           \
  }                                                                                                          \
  /* Entries within the pattern are those of jvps, up to `bound` of the largest of their row; what is not in \
   * it is zero. */                                                                                          \
  static void check_values_##S(const og_field *field, const place *at, double bound, int name) {             \
    size_t n = field->n, lanes = (size_t)at->lanes;                                                          \
    X *dense = dense_##S(field, at), *values = values_##S(field, at);                                        \
    for (size_t i = 0; i < n; i++)                                                                           \
      for (size_t lane = 0; lane < lanes; lane++) {                                                          \
        double most = 0;                                                                                     \
        for (size_t j = 0; j < n; j++) most = fmax(most, fabs((double)dense[(i * n + j) * lanes + lane]));   \
        for (size_t j = 0; j < n; j++) {                                                                     \
          int entry = og_pattern_find(field->pattern, (int)i, (int)j);                                       \
          double want = (double)dense[(i * n + j) * lanes + lane],                                           \
                 got = entry < 0 ? 0 : (double)values[(size_t)entry * lanes + lane];                         \
          if (!(fabs(got - want) <= bound * most))                                                           \
            fail_msg("%d: entry (%zu, %zu) of lane %zu is %.17g, not %.17g", name, i, j, lane, got, want);   \
        }                                                                                                    \
      }                                                                                                      \
    free(dense), free(values);                                                                               \
  }
DENSE(double, d)
DENSE(float, s)

/* ---- Random graphs ---- */

/* Entries of the last steps as f. */
static og_node f_of(const recipe *r) {
  og_node parts[STATES];
  int count = 0;
  for (int step = r->count - 1; count < STATES; step--)
    for (int i = 0; !r->step[step].wild && i < entries_of(r->step[step].shape) && count < STATES; i++)
      parts[count++] = og_slice(r->graph, r->step[step].node, i, 1);
  return og_concat(r->graph, parts, count);
}

static void run_recipe(uint64_t seed, int exact) {
  static float x[STATES * LANES], theta[(PARAMETERS + 4) * LANES];
  static double wide[(PARAMETERS + 4) * LANES];
  og_context *context = new_context();
  og_graph *g;
  og_field *field;
  CHECK(context, og_graph_create(context, &g));
  recipe *r = new_recipe(g, (recipe_about){.seed = seed, .exact = exact, .steps = STEPS});
  CHECK(context, og_field_from_graph(g, f_of(r), PARAMETERS, 0, &field));
  CHECK(context, og_field_want_jacobian(context, field));
  memcpy(wide, r->in[OG_SLOT_PARAMETER], PARAMETERS * LANES * sizeof(double));
  place at = {LANES, r->in[OG_SLOT_TIME][0], r->in[OG_SLOT_STATE], wide};
  check_values_d(field, &at, exact ? 0 : 1e-9, (int)seed);
  for (int i = 0; i < STATES * LANES; i++) x[i] = (float)r->in[OG_SLOT_STATE][i / LANES][i % LANES];
  for (int i = 0; i < PARAMETERS * LANES; i++) theta[i] = (float)wide[i];
  at.x = x, at.theta = theta;
  if (exact) check_values_s(field, &at, 0, (int)seed);
  og_field_destroy(field);
  free(r);
  og_graph_destroy(g);
  og_context_destroy(context);
}

static void random_graphs(void **state) {
  (void)state;
  for (int seed = 1; seed <= RECIPES; seed++) run_recipe((uint64_t)(3000 + seed), seed % 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(random_graphs)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

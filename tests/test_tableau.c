/* Every row of the table of methods against the theory: order conditions by rooted trees (Butcher; Hairer,
 * Norsett & Wanner, Solving ODEs I, II.2), for the solution, its error estimates and its interpolant. Nothing
 * here knows a particular method. */
#include <complex.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rooted_trees.h"
#include "step/explicit.h"
#include "step/stability.h"

static void test_trees_are_all_there(void **state) {
  (void)state;
  static const int expected[TREE_ORDER_MAX] = {1, 1, 2, 4, 9, 20, 48, 115, 286}; /* OEIS A000081 */
  static forest f;
  int counts[TREE_ORDER_MAX] = {0};
  grow(&f);
  for (int k = 0; k < f.count; k++) counts[f.trees[k].order - 1]++;
  for (int k = 0; k < TREE_ORDER_MAX; k++) assert_int_equal(counts[k], expected[k]);
}

/* ---- Elementary weights --------------------------------------------------------------------------- */

/* Phi_j(t) of every tree and stage, and the same with |a|, which bounds the effect of rounded coefficients.
 */
typedef struct elementary_weights {
  long double phi[TREES_MAX][OG_STAGES_MAX], bound[TREES_MAX][OG_STAGES_MAX];
} elementary_weights;

/* Phi_j(u with branch v) = Phi_j(u) sum_l a_jl Phi_l(v). */
static void weigh(const forest *f, const og_tableau *method, elementary_weights *out) {
  for (int j = 0; j < OG_STAGES_MAX; j++) out->phi[0][j] = out->bound[0][j] = 1.0L;
  for (int k = 1; k < f->count; k++) {
    const tree *t = &f->trees[k];
    for (int j = 0; j < OG_STAGES_MAX; j++) {
      long double sum = 0.0L, bound = 0.0L;
      for (int l = 0; l < OG_STAGES_MAX; l++) {
        sum += method->a[j][l] * out->phi[t->branch][l];
        bound += fabsl((long double)method->a[j][l]) * out->bound[t->branch][l];
      }
      out->phi[k][j] = out->phi[t->base][j] * sum;
      out->bound[k][j] = out->bound[t->base][j] * bound;
    }
  }
}

/* Weights of one quadrature, x + h sum_j w_j K_j approximating x(t + s h), with a bound on what rounding did
 * to them. */
typedef struct weights {
  long double s, w[OG_STAGES_MAX], bound[OG_STAGES_MAX];
} weights;

/* sum_j w_j Phi_j(t) = s^order / gamma. Each term is a product of `order` coefficients, each off by one unit
 * in the last place at most (half for rounding to double, half for papers that give 16 digits), so the whole
 * is off by order * DBL_EPSILON * bound; 4 leaves room for a long double that is no longer than a double. */
static int condition_holds(const elementary_weights *e, const tree *t, int number, const weights *q) {
  long double sum = 0.0L, bound = 0.0L, exact = powl(q->s, t->order) / t->density;
  for (int j = 0; j < OG_STAGES_MAX; j++) {
    sum += q->w[j] * e->phi[number][j];
    bound += q->bound[j] * e->bound[number][j];
  }
  return fabsl(sum - exact) <= 4 * t->order * (long double)DBL_EPSILON * bound;
}

/* The largest p such that all trees of order up to p hold. */
static int order_of(const forest *f, const elementary_weights *e, const weights *q) {
  for (int k = 0; k < f->count; k++)
    if (!condition_holds(e, &f->trees[k], k, q)) return f->trees[k].order - 1; /* trees ascend in order */
  return TREE_ORDER_MAX;
}

/* ---- What a row must fulfil ----------------------------------------------------------------------- */

typedef struct subject {
  const og_tableau *method;
  forest forest;
  elementary_weights weights;
} subject;

static void prepare(subject *s, const og_tableau *method) {
  s->method = method;
  grow(&s->forest);
  weigh(&s->forest, method, &s->weights);
}

static int order_with(const subject *s, const weights *q) { return order_of(&s->forest, &s->weights, q); }

/* b - e for an embedded solution, b itself for e = 0. */
static weights solution_weights(const double *b, const double *e) {
  weights q = {.s = 1.0L};
  for (int j = 0; j < OG_STAGES_MAX; j++) {
    q.w[j] = (long double)b[j] - e[j];
    q.bound[j] = fabsl((long double)b[j]) + fabsl((long double)e[j]);
  }
  return q;
}

static weights interpolant_weights(const og_tableau *method, long double s) {
  weights q = {.s = s};
  for (int j = 0; j < OG_STAGES_MAX; j++) {
    long double power = 1.0L;
    for (int d = 0; d < OG_INTERPOLANT_DEGREE_MAX; d++) {
      power *= s;
      q.w[j] += method->interpolant[j][d] * power;
      q.bound[j] += fabsl(method->interpolant[j][d] * power);
    }
  }
  return q;
}

static const double no_weights[OG_STAGES_MAX];
static int all_zero(const double *e) { return memcmp(e, no_weights, sizeof no_weights) == 0; }

/* f takes the state at c_j h, as a problem made autonomous has it, only if c_j = sum_l a_jl. */
static int nodes_are_row_sums(const subject *s) {
  for (int j = 0; j < OG_STAGES_MAX; j++) {
    long double sum = 0.0L, bound = fabsl((long double)s->method->c[j]);
    for (int l = 0; l < OG_STAGES_MAX; l++) {
      sum += s->method->a[j][l];
      bound += fabsl((long double)s->method->a[j][l]);
    }
    if (fabsl(sum - s->method->c[j]) > (long double)DBL_EPSILON * bound) return 0; /* an ulp for each entry */
  }
  return 1;
}

static int stages_are_explicit(const subject *s) {
  for (int j = 0; j < OG_STAGES_MAX; j++)
    for (int l = 0; l < OG_STAGES_MAX; l++)
      if (s->method->a[j][l] != 0.0 && (l >= j || j >= s->method->stages_total)) return 0;
  return s->method->c[0] == 0.0; /* K_1 is f at the step's start: steps and pullbacks reuse it */
}

/* The step itself uses only its own stages, so that the interpolant's can be left out. */
static int weights_are_within_stages(const subject *s) {
  const og_tableau *m = s->method;
  if (m->stages < 1 || m->stages > m->stages_total || m->stages_total > OG_STAGES_MAX) return 0;
  for (int j = m->stages; j < OG_STAGES_MAX; j++)
    if (m->b[j] != 0.0 || m->e[j] != 0.0 || m->e2[j] != 0.0) return 0;
  return 1;
}

static int degree_is_reached_and_not_exceeded(const subject *s) {
  const og_tableau *m = s->method;
  int highest = 0, last_stage = 0;
  for (int j = 0; j < OG_STAGES_MAX; j++)
    for (int d = 0; d < OG_INTERPOLANT_DEGREE_MAX; d++)
      if (m->interpolant[j][d] != 0.0) {
        if (d + 1 > highest) highest = d + 1;
        last_stage = j;
      }
  return highest == m->interpolant_degree && last_stage < m->stages_total;
}

static int last_stage_is_next_first_where_stated(const subject *s) {
  const og_tableau *m = s->method;
  int last = m->stages - 1;
  int is_so = m->b[last] == 0.0 && m->c[last] == 1.0 && memcmp(m->a[last], m->b, sizeof m->b) == 0;
  return is_so == m->first_same_as_last;
}

/* Exactly the stated order: not less, not more. */
static int solution_has_its_order(const subject *s) {
  weights q = solution_weights(s->method->b, no_weights);
  return order_with(s, &q) == s->method->order;
}

/* One estimate: the embedded solution's order. Two, combined as e^2 / sqrt(e^2 + 0.01 e2^2) with errors
 * h^(p+1) and h^(p2+1): h^(2(p+1) - (p2+1)), which is the error of order 2p - p2. */
static int estimate_has_its_order(const subject *s) {
  const og_tableau *m = s->method;
  if (m->embedded_order == 0) return all_zero(m->e) && all_zero(m->e2);
  weights q = solution_weights(m->b, m->e), q2 = solution_weights(m->b, m->e2);
  int order = order_with(s, &q);
  return m->embedded_order == (all_zero(m->e2) ? order : 2 * order - order_with(s, &q2));
}

static int estimate_is_below_solution(const subject *s) {
  return s->method->embedded_order < s->method->order;
}

/* The stated order at every s, and not more at all of them. (At s = 1 it is the solution itself.) */
static int interpolant_has_its_order(const subject *s) {
  static const long double points[] = {0.0625L, 0.25L, 1.0L / 3, 0.5L, 0.71L, 0.9375L, 1.0L};
  int lowest = TREE_ORDER_MAX;
  for (size_t k = 0; k < sizeof points / sizeof *points; k++) {
    weights q = interpolant_weights(s->method, points[k]);
    int order = order_with(s, &q);
    if (order < lowest) lowest = order;
  }
  return lowest == s->method->interpolant_order;
}

/* b_j(0) = 0 by the layout: there is no constant term. b_j(1) = b_j but for the rounding of each coefficient.
 */
static int interpolant_ends_at_solution(const subject *s) {
  weights q = interpolant_weights(s->method, 1.0L);
  for (int j = 0; j < OG_STAGES_MAX; j++)
    if (fabsl(q.w[j] - s->method->b[j]) > (long double)DBL_EPSILON * q.bound[j]) return 0;
  return 1;
}

/* Its slope is K_1 at s = 0, and the last stage at s = 1 where that is f there: dense output is then C^1. The
 * slope's rounding is that of each coefficient times its power. */
static int interpolant_is_smooth(const subject *s) {
  const og_tableau *m = s->method;
  for (int j = 0; j < OG_STAGES_MAX; j++) {
    long double slope = 0.0L, bound = 0.0L;
    for (int d = 0; d < OG_INTERPOLANT_DEGREE_MAX; d++) {
      slope += (d + 1) * (long double)m->interpolant[j][d];
      bound += (d + 1) * fabsl((long double)m->interpolant[j][d]);
    }
    if (m->interpolant[j][0] != (j == 0 ? 1.0 : 0.0)) return 0;
    long double end = j == m->stages - 1 ? 1.0L : 0.0L;
    if (m->first_same_as_last && fabsl(slope - end) > (long double)DBL_EPSILON * bound) return 0;
  }
  return 1;
}

static int words_are_there(const subject *s) {
  const og_tableau *m = s->method;
  return m->name && m->description && m->source && m->name[0] && m->description[0] && m->source[0];
}

typedef struct requirement {
  const char *name;
  int (*holds)(const subject *s);
} requirement;

static const requirement requirements[] = {
    {"nodes are row sums", nodes_are_row_sums},
    {"stages are explicit", stages_are_explicit},
    {"weights are within the stages", weights_are_within_stages},
    {"the interpolant's degree is reached and not exceeded", degree_is_reached_and_not_exceeded},
    {"the last stage is the next first where stated", last_stage_is_next_first_where_stated},
    {"the solution has its order", solution_has_its_order},
    {"the estimate has its order", estimate_has_its_order},
    {"the estimate is below the solution", estimate_is_below_solution},
    {"the interpolant has its order", interpolant_has_its_order},
    {"the interpolant ends at the solution", interpolant_ends_at_solution},
    {"the interpolant is smooth", interpolant_is_smooth},
    {"names, descriptions and sources are there", words_are_there},
};
enum { REQUIREMENTS = sizeof requirements / sizeof *requirements };

static void test_requirement(void **state) {
  const requirement *required = *state;
  static subject s;
  for (int k = 0; og_tableau_of((og_method)k); k++) {
    const og_tableau *method = og_tableau_of((og_method)k);
    prepare(&s, method);
    if (!required->holds(&s)) fail_msg("%s: not so that %s", method->name, required->name);
  }
}

/* ---- The requirements leave nothing free ---------------------------------------------------------- */

static int any_requirement_fails(const og_tableau *method) {
  static subject s;
  prepare(&s, method);
  for (int k = 0; k < REQUIREMENTS; k++)
    if (!requirements[k].holds(&s)) return 1;
  return 0;
}

/* Any one coefficient changed in its tenth digit must be noticed: that is what a slip of the pen would be. A
 * change by 1e-9 is a million units in the last place; a few of DOP853's order conditions leave rounding
 * 1e-12. */
static void assert_noticed(og_tableau *copy, double *entry, const char *array, int j, int l) {
  double kept = *entry;
  if (kept == 0.0) return;
  *entry = kept * (1.0 + 1e-9);
  if (!any_requirement_fails(copy)) fail_msg("%s: %s[%d][%d] may be anything", copy->name, array, j, l);
  *entry = kept;
}

static void test_every_coefficient_matters(void **state) {
  (void)state;
  static og_tableau copy;
  for (int k = 0; og_tableau_of((og_method)k); k++) {
    copy = *og_tableau_of((og_method)k);
    for (int j = 0; j < OG_STAGES_MAX; j++) {
      assert_noticed(&copy, &copy.c[j], "c", j, 0);
      assert_noticed(&copy, &copy.b[j], "b", j, 0);
      assert_noticed(&copy, &copy.e[j], "e", j, 0);
      assert_noticed(&copy, &copy.e2[j], "e2", j, 0);
      for (int l = 0; l < j; l++) assert_noticed(&copy, &copy.a[j][l], "a", j, l);
      for (int d = 0; d < OG_INTERPOLANT_DEGREE_MAX; d++)
        assert_noticed(&copy, &copy.interpolant[j][d], "interpolant", j, d);
    }
  }
}

/* ---- Stability ---------------------------------------------------------------------------------- */

/* R(z) = 1 + sum_k z^k b^T A^(k-1) 1, by its coefficients (src/step has the recursion over stages). */
static double complex stability_of(const og_tableau *tableau, double complex z) {
  double powers[OG_STAGES_MAX], next[OG_STAGES_MAX]; /* A^(k-1) 1 */
  double complex sum = 1, zk = z;
  for (int j = 0; j < tableau->stages; j++) powers[j] = 1;
  for (int k = 1; k <= tableau->stages; k++, zk *= z) {
    for (int j = 0; j < tableau->stages; j++) {
      sum += zk * tableau->b[j] * powers[j];
      next[j] = 0;
      for (int l = 0; l < j; l++) next[j] += tableau->a[j][l] * powers[l];
    }
    memcpy(powers, next, sizeof powers);
  }
  return sum;
}

/* To the left, straight up, and between the two. */
static double complex on_ray(int ray, double size) {
  return size * (ray == 0 ? -1 : ray == 1 ? I : (I - 1) / sqrt(2));
}

static int is_stable_at(const og_tableau *tableau, double size) {
  return cabs(stability_of(tableau, on_ray(0, size))) <= 1 + 1e-14 &&
         cabs(stability_of(tableau, on_ray(2, size))) <= 1 + 1e-14;
}

static double reach_of(og_method method) {
  og_stepper stepper = og_stepper_of(method);
  return og_stability_reach(&stepper);
}

/* Where |R| passes 1 on the way to the left or between, rounded down to 1/64. Known in closed form: sqrt(2)
 * of Euler's, 2 of both second-order methods; 2.785 and 3.307 to the left are in every book (Hairer & Wanner
 * IV.2), of RK4 and Dormand and Prince's fifth order. */
static void test_reach_is_where_stability_ends(void **state) {
  (void)state;
  static const double known[] = {1.4142135623730951, 2, 2};
  for (int k = 0; og_tableau_of((og_method)k); k++) {
    const og_tableau *tableau = og_tableau_of((og_method)k);
    double reach = reach_of((og_method)k);
    int steps = (int)(reach * 64);
    assert_true(reach == steps / 64.);
    for (int i = 1; i <= steps; i++) assert_true(is_stable_at(tableau, i / 64.));
    assert_false(is_stable_at(tableau, (steps + 1) / 64.));
    if (k < 3) assert_true(reach == floor(known[k] * 64) / 64);
  }
  assert_true(reach_of(OG_METHOD_RK4) <= 2.7852935634);
  assert_true(reach_of(OG_METHOD_DOPRI5) <= 3.3067);
}

static double split_error(const og_tableau *tableau, double size) {
  double worst = 0;
  for (int ray = 0; ray < 3; ray++) {
    double complex z = on_ray(ray, size);
    worst = fmax(worst, cabs(stability_of(tableau, z) - stability_of(tableau, OG_SPLIT * z) *
                                                            stability_of(tableau, (1 - OG_SPLIT) * z)));
  }
  return worst;
}

/* The first size at which a step in two parts differs by more than the error; that is order p + 1 in it. */
static void test_split_reach_is_where_parts_differ(void **state) {
  (void)state;
  static const double errors[] = {1e-8, 1e-5, 1e-3, 0.1, 1};
  for (int k = 0; og_tableau_of((og_method)k); k++)
    for (int i = 0; i < 5; i++) {
      const og_tableau *tableau = og_tableau_of((og_method)k);
      og_stepper stepper = og_stepper_of((og_method)k);
      double reach = og_split_reach(&stepper, errors[i]);
      if (!(split_error(tableau, reach) <= errors[i] * (1 + 1e-6) + 1e-14) ||
          !(split_error(tableau, reach * (1 + 1e-4) + 4e-6) > errors[i]))
        fail_msg("%s: parts differ by %g at %g, where they should begin to by %g", tableau->name,
                 split_error(tableau, reach), reach, errors[i]);
    }
}

/* ---- Numbers and names ---------------------------------------------------------------------------- */

static void test_numbers_beyond_the_table_give_null(void **state) {
  (void)state;
  assert_null(og_tableau_of((og_method)-1));
  assert_null(og_tableau_of(og_method_count()));
  assert_null(og_tableau_of((og_method)(og_method_count() + 1000)));
}

static void test_names_are_unique(void **state) {
  (void)state;
  for (int k = 0; k < (int)og_method_count(); k++)
    for (int l = 0; l < k; l++)
      assert_string_not_equal(og_stepper_of((og_method)k).name, og_stepper_of((og_method)l).name);
}

static void test_names_are_the_options_choices(void **state) {
  (void)state;
  char names[256] = "";
  size_t length = 0;
  for (int k = 0; k < (int)og_method_count(); k++)
    length += (size_t)snprintf(names + length, sizeof names - length, "%s%s", k ? "|" : "",
                               og_stepper_of((og_method)k).name);
  assert_string_equal(og_option_describe(OG_OPT_METHOD)->choices, names);
}

int main(void) {
  struct CMUnitTest tests[REQUIREMENTS + 7];
  size_t count = 0;
  for (size_t k = 0; k < REQUIREMENTS; k++)
    tests[count++] = (struct CMUnitTest){requirements[k].name, test_requirement, NULL, NULL,
                                         (void *)(uintptr_t)&requirements[k]};
  tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_trees_are_all_there);
  tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_every_coefficient_matters);
  tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_reach_is_where_stability_ends);
  tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_split_reach_is_where_parts_differ);
  tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_numbers_beyond_the_table_give_null);
  tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_names_are_unique);
  tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_names_are_the_options_choices);
  return cmocka_run_group_tests_name("tableau", tests, NULL, NULL);
}

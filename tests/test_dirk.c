/* Every diagonally implicit method of the table against the theory: the order conditions of Runge-Kutta
 * methods for the solution, its estimate and its interpolant; and its stability. Nothing here knows a
 * particular method. */
#include <complex.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rooted_trees.h"
#include "step/dirk.h"
#include "step/stability.h"

enum { S = OG_DIRK_STAGES, ORDER_MAX = 6 };

/* A with its diagonal: 0, gamma, gamma, ... */
typedef struct theory {
  long double a[S][S];
} theory;

static theory theory_of(const og_dirk_tableau *m) {
  theory t = {0};
  for (int i = 1; i < m->stages; i++) {
    for (int j = 0; j < i; j++) t.a[i][j] = m->a[i][j];
    t.a[i][i] = m->gamma;
  }
  return t;
}

/* ---- Order conditions ---- */

/* Elementary weights of the stages, and sums of the sizes that they are made of. */
typedef struct elementary_weights {
  long double phi[TREES_MAX][S], size[TREES_MAX][S];
} elementary_weights;

static void weigh(const forest *f, const theory *t, elementary_weights *out) {
  for (int k = 0; k < f->count && f->trees[k].order <= ORDER_MAX; k++)
    for (int i = 0; i < S; i++) {
      out->phi[k][i] = out->size[k][i] = 1;
      for (int at = k; at > 0; at = f->trees[at].base) {
        long double sum = 0, size = 0;
        for (int j = 0; j < S; j++) {
          sum += t->a[i][j] * out->phi[f->trees[at].branch][j];
          size += fabsl(t->a[i][j]) * out->size[f->trees[at].branch][j];
        }
        out->phi[k][i] *= sum, out->size[k][i] *= size;
      }
    }
}

typedef struct weights {
  long double s, w[S], size[S];
} weights;

/* The largest p such that all trees of order up to p hold: an ulp for each coefficient of a term, at most two
 * a vertex. */
static int order_of(const forest *f, const elementary_weights *e, const weights *q) {
  for (int k = 0; k < f->count && f->trees[k].order <= ORDER_MAX; k++) {
    long double sum = 0, bound = 0, exact = powl(q->s, f->trees[k].order) / f->trees[k].density;
    for (int j = 0; j < S; j++) sum += q->w[j] * e->phi[k][j], bound += q->size[j] * e->size[k][j];
    if (fabsl(sum - exact) > 2 * f->trees[k].order * (long double)DBL_EPSILON * bound)
      return f->trees[k].order - 1;
  }
  return ORDER_MAX;
}

static weights interpolant_at(const og_dirk_tableau *m, long double s) {
  weights q = {.s = s};
  for (int j = 0; j < S; j++) {
    long double power = 1;
    for (int d = 0; d < OG_DIRK_DEGREE; d++) {
      power *= s;
      q.w[j] += m->interpolant[j][d] * power;
      q.size[j] += fabsl(m->interpolant[j][d] * power);
    }
  }
  return q;
}

/* ---- What a row must fulfil ---- */

static int nodes_are_row_sums(const og_dirk_tableau *m, const theory *t) {
  int are = m->c[0] == 0;
  for (int i = 0; i < m->stages; i++) {
    long double sum = 0, size = fabsl((long double)m->c[i]);
    for (int j = 0; j < S; j++) sum += t->a[i][j], size += fabsl(t->a[i][j]);
    are = are && fabsl(sum - m->c[i]) <= (long double)DBL_EPSILON * size;
  }
  return are;
}

static int is_lower(const og_dirk_tableau *m) {
  for (int i = 0; i < S; i++)
    for (int j = 0; j < S; j++)
      if ((j >= i || i >= m->stages) && m->a[i][j] != 0) return 0;
  return 1;
}

static int has_error(const og_dirk_tableau *m) {
  for (int j = 0; j < S; j++)
    if (m->e[j] != 0) return 1;
  return 0;
}

/* The estimate is that of the embedded order, or a difference to a formula of lower order. */
static int orders_are_right(const og_dirk_tableau *m, const theory *t) {
  static forest f;
  static elementary_weights e;
  weights solution = {.s = 1}, embedded = {.s = 1};
  grow(&f);
  weigh(&f, t, &e);
  for (int j = 0; j < S; j++) {
    solution.w[j] = m->b[j], embedded.w[j] = (long double)m->b[j] - m->e[j];
    solution.size[j] = fabsl(solution.w[j]),
    embedded.size[j] = solution.size[j] + fabsl((long double)m->e[j]);
  }
  if (order_of(&f, &e, &solution) != m->order) return 0;
  if (has_error(m) && order_of(&f, &e, &embedded) != (m->embedded_order ? m->embedded_order : m->order - 1))
    return 0;
  if (m->embedded_order >= m->order) return 0;
  for (int k = 1; k < 8; k++) {
    weights inside = interpolant_at(m, k / 8.0L);
    if (order_of(&f, &e, &inside) != m->interpolant_order) return 0;
  }
  return 1;
}

/* Where it ends it is the solution; what the library makes of it is its rows. */
static int interpolant_ends_at_solution(const og_dirk_tableau *m) {
  og_increment_rows rows = og_dirk_rows(m);
  double values[S] = {0}, slopes[S] = {0}, moved[S] = {0};
  weights end = interpolant_at(m, 1), third = interpolant_at(m, 0.3L);
  og_increment_weights(&rows, 0.3, values, slopes);
  og_increment_weights(&rows, 0.3 + 1e-6, moved, NULL);
  for (int j = 0; j < m->stages; j++) {
    if (fabsl(end.w[j] - m->b[j]) > 4 * DBL_EPSILON * end.size[j]) return 0;
    if (fabsl(values[j] - third.w[j]) > 1e-14L * (1 + third.size[j])) return 0;
    if (fabs((moved[j] - values[j]) / 1e-6 - slopes[j]) > 1e-4 * (1 + (double)end.size[j])) return 0;
  }
  return 1;
}

/* Pairs: the last stage is the solution, and as h lambda -> -inf the interpolant stays bounded: its weights
 * annihilate what is left of the stages there, X_i = -sum_{j<i} a_ij X_j / gamma. */
static int pairs_are_stiffly_accurate(const og_dirk_tableau *m, const theory *t) {
  long double left[S] = {1}, size[S] = {1};
  if (!m->embedded_order) return 1;
  for (int j = 0; j < m->stages; j++)
    if (t->a[m->stages - 1][j] != m->b[j]) return 0;
  for (int i = 1; i < m->stages; i++)
    for (int j = 0; j < i; j++) {
      left[i] -= t->a[i][j] * left[j] / t->a[i][i];
      size[i] += fabsl(t->a[i][j]) * size[j] / t->a[i][i];
    }
  for (int k = 1; k < 8; k++) {
    weights inside = interpolant_at(m, k / 8.0L);
    long double sum = 0, bound = 0;
    for (int j = 0; j < m->stages; j++) sum += inside.w[j] * left[j], bound += inside.size[j] * size[j];
    if (fabsl(sum) > 8 * DBL_EPSILON * bound) return 0;
  }
  return 1;
}

static int holds(const og_dirk_tableau *m) {
  theory t = theory_of(m);
  return is_lower(m) && nodes_are_row_sums(m, &t) && interpolant_ends_at_solution(m) &&
         pairs_are_stiffly_accurate(m, &t) && orders_are_right(m, &t);
}

static const og_dirk_tableau *row(int *method) {
  for (; *method < (int)og_method_count(); ++*method)
    if (og_dirk_tableau_of((og_method)*method)) return og_dirk_tableau_of((og_method)*method);
  return NULL;
}

static void every_row_holds(void **state) {
  (void)state;
  int found = 0;
  for (int k = 0; row(&k); k++, found++)
    if (!holds(row(&k))) fail_msg("%s", row(&k)->name);
  assert_int_equal(found, 5);
}

/* Any one coefficient changed in its tenth digit must be noticed. */
static void assert_noticed(og_dirk_tableau *copy, double *entry, const char *what, int i, int j) {
  double kept = *entry;
  if (kept == 0) return;
  *entry = kept * (1 + 1e-9);
  if (holds(copy)) fail_msg("%s: %s[%d][%d] may be anything", copy->name, what, i, j);
  *entry = kept;
}

static void every_coefficient_matters(void **state) {
  (void)state;
  for (int k = 0; row(&k); k++) {
    og_dirk_tableau copy = *row(&k);
    assert_noticed(&copy, &copy.gamma, "gamma", 0, 0);
    for (int i = 0; i < S; i++) {
      assert_noticed(&copy, &copy.c[i], "c", i, 0);
      assert_noticed(&copy, &copy.b[i], "b", i, 0);
      assert_noticed(&copy, &copy.e[i], "e", i, 0);
      for (int j = 0; j < i; j++) assert_noticed(&copy, &copy.a[i][j], "a", i, j);
      for (int d = 0; d < OG_DIRK_DEGREE; d++)
        assert_noticed(&copy, &copy.interpolant[i][d], "interpolant", i, d);
    }
  }
}

/* ---- Stability ---- */

/* A-stable: |R| <= 1 on the imaginary axis, and no poles to its left, since all are at 1/gamma; L-stable
 * where the last stage is the solution and the first has no part in the limit, which all but the trapezoid
 * and the midpoint are. R(z) - e^z is of the order's next power, or of a higher one. The axis to 1e-12, which
 * is rounding of increments up to 100. */
static void methods_are_stable(void **state) {
  (void)state;
  for (int k = 0; row(&k); k++) {
    og_stepper stepper = og_stepper_of((og_method)k);
    double off[2];
    int damps = k != OG_METHOD_TRAPEZOID && k != OG_METHOD_IMPLICIT_MIDPOINT;
    for (double y = 1e-3; y < 1e6; y *= 1.01)
      assert_true(cabs(stepper.stability(&stepper, y * I)) <= 1 + 1e-12);
    double far = cabs(stepper.stability(&stepper, -1e9));
    assert_true(damps ? far <= 1e-6 : fabs(far - 1) <= 1e-6);
    for (int i = 0; i < 2; i++) {
      double complex z = (0.4 + 0.3 * I) / (1 << i);
      off[i] = cabs(stepper.stability(&stepper, z) - cexp(z));
    }
    assert_true(log2(off[0] / off[1]) > stepper.order + 0.7);
    assert_true(og_stability_reach(&stepper) > 31);
    assert_true(og_split_reach(&stepper, 1e-3) > 0.01);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_row_holds),
      cmocka_unit_test(every_coefficient_matters),
      cmocka_unit_test(methods_are_stable),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Every Rosenbrock method of the table against the theory: the order conditions of Hairer & Wanner, Solving
 * ODEs II, IV.7, for the solution, its estimate and its interpolant, in the form that is stored, which has no
 * products with J; and its stability. Nothing here knows a particular method. */
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
#include "step/rosenbrock.h"

enum { S = OG_ROSENBROCK_STAGES };

/* The stored form back in that of the theory: Gamma^-1 = 1/gamma - C, alpha = A Gamma, beta = alpha + Gamma;
 * and bounds on all entries, from sums of sizes, which tell what rounding may do. */
typedef struct theory {
  long double inverse[S][S], gamma[S][S], alpha[S][S], beta[S][S];
  long double gamma_size[S][S], alpha_size[S][S], beta_size[S][S];
} theory;

static void invert(theory *t, const og_rosenbrock_tableau *m) {
  for (int i = 0; i < m->stages; i++)
    for (int j = 0; j <= i; j++)
      t->inverse[i][j] = i == j ? 1 / (long double)m->gamma : -(long double)m->c[i][j];
  for (int j = 0; j < m->stages; j++)
    for (int i = j; i < m->stages; i++) {
      long double sum = i == j, size = i == j;
      for (int k = j; k < i; k++) {
        sum -= t->inverse[i][k] * t->gamma[k][j];
        size += fabsl(t->inverse[i][k]) * t->gamma_size[k][j];
      }
      t->gamma[i][j] = sum / t->inverse[i][i];
      t->gamma_size[i][j] = size / t->inverse[i][i];
    }
}

static void prepare(theory *t, const og_rosenbrock_tableau *m) {
  memset(t, 0, sizeof *t);
  invert(t, m);
  for (int i = 0; i < S; i++)
    for (int j = 0; j < S; j++) {
      for (int k = 0; k < S; k++) {
        t->alpha[i][j] += m->a[i][k] * t->gamma[k][j];
        t->alpha_size[i][j] += fabsl((long double)m->a[i][k]) * t->gamma_size[k][j];
      }
      t->beta[i][j] = t->alpha[i][j] + t->gamma[i][j];
      t->beta_size[i][j] = t->alpha_size[i][j] + t->gamma_size[i][j];
    }
}

/* ---- Elementary weights: a root of one branch has beta, one of more has alpha on each ---- */

typedef struct elementary_weights {
  long double phi[TREES_MAX][S], size[TREES_MAX][S];
} elementary_weights;

static void times(const long double matrix[S][S], const long double *x, long double *y) {
  for (int i = 0; i < S; i++) {
    long double sum = 0;
    for (int j = 0; j < S; j++) sum += matrix[i][j] * x[j];
    y[i] *= sum;
  }
}

static void weigh(const forest *f, const theory *t, elementary_weights *out) {
  for (int k = 0; k < f->count && f->trees[k].order <= 6; k++) {
    for (int i = 0; i < S; i++) out->phi[k][i] = out->size[k][i] = 1;
    int single = k > 0 && f->trees[k].base == 0;
    for (int at = k; at > 0; at = f->trees[at].base) {
      int branch = f->trees[at].branch;
      times(single ? t->beta : t->alpha, out->phi[branch], out->phi[k]);
      times(single ? t->beta_size : t->alpha_size, out->size[branch], out->size[k]);
    }
  }
}

/* Weights of u_j give those of k_j by Gamma. */
static int order_of(const forest *f, const theory *t, const elementary_weights *e, const long double *weights,
                    long double s) {
  long double b[S] = {0}, size[S] = {0};
  for (int j = 0; j < S; j++)
    for (int i = 0; i < S; i++) {
      b[j] += weights[i] * t->gamma[i][j];
      size[j] += fabsl(weights[i]) * t->gamma_size[i][j];
    }
  for (int k = 0; k < f->count && f->trees[k].order <= 6; k++) {
    long double sum = 0, bound = 0, exact = powl(s, f->trees[k].order) / f->trees[k].density;
    for (int j = 0; j < S; j++) sum += b[j] * e->phi[k][j], bound += size[j] * e->size[k][j];
    /* an ulp for each of the coefficients that a term is a product of, at most two a vertex */
    if (fabsl(sum - exact) > 2 * f->trees[k].order * (long double)DBL_EPSILON * bound)
      return f->trees[k].order - 1;
  }
  return 6;
}

/* ---- What a row must fulfil ---- */

static long double row_sum(const long double matrix[S][S], int i) {
  long double sum = 0;
  for (int j = 0; j < S; j++) sum += matrix[i][j];
  return sum;
}

/* f and df/dt are taken as a problem made autonomous takes them only if alpha_i and d_i are row sums. */
static int nodes_are_row_sums(const og_rosenbrock_tableau *m, const theory *t) {
  for (int i = 0; i < m->stages; i++) {
    long double alpha = fabsl(row_sum(t->alpha, i) - m->alpha[i]), d = fabsl(row_sum(t->gamma, i) - m->d[i]);
    if (alpha > 4 * DBL_EPSILON * row_sum(t->alpha_size, i)) return 0;
    if (d > 4 * DBL_EPSILON * row_sum(t->gamma_size, i)) return 0;
  }
  return m->alpha[0] == 0;
}

static int is_lower(const og_rosenbrock_tableau *m) {
  for (int i = 0; i < S; i++)
    for (int j = 0; j < S; j++)
      if ((j >= i || i >= m->stages) && (m->a[i][j] != 0 || m->c[i][j] != 0)) return 0;
  return 1;
}

static void interpolant(const og_rosenbrock_tableau *m, double s, long double *weights) {
  for (int j = 0; j < S; j++) {
    long double power = 1;
    weights[j] = 0;
    for (int d = 0; d < OG_ROSENBROCK_DEGREE; d++)
      power *= (long double)s, weights[j] += m->interpolant[j][d] * power;
  }
}

static int orders_are_right(const og_rosenbrock_tableau *m, const theory *t) {
  static forest f;
  static elementary_weights e;
  long double solution[S], embedded[S], inside[S];
  grow(&f);
  weigh(&f, t, &e);
  for (int j = 0; j < S; j++) solution[j] = m->m[j], embedded[j] = (long double)m->m[j] - m->e[j];
  if (order_of(&f, t, &e, solution, 1) != m->order) return 0;
  if (order_of(&f, t, &e, embedded, 1) != m->embedded_order) return 0;
  for (int k = 1; k < 8; k++) {
    interpolant(m, k / 8.0, inside);
    if (order_of(&f, t, &e, inside, k / 8.0L) != m->interpolant_order) return 0;
  }
  return 1;
}

/* Where it ends it is the solution; its functions for any s are its rows. */
static int interpolant_ends_at_solution(const og_rosenbrock_tableau *m) {
  og_increment_rows increments = og_rosenbrock_rows(m);
  double weights[S], slopes[S];
  long double rows[S];
  og_increment_weights(&increments, 1, weights, slopes);
  for (int j = 0; j < m->stages; j++) {
    long double size = 0;
    for (int d = 0; d < OG_ROSENBROCK_DEGREE; d++) size += fabsl((long double)m->interpolant[j][d]);
    if (fabsl((long double)weights[j] - m->m[j]) > 4 * DBL_EPSILON * size) return 0;
  }
  og_increment_weights(&increments, 0.3, weights, slopes);
  interpolant(m, 0.3, rows);
  for (int j = 0; j < m->stages; j++)
    if (fabsl(weights[j] - rows[j]) > 1e-13L * (1 + fabsl(rows[j]))) return 0;
  return 1;
}

/* Stiffly accurate: the embedded solution is the last stage's state, which pins the estimate; that is of its
 * order at any size. */
static int last_stage_is_embedded(const og_rosenbrock_tableau *m) {
  int last = m->stages - 1;
  for (int j = 0; j < last; j++)
    if (m->a[last][j] != m->m[j] - m->e[j]) return 0;
  return m->m[last] == m->e[last] && m->alpha[last] == 1 && m->d[last] == 0;
}

static int holds(const og_rosenbrock_tableau *m) {
  static theory t;
  prepare(&t, m);
  return is_lower(m) && last_stage_is_embedded(m) && nodes_are_row_sums(m, &t) &&
         interpolant_ends_at_solution(m) && orders_are_right(m, &t);
}

static const og_rosenbrock_tableau *row(int *method) {
  for (; *method < (int)og_method_count(); ++*method)
    if (og_rosenbrock_tableau_of((og_method)*method)) return og_rosenbrock_tableau_of((og_method)*method);
  return NULL;
}

static void every_row_holds(void **state) {
  (void)state;
  int found = 0;
  for (int k = 0; row(&k); k++, found++) assert_true(holds(row(&k)));
  assert_true(found > 0);
}

/* Any one coefficient changed in its tenth digit must be noticed. */
static void assert_noticed(og_rosenbrock_tableau *copy, double *entry, const char *what, int i, int j) {
  double kept = *entry;
  if (kept == 0) return;
  *entry = kept * (1 + 1e-9);
  if (holds(copy)) fail_msg("%s: %s[%d][%d] may be anything", copy->name, what, i, j);
  *entry = kept;
}

static void every_coefficient_matters(void **state) {
  (void)state;
  for (int k = 0; row(&k); k++) {
    og_rosenbrock_tableau copy = *row(&k);
    assert_noticed(&copy, &copy.gamma, "gamma", 0, 0);
    for (int i = 0; i < S; i++) {
      assert_noticed(&copy, &copy.alpha[i], "alpha", i, 0);
      assert_noticed(&copy, &copy.d[i], "d", i, 0);
      assert_noticed(&copy, &copy.m[i], "m", i, 0);
      assert_noticed(&copy, &copy.e[i], "e", i, 0);
      for (int j = 0; j < i; j++) {
        assert_noticed(&copy, &copy.a[i][j], "a", i, j);
        assert_noticed(&copy, &copy.c[i][j], "c", i, j);
      }
      for (int d = 0; d < OG_ROSENBROCK_DEGREE; d++)
        assert_noticed(&copy, &copy.interpolant[i][d], "interpolant", i, d);
    }
  }
}

/* ---- Stability ---- */

/* L-stable: |R| <= 1 on the imaginary axis, R has no poles to its left (all are at 1/gamma), and R(-inf) = 0;
 * R(z) - e^z is of the order's next power, or of a
 * higher one. The axis to 1e-12, which is rounding of u_j up to 100. */
static void methods_are_l_stable(void **state) {
  (void)state;
  for (int k = 0; row(&k); k++) {
    og_stepper stepper = og_stepper_of((og_method)k);
    for (double y = 1e-3; y < 1e6; y *= 1.01)
      assert_true(cabs(stepper.stability(&stepper, y * I)) <= 1 + 1e-12);
    assert_true(cabs(stepper.stability(&stepper, -1e9)) <= 1e-6);
    double off[2];
    for (int i = 0; i < 2; i++) {
      double complex z = (0.4 + 0.3 * I) / (1 << i);
      off[i] = cabs(stepper.stability(&stepper, z) - cexp(z));
    }
    assert_true(log2(off[0] / off[1]) > stepper.order + 0.7);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_row_holds),
      cmocka_unit_test(every_coefficient_matters),
      cmocka_unit_test(methods_are_l_stable),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

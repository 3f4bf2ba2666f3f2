/* Radau IIA methods against the theory: of a collocation method all follows from its nodes, which are right
 * if its quadrature has the order 2 s - 1 (Hairer & Wanner IV.5); and its stability. */
#include <complex.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "step/radau.h"
#include "step/stability.h"

enum { S = OG_RADAU_STAGES };

static long double power(long double c, int k) { return k == 0 ? 1 : powl(c, k); }

/* A^-1 is that of collocation: sum_j (A^-1)_ij c_j^k = k c_i^(k-1), k = 1 .. s. */
static int inverse_is_of_collocation(const og_radau_tableau *m) {
  for (int i = 0; i < m->stages; i++)
    for (int k = 1; k <= m->stages; k++) {
      long double sum = 0, size = 0;
      for (int j = 0; j < m->stages; j++) {
        sum += m->inverse[i][j] * power(m->c[j], k);
        size += fabsl(m->inverse[i][j] * power(m->c[j], k));
      }
      if (fabsl(sum - k * power(m->c[i], k - 1)) > 4 * k * (long double)DBL_EPSILON * size) return 0;
    }
  return 1;
}

/* b of the quadrature, b^T A^-1 = e_s^T, by elimination without exchanges from the last row on; no entry of
 * the two methods grows in it. */
static void quadrature(const og_radau_tableau *m, long double *b) {
  long double a[S][S], right[S] = {0};
  int s = m->stages;
  for (int i = 0; i < s; i++)
    for (int j = 0; j < s; j++) a[j][i] = m->inverse[i][j];
  right[s - 1] = 1;
  for (int k = 0; k < s; k++)
    for (int i = k + 1; i < s; i++) {
      long double factor = a[i][k] / a[k][k];
      for (int j = k; j < s; j++) a[i][j] -= factor * a[k][j];
      right[i] -= factor * right[k];
    }
  for (int k = s - 1; k >= 0; k--) {
    b[k] = right[k];
    for (int j = k + 1; j < s; j++) b[k] -= a[k][j] * b[j];
    b[k] /= a[k][k];
  }
}

/* sum b c^(k-1) = 1/k up to k = 2 s - 1, and no further. To 1e-13, an ulp of A^-1's entries with their
 * condition of some hundreds. */
static int nodes_have_the_order(const og_radau_tableau *m) {
  long double b[S];
  int order = 0;
  quadrature(m, b);
  for (int k = 1; k <= 2 * m->stages; k++) {
    long double sum = 0;
    for (int j = 0; j < m->stages; j++) sum += b[j] * power(m->c[j], k - 1);
    if (fabsl(sum - 1.0L / k) > 1e-13L) break;
    order = k;
  }
  return order == m->order && m->order == 2 * m->stages - 1 && m->c[m->stages - 1] == 1;
}

static int end_is_last_stage(const og_radau_tableau *m) {
  for (int j = 0; j < m->stages; j++)
    if (m->b[j] != (j == m->stages - 1)) return 0;
  return 1;
}

/* w_j is 1 at its own node and 0 at the others. */
static int interpolant_is_of_collocation(const og_radau_tableau *m) {
  for (int j = 0; j < m->stages; j++)
    for (int i = 0; i < m->stages; i++) {
      long double sum = 0, size = 0;
      for (int d = 0; d < m->stages; d++) {
        sum += m->interpolant[j][d] * power(m->c[i], d + 1);
        size += fabsl(m->interpolant[j][d] * power(m->c[i], d + 1));
      }
      if (fabsl(sum - (i == j)) > 4 * m->stages * (long double)DBL_EPSILON * size) return 0;
    }
  return 1;
}

/* 1 / gamma is an eigenvalue of A^-1: the last pivot of A^-1 - 1/gamma is what rounding leaves of it. */
static int gamma_is_eigenvalue(const og_radau_tableau *m) {
  long double a[S][S] = {{0}}, size = 0;
  int s = m->stages;
  for (int i = 0; i < s; i++)
    for (int j = 0; j < s; j++) {
      a[i][j] = m->inverse[i][j] - (i == j ? 1 / (long double)m->gamma : 0);
      size = fmaxl(size, fabsl(a[i][j]));
    }
  for (int k = 0; k < s; k++)
    for (int i = k + 1; i < s; i++) {
      long double factor = a[i][k] / a[k][k];
      for (int j = k; j < s; j++) a[i][j] -= factor * a[k][j];
    }
  return fabsl(a[s - 1][s - 1]) <= 1000 * (long double)DBL_EPSILON * size;
}

/* gamma h f + sum e_j z_j vanishes for polynomials of degree s, and no further. */
static int estimate_has_its_order(const og_radau_tableau *m) {
  for (int k = 1; k <= m->stages + 1; k++) {
    long double sum = k == 1 ? (long double)m->gamma : 0, size = fabsl(sum);
    for (int j = 0; j < m->stages; j++) {
      sum += m->e[j] * power(m->c[j], k);
      size += fabsl(m->e[j] * power(m->c[j], k));
    }
    int vanishes = fabsl(sum) <= 4 * k * (long double)DBL_EPSILON * size;
    if (vanishes != (k <= m->stages)) return 0;
  }
  return 1;
}

static int holds(const og_radau_tableau *m) {
  return inverse_is_of_collocation(m) && nodes_have_the_order(m) && end_is_last_stage(m) &&
         interpolant_is_of_collocation(m) && gamma_is_eigenvalue(m) && estimate_has_its_order(m);
}

static const og_radau_tableau *row(int *method) {
  for (; *method < (int)og_method_count(); ++*method)
    if (og_radau_tableau_of((og_method)*method)) return og_radau_tableau_of((og_method)*method);
  return NULL;
}

static void every_row_holds(void **state) {
  (void)state;
  int found = 0;
  for (int k = 0; row(&k); k++, found++)
    if (!holds(row(&k))) fail_msg("%s", row(&k)->name);
  assert_int_equal(found, 2);
}

static void assert_noticed(og_radau_tableau *copy, double *entry, const char *what, int i, int j) {
  double kept = *entry;
  if (kept == 0) return;
  *entry = kept * (1 + 1e-9);
  if (holds(copy)) fail_msg("%s: %s[%d][%d] may be anything", copy->name, what, i, j);
  *entry = kept;
}

static void every_coefficient_matters(void **state) {
  (void)state;
  for (int k = 0; row(&k); k++) {
    og_radau_tableau copy = *row(&k);
    assert_noticed(&copy, &copy.gamma, "gamma", 0, 0);
    for (int i = 0; i < S; i++) {
      assert_noticed(&copy, &copy.c[i], "c", i, 0);
      assert_noticed(&copy, &copy.b[i], "b", i, 0);
      assert_noticed(&copy, &copy.e[i], "e", i, 0);
      for (int j = 0; j < S; j++) {
        assert_noticed(&copy, &copy.inverse[i][j], "inverse", i, j);
        assert_noticed(&copy, &copy.interpolant[i][j], "interpolant", i, j);
      }
    }
  }
}

/* L-stable, with R(z) - e^z of the order's next power: R is Pade's (s - 1, s) approximation, which has no
 * poles to the left (Hairer & Wanner IV.4). The axis to 1e-12: rounding of A^-1's entries up to 20, with
 * their condition. */
static void methods_are_l_stable(void **state) {
  (void)state;
  for (int k = 0; row(&k); k++) {
    og_stepper stepper = og_stepper_of((og_method)k);
    double off[2];
    for (double y = 1e-3; y < 1e6; y *= 1.01)
      assert_true(cabs(stepper.stability(&stepper, y * I)) <= 1 + 1e-12);
    assert_true(cabs(stepper.stability(&stepper, -1e9)) <= 1e-6);
    for (int i = 0; i < 2; i++) {
      double complex z = (1.6 + 1.2 * I) / (1 << i); /* differences above rounding */
      off[i] = cabs(stepper.stability(&stepper, z) - cexp(z));
    }
    assert_true(log2(off[0] / off[1]) > stepper.order + 0.7);
    assert_true(og_stability_reach(&stepper) > 31);
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

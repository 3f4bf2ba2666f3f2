/* Explicit methods as steppers. */
#include "step/explicit.h"

/* X_j = 1 + z sum a_jl X_l, R = 1 + z sum b_j X_j */
static double complex stability(const og_stepper *stepper, double complex z) {
  const og_tableau *tableau = stepper->coefficients;
  double complex stage[OG_STAGES_MAX], end = 1;
  for (int j = 0; j < tableau->stages; j++) {
    stage[j] = 1;
    for (int l = 0; l < j; l++) stage[j] += z * tableau->a[j][l] * stage[l];
    end += z * tableau->b[j] * stage[j];
  }
  return end;
}

static int has_second_estimate(const og_tableau *tableau) {
  for (int j = 0; j < tableau->stages; j++)
    if (tableau->e2[j] != 0) return 1;
  return 0;
}

/* Two estimates E5, E3 combine to E5^2 / sqrt(E5^2 + 0.01 E3^2), which falls like h^8 (Hairer, Norsett &
 * Wanner II.10). */
static int error_power(const og_tableau *tableau) {
  int lower = tableau->embedded_order < tableau->order ? tableau->embedded_order : tableau->order;
  return has_second_estimate(tableau) ? tableau->order : lower + 1;
}

og_stepper og_explicit_stepper(const og_tableau *tableau) {
  return (og_stepper){.name = tableau->name,
                      .order = tableau->order,
                      .errors = tableau->embedded_order == 0 ? 0 : 1 + has_second_estimate(tableau),
                      .error_power = error_power(tableau),
                      .interpolant_degree = tableau->interpolant_degree,
                      .carries_slope = tableau->first_same_as_last,
                      .interpolant_evals = tableau->stages_total - tableau->stages,
                      .seeds = tableau->stages_total,
                      .stability = stability,
                      .ops_d = &og_explicit_ops_d,
                      .ops_s = &og_explicit_ops_s,
                      .coefficients = tableau};
}

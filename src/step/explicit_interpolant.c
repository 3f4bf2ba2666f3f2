#include "step/explicit.h"

/* Horner: sum_d c[d-1] s^d = s q(s), with derivative q + s q'. Roots are looked for at many places, where the
 * values alone are wanted. */
static void set_weights(const og_tableau *tableau, double s, double *weights) {
  for (int j = 0; j < tableau->stages_total; j++) {
    const double *c = tableau->interpolant[j];
    double value = 0;
    for (int d = tableau->interpolant_degree - 1; d >= 0; d--) value = value * s + c[d];
    weights[j] = s * value;
  }
}

static void set_slopes(const og_tableau *tableau, double s, double *slopes) {
  for (int j = 0; j < tableau->stages_total; j++) {
    const double *c = tableau->interpolant[j];
    double value = 0, slope = 0;
    for (int d = tableau->interpolant_degree - 1; d >= 0; d--) {
      slope = slope * s + value;
      value = value * s + c[d];
    }
    slopes[j] = value + s * slope;
  }
}

void og_interpolant_weights(const og_tableau *tableau, double s, double *weights, double *slopes) {
  if (weights) set_weights(tableau, s, weights);
  if (slopes) set_slopes(tableau, s, slopes);
}

#include "rk/step.h"

/* Horner: sum_d c[d-1] s^d = s q(s), with derivative q + s q'. */
void og_interpolant_weights(const og_tableau *tableau, double s, double *weights, double *slopes) {
  for (int j = 0; j < tableau->stages_total; j++) {
    const double *c = tableau->interpolant[j];
    double value = 0, slope = 0;
    for (int d = tableau->interpolant_degree - 1; d >= 0; d--) {
      slope = slope * s + value;
      value = value * s + c[d];
    }
    if (weights) weights[j] = s * value;
    if (slopes) slopes[j] = value + s * slope;
  }
}

#include "rk/step.h"

/* Horner for all stages at once, a degree after another: sum_d c[d-1] s^d = s q(s), with derivative q + s q'.
 */
void og_interpolant_weights(const og_tableau *tableau, double s, double *weights, double *slopes) {
  double value[OG_STAGES_MAX] = {0}, slope[OG_STAGES_MAX] = {0};
  int stages = tableau->stages_total;
  for (int d = tableau->interpolant_degree - 1; d >= 0; d--) {
    for (int j = 0; slopes && j < stages; j++) slope[j] = slope[j] * s + value[j];
    for (int j = 0; j < stages; j++) value[j] = value[j] * s + tableau->interpolant[j][d];
  }
  for (int j = 0; weights && j < stages; j++) weights[j] = s * value[j];
  for (int j = 0; slopes && j < stages; j++) slopes[j] = value[j] + s * slope[j];
}

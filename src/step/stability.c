#include "step/stability.h"

#include <complex.h>
#include <math.h>

/* X_j = 1 + z sum a_jl X_l, R = 1 + z sum b_j X_j */
static double complex stability(const og_tableau *tableau, double complex z) {
  double complex stage[OG_STAGES_MAX], end = 1;
  for (int j = 0; j < tableau->stages; j++) {
    stage[j] = 1;
    for (int l = 0; l < j; l++) stage[j] += z * tableau->a[j][l] * stage[l];
    end += z * tableau->b[j] * stage[j];
  }
  return end;
}

static const double ROOT_HALF = 0.70710678118654752;

static int is_stable(const og_tableau *tableau, double size) {
  double complex damped = size * ROOT_HALF * (I - 1);
  return cabs(stability(tableau, -size)) <= 1 && cabs(stability(tableau, damped)) <= 1;
}

static int agrees(const og_tableau *tableau, double size, double error) {
  const double complex rays[] = {-size, size * I, size * ROOT_HALF * (I - 1)};
  for (int i = 0; i < 3; i++) {
    double complex z = rays[i];
    double complex parts = stability(tableau, OG_SPLIT * z) * stability(tableau, (1 - OG_SPLIT) * z);
    if (cabs(stability(tableau, z) - parts) > error) return 0;
  }
  return 1;
}

/* All methods of the table end long before it (DOP853 at 6.4). The border is found to 1/64. */
enum { FARTHEST = 32, STEPS_IN_ONE = 64 };

double og_stability_reach(const og_tableau *tableau) {
  int k = 1;
  while (k < FARTHEST * STEPS_IN_ONE && is_stable(tableau, (double)k / STEPS_IN_ONE)) k++;
  return (double)(k - 1) / STEPS_IN_ONE;
}

double og_split_reach(const og_tableau *tableau, double error) {
  double low = 0, high = 1;
  while (high < FARTHEST && agrees(tableau, high, error)) low = high, high *= 2;
  for (int k = 0; k < 20; k++) {
    double middle = 0.5 * (low + high);
    if (agrees(tableau, middle, error))
      low = middle;
    else
      high = middle;
  }
  return low;
}

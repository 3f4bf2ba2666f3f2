/* How far a method follows x' = mu x; see stability.h. */
#include "step/stability.h"

#include <math.h>

static const double ROOT_HALF = 0.70710678118654752;

static int is_stable(const og_stepper *stepper, double size) {
  double complex damped = size * ROOT_HALF * (I - 1);
  return cabs(stepper->stability(stepper, -size)) <= 1 && cabs(stepper->stability(stepper, damped)) <= 1;
}

static int agrees(const og_stepper *stepper, double size, double error) {
  const double complex rays[] = {-size, size * I, size * ROOT_HALF * (I - 1)};
  for (int i = 0; i < 3; i++) {
    double complex z = rays[i];
    double complex parts =
        stepper->stability(stepper, OG_SPLIT * z) * stepper->stability(stepper, (1 - OG_SPLIT) * z);
    if (cabs(stepper->stability(stepper, z) - parts) > error) return 0;
  }
  return 1;
}

/* Explicit methods end long before it (DOP853 at 6.4). The border is found to 1/64. */
enum { FARTHEST = 32, STEPS_IN_ONE = 64 };

double og_stability_reach(const og_stepper *stepper) {
  int k = 1;
  while (k < FARTHEST * STEPS_IN_ONE && is_stable(stepper, (double)k / STEPS_IN_ONE)) k++;
  return k < FARTHEST * STEPS_IN_ONE ? (double)(k - 1) / STEPS_IN_ONE : INFINITY;
}

double og_split_reach(const og_stepper *stepper, double error) {
  double low = 0, high = 1;
  while (high < FARTHEST && agrees(stepper, high, error)) low = high, high *= 2;
  for (int k = 0; k < 20; k++) {
    double middle = 0.5 * (low + high);
    if (agrees(stepper, middle, error))
      low = middle;
    else
      high = middle;
  }
  return low;
}

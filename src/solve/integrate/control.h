/* Step-size control: the PI controller of Gustafsson (1991) with Hairer's exponents. */
#ifndef OG_CONTROL_H
#define OG_CONTROL_H

#include "kernels/kernels.h"
#include "step/stepper.h"

/* How much a step may grow at once; not at all after a rejection. */
#define OG_GROWTH_MOST 10.0
/* The error before the first step, for the controller's memory. */
#define OG_FIRST_ERROR 1e-4
/* The narrowest first step, in roundings of t: those that follow are to find room below it. */
#define OG_STEP_LEAST 16

/* alpha = 1/k - 0.75 beta and beta = 0.2/k, with k the power of h that the error falls with (Hairer & Wanner
 * IV.2; their DOPRI5 has beta = 0.04 at k = 5). */
static inline og_control og_control_of(const og_stepper *stepper) {
  double k = stepper->error_power, beta = 0.2 / k;
  return (og_control){.alpha = 1 / k - 0.75 * beta,
                      .beta = beta,
                      .exponent = 1 / k,
                      .safety = 0.9,
                      .smallest = 0.2,
                      .least_error = 1e-10,
                      .least_previous = OG_FIRST_ERROR};
}

#endif

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
og_control og_control_of(const og_stepper *stepper);

#endif

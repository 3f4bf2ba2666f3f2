/* Step-size control of one lane: the PI controller of Gustafsson (1991) with Hairer's exponents. */
#ifndef OG_CONTROL_H
#define OG_CONTROL_H

#include "rk/tableau.h"

/* The exponents of a method: factor = 0.9 error^-alpha previous^beta, alpha = 1/k - 0.75 beta, beta = 0.2/k, with k
 * one more than the lower order of the pair (Hairer & Wanner IV.2; their DOPRI5 has beta = 0.04 at k = 5). */
typedef struct og_control {
  double alpha, beta, exponent; /* the last for rejections: 1/k */
} og_control;

og_control og_control_of(const og_tableau *tableau);
/* How much larger the next step may be, after an accepted step of `error` <= 1 and one of `previous`. */
double og_factor_accepted(const og_control *control, double error, double previous, int rejected_before);
/* How much smaller to try again, after `error` > 1, or NaN. */
double og_factor_rejected(const og_control *control, double error);

#endif

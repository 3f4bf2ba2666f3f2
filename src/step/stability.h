/* What a method makes of x' = mu x: x1 = R(z) x with z = h mu, R its stability function (Hairer & Wanner
 * IV.2). It tells how wide a step may be for what it should follow. */
#ifndef OG_STABILITY_H
#define OG_STABILITY_H

#include "step/step.h"

/* The largest |z| up to which |R(z)| <= 1 on the negative real axis and at 135 degrees, to 1/64; INFINITY
 * where it does not end, as of implicit methods. */
double og_stability_reach(const og_stepper *stepper);
/* The smallest |z| at which a step and its two parts differ by `error`, |R(z) - R(0.44 z) R(0.56 z)|, for
 * decay, oscillation or both (arg z = 180, 90, 135 degrees). */
double og_split_reach(const og_stepper *stepper, double error);

#endif

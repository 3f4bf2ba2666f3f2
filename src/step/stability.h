/* What an explicit method makes of x' = mu x: x1 = R(z) x with z = h mu, R the stability polynomial (Hairer &
 * Wanner IV.2). It tells how wide a step may be for what it should follow. */
#ifndef OG_STABILITY_H
#define OG_STABILITY_H

#include "step/tableau.h"

/* Where a step is divided to see what the whole one misses: at no node of any method, nor in the middle. */
#define OG_SPLIT 0.44

/* The largest |z| up to which |R(z)| <= 1 on the negative real axis and at 135 degrees, to 1/64. */
double og_stability_reach(const og_tableau *tableau);
/* The smallest |z| at which a step and its two parts differ by `error`, |R(z) - R(0.44 z) R(0.56 z)|, for
 * decay, oscillation or both (arg z = 180, 90, 135 degrees). */
double og_split_reach(const og_tableau *tableau, double error);

#endif

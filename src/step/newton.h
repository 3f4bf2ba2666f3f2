/* How an implicit step's equations are solved to rounding in every lane by itself: what iterations decide.
 *
 * First with the matrix of the step's start, which costs no more than f and a solve each time, as long as
 * that converges well; then by Newton's method with the matrix of where it has come to, which doubles the
 * digits each time, mostly once. A correction by the start's matrix that is larger than the one before is
 * dropped: it could lead to another solution of the equations than the one that continues x. A lane that has
 * converged is frozen, and a lane in a block does what it does alone.
 *
 *   begin; for phases OG_NEWTON_CHORD, OG_NEWTON_EXACT, k = 0, 1, ... while select finds lanes: find the
 *   corrections, measure each block of them, add those to `mask`, decide. */
#ifndef OG_NEWTON_H
#define OG_NEWTON_H

#include "step/step.h"

enum { OG_NEWTON_CHORD, OG_NEWTON_EXACT, OG_NEWTON_CONVERGED, OG_NEWTON_FAILED };

#include "base/in_double.h"
#include "step/newton_step.h"

#include "base/in_single.h"
#include "step/newton_step.h"

#endif

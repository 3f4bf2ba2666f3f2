/* One step of a method on a lane block, in both precisions; see step_real.h. */
#ifndef OG_STEP_H
#define OG_STEP_H

#include "base/real.h"
#include "field/field.h"
#include "kernels/kernels.h"
#include "step/stepper.h"

/* What a step is opened for: to be taken alone; to be transposed, without cotangents of times; for all
 * derivatives. TAPED, added to the latter two: evaluations of a bound field leave tapes, so that transposing
 * them need not compute them again. */
enum { OG_STEP_FORWARD, OG_STEP_TRANSPOSE, OG_STEP_DERIVATIVE, OG_STEP_TAPED = 4 };

/* What a step that is taken again must have ready, beside its transpose: its end, cotangents of its times,
 * and its tangent; states inside it, and their derivatives. */
enum { OG_STEP_VALUES = 1, OG_STEP_INSIDE = 2 };

/* Where a step is divided to see what the whole one misses: at no node of any method, nor in the middle. */
#define OG_SPLIT 0.44

/* Cotangents of times that are not finite, as that of sqrt(t) at 0, by where in the step f was evaluated. */
enum { OG_AT_START, OG_AT_INSIDE, OG_AT_END, OG_SINGULAR_PLACES };

/* How a stepper that is asked for dense or sparse factors has its matrices factored. */
og_elimination_kind og_stepper_elimination(const og_stepper *stepper);

#include "base/in_double.h"
#include "step/step_real.h"

#include "base/in_single.h"
#include "step/step_real.h"

#endif

/* The kind of step that has two methods: an explicit one, and an implicit one for where the problem is stiff.
 * Which of them a lane's step is taken by, the interval says (og_interval.implicit); whoever takes steps
 * decides that by what `stiffness` tells. Each method has a step of its own, in which the other's lanes are
 * idle, so that a step has the bits that it has by that method alone.
 *
 * Begin reading in switching_real.c. */
#ifndef OG_SWITCHING_H
#define OG_SWITCHING_H

#include "step/step.h"

/* The two methods, the explicit one first. */
typedef struct og_pair {
  og_stepper part[2];
} og_pair;

#include "base/in_double.h"
#include "step/switching_step.h"

#include "base/in_single.h"
#include "step/switching_step.h"

/* The stepper of the pair, which must stay where it is. */
og_stepper og_switching_stepper(const og_pair *pair);

#endif

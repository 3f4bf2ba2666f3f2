/* The forward driver, and its state: one lane block in flight.
 *
 * Each lane takes steps of a trajectory of its own, and gets the next trajectory when that ends. Begin with
 * integrate_real.c (the loop), then lanes_real.c (what a lane does with a step that was accepted) and
 * next_segment_real.c (how it goes on behind a breakpoint or an event). It knows events and memory by their
 * headers. */
#ifndef OG_INTEGRATE_H
#define OG_INTEGRATE_H

#include "step/step.h"
#include "solve/events/detection.h"
#include "solve/integrate/control.h"

/* What becomes of a lane whose next method was to be chosen: it goes on; it has left its trajectory; there
 * was no memory. */
typedef enum og_choice { OG_CHOICE_MADE, OG_CHOICE_LEFT, OG_CHOICE_FAILED } og_choice;

#include "base/in_double.h"
#include "solve/integrate/integration.h"

#include "base/in_single.h"
#include "solve/integrate/integration.h"

#endif

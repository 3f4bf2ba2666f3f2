/* Lanes of a backward or tangent pass whose step was stopped by an event. */
#ifndef OG_EVENT_STEPS_H
#define OG_EVENT_STEPS_H

#include "adjoint/adjoint.h"
#include "adjoint/event_adjoint.h"

#include "base/in_double.h"
#include "adjoint/event_steps_real.h"

#include "base/in_single.h"
#include "adjoint/event_steps_real.h"

#endif

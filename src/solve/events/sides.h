/* Which side each guard is on after an event, as far as rounding lets it be told. */
#ifndef OG_SIDES_H
#define OG_SIDES_H

#include "solve/events/scan.h"

#include "base/in_double.h"
#include "solve/events/sides_real.h"

#include "base/in_single.h"
#include "solve/events/sides_real.h"

#endif

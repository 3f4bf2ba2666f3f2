/* What watching is made of: samples of guards, and what became of a guard between them. */
#ifndef OG_SCAN_H
#define OG_SCAN_H

#include "solve/events/root.h"
#include "solve/integrate/integrate.h"

#include "base/in_double.h"
#include "solve/events/scan_real.h"

#include "base/in_single.h"
#include "solve/events/scan_real.h"

#endif

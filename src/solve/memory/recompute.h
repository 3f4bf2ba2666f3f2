/* States between checkpoints, computed again: a block of lanes, each brought to the start of a wanted step of
 * its trajectory. A lane restores the checkpoint that its schedule names and takes the steps from there with
 * the same driver, saving on the way what the schedule asks for; lanes that are there wait for the others. */
#ifndef OG_RECOMPUTE_H
#define OG_RECOMPUTE_H

#include "solve/integrate/integrate.h"
#include "solve/memory/checkpoints.h"

#include "base/in_double.h"
#include "solve/memory/recompute_real.h"

#include "base/in_single.h"
#include "solve/memory/recompute_real.h"

#endif

/* A note about events that never happened in a run, and about values of inputs that came to nothing, once. */
#ifndef OG_IDLE_H
#define OG_IDLE_H

#include "base/base.h"

struct og_solve;
og_status og_idle_tell(const struct og_solve *solve);

#endif

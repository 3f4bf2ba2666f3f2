/* A note about values of `hold` inputs that set off no event though they look as if they were meant to: an
 * event's guard reads the input and no state, its jump reads the input too (a dose that is given), and the
 * guard was beyond zero before the value already. */
#ifndef OG_LOST_H
#define OG_LOST_H

#include "base/base.h"

struct og_solve;
og_status og_lost_tell(const struct og_solve *solve);

#endif

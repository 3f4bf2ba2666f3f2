/* Notes about events that never happened in a run, and about values of inputs that came to nothing, once. */
#ifndef OG_WITHOUT_EFFECT_H
#define OG_WITHOUT_EFFECT_H

#include "base/base.h"

struct og_solve;
og_status og_without_effect_tell(const struct og_solve *solve);

#endif

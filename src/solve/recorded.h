/* The recorded steps of a trajectory, by time. */
#ifndef OG_RECORDED_H
#define OG_RECORDED_H

#include "solve/solve.h"

/* The fraction at which step `index` starts, and the state there, x[n] in the solve's precision, valid until
 * the next call for the trajectory. Under a budget the state cache must be open (state_cache.h). */
const void *og_recorded_state(const og_solve *solve, const og_trajectory *at, size_t index, double *fraction);
/* Where step `index` starts; of the number of steps, where the last one ends. */
double og_recorded_time(const og_solve *solve, const og_trajectory *at, size_t index);
/* The step that holds t: the last one that starts at or before it. `hint` is a step near it; the answer does
 * not depend on it. */
size_t og_recorded_find(const og_solve *solve, const og_trajectory *at, double t, size_t hint);
/* The same among the steps of one segment: where two meet there are two states. */
size_t og_recorded_find_in(const og_solve *solve, const og_trajectory *at, size_t segment, double t,
                           size_t hint);
/* How wide a step from t toward t0 may be if it is not to jump over what the recorded ones resolved: to the
 * start of the one it is in, or as wide as the narrower of that and the one before. `hint`
 * is as above, and becomes that step. */
double og_recorded_pace(const og_solve *solve, const og_trajectory *at, double t, size_t *hint);

#endif

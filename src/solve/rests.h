/* Steps of which x tells that they may not be good for a derivative. Where it rests, their error was next to
 * nothing, so that nothing but the growth of steps limits them. Where their size drops at once, the
 * right-hand side may not be smooth, or x has met what its steps had not resolved. */
#ifndef OG_RESTS_H
#define OG_RESTS_H

#include <stddef.h>

/* At rest a step's error (in tolerances) would have let it be four times as wide, and is small anyway, for a
 * method of low order says more than that. The first steps are tiny: those of less than this part of the span
 * say nothing. `exponent` is the step control's: errors go with h to the power of 1/exponent. */
#define OG_REST_ERROR 1e-3
#define OG_REST_GROWTH 4.0
#define OG_REST_WIDTH 1e-3
double og_rest_error(double exponent);
/* A last step that is so much narrower than the one before was cut by the span's end. */
#define OG_REST_CUT 0.5
/* A step this much narrower than the one before drops. */
#define OG_REST_DROP 0.25

/* Runs of steps, [first, stop), ascending. Of too many runs the nearest are taken together. */
enum { OG_RESTS = 8 };
typedef struct og_rests {
  int count;
  struct {
    size_t first, stop;
  } run[OG_RESTS];
} og_rests;

/* Steps first ... index are some of them; index is behind those that are there, the others may be among them.
 */
void og_rests_add(og_rests *rests, size_t first, size_t index);
int og_rests_has(const og_rests *rests, size_t index);
/* The last one before step `index`; (size_t)-1: there is none. */
size_t og_rests_before(const og_rests *rests, size_t index);

#endif

/* Derivatives by differences extrapolated to step zero. */
#ifndef OG_EXTRAPOLATE_H
#define OG_EXTRAPOLATE_H

#include "base/base.h"

/* values[count] of a function at the offset `delta`. */
typedef og_status (*og_sample_fn)(void *work, double delta, double *values);

/* Where to sample: central differences from steps of +-h, or (one_sided) from 0 and h, which may be negative.
 */
typedef struct og_stencil {
  double h;
  int one_sided;
  double epsilon; /* of the values' arithmetic */
} og_stencil;

typedef struct og_extrapolation {
  og_context *context;
  size_t count;
  double *plus, *minus, *current, *previous; /* [count], [count], [rows][count] twice */
  double *best, *error;                      /* the answer: [count] each */
} og_extrapolation;

og_status og_extrapolation_create(og_context *context, size_t count, og_extrapolation *e);
void og_extrapolation_free(og_extrapolation *e);
/* Fills `best` and `error` for the first `count` values. Steps at which sampling fails are left out; a
 * failure at every step is the last one's. */
og_status og_extrapolate(og_extrapolation *e, size_t count, og_stencil stencil, og_sample_fn sample,
                         void *work);

#endif

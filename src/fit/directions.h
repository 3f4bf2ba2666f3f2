/* Along which directions a point may be left, where its gradient vanishes. */
#ifndef OG_DIRECTIONS_H
#define OG_DIRECTIONS_H

#include "fit/information.h"

enum { OG_DIRECTIONS_MAX = 36 };

typedef struct og_directions {
  og_context *context;
  size_t p, count, eigenvectors;       /* the first ones; mixtures follow */
  double *along;                       /* [count][p]: of parameters; the largest natural move is 1 */
  double curvature[OG_DIRECTIONS_MAX]; /* of the loss along each; 0: not known to differ from it */
  og_point_kind kind;
} og_directions;

/* Finds the directions of negative curvature, the lowest first, and those whose curvature is too small to
 * tell its sign, with some random mixtures of these. They come from the information matrix or, where that is
 * NULL, from some Hessian products. `noise` is that of the loss. */
og_status og_directions_find(og_search *search, const og_information *information, double noise,
                             og_directions *directions);
void og_directions_free(og_directions *directions);

#endif

/* What implicit steps of all kinds have in common: they find increments u_j, of which all else is a linear
 * combination (in an explicit step they would be h K_j),
 *
 *   x1 = x + sum_j b_j u_j,  its error = sum_j e_j u_j,  x(t + s h) = x + sum_j w_j(s) u_j.
 *
 * A kind embeds this as its step's first member, and finds the u_j and their derivatives itself. */
#ifndef OG_INCREMENTS_H
#define OG_INCREMENTS_H

#include "step/step.h"

enum { OG_INCREMENTS_MAX = 8 };

/* The coefficients of the w_j: that of s^d at interpolant[(j stride) + d - 1]. */
typedef struct og_increment_rows {
  int stages, degree, stride;
  const double *interpolant;
  const double *b, *e; /* [stages] */
} og_increment_rows;

/* Weights of the interpolant at s in [0, 1], and of its derivative with respect to s (each may be NULL). */
void og_increment_weights(const og_increment_rows *rows, double s, double *weights, double *slopes);

/* Hands out blocks of an open step's memory one after another; with no memory it counts what they take. */
typedef struct og_room {
  char *memory;
  size_t used;
} og_room;
void *og_room_take(og_room *room, size_t bytes);

#include "base/in_double.h"
#include "step/increments_step.h"

#include "base/in_single.h"
#include "step/increments_step.h"

#endif

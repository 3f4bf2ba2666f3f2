/* A piece of a step, the places where guards are sampled in it, and whether the samples of a guard resolve
 * it: whether the guard between them is what they say.
 *
 * Samples resolve a guard when each seven in a row are near a polynomial of degree five: the sixth divided
 * difference, in units of what the sample in their middle is off from the polynomial through the other six,
 * is small against the guard, or against the guard's distance from zero. The places are not equidistant, so
 * that no period of a guard is a multiple of their distance: a sine whose samples are too few is never near a
 * polynomial (docs/decisions.md). */
#ifndef OG_PIECE_H
#define OG_PIECE_H

#include <stddef.h>

enum { OG_PIECE_PARTS = 8, OG_PIECE_POINTS = OG_PIECE_PARTS + 3, OG_PIECE_LAST = OG_PIECE_POINTS - 1 };
enum { OG_PIECE_WINDOW = 7, OG_PIECE_WINDOWS = OG_PIECE_POINTS - OG_PIECE_WINDOW + 1 };

typedef struct og_piece {
  double low, high;       /* of the step */
  const double *g;        /* the first guard's first sample */
  size_t point, guard;    /* from a sample to the next, from a guard to the next */
  const signed char *far; /* of each guard: the side on which it stays far from zero; 0: to be looked at */
} og_piece;

/* Divided differences: a window's samples times these. */
typedef struct og_piece_test {
  double weight[OG_PIECE_WINDOWS][OG_PIECE_WINDOW];
} og_piece_test;

/* From 0, the start of a piece, to 1, its end. */
extern const double og_piece_places[OG_PIECE_POINTS];
void og_piece_test_set(og_piece_test *test);

static inline double og_piece_place(const og_piece *piece, int point) {
  if (point == OG_PIECE_LAST) return piece->high;
  return piece->low + (piece->high - piece->low) * og_piece_places[point];
}
static inline double og_piece_sample(const og_piece *piece, size_t guard, int point) {
  return piece->g[(size_t)point * piece->point + guard * piece->guard];
}
static inline int og_piece_far(const og_piece *piece, size_t guard) {
  return piece->far[guard * piece->guard];
}
/* How far the samples are from resolving a guard, of which rounding makes differences up to `noise`: they do
 * up to 1. In a piece of half the width it is some 2^-6 of that. */
double og_piece_strain(const og_piece_test *test, const og_piece *piece, size_t guard, double noise);
/* Sets `far` of `count` guards that stand side by side in a padded block (base/real.h), as those of all lanes
 * do: the samples resolve them, and are further from zero than they are apart. */
void og_piece_screen(const og_piece_test *test, const og_piece *piece, size_t count, signed char *far);

#endif

/* Where a function of one number passes zero: to neighbouring doubles. */
#ifndef OG_ROOT_H
#define OG_ROOT_H

typedef double (*og_root_fn)(void *work, double s);

/* residual: the larger |g| of the two neighbours, which is what rounding leaves of a root, or half of a jump;
 * spread: what g was apart at the ends of where the root was looked for. */
typedef struct og_root {
  double place, residual, spread;
} og_root;

/* Of g on [low, high], with side g(low) > 0 >= side g(high) (side is 1 or -1): the upper one of two
 * neighbours between which g leaves its side (or of two numbers closer than 2^-60, near 0). */
og_root og_find_root(og_root_fn g, void *work, double side, double low, double high);

/* A point between low and high where g is not on its side; NaN if its least value there, found by golden
 * sections, is. For a g with one minimum of side g in between. */
double og_find_dip(og_root_fn g, void *work, double side, double low, double high);

#endif

/* Why a state could not be made consistent with algebraic equations. */
#ifndef OG_INCONSISTENCY_H
#define OG_INCONSISTENCY_H

#include <stddef.h>

enum { OG_INCONSISTENCY_NAMES = 160 };

typedef struct og_inconsistency {
  size_t row;                             /* 1 + that of the equation with the largest residual; 0: none */
  double residual;                        /* how far it is from holding */
  char equations[OG_INCONSISTENCY_NAMES]; /* that do not determine */
  char states[OG_INCONSISTENCY_NAMES];    /* these */
} og_inconsistency;

#endif

/* Factoring square matrices and solving with them, for a block of lanes each of which has a matrix of its
 * own: one table of functions for each instruction set and precision. In every table a lane's numbers are
 * those of one fixed sequence of operations, so that its bits depend neither on other lanes nor on how many
 * there are. */
#ifndef OG_ELIMINATION_H
#define OG_ELIMINATION_H

#include <stddef.h>

#include "base/real.h"

/* Elimination on a constant pattern with the pivots in a constant order, as lists of indices. The entries of
 * L and U lie row after row, `start[i]` to `start[i + 1] - 1`, in columns of that order; those before
 * diagonal[i] are L's. */
typedef struct og_lu_run {
  int target, source, count; /* entries that follow one another in both rows */
} og_lu_run;
typedef struct og_lu_plan {
  int n, entries, count;       /* rows; entries of L and U; of W */
  const int *start, *diagonal; /* [n + 1]; [n] */
  const int *column;           /* [entries] */
  const int *row_of, *from;    /* row i is W's row row_of[i]; from[t] = row_of[column[t]] */
  const int *place;            /* [count]: where an entry of W stands among them */
  int fills, lower;            /* entries that W has not; entries of L */
  const int *fill;             /* [fills] */
  const int *first_run;        /* [lower + 1]: of an entry of L, counted row after row */
  const og_lu_run *run;        /* where it takes the rest of its pivot's row from */
} og_lu_plan;

#include "base/in_double.h"
#include "kernels/elimination_table.h"

#include "base/in_single.h"
#include "kernels/elimination_table.h"

#endif

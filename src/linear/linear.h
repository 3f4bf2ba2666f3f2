/* Square matrices on constant patterns, factored and solved for a block of lanes, each lane with values of
 * its own.
 *
 * The room knows base and kernels. Begin with pattern.c (where a matrix has entries, and colours of its
 * columns), then elimination.c (which elimination a pattern is given), for sparse ones ordering.c (the order
 * of pivots) and symbolic.c (where entries arise), and sparse_real.c. The loops are the kernels'
 * (kernels/elimination.h). What is solved by iteration is in
 * gmres_real.c, and what SuiteSparse does in klu.c. */
#ifndef OG_LINEAR_H
#define OG_LINEAR_H

#include "base/base.h"
#include "base/real.h"

/* As in the field contract (field/field.h). */
typedef signed char og_lane_status;

/* ---- Patterns ---- */

/* Where an n x n matrix may have entries, row after row and within a row by column. It always has the whole
 * diagonal. Constant; shared by whoever takes a reference. */
typedef struct og_pattern {
  og_context *context;
  og_references references;
  int n, count;            /* rows; entries */
  const int *start;        /* [n + 1]: row i has entries start[i] .. start[i + 1] - 1 */
  const int *row, *column; /* [count] */
  const int *diagonal;     /* [n]: the entry (i, i) */
  int lower, upper;        /* the bandwidths: largest i - j and j - i of all entries */
  int colours;             /* columns of one colour have no row in common (Curtis, Powell & Reid 1974) */
  const int *colour;       /* [n] */
} og_pattern;

/* From entries in any order, doubles among them; the diagonal is added. */
og_status og_pattern_create(og_context *context, size_t n, size_t count, const int *row, const int *column,
                            og_pattern **out);
/* All n * n entries; all with -upper <= i - j <= lower. */
og_status og_pattern_create_dense(og_context *context, size_t n, og_pattern **out);
og_status og_pattern_create_band(og_context *context, size_t n, size_t lower, size_t upper, og_pattern **out);
void og_pattern_keep(const og_pattern *pattern);
void og_pattern_destroy(og_pattern *pattern); /* NULL does nothing */
/* The entry (i, j); -1: there is none. */
int og_pattern_find(const og_pattern *pattern, int i, int j);

/* ---- Elimination: W = L U ---- */

/* Up to how many rows a lane whose pivots do not serve is factored as a dense matrix. */
enum { OG_EXCHANGED_MOST = 64 };

typedef enum og_elimination_kind {
  OG_ELIMINATION_AUTO,
  OG_ELIMINATION_DENSE,  /* rows exchanged, for each lane by itself */
  OG_ELIMINATION_SPARSE, /* on the diagonal, in an order chosen once for the pattern (band matrices in their
                          * own); a lane for which that loses digits is factored with rows exchanged if it has
                          * up to 64 rows, and gets status 1 if it has more */
  OG_ELIMINATION_KLU,    /* sparse, rows exchanged, one lane after another (klu.h) */
  OG_ELIMINATION_INCOMPLETE /* as SPARSE, without entries that W has not, in its own order: near to W, for
                             * iterations (gmres.h) */
} og_elimination_kind;

/* How matrices of a pattern are factored: chosen once, constant, shared by threads. */
typedef struct og_elimination og_elimination;
og_status og_elimination_create(og_context *context, const og_pattern *pattern, og_elimination_kind kind,
                                og_elimination **out);
void og_elimination_destroy(og_elimination *elimination); /* NULL does nothing */
const og_pattern *og_elimination_pattern(const og_elimination *elimination);
/* For statistics and messages: "dense", "band", "sparse", "klu", "incomplete"; entries of L and U together.
 */
const char *og_elimination_name(const og_elimination *elimination);
size_t og_elimination_entries(const og_elimination *elimination);

#include "base/in_double.h"
#include "linear/linear_real.h"

#include "base/in_single.h"
#include "linear/linear_real.h"

#endif

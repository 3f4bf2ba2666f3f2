/* Absolute tolerances of single states, and what the general one may hide. */
#ifndef OG_TOLERANCES_H
#define OG_TOLERANCES_H

#include <float.h>
#include <math.h>

#include "solve/solve.h"

/* That of a row. */
static inline double og_atol_of(const og_solve *solve, size_t row) {
  return solve->atols ? solve->atols[row] : solve->limits.atol;
}
/* What row i's entries are large against, as in the error norm, where x is that of the row. */
static inline double og_row_scale(const og_solve *solve, size_t i, double x) {
  return fabs(x) + og_atol_of(solve, i) / fmax(1e-15, solve->limits.rtol);
}
/* As single precision has them: never 0, which would ask for no error at all. */
static inline float og_atol_single(double atol) { return atol < (double)FLT_MIN ? FLT_MIN : (float)atol; }
/* The smallest and the largest that a state has. */
double og_atol_least(const og_solve *solve);
double og_atol_most(const og_solve *solve);

/* Those that the options give by name. */
og_status og_atols_read(og_solve *solve);
/* The first `rows` rows have `share` of those of another solve, the others the general one. */
og_status og_atols_take(og_solve *solve, const og_solve *from, size_t rows, double share);
/* The bytes that og_atols_take allocates for so many rows. */
size_t og_atols_bytes(const og_solve *from, size_t rows);
void og_atols_free(og_solve *solve);

/* ---- States that stay within a thousand times their atol: few of their digits are known, or none. ---- */

/* In atol; less where rtol asks for fewer digits anyway. */
static inline double og_faint_limit(const og_solve *solve) { return fmin(1000, 1 / solve->limits.rtol); }
/* Before a run: whether sizes are to be noted in solve->largest. After it: the warning, once; and their list
 * for another one, "" if there are none. */
int og_faint_begin(og_solve *solve);
int og_faint_tell(const og_solve *solve);
enum { OG_FAINT_NAMES = 400 };
size_t og_faint_list(const og_solve *solve, char names[OG_FAINT_NAMES]);
/* Notes |x| of a row, and whether nothing remains to be known of it. */
static inline int og_faint_note(og_solve *solve, size_t row, double size) {
  double known = atomic_load_explicit(&solve->largest[row], memory_order_relaxed);
  while (size > known && !atomic_compare_exchange_weak_explicit(&solve->largest[row], &known, size,
                                                                memory_order_relaxed, memory_order_relaxed)) {
  }
  return fmax(size, known) >= og_faint_limit(solve) * og_atol_of(solve, row);
}

#endif

/* Sparse elimination with rows exchanged, one matrix at a time, by SuiteSparse's KLU (Davis & Palamadai
 * Natarajan, ACM Trans. Math. Softw. 37, 2010) where odegrad is built with it.
 *
 * Each matrix is factored anew, not by the pivots of the one before: its bits are then a function of its
 * entries alone, whatever was factored earlier. What KLU makes is copied into the caller's memory; while it
 * is at work it takes memory by malloc. */
#ifndef OG_KLU_H
#define OG_KLU_H

#include "linear/linear.h"

typedef struct og_klu og_klu;

/* OG_ERR_UNSUPPORTED where odegrad was built without KLU. */
og_status og_klu_create(og_context *context, const og_pattern *pattern, og_klu **out);
void og_klu_destroy(og_klu *klu); /* NULL does nothing */
/* Entries of L and U, as far as they can be foreseen. */
size_t og_klu_entries(const og_klu *klu);
/* Of one matrix's factors, a multiple of 64. */
size_t og_klu_bytes(const og_klu *klu);
/* The factors of w[count], in the order of the pattern; 1: it is singular, not finite, or has more entries
 * than there is room for (some times what was foreseen, where many rows are exchanged), or KLU found no
 * memory; 0 else. */
int og_klu_factor(const og_klu *klu, double *w, void *factors);
/* b[n] becomes W^-1 b; W^-T b. Of factors that failed nothing is done. work: [n]. */
void og_klu_solve(const og_klu *klu, int transposed, const void *factors, double *b, double *work);

#endif

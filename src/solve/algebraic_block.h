/* The block B = W^T (df/dx) V of the algebraic equations (algebraic.h) at one state, and products with it. */
#ifndef OG_ALGEBRAIC_BLOCK_H
#define OG_ALGEBRAIC_BLOCK_H

#include "solve/consistent.h"

typedef struct og_algebraic_block {
  const struct og_solve *solve;
  const og_algebraic *algebraic;
  const og_instant *at;
  /* Of og_consistent_work: [n] each, */
  double *x, *f, *rows, *row_sizes;
  double *theta_bar;       /* [p], */
  double *jacobian;        /* df/dx on the field's pattern, */
  double *entries;         /* B [count][count], */
  double *residual, *next; /* and [count] each */
  double *step, *other, *sign;
  void *factors; /* of B */
} og_algebraic_block;

og_algebraic_block og_algebraic_block_in(const struct og_solve *solve, const og_instant *at);
/* W^T f into `residual` [count] from f at x. 1; 0 where that is not finite; -1 where a callback stops. */
int og_algebraic_residual(og_algebraic_block *b, const double *x, double *residual);
/* Whether what is left of W^T f, which is in `residual`, is no more than the rounding of its terms; B was
 * factored nearby. */
int og_algebraic_holds(og_algebraic_block *b, const double *x);
/* B at x, factored. 1; 0 where it is singular or not finite; -1 where a callback stops. exact: entries that
 * may be what rounding left of others are entries. */
int og_algebraic_factor(og_algebraic_block *b, const double *x, int exact);
/* Whether B, which is factored, is singular as far as rounding shows. */
int og_algebraic_singular(og_algebraic_block *b);
/* The names of the equations that do not determine, and of the states that are not determined. */
void og_algebraic_explain(const og_algebraic_block *b, og_inconsistency *why);

/* to += scale * (the sum of vectors times coefficients). */
void og_vectors_combine(const og_vector_entries *vectors, double scale, const double *coefficients,
                        double *to);
/* products[vector] = vector . with */
void og_vectors_multiply(const og_vector_entries *vectors, size_t count, const double *with,
                         double *products);

#endif

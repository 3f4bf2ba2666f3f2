/* Sums over an index (trajectories, blocks, rows) by one binary tree, whose shape depends on the index alone:
 * a node holds the terms k 2^j to (k + 1) 2^j - 1, is the sum of its two halves in this order, and the last
 * nodes are cut where the terms end. Whoever has a range of terms can so sum its whole nodes, and whoever
 * puts the nodes of several ranges together gets the bits of one sum over all. Rounding errors grow with the
 * logarithm of the number of terms, not with the number. */
#ifndef OG_TREE_SUM_H
#define OG_TREE_SUM_H

#include <stddef.h>

/* Nodes that a range of terms is held in, at most. */
enum { OG_TREE_SUM_NODES = 128 };

/* A sum of terms of `width` numbers each, which come in the order of the index. */
typedef struct og_tree_sum {
  size_t width, next; /* of a term; the index of the next one */
  double *nodes; /* [depth + 1][width]: the caller's; the nodes so far, and behind them room for a term */
  int depth;
  unsigned char level[OG_TREE_SUM_NODES]; /* a node of level j has 2^j terms */
} og_tree_sum;

/* Rows of `nodes` that a sum of the first `count` terms needs. */
size_t og_tree_sum_depth(size_t count);
/* From the term of index `first` on. */
void og_tree_sum_begin(og_tree_sum *sum, size_t width, double *nodes, size_t first);
/* Where the next term is to be written, whole, before it is added. */
double *og_tree_sum_term(const og_tree_sum *sum);
/* Adds what was written there as the node of that level (0: one term), which must begin at the next index. */
void og_tree_sum_add(og_tree_sum *sum, int level);
/* The sum of all terms, which began with index 0; it lies in the first row of `nodes`. NULL: no terms. */
const double *og_tree_sum_total(og_tree_sum *sum);

/* Of terms that are all there, `stride` numbers apart: added up in place, the total in the first row. */
void og_tree_sum_rows(double *rows, size_t count, size_t stride, size_t width);
/* Of single numbers, `stride` apart, which stay as they are. */
double og_tree_sum_of(const double *values, size_t count, size_t stride);

#endif

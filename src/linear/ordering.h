/* In which order a pattern's rows and columns are eliminated. */
#ifndef OG_ORDERING_H
#define OG_ORDERING_H

#include "linear/linear.h"

/* Fills order[n]: the (i + 1)-th pivot is the diagonal entry of row order[i]. By approximate minimum degree.
 */
og_status og_order_by_degree(og_context *context, const og_pattern *pattern, int *order);

#endif

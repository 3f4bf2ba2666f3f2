/* Which rows and columns of a dense matrix depend on others, by elimination with complete pivoting. */
#ifndef OG_NULL_SPACE_H
#define OG_NULL_SPACE_H

#include "base/base.h"

/* Of a matrix A [rows][columns]: the pivots are (row[k], column[k]), k < rank; behind them stand the rows and
 * columns that depend on those. With y_j of a dependent row i = row[rank + j]: A[i] = sum_k
 * left[j rank + k] A[row[k]]; of a dependent column c = column[rank + j]: A[.][c] = sum_k right[j rank + k]
 * A[.][column[k]]. */
typedef struct og_null_space {
  og_context *context;
  size_t rows, columns, rank;
  size_t *row, *column; /* [rows], [columns] */
  double *left, *right; /* [rows - rank][rank], [columns - rank][rank] */
  double *inverse; /* [rank][rank]: of A[row[k]][column[l]], the place of pivot column k and pivot row l */
} og_null_space;

/* A pivot that is no more than `least` of the largest entry, in rows and columns scaled to entries of size 1,
 * is none. `a` is read alone. OG_ERR_MEMORY without a message: there is none. */
og_status og_null_space_create(og_context *context, size_t rows, size_t columns, const double *a,
                               double least, og_null_space *out);
void og_null_space_free(og_null_space *space);

#endif

/* Eigenvalues of small symmetric matrices. */
#ifndef OG_EIGEN_H
#define OG_EIGEN_H

#include <stddef.h>

/* All eigenvalues of the symmetric matrix a [m][m] (destroyed), in ascending order, and their orthonormal
 * vectors as the rows of vectors [m][m]. Entries must be finite. */
void og_eigen_symmetric(size_t m, double *a, double *values, double *vectors);

#endif

/* Cyclic Jacobi rotations (Golub and Van Loan, Matrix Computations, 8.5): slow for large matrices, but each
 * eigenvalue is right to rounding of the whole matrix, and nothing can fail. */
#include "fit/eigen.h"

#include <math.h>
#include <string.h>

/* The rotation that makes a[p][q] zero: the smaller of its two angles. */
static void find_rotation(size_t m, const double *a, size_t p, size_t q, double *cosine, double *sine) {
  double tau = (a[q * m + q] - a[p * m + p]) / (2 * a[p * m + q]);
  double tangent = (tau >= 0 ? 1 : -1) / (fabs(tau) + hypot(1, tau));
  *cosine = 1 / hypot(1, tangent);
  *sine = tangent * *cosine;
}

static void rotate_rows(size_t m, double *a, size_t p, size_t q, double cosine, double sine) {
  for (size_t k = 0; k < m; k++) {
    double x = a[p * m + k], y = a[q * m + k];
    a[p * m + k] = cosine * x - sine * y;
    a[q * m + k] = sine * x + cosine * y;
  }
}

static void rotate_columns(size_t m, double *a, size_t p, size_t q, double cosine, double sine) {
  for (size_t k = 0; k < m; k++) {
    double x = a[k * m + p], y = a[k * m + q];
    a[k * m + p] = cosine * x - sine * y;
    a[k * m + q] = sine * x + cosine * y;
  }
}

/* Off-diagonal entries that rounding of the diagonal swallows are zero. */
static int sweep(size_t m, double *a, double *vectors) {
  int rotations = 0;
  for (size_t p = 0; p + 1 < m; p++)
    for (size_t q = p + 1; q < m; q++) {
      double entry = fabs(a[p * m + q]), cosine, sine;
      if (entry <= 1e-17 * sqrt(fabs(a[p * m + p])) * sqrt(fabs(a[q * m + q])) || entry < 1e-300) continue;
      find_rotation(m, a, p, q, &cosine, &sine);
      rotate_rows(m, a, p, q, cosine, sine);
      rotate_columns(m, a, p, q, cosine, sine);
      a[p * m + q] = a[q * m + p] = 0;
      rotate_rows(m, vectors, p, q, cosine, sine);
      rotations++;
    }
  return rotations;
}

static void swap_rows(size_t m, double *a, size_t i, size_t j) {
  for (size_t k = 0; k < m; k++) {
    double kept = a[i * m + k];
    a[i * m + k] = a[j * m + k];
    a[j * m + k] = kept;
  }
}

static void sort(size_t m, double *values, double *vectors) {
  for (size_t i = 0; i < m; i++) {
    size_t least = i;
    for (size_t j = i + 1; j < m; j++)
      if (values[j] < values[least]) least = j;
    if (least == i) continue;
    double kept = values[i];
    values[i] = values[least];
    values[least] = kept;
    swap_rows(m, vectors, i, least);
  }
}

void og_eigen_symmetric(size_t m, double *a, double *values, double *vectors) {
  enum { SWEEPS = 60 }; /* about six are needed; the convergence is quadratic */
  memset(vectors, 0, m * m * sizeof *vectors);
  for (size_t i = 0; i < m; i++) vectors[i * m + i] = 1;
  for (int k = 0; k < SWEEPS && sweep(m, a, vectors); k++) continue;
  for (size_t i = 0; i < m; i++) values[i] = a[i * m + i];
  sort(m, values, vectors);
}

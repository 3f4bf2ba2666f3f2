/* Derivatives of log gamma: recurrence up to where the asymptotic series has full precision; reflection below
 * 0. */
#include <math.h>

#include "graph/node.h"

static const double pi = 3.14159265358979323846;

/* B_2k / 2k for psi's series ln x - 1/(2x) - sum B_2k / (2k x^2k). */
static const double psi_series[] = {1. / 12,  -1. / 120,     1. / 252, -1. / 240,
                                    1. / 132, -691. / 32760, 1. / 12};
static const double trigamma_series[] = {1. / 6, -1. / 30, 1. / 42, -1. / 30, 5. / 66, -691. / 2730, 7. / 6};
enum { SERIES = 7 };

/* sum c_k z^(k+1), z = 1/x^2 */
static double series(const double *c, double z) {
  double sum = 0;
  for (int k = SERIES - 1; k >= 0; k--) sum = (sum + c[k]) * z;
  return sum;
}

double og_digamma(double x) {
  if (x <= 0 && x == floor(x)) return NAN;
  if (x < 0) return og_digamma(1 - x) - pi / tan(pi * (x - floor(x)));
  double shift = 0;
  for (; x < 12; x += 1) shift += 1 / x;
  return log(x) - 0.5 / x - series(psi_series, 1 / (x * x)) - shift;
}

double og_trigamma(double x) {
  if (x <= 0 && x == floor(x)) return INFINITY;
  if (x < 0) {
    double s = sin(pi * (x - floor(x)));
    return pi * pi / (s * s) - og_trigamma(1 - x);
  }
  double shift = 0;
  for (; x < 12; x += 1) shift += 1 / (x * x);
  return shift + (1 + series(trigamma_series, 1 / (x * x))) / x + 0.5 / (x * x);
}

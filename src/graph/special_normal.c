/* The normal distribution function Phi, its logarithm, and that logarithm's derivatives, far into both tails.
 */
#include <math.h>

#include "graph/node.h"

static const double log_root_2_pi = 0.91893853320467274178, over_root_2_pi = 0.39894228040143267794;

/* erfc(-x / sqrt 2) / 2. An argument that is off by one rounding changes it by x^2 of them: what is lost is
 * put back to first order. */
double og_phi(double x) {
  static const double high = 0.70710678118654752440, low = -4.8336466567264567e-17;
  double h = -x * high, lost = fma(-x, high, -h) - x * low;
  double value = 0.5 * erfc(h), slope = 0.56418958354775628695 * exp(-h * h); /* 1/sqrt(pi) */
  return isfinite(lost) ? value - slope * lost : value;
}

/* By how much phi(t)/(1 - Phi(t)) exceeds t > 0: 1/(t + 2/(t + 3/(t + ...))) (Laplace). The number of terms
 * is enough for full precision from 2 on. */
static double mills_excess(double t) {
  double f = 0;
  for (int k = 15 + (int)(520 / (t * t)); k > 0; k--) f = k / (t + f);
  return f;
}

double og_log_phi(double x) {
  if (x > 0) return log1p(-og_phi(-x));
  if (!(x <= -5)) return log(og_phi(x)); /* NaN too */
  return -0.5 * x * x - log_root_2_pi - log(mills_excess(-x) - x);
}

/* phi(x) / Phi(x) */
double og_log_phi1(double x) {
  if (x < -2) return mills_excess(-x) - x;
  return over_root_2_pi * exp(-0.5 * x * x) / og_phi(x);
}

/* -phi/Phi (x + phi/Phi) */
double og_log_phi2(double x) {
  double ratio = og_log_phi1(x), sum = x < -2 ? mills_excess(-x) : x + ratio;
  return ratio == 0 ? -0.0 : -ratio * sum;
}

/* Log gamma's derivatives, and the parts of logarithms and of log gamma that are left where their leading
 * terms cancel: recurrences up to where series have full precision; reflection below 0. */
#include <math.h>

#include "graph/node.h"

static const double pi = 3.14159265358979323846;

/* B_2k / 2k for psi's series ln x - 1/(2x) - sum B_2k / (2k x^2k). */
static const double psi_series[] = {1. / 12,  -1. / 120,     1. / 252, -1. / 240,
                                    1. / 132, -691. / 32760, 1. / 12};
static const double trigamma_series[] = {1. / 6, -1. / 30, 1. / 42, -1. / 30, 5. / 66, -691. / 2730, 7. / 6};
enum { SERIES = 7 };

/* sum c_k z^(k+1), z = 1/x^2 */
static double series(const double *c, int count, double z) {
  double sum = 0;
  for (int k = count - 1; k >= 0; k--) sum = (sum + c[k]) * z;
  return sum;
}

double og_digamma(double x) {
  if (x <= 0 && x == floor(x)) return NAN;
  if (x < 0) return og_digamma(1 - x) - pi / tan(pi * (x - floor(x)));
  double shift = 0;
  for (; x < 12; x += 1) shift += 1 / x;
  return log(x) - 0.5 / x - series(psi_series, SERIES, 1 / (x * x)) - shift;
}

double og_trigamma(double x) {
  if (x <= 0 && x == floor(x)) return INFINITY;
  if (x < 0) {
    double s = sin(pi * (x - floor(x)));
    return pi * pi / (s * s) - og_trigamma(1 - x);
  }
  double shift = 0;
  for (; x < 12; x += 1) shift += 1 / (x * x);
  return shift + (1 + series(trigamma_series, SERIES, 1 / (x * x))) / x + 0.5 / (x * x);
}

/* With s = x / (2 + x), log(1 + x) = 2 (s + s^3/3 + ...) and x - 2s = s x. */
double og_log1p_remainder(double x) {
  if (!(x > -0.4 && x < 0.7)) return x - log1p(x);
  double s = x / (2 + x), w = s * s, sum = 0;
  for (int k = 14; k > 0; k--) sum = (sum + 2. / (2 * k + 1)) * w;
  return s * (x - sum);
}

/* ---- Stirling's remainder ----
 *
 * d(x) = log Gamma(x) - ((x - 1/2) log x - x + log(2 pi)/2), x > 0, which tends to 1/(12 x). Its series is
 * used from 10 on; below, d(x) - d(x + 1) = (x + 1/2) log(1 + 1/x) - 1 = s^2/3 + s^4/5 + ... with s = 1/(2x +
 * 1), in which nothing cancels, and its derivatives likewise. */

static const double stirling_from = 10;
/* B_2k / (2k (2k - 1)), and what differentiating x^(1 - 2k) once and twice makes of it */
static const double stirling_series[] = {1. / 12,    -1. / 360,       1. / 1260,
                                         -1. / 1680, 1. / 1188,       -691. / 360360,
                                         1. / 156,   -3617. / 122400, 43867. / 244188};
enum { STIRLING_TERMS = sizeof stirling_series / sizeof *stirling_series };

/* The series, or its derivative of that order. */
static double stirling_tail(double x, int order) {
  double sum = 0, z = 1 / (x * x);
  for (int k = STIRLING_TERMS - 1; k >= 0; k--) {
    int power = 2 * k + 1; /* of 1/x */
    double c = stirling_series[k] * (order > 0 ? -power : 1) * (order > 1 ? -power - 1 : 1);
    sum = sum * z + c;
  }
  return order == 0 ? sum / x : order == 1 ? sum * z : sum * z / x;
}

/* (x + 1/2) log(1 + 1/x) - 1 */
static double stirling_drop(double x) {
  if (x < 0.5) return (x + 0.5) * log1p(1 / x) - 1;
  double s = 1 / (2 * x + 1), w = s * s, power = w, sum = 0, before = -1;
  for (int k = 3; sum != before; k += 2, power *= w) before = sum, sum += power / k;
  return sum;
}

/* Its derivative log(1 + 1/x) - (x + 1/2) / (x (x + 1)) */
static double stirling_drop1(double x) {
  if (x < 0.5) return log1p(1 / x) - (x + 0.5) / (x * (x + 1));
  double s = 1 / (2 * x + 1), w = s * s, power = s * w, sum = 0, before = 1;
  for (int k = 2; sum != before; k += 2, power *= w) before = sum, sum -= 2 * power * k / (k + 1);
  return sum;
}

double og_stirling(double x) {
  if (!(x > 0)) return x == 0 ? INFINITY : NAN;
  double sum = 0;
  for (; x < stirling_from; x += 1) sum += stirling_drop(x);
  return sum + stirling_tail(x, 0);
}

double og_stirling1(double x) {
  if (!(x > 0)) return x == 0 ? -INFINITY : NAN;
  double sum = 0;
  for (; x < stirling_from; x += 1) sum += stirling_drop1(x);
  return sum + stirling_tail(x, 1);
}

double og_stirling2(double x) {
  if (!(x > 0)) return x == 0 ? INFINITY : NAN;
  double sum = 0;
  for (; x < stirling_from; x += 1) sum += 0.5 / (x * x) / ((x + 1) * (x + 1));
  return sum + stirling_tail(x, 2);
}

/* ---- The normal distribution ---- */

/* The normal distribution function Phi, its logarithm, and that logarithm's derivatives, far into both tails.
 */
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

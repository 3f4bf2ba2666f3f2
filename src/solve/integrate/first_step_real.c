/* The automatic first step of Hairer, Norsett & Wanner II.4: from the sizes of x, f and a difference quotient
 * of f. */
#include <float.h>
#include <math.h>

#include "solve/integrate/integrate.h"
#include "solve/tolerances.h"

typedef OG_R(og_integration) integration;

/* Row i of v over the tolerance at x. */
static double scaled(const integration *d, int lane, const real *v, const real *minus, int i) {
  int at = i * d->lanes + lane;
  double scale = og_atol_of(d->solve, (size_t)i) + d->solve->limits.rtol * fabs((double)d->x[at]);
  double weight = d->solve->norm ? d->solve->norm[i] : 1;
  return weight * ((double)v[at] - (minus ? (double)minus[at] : 0)) / scale;
}

/* Root mean square of v over the tolerances at x, of the rows that count; formed without squares where these
 * leave the range of numbers. */
static double scaled_norm(const integration *d, int lane, const real *v, const real *minus) {
  double sum = 0, norm = 0;
  int rows = (int)d->solve->controlled;
  for (int i = 0; i < rows; i++) {
    double q = scaled(d, lane, v, minus, i);
    sum += q * q;
  }
  if (sum >= DBL_MIN && sum <= DBL_MAX) return sqrt(sum / rows);
  for (int i = 0; i < rows; i++) norm = hypot(norm, scaled(d, lane, v, minus, i));
  return norm / sqrt(rows);
}

static double first_guess(const integration *d, int lane, const real *f0) {
  double size = scaled_norm(d, lane, d->x, NULL), slope = fmin(scaled_norm(d, lane, f0, NULL), DBL_MAX);
  double h = size < 1e-5 || slope < 1e-5 ? 1e-6 : 0.01 * size / slope;
  double span = fabs(d->span[lane]);
  return h < span ? h : span;
}

/* A trial point at which f is not finite tells nothing. */
static double refined(const integration *d, int lane, double h0, const real *f0, const real *f1) {
  double slope = fmin(scaled_norm(d, lane, f0, NULL), DBL_MAX);
  double curvature = scaled_norm(d, lane, f1, f0) / h0;
  if (!isfinite(curvature)) return h0;
  double most = fmax(slope, curvature);
  double h1 = most <= 1e-15 ? fmax(1e-6, h0 * 1e-3) : pow(0.01 / most, 1.0 / (d->step->stepper->order + 1));
  return isfinite(h1) && h1 > 0 ? fmin(100 * h0, h1) : h0;
}

/* A slope that is large beside the tolerance alone, with x = 0, asks for any width: none is taken at first
 * whose products with the coefficients of the method lose digits, or are 0, in the working precision. */
static double in_range(double h) {
  return fmax(h, sizeof(real) == sizeof(float) ? (double)FLT_MIN / FLT_EPSILON : DBL_MIN / DBL_EPSILON);
}

/* Of the step size that is asked for: no wider than max-step and the span, and not so narrow that t stays
 * where it is. */
double OG_R(og_integrate_first_width)(const integration *d, int lane, double h) {
  double span = fabs(d->span[lane]), most = d->solve->limits.max_step;
  if (most > 0 && h > most) h = most;
  h = fmax(h, OG_STEP_LEAST * DBL_EPSILON * fabs(d->at.t[lane]));
  return fmin(1, h / span);
}

void OG_R(og_integrate_first_steps)(integration *d, const real *f0) {
  double h0[OG_LANES_MAX], t[OG_LANES_MAX];
  for (int lane = 0; lane < d->lanes; lane++) {
    t[lane] = d->at.t[lane];
    if (d->mask[lane] == 0) continue;
    double sign = d->span[lane] < 0 ? -1 : 1;
    h0[lane] = first_guess(d, lane, f0);
    t[lane] += sign * h0[lane];
    for (int i = 0; i < d->step->n; i++) {
      int entry = i * d->lanes + lane;
      d->y[entry] = (real)((double)d->x[entry] + sign * h0[lane] * (double)f0[entry]);
    }
  }
  OG_R(og_integrate_eval)(d, t, d->y, d->e2);
  if (d->solve->algebraic) OG_R(og_integrate_mass_slope)(d, t, d->y, d->e2);
  for (int lane = 0; lane < d->lanes; lane++) {
    if (d->mask[lane] == 0) continue;
    double h = d->step->status[lane] ? h0[lane] : refined(d, lane, h0[lane], f0, d->e2);
    d->width[lane] = OG_R(og_integrate_first_width)(d, lane, in_range(h));
  }
}

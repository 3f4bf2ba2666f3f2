/* The automatic first step of Hairer, Norsett & Wanner II.4: from the sizes of x, f and a difference quotient
 * of f. */
#include <math.h>

#include "solve/drive.h"

typedef OG_R(og_drive_state) drive;

/* Root mean square of v over the tolerances at x, of the rows that count. */
static double scaled_norm(const drive *d, int lane, const real *v, const real *minus) {
  double sum = 0;
  int rows = (int)d->solve->controlled;
  for (int i = 0; i < rows; i++) {
    int at = i * d->lanes + lane;
    double scale = d->solve->limits.atol + d->solve->limits.rtol * fabs((double)d->x[at]);
    double q = ((double)v[at] - (minus ? (double)minus[at] : 0)) / scale;
    sum += q * q;
  }
  return sqrt(sum / rows);
}

static double first_guess(const drive *d, int lane, const real *f0) {
  double size = scaled_norm(d, lane, d->x, NULL), slope = scaled_norm(d, lane, f0, NULL);
  double h = size < 1e-5 || slope < 1e-5 ? 1e-6 : 0.01 * size / slope;
  double span = fabs(d->span[lane]);
  return h < span ? h : span;
}

static double refined(const drive *d, int lane, double h0, const real *f0, const real *f1) {
  double slope = scaled_norm(d, lane, f0, NULL), curvature = scaled_norm(d, lane, f1, f0) / h0;
  double most = fmax(slope, curvature);
  double h1 = most <= 1e-15 ? fmax(1e-6, h0 * 1e-3) : pow(0.01 / most, 1.0 / (d->step.tableau->order + 1));
  return isfinite(h1) ? fmin(100 * h0, h1) : h0;
}

void OG_R(og_drive_first_steps)(drive *d, const real *f0) {
  double h0[OG_LANES_MAX], t[OG_LANES_MAX];
  for (int lane = 0; lane < d->lanes; lane++) {
    t[lane] = d->at.t[lane];
    if (d->mask[lane] == 0) continue;
    double sign = d->span[lane] < 0 ? -1 : 1;
    h0[lane] = first_guess(d, lane, f0);
    t[lane] += sign * h0[lane];
    for (int i = 0; i < d->step.n; i++) {
      int entry = i * d->lanes + lane;
      d->y[entry] = (real)((double)d->x[entry] + sign * h0[lane] * (double)f0[entry]);
    }
  }
  OG_R(og_drive_eval)(d, t, d->y, d->e2);
  for (int lane = 0; lane < d->lanes; lane++) {
    if (d->mask[lane] == 0) continue;
    double h = d->step.status[lane] ? h0[lane] : refined(d, lane, h0[lane], f0, d->e2);
    double most = d->solve->limits.max_step;
    if (most > 0 && h > most) h = most;
    d->width[lane] = fmin(1, h / fabs(d->span[lane]));
  }
}

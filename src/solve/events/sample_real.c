/* Values of guards along a step: of all lanes at the same places, and of one lane where it is looked at. */
#include <float.h>
#include <math.h>

#include "solve/events/scan.h"

typedef OG_R(og_integration) integration;

/* ---- All lanes ---- */

/* x at a place of the step; at its ends the states themselves. */
static const real *state_block(integration *d, double place) {
  if (place == 0 || place == 1) return place == 0 ? d->x : d->y;
  d->step->ops->states(d->step, place, &d->at, d->x, d->e);
  return d->e;
}

/* A block in double: itself, or a copy in `copy`. */
static const double *in_double(const real *block, size_t entries, double *copy) {
#if defined(OG_SINGLE)
  for (size_t i = 0; i < entries; i++) copy[i] = (double)block[i];
  return copy;
#else
  (void)entries, (void)copy;
  return block;
#endif
}

/* Parameters as they were given: a time among them needs all its digits. */
static const double *theta_in_double(integration *d) {
#if defined(OG_SINGLE)
  og_detection *detection = d->detection;
  size_t lanes = (size_t)d->lanes;
  for (int lane = 0; lane < d->lanes; lane++) {
    if (d->mask[lane] == 0) continue;
    OG_R(og_integrate_own_theta)(d, lane, detection->one_theta);
    detection->theta_of = lane;
    for (size_t i = 0; i < d->solve->p; i++)
      detection->theta[i * lanes + (size_t)lane] = detection->one_theta[i];
  }
  return detection->theta;
#else
  return d->theta;
#endif
}

static void sample_place(integration *d, double place, const double *theta, double *g) {
  og_detection *detection = d->detection;
  _Alignas(64) double t[OG_LANES_MAX];
  for (int lane = 0; lane < d->lanes; lane++)
    t[lane] = place == 1 ? d->at.t_next[lane] : d->at.t[lane] + place * d->at.h[lane];
  const double *x = in_double(state_block(d, place), d->solve->n * (size_t)d->lanes, detection->x);
  og_guard_values(d->solve, d->lanes, t, x, theta, g, d->step->status, d->step->scratch, detection->work);
}

void OG_R(og_sample_block)(integration *d) {
  og_detection *detection = d->detection;
  size_t count = detection->guards * (size_t)d->lanes, block = OG_PADDED(count);
  const double *theta = theta_in_double(d);
  for (int lane = 0; lane < d->lanes; lane++) d->step->status[lane] = d->mask[lane] != 0 ? 0 : OG_LANE_IDLE;
  for (int i = 0; i < detection->pieces; i++) {
    og_piece piece = og_detection_piece(detection, i, 0);
    for (int point = i > 0; point < OG_PIECE_POINTS; point++)
      sample_place(d, og_piece_place(&piece, point), theta,
                   detection->g + ((size_t)i * OG_PIECE_LAST + (size_t)point) * block);
    og_piece_screen(&detection->test, &piece, count, detection->far + (size_t)i * block);
  }
}

/* ---- One lane ---- */

int OG_R(og_sample_here)(integration *d, double t, double *g) {
  og_detection *detection = d->detection;
  _Alignas(64) double times[OG_LANE_STEP] = {t};
  og_lane_status status[OG_LANE_STEP] = {0};
  og_guard_values(d->solve, 1, times, detection->one_x, detection->one_theta, g, status, d->step->scratch,
                  detection->work);
  return status[0] == 0;
}

/* The state at a place of the lane's step in one_x, and its parameters; its time. */
static double go_to(integration *d, int lane, double place) {
  og_detection *detection = d->detection;
  OG_R(og_integrate_state_at)(d, lane, place, detection->one_x);
  if (detection->theta_of != lane) OG_R(og_integrate_own_theta)(d, lane, detection->one_theta);
  detection->theta_of = lane;
  return OG_R(og_integrate_time_at)(d, lane, place);
}

const double *OG_R(og_sample_at)(integration *d, int lane, double place) {
  og_detection *detection = d->detection;
  if (!OG_R(og_sample_here)(d, go_to(d, lane, place), detection->one_g))
    for (size_t k = 0; k < detection->guards; k++) detection->one_g[k] = NAN;
  return detection->one_g;
}

/* As `go_to`, along the curve; at the step's ends the states themselves. */
static double follow_to(integration *d, int lane, double place) {
  og_detection *detection = d->detection;
  size_t n = d->solve->n;
  if (place == 0 || place == 1) return go_to(d, lane, place);
  for (size_t i = 0; i < n; i++) {
    double value = 0;
    for (int power = d->solve->stepper.interpolant_degree - 1; power >= 0; power--)
      value = value * place + detection->curve[(size_t)power * n + i];
    detection->one_x[i] = (double)d->x[i * (size_t)d->lanes + (size_t)lane] + place * value;
  }
  return OG_R(og_integrate_time_at)(d, lane, place);
}

og_piece OG_R(og_sample_piece)(integration *d, int lane, double low, double high, size_t *failed,
                               og_status *status) {
  og_detection *detection = d->detection;
  og_piece piece = {low, high, detection->fine, OG_PADDED(detection->guards), 1, detection->fine_far};
  *failed = OG_NO_EVENT;
  for (int point = 0; point < OG_PIECE_POINTS && *failed == OG_NO_EVENT; point++) {
    double *g = detection->fine + (size_t)point * piece.point;
    int known = OG_R(og_sample_here)(d, follow_to(d, lane, og_piece_place(&piece, point)), g);
    *status = known ? OG_ERR_NOT_FINITE : OG_ERR_FIELD;
    for (size_t k = 0; k < detection->guards && *failed == OG_NO_EVENT; k++)
      if (!known || !isfinite(g[k])) *failed = k;
  }
  og_piece_screen(&detection->test, &piece, detection->guards, detection->fine_far);
  return piece;
}

/* What rounding the state and the time makes of the guards, at the middle of the step. */
static void find_blurred(integration *d, int lane) {
  og_detection *detection = d->detection;
  const double place = 0.5, unit = sizeof(real) == sizeof(float) ? FLT_EPSILON : DBL_EPSILON;
  for (size_t k = 0; k < detection->guards; k++) detection->blurred[k] = 0;
  if (!OG_R(og_sample_here)(d, go_to(d, lane, place), detection->near)) return;
  for (int pattern = 0; pattern < OG_ROUNDINGS; pattern++) {
    double t = go_to(d, lane, place);
    for (size_t i = 0; i < d->solve->n; i++) {
      size_t entry = i * (size_t)d->lanes + (size_t)lane;
      double size = fmax(fabs((double)d->x[entry]), fabs((double)d->y[entry]));
      detection->one_x[i] += og_rounding(i, pattern) * unit * size;
    }
    if (!OG_R(og_sample_here)(d, t * (1 + og_rounding(1, pattern) * DBL_EPSILON), detection->one_g)) return;
    for (size_t k = 0; k < detection->guards; k++) {
      double blurred = OG_NOISE_FACTOR * fabs(detection->one_g[k] - detection->near[k]);
      if (blurred > detection->blurred[k] && blurred < INFINITY) detection->blurred[k] = blurred;
    }
  }
}

void OG_R(og_sample_prepare)(integration *d, int lane) {
  /* powers of the place, which many samples cost less than the interpolant itself */
  d->step->ops->curve(d->step, lane, &d->at, d->detection->curve, d->solve->n, 1);
  find_blurred(d, lane);
}

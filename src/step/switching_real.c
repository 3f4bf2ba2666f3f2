/* A step of two methods: each takes it in its own lanes, and what they leave is put together. */
#include "step/switching.h"

#include <math.h>
#include <string.h>

typedef OG_R(og_switching) switching;
typedef OG_R(og_interval) interval;
typedef OG_R(og_step) step_t;

static switching *of(step_t *step) { return (switching *)(void *)step; }
static const switching *in(const step_t *step) { return (const switching *)(const void *)step; }
/* The step that the lane's method has taken. */
static const step_t *part_of(const step_t *step, int lane) {
  return in(step)->part[in(step)->implicit[lane]];
}

/* ---- Memory ---- */

static int is_for_derivatives(int purpose) { return (purpose & ~OG_STEP_TAPED) != OG_STEP_FORWARD; }

static size_t own_bytes(const og_field *field, int lanes, int purpose) {
  size_t block = OG_PADDED(field->n * (size_t)lanes), theta = OG_PADDED(field->p * (size_t)lanes);
  return OG_ALIGNED(sizeof(switching)) +
         (2 * block + (is_for_derivatives(purpose) ? theta : 0)) * sizeof(real);
}

static size_t part_bytes(const og_stepper *stepper, int k, const og_field *field, int lanes, int purpose) {
  const og_stepper *part = &((const og_pair *)stepper->coefficients)->part[k];
  return OG_ALIGNED(part->OG_R(ops)->bytes(part, field, lanes, purpose & ~OG_STEP_TAPED));
}

static size_t bytes(const og_stepper *stepper, const og_field *field, int lanes, int purpose) {
  return own_bytes(field, lanes, purpose) + part_bytes(stepper, 0, field, lanes, purpose) +
         part_bytes(stepper, 1, field, lanes, purpose);
}

static step_t *open(const og_stepper *stepper, const og_field *field, int lanes, int purpose, void *memory) {
  switching *s = memory;
  const og_pair *pair = stepper->coefficients;
  char *next = (char *)memory + own_bytes(field, lanes, purpose);
  size_t block = OG_PADDED(field->n * (size_t)lanes);
  *s = (switching){.base = {.stepper = stepper,
                            .ops = stepper->OG_R(ops),
                            .field = field,
                            .kernels = OG_R(og_kernels_best)(),
                            .lanes = lanes,
                            .n = (int)field->n,
                            .p = (int)field->p}};
  for (int k = 0; k < 2; k++) {
    const og_stepper *part = &pair->part[k];
    s->part[k] = part->OG_R(ops)->open(part, field, lanes, purpose & ~OG_STEP_TAPED, next);
    next += part_bytes(stepper, k, field, lanes, purpose);
  }
  s->block = (real *)(void *)((char *)memory + OG_ALIGNED(sizeof *s));
  s->slope = s->block + block;
  if (is_for_derivatives(purpose)) s->theta_bar = s->slope + block;
  s->base.scratch = s->part[0]->scratch;
  return &s->base;
}

/* ---- Lanes of each method ---- */

/* The other's lanes are idle in each part. */
static void divide(switching *s, const interval *at) {
  s->count[0] = s->count[1] = 0;
  for (int lane = 0; lane < s->base.lanes; lane++) {
    int k = at->implicit[lane] != 0, busy = s->base.status[lane] == 0;
    s->implicit[lane] = (unsigned char)k;
    s->mask[k][lane] = 1, s->mask[!k][lane] = 0;
    s->part[k]->status[lane] = s->base.status[lane];
    s->part[!k]->status[lane] = OG_LANE_IDLE;
    s->count[k] += busy;
  }
}

static void take_status(switching *s) {
  for (int lane = 0; lane < s->base.lanes; lane++)
    s->base.status[lane] = s->part[s->implicit[lane]]->status[lane];
}

/* Both methods have lanes. */
static int is_mixed(const switching *s) { return s->count[0] && s->count[1]; }
/* The method that has lanes, where one alone has. */
static int only(const switching *s) { return s->count[1] > 0; }

/* The implicit method's rows join those of the explicit one. */
static void join(const switching *s, int rows, real *block, const real *implicit) {
  s->base.kernels->copy_rows(rows, s->base.lanes, block, implicit, s->mask[1]);
}

/* What each lane took, of counts that differ between the methods: rounded. */
static int mean(const switching *s, const int *counts) {
  int lanes = s->count[0] + s->count[1];
  return lanes ? (s->count[0] * counts[0] + s->count[1] * counts[1] + lanes / 2) / lanes : 0;
}

/* ---- Taking it ---- */

static void begin(step_t *step, const real *mask, const real *f) {
  switching *s = of(step);
  for (int k = 0; k < 2; k++) s->part[k]->ops->begin(s->part[k], mask, f);
  for (int lane = 0; lane < step->lanes; lane++)
    if (mask[lane] != 0) s->stale[lane] = 0;
}

/* The slope where an implicit step has ended, for the explicit method that goes on from there. */
static void renew_slopes(switching *s, const interval *at, const real *x, const real *theta) {
  step_t *step = &s->base;
  _Alignas(64) real mask[OG_LANES_MAX];
  int any = 0;
  for (int lane = 0; lane < step->lanes; lane++) {
    mask[lane] = s->stale[lane] && !s->implicit[lane] && step->status[lane] == 0;
    any |= mask[lane] != 0;
  }
  if (!any) return;
  step->field->OG_R(ops).eval(step->field, step->lanes, at->t, x, theta, s->block, s->part[0]->status,
                              s->part[0]->scratch);
  s->part[0]->ops->begin(s->part[0], mask, s->block);
  for (int lane = 0; lane < step->lanes; lane++)
    if (mask[lane] != 0) s->stale[lane] = 0;
}

/* f at the start, of both. */
static void join_slopes(switching *s) {
  if (!is_mixed(s)) return;
  const real *slopes[] = {s->part[0]->ops->slope(s->part[0]), s->part[1]->ops->slope(s->part[1])};
  s->base.kernels->copy_rows(s->base.n, s->base.lanes, s->slope, slopes[0], NULL);
  join(s, s->base.n, s->slope, slopes[1]);
}

static int attempt(step_t *step, const interval *at, const real *x, const real *theta, real *y) {
  switching *s = of(step);
  int evals[2] = {0, 0};
  divide(s, at);
  if (step->stepper->carries_slope) renew_slopes(s, at, x, theta);
  if (s->count[0]) evals[0] = s->part[0]->ops->attempt(s->part[0], at, x, theta, y);
  if (s->count[1]) evals[1] = s->part[1]->ops->attempt(s->part[1], at, x, theta, s->count[0] ? s->block : y);
  if (is_mixed(s)) join(s, step->n, y, s->block);
  join_slopes(s);
  take_status(s);
  return mean(s, evals);
}

static void advance(step_t *step, const real *mask) {
  switching *s = of(step);
  _Alignas(64) real own[2][OG_LANES_MAX];
  for (int lane = 0; lane < step->lanes; lane++) {
    for (int k = 0; k < 2; k++) own[k][lane] = mask[lane] != 0 ? s->mask[k][lane] : 0;
    if (mask[lane] != 0) s->stale[lane] = s->implicit[lane];
  }
  for (int k = 0; k < 2; k++)
    if (s->count[k]) s->part[k]->ops->advance(s->part[k], own[k]);
}

/* A second estimate that the lane's method has not is none at all: zero. */
static void error(step_t *step, int which, const interval *at, real *error) {
  switching *s = of(step);
  size_t entries = (size_t)(step->n * step->lanes);
  for (int k = 0; k < 2; k++) {
    real *to = k && s->count[0] ? s->block : error;
    if (!s->count[k]) continue;
    if (which < s->part[k]->stepper->errors)
      s->part[k]->ops->error(s->part[k], which, at, to);
    else
      memset(to, 0, entries * sizeof *to);
  }
  if (is_mixed(s)) join(s, step->n, error, s->block);
}

static int difference(step_t *step, const interval *at, real *difference) {
  error(step, 0, at, difference);
  return 1;
}

static const real *slope(const step_t *step) {
  const switching *s = in(step);
  return is_mixed(s) ? s->slope : s->part[only(s)]->ops->slope(s->part[only(s)]);
}

/* ---- One lane: its method's ---- */

static size_t not_finite(const step_t *step, int lane, int slope_alone) {
  const step_t *part = part_of(step, lane);
  return part->ops->not_finite(part, lane, slope_alone);
}

static double spread(const step_t *step, int lane, size_t row) {
  const step_t *part = part_of(step, lane);
  return part->ops->spread(part, lane, row);
}

static double stiffness(const step_t *step, int lane, const interval *at, const real *x, const real *y,
                        const double *scale) {
  const step_t *part = part_of(step, lane);
  /* of a method that does not know it the problem stays stiff */
  return part->ops->stiffness ? part->ops->stiffness(part, lane, at, x, y, scale) : INFINITY;
}

static void state(const step_t *step, int lane, double s, const interval *at, const real *x, double *state) {
  const step_t *part = part_of(step, lane);
  part->ops->state(part, lane, s, at, x, state);
}

static void slope_at(const step_t *step, int lane, double s, double *slope, double *sizes) {
  const step_t *part = part_of(step, lane);
  part->ops->slope_at(part, lane, s, slope, sizes);
}

static double slope_along(const step_t *step, int lane, double s, size_t rows, const double *direction) {
  const step_t *part = part_of(step, lane);
  return part->ops->slope_along(part, lane, s, rows, direction);
}

static void curve(const step_t *step, int lane, const interval *at, double *curve, size_t power,
                  size_t entry) {
  const step_t *part = part_of(step, lane);
  part->ops->curve(part, lane, at, curve, power, entry);
  for (int d = part->stepper->interpolant_degree; d < step->stepper->interpolant_degree; d++)
    for (size_t i = 0; i < (size_t)step->n; i++) curve[(size_t)d * power + i * entry] = 0;
}

static void time_cotangents(const step_t *step, int lane, int inside, double *t_bar, double *h_bar,
                            double singular[OG_SINGULAR_PLACES]) {
  const step_t *part = part_of(step, lane);
  part->ops->time_cotangents(part, lane, inside, t_bar, h_bar, singular);
}

static void end_cotangent(const step_t *step, int lane, const real *x_bar, real *y_bar) {
  const step_t *part = part_of(step, lane);
  part->ops->end_cotangent(part, lane, x_bar, y_bar);
}

static void tangent_at(const step_t *step, int lane, double s, const interval *at, const real *x_dot,
                       double h_dot, double *state_dot) {
  const step_t *part = part_of(step, lane);
  part->ops->tangent_at(part, lane, s, at, x_dot, h_dot, state_dot);
}

/* ---- All lanes ---- */

/* The lanes' methods are those of the attempt; lanes may have become idle since. */
static int complete(step_t *step, const interval *at, const real *x, const real *theta) {
  switching *s = of(step);
  int evals[2] = {0, 0};
  divide(s, at);
  for (int k = 0; k < 2; k++)
    if (s->count[k]) evals[k] = s->part[k]->ops->complete(s->part[k], at, x, theta);
  take_status(s);
  return mean(s, evals);
}

static void states(const step_t *step, double place, const interval *at, const real *x, real *states) {
  const switching *s = in(step);
  for (int k = 0; k < 2; k++)
    if (s->count[k]) s->part[k]->ops->states(s->part[k], place, at, x, k && s->count[0] ? s->block : states);
  if (is_mixed(s)) join(s, step->n, states, s->block);
}

static int recompute(step_t *step, int uses, const interval *at, const real *x, const real *theta) {
  switching *s = of(step);
  int evals[2] = {0, 0};
  divide(s, at);
  for (int k = 0; k < 2; k++)
    if (s->count[k]) evals[k] = s->part[k]->ops->recompute(s->part[k], uses, at, x, theta);
  join_slopes(s);
  take_status(s);
  return mean(s, evals);
}

static void end(step_t *step, const interval *at, const real *x, real *y) {
  switching *s = of(step);
  for (int k = 0; k < 2; k++)
    if (s->count[k]) s->part[k]->ops->end(s->part[k], at, x, k && s->count[0] ? s->block : y);
  if (is_mixed(s)) join(s, step->n, y, s->block);
}

/* The implicit method's: of explicit steps nothing is kept. */
static size_t tape_bytes(const og_stepper *stepper, const og_field *field, int lanes) {
  const og_stepper *part = &((const og_pair *)stepper->coefficients)->part[1];
  return part->OG_R(ops)->tape_bytes(part, field, lanes);
}

static void use_tape(step_t *step, void *tape, int filled) {
  step_t *part = of(step)->part[1];
  part->ops->use_tape(part, tape, filled);
}

/* ---- Backward: seeds are put down for both methods, one behind the other, and each reads its own ---- */

static void seed(const og_stepper *stepper, double s, size_t rows, const double *bar, real *seeds,
                 size_t block, size_t entry) {
  const og_pair *pair = stepper->coefficients;
  for (int k = 0; k < 2; k++) {
    pair->part[k].OG_R(ops)->seed(&pair->part[k], s, rows, bar, seeds, block, entry);
    seeds += (size_t)pair->part[k].seeds * block;
  }
}

/* One method's transpose. Where the other has lanes too, whose numbers here may be anything, theirs are put
 * back as they were: adding through a block of one's own would round otherwise than a lane alone does. */
static int transpose_part(switching *s, int k, int uses, const interval *at, const real *x, const real *theta,
                          const real *seeds, const real *mask, real *x_bar, real *theta_bar) {
  const OG_R(og_kernels) *kernels = s->base.kernels;
  step_t *part = s->part[k];
  int apart = is_mixed(s) && theta_bar;
  if (apart) kernels->copy_rows(s->base.p, s->base.lanes, s->theta_bar, theta_bar, NULL);
  int vjps = part->ops->transpose(part, uses, at, x, theta, seeds, mask, x_bar, theta_bar);
  if (apart) kernels->copy_rows(s->base.p, s->base.lanes, theta_bar, s->theta_bar, s->mask[!k]);
  return vjps;
}

static int transpose(step_t *step, int uses, const interval *at, const real *x, const real *theta,
                     const real *seeds, const real *mask, real *x_bar, real *theta_bar) {
  switching *s = of(step);
  const og_pair *pair = step->stepper->coefficients;
  size_t skipped = (size_t)pair->part[0].seeds * OG_PADDED((size_t)(step->n * step->lanes));
  const real *own[] = {seeds, seeds ? seeds + skipped : NULL};
  int vjps[2] = {0, 0};
  divide(s, at);
  if (is_mixed(s)) step->kernels->copy_rows(step->n, step->lanes, s->block, x_bar, NULL);
  for (int k = 0; k < 2; k++)
    if (s->count[k])
      vjps[k] = transpose_part(s, k, uses, at, x, theta, own[k], mask, k && s->count[0] ? s->block : x_bar,
                               theta_bar);
  if (is_mixed(s)) join(s, step->n, x_bar, s->block);
  take_status(s);
  return mean(s, vjps);
}

/* A part says it of all lanes, so that it is found anew for each lane's own. */
static int growth(const step_t *step, const interval *at, real most, real *product, real *g) {
  const switching *s = in(step);
  _Alignas(64) real sizes[2][2][OG_LANES_MAX];
  int grown = 0;
  for (int k = 0; k < 2; k++)
    if (s->count[k]) grown |= s->part[k]->ops->growth(s->part[k], at, most, sizes[k][0], sizes[k][1]);
  for (int lane = 0; lane < step->lanes; lane++) {
    int k = s->count[s->implicit[lane]] ? s->implicit[lane] : only(s);
    product[lane] = sizes[k][0][lane], g[lane] = sizes[k][1][lane];
  }
  return grown;
}

/* In the implicit method's lanes. */
static void damp(step_t *step, const real *mask, const interval *at, const real *x, const real *theta,
                 real *x_bar, real *theta_bar) {
  switching *s = of(step);
  step_t *part = s->part[1];
  _Alignas(64) real own[OG_LANES_MAX];
  if (!s->count[1] || !part->ops->damp) return;
  for (int lane = 0; lane < step->lanes; lane++) own[lane] = mask[lane] != 0 ? s->mask[1][lane] : 0;
  part->ops->damp(part, own, at, x, theta, x_bar, theta_bar);
}

/* ---- Tangent ---- */

static int tangent(step_t *step, int uses, const interval *at, const real *x, const real *theta,
                   const real *x_dot, const real *theta_dot, const double *t_dot, const double *h_dot,
                   real *y_dot) {
  switching *s = of(step);
  int jvps[2] = {0, 0};
  divide(s, at);
  for (int k = 0; k < 2; k++)
    if (s->count[k])
      jvps[k] = s->part[k]->ops->tangent(s->part[k], uses, at, x, theta, x_dot, theta_dot, t_dot, h_dot,
                                         k && s->count[0] ? s->block : y_dot);
  if (is_mixed(s)) join(s, step->n, y_dot, s->block);
  take_status(s);
  return mean(s, jvps);
}

const OG_R(og_step_ops) OG_R(og_switching_ops) = {
    .bytes = bytes,
    .open = open,
    .begin = begin,
    .attempt = attempt,
    .advance = advance,
    .error = error,
    .difference = difference,
    .slope = slope,
    .not_finite = not_finite,
    .spread = spread,
    .stiffness = stiffness,
    .complete = complete,
    .state = state,
    .states = states,
    .slope_at = slope_at,
    .slope_along = slope_along,
    .curve = curve,
    .recompute = recompute,
    .end = end,
    .tape_bytes = tape_bytes,
    .use_tape = use_tape,
    .seed = seed,
    .transpose = transpose,
    .time_cotangents = time_cotangents,
    .end_cotangent = end_cotangent,
    .growth = growth,
    .damp = damp,
    .tangent = tangent,
    .tangent_at = tangent_at,
};

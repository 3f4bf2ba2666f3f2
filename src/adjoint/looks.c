#include "adjoint/trust.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "step/stability.h"

/* ---- Which steps are sampled ---- */

/* One in so many steps of a field that is told the time, whose coefficients may oscillate where x does not
 * feel it, or at a loose tolerance, where the steps say little about derivatives; of others, which can hide
 * something in a state of zero only. At a tolerance that is looser still all steps are looked at: they are
 * few, and the derivative often depends on one or two of them (the jumps of a relaxation oscillator). Fixed
 * steps have no tolerance, so that a look is all that is known of their error: there is one at least.
 * Networks are trained at such tolerances, and are smooth: they are sampled. They come in many short windows
 * again and again, and a look at one step costs what it costs to look at all lanes of the block. */
enum { STRIDE_DENSE = 8, SAMPLES_DENSE = 8, STRIDE = 128, STRIDE_FIXED = 64, STRIDE_NETWORK = 256 };
static const double LOOSE = 3e-6, LOOSER = 3e-5;

/* FNV-1a over the bits of numbers, a number at a time. */
static uint64_t digest(uint64_t seed, const double *numbers, size_t count) {
  for (size_t i = 0; i < count; i++) {
    uint64_t bits;
    memcpy(&bits, &numbers[i], sizeof bits);
    seed = (seed ^ bits) * 0x100000001b3u;
    seed ^= seed >> 29;
  }
  return seed;
}

/* Of the span, the initial state and the first parameters, so that a trajectory's samples are its own,
 * whether it is solved alone or beside others. */
enum { DIGESTED = 16 };

static uint64_t digest_of(const og_solve *solve, size_t m) {
  const og_trajectory *at = &solve->trajectories[m];
  size_t count = solve->parameters < DIGESTED ? solve->parameters : DIGESTED;
  uint64_t seed = digest(0xcbf29ce484222325u, (double[]){at->t0, at->t1}, 2);
  seed = digest(seed, solve->x0 + m * solve->states, solve->states);
  return digest(seed, og_theta_of(solve, m), count);
}

static int is_timed(const og_solve *solve) {
  return (solve->field->flags & OG_FIELD_DEPENDS_ON_TIME) || solve->field->inputs > 0;
}

int og_is_sampled_sparsely(const og_solve *solve, size_t m) {
  return !is_timed(solve) && og_trust_tolerance(solve, m) <= LOOSE;
}

og_samples og_samples_of(const og_solve *solve, size_t m) {
  size_t steps = solve->trajectories[m].steps;
  uint64_t seed = digest_of(solve, m);
  int dense = !og_is_sampled_sparsely(solve, m);
  double tolerance = og_trust_tolerance(solve, m);
  int fixed = solve->trajectories[m].fixed_steps > 0;
  size_t stride = dense ? STRIDE_DENSE : fixed ? STRIDE_FIXED : STRIDE;
  if (tolerance > LOOSER && !solve->source->weights) return (og_samples){1, 0};
  if (solve->source->weights)
    stride = STRIDE_NETWORK;
  else if (dense && steps < SAMPLES_DENSE * stride)
    stride = (steps + SAMPLES_DENSE - 1) / SAMPLES_DENSE;
  else if (fixed && steps < stride)
    stride = steps;
  if (stride == 0) stride = 1;
  return (og_samples){stride, (size_t)(seed % stride)};
}

enum { NONE = -1 };

static size_t later(size_t a, size_t b) { return a == (size_t)NONE || (b != (size_t)NONE && b > a) ? b : a; }

static size_t sample_before(const og_samples *samples, size_t index) {
  size_t stride = samples->stride;
  if (!stride || index <= samples->phase) return (size_t)NONE;
  return (index - 1 - samples->phase) / stride * stride + samples->phase;
}

size_t og_looks_before(const og_trajectory *at, const og_samples *samples, size_t index) {
  size_t told = later(og_rests_before(&at->rests, index), og_rests_before(&at->drops, index));
  return later(told, sample_before(samples, index));
}

/* Where x rests, so does the Jacobian of a field that is not told the time, and h J^T g says what it does. */
static const double AT_REST = 0.2;

int og_has_sign(const og_solve *solve, const og_trajectory *at, size_t index, int implicit, double ratio) {
  double looked_at = solve->limits.looked_at[implicit];
  if (ratio > looked_at || og_rests_has(&at->drops, index)) return 1;
  return og_rests_has(&at->rests, index) && (is_timed(solve) || ratio > AT_REST * looked_at);
}

int og_is_sampled(const og_samples *samples, size_t index) {
  return samples->stride && index % samples->stride == samples->phase;
}

/* ---- What is made of a look ---- */

static void keep_worst(const og_solve *solve, const og_looked *looked, const og_look_error *error,
                       og_tally *tally) {
  if (error->lambda <= tally->worst) return;
  tally->worst = error->lambda;
  tally->t = looked->t;
  tally->h = looked->h;
  tally->ratio = looked->ratio;
  tally->reach = solve->limits.reach[looked->implicit];
}

/* What moves lambda along f, of its size. */
static void add_along(const og_looked *looked, const og_look_error *error, og_tally *tally) {
  if (!(error->flow > 0) || tally->along <= tally->moved * error->flow) return;
  tally->moved = tally->along / error->flow;
  tally->moved_flow = error->flow;
  tally->moved_segment = looked->segment;
}

/* Of a lambda that has decayed below the tolerance of its largest nothing is wanted, unless it grows again.
 */
static int has_faded(const og_solve *solve, const og_looked *looked, const og_look_error *error,
                     const og_tally *tally) {
  return error->lambda_size < og_trust_tolerance(solve, looked->trajectory) * tally->lambda_largest;
}

/* By steps of an implicit method, which damp it. Of explicit ones it may be what unstable steps have left. */
static int has_been_damped(const og_solve *solve, const og_looked *looked) {
  const og_stepper *stepper = &solve->stepper;
  return stepper->implicit && (!stepper->switches || looked->implicit);
}

static void add_lambda(const og_solve *solve, const og_looked *looked, const og_look_error *error,
                       og_tally *tally) {
  tally->lambda_largest = fmax(tally->lambda_largest, error->lambda_size);
  tally->along = error->along + (looked->segment == tally->segment ? tally->along : 0);
  tally->segment = looked->segment;
  int faded = has_faded(solve, looked, error, tally);
  if (faded && has_been_damped(solve, looked)) {
    tally->faded[looked->kind] += error->lambda;
    return;
  }
  for (int kind = 0; kind < OG_LOOK_KINDS; kind++) {
    tally->lambda[kind] += tally->faded[kind];
    tally->faded[kind] = 0;
  }
  tally->lambda[looked->kind] += error->lambda;
  if (!faded) add_along(looked, error, tally);
  keep_worst(solve, looked, error, tally);
}

void og_looks_tell(og_solve *solve, const og_looked *looked, const og_look_error *error) {
  og_tally *tally = &solve->trajectories[looked->trajectory].tally;
  if (!tally->looks[0] && !tally->looks[1]) tally->lambda_least = tally->loss_least = INFINITY;
  tally->looks[looked->kind]++;
  add_lambda(solve, looked, error, tally);
  tally->theta[looked->kind] += error->theta;
  tally->loss[looked->kind] += error->loss;
  if (error->lambda_size > 0) tally->lambda_least = fmin(tally->lambda_least, error->lambda_size);
  tally->theta_largest = fmax(tally->theta_largest, error->theta_size);
  if (error->loss_size > 0) tally->loss_least = fmin(tally->loss_least, error->loss_size);
  tally->theta_worst = fmax(tally->theta_worst, error->theta);
}

/* ---- Ceilings ---- */

/* A step is unstable when it grows what it should damp: its size tells, and its parts do something else. */
static const double UNSTABLE_ERROR = 0.1, BELOW_REACH = 0.9, SEEN_AT = 0.5, SEEN_ERROR = 3e-3;
static const double SAFETY = 0.9, LEAST_FACTOR = 0.1;

/* Relative to the size in the step; but of a lambda that has decayed below the tolerance nothing is wanted.
 */
static double local_error(const og_tally *tally, const og_looked *looked, const og_look_error *error,
                          double tolerance, const og_pacing *pacing) {
  double floor = tolerance * tally->lambda_largest;
  double lambda = error->lambda * error->lambda_size / fmax(error->lambda_size, floor);
  double theta = error->theta > 0
                     ? error->theta / fmax(pacing->theta, fmax(looked->theta_largest, error->theta_size))
                     : 0;
  int known = pacing->flow > 0 && error->lambda_size >= floor;
  double flow = pacing->segment == looked->segment ? pacing->flow : error->flow;
  double most = fmax(fmax(lambda, theta), known && flow > 0 ? error->along / flow : 0);
  return isfinite(error->lambda) && isfinite(error->theta) ? most : INFINITY;
}

/* Where the step's size against the border is seen, the ceiling is known also where it is kept. */
static double stable_width(const og_solve *solve, const og_looked *looked, double local) {
  double reach = solve->limits.reach[looked->implicit];
  if (looked->ratio < SEEN_AT * reach || local < SEEN_ERROR || !isfinite(looked->ratio)) return INFINITY;
  return fabs(looked->h) * BELOW_REACH * reach / looked->ratio;
}

void og_looks_limit(og_solve *solve, const og_looked *looked, const og_look_error *error) {
  og_trajectory *at = &solve->trajectories[looked->trajectory];
  og_pacing *pacing = at->pacing;
  double s = fabs(looked->t - at->t0), h = fabs(looked->h),
         local =
             local_error(&at->tally, looked, error, og_trust_tolerance(solve, looked->trajectory), pacing);
  double stable = stable_width(solve, looked, local);
  double factor = pow(pacing->target / fmax(local, DBL_MIN), 1.0 / (solve->stepper.order + 1));
  /* An estimate may be small by chance, where it passes zero: what was a ceiling stays one. */
  factor = fmin(fmax(SAFETY * factor, LEAST_FACTOR), 1);
  pacing->unstable |= looked->ratio > solve->limits.reach[looked->implicit] && local > UNSTABLE_ERROR;
  if (local > pacing->worst) pacing->worst = local;
  og_ceilings_push(&pacing->next_stable, s, fmin(stable, og_ceilings_least(&pacing->stable, s, s + h)));
  double before = og_ceilings_least(&pacing->resolved, s, s + h);
  og_ceilings_push(&pacing->next_resolved, s, factor < 1 ? h * factor : before);
  og_ceilings_push(&pacing->next_cut, s, h * OG_CUT);
}

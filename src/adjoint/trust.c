#include "adjoint/trust.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "adjoint/weights.h"
#include "solve/guards.h"
#include "solve/tapes.h"

/* ---- Sizes ---- */

static const double ROUNDINGS = 8;

double og_trust_tolerance(const og_solve *solve, size_t m) {
  double epsilon = ROUNDINGS * (solve->single ? FLT_EPSILON : DBL_EPSILON), size = 0;
  const og_limits *limits = &solve->limits;
  if (limits->rtol > 0) return fmax(limits->rtol, epsilon);
  for (size_t i = 0; i < solve->n; i++) size = fmax(size, fabs(solve->final[m * solve->n + i]));
  return fmin(fmax(limits->atol / size, epsilon), 1e-2);
}

static void add_seed(const double *bar, const double *x, size_t n, double *largest, double *loss) {
  double sum = 0;
  for (size_t i = 0; bar && i < n; i++) {
    sum += bar[i] * x[i];
    *largest = fmax(*largest, fabs(bar[i]));
  }
  *loss += fabs(sum);
}

static void add_event_seeds(const og_solve *solve, const og_trajectory *at, double *largest, double *loss) {
  size_t stride = 1 + 2 * solve->states, n = solve->states;
  for (size_t s = 0; at->event_bars && s < at->path.count; s++) {
    const og_segment *segment = &at->path.segments[s];
    if (segment->event == OG_NO_EVENT) continue;
    const double *bar = at->event_bars + segment->occurrence * stride;
    double span = fabs(at->t1 - at->t0);
    if (bar[0] != 0) *loss += fabs(bar[0]) * span;
    add_seed(bar + 1, segment->states, n, largest, loss);
    add_seed(bar + 1 + n, segment->states + solve->n, n, largest, loss);
  }
}

void og_trust_seeds(const og_solve *solve, const og_pullback *pullback, size_t m, double *largest,
                    double *loss) {
  const og_trajectory *at = &solve->trajectories[m];
  size_t n = solve->states;
  *largest = *loss = 0;
  for (size_t i = 0; pullback->observed_bar && i < at->seen; i++) {
    size_t slot = at->first_observation + i;
    add_seed(pullback->observed_bar + slot * n, solve->observed + slot * solve->n, n, largest, loss);
  }
  if (pullback->final_bar)
    add_seed(pullback->final_bar + m * n, solve->final + m * solve->n, n, largest, loss);
  if (pullback->cost_bar) add_seed(pullback->cost_bar + m, solve->final + m * solve->n + n, 1, largest, loss);
  add_event_seeds(solve, at, largest, loss);
}

static double largest_of(const double *values, size_t count) {
  double largest = 0;
  for (size_t i = 0; i < count; i++) largest = fabs(values[i]) <= largest ? largest : fabs(values[i]);
  return largest;
}

/* ---- The judgement ---- */

/* Local estimates are not additive: these are signs for a closer look, no verdict. In tolerances, of the sum
 * over steps (per step, and at least) and of one step; and whatever the tolerance, in shares. */
static const double SUM_PER_STEP = 0, SUM_LEAST = 40, ONE_STEP = 40, SHARE_MOST = 0.1, FIXED_SHARE = 0.3;
/* Growth from which on its exact value is worth a look at all cotangents. */
static const double NOTABLE_GROWTH = 1e4, NOTABLE_LOSS = 1e-2;

double og_trust_sum_allowed(const og_solve *solve, size_t m, size_t steps) {
  double tolerances = fmax(SUM_PER_STEP * (double)steps, SUM_LEAST);
  return fmin(tolerances * og_trust_tolerance(solve, m), SHARE_MOST);
}

/* Samples stand for all steps at which there was no sign. */
static double total(const og_tally *tally, const double *sums, size_t steps) {
  size_t signs = tally->looks[OG_LOOK_SIGN], samples = tally->looks[OG_LOOK_SAMPLE];
  double others = steps > signs ? (double)(steps - signs) : 0;
  return sums[OG_LOOK_SIGN] + (samples ? sums[OG_LOOK_SAMPLE] * others / (double)samples : 0);
}

/* The largest entry of the cotangent of the parameters, bound weights included. */
static double theta_size(const og_solve *solve, const og_pullback *pullback, size_t item) {
  double own = largest_of(pullback->theta_bar + item * solve->laned, solve->laned);
  if (solve->weights) own = fmax(own, largest_of(pullback->weights_bar, solve->weights));
  return fmax(own, solve->trajectories[og_item(solve, item)].tally.theta_largest);
}

/* Sizes that need all cotangents, only where they can matter. */
static void judge_growth(const og_solve *solve, const og_pullback *pullback, size_t m, double loss_error) {
  const og_tally *tally = &solve->trajectories[m].tally;
  og_trust *trust = &solve->trajectories[m].trust;
  double largest = 0, loss = 0;
  int grown = tally->lambda_largest > NOTABLE_GROWTH * tally->lambda_least;
  int inexact = !(loss_error <= NOTABLE_LOSS * tally->loss_least);
  trust->growth = trust->loss = 0;
  if (!grown && !inexact) return;
  og_trust_seeds(solve, pullback, m, &largest, &loss);
  trust->growth = largest > 0 ? tally->lambda_largest / largest : 0;
  trust->loss = loss_error > 0 ? loss_error / loss : 0;
}

int og_trust_judge(og_solve *solve, const og_pullback *pullback, size_t item) {
  size_t m = og_item(solve, item);
  og_trajectory *at = &solve->trajectories[m];
  const og_tally *tally = &at->tally;
  og_trust *trust = &at->trust;
  double tolerance = og_trust_tolerance(solve, m), size = theta_size(solve, pullback, item);
  double lambda = total(tally, tally->lambda, at->steps), theta = total(tally, tally->theta, at->steps);
  double initial = largest_of(pullback->x0_bar + item * solve->states, solve->states);
  judge_growth(solve, pullback, m, total(tally, tally->loss, at->steps));
  double least = at->fixed_steps ? 0 : tolerance;
  trust->parameters = theta + fmax(lambda, least) * size;
  trust->initial = fmax(lambda, least) * initial;
  trust->worst = tally->worst, trust->t = tally->t, trust->h = tally->h, trust->ratio = tally->ratio;
  trust->rounds = 0;
  double sum = og_trust_sum_allowed(solve, m, at->steps);
  double one = fmin(ONE_STEP * tolerance, SHARE_MOST);
  if (at->fixed_steps) sum = one = FIXED_SHARE; /* they were chosen */
  double one_theta = tally->theta_worst;
  return tally->overflow || !(lambda <= sum) || !(theta <= sum * size) || !(tally->worst <= one) ||
         !(one_theta <= one * size) || !(trust->loss <= SHARE_MOST);
}

/* ---- The error of all ---- */

static double relative(double error, double size) {
  if (!(error > 0)) return error;
  return size > 0 ? error / size : INFINITY;
}

/* Entry i of the cotangent of shared parameters. */
static double theta_entry(const og_solve *solve, const og_pullback *pullback, size_t i) {
  double sum = 0;
  if (i >= solve->laned) return pullback->weights_bar[i - solve->laned];
  for (size_t m = 0; m < solve->count; m++) sum += pullback->theta_bar[m * solve->laned + i];
  return sum;
}

static double theta_error(og_solve *solve, const og_pullback *pullback) {
  double size = 0, sum = 0, most = 0;
  for (size_t m = 0; m < solve->count; m++) {
    sum += solve->trajectories[m].trust.parameters;
    most = fmax(most, solve->trajectories[m].trust.parameters);
  }
  solve->parameters_error = solve->theta_shared ? sum : most;
  if (!solve->theta_shared)
    return relative(most, largest_of(pullback->theta_bar, solve->count * solve->laned));
  for (size_t i = 0; i < solve->parameters; i++) size = fmax(size, fabs(theta_entry(solve, pullback, i)));
  return relative(sum, size);
}

void og_trust_sum(og_solve *solve, const og_pullback *pullback) {
  double initial = 0;
  for (size_t m = 0; m < solve->count; m++) initial = fmax(initial, solve->trajectories[m].trust.initial);
  solve->error.initial = relative(initial, largest_of(pullback->x0_bar, solve->count * solve->states));
  solve->error.parameters = theta_error(solve, pullback);
  solve->error.times = solve->error.initial;
}

/* ---- The whole solve ---- */

int og_is_of_the_solve(og_status status) {
  return (status >= OG_ERR_NOT_FINITE && status <= OG_ERR_FIELD) ||
         (status >= OG_ERR_ZENO && status <= OG_ERR_UNRESOLVED);
}

og_status og_discrete(og_solve *solve, og_pullback *pullback) {
  og_worker_fn worker = solve->single ? og_discrete_s : og_discrete_d;
  return solve->weights ? og_in_blocks(solve, worker, og_weights_collect, pullback)
                        : og_in_parallel(solve, og_items_of(solve), worker, pullback);
}

int og_trust_tells(og_solve *solve) {
  og_told *told = solve->told;
  if (solve->role || told->held || told->coarse || told->gradient) return 0;
  return told->gradient = 1;
}

/* How many trajectories' derivatives are in doubt; which ones is put into list. */
static size_t find_doubtful(og_solve *solve, const og_pullback *pullback, size_t *list) {
  size_t count = 0;
  for (size_t m = 0; m < solve->count; m++)
    if (og_trust_judge(solve, pullback, m)) list[count++] = m;
  return count;
}

static og_status refuse_overflow(const og_solve *solve, size_t m) {
  const og_trust *trust = &solve->trajectories[m].trust;
  return og_fail(
      solve->context, OG_ERR_UNRESOLVED,
      "the gradient is not resolved: in trajectory %zu lambda grew beyond all numbers on its way back, "
      "with steps at t = %.10g of h = %.3g where |h| |J^T g| / |g| is %.3g; try: adaptive steps with "
      "gradient-control = refine, more steps, or a shorter span",
      m, trust->t, trust->h, trust->ratio);
}

/* Steps that were chosen by the caller stay. */
static og_status warn(og_solve *solve, size_t count, const size_t *doubtful) {
  size_t m = doubtful[0];
  const og_trust *trust = &solve->trajectories[m].trust;
  for (size_t i = 0; i < count; i++)
    if (solve->trajectories[doubtful[i]].tally.overflow) return refuse_overflow(solve, doubtful[i]);
  if (!og_trust_tells(solve)) return OG_OK;
  og_log(solve->context,
         "warning: the steps of trajectory %zu may not be good for the derivative: at t = %.10g, h = %.3g, "
         "lambda is "
         "wrong by %.2g of its size in one step, where |h| |J^T g| / |g| is %.3g%s",
         m, trust->t, trust->h, trust->worst, trust->ratio,
         solve->trajectories[m].fixed_steps ? "; take more steps, or adaptive ones" : "");
  return OG_OK;
}

static int may_refine(const og_solve *solve, size_t m) {
  return og_options_integer(solve->options, OG_OPT_GRADIENT_CONTROL) == OG_CONTROL_REFINE &&
         !solve->replayed && !solve->trajectories[m].fixed_steps;
}

/* A field of networks is refined in its source form, one lane at a time where there are many weights. */
enum { WEIGHTS_IN_LANES = 4096 };

static og_status refine(og_solve *solve, og_pullback *pullback, size_t count, size_t *doubtful) {
  int lanes = solve->lanes_most, many = solve->weights > WEIGHTS_IN_LANES, back = og_form_leave(solve);
  if (many) solve->lanes_most = 1;
  if (back) og_tapes_free(solve);
  og_status status = og_refine(solve, pullback, count, doubtful);
  solve->lanes_most = lanes;
  og_form_return(solve, back);
  return status;
}

static size_t find_renewed(const og_solve *solve) {
  int most = 0;
  for (size_t m = 0; m < solve->count; m++)
    if (solve->trajectories[m].trust.rounds > most) most = solve->trajectories[m].trust.rounds;
  return (size_t)most;
}

/* With bound weights what is summed over trajectories is summed anew. */
static og_status sum_again(og_solve *solve, og_pullback *pullback) {
  pullback->looks = OG_LOOKS_NONE;
  memset(pullback->weights_bar, 0, solve->weights * sizeof(double));
  memset(pullback->times_bar, 0, solve->observed_count * sizeof(double));
  memset(pullback->values_bar, 0, solve->signal_values * sizeof(double));
  for (size_t m = 0; m < solve->count; m++) solve->trajectories[m].tally.overflow = 0;
  OG_TRY(og_discrete(solve, pullback));
  pullback->looks = OG_LOOKS_SOME;
  return OG_OK;
}

og_status og_trusted_discrete(og_solve *solve, og_pullback *pullback, int *renewed) {
  og_gradient_control control =
      (og_gradient_control)og_options_integer(solve->options, OG_OPT_GRADIENT_CONTROL);
  int none = control == OG_CONTROL_NONE || solve->held;
  *renewed = 0;
  pullback->looks = none ? OG_LOOKS_NONE : OG_LOOKS_SOME;
  OG_TRY(og_discrete(solve, pullback));
  if (none) return OG_OK;
  size_t *doubtful = og_alloc(solve->context, solve->count, sizeof *doubtful);
  if (!doubtful) return og_fail_memory(solve->context, solve->count * sizeof *doubtful, "a gradient");
  size_t count = find_doubtful(solve, pullback, doubtful);
  og_status status = !count                           ? OG_OK
                     : may_refine(solve, doubtful[0]) ? refine(solve, pullback, count, doubtful)
                                                      : warn(solve, count, doubtful);
  og_free(solve->context, doubtful);
  size_t rounds = status == OG_OK && count ? find_renewed(solve) : 0;
  *renewed = rounds > 0;
  atomic_store(&solve->stats[OG_STAT_REFINEMENTS], (long long)rounds);
  return rounds && solve->weights ? sum_again(solve, pullback) : status;
}

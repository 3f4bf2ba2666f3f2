#include "adjoint/trust.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "solve/events/guards.h"
#include "solve/tolerances.h"

/* ---- Sizes ---- */

static const double ROUNDINGS = 8;

double og_trust_tolerance(const og_solve *solve, size_t m) {
  double epsilon = ROUNDINGS * (solve->single ? FLT_EPSILON : DBL_EPSILON), size = 0;
  const og_limits *limits = &solve->limits;
  if (limits->rtol > 0) return fmax(limits->rtol, epsilon);
  for (size_t i = 0; i < solve->n; i++) size = fmax(size, fabs(solve->final[m * solve->n + i]));
  return fmin(fmax(og_atol_most(solve) / size, epsilon), 1e-2);
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
  if (at->path.segments[at->path.count - 1].event != OG_NO_EVENT) *largest = fmax(*largest, at->ending_bar);
}

double og_trust_largest(const double *values, size_t count) {
  double largest = 0;
  for (size_t i = 0; i < count; i++) largest = fabs(values[i]) <= largest ? largest : fabs(values[i]);
  return largest;
}

/* ---- The judgement ---- */

/* Local estimates are not additive: these are signs for a closer look, no verdict. In tolerances, of the sum
 * over steps; whatever the tolerance, as a share; and of steps that were given, which have no tolerance. What
 * errors of lambda^T f do is held to the sum, since few steps make the most of it and not all are looked at.
 */
static const double SUM_MOST = 40, SHARE_MOST = 0.1, FIXED_SHARE = 0.3;
/* Where few steps are sampled, x shows what the derivative depends on, and step control has bounded its
 * error: of resolved problems estimates add up to some hundred tolerances, which is no sign. What one sample
 * stands for is known to a factor of ten only; of several the mean is known better. */
static const double SMOOTH_MOST = 400, SAMPLE_MOST = 2000;
/* Growth from which on its exact value is worth a look at all cotangents. */
static const double NOTABLE_GROWTH = 1e4, NOTABLE_LOSS = 1e-2;

/* Samples stand for all steps at which there was no sign. */
static double total(const og_tally *tally, const double *sums, size_t steps) {
  size_t signs = tally->looks[OG_LOOK_SIGN], samples = tally->looks[OG_LOOK_SAMPLE];
  double others = steps > signs ? (double)(steps - signs) : 0;
  return sums[OG_LOOK_SIGN] + (samples ? sums[OG_LOOK_SAMPLE] * others / (double)samples : 0);
}

/* The largest entry of the cotangent of the parameters, bound weights included. */
static double theta_size(const og_solve *solve, const og_pullback *pullback, size_t item) {
  double own = og_trust_largest(pullback->theta_bar + item * solve->laned, solve->laned);
  if (solve->weights) own = fmax(own, pullback->weights_size);
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

/* Where what |lambda| |f| adds up to, on the way back so far, is so many times the number of the trajectory's
 * steps beyond its value at a step, errors of lambda^T f grow by as much, and few steps make the most of
 * them: all are to be looked at. */
static const double STRETCHED = 100;

static int is_stretched(const og_trajectory *at) { return at->tally.stretch > STRETCHED * (double)at->steps; }

/* What is estimated of the results at place `item`, from the sums of errors of lambda and of the parameters.
 */
static void estimate(og_solve *solve, const og_pullback *pullback, size_t item, double lambda, double theta,
                     double theta_largest) {
  og_trajectory *at = &solve->trajectories[og_item(solve, item)];
  const og_tally *tally = &at->tally;
  double least = at->fixed_steps ? 0 : og_trust_tolerance(solve, og_item(solve, item));
  lambda = fmax(lambda, tally->moved);
  double x0_bar = og_trust_largest(pullback->x0_bar + item * solve->states, solve->states);
  at->trust.parameters = theta + fmax(lambda, least) * theta_largest;
  at->trust.initial = fmax(lambda, least) * x0_bar;
  at->trust.worst = tally->worst, at->trust.ratio = tally->ratio;
  at->trust.t = tally->t, at->trust.h = tally->h;
  at->trust.rounds = 0;
}

static double most_tolerances(const og_solve *solve, size_t m) {
  size_t samples = solve->trajectories[m].tally.looks[OG_LOOK_SAMPLE];
  if (!og_is_sampled_sparsely(solve, m)) return SUM_MOST;
  return samples ? fmax(SMOOTH_MOST, SAMPLE_MOST / (double)samples) : SMOOTH_MOST;
}

/* Whether initial states have a cotangent that is no more than what is left of a decayed lambda. */
static int is_faded(const og_solve *solve, const og_pullback *pullback, size_t item) {
  size_t m = og_item(solve, item);
  double most = og_trust_largest(pullback->x0_bar + item * solve->states, solve->states);
  return most < og_trust_tolerance(solve, m) * solve->trajectories[m].tally.lambda_largest;
}

/* What errors of lambda, and those of the parameters' cotangent, may add up to. */
static double allowance(const og_solve *solve, size_t m) {
  if (solve->trajectories[m].fixed_steps) return FIXED_SHARE;
  return fmin(most_tolerances(solve, m) * og_trust_tolerance(solve, m), SHARE_MOST);
}

int og_trust_judge(og_solve *solve, const og_pullback *pullback, size_t item) {
  size_t m = og_item(solve, item);
  const og_trajectory *at = &solve->trajectories[m];
  const og_tally *tally = &at->tally;
  double lambda = total(tally, tally->lambda, at->steps), faded = total(tally, tally->faded, at->steps);
  double theta = total(tally, tally->theta, at->steps);
  double most = allowance(solve, m), size = theta_size(solve, pullback, item), theta_most = size * most;
  judge_growth(solve, pullback, m, total(tally, tally->loss, at->steps));
  estimate(solve, pullback, item, lambda + faded, theta, size);
  if (!is_faded(solve, pullback, item)) lambda += faded;
  return tally->overflow || is_stretched(at) || !(lambda <= most) ||
         !(tally->moved <= fmin(most, SUM_MOST * og_trust_tolerance(solve, m))) || !(tally->worst <= most) ||
         !(theta <= theta_most) || !(tally->theta_worst <= theta_most) || !(at->trust.loss <= SHARE_MOST);
}

/* ---- The error of all ---- */

static double relative(double error, double size) {
  if (!(error > 0)) return error;
  return size > 0 ? error / size : INFINITY;
}

/* Entry i of the cotangent of shared parameters. */
static double theta_entry(const og_solve *solve, const og_pullback *pullback, size_t i) {
  if (i >= solve->laned) return pullback->weights_bar[i - solve->laned];
  return og_tree_sum_of(pullback->theta_bar + i, solve->count, solve->laned);
}

static double theta_error(og_solve *solve, const og_pullback *pullback) {
  double size = 0, most = 0, nodes[OG_TREE_SUM_NODES];
  og_tree_sum errors;
  og_tree_sum_begin(&errors, 1, nodes, 0);
  for (size_t m = 0; m < solve->count; m++) {
    double error = solve->trajectories[m].trust.parameters;
    *og_tree_sum_term(&errors) = error;
    og_tree_sum_add(&errors, 0);
    if (error > most) most = error;
  }
  double sum = *og_tree_sum_total(&errors);
  solve->parameters_error = solve->theta_shared ? sum : most;
  if (!solve->theta_shared)
    return relative(most, og_trust_largest(pullback->theta_bar, solve->count * solve->laned));
  for (size_t i = 0; i < solve->parameters; i++) size = fmax(size, fabs(theta_entry(solve, pullback, i)));
  return relative(sum, size);
}

/* Adaptive steps that nobody looked at have a tolerance; fixed ones have nothing. */
static int is_known(const og_solve *solve) {
  for (size_t m = 0; m < solve->count; m++) {
    const og_trajectory *at = &solve->trajectories[m];
    if (!at->fixed_steps || at->tally.looks[OG_LOOK_SIGN] || at->tally.looks[OG_LOOK_SAMPLE]) return 1;
  }
  return 0;
}

void og_trust_sum(og_solve *solve, const og_pullback *pullback) {
  int known = is_known(solve);
  double initial = known ? 0 : NAN;
  for (size_t m = 0; m < solve->count; m++)
    if (solve->trajectories[m].trust.initial > initial) initial = solve->trajectories[m].trust.initial;
  solve->error.initial = relative(initial, og_trust_largest(pullback->x0_bar, solve->count * solve->states));
  solve->error.parameters = known ? theta_error(solve, pullback) : NAN;
  solve->error.times = solve->error.initial;
}

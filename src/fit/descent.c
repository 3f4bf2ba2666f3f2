/* Gradient descent, projected to the bounds. Learning rate eta given: theta <- P(theta - eta g). Without:
 * steps in natural units (search->scale), the first tried is Barzilai and Borwein's, halved until Armijo's
 * condition holds. A step to where the solve fails is halved as well. */
#include <math.h>
#include <nlopt.h>
#include <stdio.h>
#include <string.h>

#include "fit/search.h"

enum { HALVINGS = 40 };

/* Where the method stands: search->previous, with its gradient. */
static void begin(og_search *search) {
  og_search_set_scale(search, search->best);
  memcpy(search->previous, search->best, search->p * sizeof(double));
  memcpy(search->previous_gradient, search->gradient, search->p * sizeof(double));
}

static void move_on(og_search *search) {
  memcpy(search->previous, search->trial, search->p * sizeof(double));
  memcpy(search->previous_gradient, search->trial_gradient, search->p * sizeof(double));
}

static void step_from_previous(og_search *search, double size) {
  for (size_t i = 0; i < search->p; i++) search->trial[i] = search->previous[i] + size * search->direction[i];
  og_search_clip(search, search->trial);
}

/* The decrease that the gradient promises for the step to `trial`. */
static double promised(const og_search *search) {
  double sum = 0;
  for (size_t i = 0; i < search->p; i++)
    sum += search->previous_gradient[i] * (search->previous[i] - search->trial[i]);
  return sum;
}

/* Steps along `direction`, halved until the solve succeeds and, with `armijo`, the loss falls enough. */
static int try_steps(og_search *search, double size, double before, int armijo, double *loss) {
  for (int k = 0; k < HALVINGS; k++, size /= 2) {
    step_from_previous(search, size);
    og_status status = og_search_evaluate(search, search->trial, loss, search->trial_gradient);
    if (search->fatal != OG_OK) return 0;
    if (status == OG_OK && (!armijo || *loss <= before - 1e-4 * promised(search))) return 1;
  }
  return 0;
}

/* <s, s> / <s, y> of the last move, in natural units. */
static double barzilai_borwein(const og_search *search, double fallback) {
  double ss = 0, sy = 0;
  for (size_t i = 0; i < search->p; i++) {
    double move = (search->trial[i] - search->previous[i]) / search->scale[i];
    ss += move * move;
    sy += move * (search->trial_gradient[i] - search->previous_gradient[i]) * search->scale[i];
  }
  return sy > 0 && ss > 0 ? ss / sy : fallback;
}

static void steepest(og_search *search) {
  for (size_t i = 0; i < search->p; i++) {
    double unit = search->rate > 0 ? 1 : search->scale[i];
    search->direction[i] = -search->previous_gradient[i] * unit * unit;
  }
}

static void say_no_step(og_search *search, int armijo) {
  if (armijo)
    og_search_stall(search, "no step along the gradient lowers the loss further");
  else
    snprintf(
        search->reason, OG_REASON_SIZE,
        "not converged: the solve fails at every step along the gradient; choose a smaller learning rate "
        "(largest entry of the scaled gradient: %.3g)",
        og_search_gradient_norm(search, search->best, search->gradient));
}

void og_gradient_descent(og_search *search) {
  enum { QUIET = 5 };
  begin(search);
  double before = search->loss, loss = before;
  double norm = og_search_gradient_norm(search, search->best, search->gradient);
  double size = search->rate > 0 ? search->rate : norm > 0 ? 0.1 / norm : 1;
  int armijo = !(search->rate > 0);
  for (int quiet = 0; !og_search_must_end(search);) {
    if (og_search_gradient_norm(search, search->previous, search->previous_gradient) == 0) {
      og_search_stall(search, "the gradient within the bounds is zero");
      return;
    }
    steepest(search);
    if (!try_steps(search, size, before, armijo, &loss)) {
      if (search->fatal == OG_OK) say_no_step(search, armijo);
      return;
    }
    if (armijo) size = barzilai_borwein(search, 2 * size);
    move_on(search);
    quiet = fabs(before - loss) <= search->tolerance * fabs(loss) ? quiet + 1 : 0;
    before = loss;
    if (og_search_tick(search, loss, search->previous_gradient, search->previous)) return;
    if (quiet == QUIET) {
      og_search_stall(search, "the relative change of the loss stays below the tolerance %.3g",
                      search->tolerance);
      return;
    }
  }
}

/* ---- Quasi-Newton methods ---- */

/* Bounded quasi-Newton methods, from NLopt: L-BFGS (Luksan's) and SLSQP (Kraft's). Each may stop early at a
 * kink of the loss or by bad luck of its line search, so the other one takes over until neither makes
 * progress. SLSQP works with dense matrices: where there are many parameters it is not the one that takes
 * over. */

/* Variables z: a parameter that cannot be negative by its logarithm, others in natural units. Rates, sizes
 * and scales act as factors, and in logarithms fits from rough starts escape local minima that they fall into
 * otherwise (hare and lynx do); but a logarithm never reaches a bound at zero, so every other round is linear
 * throughout. */
typedef struct bridge {
  og_search *search;
  nlopt_opt nlopt;
  int logarithmic;
  double unit;                     /* of the loss that NLopt sees */
  double *z, *low, *high, *center; /* [p]; the last is the best point when the run began, not scaled */
} bridge;

static int in_logarithm(const bridge *at, size_t i) {
  return at->logarithmic && at->search->lowest[i] >= 0 && at->center[i] > 0;
}

static double to_variable(const bridge *at, size_t i, double theta) {
  return in_logarithm(at, i) ? log(theta) : theta / at->search->scale[i];
}

/* Bounds are met exactly, whatever scaling and back rounds to. */
static double to_parameter(const bridge *at, size_t i, double z) {
  if (z <= at->low[i]) return at->search->lowest[i];
  if (z >= at->high[i]) return at->search->highest[i];
  double theta = in_logarithm(at, i) ? exp(z) : z * at->search->scale[i];
  return fmin(fmax(theta, at->search->lowest[i]), at->search->highest[i]);
}

/* Where the solve fails NLopt sees a bowl around the best point, higher than anything met before: finite,
 * smooth, and sloping back to where the loss is defined, so that line searches shorten their step. */
static double bowl(const bridge *at, const double *z, double *slope) {
  const og_search *search = at->search;
  double loss = search->loss / at->unit, height = 10 * (1 + fabs(loss)), squares = 0;
  for (size_t i = 0; i < search->p; i++) {
    double away = z[i] - to_variable(at, i, search->best[i]);
    squares += away * away;
    if (slope) slope[i] = 2 * height * away;
  }
  return loss + height * (1 + squares);
}

static double evaluate(unsigned p, const double *z, double *slope, void *data) {
  bridge *at = data;
  og_search *search = at->search;
  double loss = INFINITY, before = search->loss;
  for (unsigned i = 0; i < p; i++) search->trial[i] = to_parameter(at, i, z[i]);
  if (nlopt_get_force_stop(at->nlopt)) return bowl(at, z, slope); /* NLopt may still finish a line search */
  og_status status = og_search_evaluate(search, search->trial, &loss, search->trial_gradient);
  if (search->fatal != OG_OK) nlopt_force_stop(at->nlopt);
  if (status != OG_OK) return bowl(at, z, slope);
  for (unsigned i = 0; slope && i < p; i++)
    slope[i] =
        search->trial_gradient[i] / at->unit * (in_logarithm(at, i) ? search->trial[i] : search->scale[i]);
  if (loss < before && og_search_tick(search, loss, search->trial_gradient, search->trial))
    nlopt_force_stop(at->nlopt);
  return loss / at->unit;
}

static og_status set_up(bridge *at) {
  og_search *search = at->search;
  for (size_t i = 0; i < search->p; i++) at->center[i] = search->best[i];
  for (size_t i = 0; i < search->p; i++) {
    at->low[i] = to_variable(at, i, search->lowest[i]);
    at->high[i] = to_variable(at, i, search->highest[i]);
    at->z[i] = fmin(fmax(to_variable(at, i, search->best[i]), at->low[i]), at->high[i]);
  }
  int failed = nlopt_set_min_objective(at->nlopt, evaluate, at) < 0 ||
               nlopt_set_lower_bounds(at->nlopt, at->low) < 0 ||
               nlopt_set_upper_bounds(at->nlopt, at->high) < 0 ||
               nlopt_set_ftol_rel(at->nlopt, search->tolerance) < 0;
  return failed ? og_fail_memory(search->context, search->p * sizeof(double), "NLopt") : OG_OK;
}

static og_status run(og_search *search, nlopt_algorithm algorithm, int logarithmic, double unit) {
  size_t p = search->p;
  double loss = 0, *memory = og_alloc(search->context, 4 * p, sizeof *memory);
  bridge at = {.search = search,
               .nlopt = nlopt_create(algorithm, (unsigned)p),
               .logarithmic = logarithmic,
               .unit = unit};
  if (memory) at.z = memory, at.low = memory + p, at.high = memory + 2 * p, at.center = memory + 3 * p;
  og_status status =
      memory && at.nlopt ? set_up(&at) : og_fail_memory(search->context, 4 * p * sizeof *memory, "NLopt");
  /* Failed evaluations are no iterations, yet must not go on for ever. */
  long long left = 20 * (search->limit - search->iteration) + 100;
  if (status == OG_OK) nlopt_set_maxeval(at.nlopt, left > 1000000000 ? 1000000000 : (int)left);
  if (status == OG_OK && nlopt_optimize(at.nlopt, memory, &loss) == NLOPT_OUT_OF_MEMORY)
    status = og_fail_memory(search->context, p * sizeof *memory, "NLopt");
  if (at.nlopt) nlopt_destroy(at.nlopt);
  og_free(search->context, memory);
  return status;
}

static nlopt_algorithm algorithm_of(const og_search *search, int round) {
  enum { DENSE_MOST = 300 };
  int first = search->optimizer == OG_OPTIMIZER_SLSQP;
  if (!first && search->p > DENSE_MOST) return NLOPT_LD_LBFGS;
  return (round + first) % 2 ? NLOPT_LD_SLSQP : NLOPT_LD_LBFGS;
}

/* NLopt's tests have absolute constants, made for losses of an ordinary size, which have the unit 1. A power
 * of two leaves scaled numbers their digits. */
static double unit_of(og_search *search) {
  static const double SMALLEST = 1e-3, LARGEST = 1e8;
  og_loss_size size = {0};
  int exponent = 0;
  og_status status = og_objective_loss_size(search->objective, search->best, &size);
  if (!og_survivable(status)) search->fatal = status;
  if (status != OG_OK) return 1;
  double total = size.terms + size.slope;
  if (total == 0 || (total >= SMALLEST && total <= LARGEST)) return 1;
  frexp(total, &exponent);
  return ldexp(1, exponent);
}

void og_quasi_newton(og_search *search) {
  enum { ROUNDS = 12 };
  int stale = 0;
  double unit = unit_of(search);
  for (int round = 0; round < ROUNDS && stale < 2 && !og_search_must_end(search); round++) {
    double before = search->loss;
    og_search_set_scale(search, search->best);
    og_status status = run(search, algorithm_of(search, round), round % 2 == 0, unit);
    if (status != OG_OK) search->fatal = status;
    stale = before - search->loss > search->tolerance * fabs(search->loss) ? 0 : stale + 1;
  }
  if (og_search_must_end(search)) return;
  if (stale == 2)
    og_search_stall(search,
                    "the relative change of the loss is below the tolerance %.3g, in quasi-Newton runs "
                    "from several sides",
                    search->tolerance);
  else
    og_search_stall(search,
                    "the loss still changes by more than the tolerance %.3g, but in steps too small to "
                    "go on",
                    search->tolerance);
}

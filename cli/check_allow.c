/* How far each way may be from the discrete adjoint (docs/cli.md says it at length):
 *  - forward gives the same numbers up to rounding.
 *  - differences, made with the steps held, come with an estimate of their own error. In t0 and t1 the
 * computed loss has kinks, as large as the discretisation error, where an observation falls on the end of a
 * step.
 *  - the continuous adjoints solve another equation, and so differ by the errors of two discretisations. Both
 * are made visible by refining (a tenth of the tolerances, or twice the steps): what changes is what they
 * explain. */
#include "check.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

static const double REFINED_CHANGE =
    4; /* an error of order 1 shrinks to half: it is twice the change; twice for safety */
static const double GROUP_SHARE =
    0.1; /* of the largest change among like components: a change may vanish by chance */
static const double ERRORS_ALLOWED = 10; /* of the differences' own error, estimated or expected */
static const double LOSS_ROUNDING = 1e3; /* epsilons, as thousands of steps may leave */

/* Thousands of steps' rounding. */
static double rounding_of(const check *c) { return is_single(c) ? 1e-3 : 1e-10; }

static double epsilon_of(const check *c) { return is_single(c) ? FLT_EPSILON : DBL_EPSILON; }

/* What a component is a derivative by. */
static double variable_size(const check *c, size_t i) {
  if (i >= c->count - 2) return c->span;
  return fabs(i < c->p->p ? c->p->theta[i] : c->x0[i - c->p->p]);
}

/* Where the loss hardly depends on any of a kind (on the initial state, of a solve that ends when it is
 * steady), their derivatives are what is left of cotangents that have decayed, and carry the rounding of the
 * loss. */
static void allow_forward(check *c) {
  double *size = take(c->count, sizeof *size), *allowed = c->columns[WAY_FORWARD].allowed;
  for (size_t i = 0; i < c->count; i++) size[i] = variable_size(c, i);
  spread_by_kind(c, size, size);
  for (size_t i = 0; i < c->count; i++)
    allowed[i] = rounding_of(c) * c->scale[i] +
                 LOSS_ROUNDING * epsilon_of(c) * fabs(c->loss) / (size[i] > 0 ? size[i] : 1);
  free(size);
}

/* ---- Differences ---- */

/* Parameters have an error estimate, in `allowed` so far. The others are judged as central differences may
 * be: their truncation leaves eps^(1/3) at worst, rounding eps^(2/3) of the loss over what is varied. */
static void allow_differences(check *c) {
  double *allowed = c->columns[WAY_DIFFERENCES].allowed, epsilon = epsilon_of(c);
  for (size_t i = 0; i < c->count; i++) {
    if (i < c->p->p) {
      allowed[i] = ERRORS_ALLOWED * allowed[i] + rounding_of(c) * c->scale[i];
      continue;
    }
    double size = variable_size(c, i),
           rounding = pow(epsilon, 2. / 3) * fabs(c->loss) / (size > 0 ? size : 1);
    allowed[i] = cbrt(epsilon) * c->scale[i] + ERRORS_ALLOWED * rounding;
    if (i >= c->count - 2) allowed[i] += REFINED_CHANGE * c->change[i]; /* kinks */
  }
}

/* ---- Refining ---- */

/* The run's options with twice the steps, or a tenth of the tolerances as far as rounding lets them be met.
 */
static og_status refined_options(const problem *p, double finest, og_options **out) {
  og_status status = make_options(p, out);
  if (status != OG_OK) return status;
  long long steps = og_options_integer(p->options, OG_OPT_STEPS);
  if (steps > 0) return og_options_set_integer(*out, OG_OPT_STEPS, 2 * steps);
  double rtol = og_options_real(p->options, OG_OPT_RTOL), atol = og_options_real(p->options, OG_OPT_ATOL);
  status = og_options_set_real(*out, OG_OPT_RTOL, fmin(rtol, fmax(rtol / 10, finest)));
  return status == OG_OK ? og_options_set_real(*out, OG_OPT_ATOL, fmax(atol / 10, 1e-300)) : status;
}

/* |refined - plain| of one way, with a share of the largest of its kind. */
static og_status measure_change(const check *c, og_objective *refined, way which, double *change) {
  double *values = take(c->count, sizeof *values), *largest = take(c->count, sizeof *largest), loss;
  og_status status = evaluate_way(c, refined, which, values, &loss, NULL);
  for (size_t i = 0; i < c->count; i++) values[i] = fabs(values[i] - c->columns[which].values[i]);
  spread_by_kind(c, values, largest);
  for (size_t i = 0; i < c->count; i++)
    change[i] = status == OG_OK ? values[i] + GROUP_SHARE * largest[i] : INFINITY;
  free(values), free(largest);
  return status;
}

static void allow_continuous(check *c, way which, const double *change) {
  for (size_t i = 0; i < c->count; i++)
    c->columns[which].allowed[i] = REFINED_CHANGE * (c->change[i] + change[i]) + rounding_of(c) * c->scale[i];
}

/* Where a refined run fails, nothing tells how far is far. */
static void doubt(column *to, const og_context *context) {
  to->doubt = join("its refined run failed: %s", og_context_message(context));
}

static void refine(check *c, og_objective *refined) {
  double *change = take(c->count, sizeof *change);
  og_status discrete = refined ? measure_change(c, refined, WAY_DISCRETE, c->change) : OG_ERR_STATE;
  for (way w = 0; w < WAY_COUNT; w++) {
    if (!is_continuous(w) || c->columns[w].failure) continue;
    og_status status = discrete == OG_OK ? measure_change(c, refined, w, change) : discrete;
    if (status == OG_OK)
      allow_continuous(c, w, change);
    else
      doubt(&c->columns[w], c->p->context);
  }
  free(change);
}

static void run_refined(check *c) {
  og_options *options = NULL;
  og_objective *refined = NULL;
  for (size_t i = 0; i < c->count; i++) c->change[i] = INFINITY;
  og_status status = refined_options(c->p, is_single(c) ? 1e-6 : 1e-14, &options);
  if (status == OG_OK) og_objective_create(c->p->context, c->p->model, c->p->data, options, &refined);
  refine(c, refined);
  og_objective_destroy(refined);
  og_options_destroy(options);
}

void allow_all(check *c) {
  allow_forward(c);
  show_warnings(c->p, 0); /* the plain run gave them */
  run_refined(c);
  show_warnings(c->p, 1);
  if (!c->columns[WAY_DIFFERENCES].failure) allow_differences(c);
}

/* The errors of discretisation made visible: the same gradient with a tenth of the tolerances, or twice the
 * fixed steps. */
#include "check.h"

#include <math.h>
#include <stdlib.h>

static const double GROUP_SHARE =
    0.1; /* of the largest change among like components: a change may vanish by chance */

/* ---- The options ---- */

/* A tenth of the tolerances as far as rounding lets them be met, and as many steps more as that may take. */
static og_status set_finer_tolerances(const check *c, og_options *options) {
  double finest = is_single(c) ? 1e-6 : 1e-14, rtol = og_options_real(options, OG_OPT_RTOL);
  long long most = og_options_integer(options, OG_OPT_MAX_STEPS);
  og_status status = set_tolerances(c->p, options, fmin(rtol, fmax(rtol / 10, finest)), 0.1);
  if (status == OG_OK && most <= 100000000)
    status = og_options_set_integer(options, OG_OPT_MAX_STEPS, 4 * most);
  return status;
}

static og_status finer_options(const check *c, og_options **out) {
  og_status status = make_options(c->p, out);
  if (status != OG_OK) return status;
  long long steps = og_options_integer(c->p->options, OG_OPT_STEPS);
  return steps > 0 ? og_options_set_integer(*out, OG_OPT_STEPS, 2 * steps) : set_finer_tolerances(c, *out);
}

/* ---- Other steps ---- */

static og_status longest_span(const check *c, double *longest) {
  *longest = 0;
  for (size_t m = 0; m < c->p->trajectories; m++) {
    double t0, t1;
    og_status status = og_objective_span(c->objective, m, &t0, &t1);
    if (status != OG_OK) return status;
    *longest = fmax(*longest, fabs(t1 - t0));
  }
  return OG_OK;
}

static og_status count_steps(const check *c, og_objective *objective, long long *steps) {
  double loss;
  og_status status = og_objective_evaluate_with(objective, OG_ADJOINT_DISCRETE, c->p->theta, &loss, NULL);
  *steps = status == OG_OK ? og_objective_stat(objective, OG_STAT_STEPS) : 0;
  return status;
}

static og_status open_finer(const check *c, og_options *options, og_objective **out) {
  og_objective_destroy(*out);
  *out = NULL;
  return og_objective_create(c->p->context, c->p->model, c->p->data, options, out);
}

/* Takes back the lower limit and the first width of steps, which narrower steps may not meet. */
static og_status free_steps(og_options *options) {
  og_status status = og_options_set_real(options, OG_OPT_MIN_STEP, 0);
  return status == OG_OK ? og_options_set_real(options, OG_OPT_FIRST_STEP, 0) : status;
}

/* Where the solution rests, no tolerance changes the steps, and the finer run would only repeat the first:
 * steps are limited to half of their mean as well, and further until there are a fifth more. */
static og_status limit_steps(const check *c, og_options *options, og_objective **finer) {
  enum { HALVINGS = 6 };
  long long before, now = 0;
  double span, most = og_options_real(c->p->options, OG_OPT_MAX_STEP);
  og_status status = longest_span(c, &span);
  if (status == OG_OK) status = count_steps(c, c->objective, &before);
  if (status != OG_OK || before == 0 || span == 0) return status;
  double limit = span * (double)c->p->trajectories / (double)before / 2;
  if (most > 0) limit = fmin(limit, most / 2);
  if (status == OG_OK) status = free_steps(options);
  for (int k = 0; k < HALVINGS && 5 * now < 6 * before && status == OG_OK; k++, limit /= 2) {
    status = og_options_set_real(options, OG_OPT_MAX_STEP, limit);
    if (status == OG_OK) status = open_finer(c, options, finer);
    if (status == OG_OK) status = count_steps(c, *finer, &now);
  }
  return status;
}

/* ---- The runs ---- */

static void unknown_change(const check *c, column *to) {
  to->moved = INFINITY;
  for (size_t i = 0; i < c->count; i++) to->change[i] = INFINITY;
}

/* Fills the changes of one way: |finer - plain|, and at least a share of the largest among like components.
 */
static og_status measure_change(check *c, og_objective *finer, way which) {
  column *to = &c->columns[which];
  double *values = take(c->count, sizeof *values), *largest = take(c->count, sizeof *largest), loss;
  og_status status = evaluate_way(c, finer, which, values, &loss, NULL);
  if (status != OG_OK) {
    unknown_change(c, to);
    to->reason = join("its finer run failed: %s", og_context_message(c->p->context));
  } else {
    to->moved = apart(c, to->values, values, NULL);
    for (size_t i = 0; i < c->count; i++) to->change[i] = fabs(values[i] - to->values[i]);
    spread_by_kind(c, to->change, largest);
    for (size_t i = 0; i < c->count; i++) to->change[i] += GROUP_SHARE * largest[i];
  }
  free(values), free(largest);
  return ends_all(status, NULL) ? status : OG_OK;
}

static og_status prepare(const check *c, og_options **options, og_objective **finer) {
  og_status status = finer_options(c, options);
  if (status == OG_OK && og_options_integer(*options, OG_OPT_STEPS) == 0)
    status = limit_steps(c, *options, finer);
  return status == OG_OK && !*finer ? open_finer(c, *options, finer) : status;
}

/* Marks all changes as unknown, where there are no finer runs. */
static void do_without(check *c) {
  c->finer_failure = join("%s", og_context_message(c->p->context));
  for (way w = 0; w < WAY_COUNT; w++) unknown_change(c, &c->columns[w]);
}

og_status run_finer(check *c) {
  og_options *options = NULL;
  og_objective *finer = NULL;
  show_warnings(c->p, 0); /* the plain runs have shown them already */
  og_status status = prepare(c, &options, &finer);
  int without = status != OG_OK && !ends_all(status, NULL);
  if (without) do_without(c);
  for (way w = 0; w < WAY_COUNT && status == OG_OK; w++)
    if (is_independent(w) && !c->columns[w].failure) status = measure_change(c, finer, w);
  show_warnings(c->p, 1);
  og_objective_destroy(finer);
  og_options_destroy(options);
  return without ? OG_OK : status;
}

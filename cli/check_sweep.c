/* The sweep of odegrad check: the error of every adjoint at several tolerances, or numbers of fixed steps.
 * The truth is the gradient of a much finer run: discrete, or quadrature where discrete is not to be trusted.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static const double TRUTH_RTOL = 1e-13; /* with dop853, as fine as rounding lets it be */

/* Fixed steps: from a quarter of --steps, doubling. Tolerances: powers of ten that the precision can meet. */
static void fill_levels(const check *c, sweep *s) {
  long long steps = og_options_integer(c->p->options, OG_OPT_STEPS);
  s->fixed = steps > 0;
  s->count = s->fixed || !is_single(c) ? SWEEP_LEVELS : 4;
  for (size_t k = 0; k < s->count; k++)
    s->levels[k] = s->fixed ? ldexp(steps >= 4 ? (double)(steps / 4) : 1, (int)k) : pow(10, -3 - (double)k);
}

/* Sets the level's rtol; atol keeps its proportion to rtol. */
static og_status set_both(const check *c, og_options *options, double rtol) {
  return set_tolerances(c->p, options, rtol, rtol / og_options_real(c->p->options, OG_OPT_RTOL));
}

static og_status set_truth(const check *c, og_options *options) {
  og_status status = og_options_set_choice(options, OG_OPT_METHOD, OG_METHOD_DOP853);
  if (status == OG_OK) status = og_options_set_integer(options, OG_OPT_STEPS, 0);
  if (status == OG_OK) status = og_options_set_choice(options, OG_OPT_PRECISION, OG_PRECISION_DOUBLE);
  return status == OG_OK ? set_both(c, options, TRUTH_RTOL) : status;
}

static og_status set_level(const check *c, const sweep *s, double level, og_options *options) {
  if (s->fixed) return og_options_set_integer(options, OG_OPT_STEPS, (long long)level);
  return set_both(c, options, level);
}

/* An objective with the run's options but for the level's; NULL for the truth's. */
static og_status open_level(const check *c, const sweep *s, const double *level, og_objective **out) {
  og_options *options = NULL;
  *out = NULL;
  og_status status = make_options(c->p, &options);
  if (status == OG_OK) status = level ? set_level(c, s, *level, options) : set_truth(c, options);
  if (status == OG_OK) status = og_objective_create(c->p->context, c->p->model, c->p->data, options, out);
  og_options_destroy(options);
  return status;
}

/* The largest difference in parameters and initial states, relative to the largest component of its kind. */
static double distance(const check *c, const double *values, const double *from, const double *scale) {
  double worst = 0;
  for (size_t i = 0; i < c->count - 2; i++)
    if (scale[i] > 0) worst = fmax(worst, fabs(values[i] - from[i]) / scale[i]);
  return worst;
}

/* Runs every way at one level. The error of a way that fails is NaN. */
static og_status run_level(const check *c, size_t level, const double *truth, const double *scale, sweep *s) {
  og_objective *objective;
  double *values = take(c->count, sizeof *values), *discrete = take(c->count, sizeof *discrete), loss;
  og_status status = open_level(c, s, &s->levels[level], &objective);
  for (way w = 0; w < WAY_DIFFERENCES && !ends_all(status, NULL); w++) {
    double *to = w == WAY_DISCRETE ? discrete : values;
    s->errors[w][level] = s->apart[w][level] = NAN;
    if (!objective || !is_affordable(c, w)) continue;
    status = evaluate_way(c, objective, w, to, &loss, NULL);
    if (status == OG_OK) s->errors[w][level] = distance(c, to, truth, scale);
    if (status == OG_OK && !isnan(s->errors[WAY_DISCRETE][level]))
      s->apart[w][level] = distance(c, to, discrete, scale);
  }
  og_objective_destroy(objective);
  free(values), free(discrete);
  return ends_all(status, NULL) ? status : OG_OK;
}

/* Computes the gradient of the finest run by one way; *found: whether it succeeded. */
static og_status evaluate_truth(const check *c, og_objective *objective, way which, double *values,
                                int *found) {
  double loss;
  og_status status = evaluate_way(c, objective, which, values, &loss, NULL);
  *found = status == OG_OK;
  return ends_all(status, NULL) ? status : OG_OK;
}

/* Discrete, if quadrature says the same or says nothing; quadrature, if interpolate does. Two right ones are
 * as near as their tolerances, amplified a millionfold at most. */
static og_status choose_truth(const check *c, og_objective *objective, double *truth, sweep *s) {
  static const double NEAR = 1e-7;
  double *other = take(c->count, sizeof *other), *third = take(c->count, sizeof *third);
  int discrete = 0, quadrature = 0, interpolate = 0;
  og_status status = evaluate_truth(c, objective, WAY_DISCRETE, truth, &discrete);
  if (status == OG_OK) status = evaluate_truth(c, objective, WAY_QUADRATURE, other, &quadrature);
  if (discrete && quadrature) s->truths_apart = apart(c, truth, other, NULL);
  if (discrete && (!quadrature || s->truths_apart <= NEAR)) s->truth = WAY_DISCRETE;
  if (status == OG_OK && s->truth == WAY_COUNT && quadrature)
    status = evaluate_truth(c, objective, WAY_INTERPOLATE, third, &interpolate);
  if (interpolate && apart(c, other, third, NULL) <= NEAR) {
    memcpy(truth, other, c->count * sizeof *truth);
    s->truth = WAY_QUADRATURE;
  }
  free(other), free(third);
  return status;
}

/* Returns OG_OK without a truth where the runs succeeded and none of them is to be trusted. */
static og_status find_truth(const check *c, sweep *s, double *truth) {
  og_objective *objective;
  double loss;
  og_status status = open_level(c, s, NULL, &objective);
  s->truth = WAY_COUNT;
  if (status == OG_OK)
    status = og_objective_evaluate_with(objective, OG_ADJOINT_DISCRETE, c->p->theta, &loss, NULL);
  if (status == OG_OK) status = choose_truth(c, objective, truth, s);
  og_objective_destroy(objective);
  return status;
}

og_status run_sweep(const check *c, sweep *s) {
  double *truth = take(c->count, sizeof *truth), *scale = take(c->count, sizeof *scale);
  *s = (sweep){0};
  fill_levels(c, s);
  show_warnings(c->p, 0); /* a level's failures and warnings are seen in the picture */
  og_status status = find_truth(c, s, truth);
  spread_by_kind(c, truth, scale);
  for (size_t level = 0; level < s->count && status == OG_OK && s->truth != WAY_COUNT; level++)
    status = run_level(c, level, truth, scale, s);
  show_warnings(c->p, 1);
  free(truth), free(scale);
  return status;
}

cJSON *sweep_json(const sweep *s) {
  cJSON *object = cJSON_CreateObject(), *errors, *apart;
  cJSON_AddItemToObject(object, s->fixed ? "steps" : "rtol", json_array(s->levels, s->count, 1));
  cJSON_AddStringToObject(object, "truth", way_name(s->truth));
  errors = cJSON_AddObjectToObject(object, "error");
  apart = cJSON_AddObjectToObject(object, "from_discrete");
  for (way w = 0; w < WAY_DIFFERENCES; w++) {
    cJSON_AddItemToObject(errors, way_name(w), json_array(s->errors[w], s->count, 1));
    if (w != WAY_DISCRETE) cJSON_AddItemToObject(apart, way_name(w), json_array(s->apart[w], s->count, 1));
  }
  return object;
}

/* ---- Its picture ---- */

/* The picture of odegrad check: the sweep's errors, and the slope that theory gives them. */

/* A gradient that is ten times as wrong as it is large is off the chart. */
static const double LARGEST_ERROR = 10;
static const double LEAST_ERROR = 1e-11; /* smaller errors are rounding */

static double place_of(const sweep *s, size_t level) {
  return s->fixed ? 1 / s->levels[level] : s->levels[level];
}

static og_status draw_way(const sweep *s, way which, og_plot *plot) {
  double x[SWEEP_LEVELS], y[SWEEP_LEVELS];
  size_t shown = 0;
  for (size_t k = 0; k < s->count; k++) {
    x[k] = place_of(s, k);
    y[k] = s->errors[which][k] <= LARGEST_ERROR ? s->errors[which][k] : NAN;
    shown += !isnan(y[k]);
  }
  char *name = shown == s->count ? join("%s", way_name(which))
                                 : join("%s (off the chart: %zu)", way_name(which), s->count - shown);
  og_status status = og_plot_marked(plot, name, s->count, x, y);
  free(name);
  return status;
}

/* The mean of log(error / x^slope) over the finer half of the levels, in which theory holds best. */
static double level_of(const sweep *s, int slope) {
  double sum = 0, count = 0;
  for (size_t k = s->count; k-- > 0;) {
    double error = s->errors[WAY_DISCRETE][k];
    if (!(error > LEAST_ERROR && error <= LARGEST_ERROR) || count >= (double)s->count / 2) continue;
    sum += log(error) - slope * log(place_of(s, k));
    count++;
  }
  return sum / count;
}

static const double GUIDE_ABOVE = 2; /* times the errors, so that the line is seen beside their curve */

/* The line of the given slope along the discrete adjoint's errors, as far as they go. */
static og_status draw_slope(const sweep *s, int slope, const char *name, og_plot *plot) {
  double x[SWEEP_LEVELS], y[SWEEP_LEVELS], least = INFINITY, most = 0, level = level_of(s, slope);
  for (size_t k = 0; k < s->count; k++) {
    double error = s->errors[WAY_DISCRETE][k];
    if (error > 0 && error <= LARGEST_ERROR) least = fmin(least, error), most = fmax(most, error);
  }
  for (size_t k = 0; k < s->count; k++) {
    x[k] = place_of(s, k);
    y[k] = GUIDE_ABOVE * exp(level + slope * log(x[k]));
    if (!(y[k] >= least && y[k] <= most * 2 * GUIDE_ABOVE)) y[k] = NAN;
  }
  return og_plot_guide(plot, name, s->count, x, y);
}

og_status draw_sweep(const check *c, const sweep *s, const char *path) {
  og_method method = (og_method)og_options_integer(c->p->options, OG_OPT_METHOD);
  int slope = s->fixed ? og_method_order(method) : 1;
  const char *slash = strrchr(c->p->arguments->model_name, '/');
  const char *words = og_option_describe(OG_OPT_METHOD)->choices;
  for (int i = 0; i < (int)method; i++) words += strcspn(words, "|") + 1;
  char *title =
      join("%s, %.*s", slash ? slash + 1 : c->p->arguments->model_name, (int)strcspn(words, "|"), words);
  char *guide = s->fixed ? join("slope %d, the order", slope) : join("proportional to rtol");
  og_plot *plot = NULL;
  og_status status =
      new_plot(c->p, title, s->fixed ? "step size / span" : "rtol", "relative error of the gradient", &plot);
  if (status == OG_OK) status = og_plot_set_log(plot, 1, 1);
  for (way w = 0; w < WAY_DIFFERENCES && status == OG_OK; w++)
    if (!c->columns[w].unsupported) status = draw_way(s, w, plot);
  if (status == OG_OK) status = draw_slope(s, slope, guide, plot);
  if (status == OG_OK) status = og_plot_write(plot, path);
  og_plot_destroy(plot);
  free(title), free(guide);
  return status;
}

/* What a search has found: evaluations, the best point, progress; and where searches start. */
#include "fit/search.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/real.h"

/* What the tolerances of adaptive solves leave unknown of a loss; with fixed steps the loss is what is
 * computed, up to rounding. */
static double noise_of(const og_objective *objective) {
  const og_options *o = objective->options;
  int single = og_options_integer(o, OG_OPT_PRECISION) == OG_PRECISION_SINGLE;
  double rounding = single ? 1e-5 : 1e-12; /* of thousands of steps */
  int adaptive = og_options_integer(o, OG_OPT_STEPS) == 0;
  return adaptive ? fmax(rounding, og_options_real(o, OG_OPT_RTOL)) : rounding;
}

og_status og_search_create(og_context *context, og_objective *objective, const og_options *options,
                           og_search *search) {
  size_t p = objective->p;
  *search = (og_search){.context = context,
                        .objective = objective,
                        .p = p,
                        .lowest = objective->lowest,
                        .highest = objective->highest,
                        .begun = og_seconds(),
                        .loss = INFINITY,
                        .fatal = OG_OK,
                        .noise = noise_of(objective)};
  const og_options *o = options ? options : objective->options;
  search->optimizer = (og_optimizer)og_options_integer(o, OG_OPT_OPTIMIZER);
  search->limit = og_options_integer(o, OG_OPT_ITERATIONS);
  search->rate = og_options_real(o, OG_OPT_LEARNING_RATE);
  search->tolerance = og_options_real(o, OG_OPT_TOLERANCE);
  search->starts = 1 + (int)og_options_integer(o, OG_OPT_STARTS);
  double *memory = og_alloc(context, 9 * p, sizeof *memory);
  if (!memory) return og_fail_memory(context, 9 * p * sizeof *memory, "a fit");
  double **arrays[] = {
      &search->scale,          &search->best,     &search->gradient,          &search->trial,
      &search->trial_gradient, &search->previous, &search->previous_gradient, &search->direction,
      &search->steepest};
  for (size_t i = 0; i < 9; i++) *arrays[i] = memory + i * p;
  return OG_OK;
}

void og_search_free(og_search *search) { og_free(search->context, search->scale); }

int og_survivable(og_status status) {
  return status == OG_OK || (status >= OG_ERR_NOT_FINITE && status <= OG_ERR_STIFF) ||
         (status >= OG_ERR_ZENO && status <= OG_ERR_INDEX);
}

static const double *best_of_all(const og_search *search) {
  return *search->earlier_loss < search->loss ? search->earlier_best : search->best;
}

static void report(og_search *search) {
  if (!search->progress || search->fatal != OG_OK) return;
  og_progress at = {OG_INIT(og_progress),
                    .start = (size_t)search->start,
                    .starts = (size_t)search->starts,
                    .iteration = (size_t)search->iteration,
                    .evaluations = (size_t)search->evaluations,
                    .loss = search->shown_loss,
                    .gradient_norm = search->shown_norm,
                    .seconds = og_seconds() - search->begun,
                    .theta = best_of_all(search)};
  if (search->progress(&at, search->user)) search->fatal = OG_ERR_INTERRUPTED;
}

static void count_evaluation(og_search *search, og_status status) {
  search->evaluations++;
  if (!og_survivable(status)) search->fatal = status;
  report(search);
}

og_status og_search_try(og_search *search, const double *theta, double *loss, double *gradient) {
  og_status status = og_objective_evaluate(search->objective, theta, loss, gradient);
  count_evaluation(search, status);
  return search->fatal != OG_OK ? search->fatal : status;
}

og_status og_search_products(og_search *search, size_t count, const double *directions, double *products) {
  enum { AT_A_TIME = OG_LANES_MAX };
  size_t p = search->p;
  for (size_t done = 0, some; done < count; done += some) {
    some = count - done < AT_A_TIME ? count - done : AT_A_TIME;
    OG_TRY(og_objective_hessian_products(search->objective, search->best, some, directions + done * p,
                                         products + done * p));
    search->evaluations += (long long)some;
    report(search);
    OG_TRY(search->fatal);
  }
  return OG_OK;
}

static void take(og_search *search, const double *theta, double loss, const double *gradient) {
  search->loss = loss;
  memcpy(search->best, theta, search->p * sizeof *theta);
  memcpy(search->gradient, gradient, search->p * sizeof *gradient);
  if (search->iteration > 0) return;
  search->shown_loss = loss;
  search->shown_norm = og_search_gradient_norm(search, theta, gradient);
}

og_status og_search_evaluate(og_search *search, const double *theta, double *loss, double *gradient) {
  og_status status = og_objective_evaluate(search->objective, theta, loss, gradient);
  for (size_t i = 0; status == OG_OK && i < search->p; i++)
    search->steepest[i] = fmax(search->steepest[i], fabs(gradient[i]));
  if (status == OG_OK && *loss < search->loss) take(search, theta, *loss, gradient);
  count_evaluation(search, status);
  return status;
}

int og_search_must_end(og_search *search) {
  if (search->fatal == OG_ERR_INTERRUPTED) {
    snprintf(search->reason, OG_REASON_SIZE, "interrupted; this is the best point so far");
  } else if (search->iteration >= search->limit) {
    snprintf(search->reason, OG_REASON_SIZE,
             "the limit of %lld iterations was reached; raise it to go on (largest entry of "
             "the scaled gradient: %.3g)",
             search->limit, og_search_gradient_norm(search, search->best, search->gradient));
  } else {
    return search->fatal != OG_OK;
  }
  return 1;
}

int og_search_tick(og_search *search, double loss, const double *gradient, const double *theta) {
  search->iteration++;
  search->iterations++;
  search->shown_loss = loss;
  search->shown_norm = og_search_gradient_norm(search, theta, gradient);
  report(search);
  return og_search_must_end(search);
}

void og_entry_list_add(og_entry_list *names, const og_search *search, size_t index) {
  enum { MOST = 4, DOTS = 8 };
  char name[OG_ENTRY_NAME_SIZE];
  if (names->count++ > MOST) return; /* the list ends with dots already */
  og_objective_entry_name(search->objective, index, name);
  int full = names->count > MOST || names->used + strlen(name) + DOTS > OG_NAMES_SIZE;
  if (full) names->count = MOST + 1;
  names->used += (size_t)snprintf(names->text + names->used, OG_NAMES_SIZE - names->used, "%s%s",
                                  names->used ? ", " : "", full ? "..." : name);
}

void og_search_clip(const og_search *search, double *theta) {
  for (size_t i = 0; i < search->p; i++) {
    if (theta[i] < search->lowest[i]) theta[i] = search->lowest[i];
    if (theta[i] > search->highest[i]) theta[i] = search->highest[i];
  }
}

int og_search_is_at_bound(const og_search *search, size_t i) {
  return search->best[i] <= search->lowest[i] || search->best[i] >= search->highest[i];
}

int og_search_is_held(const og_search *search, size_t i, double small) {
  double entry = search->gradient[i] * search->scale[i];
  return (search->best[i] <= search->lowest[i] && entry > small) ||
         (search->best[i] >= search->highest[i] && entry < -small);
}

void og_search_stall(og_search *search, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(search->how, OG_HOW_SIZE, format, arguments);
  va_end(arguments);
  search->stalled = 1;
}

double og_search_gradient_norm(const og_search *search, const double *theta, const double *gradient) {
  double largest = 0;
  for (size_t i = 0; i < search->p; i++) {
    if (theta[i] <= search->lowest[i] && gradient[i] > 0) continue;
    if (theta[i] >= search->highest[i] && gradient[i] < 0) continue;
    largest = fmax(largest, fabs(gradient[i]) * search->scale[i]);
  }
  return largest;
}

static double bound_norm(const og_search *search) {
  double largest = 0;
  for (size_t i = 0; i < search->p; i++)
    if (og_search_is_at_bound(search, i) && !og_search_is_held(search, i, 0))
      largest = fmax(largest, fabs(search->gradient[i]) * search->scale[i]);
  return largest;
}

og_standing og_search_standing(const og_search *search, double decrement) {
  return (og_standing){.size = search->size,
                       .noise = search->noise,
                       .tolerance = search->tolerance,
                       .norm = og_search_gradient_norm(search, search->best, search->gradient),
                       .bound_norm = bound_norm(search),
                       .decrement = decrement,
                       .kind = search->kind,
                       .how = search->how};
}

/* Rates and sizes are known up to a factor, so a parameter's own size is its natural unit: with it, problems
 * whose parameters differ by orders of magnitude are as well conditioned as their logarithms would be, and a
 * bound at zero can still be reached. An estimate of zero, up to rounding, says nothing of it; then the start
 * does: the parameter would seem to have no part in the loss, and others' standard errors would be those with
 * it held. */
void og_search_set_scale(og_search *search, const double *theta) {
  for (size_t k = 0; k < og_model_parameters(search->objective->model); k++) {
    og_parameter_info info = {OG_INIT(og_parameter_info)};
    if (og_model_parameter(search->objective->model, k, &info) != OG_OK) continue;
    size_t count = info.rows * info.columns;
    double squares = 0, width = info.highest - info.lowest;
    for (size_t i = 0; i < count; i++) squares += theta[info.offset + i] * theta[info.offset + i];
    double size = fmax(count ? sqrt(squares / (double)count) : 0, isfinite(width) ? 0.01 * width : 0);
    for (size_t i = 0; i < count; i++) {
      double own = fmax(fabs(theta[info.offset + i]), size);
      search->scale[info.offset + i] = own > 0 ? own : 1;
    }
  }
}

/* An estimate of zero, up to rounding, says nothing of its unit; then the start does. Else the parameter
 * would seem to have no part in the loss, and others' standard errors would be those with it held. */
void og_search_set_scale_of_best(og_search *search) {
  static const double LEAST = 1e-3;
  og_search_set_scale(search, search->best);
  for (size_t i = 0; i < search->p; i++)
    search->scale[i] = fmax(search->scale[i], LEAST * fabs(search->origin[i]));
}

/* ---- Starting points ---- */

/* Starting points: a Latin hypercube over finite bounds, so that few points already spread over every
 * parameter's range; weights of networks by their initialisers. */
static double inverse_stratum(og_rng *rng, size_t stratum, size_t count) {
  return ((double)stratum + og_rng_uniform(rng)) / (double)count;
}

/* Entry i of all points. Without finite bounds: normal around the given value, with its size (or 1) as
 * deviation. */
static void draw_entry(const og_objective *objective, const double *theta, size_t i, og_rng *rng,
                       size_t *order, size_t count, double *points) {
  double low = objective->lowest[i], high = objective->highest[i],
         size = fabs(theta[i]) > 0 ? fabs(theta[i]) : 1;
  og_rng_shuffle(rng, order, count);
  for (size_t k = 0; k < count; k++) {
    double value = isfinite(low) && isfinite(high)
                       ? low + (high - low) * inverse_stratum(rng, order[k], count)
                       : theta[i] + size * og_rng_normal(rng);
    points[k * objective->p + i] = fmin(fmax(value, low), high);
  }
}

/* The weights of point k are those of the seed that comes k + 1 after the given point's; its parameters are
 * drawn afterwards. */
static og_status draw_weights(const og_objective *objective, size_t count, unsigned long long seed,
                              double *points) {
  if (!og_model_parts_of(objective->model)->weights) return OG_OK;
  for (size_t k = 0; k < count; k++)
    OG_TRY(og_model_initialize(objective->model, (long long)(seed + 1 + k), points + k * objective->p));
  return OG_OK;
}

og_status og_starts_draw(og_context *context, const og_objective *objective, const double *theta, int count,
                         unsigned long long seed, double **out) {
  size_t points = (size_t)count;
  *out = og_alloc(context, points + 1, objective->p * sizeof **out);
  size_t *order = og_alloc(context, points + 1, sizeof *order);
  if (!*out || !order) {
    og_free(context, *out);
    og_free(context, order);
    *out = NULL;
    return og_fail_memory(context, points * objective->p * sizeof **out, "the starting points");
  }
  og_status status = draw_weights(objective, points, seed, *out);
  size_t parameters = objective->p - og_model_parts_of(objective->model)->weights;
  for (size_t i = 0; i < parameters && points; i++) {
    og_rng rng; /* a stream for each entry: more starts or parameters do not change the others' */
    og_rng_seed(&rng, seed, 0x5741525400000000u + i);
    draw_entry(objective, theta, i, &rng, order, points, *out);
  }
  og_free(context, order);
  if (status != OG_OK) {
    og_free(context, *out);
    *out = NULL;
  }
  return status;
}

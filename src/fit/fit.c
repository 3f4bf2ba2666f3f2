/* A fit: every starting point in turn, the best of them finished, and what is known of the estimate. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fit/information.h"

struct og_fit {
  og_context *context;
  size_t p;
  double loss, *estimate, *standard_errors;
  long long iterations;
  int *at_bound;          /* [p]: -1 or 1; 0: within */
  int converged, stalled; /* the latter: the search at the estimate, to be judged */
  char how[OG_HOW_SIZE];
  og_point_kind kind;
  char reason[OG_REASON_SIZE];
};

static void descend(og_search *search) {
  switch (search->optimizer) {
  case OG_OPTIMIZER_GRADIENT: og_gradient_descent(search); break;
  case OG_OPTIMIZER_LBFGS:
  case OG_OPTIMIZER_SLSQP: og_quasi_newton(search); break;
  default: break; /* refused in og_fit_create */
  }
}

/* One start: as long as there is a step away from where the optimiser stops, it goes on. A failure at the
 * point itself is returned; whatever fails on the way is survived. */
static og_status run_start(og_search *search, og_information *information, int start, const double *theta) {
  double loss = 0;
  search->start = start;
  search->iteration = 0;
  search->loss = search->shown_loss = INFINITY;
  search->shown_norm = 0;
  memcpy(search->best, theta, search->p * sizeof *theta);
  search->kind = (og_point_kind){0};
  search->reason[0] = '\0';
  OG_TRY(og_search_evaluate(search, theta, &loss, search->trial_gradient));
  og_search_set_scale(search, search->best); /* of the gradient in the reason, even without an iteration */
  for (int left = 1; left && !og_search_must_end(search);) {
    search->stalled = 0;
    descend(search);
    if (!search->stalled) break;
    OG_TRY(og_settle(search, information, &left));
    if (left) search->stalled = 0;
  }
  return search->fatal;
}

static void keep(og_fit *fit, const og_search *search) {
  fit->loss = search->loss;
  fit->stalled = search->stalled;
  fit->kind = search->kind;
  memcpy(fit->estimate, search->best, fit->p * sizeof(double));
  memcpy(fit->how, search->how, OG_HOW_SIZE);
  memcpy(fit->reason, search->reason, OG_REASON_SIZE);
}

/* An interrupted fit returns the best point so far. */
static og_status interrupted_start(const og_fit *fit, og_search *search) {
  search->fatal = OG_ERR_INTERRUPTED;
  if (isfinite(search->loss) || isfinite(fit->loss)) return OG_OK;
  return og_fail(fit->context, OG_ERR_INTERRUPTED,
                 "the fit was interrupted before the loss was known at any point");
}

static og_status run_starts(og_fit *fit, og_search *search, og_information *information, const double *theta,
                            const double *points) {
  og_status failure = OG_OK;
  int failed = 0;
  for (int start = 0; start < search->starts && search->fatal == OG_OK; start++) {
    og_status status =
        run_start(search, information, start, start ? points + (size_t)(start - 1) * fit->p : theta);
    if (status == OG_ERR_INTERRUPTED) status = interrupted_start(fit, search);
    if (status != OG_OK && !og_survivable(status)) return status;
    if (status != OG_OK) {
      failure = status;
      failed++;
    } else if (search->loss < fit->loss) {
      keep(fit, search);
    }
  }
  if (isfinite(fit->loss)) return OG_OK;
  return failed == 1 ? og_trail(fit->context, failure, "at the starting point of the fit")
                     : og_trail(fit->context, failure,
                                "at the last of %d starting points of the fit, which failed all", failed);
}

/* ---- The end ---- */

static og_status return_to_best(og_fit *fit, og_search *search) {
  double loss = 0;
  search->loss = INFINITY;
  search->kind = fit->kind;
  memcpy(search->how, fit->how, OG_HOW_SIZE);
  OG_TRY(og_search_evaluate(search, fit->estimate, &loss, search->trial_gradient));
  og_search_set_scale_of_best(search);
  return og_objective_loss_size(search->objective, search->best, &search->size);
}

static int is_quasi_newton(const og_search *search) {
  return search->optimizer == OG_OPTIMIZER_LBFGS || search->optimizer == OG_OPTIMIZER_SLSQP;
}

/* Newton steps finish what quasi-Newton found, and its Hessian judges every optimiser. */
static og_status find_decrement(og_search *search, og_information *information, double *decrement) {
  og_standing at = og_search_standing(search, INFINITY);
  double small = og_standing_small(&at);
  if (!og_standing_is_credible(&at)) return OG_OK;
  if (is_quasi_newton(search))
    OG_TRY(og_polish(search, information, small, og_standing_enough(&at), decrement));
  else
    OG_TRY(og_information_compute(information, search, small));
  OG_TRY(og_information_confirm(information, search, small));
  *decrement = og_newton_decrement(search, information);
  return OG_OK;
}

/* Newton steps may lead to a point whose curvature is another one, from which the loss falls further. */
static og_status conclude(og_search *search, og_information *information, double *decrement) {
  for (int left = 1; left;) {
    left = 0;
    *decrement = INFINITY;
    OG_TRY(find_decrement(search, information, decrement));
    if (isfinite(*decrement)) break;
    OG_TRY(og_settle(search, information, &left));
    if (!left) break;
    search->stalled = 0;
    descend(search);
    if (!search->stalled) return search->fatal;
  }
  return OG_OK;
}

static og_status judge(og_fit *fit, og_search *search, og_information *information) {
  double decrement = INFINITY;
  if (information) OG_TRY(conclude(search, information, &decrement));
  if (!search->stalled) return og_edge_look(search), search->fatal; /* the limit of iterations was reached */
  if (information && og_information_is_upward(information)) {
    search->kind.curvature = OG_CURVATURE_UPWARD;
    search->kind.directions = information->inside;
  }
  og_standing at = og_search_standing(search, decrement);
  fit->converged = og_standing_judge(&at, search->reason);
  if (!fit->converged) og_edge_look(search);
  return search->fatal;
}

/* Weights of networks stand for each other: the loss has flat directions, and no weight an error of its own.
 */
static int has_weights(const og_search *search) { return search->objective->parts.weights > 0; }

static void note_no_information(const og_fit *fit, const og_search *search) {
  if (has_weights(search))
    og_log(fit->context,
           "note: no standard errors, because weights of networks are not determined one by one");
  else
    og_log(
        fit->context,
        "note: no standard errors for %zu parameters (at most %d): they would take as many Hessian products",
        search->p, OG_INFORMATION_MAX);
}

/* Names parameters without a derivative, where second derivatives do not tell what the loss depends on.
 * Weights may have none, as those behind a relu. */
static void note_without_slope(const og_search *search) {
  char names[OG_NAMES_SIZE] = "";
  og_entry_list list = {.text = names};
  for (size_t i = 0; i + search->objective->parts.weights < search->p; i++)
    if (search->steepest[i] == 0) og_entry_list_add(&list, search, i);
  if (list.count)
    og_log(search->context, "note: the loss did not change with %s anywhere: %s used?", names,
           list.count > 1 ? "are they" : "is it");
}

/* Where the loss falls up to the edge of where it has a value, its curvature says nothing of errors. */
static og_status note_edge(const og_search *search) {
  og_log(search->context,
         "note: no standard errors: at the edge of a distribution's domain the loss still falls, and is no "
         "minimum");
  return OG_OK;
}

static og_status finish_best(og_fit *fit, og_search *search, og_information *information) {
  memcpy(search->reason, fit->reason, OG_REASON_SIZE);
  OG_TRY(return_to_best(fit, search));
  search->stalled = fit->stalled;
  search->at_edge = 0;
  if (search->stalled)
    OG_TRY(judge(fit, search, information));
  else
    og_edge_look(search);
  keep(fit, search);
  for (size_t i = 0; i < fit->p; i++)
    fit->at_bound[i] = og_search_is_at_bound(search, i) ? search->best[i] <= search->lowest[i] ? -1 : 1 : 0;
  int nothing = og_errors_mean_nothing(search);
  if (nothing || !information) note_without_slope(search);
  if (nothing) return OG_OK;
  if (search->at_edge) return note_edge(search);
  if (information) return og_errors_find(search, information, fit->stalled, fit->standard_errors);
  note_no_information(fit, search);
  return OG_OK;
}

static void no_errors(og_fit *fit) {
  for (size_t i = 0; i < fit->p; i++) fit->standard_errors[i] = NAN;
}

/* `information` is NULL where there is none. */
static og_status finish(og_fit *fit, og_search *search, og_information *information) {
  no_errors(fit);
  og_status status = search->fatal == OG_OK ? finish_best(fit, search, information) : OG_OK;
  fit->iterations = search->iterations;
  if (search->fatal != OG_ERR_INTERRUPTED && status != OG_ERR_INTERRUPTED) return status;
  if (search->loss <= fit->loss) keep(fit, search);
  no_errors(fit);
  fit->converged = 0;
  snprintf(fit->reason, OG_REASON_SIZE, "interrupted; this is the best point so far");
  return OG_OK;
}

static og_status run_and_finish(og_fit *fit, og_search *search, const double *theta, const double *points) {
  og_information information, *used = &information;
  if (fit->p > OG_INFORMATION_MAX || has_weights(search)) used = NULL;
  if (used) OG_TRY(og_information_create(fit->context, fit->p, used));
  og_told *told = &search->objective->told;
  told->held = 1; /* of points on the way nobody asks how good their steps were */
  og_status status = run_starts(fit, search, used, theta, points);
  told->held = 0;
  told->runs = 0;
  if (status == OG_OK) status = finish(fit, search, used);
  if (used) og_information_free(used);
  return status;
}

static og_status run_all(og_fit *fit, og_search *search, const double *theta, unsigned long long seed) {
  double *points = NULL;
  OG_TRY(og_starts_draw(fit->context, search->objective, theta, search->starts - 1, seed, &points));
  og_status status = run_and_finish(fit, search, theta, points);
  og_free(fit->context, points);
  return status;
}

/* ---- The public functions ---- */

static og_status create(og_context *context, size_t p, og_fit **out) {
  og_fit *fit = og_alloc(context, 1, sizeof *fit);
  double *numbers = og_alloc(context, 2 * p, sizeof *numbers);
  int *at_bound = og_alloc(context, p, sizeof *at_bound);
  if (!fit || !numbers || !at_bound) {
    og_free(context, fit);
    og_free(context, numbers);
    og_free(context, at_bound);
    return og_fail_memory(context, 2 * p * sizeof *numbers, "the result of a fit");
  }
  *fit = (og_fit){.context = context,
                  .p = p,
                  .loss = INFINITY,
                  .estimate = numbers,
                  .standard_errors = numbers + p,
                  .at_bound = at_bound};
  *out = fit;
  return OG_OK;
}

void og_fit_destroy(og_fit *fit) {
  if (!fit) return;
  og_free(fit->context, fit->estimate);
  og_free(fit->context, fit->at_bound);
  og_free(fit->context, fit);
}

/* The given starting point, or the one in the model, with weights drawn from the seed. */
static og_status first_point(og_search *search, const double *theta, long long seed, double *first) {
  if (theta)
    memcpy(first, theta, search->p * sizeof *first);
  else
    OG_TRY(og_model_initialize(search->objective->model, seed, first));
  return og_objective_check_theta(search->objective, first);
}

static og_status run_with(og_fit *fit, og_objective *objective, const og_options *options,
                          const double *theta, og_progress_fn progress, void *user) {
  og_search search;
  const og_options *o = options ? options : objective->options;
  OG_TRY(og_search_create(fit->context, objective, options, &search));
  search.progress = progress;
  search.user = user;
  search.earlier_loss = &fit->loss;
  search.earlier_best = fit->estimate;
  long long seed = og_options_integer(o, OG_OPT_SEED);
  double *first = og_alloc(fit->context, fit->p, sizeof *first);
  search.origin = first;
  og_status status = first ? first_point(&search, theta, seed, first)
                           : og_fail_memory(fit->context, fit->p * sizeof *first, "the starting point");
  if (status == OG_OK) status = run_all(fit, &search, first, (unsigned long long)seed);
  og_free(fit->context, first);
  og_search_free(&search);
  return status;
}

og_status og_fit_create(og_objective *objective, const og_options *options, const double *theta,
                        og_progress_fn progress, void *user, og_fit **out) {
  if (out) *out = NULL;
  OG_OBJECT(objective);
  OG_NEED(objective->context, out);
  if (objective->p == 0)
    return og_fail(objective->context, OG_ERR_NO_DEPENDENCE,
                   "the model has no parameters to fit: declare some with `param`");
  const og_options *o = options ? options : objective->options;
  if (og_options_integer(o, OG_OPT_OPTIMIZER) >= OG_OPTIMIZER_ADAM)
    return og_fail(objective->context, OG_ERR_UNSUPPORTED,
                   "optimizer %s goes by mini-batches: use og_trainer_create_for_objective, or lbfgs, slsqp "
                   "or gradient for a "
                   "fit",
                   og_options_choice_name(o, OG_OPT_OPTIMIZER));
  og_fit *fit = NULL;
  OG_TRY(create(objective->context, objective->p, &fit));
  og_status status = run_with(fit, objective, options, theta, progress, user);
  if (status != OG_OK) {
    og_fit_destroy(fit);
    return status;
  }
  *out = fit;
  return OG_OK;
}

double og_fit_loss(const og_fit *fit) {
  if (!fit) return NAN;
  return fit->loss;
}

og_status og_fit_estimate(const og_fit *fit, double *theta) {
  OG_OBJECT(fit);
  OG_NEED(fit->context, theta);
  memcpy(theta, fit->estimate, fit->p * sizeof *theta);
  return OG_OK;
}

og_status og_fit_standard_errors(const og_fit *fit, double *standard_errors) {
  OG_OBJECT(fit);
  OG_NEED(fit->context, standard_errors);
  memcpy(standard_errors, fit->standard_errors, fit->p * sizeof *standard_errors);
  return OG_OK;
}

og_status og_fit_at_bound(const og_fit *fit, int *at_bound) {
  OG_OBJECT(fit);
  OG_NEED(fit->context, at_bound);
  memcpy(at_bound, fit->at_bound, fit->p * sizeof *at_bound);
  return OG_OK;
}

size_t og_fit_iterations(const og_fit *fit) {
  if (!fit) return 0;
  return (size_t)fit->iterations;
}

int og_fit_converged(const og_fit *fit) {
  if (!fit) return 0;
  return fit->converged;
}

const char *og_fit_reason(const og_fit *fit) {
  if (!fit) return "";
  return fit->reason;
}

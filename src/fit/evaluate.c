/* One evaluation: theta -> x0 -> solve -> terms, and the same way back. Nothing is allocated here. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fit/objective.h"

og_status og_objective_check_theta(const og_objective *objective, const double *theta) {
  char name[OG_ENTRY_NAME_SIZE], value[OG_NUMBER_SIZE], lowest[OG_NUMBER_SIZE], highest[OG_NUMBER_SIZE];
  if (!theta && objective->p) return og_fail(objective->context, OG_ERR_ARGUMENT, "theta is NULL");
  for (size_t i = 0; i < objective->p; i++) {
    if (theta[i] >= objective->lowest[i] && theta[i] <= objective->highest[i] && isfinite(theta[i])) continue;
    og_objective_entry_name(objective, i, name);
    og_format_real(theta[i], value);
    if (!isfinite(theta[i]))
      return og_fail(objective->context, OG_ERR_NOT_FINITE, "parameter %s is %s; give a finite number", name,
                     value);
    og_format_real(objective->lowest[i], lowest);
    og_format_real(objective->highest[i], highest);
    return og_fail(objective->context, OG_ERR_BOUNDS, "parameter %s is %s, outside its bounds [%s, %s]", name,
                   value, lowest, highest);
  }
  return OG_OK;
}

/* ---- Losses that are not finite ---- */

static og_status bad_row(const og_objective *objective, size_t i) {
  const og_data *data = objective->data;
  size_t m = 0, used = 0;
  while (data->first[m + 1] <= i) m++;
  char place[OG_PLACE_SIZE], t[OG_NUMBER_SIZE], loss[OG_NUMBER_SIZE], columns[300] = "", state[200] = "";
  const double *values = data->values + 2 * data->columns * i, *x = objective->observed + i * objective->n;
  for (size_t k = 0; k < data->columns && used + 1 < sizeof columns; k++)
    if (values[data->columns + k] != 0)
      used += (size_t)snprintf(columns + used, sizeof columns - used, "%s%s = %.10g", used ? ", " : "",
                               og_model_observed_name(objective->model, k), values[k]);
  for (size_t j = used = 0; j < objective->n && used + 1 < sizeof state; j++)
    used += (size_t)snprintf(state + used, sizeof state - used, "%s%.6g", j ? ", " : "", x[j]);
  og_format_real(data->times[i], t);
  og_format_real(objective->row_losses[i], loss);
  return og_fail(
      objective->context, OG_ERR_NOT_FINITE,
      "the loss of data row %zu%s, at t = %s, is %s or its derivative is "
      "not finite: observed %s, where the state is (%s); try: check that the values can come from the "
      "distribution (> 0 for lognormal, whole numbers >= 0 for poisson and neg_binomial_2), that the state "
      "keeps its location valid, and that its scale is > 0",
      data->row[i] + 1, og_data_trajectory(data->table, m, place), t, loss, columns, state);
}

static og_status bad_cost(const og_objective *objective, size_t m, const char *what, double value) {
  char place[OG_PLACE_SIZE], t0[OG_NUMBER_SIZE], t1[OG_NUMBER_SIZE];
  og_format_real(objective->data->t0[m], t0);
  og_format_real(objective->endings[m].t, t1);
  return og_fail(objective->context, OG_ERR_NOT_FINITE,
                 "the %s%s is %g or its derivative is not finite, on the span from "
                 "%s to %s; try: check its expression (log or sqrt of a negative number, division by zero) "
                 "at the states "
                 "that are reached",
                 what, og_data_trajectory(objective->data->table, m, place), value, t0, t1);
}

static int all_finite(const double *values, size_t count) {
  double zero = 0;
  for (size_t i = 0; i < count; i++) zero += values[i] * 0;
  return zero == 0;
}

/* ---- Forward ---- */

static og_status bad_initial_state(const og_objective *objective, size_t m) {
  char t0[OG_NUMBER_SIZE];
  const double *x0 = objective->x0 + m * objective->n;
  og_state_info info = {"x", 0, 1};
  size_t j = 0;
  while (isfinite(x0[j])) j++;
  for (size_t i = 0; i < og_model_states(objective->model); i++)
    if (og_model_state(objective->model, i, &info) == OG_OK && j < info.offset + info.rows) break;
  og_format_real(objective->data->t0[m], t0);
  return og_fail(objective->context, OG_ERR_NOT_FINITE,
                 "the initial value of state %s is %g at t0 = %s; check its `init` "
                 "and the parameters there",
                 info.name, x0[j], t0);
}

og_status og_objective_initial_states(og_objective *objective, const double *theta) {
  og_term_run(objective->terms.initial, &(og_term_io){.theta = theta, .values = objective->x0});
  for (size_t m = 0; m < objective->M; m++)
    if (!all_finite(objective->x0 + m * objective->n, objective->n)) return bad_initial_state(objective, m);
  return OG_OK;
}

static og_status run_solve(og_objective *objective, og_solve *solve, const double *theta) {
  if (objective->p) OG_TRY(og_solve_set_parameters(solve, OG_ALL, theta));
  for (size_t m = 0; m < objective->M; m++)
    OG_TRY(og_solve_set_initial_state(solve, m, objective->x0 + m * objective->n));
  return og_solve_run(solve);
}

static og_status observations(og_objective *objective, const og_solve *solve, const double *theta,
                              int gradient) {
  const og_data *data = objective->data;
  size_t n = objective->n;
  if (!objective->terms.observation) return OG_OK;
  for (size_t m = 0; m < objective->M; m++) OG_TRY(og_objective_check_reached(objective, m));
  for (size_t m = 0; m < objective->M; m++)
    for (size_t i = data->first[m]; i < data->first[m + 1]; i++)
      OG_TRY(og_solve_observed(solve, m, i - data->first[m], objective->observed + i * n));
  og_term_run(objective->terms.observation, &(og_term_io){.theta = theta,
                                                          .states = objective->observed,
                                                          .gradient = gradient,
                                                          .values = objective->row_losses,
                                                          .x_bar = objective->observed_bar,
                                                          .theta_bar = objective->theta_bar});
  for (size_t m = 0; m < objective->M; m++)
    for (size_t i = data->first[m]; i < data->first[m + 1]; i++) {
      if (!isfinite(objective->row_losses[i]) ||
          (gradient && !all_finite(objective->observed_bar + i * n, n)))
        return bad_row(objective, i);
      objective->losses[m] += objective->row_losses[i];
    }
  return OG_OK;
}

static og_status final_costs(og_objective *objective, og_solve *solve, const double *theta, int gradient) {
  size_t n = objective->n;
  if (!objective->terms.final_cost) return OG_OK;
  for (size_t m = 0; m < objective->M; m++) OG_TRY(og_solve_final(solve, m, objective->final + m * n));
  og_term_run(objective->terms.final_cost, &(og_term_io){.theta = theta,
                                                         .states = objective->final,
                                                         .gradient = gradient,
                                                         .values = objective->final_losses,
                                                         .x_bar = objective->final_bar,
                                                         .t_bar = objective->t_bar,
                                                         .theta_bar = objective->theta_bar});
  for (size_t m = 0; m < objective->M; m++) {
    if (!isfinite(objective->final_losses[m]) || (gradient && !all_finite(objective->final_bar + m * n, n)))
      return bad_cost(objective, m, "final cost", objective->final_losses[m]);
    objective->losses[m] += objective->final_losses[m];
    if (gradient) OG_TRY(og_objective_pull_ending(objective, solve, m, objective->t_bar[m]));
  }
  return OG_OK;
}

static og_status integral_costs(og_objective *objective, const og_solve *solve) {
  for (size_t m = 0; objective->parts.has_integral_cost && m < objective->M; m++) {
    double cost = 0;
    OG_TRY(og_solve_cost(solve, m, &cost));
    if (!isfinite(cost)) return bad_cost(objective, m, "integral cost", cost);
    objective->losses[m] += cost;
  }
  return OG_OK;
}

og_status og_objective_terms(og_objective *objective, og_solve *solve, const double *theta, int gradient) {
  memset(objective->losses, 0, objective->M * sizeof(double));
  OG_TRY(og_objective_find_endings(objective, solve));
  OG_TRY(observations(objective, solve, theta, gradient));
  OG_TRY(final_costs(objective, solve, theta, gradient));
  OG_TRY(integral_costs(objective, solve));
  if (isfinite(og_objective_total(objective))) return OG_OK;
  return og_fail(objective->context, OG_ERR_NOT_FINITE,
                 "the sum of the loss over %zu trajectories overflows; rescale the "
                 "costs",
                 objective->M);
}

double og_objective_total(const og_objective *objective) {
  double loss = 0;
  for (size_t m = 0; m < objective->M; m++) loss += objective->losses[m];
  return loss;
}

/* ---- Back ---- */

static void clear_cotangents(og_objective *objective) {
  memset(objective->theta_bar, 0, objective->p * sizeof(double));
  memset(objective->x0_bar, 0, objective->M * objective->n * sizeof(double));
  memset(objective->t0_bar, 0, objective->M * sizeof(double));
  memset(objective->t1_bar, 0, objective->M * sizeof(double));
}

static og_status check_gradient(const og_objective *objective) {
  char name[OG_ENTRY_NAME_SIZE];
  for (size_t i = 0; i < objective->p; i++)
    if (!isfinite(objective->theta_bar[i]))
      return og_fail(
          objective->context, OG_ERR_NOT_FINITE,
          "the derivative of the loss by parameter %s is %g, though the "
          "loss is finite; the model may have a singular derivative there (sqrt or a power at 0, abs)",
          og_objective_entry_name(objective, i, name), objective->theta_bar[i]);
  for (size_t i = 0; i < objective->M * objective->n; i++)
    if (!isfinite(objective->x0_bar[i]))
      return og_fail(objective->context, OG_ERR_NOT_FINITE,
                     "the derivative of the loss by component %zu of the initial "
                     "state of trajectory %zu is %g, though the loss is finite",
                     i % objective->n + 1, i / objective->n, objective->x0_bar[i]);
  return OG_OK;
}

static og_status sum_times(og_objective *objective) {
  double t0 = 0, t1 = 0;
  for (size_t m = 0; m < objective->M; m++) {
    t0 += objective->t0_bar[m] + objective->t_bar[m];
    t1 += objective->t1_bar[m];
  }
  if (!isfinite(t0) || !isfinite(t1))
    return og_fail(objective->context, OG_ERR_NOT_FINITE,
                   "the derivative of the loss by %s is not finite, though the loss "
                   "is",
                   isfinite(t0) ? "t1" : "t0");
  objective->t0_gradient = t0;
  objective->t1_gradient = t1;
  return OG_OK;
}

static og_status pull_back(og_objective *objective, og_solve *solve, const double *theta) {
  OG_TRY(og_solve_pullback(solve, objective->N ? objective->observed_bar : NULL,
                           objective->terms.final_cost ? objective->final_bar : NULL,
                           objective->parts.has_integral_cost ? objective->ones : NULL, objective->x0_bar,
                           objective->theta_bar, objective->t0_bar, objective->t1_bar, NULL));
  og_term_run(objective->terms.initial, &(og_term_io){.theta = theta,
                                                      .seeds = objective->x0_bar,
                                                      .gradient = 1,
                                                      .t_bar = objective->t_bar,
                                                      .theta_bar = objective->theta_bar});
  OG_TRY(check_gradient(objective));
  OG_TRY(sum_times(objective));
  memcpy(objective->x0_gradient, objective->x0_bar, objective->M * objective->n * sizeof(double));
  objective->has_gradient = 1;
  return OG_OK;
}

og_status og_objective_forward(og_objective *objective, int kind, const double *theta, int gradient,
                               og_solve **out) {
  OG_TRY(og_objective_check_theta(objective, theta));
  OG_TRY(og_objective_solve(objective, kind, out));
  OG_TRY(og_objective_initial_states(objective, theta));
  objective->last = *out;
  OG_TRY(run_solve(objective, *out, theta));
  clear_cotangents(objective);
  return og_objective_terms(objective, *out, theta, gradient);
}

og_status og_objective_evaluate_with(og_objective *objective, og_adjoint adjoint, const double *theta,
                                     double *loss, double *gradient) {
  og_solve *solve = NULL;
  if ((unsigned)adjoint >= OG_ADJOINT_KINDS)
    return og_fail(objective->context, OG_ERR_ARGUMENT, "there is no adjoint number %d", (int)adjoint);
  if (gradient) objective->has_gradient = 0;
  OG_TRY(og_objective_forward(objective, adjoint, theta, gradient != NULL, &solve));
  if (gradient) OG_TRY(pull_back(objective, solve, theta));
  if (gradient && objective->p) memcpy(gradient, objective->theta_bar, objective->p * sizeof *gradient);
  if (loss) *loss = og_objective_total(objective);
  return OG_OK;
}

og_status og_objective_evaluate(og_objective *objective, const double *theta, double *loss,
                                double *gradient) {
  og_adjoint adjoint = (og_adjoint)og_options_integer(objective->options, OG_OPT_ADJOINT);
  return og_objective_evaluate_with(objective, adjoint, theta, loss, gradient);
}

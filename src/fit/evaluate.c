/* One evaluation: theta -> x0 -> solve -> terms, and the same way back. Memory is taken only where a run
 * needs more than any before. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "field/field.h"
#include "fit/objective.h"
#include "solve/solve.h"

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

static og_status bad_cost(const og_batch *batch, size_t m, const char *what, double value) {
  const og_objective *objective = batch->objective;
  char place[OG_PLACE_SIZE], t0[OG_NUMBER_SIZE], t1[OG_NUMBER_SIZE];
  og_format_real(batch->t0[m], t0);
  og_format_real(batch->endings[m].t, t1);
  return og_fail(objective->context, OG_ERR_NOT_FINITE,
                 "the %s%s is %g or its derivative is not finite, on the span from "
                 "%s to %s; try: check its expression (log or sqrt of a negative number, division by zero) "
                 "at the states "
                 "that are reached",
                 what, og_data_trajectory(objective->data->table, batch->problems[m].trajectory, place),
                 og_shown(value), t0, t1);
}

static int all_finite(const double *values, size_t count) {
  double zero = 0;
  for (size_t i = 0; i < count; i++) zero += values[i] * 0;
  return zero == 0;
}

/* ---- Forward ---- */

static og_status bad_initial_state(const og_batch *batch, size_t m) {
  const og_objective *objective = batch->objective;
  char t0[OG_NUMBER_SIZE];
  const double *x0 = batch->x0 + m * objective->n;
  og_state_info info = {OG_INIT(og_state_info), "x", 0, 1};
  size_t j = 0;
  while (isfinite(x0[j])) j++;
  for (size_t i = 0; i < og_model_states(objective->model); i++)
    if (og_model_state(objective->model, i, &info) == OG_OK && j < info.offset + info.rows) break;
  og_format_real(batch->t0[m], t0);
  return og_fail(objective->context, OG_ERR_NOT_FINITE,
                 "the initial value of state %s is %g at t0 = %s; check its `init` "
                 "and the parameters there",
                 info.name, og_shown(x0[j]), t0);
}

og_status og_batch_initial_states(og_batch *batch, const double *theta) {
  size_t n = batch->objective->n;
  OG_TRY(og_loss_program_run(
      batch->objective->terms.initial,
      &(og_loss_program_io){.items = og_batch_initial_items(batch), .theta = theta, .values = batch->x0}));
  for (size_t m = 0; m < batch->M; m++)
    if (!all_finite(batch->x0 + m * n, n)) return bad_initial_state(batch, m);
  return OG_OK;
}

static og_status run_solve(og_batch *batch, og_solve *solve, const double *theta) {
  if (batch->objective->p) OG_TRY(og_solve_set_parameters(solve, OG_ALL, theta));
  for (size_t m = 0; m < batch->M; m++)
    OG_TRY(og_solve_set_initial_state(solve, m, batch->x0 + m * batch->objective->n));
  return og_solve_run(solve);
}

/* The losses of one problem's observations: a sum by the tree over its rows. */
static og_status add_rows(og_batch *batch, const double *theta, size_t m, int gradient) {
  const og_problem *at = &batch->problems[m];
  size_t n = batch->objective->n;
  for (size_t i = at->first; i < at->first + at->rows; i++) {
    if (!isfinite(batch->row_losses[i]) || (gradient && !all_finite(batch->observed_bar + i * n, n)))
      return og_batch_bad_row(batch, theta, m, i);
  }
  batch->losses[m] += og_tree_sum_of(batch->row_losses + at->first, at->rows, 1);
  return OG_OK;
}

static og_status observations(og_batch *batch, const og_solve *solve, const double *theta, int gradient) {
  og_objective *objective = batch->objective;
  if (!objective->terms.observation) return OG_OK;
  for (size_t m = 0; m < batch->M; m++) OG_TRY(og_batch_check_reached(batch, m));
  for (size_t m = 0; m < batch->M; m++)
    for (size_t i = 0; i < batch->problems[m].rows; i++)
      OG_TRY(og_solve_observed(solve, m, i, batch->observed + (batch->problems[m].first + i) * objective->n));
  OG_TRY(og_loss_program_run(objective->terms.observation,
                             &(og_loss_program_io){.items = og_batch_observed_items(batch),
                                                   .theta = theta,
                                                   .states = batch->observed,
                                                   .gradient = gradient,
                                                   .values = batch->row_losses,
                                                   .x_bar = batch->observed_bar,
                                                   .theta_bar = objective->theta_bar}));
  for (size_t m = 0; m < batch->M; m++) OG_TRY(add_rows(batch, theta, m, gradient));
  return OG_OK;
}

/* Final costs are those of trajectories that are solved as a whole: a window's end is not the end of one. */
static og_status final_costs(og_batch *batch, og_solve *solve, const double *theta, int gradient) {
  og_objective *objective = batch->objective;
  size_t n = objective->n;
  if (!objective->terms.final_cost) return OG_OK;
  if (gradient) memset(batch->final_bar, 0, batch->M * n * sizeof(double));
  for (size_t m = 0; m < batch->M; m++) OG_TRY(og_solve_final(solve, m, batch->final + m * n));
  OG_TRY(og_loss_program_run(objective->terms.final_cost,
                             &(og_loss_program_io){.items = og_batch_final_items(batch),
                                                   .theta = theta,
                                                   .states = batch->final,
                                                   .gradient = gradient,
                                                   .values = batch->final_losses,
                                                   .x_bar = batch->final_bar,
                                                   .t_bar = batch->t_bar,
                                                   .theta_bar = objective->theta_bar}));
  for (size_t i = 0; i < batch->whole_count; i++) {
    size_t m = batch->whole[i];
    if (!isfinite(batch->final_losses[m]) || (gradient && !all_finite(batch->final_bar + m * n, n)))
      return bad_cost(batch, m, "final cost", batch->final_losses[m]);
    batch->losses[m] += batch->final_losses[m];
    if (gradient) OG_TRY(og_batch_pull_ending(batch, solve, m, batch->t_bar[m]));
  }
  return OG_OK;
}

static og_status integral_costs(og_batch *batch, const og_solve *solve) {
  for (size_t m = 0; batch->objective->parts.has_integral_cost && m < batch->M; m++) {
    double cost = 0;
    OG_TRY(og_solve_cost(solve, m, &cost));
    if (!isfinite(cost)) return bad_cost(batch, m, "integral cost", cost);
    batch->losses[m] += cost;
  }
  return OG_OK;
}

og_status og_batch_terms(og_batch *batch, og_solve *solve, const double *theta, int gradient) {
  memset(batch->losses, 0, batch->M * sizeof(double));
  OG_TRY(og_batch_find_endings(batch, solve));
  OG_TRY(observations(batch, solve, theta, gradient));
  OG_TRY(final_costs(batch, solve, theta, gradient));
  OG_TRY(integral_costs(batch, solve));
  if (isfinite(og_batch_total(batch))) return OG_OK;
  return og_fail(batch->objective->context, OG_ERR_NOT_FINITE,
                 "the sum of the loss over %zu trajectories overflows; rescale the "
                 "costs",
                 batch->M);
}

double og_batch_total(const og_batch *batch) { return og_tree_sum_of(batch->losses, batch->M, 1); }

static void clear_cotangents(og_batch *batch) {
  const og_objective *objective = batch->objective;
  memset(objective->theta_bar, 0, objective->p * sizeof(double));
  memset(batch->x0_bar, 0, batch->M * objective->n * sizeof(double));
  memset(batch->t0_bar, 0, batch->M * sizeof(double));
  memset(batch->t1_bar, 0, batch->M * sizeof(double));
}

og_status og_batch_forward(og_batch *batch, int kind, const double *theta, int gradient, og_solve **out) {
  og_objective *objective = batch->objective;
  OG_TRY(og_objective_check_theta(objective, theta));
  OG_TRY(og_batch_solve(batch, kind, out));
  OG_TRY(og_batch_initial_states(batch, theta));
  objective->last = *out;
  OG_TRY(run_solve(batch, *out, theta));
  clear_cotangents(batch);
  return og_batch_terms(batch, *out, theta, gradient);
}

/* ---- Back ---- */

static og_status check_gradient(const og_batch *batch) {
  const og_objective *objective = batch->objective;
  size_t n = objective->n;
  char name[OG_ENTRY_NAME_SIZE];
  for (size_t i = 0; i < objective->p; i++)
    if (!isfinite(objective->theta_bar[i]))
      return og_fail(
          objective->context, OG_ERR_NOT_FINITE,
          "the derivative of the loss by parameter %s is %g, though the "
          "loss is finite; the model may have a singular derivative there (sqrt or a power at 0, abs)",
          og_objective_entry_name(objective, i, name), og_shown(objective->theta_bar[i]));
  for (size_t i = 0; i < batch->M * n; i++)
    if (!isfinite(batch->x0_bar[i]))
      return og_fail(objective->context, OG_ERR_NOT_FINITE,
                     "the derivative of the loss by component %zu of the initial "
                     "state of trajectory %zu is %g, though the loss is finite",
                     i % n + 1, batch->problems[i / n].trajectory, og_shown(batch->x0_bar[i]));
  return OG_OK;
}

static og_status pull_solve(og_batch *batch, og_solve *solve, int times) {
  const og_objective *objective = batch->objective;
  return og_solve_pullback(
      solve, &(og_pullback_arrays){
                 OG_INIT(og_pullback_arrays), .observed_bar = batch->N ? batch->observed_bar : NULL,
                 .final_bar = objective->terms.final_cost ? batch->final_bar : NULL,
                 .cost_bar = objective->parts.has_integral_cost ? batch->ones : NULL, .x0_bar = batch->x0_bar,
                 .theta_bar = objective->theta_bar, .t0_bar = times ? batch->t0_bar : NULL,
                 .t1_bar = times ? batch->t1_bar : NULL});
}

/* The solve's steps were narrowed for the derivative: the loss and its cotangents are those of other states.
 */
static og_status pull_renewed(og_batch *batch, og_solve *solve, const double *theta, int times) {
  clear_cotangents(batch);
  OG_TRY(og_batch_terms(batch, solve, theta, 1));
  solve->held = 1;
  og_status status = pull_solve(batch, solve, times);
  solve->held = 0;
  return status;
}

og_status og_batch_pull_back(og_batch *batch, og_solve *solve, const double *theta, int times) {
  og_objective *objective = batch->objective;
  OG_TRY(pull_solve(batch, solve, times));
  if (solve->renewed) OG_TRY(pull_renewed(batch, solve, theta, times));
  if (objective->p) memcpy(objective->theta_own, objective->theta_bar, objective->p * sizeof(double));
  OG_TRY(og_loss_program_run(objective->terms.initial,
                             &(og_loss_program_io){.items = og_batch_initial_items(batch),
                                                   .theta = theta,
                                                   .seeds = batch->x0_bar,
                                                   .gradient = 1,
                                                   .t_bar = batch->t_bar,
                                                   .theta_bar = objective->theta_bar}));
  return check_gradient(batch);
}

/* ---- The whole set ---- */

static double largest_of(const double *values, size_t count) {
  double largest = 0;
  for (size_t i = 0; i < count; i++) largest = fmax(largest, fabs(values[i]));
  return largest;
}

/* The error of the parameters' gradient: that of the solve's part, and that of the part that came by the
 * initial states, which has the relative error of their gradient. */
static og_gradient_error find_error(const og_objective *objective, const og_solve *solve) {
  /* Steps do not tell what the moment of switching does to a gradient. */
  if (objective->parts.switches) return og_error_unknown();
  og_gradient_error error = solve->error;
  double size = largest_of(objective->theta_bar, objective->p), by_initial = 0, all = solve->parameters_error;
  for (size_t i = 0; i < objective->p; i++)
    by_initial = fmax(by_initial, fabs(objective->theta_bar[i] - objective->theta_own[i]));
  if (by_initial > 0) all += error.initial * by_initial;
  if (isnan(error.initial)) all = NAN;
  error.parameters = all > 0 ? all / size : all;
  return error;
}

static void sum_times(og_objective *objective) {
  const og_batch *all = &objective->all;
  double nodes[2 * OG_TREE_SUM_NODES];
  og_tree_sum sum;
  og_tree_sum_begin(&sum, 2, nodes, 0);
  for (size_t m = 0; m < all->M; m++) {
    double *term = og_tree_sum_term(&sum);
    term[0] = all->t0_bar[m] + all->t_bar[m];
    term[1] = all->t1_bar[m];
    og_tree_sum_add(&sum, 0);
  }
  const double *total = og_tree_sum_total(&sum);
  objective->t0_gradient = total ? total[0] : 0;
  objective->t1_gradient = total ? total[1] : 0;
}

static void keep_gradient(og_objective *objective, const og_solve *solve) {
  const og_batch *all = &objective->all;
  sum_times(objective);
  objective->error = find_error(objective, solve);
  memcpy(objective->x0_gradient, all->x0_bar, all->M * objective->n * sizeof(double));
  objective->has_gradient = 1;
}

og_status og_objective_evaluate_with(og_objective *objective, og_adjoint adjoint, const double *theta,
                                     double *loss, double *gradient) {
  OG_OBJECT(objective);
  OG_NEED_IF(objective->context, objective->p, theta);
  og_solve *solve = NULL;
  if ((unsigned)adjoint >= OG_ADJOINT_KINDS)
    return og_fail(objective->context, OG_ERR_ARGUMENT, "there is no adjoint number %d", (int)adjoint);
  if (gradient) objective->has_gradient = 0;
  OG_TRY(og_batch_forward(&objective->all, adjoint, theta, gradient != NULL, &solve));
  if (gradient) OG_TRY(og_batch_pull_back(&objective->all, solve, theta, 1));
  if (gradient) keep_gradient(objective, solve);
  if (gradient && objective->p) memcpy(gradient, objective->theta_bar, objective->p * sizeof *gradient);
  if (loss) *loss = og_batch_total(&objective->all);
  return OG_OK;
}

og_status og_objective_evaluate(og_objective *objective, const double *theta, double *loss,
                                double *gradient) {
  OG_OBJECT(objective);
  OG_NEED_IF(objective->context, objective->p, theta);
  og_adjoint adjoint = (og_adjoint)og_options_integer(objective->options, OG_OPT_ADJOINT);
  return og_objective_evaluate_with(objective, adjoint, theta, loss, gradient);
}

/* ---- Ends ---- */

/* Where trajectories end: at t1, or before it at a terminal event, whose time the loss then depends on. */

/* The event that ended a trajectory: the last one, if it is terminal or the built-in one of a steady solve.
 */
static og_status ending_of(const og_solve *solve, size_t m, og_ending *ending) {
  og_occurrence last = {OG_INIT(og_occurrence)};
  *ending = (og_ending){.t = solve->trajectories[m].t1};
  OG_TRY(og_solve_events(solve, m, &ending->events));
  if (ending->events == 0) return OG_OK;
  OG_TRY(og_solve_event(solve, m, ending->events - 1, &last));
  const og_event *event = og_field_event(solve->field, last.event);
  if (event && !event->terminal) return OG_OK;
  ending->name = last.name;
  ending->t = last.t;
  return OG_OK;
}

static void set_end(og_batch *batch, size_t m, double t) {
  const og_inputs *inputs = batch->objective->inputs;
  batch->end[m] = t;
  og_inputs_rows(inputs, batch->problems[m].trajectory, t,
                 batch->final_inputs + m * og_inputs_width(&batch->objective->parts));
}

og_status og_batch_find_endings(og_batch *batch, const og_solve *solve) {
  og_context *context = batch->objective->context;
  size_t most = 0;
  for (size_t m = 0; m < batch->M; m++) {
    og_ending *ending = &batch->endings[m];
    OG_TRY(ending_of(solve, m, ending));
    if (ending->name && ending->events > most) most = ending->events;
    if (batch->objective->terms.final_cost && !batch->problems[m].window) set_end(batch, m, ending->t);
  }
  if (most <= batch->event_room) return OG_OK;
  double *more = og_alloc(context, most, sizeof *more);
  if (!more) return og_fail_memory(context, most * sizeof *more, "cotangents of events");
  og_free(context, batch->event_bars);
  batch->event_bars = more;
  batch->event_room = most;
  return OG_OK;
}

og_status og_batch_check_reached(const og_batch *batch, size_t m) {
  const og_objective *objective = batch->objective;
  const og_ending *ending = &batch->endings[m];
  const og_data *data = objective->data;
  const og_problem *at = &batch->problems[m];
  if (!ending->name || at->rows == 0) return OG_OK;
  size_t last = at->row + at->rows - 1;
  double t = data->times[last], sign = batch->t1[m] < batch->t0[m] ? -1 : 1;
  if ((ending->t - t) * sign >= 0) return OG_OK;
  char place[OG_PLACE_SIZE], time[OG_NUMBER_SIZE], end[OG_NUMBER_SIZE], file[OG_FILE_SIZE];
  og_format_real(t, time);
  og_format_real(ending->t, end);
  return og_fail(
      objective->context, OG_ERR_ENDED,
      "%sdata row %zu%s, at t = %s, is never reached: the terminal event '%s' ends the trajectory at "
      "t = %s; leave the row out, or let the event not stop",
      og_data_file(data->table, data->row[last], file), data->row[last] + 1,
      og_data_trajectory(data->table, at->trajectory, place), time, ending->name, end);
}

/* Where a terminal event ended the trajectory, the cotangent of the end's time is that of the event's time;
 * the end then does not depend on t1. */
og_status og_batch_pull_ending(og_batch *batch, og_solve *solve, size_t m, double t_bar) {
  const og_ending *ending = &batch->endings[m];
  if (!ending->name) {
    batch->t1_bar[m] += t_bar;
    return OG_OK;
  }
  memset(batch->event_bars, 0, ending->events * sizeof(double));
  batch->event_bars[ending->events - 1] = t_bar;
  return og_solve_set_event_cotangents(solve, m, batch->event_bars, NULL, NULL);
}

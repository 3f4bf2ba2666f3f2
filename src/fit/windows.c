/* Mini-batches: loss and gradient of parts of the data. */
#include <string.h>

#include "fit/objective.h"

/* ---- Whether windows make sense ---- */

og_status og_objective_check_windows(og_objective *objective) {
  OG_OBJECT(objective);
  og_state_info info = {OG_INIT(og_state_info), "x", 0, 1};
  size_t j = 0;
  while (j < objective->n && objective->parts.state_columns[j] != OG_NO_COLUMN) j++;
  if (j == objective->n) return OG_OK;
  for (size_t i = 0; i < og_model_states(objective->model); i++)
    if (og_model_state(objective->model, i, &info) == OG_OK && j < info.offset + info.rows) break;
  return og_fail(objective->context, OG_ERR_UNSUPPORTED,
                 "a window of rows starts from the data, but no column observes component %zu of state %s as "
                 "it is; add 'observe %s ~ normal(%s, ...)', or take whole trajectories",
                 j - info.offset + 1, info.name, info.name, info.name);
}

static int from_start(const og_window *w) { return w->count > 0 && w->from_start; }

static og_status bad_window(const og_objective *objective, size_t i, const og_window *w) {
  size_t M = objective->data->trajectories;
  og_context *context = objective->context;
  if (w->trajectory >= M)
    return og_fail(context, OG_ERR_ARGUMENT,
                   "window %zu: trajectory %zu of an objective with %zu (they count "
                   "from 0)",
                   i, w->trajectory, M);
  if (w->count == 0)
    return og_fail(context, OG_ERR_ARGUMENT,
                   "window %zu: count = 0 is the whole trajectory, so first must be 0, not %zu", i, w->first);
  if (w->count == 1 && !from_start(w))
    return og_fail(context, OG_ERR_ARGUMENT, "window %zu has one row: a solve goes from one to another", i);
  return og_fail(context, OG_ERR_ARGUMENT,
                 "window %zu: %zu rows from row %zu on, but trajectory %zu has %zu (they count from 0)", i,
                 w->count, w->first, w->trajectory, og_objective_rows(objective, w->trajectory));
}

static int fits(const og_objective *objective, const og_window *w) {
  if (w->trajectory >= objective->data->trajectories) return 0;
  size_t rows = og_objective_rows(objective, w->trajectory), first = w->first;
  if (w->count == 0) return w->first == 0;
  return w->count >= (from_start(w) ? 1 : 2) && first < rows && w->count <= rows - first;
}

static og_status no_final_cost(const og_objective *objective, size_t i) {
  return og_fail(objective->context, OG_ERR_UNSUPPORTED,
                 "window %zu ends before its trajectory does, where the model has its final cost; take whole "
                 "trajectories",
                 i);
}

/* The first component of the state that a row of the data does not hold; n: it holds all. */
static size_t missing_component(const og_objective *objective, size_t row) {
  const og_data *data = objective->data;
  const double *flags = data->values + (2 * row + 1) * data->columns;
  size_t j = 0;
  while (j < objective->n && flags[objective->parts.state_columns[j]] != 0) j++;
  return j;
}

int og_objective_can_start(const og_objective *objective, size_t trajectory, size_t row) {
  return missing_component(objective, objective->data->first[trajectory] + row) == objective->n;
}

static og_status check_start(const og_objective *objective, size_t i, const og_window *w) {
  const og_data *data = objective->data;
  size_t row = data->first[w->trajectory] + w->first, j = missing_component(objective, row);
  char place[OG_PLACE_SIZE], file[OG_FILE_SIZE];
  if (j == objective->n) return OG_OK;
  return og_fail(objective->context, OG_ERR_DATA,
                 "%swindow %zu starts from the data at row %zu%s, but column %s has no value there; let it "
                 "start at another row",
                 og_data_file(data->table, data->row[row], file), i, data->row[row] + 1,
                 og_data_trajectory(data->table, w->trajectory, place),
                 og_model_observed_name(objective->model, objective->parts.state_columns[j]));
}

static og_status check_windows(og_objective *objective, size_t count, const og_window *windows) {
  int asked = 0;
  if (count == 0) return og_fail(objective->context, OG_ERR_ARGUMENT, "a batch needs at least one window");
  for (size_t i = 0; i < count; i++) {
    if (!fits(objective, &windows[i])) return bad_window(objective, i, &windows[i]);
    if (windows[i].count == 0) continue;
    if (from_start(&windows[i])) {
      if (objective->terms.final_cost) return no_final_cost(objective, i);
      continue;
    }
    if (!asked++) OG_TRY(og_objective_check_windows(objective));
    OG_TRY(check_start(objective, i, &windows[i]));
  }
  return OG_OK;
}

/* ---- The public functions ---- */

og_status og_objective_evaluate_batch(og_objective *objective, const double *theta, size_t count,
                                      const og_window *windows, double *loss, size_t *values,
                                      double *gradient) {
  OG_OBJECT(objective);
  OG_NEED_IF(objective->context, objective->p, theta);
  OG_NEED(objective->context, windows);
  og_batch *batch = &objective->some;
  og_solve *solve = NULL;
  OG_TRY(check_windows(objective, count, windows));
  OG_TRY(og_batch_set_windows(batch, count, windows));
  int adjoint = (int)og_options_integer(objective->options, OG_OPT_ADJOINT);
  OG_TRY(og_batch_forward(batch, adjoint, theta, gradient != NULL, &solve));
  if (gradient) OG_TRY(og_batch_pull_back(batch, solve, theta, 0));
  if (gradient && objective->p) memcpy(gradient, objective->theta_bar, objective->p * sizeof *gradient);
  if (loss) *loss = og_batch_total(batch);
  if (values) *values = batch->present;
  return OG_OK;
}

size_t og_objective_rows(const og_objective *objective, size_t trajectory) {
  if (!objective) return 0;
  const og_data *data = objective->data;
  return trajectory < data->trajectories ? data->first[trajectory + 1] - data->first[trajectory] : 0;
}

size_t og_objective_values(const og_objective *objective) {
  if (!objective) return 0;
  return objective->all.present;
}

/* odegrad fit with an optimizer that trains: mini-batches in place of all data at once. */
#include <math.h>
#include <stdlib.h>

#include "training.h"

typedef struct result {
  const problem *problem;
  const og_trainer *trainer;
  const double *best;
  og_epoch *history, *chosen; /* chosen: the epoch of the best; NULL: none has ended */
  size_t epochs;
  int validated;
  held_out *held; /* [M]; NULL: nothing is held out */
  size_t stats[STATS_MOST];
  const char *linear_solver;
  double seconds;
} result;

static double judged_by(const og_epoch *epoch, int validated) {
  return validated ? epoch->validation_loss : epoch->loss;
}

static int is_mean(const problem *p) {
  return og_options_integer(p->options, OG_OPT_REDUCTION) == OG_REDUCTION_MEAN;
}

static result read_result(const problem *p, const og_objective *objective, const og_trainer *trainer) {
  result r = {.problem = p, .trainer = trainer, .best = og_trainer_best(trainer)};
  r.epochs = og_trainer_epochs(trainer);
  r.history = take(r.epochs + 1, sizeof *r.history);
  for (size_t i = 0; i < r.epochs; i++) {
    r.history[i].size = sizeof *r.history;
    og_trainer_epoch(trainer, i, &r.history[i]);
  }
  r.validated = og_options_real(p->options, OG_OPT_VALIDATION) > 0;
  for (size_t i = 0; i < r.epochs && !r.chosen; i++)
    if (judged_by(&r.history[i], r.validated) == og_trainer_best_loss(trainer)) r.chosen = &r.history[i];
  for (int i = 0; i < (int)og_stat_count(); i++) r.stats[i] = og_objective_stat(objective, (og_stat)i);
  r.linear_solver = og_objective_linear_solver(objective);
  return r;
}

/* ---- JSON ---- */

static cJSON *parameters_of(const result *r) {
  cJSON *object = cJSON_CreateObject();
  og_parameter_info info = {OG_INIT(og_parameter_info)};
  for (size_t i = 0; og_model_parameter(r->problem->model, i, &info) == OG_OK; i++) {
    cJSON *one = cJSON_AddObjectToObject(object, info.name);
    cJSON_AddItemToObject(one, "estimate", json_parameter(&info, r->best));
    cJSON_AddNullToObject(one, "std_error");
  }
  return object;
}

static void add_column(cJSON *object, const char *name, const result *r, size_t offset) {
  cJSON *list = cJSON_AddArrayToObject(object, name);
  for (size_t i = 0; i < r->epochs; i++)
    cJSON_AddItemToArray(list, json_number(*(const double *)((const char *)&r->history[i] + offset)));
}

static cJSON *history_of(const result *r) {
  cJSON *object = cJSON_CreateObject(), *steps = cJSON_AddArrayToObject(object, "steps");
  for (size_t i = 0; i < r->epochs; i++) cJSON_AddItemToArray(steps, json_count(r->history[i].steps));
  add_column(object, "loss", r, offsetof(og_epoch, loss));
  add_column(object, "validation_loss", r, offsetof(og_epoch, validation_loss));
  add_column(object, "learning_rate", r, offsetof(og_epoch, learning_rate));
  add_column(object, "gradient_norm", r, offsetof(og_epoch, gradient_norm));
  add_column(object, "seconds", r, offsetof(og_epoch, seconds));
  return object;
}

static cJSON *training_json(const result *r) {
  cJSON *object = cJSON_CreateObject();
  cJSON_AddItemToObject(object, "loss", json_number(r->chosen ? r->chosen->loss : NAN));
  cJSON_AddStringToObject(object, "loss_is", is_mean(r->problem) ? "mean" : "sum");
  cJSON_AddItemToObject(object, "validation_loss", json_number(r->chosen ? r->chosen->validation_loss : NAN));
  cJSON_AddItemToObject(object, "params", parameters_of(r));
  cJSON_AddItemToObject(object, "iterations", json_count(og_trainer_steps(r->trainer)));
  cJSON_AddItemToObject(object, "epochs", json_count(r->epochs));
  cJSON_AddBoolToObject(object, "converged", og_trainer_converged(r->trainer) != 0);
  cJSON_AddStringToObject(object, "reason", og_trainer_reason(r->trainer));
  cJSON_AddItemToObject(object, "history", history_of(r));
  cJSON_AddItemToObject(object, "stats", json_stats(r->stats, r->linear_solver, r->seconds));
  return object;
}

/* ---- Tables ---- */

static double root_mean_square(const double *values, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; i++) sum += values[i] * values[i];
  return count ? sqrt(sum / (double)count) : 0;
}

/* Weights are too many to be read: the size of each array of them. */
static void add_parameter(text_table *table, const result *r, const og_parameter_info *info) {
  size_t count = info->rows * info->columns;
  if (info->weight) {
    add_text(table, array_name(info));
    add_cell(table, "rms %.4g", root_mean_square(r->best + info->offset, count));
    return;
  }
  for (size_t i = 0; i < count; i++) {
    add_text(table, parameter_name(r->problem, info->offset + i));
    add_cell(table, "%.6g", r->best[info->offset + i]);
  }
}

static size_t count_skipped(const result *r) {
  size_t skipped = 0;
  for (size_t i = 0; i < r->epochs; i++) skipped += r->history[i].skipped;
  return skipped;
}

static void print_training(const result *r) {
  text_table table = new_table(2);
  og_parameter_info info = {OG_INIT(og_parameter_info)};
  add_cell(&table, "parameter"), add_cell(&table, "estimate");
  for (size_t i = 0; og_model_parameter(r->problem->model, i, &info) == OG_OK; i++)
    add_parameter(&table, r, &info);
  print_table(&table, 1);
  putchar('\n');
  const char *is = is_mean(r->problem) ? "mean per observed value" : "sum over observed values";
  if (r->chosen) printf("loss        %.10g (%s)\n", r->chosen->loss, is);
  if (r->chosen && r->validated) printf("validation  %.10g (%s)\n", r->chosen->validation_loss, is);
  if (r->chosen) printf("best epoch  %zu of %zu\n", r->chosen->epoch, r->epochs);
  if (count_skipped(r)) printf("left out    %zu mini-batches that failed\n", count_skipped(r));
  printf("iterations  %zu in %.3g s\n", og_trainer_steps(r->trainer), r->seconds);
  printf("stopped     %s\n", og_trainer_reason(r->trainer));
}

/* ---- The picture of the losses ---- */

static og_status draw_line(const result *r, og_plot *plot, const char *name, size_t offset, int *positive) {
  double *x = take(r->epochs, sizeof *x), *y = take(r->epochs, sizeof *y);
  for (size_t i = 0; i < r->epochs; i++) {
    x[i] = (double)r->history[i].epoch;
    y[i] = *(const double *)((const char *)&r->history[i] + offset);
    *positive &= !(y[i] <= 0);
  }
  og_status status = og_plot_line(plot, name, r->epochs, x, y);
  free(x), free(y);
  return status;
}

/* The epoch whose parameters are kept, on the line that it was chosen by. */
static og_status draw_best(const result *r, og_plot *plot) {
  double x = (double)r->chosen->epoch, y = judged_by(r->chosen, r->validated);
  char *name = join("best epoch, %zu", r->chosen->epoch);
  og_status status = og_plot_signs(plot, name, OG_MARKER_DIAMOND, 1, &x, &y);
  free(name);
  return status;
}

static og_status draw_losses(const result *r, const char *path) {
  const arguments *a = r->problem->arguments;
  og_plot *plot = NULL;
  int positive = 1; /* only then a logarithm shows them */
  og_status status = og_plot_create(
      r->problem->context, "losses", "epoch",
      is_mean(r->problem) ? "loss, mean per observed value" : "loss, sum over observed values", &plot);
  if (status == OG_OK) status = draw_line(r, plot, "training", offsetof(og_epoch, loss), &positive);
  if (status == OG_OK && r->validated)
    status = draw_line(r, plot, "validation", offsetof(og_epoch, validation_loss), &positive);
  if (status == OG_OK) status = og_plot_set_log(plot, 0, positive);
  if (status == OG_OK && a->width) status = og_plot_set_size(plot, a->width, a->height);
  if (status == OG_OK && r->chosen) status = draw_best(r, plot);
  if (status == OG_OK) status = og_plot_write(plot, path);
  og_plot_destroy(plot);
  return status;
}

/* ---- What was held out ---- */

/* Of an only trajectory all rows that hold an observed value are held out from number `row` on: a band from
 * half way between that row and the one before, so that a single row is seen too, on to the end. */
static held_out from_row(const problem *p, size_t row) {
  size_t *rows = take(og_table_rows(p->data), sizeof *rows), count = data_rows_of(p, 0, rows), seen = 0;
  double t = NAN, before = NAN;
  for (size_t i = 0; i < count && seen <= row; i++)
    if (has_value(p, rows[i])) before = t, t = p->data_times[rows[i]], seen++;
  free(rows);
  if (isnan(before)) before = t;
  double from = before + (t - before) / 2;
  return t < before ? (held_out){-INFINITY, from} : (held_out){from, INFINITY};
}

/* Of trajectories that are held out in windows all windows are: the same as the whole. The windows of an only
 * one are in order; a row that is left behind the last of them is not trained on either. */
static held_out *find_held_out(const problem *p, og_objective *objective) {
  held_out *held = take(p->trajectories, sizeof *held);
  og_batches *batches;
  const og_window *windows;
  for (size_t m = 0; m < p->trajectories; m++) held[m] = (held_out){NAN, NAN};
  if (og_batches_create_for_objective(objective, p->options, &batches) != OG_OK)
    return held; /* the training had them */
  size_t count = og_batches_validation(batches, &windows);
  for (size_t i = 0; i < count && p->trajectories > 1; i++)
    held[windows[i].trajectory] = (held_out){-INFINITY, INFINITY};
  if (count && p->trajectories == 1) held[0] = from_row(p, windows[0].first);
  og_batches_destroy(batches);
  return held;
}

/* ---- The verb ---- */

/* The files of --out, --checkpoint and --loss-plot. */
static og_status write_files(const result *r) {
  const problem *p = r->problem;
  const char *checkpoint = kept_state(p), *losses = p->arguments->values[FLAG_LOSS_PLOT];
  og_status status = p->out ? og_parameters_write(p->model, r->best, p->out) : OG_OK;
  if (status == OG_OK && checkpoint) status = og_trainer_save(r->trainer, checkpoint);
  if (status == OG_OK && losses && r->epochs) status = draw_losses(r, losses);
  return status;
}

static int report(const result *r) {
  og_status status = write_files(r);
  int done = status == OG_OK ? EXIT_DONE : fail(r->problem->context, status);
  if (r->problem->json)
    print_json(training_json(r));
  else
    print_training(r);
  return draw_objective(r->problem, r->best, r->held, done);
}

static int train(const problem *p, og_objective *objective, og_trainer *trainer) {
  training_view view;
  double start = seconds_now();
  watch_interrupts(NULL); /* between two mini-batches, whose state can be gone on from */
  begin_view(&view, p, objective, trainer);
  og_status status = og_trainer_run(trainer, follow_training, &view);
  end_view(&view);
  stop_watching();
  if (status != OG_OK) return fail(p->context, status);
  result r = read_result(p, objective, trainer);
  r.held = p->plot && r.validated ? find_held_out(p, objective) : NULL;
  r.seconds = seconds_now() - start;
  int done = report(&r);
  free(r.held);
  free(r.history);
  if (view.interrupted)
    remark(p->quiet, "interrupted: this is the best point so far%s%s", p->out ? ", saved in " : "",
           p->out ? p->out : "");
  return done || !view.interrupted ? done : EXIT_FAILED;
}

int run_training(problem *p) {
  og_objective *objective = NULL;
  og_trainer *trainer = NULL;
  const char *resume = p->arguments->values[FLAG_RESUME];
  og_status status = og_objective_create(p->context, p->model, p->data, p->options, &objective);
  if (status == OG_OK) status = og_trainer_create_for_objective(objective, p->options, p->theta, &trainer);
  if (status == OG_OK && resume) status = og_trainer_load(trainer, resume);
  int done = status == OG_OK ? train(p, objective, trainer) : fail(p->context, status);
  og_trainer_destroy(trainer);
  og_objective_destroy(objective);
  return done;
}

/* Optimisers, batches and trainers, on the loss (theta - 3)^2 / 2 of each window. */
#include "calls.h"

static og_status bowl(const double *theta, size_t count, const og_window *windows, double *loss,
                      size_t *values, double *gradient, void *user) {
  (void)windows, (void)user;
  double away = theta[0] - 3;
  *loss = (double)count * away * away / 2;
  *values = count;
  if (gradient) gradient[0] = (double)count * away;
  return OG_OK;
}

static int call_updater(og_context *context, const og_options *options) {
  og_updater *updater = NULL;
  SIZED(og_state_array, array);
  double theta = 1, gradient = 5;
  MUST(context, og_updater_create(context, options, 1, &updater));
  MUST(context, og_updater_exempt(updater, 1));
  SEE(og_clip_gradient(options, 1, &gradient) == 5);
  SEE(og_learning_rate_factor(options, 0, 10) == 1);
  MUST(context, og_updater_step(updater, 1, &gradient, &theta));
  SEE(near_to(theta, 1 - og_updater_learning_rate(updater), 1e-6)); /* Adam's first step has this size */
  SEE(og_updater_arrays(updater) > 0);
  MUST(context, og_updater_array(updater, 0, &array));
  SEE(array.name[0] && array.count > 0);
  og_updater_destroy(updater);
  return 0;
}

static int call_batches(og_context *context, const og_options *options) {
  og_batches *batches = NULL;
  const og_window *windows = NULL;
  size_t count;
  MUST(context, og_batches_create(context, options, 4, NULL, &batches));
  SEE(og_batches_training(batches, &windows) == 4 && og_batches_validation(batches, NULL) == 0);
  SEE(og_batches_per_epoch(batches) == 2 && og_batches_position(batches) == 0);
  MUST(context, og_batches_next(batches, &count, &windows));
  SEE(count == 2 && windows[0].trajectory < 4);
  MUST(context, og_batches_seek(batches, 0));
  og_batches_destroy(batches);
  return 0;
}

static int count_steps(const og_training *training, void *user) {
  if (training->step > 0) ++*(int *)user;
  return 0;
}

static int see_trainer(og_context *context, og_trainer *trainer) {
  const double lowest = -10, highest = 10;
  SIZED(og_epoch, epoch);
  int steps = 0;
  MUST(context, og_trainer_set_bounds(trainer, &lowest, &highest));
  MUST(context, og_trainer_exempt(trainer, 1));
  MUST(context, og_trainer_step(trainer));
  SEE(og_trainer_steps(trainer) == 1 && !og_trainer_ended(trainer) && !og_trainer_converged(trainer));
  MUST(context, og_trainer_save(trainer, "calls_state.safetensors"));
  MUST(context, og_trainer_run(trainer, count_steps, &steps));
  SEE(og_trainer_ended(trainer) && og_trainer_reason(trainer)[0] && steps > 0);
  MUST(context, og_trainer_epoch(trainer, 0, &epoch));
  SEE(epoch.epoch == 1 && og_trainer_epochs(trainer) > 0);
  SEE(og_trainer_theta(trainer)[0] > 1 && og_trainer_best(trainer)[0] > 1 &&
      og_trainer_best_loss(trainer) < 2);
  return 0;
}

static int call_trainer(og_context *context, const og_options *options) {
  og_trainer *trainer = NULL, *again = NULL;
  og_batches *batches = NULL, *others = NULL;
  const double theta = 1;
  SIZED(og_trainer_parts, parts);
  MUST(context, og_batches_create(context, options, 4, NULL, &batches));
  MUST(context, og_batches_create(context, options, 4, NULL, &others));
  parts.p = 1;
  parts.loss = bowl;
  parts.theta = &theta;
  parts.batches = batches;
  MUST(context, og_trainer_create(context, options, &parts, &trainer));
  parts.batches = others;
  MUST(context, og_trainer_create(context, options, &parts, &again));
  int failed = see_trainer(context, trainer);
  MUST(context, og_trainer_load(again, "calls_state.safetensors"));
  SEE(og_trainer_steps(again) == 1);
  og_trainer_destroy(again);
  og_trainer_destroy(trainer);
  og_batches_destroy(others);
  og_batches_destroy(batches);
  return failed;
}

static int call_objective(og_context *context, const og_options *options) {
  static const char text[] = "param k = 0.3\ninit x = 1\nx' = -k*x\nobserve x ~ normal(x, 1)\n",
                    csv[] = "t,x\n0,1\n1,0.6\n2,0.4\n";
  og_model *model = NULL;
  og_table *table = NULL;
  og_objective *objective = NULL;
  og_batches *batches = NULL;
  og_trainer *trainer = NULL;
  MUST(context, og_model_create_from_text(context, "decay", text, strlen(text), &model));
  MUST(context, og_table_create_from_text(context, "data", csv, strlen(csv), &table));
  MUST(context, og_objective_create(context, model, table, NULL, &objective));
  MUST(context, og_batches_create_for_objective(objective, options, &batches));
  SEE(og_batches_training(batches, NULL) == 1);
  MUST(context, og_trainer_create_for_objective(objective, options, NULL, &trainer));
  MUST(context, og_trainer_step(trainer));
  og_trainer_destroy(trainer);
  og_batches_destroy(batches);
  og_objective_destroy(objective);
  og_table_destroy(table);
  og_model_destroy(model);
  return 0;
}

int call_training(og_context *context) {
  og_options *options = NULL;
  MUST(context, og_options_create(context, &options));
  MUST(context, og_options_set_choice(options, OG_OPT_OPTIMIZER, OG_OPTIMIZER_ADAM));
  MUST(context, og_options_set_integer(options, OG_OPT_BATCH, 2));
  MUST(context, og_options_set_integer(options, OG_OPT_EPOCHS, 3));
  int failed = call_updater(context, options) || call_batches(context, options) ||
               call_trainer(context, options) || call_objective(context, options);
  og_options_destroy(options);
  return failed;
}

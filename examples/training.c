/* A neural ODE x' = g(x) learned from eight solutions of x' = x - x^3: first with the pieces put together by
 * hand (data, loss, batches, optimiser), then by the trainer. */
#include <math.h>
#include <odegrad.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRAJECTORIES = 8, ROWS = 21, LINE = 64 };

static const char model_text[] = "net g = mlp(1, 16, 1; tanh)\n"
                                 "input x0\n"
                                 "init x = x0\n"
                                 "x' = g(x)\n"
                                 "observe x ~ squared_error(x)\n";

/* x(t) = x0 e^t / sqrt(1 - x0^2 + x0^2 e^(2t)), x0 from -1.75 to 1.75 */
static og_status make_data(og_context *context, og_table **out) {
  char *csv = malloc(LINE * (TRAJECTORIES * ROWS + 1));
  size_t used = (size_t)sprintf(csv, "id,t,x,x0\n");
  for (int m = 0; m < TRAJECTORIES; m++)
    for (int i = 0; i < ROWS; i++) {
      double x0 = -1.75 + 0.5 * m, t = 0.1 * i;
      double x = x0 * exp(t) / sqrt(1 - x0 * x0 + x0 * x0 * exp(2 * t));
      used += (size_t)sprintf(csv + used, "%d,%.3f,%.12f,%.12f\n", m, t, x, x0);
    }
  og_status status = og_table_create_from_text(context, "wells", csv, used, out);
  free(csv);
  return status;
}

static int fail(og_context *context) { return fprintf(stderr, "%s\n", og_context_message(context)), 1; }

/* for batch in loader: optimizer.zero_grad(); loss.backward(); optimizer.step() */
static og_status train_by_hand(og_context *context, og_objective *objective, const og_options *options,
                               size_t p, double *theta, double losses[2]) {
  og_batches *batches = NULL;
  og_updater *updater = NULL;
  double *gradient = malloc(p * sizeof *gradient);
  og_status status = og_batches_create_for_objective(objective, options, &batches);
  if (status == OG_OK) status = og_updater_create(context, options, p, &updater);
  for (long long step = 0, steps = 1000; step < steps && status == OG_OK; step++) {
    size_t count, values;
    const og_window *windows;
    double loss;
    og_batches_next(batches, &count, &windows);
    status = og_objective_evaluate_batch(objective, theta, count, windows, &loss, &values, gradient);
    for (size_t i = 0; i < p && status == OG_OK; i++) gradient[i] /= (double)values; /* reduction="mean" */
    if (status == OG_OK)
      status = og_updater_step(updater, og_learning_rate_factor(options, step, steps), gradient, theta);
    losses[step > 0] = loss / (double)values; /* the first and the last */
  }
  og_updater_destroy(updater);
  og_batches_destroy(batches);
  free(gradient);
  return status;
}

/* The same with everything around it: epochs, validation, the best theta, what is to be saved. */
static int follow(const og_training *training, void *user) {
  (void)user;
  if (training->ended && training->ended->epoch % 100 == 0)
    printf("epoch %zu of %zu\n", training->ended->epoch, training->epochs);
  return 0; /* anything else ends the training */
}

static og_status train(og_objective *objective, const og_options *options, double *best_loss) {
  og_trainer *trainer = NULL;
  og_status status = og_trainer_create_for_objective(objective, options, NULL, &trainer);
  if (status == OG_OK) status = og_trainer_run(trainer, follow, NULL);
  if (status == OG_OK) {
    *best_loss = og_trainer_best_loss(trainer);
    printf("%s\n", og_trainer_reason(trainer));
  }
  og_trainer_destroy(trainer);
  return status;
}

int main(void) {
  og_context *context = NULL;
  og_model *model = NULL;
  og_table *data = NULL;
  og_options *options = NULL;
  og_objective *objective = NULL;
  if (og_context_create(NULL, NULL, NULL, &context) != OG_OK) return 1;
  if (og_model_create_from_text(context, "wells.ode", model_text, strlen(model_text), &model) != OG_OK)
    return fail(context);
  if (make_data(context, &data) != OG_OK || og_options_create(context, &options) != OG_OK)
    return fail(context);
  og_options_set_text(options, "optimizer", "adam");
  og_options_set_text(options, "learning-rate", "0.05");
  og_options_set_text(options, "lr-schedule", "cosine");
  og_options_set_text(options, "batch", "4");
  og_options_set_text(options, "epochs", "500");
  og_options_set_text(options, "seed", "2");
  if (og_objective_create(context, model, data, options, &objective) != OG_OK) return fail(context);

  size_t p = og_field_parameters(og_model_field(model));
  double *theta = malloc(p * sizeof *theta), losses[2] = {0}, best = 1;
  og_model_initialize(model, 2, theta);
  if (train_by_hand(context, objective, options, p, theta, losses) != OG_OK) return fail(context);
  printf("by hand: the loss fell to less than a twentieth: %s\n", losses[1] < losses[0] / 20 ? "yes" : "no");
  og_options_set_text(options, "validation", "0.25");
  if (train(objective, options, &best) != OG_OK) return fail(context);
  printf("by the trainer: so did that of what was held out: %s\n", best < losses[0] / 20 ? "yes" : "no");

  free(theta);
  og_objective_destroy(objective);
  og_options_destroy(options);
  og_table_destroy(data);
  og_model_destroy(model);
  og_context_destroy(context);
  return 0;
}

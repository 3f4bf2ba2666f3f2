/* Objectives and fits: x' = -k x from x = 1, to data that are exp(-t / 2) at t = 0, 1, 2. */
#include "calls.h"

static const char text[] = "param k = 0.3 in [0, 10]\ninit x = 1\nx' = -k*x\nobserve x ~ normal(x, 1)\n";
static const char csv[] = "t,x\n0,1\n1,0.60653065971263342\n2,0.36787944117144233\n";

static int make(og_context *context, og_model **model, og_table **table, og_objective **objective) {
  MUST(context, og_model_create_from_text(context, "decay", text, strlen(text), model));
  MUST(context, og_table_create_from_text(context, "data", csv, strlen(csv), table));
  MUST(context, og_objective_create(context, *model, *table, NULL, objective));
  return 0;
}

/* L = sum (exp(-k t) - x)^2 / 2 + 3 log(2 pi) / 2. */
static double loss_of(double k) {
  double a = exp(-k) - exp(-0.5), b = exp(-2 * k) - exp(-1);
  return (a * a + b * b) / 2 + 1.5 * log(2 * acos(-1));
}
static double slope_of(double k) {
  return -(exp(-k) - exp(-0.5)) * exp(-k) - 2 * (exp(-2 * k) - exp(-1)) * exp(-2 * k);
}

static int see_gradients(og_context *context, og_objective *objective) {
  const double k = 0.3, direction = 1;
  const size_t entry = 0;
  double loss, gradient, error, product, hessian, x_bar, t0_bar, t1_bar, t0, t1;
  SIZED(og_gradient_error, known);
  og_window window;
  size_t values;
  MUST(context, og_objective_evaluate(objective, &k, &loss, &gradient));
  SEE(near_to(loss, loss_of(k), 1e-6) && near_to(gradient, slope_of(k), 1e-5));
  MUST(context, og_objective_initial_gradient(objective, &x_bar));
  MUST(context, og_objective_time_gradient(objective, &t0_bar, &t1_bar));
  MUST(context, og_objective_gradient_error(objective, &known));
  SEE(known.parameters < 1e-2 && og_objective_stat(objective, OG_STAT_STEPS) > 0);
  SEE(!og_objective_linear_solver(objective));
  MUST(context, og_objective_evaluate_with(objective, OG_ADJOINT_FORWARD, &k, &loss, &gradient));
  SEE(near_to(gradient, slope_of(k), 1e-5));
  MUST(context, og_objective_differences(objective, &k, &gradient, &error));
  SEE(near_to(gradient, slope_of(k), 1e-5));
  MUST(context, og_objective_differences_of(objective, &k, 1, &entry, &gradient, NULL));
  MUST(context, og_objective_hessian_product(objective, &k, &direction, &product));
  MUST(context, og_objective_hessian(objective, &k, &hessian));
  SEE(near_to(product, hessian, 1e-9) &&
      near_to(hessian, (slope_of(k + 1e-5) - slope_of(k - 1e-5)) / 2e-5, 1e-4));
  SEE(og_objective_trajectories(objective) == 1 && og_objective_rows(objective, 0) == 3 &&
      og_objective_values(objective) == 3);
  MUST(context, og_objective_span(objective, 0, &t0, &t1));
  SEE(t0 == 0 && t1 == 2);
  MUST(context, og_objective_check_windows(objective));
  memset(&window, 0, sizeof window); /* the whole trajectory */
  MUST(context, og_objective_evaluate_batch(objective, &k, 1, &window, &loss, &values, &gradient));
  SEE(values == 3 && near_to(loss, loss_of(k), 1e-6));
  MUST(context, og_objective_loss(&k, 1, &window, &loss, &values, NULL, objective));
  SEE(values == 3 && near_to(loss, loss_of(k), 1e-6));
  return 0;
}

int call_objectives(og_context *context) {
  og_model *model = NULL;
  og_table *table = NULL;
  og_objective *objective = NULL;
  int failed = make(context, &model, &table, &objective) || see_gradients(context, objective);
  og_objective_destroy(objective);
  og_table_destroy(table);
  og_model_destroy(model);
  return failed;
}

static int count_progress(const og_progress *progress, void *user) {
  if (progress->evaluations > 0) ++*(int *)user;
  return 0;
}

int call_fits(og_context *context) {
  og_model *model = NULL;
  og_table *table = NULL;
  og_objective *objective = NULL;
  og_fit *fit = NULL;
  double k, error;
  int reports = 0, at_bound;
  if (make(context, &model, &table, &objective)) return 1;
  MUST(context, og_fit_create(objective, NULL, NULL, count_progress, &reports, &fit));
  MUST(context, og_fit_estimate(fit, &k));
  MUST(context, og_fit_standard_errors(fit, &error));
  MUST(context, og_fit_at_bound(fit, &at_bound));
  SEE(near_to(k, 0.5, 1e-4) && near_to(og_fit_loss(fit), loss_of(0.5), 1e-8) && error > 0 && !at_bound);
  SEE(reports > 0 && og_fit_iterations(fit) > 0 && og_fit_converged(fit) && og_fit_reason(fit)[0]);
  og_fit_destroy(fit);
  og_objective_destroy(objective);
  og_table_destroy(table);
  og_model_destroy(model);
  return 0;
}

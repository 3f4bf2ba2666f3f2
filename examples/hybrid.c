/* A hybrid model made by calls: x' = x - f(x) x, births that are known and a network f for what crowding
 * takes, fitted to solutions of x' = x (1 - x/4) from three starts, and held against one from a fourth. */
#include <math.h>
#include <odegrad.h>
#include <stdio.h>

enum { ROWS = 13, LINE = 64 };

/* The logistic curve: 4 / (1 + (4/x0 - 1) e^-t) */
static double truth(double x0, double t) { return 4 / (1 + (4 / x0 - 1) * exp(-t)); }

static og_status make_data(og_context *context, og_table **out) {
  static const double starts[] = {0.3, 1, 6};
  char csv[LINE * (3 * ROWS + 1)];
  size_t used = (size_t)sprintf(csv, "id,t,x,x0\n");
  for (int m = 0; m < 3; m++)
    for (int i = 0; i < ROWS; i++)
      used +=
          (size_t)sprintf(csv + used, "%d,%.2f,%.12f,%g\n", m, 0.5 * i, truth(starts[m], 0.5 * i), starts[m]);
  return og_table_parse_csv(context, "starts", csv, used, out);
}

/* Nothing is checked before the end: the first failure is kept until then. */
static og_status make_model(og_context *context, og_model **out) {
  og_builder *b;
  if (og_builder_create(context, &b) != OG_OK) return OG_ERR_MEMORY;
  const size_t one = 1;
  og_value x0 = og_builder_input(b, "x0", 0, NULL, OG_SIGNAL_CONSTANT); /* a column of the data */
  og_value sigma = og_builder_number(b, 0.05);
  og_value x = og_builder_state(b, "x", 0, NULL);
  og_value hidden = og_builder_dense(b, "f.0", og_builder_reshape(b, x, 1, &one), 8, "tanh");
  og_value f = og_builder_reshape(b, og_builder_dense(b, "f.2", hidden, 1, "identity"), 0, NULL);
  og_value taken = og_builder_binary(b, "*", f, x);
  og_builder_set_initial(b, x, x0);
  og_builder_set_derivative(b, x, og_builder_binary(b, "-", x, taken));
  og_builder_observe(b, "x", "normal", 2, (og_value[]){x, sigma});
  og_status status = og_builder_model(b, out);
  og_builder_destroy(b); /* the model has what it needs */
  return status;
}

/* The largest relative error at the times of the data, from a start that was not among them. */
static og_status compare(og_context *context, const og_model *model, const double *theta, double *worst) {
  const double x0 = 2;
  double times[ROWS], x;
  og_solve *solve = NULL;
  for (int i = 0; i < ROWS; i++) times[i] = 0.5 * i;
  og_status status = og_solve_create(context, og_model_field(model), NULL, 1, &solve);
  if (status == OG_OK) status = og_solve_set_span(solve, OG_ALL, 0, times[ROWS - 1]);
  if (status == OG_OK) status = og_solve_set_observations(solve, OG_ALL, ROWS, times);
  if (status == OG_OK) status = og_solve_set_initial_state(solve, OG_ALL, &x0);
  if (status == OG_OK) status = og_solve_set_parameters(solve, OG_ALL, theta);
  if (status == OG_OK) status = og_solve_run(solve);
  for (int i = 0; i < ROWS && status == OG_OK; i++) {
    status = og_solve_observed(solve, 0, (size_t)i, &x);
    *worst = fmax(*worst, fabs(x / truth(x0, times[i]) - 1));
  }
  og_solve_destroy(solve);
  return status;
}

static int fail(og_context *context) { return fprintf(stderr, "%s\n", og_context_message(context)), 1; }

int main(void) {
  og_context *context = NULL;
  og_model *model = NULL;
  og_table *data = NULL;
  og_objective *objective = NULL;
  og_fit *fit = NULL;
  double worst = 0;
  if (og_context_create(NULL, NULL, NULL, &context) != OG_OK) return 1;
  if (make_model(context, &model) != OG_OK || make_data(context, &data) != OG_OK) return fail(context);
  if (og_objective_create(context, model, data, NULL, &objective) != OG_OK) return fail(context);
  if (og_fit_run(objective, NULL, NULL, NULL, NULL, &fit) != OG_OK) return fail(context);

  double theta[25];
  og_fit_estimate(fit, theta);
  printf("%zu weights\n", og_field_parameters(og_model_field(model)));
  if (compare(context, model, theta, &worst) != OG_OK) return fail(context);
  printf("a start that was not fitted: within 2 percent: %s\n", worst < 0.02 ? "yes" : "no");

  og_fit_destroy(fit);
  og_objective_destroy(objective);
  og_table_destroy(data);
  og_model_destroy(model);
  og_context_destroy(context);
  return 0;
}

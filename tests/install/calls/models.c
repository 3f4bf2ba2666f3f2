/* Tables, models and inputs: x' = -k x + u from x = a, with the input u of the table. */
#include "calls.h"

static const char text[] = "param k = 1 in [0, 10], a = 1\ninput u\ninit x = a\nx' = -k*x + u\n"
                           "observe x ~ normal(x, 1)\ntime 0 : 2\n";
static const char csv[] = "t,x,u,id\n0,1,0,p\n1,0.4,0,p\n2,0.1,0,p\n0,1,1,q\n1,1,1,q\n";

static int call_tables(og_context *context) {
  og_table *table = NULL, *again = NULL;
  const double values[2] = {3, 4};
  MUST(context, og_table_create_from_text(context, "data", csv, strlen(csv), &table));
  SEE(og_table_rows(table) == 5 && og_table_columns(table) == 4);
  SEE(strcmp(og_table_column_name(table, 1), "x") == 0 && strcmp(og_table_name(table), "data") == 0);
  SEE(og_table_line(table, 1) == 3 && og_table_column(table, "x")[1] == 0.4);
  SEE(og_table_groups(table) == 2 && og_table_group_of_rows(table)[3] == 1);
  SEE(strcmp(og_table_group_name(table, 1), "q") == 0);
  og_table_destroy(table);
  MUST(context, og_table_create(context, 2, &table));
  MUST(context, og_table_add_column(table, "t", values));
  MUST(context, og_table_write_csv(table, "calls.csv"));
  MUST(context, og_table_create_from_csv(context, "calls.csv", &again));
  SEE(og_table_column(again, "t")[1] == 4);
  og_table_destroy(again);
  og_table_destroy(table);
  return 0;
}

static int see_model(og_context *context, og_model *model) {
  double theta[2], x0, t0, t1, rows[3] = {1, 2, 0}, location;
  SIZED(og_parameter_info, parameter);
  SIZED(og_state_info, state);
  SEE(strcmp(og_model_text(model), text) == 0 && !og_model_saved(model));
  SEE(og_model_parameters(model) == 2 && og_model_states(model) == 1 && og_model_inputs(model) == 1);
  MUST(context, og_model_parameter(model, 0, &parameter));
  MUST(context, og_model_state(model, 0, &state));
  SEE(strcmp(parameter.name, "k") == 0 && parameter.highest == 10 && strcmp(state.name, "x") == 0);
  SEE(strcmp(og_model_input_name(model, 0), "u") == 0);
  MUST(context, og_model_set(model, "a", "2*3"));
  MUST(context, og_model_values(model, theta));
  SEE(theta[1] == 6);
  MUST(context, og_model_initialize(model, 1, theta));
  SEE(theta[1] == 6);
  MUST(context, og_model_initial_state(model, 0, rows, &x0));
  SEE(x0 == 2);
  MUST(context, og_model_span(model, &t0, &t1));
  SEE(t0 == 0 && t1 == 2);
  SEE(og_model_observed(model) == 1 && strcmp(og_model_observed_name(model, 0), "x") == 0);
  MUST(context, og_model_predict(model, 0, &x0, rows, &location));
  SEE(location == 2 && og_model_observed_classes(model, 0) == 0);
  SEE(og_field_inputs(og_model_field(model)) == 1);
  og_status compiled = og_model_compile(model, OG_PRECISION_DOUBLE); /* there may be no compiler */
  SEE(compiled == OG_OK || compiled == OG_ERR_UNSUPPORTED);
  return 0;
}

static int call_classes(og_context *context) {
  static const char classes[] = "param w = 0\ninit x = 0\nx' = 0\n"
                                "observe c ~ categorical_logit([x + w, 0])\ntime 0 : 1\n";
  og_model *model = NULL;
  double probabilities[2];
  const double x = 0, w = 0;
  MUST(context, og_model_create_from_text(context, "classes", classes, strlen(classes), &model));
  SEE(og_model_observed_classes(model, 0) == 2);
  MUST(context, og_model_probabilities(model, 0, 0, &x, &w, probabilities));
  SEE(near_to(probabilities[0], 0.5, 1e-12));
  og_model_destroy(model);
  return 0;
}

static int call_inputs(og_context *context, const og_model *model) {
  og_table *table = NULL;
  og_inputs *inputs = NULL;
  og_solve *solve = NULL;
  double u;
  MUST(context, og_table_create_from_text(context, "data", csv, strlen(csv), &table));
  MUST(context, og_inputs_create(context, model, table, &inputs));
  MUST(context, og_inputs_at(inputs, 1, 0.5, &u));
  SEE(u == 1);
  MUST(context, og_solve_create(context, og_model_field(model), NULL, 2, &solve));
  MUST(context, og_solve_set_span(solve, OG_ALL, 0, 1));
  MUST(context, og_inputs_set(inputs, solve));
  og_solve_destroy(solve);
  og_inputs_destroy(inputs);
  og_table_destroy(table);
  return 0;
}

int call_models(og_context *context) {
  og_model *model = NULL;
  FILE *file = fopen("calls.ode", "w");
  SEE(file && fputs(text, file) >= 0 && fclose(file) == 0);
  MUST(context, og_model_create_from_file(context, "calls.ode", &model));
  int failed = see_model(context, model) || call_inputs(context, model) || call_tables(context) ||
               call_classes(context);
  og_model_destroy(model);
  return failed;
}

/* Every allocation of a model with events and inputs fails in turn, from its text to its gradient. */
#include "counting.h"

static const char text[] = "param k = 0.4, e = 0.8\n"
                           "input u linear, w[2] hold, size\n"
                           "init x = size, v = [0, 1]\n"
                           "x' = -k*x + u\n"
                           "v' = w - v\n"
                           "event low when x - 0.9 = 0 falling { x = x + e; v[2] = x }\n"
                           "event done when t - 3.5 = 0 rising { stop }\n"
                           "observe x ~ normal(x + w[1], 1)\n"
                           "cost final = sum(v) + t\n"
                           "time 0 : 4\n";
static const char csv[] = "t,u,w[1],w[2],size,x\n"
                          "0,0,1,2,1,1\n"
                          "1,0.5,NA,1,1,1.5\n"
                          "3,-1,0,NA,1,NA\n"
                          "4,1,1,1,1,NA\n";

typedef struct parts {
  og_model *model;
  og_table *table;
  og_objective *objective;
} parts;

static og_status build(og_context *context, parts *p) {
  double loss, gradient[2] = {3, 4}, differences[2];
  OG_TRY(og_model_create_from_text(context, "m.ode", text, sizeof text - 1, &p->model));
  OG_TRY(og_table_create_from_text(context, "d.csv", csv, sizeof csv - 1, &p->table));
  OG_TRY(og_model_set(p->model, "e", "0.7"));
  OG_TRY(og_objective_create(context, p->model, p->table, NULL, &p->objective));
  og_status status = og_objective_evaluate(p->objective, (double[]){0.4, 0.7}, &loss, gradient);
  if (status != OG_OK) {
    assert_true(gradient[0] == 3 && gradient[1] == 4); /* nothing is handed over by halves */
    return status;
  }
  return og_objective_differences(p->objective, (double[]){0.4, 0.7}, differences, NULL);
}

static og_status life(og_context *context) {
  parts p = {NULL, NULL, NULL};
  og_status status = build(context, &p);
  og_objective_destroy(p.objective);
  og_table_destroy(p.table);
  og_model_destroy(p.model);
  return status;
}

static void from_text_to_gradient(void **state) {
  (void)state;
  fail_each_allocation(life);
}

/* Networks: nets, layers of their own (so that the text is lowered twice), classes, weights at a fit's start.
 */
static og_status network_life(og_context *context) {
  static const char networks[] = "net f = mlp(3, 4, 2; gelu, weights = normal(0.1), bias = zeros)\n"
                                 "param k = 0.3\n"
                                 "input u[2]\n"
                                 "init x = dense(u, 2; elu)\n"
                                 "x' = f([x, t]) - k*x\n"
                                 "observe label ~ categorical_logit(dense(x, 3))\n";
  static const char labels[] = "t,u[1],u[2],label\n0,1,2,1\n1,1,2,3\n";
  parts p = {NULL, NULL, NULL};
  double loss, theta[64], gradient[64];
  og_status status = og_model_create_from_text(context, "n.ode", networks, sizeof networks - 1, &p.model);
  if (status == OG_OK)
    status = og_table_create_from_text(context, "d.csv", labels, sizeof labels - 1, &p.table);
  if (status == OG_OK) status = og_model_set(p.model, "k", "0.4");
  if (status == OG_OK) status = og_model_initialize(p.model, 3, theta);
  if (status == OG_OK) status = og_objective_create(context, p.model, p.table, NULL, &p.objective);
  if (status == OG_OK) status = og_objective_evaluate(p.objective, theta, &loss, gradient);
  og_objective_destroy(p.objective);
  og_table_destroy(p.table);
  og_model_destroy(p.model);
  return status;
}

static void from_networks_to_gradient(void **state) {
  (void)state;
  fail_each_allocation(network_life);
}

/* A model that is refused leaves nothing behind either. */
static og_status refused(og_context *context) {
  static const char wrong[] = "input u[2, 2], w[3]\ninit x = [1, 2]\nx' = -x\n"
                              "net f = mlp(3, 0; tank), g = mlp(2, 1)\ny = g(x, 1) + exq(2)\n"
                              "event a when x = 0 any { x[2] = 1; x = [1, 2, 3]; y = 2 }\n";
  og_model *model = NULL;
  og_status status = og_model_create_from_text(context, "m.ode", wrong, sizeof wrong - 1, &model);
  assert_null(model);
  return status == OG_ERR_MODEL ? OG_OK : status;
}

/* Nor does one whose statements cannot all be read, beside which the others are looked at. */
static og_status unreadable(og_context *context) {
  static const char wrong[] =
      "param k = 1 +\nnet g = mlp(2, 2; tahn\ninit x = [1, 2]; y(0) = 1\n"
      "x' = g(x)*q*pow(2, 3) + h(\ndx/dt = 2\nz = dense(x, 2)**2 - y(t - 1)\n"
      "observe x ~ normal(x\nevent a when x[1, 2] = 0 any { x = (1\nparam c ~ normal(0, 1)\n";
  og_model *model = NULL;
  og_status status = og_model_create_from_text(context, "m.ode", wrong, sizeof wrong - 1, &model);
  assert_null(model);
  return status == OG_ERR_MODEL ? OG_OK : status;
}

static void mistakes(void **state) {
  (void)state;
  fail_each_allocation(refused);
  fail_each_allocation(unreadable);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(from_text_to_gradient),
                                     cmocka_unit_test(from_networks_to_gradient), cmocka_unit_test(mistakes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

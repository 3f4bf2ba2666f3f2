/* Models made by calls: every kind of node, in a model whose solution is known. */
#include "calls.h"

static og_value sum_of(og_builder *b, og_value x) { return og_builder_unary(b, "sum", x); }

/* Arrangements of c = [[1, 2, 3], [4, 5, 6]] and the sums of their entries, less what these sums are: 0. */
static og_value zeros(og_builder *b) {
  static const double numbers[6] = {1, 2, 3, 4, 5, 6};
  static const size_t two_three[2] = {2, 3}, six = 6, two = 2, three = 3, second = 1, axis = 1;
  static const size_t ends[2] = {0, 5}, last[2] = {2, 2};
  og_value c = og_builder_constant(b, 2, two_three, numbers);
  og_value first_last = og_builder_entries(b, c, 1, &two, ends);           /* [1, 6] */
  og_value added = og_builder_add_entries(b, first_last, 1, &three, last); /* [0, 0, 7] */
  og_value parts[2] = {first_last, added};
  const og_value sums[] = {sum_of(b, og_builder_reshape(b, c, 1, &six)),
                           sum_of(b, og_builder_transpose(b, c, NULL)),
                           sum_of(b, og_builder_slice(b, c, 1, 2, 3, -1)),
                           sum_of(b, og_builder_reduce(b, "sum", c, 1, &axis, 0)),
                           sum_of(b, og_builder_gather(b, c, 0, 1, &second)),
                           sum_of(b, og_builder_product(b, c, added)),
                           sum_of(b, og_builder_concatenate(b, 0, 2, parts)),
                           sum_of(b, og_builder_broadcast(b, og_builder_number(b, 3), 1, &two))};
  const double known[] = {21, 21, 21, 21, 15, 63, 14, 6};
  og_value total = og_builder_number(b, 0);
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    og_value off = og_builder_binary(b, "-", sums[i], og_builder_number(b, known[i]));
    total = og_builder_binary(b, "+", total, og_builder_unary(b, "abs", off));
  }
  return total;
}

/* x' = -k x + zeros, x(0) = 2 + 0 u, with a network that counts nothing; y ~ normal(x, 1), and a cost x(t1).
 */
static int make(og_context *context, og_model **model) {
  const double one = 1, weights[2] = {0.5, -0.25};
  const size_t two = 2;
  size_t rank = 9, shape[2] = {0, 0};
  og_builder *b = NULL;
  MUST(context, og_builder_create(context, &b));
  og_value k = og_builder_parameter(b, "k", 0, NULL, &one, 0, 10), x = og_builder_state(b, "x", 0, NULL);
  og_value u = og_builder_input(b, "u", 0, NULL, OG_SIGNAL_CONSTANT), t = og_builder_time(b);
  og_value w = og_builder_weight(b, "w", 1, &two, weights, 0);
  og_value layer = og_builder_dense(b, "layer", w, 2, "tanh"), nothing = og_builder_number(b, 0);
  og_value factors[2] = {k, og_builder_where(b, og_builder_binary(b, ">=", t, nothing), x, nothing)};
  og_value rate = og_builder_binary(b, "-", zeros(b), og_builder_apply(b, "*", 2, factors));
  og_value idle = og_builder_binary(b, "*", nothing, sum_of(b, layer));
  og_value start = og_builder_binary(b, "+", og_builder_number(b, 2), og_builder_binary(b, "*", nothing, u));
  og_value normal[2] = {x, og_builder_number(b, 1)};
  MUST(context, og_builder_label(b, layer, "the layer"));
  MUST(context, og_builder_shape(b, layer, &rank, shape));
  SEE(rank == 1 && shape[0] == 2);
  MUST(context, og_builder_set_initial(b, x, start));
  MUST(context, og_builder_set_derivative(b, x, og_builder_binary(b, "+", rate, idle)));
  MUST(context, og_builder_observe(b, "y", "normal", 2, normal));
  MUST(context, og_builder_set_final_cost(b, x));
  MUST(context, og_builder_set_span(b, 0, 1));
  MUST(context, og_builder_status(b));
  SEE(strcmp(og_builder_message(b), "") == 0);
  MUST(context, og_builder_model(b, model));
  og_builder_destroy(b);
  return 0;
}

/* The loss of one row y = 2 e^-1 at t = 1 is log(2 pi)/2, and the cost 2 e^-1. */
static int call_model(og_context *context) {
  og_model *model = NULL;
  og_table *data = NULL;
  og_objective *objective = NULL;
  const double end = 2 * exp(-1.0), times[2] = {0, 1}, u[2] = {5, 5}, y[2] = {2, 2 * exp(-1.0)};
  double theta[16], loss = 0;
  if (make(context, &model)) return 1;
  MUST(context, og_model_initialize(model, 1, theta));
  MUST(context, og_table_create(context, 2, &data));
  MUST(context, og_table_add_column(data, "t", times));
  MUST(context, og_table_add_column(data, "u", u));
  MUST(context, og_table_add_column(data, "y", y));
  MUST(context, og_objective_create(context, model, data, NULL, &objective));
  MUST(context, og_objective_evaluate(objective, theta, &loss, NULL));
  SEE(near_to(loss, log(8 * atan(1.0)) + end, 1e-5)); /* two rows; rtol is 1e-6 */
  og_objective_destroy(objective);
  og_table_destroy(data);
  og_model_destroy(model);
  return 0;
}

/* x' = -x from 1 until x is 1/2, at t = log 2; the integral of x is then 1/2. */
static int call_field(og_context *context) {
  og_builder *b = NULL;
  og_field *field = NULL;
  og_solve *solve = NULL;
  const double x0 = 1;
  double x = 0, cost = 0;
  size_t events = 0;
  MUST(context, og_builder_create(context, &b));
  og_value s = og_builder_state(b, "x", 0, NULL), after = s;
  og_value guard = og_builder_binary(b, "-", s, og_builder_number(b, 0.5));
  MUST(context, og_builder_set_derivative(b, s, og_builder_unary(b, "neg", s)));
  MUST(context, og_builder_set_running_cost(b, s));
  MUST(context, og_builder_add_event(b, "half", guard, OG_DIRECTION_FALLING, 1, 1, &s, &after));
  MUST(context, og_builder_field(b, &field));
  og_builder_destroy(b);
  SEE(og_field_compile(field, OG_PRECISION_DOUBLE) != OG_ERR_ARGUMENT); /* there may be no compiler */
  MUST(context, og_solve_create(context, field, NULL, 1, &solve));
  MUST(context, og_solve_set_span(solve, 0, 0, 5));
  MUST(context, og_solve_set_initial_state(solve, 0, &x0));
  MUST(context, og_solve_run(solve));
  MUST(context, og_solve_final(solve, 0, &x));
  MUST(context, og_solve_cost(solve, 0, &cost));
  MUST(context, og_solve_events(solve, 0, &events));
  SEE(events == 1 && near_to(x, 0.5, 1e-5) && near_to(cost, 0.5, 1e-5));
  og_solve_destroy(solve);
  og_field_destroy(field);
  return 0;
}

int call_builder(og_context *context) {
  size_t functions = 0;
  while (og_builder_function_name(functions)) functions++;
  SEE(functions > 50);
  return call_model(context) || call_field(context);
}

/* What is said of mistakes in calls of a builder: the status, and a message that names the call, the nodes
 * and their shapes; that the first one stays; and each allocation made to fail in turn. */
#include <math.h>

#include "building.h"
#include "fields.h"

#define SIZES(...) ((const size_t[]){__VA_ARGS__})

typedef struct mistake {
  og_status status;
  const char *message; /* a part of it */
  void (*make)(og_builder *b);
} mistake;

static og_value x_of(og_builder *b) { return og_builder_state(b, "x", 1, SIZES(3)); }
static og_value matrix_of(og_builder *b) { return og_builder_state(b, "m", 2, SIZES(3, 4)); }

/* ---- Values, names, shapes ---- */
static void no_value(og_builder *b) { call(b, "tanh", 7); }
static void value_zero(og_builder *b) { og_builder_product(b, x_of(b), 0); }
static void bad_name(og_builder *b) { free_param(b, "a b", 1); }
static void empty_name(og_builder *b) { free_param(b, "", 1); }
static void taken_name(og_builder *b) { free_param(b, "x", 1), x_of(b); }
static void no_shape(og_builder *b) { og_builder_state(b, "x", 1, NULL); }
static void nine_dimensions(og_builder *b) { og_builder_state(b, "x", 9, SIZES(1, 1, 1, 1, 1, 1, 1, 1, 1)); }
static void no_entries(og_builder *b) { og_builder_state(b, "x", 2, SIZES(3, 0)); }
static void many_entries(og_builder *b) { og_builder_state(b, "x", 2, SIZES(1001, 1000)); }
static void many_weights(og_builder *b) {
  static const double zeros[600000];
  og_builder_parameter(b, "v", 1, SIZES(600000), zeros, -1, 1);
  og_builder_weight(b, "w", 1, SIZES(600000), NULL, 1);
}
static void infinite_value(og_builder *b) { free_param(b, "k", INFINITY); }
static void no_interval(og_builder *b) { param(b, "k", 1, 1, 1); }
static void outside(og_builder *b) { og_builder_parameter(b, "k", 1, SIZES(2), (double[]){1, 5}, 0, 2); }
static void bad_spread(og_builder *b) { og_builder_weight(b, "w", 0, NULL, NULL, -1); }
static void input_matrix(og_builder *b) { og_builder_input(b, "u", 2, SIZES(2, 2), OG_SIGNAL_HOLD); }
static void input_kind(og_builder *b) { og_builder_input(b, "u", 0, NULL, (og_signal)9); }
static void input_time(og_builder *b) { og_builder_input(b, "t", 0, NULL, OG_SIGNAL_HOLD); }
static void many_inputs(og_builder *b) { og_builder_input(b, "u", 1, SIZES(10001), OG_SIGNAL_HOLD); }

/* ---- Functions ---- */
static void arcsin(og_builder *b) { call(b, "arcsin", x_of(b)); }
static void misspelt(og_builder *b) { call(b, "sigmoyd", x_of(b)); }
static void no_broadcast(og_builder *b) {
  og_value x = x_of(b), m = matrix_of(b);
  og_builder_label(b, m, "hidden");
  add(b, x, m);
}
static void no_broadcast_of_three(og_builder *b) {
  og_value all[] = {num(b, 1), x_of(b), vector(b, 2, (double[]){1, 2})};
  og_builder_apply(b, "where", 3, all);
}
static void two_arguments(og_builder *b) { call(b, "atan2", x_of(b)); }
static void one_argument(og_builder *b) { og_builder_binary(b, "not", num(b, 1), num(b, 2)); }
static void no_argument(og_builder *b) { og_builder_apply(b, "max", 0, NULL); }
static void two_shapes(og_builder *b) { og_builder_binary(b, "dot", x_of(b), matrix_of(b)); }

/* ---- Arrangements ---- */
static void other_count(og_builder *b) { og_builder_reshape(b, matrix_of(b), 2, SIZES(5, 2)); }
static void no_axis(og_builder *b) { og_builder_slice(b, x_of(b), 1, 0, 1, 1); }
static void no_gather_axis(og_builder *b) { og_builder_gather(b, x_of(b), 3, 1, SIZES(0)); }
static void long_slice(og_builder *b) { og_builder_slice(b, x_of(b), 0, 1, 3, 1); }
static void slice_before(og_builder *b) { og_builder_slice(b, x_of(b), 0, 1, 2, -2); }
static void slice_of_none(og_builder *b) { og_builder_slice(b, x_of(b), 0, 0, 0, 1); }
static void slice_standing(og_builder *b) { og_builder_slice(b, x_of(b), 0, 0, 2, 0); }
static void slice_far(og_builder *b) { og_builder_slice(b, x_of(b), 0, 0, 2, 9223372036854775807); }
static void big_index(og_builder *b) { og_builder_gather(b, x_of(b), 0, 2, SIZES(0, 3)); }
static void big_entry(og_builder *b) { og_builder_entries(b, x_of(b), 0, NULL, SIZES(12)); }
static void big_target(og_builder *b) { og_builder_add_entries(b, x_of(b), 0, NULL, SIZES(0, 0, 1)); }
static void axis_twice(og_builder *b) { og_builder_transpose(b, matrix_of(b), SIZES(1, 1)); }
static void order_beyond(og_builder *b) { og_builder_transpose(b, matrix_of(b), SIZES(0, 2)); }
static void no_spread(og_builder *b) { og_builder_broadcast(b, x_of(b), 2, SIZES(3, 4)); }
static void no_join(og_builder *b) {
  og_builder_concatenate(b, 0, 2, (og_value[]){matrix_of(b), og_builder_reshape(b, x_of(b), 2, SIZES(1, 3))});
}
static void join_of_none(og_builder *b) { og_builder_concatenate(b, 0, 0, NULL); }
static void join_axis(og_builder *b) { og_builder_concatenate(b, 1, 1, (og_value[]){x_of(b)}); }
static void sum_twice(og_builder *b) { og_builder_reduce(b, "sum", matrix_of(b), 2, SIZES(1, 1), 0); }
static void no_reduction(og_builder *b) { og_builder_reduce(b, "mean", x_of(b), 1, SIZES(0), 0); }
static void sum_beyond(og_builder *b) { og_builder_reduce(b, "sum", matrix_of(b), 1, SIZES(2), 0); }

/* ---- Products ---- */
static void scalar_product(og_builder *b) { og_builder_product(b, num(b, 2), x_of(b)); }
static void no_product(og_builder *b) {
  og_value m = matrix_of(b);
  og_builder_product(b, m, x_of(b));
}
static void no_stack(og_builder *b) {
  og_value two = og_builder_constant(b, 3, SIZES(2, 1, 1), (double[]){1, 2}),
           three = og_builder_constant(b, 3, SIZES(3, 1, 1), (double[]){1, 2, 3});
  og_builder_product(b, two, three);
}
static void no_activation(og_builder *b) { og_builder_dense(b, "f", x_of(b), 4, "tanhh"); }
static void layer_of_matrix(og_builder *b) { og_builder_dense(b, "f", matrix_of(b), 4, "tanh"); }

/* ---- Statements ---- */
static void not_a_state(og_builder *b) {
  og_value one = num(b, 1);
  og_builder_set_initial(b, one, one);
}
static void state_shape(og_builder *b) { og_builder_set_derivative(b, x_of(b), matrix_of(b)); }
static void initial_twice(og_builder *b) {
  og_value x = state(b, "x", 1, num(b, 1));
  og_builder_set_initial(b, x, num(b, 1));
}
static void initial_of_state(og_builder *b) {
  og_value x = x_of(b);
  og_builder_set_initial(b, x, mul(b, num(b, 2), x));
}
static void derivative_twice(og_builder *b) {
  og_value x = x_of(b);
  og_builder_set_derivative(b, x, x);
  og_builder_set_derivative(b, x, x);
}
static void cost_vector(og_builder *b) { og_builder_set_running_cost(b, x_of(b)); }
static void cost_twice(og_builder *b) {
  og_builder_set_final_cost(b, num(b, 1));
  og_builder_set_final_cost(b, num(b, 1));
}
static void endless(og_builder *b) { og_builder_set_span(b, 0, INFINITY); }
static void no_distribution(og_builder *b) { observe(b, "y", "norml", x_of(b), num(b, 1)); }
static void one_parameter(og_builder *b) { observe(b, "y", "normal", x_of(b), 0); }
static void no_domain(og_builder *b) { observe(b, "y", "normal", x_of(b), num(b, -1)); }
static void argument_shape(og_builder *b) {
  observe(b, "y", "normal", x_of(b), og_builder_reshape(b, vector(b, 2, (double[]){1, 2}), 1, SIZES(2)));
}
static void one_class(og_builder *b) { observe(b, "y", "categorical_logit", num(b, 1), 0); }
static void observed_twice(og_builder *b) {
  og_value x = x_of(b);
  observe(b, "y", "squared_error", x, 0);
  observe(b, "y", "squared_error", x, 0);
}
static void observed_time(og_builder *b) { observe(b, "time", "squared_error", x_of(b), 0); }

/* ---- Events ---- */
static og_status event(og_builder *b, og_value guard, size_t count, const og_value *states,
                       const og_value *after) {
  return og_builder_add_event(b, "hit", guard, OG_DIRECTION_ANY, 0, count, states, after);
}
static void vector_guard(og_builder *b) { event(b, x_of(b), 0, NULL, NULL); }
static void still_guard(og_builder *b) { x_of(b), event(b, free_param(b, "k", 1), 0, NULL, NULL); }
static void set_no_state(og_builder *b) {
  og_value x = x_of(b), k = free_param(b, "k", 1);
  event(b, entry(b, x, 0), 1, &k, &x);
}
static void set_twice(og_builder *b) {
  og_value x = x_of(b);
  event(b, entry(b, x, 0), 2, (og_value[]){x, x}, (og_value[]){x, x});
}
static void set_shape(og_builder *b) {
  og_value x = x_of(b), m = matrix_of(b);
  event(b, entry(b, x, 0), 1, &x, &m);
}
static void no_direction(og_builder *b) {
  og_builder_add_event(b, "hit", x_of(b), (og_direction)7, 0, 0, NULL, NULL);
}
static void early_event(og_builder *b) { event(b, og_builder_time(b), 0, NULL, NULL); }
static void late_state(og_builder *b) {
  x_of(b);
  event(b, og_builder_time(b), 0, NULL, NULL);
  og_builder_state(b, "z", 0, NULL);
}

/* ---- What is missing ---- */
static void nothing(og_builder *b) { (void)b; }
static void no_derivative(og_builder *b) { state(b, "x", 3, num(b, 1)); }
static void no_initial(og_builder *b) { og_builder_set_derivative(b, x_of(b), num(b, 1)); }

static const mistake mistakes[] = {
    {OG_ERR_ARGUMENT, "og_builder_unary: 7 is no value of this builder, which has 1 to 0", no_value},
    {OG_ERR_ARGUMENT, "og_builder_product: 0 is no value", value_zero},
    {OG_ERR_NAME, "og_builder_parameter: 'a b' cannot be a name", bad_name},
    {OG_ERR_NAME, "'' cannot be a name", empty_name},
    {OG_ERR_NAME, "og_builder_state: there is a 'x' already", taken_name},
    {OG_ERR_ARGUMENT, "og_builder_state: the argument shape is NULL", no_shape},
    {OG_ERR_SHAPE, "9 dimensions: there are 8 at most", nine_dimensions},
    {OG_ERR_SHAPE, "dimension 1 is 0: each is at least 1", no_entries},
    {OG_ERR_SHAPE, "dimension 1 is 1000: each is at least 1, and all entries together are 1000000",
     many_entries},
    {OG_ERR_SHAPE, "og_builder_weight: 'w': over 1000000 entries in all", many_weights},
    {OG_ERR_NOT_FINITE, "'k': value 0 is inf", infinite_value},
    {OG_ERR_BOUNDS, "the lower bound 1 is not below the upper bound 1", no_interval},
    {OG_ERR_BOUNDS, "'k': value 1 is 5, which lies outside its bounds [0, 2]", outside},
    {OG_ERR_BOUNDS, "the spread of weights is 0 or more, not -1", bad_spread},
    {OG_ERR_SHAPE, "'u': an input is a scalar or a vector", input_matrix},
    {OG_ERR_ARGUMENT, "'u': no signal is of that kind", input_kind},
    {OG_ERR_NAME, "'t' cannot be the name of a column", input_time},
    {OG_ERR_SHAPE, "'u': over 10000 input columns in all", many_inputs},
    {OG_ERR_NAME, "og_builder_unary: there is no function 'arcsin'; write asin(x)", arcsin},
    {OG_ERR_NAME, "there is no function 'sigmoyd'; did you mean 'sigmoid'?", misspelt},
    {OG_ERR_SHAPE,
     "og_builder_binary: the arguments of '+' cannot be broadcast to one shape: value 1, [3] and value 2 "
     "(hidden), [3, 4]",
     no_broadcast},
    {OG_ERR_SHAPE, "the arguments of 'where' cannot be broadcast to one shape: value 2, [3] and value 3, [2]",
     no_broadcast_of_three},
    {OG_ERR_ARGUMENT, "'atan2' takes 2 arguments, not 1", two_arguments},
    {OG_ERR_ARGUMENT, "'not' takes 1 argument, not 2", one_argument},
    {OG_ERR_ARGUMENT, "'max' takes 2 arguments, not 0", no_argument},
    {OG_ERR_SHAPE, "the arguments of 'dot' have different shapes", two_shapes},
    {OG_ERR_SHAPE, "og_builder_reshape: value 1, [3, 4] cannot be [5, 2]", other_count},
    {OG_ERR_SHAPE, "og_builder_slice: there is no axis 1 in value 1, [3]", no_axis},
    {OG_ERR_SHAPE, "og_builder_gather: there is no axis 3 in value 1, [3]", no_gather_axis},
    {OG_ERR_SHAPE, "3 entries from 1 on in steps of 1 do not lie within axis 0 of value 1, [3]", long_slice},
    {OG_ERR_SHAPE, "2 entries from 1 on in steps of -2", slice_before},
    {OG_ERR_SHAPE, "0 entries from 0 on", slice_of_none},
    {OG_ERR_SHAPE, "2 entries from 0 on in steps of 0", slice_standing},
    {OG_ERR_SHAPE, "2 entries from 0 on in steps of 9223372036854775807", slice_far},
    {OG_ERR_SHAPE, "og_builder_gather: index 1 is 3: they go from 0 to 2", big_index},
    {OG_ERR_SHAPE, "og_builder_entries: index 0 is 12: they go from 0 to 2", big_entry},
    {OG_ERR_SHAPE, "og_builder_add_entries: index 2 is 1: they go from 0 to 0", big_target},
    {OG_ERR_SHAPE, "axis 1 stands twice in the order for value 1, [3, 4]", axis_twice},
    {OG_ERR_SHAPE, "og_builder_transpose: there is no axis 2", order_beyond},
    {OG_ERR_SHAPE, "og_builder_broadcast: value 1, [3] cannot be broadcast to [3, 4]", no_spread},
    {OG_ERR_SHAPE, "cannot stand one behind the other along axis 0", no_join},
    {OG_ERR_ARGUMENT, "og_builder_concatenate: 0 values", join_of_none},
    {OG_ERR_SHAPE, "og_builder_concatenate: there is no axis 1 in value 1, [3]", join_axis},
    {OG_ERR_SHAPE, "axis 1 of value 1, [3, 4] is given twice", sum_twice},
    {OG_ERR_NAME, "og_builder_reduce: axes are reduced by 'sum', 'min' or 'max', not 'mean'", no_reduction},
    {OG_ERR_SHAPE, "axis 2 of value 1, [3, 4] is not there", sum_beyond},
    {OG_ERR_SHAPE, "a scalar is multiplied by og_builder_binary", scalar_product},
    {OG_ERR_SHAPE, "og_builder_product: value 1, [3, 4] and value 2, [3] cannot be multiplied", no_product},
    {OG_ERR_SHAPE, "[2, 1, 1] and value 2, [3, 1, 1] cannot be multiplied", no_stack},
    {OG_ERR_NAME, "there is no activation 'tanhh'; did you mean 'tanh'?", no_activation},
    {OG_ERR_SHAPE, "a layer takes a vector, not value 1, [3, 4]", layer_of_matrix},
    {OG_ERR_ARGUMENT, "og_builder_set_initial: value 1, [] is no state", not_a_state},
    {OG_ERR_SHAPE, "'x' has the shape [3], and cannot be given value ", state_shape},
    {OG_ERR_STATE, "'x' has an initial value already", initial_twice},
    {OG_ERR_ARGUMENT, "the initial value of 'x' reads a state", initial_of_state},
    {OG_ERR_STATE, "'x' has a derivative already", derivative_twice},
    {OG_ERR_SHAPE, "og_builder_set_running_cost: a cost is one number, not value 1, [3]", cost_vector},
    {OG_ERR_STATE, "there is a cost of this kind already", cost_twice},
    {OG_ERR_NOT_FINITE, "times are finite, not 0 and inf", endless},
    {OG_ERR_NAME, "there is no distribution 'norml'; did you mean 'normal'?", no_distribution},
    {OG_ERR_ARGUMENT, "normal takes 2 arguments, not 1", one_parameter},
    {OG_ERR_BOUNDS, "sigma of normal must be a finite number above 0, not -1", no_domain},
    {OG_ERR_SHAPE, "sigma of normal is value ", argument_shape},
    {OG_ERR_SHAPE, "1 entry for classes, of which there are two or more", one_class},
    {OG_ERR_NAME, "column 'y' is observed already", observed_twice},
    {OG_ERR_NAME, "'time' cannot be the name of a column", observed_time},
    {OG_ERR_SHAPE, "the guard of 'hit' is one number, not value 1, [3]", vector_guard},
    {OG_ERR_ARGUMENT, "the guard of 'hit' reads neither a state nor t", still_guard},
    {OG_ERR_ARGUMENT, "'hit' sets states, and value 2, [] is none", set_no_state},
    {OG_ERR_ARGUMENT, "'hit' sets 'x' twice", set_twice},
    {OG_ERR_SHAPE, "'x' has the shape [3], and 'hit' cannot set it to value 2, [3, 4]", set_shape},
    {OG_ERR_ARGUMENT, "no event has that direction", no_direction},
    {OG_ERR_STATE, "events come behind all states, and there is none", early_event},
    {OG_ERR_STATE, "'z': states come before events", late_state},
    {OG_ERR_MODEL, "the model has no states", nothing},
    {OG_ERR_MODEL, "the state 'x' has no derivative", no_derivative},
    {OG_ERR_MODEL, "the state 'x' has no initial value", no_initial}};
enum { MISTAKES = sizeof mistakes / sizeof *mistakes };

/* The model is refused with the status and message of the mistake, again and again. */
static void every_mistake(void **s) {
  (void)s;
  for (int i = 0; i < MISTAKES; i++) {
    const mistake *m = &mistakes[i];
    og_context *context = new_context();
    og_builder *b = NULL;
    og_model *model = NULL;
    CHECK(context, og_builder_create(context, &b));
    m->make(b);
    for (int again = 0; again < 2; again++) {
      og_status status = og_builder_model(b, &model);
      if (status != m->status)
        fail_msg("mistake %d: %s, \"%s\"", i, og_status_name(status), og_context_message(context));
      assert_contains(og_context_message(context), m->message);
      assert_null(model);
    }
    if (m->status != OG_ERR_MODEL) {
      assert_int_equal(og_builder_status(b), m->status);
      assert_contains(og_builder_message(b), m->message);
    }
    og_builder_destroy(b);
    og_context_destroy(context);
  }
}

/* From the first mistake on nothing is done, and its message is what is said. */
static void the_first_one_stays(void **s) {
  (void)s;
  og_context *context = new_context();
  og_builder *b = NULL;
  CHECK(context, og_builder_create(context, &b));
  og_value x = x_of(b);
  assert_true(x > 0);
  assert_string_equal(og_builder_message(b), "");
  assert_int_equal(call(b, "tahn", x), 0);
  char first[256];
  snprintf(first, sizeof first, "%s", og_builder_message(b));
  assert_string_equal(og_context_message(context), first);
  assert_int_equal(add(b, x, x), 0);
  assert_int_equal(og_builder_state(b, "y", 0, NULL), 0);
  assert_int_equal(og_builder_set_derivative(b, x, x), OG_ERR_NAME);
  assert_string_equal(og_context_message(context), first);
  assert_string_equal(og_builder_message(b), first);
  size_t rank;
  assert_int_equal(og_builder_shape(b, x, &rank, NULL), OG_OK); /* looking is always possible */
  assert_int_equal(rank, 1);
  assert_int_equal(og_builder_shape(b, 9, &rank, NULL), OG_ERR_ARGUMENT);
  assert_string_equal(og_builder_message(b), first);
  og_builder_destroy(b);
  og_context_destroy(context);
}

/* What is missing can be added; behind a model nothing can. */
static void missing_and_closed(void **s) {
  (void)s;
  og_context *context = new_context();
  og_builder *b = NULL;
  og_model *model = NULL, *again = NULL;
  og_field *field = NULL;
  CHECK(context, og_builder_create(context, &b));
  og_value x = x_of(b);
  assert_int_equal(og_builder_model(b, &model), OG_ERR_MODEL);
  assert_int_equal(og_builder_field(b, &field), OG_ERR_MODEL);
  CHECK(context, og_builder_set_derivative(b, x, neg(b, x)));
  assert_int_equal(og_builder_model(b, &model), OG_ERR_MODEL);
  CHECK(context, og_builder_set_initial(b, x, num(b, 2)));
  CHECK(context, og_builder_model(b, &model));
  CHECK(context, og_builder_model(b, &again));
  CHECK(context, og_builder_field(b, &field));
  assert_true(model != again);
  assert_int_equal(og_builder_number(b, 1), 0);
  assert_int_equal(og_builder_status(b), OG_ERR_STATE);
  assert_contains(og_builder_message(b), "a model has been made of this builder");
  og_builder_destroy(b);
  og_model_destroy(model);
  assert_int_equal(og_field_states(field), 3);
  assert_int_equal(og_model_states(again), 1);
  og_model_destroy(again);
  og_field_destroy(field);
  og_context_destroy(context);
}

/* ---- Memory ---- */

/* Everything that a builder can be asked for. */
static void build_all(og_builder *b) {
  og_value k = og_builder_parameter(b, "k", 1, SIZES(3), (double[]){1, 2, 3}, 0, 9);
  og_value u = og_builder_input(b, "u", 1, SIZES(2), OG_SIGNAL_LINEAR), t = og_builder_time(b);
  og_value w = og_builder_weight(b, "w", 2, SIZES(3, 3), NULL, 0.1);
  og_value x = og_builder_state(b, "x", 1, SIZES(3)), z = og_builder_state(b, "z", 2, SIZES(2, 3));
  og_builder_label(b, w, "weights");
  og_builder_set_initial(b, x, k);
  og_builder_set_initial(b, z, num(b, 1));
  og_value turned = og_builder_transpose(b, z, NULL), square = og_builder_product(b, z, turned);
  og_value sums = og_builder_reduce(b, "sum", square, 1, SIZES(0), 0),
           layer = og_builder_dense(b, "f", x, 2, "gelu");
  og_value all[] = {sums, u, layer}, long_one = og_builder_concatenate(b, 0, 3, all);
  og_value some = og_builder_gather(b, long_one, 0, 3, SIZES(4, 0, 2));
  og_builder_reduce(b, "max", square, 1, SIZES(1), 1);
  og_value back = og_builder_add_entries(b, long_one, 1, SIZES(3), SIZES(0, 2, 2, 0, 1, 1));
  og_value spread = og_builder_broadcast(b, mul(b, some, back), 2, SIZES(2, 3));
  og_value later = og_builder_slice(b, og_builder_reshape(b, spread, 1, SIZES(6)), 0, 5, 3, -2);
  og_value pulled = og_builder_product(b, w, call(b, "tanh", later)), push = mul(b, t, k);
  og_builder_set_derivative(b, x, sub(b, og_builder_binary(b, "min", pulled, push), x));
  og_builder_set_derivative(b, z, sub(b, num(b, 0.1), z));
  og_builder_set_running_cost(b, call(b, "norm2", x));
  og_builder_set_final_cost(b, og_builder_where(b, t, entry(b, x, 0), entry(b, x, 1)));
  observe(b, "y", "normal", x, num(b, 0.5));
  og_value half = mul(b, x, num(b, 0.5));
  og_builder_add_event(b, "hit", sub(b, t, num(b, 0.3)), OG_DIRECTION_RISING, 0, 1, &x, &half);
  og_builder_set_span(b, 0, 1);
}

static og_status evaluate(og_context *context, const og_model *model) {
  static const char csv[] = "t,y[1],y[2],y[3],u[1],u[2]\n0,1,2,3,0.1,0.2\n1,1,1,NA,0.3,0.1\n";
  og_table *data = NULL;
  og_objective *objective = NULL;
  double theta[32], gradient[32], loss;
  og_status status = og_table_parse_csv(context, "d", csv, strlen(csv), &data);
  if (status == OG_OK) status = og_objective_create(context, model, data, NULL, &objective);
  if (status == OG_OK) status = og_model_initialize(model, 1, theta);
  if (status == OG_OK) status = og_objective_evaluate(objective, theta, &loss, gradient);
  og_objective_destroy(objective);
  og_table_destroy(data);
  return status;
}

static og_status build_and_evaluate(og_context *context) {
  og_builder *b = NULL;
  og_model *model = NULL;
  og_status status = og_builder_create(context, &b);
  if (status != OG_OK) return status;
  build_all(b);
  status = og_builder_model(b, &model);
  og_builder_destroy(b);
  if (status == OG_OK) status = evaluate(context, model);
  og_model_destroy(model);
  return status;
}

static void every_allocation(void **s) {
  (void)s;
  fail_each_allocation(build_and_evaluate);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_mistake), cmocka_unit_test(the_first_one_stays),
                                     cmocka_unit_test(missing_and_closed),
                                     cmocka_unit_test(every_allocation)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

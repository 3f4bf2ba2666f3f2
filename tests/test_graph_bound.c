/* The bound form of a graph field: the bits of the source form where weights are rows of lanes, sums over
 * lanes against those rows, tapes, differences, a closed form, refusals, memory. */
#include <float.h>
#include <math.h>

#include "base/real.h"
#include "counting.h"
#include "field/field.h"
#include "graph_field/graph_field.h"

static const og_shape scalar = {1, 1};
static og_node parameter(og_graph *g, int offset, og_shape shape) {
  return og_input(g, OG_SLOT_PARAMETER, offset, shape);
}

/* W x + b with the weights from *at on, which is moved behind them. */
static og_node layer(og_graph *g, int *at, int in, int out, og_node x) {
  og_node w = parameter(g, *at, (og_shape){out, in}), b = parameter(g, *at + in * out, (og_shape){out, 1});
  *at += (in + 1) * out;
  return og_apply2(g, OG_ADD, og_matvec(g, w, x), b);
}
static og_node net(og_graph *g, int at, int in, int hidden, int out, og_unary activation, og_node x) {
  og_node y = og_apply1(g, activation, layer(g, &at, in, hidden, x));
  y = og_apply1(g, activation, layer(g, &at, hidden, hidden, y));
  return layer(g, &at, hidden, out, y);
}
static int net_weights(int in, int hidden, int out) {
  return (in + 1 + hidden + 1) * hidden + (hidden + 1) * out;
}

static og_node state_of(og_graph *g, int n) { return og_input(g, OG_SLOT_STATE, 0, (og_shape){n, 1}); }
static og_node cube(og_graph *g, og_node x) { return og_apply2(g, OG_MUL, x, og_apply2(g, OG_MUL, x, x)); }

/* ---- Dynamics ---- */

/* A neural ODE: x' = net(x^3). */
static og_graph_dynamics neural(og_graph *g) {
  return (og_graph_dynamics){.f = net(g, 0, 2, 50, 2, OG_TANH, cube(g, state_of(g, 2))),
                             .parameters = (size_t)net_weights(2, 50, 2),
                             .weights = (size_t)net_weights(2, 50, 2)};
}

/* A net with ramps, a layer that reads NaN where it is not taken, and a final activation. */
static og_graph_dynamics masked(og_graph *g) {
  og_node x = state_of(g, 3), t = og_input(g, OG_SLOT_TIME, 0, scalar);
  int at = net_weights(3, 7, 3);
  og_node y = net(g, 0, 3, 7, 3, OG_RELU, x);
  og_node roots = og_apply1(g, OG_SQRT, y); /* NaN in many lanes: there nothing of the layer is taken */
  og_node root = layer(g, &at, 3, 3, roots);
  og_node taken = og_where(g, og_apply2(g, OG_GT, root, og_constant(g, 0)), root, og_apply1(g, OG_SIN, t));
  return (og_graph_dynamics){.f = og_apply1(g, OG_TANH, og_apply2(g, OG_SUB, taken, y)),
                             .parameters = (size_t)at,
                             .weights = (size_t)at};
}

/* Two nets, one of them used twice, within equations with two parameters, an input, the time, and weights
 * that are used one by one. */
static og_graph_dynamics universal(og_graph *g) {
  enum { PARAMETERS = 2 };
  og_node x = state_of(g, 2), t = og_input(g, OG_SLOT_TIME, 0, scalar);
  int first = net_weights(2, 5, 2), second = net_weights(1, 4, 2), own = PARAMETERS + first + second;
  og_node a = parameter(g, 0, scalar), b = parameter(g, 1, scalar), w = parameter(g, own, (og_shape){2, 1});
  og_node u = parameter(g, own + 4 + OG_INPUT_LEVEL, scalar);
  og_node once = net(g, PARAMETERS, 2, 5, 2, OG_SIGMOID, x);
  og_node twice = net(g, PARAMETERS, 2, 5, 2, OG_SIGMOID, og_apply2(g, OG_MUL, x, w));
  og_node other = net(g, PARAMETERS + first, 1, 4, 2, OG_SOFTPLUS, og_apply2(g, OG_MUL, u, t));
  og_node w2 = parameter(g, own + 2, scalar), w3 = parameter(g, own + 3, scalar);
  og_node rows[2] = {og_apply2(g, OG_MUL, a, og_slice(g, x, 0, 1)), og_apply2(g, OG_MUL, b, w2)};
  og_node f = og_apply2(g, OG_ADD, og_concat(g, rows, 2), og_apply2(g, OG_SUB, once, twice));
  f = og_apply2(g, OG_ADD, f, og_apply2(g, OG_MUL, other, og_apply2(g, OG_MUL, w2, w3)));
  return (og_graph_dynamics){.f = og_apply2(g, OG_DIV, f, og_apply1(g, OG_EXP, w)),
                             .parameters = (size_t)own + 4,
                             .weights = (size_t)own + 4 - PARAMETERS,
                             .inputs = 1};
}

typedef og_graph_dynamics (*make_fn)(og_graph *g);
static const make_fn kinds[] = {neural, masked, universal};
enum { KINDS = sizeof kinds / sizeof *kinds };

static og_field *make_field(og_context *context, make_fn make) {
  og_graph *g;
  og_field *field;
  assert_int_equal(og_graph_create(context, &g), OG_OK);
  og_graph_dynamics dynamics = make(g);
  assert_int_equal(og_field_from_dynamics(g, &dynamics, &field), OG_OK);
  og_graph_destroy(g);
  return field;
}

static void *block(size_t rows, int lanes) {
  void *memory = aligned_alloc(64, OG_PADDED(rows * (size_t)lanes + 1) * sizeof(double));
  assert_non_null(memory);
  return memory;
}

/* ---- Source and bound ---- */

/* Everything of a field in blocks; theta of the source, and that of the bound form, without weights. */
#define DATA(X, S)                                                                                           \
  typedef struct data_##S {                                                                                  \
    int lanes;                                                                                               \
    size_t n, p, weights, before;                                                                            \
    double *t;                                                                                               \
    X *x, *theta, *bound_theta, *lambda;                                                                     \
    double *values;                                                                                          \
  } data_##S;                                                                                                \
  static data_##S make_data_##S(const og_field *field, int lanes, uint64_t seed) {                           \
    size_t n = field->n, p = field->p, L = (size_t)lanes;                                                    \
    size_t before = og_field_parameters(field) - field->weights;                                             \
    data_##S d = {lanes,                                                                                     \
                  n,                                                                                         \
                  p,                                                                                         \
                  field->weights,                                                                            \
                  before,                                                                                    \
                  block(1, lanes),                                                                           \
                  block(n, lanes),                                                                           \
                  block(p, lanes),                                                                           \
                  block(p, lanes),                                                                           \
                  block(n, lanes),                                                                           \
                  block(p, 1)};                                                                              \
    og_rng rng;                                                                                              \
    og_rng_seed(&rng, seed, 5);                                                                              \
    for (size_t i = 0; i < L; i++) d.t[i] = (double)(X)og_rng_normal(&rng);                                  \
    for (size_t i = 0; i < n * L; i++) d.x[i] = (X)og_rng_normal(&rng);                                      \
    for (size_t i = 0; i < n * L; i++) d.lambda[i] = (X)og_rng_normal(&rng);                                 \
    for (size_t i = 0; i < p * L; i++) d.theta[i] = (X)og_rng_normal(&rng);                                  \
    for (size_t i = 0; i < d.weights; i++) {                                                                 \
      d.values[i] = (double)(X)(0.5 * og_rng_normal(&rng));                                                  \
      for (size_t lane = 0; lane < L; lane++) d.theta[(before + i) * L + lane] = (X)d.values[i];             \
    }                                                                                                        \
    memcpy(d.bound_theta, d.theta, before *L * sizeof(X));                                                   \
    memcpy(d.bound_theta + before * L, d.theta + (before + d.weights) * L,                                   \
           (p - before - d.weights) * L * sizeof(X));                                                        \
    return d;                                                                                                \
  }                                                                                                          \
  static void free_data_##S(data_##S *d) {                                                                   \
    free(d->t), free(d->x), free(d->theta), free(d->bound_theta), free(d->lambda), free(d->values);          \
  }                                                                                                          \
  /* rows of `source` less the weights' */                                                                   \
  static void same_theta_##S(const data_##S *d, const X *source, const X *bound) {                           \
    size_t L = (size_t)d->lanes, behind = d->before + d->weights;                                            \
    assert_memory_equal(source, bound, d->before *L * sizeof(X));                                            \
    assert_memory_equal(source + behind * L, bound + d->before * L, (d->p - behind) * L * sizeof(X));        \
  }                                                                                                          \
  /* A sum of `lanes` numbers, rounded as often. */                                                          \
  static void sums_##S(const data_##S *d, const X *rows, const X *sums, X start, double epsilon) {           \
    for (size_t i = 0; i < d->weights; i++) {                                                                \
      double sum = (double)start, size = fabs((double)start);                                                \
      for (int lane = 0; lane < d->lanes; lane++) {                                                          \
        double one = (double)rows[(d->before + i) * (size_t)d->lanes + (size_t)lane];                        \
        sum += one, size += fabs(one);                                                                       \
      }                                                                                                      \
      /* several terms of a row may cancel, each of the size of the row's largest */                         \
      assert_true(fabs((double)sums[i] - sum) <= epsilon * (d->lanes + 8) * (size + 10));                    \
    }                                                                                                        \
  }                                                                                                          \
  static void check_##S(const og_field *source, int lanes, double epsilon) {                                 \
    data_##S d = make_data_##S(source, lanes, 3);                                                            \
    size_t L = (size_t)lanes, n = d.n, p = d.p, q = p - d.weights;                                           \
    og_field *bound;                                                                                         \
    assert_int_equal(source->bind(source, source->context, sizeof(X) == sizeof(float), &bound), OG_OK);      \
    assert_int_equal(bound->p, q);                                                                           \
    bound->set_weights(bound, d.values);                                                                     \
    const og_field_ops_##S *s = &source->ops_##S, *b = &bound->ops_##S;                                      \
    og_lane_status status[OG_LANES_MAX] = {0};                                                               \
    size_t room = source->scratch_bytes(source, lanes) + bound->scratch_bytes(bound, lanes);                 \
    void *scratch = aligned_alloc(64, (room + 63) / 64 * 64);                                                \
    void *tape = aligned_alloc(64, bound->tape_bytes(bound, lanes) + 64);                                    \
    X *one = block(p + n + 1, lanes), *two = block(p + n + 1, lanes), *sums = block(d.weights, 1),           \
      *again = block(d.weights, 1);                                                                          \
    s->eval(source, lanes, d.t, d.x, d.theta, one, status, scratch);                                         \
    b->eval(bound, lanes, d.t, d.x, d.bound_theta, two, status, scratch);                                    \
    assert_memory_equal(one, two, n *L * sizeof(X));                                                         \
    memset(two, 0, n *L * sizeof(X));                                                                        \
    b->eval_tape(bound, lanes, d.t, d.x, d.bound_theta, two, tape, status, scratch);                         \
    assert_memory_equal(one, two, n *L * sizeof(X));                                                         \
    X *x1 = one, *t1 = one + n * L, *theta1 = t1 + L, *x2 = two, *t2 = two + n * L, *theta2 = t2 + L;        \
    if (lanes == 1) { /* blocks of one lane stand on their own feet */                                       \
      t1 = block(1, 1), t2 = block(1, 1), theta1 = block(p, 1), theta2 = block(p, 1);                        \
    }                                                                                                        \
    s->vjp(source, lanes, d.t, d.x, d.theta, d.lambda, x1, theta1, t1, status, scratch);                     \
    for (int extent = 0; extent < 3; extent++)                                                               \
      for (int way = 0; way < 3; way++) {                                                                    \
        X *theta_bar = extent > 0 ? theta2 : NULL, *t_bar = extent > 1 ? t2 : NULL;                          \
        X *to = way == 1 ? sums : again;                                                                     \
        for (size_t i = 0; i < d.weights; i++) to[i] = (X)0.25;                                              \
        memset(x2, 0, n *L * sizeof(X));                                                                     \
        if (way == 0)                                                                                        \
          b->vjp(bound, lanes, d.t, d.x, d.bound_theta, d.lambda, x2, theta_bar, t_bar, status, scratch);    \
        else                                                                                                 \
          b->vjp_weights(bound, lanes, d.t, d.x, d.bound_theta, d.lambda, way == 2 ? tape : NULL, x2,        \
                         theta_bar, t_bar, to, status, scratch);                                             \
        assert_memory_equal(x1, x2, n *L * sizeof(X));                                                       \
        if (theta_bar) same_theta_##S(&d, theta1, theta2);                                                   \
        if (t_bar) assert_memory_equal(t1, t2, L * sizeof(X));                                               \
        if (way == 1) sums_##S(&d, theta1, sums, (X)0.25, epsilon);                                          \
        if (way == 2) assert_memory_equal(sums, again, d.weights * sizeof(X));                               \
      }                                                                                                      \
    if (lanes == 1) free(t1), free(t2), free(theta1), free(theta2);                                          \
    free(one), free(two), free(sums), free(again), free(tape), free(scratch);                                \
    free_data_##S(&d);                                                                                       \
    og_field_destroy(bound);                                                                                 \
  }
DATA(double, d)
DATA(float, s)

static void test_source_and_bound(void **state) {
  (void)state;
  static const int lanes[] = {1, 16, 32, 48, 64};
  for (int kind = 0; kind < KINDS; kind++) {
    og_context *context = new_context();
    og_field *field = make_field(context, kinds[kind]);
    assert_non_null(field->bind);
    for (int i = 0; i < 5; i++) {
      check_d(field, lanes[i], DBL_EPSILON);
      check_s(field, lanes[i], FLT_EPSILON);
    }
    og_field_destroy(field);
    og_context_destroy(context);
  }
}

/* A lane's bits do not depend on how many there are: lanes of 64 among 16. */
static void test_lanes(void **state) {
  (void)state;
  for (int kind = 0; kind < KINDS; kind++) {
    og_context *context = new_context();
    og_field *field = make_field(context, kinds[kind]), *bound;
    assert_int_equal(field->bind(field, field->context, 0, &bound), OG_OK);
    data_d d = make_data_d(field, 64, 9);
    bound->set_weights(bound, d.values);
    og_lane_status status[OG_LANES_MAX] = {0};
    void *scratch = aligned_alloc(64, (bound->scratch_bytes(bound, 64) + 63) / 64 * 64);
    double *f = block(d.n, 64), *x_bar = block(d.n, 64), *one_f = block(d.n, 1), *one_bar = block(d.n, 1);
    double *x = block(d.n, 1), *theta = block(d.p, 1), *lambda = block(d.n, 1);
    bound->ops_d.eval(bound, 64, d.t, d.x, d.bound_theta, f, status, scratch);
    bound->ops_d.vjp(bound, 64, d.t, d.x, d.bound_theta, d.lambda, x_bar, NULL, NULL, status, scratch);
    for (size_t lane = 0; lane < 64; lane += 7) {
      for (size_t i = 0; i < d.n; i++) x[i] = d.x[i * 64 + lane], lambda[i] = d.lambda[i * 64 + lane];
      for (size_t i = 0; i < bound->p; i++) theta[i] = d.bound_theta[i * 64 + lane];
      bound->ops_d.eval(bound, 1, d.t + lane, x, theta, one_f, status, scratch);
      bound->ops_d.vjp(bound, 1, d.t + lane, x, theta, lambda, one_bar, NULL, NULL, status, scratch);
      for (size_t i = 0; i < d.n; i++) {
        assert_memory_equal(&f[i * 64 + lane], &one_f[i], sizeof *f);
        assert_memory_equal(&x_bar[i * 64 + lane], &one_bar[i], sizeof *f);
      }
    }
    free(f), free(x_bar), free(one_f), free(one_bar), free(x), free(theta), free(lambda), free(scratch);
    free_data_d(&d);
    og_field_destroy(bound);
    og_field_destroy(field);
    og_context_destroy(context);
  }
}

/* ---- Derivatives ---- */

static double along(og_field *bound, const data_d *d, const double *direction, double step, double *f,
                    void *scratch) {
  og_lane_status status[OG_LANES_MAX] = {0};
  double *moved = block(d->weights, 1), sum = 0;
  for (size_t i = 0; i < d->weights; i++) moved[i] = d->values[i] + step * direction[i];
  bound->set_weights(bound, moved);
  bound->ops_d.eval(bound, d->lanes, d->t, d->x, d->bound_theta, f, status, scratch);
  for (size_t i = 0; i < d->n * (size_t)d->lanes; i++) sum += d->lambda[i] * f[i];
  free(moved);
  return sum;
}

/* Central differences along a direction of all weights: their error is of the order h^2 + epsilon/h times the
 * size of lambda^T f summed over lanes, about 100 here. */
static void test_differences(void **state) {
  (void)state;
  const make_fn smooth[] = {neural, universal};
  for (int kind = 0; kind < 2; kind++) {
    og_context *context = new_context();
    og_field *field = make_field(context, smooth[kind]), *bound;
    assert_int_equal(field->bind(field, field->context, 0, &bound), OG_OK);
    data_d d = make_data_d(field, 16, 21);
    og_lane_status status[OG_LANES_MAX] = {0};
    void *scratch = aligned_alloc(64, (bound->scratch_bytes(bound, 16) + 63) / 64 * 64);
    double *f = block(d.n, 16), *x_bar = block(d.n, 16), *sums = block(d.weights, 1);
    double *direction = block(d.weights, 1), product = 0, h = 1e-5;
    og_rng rng;
    og_rng_seed(&rng, 77, 1);
    for (size_t i = 0; i < d.weights; i++) direction[i] = og_rng_normal(&rng) / sqrt((double)d.weights);
    double difference =
        (along(bound, &d, direction, h, f, scratch) - along(bound, &d, direction, -h, f, scratch)) / (2 * h);
    bound->set_weights(bound, d.values);
    memset(sums, 0, d.weights * sizeof *sums);
    bound->ops_d.vjp_weights(bound, 16, d.t, d.x, d.bound_theta, d.lambda, NULL, x_bar, NULL, NULL, sums,
                             status, scratch);
    for (size_t i = 0; i < d.weights; i++) product += sums[i] * direction[i];
    assert_true(fabs(product) > 1e-3);
    assert_true(fabs(difference - product) <= 1e-7 * (1 + fabs(product)));
    free(f), free(x_bar), free(sums), free(direction), free(scratch);
    free_data_d(&d);
    og_field_destroy(bound);
    og_field_destroy(field);
    og_context_destroy(context);
  }
}

/* x' = tanh(W x + b) with two states: W_bar = sum over lanes of (lambda (1 - y^2)) x^T, b_bar likewise. */
static og_graph_dynamics one_layer(og_graph *g) {
  int at = 0;
  og_node y = og_apply1(g, OG_TANH, layer(g, &at, 2, 2, state_of(g, 2)));
  return (og_graph_dynamics){.f = y, .parameters = 6, .weights = 6};
}

static void test_closed_form(void **state) {
  (void)state;
  enum { L = 16 };
  og_context *context = new_context();
  og_field *field = make_field(context, one_layer), *bound;
  assert_int_equal(field->bind(field, field->context, 0, &bound), OG_OK);
  data_d d = make_data_d(field, L, 2);
  const double *w = d.values, *b = d.values + 4;
  double want[6] = {0}, x_bar_want[2 * L], *x_bar = block(2, L), *sums = block(6, 1);
  for (int lane = 0; lane < L; lane++) {
    double x[2] = {d.x[lane], d.x[L + lane]}, back[2] = {0};
    for (int r = 0; r < 2; r++) {
      double y = tanh(w[2 * r] * x[0] + w[2 * r + 1] * x[1] + b[r]),
             z_bar = d.lambda[r * L + lane] * (1 - y * y);
      for (int c = 0; c < 2; c++) want[2 * r + c] += z_bar * x[c], back[c] += w[2 * r + c] * z_bar;
      want[4 + r] += z_bar;
    }
    x_bar_want[lane] = back[0], x_bar_want[L + lane] = back[1];
  }
  og_lane_status status[L] = {0};
  void *scratch = aligned_alloc(64, (bound->scratch_bytes(bound, L) + 63) / 64 * 64);
  memset(sums, 0, 6 * sizeof *sums);
  bound->set_weights(bound, d.values);
  bound->ops_d.vjp_weights(bound, L, d.t, d.x, NULL, d.lambda, NULL, x_bar, NULL, NULL, sums, status,
                           scratch);
  for (int i = 0; i < 6; i++) assert_true(fabs(sums[i] - want[i]) <= 1e-13); /* sums of 16 numbers near 1 */
  for (int i = 0; i < 2 * L; i++) assert_true(fabs(x_bar[i] - x_bar_want[i]) <= 1e-14);
  free(x_bar), free(sums), free(scratch);
  free_data_d(&d);
  og_field_destroy(bound);
  og_field_destroy(field);
  og_context_destroy(context);
}

/* ---- Sizes and refusals ---- */

/* The tape of a tanh net is its activations alone: slopes follow from them. The scratch of the bound form
 * does not grow with the weights, but with the widest layers. */
static void test_sizes(void **state) {
  (void)state;
  og_context *context = new_context();
  og_field *field = make_field(context, neural), *bound;
  assert_int_equal(field->bind(field, field->context, 1, &bound), OG_OK);
  size_t activations = 50 + 50, lanes = 32;
  assert_true(bound->tape_bytes(bound, (int)lanes) <= (activations + 2 * 2) * lanes * sizeof(float));
  assert_true(bound->scratch_bytes(bound, (int)lanes) <= 8 * activations * lanes * sizeof(double));
  assert_true(field->scratch_bytes(field, (int)lanes) > bound->scratch_bytes(bound, (int)lanes));
  og_field_destroy(bound);
  og_field_destroy(field);
  og_context_destroy(context);
}

static void test_refusals(void **state) {
  (void)state;
  og_context *context = new_context();
  og_graph *g;
  og_field *field;
  assert_int_equal(og_graph_create(context, &g), OG_OK);
  og_node f = og_apply2(g, OG_MUL, parameter(g, 1, (og_shape){2, 1}), state_of(g, 2));
  og_graph_dynamics dynamics = {.f = f, .parameters = 3, .weights = 4};
  assert_int_equal(og_field_from_dynamics(g, &dynamics, &field), OG_ERR_ARGUMENT);
  dynamics.weights = 1;
  assert_int_equal(og_field_from_dynamics(g, &dynamics, &field), OG_ERR_SHAPE);
  assert_contains(og_context_message(context), "entries 1 to 2 of the parameters are read at once");
  dynamics.weights = 0;
  assert_int_equal(og_field_from_dynamics(g, &dynamics, &field), OG_OK);
  assert_null(field->bind);
  og_field_destroy(field);
  og_graph_destroy(g);
  og_context_destroy(context);
}

static og_status live(og_context *context) {
  og_graph *g = NULL;
  og_field *field = NULL, *bound = NULL;
  og_status status = og_graph_create(context, &g);
  if (status == OG_OK) {
    og_graph_dynamics dynamics = universal(g);
    status = og_graph_status(g);
    if (status == OG_OK) status = og_field_from_dynamics(g, &dynamics, &field);
  }
  if (status == OG_OK) status = field->bind(field, field->context, 1, &bound);
  og_field_destroy(bound);
  og_field_destroy(field);
  og_graph_destroy(g);
  return status;
}
static void test_memory(void **state) { (void)state, fail_each_allocation(live); }

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_source_and_bound),
                                     cmocka_unit_test(test_lanes),
                                     cmocka_unit_test(test_differences),
                                     cmocka_unit_test(test_closed_form),
                                     cmocka_unit_test(test_sizes),
                                     cmocka_unit_test(test_refusals),
                                     cmocka_unit_test(test_memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

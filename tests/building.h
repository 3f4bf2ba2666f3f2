/* Shorthand for models made by calls, and those of examples/. */
#ifndef OG_TEST_BUILDING_H
#define OG_TEST_BUILDING_H

#include "counting.h"

static inline og_value num(og_builder *b, double value) { return og_builder_number(b, value); }
static inline og_value add(og_builder *b, og_value x, og_value y) { return og_builder_binary(b, "+", x, y); }
static inline og_value sub(og_builder *b, og_value x, og_value y) { return og_builder_binary(b, "-", x, y); }
static inline og_value mul(og_builder *b, og_value x, og_value y) { return og_builder_binary(b, "*", x, y); }
static inline og_value quo(og_builder *b, og_value x, og_value y) { return og_builder_binary(b, "/", x, y); }
static inline og_value power(og_builder *b, og_value x, double y) {
  return og_builder_binary(b, "^", x, num(b, y));
}
static inline og_value neg(og_builder *b, og_value x) { return og_builder_unary(b, "neg", x); }
static inline og_value call(og_builder *b, const char *name, og_value x) {
  return og_builder_unary(b, name, x);
}
static inline og_value param(og_builder *b, const char *name, double value, double low, double high) {
  return og_builder_parameter(b, name, 0, NULL, &value, low, high);
}
static inline og_value free_param(og_builder *b, const char *name, double value) {
  return param(b, name, value, -INFINITY, INFINITY);
}
static inline og_value vector(og_builder *b, size_t count, const double *values) {
  return og_builder_constant(b, 1, &count, values);
}
/* A state of no or one dimension with its initial value. */
static inline og_value state(og_builder *b, const char *name, size_t rows, og_value initial) {
  og_value made = og_builder_state(b, name, rows > 1, &rows);
  og_builder_set_initial(b, made, initial);
  return made;
}
static inline og_value entry(og_builder *b, og_value x, size_t index) {
  return og_builder_entries(b, x, 0, NULL, &index);
}
static inline void observe(og_builder *b, const char *column, const char *distribution, og_value mean,
                           og_value spread) {
  og_builder_observe(b, column, distribution, spread ? 2 : 1, (og_value[]){mean, spread});
}
/* Scalars side by side. */
static inline og_value both(og_builder *b, og_value x, og_value y) {
  const size_t one = 1;
  return og_builder_concatenate(
      b, 0, 2, (og_value[]){og_builder_reshape(b, x, 1, &one), og_builder_reshape(b, y, 1, &one)});
}

/* ---- The examples, statement by statement in the order of their texts ----
 * Nodes are made in the order of the calls, and C does not say in which order arguments are: what has two
 * parts that are made is written in two statements, so that sums have the bits of the text's. */

static inline void build_lotka_volterra(og_builder *b) {
  og_value p1 = free_param(b, "p1", 1.5), p2 = free_param(b, "p2", 1), p3 = free_param(b, "p3", 3),
           p4 = free_param(b, "p4", 1);
  og_value x = state(b, "x", 1, num(b, 1)), y = state(b, "y", 1, num(b, 1));
  og_value born = mul(b, p1, x), eaten = mul(b, mul(b, p2, x), y);
  og_builder_set_derivative(b, x, sub(b, born, eaten));
  og_value fed = mul(b, mul(b, p4, x), y), dead = mul(b, p3, y);
  og_builder_set_derivative(b, y, sub(b, fed, dead));
  og_value off_x = power(b, sub(b, x, num(b, 1)), 2), off_y = power(b, sub(b, y, num(b, 1)), 2);
  og_builder_set_final_cost(b, quo(b, add(b, off_x, off_y), num(b, 2)));
  og_builder_set_span(b, 0, 10);
}

static inline og_value layer(og_builder *b, const char *name, og_value x, size_t outputs,
                             const char *activation) {
  return og_builder_dense(b, name, x, outputs, activation);
}

static inline void build_hybrid(og_builder *b) {
  og_value alpha = param(b, "alpha", 0.5, 0, 5), beta = param(b, "beta", 0.03, 0, 1),
           gamma = param(b, "gamma", 0.8, 0, 5), delta = param(b, "delta", 0.03, 0, 1);
  og_value hare0 = param(b, "hare0", 30, 0, 200), lynx0 = param(b, "lynx0", 5, 0, 200);
  og_value sh = param(b, "sh", 0.3, 0.01, 5), sl = param(b, "sl", 0.3, 0.01, 5);
  og_value hare = state(b, "hare", 1, hare0), lynx = state(b, "lynx", 1, lynx0);
  og_value x = quo(b, both(b, hare, lynx), num(b, 40));
  og_value f = layer(b, "f.2", layer(b, "f.0", x, 8, "tanh"), 2, "tanh");
  og_value u = add(b, num(b, 1), f);
  og_value born = mul(b, alpha, hare), met = mul(b, mul(b, beta, hare), lynx);
  og_builder_set_derivative(b, hare, sub(b, born, mul(b, met, entry(b, u, 0))));
  og_value dead = mul(b, neg(b, gamma), lynx), fed = mul(b, mul(b, delta, hare), lynx);
  og_builder_set_derivative(b, lynx, add(b, dead, mul(b, fed, entry(b, u, 1))));
  observe(b, "hare", "lognormal", call(b, "log", hare), sh);
  observe(b, "lynx", "lognormal", call(b, "log", lynx), sl);
  og_builder_set_span(b, 1900, 1920);
}

static inline void build_bouncing_ball(og_builder *b) {
  og_value g = param(b, "g", 9.8, 1, 20), e = param(b, "e", 0.8, 0.1, 0.99),
           height = param(b, "height", 10, 1, 20), radius = num(b, 0.2);
  og_value h = state(b, "h", 1, height), v = state(b, "v", 1, num(b, 0));
  og_builder_set_derivative(b, h, v);
  og_builder_set_derivative(b, v, neg(b, g));
  observe(b, "h", "normal", h, num(b, 0.05));
  og_value after = mul(b, neg(b, e), v);
  og_builder_add_event(b, "hit", sub(b, h, radius), OG_DIRECTION_FALLING, 0, 1, &v, &after);
  og_builder_set_span(b, 0, 6);
}

static inline void build_infusion(og_builder *b) {
  og_value CL = param(b, "CL", 4, 0.1, 50), Q = param(b, "Q", 3, 0.1, 50), V1 = param(b, "V1", 10, 1, 100),
           V2 = param(b, "V2", 20, 1, 200), sigma = param(b, "sigma", 0.2, 0.01, 1);
  og_value rate = og_builder_input(b, "rate", 0, NULL, OG_SIGNAL_HOLD);
  og_value weight = og_builder_input(b, "weight", 0, NULL, OG_SIGNAL_CONSTANT);
  og_value plasma = state(b, "plasma", 1, num(b, 0)), tissue = state(b, "tissue", 1, num(b, 0));
  og_value scale = quo(b, weight, num(b, 70)), wide = power(b, scale, 0.75);
  og_value cleared = mul(b, CL, wide), first = mul(b, V1, scale), out = quo(b, cleared, first);
  og_value exchanged = mul(b, Q, wide), there = quo(b, exchanged, first);
  og_value back = quo(b, exchanged, mul(b, V2, scale));
  og_value lost = mul(b, add(b, out, there), plasma);
  og_value kept = sub(b, rate, lost), returned = mul(b, back, tissue);
  og_builder_set_derivative(b, plasma, add(b, kept, returned));
  og_builder_set_derivative(b, tissue, sub(b, mul(b, there, plasma), returned));
  observe(b, "concentration", "lognormal", call(b, "log", quo(b, plasma, mul(b, V1, scale))), sigma);
}

/* The tensors by hand, in place of og_builder_dense. */
static inline og_value affine(og_builder *b, const char *weight, const char *bias, og_value x, size_t inputs,
                              size_t outputs) {
  const size_t shape[] = {outputs, inputs};
  og_value W = og_builder_weight(b, weight, 2, shape, NULL, 0.1);
  og_value c = og_builder_weight(b, bias, 1, shape, NULL, 0);
  return add(b, og_builder_product(b, W, x), c);
}

static inline void build_spiral(og_builder *b) {
  og_value x = state(b, "x", 2, vector(b, 2, (double[]){2, 0}));
  og_value hidden = call(b, "tanh", affine(b, "f.0.weight", "f.0.bias", power(b, x, 3), 2, 50));
  og_builder_set_derivative(b, x, affine(b, "f.2.weight", "f.2.bias", hidden, 50, 2));
  observe(b, "x", "absolute_error", x, 0);
  og_builder_set_span(b, 0, 25);
}

/* As PyTorch's Linear draws them. */
static inline og_value weight(og_builder *b, const char *name, size_t rows, size_t columns) {
  const size_t shape[] = {rows, columns};
  return og_builder_weight(b, name, columns ? 2 : 1, shape, NULL, 0.125);
}

/* In theta nets stand before dense layers. */
static inline void build_digits(og_builder *b) {
  const size_t pixels = 64;
  og_value W0 = weight(b, "f.0.weight", 64, 64), c0 = weight(b, "f.0.bias", 64, 0);
  og_value W2 = weight(b, "f.2.weight", 64, 64), c2 = weight(b, "f.2.bias", 64, 0);
  og_value u = og_builder_input(b, "u", 1, &pixels, OG_SIGNAL_CONSTANT);
  og_value x0 = layer(b, "dense1", quo(b, u, num(b, 16)), 64, "relu");
  og_value x = state(b, "x", 64, x0);
  og_value hidden = call(b, "tanh", add(b, og_builder_product(b, W0, x), c0));
  og_builder_set_derivative(b, x, add(b, og_builder_product(b, W2, hidden), c2));
  observe(b, "digit", "categorical_logit", layer(b, "dense2", x, 10, "identity"), 0);
  og_builder_set_span(b, 0, 1);
}

/* A running cost, a vector parameter, t, an initial value that reads it, and a choice. */
static const char driven_text[] = "param k[3] = [0.5, -1, 2]\n"
                                  "param w = 1.5\n"
                                  "init x = [1, k[1] + 0*t, w], z = 2\n"
                                  "x' = where(x > 9, -k*x, k*sin(w*t)) + max(x)/10\n"
                                  "z' = -z + dot(k, x)/norm2(x)\n"
                                  "cost integral = sum(x*x) + z^2*exp(-t)\n"
                                  "cost final = min(z, x[2], 4)\n"
                                  "time 0 : 2\n";
static inline void build_driven(og_builder *b) {
  const size_t three = 3;
  og_value k = og_builder_parameter(b, "k", 1, &three, (double[]){0.5, -1, 2}, -INFINITY, INFINITY);
  og_value w = free_param(b, "w", 1.5), t = og_builder_time(b);
  og_value later = add(b, entry(b, k, 0), mul(b, num(b, 0), t));
  const size_t one = 1;
  og_value parts[] = {og_builder_reshape(b, num(b, 1), 1, &one), og_builder_reshape(b, later, 1, &one),
                      og_builder_reshape(b, w, 1, &one)};
  og_value x = state(b, "x", 3, og_builder_concatenate(b, 0, 3, parts)), z = state(b, "z", 1, num(b, 2));
  og_value above = og_builder_binary(b, ">", x, num(b, 9));
  og_value down = mul(b, neg(b, k), x), driven = mul(b, k, call(b, "sin", mul(b, w, t)));
  og_value chosen = og_builder_where(b, above, down, driven);
  og_builder_set_derivative(b, x, add(b, chosen, quo(b, call(b, "max", x), num(b, 10))));
  og_value back = neg(b, z), along = og_builder_binary(b, "dot", k, x);
  og_builder_set_derivative(b, z, add(b, back, quo(b, along, call(b, "norm2", x))));
  og_value squares = call(b, "sum", mul(b, x, x)), square = power(b, z, 2);
  og_builder_set_running_cost(b, add(b, squares, mul(b, square, call(b, "exp", neg(b, t)))));
  og_builder_set_final_cost(b, og_builder_apply(b, "min", 3, (og_value[]){z, entry(b, x, 1), num(b, 4)}));
  og_builder_set_span(b, 0, 2);
}

#endif

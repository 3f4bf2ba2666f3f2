/* The family: problem `index` of `seed`, the same on every machine of the same C library. x rests, or follows
 * something slow, or does not feel what its derivative feels: where a step that is good for x need not be
 * good for its derivative. */
#ifndef OG_TRUST_FAMILY_H
#define OG_TRUST_FAMILY_H

#include <stdint.h>
#include <stdlib.h>

#include "trust/terms.h"

#define KINDS(X)                                                                                             \
  X(LINEAR_REST, "linear at rest")                                                                           \
  X(LINEAR_FORCED, "linear, forced")                                                                         \
  X(LINEAR_STIMULATED, "linear, stimulated")                                                                 \
  X(ZERO_PARAMETER, "zero parameter")                                                                        \
  X(ZERO_STATE, "zero state")                                                                                \
  X(ZERO_BOTH, "zero both")                                                                                  \
  X(FAST_COEFFICIENT, "fast coefficient")                                                                    \
  X(STIFF_FOLLOWER, "stiff follower")                                                                        \
  X(NONLINEAR_REST, "nonlinear at rest")
#define KIND_ENUM(name, text) KIND_##name,
typedef enum kind { KINDS(KIND_ENUM) KIND_COUNT } kind;
#undef KIND_ENUM
#define KIND_TEXT(name, text) text,
static const char *const kind_names[] = {KINDS(KIND_TEXT)};
#undef KIND_TEXT

/* How the derivative is asked for: a pullback by each adjoint, a pushforward, or a product with the Hessian.
 */
typedef enum product {
  PRODUCT_DISCRETE,
  PRODUCT_BACKSOLVE,
  PRODUCT_INTERPOLATE,
  PRODUCT_QUADRATURE,
  PRODUCT_FORWARD,
  PRODUCT_PUSHFORWARD,
  PRODUCT_HESSIAN,
  PRODUCT_COUNT
} product;
static const char *const product_names[] = {"discrete", "backsolve",   "interpolate", "quadrature",
                                            "forward",  "pushforward", "Hessian"};

enum { OBSERVATIONS_MAX = 8 };

typedef struct trial {
  uint64_t seed, index, random;
  kind kind;
  terms s;
  double x0[STATES_MAX], theta[PARAMETERS_MAX], t0, t1;
  double input_at, input[2]; /* the held input's values before and from that time */
  int observations;
  double times[OBSERVATIONS_MAX];
  double seeds[OBSERVATIONS_MAX + 1][STATES_MAX];       /* cotangents; the last of the final state */
  double unit;                                          /* of the loss */
  double x0_dot[STATES_MAX], theta_dot[PARAMETERS_MAX]; /* for a pushforward */
  double fastest;                                       /* of the waves: angle a time */
  og_method method;
  og_precision precision;
  og_norm norm;
  product product;
  double rtol, atol;
  int as_text; /* the field is a model's, and its products are derived */
} trial;

/* ---- Random numbers (splitmix64) ---- */

static inline uint64_t bits(trial *r) {
  uint64_t z = r->random += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}
static inline double uniform(trial *r, double low, double high) {
  return low + (high - low) * ((double)(bits(r) >> 11) / (double)((uint64_t)1 << 53));
}
static inline double log_uniform(trial *r, double low, double high) {
  return exp(uniform(r, log(low), log(high)));
}
static inline int chance(trial *r, double share) { return uniform(r, 0, 1) < share; }
static inline int pick(trial *r, int low, int high) {
  return low + (int)(bits(r) % (uint64_t)(high - low + 1));
}
static inline double sign(trial *r) { return chance(r, 0.5) ? 1 : -1; }
static inline double normal(trial *r) {
  return sqrt(-2 * log(uniform(r, 1e-16, 1))) * cos(uniform(r, 0, 6.283185307179586));
}

/* ---- Building ---- */

static inline term *add_term(trial *r, int row, double c) {
  term *m = &r->s.term[r->s.count++];
  *m = (term){.row = row, .c = c, .theta = {-1, -1}};
  return m;
}
static inline term *of_state(term *m, int state) {
  m->factor[m->factors++] = (factor){SHAPE_LINEAR, state, 0, 0};
  return m;
}
static inline term *of_shape(term *m, shape shape, int state, double a, double b) {
  m->factor[m->factors++] = (factor){shape, state, a, b};
  return m;
}
static inline int add_parameter(trial *r, double value) {
  r->theta[r->s.p] = value;
  return r->s.p++;
}
static inline term *of_wave(trial *r, term *m, double omega) {
  m->power = pick(r, 1, 2);
  m->omega = omega;
  m->phase = uniform(r, 0, 6.283185307179586);
  r->fastest = fmax(r->fastest, m->power * omega);
  return m;
}

/* c becomes a parameter's value, if there is room for one. */
static inline void make_parameter(trial *r, term *m) {
  int free = m->theta[0] == -1 ? 0 : 1;
  if (r->s.p == PARAMETERS_MAX - 2 || m->theta[free] != -1) return; /* two are left for the pulse */
  m->theta[free] = add_parameter(r, m->c);
  m->c = 1;
}
/* c times a parameter that is zero. */
static inline void make_zero(trial *r, term *m, double c) {
  m->c = 0;
  make_parameter(r, m);
  if (m->theta[0] >= 0) m->c = c;
}

/* A matrix with rates between `low` and `high`: real or in rotating pairs; mixed by rotations, or with
 * couplings above the diagonal that make it far from normal, or not at all. */
static inline void draw_matrix(trial *r, int n, double low, double high, double A[STATES_MAX][STATES_MAX]) {
  double rate[STATES_MAX];
  memset(A, 0, sizeof(double[STATES_MAX][STATES_MAX]));
  for (int i = 0; i < n; i++) A[i][i] = -(rate[i] = log_uniform(r, low, high));
  for (int i = 0; i + 1 < n; i++)
    if (chance(r, 0.35)) {
      double turn = rate[i] * log_uniform(r, 0.2, 5);
      A[i + 1][i + 1] = A[i][i];
      A[i][i + 1] = -turn;
      A[i + 1][i] = turn;
      i++;
    }
  int mixing = pick(r, 0, 3);
  for (int i = 0; i < n && mixing == 1; i++) /* coupled one way: the spectrum stays */
    for (int j = i + 1; j < n; j++)
      if (A[i][j] == 0) A[i][j] = uniform(r, -3, 3) * fmin(rate[i], rate[j]);
  for (int i = 0; i < n && mixing > 1; i++)
    for (int j = i + 1; j < n; j++) { /* turned in the plane (i, j) */
      double angle = uniform(r, 0, 3.14159), c = cos(angle), s = sin(angle);
      for (int k = 0; k < n; k++) {
        double a = A[i][k], b = A[j][k];
        A[i][k] = c * a - s * b, A[j][k] = s * a + c * b;
      }
      for (int k = 0; k < n; k++) {
        double a = A[k][i], b = A[k][j];
        A[k][i] = c * a - s * b, A[k][j] = s * a + c * b;
      }
    }
}

static inline void add_matrix(trial *r, int n, double A[STATES_MAX][STATES_MAX], double parameters) {
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++)
      if (A[i][j] != 0) {
        term *m = of_state(add_term(r, i, A[i][j]), j);
        if (chance(r, parameters / (n * n))) make_parameter(r, m);
      }
}

/* A constant in every row that makes x0 a state of rest; some of them parameters. In half of the problems f
 * is exactly 0 then (the constant comes last in its row's sum), in others x0 is off by a little. */
static inline void add_rest(trial *r, int n, double parameters) {
  double f[STATES_MAX];
  terms_rhs(r->t0, r->x0, r->theta, f, &r->s);
  for (int i = 0; i < n; i++) {
    if (f[i] == 0 && chance(r, 0.5)) continue;
    term *m = add_term(r, i, -f[i]);
    if (chance(r, parameters / n)) make_parameter(r, m);
  }
  if (chance(r, 0.5)) return;
  double off = log_uniform(r, 1e-15, 1e-7);
  for (int i = 0; i < n; i++) r->x0[i] *= 1 + off * normal(r);
}

/* A state of its own that moves, so that something limits the steps a little. */
static inline int add_mover(trial *r) {
  int i = r->s.n++;
  double rate = log_uniform(r, 0.5, 10) / fabs(r->t1 - r->t0), rest = uniform(r, -2, 2);
  r->x0[i] = rest + sign(r) * uniform(r, 0.3, 2);
  term *m = of_state(add_term(r, i, -rate), i);
  if (chance(r, 0.3)) make_parameter(r, m);
  add_term(r, i, rate * rest);
  return i;
}

static inline void need_parameter(trial *r) {
  for (int k = 0; k < r->s.count && r->s.p == 0; k++)
    if (chance(r, 0.5)) make_parameter(r, &r->s.term[k]);
  if (r->s.p == 0) make_parameter(r, &r->s.term[r->s.count - 1]);
}

static inline void draw_states(trial *r, int n) {
  r->s.n = n;
  double scale = log_uniform(r, 0.1, 10);
  for (int i = 0; i < n; i++) r->x0[i] = scale * sign(r) * uniform(r, 0.2, 2);
}

/* ---- The kinds ---- */

static inline void draw_linear(trial *r, double low, double high) {
  double A[STATES_MAX][STATES_MAX];
  draw_states(r, pick(r, 1, 4));
  draw_matrix(r, r->s.n, low, high, A);
  add_matrix(r, r->s.n, A, 1.5);
}

static inline void draw_linear_rest(trial *r) {
  draw_linear(r, 1e-2, 2e2);
  add_rest(r, r->s.n, 1.5);
  if (chance(r, 0.5)) add_mover(r);
}

/* What is fast follows a slow force. */
static inline void draw_linear_forced(trial *r) {
  draw_linear(r, 1e-1, 2e2);
  add_rest(r, r->s.n, 1);
  for (int count = pick(r, 1, 2); count > 0; count--) {
    term *m = add_term(r, pick(r, 0, r->s.n - 1), log_uniform(r, 0.1, 100));
    of_wave(r, m, log_uniform(r, 0.05, 3));
    if (chance(r, 0.6)) make_parameter(r, m);
  }
}

/* A dose to state `state` at time `at`, or where a state that moves is then. */
static inline void add_pulse(trial *r, int state, double keep, double at) {
  pulse *e = &r->s.pulse;
  *e = (pulse){.happens = 1, .time = at, .time_parameter = -1, .guarded = -1, .state = state, .keep = keep};
  e->dose = add_parameter(r, sign(r) * log_uniform(r, 0.3, 3));
  e->terminal = chance(r, 0.2);
  if (chance(r, 0.4)) {
    int i = e->guarded = add_mover(r);
    double rate = -r->s.term[r->s.count - 2].c * parameter_of(&r->s.term[r->s.count - 2], 0, r->theta),
           rest = r->s.term[r->s.count - 1].c / rate;
    e->level = rest + (r->x0[i] - rest) * exp(-rate * (at - r->t0));
  } else if (chance(r, 0.6))
    e->time_parameter = add_parameter(r, at);
}

/* Rest until a dose, a switch that is a state, or a step of an input. */
static inline void draw_linear_stimulated(trial *r) {
  draw_linear(r, 1e-2, 2e2);
  int n = r->s.n, way = pick(r, 0, 2), row = pick(r, 0, n - 1);
  double at = r->t0 + uniform(r, 0.2, 0.9) * (r->t1 - r->t0);
  if (way == 1) { /* the switch u is state n, zero until it is set */
    r->x0[n] = 0;
    r->s.n++;
    of_state(add_term(r, row, log_uniform(r, 0.1, 10)), n);
  }
  if (way == 2) {
    r->s.inputs = 1;
    r->input_at = at;
    r->input[1] = sign(r) * log_uniform(r, 0.3, 3);
  }
  add_rest(r, n, 1.5); /* the input is zero before */
  if (way < 2) {
    add_pulse(r, way == 1 ? n : row, way == 1 ? 0 : 1, at);
    return;
  }
  term *m = add_term(r, row, log_uniform(r, 0.1, 10));
  if (chance(r, 0.5)) make_parameter(r, m);
  m->theta[m->theta[0] == -1 ? 0 : 1] = -2; /* the input: its place is known when all parameters are */
}

static inline void draw_zero_parameter(trial *r) {
  draw_linear(r, 1e-2, 20);
  int n = r->s.n;
  add_rest(r, n, 1);
  double highest = fmin(60, 1500 / fabs(r->t1 - r->t0));
  for (int count = pick(r, 1, 3); count > 0; count--) {
    term *m = add_term(r, pick(r, 0, n - 1), 0);
    of_wave(r, m, log_uniform(r, highest / 10, highest));
    if (chance(r, 0.6)) of_state(m, pick(r, 0, n - 1));
    make_zero(r, m, log_uniform(r, 0.1, 10));
  }
  if (chance(r, 0.4)) add_mover(r);
}

/* Waves times states: c is of the size of omega, so that what they do in half a period is of order one. */
static inline void add_modulation(trial *r, int n, double highest) {
  for (int count = pick(r, 1, 3); count > 0; count--) {
    term *m = of_wave(r, add_term(r, pick(r, 0, n - 1), 0), log_uniform(r, highest / 10, highest));
    m->power = 1;
    m->c = sign(r) * m->omega * uniform(r, 0.2, 1);
    of_state(m, pick(r, 0, n - 1));
    if (chance(r, 0.4)) make_parameter(r, m);
  }
}

static inline void draw_zero_state(trial *r) {
  double A[STATES_MAX][STATES_MAX], span = fabs(r->t1 - r->t0), highest = fmin(30, 1000 / span);
  r->s.n = pick(r, 1, 3);
  draw_matrix(r, r->s.n, 0.01 / span, 3 / span, A);
  add_matrix(r, r->s.n, A, 1);
  add_modulation(r, r->s.n, highest);
  if (chance(r, 0.5)) add_mover(r);
}

static inline void draw_zero_both(trial *r) {
  draw_zero_state(r);
  double highest = fmin(30, 1000 / fabs(r->t1 - r->t0));
  for (int count = pick(r, 1, 2); count > 0; count--) {
    term *m = of_wave(r, add_term(r, 0, 0), log_uniform(r, highest / 10, highest));
    make_zero(r, m, log_uniform(r, 0.3, 3));
  }
}

/* An oscillator in the first two states: a pendulum's linear one, or prey and predators about (1, 1). */
static inline double add_oscillator(trial *r) {
  double omega = uniform(r, 12, 150) / fabs(r->t1 - r->t0);
  r->s.n = 2;
  r->x0[0] = uniform(r, 0.5, 1.5), r->x0[1] = uniform(r, 0.5, 1.5);
  if (chance(r, 0.5)) {
    of_state(add_term(r, 0, omega), 1);
    of_state(add_term(r, 1, -omega), 0);
  } else {
    of_state(add_term(r, 0, omega), 0);
    of_state(of_state(add_term(r, 0, -omega), 0), 1);
    of_state(add_term(r, 1, -omega), 1);
    of_state(of_state(add_term(r, 1, omega), 0), 1);
  }
  if (chance(r, 0.3)) make_parameter(r, &r->s.term[pick(r, 0, r->s.count - 1)]);
  return omega;
}

static inline void draw_fast_coefficient(trial *r) {
  double omega = add_oscillator(r), span = fabs(r->t1 - r->t0);
  for (int count = pick(r, 1, 2); count > 0; count--) {
    int i = r->s.n++;
    r->x0[i] = chance(r, 0.5) ? 0 : uniform(r, -1, 1);
    term *m = of_wave(r, add_term(r, i, 0), fmin(omega * log_uniform(r, 4, 60), 2000 / span));
    if (chance(r, 0.4)) of_state(m, pick(r, 0, 1));
    make_zero(r, m, log_uniform(r, 0.1, 10));
    if (chance(r, 0.4)) of_state(add_term(r, i, -log_uniform(r, 0.1, 10) / span), i);
  }
}

static inline void add_follower(trial *r, int led, double rate) {
  static const shape shapes[] = {SHAPE_LINEAR, SHAPE_LINEAR, SHAPE_SQUARE, SHAPE_TANH};
  int i = r->s.n++;
  factor g = {shapes[pick(r, 0, 3)], led, 0, 0};
  term *pull = of_state(add_term(r, i, -rate), i), *lead = add_term(r, i, rate);
  of_shape(lead, g.shape, led, 0, 0);
  r->x0[i] = shape_value(&g, r->x0) * (chance(r, 0.5) ? 1 : uniform(r, 0.5, 1.5));
  if (chance(r, 0.6)) { /* one rate for both */
    make_parameter(r, pull);
    pull->c = -1, r->theta[r->s.p - 1] = rate;
    lead->c = 1, lead->theta[0] = r->s.p - 1;
  } else if (chance(r, 0.5))
    make_parameter(r, lead);
}

/* Something slow (a decay, growth to a capacity, an oscillator), and one or two fast ones that follow it. */
static inline void draw_stiff_follower(trial *r) {
  double span = fabs(r->t1 - r->t0), slow = log_uniform(r, 0.5, 15) / span;
  int way = pick(r, 0, 2);
  if (way == 2)
    add_oscillator(r);
  else {
    r->s.n = 1;
    r->x0[0] = uniform(r, 0.3, 2);
    of_state(add_term(r, 0, way ? slow : -slow), 0);
    if (way) of_shape(add_term(r, 0, -slow), SHAPE_SQUARE, 0, 0, 0);
    if (chance(r, 0.5)) make_parameter(r, &r->s.term[0]);
  }
  double rate = log_uniform(r, 50, fmin(1000, 2e4 / span));
  add_follower(r, 0, rate);
  if (chance(r, 0.4)) add_follower(r, r->s.n - 1, rate * log_uniform(r, 0.05, 1));
}

/* ---- Nonlinear states of rest: the terms; add_rest makes x0 one ---- */

static inline void positive_states(trial *r, int n) {
  r->s.n = n;
  for (int i = 0; i < n; i++) r->x0[i] = uniform(r, 0.3, 2);
}

/* Species that compete less with each other than with themselves. */
static inline void add_competition(trial *r) {
  positive_states(r, pick(r, 1, 4));
  for (int i = 0; i < r->s.n; i++) {
    double growth = log_uniform(r, 0.1, 100), sum = 0;
    for (int j = 0; j < r->s.n; j++) {
      double share = i == j ? 1 : uniform(r, 0, 0.8 / r->s.n);
      sum += share * r->x0[j];
      of_state(of_state(add_term(r, i, -growth * share), i), j);
    }
    term *m = of_state(add_term(r, i, growth * sum), i);
    if (chance(r, 0.6)) make_parameter(r, m);
  }
}

/* An enzyme that breaks down what is fed, and its product. */
static inline void add_enzyme(trial *r) {
  positive_states(r, 2);
  double most = log_uniform(r, 1, 200);
  term *m = of_shape(add_term(r, 0, -most), SHAPE_SATURATION, 0, uniform(r, 0.2, 3), 0);
  make_parameter(r, m);
  m = of_shape(add_term(r, 1, most), SHAPE_SATURATION, 0, m->factor[0].a, 0);
  m = of_state(add_term(r, 1, -log_uniform(r, 0.1, 100)), 1);
  if (chance(r, 0.5)) make_parameter(r, m);
}

/* Goodwin's loop: the last represses the first. */
static inline void add_loop(trial *r) {
  positive_states(r, 3);
  double speed = log_uniform(r, 0.2, 60);
  for (int i = 0; i < 3; i++) {
    double rate = speed * log_uniform(r, 0.3, 3);
    term *m = of_state(add_term(r, i, -rate), i);
    if (chance(r, 0.4)) make_parameter(r, m);
    m = add_term(r, i, rate * r->x0[i]);
    if (i == 0)
      of_shape(m, SHAPE_REPRESSION, 2, uniform(r, 0.5, 2), 0);
    else
      of_state(m, i - 1), m->c /= r->x0[i - 1];
    if (chance(r, 0.3)) make_parameter(r, m);
  }
}

/* A membrane with one gate that opens slowly and one that closes fast. */
static inline void add_gates(trial *r) {
  positive_states(r, 3);
  double leak = log_uniform(r, 1, 20);
  r->x0[0] = uniform(r, -1, 1);
  term *m = of_state(add_term(r, 0, -leak), 0);
  if (chance(r, 0.5)) make_parameter(r, m);
  m = add_term(r, 0, -leak * uniform(r, 0.2, 2));
  of_shape(of_state(of_state(m, 1), 2), SHAPE_TANH, 0, 0, 0);
  for (int i = 1; i <= 2; i++) {
    double rate = log_uniform(r, 0.1, 100), width = uniform(r, 0.5, 2);
    m = of_state(add_term(r, i, -rate), i);
    if (chance(r, 0.4)) make_parameter(r, m);
    of_shape(add_term(r, i, rate), SHAPE_SIGMOID, 0, uniform(r, -1, 1), width);
  }
}

/* A network of tanh units that a decay holds. */
static inline void add_network(trial *r) {
  draw_states(r, pick(r, 2, 4));
  double rate = log_uniform(r, 0.1, 100);
  for (int i = 0; i < r->s.n; i++) {
    term *m = of_state(add_term(r, i, -rate * uniform(r, 1, 2)), i);
    if (chance(r, 0.2)) make_parameter(r, m);
    for (int j = 0; j < r->s.n; j++) {
      m = of_shape(add_term(r, i, rate * 0.9 / r->s.n * uniform(r, -1, 1)), SHAPE_TANH, j, 0, 0);
      if (chance(r, 0.1)) make_parameter(r, m);
    }
  }
}

static inline void draw_nonlinear_rest(trial *r) {
  static void (*const models[])(trial *) = {add_competition, add_enzyme, add_loop, add_gates, add_network};
  models[pick(r, 0, 4)](r);
  add_rest(r, r->s.n, 1.5);
  if (chance(r, 0.1)) r->x0[0] *= uniform(r, 0.9, 1.1);
  if (chance(r, 0.5)) add_mover(r);
}

/* ---- What is common: span, observations, options ---- */

static inline int compare_times(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static inline void draw_seeds(trial *r, double *seeds) {
  int only = chance(r, 0.4) ? pick(r, 0, r->s.n - 1) : -1;
  for (int i = 0; i < r->s.n; i++)
    if (only < 0 || i == only) seeds[i] = r->unit * normal(r);
}

/* The loss may be in any unit. */
static inline void draw_observations(trial *r) {
  r->unit = chance(r, 0.2) ? log_uniform(r, 1e-12, 1e12) : 1;
  r->observations = chance(r, 0.7) ? pick(r, 1, OBSERVATIONS_MAX) : 0;
  for (int i = 0; i < r->observations; i++) r->times[i] = uniform(r, r->t0, r->t1);
  qsort(r->times, (size_t)r->observations, sizeof(double), compare_times);
  for (int i = 0; i < r->observations; i++) draw_seeds(r, r->seeds[i]);
  if (!r->observations || chance(r, 0.6)) draw_seeds(r, r->seeds[r->observations]);
  for (int i = 0; i < r->s.n; i++) r->x0_dot[i] = normal(r);
  for (int i = 0; i < r->s.p; i++) r->theta_dot[i] = normal(r) * fmax(fabs(r->theta[i]), 0.1);
}

/* Half of the pushforwards are products with the Hessian; second derivatives are those of a text. */
static inline void make_hessian(trial *r) {
  if (r->s.pulse.happens) return; /* second derivatives through events are not there */
  r->product = PRODUCT_HESSIAN;
  r->as_text = 1;
}

static inline void draw_options(trial *r) {
  static const og_method methods[] = {OG_METHOD_TSIT5,  OG_METHOD_TSIT5,  OG_METHOD_TSIT5,  OG_METHOD_TSIT5,
                                      OG_METHOD_DOPRI5, OG_METHOD_DOPRI5, OG_METHOD_DOP853, OG_METHOD_DOP853,
                                      OG_METHOD_BS32,   OG_METHOD_HEUN};
  static const product products[] = {
      PRODUCT_DISCRETE,    PRODUCT_DISCRETE,    PRODUCT_DISCRETE,   PRODUCT_DISCRETE, PRODUCT_BACKSOLVE,
      PRODUCT_INTERPOLATE, PRODUCT_INTERPOLATE, PRODUCT_QUADRATURE, PRODUCT_FORWARD,  PRODUCT_PUSHFORWARD};
  r->method = methods[pick(r, 0, 9)];
  r->product = products[pick(r, 0, 9)];
  r->precision = chance(r, 0.15) ? OG_PRECISION_SINGLE : OG_PRECISION_DOUBLE;
  r->norm = chance(r, 0.3) ? OG_NORM_FULL : OG_NORM_SEMINORM;
  double finest = r->method == OG_METHOD_HEUN ? 1e-5 : r->method == OG_METHOD_BS32 ? 1e-6 : 1e-8;
  r->rtol = r->precision == OG_PRECISION_SINGLE ? log_uniform(r, 1e-4, 1e-3) : log_uniform(r, finest, 1e-4);
  r->atol = r->rtol * log_uniform(r, 1e-4, 1);
  r->as_text = chance(r, 0.25);
  if (r->product == PRODUCT_PUSHFORWARD && r->index / KIND_COUNT % 2) make_hessian(r);
}

/* The problem backward in time: the same states, with all signs of time turned. */
static inline void turn_time(trial *r) {
  double t0 = r->t0;
  for (int k = 0; k < r->s.count; k++) {
    term *m = &r->s.term[k];
    m->c = -m->c;
    m->phase += 2 * m->omega * t0;
    m->omega = -m->omega;
  }
  r->t1 = 2 * t0 - r->t1;
  r->input_at = 2 * t0 - r->input_at;
  r->s.pulse.time = 2 * t0 - r->s.pulse.time;
  if (r->s.pulse.happens && r->s.pulse.time_parameter >= 0)
    r->theta[r->s.pulse.time_parameter] = r->s.pulse.time;
  for (int i = 0; i < r->observations; i++) r->times[i] = 2 * t0 - r->times[i];
}

static inline trial draw_trial(uint64_t seed, uint64_t index) {
  static void (*const draw[])(trial *) = {draw_linear_rest,      draw_linear_forced,  draw_linear_stimulated,
                                          draw_zero_parameter,   draw_zero_state,     draw_zero_both,
                                          draw_fast_coefficient, draw_stiff_follower, draw_nonlinear_rest};
  trial r = {
      .seed = seed, .index = index, .random = seed * 0x2545f4914f6cdd1du + index * 0x9e6c63d0876a9a47u};
  r.kind = (kind)(index % KIND_COUNT);
  r.t0 = chance(&r, 0.5) ? 0 : uniform(&r, -5, 5);
  r.t1 = r.t0 + log_uniform(&r, 1, 120);
  draw[r.kind](&r);
  need_parameter(&r);
  for (int k = 0; k < r.s.count; k++)
    for (int i = 0; i < 2; i++)
      if (r.s.term[k].theta[i] == -2) r.s.term[k].theta[i] = r.s.p;
  draw_observations(&r);
  if (chance(&r, 0.1) && !r.s.inputs) turn_time(&r);
  draw_options(&r);
  return r;
}

#endif

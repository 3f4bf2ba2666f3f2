/* A problem with everything: several trajectories of the rich field (fields.h), observations at t0, at t1 and
 * twice at one time, a running cost, times; its inputs and its outputs as one vector each. */
#ifndef OG_TEST_PROBLEM_H
#define OG_TEST_PROBLEM_H

#include "fields.h"

enum { M = 5, K = 6 };

typedef struct problem {
  og_context *context;
  og_field *own;   /* of callbacks */
  og_model *model; /* or of a model */
  const og_field *field;
  og_options *options;
  og_solve *solve;
  size_t count, observed; /* trajectories, observations in all */
  double x0[M][RICH_STATES], theta[M][RICH_PARAMETERS], t0[M], t1[M], times[M][K];
  int counts[M];
} problem;

typedef struct setting {
  og_method method;
  og_precision precision;
  int steps; /* 0: adaptive */
  int backward, shared, model;
  double stretch; /* of the spans; 0: none */
  size_t trajectories;
} setting;

static inline void apply(problem *p, int shared) {
  for (size_t m = 0; m < p->count; m++) {
    CHECK(p->context, og_solve_set_span(p->solve, m, p->t0[m], p->t1[m]));
    CHECK(p->context, og_solve_set_observations(p->solve, m, (size_t)p->counts[m], p->times[m]));
    CHECK(p->context, og_solve_set_initial_state(p->solve, m, p->x0[m]));
    if (!shared) CHECK(p->context, og_solve_set_parameters(p->solve, m, p->theta[m]));
  }
  if (shared) CHECK(p->context, og_solve_set_parameters(p->solve, OG_ALL, p->theta[0]));
}

static inline problem make(const setting *s) {
  problem p = {.context = new_context(), .count = s->trajectories};
  uint64_t seed = 7;
  if (s->model)
    p.field = og_model_field(p.model = rich_model(p.context));
  else
    p.field = p.own = rich_field(p.context);
  p.options = new_options(p.context, s->steps ? OG_METHOD_TSIT5 : s->method, 1e-5, 1e-7);
  CHECK(p.context, og_options_set_integer(p.options, OG_OPT_STEPS, s->steps));
  CHECK(p.context, og_options_set_choice(p.options, OG_OPT_METHOD, (int)s->method));
  CHECK(p.context, og_options_set_choice(p.options, OG_OPT_PRECISION, (int)s->precision));
  CHECK(p.context, og_solve_create(p.context, p.field, p.options, p.count, &p.solve));
  for (size_t m = 0; m < p.count; m++) {
    double sign = (s->backward ? -1 : 1) * (s->stretch > 0 ? s->stretch : 1);
    for (int i = 0; i < RICH_STATES; i++) p.x0[m][i] = 1 + 0.3 * noise(&seed);
    for (int i = 0; i < RICH_PARAMETERS; i++) p.theta[m][i] = 0.8 + 0.3 * noise(&seed);
    p.t0[m] = 0.1 * (double)m;
    p.t1[m] = p.t0[m] + sign * (1 + 0.2 * (double)m);
    p.counts[m] = (int)(m == 1 ? 0 : m % 2 ? K - 2 : K);
    p.observed += (size_t)p.counts[m];
    for (int i = 0; i < p.counts[m]; i++) /* the first at t0, the last at t1, two equal */
      p.times[m][i] = p.t0[m] + (p.t1[m] - p.t0[m]) * (i == 3 ? 2 : i) / (p.counts[m] - 1);
  }
  for (size_t m = 0; m < p.count; m++)
    if (p.counts[m]) p.times[m][p.counts[m] - 1] = p.t1[m];
  apply(&p, s->shared);
  return p;
}

static inline void drop(problem *p) {
  og_solve_destroy(p->solve);
  og_options_destroy(p->options);
  og_field_destroy(p->own);
  og_model_destroy(p->model);
  og_context_destroy(p->context);
}

/* Inputs or outputs of a solve as one vector: x0, theta, t0, t1, times; observed, final, cost. */
enum {
  INPUTS = M * (RICH_STATES + RICH_PARAMETERS + 2 + K),
  OUTPUTS = M * (K * RICH_STATES + RICH_STATES + 1)
};
typedef struct inputs {
  double v[INPUTS], *x0, *theta, *t0, *t1, *times;
} inputs;
typedef struct outputs {
  double v[OUTPUTS], *observed, *final, *cost;
} outputs;

static inline void lay_inputs(inputs *in) {
  in->x0 = in->v, in->theta = in->x0 + M * RICH_STATES, in->t0 = in->theta + M * RICH_PARAMETERS;
  in->t1 = in->t0 + M, in->times = in->t1 + M;
}
static inline void lay_outputs(outputs *out) {
  out->observed = out->v, out->final = out->observed + M * K * RICH_STATES,
  out->cost = out->final + M * RICH_STATES;
}
static inline double dot(const double *a, const double *b, int count) {
  double sum = 0;
  for (int i = 0; i < count; i++) sum += a[i] * b[i];
  return sum;
}
static inline double size_of(const double *a, int count) { return sqrt(dot(a, a, count)); }

static inline void random_fill(double *v, int count, uint64_t *seed) {
  for (int i = 0; i < count; i++) v[i] = noise(seed);
}

static inline void pull(problem *p, const outputs *bars, inputs *gradient) {
  memset(gradient->v, 0, sizeof gradient->v);
  CHECK(p->context, og_solve_pullback(p->solve, &(og_pullback_arrays){
                                                    OG_INIT(og_pullback_arrays),
                                                    .observed_bar = bars->observed, .final_bar = bars->final,
                                                    .cost_bar = bars->cost, .x0_bar = gradient->x0,
                                                    .theta_bar = gradient->theta, .t0_bar = gradient->t0,
                                                    .t1_bar = gradient->t1, .times_bar = gradient->times}));
}

static inline void push(problem *p, const inputs *dots, outputs *out) {
  memset(out->v, 0, sizeof out->v);
  CHECK(p->context,
        og_solve_pushforward(p->solve, &(og_pushforward_arrays){
                                           OG_INIT(og_pushforward_arrays), .x0_dot = dots->x0,
                                           .theta_dot = dots->theta, .t0_dot = dots->t0, .t1_dot = dots->t1,
                                           .times_dot = dots->times, .observed_dot = out->observed,
                                           .final_dot = out->final, .cost_dot = out->cost}));
}

/* Only the entries that exist take part: shorter arrays leave the tails of the vectors. */
static inline void random_inputs(const problem *p, int shared, inputs *in, uint64_t *seed) {
  lay_inputs(in);
  memset(in->v, 0, sizeof in->v);
  random_fill(in->x0, (int)p->count * RICH_STATES, seed);
  random_fill(in->theta, (shared ? 1 : (int)p->count) * RICH_PARAMETERS, seed);
  random_fill(in->t0, (int)p->count, seed);
  random_fill(in->t1, (int)p->count, seed);
  random_fill(in->times, (int)p->observed, seed);
}
static inline void random_outputs(const problem *p, outputs *out, uint64_t *seed) {
  lay_outputs(out);
  memset(out->v, 0, sizeof out->v);
  random_fill(out->observed, (int)p->observed * RICH_STATES, seed);
  random_fill(out->final, (int)p->count * RICH_STATES, seed);
  random_fill(out->cost, (int)p->count, seed);
}

#endif

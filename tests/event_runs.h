/* The bouncing ball in closed form, and the whole of the driven oscillator (event_field.h) as a map from all
 * that goes into a solve to all that comes out of it. */
#ifndef OG_TEST_EVENT_RUNS_H
#define OG_TEST_EVENT_RUNS_H

#include "event_field.h"

static inline void expect_near(const char *what, double got, double want, double tolerance) {
  if (!(fabs(got - want) <= tolerance))
    fail_msg("%s: got %.17g, want %.17g, difference %.3g exceeds %.3g", what, got, want, got - want,
             tolerance);
}

/* ---- A bouncing ball: h' = v, v' = -g; at h = r the speed turns, v+ = -e v ----
 * theta = (g, e, r). From h0 at rest it hits the floor after sqrt(2 (h0 - r) / g) = T, then every 2 e^k T. */

static inline int ball_rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)t, (void)user;
  f[0] = x[1];
  f[1] = -p[0];
  return 0;
}
static inline int ball_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                           double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)x, (void)p, (void)t_bar, (void)user;
  x_bar[1] = l[0];
  theta_bar[0] = -l[1];
  return 0;
}
static inline int ball_jvp(double t, const double *x, const double *p, double t_dot, const double *dx,
                           const double *dp, double *f_dot, void *user) {
  (void)t, (void)x, (void)p, (void)t_dot, (void)user;
  f_dot[0] = dx[1];
  f_dot[1] = -dp[0];
  return 0;
}
static inline int ball_guard(double t, const double *x, const double *p, double *g, void *user) {
  (void)t, (void)user;
  g[0] = x[0] - p[2];
  return 0;
}
static inline int ball_guard_vjp(double t, const double *x, const double *p, const double *g_bar,
                                 double *x_bar, double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)x, (void)p, (void)t_bar, (void)user;
  x_bar[0] = g_bar[0];
  theta_bar[2] = -g_bar[0];
  return 0;
}
static inline int ball_jump(size_t event, double t, const double *x, const double *p, double *after,
                            void *user) {
  (void)event, (void)t, (void)user;
  after[1] = -p[1] * x[1];
  return 0;
}
static inline int ball_jump_vjp(size_t event, double t, const double *x, const double *p,
                                const double *after_bar, double *x_bar, double *theta_bar, double *t_bar,
                                void *user) {
  (void)event, (void)t, (void)t_bar, (void)user;
  x_bar[0] = after_bar[0];
  x_bar[1] = -p[1] * after_bar[1];
  theta_bar[1] = -x[1] * after_bar[1];
  return 0;
}
static inline int ball_jump_jvp(size_t event, double t, const double *x, const double *p, double t_dot,
                                const double *x_dot, const double *theta_dot, double *after_dot, void *user) {
  (void)event, (void)t, (void)t_dot, (void)user;
  after_dot[0] = x_dot[0];
  after_dot[1] = -p[1] * x_dot[1] - theta_dot[1] * x[1];
  return 0;
}

static inline og_field *ball_field(og_context *context, og_direction direction) {
  og_field *field = NULL;
  CHECK(context, og_field_create(context, 2, 3, ball_rhs, NULL, &field));
  CHECK(context, og_field_set_vjp(field, ball_vjp));
  CHECK(context, og_field_set_jvp(field, ball_jvp));
  og_event hit = {OG_INIT(og_event), "hit", direction, 0};
  og_event_functions functions = {
      OG_INIT(og_event_functions), ball_guard, ball_guard_vjp, ball_jump, ball_jump_vjp, ball_jump_jvp};
  CHECK(context, og_field_set_events(field, 1, &hit, &functions));
  return field;
}

/* The k-th hit, from 0, and its derivatives by h0, g, e, r. */
static inline double hit_time(int k, double h0, const double *p, double gradient[4]) {
  double fall = h0 - p[2], T = sqrt(2 * fall / p[0]), sum = 1, slope = 0;
  for (int i = 1; i <= k; i++) sum += 2 * pow(p[1], i), slope += 2 * i * pow(p[1], i - 1);
  gradient[0] = sum * T / (2 * fall);
  gradient[1] = -sum * T / (2 * p[0]);
  gradient[2] = slope * T;
  gradient[3] = -gradient[0];
  return sum * T;
}

static const double ball_theta[3] = {9.8, 0.8, 0.2};
enum { HITS = 3 };

/* A guard at a height of theta[2] above the ball. */
static inline int top_guard(double t, const double *x, const double *p, double *g, void *user) {
  (void)t, (void)user;
  g[0] = p[2] - x[0];
  return 0;
}
static inline int top_guard_vjp(double t, const double *x, const double *p, const double *g_bar,
                                double *x_bar, double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)x, (void)p, (void)t_bar, (void)user;
  x_bar[0] = -g_bar[0];
  theta_bar[2] = g_bar[0];
  return 0;
}

/* ---- The driven oscillator ---- */

enum { SEEN = 4, MOST_EVENTS = 200 };
typedef struct driven_input {
  double x0[DRIVEN_STATES], theta[DRIVEN_PARAMETERS], t0, t1, times[SEEN];
  double u[DRIVEN_VALUES], w[DRIVEN_VALUES];
} driven_input;
typedef struct driven_output {
  double observed[SEEN][DRIVEN_STATES], final[DRIVEN_STATES], cost;
  double event_times[MOST_EVENTS], before[MOST_EVENTS][DRIVEN_STATES], after[MOST_EVENTS][DRIVEN_STATES];
} driven_output;
enum { INPUTS = sizeof(driven_input) / sizeof(double), OUTPUTS = sizeof(driven_output) / sizeof(double) };

static inline driven_input driven_start(int backward) {
  driven_input in = {.t0 = backward ? 4 : 0, .t1 = backward ? 0 : 4};
  double times[DRIVEN_VALUES];
  memcpy(in.x0, driven_x0, sizeof in.x0);
  memcpy(in.theta, driven_theta, sizeof in.theta);
  for (int i = 0; i < SEEN; i++) in.times[i] = in.t0 + (in.t1 - in.t0) * (0.13 + 0.27 * i);
  driven_signals(times, in.u, in.w);
  return in;
}

static inline void driven_set(og_context *context, og_solve *solve, size_t m, const driven_input *in) {
  double times[DRIVEN_VALUES], u[DRIVEN_VALUES], w[DRIVEN_VALUES];
  driven_signals(times, u, w);
  CHECK(context, og_solve_set_span(solve, m, in->t0, in->t1));
  CHECK(context, og_solve_set_observations(solve, m, SEEN, in->times));
  CHECK(context, og_solve_set_initial_state(solve, m, in->x0));
  CHECK(context, og_solve_set_parameters(solve, m, in->theta));
  CHECK(context, og_solve_set_input(solve, m, 0, OG_SIGNAL_LINEAR, DRIVEN_VALUES, times, in->u));
  CHECK(context, og_solve_set_input(solve, m, 1, OG_SIGNAL_HOLD, DRIVEN_VALUES, times, in->w));
}

static inline size_t driven_get(og_context *context, const og_solve *solve, size_t m, driven_output *out) {
  size_t events = 0;
  memset(out, 0, sizeof *out);
  for (size_t i = 0; i < SEEN; i++) CHECK(context, og_solve_observed(solve, m, i, out->observed[i]));
  CHECK(context, og_solve_final(solve, m, out->final));
  CHECK(context, og_solve_cost(solve, m, &out->cost));
  CHECK(context, og_solve_events(solve, m, &events));
  assert_in_range(events, 1, MOST_EVENTS);
  for (size_t k = 0; k < events; k++) {
    og_occurrence at = {OG_INIT(og_occurrence)};
    CHECK(context, og_solve_event(solve, m, k, &at));
    out->event_times[k] = at.t;
    CHECK(context, og_solve_event_states(solve, m, k, out->before[k], out->after[k]));
  }
  return events;
}

/* in_bar += J^T bar, of a solve of one trajectory. */
static inline void driven_pull(og_context *context, og_solve *solve, const driven_output *bar,
                               driven_input *in_bar) {
  double values_u[DRIVEN_VALUES] = {0}, values_w[DRIVEN_VALUES] = {0};
  CHECK(context, og_solve_set_event_cotangents(solve, 0, bar->event_times, bar->before[0], bar->after[0]));
  CHECK(context,
        og_solve_pullback(solve, &(og_pullback_arrays){
                                     OG_INIT(og_pullback_arrays), .observed_bar = bar->observed[0],
                                     .final_bar = bar->final, .cost_bar = &bar->cost, .x0_bar = in_bar->x0,
                                     .theta_bar = in_bar->theta, .t0_bar = &in_bar->t0, .t1_bar = &in_bar->t1,
                                     .times_bar = in_bar->times}));
  CHECK(context, og_solve_input_gradient(solve, 0, 0, values_u));
  CHECK(context, og_solve_input_gradient(solve, 0, 1, values_w));
  for (int i = 0; i < DRIVEN_VALUES; i++) in_bar->u[i] += values_u[i], in_bar->w[i] += values_w[i];
}

static inline void random_cotangents(uint64_t *seed, size_t events, driven_output *bar) {
  double *b = (double *)bar;
  for (int i = 0; i < OUTPUTS; i++) b[i] = noise(seed);
  for (size_t k = events; k < MOST_EVENTS; k++) {
    bar->event_times[k] = 0;
    for (int i = 0; i < DRIVEN_STATES; i++) bar->before[k][i] = bar->after[k][i] = 0;
  }
}

static inline void expect_failure(og_context *context, og_status got, og_status want, const char *word) {
  if (got != want)
    fail_msg("%s in place of %s: %s", og_status_name(got), og_status_name(want), og_context_message(context));
  if (!strstr(og_context_message(context), word))
    fail_msg("the message does not say '%s': %s", word, og_context_message(context));
}

#endif

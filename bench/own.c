#include "own.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"
#include "odegrad.h"

struct own {
  own_settings settings;
  og_context *context;
  og_options *options;
  og_model *model;            /* OWN_MODEL, OWN_COMPILED */
  og_field *callbacks;        /* OWN_CALLBACKS, OWN_BLOCKS */
  const og_field *field;      /* of either */
  og_solve *observed, *final; /* the observed problem's, and the ensemble's; made when first asked for */
  double compile_seconds;
  double data[LV_OBSERVATIONS][LV_STATES];
  double *final_bar, *x0_bar, *theta_bar;
  long long vjps, refinements; /* of the last gradient, or of all parts of it */
};

static const char model_text[] = "param p1 = 1.5, p2 = 1, p3 = 3, p4 = 1\n"
                                 "init x = 1\n"
                                 "init y = 1\n"
                                 "x' = p1*x - p2*x*y\n"
                                 "y' = -p3*y + p4*x*y\n"
                                 "time 0 : 10\n";

static int rhs(double t, const double *x, const double *theta, double *f, void *user) {
  (void)t, (void)user;
  lv_rhs(x, theta, f);
  return 0;
}

static int vjp(double t, const double *x, const double *theta, const double *lambda, double *x_bar,
               double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)t_bar, (void)user;
  lv_state_product(x, theta, lambda, x_bar);
  lv_parameter_product(x, lambda, theta_bar);
  return 0;
}

static int block_rhs(size_t lanes, const double *t, const double *x, const double *p, double *f,
                     signed char *status, void *user) {
  const double *y = x + lanes;
  (void)t, (void)status, (void)user;
  for (size_t i = 0; i < lanes; i++) {
    double xy = x[i] * y[i];
    f[i] = p[i] * x[i] - p[lanes + i] * xy;
    f[lanes + i] = -p[2 * lanes + i] * y[i] + p[3 * lanes + i] * xy;
  }
  return 0;
}

static int block_vjp(size_t lanes, const double *t, const double *x, const double *p, const double *lambda,
                     double *x_bar, double *theta_bar, double *t_bar, signed char *status, void *user) {
  const double *y = x + lanes, *l = lambda, *m = lambda + lanes;
  (void)t, (void)t_bar, (void)status, (void)user;
  for (size_t i = 0; x_bar && i < lanes; i++) {
    x_bar[i] = l[i] * (p[i] - p[lanes + i] * y[i]) + m[i] * p[3 * lanes + i] * y[i];
    x_bar[lanes + i] = -l[i] * p[lanes + i] * x[i] + m[i] * (p[3 * lanes + i] * x[i] - p[2 * lanes + i]);
  }
  for (size_t i = 0; theta_bar && i < lanes; i++) {
    theta_bar[i] = l[i] * x[i];
    theta_bar[lanes + i] = -l[i] * x[i] * y[i];
    theta_bar[2 * lanes + i] = -m[i] * y[i];
    theta_bar[3 * lanes + i] = m[i] * x[i] * y[i];
  }
  return 0;
}

static int failed(const own *o, const char *what, og_status status) {
  if (status != OG_OK)
    fprintf(stderr, "odegrad, %s: %s: %s\n", what, og_status_name(status), og_context_message(o->context));
  return status != OG_OK;
}

/* Leaves the function when `call` fails. */
#define TRY(call)                                                                                            \
  do {                                                                                                       \
    if (failed(o, #call, (call))) return -1;                                                                 \
  } while (0)

static int create_model(own *o) {
  TRY(og_model_create_from_text(o->context, "lotka-volterra", model_text, sizeof model_text - 1, &o->model));
  o->field = og_model_field(o->model);
  if (o->settings.field != OWN_COMPILED) return 0;
  double start = wall_seconds();
  TRY(og_model_compile(o->model, OG_PRECISION_DOUBLE));
  o->compile_seconds = wall_seconds() - start;
  return 0;
}

static int create_callbacks(own *o) {
  TRY(og_field_create(o->context, LV_STATES, LV_PARAMETERS, rhs, NULL, &o->callbacks));
  TRY(og_field_set_vjp(o->callbacks, vjp));
  return 0;
}

static int create_blocks(own *o) {
  og_block_functions functions = {OG_INIT(og_block_functions), .rhs = block_rhs, .vjp = block_vjp};
  TRY(og_field_create_blocks(o->context, LV_STATES, LV_PARAMETERS, &functions, NULL, &o->callbacks));
  return 0;
}

static int create_field(own *o) {
  own_field kind = o->settings.field;
  if (kind != OWN_CALLBACKS && kind != OWN_BLOCKS) return create_model(o);
  if (kind == OWN_BLOCKS ? create_blocks(o) : create_callbacks(o)) return -1;
  TRY(og_field_set_autonomous(o->callbacks, 1));
  o->field = o->callbacks;
  return 0;
}

static int create_options(own *o) {
  TRY(og_options_create(o->context, &o->options));
  TRY(og_options_set_text(o->options, "method", o->settings.method));
  TRY(og_options_set_real(o->options, OG_OPT_RTOL, o->settings.tolerance));
  TRY(og_options_set_real(o->options, OG_OPT_ATOL, o->settings.tolerance));
  TRY(og_options_set_integer(o->options, OG_OPT_THREADS, o->settings.threads));
  if (o->settings.control) TRY(og_options_set_text(o->options, "gradient-control", o->settings.control));
  return 0;
}

static int create_solve(own *o, size_t trajectories, og_solve **solve) {
  static const double start[LV_STATES] = {1.0, 1.0};
  if (*solve) return 0;
  TRY(og_solve_create(o->context, o->field, o->options, trajectories, solve));
  TRY(og_solve_set_span(*solve, OG_ALL, 0.0, LV_END));
  TRY(og_solve_set_initial_state(*solve, OG_ALL, start));
  return 0;
}

static int create_observed(own *o) {
  double times[LV_OBSERVATIONS];
  if (o->observed) return 0;
  for (int i = 0; i < LV_OBSERVATIONS; i++) times[i] = lv_observation_time(i);
  if (create_solve(o, 1, &o->observed)) return -1;
  TRY(og_solve_set_observations(o->observed, OG_ALL, LV_OBSERVATIONS, times));
  return 0;
}

/* Trajectories solved and pulled back together: their steps stay in the cache in between. The largest divisor
 * up to this. */
enum { TOGETHER_MOST = 1000 };
static size_t together(const own *o) {
  size_t m = o->settings.trajectories, part = m < TOGETHER_MOST ? m : TOGETHER_MOST;
  while (m % part) part--;
  return part;
}

static int create_final(own *o) {
  size_t m = together(o);
  if (o->final) return 0;
  o->final_bar = malloc(m * LV_STATES * sizeof(double));
  o->x0_bar = malloc(m * LV_STATES * sizeof(double));
  o->theta_bar = malloc(m * LV_PARAMETERS * sizeof(double));
  if (!o->final_bar || !o->x0_bar || !o->theta_bar) return -1;
  for (size_t i = 0; i < m * LV_STATES; i++) o->final_bar[i] = 1.0;
  return create_solve(o, m, &o->final);
}

own *own_create(const own_settings *settings) {
  own *o = calloc(1, sizeof *o);
  if (!o) return NULL;
  o->settings = *settings;
  for (int i = 0; i < LV_OBSERVATIONS; i++) lv_observation(i, o->data[i]);
  if (og_context_create(NULL, NULL, NULL, &o->context) == OG_OK && !create_field(o) && !create_options(o))
    return o;
  own_destroy(o);
  return NULL;
}

void own_destroy(own *o) {
  if (!o) return;
  og_solve_destroy(o->observed);
  og_solve_destroy(o->final);
  og_options_destroy(o->options);
  og_field_destroy(o->callbacks);
  og_model_destroy(o->model);
  og_context_destroy(o->context);
  free(o->final_bar);
  free(o->x0_bar);
  free(o->theta_bar);
  free(o);
}

int own_solve(own *o, const double parameters[LV_PARAMETERS]) {
  if (create_observed(o)) return -1;
  TRY(og_solve_set_parameters(o->observed, OG_ALL, parameters));
  TRY(og_solve_run(o->observed));
  return 0;
}

static void add_work(own *o, const og_solve *solve) {
  long long refinements = og_solve_stat(solve, OG_STAT_REFINEMENTS);
  o->vjps += og_solve_stat(solve, OG_STAT_VJP_EVALS);
  if (refinements > o->refinements) o->refinements = refinements;
}

int own_observed_gradient(own *o, const double parameters[LV_PARAMETERS], double *loss,
                          double gradient[LV_GRADIENT]) {
  double bar[LV_OBSERVATIONS][LV_STATES];
  if (own_solve(o, parameters)) return -1;
  *loss = 0.0;
  for (int i = 0; i < LV_OBSERVATIONS; i++) {
    double x[LV_STATES];
    TRY(og_solve_observed(o->observed, 0, (size_t)i, x));
    for (int k = 0; k < LV_STATES; k++) {
      double residual = x[k] - o->data[i][k];
      *loss += residual * residual;
      bar[i][k] = 2.0 * residual;
    }
  }
  memset(gradient, 0, LV_GRADIENT * sizeof *gradient);
  TRY(og_solve_pullback(o->observed,
                        &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .observed_bar = bar[0],
                                              .x0_bar = gradient, .theta_bar = gradient + LV_STATES}));
  o->vjps = o->refinements = 0;
  add_work(o, o->observed);
  return 0;
}

static int part_of_gradients(own *o, size_t m, const double *parameters, double *gradients) {
  for (size_t i = 0; i < m; i++) TRY(og_solve_set_parameters(o->final, i, parameters + i * LV_PARAMETERS));
  TRY(og_solve_run(o->final));
  memset(o->x0_bar, 0, m * LV_STATES * sizeof(double));
  memset(o->theta_bar, 0, m * LV_PARAMETERS * sizeof(double));
  TRY(og_solve_pullback(o->final,
                        &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = o->final_bar,
                                              .x0_bar = o->x0_bar, .theta_bar = o->theta_bar}));
  add_work(o, o->final);
  for (size_t i = 0; i < m; i++) {
    memcpy(gradients + i * LV_GRADIENT, o->x0_bar + i * LV_STATES, LV_STATES * sizeof(double));
    memcpy(gradients + i * LV_GRADIENT + LV_STATES, o->theta_bar + i * LV_PARAMETERS,
           LV_PARAMETERS * sizeof(double));
  }
  return 0;
}

int own_final_gradients(own *o, const double *parameters, double *gradients) {
  if (create_final(o)) return -1;
  o->vjps = o->refinements = 0;
  for (size_t first = 0, m = together(o); first < o->settings.trajectories; first += m)
    if (part_of_gradients(o, m, parameters + first * LV_PARAMETERS, gradients + first * LV_GRADIENT))
      return -1;
  return 0;
}

double own_compile_seconds(const own *o) { return o->compile_seconds; }

void own_counts(const own *o, long *steps, long *rejected) {
  const og_solve *solve = o->final ? o->final : o->observed;
  *steps = solve ? (long)og_solve_stat(solve, OG_STAT_STEPS) : 0;
  *rejected = solve ? (long)og_solve_stat(solve, OG_STAT_REJECTED) : 0;
}

void own_work(const own *o, long long *vjps, long long *refinements) {
  *vjps = o->vjps;
  *refinements = o->refinements;
}

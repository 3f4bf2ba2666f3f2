#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stiff_contestant.h"

struct stiff_own {
  const stiff_problem *problem;
  size_t trajectories;
  og_context *context;
  og_options *options;
  og_model *model;
  og_field *callbacks;
  og_solve *solve;
  double *x, *final_bar, *observed_bar, *x0_bar, *p_bar;
};

static int failed(const stiff_own *o, og_status status) {
  if (status != OG_OK && getenv("BENCH_VERBOSE"))
    fprintf(stderr, "odegrad, %s: %s\n", o->problem->name, og_context_message(o->context));
  return status != OG_OK;
}

#define TRY(call)                                                                                            \
  do {                                                                                                       \
    if (failed(o, (call))) return -1;                                                                        \
  } while (0)

static int create_callbacks(stiff_own *o) {
  const stiff_problem *s = o->problem;
  TRY(og_field_create(o->context, (size_t)s->n, (size_t)s->p, s->rhs, NULL, &o->callbacks));
  TRY(og_field_set_vjp(o->callbacks, s->vjp));
  TRY(og_field_set_jvp(o->callbacks, s->jvp));
  TRY(og_field_set_hessian(o->callbacks, s->hessian, NULL));
  if (s->band)
    TRY(og_field_set_jacobian_band(o->callbacks, s->jacobian, (size_t)s->band, (size_t)s->band));
  else
    TRY(og_field_set_jacobian(o->callbacks, s->jacobian, 0, NULL, NULL));
  TRY(og_field_set_autonomous(o->callbacks, 1));
  return 0;
}

static int create_field(stiff_own *o, stiff_field kind) {
  if (kind == STIFF_CALLBACKS) return create_callbacks(o);
  const char *text = o->problem->text();
  TRY(og_model_create_from_text(o->context, "stiff", text, strlen(text), &o->model));
  if (kind == STIFF_COMPILED) TRY(og_model_compile(o->model, OG_PRECISION_DOUBLE));
  return 0;
}

static int create_solve(stiff_own *o, const char *method, double tolerance, const char *control) {
  const stiff_problem *s = o->problem;
  double *x0 = o->x, times[STIFF_OBSERVATIONS];
  TRY(og_options_create(o->context, &o->options));
  TRY(og_options_set_text(o->options, "method", method));
  TRY(og_options_set_text(o->options, "gradient-control", control));
  TRY(og_options_set_real(o->options, OG_OPT_RTOL, tolerance));
  TRY(og_options_set_real(o->options, OG_OPT_ATOL, tolerance * s->atol));
  TRY(og_options_set_integer(o->options, OG_OPT_THREADS, 1));
  TRY(og_solve_create(o->context, o->model ? og_model_field(o->model) : o->callbacks, o->options,
                      o->trajectories, &o->solve));
  s->initial(x0);
  for (int k = 0; k < s->observations; k++) times[k] = stiff_time(s, k);
  TRY(og_solve_set_initial_state(o->solve, OG_ALL, x0));
  TRY(og_solve_set_span(o->solve, OG_ALL, 0, s->t1));
  if (s->observations > 1) TRY(og_solve_set_observations(o->solve, OG_ALL, (size_t)s->observations, times));
  return 0;
}

stiff_own *stiff_own_create(const stiff_problem *problem, stiff_field field, const char *method,
                            double tolerance, const char *control, size_t trajectories) {
  stiff_own *o = calloc(1, sizeof *o);
  size_t n = (size_t)problem->n, p = (size_t)problem->p, times = (size_t)problem->observations;
  *o = (stiff_own){.problem = problem, .trajectories = trajectories};
  o->x = calloc(times * n, sizeof(double));
  o->final_bar = calloc(trajectories * n, sizeof(double));
  o->observed_bar = calloc(trajectories * n * times, sizeof(double));
  o->x0_bar = calloc(trajectories * n, sizeof(double));
  o->p_bar = calloc(trajectories * p, sizeof(double));
  if (og_context_create(NULL, NULL, NULL, &o->context) == OG_OK && create_field(o, field) == 0 &&
      create_solve(o, method, tolerance, control) == 0)
    return o;
  stiff_own_destroy(o);
  return NULL;
}

void stiff_own_destroy(stiff_own *o) {
  if (!o) return;
  og_solve_destroy(o->solve);
  og_options_destroy(o->options);
  og_field_destroy(o->callbacks);
  og_model_destroy(o->model);
  og_context_destroy(o->context);
  free(o->x), free(o->final_bar), free(o->observed_bar), free(o->x0_bar), free(o->p_bar);
  free(o);
}

static int find_cotangents(stiff_own *o) {
  const stiff_problem *s = o->problem;
  size_t n = (size_t)s->n, times = (size_t)s->observations;
  for (size_t m = 0; m < o->trajectories; m++) {
    if (times == 1) {
      TRY(og_solve_final(o->solve, m, o->x));
      s->psi(o->x, o->final_bar + m * n);
      continue;
    }
    for (size_t k = 0; k < times; k++) {
      TRY(og_solve_observed(o->solve, m, k, o->x));
      s->psi(o->x, o->observed_bar + (m * times + k) * n);
    }
  }
  return 0;
}

int stiff_own_gradient(stiff_own *o, const double *theta, double *gradients) {
  const stiff_problem *s = o->problem;
  size_t n = (size_t)s->n, p = (size_t)s->p;
  TRY(og_solve_set_parameter_rows(o->solve, theta));
  TRY(og_solve_run(o->solve));
  if (find_cotangents(o)) return -1;
  memset(o->x0_bar, 0, o->trajectories * n * sizeof(double));
  memset(o->p_bar, 0, o->trajectories * p * sizeof(double));
  TRY(og_solve_pullback(o->solve,
                        &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                              .observed_bar = s->observations > 1 ? o->observed_bar : NULL,
                                              .final_bar = s->observations > 1 ? NULL : o->final_bar,
                                              .x0_bar = o->x0_bar, .theta_bar = o->p_bar}));
  for (size_t m = 0; m < o->trajectories; m++, gradients += n + p) {
    memcpy(gradients, o->x0_bar + m * n, n * sizeof(double));
    for (size_t j = 0; j < p; j++) gradients[n + j] = theta[m * p + j] * o->p_bar[m * p + j];
  }
  return 0;
}

void stiff_own_counts(const stiff_own *o, long long *steps, long long *implicit, long long *refinements) {
  *steps = og_solve_stat(o->solve, OG_STAT_STEPS);
  *implicit = og_solve_stat(o->solve, OG_STAT_IMPLICIT_STEPS);
  *refinements = og_solve_stat(o->solve, OG_STAT_REFINEMENTS);
}

/* Problems with algebraic equations, and one run of one. */
#ifndef OG_TEST_DAE_MODELS_H
#define OG_TEST_DAE_MODELS_H

#include "models.h"

/* The chemical Akzo Nobel problem of index 1 (Stortelder 1998; Mazzia & Magherini, Test Set for IVP Solvers),
 * with its initial values. */
static const char akzo_text[] = "param k1 = 18.7, k2 = 0.58, k3 = 0.09, k4 = 0.42, K = 34.4, klA = 3.3\n"
                                "param pCO2 = 0.9, H = 737, Ks = 115.83\n"
                                "init y1 = 0.444, y2 = 0.00123, y3 = 0, y4 = 0.007, y5 = 0\n"
                                "algebraic y6 = 0.35999964\n"
                                "r1 = k1*y1^4*sqrt(y2)\n"
                                "r2 = k2*y3*y4\n"
                                "r3 = (k2/K)*y1*y5\n"
                                "r4 = k3*y1*y4^2\n"
                                "r5 = k4*y6^2*sqrt(y2)\n"
                                "F = klA*(pCO2/H - y2)\n"
                                "y1' = -2*r1 + r2 - r3 - r4\n"
                                "y2' = -0.5*r1 - r4 - 0.5*r5 + F\n"
                                "y3' = r1 - r2 + r3\n"
                                "y4' = -r2 + r3 - 2*r4\n"
                                "y5' = r2 - r3 + r5\n"
                                "0 = Ks*y1*y4 - y6\n"
                                "time 0 : 180\n";

/* A half-wave rectifier with a capacitance over its diode, and a node without one. */
static const char rectifier_text[] =
    "const Cj = 1e-9, C = 1e-5\n"
    "param Rs = 50, R = 1000, R3 = 200, Is = 1e-12, V = 0.025, A = 5, w = 314\n"
    "init y1 = 0, y2 = 0\n"
    "algebraic y3 = 0\n"
    "i = Is*(exp((y1 - y2)/V) - 1)\n"
    "j = Is*(exp(y3/V) - 1)\n"
    "Cj*(y1' - y2') = (A*sin(w*t) - y1)/Rs - i\n"
    "-Cj*y1' + (Cj + C)*y2' = i - y2/R - (y2 - y3)/R3\n"
    "0 = (y2 - y3)/R3 - j\n"
    "time 0 : 0.05\n";

enum { DAE_STATES = 8, DAE_PARAMETERS = 12, DAE_TIMES = 8 };

/* One trajectory of a model from its own initial values, and gradients of a loss. */
typedef struct dae_run {
  og_context *context;
  og_model *model;
  og_options *options;
  og_solve *solve;
  size_t n, p;
  double x0[DAE_STATES], theta[DAE_PARAMETERS], t0, t1;
  double final[DAE_STATES], x0_bar[DAE_STATES], theta_bar[DAE_PARAMETERS], t0_bar, t1_bar;
} dae_run;

static inline dae_run dae_open(const char *text, og_method method, double rtol, double atol) {
  dae_run r = {.context = new_context()};
  r.model = parse(r.context, text);
  r.options = new_options(r.context, method, rtol, atol);
  CHECK(r.context, og_model_span(r.model, &r.t0, &r.t1));
  CHECK(r.context, og_model_initialize(r.model, 0, r.theta));
  CHECK(r.context, og_model_initial_state(r.model, r.t0, r.theta, r.x0));
  r.n = og_model_states(r.model);
  r.p = og_model_parameters(r.model);
  assert_true(r.n <= DAE_STATES && r.p <= DAE_PARAMETERS);
  return r;
}

/* After settings of the options were changed. */
static inline void dae_create(dae_run *r) {
  CHECK(r->context, og_solve_create(r->context, og_model_field(r->model), r->options, 1, &r->solve));
  CHECK(r->context, og_solve_set_span(r->solve, 0, r->t0, r->t1));
  CHECK(r->context, og_solve_set_initial_state(r->solve, 0, r->x0));
  CHECK(r->context, og_solve_set_parameters(r->solve, OG_ALL, r->theta));
}

static inline void dae_solve(dae_run *r) {
  if (!r->solve) dae_create(r);
  CHECK(r->context, og_solve_run(r->solve));
  CHECK(r->context, og_solve_final(r->solve, 0, r->final));
}

static inline void dae_pull(dae_run *r, const double *observed_bar, const double *final_bar) {
  og_pullback_arrays arrays = {
      OG_INIT(og_pullback_arrays), .observed_bar = observed_bar, .final_bar = final_bar, .x0_bar = r->x0_bar,
      .theta_bar = r->theta_bar,   .t0_bar = &r->t0_bar,         .t1_bar = &r->t1_bar};
  memset(r->x0_bar, 0, sizeof r->x0_bar);
  memset(r->theta_bar, 0, sizeof r->theta_bar);
  r->t0_bar = r->t1_bar = 0;
  CHECK(r->context, og_solve_pullback(r->solve, &arrays));
}

static inline void dae_close(dae_run *r) {
  og_solve_destroy(r->solve);
  og_options_destroy(r->options);
  og_model_destroy(r->model);
  og_context_destroy(r->context);
}

#endif

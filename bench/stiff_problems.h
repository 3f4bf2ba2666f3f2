/* The stiff problems: one piece of C for each, called by odegrad's callback field and by CVODES; and the same
 * as a model. Gradients are those with respect to the initial state and the logarithms of the parameters. */
#ifndef BENCH_STIFF_PROBLEMS_H
#define BENCH_STIFF_PROBLEMS_H

#include <odegrad.h>

enum { STIFF_N = 1000, STIFF_P = 12, STIFF_GRADIENT = STIFF_N + STIFF_P, STIFF_OBSERVATIONS = 100 };

typedef struct stiff_problem {
  const char *name;
  const char *(*text)(void); /* the model */
  int n, p, band;            /* half the width of the Jacobian's band; 0: dense */
  og_rhs_fn rhs;
  og_vjp_fn vjp;
  og_jvp_fn jvp;
  og_hessian_fn hessian;
  og_jacobian_fn jacobian; /* [n][n], or as og_field_set_jacobian_band has it */
  void (*initial)(double *x);
  double theta[STIFF_P];
  double (*psi)(const double *x, double *bar); /* the loss, or one term of it; bar is overwritten */
  double t1;
  int observations; /* at equal distances, the last one at t1 */
  double atol;      /* absolute tolerance over the relative one */
} stiff_problem;

enum {
  STIFF_ROBERTSON,
  STIFF_HIRES,
  STIFF_HIRES_OBSERVED,
  STIFF_VAN_DER_POL,
  STIFF_BRUSSELATOR,
  STIFF_COUNT
};
extern const stiff_problem stiff_problems[STIFF_COUNT];

static inline double stiff_time(const stiff_problem *problem, int k) {
  return problem->t1 * (k + 1) / problem->observations;
}

#endif

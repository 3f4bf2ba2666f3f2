/* CVODES as its manual has it for stiff problems: BDF, Newton, direct dense or band solvers with the exact
 * Jacobians, the adjoint with hand-written products; memory made once, re-initialised for each gradient and
 * at each observation. */
#include <cvodes/cvodes.h>
#include <nvector/nvector_serial.h>
#include <stdlib.h>
#include <string.h>
#include <sundials/sundials_version.h>
#include <sunlinsol/sunlinsol_band.h>
#include <sunlinsol/sunlinsol_dense.h>
#include <sunmatrix/sunmatrix_band.h>
#include <sunmatrix/sunmatrix_dense.h>

#include "stiff_contestant.h"

typedef struct solver {
  SUNMatrix matrix;
  SUNLinearSolver linear;
} solver;

struct stiff_peer {
  const stiff_problem *problem;
  double theta[STIFF_P], p_bar[STIFF_P], x_bar[STIFF_N], *values, *bars;
  SUNContext context;
  void *cvode;
  int backward;
  N_Vector x, lambda, quadratures;
  solver forward_solver, backward_solver;
};

/* ---- Callbacks ---- */

static int rhs(realtype t, N_Vector x, N_Vector f, void *user) {
  stiff_peer *p = user;
  return p->problem->rhs(t, NV_DATA_S(x), p->theta, NV_DATA_S(f), NULL);
}

/* `sign` J, or its transpose: CVODES' matrices are by columns, the problems' by rows. */
static void put(const stiff_problem *s, const double *values, int transposed, double sign, SUNMatrix J) {
  int n = s->n, band = s->band;
  for (int i = 0; !band && i < n; i++)
    for (int j = 0; j < n; j++)
      SM_ELEMENT_D(J, transposed ? j : i, transposed ? i : j) = sign * values[i * n + j];
  for (int j = 0; band && j < n; j++)
    for (int i = j < band ? 0 : j - band; i < n && i <= j + band; i++) {
      double value = sign * values[(band + i - j) * n + j];
      if (transposed)
        SM_ELEMENT_B(J, j, i) = value;
      else
        SM_ELEMENT_B(J, i, j) = value;
    }
}

static int jacobian(realtype t, N_Vector x, N_Vector f, SUNMatrix J, void *user, N_Vector a, N_Vector b,
                    N_Vector c) {
  stiff_peer *p = user;
  (void)f, (void)a, (void)b, (void)c;
  int failed = p->problem->jacobian(t, NV_DATA_S(x), p->theta, p->values, NULL);
  put(p->problem, p->values, 0, 1, J);
  return failed;
}

static int adjoint_jacobian(realtype t, N_Vector x, N_Vector lambda, N_Vector rate, SUNMatrix J, void *user,
                            N_Vector a, N_Vector b, N_Vector c) {
  stiff_peer *p = user;
  (void)lambda, (void)rate, (void)a, (void)b, (void)c;
  int failed = p->problem->jacobian(t, NV_DATA_S(x), p->theta, p->values, NULL);
  put(p->problem, p->values, 1, -1, J);
  return failed;
}

static int adjoint_rhs(realtype t, N_Vector x, N_Vector lambda, N_Vector rate, void *user) {
  stiff_peer *p = user;
  double t_bar, *r = NV_DATA_S(rate);
  int failed = p->problem->vjp(t, NV_DATA_S(x), p->theta, NV_DATA_S(lambda), r, p->p_bar, &t_bar, NULL);
  for (int i = 0; i < p->problem->n; i++) r[i] = -r[i];
  return failed;
}

/* With respect to the logarithms of the parameters, so that they are of one size. */
static int adjoint_quadratures(realtype t, N_Vector x, N_Vector lambda, N_Vector rate, void *user) {
  stiff_peer *p = user;
  double t_bar, *r = NV_DATA_S(rate);
  int failed = p->problem->vjp(t, NV_DATA_S(x), p->theta, NV_DATA_S(lambda), p->x_bar, r, &t_bar, NULL);
  for (int j = 0; j < p->problem->p; j++) r[j] *= -p->theta[j];
  return failed;
}

/* ---- Creation ---- */

const char *stiff_peer_version(void) { return "SUNDIALS " SUNDIALS_VERSION; }

static void drop_message(int code, const char *module, const char *function, char *message, void *user) {
  (void)code, (void)module, (void)function, (void)message, (void)user;
}

static int attach(stiff_peer *p, solver *s) {
  const stiff_problem *problem = p->problem;
  s->matrix = problem->band ? SUNBandMatrix(problem->n, problem->band, problem->band, p->context)
                            : SUNDenseMatrix(problem->n, problem->n, p->context);
  if (!s->matrix) return -1;
  s->linear = problem->band ? SUNLinSol_Band(p->x, s->matrix, p->context)
                            : SUNLinSol_Dense(p->x, s->matrix, p->context);
  return s->linear ? 0 : -1;
}

static int create_solution(stiff_peer *p, double tolerance) {
  p->cvode = CVodeCreate(CV_BDF, p->context);
  p->problem->initial(NV_DATA_S(p->x));
  if (!p->cvode || CVodeInit(p->cvode, rhs, 0.0, p->x)) return -1;
  CVodeSetErrHandlerFn(p->cvode, drop_message, NULL);
  return CVodeSStolerances(p->cvode, tolerance, tolerance * p->problem->atol) ||
         CVodeSetUserData(p->cvode, p) || CVodeSetMaxNumSteps(p->cvode, 1000000) ||
         attach(p, &p->forward_solver) ||
         CVodeSetLinearSolver(p->cvode, p->forward_solver.linear, p->forward_solver.matrix) ||
         CVodeSetJacFn(p->cvode, jacobian);
}

static int create_backward(stiff_peer *p, const stiff_peer_settings *s, double tolerance) {
  double t1 = p->problem->t1;
  int *k = &p->backward;
  return CVodeAdjInit(p->cvode, p->problem->n > 100 ? 5000 : 100000,
                      s->polynomial ? CV_POLYNOMIAL : CV_HERMITE) ||
         CVodeCreateB(p->cvode, CV_BDF, k) || CVodeInitB(p->cvode, *k, adjoint_rhs, t1, p->lambda) ||
         CVodeSStolerancesB(p->cvode, *k, tolerance, tolerance) || CVodeSetUserDataB(p->cvode, *k, p) ||
         CVodeSetMaxNumStepsB(p->cvode, *k, 1000000) || attach(p, &p->backward_solver) ||
         CVodeSetLinearSolverB(p->cvode, *k, p->backward_solver.linear, p->backward_solver.matrix) ||
         CVodeSetJacFnB(p->cvode, *k, adjoint_jacobian) ||
         CVodeQuadInitB(p->cvode, *k, adjoint_quadratures, p->quadratures) ||
         CVodeQuadSStolerancesB(p->cvode, *k, tolerance, tolerance) ||
         CVodeSetQuadErrConB(p->cvode, *k, s->quadrature_control);
}

stiff_peer *stiff_peer_create(const stiff_problem *problem, const stiff_peer_settings *settings,
                              double tolerance) {
  stiff_peer *p = calloc(1, sizeof *p);
  size_t n = (size_t)problem->n;
  p->problem = problem;
  p->values = calloc(n * (problem->band ? 2 * (size_t)problem->band + 1 : n), sizeof(double));
  p->bars = calloc(n * (size_t)problem->observations, sizeof(double));
  memcpy(p->theta, problem->theta, sizeof p->theta);
  int failed = SUNContext_Create(NULL, &p->context);
  if (!failed) {
    p->x = N_VNew_Serial(problem->n, p->context);
    p->lambda = N_VNew_Serial(problem->n, p->context);
    p->quadratures = N_VNew_Serial(problem->p, p->context);
    N_VConst(1.0, p->lambda);
    N_VConst(0.0, p->quadratures);
    failed =
        create_solution(p, tolerance) || create_backward(p, settings, tolerance * settings->backward_factor);
  }
  if (!failed) return p;
  stiff_peer_destroy(p);
  return NULL;
}

static void destroy_solver(solver *s) {
  if (s->linear) SUNLinSolFree(s->linear);
  if (s->matrix) SUNMatDestroy(s->matrix);
}

void stiff_peer_destroy(stiff_peer *p) {
  if (!p) return;
  if (p->cvode) CVodeFree(&p->cvode);
  destroy_solver(&p->forward_solver);
  destroy_solver(&p->backward_solver);
  if (p->quadratures) N_VDestroy(p->quadratures);
  if (p->lambda) N_VDestroy(p->lambda);
  if (p->x) N_VDestroy(p->x);
  if (p->context) SUNContext_Free(&p->context);
  free(p->values), free(p->bars);
  free(p);
}

/* ---- A gradient ---- */

int stiff_peer_gradient(stiff_peer *p, const double *theta, double *gradient) {
  const stiff_problem *s = p->problem;
  realtype reached;
  int checkpoints, n = s->n;
  memcpy(p->theta, theta, (size_t)s->p * sizeof *theta);
  s->initial(NV_DATA_S(p->x));
  if (CVodeReInit(p->cvode, 0.0, p->x) || CVodeAdjReInit(p->cvode)) return -1;
  for (int k = 0; k < s->observations; k++) {
    if (CVodeF(p->cvode, stiff_time(s, k), p->x, &reached, CV_NORMAL, &checkpoints) < 0) return -1;
    s->psi(NV_DATA_S(p->x), p->bars + k * n);
  }
  N_VConst(0.0, p->lambda);
  N_VConst(0.0, p->quadratures);
  for (int k = s->observations - 1; k >= 0; k--) {
    for (int i = 0; i < n; i++) NV_Ith_S(p->lambda, i) += p->bars[k * n + i];
    if (CVodeReInitB(p->cvode, p->backward, stiff_time(s, k), p->lambda) ||
        CVodeQuadReInitB(p->cvode, p->backward, p->quadratures) ||
        CVodeB(p->cvode, k > 0 ? stiff_time(s, k - 1) : 0.0, CV_NORMAL) < 0 ||
        CVodeGetB(p->cvode, p->backward, &reached, p->lambda) ||
        CVodeGetQuadB(p->cvode, p->backward, &reached, p->quadratures))
      return -1;
  }
  memcpy(gradient, NV_DATA_S(p->lambda), (size_t)n * sizeof *gradient);
  memcpy(gradient + n, NV_DATA_S(p->quadratures), (size_t)s->p * sizeof *gradient);
  return 0;
}

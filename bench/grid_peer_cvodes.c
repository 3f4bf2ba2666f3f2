/* As stiff_peer_cvodes.c, with sparse matrices by columns and KLU, whose pivots CVODES keeps from one matrix
 * to the next. */
#include "grid_peer.h"

#include <cvodes/cvodes.h>
#include <nvector/nvector_serial.h>
#include <stdlib.h>
#include <string.h>
#include <sundials/sundials_version.h>
#include <sunlinsol/sunlinsol_klu.h>
#include <sunmatrix/sunmatrix_sparse.h>

typedef struct solver {
  SUNMatrix matrix;
  SUNLinearSolver linear;
} solver;

struct grid_peer {
  grid *g;
  double t1, *values, *x_bar, p_bar[GRID_PARAMETERS];
  SUNContext context;
  void *cvode;
  int backward;
  N_Vector x, lambda, quadratures;
  solver forward_solver, backward_solver;
};

/* ---- Callbacks ---- */

static int rhs(realtype t, N_Vector x, N_Vector f, void *user) {
  grid_peer *p = user;
  return grid_rhs(t, NV_DATA_S(x), grid_theta, NV_DATA_S(f), p->g);
}

/* The pattern is symmetric, so that by rows it is by columns too: values by rows are J^T by columns. */
static void put(grid_peer *p, int transposed, double sign, SUNMatrix J) {
  const grid *g = p->g;
  sunindextype *start = SM_INDEXPTRS_S(J), *row = SM_INDEXVALS_S(J);
  realtype *value = SM_DATA_S(J);
  for (size_t e = 0, column = 0; e < g->count; e++) {
    for (; column <= g->row[e]; column++) start[column] = (sunindextype)e;
    row[e] = (sunindextype)g->column[e];
    value[e] = transposed ? sign * p->values[e] : 0;
  }
  start[g->n] = (sunindextype)g->count;
  for (size_t e = 0; !transposed && e < g->count; e++) { /* (row, column) stands in the list of its column */
    sunindextype at = start[g->column[e]];
    while (row[at] != (sunindextype)g->row[e]) at++;
    value[at] = sign * p->values[e];
  }
}

static int jacobian(realtype t, N_Vector x, N_Vector f, SUNMatrix J, void *user, N_Vector a, N_Vector b,
                    N_Vector c) {
  grid_peer *p = user;
  (void)f, (void)a, (void)b, (void)c;
  grid_jacobian(t, NV_DATA_S(x), grid_theta, p->values, p->g);
  put(p, 0, 1, J);
  return 0;
}

static int adjoint_jacobian(realtype t, N_Vector x, N_Vector lambda, N_Vector rate, SUNMatrix J, void *user,
                            N_Vector a, N_Vector b, N_Vector c) {
  grid_peer *p = user;
  (void)lambda, (void)rate, (void)a, (void)b, (void)c;
  grid_jacobian(t, NV_DATA_S(x), grid_theta, p->values, p->g);
  put(p, 1, -1, J);
  return 0;
}

static int adjoint_rhs(realtype t, N_Vector x, N_Vector lambda, N_Vector rate, void *user) {
  grid_peer *p = user;
  double t_bar, *r = NV_DATA_S(rate);
  grid_vjp(t, NV_DATA_S(x), grid_theta, NV_DATA_S(lambda), r, p->p_bar, &t_bar, p->g);
  for (int i = 0; i < p->g->n; i++) r[i] = -r[i];
  return 0;
}

static int adjoint_quadratures(realtype t, N_Vector x, N_Vector lambda, N_Vector rate, void *user) {
  grid_peer *p = user;
  double t_bar, *r = NV_DATA_S(rate);
  grid_vjp(t, NV_DATA_S(x), grid_theta, NV_DATA_S(lambda), p->x_bar, r, &t_bar, p->g);
  for (int j = 0; j < GRID_PARAMETERS; j++) r[j] *= -grid_theta[j];
  return 0;
}

/* ---- Creation ---- */

const char *grid_peer_version(void) { return "SUNDIALS " SUNDIALS_VERSION " with KLU"; }

static void drop_message(int code, const char *module, const char *function, char *message, void *user) {
  (void)code, (void)module, (void)function, (void)message, (void)user;
}

static int attach(grid_peer *p, solver *s) {
  s->matrix = SUNSparseMatrix(p->g->n, p->g->n, (sunindextype)p->g->count, CSC_MAT, p->context);
  if (!s->matrix) return -1;
  s->linear = SUNLinSol_KLU(p->x, s->matrix, p->context);
  return s->linear ? 0 : -1;
}

static int create_solution(grid_peer *p, double tolerance) {
  p->cvode = CVodeCreate(CV_BDF, p->context);
  grid_initial(p->g, NV_DATA_S(p->x));
  if (!p->cvode || CVodeInit(p->cvode, rhs, 0.0, p->x)) return -1;
  CVodeSetErrHandlerFn(p->cvode, drop_message, NULL);
  return CVodeSStolerances(p->cvode, tolerance, tolerance) || CVodeSetUserData(p->cvode, p) ||
         CVodeSetMaxNumSteps(p->cvode, 1000000) || attach(p, &p->forward_solver) ||
         CVodeSetLinearSolver(p->cvode, p->forward_solver.linear, p->forward_solver.matrix) ||
         CVodeSetJacFn(p->cvode, jacobian);
}

/* The cotangent is of the size of the loss' weights. */
static int create_backward(grid_peer *p, double tolerance) {
  int *k = &p->backward;
  return CVodeAdjInit(p->cvode, 5000, CV_HERMITE) || CVodeCreateB(p->cvode, CV_BDF, k) ||
         CVodeInitB(p->cvode, *k, adjoint_rhs, p->t1, p->lambda) ||
         CVodeSStolerancesB(p->cvode, *k, tolerance, tolerance / p->g->n) ||
         CVodeSetUserDataB(p->cvode, *k, p) || CVodeSetMaxNumStepsB(p->cvode, *k, 1000000) ||
         attach(p, &p->backward_solver) ||
         CVodeSetLinearSolverB(p->cvode, *k, p->backward_solver.linear, p->backward_solver.matrix) ||
         CVodeSetJacFnB(p->cvode, *k, adjoint_jacobian) ||
         CVodeQuadInitB(p->cvode, *k, adjoint_quadratures, p->quadratures) ||
         CVodeSetQuadErrConB(p->cvode, *k, 0);
}

grid_peer *grid_peer_create(grid *g, double t1, double tolerance) {
  grid_peer *p = calloc(1, sizeof *p);
  *p = (grid_peer){.g = g, .t1 = t1};
  p->values = calloc(g->count, sizeof(double));
  p->x_bar = calloc((size_t)g->n, sizeof(double));
  int failed = SUNContext_Create(NULL, &p->context);
  if (!failed) {
    p->x = N_VNew_Serial(g->n, p->context);
    p->lambda = N_VNew_Serial(g->n, p->context);
    p->quadratures = N_VNew_Serial(GRID_PARAMETERS, p->context);
    N_VConst(1.0, p->lambda);
    N_VConst(0.0, p->quadratures);
    failed = create_solution(p, tolerance) || create_backward(p, tolerance);
  }
  if (!failed) return p;
  grid_peer_destroy(p);
  return NULL;
}

static void destroy_solver(solver *s) {
  if (s->linear) SUNLinSolFree(s->linear);
  if (s->matrix) SUNMatDestroy(s->matrix);
}

void grid_peer_destroy(grid_peer *p) {
  if (!p) return;
  if (p->cvode) CVodeFree(&p->cvode);
  destroy_solver(&p->forward_solver);
  destroy_solver(&p->backward_solver);
  if (p->quadratures) N_VDestroy(p->quadratures);
  if (p->lambda) N_VDestroy(p->lambda);
  if (p->x) N_VDestroy(p->x);
  if (p->context) SUNContext_Free(&p->context);
  free(p->values), free(p->x_bar);
  free(p);
}

/* ---- A gradient ---- */

int grid_peer_gradient(grid_peer *p, double *gradient, long steps[2]) {
  realtype reached;
  int checkpoints, n = p->g->n;
  grid_initial(p->g, NV_DATA_S(p->x));
  if (CVodeReInit(p->cvode, 0.0, p->x) || CVodeAdjReInit(p->cvode) ||
      CVodeF(p->cvode, p->t1, p->x, &reached, CV_NORMAL, &checkpoints) < 0)
    return -1;
  grid_psi(p->g, NV_DATA_S(p->x), NV_DATA_S(p->lambda));
  N_VConst(0.0, p->quadratures);
  if (CVodeReInitB(p->cvode, p->backward, p->t1, p->lambda) ||
      CVodeQuadReInitB(p->cvode, p->backward, p->quadratures) || CVodeB(p->cvode, 0.0, CV_NORMAL) < 0 ||
      CVodeGetB(p->cvode, p->backward, &reached, p->lambda) ||
      CVodeGetQuadB(p->cvode, p->backward, &reached, p->quadratures))
    return -1;
  CVodeGetNumSteps(p->cvode, &steps[0]);
  CVodeGetNumSteps(CVodeGetAdjCVodeBmem(p->cvode, p->backward), &steps[1]);
  memcpy(gradient, NV_DATA_S(p->lambda), (size_t)n * sizeof *gradient);
  memcpy(gradient + n, NV_DATA_S(p->quadratures), GRID_PARAMETERS * sizeof *gradient);
  return 0;
}

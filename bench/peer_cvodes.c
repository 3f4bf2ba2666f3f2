/* The peer's half: CVODES used as its manual says, with everything that makes it fast: analytic Jacobian and
 * adjoint, memory made once and re-initialised, vectors on the caller's arrays, no checking of what was
 * checked at creation.
 *
 * The observed problem's cotangents jump at every observation, so the backward integration has to be
 * re-initialised there (CVodeReInitB, the manual's way): the right-hand side is smooth in between only. */
#include "peer.h"

#include <cvodes/cvodes.h>
#include <math.h>
#include <nvector/nvector_serial.h>
#include <stdlib.h>
#include <string.h>
#include <sundials/sundials_version.h>
#include <sunlinsol/sunlinsol_dense.h>
#include <sunmatrix/sunmatrix_dense.h>
#include <sunnonlinsol/sunnonlinsol_fixedpoint.h>

/* A nonlinear or linear solver with what it needs: one for the solution, one for the backward problem, and
 * one for the sensitivities. */
typedef struct solvers {
  SUNNonlinearSolver fixed_point;
  SUNMatrix matrix;
  SUNLinearSolver dense;
} solvers;

struct peer {
  peer_settings settings;
  double parameters[LV_PARAMETERS];
  double observed[LV_OBSERVATIONS][LV_STATES], data[LV_OBSERVATIONS][LV_STATES];
  SUNContext context;
  void *cvode;
  int backward; /* CVODES' index of the backward problem */
  N_Vector x, lambda, quadratures, *sensitivities;
  solvers forward_solvers, backward_solvers, sensitivity_solvers;
};

/* ---- Callbacks ---- */

static int rhs(realtype t, N_Vector x, N_Vector f, void *user) {
  (void)t;
  lv_rhs(NV_DATA_S(x), ((peer *)user)->parameters, NV_DATA_S(f));
  return 0;
}

static int jacobian(realtype t, N_Vector x, N_Vector f, SUNMatrix J, void *user, N_Vector a, N_Vector b,
                    N_Vector c) {
  (void)t, (void)f, (void)a, (void)b, (void)c;
  const double *p = ((peer *)user)->parameters, *v = NV_DATA_S(x);
  double *column = SM_DATA_D(J);
  column[0] = p[0] - p[1] * v[1];
  column[1] = p[3] * v[1];
  column[2] = -p[1] * v[0];
  column[3] = p[3] * v[0] - p[2];
  return 0;
}

static int adjoint_rhs(realtype t, N_Vector x, N_Vector lambda, N_Vector rate, void *user) {
  (void)t;
  double *r = NV_DATA_S(rate);
  lv_state_product(NV_DATA_S(x), ((peer *)user)->parameters, NV_DATA_S(lambda), r);
  r[0] = -r[0];
  r[1] = -r[1];
  return 0;
}

static int adjoint_jacobian(realtype t, N_Vector x, N_Vector lambda, N_Vector rate, SUNMatrix J, void *user,
                            N_Vector a, N_Vector b, N_Vector c) {
  (void)t, (void)lambda, (void)rate, (void)a, (void)b, (void)c;
  const double *p = ((peer *)user)->parameters, *v = NV_DATA_S(x);
  double *column = SM_DATA_D(J);
  column[0] = -(p[0] - p[1] * v[1]);
  column[1] = p[1] * v[0];
  column[2] = -p[3] * v[1];
  column[3] = -(p[3] * v[0] - p[2]);
  return 0;
}

/* The integral runs from t1 down, so the integrand carries the minus sign. */
static int adjoint_quadratures(realtype t, N_Vector x, N_Vector lambda, N_Vector rate, void *user) {
  (void)t, (void)user;
  double *r = NV_DATA_S(rate);
  lv_parameter_product(NV_DATA_S(x), NV_DATA_S(lambda), r);
  for (int i = 0; i < LV_PARAMETERS; i++) r[i] = -r[i];
  return 0;
}

static int sensitivity_rhs(int count, realtype t, N_Vector x, N_Vector f, N_Vector *s, N_Vector *rate,
                           void *user, N_Vector a, N_Vector b) {
  (void)t, (void)f, (void)a, (void)b;
  const double *p = ((peer *)user)->parameters, *v = NV_DATA_S(x);
  double j00 = p[0] - p[1] * v[1], j01 = -p[1] * v[0], j10 = p[3] * v[1], j11 = p[3] * v[0] - p[2],
         xy = v[0] * v[1];
  for (int i = 0; i < count; i++) {
    const double *si = NV_DATA_S(s[i]);
    double *ri = NV_DATA_S(rate[i]);
    ri[0] = j00 * si[0] + j01 * si[1];
    ri[1] = j10 * si[0] + j11 * si[1];
  }
  NV_Ith_S(rate[2], 0) += v[0];
  NV_Ith_S(rate[3], 0) -= xy;
  NV_Ith_S(rate[4], 1) -= v[1];
  NV_Ith_S(rate[5], 1) += xy;
  return 0;
}

/* ---- Creation ---- */

static void drop_message(int code, const char *module, const char *function, char *message, void *user) {
  (void)code, (void)module, (void)function, (void)message, (void)user;
}

static void set_initial_state(peer *p) {
  NV_Ith_S(p->x, 0) = 1.0;
  NV_Ith_S(p->x, 1) = 1.0;
}

static int attach_dense(peer *p, solvers *s) {
  s->matrix = SUNDenseMatrix(LV_STATES, LV_STATES, p->context);
  if (s->matrix) s->dense = SUNLinSol_Dense(p->x, s->matrix, p->context);
  return s->dense ? 0 : -1;
}

static int create_solution(peer *p) {
  const peer_settings *s = &p->settings;
  p->cvode = CVodeCreate(s->bdf ? CV_BDF : CV_ADAMS, p->context);
  set_initial_state(p);
  if (!p->cvode || CVodeInit(p->cvode, rhs, 0.0, p->x)) return -1;
  CVodeSetErrHandlerFn(p->cvode, drop_message, NULL);
  if (CVodeSStolerances(p->cvode, s->tolerance, s->tolerance) || CVodeSetUserData(p->cvode, p) ||
      CVodeSetMaxNumSteps(p->cvode, 1000000))
    return -1;
  if (s->bdf)
    return attach_dense(p, &p->forward_solvers) ||
           CVodeSetLinearSolver(p->cvode, p->forward_solvers.dense, p->forward_solvers.matrix) ||
           CVodeSetJacFn(p->cvode, jacobian);
  p->forward_solvers.fixed_point = SUNNonlinSol_FixedPoint(p->x, 0, p->context);
  return CVodeSetNonlinearSolver(p->cvode, p->forward_solvers.fixed_point);
}

static int attach_backward_solver(peer *p) {
  if (p->settings.bdf)
    return attach_dense(p, &p->backward_solvers) ||
           CVodeSetLinearSolverB(p->cvode, p->backward, p->backward_solvers.dense,
                                 p->backward_solvers.matrix) ||
           CVodeSetJacFnB(p->cvode, p->backward, adjoint_jacobian);
  p->backward_solvers.fixed_point = SUNNonlinSol_FixedPoint(p->lambda, 0, p->context);
  return CVodeSetNonlinearSolverB(p->cvode, p->backward, p->backward_solvers.fixed_point);
}

static int create_backward(peer *p) {
  const peer_settings *s = &p->settings;
  double tolerance = s->tolerance * s->backward_factor;
  p->lambda = N_VNew_Serial(LV_STATES, p->context);
  p->quadratures = N_VNew_Serial(LV_PARAMETERS, p->context);
  if (!p->lambda || !p->quadratures) return -1;
  N_VConst(1.0, p->lambda);
  N_VConst(0.0, p->quadratures);
  return CVodeAdjInit(p->cvode, s->checkpoint_steps, s->polynomial ? CV_POLYNOMIAL : CV_HERMITE) ||
         CVodeCreateB(p->cvode, s->bdf ? CV_BDF : CV_ADAMS, &p->backward) ||
         CVodeInitB(p->cvode, p->backward, adjoint_rhs, LV_END, p->lambda) ||
         CVodeSStolerancesB(p->cvode, p->backward, tolerance, tolerance) ||
         CVodeSetUserDataB(p->cvode, p->backward, p) ||
         CVodeSetMaxNumStepsB(p->cvode, p->backward, 1000000) || attach_backward_solver(p) ||
         CVodeQuadInitB(p->cvode, p->backward, adjoint_quadratures, p->quadratures) ||
         CVodeQuadSStolerancesB(p->cvode, p->backward, tolerance, tolerance) ||
         CVodeSetQuadErrConB(p->cvode, p->backward, s->quadrature_control) ||
         (s->first_step > 0.0 && CVodeSetInitStepB(p->cvode, p->backward, -s->first_step * sqrt(tolerance)));
}

static void set_initial_sensitivities(peer *p) {
  for (int i = 0; i < LV_GRADIENT; i++) N_VConst(0.0, p->sensitivities[i]);
  NV_Ith_S(p->sensitivities[0], 0) = 1.0;
  NV_Ith_S(p->sensitivities[1], 1) = 1.0;
}

static int create_sensitivities(peer *p) {
  double absolute[LV_GRADIENT];
  for (int i = 0; i < LV_GRADIENT; i++) absolute[i] = p->settings.tolerance * p->settings.backward_factor;
  p->sensitivities = N_VCloneVectorArray(LV_GRADIENT, p->x);
  if (!p->sensitivities) return -1;
  set_initial_sensitivities(p);
  if (CVodeSensInit(p->cvode, LV_GRADIENT, CV_SIMULTANEOUS, sensitivity_rhs, p->sensitivities) ||
      CVodeSensSStolerances(p->cvode, absolute[0], absolute) ||
      CVodeSetSensErrCon(p->cvode, p->settings.quadrature_control))
    return -1;
  if (p->settings.bdf) return 0; /* CVODES makes the Newton solver of the sensitivities itself */
  p->sensitivity_solvers.fixed_point = SUNNonlinSol_FixedPointSens(LV_GRADIENT + 1, p->x, 0, p->context);
  return CVodeSetNonlinearSolverSensSim(p->cvode, p->sensitivity_solvers.fixed_point);
}

peer *peer_create(const peer_settings *settings) {
  peer *p = calloc(1, sizeof *p);
  if (!p) return NULL;
  p->settings = *settings;
  for (int i = 0; i < LV_OBSERVATIONS; i++) lv_observation(i, p->data[i]);
  lv_parameters(0, 0.0, p->parameters);
  int failed = SUNContext_Create(NULL, &p->context);
  if (!failed) p->x = N_VNew_Serial(LV_STATES, p->context);
  failed = failed || !p->x || create_solution(p) ||
           (settings->kind == PEER_ADJOINT ? create_backward(p) : create_sensitivities(p));
  if (!failed) return p;
  peer_destroy(p);
  return NULL;
}

static void destroy_solvers(solvers *s) {
  if (s->fixed_point) SUNNonlinSolFree(s->fixed_point);
  if (s->dense) SUNLinSolFree(s->dense);
  if (s->matrix) SUNMatDestroy(s->matrix);
}

void peer_destroy(peer *p) {
  if (!p) return;
  if (p->cvode) CVodeFree(&p->cvode);
  destroy_solvers(&p->forward_solvers);
  destroy_solvers(&p->backward_solvers);
  destroy_solvers(&p->sensitivity_solvers);
  if (p->sensitivities) N_VDestroyVectorArray(p->sensitivities, LV_GRADIENT);
  if (p->quadratures) N_VDestroy(p->quadratures);
  if (p->lambda) N_VDestroy(p->lambda);
  if (p->x) N_VDestroy(p->x);
  if (p->context) SUNContext_Free(&p->context);
  free(p);
}

/* ---- Solution ---- */

static int restart(peer *p, const double parameters[LV_PARAMETERS]) {
  memcpy(p->parameters, parameters, sizeof p->parameters);
  set_initial_state(p);
  if (CVodeReInit(p->cvode, 0.0, p->x)) return -1;
  if (p->settings.kind == PEER_ADJOINT) return CVodeAdjReInit(p->cvode);
  set_initial_sensitivities(p);
  return CVodeSensReInit(p->cvode, CV_SIMULTANEOUS, p->sensitivities);
}

static int advance(peer *p, double t) {
  realtype reached;
  int checkpoints;
  if (p->settings.kind == PEER_ADJOINT)
    return CVodeF(p->cvode, t, p->x, &reached, CV_NORMAL, &checkpoints) < 0;
  return CVode(p->cvode, t, p->x, &reached, CV_NORMAL) < 0;
}

int peer_solve(peer *p, const double parameters[LV_PARAMETERS]) {
  memcpy(p->parameters, parameters, sizeof p->parameters);
  set_initial_state(p);
  if (CVodeReInit(p->cvode, 0.0, p->x)) return -1;
  if (p->settings.kind == PEER_SENSITIVITY) CVodeSensToggleOff(p->cvode);
  for (int i = 0; i < LV_OBSERVATIONS; i++) {
    realtype reached;
    if (CVode(p->cvode, lv_observation_time(i), p->x, &reached, CV_NORMAL) < 0) return -1;
    memcpy(p->observed[i], NV_DATA_S(p->x), sizeof p->observed[i]);
  }
  return 0;
}

/* ---- Adjoint ---- */

static int backward_from(peer *p, double t) {
  return CVodeReInitB(p->cvode, p->backward, t, p->lambda) ||
         CVodeQuadReInitB(p->cvode, p->backward, p->quadratures);
}

/* lambda at `t`; the quadratures only where they are needed, at a restart or at the end. */
static int backward_to(peer *p, double t) {
  realtype reached;
  return CVodeB(p->cvode, t, CV_NORMAL) < 0 || CVodeGetB(p->cvode, p->backward, &reached, p->lambda) ||
         CVodeGetQuadB(p->cvode, p->backward, &reached, p->quadratures);
}

static void collect(peer *p, double gradient[LV_GRADIENT]) {
  memcpy(gradient, NV_DATA_S(p->lambda), LV_STATES * sizeof *gradient);
  memcpy(gradient + LV_STATES, NV_DATA_S(p->quadratures), LV_PARAMETERS * sizeof *gradient);
}

static int observed_adjoint(peer *p, double *loss, double gradient[LV_GRADIENT]) {
  *loss = 0.0;
  for (int i = 0; i < LV_OBSERVATIONS; i++) {
    if (advance(p, lv_observation_time(i))) return -1;
    for (int k = 0; k < LV_STATES; k++) {
      p->observed[i][k] = NV_Ith_S(p->x, k) - p->data[i][k];
      *loss += p->observed[i][k] * p->observed[i][k];
    }
  }
  N_VConst(0.0, p->lambda);
  N_VConst(0.0, p->quadratures);
  for (int i = LV_OBSERVATIONS - 1; i >= 0; i--) {
    for (int k = 0; k < LV_STATES; k++) NV_Ith_S(p->lambda, k) += 2.0 * p->observed[i][k];
    if (backward_from(p, lv_observation_time(i))) return -1;
    if (backward_to(p, i > 0 ? lv_observation_time(i - 1) : 0.0)) return -1;
  }
  collect(p, gradient);
  return 0;
}

static int final_adjoint(peer *p, double *loss, double gradient[LV_GRADIENT]) {
  if (advance(p, LV_END)) return -1;
  *loss = NV_Ith_S(p->x, 0) + NV_Ith_S(p->x, 1);
  N_VConst(1.0, p->lambda);
  N_VConst(0.0, p->quadratures);
  if (backward_from(p, LV_END) || backward_to(p, 0.0)) return -1;
  collect(p, gradient);
  return 0;
}

/* ---- Forward sensitivities ---- */

static int add_sensitivities(peer *p, const double bar[LV_STATES], double gradient[LV_GRADIENT]) {
  realtype reached;
  if (CVodeGetSens(p->cvode, &reached, p->sensitivities)) return -1;
  for (int j = 0; j < LV_GRADIENT; j++) {
    const double *s = NV_DATA_S(p->sensitivities[j]);
    gradient[j] += bar[0] * s[0] + bar[1] * s[1];
  }
  return 0;
}

static int observed_sensitivity(peer *p, double *loss, double gradient[LV_GRADIENT]) {
  *loss = 0.0;
  memset(gradient, 0, LV_GRADIENT * sizeof *gradient);
  for (int i = 0; i < LV_OBSERVATIONS; i++) {
    if (advance(p, lv_observation_time(i))) return -1;
    double r[LV_STATES], bar[LV_STATES];
    for (int k = 0; k < LV_STATES; k++) {
      r[k] = NV_Ith_S(p->x, k) - p->data[i][k];
      bar[k] = 2.0 * r[k];
      *loss += r[k] * r[k];
    }
    if (add_sensitivities(p, bar, gradient)) return -1;
  }
  return 0;
}

static int final_sensitivity(peer *p, double *loss, double gradient[LV_GRADIENT]) {
  static const double ones[LV_STATES] = {1.0, 1.0};
  memset(gradient, 0, LV_GRADIENT * sizeof *gradient);
  if (advance(p, LV_END)) return -1;
  *loss = NV_Ith_S(p->x, 0) + NV_Ith_S(p->x, 1);
  return add_sensitivities(p, ones, gradient);
}

/* ---- Interface ---- */

const char *peer_version(void) { return "SUNDIALS " SUNDIALS_VERSION; }

int peer_observed_gradient(peer *p, const double parameters[LV_PARAMETERS], double *loss,
                           double gradient[LV_GRADIENT]) {
  if (restart(p, parameters)) return -1;
  return p->settings.kind == PEER_ADJOINT ? observed_adjoint(p, loss, gradient)
                                          : observed_sensitivity(p, loss, gradient);
}

int peer_final_gradient(peer *p, const double parameters[LV_PARAMETERS], double *loss,
                        double gradient[LV_GRADIENT]) {
  if (restart(p, parameters)) return -1;
  return p->settings.kind == PEER_ADJOINT ? final_adjoint(p, loss, gradient)
                                          : final_sensitivity(p, loss, gradient);
}

void peer_counts(const peer *p, long *steps, long *backward_evaluations) {
  *steps = *backward_evaluations = 0;
  CVodeGetNumSteps(p->cvode, steps);
  if (p->settings.kind == PEER_ADJOINT)
    CVodeGetNumRhsEvals(CVodeGetAdjCVodeBmem(p->cvode, p->backward), backward_evaluations);
}

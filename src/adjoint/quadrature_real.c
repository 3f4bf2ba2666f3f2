/* int lambda^T df/dtheta dt by an adaptive Gauss-Kronrod rule, a trajectory a lane. The intervals begin as
 * a few steps of the backward and of the forward solve, so that the nodes meet whatever those resolved. One
 * that is not good enough is cut in two, where a step ends if there is such a place in it: dense output is
 * smooth between those only.
 *
 * An interval is good when the difference of the two rules, which is the error of the poorer one, is within
 * the solve's tolerances in the norm that step control uses, or is no more than rounding. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "adjoint/dense_output.h"
#include "adjoint/kronrod.h"
#include "adjoint/quadrature.h"
#include "solve/memory/budget.h"
#include "solve/recorded.h"

/* Steps in one interval, at most; halved so often an interval is down to rounding; so many cuts of one are no
 * good idea. */
enum { SPANNED = 4, DEPTH_MAX = 48, CUTS_MAX = 1000 };

/* A lane's progress: the interval from `from` to the top of the stack of ends. */
typedef struct progress {
  const og_trajectory *forward, *back; /* NULL: idle */
  size_t m;
  double t; /* of the last node */
  double from, ends[DEPTH_MAX];
  int depth, cuts;
} progress;

typedef struct integrator {
  og_solve *solve, *back;
  og_backward *b;
  og_share *share;
  int lanes, idle;
  size_t next;
  OG_R(og_dense_output) * x_of, *lambda_of;
  char *memory;
  real *x, *lambda, *theta, *theta_bar;
  double *total, *value, *defect, *size; /* [p][lanes]: so far; the interval's, its error, its integrand's */
  void *scratch;
  size_t trajectory[OG_LANES_MAX];
  size_t segment[OG_LANES_MAX], only[OG_LANES_MAX]; /* of the forward solve; of a round, which has one */
  og_lane_status status[OG_LANES_MAX];
  progress at[OG_LANES_MAX];
  long long vjps;
} integrator;
#if !defined(OG_SINGLE) /* in single precision it is no larger */
size_t og_quadrature_bytes(void) { return sizeof(integrator); }
#endif

/* ---- Memory ---- */

static og_status open(void *state, og_solve *solve, og_share *share, void *backward) {
  integrator *v = state;
  og_backward *b = backward;
  v->solve = solve;
  v->back = b->back;
  v->b = b;
  v->share = share;
  v->lanes = v->idle = share->lanes;
  v->next = share->begin;
  size_t lanes = (size_t)share->lanes, block = OG_PADDED(solve->n * lanes),
         theta = OG_PADDED(solve->p * lanes);
  size_t x_of = og_dense_output_bytes(solve, v->lanes), lambda_of = og_dense_output_bytes(b->back, v->lanes);
  size_t blocks = (2 * block + 2 * theta) * sizeof(real) + 4 * theta * sizeof(double);
  v->memory = og_alloc(solve->context, 1,
                       x_of + lambda_of + blocks + solve->field->scratch_bytes(solve->field, v->lanes));
  if (!v->memory) return OG_ERR_MEMORY;
  v->x_of = OG_R(og_dense_output_in)(v->memory, solve, v->lanes);
  v->lambda_of = OG_R(og_dense_output_in)(v->memory + x_of, b->back, v->lanes);
  v->total = (double *)(void *)(v->memory + x_of + lambda_of);
  v->value = v->total + theta;
  v->defect = v->value + theta;
  v->size = v->defect + theta;
  v->x = (real *)(void *)(v->size + theta);
  v->lambda = v->x + block;
  v->theta = v->lambda + block;
  v->theta_bar = v->theta + theta;
  v->scratch = v->theta_bar + theta;
  return OG_OK;
}

static void close(void *state) {
  integrator *v = state;
  og_count(v->solve, OG_STAT_VJP_EVALS, v->vjps);
  og_free(v->solve->context, v->memory);
}

/* ---- Lanes ---- */

/* Where the interval from `from` ends. Going back, a forward step is left at its start. */
static double interval_end(const integrator *v, const progress *at) {
  size_t steps = at->back->record.steps, first = og_recorded_find(v->back, at->back, at->from, 0);
  size_t k = og_recorded_find(v->solve, at->forward, at->from, at->forward->record.steps - 1);
  double end = og_recorded_time(v->back, at->back, first + SPANNED < steps ? first + SPANNED : steps);
  double far = og_recorded_time(v->solve, at->forward, k + 1 > SPANNED ? k + 1 - SPANNED : 0);
  return fabs(far - at->from) < fabs(end - at->from) ? far : end;
}

static void begin(integrator *v, int lane, size_t m) {
  const double *theta = v->b->rows + m * v->b->field->p;
  progress *at = &v->at[lane];
  at->forward = &v->solve->trajectories[m];
  at->back = &v->back->trajectories[m];
  at->m = v->trajectory[lane] = m;
  v->segment[lane] = v->b->jump_points[m].segment;
  at->from = at->back->t0;
  at->ends[0] = interval_end(v, at);
  at->depth = at->cuts = 0;
  for (size_t i = 0; i < v->solve->p; i++) {
    v->theta[i * (size_t)v->lanes + (size_t)lane] = (real)theta[i];
    v->total[i * (size_t)v->lanes + (size_t)lane] = 0;
  }
  v->idle--;
}

/* Trajectories that waited this round have nothing to integrate. */
static void refill(integrator *v) {
  for (int lane = 0; lane < v->lanes; lane++) {
    const og_trajectory *back = v->back->trajectories;
    while (v->next < v->share->end && back[v->next].t0 == back[v->next].t1) v->next++;
    if (v->share->status != OG_OK || v->next == v->share->end) return;
    if (!v->at[lane].back) begin(v, lane, v->next++);
  }
}

static void leave(integrator *v, int lane) {
  v->at[lane].back = NULL;
  v->idle++;
}

static void fail(integrator *v, int lane, og_status status) {
  const progress *at = &v->at[lane];
  og_failure failure = {.status = status,
                        .derivative = 1,
                        .trajectory = at->m,
                        .accepted = og_recorded_find(v->back, at->back, at->from, 0),
                        .rejected = (size_t)at->cuts,
                        .t = at->t,
                        .h = at->ends[at->depth] - at->from,
                        .stiffness = NAN};
  for (size_t i = 0; i < v->solve->n; i++)
    failure.norm = hypot(failure.norm, (double)v->x[i * (size_t)v->lanes + (size_t)lane]);
  og_share_fail(v->share, &failure);
  leave(v, lane);
}

/* ---- One interval of every lane ---- */

static double node_time(const progress *at, const og_kronrod_node *node) {
  double end = at->ends[at->depth], middle = at->from + 0.5 * (end - at->from);
  return middle + 0.5 * (end - at->from) * node->x;
}

static void evaluate(integrator *v, const og_kronrod_node *node) {
  const og_field *field = v->solve->field;
  double t[OG_LANES_MAX] = {0};
  for (int lane = 0; lane < v->lanes; lane++)
    if (v->at[lane].back && !v->status[lane]) t[lane] = v->at[lane].t = node_time(&v->at[lane], node);
  OG_R(og_dense_output_read)(v->lambda_of, t, v->trajectory, v->only, v->status, v->lambda);
  OG_R(og_dense_output_read)(v->x_of, t, v->trajectory, v->segment, v->status, v->x);
  field->OG_R(ops).vjp(field, v->lanes, t, v->x, v->theta, v->lambda, NULL, v->theta_bar, NULL, v->status,
                       v->scratch);
  v->vjps += v->lanes - v->idle;
  for (size_t i = 0; i < v->solve->p * (size_t)v->lanes; i++) {
    double g = (double)v->theta_bar[i];
    v->value[i] += node->weight * g;
    v->defect[i] += (node->weight - node->gauss) * g;
    v->size[i] += node->weight * fabs(g);
  }
}

static void step(void *state) {
  integrator *v = state;
  size_t bytes = v->solve->p * (size_t)v->lanes * sizeof(double);
  memset(v->value, 0, bytes);
  memset(v->defect, 0, bytes);
  memset(v->size, 0, bytes);
  for (int lane = 0; lane < v->lanes; lane++) v->status[lane] = v->at[lane].back ? 0 : OG_LANE_IDLE;
  for (int i = 0; i < OG_KRONROD_NODES; i++) evaluate(v, &og_kronrod[i]);
}

/* In units of the tolerance, as step control has it. The backward solve runs from t1 to t0, so that the
 * integral is taken with the other sign. */
static double error_of(const integrator *v, int lane) {
  const progress *at = &v->at[lane];
  const og_limits *limits = &v->solve->limits;
  double half = -0.5 * (at->ends[at->depth] - at->from), sum = 0;
  double epsilon = 50 * (sizeof(real) == sizeof(float) ? FLT_EPSILON : DBL_EPSILON);
  for (size_t i = 0; i < v->solve->p; i++) {
    size_t entry = i * (size_t)v->lanes + (size_t)lane;
    double before = v->total[entry], after = before + half * v->value[entry];
    double scale =
        limits->atol + limits->rtol * fmax(fabs(before), fabs(after)) + epsilon * fabs(half) * v->size[entry];
    double q = half * v->defect[entry] / scale;
    sum += q * q;
  }
  const og_field *field = v->solve->field;
  return sqrt(sum / (double)(field->p - field->fine - (field->breakpoints ? 1 : 0)));
}

/* ---- Moving on ---- */

static void deliver(integrator *v, int lane) {
  double *theta_bar = v->b->theta_bar + v->at[lane].m * v->solve->p;
  for (size_t i = 0; i < v->solve->p; i++) theta_bar[i] += v->total[i * (size_t)v->lanes + (size_t)lane];
  leave(v, lane);
}

static void accept(integrator *v, int lane) {
  progress *at = &v->at[lane];
  double half = -0.5 * (at->ends[at->depth] - at->from);
  for (size_t i = 0; i < v->solve->p; i++) {
    size_t entry = i * (size_t)v->lanes + (size_t)lane;
    v->total[entry] += half * v->value[entry];
  }
  at->from = at->ends[at->depth];
  if (at->depth-- > 0) return;
  at->depth = at->cuts = 0;
  if (at->from == at->back->t1)
    deliver(v, lane);
  else
    at->ends[0] = interval_end(v, at);
}

/* The end of one of the solve's steps within the interval that is nearest to its middle, if it is nearer than
 * `cut`, which is one such place or, to begin with, an end of the interval. */
static double nearer_cut(const og_solve *solve, const og_trajectory *steps, const progress *at, double cut) {
  double end = at->ends[at->depth], middle = at->from + 0.5 * (end - at->from);
  size_t k = og_recorded_find(solve, steps, middle, steps->record.steps / 2);
  for (size_t i = k; i <= k + 1; i++) {
    double t = og_recorded_time(solve, steps, i);
    if (fabs(t - middle) < fabs(cut - middle)) cut = t;
  }
  return cut;
}

/* Else the middle. */
static double cut_of(const integrator *v, const progress *at) {
  double end = at->ends[at->depth], cut = nearer_cut(v->solve, at->forward, at, at->from);
  cut = nearer_cut(v->back, at->back, at, cut);
  return cut == at->from || cut == end ? at->from + 0.5 * (end - at->from) : cut;
}

/* `status` is what the trajectory stops with when there is nothing left to cut. */
static void cut(integrator *v, int lane, og_status status) {
  progress *at = &v->at[lane];
  double middle = cut_of(v, at), end = at->ends[at->depth];
  if (at->depth + 1 == DEPTH_MAX || ++at->cuts > CUTS_MAX || middle == at->from || middle == end)
    fail(v, lane, status);
  else
    at->ends[++at->depth] = middle;
}

/* What is not finite is cut as well, to find where that begins. */
static void settle_lane(integrator *v, int lane) {
  double error = error_of(v, lane);
  if (v->status[lane])
    fail(v, lane, OG_ERR_FIELD);
  else if (error <= 1)
    accept(v, lane);
  else
    cut(v, lane, error < INFINITY ? OG_ERR_TOO_MANY_STEPS : OG_ERR_NOT_FINITE);
}

/* ---- As a worker ---- */

static int fill(void *state) {
  integrator *v = state;
  refill(v);
  return v->idle < v->lanes;
}

static void settle(void *state) {
  integrator *v = state;
  for (int lane = 0; lane < v->lanes; lane++)
    if (v->at[lane].back) settle_lane(v, lane);
}

void OG_R(og_quadrature)(og_solve *solve, og_share *share, void *backward) {
  static const og_lane_worker worker = {sizeof(integrator), open, fill, step, settle, close};
  og_work_in_lanes(&worker, solve, share, backward);
}

/* Looking at steps: those of the queue are taken whole and in two parts, side by side in lanes, and their
 * errors told. */
#include <math.h>
#include <string.h>

#include "adjoint/looks.h"
#include "adjoint/trust.h"

typedef OG_R(og_looks) looks;
typedef OG_R(og_step) step_t;

typedef struct view {
  int lanes, count;
  int inside; /* some step has cotangents inside */
  _Alignas(64) real mask[OG_LANES_MAX];
  OG_R(og_interval) whole, first, second;
} view;

static void set_intervals(view *v, int lane, const og_looked *looked) {
  double h = looked->h * looked->part, middle = OG_SPLIT * h;
  OG_R(og_interval) * places[] = {&v->whole, &v->first, &v->second};
  double start[] = {0, 0, middle}, size[] = {looked->h, middle, h - middle};
  for (int i = 0; i < 3; i++) {
    places[i]->t[lane] = looked->t + start[i];
    places[i]->h[lane] = size[i];
    places[i]->h_real[lane] = (real)size[i];
    places[i]->t_next[lane] = looked->t + start[i] + size[i];
    places[i]->implicit[lane] = looked->implicit;
  }
}

/* Items of the queue into lanes; idle ones get the numbers of the first with a cotangent of zero. */
static void spread(looks *l, view *v) {
  size_t n = l->solve->n, p = l->solve->p, lanes = (size_t)v->lanes;
  for (size_t lane = 0; lane < lanes; lane++) {
    int idle = (int)lane >= v->count;
    size_t item = idle ? 0 : lane;
    set_intervals(v, (int)lane, &l->queue[item]);
    for (size_t i = 0; i < n; i++) {
      l->block[OG_LOOK_X_START][i * lanes + lane] = l->x[item * n + i];
      l->block[OG_LOOK_LAMBDA_WHOLE][i * lanes + lane] =
          idle || l->queue[item].part < 1 ? 0 : l->lambda[item * n + i];
      l->block[OG_LOOK_LAMBDA_PARTS][i * lanes + lane] = idle ? 0 : l->lambda[item * n + i];
    }
    for (size_t i = 0; i < p; i++) {
      l->block[OG_LOOK_THETA][i * lanes + lane] = l->theta[item * p + i];
      l->block[OG_LOOK_THETA_WHOLE][i * lanes + lane] = l->block[OG_LOOK_THETA_PARTS][i * lanes + lane] = 0;
    }
    l->whole->status[lane] = l->part->status[lane] = idle ? OG_LANE_IDLE : 0;
    v->mask[lane] = !idle && l->queue[item].inside;
    v->inside |= v->mask[lane] != 0;
  }
}

static void spread_row(const view *v, size_t n, const real *from, size_t stride, real *to) {
  size_t lanes = (size_t)v->lanes;
  for (size_t lane = 0; lane < lanes; lane++)
    for (size_t i = 0; i < n; i++) to[i * lanes + lane] = (int)lane < v->count ? from[lane * stride + i] : 0;
}

static void spread_seeds(looks *l, const view *v) {
  size_t n = l->solve->n, blocks = (size_t)l->solve->stepper.seeds, stride = og_look_rows(l->solve) * n;
  size_t block = OG_PADDED(n * (size_t)v->lanes);
  for (size_t row = 0; row < 3 * blocks; row++)
    spread_row(v, n, l->seeds + row * n, stride, l->inside[row / blocks] + row % blocks * block);
  for (size_t half = 0; half < 2; half++)
    spread_row(v, n, l->seeds + (3 * blocks + half) * n, stride, l->direct[half]);
}

static void step_forward(looks *l, const view *v, step_t *step, const OG_R(og_interval) * at, int from,
                         int to) {
  int uses = OG_STEP_VALUES | (v->inside ? OG_STEP_INSIDE : 0);
  int evals = step->ops->recompute(step, uses, at, l->block[from], l->block[OG_LOOK_THETA]);
  step->ops->end(step, at, l->block[from], l->block[to]);
  l->evals += (long long)evals * v->count + og_count_work(l->solve, OG_R(og_step_take_work)(step));
}

/* Back through a step, with the cotangents `inside` of it; `direct` are those of x itself by them. */
static void step_back(looks *l, const view *v, step_t *step, const OG_R(og_interval) * at, int from,
                      int lambda, int theta, int inside, int direct, real *weights) {
  size_t n = l->solve->n;
  step->weights_bar = l->solve->weights ? weights : NULL;
  int vjps = step->ops->transpose(step, v->inside ? OG_STEP_INSIDE : 0, at, l->block[from],
                                  l->block[OG_LOOK_THETA], v->inside ? l->inside[inside] : NULL, v->mask,
                                  l->block[lambda], l->solve->p ? l->block[theta] : NULL);
  l->vjps += (long long)vjps * v->count;
  l->evals += og_count_work(l->solve, OG_R(og_step_take_work)(step));
  for (int half = 0; half < 2 && v->inside; half++)
    if (direct >> half & 1)
      step->kernels->add_rows((int)n, v->lanes, l->block[lambda], l->direct[half], NULL);
}

/* |u - v| and the larger size, in the largest entry; `unit`: what entries are multiplied with (NULL: 1). */
static void compare(size_t rows, size_t lanes, size_t lane, const real *u, const real *v, const double *unit,
                    double *difference, double *size) {
  for (size_t i = 0; i < rows; i++) {
    double a = (double)u[i * lanes + lane], b = (double)v[i * lanes + lane], w = unit ? unit[i] : 1;
    *difference = fabs(a - b) * w <= *difference ? *difference : fabs(a - b) * w;
    *size = og_larger(*size, og_larger(fabs(a), fabs(b)) * w);
  }
}

static double share(double difference, double size) {
  return difference > 0 ? difference / size : difference == 0 ? 0 : INFINITY;
}

static double weight_of(const looks *l, size_t lane, size_t i) {
  return og_row_scale(l->solve, i, (double)l->x[lane * l->solve->n + i]);
}

/* The error of lambda, which stands where the whole step's lambda was, relative to lambda in one norm, before
 * the step and after it. */
static double lambda_error(const looks *l, const view *v, size_t lane, int weighted, double *size) {
  size_t n = l->solve->n, lanes = (size_t)v->lanes;
  double most = 0, largest = 0;
  for (size_t i = 0; i < n; i++) {
    double w = weighted ? weight_of(l, lane, i) : 1;
    double error = (double)l->block[OG_LOOK_LAMBDA_WHOLE][i * lanes + lane];
    double parts = (double)l->block[OG_LOOK_LAMBDA_PARTS][i * lanes + lane];
    most = fabs(error) * w <= most ? most : fabs(error) * w;
    largest = og_larger(largest, w * og_larger(og_larger(fabs(parts + error), fabs(parts)),
                                               fabs((double)l->lambda[lane * n + i])));
  }
  if (size) *size = largest;
  return share(most, largest);
}

static double worst_lambda_error(const looks *l, const view *v, size_t lane, double *size) {
  double plain = lambda_error(l, v, lane, 0, size), weighted = lambda_error(l, v, lane, 1, NULL);
  return plain > weighted ? plain : weighted;
}

static og_look_error error_of(const looks *l, const view *v, size_t lane) {
  size_t n = l->solve->n, lanes = (size_t)v->lanes;
  og_look_error error = {.along = l->along[lane], .flow = l->flow[lane]};
  error.lambda = worst_lambda_error(l, v, lane, &error.lambda_size);
  compare(l->solve->p, lanes, lane, l->block[OG_LOOK_THETA_WHOLE], l->block[OG_LOOK_THETA_PARTS], NULL,
          &error.theta, &error.theta_size);
  for (size_t i = 0; i < n; i++) {
    double lambda = (double)l->lambda[lane * n + i], x = (double)l->x[lane * n + i];
    double difference = (double)l->block[OG_LOOK_X_WHOLE][i * lanes + lane] -
                        (double)l->block[OG_LOOK_X_PARTS][i * lanes + lane];
    error.loss += lambda * difference;
    error.loss_size += fabs(lambda * x);
  }
  error.loss = fabs(error.loss);
  if (l->queue[lane].part < 1) error.loss = 0; /* the whole step goes on beyond the event */
  int refused = l->whole->status[lane] || l->part->status[lane];
  if (refused || !isfinite(error.lambda) || !isfinite(error.loss)) error.lambda = INFINITY;
  if (!isfinite(error.theta)) error.theta = INFINITY;
  if (!isfinite(error.loss)) error.loss = INFINITY;
  return error;
}

/* Bound weights are summed over the lanes of the block, and so is their error: each lane is told all of it.
 */
static void add_weights(const looks *l, og_look_error *error) {
  for (size_t i = 0; i < l->solve->weights; i++) {
    double difference = fabs((double)l->weights[0][i] - (double)l->weights[1][i]);
    error->theta = difference <= error->theta ? error->theta : difference;
    error->theta_size = fmax(error->theta_size, fabs((double)l->weights[0][i]));
  }
}

/* Where the interpolant gave the state, its cotangent is one of x at the start of the step, beside the seeds.
 */
static void add_stopped(looks *l, const view *v) {
  size_t n = l->solve->n, lanes = (size_t)v->lanes;
  for (size_t lane = 0; lane < (size_t)v->count; lane++) {
    if (l->queue[lane].part == 1) continue;
    for (size_t i = 0; i < n; i++)
      l->block[OG_LOOK_LAMBDA_WHOLE][i * lanes + lane] += l->lambda[lane * n + i];
  }
}

/* ---- What becomes of an error further back ---- */

/* lambda^T f is the same at all times of an autonomous problem. What is wrong with it moves lambda along f by
 * |lambda^T f| / |f|, and grows where the solution slows down (further back): as relaxation oscillations do,
 * whose f is a million times larger in their jumps than before and behind. */
static void find_along(looks *l, const view *v) {
  if (!og_look_follows(l->solve)) return;
  const real *f = l->block[OG_LOOK_SLOPE];
  size_t lanes = (size_t)v->lanes;
  for (size_t lane = 0; lane < (size_t)v->count; lane++) {
    double along = 0, flow = 0, size = 0;
    for (size_t i = 0; i < l->solve->n; i++) {
      double slope = (double)f[i * lanes + lane],
             lambda = (double)l->block[OG_LOOK_LAMBDA_PARTS][i * lanes + lane];
      double weight = weight_of(l, lane, i);
      along += (double)l->block[OG_LOOK_LAMBDA_WHOLE][i * lanes + lane] * slope;
      size += lambda * weight * lambda * weight;
      flow += slope / weight * (slope / weight);
    }
    l->along[lane] = fabs(along);
    l->flow[lane] = sqrt(size * flow);
  }
}

/* Of implicit methods: lambda may be wrong in directions that decay within a few steps, as it is in the layer
 * behind a final cost. The steps before it (on the way back: after it) leave next to nothing of that error in
 * lambda, and make up for what it has put into the parameters' cotangents. So the error is carried on by
 * steps of implicit Euler, each a small part of the step that was looked at and damping less than the method
 * does: a few, and as long as there is an error that they make smaller, or until the trajectory's start is
 * reached. lambda^T f is known when few of them have damped what is not of the slow motion: f at a state that
 * is off it by a tolerance is wrong by a tolerance times the stiffness. */
enum { FILTERED = 2, CARRIED = 8, CARRIED_MOST = 64, CARRIED_EACH_STEP = 12 };
static const double SHRINKING = 0.7;

static void choose_carried(const looks *l, const view *v, size_t k, double *last, real *mask) {
  for (size_t lane = 0; lane < (size_t)v->count; lane++) {
    const og_looked *looked = &l->queue[lane];
    int on =
        (double)k * fabs(looked->h) < looked->before * CARRIED_EACH_STEP && (k < CARRIED || mask[lane] != 0);
    if (on && k % CARRIED == 0) {
      double error = worst_lambda_error(l, v, lane, NULL);
      on = k == 0 ||
           (error > og_trust_tolerance(l->solve, looked->trajectory) && error < SHRINKING * last[lane]);
      last[lane] = error;
    }
    mask[lane] = on;
  }
}

static int any(const real *mask, int count) {
  int found = 0;
  for (int lane = 0; lane < count; lane++) found |= mask[lane] != 0;
  return found;
}

static void carry_errors(looks *l, const view *v) {
  _Alignas(64) real mask[OG_LANES_MAX] = {0};
  double last[OG_LANES_MAX];
  for (size_t k = 0; l->part->ops->damp && k < CARRIED_MOST; k++) {
    choose_carried(l, v, k, last, mask);
    if (!any(mask, v->count)) return;
    l->part->ops->damp(l->part, mask, &v->first, l->block[OG_LOOK_X_START], l->block[OG_LOOK_THETA],
                       l->block[OG_LOOK_LAMBDA_WHOLE], l->solve->p ? l->block[OG_LOOK_THETA_WHOLE] : NULL);
    if (k + 1 == FILTERED) find_along(l, v);
  }
}

/* What the parts make of lambda is taken from what the whole step makes of it. */
static void find_lambda_errors(looks *l, const view *v) {
  real *whole = l->block[OG_LOOK_LAMBDA_WHOLE];
  const real *parts = l->block[OG_LOOK_LAMBDA_PARTS];
  for (size_t i = 0; i < l->solve->n * (size_t)v->lanes; i++) whole[i] -= parts[i];
}

static void place_steps(looks *l, int lanes) {
  const og_solve *solve = l->solve;
  if (l->whole && l->whole->lanes == lanes) return;
  const og_stepper *stepper = &solve->stepper;
  const OG_R(og_step_ops) *ops = stepper->OG_R(ops);
  l->whole = ops->open(stepper, solve->field, lanes, OG_STEP_TRANSPOSE, l->step_memory[0]);
  l->part = ops->open(stepper, solve->field, lanes, OG_STEP_TRANSPOSE, l->step_memory[1]);
}

static int lanes_of(const looks *l, int count) {
  int lanes = count == 1 ? 1 : (int)OG_PADDED((size_t)count);
  return lanes < l->lanes ? lanes : l->lanes;
}

static void look(looks *l, int count) {
  const og_solve *solve = l->solve;
  view v = {.lanes = lanes_of(l, count), .count = count};
  place_steps(l, v.lanes);
  spread(l, &v);
  memset(l->weights[0], 0, 2 * OG_PADDED(solve->weights) * sizeof(real));
  if (v.inside) spread_seeds(l, &v);
  step_forward(l, &v, l->whole, &v.whole, OG_LOOK_X_START, OG_LOOK_X_WHOLE);
  step_back(l, &v, l->whole, &v.whole, OG_LOOK_X_START, OG_LOOK_LAMBDA_WHOLE, OG_LOOK_THETA_WHOLE, 0, 3,
            l->weights[0]);
  add_stopped(l, &v);
  step_forward(l, &v, l->part, &v.first, OG_LOOK_X_START, OG_LOOK_X_MIDDLE);
  l->part->kernels->copy_rows((int)solve->n, v.lanes, l->block[OG_LOOK_SLOPE], l->part->ops->slope(l->part),
                              NULL);
  step_forward(l, &v, l->whole, &v.second, OG_LOOK_X_MIDDLE, OG_LOOK_X_PARTS);
  step_back(l, &v, l->whole, &v.second, OG_LOOK_X_MIDDLE, OG_LOOK_LAMBDA_PARTS, OG_LOOK_THETA_PARTS, 2, 2,
            l->weights[1]);
  step_back(l, &v, l->part, &v.first, OG_LOOK_X_START, OG_LOOK_LAMBDA_PARTS, OG_LOOK_THETA_PARTS, 1, 1,
            l->weights[1]);
  find_lambda_errors(l, &v);
  find_along(l, &v);
  carry_errors(l, &v);
  l->evals += og_count_work(l->solve, OG_R(og_step_take_work)(l->part));
  for (int lane = 0; lane < count; lane++) {
    og_look_error error = error_of(l, &v, (size_t)lane);
    if (solve->weights) add_weights(l, &error);
    og_looks_tell(l->solve, &l->queue[lane], &error);
    if (l->mode == OG_LOOKS_ALL) og_looks_limit(l->solve, &l->queue[lane], &error);
  }
}

void OG_R(og_looks_flush)(looks *l) {
  if (l->count) look(l, l->count);
  l->count = 0;
}

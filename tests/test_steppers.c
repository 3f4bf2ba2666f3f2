/* What every stepper promises (src/step/step_real.h), on one step of each method: a tangent and a transpose
 * that fit each other, with respect to x, theta, t and h, at the end and inside; derivatives that are those
 * of the step as a function; an interpolant that is the same however it is asked for; the same bits taken,
 * taken again, alone and in a block. Nothing here knows what kind a method is. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fields.h"
#include "step/step.h"

enum { N = 3, P = 2 };

/* ---- Fields ---- */

/* Nonlinear in x and theta, and dependent on time. */
static const char MIXED[] = "param p = 0.9, q = 0.6\ninit x = 0, y = 0, z = 0\n"
                            "x' = -p*x*y + sin(t)\n"
                            "y' = p*x*y - q*y^2\n"
                            "z' = q*x*exp(-t) - z^2\n";
/* Of which all is known. */
static const char RISING[] = "param p = 1, q = 1\ninit x = 0, y = 0, z = 0\n"
                             "x' = 1000 + t\ny' = 1000 + t\nz' = 1000 + t\n";
static const char DECAY[] = "param p = 1, q = 1\ninit x = 0, y = 0, z = 0\nx' = -3*x\ny' = -3*y\nz' = -3*z\n";

/* ---- One step in `lanes` lanes, of which each has a state of its own ---- */

typedef struct one {
  og_context *context;
  og_model *model;
  const og_field *field;
  og_stepper stepper;
  og_step_d *step;
  int lanes;
  og_interval_d at;
  double *x, *y, *theta; /* blocks */
} one;

static const double X0[N] = {1.1, 0.7, -0.4}, THETA[P] = {0.9, 0.6};
static const double T = 0.3, H = 0.21;

static double *block(size_t rows, int lanes) {
  double *memory = aligned_alloc(64, OG_PADDED(rows * (size_t)lanes) * sizeof *memory);
  assert_non_null(memory);
  memset(memory, 0, OG_PADDED(rows * (size_t)lanes) * sizeof *memory);
  return memory;
}

/* What fields of implicit methods may be besides: M x' = f with an M that has other entries than its
 * diagonal; with one whose last row is zero; with a df/dx that is not quite that, as one by differences. */
static enum { PLAIN, MASS, ALGEBRAIC, INEXACT } setting;
static void (*exact_jacobian)(const og_field *field, int lanes, const double *t, const double *x,
                              const double *theta, double *values, og_lane_status *status, void *scratch);

static void inexact_jacobian(const og_field *field, int lanes, const double *t, const double *x,
                             const double *theta, double *values, og_lane_status *status, void *scratch) {
  exact_jacobian(field, lanes, t, x, theta, values, status, scratch);
  for (int k = 0; k < field->pattern->count * lanes; k++) values[k] *= 1 + 1e-7 * (1 + k / lanes);
}

/* Lane l starts a little elsewhere than lane 0 does. */
static void set_lane(one *o, int lane, double t, double h, const double *x, const double *theta) {
  o->at.t[lane] = t;
  o->at.h[lane] = o->at.h_real[lane] = h;
  o->at.t_next[lane] = t + h;
  for (int i = 0; i < N; i++) o->x[i * o->lanes + lane] = x[i] * (1 + 0.01 * lane);
  if (setting == ALGEBRAIC) o->x[2 * o->lanes + lane] += 1.1; /* near a solution of the last equation */
  for (int i = 0; i < P; i++) o->theta[i * o->lanes + lane] = theta[i];
  o->step->status[lane] = 0;
}

/* One entry of M is not one of df/dx. */
static void set_mass(og_context *context, og_field *field) {
  static const int row[] = {0, 0, 1, 1, 1, 2}, column[] = {0, 1, 0, 1, 2, 2};
  const double value[] = {1.5, 0.4, 0.3, 1.4, 0.2, setting == ALGEBRAIC ? 0 : 1.3};
  size_t count = setting == ALGEBRAIC ? 5 : 6;
  CHECK(context, og_field_give_mass(field, &(og_mass_entries){count, row, column, value}));
}

static void set_up(og_context *context, og_field *field) {
  if (setting == MASS || setting == ALGEBRAIC) set_mass(context, field);
  if (setting != INEXACT) return;
  CHECK(context, og_field_want_jacobian(context, field));
  exact_jacobian = field->ops_d.jacobian;
  field->ops_d.jacobian = inexact_jacobian;
  field->flags &= ~(unsigned)OG_FIELD_HAS_JACOBIAN;
}

/* A method that has df/dx in its formula needs it exactly; one that begins with x' has none of algebraic
 * equations. */
static int applies(int method) {
  og_stepper stepper = og_stepper_of((og_method)method);
  if (setting == PLAIN) return 1;
  if (setting == ALGEBRAIC)
    return method == OG_METHOD_RODAS5P || method == OG_METHOD_RADAU5 || method == OG_METHOD_RADAU9;
  return stepper.implicit && !(setting == INEXACT && stepper.second_derivatives);
}

static one open_with(const char *text, int method, int lanes) {
  one o = {.context = new_context(), .lanes = lanes, .stepper = og_stepper_of((og_method)method)};
  CHECK(o.context, og_model_create_from_text(o.context, "m.ode", text, strlen(text), &o.model));
  o.field = og_model_field(o.model);
  set_up(o.context, (og_field *)o.field);
  CHECK(o.context, og_stepper_prepare(o.context, &o.stepper, o.field));
  o.x = block(N, lanes), o.y = block(N, lanes), o.theta = block(P, lanes);
  return o;
}

static one open_one(int method, int lanes) { return open_with(MIXED, method, lanes); }

/* The stepper is pointed to by the step, so that it must be where it stays. */
static void open_step(one *o, int purpose) {
  o->step = og_step_create_d(o->context, &o->stepper, o->field, o->lanes, purpose);
  assert_non_null(o->step);
  for (int lane = 0; lane < o->lanes; lane++) set_lane(o, lane, T, H, X0, THETA);
}

static void close_one(one *o) {
  og_step_destroy_d(o->context, o->step);
  og_stepper_release(&o->stepper);
  og_model_destroy(o->model);
  og_context_destroy(o->context);
  free(o->x), free(o->y), free(o->theta);
}

/* As a driver takes it where a segment begins, interpolant included. */
static void take(one *o) {
  double *f = block(N, o->lanes), *mask = block(1, o->lanes);
  for (int lane = 0; lane < o->lanes; lane++) mask[lane] = 1;
  o->field->ops_d.eval(o->field, o->lanes, o->at.t, o->x, o->theta, f, o->step->status, o->step->scratch);
  if (o->stepper.carries_slope) o->step->ops->begin(o->step, mask, f);
  int evals = o->step->ops->attempt(o->step, &o->at, o->x, o->theta, o->y);
  assert_true(evals > 0);
  assert_int_equal(o->step->ops->complete(o->step, &o->at, o->x, o->theta), o->stepper.interpolant_evals);
  free(f), free(mask);
}

/* ---- The interpolant ---- */

static void interpolants_agree(void **state) {
  (void)state;
  for (int method = 0; og_stepper_of((og_method)method).name; method++) {
    one o = open_one(method, 1);
    open_step(&o, OG_STEP_FORWARD);
    take(&o);
    int degree = o.stepper.interpolant_degree;
    double curve[8 * N], start[N], end[N];
    o.step->ops->curve(o.step, 0, &o.at, curve, N, 1);
    o.step->ops->state(o.step, 0, 0, &o.at, o.x, start);
    o.step->ops->state(o.step, 0, 1, &o.at, o.x, end);
    for (int i = 0; i < N; i++) {
      assert_true(start[i] == o.x[i]);
      assert_true(fabs(end[i] - o.y[i]) <=
                  1e-14); /* rounding: weights of the interpolant at 1 are the method's */
    }
    for (double s = 0.125; s < 1; s += 0.125) {
      double x[N], slope[N], sizes[N], direction[N] = {0.3, -2, 0.7}, along = 0;
      _Alignas(64) double *all = block(N, 1);
      o.step->ops->state(o.step, 0, s, &o.at, o.x, x);
      o.step->ops->states(o.step, s, &o.at, o.x, all);
      o.step->ops->slope_at(o.step, 0, s, slope, sizes);
      for (int i = 0; i < N; i++) {
        double value = 0, derivative = 0;
        for (int d = degree - 1; d >= 0; d--) {
          derivative = derivative * s + value;
          value = value * s + curve[d * N + i];
        }
        derivative = value + s * derivative; /* of s q(s) */
        assert_true(fabs(x[i] - (o.x[i] + s * value)) <= 1e-13);
        assert_true(fabs(all[i] - x[i]) <= 1e-14);
        assert_true(fabs(H * slope[i] - derivative) <= 1e-12);
        assert_true(sizes[i] >= fabs(slope[i]));
        along += direction[i] * slope[i];
      }
      assert_true(fabs(o.step->ops->slope_along(o.step, 0, s, N, direction) - along) <= 1e-13);
      free(all);
    }
    close_one(&o);
  }
}

/* ---- The same bits ---- */

static void taken_again_and_in_blocks(void **state) {
  (void)state;
  for (int method = 0; og_stepper_of((og_method)method).name; method++) {
    if (!applies(method)) continue;
    one wide = open_one(method, OG_LANES_MAX);
    open_step(&wide, OG_STEP_FORWARD);
    take(&wide);
    for (int lane = 0; lane < OG_LANES_MAX; lane += 21) {
      one alone = open_one(method, 1), again = open_one(method, 1);
      open_step(&alone, OG_STEP_FORWARD);
      open_step(&again, OG_STEP_DERIVATIVE);
      for (int i = 0; i < N; i++) alone.x[i] = again.x[i] = wide.x[i * OG_LANES_MAX + lane];
      take(&alone);
      again.step->ops->recompute(again.step, OG_STEP_VALUES | OG_STEP_INSIDE, &again.at, again.x,
                                 again.theta);
      again.step->ops->end(again.step, &again.at, again.x, again.y);
      double inside[3][N];
      wide.step->ops->state(wide.step, lane, 0.4, &wide.at, wide.x, inside[0]);
      alone.step->ops->state(alone.step, 0, 0.4, &alone.at, alone.x, inside[1]);
      again.step->ops->state(again.step, 0, 0.4, &again.at, again.x, inside[2]);
      for (int i = 0; i < N; i++) {
        assert_true(alone.y[i] == wide.y[i * OG_LANES_MAX + lane]);
        assert_true(again.y[i] == alone.y[i]);
        assert_true(inside[0][i] == inside[1][i] && inside[1][i] == inside[2][i]);
      }
      close_one(&alone);
      close_one(&again);
    }
    close_one(&wide);
  }
}

/* ---- Derivatives ---- */

/* A direction of all that a step is a function of, or a cotangent of them. */
typedef struct part {
  double x[N], theta[P], t, h;
} part;
static const part DIRECTION = {{0.3, -0.8, 0.5}, {0.7, -0.2}, 0.4, -0.6};
/* Cotangents of the step's end, and of the state at INSIDE. */
static const double END_BAR[N] = {0.9, -0.3, 0.4}, INSIDE_BAR[N] = {-0.5, 0.2, 1.1}, INSIDE = 0.37;

/* The step's end and the state inside, DIRECTION times e away. */
static void results(int method, double e, double end[N], double inside[N]) {
  one o = open_one(method, 1);
  double x[N], theta[P];
  open_step(&o, OG_STEP_DERIVATIVE);
  for (int i = 0; i < N; i++) x[i] = X0[i] + e * DIRECTION.x[i];
  for (int i = 0; i < P; i++) theta[i] = THETA[i] + e * DIRECTION.theta[i];
  set_lane(&o, 0, T + e * DIRECTION.t, H + e * DIRECTION.h, x, theta);
  o.step->ops->recompute(o.step, OG_STEP_VALUES | OG_STEP_INSIDE, &o.at, o.x, o.theta);
  o.step->ops->end(o.step, &o.at, o.x, o.y);
  o.step->ops->state(o.step, 0, INSIDE, &o.at, o.x, inside);
  memcpy(end, o.y, sizeof o.y[0] * N);
  close_one(&o);
}

static void tangents(int method, double end_dot[N], double inside_dot[N]) {
  one o = open_one(method, 1);
  open_step(&o, OG_STEP_DERIVATIVE);
  double *x_dot = block(N, 1), *theta_dot = block(P, 1), *y_dot = block(N, 1);
  memcpy(x_dot, DIRECTION.x, sizeof DIRECTION.x);
  memcpy(theta_dot, DIRECTION.theta, sizeof DIRECTION.theta);
  int uses = OG_STEP_VALUES | OG_STEP_INSIDE;
  o.step->ops->recompute(o.step, uses, &o.at, o.x, o.theta);
  int jvps = o.step->ops->tangent(o.step, uses, &o.at, o.x, o.theta, x_dot, theta_dot, &DIRECTION.t,
                                  &DIRECTION.h, y_dot);
  assert_true(jvps > 0);
  memcpy(end_dot, y_dot, sizeof *y_dot * N);
  o.step->ops->tangent_at(o.step, 0, INSIDE, &o.at, x_dot, DIRECTION.h, inside_dot);
  free(x_dot), free(theta_dot), free(y_dot);
  close_one(&o);
}

/* Seeds are cotangents of x(t + s h) - x, so that those of x itself are the caller's to add. */
static part cotangents(int method) {
  one o = open_one(method, 1);
  open_step(&o, OG_STEP_DERIVATIVE);
  part bar = {{0}, {0}, 0, 0};
  double *x_bar = block(N, 1), *theta_bar = block(P, 1), *mask = block(1, 1), y_bar[N],
         singular[OG_SINGULAR_PLACES] = {0};
  double *seeds = block((size_t)o.stepper.seeds * OG_PADDED(N), 1);
  mask[0] = 1;
  memcpy(x_bar, END_BAR, sizeof END_BAR);
  int uses = OG_STEP_VALUES | OG_STEP_INSIDE;
  o.step->ops->recompute(o.step, uses, &o.at, o.x, o.theta);
  o.step->ops->seed(&o.stepper, INSIDE, N, INSIDE_BAR, seeds, OG_PADDED(N), 1);
  assert_true(o.step->ops->transpose(o.step, uses, &o.at, o.x, o.theta, seeds, mask, x_bar, theta_bar) > 0);
  o.step->ops->time_cotangents(o.step, 0, 1, &bar.t, &bar.h, singular);
  o.step->ops->end_cotangent(o.step, 0, x_bar, y_bar);
  for (int i = 0; i < N; i++) assert_true(fabs(y_bar[i] - END_BAR[i]) <= 1e-14);
  for (int i = 0; i < OG_SINGULAR_PLACES; i++) assert_true(singular[i] == 0);
  for (int i = 0; i < N; i++) bar.x[i] = x_bar[i] + INSIDE_BAR[i];
  memcpy(bar.theta, theta_bar, sizeof bar.theta);
  free(x_bar), free(theta_bar), free(mask), free(seeds);
  close_one(&o);
  return bar;
}

static double contracted(const double *a, const double *b) {
  double sum = 0;
  for (int i = 0; i < N; i++) sum += END_BAR[i] * a[i] + INSIDE_BAR[i] * b[i];
  return sum;
}

/* <bars, J direction> = <J^T bars, direction>: both are sums of some hundred products of size 1; of implicit
 * methods of size 100, as their coefficients are, which cancel. */
static void transposes_fit_tangents(void **state) {
  (void)state;
  for (int method = 0; og_stepper_of((og_method)method).name; method++) {
    if (!applies(method)) continue;
    double end_dot[N], inside_dot[N];
    tangents(method, end_dot, inside_dot);
    part bar = cotangents(method);
    double left = contracted(end_dot, inside_dot), right = bar.t * DIRECTION.t + bar.h * DIRECTION.h;
    for (int i = 0; i < N; i++) right += bar.x[i] * DIRECTION.x[i];
    for (int i = 0; i < P; i++) right += bar.theta[i] * DIRECTION.theta[i];
    og_stepper stepper = og_stepper_of((og_method)method);
    if (!(fabs(left - right) <= (stepper.implicit ? 1e-12 : 2e-14)))
      fail_msg("%s: %.17g and %.17g", stepper.name, left, right);
  }
}

/* Central differences of the step, of fourth order with e = 1e-3: their error is 1e-12 times a fifth
 * derivative of size 1, and rounding's 1e-16 / e. That of the solution of the algebraic equation, a square
 * root near 1/2, is of size 100. */
static void tangents_are_derivatives(void **state) {
  (void)state;
  const double e = 1e-3, most = setting == ALGEBRAIC ? 1e-9 : 1e-11;
  for (int method = 0; og_stepper_of((og_method)method).name; method++) {
    if (!applies(method)) continue;
    double end[4][N], inside[4][N], end_dot[N], inside_dot[N];
    const double places[] = {-2 * e, -e, e, 2 * e};
    for (int k = 0; k < 4; k++) results(method, places[k], end[k], inside[k]);
    tangents(method, end_dot, inside_dot);
    for (int i = 0; i < N; i++) {
      double at_end = (end[0][i] - 8 * end[1][i] + 8 * end[2][i] - end[3][i]) / (12 * e);
      double at_inside = (inside[0][i] - 8 * inside[1][i] + 8 * inside[2][i] - inside[3][i]) / (12 * e);
      assert_true(fabs(at_end - end_dot[i]) <= most);
      assert_true(fabs(at_inside - inside_dot[i]) <= most);
    }
  }
}

/* A step of no length: its end is its start, and moves by f with its length. */
static void steps_of_no_length(void **state) {
  (void)state;
  for (int method = 0; og_stepper_of((og_method)method).name; method++) {
    one o = open_one(method, 1);
    double *x_bar = block(N, 1), *x_dot = block(N, 1), *y_dot = block(N, 1), *theta = block(P, 1),
           *f = block(N, 1), bar_t = 0, bar_h = 0, along = 0, zero = 0, singular[OG_SINGULAR_PLACES] = {0};
    const double one_more = 1;
    open_step(&o, OG_STEP_DERIVATIVE);
    set_lane(&o, 0, T, 0, X0, THETA);
    o.field->ops_d.eval(o.field, 1, o.at.t, o.x, o.theta, f, o.step->status, o.step->scratch);
    o.step->ops->recompute(o.step, OG_STEP_VALUES, &o.at, o.x, o.theta);
    o.step->ops->end(o.step, &o.at, o.x, o.y);
    memcpy(x_dot, DIRECTION.x, sizeof DIRECTION.x);
    o.step->ops->tangent(o.step, OG_STEP_VALUES, &o.at, o.x, o.theta, x_dot, theta, &zero, &one_more, y_dot);
    o.step->ops->recompute(o.step, OG_STEP_VALUES, &o.at, o.x, o.theta);
    memcpy(x_bar, END_BAR, sizeof END_BAR);
    o.step->ops->transpose(o.step, OG_STEP_VALUES, &o.at, o.x, o.theta, NULL, NULL, x_bar, theta);
    o.step->ops->time_cotangents(o.step, 0, 0, &bar_t, &bar_h, singular);
    assert_int_equal(o.step->status[0], 0);
    for (int i = 0; i < N; i++) {
      along += END_BAR[i] * f[i];
      assert_true(o.y[i] == o.x[i]);
      if (!(fabs(y_dot[i] - x_dot[i] - f[i]) <= 1e-12 && fabs(x_bar[i] - END_BAR[i]) <= 1e-12))
        fail_msg("%s: row %d moves by %.17g, not %.17g", o.stepper.name, i, y_dot[i] - x_dot[i], f[i]);
    }
    for (int i = 0; i < P; i++) assert_true(fabs(theta[i]) <= 1e-12);
    if (!(fabs(bar_h - along) <= 1e-12)) fail_msg("%s: %.17g, not %.17g", o.stepper.name, bar_h, along);
    free(x_bar), free(x_dot), free(y_dot), free(theta), free(f);
    close_one(&o);
  }
}

/* ---- The error, and what is not finite ---- */

/* An estimate of order k falls by 2^-k where h is halved; and it is of the size of what the step misses. */
static void errors_fall_by_their_power(void **state) {
  (void)state;
  for (int method = 0; og_stepper_of((og_method)method).name; method++) {
    if (!applies(method)) continue;
    double size[2] = {0, 0};
    og_stepper stepper = og_stepper_of((og_method)method);
    if (stepper.errors != 1) continue; /* two estimates are combined by the driver */
    for (int half = 0; half < 2; half++) {
      one o = open_one(method, 1);
      double *error = block(N, 1);
      open_step(&o, OG_STEP_FORWARD);
      set_lane(&o, 0, T, half ? H / 16 : H / 8, X0, THETA);
      take(&o);
      o.step->ops->error(o.step, 0, &o.at, error);
      for (int i = 0; i < N; i++) size[half] = fmax(size[half], fabs(error[i]));
      free(error);
      close_one(&o);
    }
    double power = log2(size[0] / size[1]);
    if (fabs(power - stepper.error_power) > 0.35)
      fail_msg("%s: %g, not %d", stepper.name, power, stepper.error_power);
  }
}

static void rows_that_are_not_finite(void **state) {
  (void)state;
  for (int method = 0; og_stepper_of((og_method)method).name; method++) {
    one o = open_one(method, 1);
    open_step(&o, OG_STEP_FORWARD);
    take(&o);
    assert_int_equal(o.step->ops->not_finite(o.step, 0, 0), N);
    o.x[2] = 1e200; /* its square overflows: row 2 of f alone */
    take(&o);
    assert_int_equal(o.step->ops->not_finite(o.step, 0, 1), 2);
    assert_int_equal(o.step->ops->not_finite(o.step, 0, 0), 2);
    close_one(&o);
  }
}

/* A finite slope from which the next stage, or a first iterate, goes where its square overflows; an implicit
 * step may also find no solution before that happens. */
static void slopes_that_are_finite_alone(void **state) {
  (void)state;
  for (int method = 0; og_stepper_of((og_method)method).name; method++) {
    one o = open_one(method, 1);
    open_step(&o, OG_STEP_FORWARD);
    o.x[2] = 1e154;
    take(&o);
    assert_int_equal(o.step->ops->not_finite(o.step, 0, 1), N);
    size_t row = o.step->ops->not_finite(o.step, 0, 0);
    if (o.stepper.implicit && row == N)
      assert_true(o.step->status[0] > 0);
    else
      assert_int_equal(row, o.stepper.order > 1 || o.stepper.implicit ? 2 : N);
    assert_true(o.step->ops->slope(o.step)[2] < -1e307);
    close_one(&o);
  }
}

/* ---- What is known of simple slopes ---- */

/* Slopes within a step of x' = 1000 + t are no further apart than the step is long, and formulas that are
 * exact for it agree but for rounding: 16 roundings of 210 = h 1000. Implicit methods make slopes of
 * increments with weights whose sizes sum up to 4000, of 1000 each. */
static void slopes_apart(void **state) {
  (void)state;
  for (int method = 0; og_stepper_of((og_method)method).name; method++) {
    one o = open_with(RISING, method, 1);
    double *apart = block(N, 1);
    open_step(&o, OG_STEP_FORWARD);
    o.step->ops->recompute(o.step, OG_STEP_VALUES | OG_STEP_INSIDE, &o.at, o.x, o.theta);
    double spread = o.step->ops->spread(o.step, 0, 1);
    assert_true(spread >= 0 && spread <= H * (1 + 1e-12) + (o.stepper.implicit ? 4000 * 1000 * 2.2e-16 : 0));
    assert_true(o.stepper.order == 1 ? spread == 0 : spread >= 0.4 * H);
    int has = o.step->ops->difference(o.step, &o.at, apart);
    assert_int_equal(has, o.stepper.order > 1);
    /* lower formulas of order 1 miss h^2/2 of it */
    for (int i = 0; has && i < N; i++) assert_true(fabs(apart[i]) <= H * H / 2 + 16 * 210 * 1.2e-16);
    free(apart);
    close_one(&o);
  }
}

/* J^T g = -3 g for all g: sizes are in that ratio, whatever stage the last product was of. */
static void growth_is_that_of_the_product(void **state) {
  (void)state;
  for (int method = 0; og_stepper_of((og_method)method).name; method++) {
    one o = open_with(DECAY, method, 1);
    double *x_bar = block(N, 1), *product = block(1, 1), *g = block(1, 1);
    open_step(&o, OG_STEP_DERIVATIVE);
    memcpy(x_bar, END_BAR, sizeof END_BAR);
    o.step->ops->recompute(o.step, 0, &o.at, o.x, o.theta);
    o.step->ops->transpose(o.step, 0, &o.at, o.x, o.theta, NULL, NULL, x_bar, NULL);
    assert_int_equal(o.step->ops->growth(o.step, &o.at, 3 * H * 1.05, product, g), 0);
    assert_int_equal(o.step->ops->growth(o.step, &o.at, 3 * H * 0.95, product, g), 1);
    assert_true(g[0] > 0 && fabs(product[0] / g[0] - 3) <= 1e-14);
    free(x_bar), free(product), free(g);
    close_one(&o);
  }
}

/* A step of implicit Euler back, of a length g = h gamma that the method has: what it makes of xbar is xbar +
 * g df/dx^T of itself, and theta gets g df/dtheta^T of it; in the lanes of the mask. Rounding of some ten
 * products of size 1, by which g is divided that is no less than 0.03. */
static void damping_is_implicit_euler_back(void **state) {
  enum { L = OG_LANES_MAX };
  (void)state;
  for (int method = 0; og_stepper_of((og_method)method).name; method++) {
    one o = open_one(method, L);
    double *bar = block(N, L), *theta_bar = block(P, L), *mask = block(1, L), *back = block(N, L),
           *theta_back = block(P, L);
    open_step(&o, OG_STEP_DERIVATIVE);
    mask[0] = 1;
    for (int i = 0; i < N; i++) bar[L * i] = bar[L * i + 1] = END_BAR[i];
    o.step->ops->recompute(o.step, 0, &o.at, o.x, o.theta);
    if (o.stepper.implicit) {
      o.step->ops->damp(o.step, mask, &o.at, o.x, o.theta, bar, theta_bar);
      o.field->ops_d.vjp(o.field, L, o.at.t, o.x, o.theta, bar, back, theta_back, NULL, o.step->status,
                         o.step->scratch);
      double g = (bar[0] - END_BAR[0]) / back[0];
      assert_true(g >= 0.03 && g <= H);
      for (int i = 0; i < N; i++) {
        assert_true(fabs(bar[L * i] - g * back[L * i] - END_BAR[i]) <= 1e-14);
        assert_true(bar[L * i + 1] == END_BAR[i]);
      }
      for (int i = 0; i < P; i++) {
        assert_true(fabs(theta_bar[L * i] - g * theta_back[L * i]) <= 1e-13);
        assert_true(theta_bar[L * i + 1] == 0);
      }
    }
    free(bar), free(theta_bar), free(mask), free(back), free(theta_back);
    close_one(&o);
  }
}

/* ---- Other settings ---- */

static void in_setting(int other, void **state) {
  setting = other;
  taken_again_and_in_blocks(state);
  transposes_fit_tangents(state);
  tangents_are_derivatives(state);
  setting = PLAIN;
}

static void with_mass(void **state) {
  in_setting(MASS, state);
  setting = MASS;
  errors_fall_by_their_power(state);
  setting = PLAIN;
}

static void with_algebraic_equations(void **state) { in_setting(ALGEBRAIC, state); }

/* The step and its transpose are those of its equations, whatever they were solved with; rounding as above.
 */
static void with_inexact_jacobian(void **state) {
  for (int method = 0; og_stepper_of((og_method)method).name; method++) {
    double end[N], inside[N], same_end[N], same_inside[N];
    setting = INEXACT;
    if (!applies(method)) continue;
    results(method, 0, end, inside);
    part bar = cotangents(method);
    setting = PLAIN;
    results(method, 0, same_end, same_inside);
    part same = cotangents(method);
    for (int i = 0; i < N; i++) {
      assert_true(fabs(end[i] - same_end[i]) <= 1e-14 && fabs(inside[i] - same_inside[i]) <= 1e-14);
      assert_true(fabs(bar.x[i] - same.x[i]) <= 1e-12);
    }
    for (int i = 0; i < P; i++) assert_true(fabs(bar.theta[i] - same.theta[i]) <= 1e-12);
    assert_true(fabs(bar.t - same.t) <= 1e-12 && fabs(bar.h - same.h) <= 1e-12);
  }
  setting = INEXACT;
  taken_again_and_in_blocks(state);
  setting = PLAIN;
}

static void algebraic_equations_refused(void **state) {
  (void)state;
  og_context *context = new_context();
  og_stepper stepper = og_stepper_of(OG_METHOD_KVAERNO5);
  og_model *model;
  CHECK(context, og_model_create_from_text(context, "m.ode", MIXED, strlen(MIXED), &model));
  setting = ALGEBRAIC;
  set_up(context, (og_field *)og_model_field(model));
  setting = PLAIN;
  assert_int_equal(og_stepper_prepare(context, &stepper, og_model_field(model)), OG_ERR_UNSUPPORTED);
  assert_non_null(strstr(og_context_message(context), "use method = rodas5p or radau5"));
  og_stepper_release(&stepper);
  og_model_destroy(model);
  og_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(interpolants_agree),
      cmocka_unit_test(taken_again_and_in_blocks),
      cmocka_unit_test(transposes_fit_tangents),
      cmocka_unit_test(tangents_are_derivatives),
      cmocka_unit_test(steps_of_no_length),
      cmocka_unit_test(errors_fall_by_their_power),
      cmocka_unit_test(rows_that_are_not_finite),
      cmocka_unit_test(slopes_that_are_finite_alone),
      cmocka_unit_test(slopes_apart),
      cmocka_unit_test(growth_is_that_of_the_product),
      cmocka_unit_test(damping_is_implicit_euler_back),
      cmocka_unit_test(with_mass),
      cmocka_unit_test(with_algebraic_equations),
      cmocka_unit_test(with_inexact_jacobian),
      cmocka_unit_test(algebraic_equations_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

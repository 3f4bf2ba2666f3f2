/* Block callbacks on lane blocks: as they are, with the inputs' values in their place; or, in single
 * precision without callbacks of it, on blocks that are converted to double and back. Products that were not
 * given are formed one lane after another, by differences (callback_real.c). */
#include <string.h>

#include "base/real.h"
#include "field/callback.h"

#if defined(OG_SINGLE)
#define OWN(callback, function) ((callback)->block.function##_single)
#else
#define OWN(callback, function) ((callback)->block.function)
#endif

typedef struct block {
  const og_callback_field *callback;
  const og_field *field;
  size_t width, n, p, entries; /* rows of the state, of the field's theta and of the callbacks' */
  real *next;                  /* what is left of the scratch */
  og_lane_status before[OG_LANES_MAX];
} block;

static block begin(const og_field *field, int lanes, const og_lane_status *status, void *scratch) {
  const og_callback_field *callback = (const og_callback_field *)field;
  block b = {.callback = callback,
             .field = field,
             .width = (size_t)lanes,
             .n = field->n,
             .p = field->p,
             .entries = og_callback_entries(callback),
             .next = scratch};
  memcpy(b.before, status, (size_t)lanes * sizeof *status);
  return b;
}

static real *take(block *b, size_t rows) {
  real *array = b->next;
  b->next += OG_PADDED(rows * b->width);
  return array;
}

static void clear(const block *b, real *array, size_t rows) {
  if (array && rows) memset(array, 0, rows * b->width * sizeof *array);
}

static const real *or_zeros(block *b, const real *array, size_t rows) {
  if (array || !rows) return array;
  real *zeros = take(b, rows);
  clear(b, zeros, rows);
  return zeros;
}

/* ---- Inputs: rows a, b, tau of the field's theta, and one value in the callbacks' ---- */

/* t - tau, in double also where tau comes in two parts. */
static double since(const block *b, const double *t, const real *theta, size_t input, size_t lane) {
  const real *row = theta + (og_field_parameters(b->field) + OG_INPUT_ROWS * input) * b->width;
  return t[lane] - (double)row[OG_INPUT_START * b->width + lane] -
         (double)theta[(b->p - b->field->fine + input) * b->width + lane];
}

static const real *load_inputs(block *b, const double *t, const real *theta) {
  size_t inputs = b->field->inputs, p = b->entries - inputs, width = b->width;
  if (!inputs) return theta;
  real *values = take(b, b->entries);
  memcpy(values, theta, p * width * sizeof *values);
  for (size_t i = 0; i < inputs; i++)
    for (size_t lane = 0; lane < width; lane++) {
      const real *row = theta + (p + OG_INPUT_ROWS * i) * width + lane;
      values[(p + i) * width + lane] =
          (real)((double)row[OG_INPUT_LEVEL * width] +
                 (double)row[OG_INPUT_SLOPE * width] * since(b, t, theta, i, lane));
    }
  return values;
}

static void pull_inputs(const block *b, const double *t, const real *theta, const real *values_bar,
                        real *theta_bar, real *t_bar) {
  size_t inputs = b->field->inputs, p = b->entries - inputs, width = b->width;
  if (theta_bar) {
    memcpy(theta_bar, values_bar, p * width * sizeof *theta_bar);
    memset(theta_bar + p * width, 0, (b->p - p) * width * sizeof *theta_bar);
  }
  for (size_t i = 0; i < inputs; i++)
    for (size_t lane = 0; lane < width; lane++) {
      size_t row = (p + OG_INPUT_ROWS * i) * width + lane;
      real u_bar = values_bar[(p + i) * width + lane];
      if (t_bar) t_bar[lane] += u_bar * theta[row + OG_INPUT_SLOPE * width];
      if (!theta_bar) continue;
      theta_bar[row + OG_INPUT_LEVEL * width] = u_bar;
      theta_bar[row + OG_INPUT_SLOPE * width] = (real)((double)u_bar * since(b, t, theta, i, lane));
    }
}

static const real *push_inputs(block *b, const double *t, const real *theta, const real *t_dot,
                               const real *theta_dot) {
  size_t inputs = b->field->inputs, p = b->entries - inputs, width = b->width;
  if (!inputs || !theta_dot) return or_zeros(b, theta_dot, b->entries);
  real *values = take(b, b->entries);
  memcpy(values, theta_dot, p * width * sizeof *values);
  for (size_t i = 0; i < inputs; i++)
    for (size_t lane = 0; lane < width; lane++) {
      size_t row = (p + OG_INPUT_ROWS * i) * width + lane;
      double moved = (double)theta_dot[row + OG_INPUT_LEVEL * width] +
                     (double)theta_dot[row + OG_INPUT_SLOPE * width] * since(b, t, theta, i, lane);
      double drift = t_dot ? (double)theta[row + OG_INPUT_SLOPE * width] * (double)t_dot[lane] : 0;
      values[(p + i) * width + lane] = (real)(moved + drift);
    }
  return values;
}

const real *OG_R(og_block_load_inputs)(const og_field *field, int lanes, const double *t, const real *theta,
                                       real *room) {
  block b = {.field = field,
             .width = (size_t)lanes,
             .p = field->p,
             .entries = og_callback_entries((const og_callback_field *)field),
             .next = room};
  return load_inputs(&b, t, theta);
}

/* ---- As they are ---- */

static void own_eval(const og_field *field, int lanes, const double *t, const real *x, const real *theta,
                     real *f, og_lane_status *status, void *scratch) {
  block b = begin(field, lanes, status, scratch);
  const real *values = load_inputs(&b, t, theta);
  clear(&b, f, b.n);
  int result = OWN(b.callback, rhs)(lanes, t, x, values, f, status, b.callback->user);
  og_block_statuses(lanes, result, b.before, status);
}

/* Of a vjp or Hessian: where the callback puts theta_bar and t_bar, which with inputs are needed for one
 * another. */
static real *room_for_values(block *b, real *theta_bar, real **t_bar) {
  clear(b, *t_bar, 1);
  if (b->field->inputs) theta_bar = take(b, b->entries);
  clear(b, theta_bar, b->entries);
  return theta_bar;
}

static void own_vjp(const og_field *field, int lanes, const double *t, const real *x, const real *theta,
                    const real *lambda, real *x_bar, real *theta_bar, real *t_bar, og_lane_status *status,
                    void *scratch) {
  block b = begin(field, lanes, status, scratch);
  const real *values = load_inputs(&b, t, theta);
  real *values_bar = room_for_values(&b, theta_bar, &t_bar);
  clear(&b, x_bar, b.n);
  int result =
      OWN(b.callback, vjp)(lanes, t, x, values, lambda, x_bar, values_bar, t_bar, status, b.callback->user);
  if (field->inputs) pull_inputs(&b, t, theta, values_bar, theta_bar, t_bar);
  og_block_statuses(lanes, result, b.before, status);
}

static void own_jvp(const og_field *field, int lanes, const double *t, const real *x, const real *theta,
                    const real *t_dot, const real *x_dot, const real *theta_dot, real *f_dot,
                    og_lane_status *status, void *scratch) {
  block b = begin(field, lanes, status, scratch);
  const real *values = load_inputs(&b, t, theta), *values_dot = push_inputs(&b, t, theta, t_dot, theta_dot);
  t_dot = or_zeros(&b, t_dot, 1);
  x_dot = or_zeros(&b, x_dot, b.n);
  clear(&b, f_dot, b.n);
  int result =
      OWN(b.callback, jvp)(lanes, t, x, values, t_dot, x_dot, values_dot, f_dot, status, b.callback->user);
  og_block_statuses(lanes, result, b.before, status);
}

static void own_hessian(const og_field *field, int lanes, const double *t, const real *x, const real *theta,
                        const real *lambda, const real *t_dot, const real *x_dot, const real *theta_dot,
                        real *x_bar_dot, real *theta_bar_dot, real *t_bar_dot, og_lane_status *status,
                        void *scratch) {
  block b = begin(field, lanes, status, scratch);
  const real *values = load_inputs(&b, t, theta), *values_dot = push_inputs(&b, t, theta, t_dot, theta_dot);
  real *values_bar = room_for_values(&b, theta_bar_dot, &t_bar_dot);
  t_dot = or_zeros(&b, t_dot, 1);
  clear(&b, x_bar_dot, b.n);
  int result = OWN(b.callback, hessian)(lanes, t, x, values, lambda, t_dot, x_dot, values_dot, x_bar_dot,
                                        values_bar, t_bar_dot, status, b.callback->user);
  if (field->inputs) pull_inputs(&b, t, theta, values_bar, theta_bar_dot, t_bar_dot);
  og_block_statuses(lanes, result, b.before, status);
}

/* ---- Converted to double and back ---- */

#if defined(OG_SINGLE)
typedef struct converted {
  size_t width;
  double *next;
} converted;

static converted begin_converted(const og_field *field, int lanes, void *scratch) {
  char *behind = (char *)scratch + og_input_terms_bytes(field, lanes);
  size_t own = og_block_entries((const og_callback_field *)field, lanes);
  return (converted){(size_t)lanes, (double *)behind + own};
}

static double *place(converted *c, size_t rows) {
  double *array = c->next;
  c->next += OG_PADDED(rows * c->width);
  return array;
}

static const double *widened(converted *c, const real *from, size_t rows) {
  if (!from) return NULL;
  double *to = place(c, rows);
  for (size_t i = 0; i < rows * c->width; i++) to[i] = (double)from[i];
  return to;
}

static double *room(converted *c, const real *array, size_t rows) { return array ? place(c, rows) : NULL; }

static void rounded_back(const converted *c, const double *from, real *to, size_t rows) {
  for (size_t i = 0; to && i < rows * c->width; i++) to[i] = (real)from[i];
}

static void wide_eval(const og_field *field, int lanes, const double *t, const real *x, const real *theta,
                      real *f, og_lane_status *status, void *scratch) {
  converted c = begin_converted(field, lanes, scratch);
  const double *wide_x = widened(&c, x, field->n), *wide_theta = widened(&c, theta, field->p);
  double *wide_f = place(&c, field->n);
  field->ops_d.eval(field, lanes, t, wide_x, wide_theta, wide_f, status, scratch);
  rounded_back(&c, wide_f, f, field->n);
}

static void wide_vjp(const og_field *field, int lanes, const double *t, const real *x, const real *theta,
                     const real *lambda, real *x_bar, real *theta_bar, real *t_bar, og_lane_status *status,
                     void *scratch) {
  converted c = begin_converted(field, lanes, scratch);
  const double *wide_x = widened(&c, x, field->n), *wide_theta = widened(&c, theta, field->p),
               *wide_lambda = widened(&c, lambda, field->n);
  double *wide_x_bar = room(&c, x_bar, field->n), *wide_theta_bar = room(&c, theta_bar, field->p),
         *wide_t_bar = room(&c, t_bar, 1);
  field->ops_d.vjp(field, lanes, t, wide_x, wide_theta, wide_lambda, wide_x_bar, wide_theta_bar, wide_t_bar,
                   status, scratch);
  rounded_back(&c, wide_x_bar, x_bar, field->n);
  rounded_back(&c, wide_theta_bar, theta_bar, field->p);
  rounded_back(&c, wide_t_bar, t_bar, 1);
}

static void wide_jvp(const og_field *field, int lanes, const double *t, const real *x, const real *theta,
                     const real *t_dot, const real *x_dot, const real *theta_dot, real *f_dot,
                     og_lane_status *status, void *scratch) {
  converted c = begin_converted(field, lanes, scratch);
  const double *wide_x = widened(&c, x, field->n), *wide_theta = widened(&c, theta, field->p),
               *wide_t_dot = widened(&c, t_dot, 1), *wide_x_dot = widened(&c, x_dot, field->n),
               *wide_theta_dot = widened(&c, theta_dot, field->p);
  double *wide_f_dot = place(&c, field->n);
  field->ops_d.jvp(field, lanes, t, wide_x, wide_theta, wide_t_dot, wide_x_dot, wide_theta_dot, wide_f_dot,
                   status, scratch);
  rounded_back(&c, wide_f_dot, f_dot, field->n);
}

static void wide_hessian(const og_field *field, int lanes, const double *t, const real *x, const real *theta,
                         const real *lambda, const real *t_dot, const real *x_dot, const real *theta_dot,
                         real *x_bar_dot, real *theta_bar_dot, real *t_bar_dot, og_lane_status *status,
                         void *scratch) {
  converted c = begin_converted(field, lanes, scratch);
  const double *wide_x = widened(&c, x, field->n), *wide_theta = widened(&c, theta, field->p),
               *wide_lambda = widened(&c, lambda, field->n), *wide_t_dot = widened(&c, t_dot, 1),
               *wide_x_dot = widened(&c, x_dot, field->n), *wide_theta_dot = widened(&c, theta_dot, field->p);
  double *wide_x_bar = room(&c, x_bar_dot, field->n), *wide_theta_bar = room(&c, theta_bar_dot, field->p),
         *wide_t_bar = room(&c, t_bar_dot, 1);
  field->ops_d.hessian(field, lanes, t, wide_x, wide_theta, wide_lambda, wide_t_dot, wide_x_dot,
                       wide_theta_dot, wide_x_bar, wide_theta_bar, wide_t_bar, status, scratch);
  rounded_back(&c, wide_x_bar, x_bar_dot, field->n);
  rounded_back(&c, wide_theta_bar, theta_bar_dot, field->p);
  rounded_back(&c, wide_t_bar, t_bar_dot, 1);
}
#define OTHERWISE(function) wide_##function
#else
#define OTHERWISE(function) OG_R(og_callback_ops).function
#endif

/* ---- The contract's functions ---- */

static void eval(const og_field *field, int lanes, const double *t, const real *x, const real *theta, real *f,
                 og_lane_status *status, void *scratch) {
  const og_callback_field *callback = (const og_callback_field *)field;
  (OWN(callback, rhs) ? own_eval : OTHERWISE(eval))(field, lanes, t, x, theta, f, status, scratch);
}

static void vjp(const og_field *field, int lanes, const double *t, const real *x, const real *theta,
                const real *lambda, real *x_bar, real *theta_bar, real *t_bar, og_lane_status *status,
                void *scratch) {
  const og_callback_field *callback = (const og_callback_field *)field;
  (OWN(callback, vjp) ? own_vjp : OTHERWISE(vjp))(field, lanes, t, x, theta, lambda, x_bar, theta_bar, t_bar,
                                                  status, scratch);
}

static void jvp(const og_field *field, int lanes, const double *t, const real *x, const real *theta,
                const real *t_dot, const real *x_dot, const real *theta_dot, real *f_dot,
                og_lane_status *status, void *scratch) {
  const og_callback_field *callback = (const og_callback_field *)field;
  (OWN(callback, jvp) ? own_jvp : OTHERWISE(jvp))(field, lanes, t, x, theta, t_dot, x_dot, theta_dot, f_dot,
                                                  status, scratch);
}

static void hessian(const og_field *field, int lanes, const double *t, const real *x, const real *theta,
                    const real *lambda, const real *t_dot, const real *x_dot, const real *theta_dot,
                    real *x_bar_dot, real *theta_bar_dot, real *t_bar_dot, og_lane_status *status,
                    void *scratch) {
  const og_callback_field *callback = (const og_callback_field *)field;
  if (!OWN(callback, hessian)) {
    OTHERWISE(hessian)
    (field, lanes, t, x, theta, lambda, t_dot, x_dot, theta_dot, x_bar_dot, theta_bar_dot, t_bar_dot, status,
     scratch);
    return;
  }
  own_hessian(field, lanes, t, x, theta, lambda, t_dot, x_dot, theta_dot, x_bar_dot, theta_bar_dot, t_bar_dot,
              status, (char *)scratch + og_input_terms_bytes(field, lanes));
  OG_R(og_add_input_terms)
  (field, lanes, t, x, theta, lambda, t_dot, theta_dot, theta_bar_dot, t_bar_dot, status, scratch);
}

const OG_R(og_field_ops) OG_R(og_block_ops) = {.eval = eval,
                                               .vjp = vjp,
                                               .jvp = jvp,
                                               .hessian = hessian,
                                               .jvp_tangent = OG_R(og_jvp_tangent_from_hessians),
                                               .jacobian = OG_R(og_callback_jacobian)};

/* Callbacks on lane blocks: one lane after another. A block of one lane of doubles is used in place. */
#include "base/real.h"
#include "field/callback.h"

static void gather(size_t rows, int lanes, int lane, const real *block, double *out) {
  for (size_t i = 0; i < rows; i++) out[i] = block ? (double)block[i * (size_t)lanes + (size_t)lane] : 0;
}

static void scatter(size_t rows, int lanes, int lane, const double *in, real *block) {
  if (block)
    for (size_t i = 0; i < rows; i++) block[i * (size_t)lanes + (size_t)lane] = (real)in[i];
}

static og_lane_status narrowed(int result) { return (og_lane_status)((result > 0) - (result < 0)); }

void OG_R(og_callback_load)(const og_field *field, int lanes, int lane, const double *t, const real *x,
                            const real *theta, og_callback_point *at) {
  at->t = t[lane];
  gather(field->n, lanes, lane, x, at->x);
  gather(field->p, lanes, lane, theta, at->rows);
  og_inputs_load(field, at);
}

static void eval(const og_field *field, int lanes, const double *t, const real *x, const real *theta, real *f,
                 og_lane_status *status, void *scratch) {
  const og_callback_field *callback = (const og_callback_field *)field;
#if !defined(OG_SINGLE)
  if (lanes == 1 && !field->inputs) {
    if (!status[0]) status[0] = narrowed(og_callback_eval_at(callback, t[0], x, theta, f));
    return;
  }
#endif
  og_callback_point at = og_callback_point_in(field, scratch);
  for (int lane = 0; lane < lanes; lane++) {
    if (status[lane]) continue;
    OG_R(og_callback_load)(field, lanes, lane, t, x, theta, &at);
    status[lane] = narrowed(og_callback_eval(callback, &at));
    scatter(field->n, lanes, lane, at.f, f);
  }
}

#if !defined(OG_SINGLE)
/* Where the caller wants no theta_bar or t_bar, scratch takes them. */
static void vjp_in_place(const og_callback_field *callback, double t, const double *x, const double *theta,
                         const double *lambda, double *x_bar, double *theta_bar, double *t_bar,
                         og_lane_status *status, void *scratch) {
  og_callback_point at = og_callback_point_in(&callback->base, scratch);
  at.t = t;
  at.x = (double *)x;
  at.theta = (double *)theta;
  at.lambda = (double *)lambda;
  if (x_bar) at.x_bar = x_bar;
  if (theta_bar) at.theta_bar = theta_bar;
  if (!status[0]) status[0] = narrowed(og_callback_vjp(callback, &at));
  if (t_bar) t_bar[0] = at.t_bar;
}
#endif

static void vjp(const og_field *field, int lanes, const double *t, const real *x, const real *theta,
                const real *lambda, real *x_bar, real *theta_bar, real *t_bar, og_lane_status *status,
                void *scratch) {
  const og_callback_field *callback = (const og_callback_field *)field;
#if !defined(OG_SINGLE)
  if (lanes == 1 && !field->inputs) {
    vjp_in_place(callback, t[0], x, theta, lambda, x_bar, theta_bar, t_bar, status, scratch);
    return;
  }
#endif
  og_callback_point at = og_callback_point_in(field, scratch);
  for (int lane = 0; lane < lanes; lane++) {
    if (status[lane]) continue;
    OG_R(og_callback_load)(field, lanes, lane, t, x, theta, &at);
    gather(field->n, lanes, lane, lambda, at.lambda);
    status[lane] = narrowed(og_callback_vjp(callback, &at));
    og_inputs_pull(field, &at);
    scatter(field->n, lanes, lane, at.x_bar, x_bar);
    scatter(field->p, lanes, lane, at.rows_bar, theta_bar);
    scatter(1, lanes, lane, &at.t_bar, t_bar);
  }
}

static void jvp(const og_field *field, int lanes, const double *t, const real *x, const real *theta,
                const real *t_dot, const real *x_dot, const real *theta_dot, real *f_dot,
                og_lane_status *status, void *scratch) {
  const og_callback_field *callback = (const og_callback_field *)field;
  og_callback_point at = og_callback_point_in(field, scratch);
  for (int lane = 0; lane < lanes; lane++) {
    if (status[lane]) continue;
    OG_R(og_callback_load)(field, lanes, lane, t, x, theta, &at);
    gather(1, lanes, lane, t_dot, &at.t_dot);
    gather(field->n, lanes, lane, x_dot, at.x_dot);
    gather(field->p, lanes, lane, theta_dot, at.rows_dot);
    og_inputs_push(field, &at);
    status[lane] = narrowed(og_callback_jvp(callback, &at));
    scatter(field->n, lanes, lane, at.f, f_dot);
  }
}

static void hessian(const og_field *field, int lanes, const double *t, const real *x, const real *theta,
                    const real *lambda, const real *t_dot, const real *x_dot, const real *theta_dot,
                    real *x_bar_dot, real *theta_bar_dot, real *t_bar_dot, og_lane_status *status,
                    void *scratch) {
  const og_callback_field *callback = (const og_callback_field *)field;
  og_callback_point at =
      og_callback_point_in(field, (double *)((char *)scratch + og_input_terms_bytes(field, lanes)));
  for (int lane = 0; lane < lanes; lane++) {
    if (status[lane]) continue;
    OG_R(og_callback_load)(field, lanes, lane, t, x, theta, &at);
    gather(field->n, lanes, lane, lambda, at.lambda);
    gather(1, lanes, lane, t_dot, &at.t_dot);
    gather(field->n, lanes, lane, x_dot, at.x_dot);
    gather(field->p, lanes, lane, theta_dot, at.rows_dot);
    og_inputs_push(field, &at);
    status[lane] = narrowed(og_callback_hessian(callback, &at));
    og_inputs_pull(field, &at);
    scatter(field->n, lanes, lane, at.x_bar, x_bar_dot);
    scatter(field->p, lanes, lane, at.rows_bar, theta_bar_dot);
    scatter(1, lanes, lane, &at.t_bar, t_bar_dot);
  }
  OG_R(og_add_input_terms)
  (field, lanes, t, x, theta, lambda, t_dot, theta_dot, theta_bar_dot, t_bar_dot, status, scratch);
}

const OG_R(og_field_ops) OG_R(og_callback_ops) = {.eval = eval,
                                                  .vjp = vjp,
                                                  .jvp = jvp,
                                                  .hessian = hessian,
                                                  .jvp_tangent = OG_R(og_jvp_tangent_from_hessians),
                                                  .jacobian = OG_R(og_callback_jacobian)};

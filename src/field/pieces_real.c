/* A field's functions at times of the lanes' pieces: each is handed on with the times that it may see. */
#include <string.h>

#include "base/real.h"
#include "field/fused.h"
#include "field/pieces.h"

enum { STAGES_MOST = 16 };

void OG_R(og_pieces_wrap)(og_field *field);
void OG_R(og_pieces_wrap_stages)(og_field *field);

/* An idle lane may have anything in its row. */
static size_t piece_of(const og_field *field, real row) {
  return row >= 0 && row <= (real)field->breakpoints ? (size_t)row : 0;
}

static void seen_times(const og_field *field, int lanes, const double *t, const real *theta, double *seen) {
  const real *row = theta + og_piece_row(field) * (size_t)lanes;
  const og_breakpoint *breakpoint = field->breakpoint;
  for (int lane = 0; lane < lanes; lane++) {
    size_t piece = piece_of(field, row[lane]);
    seen[lane] = t[lane];
    if (piece > 0 && seen[lane] < breakpoint[piece - 1].after) seen[lane] = breakpoint[piece - 1].after;
    if (piece < field->breakpoints && seen[lane] > breakpoint[piece].before)
      seen[lane] = breakpoint[piece].before;
  }
}

typedef struct times {
  _Alignas(64) double t[OG_LANES_MAX];
} times;

/* Nothing depends on the row. */
static void clear_row(const og_field *field, int lanes, real *theta_bar) {
  if (theta_bar)
    memset(theta_bar + og_piece_row(field) * (size_t)lanes, 0, (size_t)lanes * sizeof *theta_bar);
}

static void eval(const og_field *field, int lanes, const double *t, const real *x, const real *theta, real *f,
                 og_lane_status *status, void *scratch) {
  times seen = {{0}};
  seen_times(field, lanes, t, theta, seen.t);
  field->OG_R(whole).eval(field, lanes, seen.t, x, theta, f, status, scratch);
}

static void eval_tape(const og_field *field, int lanes, const double *t, const real *x, const real *theta,
                      real *f, void *tape, og_lane_status *status, void *scratch) {
  times seen = {{0}};
  seen_times(field, lanes, t, theta, seen.t);
  field->OG_R(whole).eval_tape(field, lanes, seen.t, x, theta, f, tape, status, scratch);
}

static void vjp(const og_field *field, int lanes, const double *t, const real *x, const real *theta,
                const real *lambda, real *x_bar, real *theta_bar, real *t_bar, og_lane_status *status,
                void *scratch) {
  times seen = {{0}};
  seen_times(field, lanes, t, theta, seen.t);
  field->OG_R(whole).vjp(field, lanes, seen.t, x, theta, lambda, x_bar, theta_bar, t_bar, status, scratch);
  clear_row(field, lanes, theta_bar);
}

static void vjp_add(const og_field *field, int lanes, const double *t, const real *x, const real *theta,
                    const real *lambda, real *x_bar, real *theta_bar, og_lane_status *status, void *scratch) {
  times seen = {{0}};
  seen_times(field, lanes, t, theta, seen.t);
  field->OG_R(whole).vjp_add(field, lanes, seen.t, x, theta, lambda, x_bar, theta_bar, status, scratch);
}

static void vjp_weights(const og_field *field, int lanes, const double *t, const real *x, const real *theta,
                        const real *lambda, const void *tape, real *x_bar, real *theta_bar, real *t_bar,
                        real *weights_bar, og_lane_status *status, void *scratch) {
  times seen = {{0}};
  seen_times(field, lanes, t, theta, seen.t);
  field->OG_R(whole).vjp_weights(field, lanes, seen.t, x, theta, lambda, tape, x_bar, theta_bar, t_bar,
                                 weights_bar, status, scratch);
  clear_row(field, lanes, theta_bar);
}

static void jvp(const og_field *field, int lanes, const double *t, const real *x, const real *theta,
                const real *t_dot, const real *x_dot, const real *theta_dot, real *f_dot,
                og_lane_status *status, void *scratch) {
  times seen = {{0}};
  seen_times(field, lanes, t, theta, seen.t);
  field->OG_R(whole).jvp(field, lanes, seen.t, x, theta, t_dot, x_dot, theta_dot, f_dot, status, scratch);
}

static void hessian(const og_field *field, int lanes, const double *t, const real *x, const real *theta,
                    const real *lambda, const real *t_dot, const real *x_dot, const real *theta_dot,
                    real *x_bar_dot, real *theta_bar_dot, real *t_bar_dot, og_lane_status *status,
                    void *scratch) {
  times seen = {{0}};
  seen_times(field, lanes, t, theta, seen.t);
  field->OG_R(whole).hessian(field, lanes, seen.t, x, theta, lambda, t_dot, x_dot, theta_dot, x_bar_dot,
                             theta_bar_dot, t_bar_dot, status, scratch);
  clear_row(field, lanes, theta_bar_dot);
}

static void jvp_tangent(const og_field *field, int lanes, const double *t, const real *x, const real *theta,
                        const real *t_u, const real *u, const real *t_dot, const real *x_dot,
                        const real *theta_dot, real *f_ddot, og_lane_status *status, void *scratch) {
  times seen = {{0}};
  seen_times(field, lanes, t, theta, seen.t);
  field->OG_R(whole).jvp_tangent(field, lanes, seen.t, x, theta, t_u, u, t_dot, x_dot, theta_dot, f_ddot,
                                 status, scratch);
}

static void hessian_tangent(const og_field *field, int lanes, const double *t, const real *x,
                            const real *theta, const real *lambda, const real *t_u, const real *u,
                            const real *x_dot, const real *theta_dot, real *x_bar_ddot, real *theta_bar_ddot,
                            real *t_bar_ddot, og_lane_status *status, void *scratch) {
  times seen = {{0}};
  seen_times(field, lanes, t, theta, seen.t);
  field->OG_R(whole).hessian_tangent(field, lanes, seen.t, x, theta, lambda, t_u, u, x_dot, theta_dot,
                                     x_bar_ddot, theta_bar_ddot, t_bar_ddot, status, scratch);
  clear_row(field, lanes, theta_bar_ddot);
}

static void jacobian(const og_field *field, int lanes, const double *t, const real *x, const real *theta,
                     real *values, og_lane_status *status, void *scratch) {
  times seen = {{0}};
  seen_times(field, lanes, t, theta, seen.t);
  field->OG_R(whole).jacobian(field, lanes, seen.t, x, theta, values, status, scratch);
}

/* The stages' own times, of which a copy sees those of the pieces. */
typedef struct seen_stages {
  OG_R(og_fused_stage) stage[STAGES_MOST];
  times seen[STAGES_MOST];
} seen_stages;

static int see_stages(const og_field *field, int lanes, int count, const OG_R(og_fused_stage) * stages,
                      const real *theta, seen_stages *s) {
  int i = 0;
  for (; i < count && i < STAGES_MOST; i++) {
    s->stage[i] = stages[i];
    if (!stages[i].t) continue;
    memset(&s->seen[i], 0, sizeof s->seen[i]);
    seen_times(field, lanes, stages[i].t, theta, s->seen[i].t);
    s->stage[i].t = s->seen[i].t;
  }
  return i;
}

static void stages(const og_field *field, int lanes, int count, const OG_R(og_fused_stage) * given,
                   const real *x, const real *h, const real *theta) {
  seen_stages s;
  for (int done = 0, more; done < count; done += more) {
    more = see_stages(field, lanes, count - done, given + done, theta, &s);
    field->OG_R(whole_fused)->stages(field, lanes, more, s.stage, x, h, theta);
  }
}

static void transposed(const og_field *field, int lanes, int count, const OG_R(og_fused_stage) * given,
                       const real *h, const real *theta, real *lambda, real *theta_bar) {
  seen_stages s;
  for (int done = 0, more; done < count; done += more) {
    more = see_stages(field, lanes, count - done, given + done, theta, &s);
    field->OG_R(whole_fused)->transposed(field, lanes, more, s.stage, h, theta, lambda, theta_bar);
  }
}

/* Functions that the field has not are not there with pieces either. */
void OG_R(og_pieces_wrap)(og_field *field) {
  OG_R(og_field_ops) *ops = &field->OG_R(ops);
  field->OG_R(whole) = *ops;
  if (ops->eval) ops->eval = eval;
  if (ops->vjp) ops->vjp = vjp;
  if (ops->vjp_add) ops->vjp_add = vjp_add;
  if (ops->jvp) ops->jvp = jvp;
  if (ops->hessian) ops->hessian = hessian;
  if (ops->jvp_tangent) ops->jvp_tangent = jvp_tangent;
  if (ops->hessian_tangent) ops->hessian_tangent = hessian_tangent;
  if (ops->jacobian) ops->jacobian = jacobian;
  if (ops->eval_tape) ops->eval_tape = eval_tape;
  if (ops->vjp_weights) ops->vjp_weights = vjp_weights;
  OG_R(og_pieces_wrap_stages)(field);
}

static const OG_R(og_fused) forward = {.stages = stages}, both = {stages, transposed};

void OG_R(og_pieces_wrap_stages)(og_field *field) {
  const OG_R(og_fused) *own = field->OG_R(fused);
  if (!own || own == &forward || own == &both) return;
  field->OG_R(whole_fused) = own;
  field->OG_R(fused) = own->transposed ? &both : &forward;
}

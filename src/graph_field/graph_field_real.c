/* The field's functions in one precision: inputs handed to a program's slots. Lanes that are idle are
 * computed too. */
#include "graph_field/programs.h"

#include "program/clock.h"

#include <string.h>

const real *OG_R(og_graph_times)(int lanes, const double *t, void *scratch) {
#if defined(OG_SINGLE)
  real *times = scratch;
  for (int i = 0; i < lanes; i++) times[i] = (real)t[i];
  return times;
#else
  (void)lanes, (void)scratch;
  return t;
#endif
}

static void *program_scratch(const og_graph_field *field, int lanes, void *scratch) {
  return (char *)scratch + og_graph_field_times(lanes) + og_graph_field_zeros(field, lanes);
}

/* A program's form of this precision. */
static void run(const og_program *program, int lanes, const double *t, const real **inputs,
                real *const *outputs, void *scratch) {
  const og_program *form = OG_R(og_program_begin)(program, lanes, t, inputs, &scratch);
  OG_R(og_program_run)(form, lanes, inputs, outputs, scratch);
}

static void eval(const og_field *base, int lanes, const double *t, const real *x, const real *theta, real *f,
                 og_lane_status *status, void *scratch) {
  const og_graph_field *field = (const og_graph_field *)base;
  const real *inputs[OG_SLOT_COUNT] = {OG_R(og_graph_times)(lanes, t, scratch), x, theta};
  (void)status;
  run(field->eval, lanes, t, inputs, &f, program_scratch(field, lanes, scratch));
}

static void vjp(const og_field *base, int lanes, const double *t, const real *x, const real *theta,
                const real *lambda, real *x_bar, real *theta_bar, real *t_bar, og_lane_status *status,
                void *scratch) {
  const og_graph_field *field = (const og_graph_field *)base;
  const real *inputs[OG_SLOT_COUNT] = {OG_R(og_graph_times)(lanes, t, scratch), x, theta, lambda};
  real *outputs[OG_EXTENTS] = {x_bar, base->p ? theta_bar : t_bar, t_bar};
  int extent = t_bar ? OG_FOR_TIME : base->p && theta_bar ? OG_FOR_PARAMETERS : OG_FOR_STATE;
  (void)status;
  run(field->vjp[extent], lanes, t, inputs, outputs, program_scratch(field, lanes, scratch));
}

/* Blocks of other sizes than the program adds in are added to here. */
void OG_R(og_graph_vjp_add)(const og_field *base, int lanes, const double *t, const real *x,
                            const real *theta, const real *lambda, real *x_bar, real *theta_bar,
                            og_lane_status *status, void *scratch) {
  const og_graph_field *field = (const og_graph_field *)base;
  const real *inputs[OG_SLOT_COUNT] = {OG_R(og_graph_times)(lanes, t, scratch), x, theta, lambda};
  real *part = (real *)((char *)scratch + og_graph_field_times(lanes));
  const og_program *form = og_program_form(field->vjp_add, sizeof(real) == sizeof(float));
  int adds = lanes == 1 || lanes == OG_LANES_MAX || form->OG_R(compiled);
  real *outputs[] = {x_bar, adds ? theta_bar : part};
  (void)status;
  run(field->vjp_add, lanes, t, inputs, outputs, program_scratch(field, lanes, scratch));
  for (size_t i = 0; !adds && i < base->p * (size_t)lanes; i++) theta_bar[i] += part[i];
}

void OG_R(og_graph_stages)(const og_field *base, int lanes, int count, const OG_R(og_fused_stage) * stages,
                           const real *x, const real *h, const real *theta) {
  const og_graph_field *field = (const og_graph_field *)base;
  field->OG_R(stages).stages(lanes, count, stages, x, h, theta, &OG_R(og_program_functions));
}

void OG_R(og_graph_transposed)(const og_field *base, int lanes, int count,
                               const OG_R(og_fused_stage) * stages, const real *h, const real *theta,
                               real *lambda, real *theta_bar) {
  const og_graph_field *field = (const og_graph_field *)base;
  field->OG_R(stages).transposed(lanes, count, stages, h, theta, lambda, theta_bar,
                                 &OG_R(og_program_functions));
}

/* Tangents that are not given but lie within the extent are zeros. */
static void jvp(const og_field *base, int lanes, const double *t, const real *x, const real *theta,
                const real *t_dot, const real *x_dot, const real *theta_dot, real *f_dot,
                og_lane_status *status, void *scratch) {
  const og_graph_field *field = (const og_graph_field *)base;
  real *zero = (real *)((char *)scratch + og_graph_field_times(lanes));
  int extent = t_dot ? OG_FOR_TIME : theta_dot ? OG_FOR_PARAMETERS : OG_FOR_STATE;
  if (!x_dot || (extent == OG_FOR_TIME && !theta_dot)) memset(zero, 0, og_graph_field_zeros(field, lanes));
  const real *inputs[OG_SLOT_COUNT] = {[OG_SLOT_TIME] = OG_R(og_graph_times)(lanes, t, scratch),
                                       [OG_SLOT_STATE] = x,
                                       [OG_SLOT_PARAMETER] = theta,
                                       [OG_SLOT_TIME_DOT] = t_dot,
                                       [OG_SLOT_STATE_DOT] = x_dot ? x_dot : zero,
                                       [OG_SLOT_PARAMETER_DOT] = theta_dot ? theta_dot : zero};
  (void)status;
  run(field->jvp[extent], lanes, t, inputs, &f_dot, program_scratch(field, lanes, scratch));
}

/* Along t and theta where they are given; the field's own program has all but t. */
static const og_program *hessian_along(const og_graph_field *field, int time, int parameters) {
  const og_implicit_programs *implicit = &field->implicit;
  if (!parameters && og_field_is_prepared(&field->base)) return implicit->hessian[OG_ALONG_STATE];
  return time && implicit->hessian[OG_ALONG_ALL] ? implicit->hessian[OG_ALONG_ALL] : field->hessian;
}

static void hessian(const og_field *base, int lanes, const double *t, const real *x, const real *theta,
                    const real *lambda, const real *t_dot, const real *x_dot, const real *theta_dot,
                    real *x_bar_dot, real *theta_bar_dot, real *t_bar_dot, og_lane_status *status,
                    void *scratch) {
  const og_graph_field *field = (const og_graph_field *)base;
  real *zero = (real *)((char *)scratch + og_graph_field_times(lanes));
  if (!t_dot || !theta_dot) memset(zero, 0, og_graph_field_zeros(field, lanes));
  const real *inputs[OG_SLOT_COUNT] = {[OG_SLOT_TIME] = OG_R(og_graph_times)(lanes, t, scratch),
                                       [OG_SLOT_STATE] = x,
                                       [OG_SLOT_PARAMETER] = theta,
                                       [OG_SLOT_COTANGENT] = lambda,
                                       [OG_SLOT_TIME_DOT] = t_dot ? t_dot : zero,
                                       [OG_SLOT_STATE_DOT] = x_dot,
                                       [OG_SLOT_PARAMETER_DOT] = theta_dot ? theta_dot : zero};
  real *outputs[OG_EXTENTS] = {x_bar_dot, base->p ? theta_bar_dot : t_bar_dot, t_bar_dot};
  (void)status;
  run(hessian_along(field, t_dot != NULL, theta_dot != NULL), lanes, t, inputs, outputs,
      program_scratch(field, lanes, scratch));
}

static void jvp_tangent(const og_field *base, int lanes, const double *t, const real *x, const real *theta,
                        const real *t_u, const real *u, const real *t_dot, const real *x_dot,
                        const real *theta_dot, real *f_ddot, og_lane_status *status, void *scratch) {
  const og_graph_field *field = (const og_graph_field *)base;
  real *zero = (real *)((char *)scratch + og_graph_field_times(lanes));
  int timed = (t_u || t_dot) && field->implicit.jvp_tangent[OG_FOR_TIME];
  int extent = timed ? OG_FOR_TIME : theta_dot ? OG_FOR_PARAMETERS : OG_FOR_STATE;
  if (timed && !(t_u && t_dot && theta_dot)) memset(zero, 0, og_graph_field_zeros(field, lanes));
  const real *inputs[OG_SLOT_COUNT] = {[OG_SLOT_TIME] = OG_R(og_graph_times)(lanes, t, scratch),
                                       [OG_SLOT_STATE] = x,
                                       [OG_SLOT_PARAMETER] = theta,
                                       [OG_SLOT_TIME_DOT] = t_dot ? t_dot : zero,
                                       [OG_SLOT_STATE_DOT] = x_dot,
                                       [OG_SLOT_PARAMETER_DOT] = theta_dot ? theta_dot : zero,
                                       [OG_SLOT_TIME_ALONG] = t_u ? t_u : zero,
                                       [OG_SLOT_STATE_ALONG] = u};
  (void)status;
  run(field->implicit.jvp_tangent[extent], lanes, t, inputs, &f_ddot, program_scratch(field, lanes, scratch));
}

static void hessian_tangent(const og_field *base, int lanes, const double *t, const real *x,
                            const real *theta, const real *lambda, const real *t_u, const real *u,
                            const real *x_dot, const real *theta_dot, real *x_bar_ddot, real *theta_bar_ddot,
                            real *t_bar_ddot, og_lane_status *status, void *scratch) {
  const og_graph_field *field = (const og_graph_field *)base;
  real *zero = (real *)((char *)scratch + og_graph_field_times(lanes));
  if (!t_u || !theta_dot) memset(zero, 0, og_graph_field_zeros(field, lanes));
  const real *inputs[OG_SLOT_COUNT] = {[OG_SLOT_TIME] = OG_R(og_graph_times)(lanes, t, scratch),
                                       [OG_SLOT_STATE] = x,
                                       [OG_SLOT_PARAMETER] = theta,
                                       [OG_SLOT_COTANGENT] = lambda,
                                       [OG_SLOT_STATE_DOT] = x_dot,
                                       [OG_SLOT_PARAMETER_DOT] = theta_dot ? theta_dot : zero,
                                       [OG_SLOT_TIME_ALONG] = t_u ? t_u : zero,
                                       [OG_SLOT_STATE_ALONG] = u};
  real *outputs[OG_EXTENTS] = {x_bar_ddot, base->p ? theta_bar_ddot : t_bar_ddot, t_bar_ddot};
  (void)status;
  run(field->implicit.hessian_tangent, lanes, t, inputs, outputs, program_scratch(field, lanes, scratch));
}

static void jacobian(const og_field *base, int lanes, const double *t, const real *x, const real *theta,
                     real *values, og_lane_status *status, void *scratch) {
  const og_graph_field *field = (const og_graph_field *)base;
  const real *inputs[OG_SLOT_COUNT] = {OG_R(og_graph_times)(lanes, t, scratch), x, theta};
  if (field->implicit.jacobian)
    run(field->implicit.jacobian, lanes, t, inputs, &values, program_scratch(field, lanes, scratch));
  else
    OG_R(og_coloured_jacobian)(base, lanes, t, x, theta, values, status, scratch);
}

const OG_R(og_field_ops) OG_R(og_graph_ops) = {.eval = eval,
                                               .vjp = vjp,
                                               .jvp = jvp,
                                               .hessian = hessian,
                                               .jvp_tangent = jvp_tangent,
                                               .hessian_tangent = hessian_tangent,
                                               .jacobian = jacobian};

/* The bound form's functions in one precision. */
#include "graph_field/programs.h"
#include "program/clock.h"

#if defined(OG_SINGLE)
#define WEIGHTS(field) (field)->weights_single
#else
#define WEIGHTS(field) (field)->weights
#endif

static void run(const og_bound_field *field, const og_program *program, int lanes, const double *t,
                const real *const *from, const real *tape, real *const *outputs, real *weights_bar,
                void *scratch) {
  const real *inputs[OG_SLOT_COUNT] = {OG_R(og_graph_times)(lanes, t, scratch), from[0], from[1], from[2]};
  void *own = (char *)scratch + og_graph_field_times(lanes);
  const og_program *form = OG_R(og_program_begin)(program, lanes, t, inputs, &own);
  OG_R(og_program_run_planned)(form, lanes, inputs, WEIGHTS(field), tape, outputs, weights_bar, own);
}

static void eval(const og_field *base, int lanes, const double *t, const real *x, const real *theta, real *f,
                 og_lane_status *status, void *scratch) {
  const og_bound_field *field = (const og_bound_field *)base;
  (void)status;
  run(field, field->programs->eval, lanes, t, (const real *[]){x, theta, NULL}, NULL, &f, NULL, scratch);
}

static void eval_tape(const og_field *base, int lanes, const double *t, const real *x, const real *theta,
                      real *f, void *tape, og_lane_status *status, void *scratch) {
  const og_bound_field *field = (const og_bound_field *)base;
  (void)status;
  run(field, field->programs->eval_tape, lanes, t, (const real *[]){x, theta, NULL}, NULL,
      (real *[]){f, tape}, NULL, scratch);
}

static int extent_of(const og_field *base, const real *theta_bar, const real *t_bar) {
  return t_bar ? OG_FOR_TIME : base->p && theta_bar ? OG_FOR_PARAMETERS : OG_FOR_STATE;
}

static void vjp(const og_field *base, int lanes, const double *t, const real *x, const real *theta,
                const real *lambda, real *x_bar, real *theta_bar, real *t_bar, og_lane_status *status,
                void *scratch) {
  const og_bound_field *field = (const og_bound_field *)base;
  real *outputs[OG_EXTENTS] = {x_bar, base->p ? theta_bar : t_bar, t_bar};
  (void)status;
  run(field, field->programs->vjp[extent_of(base, theta_bar, t_bar)], lanes, t,
      (const real *[]){x, theta, lambda}, NULL, outputs, NULL, scratch);
}

static void vjp_weights(const og_field *base, int lanes, const double *t, const real *x, const real *theta,
                        const real *lambda, const void *tape, real *x_bar, real *theta_bar, real *t_bar,
                        real *weights_bar, og_lane_status *status, void *scratch) {
  const og_bound_field *field = (const og_bound_field *)base;
  real *outputs[OG_EXTENTS] = {x_bar, base->p ? theta_bar : t_bar, t_bar};
  og_program *const *programs = tape ? field->programs->vjp_taped : field->programs->vjp_weights;
  (void)status;
  run(field, programs[extent_of(base, theta_bar, t_bar)], lanes, t, (const real *[]){x, theta, lambda}, tape,
      outputs, weights_bar, scratch);
}

const OG_R(og_field_ops)
    OG_R(og_bound_ops) = {.eval = eval, .vjp = vjp, .eval_tape = eval_tape, .vjp_weights = vjp_weights};

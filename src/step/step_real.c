/* What steps of all kinds have in common. */
#include "step/step.h"

OG_R(og_step) * OG_R(og_step_create)(og_context *context, const og_stepper *stepper, const og_field *field,
                                     int lanes, int purpose) {
  const OG_R(og_step_ops) *ops = stepper->OG_R(ops);
  void *memory = og_alloc(context, 1, ops->bytes(stepper, field, lanes, purpose));
  return memory ? ops->open(stepper, field, lanes, purpose, memory) : NULL;
}

void OG_R(og_step_destroy)(og_context *context, OG_R(og_step) * step) { og_free(context, step); }

static og_step_work sum_of(og_step_work a, og_step_work b) {
  return (og_step_work){.evals = a.evals + b.evals,
                        .jacobians = a.jacobians + b.jacobians,
                        .factorisations = a.factorisations + b.factorisations,
                        .linear_solves = a.linear_solves + b.linear_solves,
                        .newton_iterations = a.newton_iterations + b.newton_iterations,
                        .krylov_iterations = a.krylov_iterations + b.krylov_iterations};
}

og_step_work OG_R(og_step_take_work)(OG_R(og_step) * step) {
  og_step_work work = {0};
  if (!step) return work;
  work = step->work;
  step->work = (og_step_work){0};
  for (int k = 0; k < 2 && step->parts; k++) work = sum_of(work, OG_R(og_step_take_work)(step->parts[k]));
  return work;
}

int OG_R(og_step_busy)(const OG_R(og_step) * step, const og_lane_status *status) {
  int busy = 0;
  for (int lane = 0; lane < step->lanes; lane++) busy += status[lane] == 0;
  return busy;
}

int OG_R(og_step_masked)(const OG_R(og_step) * step, const real *mask) {
  int count = 0;
  for (int lane = 0; lane < step->lanes; lane++) count += mask[lane] != 0;
  return count;
}

static void copy_lane(real *block, int rows, int lanes, int from, int to) {
  for (int i = 0; i < rows; i++) block[i * lanes + to] = block[i * lanes + from];
}

void OG_R(og_step_imitate)(const OG_R(og_step) * step, int from, int to, OG_R(og_interval) * at, real *x,
                           real *theta) {
  copy_lane(x, step->n, step->lanes, from, to);
  copy_lane(theta, step->p, step->lanes, from, to);
  at->t[to] = at->t[from];
  at->t_next[to] = at->t_next[from];
  at->h[to] = at->h[from];
  at->h_real[to] = at->h_real[from];
  at->implicit[to] = at->implicit[from];
}

/* What steps of all kinds have in common. */
#include "step/step.h"

OG_R(og_step) * OG_R(og_step_create)(og_context *context, const og_stepper *stepper, const og_field *field,
                                     int lanes, int purpose) {
  const OG_R(og_step_ops) *ops = stepper->OG_R(ops);
  void *memory = og_alloc(context, 1, ops->bytes(stepper, field, lanes, purpose));
  return memory ? ops->open(stepper, field, lanes, purpose, memory) : NULL;
}

void OG_R(og_step_destroy)(og_context *context, OG_R(og_step) * step) { og_free(context, step); }

long long OG_R(og_step_take_further_evals)(OG_R(og_step) * step) {
  long long evals = step ? step->further_evals : 0;
  if (step) step->further_evals = 0;
  return evals;
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

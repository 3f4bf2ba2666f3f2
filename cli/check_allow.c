/* How far each way may be from the reference (docs/cli.md says it at length):
 *  - forward gives the same numbers as discrete up to rounding.
 *  - differences, made with the steps held, come with an estimate of their own error. In t0 and t1 the
 * computed loss has kinks, as large as the discretisation error, where an observation falls on the end of a
 * step.
 *  - ways of other steps for the derivative differ by the errors of two discretisations. Both are made
 * visible by finer runs: what changes is what they explain. */
#include "check.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

static const double REFINED_CHANGE =
    4; /* an error of order 1 shrinks to half: it is twice the change; twice for safety */
static const double ERRORS_ALLOWED = 10; /* of the differences' own error, estimated or expected */
static const double LOSS_ROUNDING = 1e3; /* epsilons, as thousands of steps may leave */

/* Thousands of steps' rounding. */
static double rounding_of(const check *c) { return is_single(c) ? 1e-3 : 1e-10; }

static double epsilon_of(const check *c) { return is_single(c) ? FLT_EPSILON : DBL_EPSILON; }

double variable_size(const check *c, size_t i) {
  if (i >= c->count - 2) return c->span;
  return fabs(i < c->p->p ? c->p->theta[i] : c->x0[i - c->p->p]);
}

/* Where the loss hardly depends on any of a kind (on the initial state, of a solve that ends when it is
 * steady), their derivatives are what is left of cotangents that have decayed, and carry the rounding of the
 * loss. */
static void allow_forward(check *c) {
  double *size = take(c->count, sizeof *size), *allowed = c->columns[WAY_FORWARD].allowed;
  for (size_t i = 0; i < c->count; i++) size[i] = variable_size(c, i);
  spread_by_kind(c, size, size);
  for (size_t i = 0; i < c->count; i++)
    allowed[i] = rounding_of(c) * c->scale[i] +
                 LOSS_ROUNDING * epsilon_of(c) * fabs(c->loss) / (size[i] > 0 ? size[i] : 1);
  free(size);
}

/* Parameters have an error estimate, in `allowed` so far. The others are judged as central differences may
 * be: their truncation leaves eps^(1/3) at worst, rounding eps^(2/3) of the loss over what is varied. */
static void allow_differences(check *c) {
  const double *change = c->columns[WAY_DISCRETE].change;
  double *allowed = c->columns[WAY_DIFFERENCES].allowed, epsilon = epsilon_of(c);
  for (size_t i = 0; i < c->count; i++) {
    if (i < c->p->p) {
      allowed[i] = ERRORS_ALLOWED * allowed[i] + rounding_of(c) * c->scale[i];
      continue;
    }
    double size = variable_size(c, i),
           rounding = pow(epsilon, 2. / 3) * fabs(c->loss) / (size > 0 ? size : 1);
    allowed[i] = cbrt(epsilon) * c->scale[i] + ERRORS_ALLOWED * rounding;
    if (i >= c->count - 2) allowed[i] += REFINED_CHANGE * change[i]; /* kinks */
  }
}

/* Two discretisations. That of the held steps explains no more than makes two gradients differ: where they do
 * not resolve the derivative it changes by any amount. */
static void allow_other_steps(check *c, way which) {
  const double *reference = c->columns[c->reference].change, *own = c->columns[which].change,
               *held = c->columns[WAY_DISCRETE].change;
  double *allowed = c->columns[which].allowed;
  for (size_t i = 0; i < c->count; i++) {
    double change = is_continuous(which) ? own[i] : fmin(held[i], too_far(c->p) * c->scale[i]);
    allowed[i] = REFINED_CHANGE * (reference[i] + change) + rounding_of(c) * c->scale[i];
  }
}

void allow_all(check *c) {
  if (c->reference == WAY_COUNT) return;
  for (way w = 0; w < WAY_COUNT; w++) {
    if (w == c->reference || c->columns[w].failure) continue;
    if (is_continuous(w) || c->reference != WAY_DISCRETE)
      allow_other_steps(c, w);
    else if (w == WAY_FORWARD)
      allow_forward(c);
    else
      allow_differences(c);
  }
}

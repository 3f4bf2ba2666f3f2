/* When a fit is converged (docs/cli.md says it at length). Everything is measured in the loss, which has
 * a size of its own (size.c):
 *  - where the Hessian is positive definite, half of g^T H^-1 g is what is left to gain;
 *  - where there is no such Hessian, a gradient g along a natural move gains g^2/(2 c) at curvature c, and c
 * is taken as large as the loss itself may bend;
 *  - converged is a point where that is no more than the tolerance allows, or than the solves can tell. */
#include "fit/standing.h"

#include <math.h>
#include <stdio.h>

static const double LEAST_TOLERANCE =
    1e-10;                                /* of the loss: a loss of thousands of terms has rounding near it */
static const double NOISE_AMPLIFIED = 10; /* solves amplify their errors: a gradient's are as much larger */
static const double SMALL_AT_ALL = 1e-2;  /* of the loss' size: more is not small, whatever H says */
static const double CREDIBLE = 1e3; /* of the loss' size: natural moves do no more where solves go well */

static double whole_size(const og_standing *at) { return at->size.terms + at->size.slope + at->size.bend; }

double og_standing_loss_noise(const og_standing *at) {
  return at->noise * (at->size.terms + at->size.slope) + at->noise * at->noise * at->size.bend;
}

double og_standing_enough(const og_standing *at) {
  double noise = NOISE_AMPLIFIED * at->noise;
  return fmax(at->tolerance, LEAST_TOLERANCE) * at->size.terms + noise * noise / 2 * whole_size(at);
}

double og_standing_small(const og_standing *at) {
  return sqrt(2 * og_standing_enough(at)) * sqrt(whole_size(at));
}

int og_standing_is_credible(const og_standing *at) { return at->norm <= CREDIBLE * whole_size(at); }

/* ---- The decision ---- */

/* Whether steps along the gradient lower the loss by more than convergence allows and solves may err. */
static int still_falls(const og_standing *at) {
  return at->kind.falls > og_standing_enough(at) + og_standing_loss_noise(at);
}

static int is_stationary(const og_standing *at) {
  if (at->norm == 0) return 1;
  double small = og_standing_small(at);
  if (!isfinite(at->decrement)) return at->norm <= small && !still_falls(at);
  return at->decrement <= og_standing_enough(at) && at->bound_norm <= small &&
         at->norm <= fmax(SMALL_AT_ALL * whole_size(at), small);
}

static void say_flat(const og_standing *at, char *reason) {
  const og_point_kind *kind = &at->kind;
  if (kind->level)
    snprintf(
        reason, OG_REASON_SIZE,
        "converged: the largest entry of the scaled gradient is %.3g, but the loss does not change along "
        "%zu of %zu directions (%s), which the data do not determine",
        at->norm, kind->level, kind->directions, kind->names);
  else
    snprintf(
        reason, OG_REASON_SIZE,
        "converged: the largest entry of the scaled gradient is %.3g; a minimum as far as steps can tell "
        "along %zu of %zu directions (%s), in which the curvature does not",
        at->norm, kind->special, kind->directions, kind->names);
}

static void say_converged(const og_standing *at, char *reason) {
  if (at->kind.curvature == OG_CURVATURE_FLAT)
    say_flat(at, reason);
  else if (at->kind.curvature == OG_CURVATURE_UPWARD && at->kind.directions == 0)
    snprintf(reason, OG_REASON_SIZE,
             "converged: every parameter is at a bound, and the loss falls along none that leads inward");
  else if (at->kind.curvature == OG_CURVATURE_UPWARD)
    snprintf(
        reason, OG_REASON_SIZE,
        "converged: a minimum; the largest entry of the scaled gradient is %.3g, and a Newton step would "
        "lower the loss by no more than %.3g",
        at->norm, at->decrement);
  else
    snprintf(reason, OG_REASON_SIZE,
             "converged: %s, and the largest entry of the scaled gradient, %.3g, is small (up to %.3g); "
             "whether it is a minimum is not known: %s",
             at->how, at->norm, og_standing_small(at), at->kind.names);
}

static void say_what_it_is_instead(const og_standing *at, char *reason) {
  char left[80] = "but no step along them lowers it by more than the solves' errors";
  if (at->kind.left == OG_LEAVES_MOST)
    snprintf(left, sizeof left, "and %d such points have been left before; go on from here", at->kind.left);
  snprintf(
      reason, OG_REASON_SIZE,
      "not converged: the gradient vanishes (its largest scaled entry is %.3g) at a %s by its Hessian: the "
      "loss curves downward along %zu of %zu directions (%s), %s",
      at->norm, at->kind.special == at->kind.directions ? "maximum" : "saddle", at->kind.special,
      at->kind.directions, at->kind.names, left);
}

static void say_what_is_not_small(const og_standing *at, char *reason) {
  double small = og_standing_small(at);
  if (!og_standing_is_credible(at))
    snprintf(
        reason, OG_REASON_SIZE,
        "not converged: %s, but the largest entry of the scaled gradient is %.3g, where the loss is of the "
        "size %.3g and does not fall along it: the gradient is not to be trusted; compare the adjoints "
        "(odegrad check), and try tighter rtol and atol or another method",
        at->how, at->norm, whole_size(at));
  else if (!isfinite(at->decrement) && still_falls(at))
    snprintf(reason, OG_REASON_SIZE,
             "not converged: %s, but a step along the gradient, whose largest scaled entry is %.3g, still "
             "lowers the "
             "loss by %.3g; go on from here, or with another optimizer",
             at->how, at->norm, at->kind.falls);
  else if (!(isfinite(at->decrement) && at->decrement > og_standing_enough(at)))
    snprintf(
        reason, OG_REASON_SIZE,
        "not converged: %s, but the largest entry of the scaled gradient is %.3g, which is not small (up "
        "to %.3g); tighter rtol and atol may help, or going on from here (at a kink of the loss none is "
        "small)",
        at->how, fmax(at->norm, at->bound_norm), small);
  else
    snprintf(
        reason, OG_REASON_SIZE,
        "not converged: %s, but a Newton step promises to lower the loss by %.3g, more than %.3g (largest "
        "entry of the scaled gradient: %.3g); tighter rtol and atol may help, or going on from here",
        at->how, at->decrement, og_standing_enough(at), at->norm);
}

int og_standing_judge(const og_standing *at, char reason[OG_REASON_SIZE]) {
  int stationary = is_stationary(at), converged = stationary && at->kind.curvature != OG_CURVATURE_DOWNWARD;
  if (converged)
    say_converged(at, reason);
  else if (stationary)
    say_what_it_is_instead(at, reason);
  else
    say_what_is_not_small(at, reason);
  return converged;
}

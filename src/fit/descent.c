/* Gradient descent, projected to the bounds. Learning rate eta given: theta <- P(theta - eta g). Without:
 * steps in natural units (search->scale), the first tried is Barzilai and Borwein's, halved until Armijo's
 * condition holds. A step to where the solve fails is halved as well. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fit/search.h"

enum { HALVINGS = 40 };

/* Where the method stands: search->previous, with its gradient. */
static void begin(og_search *search) {
  og_search_set_scale(search, search->best);
  memcpy(search->previous, search->best, search->p * sizeof(double));
  memcpy(search->previous_gradient, search->gradient, search->p * sizeof(double));
}

static void move_on(og_search *search) {
  memcpy(search->previous, search->trial, search->p * sizeof(double));
  memcpy(search->previous_gradient, search->trial_gradient, search->p * sizeof(double));
}

static void step_from_previous(og_search *search, double size) {
  for (size_t i = 0; i < search->p; i++) search->trial[i] = search->previous[i] + size * search->direction[i];
  og_search_clip(search, search->trial);
}

/* The decrease that the gradient promises for the step to `trial`. */
static double promised(const og_search *search) {
  double sum = 0;
  for (size_t i = 0; i < search->p; i++)
    sum += search->previous_gradient[i] * (search->previous[i] - search->trial[i]);
  return sum;
}

/* Steps along `direction`, halved until the solve succeeds and, with `armijo`, the loss falls enough. */
static int try_steps(og_search *search, double size, double before, int armijo, double *loss) {
  for (int k = 0; k < HALVINGS; k++, size /= 2) {
    step_from_previous(search, size);
    og_status status = og_search_evaluate(search, search->trial, loss, search->trial_gradient);
    if (search->fatal != OG_OK) return 0;
    if (status == OG_OK && (!armijo || *loss <= before - 1e-4 * promised(search))) return 1;
  }
  return 0;
}

/* <s, s> / <s, y> of the last move, in natural units. */
static double barzilai_borwein(const og_search *search, double fallback) {
  double ss = 0, sy = 0;
  for (size_t i = 0; i < search->p; i++) {
    double move = (search->trial[i] - search->previous[i]) / search->scale[i];
    ss += move * move;
    sy += move * (search->trial_gradient[i] - search->previous_gradient[i]) * search->scale[i];
  }
  return sy > 0 && ss > 0 ? ss / sy : fallback;
}

static void steepest(og_search *search) {
  for (size_t i = 0; i < search->p; i++) {
    double unit = search->rate > 0 ? 1 : search->scale[i];
    search->direction[i] = -search->previous_gradient[i] * unit * unit;
  }
}

static void say_no_step(og_search *search, int armijo) {
  if (armijo)
    og_search_stall(search, "no step along the gradient lowers the loss further");
  else
    snprintf(
        search->reason, OG_REASON_SIZE,
        "not converged: the solve fails at every step along the gradient; choose a smaller learning rate "
        "(largest entry of the scaled gradient: %.3g)",
        og_search_gradient_norm(search, search->best, search->gradient));
}

void og_gradient_descent(og_search *search) {
  enum { QUIET = 5 };
  begin(search);
  double before = search->loss, loss = before;
  double norm = og_search_gradient_norm(search, search->best, search->gradient);
  double size = search->rate > 0 ? search->rate : norm > 0 ? 0.1 / norm : 1;
  int armijo = !(search->rate > 0);
  for (int quiet = 0; !og_search_must_end(search);) {
    if (og_search_gradient_norm(search, search->previous, search->previous_gradient) == 0) {
      og_search_stall(search, "the gradient within the bounds is zero");
      return;
    }
    steepest(search);
    if (!try_steps(search, size, before, armijo, &loss)) {
      if (search->fatal == OG_OK) say_no_step(search, armijo);
      return;
    }
    if (armijo) size = barzilai_borwein(search, 2 * size);
    move_on(search);
    quiet = fabs(before - loss) <= search->tolerance * fabs(loss) ? quiet + 1 : 0;
    before = loss;
    if (og_search_tick(search, loss, search->previous_gradient, search->previous)) return;
    if (quiet == QUIET) {
      og_search_stall(search, "the relative change of the loss stays below the tolerance %.3g",
                      search->tolerance);
      return;
    }
  }
}

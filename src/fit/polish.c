/* The last digits: near the minimum the loss is flat to rounding, but its gradient still points the way. */
#include <math.h>
#include <string.h>

#include "fit/information.h"

/* Half of g^T H^-1 g: what the quadratic model says is left to gain. Leaves the Newton step in
 * search->direction. */
static double decrement_of(og_search *search, const og_information *information, const double *gradient) {
  double sum = 0;
  og_information_solve(information, gradient, search->direction);
  for (size_t i = 0; i < search->p; i++) sum += gradient[i] * search->direction[i];
  return sum / 2;
}

static void take_trial(og_search *search, double loss) {
  search->loss = loss;
  memcpy(search->best, search->trial, search->p * sizeof(double));
  memcpy(search->gradient, search->trial_gradient, search->p * sizeof(double));
}

/* Takes one Newton step with the same Hessian, if it lowers the decrement and does not raise the loss by more
 * than rounding. */
static int newton_step(og_search *search, const og_information *information, double enough,
                       double *decrement) {
  double loss = 0;
  for (size_t i = 0; i < search->p; i++) search->trial[i] = search->best[i] - search->direction[i];
  og_search_clip(search, search->trial);
  og_status status = og_search_try(search, search->trial, &loss, search->trial_gradient);
  if (status != OG_OK || !(loss <= search->loss + enough)) return 0;
  double next = decrement_of(search, information, search->trial_gradient);
  if (!(next < 0.5 * *decrement)) return 0;
  take_trial(search, loss);
  *decrement = next;
  return 1;
}

static double distance(const og_search *search, const double *from) {
  double largest = 0;
  for (size_t i = 0; i < search->p; i++)
    largest = fmax(largest, fabs(search->best[i] - from[i]) / search->scale[i]);
  return largest;
}

/* Newton steps need a Hessian that is definite, or flat in places and nowhere downward. */
static int can_step(const og_search *search, og_information *information) {
  if (!information->known) return 0;
  if (information->definite) return 1;
  return search->kind.curvature == OG_CURVATURE_FLAT && og_information_stiffen(information, search->scale);
}

double og_newton_decrement(og_search *search, og_information *information) {
  if (information->known && information->inside == 0) return 0;
  return can_step(search, information) ? decrement_of(search, information, search->gradient) : INFINITY;
}

/* ---- Bounds ---- */

/* Puts the parameters that the Newton step takes out of their bounds, the way their gradient points, at the
 * bound in search->trial. Returns how many there are. */
static size_t put_at_bounds(og_search *search, const og_information *information) {
  size_t count = 0;
  memcpy(search->trial, search->best, search->p * sizeof(double));
  for (size_t k = 0; k < information->inside; k++) {
    size_t i = information->place[k];
    double to = search->best[i] - search->direction[i], slope = search->gradient[i];
    if (to <= search->lowest[i] && slope > 0)
      search->trial[i] = search->lowest[i], count++;
    else if (to >= search->highest[i] && slope < 0)
      search->trial[i] = search->highest[i], count++;
  }
  return count;
}

static int still_points_out(const og_search *search) {
  for (size_t i = 0; i < search->p; i++) {
    double moved = search->trial[i] - search->best[i];
    if (moved != 0 && moved * search->trial_gradient[i] > 0) return 0;
  }
  return 1;
}

/* A logarithm never reaches a bound at zero, and line searches stop just before others: where the minimum is
 * at the bound, the estimate is the bound itself. */
static int reach_bounds(og_search *search, const og_information *information, double enough) {
  double loss = 0;
  if (put_at_bounds(search, information) == 0) return 0;
  og_status status = og_search_try(search, search->trial, &loss, search->trial_gradient);
  if (status != OG_OK || !(loss <= search->loss + enough) || !still_points_out(search)) return 0;
  take_trial(search, loss);
  return 1;
}

og_status og_polish(og_search *search, og_information *information, double small, double enough,
                    double *decrement) {
  enum { HESSIANS = 8, STEPS = 12 };
  *decrement = INFINITY;
  for (int pass = 0; pass < HESSIANS; pass++) {
    og_search_set_scale_of_best(search);
    OG_TRY(og_information_compute(information, search, small));
    *decrement = og_newton_decrement(search, information);
    if (!isfinite(*decrement)) return OG_OK;
    if (reach_bounds(search, information, enough)) continue;
    if (search->fatal != OG_OK) return search->fatal;
    memcpy(search->previous, search->best, search->p * sizeof(double));
    int left = STEPS;
    while (left > 0 && *decrement > 0 && newton_step(search, information, enough, decrement)) left--;
    if (search->fatal != OG_OK) return search->fatal;
    if (distance(search, search->previous) < 1e-4) return OG_OK;
  }
  return OG_OK;
}

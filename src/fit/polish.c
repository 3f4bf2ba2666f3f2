/* The last digits: near the minimum the loss is flat to rounding, but its gradient still points the way. */
#include <math.h>
#include <string.h>

#include "fit/search.h"

/* Half of g^T H^-1 g: what the quadratic model says is left to gain. Leaves the Newton step in
 * search->direction. */
static double decrement_of(og_search *search, const og_information *information, const double *gradient) {
  double sum = 0;
  og_information_solve(information, gradient, search->direction);
  for (size_t i = 0; i < search->p; i++) sum += gradient[i] * search->direction[i];
  return sum / 2;
}

/* One step with the Hessian held: taken when it lowers the decrement and does not raise the loss beyond
 * rounding. */
static int newton_step(og_search *search, const og_information *information, double *decrement) {
  double loss = 0, noise = 1e-9 * (1 + fabs(search->loss));
  for (size_t i = 0; i < search->p; i++) search->trial[i] = search->best[i] - search->direction[i];
  og_search_clip(search, search->trial);
  search->evaluations++;
  og_status status = og_objective_evaluate(search->objective, search->trial, &loss, search->trial_gradient);
  if (!og_survivable(status)) search->fatal = status;
  if (status != OG_OK || loss > search->loss + noise) return 0;
  double next = decrement_of(search, information, search->trial_gradient);
  if (!(next < 0.5 * *decrement)) return 0;
  search->loss = loss;
  memcpy(search->best, search->trial, search->p * sizeof(double));
  memcpy(search->gradient, search->trial_gradient, search->p * sizeof(double));
  *decrement = next;
  return 1;
}

static double distance(const og_search *search, const double *from) {
  double largest = 0;
  for (size_t i = 0; i < search->p; i++)
    largest = fmax(largest, fabs(search->best[i] - from[i]) / search->scale[i]);
  return largest;
}

og_status og_polish(og_search *search, og_information *information, double *decrement) {
  enum { HESSIANS = 6, STEPS = 12 };
  *decrement = INFINITY;
  for (int pass = 0; pass < HESSIANS; pass++) {
    og_search_set_scale(search, search->best);
    OG_TRY(og_information_compute(information, search));
    if (!information->definite) return OG_OK;
    memcpy(search->previous, search->best, search->p * sizeof(double));
    *decrement = decrement_of(search, information, search->gradient);
    for (int k = 0; k<STEPS && * decrement> 0 && newton_step(search, information, decrement); k++) continue;
    if (search->fatal != OG_OK) return search->fatal;
    if (distance(search, search->previous) < 1e-4) return OG_OK;
  }
  return OG_OK;
}

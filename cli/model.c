/* What a model says at one time. Inputs stand behind the parameters. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

/* theta [p + inputs], which the caller frees. */
static og_status with_inputs(const problem *p, const double *theta, size_t trajectory, double t,
                             double **whole) {
  *whole = take(p->p + og_model_inputs(p->model), sizeof **whole);
  memcpy(*whole, theta, p->p * sizeof *theta);
  return og_inputs_at(p->inputs, trajectory, t, *whole + p->p);
}

og_status initial_state_at(const problem *p, const double *theta, size_t trajectory, double t0, double *x0) {
  double *whole;
  og_status status = with_inputs(p, theta, trajectory, t0, &whole);
  if (status == OG_OK) status = og_model_initial_state(p->model, t0, whole, x0);
  free(whole);
  return status;
}

og_status predict_at(const problem *p, const double *theta, size_t trajectory, double t, const double *x,
                     double *location) {
  double *whole;
  og_status status = with_inputs(p, theta, trajectory, t, &whole);
  if (status == OG_OK) status = og_model_predict(p->model, t, x, whole, location);
  free(whole);
  return status;
}

og_status probabilities_at(const problem *p, const double *theta, size_t trajectory, double t,
                           const double *x, size_t column, double *probabilities) {
  double *whole;
  og_status status = with_inputs(p, theta, trajectory, t, &whole);
  if (status == OG_OK) status = og_model_probabilities(p->model, column, t, x, whole, probabilities);
  free(whole);
  return status;
}

/* Built in place of peer_cvodes.c where SUNDIALS could not be had: odegrad's own times are still measured. */
#include "peer.h"

const char *peer_version(void) { return NULL; }

peer *peer_create(const peer_settings *settings) {
  (void)settings;
  return NULL;
}

void peer_destroy(peer *p) { (void)p; }

int peer_observed_gradient(peer *p, const double *parameters, double *loss, double *gradient) {
  (void)p, (void)parameters, (void)loss, (void)gradient;
  return -1;
}

int peer_final_gradient(peer *p, const double *parameters, double *loss, double *gradient) {
  return peer_observed_gradient(p, parameters, loss, gradient);
}

int peer_solve(peer *p, const double *parameters) {
  (void)p, (void)parameters;
  return -1;
}

void peer_counts(const peer *p, long *steps, long *backward_evaluations) {
  (void)p;
  *steps = *backward_evaluations = 0;
}

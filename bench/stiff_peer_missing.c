/* Built in place of stiff_peer_cvodes.c where SUNDIALS could not be had. */
#include "stiff_contestant.h"

const char *stiff_peer_version(void) { return NULL; }
stiff_peer *stiff_peer_create(const stiff_problem *problem, const stiff_peer_settings *settings,
                              double tolerance) {
  (void)problem, (void)settings, (void)tolerance;
  return NULL;
}
void stiff_peer_destroy(stiff_peer *p) { (void)p; }
int stiff_peer_gradient(stiff_peer *p, const double *theta, double *gradient) {
  (void)p, (void)theta, (void)gradient;
  return -1;
}

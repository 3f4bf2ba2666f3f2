#include "solve/integrate/control.h"

/* Two estimates E5, E3 combine to E5^2 / sqrt(E5^2 + 0.01 E3^2), which falls like h^8 (Hairer, Norsett &
 * Wanner II.10). */
static int has_second_estimate(const og_tableau *tableau) {
  for (int j = 0; j < tableau->stages; j++)
    if (tableau->e2[j] != 0) return 1;
  return 0;
}

og_control og_control_of(const og_tableau *tableau) {
  int lower = tableau->embedded_order < tableau->order ? tableau->embedded_order : tableau->order;
  double k = has_second_estimate(tableau) ? tableau->order : lower + 1, beta = 0.2 / k;
  return (og_control){.alpha = 1 / k - 0.75 * beta,
                      .beta = beta,
                      .exponent = 1 / k,
                      .safety = 0.9,
                      .smallest = 0.2,
                      .least_error = 1e-10,
                      .least_previous = OG_FIRST_ERROR};
}

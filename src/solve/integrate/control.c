#include "solve/integrate/control.h"

og_control og_control_of(const og_stepper *stepper) {
  double k = stepper->error_power, beta = 0.2 / k;
  return (og_control){.alpha = 1 / k - 0.75 * beta,
                      .beta = beta,
                      .exponent = 1 / k,
                      .safety = 0.9,
                      .smallest = 0.2,
                      .least_error = 1e-10,
                      .least_previous = OG_FIRST_ERROR};
}

/* A pair of methods as a stepper. */
#include "step/switching.h"

static double complex stability(const og_stepper *stepper, double complex z) {
  const og_pair *pair = stepper->coefficients;
  return pair->part[0].stability(&pair->part[0], z);
}

static int larger(int a, int b) { return a > b ? a : b; }

og_stepper og_switching_stepper(const og_pair *pair) {
  const og_stepper *first = &pair->part[0], *second = &pair->part[1];
  return (og_stepper){.name = "auto",
                      .order = first->order,
                      .errors = larger(first->errors, second->errors),
                      .error_power = first->error_power,
                      .interpolant_degree = larger(first->interpolant_degree, second->interpolant_degree),
                      .carries_slope = first->carries_slope,
                      .interpolant_evals = first->interpolant_evals,
                      .implicit = 1,
                      .second_derivatives = second->second_derivatives,
                      .switches = 1,
                      .seeds = first->seeds + second->seeds,
                      .stability = stability,
                      .ops_d = &og_switching_ops_d,
                      .ops_s = &og_switching_ops_s,
                      .coefficients = pair};
}

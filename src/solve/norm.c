/* Which states count in the error that sets the size of steps, and how much. */
#include <math.h>

#include "solve/solve.h"

void og_norm_free(og_solve *solve) {
  og_free(solve->context, solve->norm);
  solve->norm = NULL;
}

static og_status check_weights(const og_solve *solve, const double *weights, double *sum) {
  *sum = (double)(solve->n - solve->states);
  for (size_t i = 0; i < solve->states; i++) {
    if (!(weights[i] >= 0 && weights[i] <= 1e100))
      return og_fail(solve->context, OG_ERR_BOUNDS,
                     "weight %zu of the error norm is %g; it must be from 0 to 1e100", i,
                     og_shown(weights[i]));
    *sum += weights[i];
  }
  if (*sum > 0) return OG_OK;
  return og_fail(solve->context, OG_ERR_ARGUMENT,
                 "all weights of the error norm are 0: no state is left to set the size of steps");
}

/* The norm is a root mean square over the rows: each error times sqrt(n w / sum w) makes it that with the
 * weights w. The running cost's row has the weight 1. */
og_status og_solve_set_norm_weights(og_solve *solve, const double *weights) {
  OG_OBJECT(solve);
  double sum = 0;
  if (weights) OG_TRY(check_weights(solve, weights, &sum));
  double *norm = weights ? og_alloc(solve->context, solve->n, sizeof *norm) : NULL;
  if (weights && !norm) return og_fail_memory(solve->context, solve->n * sizeof *norm, "weights of states");
  og_solve_touch(solve);
  og_norm_free(solve);
  solve->norm = norm;
  for (size_t i = 0; norm && i < solve->n; i++)
    norm[i] = sqrt((double)solve->n * (i < solve->states ? weights[i] : 1) / sum);
  return OG_OK;
}

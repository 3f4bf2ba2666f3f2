/* What is done to a gradient between the loss and the optimiser: penalties and clipping. */
#include "train/gradient.h"

#include <math.h>

double og_penalize(const og_options *options, size_t exempt, size_t p, const double *theta,
                   double *gradient) {
  double l1 = og_options_real(options, OG_OPT_L1), l2 = og_options_real(options, OG_OPT_L2);
  double sizes = 0, squares = 0;
  if (l1 == 0 && l2 == 0) return 0;
  for (size_t i = exempt; i < p; i++) {
    sizes += fabs(theta[i]);
    squares += theta[i] * theta[i];
    if (gradient) gradient[i] += l1 * ((theta[i] > 0) - (theta[i] < 0)) + 2 * l2 * theta[i];
  }
  return l1 * sizes + l2 * squares;
}

static double scaled_norm(size_t p, const double *gradient) {
  double largest = 0, sum = 0;
  for (size_t i = 0; i < p; i++) largest = fmax(largest, fabs(gradient[i]));
  if (largest == 0 || !isfinite(largest)) return largest;
  for (size_t i = 0; i < p; i++) sum += (gradient[i] / largest) * (gradient[i] / largest);
  return largest * sqrt(sum);
}

/* Scaled by the largest entry only where squares overflow or vanish. */
static double norm_of(size_t p, const double *gradient) {
  double sum = 0;
  for (size_t i = 0; i < p; i++) sum += gradient[i] * gradient[i];
  return sum > 1e-280 && sum < INFINITY ? sqrt(sum) : scaled_norm(p, gradient);
}

double og_clip_gradient(const og_options *options, size_t p, double *gradient) {
  if (!options || (p && !gradient)) return NAN;
  double most = og_options_real(options, OG_OPT_CLIP_VALUE),
         limit = og_options_real(options, OG_OPT_CLIP_NORM);
  double norm = norm_of(p, gradient);
  if (most > 0)
    for (size_t i = 0; i < p; i++) gradient[i] = fmin(fmax(gradient[i], -most), most);
  if (limit > 0) {
    double factor = limit / ((most > 0 ? norm_of(p, gradient) : norm) + 1e-6); /* PyTorch's guard against 0 */
    for (size_t i = 0; i < p && factor < 1; i++) gradient[i] *= factor;
  }
  return norm;
}

/* Learning-rate schedules: pure functions of the step, so that nothing of them is to be saved. */
#include <math.h>

#include "base/base.h"

/* Step s of S behind the warm-up. */
static double schedule(const og_options *options, double s, double S) {
  static const double pi = 3.14159265358979323846;
  switch ((og_lr_schedule)og_options_integer(options, OG_OPT_LR_SCHEDULE)) {
  case OG_LR_CONSTANT: break;
  case OG_LR_COSINE: {
    double final = og_options_real(options, OG_OPT_LR_FINAL);
    return s < S ? final + (1 - final) * (1 + cos(pi * s / S)) / 2 : final;
  }
  case OG_LR_STEP:
    return pow(og_options_real(options, OG_OPT_LR_DECAY),
               floor(s / og_options_real(options, OG_OPT_LR_STEP)));
  }
  return 1;
}

double og_learning_rate_factor(const og_options *options, long long step, long long steps) {
  if (!options) return NAN;
  double W = og_options_real(options, OG_OPT_WARM_UP), s = (double)step;
  return s < W ? (s + 1) / (W + 1) : schedule(options, s - W, (double)steps - W);
}

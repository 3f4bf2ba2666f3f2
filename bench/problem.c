#include "problem.h"

#include <math.h>
#include <stdint.h>

double lv_observation_time(int index) { return (index + 1) * LV_END / LV_OBSERVATIONS; }

void lv_observation(int index, double data[LV_STATES]) {
  double t = lv_observation_time(index);
  data[0] = 3.0 - 2.4 * cos(1.85 * (t + 0.35));
  data[1] = 1.8 - 1.5 * cos(1.85 * (t - 0.35));
  for (int i = 0; i < LV_STATES; i++) data[i] = round(data[i] * 100.0) / 100.0;
}

/* splitmix64: the same draws on every machine. */
static double uniform(uint64_t counter) {
  uint64_t z = (counter + 1) * UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  z ^= z >> 31;
  return (double)(z >> 11) * 0x1p-53;
}

void lv_parameters(size_t index, double spread, double p[LV_PARAMETERS]) {
  static const double centre[LV_PARAMETERS] = {1.5, 1.0, 3.0, 1.0};
  for (size_t i = 0; i < LV_PARAMETERS; i++) {
    double offset = index == 0 ? 0.0 : 2.0 * uniform(index * LV_PARAMETERS + i) - 1.0;
    p[i] = centre[i] * (1.0 + spread * offset);
  }
}

double gradient_error(const double g[LV_GRADIENT], const double truth[LV_GRADIENT]) {
  double error = 0.0, size = 0.0;
  for (int i = 0; i < LV_GRADIENT; i++) {
    double difference = fabs(g[i] - truth[i]);
    if (!(difference <= error)) error = difference; /* a NaN stays */
    size = fmax(size, fabs(truth[i]));
  }
  return error / size;
}

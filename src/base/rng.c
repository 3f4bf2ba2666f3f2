/* Random numbers: xoshiro256** of Blackman and Vigna (2018), seeded by splitmix64; and a hash. */
#include "base/base.h"

#include <math.h>

/* splitmix64: a counter in steps of the golden ratio, scrambled. */
static uint64_t splitmix_next(uint64_t *counter) {
  uint64_t z = (*counter += UINT64_C(0x9e3779b97f4a7c15));
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

/* Both numbers are scrambled before they meet, so that neighbouring seeds and streams share nothing. For one
 * seed, different streams start from different counters: every step of the map from stream to counter is one
 * to one. */
void og_rng_seed(og_rng *rng, uint64_t seed, uint64_t stream) {
  uint64_t counter = splitmix_next(&seed) + stream * UINT64_C(0xd1342543de82ef95);
  counter = splitmix_next(&counter);
  for (int i = 0; i < 4; i++) rng->state[i] = splitmix_next(&counter);
}

static uint64_t rotate_left(uint64_t x, int bits) { return (x << bits) | (x >> (64 - bits)); }

uint64_t og_rng_next(og_rng *rng) {
  uint64_t *s = rng->state;
  uint64_t result = rotate_left(s[1] * 5, 7) * 9;
  uint64_t shifted = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= shifted;
  s[3] = rotate_left(s[3], 45);
  return result;
}

double og_rng_uniform(og_rng *rng) { return (double)(og_rng_next(rng) >> 11) * 0x1p-53; }

void og_rng_shuffle(og_rng *rng, size_t *order, size_t count) {
  for (size_t i = 0; i < count; i++) order[i] = i;
  for (size_t i = count; i > 1; i--) { /* Fisher and Yates */
    size_t j = (size_t)(og_rng_uniform(rng) * (double)i), swap = order[i - 1];
    order[i - 1] = order[j];
    order[j] = swap;
  }
}

/* Ratio of uniforms (Kinderman and Monahan 1977) with the quadratic bounds of Leva (1992). The result is one
 * division, and the logarithm decides only between the bounds: the numbers do not depend on the bits of a
 * machine's libm. */
double og_rng_normal(og_rng *rng) {
  for (;;) {
    double u = 1.0 - og_rng_uniform(rng);
    double v = 1.7156 * (og_rng_uniform(rng) - 0.5);
    double x = u - 0.449871, y = fabs(v) + 0.386595;
    double q = x * x + y * (0.19600 * y - 0.25472 * x);
    if (q < 0.27597) return v / u;
    if (q <= 0.27846 && v * v <= -4.0 * u * u * log(u)) return v / u;
  }
}

uint64_t og_hash(uint64_t hash, const void *bytes, size_t count) {
  const unsigned char *at = bytes;
  for (size_t i = 0; i < count; i++) hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
  return hash;
}

#include "scan.h"

#include <math.h>

void scan_run(scan *s, double lowest, double highest, int per_decade, size_t trajectories, probe_fn probe,
              void *data) {
  int steps = (int)lround((highest - lowest) * per_decade);
  s->count = 0;
  for (size_t e = 0; e < entry_count; e++) {
    if (!family_available(entries[e].of)) continue;
    for (int k = 0; k <= steps && s->count < sizeof s->samples / sizeof *s->samples; k++) {
      contestant c;
      sample *next = &s->samples[s->count];
      *next = (sample){.settings = &entries[e], .tolerance = pow(10.0, -lowest - (double)k / per_decade)};
      if (contestant_open(&c, next->settings, next->tolerance, trajectories, 1)) continue;
      if (probe(&c, &next->error, &next->seconds, data) == 0) s->count++;
      contestant_close(&c);
    }
  }
}

/* The loosest tolerance of these settings that is accurate enough: rough timings are too noisy to choose by.
 * Samples of one entry stand together, from the loosest on. */
static const sample *loosest(const scan *s, const entry *settings, double target) {
  for (const sample *a = s->samples; a < s->samples + s->count; a++)
    if (a->settings == settings && a->error <= target) return a;
  return NULL;
}

const sample *scan_pick(const scan *s, family of, double target) {
  const sample *best = NULL;
  for (size_t e = 0; e < entry_count; e++) {
    const sample *a = entries[e].of == of ? loosest(s, &entries[e], target) : NULL;
    if (a && (!best || a->seconds < best->seconds)) best = a;
  }
  return best;
}

const sample *scan_at(const scan *s, const entry *settings, double tolerance) {
  for (const sample *a = s->samples; a < s->samples + s->count; a++)
    if (a->settings == settings && fabs(a->tolerance / tolerance - 1.0) < 1e-6) return a;
  return NULL;
}

/* Scans of all settings over tolerances, and the pick of the fastest that reaches an accuracy: what "time at
 * equal achieved accuracy" means here. */
#ifndef BENCH_SCAN_H
#define BENCH_SCAN_H

#include "contestant.h"

typedef struct sample {
  const entry *settings;
  double tolerance, error, seconds; /* seconds: a first, rough timing */
} sample;

typedef struct scan {
  sample samples[1024];
  size_t count;
} scan;

/* Error and time of one contestant; 0 for success. */
typedef int (*probe_fn)(contestant *c, double *error, double *seconds, void *data);

/* Tolerances 10^-lowest to 10^-highest, `per_decade` each decade; contestants of `trajectories` trajectories.
 */
void scan_run(scan *s, double lowest, double highest, int per_decade, size_t trajectories, probe_fn probe,
              void *data);
/* The fastest settings of the family with error <= target, at the loosest tolerance that has it; NULL: none.
 */
const sample *scan_pick(const scan *s, family of, double target);
/* The sample of these settings at this tolerance; NULL when it failed. */
const sample *scan_at(const scan *s, const entry *settings, double tolerance);

#endif

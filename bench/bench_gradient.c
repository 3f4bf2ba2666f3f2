/* The observed problem: one gradient of a least-squares loss with 100 observations, odegrad beside CVODES,
 * time at equal achieved accuracy. The error of a setting is the largest over the problem and eight
 * neighbours (parameters within 5 %), so that nobody wins by a lucky cancellation; the time is that of the
 * problem itself. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"
#include "scan.h"

enum { NEIGHBOURS = 9, ROUNDS = 15, PROBES = 9 };
#define NEIGHBOUR_SPREAD 0.05
#define ISSUE_TOLERANCE 1e-8
#define BATCH_SECONDS 4e-3

typedef struct truths {
  double parameters[NEIGHBOURS][LV_PARAMETERS], gradient[NEIGHBOURS][LV_GRADIENT];
} truths;

typedef int (*job_fn)(contestant *c, const double *parameters);

static int gradient_job(contestant *c, const double *parameters) {
  double loss, gradient[LV_GRADIENT];
  return contestant_observed(c, parameters, &loss, gradient);
}

static void find_truths(truths *t) {
  double loss;
  for (size_t i = 0; i < NEIGHBOURS; i++) {
    lv_parameters(i, NEIGHBOUR_SPREAD, t->parameters[i]);
    reference_observed(t->parameters[i], &loss, t->gradient[i]);
  }
}

/* Seconds a call, over so many calls that the clock's grain is nothing. */
static double time_batch(contestant *c, job_fn job, const double *parameters) {
  int calls = 0;
  double start = cpu_seconds(), elapsed;
  do {
    if (job(c, parameters)) return NAN;
    calls++;
    elapsed = cpu_seconds() - start;
  } while (elapsed < BATCH_SECONDS);
  return elapsed / calls;
}

static int probe(contestant *c, double *error, double *seconds, void *data) {
  const truths *t = data;
  double loss, gradient[LV_GRADIENT];
  *error = 0.0;
  for (int i = 0; i < NEIGHBOURS; i++) {
    if (contestant_observed(c, t->parameters[i], &loss, gradient)) return -1;
    *error = fmax(*error, gradient_error(gradient, t->gradient[i]));
  }
  *seconds = HUGE_VAL;
  for (int i = 0; i < PROBES; i++) {
    double start = cpu_seconds();
    if (gradient_job(c, t->parameters[0])) return -1;
    *seconds = fmin(*seconds, cpu_seconds() - start);
  }
  return 0;
}

/* One measurement of all families in turn, round after round (A B C D A B C D ...). */
typedef struct match {
  contestant contestants[FAMILY_COUNT];
  int takes_part[FAMILY_COUNT];
  double seconds[FAMILY_COUNT][ROUNDS];
} match;

static void match_open(match *m, const sample *const picks[FAMILY_COUNT]) {
  for (int f = 0; f < FAMILY_COUNT; f++)
    m->takes_part[f] =
        picks[f] && contestant_open(&m->contestants[f], picks[f]->settings, picks[f]->tolerance, 1, 1) == 0;
}

static void match_close(match *m) {
  for (int f = 0; f < FAMILY_COUNT; f++)
    if (m->takes_part[f]) contestant_close(&m->contestants[f]);
}

static void match_play(match *m, job_fn job, const double *parameters) {
  for (int f = 0; f < FAMILY_COUNT; f++) /* once for memory and caches */
    if (m->takes_part[f] && job(&m->contestants[f], parameters)) m->takes_part[f] = 0;
  for (int round = 0; round < ROUNDS; round++)
    for (int f = 0; f < FAMILY_COUNT; f++)
      if (m->takes_part[f]) m->seconds[f][round] = time_batch(&m->contestants[f], job, parameters);
}

/* How many times slower than `base`, round by round. */
static void print_ratio(const match *m, int f, family base) {
  double ratios[ROUNDS];
  if (!m->takes_part[f] || !m->takes_part[base]) {
    printf("  %20s", "-");
    return;
  }
  for (int round = 0; round < ROUNDS; round++) ratios[round] = m->seconds[f][round] / m->seconds[base][round];
  spread s = spread_of(ratios, ROUNDS);
  printf("  %5.1f /%5.1f /%6.1f", s.lowest, s.median, s.highest);
}

static void print_header(void) {
  printf("  %-21s %-38s %9s %9s %10s  %20s  %20s\n", "", "settings", "tolerance", "error", "time [us]",
         "x C callbacks", "x model file");
}

static void print_match(const match *m, const sample *const picks[FAMILY_COUNT]) {
  for (int f = 0; f < FAMILY_COUNT; f++) {
    if (!m->takes_part[f]) {
      printf("  %-21s %s\n", family_name((family)f),
             family_available((family)f) ? "does not reach it" : "not built");
      continue;
    }
    double seconds[ROUNDS];
    memcpy(seconds, m->seconds[f], sizeof seconds);
    printf("  %-21s %-38s %9.1e %9.1e %10.2f", family_name((family)f), picks[f]->settings->label,
           picks[f]->tolerance, picks[f]->error, 1e6 * spread_of(seconds, ROUNDS).median);
    print_ratio(m, f, FAMILY_OWN_CALLBACKS);
    print_ratio(m, f, FAMILY_OWN_MODEL);
    printf("\n");
  }
}

static void compare(const sample *const picks[FAMILY_COUNT], job_fn job, const truths *t) {
  static match m;
  match_open(&m, picks);
  match_play(&m, job, t->parameters[0]);
  print_match(&m, picks);
  match_close(&m);
}

static void pick_for_error(const scan *s, double target, const sample *picks[FAMILY_COUNT]) {
  for (int f = 0; f < FAMILY_COUNT; f++) picks[f] = scan_pick(s, (family)f, target);
}

static void compare_at_error(const scan *s, double target, const char *why, const truths *t) {
  const sample *picks[FAMILY_COUNT];
  pick_for_error(s, target, picks);
  printf("\n error <= %.1e%s\n", target, why);
  print_header();
  compare(picks, gradient_job, t);
}

static void compare_at_tolerance(const scan *s, job_fn job, const truths *t) {
  const sample *picks[FAMILY_COUNT];
  for (int f = 0; f < FAMILY_COUNT; f++) picks[f] = scan_at(s, family_first((family)f), ISSUE_TOLERANCE);
  print_header();
  compare(picks, job, t);
}

static void compare_at_equal_accuracy(const scan *s, const truths *t) {
  const sample *ours = scan_at(s, family_first(FAMILY_OWN_CALLBACKS), ISSUE_TOLERANCE);
  const sample *theirs = scan_at(s, family_first(FAMILY_PEER_ADJOINT), ISSUE_TOLERANCE);
  printf("\nTime at equal achieved accuracy: of each, the fastest setting and tolerance with at most that "
         "error\n");
  for (int k = 5; k <= 8; k++) compare_at_error(s, pow(10.0, -k), "", t);
  if (theirs) compare_at_error(s, theirs->error, ": CVODES' adjoint at tolerance 1e-8", t);
  if (ours) compare_at_error(s, ours->error, ": odegrad (dop853) at tolerance 1e-8", t);
}

/* ---- Memory: each in a process of its own ---- */

static int memory_job(void *data) {
  const double p[LV_PARAMETERS] = {1.5, 1.0, 3.0, 1.0};
  const family *of = data;
  contestant c;
  if (!of) return 0;
  if (contestant_open(&c, family_first(*of), ISSUE_TOLERANCE, 1, 1)) return -1;
  int failed = gradient_job(&c, p);
  contestant_close(&c);
  return failed;
}

static void print_memory(void) {
  long base = peak_kilobytes(memory_job, NULL);
  printf("\nPeak resident memory of a process that computes one gradient at tolerance 1e-8, above one that "
         "does not\n");
  for (int f = 0; f < FAMILY_COUNT; f++) {
    family of = (family)f;
    long peak = family_available(of) ? peak_kilobytes(memory_job, &of) : -1;
    if (peak >= 0) printf("  %-21s %6ld KiB\n", family_name(of), peak - base);
  }
}

/* For `perf record`: gradients by one family for some seconds. */
static int run_one(family of, double seconds) {
  contestant c;
  truths t;
  long gradients = 0;
  find_truths(&t);
  if (contestant_open(&c, family_first(of), ISSUE_TOLERANCE, 1, 1)) return 1;
  double end = cpu_seconds() + seconds, start = cpu_seconds();
  while (cpu_seconds() < end && gradient_job(&c, t.parameters[0]) == 0) gradients++;
  printf("%s: %ld gradients, %.2f us each\n", family_name(of), gradients,
         1e6 * (cpu_seconds() - start) / (double)(gradients ? gradients : 1));
  contestant_close(&c);
  return 0;
}

static int only(int count, char **words) {
  int of = count == 3 && strcmp(words[1], "--only") == 0 ? atoi(words[2]) : -1;
  if (of >= 0 && of < FAMILY_COUNT && family_available((family)of)) return run_one((family)of, 5.0);
  fprintf(stderr, "usage: bench_gradient [--only FAMILY], 0 C callbacks, 1 model file, 2 compiled model, "
                  "3 CVODES adjoint, 4 CVODES sensitivities: five seconds of gradients, for a profiler\n");
  return 2;
}

int main(int count, char **words) {
  static scan s;
  truths t;
  if (count > 1) return only(count, words);
  printf("Gradient of a least-squares loss, Lotka-Volterra, 100 observations, one core\n");
  print_machine();
  printf("peer       %s\n\n", peer_version() ? peer_version() : "not built: odegrad alone");
  print_memory();
  find_truths(&t);
  scan_run(&s, 4.0, 11.0, 4, 1, probe, &t);
  printf(
      "\nAt tolerance 1e-8, whatever error comes of it; ratios are lowest / median / highest of %d rounds\n",
      ROUNDS);
  compare_at_tolerance(&s, gradient_job, &t);
  compare_at_equal_accuracy(&s, &t);
  printf("\nThe solve alone, 100 outputs, tolerance 1e-8 (odegrad keeps its steps for a gradient, CVODES "
         "does not);\n"
         "the error shown is the gradient's\n");
  compare_at_tolerance(&s, contestant_solve, &t);
  return 0;
}

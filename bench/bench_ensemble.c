/* The final problem, ten thousand times: gradients of x(10) + y(10) with differing parameters (each within 10
 * % of the observed problem's), odegrad in one call, CVODES one after the other. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"
#include "scan.h"

enum { TRAJECTORIES = 10000, SAMPLE = 256, ROUNDS = 5 };
#define SPREAD 0.1
#define ISSUE_TOLERANCE 1e-6

/* Who is measured: forward sensitivities are left to bench_gradient. */
static const family families[] = {FAMILY_OWN_COMPILED, FAMILY_OWN_MODEL, FAMILY_OWN_BLOCKS,
                                  FAMILY_OWN_CALLBACKS, FAMILY_PEER_ADJOINT};
enum { COMPARED = sizeof families / sizeof *families };

static double parameters[TRAJECTORIES * LV_PARAMETERS];
static double truth[TRAJECTORIES * LV_GRADIENT], gradients[TRAJECTORIES * LV_GRADIENT];

static void find_truths(void) {
  double loss;
  for (size_t i = 0; i < TRAJECTORIES; i++) {
    lv_parameters(i, SPREAD, parameters + i * LV_PARAMETERS);
    reference_final(parameters + i * LV_PARAMETERS, &loss, truth + i * LV_GRADIENT);
  }
}

/* The errors of the first `count` gradients: `errors` is sorted. */
static spread errors_of(size_t count) {
  static double errors[TRAJECTORIES];
  for (size_t i = 0; i < count; i++)
    errors[i] = gradient_error(gradients + i * LV_GRADIENT, truth + i * LV_GRADIENT);
  return spread_of(errors, count);
}

static int probe(contestant *c, double *error, double *seconds, void *data) {
  (void)data;
  *seconds = HUGE_VAL;
  for (int i = 0; i < 2; i++) {
    double start = cpu_seconds();
    if (contestant_final(c, parameters, gradients)) return -1;
    *seconds = fmin(*seconds, cpu_seconds() - start);
  }
  *error = errors_of(c->trajectories).highest;
  return isfinite(*error) ? 0 : -1;
}

typedef struct match {
  contestant contestants[COMPARED];
  int takes_part[COMPARED];
  spread errors[COMPARED];
  double seconds[COMPARED][ROUNDS]; /* per gradient */
} match;

/* The peer is timed on its first `peer_trajectories`: its time per gradient does not depend on their number.
 */
static void match_play(match *m, const sample *const picks[COMPARED], size_t peer_trajectories) {
  for (int f = 0; f < COMPARED; f++) {
    contestant *c = &m->contestants[f];
    size_t count = family_is_peer(families[f]) ? peer_trajectories : TRAJECTORIES;
    m->takes_part[f] = picks[f] &&
                       contestant_open(c, picks[f]->settings, picks[f]->tolerance, count, 1) == 0 &&
                       contestant_final(c, parameters, gradients) == 0;
    if (m->takes_part[f]) m->errors[f] = errors_of(count);
  }
  for (int round = 0; round < ROUNDS; round++)
    for (int f = 0; f < COMPARED; f++) {
      if (!m->takes_part[f]) continue;
      double start = cpu_seconds();
      if (contestant_final(&m->contestants[f], parameters, gradients)) m->takes_part[f] = 0;
      m->seconds[f][round] = (cpu_seconds() - start) / (double)m->contestants[f].trajectories;
    }
  for (int f = 0; f < COMPARED; f++) contestant_close(&m->contestants[f]);
}

static void print_match(const match *m, const sample *const picks[COMPARED]) {
  printf("  %-21s %-38s %9s %10s %10s %9s  %22s\n", "", "settings", "tolerance", "error, max", "median",
         "time [us]", "x odegrad, compiled");
  for (int f = 0; f < COMPARED; f++) {
    if (!m->takes_part[f]) {
      printf("  %-21s %s\n", family_name(families[f]),
             family_available(families[f]) ? "does not reach it" : "not built");
      continue;
    }
    double seconds[ROUNDS], ratios[ROUNDS];
    memcpy(seconds, m->seconds[f], sizeof seconds);
    for (int round = 0; round < ROUNDS; round++) ratios[round] = m->seconds[f][round] / m->seconds[0][round];
    spread ratio = spread_of(ratios, ROUNDS);
    printf("  %-21s %-38s %9.1e %10.1e %10.1e %9.2f", family_name(families[f]), picks[f]->settings->label,
           picks[f]->tolerance, m->errors[f].highest, m->errors[f].median,
           1e6 * spread_of(seconds, ROUNDS).median);
    if (m->takes_part[0]) printf("  %6.1f /%6.1f /%7.1f", ratio.lowest, ratio.median, ratio.highest);
    printf("\n");
  }
}

static void compare(const sample *const picks[COMPARED], size_t peer_trajectories) {
  static match m;
  memset(&m, 0, sizeof m);
  match_play(&m, picks, peer_trajectories);
  print_match(&m, picks);
}

/* The fastest setting of each at the tolerance of the issue. */
static void compare_at_tolerance(const scan *s, const sample *picks[COMPARED]) {
  for (int f = 0; f < COMPARED; f++) {
    picks[f] = NULL;
    for (size_t e = 0; e < entry_count; e++) {
      const sample *a = entries[e].of == families[f] ? scan_at(s, &entries[e], ISSUE_TOLERANCE) : NULL;
      if (a && (!picks[f] || a->seconds < picks[f]->seconds)) picks[f] = a;
    }
  }
  printf("\nAt tolerance 1e-6, the fastest setting of each, all %d; ratios are lowest / median / highest of "
         "%d rounds\n",
         TRAJECTORIES, ROUNDS);
  compare(picks, TRAJECTORIES);
}

static void compare_at_error(const scan *s, double target, const char *why) {
  const sample *picks[COMPARED];
  for (int f = 0; f < COMPARED; f++) picks[f] = scan_pick(s, families[f], target);
  printf("\n largest error <= %.1e among the first %d%s\n", target, SAMPLE, why);
  compare(picks, SAMPLE);
}

/* ---- Threads and memory ---- */

static void print_threads(const sample *pick) {
  double one = 0.0;
  if (!pick) return;
  printf("\nThreads: %s, %s, tolerance %.0e, time on the wall, fastest of %d\n",
         family_name(pick->settings->of), pick->settings->label, pick->tolerance, ROUNDS);
  for (int threads = 1; threads <= 2; threads++) {
    contestant c;
    double best = HUGE_VAL;
    if (contestant_open(&c, pick->settings, pick->tolerance, TRAJECTORIES, threads)) return;
    for (int round = 0; round <= ROUNDS; round++) {
      double start = wall_seconds();
      if (contestant_final(&c, parameters, gradients)) break;
      if (round > 0) best = fmin(best, wall_seconds() - start);
    }
    if (threads == 1 && c.own && own_compile_seconds(c.own) > 0)
      printf("  compiled in %.2f s, which no time above or below counts\n", own_compile_seconds(c.own));
    contestant_close(&c);
    if (threads == 1) one = best;
    printf("  %d thread%s %9.2f us a gradient, %.2f times as fast as one\n", threads, threads > 1 ? "s" : " ",
           1e6 * best / TRAJECTORIES, one / best);
  }
}

typedef struct memory_task {
  family of;
  double tolerance;
} memory_task;

static int memory_job(void *data) {
  const memory_task *task = data;
  contestant c;
  for (size_t i = 0; i < TRAJECTORIES; i++) lv_parameters(i, SPREAD, parameters + i * LV_PARAMETERS);
  for (size_t i = 0; i < TRAJECTORIES * LV_GRADIENT; i++) gradients[i] = truth[i] = 1.0;
  if (!task) return 0;
  if (contestant_open(&c, family_first(task->of), task->tolerance, TRAJECTORIES, 1)) return -1;
  int failed = contestant_final(&c, parameters, gradients);
  contestant_close(&c);
  return failed;
}

static void print_memory(void) {
  long base = peak_kilobytes(memory_job, NULL);
  printf("\nPeak resident memory of a process that computes all %d at tolerance 1e-6, above one that "
         "computes none\n",
         TRAJECTORIES);
  for (int f = 0; f < COMPARED; f++) {
    memory_task task = {families[f], ISSUE_TOLERANCE};
    long peak = family_available(task.of) ? peak_kilobytes(memory_job, &task) : -1;
    if (peak >= 0)
      printf("  %-21s %8ld KiB%s\n", family_name(task.of), peak - base,
             task.of == FAMILY_OWN_COMPILED ? ", the C compiler's included" : "");
  }
}

/* For `perf record`: rounds of the whole ensemble by one setting for some seconds. */
static int run_one(const entry *settings, double tolerance) {
  contestant c;
  long rounds = 0;
  for (size_t i = 0; i < TRAJECTORIES; i++) lv_parameters(i, SPREAD, parameters + i * LV_PARAMETERS);
  if (contestant_open(&c, settings, tolerance, TRAJECTORIES, 1)) return 1;
  double start = cpu_seconds();
  while (cpu_seconds() < start + 5.0 && contestant_final(&c, parameters, gradients) == 0) rounds++;
  printf("%s, %s: %.3f us a gradient\n", family_name(settings->of), settings->label,
         1e6 * (cpu_seconds() - start) / (double)(rounds ? rounds : 1) / TRAJECTORIES);
  contestant_close(&c);
  return 0;
}

static int only(int count, char **words) {
  int row = count == 3 && strcmp(words[1], "--only") == 0 ? atoi(words[2]) : -1;
  if (row >= 0 && row < (int)entry_count && family_available(entries[row].of))
    return run_one(&entries[row], ISSUE_TOLERANCE);
  fprintf(stderr, "usage: bench_ensemble [--only ROW]: five seconds of one setting, for a profiler\n");
  for (size_t e = 0; e < entry_count; e++)
    fprintf(stderr, "  %2zu %s, %s\n", e, family_name(entries[e].of), entries[e].label);
  return 2;
}

int main(int count, char **words) {
  static scan s;
  const sample *picks[COMPARED];
  if (count > 1) return only(count, words);
  printf("Gradients of x(10) + y(10), Lotka-Volterra, %d parameter vectors, one core\n", TRAJECTORIES);
  print_machine();
  printf("peer       %s\n", peer_version() ? peer_version() : "not built: odegrad alone");
  print_memory();
  find_truths();
  scan_run(&s, 4.5, 9.0, 2, SAMPLE, probe, NULL);
  compare_at_tolerance(&s, picks);
  double reached = picks[COMPARED - 1] ? picks[COMPARED - 1]->error : 1e-3;
  double ours = picks[0] ? picks[0]->error : 1e-5;
  printf("\nTime at equal achieved accuracy: of each, the fastest setting and tolerance with at most that "
         "error\n");
  compare_at_error(&s, reached, picks[COMPARED - 1] ? ": CVODES' adjoint at tolerance 1e-6" : "");
  compare_at_error(&s, ours, picks[0] ? ": odegrad at tolerance 1e-6" : "");
  compare_at_error(&s, 1e-5, "");
  print_threads(picks[0]);
  return 0;
}

/* What the gradients' own error control costs where nothing is wrong: Lotka-Volterra's gradient (as in
 * bench_gradient), the ensemble (as in bench_ensemble) and the spiral's iteration of training (as in
 * bench_spiral), each with gradient-control = none, estimate and refine in turn, round after round. All times
 * are those of a whole gradient: the solve, and the way back.
 *   bench_trust [ROUNDS [WORD]]  so many rounds of each, at most 400; only those with the word in their name
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"
#include "network.h"
#include "own.h"

enum { NONE, ESTIMATE, REFINE, CONTROLS };
static const char *const controls[CONTROLS] = {"none", "estimate", "refine"};

enum { ROUNDS_MOST = 400, WARM = 2, TRAJECTORIES = 10000, BATCH = 20, POINTS = 10 };
enum { ENSEMBLE = TRAJECTORIES * LV_GRADIENT };
#define ENSEMBLE_SPREAD 0.1

/* One solver with one gradient-control; its results are those of the last round. */
typedef struct contender {
  own *own;
  network network;
  double *results;
  long long vjps, refinements; /* of the last gradient; the most of all */
  double seconds[ROUNDS_MOST];
} contender;

typedef struct subject {
  const char *name, *method;
  double tolerance;
  own_field field;
  int rounds, calls; /* calls in a round: milliseconds, so that the clock's grain is nothing */
  size_t results;
  int (*open)(contender *c, const struct subject *s, const char *control);
  int (*run)(contender *c, int round);
} subject;

/* ---- Lotka-Volterra, and its ensemble ---- */

static double parameters[TRAJECTORIES * LV_PARAMETERS];

static int open_own(contender *c, const subject *s, const char *control) {
  size_t trajectories = s->results == ENSEMBLE ? TRAJECTORIES : 1;
  c->own = own_create(&(own_settings){s->field, s->method, s->tolerance, 1, trajectories, control});
  return c->own ? 0 : -1;
}

static void count_own(contender *c) {
  long long refinements;
  own_work(c->own, &c->vjps, &refinements);
  if (refinements > c->refinements) c->refinements = refinements;
}

static int run_observed(contender *c, int round) {
  double loss;
  (void)round;
  if (own_observed_gradient(c->own, parameters, &loss, c->results)) return -1;
  count_own(c);
  return 0;
}

static int run_final(contender *c, int round) {
  (void)round;
  if (own_final_gradients(c->own, parameters, c->results)) return -1;
  count_own(c);
  return 0;
}

/* ---- Spiral ---- */

enum { DATA_ROWS = 1000 };
static size_t starts[ROUNDS_MOST * BATCH];

static const char *const spiral_options[][2] = {
    {"method", "dopri5"},    {"rtol", "1e-7"},         {"atol", "1e-9"},
    {"precision", "single"}, {"optimizer", "rmsprop"}, {"learning-rate", "1e-3"},
};

static int open_spiral(contender *c, const subject *s, const char *control) {
  network *n = &c->network;
  (void)s;
  if (network_open(n, "examples/spiral/spiral.ode")) return -1;
  for (size_t i = 0; i < sizeof spiral_options / sizeof *spiral_options; i++)
    if (bad(n, og_options_set_text(n->options, spiral_options[i][0], spiral_options[i][1]))) return -1;
  if (bad(n, og_options_set_text(n->options, "gradient-control", control)) ||
      bad(n, og_context_set_threads(n->context, 1)))
    return -1;
  return network_objective(n, scratch("data.csv"));
}

/* An iteration of training: all contenders go the same way, if their gradients are the same. */
static int run_spiral(contender *c, int round) {
  network *n = &c->network;
  og_window windows[BATCH];
  for (size_t i = 0; i < BATCH; i++)
    windows[i] = (og_window){0, starts[(size_t)round * BATCH + i], POINTS, 0};
  if (network_step(n, BATCH, windows, &c->results[0])) return -1;
  memcpy(c->results + 1, n->gradient, n->p * sizeof *n->gradient);
  memcpy(c->results + 1 + n->p, n->theta, n->p * sizeof *n->theta);
  long long refinements = og_objective_stat(n->objective, OG_STAT_REFINEMENTS);
  c->vjps = og_objective_stat(n->objective, OG_STAT_VJP_EVALS);
  if (refinements > c->refinements) c->refinements = refinements;
  return 0;
}

/* ---- One subject, all controls in turn ---- */

typedef struct match {
  contender contenders[CONTROLS];
  int differ[CONTROLS]; /* rounds whose numbers are not those of none, bit by bit */
} match;

static size_t results_of(const match *m, const subject *s) {
  return s->results ? s->results : 1 + 2 * m->contenders[NONE].network.p;
}

static int open_match(match *m, const subject *s) {
  memset(m, 0, sizeof *m);
  for (int i = 0; i < CONTROLS; i++)
    if (s->open(&m->contenders[i], s, controls[i])) return -1;
  for (int i = 0; i < CONTROLS; i++) {
    m->contenders[i].results = calloc(results_of(m, s), sizeof(double));
    if (!m->contenders[i].results) return -1;
  }
  return 0;
}

static void close_match(match *m) {
  for (int i = 0; i < CONTROLS; i++) {
    own_destroy(m->contenders[i].own);
    network_close(&m->contenders[i].network);
    free(m->contenders[i].results);
  }
}

/* Seconds of one gradient. */
static int play(contender *c, const subject *s, int round, double *seconds) {
  double start = clock_seconds();
  for (int i = 0; i < s->calls; i++)
    if (s->run(c, round)) return -1;
  *seconds = (clock_seconds() - start) / s->calls;
  return 0;
}

/* Another one begins in each round, so that none has a place of its own. The first rounds are for memory and
 * caches. */
static int play_all(match *m, const subject *s, int rounds) {
  for (int round = -WARM; round < rounds; round++) {
    int number = round < 0 ? 0 : round;
    for (int i = 0; i < CONTROLS; i++) {
      contender *c = &m->contenders[(number + i) % CONTROLS];
      if (play(c, s, number, &c->seconds[number])) return -1;
    }
    for (int i = 0; i < CONTROLS; i++)
      m->differ[i] += memcmp(m->contenders[i].results, m->contenders[NONE].results,
                             results_of(m, s) * sizeof(double)) != 0;
  }
  return 0;
}

/* ---- The table ---- */

static void print_header(void) {
  printf("  %-34s %9s %10s  %22s %22s  %9s %8s %9s\n", "", "tolerance", "none [us]", "estimate / none",
         "refine / none", "more vjps", "narrowed", "same bits");
}

static void print_ratio(const match *m, int control, int rounds) {
  double ratios[ROUNDS_MOST];
  for (int i = 0; i < rounds; i++)
    ratios[i] = m->contenders[control].seconds[i] / m->contenders[NONE].seconds[i];
  spread s = spread_of(ratios, (size_t)rounds);
  printf("  %6.3f /%6.3f /%6.3f", s.lowest, s.median, s.highest);
}

static void print_match(const match *m, const subject *s, int rounds) {
  const contender *refine = &m->contenders[REFINE], *none = &m->contenders[NONE];
  double seconds[ROUNDS_MOST], each = s->results == ENSEMBLE ? TRAJECTORIES : 1;
  memcpy(seconds, none->seconds, sizeof seconds);
  printf("  %-34s %9.1e %10.2f", s->name, s->tolerance,
         1e6 * spread_of(seconds, (size_t)rounds).median / each);
  print_ratio(m, ESTIMATE, rounds);
  print_ratio(m, REFINE, rounds);
  printf("  %8.1f%% %8lld %9s\n", 100 * ((double)refine->vjps / (double)none->vjps - 1), refine->refinements,
         m->differ[ESTIMATE] || m->differ[REFINE] ? "NO" : "yes");
  fflush(stdout);
}

/* Nonzero: it failed. */
static int measure(const subject *s, int rounds) {
  static match m;
  int failed = open_match(&m, s) || play_all(&m, s, rounds);
  if (failed)
    printf("  %-34s failed\n", s->name);
  else
    print_match(&m, s, rounds);
  close_match(&m);
  return failed;
}

static const subject subjects[] = {
    {"Lotka-Volterra, C callbacks", "dop853", 3.2e-7, OWN_CALLBACKS, 51, 30, LV_GRADIENT, open_own,
     run_observed},
    {"Lotka-Volterra, C callbacks", "dop853", 3.2e-8, OWN_CALLBACKS, 51, 30, LV_GRADIENT, open_own,
     run_observed},
    {"Lotka-Volterra, C callbacks", "dop853", 1e-8, OWN_CALLBACKS, 51, 30, LV_GRADIENT, open_own,
     run_observed},
    {"Lotka-Volterra, C callbacks", "dop853", 3.2e-9, OWN_CALLBACKS, 51, 30, LV_GRADIENT, open_own,
     run_observed},
    {"Lotka-Volterra, C callbacks", "dop853", 3.2e-10, OWN_CALLBACKS, 51, 30, LV_GRADIENT, open_own,
     run_observed},
    {"Lotka-Volterra, model file", "dop853", 1e-8, OWN_MODEL, 51, 10, LV_GRADIENT, open_own, run_observed},
    {"Lotka-Volterra, compiled", "dop853", 1e-8, OWN_COMPILED, 51, 10, LV_GRADIENT, open_own, run_observed},
    {"ensemble, model file", "dop853", 1e-6, OWN_MODEL, 15, 1, ENSEMBLE, open_own, run_final},
    {"ensemble, compiled", "dop853", 1e-6, OWN_COMPILED, 15, 1, ENSEMBLE, open_own, run_final},
    {"spiral, an iteration, single", "dopri5", 1e-7, OWN_MODEL, 300, 1, 0, open_spiral, run_spiral},
};

int main(int count, char **words) {
  int most = count > 1 ? atoi(words[1]) : 0, failed = 0;
  if (count > 3 || (count > 1 && (most < 1 || most > ROUNDS_MOST))) {
    fprintf(stderr, "usage: bench_trust [ROUNDS [WORD]], rounds 1 to %d\n", ROUNDS_MOST);
    return EXIT_FAILURE;
  }
  for (size_t i = 0; i < TRAJECTORIES; i++) lv_parameters(i, ENSEMBLE_SPREAD, parameters + i * LV_PARAMETERS);
  if (make_data("spiral", scratch("data.csv")) ||
      draw_rows(ROUNDS_MOST, BATCH, DATA_ROWS - POINTS, scratch("windows.csv"), starts))
    return EXIT_FAILURE;
  clock_for(1);
  printf("Gradients with and without error control of their own (gradient-control), one core\n");
  print_machine();
  printf("ratios are lowest / median / highest of rounds; narrowed: how often refine narrowed steps\n\n");
  print_header();
  for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++)
    if (count < 3 || strstr(subjects[i].name, words[2]))
      failed |= measure(&subjects[i], most ? most : subjects[i].rounds);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Gradients of stiff problems at equal error: odegrad by each of its methods, as a compiled model, a model
 * and callbacks, beside CVODES' adjoint. Tolerances of all are scanned; for a largest error, each
 * contestant's fastest tolerance and setting that reach it are timed, in turn, round after round.
 *
 * bench_stiff PROBLEM: that problem alone, by its number.
 *
 * bench_stiff --figure FILE: time against error of every method, drawn.
 *
 * bench_stiff --only PROBLEM FIELD METHOD TOLERANCE CONTROL: gradients for two seconds, for a profiler.
 *
 * The error is |g - g*| / |g*|, Euclidean, of dL/dx0 and p dL/dp;
 * g* is radau9's at 1e-12 (references with more digits, which tests/test_stiff.c holds it to, are there for
 * the given parameters alone). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"
#include "stiff_contestant.h"

enum { ENSEMBLE = 1000, JUDGED = 32, ROUNDS = 7, SAMPLES_MOST = 64, SCANNED = 12 };
#define SPREAD 0.1

typedef enum kind { OWN_COMPILED_AUTO, COMPILED, MODEL, CALLBACKS, PEER, KINDS } kind;
static const char *const kind_names[KINDS] = {"odegrad, compiled, auto", "odegrad, compiled",
                                              "odegrad, model", "odegrad, callbacks", "CVODES adjoint"};
static const char *const methods[] = {"auto", "rodas5p", "kvaerno5", "esdirk54", "radau5", "radau9"};
enum { METHODS = sizeof methods / sizeof *methods };
static const stiff_peer_settings peers[] = {{0, 0, 1},   {0, 1, 1},  {1, 1, 1},
                                            {0, 1, 0.1}, {0, 1, 10}, {0, 0, 10}};
enum { PEERS = sizeof peers / sizeof *peers };

/* A contestant with its settings. */
typedef struct player {
  kind kind;
  int setting; /* of methods or of peers */
  double tolerance, error, seconds;
  stiff_own *own;
  stiff_peer *peer;
} player;

typedef struct game {
  const stiff_problem *problem;
  const char *control; /* gradient-control */
  size_t trajectories, judged;
  double *theta, *truth, *gradients;
  player samples[KINDS][METHODS * SAMPLES_MOST];
  int count[KINDS];
} game;

/* ---- One contestant ---- */

static int open_player(const game *g, player *p, size_t trajectories) {
  stiff_field field = p->kind == MODEL       ? STIFF_MODEL
                      : p->kind == CALLBACKS ? STIFF_CALLBACKS
                                             : STIFF_COMPILED;
  if (p->kind == PEER)
    p->peer = stiff_peer_create(g->problem, &peers[p->setting], p->tolerance);
  else
    p->own = stiff_own_create(g->problem, field, methods[p->setting], p->tolerance, g->control, trajectories);
  return p->own || p->peer ? 0 : -1;
}

static void close_player(player *p) {
  stiff_own_destroy(p->own);
  stiff_peer_destroy(p->peer);
  p->own = NULL, p->peer = NULL;
}

static int play(const game *g, player *p, size_t trajectories) {
  size_t size = (size_t)(g->problem->n + g->problem->p);
  if (p->own) return stiff_own_gradient(p->own, g->theta, g->gradients);
  for (size_t m = 0; m < trajectories; m++)
    if (stiff_peer_gradient(p->peer, g->theta + m * (size_t)g->problem->p, g->gradients + m * size))
      return -1;
  return 0;
}

/* The largest of the trajectories that are judged. */
static double error_of(const game *g, size_t trajectories) {
  size_t size = (size_t)(g->problem->n + g->problem->p);
  double worst = 0;
  for (size_t m = 0; m < trajectories && m < g->judged; m++) {
    double off = 0, all = 0;
    for (size_t i = m * size; i < (m + 1) * size; i++) {
      off += (g->gradients[i] - g->truth[i]) * (g->gradients[i] - g->truth[i]);
      all += g->truth[i] * g->truth[i];
    }
    double error = sqrt(off / all);
    if (!(error <= worst)) worst = error;
  }
  return worst;
}

/* ---- The scan ---- */

static int probe(const game *g, player *p) {
  size_t trajectories = g->trajectories < JUDGED ? g->trajectories : JUDGED;
  if (open_player(g, p, trajectories)) return -1;
  p->seconds = INFINITY;
  int failed = 0;
  for (int i = 0; i < 3 && !failed; i++) {
    double start = cpu_seconds();
    failed = play(g, p, trajectories);
    p->seconds = fmin(p->seconds, (cpu_seconds() - start) / (double)trajectories);
    if (i && p->seconds * (double)trajectories > 0.1) break; /* memory is touched in the first */
  }
  p->error = failed ? INFINITY : error_of(g, trajectories);
  close_player(p);
  return failed;
}

/* CVODES' settings are given ten times the limit. */
static void scan(game *g, kind of, double limit) {
  int own = g->trajectories > 1 ? 2 : METHODS; /* of an ensemble auto and rodas5p */
  for (int s = 0; s < (of == PEER ? PEERS : own); s++)
    for (int k = 0; k < SCANNED; k++) {
      player p = {.kind = of, .setting = s, .tolerance = pow(10, -3.5 - 0.5 * k)};
      int failed = probe(g, &p);
      if (!failed) g->samples[of][g->count[of]++] = p;
      if (p.seconds > (of == PEER ? 10 : 1) * limit) break;
    }
}

/* Compiled models have the same bits as the others, and are compiled for the match alone. */
static void take_compiled(game *g) {
  for (int i = 0; i < g->count[MODEL]; i++) {
    player p = g->samples[MODEL][i];
    p.kind = p.setting == 0 ? OWN_COMPILED_AUTO : COMPILED;
    g->samples[p.kind][g->count[p.kind]++] = p;
  }
}

static const player *pick(const game *g, kind of, double target) {
  const player *best = NULL;
  for (const player *p = g->samples[of]; p < g->samples[of] + g->count[of]; p++)
    if (p->error <= target && (!best || p->seconds < best->seconds)) best = p;
  return best;
}

/* ---- The match ---- */

static void label(const player *p, char *text, size_t size) {
  const stiff_peer_settings *s = &peers[p->setting];
  if (p->kind == PEER)
    snprintf(text, size, "%s, quadratures %s, backward x %g", s->polynomial ? "polynomial" : "Hermite",
             s->quadrature_control ? "controlled" : "free", s->backward_factor);
  else
    snprintf(text, size, "%s", methods[p->setting]);
}

static void match(game *g, double target) {
  static player players[KINDS];
  static double seconds[KINDS][ROUNDS];
  int calls[KINDS] = {0};
  printf("\n  error <= %.0e%*s%-46s %9s %9s %12s %10s  %s\n", target, 9, "", "settings", "tolerance", "error",
         "time [us]", "CVODES is", "steps, implicit, refinements");
  for (int f = 0; f < KINDS; f++) {
    const player *best = pick(g, (kind)f, target);
    size_t many = f == PEER && g->trajectories > 100 ? 100 : g->trajectories;
    if (!best) continue;
    players[f] = *best;
    if (open_player(g, &players[f], many) || play(g, &players[f], many)) continue;
    players[f].error = error_of(g, many);
    calls[f] = 1 + (int)(5e-3 / (best->seconds * (double)many));
  }
  for (int round = 0; round < ROUNDS; round++)
    for (int f = 0; f < KINDS; f++) {
      size_t many = f == PEER && g->trajectories > 100 ? 100 : g->trajectories;
      double start = cpu_seconds();
      for (int i = 0; i < calls[f]; i++) play(g, &players[f], many);
      if (calls[f]) seconds[f][round] = (cpu_seconds() - start) / (double)many / calls[f];
    }
  for (int f = 0; f < KINDS; f++) {
    double ratios[ROUNDS];
    char text[80];
    if (!calls[f]) {
      printf("  %-23s does not reach it, or is not there\n", kind_names[f]);
      continue;
    }
    for (int round = 0; round < ROUNDS; round++) ratios[round] = seconds[PEER][round] / seconds[f][round];
    label(&players[f], text, sizeof text);
    printf("  %-23s %-46s %9.1e %9.1e %12.2f", kind_names[f], text, players[f].tolerance, players[f].error,
           1e6 * spread_of(seconds[f], ROUNDS).median);
    if (calls[PEER] && f != PEER) printf(" %8.2f x", spread_of(ratios, ROUNDS).median);
    if (players[f].own) {
      long long steps, implicit, refinements;
      stiff_own_counts(players[f].own, &steps, &implicit, &refinements);
      printf("  %lld, %lld, %lld", steps / (long long)g->trajectories, implicit / (long long)g->trajectories,
             refinements);
    }
    printf("\n");
  }
  for (int f = 0; f < KINDS; f++) close_player(&players[f]), calls[f] = 0;
  fflush(stdout);
}

/* ---- A game ---- */

static double noise(unsigned long long *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (double)(long long)(*state >> 11) / (double)(1LL << 52) - 1;
}

static int begin(game *g, int problem, size_t trajectories) {
  const stiff_problem *s = &stiff_problems[problem];
  size_t size = (size_t)(s->n + s->p), p = (size_t)s->p;
  unsigned long long seed = 11;
  memset(g, 0, sizeof *g);
  g->control = "refine";
  g->problem = s, g->trajectories = trajectories, g->judged = trajectories < JUDGED ? trajectories : JUDGED;
  g->theta = calloc(trajectories * p, sizeof(double));
  g->truth = calloc(g->judged * size, sizeof(double));
  g->gradients = calloc(trajectories * size, sizeof(double));
  for (size_t m = 0; m < trajectories; m++)
    for (size_t j = 0; j < p; j++)
      g->theta[m * p + j] = s->theta[j] * (trajectories > 1 ? 1 + SPREAD * noise(&seed) : 1);
  stiff_own *tight = stiff_own_create(s, STIFF_CALLBACKS, "radau9",
                                      problem == STIFF_BRUSSELATOR ? 1e-10 : 1e-12, "none", g->judged);
  int failed = !tight || stiff_own_gradient(tight, g->theta, g->truth);
  stiff_own_destroy(tight);
  return failed;
}

static void end(game *g) { free(g->theta), free(g->truth), free(g->gradients); }

/* From loose to tight, until a gradient takes longer than `limit`. A model of 1000 equations would be read
 * too often, and takes too long to compile. */
static void scan_all(game *g, int problem, int first) {
  int large = g->problem->n > 100;
  double limit = g->trajectories > 1 ? 0.003 : large ? 3 : problem == STIFF_VAN_DER_POL ? 0.1 : 0.03;
  for (int f = PEER; f >= first && f >= (large ? CALLBACKS : MODEL); f--) scan(g, (kind)f, limit);
  take_compiled(g);
}

static void run(int problem, size_t trajectories) {
  static game g;
  static const double targets[] = {1e-5, 1e-6, 1e-7};
  printf("\n%s%s\n", stiff_problems[problem].name,
         trajectories > 1 ? ", 1000 with differing parameters, time of each" : "");
  fflush(stdout);
  if (begin(&g, problem, trajectories)) return;
  scan_all(&g, problem, 0);
  for (int i = 0; i < 3; i++) match(&g, targets[i]);
  end(&g);
}

/* ---- The figure ---- */

/* No other of its samples is faster and has no larger error. */
static int is_best(const game *g, const player *p) {
  for (const player *q = g->samples[p->kind]; q < g->samples[p->kind] + g->count[p->kind]; q++)
    if (q->seconds < p->seconds && q->error <= p->error) return 0;
  return 1;
}

/* Samples of a method in order of tolerance; of CVODES' settings those that are best. */
static void draw(const game *g, og_plot *plot) {
  double error[SAMPLES_MOST], time[SAMPLES_MOST];
  for (int setting = 0; setting < METHODS; setting++) {
    size_t count = 0;
    for (const player *p = g->samples[CALLBACKS]; p < g->samples[CALLBACKS] + g->count[CALLBACKS]; p++)
      if (p->setting == setting && p->error < 1 && p->error > 0)
        error[count] = p->error, time[count++] = 1e3 * p->seconds;
    if (count) og_plot_marked(plot, methods[setting], count, error, time);
  }
  size_t count = 0;
  for (double last = 0;; count++) { /* from the least error on */
    const player *next = NULL;
    for (const player *p = g->samples[PEER]; p < g->samples[PEER] + g->count[PEER]; p++)
      if (p->error > last && p->error < 1 && is_best(g, p) && (!next || p->error < next->error)) next = p;
    if (!next || count == SAMPLES_MOST) break;
    error[count] = last = next->error, time[count] = 1e3 * next->seconds;
  }
  if (count) og_plot_marked(plot, "CVODES", count, error, time);
}

static int figure(const char *path) {
  static const int shown[] = {STIFF_ROBERTSON, STIFF_HIRES, STIFF_BRUSSELATOR, STIFF_VAN_DER_POL};
  static game g;
  og_context *context = NULL;
  og_plot *plot = NULL;
  if (og_context_create(NULL, NULL, NULL, &context) != OG_OK) return 1;
  if (og_plot_create(context, NULL, "error of the gradient", "milliseconds", &plot) != OG_OK) return 1;
  og_plot_set_log(plot, 1, 1);
  og_plot_set_size(plot, 1000, 800);
  for (int i = 0; i < 4; i++) {
    if (begin(&g, shown[i], 1)) return 1;
    g.control = "none"; /* what methods can do; CVODES' has no such control either */
    scan_all(&g, shown[i], CALLBACKS);
    og_plot_panel(plot, g.problem->name, NULL, "milliseconds");
    draw(&g, plot);
    end(&g);
  }
  og_status status = og_plot_write(plot, path);
  if (status != OG_OK) fprintf(stderr, "%s\n", og_context_message(context));
  og_plot_destroy(plot);
  og_context_destroy(context);
  return status != OG_OK;
}

static int only(char **words) {
  static game g;
  long rounds = 0;
  if (begin(&g, atoi(words[2]), 1)) return 1;
  g.control = words[6];
  player p = {.kind = (kind)atoi(words[3]), .tolerance = atof(words[5])};
  for (int s = 0; s < METHODS; s++)
    if (strcmp(methods[s], words[4]) == 0) p.setting = s;
  if (open_player(&g, &p, 1)) return 1;
  double start = cpu_seconds();
  while (cpu_seconds() < start + 2 && play(&g, &p, 1) == 0) rounds++;
  printf("%.2f us, error %.1e, %ld gradients\n",
         1e6 * (cpu_seconds() - start) / (double)(rounds ? rounds : 1), error_of(&g, 1), rounds);
  close_player(&p);
  end(&g);
  return 0;
}

int main(int count, char **words) {
  int one = count == 2 ? atoi(words[1]) : -1;
  if (count == 7) return only(words);
  if (count == 3) return figure(words[2]);
  printf("Gradients of stiff problems at equal error, one core, medians of %d rounds\n", ROUNDS);
  print_machine();
  printf("peer       %s\n", stiff_peer_version() ? stiff_peer_version() : "not built: odegrad alone");
  for (int problem = 0; problem < STIFF_COUNT; problem++)
    if (one < 0 || one == problem) run(problem, 1);
  if (one < 0 || one == STIFF_COUNT) run(STIFF_HIRES, ENSEMBLE);
  return 0;
}

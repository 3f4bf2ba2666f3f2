/* torchdiffeq's ode_demo (examples/spiral): time for an iteration of training, beside torchdiffeq by
 * backpropagation through the solver and by its adjoint, from the same weights with the same mini-batches.
 *   bench_spiral [ITERATIONS [ROUNDS [THREADS]]] */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "measure.h"
#include "network.h"
#include "python.h"

enum { BATCH = 20, POINTS = 10, WARM = 5, MOST = PYTHON_LOSSES, ROUNDS = 9 };

static size_t iterations = 100, rounds = 3;
static size_t starts[MOST * BATCH];

/* Times and losses of one round, and evaluations of f for a window. */
typedef struct trained {
  double seconds, evaluations, losses[MOST];
} trained;

static int train(network *n, trained *to) {
  static double seconds[MOST];
  long long evaluations = 0;
  if (network_restart(n)) return -1;
  for (size_t k = 0; k < iterations; k++) {
    og_window windows[BATCH];
    for (size_t i = 0; i < BATCH; i++) windows[i] = (og_window){0, starts[k * BATCH + i], POINTS, 0};
    double begin = clock_seconds();
    if (network_step(n, BATCH, windows, &to->losses[k])) return -1;
    seconds[k] = clock_seconds() - begin;
    evaluations += og_objective_stat(n->objective, OG_STAT_RHS_EVALS);
  }
  to->seconds = spread_of(seconds + WARM, iterations - WARM).median;
  to->evaluations = (double)evaluations / (double)(iterations * BATCH);
  return 0;
}

static int open_spiral(network *n) {
  return network_open(n, "examples/spiral/spiral.ode") ||
         bad(n, og_options_set_text(n->options, "method", "dopri5")) ||
         bad(n, og_options_set_text(n->options, "rtol", "1e-7")) ||
         bad(n, og_options_set_text(n->options, "atol", "1e-9")) ||
         bad(n, og_options_set_text(n->options, "precision", "single")) ||
         bad(n, og_options_set_text(n->options, "optimizer", "rmsprop")) ||
         bad(n, og_options_set_text(n->options, "learning-rate", "1e-3"));
}

/* The largest relative difference of the losses of all iterations. */
static double largest_difference(const double *a, const double *b) {
  double largest = 0;
  for (size_t i = 0; i < iterations; i++) largest = fmax(largest, fabs(a[i] - b[i]) / fabs(a[i]));
  return largest;
}

static const char *const modes[] = {"backprop", "adjoint"};

static int run_peer(const char *mode, int threads, python_result *to) {
  char arguments[1024];
  snprintf(arguments, sizeof arguments,
           "--weights %s --data %s --windows %s --mode %s --threads %d --points %d --warmup %d",
           scratch("weights.safetensors"), scratch("data.csv"), scratch("windows.csv"), mode, threads, POINTS,
           WARM);
  return python_run("torch", "spiral", threads, arguments, to);
}

static void print_own(int threads, double seconds, const trained *t) {
  printf("  %-44s %d %10.3f %14s %12.1f %12.6f\n", "odegrad", threads, 1e3 * seconds, "1", t->evaluations,
         t->losses[iterations - 1]);
}

/* odegrad and both modes of the peer, round by round. */
static int compare(network *n, int threads) {
  static trained own;
  static python_result peer;
  double seconds[ROUNDS], other[2][ROUNDS], ratio[2][ROUNDS], difference[2] = {0}, evaluations[2], loss[2];
  char name[2][160];
  int with_peer = python_available("torch");
  if (bad(n, og_context_set_threads(n->context, threads))) return -1;
  clock_for(threads);
  for (size_t r = 0; r < rounds; r++) {
    if (train(n, &own)) return -1;
    seconds[r] = own.seconds;
    for (size_t m = 0; m < 2 && with_peer; m++) {
      if (run_peer(modes[m], threads, &peer)) return -1;
      other[m][r] = peer.seconds, ratio[m][r] = peer.seconds / own.seconds;
      difference[m] = fmax(difference[m], largest_difference(own.losses, peer.losses));
      evaluations[m] = peer.evaluations, loss[m] = peer.losses[iterations - 1];
      snprintf(name[m], sizeof name[m], "%s, %s", peer.name, modes[m]);
    }
  }
  print_own(threads, spread_of(seconds, rounds).median, &own);
  for (size_t m = 0; m < 2 && with_peer; m++) {
    spread s = spread_of(ratio[m], rounds);
    printf("  %-44s %d %10.3f %4.0f/%4.0f/%4.0f %12.1f %12.6f  losses differ by at most %.1e\n", name[m],
           threads, 1e3 * spread_of(other[m], rounds).median, s.lowest, s.median, s.highest, evaluations[m],
           loss[m], difference[m]);
  }
  return 0;
}

int main(int argc, char **argv) {
  int most = argc > 3 ? atoi(argv[3]) : 2;
  if (argc > 1) iterations = strtoul(argv[1], NULL, 10);
  if (argc > 2) rounds = strtoul(argv[2], NULL, 10);
  if (iterations <= WARM || iterations > MOST || rounds < 1 || rounds > ROUNDS) return EXIT_FAILURE;
  network n;
  int failed = make_data("spiral", scratch("data.csv")) || open_spiral(&n) ||
               network_objective(&n, scratch("data.csv")) ||
               network_write(&n, scratch("weights.safetensors")) ||
               draw_rows(iterations, BATCH, 1000 - POINTS, scratch("windows.csv"), starts);
  if (failed) return EXIT_FAILURE;
  printf("Spiral of torchdiffeq's ode_demo: an iteration of training, %d windows of %d points, dopri5 "
         "1e-7/1e-9, single\n",
         BATCH, POINTS);
  print_machine();
  printf("\n  %-44s %s %7s %14s %12s %12s\n", "", "threads", "ms", "x odegrad", "evaluations", "last loss");
  for (int threads = 1; threads <= most && !failed; threads++) failed = compare(&n, threads);
  puts("  evaluations: of the field for a window, forward; odegrad's count has those taken again on the way "
       "back");
  network_close(&n);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

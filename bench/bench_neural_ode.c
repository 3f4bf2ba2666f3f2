/* diffrax's example of a neural ODE (examples/neural_ode): time for a step of training beside diffrax, after
 * and with compilation, from the same weights with the same mini-batches. First the first tenth of each
 * series, then the whole. bench_neural_ode [STEPS [ROUNDS]] */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "measure.h"
#include "network.h"
#include "python.h"

enum { SERIES = 256, BATCH = 32, WARM = 5, MOST = PYTHON_LOSSES, ROUNDS = 9 };

static size_t steps = 500, rounds = 3;
static size_t batches[MOST * BATCH];

typedef struct trained {
  double seconds, total, losses[MOST];
} trained;

static int train(network *n, size_t points, trained *to) {
  static double seconds[MOST];
  if (network_restart(n)) return -1;
  double start = clock_seconds();
  for (size_t k = 0; k < steps; k++) {
    og_window windows[BATCH];
    for (size_t i = 0; i < BATCH; i++) windows[i] = (og_window){batches[k * BATCH + i], 0, points, 0};
    double begin = clock_seconds();
    if (network_step(n, BATCH, windows, &to->losses[k])) return -1;
    seconds[k] = clock_seconds() - begin;
  }
  to->total = clock_seconds() - start;
  to->seconds = spread_of(seconds + WARM, steps - WARM).median;
  return 0;
}

static int open_example(network *n) {
  return network_open(n, "examples/neural_ode/neural_ode.ode") ||
         bad(n, og_options_set_text(n->options, "method", "tsit5")) ||
         bad(n, og_options_set_text(n->options, "rtol", "1e-3")) ||
         bad(n, og_options_set_text(n->options, "atol", "1e-6")) ||
         bad(n, og_options_set_text(n->options, "precision", "single")) ||
         bad(n, og_options_set_text(n->options, "optimizer", "adabelief")) ||
         bad(n, og_options_set_text(n->options, "learning-rate", "3e-3"));
}

static int run_peer(int threads, size_t points, python_result *to) {
  char arguments[1024];
  snprintf(arguments, sizeof arguments,
           "--weights %s --data %s --batches %s --threads %d --points %zu --warmup %d",
           scratch("weights.safetensors"), scratch("data.csv"), scratch("batches.csv"), threads, points,
           WARM);
  return python_run("jax", "neural_ode", threads, arguments, to);
}

/* The mean of the last tenth of the losses: single ones scatter from batch to batch. */
static double last_losses(const double *losses) {
  double sum = 0;
  for (size_t i = steps - steps / 10; i < steps; i++) sum += losses[i];
  return sum / (double)(steps / 10);
}

/* The largest relative difference of the losses of the first steps: later ones part, since each program
 * chooses its own steps in time. */
static double first_difference(const double *a, const double *b) {
  double largest = 0;
  for (size_t i = 0; i < 20 && i < steps; i++) largest = fmax(largest, fabs(a[i] - b[i]) / fabs(a[i]));
  return largest;
}

static void print_row(const char *name, int threads, size_t points, double seconds, double total,
                      double loss) {
  printf("  %-28s %7d %6zu %8.3f %8.2f %10.6f", name, threads, points, 1e3 * seconds, total, loss);
}

static int compare(network *n, int threads, size_t points) {
  static trained own;
  static python_result peer;
  double seconds[ROUNDS], total[ROUNDS], other[ROUNDS], other_total[ROUNDS], ratio[ROUNDS], whole[ROUNDS];
  int with_peer = python_available("jax");
  if (bad(n, og_context_set_threads(n->context, threads))) return -1;
  clock_for(threads);
  for (size_t r = 0; r < rounds; r++) {
    if (train(n, points, &own)) return -1;
    seconds[r] = own.seconds, total[r] = own.total;
    if (!with_peer) continue;
    if (run_peer(threads, points, &peer)) return -1;
    other[r] = peer.seconds, other_total[r] = peer.total;
    ratio[r] = peer.seconds / own.seconds, whole[r] = peer.total / own.total;
  }
  print_row("odegrad", threads, points, spread_of(seconds, rounds).median, spread_of(total, rounds).median,
            last_losses(own.losses));
  puts("");
  if (!with_peer) return 0;
  print_row(peer.name, threads, points, spread_of(other, rounds).median,
            spread_of(other_total, rounds).median, last_losses(peer.losses));
  spread s = spread_of(ratio, rounds), w = spread_of(whole, rounds);
  printf("  %4.1f/%4.1f/%4.1f  %4.1f/%4.1f/%4.1f  first 20 losses differ by at most %.1e\n", s.lowest,
         s.median, s.highest, w.lowest, w.median, w.highest, first_difference(own.losses, peer.losses));
  return 0;
}

int main(int argc, char **argv) {
  int most = argc > 3 ? atoi(argv[3]) : 2;
  if (argc > 1) steps = strtoul(argv[1], NULL, 10);
  if (argc > 2) rounds = strtoul(argv[2], NULL, 10);
  if (steps < 20 || steps > MOST || rounds < 1 || rounds > ROUNDS) return EXIT_FAILURE;
  network n;
  int failed = make_data("neural_ode", scratch("data.csv")) || open_example(&n) ||
               network_objective(&n, scratch("data.csv")) ||
               network_write(&n, scratch("weights.safetensors")) ||
               draw_rows(steps, BATCH, SERIES, scratch("batches.csv"), batches);
  if (failed) return EXIT_FAILURE;
  printf("diffrax's neural ODE: %zu steps of training on batches of %d series, Tsit5 1e-3/1e-6, AdaBelief "
         "3e-3, single\n",
         steps, BATCH);
  print_machine();
  printf("\n  %-28s %s %6s %8s %8s %10s  %14s  %14s\n", "", "threads", "points", "ms/step", "all [s]", "loss",
         "x odegrad, step", "and in all");
  for (int threads = 1; threads <= most && !failed; threads++)
    failed = compare(&n, threads, 10) || compare(&n, threads, 100);
  network_close(&n);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

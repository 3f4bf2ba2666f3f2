/* A wide network as the field, x' = mlp(64, 256, 256, 64; tanh): gradient of the mean square of the final
 * state by RK4 in single precision, beside torchdiffeq, as a share of the processor's matrix peak; and memory
 * under a budget. bench_mlp [ROUNDS [LONG_STEPS]] */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fma_peak.h"
#include "measure.h"
#include "network.h"
#include "python.h"

enum { STATES = 64, HIDDEN = 256, STEPS = 40, ITERATIONS = 5, ROUNDS = 9, LONG_BATCH = 128 };
static const char model_text[] = "net f = mlp(64, 256, 256, 64; tanh)\n"
                                 "const zero[64] = 0\n"
                                 "init x = zero\n"
                                 "x' = f(x)\n";

/* Weights times inputs, forward once and back twice (by inputs and by weights), four stages a step. */
static double operations(size_t batch, size_t steps) {
  double weights = 2.0 * STATES * HIDDEN + (double)HIDDEN * HIDDEN;
  return 3 * 2 * weights * 4 * (double)steps * (double)batch;
}

typedef struct job {
  network *n;
  og_solve *solve;
  size_t batch;
  double *states, *final_bar; /* [batch][STATES] */
  double loss, norm;
} job;

/* The states are written for the peer as well. */
static int fill_states(job *j, const char *path) {
  FILE *file = fopen(path, "w");
  uint64_t state = 64;
  for (size_t i = 0; file && i < j->batch * STATES; i++) {
    state = state * 48271 % 2147483647;
    j->states[i] = (float)(2 * (double)state / 2147483647 - 1);
    fprintf(file, "%.9g%c", j->states[i], i % STATES + 1 < STATES ? ',' : '\n');
  }
  return file && fclose(file) == 0 ? 0 : -1;
}

static void close_job(job *j) {
  og_solve_destroy(j->solve);
  free(j->states);
}

static int open_job(job *j, network *n, size_t batch, size_t steps, long long memory) {
  *j = (job){.n = n, .batch = batch, .states = calloc(2 * batch * STATES, sizeof(double))};
  if (!j->states) return -1;
  j->final_bar = j->states + batch * STATES;
  int failed = fill_states(j, scratch("states.csv")) ||
               bad(n, og_options_set_text(n->options, "method", "rk4")) ||
               bad(n, og_options_set_text(n->options, "precision", "single")) ||
               bad(n, og_options_set_integer(n->options, OG_OPT_STEPS, (long long)steps)) ||
               bad(n, og_options_set_integer(n->options, OG_OPT_MEMORY, memory)) ||
               bad(n, og_solve_create(n->context, og_model_field(n->model), n->options, batch, &j->solve));
  for (size_t m = 0; m < batch && !failed; m++)
    failed = bad(n, og_solve_set_span(j->solve, m, 0, 1)) ||
             bad(n, og_solve_set_initial_state(j->solve, m, j->states + m * STATES));
  if (!failed) failed = bad(n, og_solve_set_parameters(j->solve, OG_ALL, n->first));
  if (failed) close_job(j);
  return failed;
}

/* Loss and gradient once. */
static int evaluate(job *j) {
  network *n = j->n;
  double scale = 1 / (double)(j->batch * STATES), squares = 0;
  memset(n->gradient, 0, n->p * sizeof *n->gradient);
  j->loss = 0;
  if (bad(n, og_solve_run(j->solve))) return -1;
  for (size_t m = 0; m < j->batch; m++) {
    double *x = j->final_bar + m * STATES;
    if (bad(n, og_solve_final(j->solve, m, x))) return -1;
    for (size_t i = 0; i < STATES; i++) j->loss += scale * x[i] * x[i], x[i] *= 2 * scale;
  }
  if (bad(n, og_solve_pullback(j->solve,
                               &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = j->final_bar,
                                                     .theta_bar = n->gradient})))
    return -1;
  for (size_t i = 0; i < n->p; i++) squares += n->gradient[i] * n->gradient[i];
  j->norm = sqrt(squares);
  return 0;
}

static int time_own(job *j, double *seconds) {
  double times[ITERATIONS];
  if (evaluate(j)) return -1;
  for (size_t i = 0; i < ITERATIONS; i++) {
    double begin = clock_seconds();
    if (evaluate(j)) return -1;
    times[i] = clock_seconds() - begin;
  }
  *seconds = spread_of(times, ITERATIONS).median;
  return 0;
}

static int run_peer(int threads, python_result *to) {
  char arguments[1024];
  snprintf(arguments, sizeof arguments, "--weights %s --states %s --threads %d --iterations %d --steps %d",
           scratch("weights.safetensors"), scratch("states.csv"), threads, ITERATIONS, STEPS);
  return python_run("torch", "mlp", threads, arguments, to);
}

static void print_row(const char *name, int threads, const job *j, double seconds, double peak) {
  double rate = operations(j->batch, STEPS) / seconds / 1e9;
  printf("  %-36s %6zu %7d %8.1f %8.1f %6.0f %%", name, j->batch, threads, 1e3 * seconds, rate,
         100 * rate / (peak * threads));
}

static int compare(network *n, size_t batch, int threads, size_t rounds, double peak) {
  static python_result peer;
  double own[ROUNDS], other[ROUNDS], ratio[ROUNDS];
  job j;
  int with_peer = python_available("torch"), failed;
  if (bad(n, og_context_set_threads(n->context, threads)) || open_job(&j, n, batch, STEPS, 0)) return -1;
  clock_for(threads);
  failed = 0;
  for (size_t r = 0; r < rounds && !failed; r++) {
    failed = time_own(&j, &own[r]) || (with_peer && run_peer(threads, &peer));
    if (!failed && with_peer) other[r] = peer.seconds, ratio[r] = peer.seconds / own[r];
  }
  if (!failed) print_row("odegrad", threads, &j, spread_of(own, rounds).median, peak), puts("");
  if (!failed && with_peer) {
    print_row(peer.name, threads, &j, spread_of(other, rounds).median, peak);
    spread s = spread_of(ratio, rounds);
    printf("  %4.1f/%4.1f/%4.1f  loss and gradient differ by %.0e, %.0e; its product alone: %.0f GFLOP/s\n",
           s.lowest, s.median, s.highest, fabs(peer.losses[0] / j.loss - 1), fabs(peer.gradient / j.norm - 1),
           peer.product);
  }
  close_job(&j);
  return failed;
}

/* ---- Memory ---- */

typedef struct long_run {
  network *n;
  size_t steps;
  long long memory;
} long_run;

/* A gradient over many steps, in a process of its own; leaves its bits and its time in a file. */
static int run_long(void *data) {
  const long_run *l = data;
  job j;
  clock_for(1);
  double begin = clock_seconds(), seconds;
  if (open_job(&j, l->n, LONG_BATCH, l->steps, l->memory) || evaluate(&j)) return -1;
  seconds = clock_seconds() - begin;
  FILE *file = fopen(scratch("long"), "wb");
  double again = (double)og_solve_stat(j.solve, OG_STAT_RECOMPUTED_STEPS) / (double)(l->steps * LONG_BATCH);
  int written = file && fwrite(&seconds, sizeof seconds, 1, file) == 1 &&
                fwrite(&again, sizeof again, 1, file) == 1 &&
                fwrite(l->n->gradient, sizeof(double), l->n->p, file) == l->n->p && fclose(file) == 0;
  close_job(&j);
  return written ? 0 : -1;
}

static int measure_long(long_run *l, double *seconds, double *again, double *gradient, long *kilobytes) {
  *kilobytes = peak_kilobytes(run_long, l);
  FILE *file = *kilobytes < 0 ? NULL : fopen(scratch("long"), "rb");
  int read = file && fread(seconds, sizeof *seconds, 1, file) == 1 &&
             fread(again, sizeof *again, 1, file) == 1 &&
             fread(gradient, sizeof(double), l->n->p, file) == l->n->p;
  if (file) fclose(file);
  return read ? 0 : -1;
}

static int compare_memory(network *n, size_t steps) {
  long_run one = {n, 1, 0}, whole = {n, steps, 0}, budget = {n, steps, 64 << 20};
  double seconds[3], again[3], *gradients = calloc(3 * n->p, sizeof *gradients);
  long kilobytes[3];
  int failed = !gradients || bad(n, og_context_set_threads(n->context, 1));
  const long_run *const runs[] = {&one, &whole, &budget};
  for (size_t i = 0; i < 3 && !failed; i++)
    failed = measure_long((long_run *)runs[i], &seconds[i], &again[i], gradients + i * n->p, &kilobytes[i]);
  if (!failed) {
    printf("\nMemory: %zu RK4 steps, batch %d, peak resident above a process that takes one step\n", steps,
           LONG_BATCH);
    int same = memcmp(gradients + n->p, gradients + 2 * n->p, n->p * sizeof *gradients) == 0;
    for (size_t i = 1; i < 3; i++)
      printf("  %-16s %8.1f MiB %8.1f s, steps taken again for each: %.2f\n",
             i == 1 ? "no budget" : "budget 64 MiB", (double)(kilobytes[i] - kilobytes[0]) / 1024, seconds[i],
             again[i]);
    printf("  the gradients have %s\n", same ? "the same bits" : "OTHER BITS");
    failed = !same;
  }
  free(gradients);
  return failed;
}

int main(int argc, char **argv) {
  int most = argc > 3 ? atoi(argv[3]) : 2;
  size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 3;
  size_t long_steps = argc > 2 ? strtoul(argv[2], NULL, 10) : 10000;
  network n;
  if (rounds > ROUNDS || long_steps < 1) return EXIT_FAILURE;
  if (network_open(&n, model_text) || network_write(&n, scratch("weights.safetensors"))) return EXIT_FAILURE;
  printf("x' = mlp(64, 256, 256, 64; tanh): gradient of the mean square of x(1), RK4, %d steps, single "
         "precision\n",
         STEPS);
  print_machine();
  double peak = fma_peak_s();
  printf("peak       %.0f GFLOP/s a core, multiply-adds on registers\n", peak);
  printf("\n  %-36s %6s %7s %8s %8s %8s  %14s\n", "", "batch", "threads", "ms", "GFLOP/s", "of peak",
         "x odegrad");
  int failed = 0;
  for (int threads = 1; threads <= most && rounds && !failed; threads++)
    failed = compare(&n, 128, threads, rounds, peak) || compare(&n, 1024, threads, rounds, peak);
  if (!failed) failed = compare_memory(&n, long_steps);
  network_close(&n);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

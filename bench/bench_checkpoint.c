/* What a memory budget costs: time and steps taken again against budget, beside the binomial bound, for a
 * long run with adaptive steps and one with as many equal steps, with checkpoints in memory and in a file.
 *   bench_checkpoint [FILE.csv [FILE.svg]]    writes the numbers as CSV and draws them as well */
#include <math.h>
#include <odegrad.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"

enum { STATES = 32, ROUNDS = 3 };
static const double SPAN = 4000;

/* A ring of predators and prey, each coupled to the next. */
static int ring_rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)t, (void)user;
  for (int i = 0; i < STATES; i += 2) {
    double next = x[(i + 2) % STATES];
    f[i] = p[0] * x[i] - p[1] * x[i] * x[i + 1] + p[2] * (next - x[i]);
    f[i + 1] = -x[i + 1] + p[3] * x[i] * x[i + 1];
  }
  return 0;
}

static int ring_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                    double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)t_bar, (void)user;
  for (int i = 0; i < STATES; i += 2) {
    int next = (i + 2) % STATES;
    double xy = x[i] * x[i + 1];
    x_bar[i] += l[i] * (p[0] - p[1] * x[i + 1] - p[2]) + l[i + 1] * p[3] * x[i + 1];
    x_bar[i + 1] += -l[i] * p[1] * x[i] + l[i + 1] * (-1 + p[3] * x[i]);
    x_bar[next] += l[i] * p[2];
    theta_bar[0] += l[i] * x[i];
    theta_bar[1] -= l[i] * xy;
    theta_bar[2] += l[i] * (x[next] - x[i]);
    theta_bar[3] += l[i + 1] * xy;
  }
  return 0;
}

typedef struct measured {
  double seconds, again; /* of run and gradient; steps taken again, for each step */
  long long steps, bytes;
  size_t kept;
  double gradient[4];
} measured;

/* "checkpoints (online): the states of 512 of 9243 steps in ..." */
static void read_log(const char *line, void *user) {
  const char *count = strstr(line, "the states of ");
  if (count) *(size_t *)user = strtoull(count + strlen("the states of "), NULL, 10);
}

static int once(int steps, long long memory, const char *directory, measured *to) {
  og_context *context = NULL;
  og_field *field = NULL;
  og_options *options = NULL;
  og_solve *solve = NULL;
  double x0[STATES], final_bar[STATES] = {1};
  for (int i = 0; i < STATES; i++) x0[i] = 1 + 0.02 * i;
  memset(to, 0, sizeof *to);
  int bad = og_context_create(NULL, NULL, NULL, &context) ||
            og_field_create(context, STATES, 4, ring_rhs, NULL, &field) ||
            og_field_set_vjp(field, ring_vjp) || og_options_create(context, &options) ||
            og_options_set_real(options, OG_OPT_RTOL, 1e-9) ||
            og_options_set_text(options, "gradient-control", "none") || /* steps of the tolerances alone */
            og_options_set_integer(options, OG_OPT_STEPS, steps) ||
            og_options_set_integer(options, OG_OPT_MAX_STEPS, 10000000) ||
            og_options_set_integer(options, OG_OPT_MEMORY, memory) ||
            (directory && og_options_set_text(options, "checkpoint-dir", directory)) ||
            og_solve_create(context, field, options, 1, &solve) || og_solve_set_span(solve, 0, 0, SPAN) ||
            og_solve_set_initial_state(solve, 0, x0) ||
            og_solve_set_parameters(solve, 0, (double[]){1, 0.8, 0.05, 0.6});
  if (!bad) {
    og_context_set_log(context, read_log, &to->kept);
    double start = cpu_seconds();
    bad = og_solve_run(solve) ||
          og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = final_bar,
                                                         .theta_bar = to->gradient});
    to->seconds = cpu_seconds() - start;
    to->steps = og_solve_stat(solve, OG_STAT_STEPS);
    to->again = (double)og_solve_stat(solve, OG_STAT_RECOMPUTED_STEPS) / (double)to->steps;
    to->bytes = og_solve_stat(solve, OG_STAT_CHECKPOINT_BYTES);
  }
  if (bad) fprintf(stderr, "%s\n", og_context_message(context));
  og_solve_destroy(solve);
  og_options_destroy(options);
  og_field_destroy(field);
  og_context_destroy(context);
  return bad;
}

static int measure(int steps, long long memory, const char *directory, measured *to) {
  double seconds[ROUNDS];
  for (int i = 0; i < ROUNDS; i++) {
    if (once(steps, memory, directory, to)) return -1;
    seconds[i] = to->seconds;
  }
  to->seconds = spread_of(seconds, ROUNDS).lowest;
  return 0;
}

/* The fewest steps taken again, for each step: t(l, s) = r l - C(s + r, s + 1), the first sweep left out. */
static double bound(double l, double s) {
  double r = 0, beta = 1;
  if (s >= l) return 0;
  while (beta < l) r++, beta = beta * (s + r) / r;
  return (r * l - beta * r / (s + 1) - (l - 1)) / l;
}

enum { ROWS = 16 };

typedef struct series {
  const char *name;
  int fixed;
  const char *directory;
  size_t rows;
  double kibibytes[ROWS], taken[ROWS], least[ROWS], time[ROWS];
} series;

static void keep_row(series *to, long long memory, const measured *m, double least, double time) {
  to->kibibytes[to->rows] = (double)memory / 1024;
  to->taken[to->rows] = 1 + m->again;
  to->least[to->rows] = 1 + least;
  to->time[to->rows++] = time;
}

static int row(series *which, long long memory, const measured *whole, FILE *csv) {
  measured m;
  if (measure(which->fixed ? (int)whole->steps : 0, memory, which->directory, &m)) return -1;
  int same = memcmp(m.gradient, whole->gradient, sizeof m.gradient) == 0;
  double least = bound((double)m.steps, (double)m.kept);
  printf("%-10s %10.1f %9zu %10.3f %10.3f %10.3f %s\n", which->name, (double)memory / 1024, m.kept, m.again,
         least, m.seconds / whole->seconds, same ? "same bits" : "OTHER BITS");
  keep_row(which, memory, &m, least, m.seconds / whole->seconds);
  if (csv)
    fprintf(csv, "%s,%lld,%zu,%lld,%.6g,%.6g,%.6g,%.6g\n", which->name, memory, m.kept, m.steps, m.again,
            least, m.seconds, whole->seconds);
  return same ? 0 : -1;
}

/* From the budget that holds every state down to a two-hundredth of it, which working memory needs most of.
 */
static int table(series *which, FILE *csv) {
  measured whole, adaptive;
  if (measure(0, 0, NULL, &adaptive)) return -1;
  if (measure(which->fixed ? (int)adaptive.steps : 0, 0, NULL, &whole)) return -1;
  printf("\n%s: %lld steps of %d states, every state in %.1f KiB, %.4f s\n", which->name, whole.steps, STATES,
         (double)whole.bytes / 1024, whole.seconds);
  printf("%-10s %10s %9s %10s %10s %10s\n", "schedule", "KiB", "kept", "again", "bound", "time");
  for (double share = 1.5; share > 0.004; share /= 2)
    if (row(which, (long long)(share * (double)whole.bytes), &whole, csv)) return -1;
  return 0;
}

/* Steps taken and time against budget. */
static int draw(const series *s, const char *path) {
  og_context *context = NULL;
  og_plot *plot = NULL;
  int bad = og_context_create(NULL, NULL, NULL, &context) ||
            og_plot_create(context, "A gradient under a memory budget", "budget, KiB",
                           "relative to no budget", &plot) ||
            og_plot_line(plot, "steps taken, at least (binomial bound)", s->rows, s->kibibytes, s->least) ||
            og_plot_points(plot, "steps taken", s->rows, s->kibibytes, s->taken) ||
            og_plot_line(plot, "time of solution and gradient", s->rows, s->kibibytes, s->time) ||
            og_plot_set_log(plot, 1, 0) || og_plot_write(plot, path);
  if (bad) fprintf(stderr, "%s\n", og_context_message(context));
  og_plot_destroy(plot);
  og_context_destroy(context);
  return bad;
}

int main(int argc, char **argv) {
  static series all[] = {
      {.name = "online"}, {.name = "binomial", .fixed = 1}, {.name = "file", .directory = "/tmp"}};
  FILE *csv = argc > 1 ? fopen(argv[1], "w") : NULL;
  if (argc > 1 && !csv) return perror(argv[1]), EXIT_FAILURE;
  if (csv) fputs("schedule,budget,kept,steps,again,bound,seconds,seconds_without_budget\n", csv);
  print_machine();
  puts("\nagain: steps taken again for each step; bound: the fewest possible with the states that were kept; "
       "time: of solution\n"
       "and gradient, relative to that without a budget");
  int bad = 0;
  for (size_t i = 0; i < sizeof all / sizeof *all && !bad; i++) bad = table(&all[i], csv);
  if (csv && fclose(csv)) return perror(argv[1]), EXIT_FAILURE;
  if (argc > 2 && !bad) bad = draw(&all[0], argv[2]);
  return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}

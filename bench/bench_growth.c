/* How linear algebra and whole gradients grow with the number of states, from 1,000 to 100,000: matrices of a
 * line of points (a band) and of a square (five-point stencils), two states in each: nanoseconds a state for
 * the pattern with its colours, the symbolic analysis, factoring and solving, and bytes a state of lists and
 * factors; then text models read and prepared, and gradients under a memory budget. Slopes are of log time on
 * log n, by least squares: 1 is linear. bench_growth [LARGEST] */
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "linear/linear.h"
#include "measure.h"

enum { SIZES = 5, COLUMNS = 7 };
static const int wanted[SIZES] = {1000, 3000, 10000, 30000, 100000};

typedef struct shape {
  const char *name;
  int square;
} shape;

static void must(og_context *context, og_status status) {
  if (status == OG_OK) return;
  fprintf(stderr, "%s\n", og_context_message(context));
  exit(1);
}

static void *room(size_t bytes) {
  void *memory = aligned_alloc(64, (bytes + 1023) / 1024 * 1024);
  if (!memory) exit(1);
  memset(memory, 0, bytes);
  return memory;
}

/* ---- Bytes that are out ---- */

static size_t out;
static void *allocate(size_t size, void *user) {
  void *memory = malloc(size);
  (void)user;
  if (memory) out += malloc_usable_size(memory);
  return memory;
}
static void release(void *memory, void *user) {
  (void)user;
  if (memory) out -= malloc_usable_size(memory);
  free(memory);
}

/* ---- Matrices ---- */

static int entries_of(const shape *s, int points, int side, int *row, int *column) {
  int count = 0;
  for (int i = 0; i < 2 * points; i++) {
    int point = i / 2, width = s->square ? side : points, x = point % width, y = point / width;
    const int near[] = {i ^ 1, x > 0 ? i - 2 : i, x + 1 < width ? i + 2 : i,
                        s->square && y > 0 ? i - 2 * side : i,
                        s->square && point + side < points ? i + 2 * side : i};
    for (int k = 0; k < 5; k++) row[count] = i, column[count++] = near[k];
  }
  return count;
}

/* Least of a few. */
static double best_of(int rounds, void (*work)(void *), void *of) {
  double best = INFINITY;
  for (int k = 0; k < rounds; k++) {
    double start = cpu_seconds();
    work(of);
    best = fmin(best, cpu_seconds() - start);
  }
  return best;
}

typedef struct matrix {
  og_elimination *e;
  double *w, *b;
  void *factors;
  og_lane_status status;
} matrix;
static void factor(void *of) {
  matrix *m = of;
  m->status = 0;
  og_elimination_factor_d(m->e, 1, m->w, m->factors, &m->status);
}
static void solve(void *of) {
  matrix *m = of;
  og_elimination_solve_d(m->e, 1, m->factors, m->b);
}
static void solve_transposed(void *of) {
  matrix *m = of;
  og_elimination_solve_transposed_d(m->e, 1, m->factors, m->b);
}

/* Entries of sigma I - J: diffusion, and a reaction between the two. */
static void fill(const og_pattern *p, matrix *m) {
  for (int e = 0; e < p->count; e++)
    m->w[e] = p->row[e] == p->column[e] ? 10 : (p->row[e] ^ 1) == p->column[e] ? 0.7 : -1;
  for (int i = 0; i < p->n; i++) m->b[i] = 1 + i % 7;
}

/* Times in seconds, and bytes, of one size. */
static int measure(const shape *s, int n, double *values) {
  int side = (int)sqrt(n / 2), points = s->square ? side * side : n / 2;
  size_t most = 10 * (size_t)points;
  int *row = room(most * sizeof *row), *column = room(most * sizeof *column);
  int count = entries_of(s, points, side, row, column);
  og_context *context;
  og_pattern *p;
  matrix m = {0};
  if (og_context_create(allocate, release, NULL, &context) != OG_OK) exit(1);
  double start = cpu_seconds();
  must(context, og_pattern_create(context, 2 * (size_t)points, (size_t)count, row, column, &p));
  values[0] = cpu_seconds() - start;
  size_t before = out;
  start = cpu_seconds();
  must(context, og_elimination_create(context, p, OG_ELIMINATION_SPARSE, &m.e));
  values[1] = cpu_seconds() - start;
  values[5] = (double)(out - before);
  values[6] = (double)og_elimination_bytes_d(m.e, 1);
  m.w = room((size_t)p->count * sizeof(double)), m.b = room((size_t)p->n * sizeof(double));
  m.factors = room(og_elimination_bytes_d(m.e, 1));
  fill(p, &m);
  values[2] = best_of(5, factor, &m);
  if (m.status) exit(1);
  values[3] = best_of(9, solve, &m);
  values[4] = best_of(9, solve_transposed, &m);
  printf("%-8s %7d  %-6s", s->name, p->n, og_elimination_name(m.e));
  for (int k = 0; k < COLUMNS; k++) printf(" %9.1f", values[k] * (k < 5 ? 1e9 : 1) / p->n);
  printf("\n");
  fflush(stdout);
  int made = p->n;
  og_elimination_destroy(m.e);
  og_pattern_destroy(p);
  og_context_destroy(context);
  free(row), free(column), free(m.w), free(m.b), free(m.factors);
  return made;
}

static double slope(int count, const double *n, const double *y) {
  double mean_n = 0, mean_y = 0, up = 0, down = 0;
  for (int i = 0; i < count; i++) mean_n += log(n[i]) / count, mean_y += log(y[i]) / count;
  for (int i = 0; i < count; i++) {
    up += (log(n[i]) - mean_n) * (log(y[i]) - mean_y);
    down += (log(n[i]) - mean_n) * (log(n[i]) - mean_n);
  }
  return up / down;
}

static void print_slopes(int count, const double *n, double values[COLUMNS][SIZES], int columns) {
  printf("%-8s %7s  %-6s", "", "", "slope");
  for (int k = 0; k < columns; k++) printf(" %9.2f", slope(count, n, values[k]));
  printf("\n");
}

static void matrices(const shape *s, int largest) {
  double n[SIZES], values[COLUMNS][SIZES], one[COLUMNS];
  int count = 0;
  for (int i = 0; i < SIZES && wanted[i] <= largest; i++, count++) {
    n[count] = measure(s, wanted[i], one);
    for (int k = 0; k < COLUMNS; k++) values[k][count] = one[k];
  }
  print_slopes(count, n, values, COLUMNS);
}

/* ---- Whole gradients of text models, under a budget ---- */

static char *write_line(int points) {
  char *text = malloc((size_t)points * 200 + 200), *at = text;
  if (!text) exit(1);
  at += sprintf(at, "param B = 3, D = 0.02\ntime 0 : 1\ncost final = u0 + v%d\n", points / 2);
  for (int i = 0; i < points; i++)
    at += sprintf(at, "init u%d = %g, v%d = 3\n", i, 1 + 0.5 * sin(6.28 * i / points), i);
  for (int i = 0; i < points; i++) {
    int left = i ? i - 1 : i, right = i + 1 < points ? i + 1 : i;
    at += sprintf(at, "u%d' = 1 + u%d^2*v%d - (B + 1)*u%d + D*1e4*(u%d - 2*u%d + u%d)\n", i, i, i, i, left, i,
                  right);
    at += sprintf(at, "v%d' = B*u%d - u%d^2*v%d + D*1e4*(v%d - 2*v%d + v%d)\n", i, i, i, i, left, i, right);
  }
  return text;
}

/* Seconds to read it and to prepare it for implicit steps, and of a gradient; bytes at most. */
static void gradients(int largest) {
  double n[SIZES], values[COLUMNS][SIZES];
  int count = 0;
  printf("\ntext models of a line, rodas5p, one gradient, memory = 900 bytes a state\n%-8s %7s  %-6s %9s "
         "%9s %9s\n",
         "", "states", "", "read", "prepared", "gradient");
  for (int i = 0; i < SIZES && wanted[i] <= largest; i++, count++) {
    int points = wanted[i] / 2;
    char *text = write_line(points);
    double theta[2] = {3, 0.02}, loss, gradient[2], start = cpu_seconds();
    og_context *context;
    og_model *model;
    og_options *options;
    og_objective *objective;
    if (og_context_create(NULL, NULL, NULL, &context) != OG_OK) exit(1);
    must(context, og_model_create_from_text(context, "line", text, strlen(text), &model));
    must(context, og_options_create(context, &options));
    must(context, og_options_set_text(options, "method", "rodas5p"));
    must(context, og_options_set_text(options, "gradient-control", "none"));
    must(context, og_options_set_integer(options, OG_OPT_MEMORY, 900LL * wanted[i]));
    n[count] = 2 * points;
    values[0][count] = cpu_seconds() - start, start = cpu_seconds();
    must(context, og_objective_create(context, model, NULL, options, &objective));
    values[1][count] = cpu_seconds() - start, start = cpu_seconds();
    must(context, og_objective_evaluate(objective, theta, &loss, gradient));
    values[2][count] = cpu_seconds() - start;
    printf("%-8s %7d  %-6s", "line", 2 * points, og_objective_linear_solver(objective));
    for (int k = 0; k < 3; k++) printf(" %8.2fs", values[k][count]);
    printf("  %zu steps, %zu recomputed, %.1f MB held\n", og_objective_stat(objective, OG_STAT_STEPS),
           og_objective_stat(objective, OG_STAT_RECOMPUTED_STEPS),
           (double)og_objective_stat(objective, OG_STAT_CHECKPOINT_BYTES) / 1e6);
    fflush(stdout);
    og_objective_destroy(objective);
    og_options_destroy(options);
    og_model_destroy(model);
    og_context_destroy(context);
    free(text);
  }
  print_slopes(count, n, values, 3);
}

int main(int count, char **words) {
  int largest = count > 1 ? atoi(words[1]) : 100000;
  print_machine();
  printf("\nnanoseconds and bytes a state\n%-8s %7s  %-6s %9s %9s %9s %9s %9s %9s %9s\n", "", "states", "",
         "pattern", "symbolic", "factor", "solve", "transp.", "lists", "factors");
  matrices(&(shape){"line", 0}, largest);
  matrices(&(shape){"square", 1}, largest);
  gradients(largest);
  return 0;
}

/* Factoring W and solving with it (src/linear), in nanoseconds a lane: dense matrices beside a plain LU of
 * one lane, and sparse ones, with how time and memory grow. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "linear/linear.h"
#include "measure.h"

enum { ROUNDS = 15 };
#define BURST_SECONDS 2e-3

typedef struct bench {
  og_context *context;
  og_pattern *pattern;
  og_elimination *elimination;
  int lanes;
  double *w, *b, *first_b;
  void *factors;
  og_lane_status status[OG_LANES_MAX];
} bench;

static void *room(size_t bytes) {
  void *memory = aligned_alloc(64, (bytes + 1023) / 1024 * 1024);
  if (!memory) exit(1);
  memset(memory, 0, bytes);
  return memory;
}

static uint64_t number_state = 1;
static double number(void) {
  number_state = number_state * 6364136223846793005U + 1442695040888963407U;
  return (double)(number_state >> 11) * 0x1p-52 - 1;
}

/* Diagonally dominant by columns, as W is for a mechanism that loses from one state what others gain; or
 * without any order, so that lanes exchange different rows. */
static void fill(bench *s, int dominant) {
  const og_pattern *p = s->pattern;
  size_t lanes = (size_t)s->lanes;
  for (size_t i = 0; i < (size_t)p->count * lanes; i++) s->w[i] = number();
  for (size_t i = 0; i < (size_t)p->n * lanes; i++) s->first_b[i] = number();
  if (!dominant) return;
  for (int j = 0; j < p->n; j++)
    for (size_t l = 0; l < lanes; l++) s->w[(size_t)p->diagonal[j] * lanes + l] = 1;
  for (int e = 0; e < p->count; e++)
    for (size_t l = 0; p->row[e] != p->column[e] && l < lanes; l++)
      s->w[(size_t)p->diagonal[p->column[e]] * lanes + l] += fabs(s->w[(size_t)e * lanes + l]);
}

static void begin(bench *s, int lanes, int dominant, og_elimination_kind kind) {
  const og_pattern *p = s->pattern;
  if (og_elimination_create(s->context, p, kind, &s->elimination) != OG_OK) exit(1);
  s->lanes = lanes;
  s->w = room((size_t)p->count * (size_t)lanes * sizeof(double));
  s->b = room((size_t)p->n * (size_t)lanes * sizeof(double));
  s->first_b = room((size_t)p->n * (size_t)lanes * sizeof(double));
  s->factors = room(og_elimination_bytes_d(s->elimination, lanes));
  fill(s, dominant);
}

static void end(bench *s) {
  free(s->w), free(s->b), free(s->first_b), free(s->factors);
  og_elimination_destroy(s->elimination);
}

/* ---- What is measured ---- */

static void factor(bench *s) {
  memset(s->status, 0, sizeof s->status);
  og_elimination_factor_d(s->elimination, s->lanes, s->w, s->factors, s->status);
}
/* b is made anew each time, since it would shrink away; that is part of the time of both solves. */
static void renew(bench *s) {
  memcpy(s->b, s->first_b, (size_t)s->pattern->n * (size_t)s->lanes * sizeof(double));
}
static void solve(bench *s) {
  renew(s);
  og_elimination_solve_d(s->elimination, s->lanes, s->factors, s->b);
}
static void solve_transposed(bench *s) {
  renew(s);
  og_elimination_solve_transposed_d(s->elimination, s->lanes, s->factors, s->b);
}

/* What one would write at first: a lane's matrix by itself, rows exchanged. */
static void plain_factor(bench *s) {
  int n = s->pattern->n;
  double *a = s->factors;
  memcpy(a, s->w, (size_t)n * (size_t)n * sizeof *a);
  for (int k = 0; k < n; k++) {
    int p = k;
    for (int i = k + 1; i < n; i++)
      if (fabs(a[i * n + k]) > fabs(a[p * n + k])) p = i;
    for (int j = 0; p != k && j < n; j++) {
      double kept = a[k * n + j];
      a[k * n + j] = a[p * n + j], a[p * n + j] = kept;
    }
    s->b[k] = p;
    for (int i = k + 1; i < n; i++) {
      double l = a[i * n + k] /= a[k * n + k];
      for (int j = k + 1; j < n; j++) a[i * n + j] -= l * a[k * n + j];
    }
  }
}

static double nanoseconds(bench *s, void (*work)(bench *)) {
  double best = INFINITY;
  int calls = 1;
  for (int round = 0; round < ROUNDS;) {
    double start = cpu_seconds();
    for (int i = 0; i < calls; i++) work(s);
    double elapsed = cpu_seconds() - start;
    if (elapsed < BURST_SECONDS) {
      calls *= 2;
      continue;
    }
    best = fmin(best, elapsed / calls);
    if (elapsed > 0.2) break;
    round++;
  }
  return best * 1e9 / s->lanes;
}

/* ---- Tables ---- */

static void dense_rows(og_context *context, int n, int dominant) {
  bench s = {.context = context};
  if (og_pattern_create_dense(context, (size_t)n, &s.pattern) != OG_OK) exit(1);
  begin(&s, 1, dominant, OG_ELIMINATION_DENSE);
  double plain = nanoseconds(&s, plain_factor);
  end(&s);
  static const int lane_counts[] = {1, 16, 64};
  for (int i = 0; i < 3; i++) {
    begin(&s, lane_counts[i], dominant, OG_ELIMINATION_DENSE);
    double factored = nanoseconds(&s, factor);
    printf("%4d %5d  %-9s %9.1f %9.1f %9.1f %9.1f %8.1f\n", n, s.lanes, dominant ? "dominant" : "any",
           factored, nanoseconds(&s, solve), nanoseconds(&s, solve_transposed), plain, plain / factored);
    end(&s);
  }
  og_pattern_destroy(s.pattern);
}

/* Entries (i, j) with i and j neighbours on a square of side x side points, `species` of them in each point,
 * which depend on each other there. */
static og_pattern *square(og_context *context, int side, int species) {
  int n = side * side * species, count = 0, *row = room((size_t)n * 8 * sizeof *row);
  int *column = room((size_t)n * 8 * sizeof *column);
  og_pattern *p;
  for (int i = 0; i < n; i++) {
    int point = i / species, x = point % side, y = point / side;
    const int near[] = {x > 0 ? i - species : i, x + 1 < side ? i + species : i,
                        y > 0 ? i - side * species : i, y + 1 < side ? i + side * species : i};
    for (int k = 0; k < 4; k++) row[count] = i, column[count++] = near[k];
    for (int k = 0; k < species && k < 4; k++) row[count] = i, column[count++] = point * species + k;
  }
  if (og_pattern_create(context, (size_t)n, (size_t)count, row, column, &p) != OG_OK) exit(1);
  free(row), free(column);
  return p;
}

/* Some states that depend on a few others each, as species of a mechanism. */
static og_pattern *network(og_context *context, int n) {
  enum { EACH = 4 };
  int *row = room((size_t)n * EACH * sizeof *row), *column = room((size_t)n * EACH * sizeof *column);
  og_pattern *p;
  for (int e = 0; e < n * EACH; e++) {
    row[e] = e / EACH;
    column[e] = (int)(fabs(number()) * n * fabs(number()));
  }
  if (og_pattern_create(context, (size_t)n, (size_t)n * EACH, row, column, &p) != OG_OK) exit(1);
  free(row), free(column);
  return p;
}

static og_pattern *band(og_context *context, int n, int width) {
  og_pattern *p;
  size_t side = (size_t)(width - 1) / 2;
  if (og_pattern_create_band(context, (size_t)n, side, side, &p) != OG_OK) exit(1);
  return p;
}

/* Takes over the pattern. */
static void sparse_rows(const char *name, og_context *context, og_pattern *pattern,
                        og_elimination_kind kind) {
  static const int lane_counts[] = {1, 16, 64};
  bench s = {.context = context, .pattern = pattern};
  for (int i = 0; i < 3; i++) {
    if ((double)pattern->n * lane_counts[i] > 2e6) break;
    double start = cpu_seconds();
    begin(&s, lane_counts[i], 1, kind);
    double made = cpu_seconds() - start;
    double factored = nanoseconds(&s, factor);
    printf("%-12s %7d %5d  %-6s %9zu %8.1f %11.0f %10.0f %10.0f %10.2f %9.4f\n", name, pattern->n, s.lanes,
           og_elimination_name(s.elimination), og_elimination_entries(s.elimination),
           (double)og_elimination_bytes_d(s.elimination, s.lanes) / 1e6, factored, nanoseconds(&s, solve),
           nanoseconds(&s, solve_transposed), factored / pattern->n, made);
    end(&s);
  }
  og_pattern_destroy(pattern);
}

static void sparse_table(og_context *context) {
  printf("\nsparse, nanoseconds a lane\n"
         "pattern            n lanes  kind     entries     MB      factor      solve    transp. factor/row  "
         "made in s\n");
  static const int networks[] = {8, 12, 16, 20, 24, 32, 48, 64, 100};
  for (int i = 0; i < 9; i++)
    for (int kind = OG_ELIMINATION_DENSE; kind <= OG_ELIMINATION_SPARSE; kind++) {
      number_state = 1;
      sparse_rows("network", context, network(context, networks[i]), kind);
    }
  for (int n = 10; n <= 100000; n *= 10)
    sparse_rows("three wide", context, band(context, n, 3), OG_ELIMINATION_SPARSE);
  for (int n = 10; n <= 100000; n *= 10)
    sparse_rows("five wide", context, band(context, n, 5), OG_ELIMINATION_SPARSE);
  sparse_rows("64x64x2", context, square(context, 64, 2), OG_ELIMINATION_SPARSE);
}

int main(void) {
  og_context *context;
  if (og_context_create(NULL, NULL, NULL, &context) != OG_OK) return 1;
  print_machine();
  printf("\ndense, nanoseconds a lane\n   n lanes  rows         factor     solve    transp.    plain    "
         "ratio\n");
  static const int sizes[] = {3, 8, 20, 32};
  for (int i = 0; i < 4; i++)
    for (int dominant = 1; dominant >= 0; dominant--) dense_rows(context, sizes[i], dominant);
  sparse_table(context);
  og_context_destroy(context);
  return 0;
}

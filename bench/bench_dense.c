/* The dense products of src/kernels/dense.h alone, in GFLOP/s and as a fraction of the machine's rate of
 * multiply-adds on registers, measured in between. The shapes are the layers of the networks of bench_mlp and
 * of the spiral. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "fma_peak.h"
#include "kernels/dense.h"
#include "measure.h"

typedef struct shape {
  int rows, columns;
} shape;
static const shape shapes[] = {{256, 256}, {256, 64}, {64, 256}, {64, 64}, {50, 2}, {2, 50}};
static const int lane_counts[] = {1, 16, 32, 64};
enum {
  SHAPES = sizeof shapes / sizeof *shapes,
  LANE_COUNTS = sizeof lane_counts / sizeof *lane_counts,
  ROUNDS = 15
};
#define BURST_SECONDS 3e-4
#define CLOCK_WORK 1e6

/* Each rate is the best of ROUNDS, as everything but the work itself makes it lower. */
#define MEASURE(X, S)                                                                                        \
  typedef struct layer_##S {                                                                                 \
    X *w, *x, *y, *z, *u, *w_bar;                                                                            \
  } layer_##S;                                                                                               \
  static X *numbers_##S(size_t count) {                                                                      \
    size_t bytes = (count * sizeof(X) + 63) / 64 * 64;                                                       \
    X *all = aligned_alloc(64, bytes);                                                                       \
    if (!all) exit(1);                                                                                       \
    for (size_t i = 0; i < bytes / sizeof(X); i++) all[i] = (X)((double)(i * 7919 % 1000) / 1000 - 0.5);     \
    return all;                                                                                              \
  }                                                                                                          \
  static double rate_##S(const og_dense_##S *table, int which, shape s, int lanes, layer_##S b) {            \
    double work = 2.0 * s.rows * s.columns * lanes, done = 0, start = cpu_seconds(), elapsed;                \
    int calls = work < CLOCK_WORK ? (int)(CLOCK_WORK / work) : 1; /* between readings of the clock */        \
    do {                                                                                                     \
      for (int i = 0; i < calls; i++, done += work) {                                                        \
        if (which == 0) table->product(s.rows, s.columns, lanes, b.w, b.x, b.z);                             \
        if (which == 1) table->transposed(s.rows, s.columns, lanes, b.w, b.y, b.u);                          \
        if (which == 2) table->outer(s.rows, s.columns, lanes, b.y, b.x, b.w_bar);                           \
      }                                                                                                      \
      elapsed = cpu_seconds() - start;                                                                       \
    } while (elapsed < BURST_SECONDS);                                                                       \
    return done / elapsed;                                                                                   \
  }                                                                                                          \
  static void measure_##S(const og_dense_##S *table, shape s, int lanes, double *peak) {                     \
    size_t rows = (size_t)s.rows, columns = (size_t)s.columns, m = (size_t)lanes;                            \
    layer_##S b = {numbers_##S(rows * columns), numbers_##S(columns * m), numbers_##S(rows * m),             \
                   numbers_##S(rows * m),       numbers_##S(columns * m), numbers_##S(rows * columns)};      \
    double best[3] = {0}, fma = 0;                                                                           \
    for (int i = 0; i < ROUNDS; i++) {                                                                       \
      fma = fmax(fma, fma_peak_##S());                                                                       \
      for (int which = 0; which < 3; which++)                                                                \
        best[which] = fmax(best[which], rate_##S(table, which, s, lanes, b));                                \
    }                                                                                                        \
    *peak = fmax(*peak, fma);                                                                                \
    printf("%4dx%-4d %3d  ", s.rows, s.columns, lanes);                                                      \
    for (int which = 0; which < 3; which++)                                                                  \
      printf("  %6.1f %3.0f%%", best[which] / 1e9, best[which] / fma / 1e7);                                 \
    printf("\n");                                                                                            \
    free(b.w), free(b.x), free(b.y), free(b.z), free(b.u), free(b.w_bar);                                    \
  }                                                                                                          \
  static void measure_all_##S(const char *precision) {                                                       \
    int count;                                                                                               \
    const og_dense_##S *const *all = og_dense_all_##S(&count);                                               \
    for (int t = count - 1; t >= 0; t--) {                                                                   \
      double peak = 0;                                                                                       \
      printf("\n%s precision, %s: GFLOP/s, and of multiply-adds on registers\n", precision, all[t]->name);   \
      printf("   shape lanes     product     transposed        outer\n");                                    \
      for (int i = 0; i < SHAPES; i++)                                                                       \
        for (int l = 0; l < LANE_COUNTS; l++) measure_##S(all[t], shapes[i], lane_counts[l], &peak);         \
      printf("multiply-adds on registers: %.1f GFLOP/s\n", peak);                                            \
    }                                                                                                        \
  }
MEASURE(double, d)
MEASURE(float, s)

int main(void) {
  print_machine();
  measure_all_s("single");
  measure_all_d("double");
  return 0;
}

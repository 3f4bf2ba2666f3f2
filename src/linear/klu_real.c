/* KLU on a block of lanes, one after another, in double. */
#include "linear/elimination.h"

/* The factors of each lane; behind them room for one lane's entries and for its right-hand side, twice. */
static size_t factors_bytes(const og_elimination *e, int lanes) {
  return (size_t)lanes * og_klu_bytes(e->klu);
}

static size_t entries_bytes(const og_elimination *e) {
  return OG_ALIGNED((size_t)e->pattern->count * sizeof(double));
}

size_t OG_R(og_klu_block_bytes)(const og_elimination *e, int lanes) {
  return factors_bytes(e, lanes) + entries_bytes(e) + 2 * OG_ALIGNED((size_t)e->pattern->n * sizeof(double));
}

static void *factors_of(const og_elimination *e, const void *factors, int lane) {
  return (char *)factors + factors_bytes(e, lane);
}

void OG_R(og_klu_block_factor)(const og_elimination *e, int lanes, const real *w, void *factors,
                               og_lane_status *status) {
  size_t width = (size_t)lanes;
  double *entries = factors_of(e, factors, lanes);
  for (int lane = 0; lane < lanes; lane++) {
    for (size_t k = 0; k < (size_t)e->pattern->count; k++)
      entries[k] = status[lane] ? NAN : (double)w[k * width + (size_t)lane];
    int failed = og_klu_factor(e->klu, entries, factors_of(e, factors, lane));
    if (failed && !status[lane]) status[lane] = 1;
  }
}

void OG_R(og_klu_block_solve)(const og_elimination *e, int lanes, const void *factors, int transposed,
                              real *b) {
  size_t width = (size_t)lanes, n = (size_t)e->pattern->n;
  double *x = (double *)(void *)((char *)factors_of(e, factors, lanes) + entries_bytes(e));
  double *work = x + OG_ALIGNED(n * sizeof *x) / sizeof *x;
  for (size_t lane = 0; lane < width; lane++) {
    for (size_t i = 0; i < n; i++) x[i] = (double)b[i * width + lane];
    og_klu_solve(e->klu, transposed, factors_of(e, factors, (int)lane), x, work);
    for (size_t i = 0; i < n; i++) b[i * width + lane] = (real)x[i];
  }
}

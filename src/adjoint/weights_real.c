
#include "adjoint/weights.h"

#include <math.h>
#include <string.h>

/* Steps summed in single precision before the sum goes on to double. */
enum { STEPS_MOST = 8 };

og_status OG_R(og_weights_open)(OG_R(og_weights_sum) * w, const og_solve *solve) {
  if (!solve->weights) return OG_OK;
  w->sum = og_alloc(solve->context, 1, og_weights_bytes(solve));
  if (!w->sum) return OG_ERR_MEMORY;
  w->count = solve->weights;
#if defined(OG_SINGLE)
  w->part = (real *)(void *)(w->sum + OG_PADDED(w->count));
#else
  w->part = w->sum;
#endif
  return OG_OK;
}

static int busy_lane(const OG_R(og_step_reader) * r) {
  for (int lane = 0; lane < r->lanes; lane++)
    if (r->trajectory[lane]) return lane;
  return -1;
}

void OG_R(og_weights_fill_idle)(OG_R(og_step_reader) * r, const OG_R(og_step) * step, real *x_bar) {
  int busy = busy_lane(r);
  for (int lane = 0; busy >= 0 && lane < r->lanes; lane++) {
    if (r->trajectory[lane]) continue;
    OG_R(og_step_imitate)(step, busy, lane, &r->at, r->x, r->theta);
    for (int i = 0; i < step->n; i++) x_bar[i * step->lanes + lane] = 0;
  }
}

static void move_on(OG_R(og_weights_sum) * w) {
#if defined(OG_SINGLE)
  for (size_t i = 0; i < w->count; i++) {
    w->sum[i] += (double)w->part[i];
    w->part[i] = 0;
  }
#endif
  w->steps = 0;
}

void OG_R(og_weights_step)(OG_R(og_weights_sum) * w) {
  if (w->count && ++w->steps == STEPS_MOST) move_on(w);
}

/* The field's sums do not tell which lane spoiled them: the block's first trajectory is named. */
static void check_finite(const OG_R(og_weights_sum) * w, const og_solve *solve, og_share *share) {
  double zero = 0;
  for (size_t i = 0; i < w->count; i++) zero += 0 * w->sum[i];
  for (size_t m = share->begin; m < share->end; m++)
    if (solve->trajectories[m].tally.overflow) return; /* the sum is useless, and known to be */
  if (zero == 0 || share->status != OG_OK) return;
  share->failure = (og_failure){.status = OG_ERR_NOT_FINITE,
                                .derivative = 1,
                                .trajectory = share->begin,
                                .t = solve->trajectories[share->begin].t0,
                                .stiffness = NAN};
  share->status = OG_ERR_NOT_FINITE;
}

void OG_R(og_weights_finish)(OG_R(og_weights_sum) * w, const og_solve *solve, og_share *share) {
  if (!w->count) return;
  move_on(w);
  check_finite(w, solve, share);
  share->weights_bar = w->sum;
}

/* ---- Shared by both precisions ---- */

#if !defined(OG_SINGLE)

size_t og_weights_bytes(const og_solve *solve) {
  size_t part = solve->single ? OG_PADDED(solve->weights) * sizeof(float) : 0;
  return OG_PADDED(solve->weights) * sizeof(double) + part;
}

static void collect(og_solve *solve, og_share *share, void *work) {
  og_pullback *pullback = work;
  double *term = og_tree_sum_term(&pullback->weights_sum);
  if (share->weights_bar) { /* else the block failed, and there will be no sum */
    memcpy(term, share->weights_bar, solve->weights * sizeof *term);
    og_tree_sum_add(&pullback->weights_sum, 0);
  }
  og_free(solve->context, share->weights_bar);
  share->weights_bar = NULL;
}

og_status og_weights_in_blocks(og_solve *solve, og_worker_fn worker, og_pullback *pullback) {
  og_tree_sum_begin(&pullback->weights_sum, solve->weights, pullback->weights_bar, 0);
  OG_TRY(og_in_blocks(solve, worker, collect, pullback));
  og_tree_sum_total(&pullback->weights_sum); /* in its first row, which is weights_bar */
  return OG_OK;
}

#endif

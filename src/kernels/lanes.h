/* Placing steps and choosing the next widths for a block of lanes, in vectors of doubles whatever the
 * precision. Each operation is rounded once, as in the reference. Arrays have room up to a multiple of
 * OG_LANE_STEP. */
#ifndef OG_LANES_H
#define OG_LANES_H

#include "kernels/factor.h"

static inline dvec dvec_load(const double *p) {
  dvec v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
static inline void dvec_store(double *p, dvec v) { __builtin_memcpy(p, &v, sizeof v); }
typedef real dvec_real __attribute__((vector_size(OG_DVEC_LANES * sizeof(real))));
static inline void dvec_store_real(real *p, dvec v) {
  dvec_real rounded = __builtin_convertvector(v, dvec_real);
  __builtin_memcpy(p, &rounded, sizeof rounded);
}

static void step_times(int lanes, const OG_R(og_lane_steps) * s) {
  for (int lane = 0; lane < lanes; lane += OG_DVEC_LANES) {
    dvec t0 = dvec_load(s->t0 + lane), span = dvec_load(s->span + lane);
    dvec start = dvec_load(s->start + lane), end = dvec_load(s->end + lane), h = span * (end - start);
    dvec_store(s->t + lane, t0 + span * start);
    dvec_store(s->t_next + lane, dvec_select(end == 1.0, dvec_load(s->t1 + lane), t0 + span * end));
    dvec_store(s->h + lane, h);
    dvec_store_real(s->h_real + lane, h);
  }
}

/* A step cut short to land on 1 says nothing against the width that was wished for, nor how much more would
 * do.
 */
static void next_widths(int lanes, const OG_R(og_lane_widths) * w) {
  for (int lane = 0; lane < lanes; lane += OG_DVEC_LANES) {
    dvec end = dvec_load(w->end + lane), tried = end - dvec_load(w->start + lane);
    dvec width = dvec_load(w->width + lane), factor = dvec_load(w->factor + lane), wished = tried * factor;
    dvec error = dvec_load(w->error + lane), widest = dvec_load(w->widest + lane);
    ivec cut = (end == 1.0) & (factor > 1.0) & (width > wished), good = error <= 1.0;
    wished = dvec_select(cut, width, wished);
    dvec_store(w->width + lane, dvec_select(wished < widest, wished, widest));
    dvec_store(w->previous + lane, dvec_select(good, error, dvec_load(w->previous + lane)));
    dvec_store(w->most + lane, dvec_select(good, dvec_all(w->growth), dvec_all(1.0)));
  }
}

#endif

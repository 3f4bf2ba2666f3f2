#include "step/newton.h"

#include <float.h>
#include <math.h>

typedef OG_R(og_newton) newton_t;
typedef OG_R(og_step) step_t;

enum { CHORDS_MOST = 8, EXACT_MOST = 20 };

static const double EPSILON = sizeof(real) == 4 ? FLT_EPSILON : DBL_EPSILON;

void OG_R(og_newton_begin)(const step_t *step, newton_t *n) {
  for (int lane = 0; lane < step->lanes; lane++) {
    n->phase[lane] = step->status[lane] ? OG_NEWTON_FAILED : OG_NEWTON_CHORD;
    n->whole_before[lane] = INFINITY;
  }
}

void OG_R(og_newton_skip_chords)(const step_t *step, newton_t *n) {
  for (int lane = 0; lane < step->lanes; lane++)
    if (n->phase[lane] == OG_NEWTON_CHORD) n->phase[lane] = OG_NEWTON_EXACT;
}

int OG_R(og_newton_select)(step_t *step, newton_t *n, int phase) {
  int count = 0;
  for (int lane = 0; lane < step->lanes; lane++) {
    int in = n->phase[lane] == phase;
    n->status[lane] = in ? 0 : OG_LANE_IDLE;
    n->size[lane] = n->whole[lane] = n->largest[lane] = 0;
    count += in;
  }
  step->work.newton_iterations += count;
  return count;
}

/* ---- How large corrections are ---- */

void OG_R(og_newton_measure)(const step_t *step, newton_t *n, const real *correction, const real *z,
                             const real *x) {
  int lanes = step->lanes;
  double zero[OG_LANES_MAX] = {0};
  for (int row = 0; row < step->leading; row++, correction += lanes, z += lanes, x += lanes)
    for (int lane = 0; lane < lanes; lane++) {
      double off = fabs((double)correction[lane]);
      double size = off + fabs((double)x[lane]) + fabs((double)z[lane]), part = off > 0 ? off / size : 0;
      n->size[lane] = part > n->size[lane] ? part : n->size[lane];
      n->whole[lane] = off > n->whole[lane] ? off : n->whole[lane];
      n->largest[lane] = size > n->largest[lane] ? size : n->largest[lane];
      zero[lane] += off * 0;
    }
  for (int lane = 0; lane < lanes; lane++) n->largest[lane] += zero[lane];
}

void OG_R(og_newton_finish)(const step_t *step, newton_t *n, int phase) {
  for (int lane = 0; lane < step->lanes; lane++) {
    double zero = n->largest[lane] * 0;
    n->size[lane] += zero;
    n->whole[lane] = (n->whole[lane] > 0 ? n->whole[lane] / n->largest[lane] : 0) + zero;
    n->grows[lane] =
        phase == OG_NEWTON_CHORD && n->status[lane] == 0 && n->whole[lane] > n->whole_before[lane];
    n->mask[lane] =
        n->phase[lane] == phase && n->status[lane] == 0 && isfinite(n->size[lane]) && !n->grows[lane];
  }
}

/* ---- What follows ---- */

/* What is left after a correction is the next one, which is `rate` times it: nothing (far less than rounding,
 * since it has the same sign in step after step); little enough for one
 * of Newton's steps to leave nothing; or so much that Newton's are cheaper. */
static int after_chord(const newton_t *n, int lane, int k) {
  double rate = k ? n->size[lane] / n->before[lane] : 1, left = rate * n->size[lane];
  if (n->size[lane] <= EPSILON || (rate < 0.5 && left <= EPSILON / 64)) return OG_NEWTON_CONVERGED;
  int leave = (k && rate > 0.3) || left <= 0.01 * sqrt(EPSILON) || k == CHORDS_MOST - 1;
  return leave ? OG_NEWTON_EXACT : OG_NEWTON_CHORD;
}

/* What is left is of the order of the square of the correction; or the correction is rounding, which does not
 * become less. */
static int after_exact(const newton_t *n, int lane, int k) {
  double rate = k ? n->size[lane] / n->before[lane] : 1;
  if (n->size[lane] <= 0.05 * sqrt(EPSILON)) return OG_NEWTON_CONVERGED;
  if (k && rate > 0.25 && n->whole[lane] <= cbrt(EPSILON) * cbrt(EPSILON)) return OG_NEWTON_CONVERGED;
  return (k && rate > 2) || k == EXACT_MOST - 1 ? OG_NEWTON_FAILED : OG_NEWTON_EXACT;
}

void OG_R(og_newton_decide)(step_t *step, newton_t *n, int phase, int k) {
  for (int lane = 0; lane < step->lanes; lane++) {
    if (n->phase[lane] != phase) continue;
    n->phase[lane] = n->grows[lane]             ? OG_NEWTON_EXACT
                     : n->mask[lane] == 0       ? OG_NEWTON_FAILED
                     : phase == OG_NEWTON_CHORD ? after_chord(n, lane, k)
                                                : after_exact(n, lane, k);
    int refused = n->phase[lane] == OG_NEWTON_FAILED && !OG_R(og_newton_overflowed)(n, lane);
    if (refused) step->status[lane] = n->status[lane] ? n->status[lane] : OG_LANE_NOT_CONVERGED;
    n->before[lane] = n->size[lane];
    n->whole_before[lane] = n->whole[lane];
  }
}

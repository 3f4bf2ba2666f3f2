/* Rows that follow those of the pattern (field/field.h) in implicit steps: what a joint matrix of both would
 * do, of which only the pattern's block is factored,
 *
 *   [ W       ]                      [ W       ]
 *   [ -C  D   ],  D = sigma I or W,  [ -C  D   ]^-T (b, c): c' = D^-T c, b' = W^-T (b + C^T c').
 *
 * Blocks' parts are copied to where solving may write into the padding. */
#include "step/increments.h"

#include <string.h>

typedef OG_R(og_increments) increments;
typedef OG_R(og_step) step_t;

void OG_R(og_following_take_room)(increments *i, og_room *room) {
  const step_t *step = &i->base;
  size_t leading = (size_t)step->leading, behind = (size_t)(step->n - step->leading);
  if (!behind) return;
  i->half = OG_R(og_room_rows)(room, leading > behind ? leading : behind, step->lanes);
}

static real *behind(const step_t *step, real *block) { return block + (size_t)(step->leading * step->lanes); }

static void solve_block(increments *i, const og_elimination *elimination, const void *factors, int transposed,
                        real *b) {
  const step_t *step = &i->base;
  size_t bytes = (size_t)(step->leading * step->lanes) * sizeof *b;
  memcpy(i->half, b, bytes);
  if (transposed)
    OG_R(og_elimination_solve_transposed)(elimination, step->lanes, factors, i->half);
  else
    OG_R(og_elimination_solve)(elimination, step->lanes, factors, i->half);
  memcpy(b, i->half, bytes);
}

void OG_R(og_increments_solve)(increments *i, const og_elimination *elimination, const void *factors,
                               real *b) {
  if (i->half)
    solve_block(i, elimination, factors, 0, b);
  else
    OG_R(og_elimination_solve)(elimination, i->base.lanes, factors, b);
}

void OG_R(og_following_divide)(const step_t *step, const real *sigma, real *b) {
  b = behind(step, b);
  for (int row = step->leading; row < step->n; row++, b += step->lanes)
    for (int lane = 0; lane < step->lanes; lane++) b[lane] /= sigma[lane];
}

void OG_R(og_following_solve)(increments *i, const og_elimination *elimination, const void *factors,
                              const real *sigma, real *b) {
  if (i->base.field->following == OG_FOLLOWS_TANGENTS)
    solve_block(i, elimination, factors, 0, behind(&i->base, b));
  else
    OG_R(og_following_divide)(&i->base, sigma, b);
}

void OG_R(og_following_couple)(increments *i, const double *t, const real *x, const real *theta, real *u) {
  step_t *step = &i->base;
  real *rows = behind(step, u);
  step->field->OG_R(ops).following_jvp(step->field, step->lanes, t, x, theta, u, i->half, step->status,
                                       step->scratch);
  for (int entry = 0; entry < (step->n - step->leading) * step->lanes; entry++) rows[entry] += i->half[entry];
}

void OG_R(og_following_couple_back)(increments *i, const double *t, const real *x, const real *theta,
                                    real *v) {
  step_t *step = &i->base;
  step->field->OG_R(ops).following_vjp(step->field, step->lanes, t, x, theta, behind(step, v), i->half,
                                       step->status, step->scratch);
  for (int entry = 0; entry < step->leading * step->lanes; entry++) v[entry] += i->half[entry];
}

void OG_R(og_increments_solve_transposed)(increments *i, const og_elimination *elimination,
                                          const void *factors, const double *t, const real *x,
                                          const real *theta, real *b) {
  if (!i->half) {
    OG_R(og_elimination_solve_transposed)(elimination, i->base.lanes, factors, b);
    return;
  }
  solve_block(i, elimination, factors, 1, behind(&i->base, b));
  OG_R(og_following_couple_back)(i, t, x, theta, b);
  solve_block(i, elimination, factors, 1, b);
}

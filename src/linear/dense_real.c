/* Eliminations in one precision, by the kernels of this processor. */
#include "linear/elimination.h"

size_t OG_R(og_elimination_bytes)(const og_elimination *elimination, int lanes) {
  return elimination->OG_R(dense)->bytes(elimination->pattern->n, lanes);
}

void OG_R(og_elimination_factor)(const og_elimination *elimination, int lanes, const real *w, void *factors,
                                 og_lane_status *status) {
  const og_pattern *p = elimination->pattern;
  elimination->OG_R(dense)->factor(p->n, lanes, p->count, p->row, p->column, w, factors, status);
}

void OG_R(og_elimination_solve)(const og_elimination *elimination, int lanes, const void *factors, real *b) {
  elimination->OG_R(dense)->solve(elimination->pattern->n, lanes, factors, b);
}

void OG_R(og_elimination_solve_transposed)(const og_elimination *elimination, int lanes, const void *factors,
                                           real *b) {
  elimination->OG_R(dense)->solve_transposed(elimination->pattern->n, lanes, factors, b);
}

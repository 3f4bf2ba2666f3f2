/* Eliminations in one precision: dense ones are the kernels', sparse ones in sparse_real.c and klu_real.c. */
#include "linear/elimination.h"

size_t OG_R(og_elimination_bytes)(const og_elimination *elimination, int lanes) {
  if (elimination->klu) return OG_R(og_klu_block_bytes)(elimination, lanes);
  if (elimination->symbolic) return OG_R(og_sparse_bytes)(elimination, lanes);
  return elimination->OG_R(dense)->bytes(elimination->pattern->n, lanes);
}

void OG_R(og_elimination_factor)(const og_elimination *elimination, int lanes, const real *w, void *factors,
                                 og_lane_status *status) {
  const og_pattern *p = elimination->pattern;
  if (elimination->klu)
    OG_R(og_klu_block_factor)(elimination, lanes, w, factors, status);
  else if (elimination->symbolic)
    OG_R(og_sparse_factor)(elimination, lanes, w, factors, status);
  else
    elimination->OG_R(dense)->factor(p->n, lanes, p->count, p->row, p->column, w, factors, status);
}

void OG_R(og_elimination_solve)(const og_elimination *elimination, int lanes, const void *factors, real *b) {
  if (elimination->klu)
    OG_R(og_klu_block_solve)(elimination, lanes, factors, 0, b);
  else if (elimination->symbolic)
    OG_R(og_sparse_solve)(elimination, lanes, factors, 0, b);
  else
    elimination->OG_R(dense)->solve(elimination->pattern->n, lanes, factors, b);
}

void OG_R(og_elimination_solve_transposed)(const og_elimination *elimination, int lanes, const void *factors,
                                           real *b) {
  if (elimination->klu)
    OG_R(og_klu_block_solve)(elimination, lanes, factors, 1, b);
  else if (elimination->symbolic)
    OG_R(og_sparse_solve)(elimination, lanes, factors, 1, b);
  else
    elimination->OG_R(dense)->solve_transposed(elimination->pattern->n, lanes, factors, b);
}

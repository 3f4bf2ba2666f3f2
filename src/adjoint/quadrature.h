/* The parameter integral of adjoint = quadrature over the steps of one round of the backward solve. */
#ifndef OG_QUADRATURE_H
#define OG_QUADRATURE_H

#include "adjoint/backward.h"

/* Workers for og_in_parallel on the forward solve; `backward` is an og_backward. Each trajectory's integral
 * is added to its row of the backward solve's theta_bar. */
void og_quadrature_d(og_solve *solve, og_share *share, void *backward);
void og_quadrature_s(og_solve *solve, og_share *share, void *backward);
/* What a worker holds beside its blocks. */
size_t og_quadrature_bytes(void);

#endif

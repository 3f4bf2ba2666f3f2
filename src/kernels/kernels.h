/* Loops over lane blocks (base/real.h), one table of functions for each instruction set and precision.
 * All blocks are aligned to 64 bytes and padded; `lanes` is 1 or a multiple of OG_LANE_STEP.
 *
 * The room is for what costs time: loops over blocks and contiguous numbers, written for each instruction set
 * beside a plain reference. It knows base alone: no field, no method. Begin with reference_real.c, which says
 * in plain C what each kernel means; blocks_isa.c, dense_isa.c and elementwise_isa.c are the fast ones,
 * dispatch_real.c chooses. */
#ifndef OG_KERNELS_H
#define OG_KERNELS_H

#include "base/real.h"

/* Step-size control: factor = safety error^-alpha previous^beta after an accepted step (error <= 1), at most
 * the lane's limit; safety error^-exponent, at most 1, after a rejected one. Never below `smallest`, which a
 * NaN gets. */
typedef struct og_control {
  double alpha, beta, exponent;
  double safety, smallest, least_error, least_previous;
} og_control;

/* Terms of one stage sum: the stages and x, or a cotangent, the later stages' and an observation's. */
enum { OG_TERMS_MAX = 20 };

#include "base/in_double.h"
#include "kernels/kernel_table.h"

#include "base/in_single.h"
#include "kernels/kernel_table.h"

/* Every table this build has, the plain-C reference first; *count receives their number. A table whose
 * instruction set this processor lacks is left out. */
const og_kernels_d *const *og_kernels_all_d(int *count);
const og_kernels_s *const *og_kernels_all_s(int *count);
/* The fastest this processor can run. */
const og_kernels_d *og_kernels_best_d(void);
const og_kernels_s *og_kernels_best_s(void);

#endif

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

/* Steps of a block as arrays over lanes: each goes from fraction `start` to `end` of a span from t0 to t1. */
#define OG_LANE_ARRAYS(X, S)                                                                                 \
  typedef struct og_lane_steps_##S {                                                                         \
    const double *t0, *t1, *span, *start, *end;                                                              \
    double *t, *t_next, *h; /* out */                                                                        \
    X *h_real;                                                                                               \
  } og_lane_steps_##S;                                                                                       \
  typedef struct og_lane_widths_##S {                                                                        \
    const double *start, *end, *widest, *error, *factor;                                                     \
    double *width, *previous, *most; /* in and out */                                                        \
    double growth;                   /* the most by which a step grows after an accepted one */              \
  } og_lane_widths_##S;
OG_LANE_ARRAYS(double, d)
OG_LANE_ARRAYS(float, s)

/* weighted_sum: y = x + h sum_j a_j k_j, in the order of j; x NULL: no x; h NULL: 1. h has one entry a lane.
 * scaled_error: sum[lane] = sum over rows of (e / (atol + rtol max(|x|, |y|)))^2; e is overwritten. Where
 * `atols` is not NULL it has the atol of each row. NaN where y is not finite.
 * add_rows: y += x where mask is not 0 (NULL: everywhere). copy_rows: y = x likewise.
 * dot_rows: sum[lane] += sum over rows of a b.
 * outgrows: whether in any lane h sum |a| exceeds `most` sum |b|, the sums over rows, which are left in a_sum
 * and b_sum. step_factors: see og_control; arrays of `lanes` entries, padded to OG_LANE_STEP. step_ends,
 * step_times: where steps of the wished widths end, and their times and lengths. error_norms: root mean
 * squares of scaled errors, from one estimate or from two (solve/control.c). next_widths: the widths, as
 * fractions, that the factors make of the steps taken. */
#define OG_KERNELS(X, S)                                                                                     \
  typedef struct og_kernels_##S {                                                                            \
    const char *name;                                                                                        \
    void (*weighted_sum)(int rows, int lanes, X *y, const X *x, const X *h, int count, const X *a,           \
                         const X *const *k);                                                                 \
    void (*scaled_error)(int rows, int lanes, X *e, const X *x, const X *y, X atol, const X *atols, X rtol,  \
                         X *sum);                                                                            \
    void (*add_rows)(int rows, int lanes, X *y, const X *x, const X *mask);                                  \
    void (*copy_rows)(int rows, int lanes, X *y, const X *x, const X *mask);                                 \
    void (*dot_rows)(int rows, int lanes, const X *a, const X *b, X *sum);                                   \
    int (*outgrows)(int rows, int lanes, const X *a, const X *b, const X *h, X most, X *a_sum, X *b_sum);    \
    void (*step_factors)(int lanes, const og_control *control, const double *error, const double *previous,  \
                         const double *most, double *factor);                                                \
    void (*step_ends)(int lanes, const double *start, const double *width, double *end);                     \
    void (*step_times)(int lanes, const og_lane_steps_##S *steps);                                           \
    void (*error_norms)(int lanes, double rows, const X *sum, const X *sum2, double *error);                 \
    void (*next_widths)(int lanes, const og_lane_widths_##S *widths);                                        \
  } og_kernels_##S;
OG_KERNELS(double, d)
OG_KERNELS(float, s)

/* Every table this build has, the plain-C reference first; *count receives their number. A table whose
 * instruction set this processor lacks is left out. */
const og_kernels_d *const *og_kernels_all_d(int *count);
const og_kernels_s *const *og_kernels_all_s(int *count);
/* The fastest this processor can run. */
const og_kernels_d *og_kernels_best_d(void);
const og_kernels_s *og_kernels_best_s(void);

#endif

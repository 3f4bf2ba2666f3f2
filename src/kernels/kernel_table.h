/* Loops over lane blocks in one precision (base/in_double.h). */

#define KERNELS OG_P(og_kernels)
#define STEPS OG_P(og_lane_steps)
#define WIDTHS OG_P(og_lane_widths)

/* Steps of a block as arrays over lanes: each goes from fraction `start` to `end` of a span from t0 to t1. */
typedef struct STEPS {
  const double *t0, *t1, *span, *start, *end;
  double *t, *t_next, *h; /* out */
  REAL *h_real;
} STEPS;
typedef struct WIDTHS {
  const double *start, *end, *widest, *error, *factor;
  double *width, *previous, *most; /* in and out */
  double growth;                   /* the most by which a step grows after an accepted one */
} WIDTHS;

/* weighted_sum: y = x + h sum_j a_j k_j, in the order of j; x NULL: no x; h NULL: 1. h has one entry a lane.
 * scaled_error: sum[lane] = sum over rows of (e / (atol + rtol max(|x|, |y|)))^2; e is overwritten. Where
 * `atols` is not NULL it has the atol of each row. NaN where y is not finite.
 * add_rows: y += x where mask is not 0 (NULL: everywhere). copy_rows: y = x likewise.
 * dot_rows: sum[lane] += sum over rows of a b.
 * outgrows: whether in any lane h sum |a| exceeds `most` sum |b|, the sums over rows, which are left in a_sum
 * and b_sum. step_factors: see og_control; arrays of `lanes` entries, padded to OG_LANE_STEP. step_ends,
 * step_times: where steps of the wished widths end, and their times and lengths. error_norms: root mean
 * squares of scaled errors, from one estimate or from two (step/explicit.c). next_widths: the widths, as
 * fractions, that the factors make of the steps taken. */
typedef struct KERNELS {
  const char *name;
  void (*weighted_sum)(int rows, int lanes, REAL *y, const REAL *x, const REAL *h, int count, const REAL *a,
                       const REAL *const *k);
  void (*scaled_error)(int rows, int lanes, REAL *e, const REAL *x, const REAL *y, REAL atol,
                       const REAL *atols, REAL rtol, REAL *sum);
  void (*add_rows)(int rows, int lanes, REAL *y, const REAL *x, const REAL *mask);
  void (*copy_rows)(int rows, int lanes, REAL *y, const REAL *x, const REAL *mask);
  void (*dot_rows)(int rows, int lanes, const REAL *a, const REAL *b, REAL *sum);
  int (*outgrows)(int rows, int lanes, const REAL *a, const REAL *b, const REAL *h, REAL most, REAL *a_sum,
                  REAL *b_sum);
  void (*step_factors)(int lanes, const og_control *control, const double *error, const double *previous,
                       const double *most, double *factor);
  void (*step_ends)(int lanes, const double *start, const double *width, double *end);
  void (*step_times)(int lanes, const STEPS *steps);
  void (*error_norms)(int lanes, double rows, const REAL *sum, const REAL *sum2, double *error);
  void (*next_widths)(int lanes, const WIDTHS *widths);
} KERNELS;

#undef KERNELS
#undef STEPS
#undef WIDTHS

/* Dense output in one precision (base/in_double.h). */

#define STEP OG_P(og_step)
#define READER OG_P(og_step_reader)
#define DENSE OG_P(og_dense_output)

typedef struct DENSE {
  og_solve *solve;
  int lanes;
  READER r; /* steps are taken again in groups of a few lanes */
  STEP *step;
  double *coefficients; /* [degree + 1][n][lanes]: x(t) = sum_d c_d s^d at t = t_k + s h */
  double *sum;          /* [n][lanes], to work in */
  size_t trajectory[OG_LANES_MAX], segment[OG_LANES_MAX], index[OG_LANES_MAX];
  unsigned char there[OG_LANES_MAX]; /* the coefficients are those of this step */
  double start[OG_LANES_MAX], end[OG_LANES_MAX], width[OG_LANES_MAX]; /* t_k, t_(k+1) and h */
  double place[OG_LANES_MAX];                                         /* s of what was read last */
} DENSE;
/* Dense output of a solve in `memory`, which is cleared before its first use. Not for two threads. */
DENSE *OG_P(og_dense_output_in)(void *memory, og_solve *solve, int lanes);
/* x [n][lanes] at the lanes' own times, of the trajectories with these numbers and within these segments;
 * lanes with a status are left out, and one whose step cannot be taken again gets one. */
void OG_P(og_dense_output_read)(DENSE *dense, const double *t, const size_t *trajectory,
                                const size_t *segment, og_lane_status *status, REAL *x);
/* x' at the times of the last reading. */
void OG_P(og_dense_output_slope)(DENSE *dense, REAL *x_dot);

#undef STEP
#undef READER
#undef DENSE

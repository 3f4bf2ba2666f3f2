/* A Rosenbrock step in one precision, and its functions (step_real.h says what they do). */

#define STEP OG_P(og_step)
#define INTERVAL OG_P(og_interval)
#define ROSENBROCK OG_P(og_rosenbrock)

typedef struct ROSENBROCK {
  STEP base;
  const og_rosenbrock_tableau *tableau;
  const og_elimination *elimination;
  REAL *f0;                            /* f at the step's start [n][lanes] */
  REAL *f_t;                           /* df/dt there; NULL: f does not read t */
  REAL *u[OG_ROSENBROCK_STAGES];       /* u_i [n][lanes] */
  REAL *stage_x[OG_ROSENBROCK_STAGES]; /* X_i [n][lanes]; X_1 is the caller's x */
  REAL *sum;                           /* a sum of blocks [n][lanes] */
  REAL *product;                       /* M times a block; NULL: M is the identity */
  REAL *w;                             /* W at the entries of the pattern [count][lanes] */
  void *factors;                       /* of W */
  /* The transpose's: v_i = W^-T of the cotangent of u_i, M^T v_i (v_i itself without M), and the cotangent of
   * X_i, which all are the tangent's u_i, M u_i and X_i; [n][lanes]. */
  REAL *v[OG_ROSENBROCK_STAGES], *mass_v[OG_ROSENBROCK_STAGES], *x_bar[OG_ROSENBROCK_STAGES];
  REAL *lambda;               /* the cotangent of the step's end [n][lanes] */
  REAL *curved;               /* what J's own derivative adds to the cotangent of x [n][lanes] */
  REAL *part;                 /* one stage's of it [n][lanes] */
  REAL *theta_bar;            /* theta's cotangent of one stage [p][lanes] */
  REAL *t_bars;               /* time's of each stage, [padded lanes] each; behind them that of J and df/dt */
  double h_bar[OG_LANES_MAX]; /* the part of h's cotangent that is not in t_bars */
  double h[OG_LANES_MAX];
  size_t bad_row[OG_LANES_MAX]; /* of f at a stage of the step: the first that is not finite; n: none */
  _Alignas(64) REAL h_inverse[OG_LANES_MAX];
  _Alignas(64) REAL t_dot[OG_LANES_MAX]; /* a tangent of times */
} ROSENBROCK;

/* rosenbrock_memory_real.c */
size_t OG_P(og_rosenbrock_bytes)(const og_stepper *stepper, const og_field *field, int lanes, int purpose);
STEP *OG_P(og_rosenbrock_open)(const og_stepper *stepper, const og_field *field, int lanes, int purpose,
                               void *memory);

/* rosenbrock_real.c */
extern const OG_P(og_step_ops) OG_P(og_rosenbrock_ops);
void OG_P(og_rosenbrock_stage_times)(const ROSENBROCK *r, int i, const INTERVAL *at, double *t);
/* y = x + scale sum_j of the nonzero weights[j * stride] times blocks[j], first <= j < last; x and scale may
 * be NULL. */
void OG_P(og_rosenbrock_sum)(const ROSENBROCK *r, const double *weights, int stride, int first, int last,
                             REAL *const *blocks, const REAL *x, const REAL *scale, REAL *y);
/* The block M x, or M^T x; x itself where M is the identity, else in r->product. */
const REAL *OG_P(og_rosenbrock_mass)(ROSENBROCK *r, const REAL *x, int transposed);
/* df/dt at x, where f reads t, and the factors of W. */
void OG_P(og_rosenbrock_prepare)(ROSENBROCK *r, const INTERVAL *at, const REAL *x, const REAL *theta);

/* rosenbrock_inside_real.c */
int OG_P(og_rosenbrock_complete)(STEP *step, const INTERVAL *at, const REAL *x, const REAL *theta);
void OG_P(og_rosenbrock_state)(const STEP *step, int lane, double s, const INTERVAL *at, const REAL *x,
                               double *state);
void OG_P(og_rosenbrock_states)(const STEP *step, double s, const INTERVAL *at, const REAL *x, REAL *states);
void OG_P(og_rosenbrock_slope_at)(const STEP *step, int lane, double s, double *slope, double *sizes);
double OG_P(og_rosenbrock_slope_along)(const STEP *step, int lane, double s, size_t rows,
                                       const double *direction);
void OG_P(og_rosenbrock_curve)(const STEP *step, int lane, const INTERVAL *at, double *curve, size_t power,
                               size_t entry);
void OG_P(og_rosenbrock_seed)(const og_stepper *stepper, double s, size_t rows, const double *bar,
                              REAL *seeds, size_t block, size_t entry);

/* rosenbrock_transpose_real.c */
int OG_P(og_rosenbrock_transpose)(STEP *step, int uses, const INTERVAL *at, const REAL *x, const REAL *theta,
                                  const REAL *seeds, const REAL *mask, REAL *x_bar, REAL *theta_bar);
void OG_P(og_rosenbrock_time_cotangents)(const STEP *step, int lane, int inside, double *t_bar, double *h_bar,
                                         double singular[OG_SINGULAR_PLACES]);
void OG_P(og_rosenbrock_end_cotangent)(const STEP *step, int lane, const REAL *x_bar, REAL *y_bar);
int OG_P(og_rosenbrock_growth)(const STEP *step, const INTERVAL *at, REAL most, REAL *product, REAL *g);
void OG_P(og_rosenbrock_damp)(STEP *step, const REAL *mask, const INTERVAL *at, const REAL *x,
                              const REAL *theta, REAL *x_bar, REAL *theta_bar);

/* rosenbrock_tangent_real.c */
int OG_P(og_rosenbrock_tangent)(STEP *step, int uses, const INTERVAL *at, const REAL *x, const REAL *theta,
                                const REAL *x_dot, const REAL *theta_dot, const double *t_dot,
                                const double *h_dot, REAL *y_dot);
void OG_P(og_rosenbrock_tangent_at)(const STEP *step, int lane, double s, const INTERVAL *at,
                                    const REAL *x_dot, double h_dot, double *state_dot);

/* The step as its own kind; every one that these functions are given is. */
static inline ROSENBROCK *OG_P(og_rosenbrock_of)(STEP *step) { return (ROSENBROCK *)(void *)step; }
static inline const ROSENBROCK *OG_P(og_rosenbrock_in)(const STEP *step) {
  return (const ROSENBROCK *)(const void *)step;
}

#undef STEP
#undef INTERVAL
#undef ROSENBROCK

/* A Rosenbrock step in one precision, and its functions (step_real.h says what they do). */

#define STEP OG_P(og_step)
#define INTERVAL OG_P(og_interval)
#define ROSENBROCK OG_P(og_rosenbrock)

typedef struct ROSENBROCK {
  OG_P(og_increments) common;
  const og_rosenbrock_tableau *tableau;
  const og_elimination *elimination;
  REAL *f_t;                           /* df/dt there; NULL: f does not read t */
  REAL *stage_x[OG_ROSENBROCK_STAGES]; /* X_i [n][lanes]; X_1 is the caller's x */
  REAL *sum;                           /* a sum of blocks [n][lanes] */
  char *kept;                          /* what a step leaves for its transpose: f0, f_t, u and the factors */
  int filled;                          /* that is there already (use_tape) */
  REAL *w;                             /* W at the entries of the pattern [count][lanes] */
  void *factors;                       /* of W */
  /* The transpose's: v_i = W^-T of the cotangent of u_i, M^T v_i (v_i itself without M), and the cotangent of
   * X_i, which all are the tangent's u_i, M u_i and X_i; [n][lanes]. */
  REAL *v[OG_ROSENBROCK_STAGES], *mass_v[OG_ROSENBROCK_STAGES], *x_bar[OG_ROSENBROCK_STAGES];
  REAL *curved;                           /* what J's own derivative adds to the cotangent of x [n][lanes] */
  REAL *part;                             /* one stage's of it [n][lanes] */
  double nodes[OG_ROSENBROCK_STAGES + 1]; /* alpha, and 0: where the matrix and df/dt are */
  _Alignas(64) REAL h_inverse[OG_LANES_MAX], sigma[OG_LANES_MAX]; /* 1 / h, 1 / (h gamma) */
  _Alignas(64) REAL t_dot[OG_LANES_MAX];                          /* a tangent of times */
} ROSENBROCK;

/* rosenbrock_memory_real.c */
size_t OG_P(og_rosenbrock_bytes)(const og_stepper *stepper, const og_field *field, int lanes, int purpose);
STEP *OG_P(og_rosenbrock_open)(const og_stepper *stepper, const og_field *field, int lanes, int purpose,
                               void *memory);
size_t OG_P(og_rosenbrock_tape_bytes)(const og_stepper *stepper, const og_field *field, int lanes);
void OG_P(og_rosenbrock_use_tape)(STEP *step, void *tape, int filled);

/* rosenbrock_real.c */
extern const OG_P(og_step_ops) OG_P(og_rosenbrock_ops);
/* df/dt at x, where f reads t, and the factors of W. */
void OG_P(og_rosenbrock_prepare)(ROSENBROCK *r, const INTERVAL *at, const REAL *x, const REAL *theta);

/* rosenbrock_transpose_real.c */
int OG_P(og_rosenbrock_transpose)(STEP *step, int uses, const INTERVAL *at, const REAL *x, const REAL *theta,
                                  const REAL *seeds, const REAL *mask, REAL *x_bar, REAL *theta_bar);
int OG_P(og_rosenbrock_growth)(const STEP *step, const INTERVAL *at, REAL most, REAL *product, REAL *g);
void OG_P(og_rosenbrock_damp)(STEP *step, const REAL *mask, const INTERVAL *at, const REAL *x,
                              const REAL *theta, REAL *x_bar, REAL *theta_bar);

/* rosenbrock_tangent_real.c */
int OG_P(og_rosenbrock_tangent)(STEP *step, int uses, const INTERVAL *at, const REAL *x, const REAL *theta,
                                const REAL *x_dot, const REAL *theta_dot, const double *t_dot,
                                const double *h_dot, REAL *y_dot);

/* The step as its own kind; every one that these functions are given is. */
static inline ROSENBROCK *OG_P(og_rosenbrock_of)(STEP *step) { return (ROSENBROCK *)(void *)step; }
static inline const ROSENBROCK *OG_P(og_rosenbrock_in)(const STEP *step) {
  return (const ROSENBROCK *)(const void *)step;
}

#undef STEP
#undef INTERVAL
#undef ROSENBROCK

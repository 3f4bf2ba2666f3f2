/* A fully implicit step in one precision, and its functions (step_real.h says what they do). */

#define STEP OG_P(og_step)
#define INTERVAL OG_P(og_interval)
#define RADAU OG_P(og_radau)

typedef struct RADAU {
  OG_P(og_increments) common; /* u_j is z_j */
  const og_radau_tableau *tableau;
  const og_elimination *elimination;          /* of n equations */
  const og_elimination *system;               /* of all, row k of stage i at k s + i */
  double a[OG_RADAU_STAGES][OG_RADAU_STAGES]; /* A; where integrals follow */
  int *source;                     /* which entry of the field's pattern each of the system's is of */
  REAL *stage_x[OG_RADAU_STAGES];  /* X_i [n][lanes] */
  REAL *sum;                       /* a sum of increments [n][lanes] */
  REAL *residual[OG_RADAU_STAGES]; /* of each stage, and what corrects its z */
  REAL *right;                     /* the system's right side [s n][lanes] */
  REAL *jacobian;                  /* df/dx at one place, on the field's pattern [count][lanes] */
  REAL *w;                         /* the system's matrix, on its own [count][lanes] */
  void *factors;                   /* of M / (h gamma) - df/dx at the step's start */
  void *system_factors;
  /* The transpose's: solutions of the transposed system, and their cotangents of X_i. */
  REAL *v[OG_RADAU_STAGES], *bar[OG_RADAU_STAGES], *part;
  _Alignas(64) REAL sigma[OG_LANES_MAX], h_inverse[OG_LANES_MAX]; /* 1 / (h gamma), 1 / h */
} RADAU;

/* radau_memory_real.c */
size_t OG_P(og_radau_bytes)(const og_stepper *stepper, const og_field *field, int lanes, int purpose);
STEP *OG_P(og_radau_open)(const og_stepper *stepper, const og_field *field, int lanes, int purpose,
                          void *memory);

/* radau_system_real.c */
/* The matrix's rows of stage i, from df/dx in `jacobian`. */
void OG_P(og_radau_set_rows)(RADAU *r, int i);
/* With df/dx at the states X_i, and its factors, in lanes whose status is 0. */
void OG_P(og_radau_factor)(RADAU *r, const INTERVAL *at, const REAL *theta, og_lane_status *status);
/* X_i from z_i. */
void OG_P(og_radau_set_states)(const RADAU *r, const REAL *x);
/* Of blocks of the stages, in place, as many rows as the pattern has from row `first` on. */
void OG_P(og_radau_solve)(RADAU *r, int first, int transposed, REAL *const *blocks);
/* y = 1/h M sum_j (A^-1)_ij blocks[j]; transposed: 1/h M^T sum_j (A^-1)_ji blocks[j]. */
void OG_P(og_radau_couple)(RADAU *r, int i, int transposed, REAL *const *blocks, REAL *y);
/* From nothing to z and X, in the pattern's rows. Lanes where that fails get status 1. Returns how many
 * evaluations of f the lanes took together. */
long long OG_P(og_radau_solve_stages)(RADAU *r, const INTERVAL *at, const REAL *x, const REAL *theta);

/* radau_following_real.c */
/* z and X in the rows that follow the pattern's, and factors at the X_i where those are tangents. Returns how
 * many evaluations of f each lane took. */
int OG_P(og_radau_find_following)(RADAU *r, const INTERVAL *at, const REAL *x, const REAL *theta);
/* v_j, in place, by the transposed matrix of all rows. */
void OG_P(og_radau_solve_transposed)(RADAU *r, const INTERVAL *at, const REAL *theta);

/* radau_real.c */
extern const OG_P(og_step_ops) OG_P(og_radau_ops);

/* radau_transpose_real.c */
int OG_P(og_radau_transpose)(STEP *step, int uses, const INTERVAL *at, const REAL *x, const REAL *theta,
                             const REAL *seeds, const REAL *mask, REAL *x_bar, REAL *theta_bar);
int OG_P(og_radau_growth)(const STEP *step, const INTERVAL *at, REAL most, REAL *product, REAL *g);
void OG_P(og_radau_damp)(STEP *step, const REAL *mask, const INTERVAL *at, const REAL *x, const REAL *theta,
                         REAL *x_bar, REAL *theta_bar);

/* radau_tangent_real.c */
int OG_P(og_radau_tangent)(STEP *step, int uses, const INTERVAL *at, const REAL *x, const REAL *theta,
                           const REAL *x_dot, const REAL *theta_dot, const double *t_dot, const double *h_dot,
                           REAL *y_dot);

static inline RADAU *OG_P(og_radau_of)(STEP *step) { return (RADAU *)(void *)step; }
static inline const RADAU *OG_P(og_radau_in)(const STEP *step) { return (const RADAU *)(const void *)step; }

#undef STEP
#undef INTERVAL
#undef RADAU

/* A diagonally implicit step in one precision, and its functions (step_real.h says what they do). */

#define STEP OG_P(og_step)
#define INTERVAL OG_P(og_interval)
#define DIRK OG_P(og_dirk)

typedef struct DIRK {
  OG_P(og_increments) common;
  const og_dirk_tableau *tableau;
  const og_elimination *elimination;
  /* u_i is guessed from the u_j that have gone before. */
  double predictor[OG_DIRK_STAGES][OG_DIRK_STAGES];
  REAL *stage_x[OG_DIRK_STAGES]; /* X_i [n][lanes]; X_1 is the caller's x */
  REAL *start;                   /* x + sum_{j<i} a_ij u_j */
  REAL *z;                       /* X_i less that */
  REAL *residual;                /* of the stage's equation, and what it corrects z by */
  REAL *w;                       /* M / (h gamma) - df/dx at the entries of the pattern [count][lanes] */
  void *factors;                 /* of it at the step's start */
  void *stage_factors[OG_DIRK_STAGES]; /* at X_i; one memory for all in a step that is only taken */
  void *mass_factors;                  /* of M; NULL: M is the identity */
  /* The transpose's: v_i solves with the transposed matrix, and the cotangent of X_i's start. */
  REAL *v, *start_bar[OG_DIRK_STAGES], *part;
  int last;                              /* the stage that v is of: one whose cotangent is zero leaves it */
  _Alignas(64) REAL sigma[OG_LANES_MAX]; /* 1 / (h gamma) */
} DIRK;

/* dirk_memory_real.c */
size_t OG_P(og_dirk_bytes)(const og_stepper *stepper, const og_field *field, int lanes, int purpose);
STEP *OG_P(og_dirk_open)(const og_stepper *stepper, const og_field *field, int lanes, int purpose,
                         void *memory);

/* dirk_real.c */
extern const OG_P(og_step_ops) OG_P(og_dirk_ops);
/* The factors of M / (h gamma) - df/dx at (t, x), in lanes whose status is 0. */
void OG_P(og_dirk_factor)(DIRK *d, const double *t, const REAL *x, const REAL *theta, og_lane_status *status,
                          void *factors);

/* dirk_newton_real.c */
/* The pattern's rows of stage i: from `start` and a guess of z to z, and X_i. Lanes where that fails get
 * status 1. Returns how many evaluations of f the lanes took together. */
long long OG_P(og_dirk_solve_stage)(DIRK *d, int i, const double *t, const REAL *theta);

/* Of that stage the rows of z and X_i that follow those of the pattern, by the factors at X_i. */
void OG_P(og_dirk_find_following)(DIRK *d, int i, const double *t, const REAL *theta);

/* dirk_transpose_real.c */
int OG_P(og_dirk_transpose)(STEP *step, int uses, const INTERVAL *at, const REAL *x, const REAL *theta,
                            const REAL *seeds, const REAL *mask, REAL *x_bar, REAL *theta_bar);
int OG_P(og_dirk_growth)(const STEP *step, const INTERVAL *at, REAL most, REAL *product, REAL *g);
void OG_P(og_dirk_damp)(STEP *step, const REAL *mask, const INTERVAL *at, const REAL *x, const REAL *theta,
                        REAL *x_bar, REAL *theta_bar);

/* dirk_tangent_real.c */
int OG_P(og_dirk_tangent)(STEP *step, int uses, const INTERVAL *at, const REAL *x, const REAL *theta,
                          const REAL *x_dot, const REAL *theta_dot, const double *t_dot, const double *h_dot,
                          REAL *y_dot);

static inline DIRK *OG_P(og_dirk_of)(STEP *step) { return (DIRK *)(void *)step; }
static inline const DIRK *OG_P(og_dirk_in)(const STEP *step) { return (const DIRK *)(const void *)step; }

#undef STEP
#undef INTERVAL
#undef DIRK

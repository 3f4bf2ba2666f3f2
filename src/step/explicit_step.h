/* An explicit step in one precision, and its functions (step_real.h says what they do). */

#define STEP OG_P(og_step)
#define INTERVAL OG_P(og_interval)
#define EXPLICIT OG_P(og_explicit)

/* The nonzero weights of a sum over stages. */
typedef struct OG_P(og_weights) {
  int count;
  unsigned char stage[OG_STAGES_MAX];
  REAL value[OG_STAGES_MAX];
} OG_P(og_weights);

typedef struct EXPLICIT {
  STEP base;
  const og_tableau *tableau;
  int core; /* stages that x1 needs: all but a last one that equals f(x1) */
  OG_P(og_weights) a[OG_STAGES_MAX], b, error[2];
  OG_P(og_weights) transposed[OG_STAGES_MAX]; /* a_mj over m > j */
  REAL *stage_x[OG_STAGES_MAX];               /* X_j [n][lanes]; X_0 is the caller's x */
  REAL *k[OG_STAGES_MAX];                     /* K_j [n][lanes] */
  REAL *g[OG_STAGES_MAX];                     /* transpose: cotangent of K_j divided by h, [n][lanes] */
  REAL *x_bar[OG_STAGES_MAX];                 /* transpose: cotangent of X_j; tangent: K_j's */
  REAL *lambda;    /* transpose: h g_j [n][lanes], at last of the first stage; tangent: a sum */
  REAL *theta_bar; /* transpose: theta's cotangent of one stage, [p][lanes] */
  REAL *t_bars;    /* transpose: time's of each stage, [lanes] each */
  double *stage_t; /* of stages that are computed in one pass, [lanes] each */
  void *tape[OG_STAGES_MAX];
  int taped;  /* so many of the first stages have left a tape */
  int filled; /* stages were left behind by the step itself (use_tape) */
  int last;   /* so many of the first stages were transposed */
} EXPLICIT;

/* explicit_memory_real.c */
size_t OG_P(og_explicit_bytes)(const og_stepper *stepper, const og_field *field, int lanes, int purpose);
STEP *OG_P(og_explicit_open)(const og_stepper *stepper, const og_field *field, int lanes, int purpose,
                             void *memory);
size_t OG_P(og_explicit_tape_bytes)(const og_stepper *stepper, const og_field *field, int lanes);
void OG_P(og_explicit_use_tape)(STEP *step, void *tape, int filled);

/* explicit_real.c */
void OG_P(og_explicit_stage_times)(const EXPLICIT *e, int j, const INTERVAL *at, double *t);
/* y = x + h sum of the weighted blocks, in the order of the weights. */
void OG_P(og_explicit_sum)(const EXPLICIT *e, const OG_P(og_weights) * weights, REAL *const *blocks,
                           const REAL *x, const REAL *h, REAL *y);
/* X_j and K_j for first <= j < last; K_j only for j < last_k. Stages before `first` are there already. */
void OG_P(og_explicit_stages)(EXPLICIT *e, int first, int last, int last_k, const INTERVAL *at, const REAL *x,
                              const REAL *theta);
extern const OG_P(og_step_ops) OG_P(og_explicit_ops);

/* explicit_fused_real.c: the same, and the transpose of stages that count in all lanes, for a field that
 * computes sums of blocks and its functions of them in one pass (field/fused.h). */
int OG_P(og_explicit_may_fuse)(const EXPLICIT *e);
void OG_P(og_explicit_fused_stages)(EXPLICIT *e, int first, int last, int last_k, const INTERVAL *at,
                                    const REAL *x, const REAL *theta);
int OG_P(og_explicit_fused_transpose)(EXPLICIT *e, int last, const INTERVAL *at, const REAL *x,
                                      const REAL *theta, const REAL *seeds, const REAL *x_bar,
                                      REAL *theta_bar, const REAL **reached);

/* explicit_inside_real.c */
int OG_P(og_explicit_complete)(STEP *step, const INTERVAL *at, const REAL *x, const REAL *theta);
void OG_P(og_explicit_state)(const STEP *step, int lane, double s, const INTERVAL *at, const REAL *x,
                             double *state);
void OG_P(og_explicit_states)(const STEP *step, double s, const INTERVAL *at, const REAL *x, REAL *states);
void OG_P(og_explicit_slope_at)(const STEP *step, int lane, double s, double *slope, double *sizes);
double OG_P(og_explicit_slope_along)(const STEP *step, int lane, double s, size_t rows,
                                     const double *direction);
void OG_P(og_explicit_curve)(const STEP *step, int lane, const INTERVAL *at, double *curve, size_t power,
                             size_t entry);

/* explicit_transpose_real.c */
/* The terms of g_j; none: the stage does not matter. */
int OG_P(og_explicit_cotangent_terms)(const EXPLICIT *e, int j, int last, const REAL *seeds,
                                      const REAL *x_bar, const REAL **terms, REAL *values);
/* A stage that nothing depends on. */
void OG_P(og_explicit_clear_stage)(const EXPLICIT *e, int j, REAL *t_bar);
void OG_P(og_explicit_seed)(const og_stepper *stepper, double s, size_t rows, const double *bar, REAL *seeds,
                            size_t block, size_t entry);
int OG_P(og_explicit_transpose)(STEP *step, int uses, const INTERVAL *at, const REAL *x, const REAL *theta,
                                const REAL *seeds, const REAL *mask, REAL *x_bar, REAL *theta_bar);
void OG_P(og_explicit_time_cotangents)(const STEP *step, int lane, int inside, double *t_bar, double *h_bar,
                                       double singular[OG_SINGULAR_PLACES]);
void OG_P(og_explicit_end_cotangent)(const STEP *step, int lane, const REAL *x_bar, REAL *y_bar);
int OG_P(og_explicit_growth)(const STEP *step, const INTERVAL *at, REAL most, REAL *product, REAL *g);

/* explicit_tangent_real.c */
int OG_P(og_explicit_tangent)(STEP *step, int uses, const INTERVAL *at, const REAL *x, const REAL *theta,
                              const REAL *x_dot, const REAL *theta_dot, const double *t_dot,
                              const double *h_dot, REAL *y_dot);
void OG_P(og_explicit_tangent_at)(const STEP *step, int lane, double s, const INTERVAL *at, const REAL *x_dot,
                                  double h_dot, double *state_dot);

/* The step as its own kind; every one that these functions are given is. */
static inline EXPLICIT *OG_P(og_explicit_of)(STEP *step) { return (EXPLICIT *)(void *)step; }
static inline const EXPLICIT *OG_P(og_explicit_in)(const STEP *step) {
  return (const EXPLICIT *)(const void *)step;
}

#undef STEP
#undef INTERVAL
#undef EXPLICIT

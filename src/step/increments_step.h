/* Increments in one precision, and what is done with them. */

#define STEP OG_P(og_step)
#define INTERVAL OG_P(og_interval)
#define INCREMENTS OG_P(og_increments)

typedef struct INCREMENTS {
  STEP base;
  og_increment_rows rows;
  int uses_start;                 /* f at the step's start is one of its slopes */
  REAL *f0;                       /* f at the step's start [n][lanes] */
  REAL *u[OG_INCREMENTS_MAX];     /* u_j [n][lanes] */
  REAL *u_dot[OG_INCREMENTS_MAX]; /* their tangents, after `tangent` */
  REAL *lambda;                   /* after `transpose`: the cotangent of the step's end */
  REAL *theta_bar;                /* theta's cotangent of one stage [p][lanes] */
  REAL *half;                     /* room for the pattern's rows, or those behind; NULL: none follow */
  REAL *product;                  /* M times a block; NULL: M is the identity */
  const double *nodes;            /* where in the step f was evaluated, [times] */
  int times;                      /* 0: f does not read t */
  REAL *t_bars;                   /* f's time's cotangent of each, [lanes] each */
  double h_bar[OG_LANES_MAX];     /* the part of h's cotangent that is not in t_bars */
  double h[OG_LANES_MAX];         /* see og_step_length */
  _Alignas(64) REAL h_real[OG_LANES_MAX];
  size_t bad_row[OG_LANES_MAX]; /* the row of f that was not finite in a stage; n: none was */
} INCREMENTS;

REAL *OG_P(og_room_rows)(og_room *room, size_t rows, int lanes);
/* The head of a step. */
STEP OG_P(og_increments_base)(const og_stepper *stepper, const og_field *field, int lanes);
/* y = x + scale sum_j of the nonzero weights[j * stride] times blocks[j], first <= j < last; x and scale may
 * be NULL. */
void OG_P(og_increments_sum)(const STEP *step, const double *weights, int stride, int first, int last,
                             REAL *const *blocks, const REAL *x, const REAL *scale, REAL *y);
/* The block M x, or M^T x; x itself where M is the identity, else in `product`. */
const REAL *OG_P(og_increments_mass)(const STEP *step, const REAL *x, int transposed, REAL *product);
/* Times of a node; those at the step's end are t_next exactly. */
void OG_P(og_increments_times)(const STEP *step, double c, const INTERVAL *at, double *t);
/* values, which are df/dx at the entries of the field's pattern, become scale M - df/dx. */
void OG_P(og_increments_subtract)(const STEP *step, const REAL *scale, REAL *values);
/* The factors of w; lanes where it is singular get that status. */
void OG_P(og_increments_factor)(const STEP *step, const og_elimination *elimination, const REAL *w,
                                void *factors, og_lane_status *status);
/* b's rows of the pattern become W^-1 of them. */
void OG_P(og_increments_solve)(INCREMENTS *i, const og_elimination *elimination, const void *factors,
                               REAL *b);
/* All of b's rows become what the transposed matrix makes of them, which is that of (t, x). */
void OG_P(og_increments_solve_transposed)(INCREMENTS *i, const og_elimination *elimination,
                                          const void *factors, const double *t, const REAL *x,
                                          const REAL *theta, REAL *b);
/* Rows that follow the pattern's (following_real.c): room for them; b's become D^-1 of them, or that times
 * 1 / sigma; u's get C times its rows of the pattern; v's rows of the pattern get C^T times them. */
void OG_P(og_following_take_room)(INCREMENTS *i, og_room *room);
void OG_P(og_following_solve)(INCREMENTS *i, const og_elimination *elimination, const void *factors,
                              const REAL *sigma, REAL *b);
void OG_P(og_following_divide)(const STEP *step, const REAL *sigma, REAL *b);
void OG_P(og_following_couple)(INCREMENTS *i, const double *t, const REAL *x, const REAL *theta, REAL *u);
void OG_P(og_following_couple_back)(INCREMENTS *i, const double *t, const REAL *x, const REAL *theta,
                                    REAL *v);
/* lambda^T f at x: its cotangents of x, of theta, added to theta_bar (NULL: not wanted), and of time (NULL:
 * not wanted). */
void OG_P(og_increments_product)(INCREMENTS *i, const double *t, const REAL *x, const REAL *theta,
                                 const REAL *lambda, REAL *x_bar, REAL *theta_bar, REAL *t_bar);

/* The first row of a block that is not finite in the lane; n if there is none. */
size_t OG_P(og_increments_not_finite_in)(const STEP *step, const REAL *block, int lane);
/* Which row of f at x is not finite in the lane becomes its bad_row, if it has none yet; f is overwritten. */
void OG_P(og_increments_find_cause)(INCREMENTS *i, const double *t, const REAL *x, const REAL *theta,
                                    int lane, REAL *f);
/* Keeps h, before a step's stages are found. */
void OG_P(og_increments_prepare)(INCREMENTS *i, const INTERVAL *at);

/* og_step_ops.damp from v, which has solved with the transposed matrix of the step's start: sigma M - df/dx.
 * `part` is overwritten. */
void OG_P(og_increments_damp)(INCREMENTS *i, const REAL *mask, const INTERVAL *at, const REAL *x,
                              const REAL *theta, const REAL *v, const REAL *sigma, REAL *part, REAL *x_bar,
                              REAL *theta_bar);

/* Functions of og_step_ops. */
void OG_P(og_increments_begin)(STEP *step, const REAL *mask, const REAL *f);
void OG_P(og_increments_advance)(STEP *step, const REAL *mask);
void OG_P(og_increments_end)(STEP *step, const INTERVAL *at, const REAL *x, REAL *y);
const REAL *OG_P(og_increments_slope)(const STEP *step);
size_t OG_P(og_increments_not_finite)(const STEP *step, int lane, int slope_alone);
double OG_P(og_increments_spread)(const STEP *step, int lane, size_t row);
int OG_P(og_increments_complete)(STEP *step, const INTERVAL *at, const REAL *x, const REAL *theta);
void OG_P(og_increments_state)(const STEP *step, int lane, double s, const INTERVAL *at, const REAL *x,
                               double *state);
void OG_P(og_increments_states)(const STEP *step, double s, const INTERVAL *at, const REAL *x, REAL *states);
void OG_P(og_increments_slope_at)(const STEP *step, int lane, double s, double *slope, double *sizes);
double OG_P(og_increments_slope_along)(const STEP *step, int lane, double s, size_t rows,
                                       const double *direction);
void OG_P(og_increments_curve)(const STEP *step, int lane, const INTERVAL *at, double *curve, size_t power,
                               size_t entry);
size_t OG_P(og_increments_tape_bytes)(const og_stepper *stepper, const og_field *field, int lanes);
void OG_P(og_increments_use_tape)(STEP *step, void *tape, int filled);
void OG_P(og_increments_seed)(const og_increment_rows *rows, double s, size_t count, const double *bar,
                              REAL *seeds, size_t block, size_t entry);
void OG_P(og_increments_time_cotangents)(const STEP *step, int lane, int inside, double *t_bar, double *h_bar,
                                         double singular[OG_SINGULAR_PLACES]);
void OG_P(og_increments_end_cotangent)(const STEP *step, int lane, const REAL *x_bar, REAL *y_bar);
void OG_P(og_increments_tangent_at)(const STEP *step, int lane, double s, const INTERVAL *at,
                                    const REAL *x_dot, double h_dot, double *state_dot);

#undef STEP
#undef INTERVAL
#undef INCREMENTS

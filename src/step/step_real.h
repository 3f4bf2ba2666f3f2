/* A step in one precision (base/in_double.h): its state, and what a method does with it.
 *
 * Blocks are [rows][lanes]; x, y and cotangents of states have n rows, theta has p. Each lane has its own t
 * and h. A step allocates nothing once it is open. Whoever takes a step sets `status` first (field/field.h).
 */

#define STEP OG_P(og_step)
#define INTERVAL OG_P(og_interval)

/* Where each lane's step lies. Times are double; h is kept in both precisions. */
typedef struct INTERVAL {
  double t[OG_LANES_MAX], t_next[OG_LANES_MAX], h[OG_LANES_MAX];
  _Alignas(64) REAL h_real[OG_LANES_MAX];
  unsigned char implicit[OG_LANES_MAX]; /* of a stepper of two methods: it is the implicit one's step */
} INTERVAL;

/* The lane's h; of a step of no length one so short that its end is its start in every bit, with which
 * implicit methods can work: what they make of it, and its derivatives, are those of the limit. */
static inline double OG_P(og_step_length)(const INTERVAL *at, int lane) {
  double least = sizeof(REAL) == sizeof(float) ? 1e-15 : 1e-120;
  return at->h_real[lane] != 0 ? at->h[lane] : least;
}

/* The head of every kind of step: kinds embed it as their first member. */
typedef struct STEP {
  const og_stepper *stepper;
  const struct OG_P(og_step_ops) * ops;
  const og_field *field;
  const OG_P(og_kernels) * kernels;
  int lanes, n, p;
  int leading;       /* of an implicit method: the rows that it solves for together, those of the pattern */
  void *scratch;     /* the field's, free for use between steps */
  REAL *weights_bar; /* of a bound field: [weights] of the caller's, which transposing adds to; else NULL */
  og_lane_status status[OG_LANES_MAX];
  /* Evaluations of f beyond those that functions return, of all lanes together: those of iterations, of which
   * each lane has its own number. */
  long long further_evals;
} STEP;

/* What a method does. `s` is a place in a step, 0 at its start and 1 at its end; states and slopes of one
 * lane are double. Functions that evaluate f or its products return how many evaluations each lane took. */
typedef struct OG_P(og_step_ops) {
  /* Bytes of an open step, a multiple of 64; and a step in memory of so many bytes, aligned to 64 and
   * cleared. */
  size_t (*bytes)(const og_stepper *stepper, const og_field *field, int lanes, int purpose);
  STEP *(*open)(const og_stepper *stepper, const og_field *field, int lanes, int purpose, void *memory);

  /* ---- Forward ---- */
  /* f at x in the lanes of the mask, where a segment begins; for methods that carry the slope. */
  void (*begin)(STEP *step, const REAL *mask, const REAL *f);
  /* From x to y. */
  int (*attempt)(STEP *step, const INTERVAL *at, const REAL *x, const REAL *theta, REAL *y);
  /* The step was accepted in the lanes of the mask: the next one begins where it ends. */
  void (*advance)(STEP *step, const REAL *mask);
  /* Estimate number `which` of the step's error, of every row. */
  void (*error)(STEP *step, int which, const INTERVAL *at, REAL *e);
  /* For fixed steps of methods with or without an estimate: a difference of two formulas that the step has at
   * hand. 0: it has none. */
  int (*difference)(STEP *step, const INTERVAL *at, REAL *e);
  /* f at the step's start. */
  const REAL *(*slope)(const STEP *step);
  /* The first row of the lane that is not finite in what the step evaluated, or in the slope at its start
   * alone; n if there is none. */
  size_t (*not_finite)(const STEP *step, int lane, int slope_alone);
  /* How far apart the slopes are that the step found for one row. */
  double (*spread)(const STEP *step, int lane, size_t row);
  /* An estimate of |h| times the spectral radius of df/dx, from the step from x to y that one lane has just
   * attempted; an upper one of implicit methods. `scale` [rows] is what each row's entries are large against.
   * NULL: the method has none. */
  double (*stiffness)(const STEP *step, int lane, const INTERVAL *at, const REAL *x, const REAL *y,
                      const double *scale);

  /* ---- Inside ---- */
  /* What the interpolant needs beyond the step. */
  int (*complete)(STEP *step, const INTERVAL *at, const REAL *x, const REAL *theta);
  /* x(t + s h) of one lane, [n]; of all lanes, a block. */
  void (*state)(const STEP *step, int lane, double s, const INTERVAL *at, const REAL *x, double *state);
  void (*states)(const STEP *step, double s, const INTERVAL *at, const REAL *x, REAL *states);
  /* The derivative of x(t + s h) by time, and the sum of the sizes of the terms that it is made of (NULL: not
   * wanted); its product with a direction [rows]. */
  void (*slope_at)(const STEP *step, int lane, double s, double *slope, double *sizes);
  double (*slope_along)(const STEP *step, int lane, double s, size_t rows, const double *direction);
  /* x(t + s h) - x as coefficients of s^1 .. s^degree: row i of power d at [(d - 1) power + i entry]. */
  void (*curve)(const STEP *step, int lane, const INTERVAL *at, double *curve, size_t power, size_t entry);

  /* ---- Again, from what was recorded of it ---- */
  /* Everything that its transpose needs, and its `uses` (OG_STEP_VALUES, OG_STEP_INSIDE). */
  int (*recompute)(STEP *step, int uses, const INTERVAL *at, const REAL *x, const REAL *theta);
  /* The step's end, where VALUES were recomputed. */
  void (*end)(STEP *step, const INTERVAL *at, const REAL *x, REAL *y);
  /* Bytes of what a step leaves for its transpose, where it can be kept (0: it cannot); the memory for it, in
   * which the next attempt leaves it, or has left it (`filled`), so that recomputing takes it from there. */
  size_t (*tape_bytes)(const og_stepper *stepper, const og_field *field, int lanes);
  void (*use_tape)(STEP *step, void *tape, int filled);

  /* ---- Backward ---- */
  /* A cotangent [rows] of x(t + s h) - x joins `seeds`: block b, row i is at [b block + i entry]. */
  void (*seed)(const og_stepper *stepper, double s, size_t rows, const double *bar, REAL *seeds, size_t block,
               size_t entry);
  /* x_bar, in: the cotangent of the step's end and of x by what was observed; out: that of x. theta_bar
   * (NULL: not wanted) is added to. `seeds` are stepper->seeds blocks (NULL: none), which count in the lanes
   * of the mask alone. `uses` as in recompute. */
  int (*transpose)(STEP *step, int uses, const INTERVAL *at, const REAL *x, const REAL *theta,
                   const REAL *seeds, const REAL *mask, REAL *x_bar, REAL *theta_bar);
  /* After it, of a step whose VALUES were there: adds one lane's cotangents of t and h, x's own held; those
   * of f's own time that are not finite go to `singular`. inside: the lane is in the mask. */
  void (*time_cotangents)(const STEP *step, int lane, int inside, double *t_bar, double *h_bar,
                          double singular[OG_SINGULAR_PLACES]);
  /* After it: the cotangent of the step's end that one lane's x_bar came from, [n]. */
  void (*end_cotangent)(const STEP *step, int lane, const REAL *x_bar, REAL *y_bar);
  /* After it: whether |h| |J^T g| exceeds `most` |g| in some lane, where g is what the last product with J
   * was made of; the sizes |J^T g| and |g h| of every lane. */
  int (*growth)(const STEP *step, const INTERVAL *at, REAL most, REAL *product, REAL *g);

  /* What becomes of an error in the cotangent of the step's start, in the lanes of the mask, further back:
   * the transpose of a step of implicit Euler, by the matrix of the step that was recomputed last from x.
   * x_bar is overwritten, theta_bar (NULL: not wanted) is added to. NULL: nothing is known to be damped. */
  void (*damp)(STEP *step, const REAL *mask, const INTERVAL *at, const REAL *x, const REAL *theta,
               REAL *x_bar, REAL *theta_bar);

  /* ---- Tangent ---- */
  /* y_dot from x_dot, theta_dot, and t_dot, h_dot [lanes]; VALUES were recomputed, and INSIDE if it is in
   * `uses`. */
  int (*tangent)(STEP *step, int uses, const INTERVAL *at, const REAL *x, const REAL *theta,
                 const REAL *x_dot, const REAL *theta_dot, const double *t_dot, const double *h_dot,
                 REAL *y_dot);
  /* The tangent of x(t + s h) in one lane, s held. */
  void (*tangent_at)(const STEP *step, int lane, double s, const INTERVAL *at, const REAL *x_dot,
                     double h_dot, double *state_dot);
} OG_P(og_step_ops);

/* A step of its own memory; NULL: there is none. */
STEP *OG_P(og_step_create)(og_context *context, const og_stepper *stepper, const og_field *field, int lanes,
                           int purpose);
void OG_P(og_step_destroy)(og_context *context, STEP *step);
/* The further evaluations since it was last asked. NULL: none. */
long long OG_P(og_step_take_further_evals)(STEP *step);
/* Makes idle lane `to` do what lane `from` does, so that its numbers are a state's, and finite. */
void OG_P(og_step_imitate)(const STEP *step, int from, int to, INTERVAL *at, REAL *x, REAL *theta);

#undef STEP
#undef INTERVAL

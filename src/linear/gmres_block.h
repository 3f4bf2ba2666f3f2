/* Iterations in one precision (base/in_double.h); blocks are [n][lanes]. */

#define OPERATOR OG_P(og_gmres_operator)

/* What is iterated with. Functions may set lanes' status, which ends them; lanes whose status is not 0 may be
 * skipped. */
typedef struct OPERATOR {
  int n, lanes;
  /* product = W v */
  void (*apply)(void *self, const REAL *v, REAL *product, og_lane_status *status);
  /* v becomes what a matrix near W's inverse makes of it. */
  void (*precondition)(void *self, REAL *v, og_lane_status *status);
  void *self;
} OPERATOR;

/* Bytes of its memory, which the caller gives, aligned to 64. */
size_t OG_P(og_gmres_bytes)(size_t n, int lanes);
/* b becomes x with |b - W x| <= tolerance |b|, in the lanes whose status is 0; others keep theirs. A lane
 * gets status OG_GMRES_FAILED where that is not reached. `surely`: the residual is formed, and not known by
 * recurrence alone. A lane whose residual comes to rest by rounding is content with it. Returns the
 * iterations of all lanes together. */
long long OG_P(og_gmres)(const OPERATOR *w, double tolerance, int surely, void *memory, REAL *b,
                         og_lane_status *status);

#undef OPERATOR

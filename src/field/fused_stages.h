/* Fused stages in one precision. Sums are in the order of their terms, as weighted_sum's (kernels/kernels.h).
 */

#define STAGE OG_P(og_fused_stage)

typedef struct STAGE {
  int count;               /* terms; 0: y is given */
  const REAL *value;       /* [count] */
  const REAL *const *term; /* [count] blocks [n][lanes], which earlier stages may have given */
  REAL *y, *f;             /* [n][lanes] */
  const double *t;         /* [lanes]; NULL: the field does not depend on time */
} STAGE;

/* For one lane or OG_LANES_MAX of them; each may be NULL. */
typedef struct OG_P(og_fused) {
  /* One after the other: y = x + h sum_i value_i term_i and, where f is not NULL, f = f(t, y). */
  void (*stages)(const og_field *field, int lanes, int count, const STAGE *stages, const REAL *x,
                 const REAL *h, const REAL *theta);
  /* lambda = h sum_i value_i term_i, then f = (df/dx)^T lambda and theta_bar += (df/dtheta)^T lambda at (t,
   * y); lambda [n][lanes] comes back as that of the last stage. */
  void (*transposed)(const og_field *field, int lanes, int count, const STAGE *stages, const REAL *h,
                     const REAL *theta, REAL *lambda, REAL *theta_bar);
} OG_P(og_fused);

#undef STAGE

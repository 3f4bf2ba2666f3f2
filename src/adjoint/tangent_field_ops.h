/* A tangent field in one precision (base/in_double.h): a point of it, and the functions that implicit methods
 * need. */

#define POINT OG_P(og_tangent_point)

/* (x, x_dot, theta, theta_dot) in aligned blocks, room for cotangents, directions and results, and the inner
 * field's scratch. */
typedef struct POINT {
  const og_field *inner;
  size_t n, p, inputs; /* entries of the inner blocks: states, parameters, inputs' rows */
  REAL *x, *x_dot, *lambda, *along, *result, *theta, *theta_dot, *theta_result, *t_result;
  void *own;
} POINT;
POINT OG_P(og_tangent_point_in)(const og_field *field, int lanes, const REAL *x, const REAL *theta,
                                void *scratch);

void OG_P(og_tangent_eval_leading)(const og_field *field, int lanes, const double *t, const REAL *x,
                                   const REAL *theta, REAL *f, og_lane_status *status, void *scratch);
void OG_P(og_tangent_jacobian)(const og_field *field, int lanes, const double *t, const REAL *x,
                               const REAL *theta, REAL *values, og_lane_status *status, void *scratch);
void OG_P(og_tangent_following_jvp)(const og_field *field, int lanes, const double *t, const REAL *x,
                                    const REAL *theta, const REAL *u, REAL *f_dot, og_lane_status *status,
                                    void *scratch);
void OG_P(og_tangent_following_vjp)(const og_field *field, int lanes, const double *t, const REAL *x,
                                    const REAL *theta, const REAL *v, REAL *x_bar, og_lane_status *status,
                                    void *scratch);
void OG_P(og_tangent_jvp)(const og_field *field, int lanes, const double *t, const REAL *x, const REAL *theta,
                          const REAL *t_dot, const REAL *x_dot, const REAL *theta_dot, REAL *f_dot,
                          og_lane_status *status, void *scratch);
void OG_P(og_tangent_hessian)(const og_field *field, int lanes, const double *t, const REAL *x,
                              const REAL *theta, const REAL *lambda, const REAL *t_dot, const REAL *x_dot,
                              const REAL *theta_dot, REAL *x_bar_dot, REAL *theta_bar_dot, REAL *t_bar_dot,
                              og_lane_status *status, void *scratch);

#undef POINT

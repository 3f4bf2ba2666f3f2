/* The equations of lambda in one precision (base/in_double.h): a point of theirs in the scratch, and
 * functions of a field. */

#define ROOM OG_P(og_lambda_room)

/* x at a time; blocks of x', a cotangent of x and one of theta, and of a Jacobian; the forward field's own.
 */
typedef struct ROOM {
  OG_P(og_dense_output) * dense;
  REAL *x, *x_dot, *x_bar, *theta_bar, *values;
  void *own;
} ROOM;
ROOM OG_P(og_lambda_room_in)(const og_adjoint_field *field, int lanes, const double *t, const REAL *theta,
                             og_lane_status *status, void *scratch);

void OG_P(og_lambda_jacobian)(const og_field *field, int lanes, const double *t, const REAL *state,
                              const REAL *theta, REAL *values, og_lane_status *status, void *scratch);
void OG_P(og_lambda_jvp)(const og_field *field, int lanes, const double *t, const REAL *state,
                         const REAL *theta, const REAL *t_dot, const REAL *state_dot, const REAL *theta_dot,
                         REAL *f_dot, og_lane_status *status, void *scratch);
void OG_P(og_lambda_following_jvp)(const og_field *field, int lanes, const double *t, const REAL *state,
                                   const REAL *theta, const REAL *u, REAL *f_dot, og_lane_status *status,
                                   void *scratch);

#undef ROOM

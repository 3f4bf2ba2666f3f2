/* The functions of a field in one precision (base/in_double.h). */

#define FIELD_OPS OG_P(og_field_ops)

/* All outputs are overwritten, but where ADDED to is said.
 * eval: f[n][lanes]. vjp: x_bar[n][lanes], theta_bar[p][lanes], t_bar[lanes], any of which may be NULL (not
 * wanted). vjp_add: the same for state and parameters, theta_bar added to in place of overwritten; NULL: not
 * available. jvp: f_dot[n][lanes] from t_dot[lanes], x_dot[n][lanes], theta_dot[p][lanes], any of which may
 * be NULL (zero). hessian: the Hessian of lambda^T f times (x_dot, theta_dot), which is the tangent of the
 * vjp with lambda held: x_bar_dot[n][lanes], theta_bar_dot[p][lanes], t_bar_dot[lanes], which may be NULL;
 * theta_dot is zero in the rows of inputs.
 *
 * Of bound fields alone (og_field.bind): eval_tape is eval, and leaves in `tape` (tape_bytes(lanes) bytes,
 * aligned to 64) what the vjp needs of it. vjp_weights is vjp, with weights_bar[weights] ADDED to, summed
 * over lanes in their order; an idle lane must have finite rows and a lambda of zero. `tape` is that of an
 * eval_tape at the same t, x and theta, or NULL. */
typedef struct FIELD_OPS {
  void (*eval)(const og_field *field, int lanes, const double *t, const REAL *x, const REAL *theta, REAL *f,
               og_lane_status *status, void *scratch);
  void (*vjp)(const og_field *field, int lanes, const double *t, const REAL *x, const REAL *theta,
              const REAL *lambda, REAL *x_bar, REAL *theta_bar, REAL *t_bar, og_lane_status *status,
              void *scratch);
  void (*vjp_add)(const og_field *field, int lanes, const double *t, const REAL *x, const REAL *theta,
                  const REAL *lambda, REAL *x_bar, REAL *theta_bar, og_lane_status *status, void *scratch);
  void (*jvp)(const og_field *field, int lanes, const double *t, const REAL *x, const REAL *theta,
              const REAL *t_dot, const REAL *x_dot, const REAL *theta_dot, REAL *f_dot,
              og_lane_status *status, void *scratch);
  void (*hessian)(const og_field *field, int lanes, const double *t, const REAL *x, const REAL *theta,
                  const REAL *lambda, const REAL *x_dot, const REAL *theta_dot, REAL *x_bar_dot,
                  REAL *theta_bar_dot, REAL *t_bar_dot, og_lane_status *status, void *scratch);
  void (*eval_tape)(const og_field *field, int lanes, const double *t, const REAL *x, const REAL *theta,
                    REAL *f, void *tape, og_lane_status *status, void *scratch);
  void (*vjp_weights)(const og_field *field, int lanes, const double *t, const REAL *x, const REAL *theta,
                      const REAL *lambda, const void *tape, REAL *x_bar, REAL *theta_bar, REAL *t_bar,
                      REAL *weights_bar, og_lane_status *status, void *scratch);
} FIELD_OPS;

#undef FIELD_OPS

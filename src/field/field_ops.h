/* The functions of a field in one precision (base/in_double.h). */

#define FIELD_OPS OG_P(og_field_ops)

/* All outputs are overwritten, but where ADDED to is said.
 * eval: f[n][lanes]. vjp: x_bar[n][lanes], theta_bar[p][lanes], t_bar[lanes], any of which may be NULL (not
 * wanted). vjp_add: the same for state and parameters, theta_bar added to in place of overwritten; NULL: not
 * available. jvp: f_dot[n][lanes] from t_dot[lanes], x_dot[n][lanes], theta_dot[p][lanes], any of which may
 * be NULL (zero). hessian: the Hessian of lambda^T f times (t_dot, x_dot, theta_dot), which is the tangent of
 * the vjp with lambda held: x_bar_dot[n][lanes], theta_bar_dot[p][lanes] and t_bar_dot[lanes], the last two
 * of which may be NULL (not wanted), and so may t_dot and theta_dot (zero); theta_dot is zero in the rows of
 * inputs. jvp_tangent: the second derivative of f along (t_u, u) and (t_dot, x_dot, theta_dot), which is the
 * tangent of the jvp along (t_u, u): f_ddot[n][lanes]; t_u, t_dot and theta_dot may be NULL (zero). jacobian:
 * df/dx at the entries of og_field.pattern: values[count][lanes]. hessian_tangent: the tangent along (t_u, u)
 * of the hessian along (x_dot, theta_dot), with outputs as that has; t_u may be NULL (zero).
 *
 * Where rows follow those of the pattern: eval_leading: the pattern's rows of eval. following_jvp: what the
 * rows that follow become along u [pattern's rows], in f_dot [rows that follow]; following_vjp: its
 * transpose, v [rows that follow] to x_bar [pattern's rows].
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
                  const REAL *lambda, const REAL *t_dot, const REAL *x_dot, const REAL *theta_dot,
                  REAL *x_bar_dot, REAL *theta_bar_dot, REAL *t_bar_dot, og_lane_status *status,
                  void *scratch);
  void (*jvp_tangent)(const og_field *field, int lanes, const double *t, const REAL *x, const REAL *theta,
                      const REAL *t_u, const REAL *u, const REAL *t_dot, const REAL *x_dot,
                      const REAL *theta_dot, REAL *f_ddot, og_lane_status *status, void *scratch);
  void (*jacobian)(const og_field *field, int lanes, const double *t, const REAL *x, const REAL *theta,
                   REAL *values, og_lane_status *status, void *scratch);
  void (*hessian_tangent)(const og_field *field, int lanes, const double *t, const REAL *x, const REAL *theta,
                          const REAL *lambda, const REAL *t_u, const REAL *u, const REAL *x_dot,
                          const REAL *theta_dot, REAL *x_bar_ddot, REAL *theta_bar_ddot, REAL *t_bar_ddot,
                          og_lane_status *status, void *scratch);
  void (*eval_leading)(const og_field *field, int lanes, const double *t, const REAL *x, const REAL *theta,
                       REAL *f, og_lane_status *status, void *scratch);
  void (*following_jvp)(const og_field *field, int lanes, const double *t, const REAL *x, const REAL *theta,
                        const REAL *u, REAL *f_dot, og_lane_status *status, void *scratch);
  void (*following_vjp)(const og_field *field, int lanes, const double *t, const REAL *x, const REAL *theta,
                        const REAL *v, REAL *x_bar, og_lane_status *status, void *scratch);
  void (*eval_tape)(const og_field *field, int lanes, const double *t, const REAL *x, const REAL *theta,
                    REAL *f, void *tape, og_lane_status *status, void *scratch);
  void (*vjp_weights)(const og_field *field, int lanes, const double *t, const REAL *x, const REAL *theta,
                      const REAL *lambda, const void *tape, REAL *x_bar, REAL *theta_bar, REAL *t_bar,
                      REAL *weights_bar, og_lane_status *status, void *scratch);
} FIELD_OPS;

#undef FIELD_OPS

/* The vector-field contract: all that rk, solve and adjoint know of a field.
 *
 * A field is constant while used. Its functions work on lane blocks [rows][lanes] (base/real.h); times are
 * double. Outputs are OVERWRITTEN. `status[lane]` comes in as 0, or nonzero for a lane that is idle or has
 * failed: it may be skipped, and what is computed for it is ignored. A function sets a lane's status > 0 for
 * "not here, try a smaller step" and < 0 for "stop". NaN results need no flag: the caller sees them.
 * `scratch` has scratch_bytes(lanes) bytes, aligned to 64, and belongs to the calling thread. */
#ifndef OG_FIELD_H
#define OG_FIELD_H

#include "base/base.h"

typedef signed char og_lane_status;

/* One precision's functions; X is double or float, S its suffix.
 * eval: f[n][lanes]. vjp: x_bar[n][lanes], theta_bar[p][lanes], t_bar[lanes], any of which may be NULL (not
 * wanted). jvp: f_dot[n][lanes] from t_dot[lanes], x_dot[n][lanes], theta_dot[p][lanes], any of which may be
 * NULL (zero). */
#define OG_FIELD_OPS(X, S)                                                                                   \
  typedef struct og_field_ops_##S {                                                                          \
    void (*eval)(const og_field *field, int lanes, const double *t, const X *x, const X *theta, X *f,        \
                 og_lane_status *status, void *scratch);                                                     \
    void (*vjp)(const og_field *field, int lanes, const double *t, const X *x, const X *theta,               \
                const X *lambda, X *x_bar, X *theta_bar, X *t_bar, og_lane_status *status, void *scratch);   \
    void (*jvp)(const og_field *field, int lanes, const double *t, const X *x, const X *theta,               \
                const X *t_dot, const X *x_dot, const X *theta_dot, X *f_dot, og_lane_status *status,        \
                void *scratch);                                                                              \
  } og_field_ops_##S;
OG_FIELD_OPS(double, d)
OG_FIELD_OPS(float, s)

enum {
  OG_FIELD_HAS_VJP = 1,
  OG_FIELD_HAS_JVP = 2,
  OG_FIELD_DEPENDS_ON_TIME = 4 /* df/dt may be nonzero */
};

/* status of a lane that has nothing to do */
enum { OG_LANE_IDLE = 127 };

/* The common head of every kind of field: concrete kinds embed it as their first member. */
struct og_field {
  og_context *context;
  size_t n; /* rows of the state, a running cost's integral included (as the last row) */
  size_t p;
  size_t quadratures; /* 1 if the last row is a running cost's integral, which f does not depend on; else 0 */
  unsigned flags;
  og_field_ops_d ops_d;
  og_field_ops_s ops_s;
  size_t (*scratch_bytes)(const og_field *field, int lanes);
  void (*destroy)(og_field *field);
};

#endif

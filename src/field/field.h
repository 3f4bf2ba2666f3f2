/* The vector-field contract: all that step, solve and adjoint know of a field.
 *
 * A field is constant while used. Its functions work on lane blocks [rows][lanes] (base/real.h); times are
 * double. Outputs are OVERWRITTEN. `status[lane]` comes in as 0, or nonzero for a lane that is idle or has
 * failed: it may be skipped, and what is computed for it is ignored. A function sets a lane's status > 0 for
 * "not here, try a smaller step" and < 0 for "stop". NaN results need no flag: the caller sees them.
 * `scratch` has scratch_bytes(lanes) bytes, aligned to 64, and belongs to the calling thread.
 *
 * The room knows base, kernels and linear. Begin with callback.c (fields of a user's functions, which are of
 * one trajectory) and callback_real.c (how they are called for a block); fields that are graphs are made in
 * src/graph_field. */
#ifndef OG_FIELD_H
#define OG_FIELD_H

#include "base/base.h"
#include "linear/linear.h"

#include "base/in_double.h"
#include "field/field_ops.h"

#include "base/in_single.h"
#include "field/field_ops.h"

/* Products of guards and jumps included. */
enum {
  OG_FIELD_HAS_VJP = 1,
  OG_FIELD_HAS_JVP = 2,
  OG_FIELD_DEPENDS_ON_TIME = 4, /* df/dt may be nonzero */
  OG_FIELD_HAS_HESSIAN = 8,     /* hessian and jvp_tangent */
  OG_FIELD_HAS_JACOBIAN = 16,   /* exactly that: not by differences of f */
  OG_FIELD_HAS_MASS = 32,       /* the equations are M x' = f, from the beginning on */
  OG_FIELD_HAS_THIRD = 64       /* hessian_tangent, once og_field_want_third has returned OG_OK */
};

/* Rows behind those of the pattern. No row of the pattern depends on them, and what they depend on themselves
 * is affine: implicit steps solve for the pattern's rows first, and have these by one linear solve. */
enum {
  OG_FOLLOWS_NOTHING,
  OG_FOLLOWS_INTEGRALS, /* rows that depend on the pattern's alone; such steps are not transposed */
  OG_FOLLOWS_TANGENTS   /* as many as the pattern has, and with its df/dx */
};

/* status of a lane that has nothing to do */
enum { OG_LANE_IDLE = 127 };
/* What implicit steps make of it where their equations could not be solved: like any "try a smaller step". */
enum { OG_LANE_SINGULAR = 126, OG_LANE_NOT_CONVERGED = 125 };

/* Events, in double in both precisions: a guard's sign decides on them, and they are few.
 * guard: g[events][lanes]. The rest is for one event of one trajectory (a block of one lane) and returns 0,
 * or nonzero when it cannot be computed there: guard_gradient: dg_event/dx [n], dg_event/dtheta [p],
 * dg_event/dt. jump: after[n], the state just after the event, from that just before it, every row (that of a
 * running cost unchanged). jump_vjp: x_bar[n], theta_bar[p], *t_bar from after_bar[n]. jump_jvp:
 * after_dot[n]. No pointer is NULL, but those to rows of which there are none may be. */
typedef struct og_event_ops {
  void (*guard)(const og_field *field, int lanes, const double *t, const double *x, const double *theta,
                double *g, og_lane_status *status, void *scratch);
  int (*guard_gradient)(const og_field *field, size_t event, double t, const double *x, const double *theta,
                        double *g_x, double *g_theta, double *g_t, void *scratch);
  int (*jump)(const og_field *field, size_t event, double t, const double *x, const double *theta,
              double *after, void *scratch);
  int (*jump_vjp)(const og_field *field, size_t event, double t, const double *x, const double *theta,
                  const double *after_bar, double *x_bar, double *theta_bar, double *t_bar, void *scratch);
  int (*jump_jvp)(const og_field *field, size_t event, double t, const double *x, const double *theta,
                  double t_dot, const double *x_dot, const double *theta_dot, double *after_dot,
                  void *scratch);
} og_event_ops;

/* Rows of theta that one input takes: u(t) = a + b (t - tau), with a, b and tau filled in by the solve for
 * each segment of a trajectory (b = 0 for an input that is constant there). */
enum { OG_INPUT_LEVEL, OG_INPUT_SLOPE, OG_INPUT_START, OG_INPUT_ROWS };

typedef struct og_breakpoint og_breakpoint;

typedef struct og_mass_entries {
  size_t count;
  const int *row, *column;
  const double *value;
} og_mass_entries;

/* What has been made of it: nothing, what implicit methods need, that and third derivatives. */
enum { OG_UNPREPARED, OG_PREPARED, OG_PREPARED_THIRD };

/* The common head of every kind of field: concrete kinds embed it as their first member. */
struct og_field {
  og_context *context;
  og_references references;
  void *owner; /* NULL, or what goes with the field: a model's names and graph, of which its parts are made */
  void (*destroy_owner)(void *owner);
  size_t n; /* rows of the state, a running cost's integral included (as the last row) */
  size_t p; /* rows of theta: parameters, weights, OG_INPUT_ROWS for each input in their order, one if there
             * are breakpoints (pieces.h), `fine` more */
  /* Rows of theta that are wanted with more digits than single precision has, sorted: row p - fine + k holds
   * what rounding took away from row fine_row[k] (in double 0, or anything), and nothing depends on it. */
  size_t fine;
  const size_t *fine_row;
  size_t weights; /* how many of the parameters, the last ones, are weights of networks */
  size_t inputs;
  size_t breakpoints; /* times at which f may jump: pieces.h */
  const og_breakpoint *breakpoint;
  size_t events;         /* 0: none, and event_ops is empty */
  const og_event *event; /* [events] */
  size_t named;          /* entries of `state`, the names of the states; 0: they have none */
  const og_state_info *state;
  size_t quadratures; /* 1 if the last row is a running cost's integral, which f does not depend on; else 0 */
  /* ---- Of implicit methods, there when og_field_want_jacobian has returned OG_OK ---- */
  /* Where df/dx, the diagonal and M have entries, every row of the state included but those that follow. */
  const og_pattern *pattern;
  int following;           /* OG_FOLLOWS_...; M is the identity where there are some */
  const og_field *made_of; /* NULL, or the field whose products and Jacobian this one's are made of */
  const struct og_colouring
      *colouring;             /* how products make up the Jacobian (coloured.h); NULL: it is made otherwise */
  const double *mass;         /* M of M x' = f, constant: its entries on the pattern; NULL: the identity */
  og_mass_entries given_mass; /* M as it was given; owned */
  og_context *own;            /* of all that og_field_want_jacobian makes: what that says goes to who asked */
  atomic_int prepared;        /* OG_UNPREPARED, ... */
  /* Makes it, in `own`, with one thread at a time; what fails changes nothing. NULL: there is no Jacobian. */
  og_status (*prepare)(og_field *field);
  /* Likewise what og_field_want_third makes, beside that; NULL: there are no third derivatives. */
  og_status (*prepare_third)(og_field *field);
  unsigned flags;
  og_field_ops_d ops_d;
  og_field_ops_s ops_s;
  og_field_ops_d whole_d; /* with breakpoints: the functions that are handed times of a piece */
  og_field_ops_s whole_s;
  og_event_ops event_ops;
  const struct og_fused_d *fused_d; /* what it can do for explicit steps (fused.h); NULL: nothing */
  const struct og_fused_s *fused_s;
  const struct og_fused_d *whole_fused_d; /* likewise */
  const struct og_fused_s *whole_fused_s;
  size_t (*scratch_bytes)(const og_field *field, int lanes);
  /* With weights: a new field of a context, which may be another, bound to values of them that all lanes
   * share, in one precision; it uses what it comes from, which must outlive it. Its p counts rows without the
   * weights, `weights` is as before, and it has eval, vjp, eval_tape and vjp_weights, and no jvp, hessian or
   * events. What it gives has the bits of the field that it comes from. set_weights changes the values
   * [weights], not while others use the field. NULL: there are no weights. */
  og_status (*bind)(const og_field *field, og_context *context, int single, og_field **bound);
  void (*set_weights)(og_field *bound, const double *weights);
  size_t (*tape_bytes)(const og_field *bound, int lanes);
  og_status (*compile)(og_field *field, int single); /* og_field_compile; NULL: it is the caller's own code */
  void (*destroy)(og_field *field);
};

/* Whether f(t[0], x) = f(t[1], x) for a field that was said not to depend on time; x are its states. */
og_status og_check_autonomous(const og_field *field, const double *t, const double *x, const double *theta);
/* Makes what implicit methods need of a field and others do not, so that those who ask for none do not wait
 * for it: before it has returned OG_OK a field has no pattern, jacobian or jvp_tangent, and no hessian with a
 * t_dot. To be called by whoever wants them, before scratch_bytes is asked; from any thread; once made they
 * are there for all. What went wrong is told to `context`. */
og_status og_field_want_jacobian(og_context *context, const og_field *field);
/* The same with third derivatives, which second derivatives of a Rosenbrock step need; to be called before
 * scratch_bytes is asked. */
og_status og_field_want_third(og_context *context, const og_field *field);
/* Copies entries of M, checked, into a field that was not used yet. */
og_status og_field_give_mass(og_field *field, const og_mass_entries *mass);
/* Of those who make it: the pattern of the entries of df/dx and of M, and M on it. */
og_status og_field_make_pattern(og_field *field, size_t count, const int *row, const int *column);
/* Lets go what of it every field has. */
void og_field_drop_jacobian(og_field *field);
/* Whether it has been. */
static inline int og_field_is_prepared(const og_field *field) {
  return atomic_load(&((og_field *)field)->prepared) != OG_UNPREPARED;
}
static inline int og_field_has_third(const og_field *field) {
  return atomic_load(&((og_field *)field)->prepared) == OG_PREPARED_THIRD;
}
/* Whether the Jacobian that a user's callbacks give at a point is the derivative of f, along one direction,
 * so that it costs a few evaluations of f; x are the states, theta the parameters. A failure says which entry
 * is wrong. Fields with inputs are not looked at. */
og_status og_check_jacobian(og_context *context, const og_field *field, double t, const double *x,
                            const double *theta);
/* Whether each of a matrix's entries lies in it, and is there once; `what` is what messages call it. */
og_status og_entries_check(og_context *context, const char *what, size_t rows, size_t columns, size_t count,
                           const int *row, const int *column);
/* A caller's lists as rows[count], columns[count] in one block, which the caller of this frees, also after a
 * failure. */
og_status og_entries_narrow(og_context *context, const char *what, size_t count, const size_t *row,
                            const size_t *column, int **out);
/* Uses it until og_field_destroy. */
void og_field_keep(const og_field *field);

#endif

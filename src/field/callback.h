/* Fields that are a user's callbacks, for one trajectory or for blocks of lanes. */
#ifndef OG_CALLBACK_H
#define OG_CALLBACK_H

#include "field/pieces.h"

/* Where a user said that a Jacobian has entries: everywhere, in a band, or at those listed. */
typedef enum og_declared_kind { OG_DECLARED_ALL, OG_DECLARED_BAND, OG_DECLARED_LIST } og_declared_kind;
typedef struct og_declared_jacobian {
  og_declared_kind kind;
  size_t lower, upper, count;
  int *row, *column; /* [count], owned, one block */
} og_declared_jacobian;

typedef struct og_callback_field {
  og_field base;
  og_rhs_fn rhs;
  og_vjp_fn vjp;
  og_jvp_fn jvp;
  og_cost_fn cost;
  og_cost_vjp_fn cost_vjp;
  og_hessian_fn hessian;
  og_cost_hessian_fn cost_hessian;
  og_jacobian_fn jacobian;
  og_declared_jacobian declared;
  og_preconditioner preconditioner;
  int *value_place; /* owned, in base.own: where in the pattern a declared value stands; -1: nowhere */
  og_block_functions block; /* in place of all of the above where block.rhs is not NULL */
  void *user;
  int autonomous;  /* the caller says that f does not read t */
  int differences; /* missing products by finite differences */
  og_event_functions on_event;
  og_event *owned_events; /* base.event, with names */
  size_t *fine_rows;      /* owned: base.fine_row, the times of inputs */
  og_breakpoint *owned_breakpoints;
} og_callback_field;

/* One trajectory's arrays, gathered from a lane (or pointing into a block of one lane). The callbacks' theta
 * has an entry for each input where the field's has OG_INPUT_ROWS rows, and none for breakpoints; without
 * both they are one array. */
typedef struct og_callback_point {
  double t, t_dot, t_bar;
  double *x, *theta, *f, *lambda, *x_bar, *theta_bar, *x_dot, *theta_dot;
  double *rows, *rows_bar, *rows_dot; /* the field's theta */
  double *work;                       /* for finite differences */
  double *cost_bar;                   /* x_bar and theta_bar of the running cost: with one */
} og_callback_point;

/* NULL: the field is of another kind. */
const og_callback_field *og_callback_of(const og_field *field);
og_status og_fail_not_callback(const og_field *field);

/* Arrays in the scratch, og_callback_doubles of them. */
size_t og_callback_doubles(const og_field *field);
og_callback_point og_callback_point_in(const og_field *field, double *scratch);
/* Entries of the callbacks' theta. */
static inline size_t og_callback_entries(const og_callback_field *field) {
  return og_field_parameters(&field->base) + field->base.inputs;
}
static inline int og_has_rows(const og_field *field) { return field->inputs || field->breakpoints; }
/* Inputs' values u = a + b (t - tau) from their rows (input_rows.c): theta from rows; rows_bar from
 * theta_bar, adding b u_bar to t_bar; theta_dot from rows_dot and t_dot. */
void og_inputs_load(const og_field *field, og_callback_point *at);
void og_inputs_pull(const og_field *field, og_callback_point *at);
void og_inputs_push(const og_field *field, og_callback_point *at);

/* A declaration of entries, checked and copied; og_field.prepare; values that a user's callback gives
 * (given_jacobian.c). */
og_status og_declare_jacobian(og_callback_field *field, size_t count, const size_t *row,
                              const size_t *column);
og_status og_callback_prepare(og_field *field);
size_t og_declared_values(const og_callback_field *field);
/* Whether a field's own callback gives its Jacobian. */
static inline int og_gives_jacobian(const og_callback_field *field) {
  return field->jacobian || field->block.jacobian;
}
/* df/dx of the running cost, in x_bar. */
int og_callback_cost_gradient(const og_callback_field *field, og_callback_point *at);
/* Whether products are the user's own. */
static inline int og_has_own_vjp(const og_callback_field *field) {
  return field->block.vjp || (field->vjp && (!field->cost || field->cost_vjp));
}
static inline int og_has_own_jvp(const og_callback_field *field) {
  return field->block.jvp || (field->jvp && (!field->cost || field->cost_vjp));
}
/* A lane's point; and the callbacks' theta of a block, with inputs in `room`. */
void og_callback_load_d(const og_field *field, int lanes, int lane, const double *t, const double *x,
                        const double *theta, og_callback_point *at);
void og_callback_load_s(const og_field *field, int lanes, int lane, const double *t, const float *x,
                        const float *theta, og_callback_point *at);
const double *og_block_load_inputs_d(const og_field *field, int lanes, const double *t, const double *theta,
                                     double *room);
const float *og_block_load_inputs_s(const og_field *field, int lanes, const double *t, const float *theta,
                                    float *room);
/* A Jacobian's room, in front of that of products for og_callback_jacobian_width lanes. */
size_t og_callback_jacobian_bytes(const og_field *field, int lanes);
int og_callback_jacobian_width(const og_field *field, int lanes);
void og_callback_jacobian_d(const og_field *field, int lanes, const double *t, const double *x,
                            const double *theta, double *values, og_lane_status *status, void *scratch);
void og_callback_jacobian_s(const og_field *field, int lanes, const double *t, const float *x,
                            const float *theta, float *values, og_lane_status *status, void *scratch);

/* og_field_ops of a preconditioner (preconditioner_real.c), and their memory. */
size_t og_callback_preconditioner_bytes(const og_field *field, int lanes);
void og_callback_precondition_setup_d(const og_field *field, int lanes, const double *t, const double *x,
                                      const double *theta, const double *sigma, void *memory,
                                      og_lane_status *status, void *scratch);
void og_callback_precondition_setup_s(const og_field *field, int lanes, const double *t, const float *x,
                                      const float *theta, const float *sigma, void *memory,
                                      og_lane_status *status, void *scratch);
void og_callback_precondition_d(const og_field *field, int lanes, int transposed, const void *memory,
                                double *v, og_lane_status *status, void *scratch);
void og_callback_precondition_s(const og_field *field, int lanes, int transposed, const void *memory,
                                float *v, og_lane_status *status, void *scratch);

int og_callback_eval_at(const og_callback_field *field, double t, const double *x, const double *theta,
                        double *f);
/* Zeros in x_bar, theta_bar and t_bar. */
void og_callback_clear(const og_callback_field *field, og_callback_point *at);
/* Each returns what the user's callback returned first that was not 0. */
int og_callback_eval(const og_callback_field *field, og_callback_point *at);
int og_callback_vjp(const og_callback_field *field, og_callback_point *at);
int og_callback_jvp(const og_callback_field *field, og_callback_point *at); /* result in f */
/* results in x_bar, theta_bar, t_bar */
int og_callback_hessian(const og_callback_field *field, og_callback_point *at);
/* Of one event; guard's result, g_bar and the jump's `after` are the caller's, after_bar is in lambda. */
int og_callback_guard_vjp(const og_callback_field *field, og_callback_point *at, const double *g_bar);
int og_callback_jump(const og_callback_field *field, size_t event, og_callback_point *at, double *after);
int og_callback_jump_vjp(const og_callback_field *field, size_t event, og_callback_point *at);
int og_callback_jump_jvp(const og_callback_field *field, size_t event, og_callback_point *at);

/* A block callback on one lane (block.c): these have block.rhs, or the product in question. */
int og_block_eval_at(const og_callback_field *field, double t, const double *x, const double *theta,
                     double *f);
int og_block_vjp_at(const og_callback_field *field, og_callback_point *at);
/* Entries of scratch; and its bytes with the blocks behind them that single precision is converted into. */
size_t og_block_entries(const og_callback_field *field, int lanes);
size_t og_block_bytes(const og_callback_field *field, int lanes);
/* Lanes that had nothing to do keep their status; the others have the sign of what the callback wrote or
 * returned. `before` is what `status` was. */
void og_block_statuses(int lanes, int result, const og_lane_status *before, og_lane_status *status);

/* What can be differentiated by central differences (differences.c): out[rows] at a point. Products are
 * returned where the callbacks' own are: x_bar, theta_bar and t_bar from out_bar, or f. */
typedef struct og_callback_map {
  int (*eval)(const og_callback_field *field, size_t which, const og_callback_point *at, double *out);
  size_t which, rows;
  const double *out_bar;
} og_callback_map;
int og_difference_vjp(const og_callback_field *field, const og_callback_map *map, og_callback_point *at);
int og_difference_jvp(const og_callback_field *field, const og_callback_map *map, og_callback_point *at);
int og_difference_cost(const og_callback_field *field, og_callback_point *at); /* x_bar of the running cost */
int og_difference_hessian(const og_callback_field *field, og_callback_point *at); /* of the vjp */

/* What is derived from other products (derived_real.c), in blocks before the scratch of those. */
size_t og_derived_bytes(const og_field *field, int lanes);
/* The same of a Hessian's terms by the rows of inputs, added to what the callbacks gave, and once more what a
 * vjp converts behind it. */
size_t og_input_terms_bytes(const og_field *field, int lanes);
void og_add_input_terms_d(const og_field *field, int lanes, const double *t, const double *x,
                          const double *theta, const double *lambda, const double *t_dot,
                          const double *theta_dot, double *theta_bar_dot, double *t_bar_dot,
                          og_lane_status *status, void *scratch);
void og_add_input_terms_s(const og_field *field, int lanes, const double *t, const float *x,
                          const float *theta, const float *lambda, const float *t_dot, const float *theta_dot,
                          float *theta_bar_dot, float *t_bar_dot, og_lane_status *status, void *scratch);
void og_jvp_tangent_from_hessians_d(const og_field *field, int lanes, const double *t, const double *x,
                                    const double *theta, const double *t_u, const double *u,
                                    const double *t_dot, const double *x_dot, const double *theta_dot,
                                    double *f_ddot, og_lane_status *status, void *scratch);
void og_jvp_tangent_from_hessians_s(const og_field *field, int lanes, const double *t, const float *x,
                                    const float *theta, const float *t_u, const float *u, const float *t_dot,
                                    const float *x_dot, const float *theta_dot, float *f_ddot,
                                    og_lane_status *status, void *scratch);

/* A field's private copy of its events, checked. Free with og_events_free. */
og_status og_events_copy(og_context *context, size_t count, const og_event *events, og_event **out);
void og_events_free(og_context *context, og_event *events);

extern const og_event_ops og_callback_event_ops;
extern const og_field_ops_d og_block_ops_d, og_callback_ops_d;
extern const og_field_ops_s og_block_ops_s, og_callback_ops_s;

#endif

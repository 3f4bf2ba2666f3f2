/* A field whose functions are programs; for the files of this room. */
#ifndef OG_GRAPH_FIELD_PROGRAMS_H
#define OG_GRAPH_FIELD_PROGRAMS_H

#include "base/real.h"
#include "field/coloured.h"
#include "field/fused.h"
#include "graph_field/graph_field.h"
#include "program/clock.h"
#include "program/instructions.h"

/* Products are kept at three extents, so that what is not wanted is not computed: of the state alone, of
 * state and parameters, of all with time. */
enum { OG_FOR_STATE, OG_FOR_PARAMETERS, OG_FOR_TIME, OG_EXTENTS };

/* Of one event. Outputs of the gradient and of the jump's vjp: state, theta where it has rows, time. */
typedef struct og_event_programs {
  og_program *gradient, *jump, *jump_vjp, *jump_jvp;
} og_event_programs;

/* The bound form: weights are one number for all lanes. vjp_taped: vjp_weights from a tape. */
typedef struct og_bound_programs {
  og_program *eval, *eval_tape;
  og_program *vjp[OG_EXTENTS], *vjp_weights[OG_EXTENTS], *vjp_taped[OG_EXTENTS];
  size_t tape_rows;
} og_bound_programs;

#include "base/in_double.h"
#include "graph_field/compiled_stages.h"

#include "base/in_single.h"
#include "graph_field/compiled_stages.h"

/* What implicit methods alone need, made when one asks (og_field_want_jacobian). hessian: along state and
 * time, and along all; NULL where that is the field's own. */
enum { OG_ALONG_STATE, OG_ALONG_ALL, OG_DIRECTIONS };
typedef struct og_implicit_programs {
  og_program *jvp_tangent[OG_EXTENTS], *hessian[OG_DIRECTIONS];
  og_program *jacobian;        /* NULL: it is made of products, which costs less */
  og_program *hessian_tangent; /* made when third derivatives are asked for (og_field_want_third) */
} og_implicit_programs;

typedef struct og_graph_field {
  og_field base;
  og_program *eval, *vjp[OG_EXTENTS], *jvp[OG_EXTENTS], *hessian;
  og_program *vjp_add; /* of state and parameters, theta_bar added to; NULL: not available */
  size_t zero_rows;    /* a block of zeros for tangents that are not given */
  og_program *guards;
  og_event *events;                  /* owned: base.event */
  og_breakpoint *breakpoints;        /* owned: base.breakpoint */
  og_state_info *states;             /* owned: base.state */
  size_t *fine_rows, *bound_fine;    /* owned: base.fine_row, and that of the bound form */
  og_event_programs *event_programs; /* [base.events], owned */
  og_bound_programs bound;           /* where there are weights */
  og_graph *graph;                   /* of f alone, for programs that are made later */
  og_node f;
  og_clocked clocked;
  int *clocked_fine; /* owned: clocked.fine */
  og_implicit_programs implicit;
  og_compiled_stages_d stages_d;
  og_compiled_stages_s stages_s;
  og_fused_d fused_d; /* the same as what steps may use: base.fused_d */
  og_fused_s fused_s;
  void *library[2];          /* what was compiled from it, in double and single (native.c) */
  void *implicit_library[2]; /* and from the programs of implicit methods */
} og_graph_field;

/* A graph field with values of its weights. */
typedef struct og_bound_field {
  og_field base;
  const og_bound_programs *programs; /* of the field that it comes from */
  double *weights;                   /* [base.weights], in the precision in use */
  float *weights_single;
} og_bound_field;

/* The slots read as wholes: state, parameters (none when there are none), time, in the order of extents. */
typedef struct og_field_slots {
  og_node wholes[OG_EXTENTS], bars[OG_EXTENTS], dots[OG_EXTENTS];
  int count[OG_EXTENTS]; /* of slots within an extent */
} og_field_slots;

og_field_slots og_field_whole_slots(og_graph *g, int n, int p);
/* Adds to *f_dot, the tangent of f along other directions, that along the time. */
og_status og_field_add_time(og_graph *g, og_node f, og_node time, og_node t_dot, og_node *f_dot);
/* Of og_field.prepare, and what it made (implicit.c). */
og_status og_field_prepare_implicit(og_field *field);
og_status og_field_prepare_third(og_field *field);
/* The program of a Jacobian's entries in a graph, where that costs less than products (jacobian.c). */
og_status og_field_derive_jacobian(const og_graph_field *field, og_graph *g, og_node f,
                                   const og_colouring *colouring, og_program **out);
void og_field_free_implicit(og_graph_field *field);
size_t og_field_implicit_scratch(const og_graph_field *field, int lanes);

/* Whether what the node reads lies within the slots; `reads_time` (may be NULL) is set when it reads t. */
og_status og_field_check_reads(const og_field *field, const og_graph *g, og_node node, int *reads_time);
/* Guards and jumps as programs (events.c). */
og_status og_field_create_events(og_graph_field *field, og_graph *g, const og_graph_dynamics *dynamics,
                                 const og_field_slots *slots);
void og_field_free_events(og_graph_field *field);
size_t og_field_event_scratch(const og_graph_field *field, int lanes);

/* Programs of the bound form, and `bind` (bound.c). */
og_status og_field_create_bound(og_graph_field *field, og_graph *g, const og_graph_dynamics *dynamics);
void og_field_free_bound(og_bound_programs *programs);
extern const og_field_ops_d og_bound_ops_d;
extern const og_field_ops_s og_bound_ops_s;
/* What a compiled field has got since then. */
og_status og_field_compile_implicit(og_context *context, og_graph_field *field, int single);
void og_field_free_compiled(og_graph_field *field);

extern const og_field_ops_d og_graph_ops_d;
extern const og_field_ops_s og_graph_ops_s;
/* In place of `vjp_add` in those tables, for a field whose program can add. */
void og_graph_vjp_add_d(const og_field *field, int lanes, const double *t, const double *x,
                        const double *theta, const double *lambda, double *x_bar, double *theta_bar,
                        og_lane_status *status, void *scratch);
void og_graph_vjp_add_s(const og_field *field, int lanes, const double *t, const float *x, const float *theta,
                        const float *lambda, float *x_bar, float *theta_bar, og_lane_status *status,
                        void *scratch);

/* The times in the working precision, at the start of the scratch if they have to be converted. */
const double *og_graph_times_d(int lanes, const double *t, void *scratch);
const float *og_graph_times_s(int lanes, const double *t, void *scratch);

/* The parts of the scratch: times in the working precision, zeros, the program's own; in bytes, multiples
 * of 64. */
static inline size_t og_graph_field_times(int lanes) { return OG_PADDED((size_t)lanes) * sizeof(double); }
static inline size_t og_graph_field_zeros(const og_graph_field *field, int lanes) {
  return OG_PADDED(field->zero_rows * (size_t)lanes) * sizeof(double);
}

#endif

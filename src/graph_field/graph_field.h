/* Graphs as vector fields: their products, bound weights, events and compiled stages. Nobody below this room
 * knows both graphs and fields. Begin with graph_field.c. */
#ifndef OG_GRAPH_FIELD_H
#define OG_GRAPH_FIELD_H

#include "field/field.h"
#include "program/program.h"

/* Which entries of slot OG_SLOT_PARAMETER are weights of networks. */
typedef struct og_weights {
  int first, count;
} og_weights;
/* og_graph_vjp of one output, and the cotangents of the weights as lane sums of a plan: offsets count from
 * the first weight. *lane_sums is to be freed by the caller, also after a failure. */
og_status og_graph_vjp_weights(og_graph *graph, og_node f, og_node f_bar, int wrt_count, const og_node *wrt,
                               og_node *bars, og_weights weights, og_lane_sum **lane_sums,
                               int *lane_sum_count);

/* ---- A field from a graph: dx/dt = f(t, x, theta), from input slots 0 (t), 1 (x), 2 (theta). ----
 * `f` is a vector of n entries; vjp and jvp are derived here. If `quadratures` is 1 the last entry is a
 * running cost. */
og_status og_field_from_graph(og_graph *graph, og_node f, size_t parameters, size_t quadratures,
                              og_field **out);

/* The same with inputs and events. Slot 2 then holds the parameters and, behind them, the inputs' rows
 * (field/field.h). Names of events must outlive the field. */
typedef struct og_graph_event {
  og_event about;
  og_node guard; /* scalar */
  og_node jump;  /* the state just after the event, without the quadrature */
} og_graph_event;
typedef struct og_graph_dynamics {
  og_node f;
  size_t parameters, inputs, quadratures, events;
  size_t weights;              /* how many of the parameters, the last ones, are weights of networks */
  const og_graph_event *event; /* [events] */
  size_t named;                /* entries of `state`, the names of the states; 0: none. Copied */
  const og_state_info *state;
  og_mass_entries mass; /* M of M x' = f, as in og_field_set_mass; count 0: x' = f. Copied */
} og_graph_dynamics;
og_status og_field_from_dynamics(og_graph *graph, const og_graph_dynamics *dynamics, og_field **out);
/* From now on the functions of a field made here are carried out by machine code, compiled by the system's C
 * compiler, with the same bits; not while others use the field. When that fails it stays as it was. */
og_status og_graph_field_compile(og_field *field, int single);

#endif

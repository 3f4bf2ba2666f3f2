/* What implicit methods need of a graph field besides its other programs, derived when one of them asks: from
 * the field's own copy of f, in a graph that goes again. */
#include "codegen/compile.h"
#include "graph/node.h"
#include "graph_field/programs.h"

/* The graph at work: f in it, and the slots. */
typedef struct derivation {
  og_graph *graph;
  og_node f;
  og_field_slots s;
  int time; /* where t stands among the slots; -1: f does not depend on it */
} derivation;

static og_status open_derivation(const og_graph_field *field, derivation *d) {
  const og_field *base = &field->base;
  OG_TRY(og_graph_create(base->own, &d->graph));
  OG_TRY(og_graph_copy_node(field->graph, field->f, d->graph, &d->f));
  int timed = (base->flags & OG_FIELD_DEPENDS_ON_TIME) != 0;
  d->graph->clocked = timed ? &field->clocked : NULL;
  d->s = og_field_whole_slots(d->graph, (int)base->n, (int)base->p);
  d->time = timed ? d->s.count[OG_FOR_TIME] - 1 : -1;
  return og_graph_status(d->graph);
}

/* Tangents of nodes along the first `count` slots, and along the time. */
static og_status tangents(derivation *d, int nodes, const og_node *of, int count, int time, og_node *dots) {
  OG_TRY(og_graph_jvp(d->graph, nodes, of, count, d->s.wholes, d->s.dots, dots));
  for (int i = 0; i < nodes && time; i++)
    OG_TRY(og_field_add_time(d->graph, of[i], d->s.wholes[d->time], d->s.dots[d->time], &dots[i]));
  return OG_OK;
}

static og_status create_hessians(derivation *d, size_t n, og_implicit_programs *out) {
  og_node lambda = og_input(d->graph, OG_SLOT_COTANGENT, 0, (og_shape){(int)n, 1}), dots[OG_EXTENTS];
  int bars = d->s.count[OG_FOR_TIME], timed = d->time >= 0;
  OG_TRY(og_graph_status(d->graph));
  OG_TRY(og_graph_vjp(d->graph, 1, &d->f, &lambda, bars, d->s.wholes, d->s.bars));
  OG_TRY(tangents(d, bars, d->s.bars, d->s.count[OG_FOR_STATE], timed, dots));
  OG_TRY(og_program_create(d->graph, bars, dots, &out->hessian[OG_ALONG_STATE]));
  if (!timed) return OG_OK;
  OG_TRY(tangents(d, bars, d->s.bars, d->s.count[OG_FOR_PARAMETERS], timed, dots));
  return og_program_create(d->graph, bars, dots, &out->hessian[OG_ALONG_ALL]);
}

/* The tangent along (t_u, u), and its tangents. */
static og_status create_jvp_tangents(derivation *d, size_t n, og_implicit_programs *out) {
  og_graph *g = d->graph;
  og_node u = og_input(g, OG_SLOT_STATE_ALONG, 0, (og_shape){(int)n, 1}), along = OG_NODE_NONE;
  og_node t_u = og_input(g, OG_SLOT_TIME_ALONG, 0, (og_shape){1, 1});
  OG_TRY(og_graph_status(g));
  OG_TRY(og_graph_jvp(g, 1, &d->f, 1, d->s.wholes, &u, &along));
  for (int i = 0; i < OG_EXTENTS; i++) {
    int timed = i == OG_FOR_TIME;
    og_node f_ddot = OG_NODE_NONE;
    if (timed && d->time < 0) break;
    if (timed) OG_TRY(og_field_add_time(g, d->f, d->s.wholes[d->time], t_u, &along));
    OG_TRY(tangents(d, 1, &along, d->s.count[i] - timed, timed, &f_ddot));
    OG_TRY(og_program_create(g, 1, &f_ddot, &out->jvp_tangent[i]));
  }
  return OG_OK;
}

/* The tangent along (x_dot, theta_dot) of the vjp, and its own along (t_u, u). */
static og_status create_hessian_tangent(derivation *d, size_t n, og_implicit_programs *out) {
  og_graph *g = d->graph;
  og_node lambda = og_input(g, OG_SLOT_COTANGENT, 0, (og_shape){(int)n, 1}), dots[OG_EXTENTS],
          along[OG_EXTENTS];
  og_node u = og_input(g, OG_SLOT_STATE_ALONG, 0, (og_shape){(int)n, 1});
  og_node t_u = og_input(g, OG_SLOT_TIME_ALONG, 0, (og_shape){1, 1});
  int bars = d->s.count[OG_FOR_TIME];
  OG_TRY(og_graph_status(g));
  OG_TRY(og_graph_vjp(g, 1, &d->f, &lambda, bars, d->s.wholes, d->s.bars));
  OG_TRY(tangents(d, bars, d->s.bars, d->s.count[OG_FOR_PARAMETERS], 0, dots));
  OG_TRY(og_graph_jvp(g, bars, dots, 1, d->s.wholes, &u, along));
  for (int i = 0; i < bars && d->time >= 0; i++)
    OG_TRY(og_field_add_time(g, dots[i], d->s.wholes[d->time], t_u, &along[i]));
  return og_program_create(g, bars, along, &out->hessian_tangent);
}

static og_status find_pattern(const derivation *d, og_field *base) {
  og_sparsity sparsity;
  og_colouring *colouring = NULL;
  OG_TRY(og_graph_find_sparsity(d->graph, d->f, OG_SLOT_STATE, (int)base->n, &sparsity));
  og_status status = og_field_make_pattern(base, sparsity.count, sparsity.row, sparsity.column);
  og_sparsity_free(base->own, &sparsity);
  if (status == OG_OK)
    status = og_colouring_create(base->pattern, (int)base->n, OG_BY_COLUMNS | OG_BY_ROWS, &colouring);
  base->colouring = colouring;
  return status;
}

static og_status derive(derivation *d, og_graph_field *field) {
  og_field *base = &field->base;
  og_implicit_programs *out = &field->implicit;
  OG_TRY(open_derivation(field, d));
  OG_TRY(find_pattern(d, base));
  OG_TRY(create_hessians(d, base->n, out));
  OG_TRY(create_jvp_tangents(d, base->n, out));
  return og_field_derive_jacobian(field, d->graph, d->f, base->colouring, &out->jacobian);
}

/* Where one program has all entries there is nothing left to be put together. */
static void drop_colouring(og_field *base) {
  og_colouring_destroy((og_colouring *)base->colouring);
  base->colouring = NULL;
}

og_status og_field_prepare_implicit(og_field *base) {
  og_graph_field *field = (og_graph_field *)base;
  derivation d = {0};
  og_status status = derive(&d, field);
  og_graph_destroy(d.graph);
  if (status == OG_OK && field->implicit.jacobian) drop_colouring(base);
  for (int single = 0; single < 2 && status == OG_OK; single++)
    status = og_field_compile_implicit(base->own, field, single);
  if (status == OG_OK) return OG_OK;
  og_field_free_implicit(field);
  og_field_drop_jacobian(base);
  return status;
}

/* It is carried out as a program also where others are compiled: second derivatives are taken once, of a
 * model that may never want them. */
og_status og_field_prepare_third(og_field *base) {
  og_graph_field *field = (og_graph_field *)base;
  derivation d = {0};
  og_status status = open_derivation(field, &d);
  if (status == OG_OK) status = create_hessian_tangent(&d, base->n, &field->implicit);
  og_graph_destroy(d.graph);
  return status;
}

void og_field_free_implicit(og_graph_field *field) {
  og_implicit_programs *programs = &field->implicit;
  for (int i = 0; i < OG_EXTENTS; i++) og_program_destroy(programs->jvp_tangent[i]);
  for (int i = 0; i < OG_DIRECTIONS; i++) og_program_destroy(programs->hessian[i]);
  og_program_destroy(programs->jacobian);
  og_program_destroy(programs->hessian_tangent);
  *programs = (og_implicit_programs){0};
  for (int single = 0; single < 2; single++) {
    og_library_close(field->implicit_library[single]);
    field->implicit_library[single] = NULL;
  }
}

static size_t larger(size_t most, const og_program *program, int lanes) {
  size_t own = program ? og_program_scratch_bytes(program, lanes) : 0;
  return own > most ? own : most;
}

size_t og_field_implicit_scratch(const og_graph_field *field, int lanes) {
  size_t most = 0;
  for (int i = 0; i < OG_EXTENTS; i++) most = larger(most, field->implicit.jvp_tangent[i], lanes);
  for (int i = 0; i < OG_DIRECTIONS; i++) most = larger(most, field->implicit.hessian[i], lanes);
  most = larger(most, field->implicit.hessian_tangent, lanes);
  return larger(most, field->implicit.jacobian, lanes);
}

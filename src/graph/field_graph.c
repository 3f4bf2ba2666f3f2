/* From f(t, x, theta) as a graph to a field: derivatives taken, everything lowered to programs. */
#include "graph/field_graph.h"

#include "graph/node.h"

static size_t scratch_bytes(const og_field *base, int lanes) {
  const og_graph_field *field = (const og_graph_field *)base;
  size_t most = og_program_scratch_bytes(field->eval, lanes),
         hessian = og_program_scratch_bytes(field->hessian, lanes);
  most = hessian > most ? hessian : most;
  for (int i = 0; i < OG_EXTENTS; i++) {
    size_t vjp = og_program_scratch_bytes(field->vjp[i], lanes),
           jvp = og_program_scratch_bytes(field->jvp[i], lanes);
    most = vjp > most ? vjp : most;
    most = jvp > most ? jvp : most;
  }
  return og_graph_field_times(lanes) + og_graph_field_zeros(field, lanes) + most;
}

static void destroy(og_field *base) {
  og_graph_field *field = (og_graph_field *)base;
  og_program_destroy(field->eval);
  og_program_destroy(field->hessian);
  for (int i = 0; i < OG_EXTENTS; i++) {
    og_program_destroy(field->vjp[i]);
    og_program_destroy(field->jvp[i]);
  }
  og_free(base->context, field);
}

/* The slots read as wholes: state, parameters (none when there are none), time, in the order of extents. */
typedef struct slots {
  og_node wholes[OG_EXTENTS], bars[OG_EXTENTS], dots[OG_EXTENTS];
  int count[OG_EXTENTS]; /* of slots within an extent */
} slots;

static slots whole_slots(og_graph *g, int n, int p) {
  slots s = {.count = {1, p ? 2 : 1, p ? 3 : 2}};
  static const int slot[] = {OG_SLOT_STATE, OG_SLOT_PARAMETER, OG_SLOT_TIME};
  static const int dot_slot[] = {OG_SLOT_STATE_DOT, OG_SLOT_PARAMETER_DOT, OG_SLOT_TIME_DOT};
  int rows[] = {n, p, 1}, used = 0;
  for (int i = 0; i < OG_EXTENTS; i++) {
    if (!rows[i]) continue;
    s.wholes[used] = og_input(g, slot[i], 0, (og_shape){rows[i], 1});
    s.dots[used++] = og_input(g, dot_slot[i], 0, (og_shape){rows[i], 1});
  }
  return s;
}

static og_status check_input(const og_graph *g, const og_node_data *d, size_t n, size_t p) {
  size_t room[] = {1, n, p};
  static const char *const names[] = {"the time", "the state", "the parameters"};
  if (d->slot > OG_SLOT_PARAMETER)
    return og_fail(g->context, OG_ERR_ARGUMENT,
                   "a field reads input slot %d: it may read time, state and parameters only", d->slot);
  size_t end = (size_t)d->offset + (size_t)og_entries(d->shape);
  if (end <= room[d->slot]) return OG_OK;
  return og_fail(g->context, OG_ERR_SHAPE, "a field reads entry %zu of %s, of which there are %zu", end - 1,
                 names[d->slot], room[d->slot]);
}

/* What f reads lies within the slots; whether it reads the time goes into the field's flags. */
static og_status check_reads(og_graph_field *field, const og_graph *g, og_node f) {
  size_t nodes = (size_t)f + 1;
  og_status status = OG_OK;
  unsigned char *needed = og_alloc(g->context, nodes, 1);
  if (!needed) return og_fail_memory(g->context, nodes, "the inputs of a field");
  og_mark_needed(g, f, 1, &f, needed);
  for (og_node node = f; node >= 0 && status == OG_OK; node--) {
    if (!needed[node] || g->nodes[node].kind != OG_INPUT) continue;
    status = check_input(g, &g->nodes[node], field->base.n, field->base.p);
    if (g->nodes[node].slot == OG_SLOT_TIME) field->base.flags |= OG_FIELD_DEPENDS_ON_TIME;
  }
  og_free(g->context, needed);
  return status;
}

static og_status create_vjps(og_graph_field *field, og_graph *g, og_node f, slots *s) {
  og_node lambda = og_input(g, OG_SLOT_COTANGENT, 0, (og_shape){(int)field->base.n, 1});
  OG_TRY(og_graph_status(g));
  OG_TRY(og_graph_vjp(g, 1, &f, &lambda, s->count[OG_FOR_TIME], s->wholes, s->bars));
  for (int i = 0; i < OG_EXTENTS; i++) OG_TRY(og_program_create(g, s->count[i], s->bars, &field->vjp[i]));
  return OG_OK;
}

static og_status create_jvps(og_graph_field *field, og_graph *g, og_node f, const slots *s) {
  for (int i = 0; i < OG_EXTENTS; i++) {
    og_node f_dot = OG_NODE_NONE;
    OG_TRY(og_graph_jvp(g, 1, &f, s->count[i], s->wholes, s->dots, &f_dot));
    OG_TRY(og_program_create(g, 1, &f_dot, &field->jvp[i]));
  }
  return OG_OK;
}

/* The tangent of the vjp along (x_dot, theta_dot), lambda held. */
static og_status create_hessian(og_graph_field *field, og_graph *g, const slots *s) {
  og_node bars_dot[OG_EXTENTS];
  int bars = s->count[OG_FOR_TIME], directions = s->count[OG_FOR_PARAMETERS];
  OG_TRY(og_graph_jvp(g, bars, s->bars, directions, s->wholes, s->dots, bars_dot));
  return og_program_create(g, bars, bars_dot, &field->hessian);
}

static og_status create_programs(og_graph_field *field, og_graph *g, og_node f) {
  OG_TRY(check_reads(field, g, f));
  slots s = whole_slots(g, (int)field->base.n, (int)field->base.p);
  OG_TRY(og_graph_status(g));
  OG_TRY(og_program_create(g, 1, &f, &field->eval));
  OG_TRY(create_vjps(field, g, f, &s));
  OG_TRY(create_hessian(field, g, &s));
  return create_jvps(field, g, f, &s);
}

og_status og_field_from_graph(og_graph *graph, og_node f, size_t parameters, size_t quadratures,
                              og_field **out) {
  *out = NULL;
  OG_TRY(og_graph_status(graph));
  og_shape shape = og_graph_shape(graph, f);
  if (shape.columns != 1 || parameters > (1u << 28) || quadratures > 1)
    return og_fail(graph->context, OG_ERR_SHAPE,
                   "a field's f is %d x %d, with %zu parameters and %zu quadratures: f must be "
                   "a vector, and there is at most one quadrature",
                   shape.rows, shape.columns, parameters, quadratures);
  og_graph_field *field = og_alloc(graph->context, 1, sizeof *field);
  if (!field) return og_fail_memory(graph->context, sizeof *field, "a field");
  field->base = (og_field){.context = graph->context,
                           .n = (size_t)shape.rows,
                           .p = parameters,
                           .quadratures = quadratures,
                           .flags = OG_FIELD_HAS_VJP | OG_FIELD_HAS_JVP | OG_FIELD_HAS_HESSIAN,
                           .ops_d = og_graph_ops_d,
                           .ops_s = og_graph_ops_s,
                           .scratch_bytes = scratch_bytes,
                           .destroy = destroy};
  field->zero_rows = parameters > field->base.n ? parameters : field->base.n;
  og_status status = create_programs(field, graph, f);
  if (status == OG_OK)
    *out = &field->base;
  else
    destroy(&field->base);
  return status;
}

/* From f(t, x, theta) as a graph to a field: derivatives taken, everything lowered to programs. */
#include "graph_field/programs.h"

#include "field/pieces.h"
#include "field/states.h"
#include "graph/node.h"
#include "program/clock.h"

static size_t bytes_for(const og_field *base, int lanes) {
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
  size_t event = og_field_event_scratch(field, lanes);
  most = event > most ? event : most;
  size_t implicit = og_field_is_prepared(base) ? og_field_implicit_scratch(field, lanes) : 0;
  most = implicit > most ? implicit : most;
  return og_graph_field_times(lanes) + og_graph_field_zeros(field, lanes) + most;
}

static size_t scratch_bytes(const og_field *base, int lanes) {
  size_t own = bytes_for(base, lanes);
  if (!og_field_is_prepared(base) || !base->colouring) return own;
  size_t coloured = og_coloured_bytes(base, lanes) + bytes_for(base, og_coloured_width(base, lanes));
  return coloured > own ? coloured : own;
}

static void destroy(og_field *base) {
  og_graph_field *field = (og_graph_field *)base;
  og_program_destroy(field->eval);
  og_program_destroy(field->hessian);
  og_program_destroy(field->vjp_add);
  for (int i = 0; i < OG_EXTENTS; i++) {
    og_program_destroy(field->vjp[i]);
    og_program_destroy(field->jvp[i]);
  }
  og_field_free_events(field);
  og_field_free_bound(&field->bound);
  og_field_free_implicit(field);
  og_field_free_compiled(field);
  og_free(base->context, field->states);
  og_free(base->context, field->breakpoints);
  og_free(base->context, field->fine_rows);
  og_free(base->context, field->bound_fine);
  og_free(base->context, field->clocked_fine);
  og_graph_destroy(field->graph);
  og_free(base->context, field);
}

og_field_slots og_field_whole_slots(og_graph *g, int n, int p) {
  og_field_slots s = {.count = {1, p ? 2 : 1, p ? 3 : 2}};
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

og_status og_field_check_reads(const og_field *field, const og_graph *g, og_node root, int *reads_time) {
  size_t nodes = (size_t)root + 1;
  og_status status = OG_OK;
  unsigned char *needed = og_alloc(g->context, nodes, 1);
  if (!needed) return og_fail_memory(g->context, nodes, "the inputs of a field");
  og_mark_needed(g, root, 1, &root, needed);
  for (og_node node = root; node >= 0 && status == OG_OK; node--) {
    if (!needed[node] || g->nodes[node].kind != OG_INPUT) continue;
    status = check_input(g, &g->nodes[node], field->n, field->p);
    if (reads_time && g->nodes[node].slot == OG_SLOT_TIME) *reads_time = 1;
  }
  og_free(g->context, needed);
  return status;
}

static og_status create_vjps(og_graph_field *field, og_graph *g, og_node f, og_field_slots *s) {
  og_node lambda = og_input(g, OG_SLOT_COTANGENT, 0, (og_shape){(int)field->base.n, 1});
  OG_TRY(og_graph_status(g));
  OG_TRY(og_graph_vjp(g, 1, &f, &lambda, s->count[OG_FOR_TIME], s->wholes, s->bars));
  for (int i = 0; i < OG_EXTENTS; i++) OG_TRY(og_program_create(g, s->count[i], s->bars, &field->vjp[i]));
  if (!field->base.p) return OG_OK;
  OG_TRY(og_program_create(g, s->count[OG_FOR_PARAMETERS], s->bars, &field->vjp_add));
  if (og_program_add_to(field->vjp_add, OG_FOR_PARAMETERS)) {
    field->base.ops_d.vjp_add = og_graph_vjp_add_d;
    field->base.ops_s.vjp_add = og_graph_vjp_add_s;
  }
  return OG_OK;
}

/* The part of time stands alone, and a tangent of zero wins: where f has no derivative by t, as sqrt(t) has
 * none at 0, the other directions have theirs. */
og_status og_field_add_time(og_graph *g, og_node f, og_node time, og_node t_dot, og_node *f_dot) {
  og_node one = og_constant(g, 1), f_t = OG_NODE_NONE;
  OG_TRY(og_graph_jvp(g, 1, &f, 1, &time, &one, &f_t));
  *f_dot = og_apply2(g, OG_ADD, *f_dot, og_binary_node(g, OG_MUL0, t_dot, f_t));
  return og_graph_status(g);
}

static og_status create_jvps(og_graph_field *field, og_graph *g, og_node f, const og_field_slots *s) {
  for (int i = 0; i < OG_EXTENTS; i++) {
    og_node f_dot = OG_NODE_NONE;
    int count = s->count[i] - (i == OG_FOR_TIME);
    OG_TRY(og_graph_jvp(g, 1, &f, count, s->wholes, s->dots, &f_dot));
    if (i == OG_FOR_TIME) OG_TRY(og_field_add_time(g, f, s->wholes[count], s->dots[count], &f_dot));
    OG_TRY(og_program_create(g, 1, &f_dot, &field->jvp[i]));
  }
  return OG_OK;
}

/* The tangent of the vjp along (x_dot, theta_dot), lambda held. */
static og_status create_hessian(og_graph_field *field, og_graph *g, const og_field_slots *s) {
  og_node bars_dot[OG_EXTENTS];
  int bars = s->count[OG_FOR_TIME], directions = s->count[OG_FOR_PARAMETERS];
  OG_TRY(og_graph_jvp(g, bars, s->bars, directions, s->wholes, s->dots, bars_dot));
  return og_program_create(g, bars, bars_dot, &field->hessian);
}

/* Rows that the clock reads have fine ones behind all others. */
static og_status add_fine_rows(og_graph_field *field, const og_graph_dynamics *d, const og_clocked *clocked) {
  size_t count = (size_t)clocked->fine_count;
  field->fine_rows = og_alloc(field->base.context, count + 1, sizeof *field->fine_rows);
  field->bound_fine = og_alloc(field->base.context, count + 1, sizeof *field->bound_fine);
  if (!field->fine_rows || !field->bound_fine)
    return og_fail_memory(field->base.context, count * sizeof *field->fine_rows, "rows of a field");
  for (size_t k = 0; k < count; k++) {
    size_t row = (size_t)clocked->fine[k];
    field->fine_rows[k] = row;
    field->bound_fine[k] = row < d->parameters ? row : row - d->weights;
  }
  field->base.p += count;
  field->base.fine = count;
  field->base.fine_row = field->fine_rows;
  return OG_OK;
}

static og_status create_timed(og_graph_field *field, og_graph *g, const og_graph_dynamics *d) {
  og_field_slots s = og_field_whole_slots(g, (int)field->base.n, (int)field->base.p);
  OG_TRY(og_graph_status(g));
  OG_TRY(og_program_create(g, 1, &d->f, &field->eval));
  OG_TRY(create_vjps(field, g, d->f, &s));
  OG_TRY(create_hessian(field, g, &s));
  OG_TRY(create_jvps(field, g, d->f, &s));
  return d->weights ? og_field_create_bound(field, g, d) : OG_OK;
}

/* Programs of f and its derivatives with their clocks, those of events, which are computed in double,
 * without. */
static og_status create_programs(og_graph_field *field, og_graph *g, const og_graph_dynamics *d) {
  int reads_time = 0;
  OG_TRY(og_field_check_reads(&field->base, g, d->f, &reads_time));
  if (reads_time) field->base.flags |= OG_FIELD_DEPENDS_ON_TIME;
  og_clocked *clocked = &field->clocked;
  *clocked = (og_clocked){.weights = (int)(d->parameters - d->weights), .weight_count = (int)d->weights};
  OG_TRY(og_clock_entries(g, d->f, clocked, &field->clocked_fine, &clocked->fine_count));
  clocked->fine = field->clocked_fine;
  clocked->first = (int)field->base.p;
  OG_TRY(add_fine_rows(field, d, clocked));
  g->clocked = reads_time ? clocked : NULL;
  og_status status = create_timed(field, g, d);
  g->clocked = NULL;
  if (status != OG_OK) return status;
  og_field_slots s = og_field_whole_slots(g, (int)field->base.n, (int)field->base.p);
  OG_TRY(og_graph_status(g));
  return og_field_create_events(field, g, d, &s);
}

/* The model's own graph may grow while others make programs of it. */
static og_status keep_graph(og_graph_field *field, const og_graph *g, og_node f) {
  OG_TRY(og_graph_create(field->base.context, &field->graph));
  return og_graph_copy_node(g, f, field->graph, &field->f);
}

static og_status name_states(og_graph_field *field, const og_graph_dynamics *d) {
  if (!d->named) return OG_OK;
  field->states = og_states_copy(field->base.context, d->named, d->state);
  if (!field->states) return og_fail_memory(field->base.context, d->named * sizeof *d->state, "names");
  field->base.named = d->named;
  field->base.state = field->states;
  return OG_OK;
}

/* Times at which the equations switch, and their row. */
static og_status find_breakpoints(og_graph_field *field, const og_graph *g, og_node f) {
  size_t count;
  og_switch *switches;
  OG_TRY(og_graph_find_switches(g, f, &count, &switches));
  if (count) field->breakpoints = og_alloc(g->context, count, sizeof *field->breakpoints);
  og_status status = count && !field->breakpoints
                         ? og_fail_memory(g->context, count * sizeof *switches, "breakpoints")
                         : OG_OK;
  for (size_t k = 0; k < count && status == OG_OK; k++)
    field->breakpoints[k] = (og_breakpoint){switches[k].time, switches[k].before, switches[k].after};
  og_free(g->context, switches);
  if (!count || status != OG_OK) return status;
  field->base.breakpoint = field->breakpoints;
  field->base.breakpoints = count;
  field->base.p++;
  return OG_OK;
}

static og_status check_sizes(const og_graph *graph, const og_graph_dynamics *d) {
  og_shape shape = og_graph_shape(graph, d->f);
  if (d->weights > d->parameters)
    return og_fail(graph->context, OG_ERR_ARGUMENT, "%zu weights among %zu parameters", d->weights,
                   d->parameters);
  if (shape.columns == 1 && d->parameters <= (1u << 28) && d->inputs <= (1u << 26) && d->quadratures <= 1)
    return OG_OK;
  return og_fail(graph->context, OG_ERR_SHAPE,
                 "a field's f is %d x %d, with %zu parameters, %zu inputs and %zu quadratures: f must be "
                 "a vector, and there is at most one quadrature",
                 shape.rows, shape.columns, d->parameters, d->inputs, d->quadratures);
}

og_status og_field_from_dynamics(og_graph *graph, const og_graph_dynamics *dynamics, og_field **out) {
  *out = NULL;
  OG_TRY(og_graph_status(graph));
  OG_TRY(check_sizes(graph, dynamics));
  og_graph_field *field = og_alloc(graph->context, 1, sizeof *field);
  if (!field) return og_fail_memory(graph->context, sizeof *field, "a field");
  field->base = (og_field){.context = graph->context,
                           .n = (size_t)og_graph_shape(graph, dynamics->f).rows,
                           .p = dynamics->parameters + OG_INPUT_ROWS * dynamics->inputs,
                           .weights = dynamics->weights,
                           .inputs = dynamics->inputs,
                           .quadratures = dynamics->quadratures,
                           .flags = OG_FIELD_HAS_VJP | OG_FIELD_HAS_JVP | OG_FIELD_HAS_HESSIAN |
                                    OG_FIELD_HAS_JACOBIAN | OG_FIELD_HAS_THIRD,
                           .prepare = og_field_prepare_implicit,
                           .prepare_third = og_field_prepare_third,
                           .ops_d = og_graph_ops_d,
                           .ops_s = og_graph_ops_s,
                           .scratch_bytes = scratch_bytes,
                           .compile = og_graph_field_compile,
                           .destroy = destroy};
  og_status status = keep_graph(field, graph, dynamics->f);
  if (status == OG_OK) status = find_breakpoints(field, graph, dynamics->f);
  if (status == OG_OK) status = og_field_give_mass(&field->base, &dynamics->mass);
  if (status == OG_OK) status = name_states(field, dynamics);
  if (status == OG_OK) status = create_programs(field, graph, dynamics);
  field->zero_rows = field->base.p > field->base.n ? field->base.p : field->base.n;
  if (status == OG_OK && field->breakpoints) og_pieces_wrap(&field->base);
  if (status == OG_OK)
    *out = &field->base;
  else
    og_field_destroy(&field->base);
  return status;
}

og_status og_field_from_graph(og_graph *graph, og_node f, size_t parameters, size_t quadratures,
                              og_field **out) {
  og_graph_dynamics dynamics = {.f = f, .parameters = parameters, .quadratures = quadratures};
  return og_field_from_dynamics(graph, &dynamics, out);
}

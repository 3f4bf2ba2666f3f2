/* Events of a field from a graph: guards and jumps as programs, always in double. */
#include "graph_field/programs.h"

#include "graph/node.h"

/* ---- Running ---- */

/* Programs of events use the whole scratch: no times in another precision, no zeros. */
static void guard(const og_field *base, int lanes, const double *t, const double *x, const double *theta,
                  double *g, og_lane_status *status, void *scratch) {
  const og_graph_field *field = (const og_graph_field *)base;
  const double *inputs[OG_SLOT_COUNT] = {t, x, theta};
  (void)status;
  og_program_run_d(field->guards, lanes, inputs, &g, scratch);
}

/* The time of one trajectory as a block. */
typedef struct og_instant {
  _Alignas(64) double t[OG_LANE_STEP];
} og_instant;

static void run_products(const og_field *base, const og_program *program, double t, const double *x,
                         const double *theta, const double *after_bar, double *x_bar, double *theta_bar,
                         double *t_bar, void *scratch) {
  og_instant at = {{t}}, slope;
  const double *inputs[OG_SLOT_COUNT] = {at.t, x, theta, after_bar};
  double *outputs[OG_EXTENTS] = {x_bar, base->p ? theta_bar : slope.t, slope.t};
  og_program_run_d(program, 1, inputs, outputs, scratch);
  *t_bar = slope.t[0];
}

static int guard_gradient(const og_field *base, size_t event, double t, const double *x, const double *theta,
                          double *g_x, double *g_theta, double *g_t, void *scratch) {
  const og_graph_field *field = (const og_graph_field *)base;
  run_products(base, field->event_programs[event].gradient, t, x, theta, NULL, g_x, g_theta, g_t, scratch);
  return 0;
}

static int jump(const og_field *base, size_t event, double t, const double *x, const double *theta,
                double *after, void *scratch) {
  const og_graph_field *field = (const og_graph_field *)base;
  og_instant at = {{t}};
  const double *inputs[OG_SLOT_COUNT] = {at.t, x, theta};
  og_program_run_d(field->event_programs[event].jump, 1, inputs, &after, scratch);
  return 0;
}

static int jump_vjp(const og_field *base, size_t event, double t, const double *x, const double *theta,
                    const double *after_bar, double *x_bar, double *theta_bar, double *t_bar, void *scratch) {
  const og_graph_field *field = (const og_graph_field *)base;
  run_products(base, field->event_programs[event].jump_vjp, t, x, theta, after_bar, x_bar, theta_bar, t_bar,
               scratch);
  return 0;
}

static int jump_jvp(const og_field *base, size_t event, double t, const double *x, const double *theta,
                    double t_dot, const double *x_dot, const double *theta_dot, double *after_dot,
                    void *scratch) {
  const og_graph_field *field = (const og_graph_field *)base;
  og_instant at = {{t}}, along = {{t_dot}};
  const double *inputs[OG_SLOT_COUNT] = {
      [OG_SLOT_TIME] = at.t,        [OG_SLOT_STATE] = x,         [OG_SLOT_PARAMETER] = theta,
      [OG_SLOT_TIME_DOT] = along.t, [OG_SLOT_STATE_DOT] = x_dot, [OG_SLOT_PARAMETER_DOT] = theta_dot};
  og_program_run_d(field->event_programs[event].jump_jvp, 1, inputs, &after_dot, scratch);
  return 0;
}

static const og_event_ops event_ops = {.guard = guard,
                                       .guard_gradient = guard_gradient,
                                       .jump = jump,
                                       .jump_vjp = jump_vjp,
                                       .jump_jvp = jump_jvp};

size_t og_field_event_scratch(const og_graph_field *field, int lanes) {
  size_t most = field->guards ? og_program_scratch_bytes(field->guards, lanes) : 0;
  for (size_t i = 0; i < field->base.events; i++) {
    const og_event_programs *e = &field->event_programs[i];
    const og_program *programs[] = {e->gradient, e->jump, e->jump_vjp, e->jump_jvp};
    for (int k = 0; k < 4; k++) {
      size_t bytes = og_program_scratch_bytes(programs[k], 1);
      most = bytes > most ? bytes : most;
    }
  }
  return most;
}

/* ---- Making ---- */

void og_field_free_events(og_graph_field *field) {
  for (size_t i = 0; field->event_programs && i < field->base.events; i++) {
    og_program_destroy(field->event_programs[i].gradient);
    og_program_destroy(field->event_programs[i].jump);
    og_program_destroy(field->event_programs[i].jump_vjp);
    og_program_destroy(field->event_programs[i].jump_jvp);
  }
  og_program_destroy(field->guards);
  og_free(field->base.context, field->events);
  og_free(field->base.context, field->event_programs);
}

static og_status check_event(const og_field *field, const og_graph *g, const og_graph_event *e) {
  og_shape guard = og_graph_shape(g, e->guard), jump = og_graph_shape(g, e->jump);
  if (guard.rows != 1 || guard.columns != 1 || (size_t)jump.rows + field->quadratures != field->n ||
      jump.columns != 1)
    return og_fail(g->context, OG_ERR_SHAPE,
                   "event %s: a guard of %d x %d and a jump of %d x %d, for %zu states: the "
                   "guard must be a scalar and the jump the whole state",
                   e->about.name, guard.rows, guard.columns, jump.rows, jump.columns,
                   field->n - field->quadratures);
  OG_TRY(og_field_check_reads(field, g, e->guard, NULL));
  return og_field_check_reads(field, g, e->jump, NULL);
}

/* A running cost's integral goes on through the jump. */
static og_node whole_jump(const og_field *field, og_graph *g, og_node jump) {
  if (!field->quadratures) return jump;
  og_node parts[] = {jump, og_input(g, OG_SLOT_STATE, (int)field->n - 1, (og_shape){1, 1})};
  return og_concat(g, parts, 2);
}

static og_status create_event(const og_field *field, og_graph *g, const og_graph_event *e,
                              const og_field_slots *s, og_event_programs *to) {
  int count = s->count[OG_FOR_TIME];
  og_node bars[OG_EXTENTS], one = og_constant(g, 1), after = whole_jump(field, g, e->jump), after_dot;
  og_node after_bar = og_input(g, OG_SLOT_COTANGENT, 0, (og_shape){(int)field->n, 1});
  OG_TRY(og_graph_status(g));
  OG_TRY(og_graph_vjp(g, 1, &e->guard, &one, count, s->wholes, bars));
  OG_TRY(og_program_create(g, count, bars, &to->gradient));
  OG_TRY(og_program_create(g, 1, &after, &to->jump));
  OG_TRY(og_graph_vjp(g, 1, &after, &after_bar, count, s->wholes, bars));
  OG_TRY(og_program_create(g, count, bars, &to->jump_vjp));
  OG_TRY(og_graph_jvp(g, 1, &after, count, s->wholes, s->dots, &after_dot));
  return og_program_create(g, 1, &after_dot, &to->jump_jvp);
}

/* Guards of schedules differ in numbers alone: t - lag - 24, t - lag - 48, ... Side by side they are one
 * vector, which has the same bits, and takes a loop where each would take an operation of its own. */
enum { ALIKE_DEPTH = 6 };

/* Whether two scalars are the same but for numbers in them, as far down as is looked. */
static int alike(const og_graph *g, og_node a, og_node b, int depth) {
  const og_node_data *one = &g->nodes[a], *other = &g->nodes[b];
  if (og_entries(one->shape) != 1 || og_entries(other->shape) != 1) return 0;
  if (a == b) return 1;
  if (one->kind != other->kind) return 0;
  if (one->kind == OG_CONSTANT) return !one->count && !other->count;
  if ((one->kind != OG_UNARY && one->kind != OG_BINARY) || one->op != other->op || depth == 0) return 0;
  for (int i = 0; i < one->operand_count; i++)
    if (!alike(g, one->operands[i], other->operands[i], depth - 1)) return 0;
  return 1;
}

static int are_one(const og_node *nodes, int count) {
  for (int i = 1; i < count; i++)
    if (nodes[i] != nodes[0]) return 0;
  return 1;
}

static og_node vector_of_numbers(og_graph *g, const og_node *nodes, int count) {
  double *numbers = og_alloc(g->context, (size_t)count, sizeof *numbers);
  if (!numbers) return og_graph_fail(g, OG_ERR_MEMORY, "out of memory for guards");
  for (int i = 0; i < count; i++) numbers[i] = g->nodes[nodes[i]].value;
  og_node vector = og_constant_tensor(g, (og_shape){count, 1}, numbers);
  og_free(g->context, numbers);
  return vector;
}

/* Of scalars that are alike; one that is the same in all stays a scalar. */
static og_node side_by_side(og_graph *g, const og_node *nodes, int count) {
  const og_node_data first = g->nodes[nodes[0]];
  og_node parts[2];
  if (are_one(nodes, count)) return nodes[0];
  if (first.kind == OG_CONSTANT) return vector_of_numbers(g, nodes, count);
  og_node *operands = og_alloc(g->context, (size_t)count, sizeof *operands);
  if (!operands) return og_graph_fail(g, OG_ERR_MEMORY, "out of memory for guards");
  for (int k = 0; k < first.operand_count; k++) {
    for (int i = 0; i < count; i++) operands[i] = g->nodes[nodes[i]].operands[k];
    parts[k] = side_by_side(g, operands, count);
  }
  og_free(g->context, operands);
  if (g->status != OG_OK) return OG_NODE_NONE;
  return first.kind == OG_UNARY ? og_apply1(g, (og_unary)first.op, parts[0])
                                : og_binary_node(g, first.op, parts[0], parts[1]);
}

/* The guards from the first one on that are alike, and how many; the first alone if no other is, or if it
 * would be the same. */
static og_node next_guards(og_graph *g, const og_node *guards, int most, int *count) {
  for (*count = 1; *count < most && alike(g, guards[0], guards[*count], ALIKE_DEPTH);) ++*count;
  if (are_one(guards, *count)) *count = 1;
  return side_by_side(g, guards, *count);
}

static og_status create_guards(og_graph_field *field, og_graph *g, const og_graph_dynamics *d) {
  og_node *guards = og_alloc(g->context, 2 * d->events, sizeof *guards), *parts;
  int events = (int)d->events, made = 0, count = 0;
  if (!guards) return og_fail_memory(g->context, 2 * d->events * sizeof *guards, "the guards of a field");
  parts = guards + events;
  for (int i = 0; i < events; i++) guards[i] = d->event[i].guard;
  for (int i = 0; i < events && g->status == OG_OK; i += count)
    parts[made++] = next_guards(g, guards + i, events - i, &count);
  og_node all = g->status == OG_OK ? og_concat(g, parts, made) : OG_NODE_NONE;
  og_free(g->context, guards);
  OG_TRY(og_graph_status(g));
  return og_program_create(g, 1, &all, &field->guards);
}

og_status og_field_create_events(og_graph_field *field, og_graph *g, const og_graph_dynamics *d,
                                 const og_field_slots *slots) {
  if (!d->events) return OG_OK;
  field->events = og_alloc(g->context, d->events, sizeof *field->events);
  field->event_programs = og_alloc(g->context, d->events, sizeof *field->event_programs);
  if (!field->events || !field->event_programs)
    return og_fail_memory(g->context, d->events * sizeof *field->events, "the events of a field");
  field->base.event = field->events;
  field->base.events = d->events;
  field->base.event_ops = event_ops;
  for (size_t i = 0; i < d->events; i++) {
    field->events[i] = d->event[i].about;
    OG_TRY(check_event(&field->base, g, &d->event[i]));
    OG_TRY(create_event(&field->base, g, &d->event[i], slots, &field->event_programs[i]));
  }
  return create_guards(field, g, d);
}

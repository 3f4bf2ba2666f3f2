/* A Jacobian's entries as one program: the tangents of f along seeds that are known, in which all that
 * vanishes is not there, and what the tangents share is computed once. */
#include "graph/node.h"
#include "graph_field/programs.h"

/* Nodes times sweeps, and entries of seeds, beyond which that is not tried. */
static const double SWEPT_MOST = 3e7, SEEDS_MOST = 4e6;

/* Entries are collected as nodes of one row each, or, where f is made of vectors, as takes out of its
 * tangents, laid end to end: `place` is where an entry then stands. */
typedef struct entries {
  og_graph *graph;
  og_node f, x;
  const og_colouring *colouring;
  int vectors;
  og_node *node; /* of an entry; or takes */
  int nodes, *place, placed;
  int *index;   /* room for a take */
  double *seed; /* [n] */
} entries;

static int are_scalars(const og_graph *g, og_node node) {
  const og_node_data *d = &g->nodes[node];
  return d->kind == OG_CONCAT ? d->count == d->shape.rows : d->shape.rows == 1;
}

static og_node entry_of(og_graph *g, og_node node, int row) {
  const og_node_data *d = &g->nodes[node];
  return d->kind == OG_CONCAT && d->count == d->shape.rows ? g->parts[d->first + row]
                                                           : og_slice(g, node, row, 1);
}

/* Entries `entry` of the Jacobian are entries index[i] of a node. */
static void collect(entries *e, og_node node, int count, const int *entry) {
  if (!count) return;
  for (int i = 0; i < count && !e->vectors; i++) e->node[entry[i]] = entry_of(e->graph, node, e->index[i]);
  if (!e->vectors) return;
  e->node[e->nodes++] = og_take_entries(e->graph, node, (og_shape){count, 1}, e->index);
  for (int i = 0; i < count; i++) e->place[entry[i]] = e->placed++;
}

static og_status add_colour(entries *e, int colour) {
  const og_colouring *c = e->colouring;
  int n = c->pattern->n, first = c->entry_start[colour], count = c->entry_start[colour + 1] - first;
  og_node f_dot = OG_NODE_NONE;
  for (int j = 0; j < n; j++) e->seed[j] = 0;
  for (int i = c->column_start[colour]; i < c->column_start[colour + 1]; i++) e->seed[c->column[i]] = 1;
  og_node seed = og_constant_tensor(e->graph, (og_shape){n, 1}, e->seed);
  OG_TRY(og_graph_jvp(e->graph, 1, &e->f, 1, &e->x, &seed, &f_dot));
  for (int i = 0; i < count; i++) e->index[i] = c->pattern->row[c->entry[first + i]];
  collect(e, f_dot, count, c->entry + first);
  return og_graph_status(e->graph);
}

static og_status add_row(entries *e, int row, int *entry) {
  const og_pattern *p = e->colouring->pattern;
  int first = p->start[row], count = p->start[row + 1] - first;
  og_node x_bar = OG_NODE_NONE;
  for (int i = 0; i < p->n; i++) e->seed[i] = i == row;
  og_node seed = og_constant_tensor(e->graph, (og_shape){p->n, 1}, e->seed);
  OG_TRY(og_graph_vjp(e->graph, 1, &e->f, &seed, 1, &e->x, &x_bar));
  for (int i = 0; i < count; i++) e->index[i] = p->column[first + i], entry[i] = first + i;
  collect(e, x_bar, count, entry);
  return og_graph_status(e->graph);
}

static og_status collect_all(entries *e, int *entry) {
  const og_colouring *c = e->colouring;
  for (int colour = 0; colour < c->colours; colour++) OG_TRY(add_colour(e, colour));
  for (int i = 0; i < c->rows; i++) OG_TRY(add_row(e, c->row[i], entry));
  return OG_OK;
}

static og_node values_of(entries *e) {
  int count = e->colouring->pattern->count;
  if (!e->vectors) return og_concat(e->graph, e->node, count);
  return og_take_entries(e->graph, og_concat(e->graph, e->node, e->nodes), (og_shape){count, 1}, e->place);
}

static og_status build(entries *e, og_node *values) {
  og_context *context = e->graph->context;
  size_t count = (size_t)e->colouring->pattern->count, n = (size_t)e->colouring->pattern->n;
  size_t nodes = count + (size_t)(e->colouring->colours + e->colouring->rows);
  int *room = og_alloc(context, 2 * count + n, sizeof *room);
  e->node = og_alloc(context, nodes, sizeof *e->node);
  e->seed = og_alloc(context, n, sizeof *e->seed);
  og_status status = OG_OK;
  if (!room || !e->node || !e->seed) status = og_fail_memory(context, nodes * sizeof(int), "a Jacobian");
  e->place = room, e->index = room + count;
  if (status == OG_OK) status = collect_all(e, room + 2 * count);
  if (status == OG_OK) *values = values_of(e);
  og_free(context, room), og_free(context, e->node), og_free(context, e->seed);
  return status == OG_OK ? og_graph_status(e->graph) : status;
}

og_status og_field_derive_jacobian(const og_graph_field *field, og_graph *g, og_node f, const og_colouring *c,
                                   og_program **out) {
  int n = c->pattern->n, sweeps = c->colours + c->rows;
  double products = c->colours * og_program_operations(field->jvp[OG_FOR_STATE]) +
                    c->rows * og_program_operations(field->vjp[OG_FOR_STATE]);
  *out = NULL;
  if ((double)f * sweeps > SWEPT_MOST || (double)n * sweeps > SEEDS_MOST) return OG_OK;
  entries e = {.graph = g,
               .f = f,
               .x = og_input(g, OG_SLOT_STATE, 0, (og_shape){n, 1}),
               .colouring = c,
               .vectors = !are_scalars(g, f)};
  og_node values = OG_NODE_NONE;
  OG_TRY(og_graph_status(g));
  OG_TRY(build(&e, &values));
  OG_TRY(og_program_create(g, 1, &values, out));
  if (og_program_operations(*out) <= products) return OG_OK;
  og_program_destroy(*out);
  *out = NULL;
  return OG_OK;
}

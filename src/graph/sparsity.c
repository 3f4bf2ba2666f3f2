/* Where a derivative can have entries: each entry of each node has the set of those entries of a slot that
 * its derivative depends on, not its value alone. Comparisons, conditions and constants pass nothing on, nor
 * what is multiplied by a 0 of a constant. */
#include "graph/index_sets.h"
#include "graph/node.h"

typedef struct propagation {
  const og_graph *graph;
  og_index_sets sets;
  int slot, universe;
  size_t *at; /* where a node's entries have their sets */
  int *set;
} propagation;

static int entries_of(const propagation *p, og_node node) { return og_entries(p->graph->nodes[node].shape); }

/* The set of an entry; scalars among tensors are those of every entry. */
static int set_of(const propagation *p, og_node node, int entry) {
  return p->set[p->at[node] + (entries_of(p, node) == 1 ? 0 : (size_t)entry)];
}

/* A 0 that no derivative passes. */
static int is_zero(const propagation *p, og_node node, int entry) {
  const og_node_data *d = &p->graph->nodes[node];
  if (d->kind != OG_CONSTANT) return 0;
  return (d->count ? p->graph->values[d->first + entry] : d->value) == 0;
}

static int product(propagation *p, og_node a, int i, og_node b, int j) {
  if (is_zero(p, a, i) || is_zero(p, b, j)) return OG_SET_EMPTY;
  return og_set_of_two(&p->sets, set_of(p, a, i), set_of(p, b, j));
}

static int passes_unary(int op) {
  return op != OG_SIGN && op != OG_FLOOR && op != OG_HIGH_HALF && op != OG_NOT;
}

static int set_of_binary(propagation *p, const og_node_data *d, int entry) {
  og_node a = d->operands[0], b = d->operands[1];
  if (d->op >= OG_LT && d->op <= OG_OR) return OG_SET_EMPTY;
  if (d->op == OG_MUL || d->op == OG_MUL0) return product(p, a, entry, b, entry);
  if (d->op == OG_DIV && is_zero(p, a, entry)) return OG_SET_EMPTY;
  return og_set_of_two(&p->sets, set_of(p, a, entry), set_of(p, b, entry));
}

static int set_of_where(propagation *p, const og_node_data *d, int entry) {
  int a = set_of(p, d->operands[1], entry), b = set_of(p, d->operands[2], entry);
  if (p->graph->nodes[d->operands[0]].kind != OG_CONSTANT) return og_set_of_two(&p->sets, a, b);
  return is_zero(p, d->operands[0], entry) ? b : a;
}

static int set_of_stated(propagation *p, const og_node_data *d, int entry) {
  int set = OG_SET_EMPTY;
  for (int i = 0; i < d->count; i += 2)
    if (!is_zero(p, p->graph->parts[d->first + i + 1], entry))
      set = og_set_of_two(&p->sets, set, set_of(p, p->graph->parts[d->first + i], entry));
  return set;
}

/* Of sum over k of a[first + k step] b[k]; b NULL: 1. */
static int set_of_sum(propagation *p, og_node a, int first, int step, og_node b, int count) {
  og_set_begin(&p->sets);
  for (int k = 0; k < count; k++) {
    int i = first + k * step;
    if (b >= 0 && (is_zero(p, a, i) || is_zero(p, b, k))) continue;
    og_set_add(&p->sets, set_of(p, a, i));
    if (b >= 0) og_set_add(&p->sets, set_of(p, b, k));
  }
  return og_set_end(&p->sets);
}

static int set_of_product(propagation *p, const og_node_data *d, int entry) {
  og_node a = d->operands[0], b = d->operands[1];
  og_shape s = p->graph->nodes[a].shape;
  if (d->kind == OG_OUTER) return product(p, a, entry / d->shape.columns, b, entry % d->shape.columns);
  if (d->kind == OG_MATVEC) return set_of_sum(p, a, entry * s.columns, 1, b, s.columns);
  return set_of_sum(p, a, entry, s.columns, b, s.rows);
}

static int set_of_input(propagation *p, const og_node_data *d, int entry) {
  int index = d->offset + entry;
  return d->slot == p->slot && index < p->universe ? og_set_of_one(&p->sets, index) : OG_SET_EMPTY;
}

/* Of operations that have an entry from entries of the same place, or few of others. */
static int set_of_entry(propagation *p, const og_node_data *d, int entry) {
  og_node a = d->operands[0];
  switch (d->kind) {
  case OG_INPUT: return set_of_input(p, d, entry);
  case OG_UNARY: return passes_unary(d->op) ? set_of(p, a, entry) : OG_SET_EMPTY;
  case OG_BINARY: return set_of_binary(p, d, entry);
  case OG_WHERE: return set_of_where(p, d, entry);
  case OG_WITH_SLOPES: return set_of_stated(p, d, entry);
  case OG_BROADCAST: return set_of(p, a, 0);
  case OG_PAD: {
    int inner = entry - d->offset;
    return inner >= 0 && inner < entries_of(p, a) ? p->set[p->at[a] + (size_t)inner] : OG_SET_EMPTY;
  }
  case OG_TAKE: return p->set[p->at[a] + (size_t)p->graph->parts[d->first + entry]];
  case OG_SUM: return set_of_sum(p, a, 0, 1, OG_NODE_NONE, entries_of(p, a));
  case OG_DOT: return set_of_sum(p, a, 0, 1, d->operands[1], entries_of(p, a));
  case OG_MATVEC:
  case OG_MATVEC_T:
  case OG_OUTER: return set_of_product(p, d, entry);
  default: return OG_SET_EMPTY;
  }
}

static void add_up(propagation *p, const og_node_data *d, int *set) {
  og_node a = d->operands[0];
  for (int i = 0; i < d->count; i++) {
    int *place = &set[p->graph->parts[d->first + i]];
    *place = og_set_of_two(&p->sets, *place, p->set[p->at[a] + (size_t)i]);
  }
}

static void lay_out(propagation *p, const og_node_data *d, int *set) {
  for (int k = 0; k < d->count; k++) {
    og_node part = p->graph->parts[d->first + k];
    for (int i = 0; i < entries_of(p, part); i++) *set++ = p->set[p->at[part] + (size_t)i];
  }
}

static void propagate(propagation *p, og_node node) {
  const og_node_data *d = &p->graph->nodes[node];
  int *set = p->set + p->at[node], count = og_entries(d->shape);
  if (d->kind == OG_SLICE || d->kind == OG_RESHAPE) return; /* those of the operand */
  if (d->kind == OG_CONCAT) {
    lay_out(p, d, set);
  } else if (d->kind == OG_TAKE_T) {
    add_up(p, d, set);
  } else if (d->slots >> p->slot & 1) {
    for (int i = 0; i < count; i++) set[i] = set_of_entry(p, d, i);
  }
}

/* Gives nodes their places, views those of what they show; how many there are. */
static size_t place_all(propagation *p, og_node root, const unsigned char *needed) {
  size_t used = 0;
  for (og_node node = 0; node <= root; node++) {
    const og_node_data *d = &p->graph->nodes[node];
    if (!needed[node]) continue;
    if (d->kind == OG_SLICE || d->kind == OG_RESHAPE) {
      p->at[node] = p->at[d->operands[0]] + (size_t)d->offset;
    } else {
      p->at[node] = used;
      used += (size_t)og_entries(d->shape);
    }
  }
  return used;
}

/* What derivatives are made of: also that by which slopes are stated. */
static void mark(const og_graph *g, og_node root, unsigned char *needed) {
  needed[root] = 1;
  for (og_node node = root; node >= 0; node--) {
    const og_node_data *d = &g->nodes[node];
    int count;
    const og_node *operands = og_operands(g, node, &count);
    for (int i = 0; needed[node] && i < count; i++) needed[operands[i]] = 1;
    for (int i = 0; needed[node] && d->kind == OG_WITH_SLOPES && i < d->count; i++)
      needed[g->parts[d->first + i]] = 1;
  }
}

static og_status no_memory(const propagation *p, size_t entries) {
  return og_fail_memory(p->graph->context, entries * sizeof(int), "the pattern of a Jacobian");
}

static og_status run(propagation *p, og_node root, unsigned char *needed) {
  mark(p->graph, root, needed);
  size_t entries = place_all(p, root, needed);
  p->set = og_alloc(p->graph->context, entries + 1, sizeof *p->set);
  if (!p->set) return no_memory(p, entries);
  for (og_node node = 0; node <= root && !p->sets.failed; node++)
    if (needed[node]) propagate(p, node);
  return p->sets.failed ? no_memory(p, entries) : OG_OK;
}

static og_status list(const propagation *p, og_node root, og_sparsity *out) {
  int rows = entries_of(p, root);
  size_t count = 0;
  for (int i = 0; i < rows; i++) count += (size_t)og_set_size(&p->sets, set_of(p, root, i));
  out->row = og_alloc(p->graph->context, count + 1, sizeof *out->row);
  out->column = og_alloc(p->graph->context, count + 1, sizeof *out->column);
  if (!out->row || !out->column) return no_memory(p, 2 * count);
  for (int i = 0; i < rows; i++) {
    int set = set_of(p, root, i), size = og_set_size(&p->sets, set);
    for (int k = 0; k < size; k++, out->count++) {
      out->row[out->count] = i;
      out->column[out->count] = og_set_members(&p->sets, set)[k];
    }
  }
  return OG_OK;
}

og_status og_graph_find_sparsity(const og_graph *g, og_node root, int slot, int entries, og_sparsity *out) {
  propagation p = {.graph = g, .slot = slot, .universe = entries};
  size_t nodes = (size_t)root + 1;
  *out = (og_sparsity){0};
  OG_TRY(og_index_sets_open(g->context, entries, &p.sets));
  unsigned char *needed = og_alloc(g->context, nodes, 1);
  p.at = og_alloc(g->context, nodes, sizeof *p.at);
  og_status status = needed && p.at ? run(&p, root, needed) : no_memory(&p, nodes);
  if (status == OG_OK) status = list(&p, root, out);
  if (status != OG_OK) og_sparsity_free(g->context, out);
  og_free(g->context, needed);
  og_free(g->context, p.at);
  og_free(g->context, p.set);
  og_index_sets_close(&p.sets);
  return status;
}

void og_sparsity_free(og_context *context, og_sparsity *sparsity) {
  og_free(context, sparsity->row);
  og_free(context, sparsity->column);
  *sparsity = (og_sparsity){0};
}

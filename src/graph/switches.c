/* Times at which a graph switches: where two functions a + b t with constant a and b, one of which may be a
 * constant, are compared, or one is chosen of them. They are known before anything is solved, so that steps
 * can end there. All other comparisons of what moves along a trajectory stay switches that nobody knows.
 *
 * Rounding may let the comparison go over some way from the root of the difference (t/3 > 1), so that the
 * last time on one side and the first on the other are searched among the numbers around it, as the
 * operations themselves decide. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "graph/node.h"

/* ---- What a node is as a function of time ---- */

/* Operations of which such a function may be made: their number bounds the work. */
enum { OPERATIONS_MOST = 64 };

static int is_comparison(const og_node_data *d) {
  return d->kind == OG_BINARY && d->op >= OG_LT && d->op <= OG_NE;
}

static int keeps_straight(const og_node_data *d, int first, int second) {
  switch (d->kind) {
  case OG_UNARY: return d->op == OG_NEG;
  case OG_BINARY:
    if (d->op == OG_ADD || d->op == OG_SUB) return 1;
    if (d->op == OG_MUL || d->op == OG_MUL0)
      return first == OG_IN_TIME_CONSTANT || second == OG_IN_TIME_CONSTANT;
    return d->op == OG_DIV && second == OG_IN_TIME_CONSTANT;
  case OG_SLICE:
  case OG_RESHAPE:
  case OG_BROADCAST:
  case OG_TAKE:
  case OG_CONCAT: return 1;
  default: return 0;
  }
}

/* The largest of the operands' kinds (node.h has them in order), and how many operations the node is made of.
 */
static void kinds_of(const og_graph *g, int count, const og_node *operands, int *most, int *cost) {
  *most = OG_IN_TIME_CONSTANT, *cost = 1;
  for (int i = 0; i < count; i++) {
    const og_node_data *operand = &g->nodes[operands[i]];
    *most = operand->in_time > *most ? operand->in_time : *most;
    *cost += operand->time_cost;
  }
}

static int kind_of_input(const og_node_data *d) {
  return d->slot == OG_SLOT_TIME    ? OG_IN_TIME_STRAIGHT
         : d->slot == OG_SLOT_STATE ? OG_IN_TIME_OTHER
                                    : OG_IN_TIME_FIXED;
}

/* Whether all operands are constants or straight: of at least one that is straight, the largest is. */
static int all_straight(const og_graph *g, int count, const og_node *operands) {
  int straight = 0;
  for (int i = 0; i < count; i++) {
    int kind = g->nodes[operands[i]].in_time;
    if (kind != OG_IN_TIME_CONSTANT && kind != OG_IN_TIME_STRAIGHT) return 0;
    straight |= kind == OG_IN_TIME_STRAIGHT;
  }
  return straight;
}

void og_find_time_kind(const og_graph *g, og_node_data *d, const og_node *parts) {
  const og_node *operands = parts ? parts : d->operands;
  int count = parts ? d->count : d->operand_count, most, cost;
  d->time_cost = 0;
  d->in_time = d->kind == OG_INPUT ? kind_of_input(d) : OG_IN_TIME_CONSTANT;
  if (!count) return;
  kinds_of(g, count, operands, &most, &cost);
  int straight = cost <= OPERATIONS_MOST && all_straight(g, count, operands);
  int second = count > 1 ? g->nodes[operands[1]].in_time : OG_IN_TIME_CONSTANT;
  d->in_time = most <= OG_IN_TIME_STEPS ? most : OG_IN_TIME_OTHER;
  if (straight && (is_comparison(d) || (d->kind == OG_UNARY && d->op == OG_SIGN)))
    d->in_time = OG_IN_TIME_STEPS;
  else if (straight && keeps_straight(d, g->nodes[operands[0]].in_time, second))
    d->in_time = OG_IN_TIME_STRAIGHT, d->time_cost = cost;
}

/* Whether the node is one of a known time: a comparison or sign, or a choice or size, which has a kink. */
static int has_times(const og_graph *g, const og_node_data *d) {
  int kinks = d->kind == OG_UNARY    ? d->op == OG_SIGN || d->op == OG_ABS || d->op == OG_RELU
              : d->kind == OG_BINARY ? is_comparison(d) || d->op == OG_MIN || d->op == OG_MAX
                                     : 0;
  int cost = 1;
  for (int i = 0; i < d->operand_count; i++) cost += g->nodes[d->operands[i]].time_cost;
  return kinks && cost <= OPERATIONS_MOST && all_straight(g, d->operand_count, d->operands);
}

/* ---- The functions ---- */

typedef struct line {
  double at_zero, slope;
} line;

/* Which entry of which operand a structural node shows. */
static og_node shown(const og_graph *g, const og_node_data *d, int *entry) {
  if (d->kind == OG_SLICE) *entry += d->offset;
  if (d->kind == OG_BROADCAST) *entry = 0;
  if (d->kind == OG_TAKE) *entry = g->parts[d->first + *entry];
  if (d->kind != OG_CONCAT) return d->operands[0];
  const og_node *part = g->parts + d->first;
  while (*entry >= og_entries(g->nodes[*part].shape)) *entry -= og_entries(g->nodes[*part++].shape);
  return *part;
}

static double constant_of(const og_graph *g, const og_node_data *d, int entry) {
  return d->count ? g->values[d->first + entry] : d->value;
}

static int entry_of(const og_graph *g, og_node node, int entry) {
  return og_entries(g->nodes[node].shape) == 1 ? 0 : entry;
}

/* As it is computed. */
static double value_at(const og_graph *g, og_node node, int entry, double t) {
  const og_node_data *d = &g->nodes[node];
  if (d->kind == OG_CONSTANT) return constant_of(g, d, entry);
  if (d->kind == OG_INPUT) return t;
  if (d->kind != OG_UNARY && d->kind != OG_BINARY) {
    og_node operand = shown(g, d, &entry);
    return value_at(g, operand, entry, t);
  }
  double a = value_at(g, d->operands[0], entry_of(g, d->operands[0], entry), t);
  if (d->kind == OG_UNARY) return og_unary_value_d((og_unary)d->op, a);
  return og_binary_value_d(d->op, a, value_at(g, d->operands[1], entry_of(g, d->operands[1], entry), t));
}

static line line_of(const og_graph *g, og_node node, int entry) {
  const og_node_data *d = &g->nodes[node];
  if (d->kind == OG_CONSTANT) return (line){constant_of(g, d, entry), 0};
  if (d->kind == OG_INPUT) return (line){0, 1};
  if (d->kind != OG_UNARY && d->kind != OG_BINARY) {
    og_node operand = shown(g, d, &entry);
    return line_of(g, operand, entry);
  }
  line a = line_of(g, d->operands[0], entry_of(g, d->operands[0], entry));
  if (d->kind == OG_UNARY) return (line){-a.at_zero, -a.slope};
  line b = line_of(g, d->operands[1], entry_of(g, d->operands[1], entry));
  switch (d->op) {
  case OG_ADD: return (line){a.at_zero + b.at_zero, a.slope + b.slope};
  case OG_SUB: return (line){a.at_zero - b.at_zero, a.slope - b.slope};
  case OG_DIV: return (line){a.at_zero / b.at_zero, a.slope / b.at_zero};
  default: /* a product with a constant */
    return b.slope == 0 ? (line){a.at_zero * b.at_zero, a.slope * b.at_zero}
                        : (line){a.at_zero * b.at_zero, a.at_zero * b.slope};
  }
}

/* ---- Where they meet ---- */

typedef struct pair {
  const og_graph *g;
  og_node a, b; /* b: OG_NODE_NONE stands for zero */
  int entry;
} pair;

static int sign_at(const pair *p, double t) {
  double a = value_at(p->g, p->a, entry_of(p->g, p->a, p->entry), t);
  double b = p->b < 0 ? 0 : value_at(p->g, p->b, entry_of(p->g, p->b, p->entry), t);
  return (a > b) - (a < b);
}

/* The time nearest to `from` in the direction of `to` at which the sign is `wanted`, as it is at all farther
 * ones: NAN when there is none as far as the numbers reach. */
static double first_with(const pair *p, double from, double to, int wanted) {
  double near = from, far = nextafter(from, to), width = fabs(far - from);
  while (sign_at(p, far) != wanted) {
    width *= 2;
    near = far;
    far = to > from ? from + width : from - width;
    if (!isfinite(far)) return NAN;
  }
  for (;;) {
    double middle = near + (far - near) / 2;
    if (middle == near || middle == far) return far;
    if (sign_at(p, middle) == wanted)
      far = middle;
    else
      near = middle;
  }
}

static int find_switch(const pair *p, og_switch *out) {
  line a = line_of(p->g, p->a, entry_of(p->g, p->a, p->entry)),
       b = p->b < 0 ? (line){0, 0} : line_of(p->g, p->b, entry_of(p->g, p->b, p->entry));
  double slope = a.slope - b.slope, root = (b.at_zero - a.at_zero) / slope;
  if (!isfinite(root) || !isfinite(slope) || slope == 0) return 0;
  int rises = slope > 0 ? 1 : -1;
  *out = (og_switch){root, first_with(p, root, -INFINITY, -rises), first_with(p, root, INFINITY, rises)};
  return isfinite(out->before) && isfinite(out->after);
}

/* ---- All of them ---- */

static int list_of_node(const og_graph *g, const og_node_data *d, og_switch *list) {
  int count = 0;
  for (int entry = 0; entry < og_entries(d->shape); entry++) {
    pair p = {g, d->operands[0], d->kind == OG_BINARY ? d->operands[1] : OG_NODE_NONE, entry};
    count += find_switch(&p, &list[count]);
  }
  return count;
}

static int ascending(const void *a, const void *b) {
  double x = ((const og_switch *)a)->time, y = ((const og_switch *)b)->time;
  return (x > y) - (x < y);
}

/* Those whose surroundings meet are one, with the time of the first. */
static size_t joined(og_switch *list, size_t count) {
  size_t kept = 0;
  if (count) qsort(list, count, sizeof *list, ascending);
  for (size_t i = 0; i < count; i++) {
    og_switch *last = kept ? &list[kept - 1] : NULL;
    if (!last || list[i].before > last->after) {
      list[kept++] = list[i];
    } else {
      last->before = fmin(last->before, list[i].before);
      last->after = fmax(last->after, list[i].after);
    }
  }
  return kept;
}

og_status og_graph_find_switches(const og_graph *g, og_node f, size_t *count, og_switch **out) {
  size_t room = 0;
  unsigned char *needed = og_alloc(g->context, (size_t)f + 1, 1);
  *count = 0, *out = NULL;
  if (!needed) return og_fail_memory(g->context, (size_t)f + 1, "the times at which equations switch");
  og_mark_needed(g, f, 1, &f, needed);
  for (og_node node = 0; node <= f; node++)
    if (needed[node] && has_times(g, &g->nodes[node])) room += (size_t)og_entries(g->nodes[node].shape);
  og_switch *list = room ? og_alloc(g->context, room, sizeof *list) : NULL;
  og_status status = room && !list ? og_fail_memory(g->context, room * sizeof *list, "breakpoints") : OG_OK;
  for (og_node node = 0; list && node <= f; node++)
    if (needed[node] && has_times(g, &g->nodes[node]))
      *count += (size_t)list_of_node(g, &g->nodes[node], list + *count);
  og_free(g->context, needed);
  *count = joined(list, *count);
  *out = list;
  return status;
}

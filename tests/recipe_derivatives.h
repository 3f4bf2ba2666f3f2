/* The derivatives of a recipe's last steps, in every way that graphs give them. */
#ifndef OG_TEST_RECIPE_DERIVATIVES_H
#define OG_TEST_RECIPE_DERIVATIVES_H

#include "random_recipes.h"

enum { OUTPUTS = 4 };
typedef struct derivatives {
  int count, step[OUTPUTS]; /* the outputs f, and which steps they are */
  og_node f[OUTPUTS], bar[OUTPUTS];
  og_node dot[OUTPUTS];             /* jvp along the first direction */
  og_node dot_dot[OUTPUTS];         /* and of that along the second */
  og_node bars[WRT], bars_dot[WRT]; /* vjp, and its jvp along the second */
  og_node bars_of_dot[WRT];         /* vjp of the jvp along the first */
  og_node bars_of_bars[WRT];        /* vjp of the vjp's product with the second */
} derivatives;

static inline void wrt_nodes(og_graph *g, og_node wrt[WRT], og_node first[WRT], og_node second[WRT]) {
  for (int i = 0; i < WRT; i++) {
    int slot = recipe_inputs[i].slot, offset = recipe_inputs[i].offset;
    og_shape shape = recipe_inputs[i].shape;
    wrt[i] = og_input(g, slot, offset, shape);
    first[i] = og_input(g, first_direction(slot), offset, shape);
    second[i] = og_input(g, OG_SLOT_DATA, second_offset(slot, offset), shape);
  }
}

static inline og_node sum_of_dots(og_graph *g, int count, const og_node *a, const og_node *b) {
  og_node sum = og_constant(g, 0);
  for (int i = 0; i < count; i++) sum = og_apply2(g, OG_ADD, sum, og_dot(g, a[i], b[i]));
  return sum;
}

/* The outputs are the last steps, which are made of the most. */
static inline void choose_outputs(recipe *r, derivatives *d) {
  int row = 0;
  for (int i = r->count - 1; i >= WRT && d->count < OUTPUTS; i--) {
    const recipe_step *s = &r->step[i];
    if (s->wild || r->graph->nodes[s->node].kind == OG_CONSTANT || row + entries_of(s->shape) > BARS)
      continue;
    d->step[d->count] = i;
    d->f[d->count] = s->node;
    d->bar[d->count++] = og_input(r->graph, OG_SLOT_COTANGENT, row, s->shape);
    row += entries_of(s->shape);
  }
}

static inline derivatives derive(recipe *r) {
  derivatives d = {0};
  og_graph *g = r->graph;
  og_node wrt[WRT], first[WRT], second[WRT], one = og_constant(g, 1);
  choose_outputs(r, &d);
  wrt_nodes(g, wrt, first, second);
  og_graph_jvp(g, d.count, d.f, WRT, wrt, first, d.dot);
  og_graph_jvp(g, d.count, d.dot, WRT, wrt, second, d.dot_dot);
  og_graph_vjp(g, d.count, d.f, d.bar, WRT, wrt, d.bars);
  og_graph_jvp(g, WRT, d.bars, WRT, wrt, second, d.bars_dot);
  og_node along = sum_of_dots(g, d.count, d.bar, d.dot), product = sum_of_dots(g, WRT, d.bars, second);
  og_graph_vjp(g, 1, &along, &one, WRT, wrt, d.bars_of_dot);
  og_graph_vjp(g, 1, &product, &one, WRT, wrt, d.bars_of_bars);
  if (og_graph_status(g) != OG_OK) fail_msg("derivatives: %s", og_context_message(g->context));
  return d;
}

/* ---- What they are to be ---- */

typedef struct total {
  long double sum, size; /* of numbers, and of their magnitudes */
} total;

/* The numbers that are compared at a point: each output's entries with their three derivatives, and sums of
 * them by the cotangents. */
enum { NUMBERS = OUTPUTS * ENTRIES_MOST * 3 + 6 };

static inline int numbers_of_jets(const recipe *r, const derivatives *d, int point,
                                  long double out[NUMBERS]) {
  int count = 0, row = 0;
  long double sum_a = 0, sum_b = 0, sum_ab = 0;
  for (int i = 0; i < d->count; i++)
    for (int k = 0; k < entries_of(r->step[d->step[i]].shape); k++, row++) {
      jet j = r->step[d->step[i]].jets[point][k];
      long double bar = (long double)r->in[OG_SLOT_COTANGENT][row][point];
      out[count++] = j.v, out[count++] = j.a, out[count++] = j.ab;
      sum_a += bar * j.a, sum_b += bar * j.b, sum_ab += bar * j.ab;
    }
  out[count++] = sum_a, out[count++] = sum_b;
  for (int i = 0; i < 3; i++) out[count++] = sum_ab;
  return count;
}

enum { NOISES = 3 };
/* How much each number moves, in roundings, when every number that a step reads is off by one: measured with
 * 1e-9 in place of a rounding, which is far less than the distance from kinks that recipes keep. 0: so little
 * is too much for a step, as where a root is taken of what cancels. */
static inline int sensitivity(recipe *r, const derivatives *d, long double most[POINTS][NUMBERS]) {
  long double plain[POINTS][NUMBERS], moved[NUMBERS];
  int stable = 1;
  memset(most, 0, POINTS * sizeof *most);
  for (int point = 0; point < POINTS; point++) numbers_of_jets(r, d, point, plain[point]);
  for (int pass = 0; pass <= NOISES; pass++) {
    r->noise = pass < NOISES ? 1e-9 : 0;
    for (int i = 0; i < r->count; i++) work_out(r, &r->step[i]);
    for (int point = 0; point < POINTS && pass < NOISES; point++) {
      int count = numbers_of_jets(r, d, point, moved);
      for (int i = 0; i < count; i++) {
        long double move = fabsl(moved[i] - plain[point][i]) / 1e-9L;
        stable = stable && isfinite(move);
        if (move > most[point][i]) most[point][i] = move;
      }
    }
  }
  return stable;
}

/* All of them as the outputs of one program; their number. */
enum { ALL_MOST = 3 * OUTPUTS + 4 * WRT };
static inline int all_of(const derivatives *d, og_node all[ALL_MOST]) {
  int count = 0;
  const og_node *per_output[] = {d->f, d->dot, d->dot_dot},
                *per_wrt[] = {d->bars, d->bars_dot, d->bars_of_dot, d->bars_of_bars};
  for (int k = 0; k < 3; k++)
    for (int i = 0; i < d->count; i++) all[count++] = per_output[k][i];
  for (int k = 0; k < 4; k++)
    for (int i = 0; i < WRT; i++) all[count++] = per_wrt[k][i];
  return count;
}

#endif

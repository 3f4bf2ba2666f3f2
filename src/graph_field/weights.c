/* Products with networks: cotangents of weights as sums over lanes. */
#include "graph/node.h"
#include "graph_field/graph_field.h"

#include <string.h>

/* The leaves that `f` reads weights by, as lane sums at their places. */
static og_status find_leaves(const og_graph *g, og_node f, og_weights weights, unsigned char *needed,
                             og_lane_sum *lane_sums, int *count) {
  int end = weights.first + weights.count;
  *count = 0;
  og_mark_needed(g, f, 1, &f, needed);
  for (og_node node = 0; node <= f; node++) {
    const og_node_data *d = &g->nodes[node];
    if (!needed[node] || d->kind != OG_INPUT || d->slot != OG_SLOT_PARAMETER) continue;
    int from = d->offset, to = d->offset + og_entries(d->shape);
    if (to <= weights.first || from >= end) continue;
    if (from < weights.first || to > end)
      return og_fail(g->context, OG_ERR_SHAPE,
                     "entries %d to %d of the parameters are read at once: those from %d to %d are weights, "
                     "and are read apart from the others",
                     from, to - 1, weights.first, end - 1);
    lane_sums[(*count)++] = (og_lane_sum){node, from - weights.first};
  }
  return OG_OK;
}

/* `all` holds wrt and then the leaves, `all_bars` their cotangents. */
static og_status differentiate(og_graph *g, og_node f, og_node f_bar, int wrt_count, og_node *all,
                               og_node *all_bars, og_lane_sum *lane_sums, int *lane_sum_count) {
  int leaves = *lane_sum_count;
  for (int i = 0; i < leaves; i++) all[wrt_count + i] = lane_sums[i].node;
  OG_TRY(og_graph_vjp_leaves(g, 1, &f, &f_bar, wrt_count + leaves, wrt_count, all, all_bars));
  *lane_sum_count = 0;
  for (int i = 0; i < leaves; i++) {
    og_node bar = all_bars[wrt_count + i];
    if (bar >= 0) lane_sums[(*lane_sum_count)++] = (og_lane_sum){bar, lane_sums[i].offset};
  }
  return OG_OK;
}

og_status og_graph_vjp_weights(og_graph *g, og_node f, og_node f_bar, int wrt_count, const og_node *wrt,
                               og_node *bars, og_weights weights, og_lane_sum **lane_sums,
                               int *lane_sum_count) {
  size_t nodes = (size_t)f + 1, room = nodes + (size_t)wrt_count;
  *lane_sums = NULL;
  *lane_sum_count = 0;
  OG_TRY(og_graph_status(g));
  unsigned char *needed = og_alloc(g->context, nodes, 1);
  og_node *all = og_alloc(g->context, 2 * room, sizeof *all);
  *lane_sums = og_alloc(g->context, nodes, sizeof **lane_sums);
  og_status status = needed && all && *lane_sums
                         ? find_leaves(g, f, weights, needed, *lane_sums, lane_sum_count)
                         : og_fail_memory(g->context, 2 * room * sizeof *all, "the weights of networks");
  if (status == OG_OK) {
    memcpy(all, wrt, (size_t)wrt_count * sizeof *wrt);
    status = differentiate(g, f, f_bar, wrt_count, all, all + room, *lane_sums, lane_sum_count);
  }
  if (status == OG_OK) memcpy(bars, all + room, (size_t)wrt_count * sizeof *bars);
  og_free(g->context, needed);
  og_free(g->context, all);
  return status;
}

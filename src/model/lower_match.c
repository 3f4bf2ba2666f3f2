/* Which algebraic equation stands in the row of which algebraic state: one that depends on it, where that can
 * be had for all of them, so that the diagonal of the Jacobian has entries. Large sparse systems are
 * eliminated on their diagonal. By augmenting paths (Kuhn), from the order in which they are written. */
#include <string.h>

#include "model/lower.h"

/* Rows and unknowns 0 .. count - 1; row r depends on unknown[first[r]] .. unknown[first[r + 1] - 1]. */
typedef struct matching {
  int count;
  int *first, *unknown;
  int *row_of, *unknown_of; /* -1: none yet */
  int *queue, *from;        /* from[k]: the row by which unknown k was found, -1: it was not */
} matching;

static void join(matching *m, int row, int k) {
  m->row_of[k] = row;
  m->unknown_of[row] = k;
}

/* From the unknown at its end back to the row at its beginning. */
static void turn_path(matching *m, int k) {
  while (k >= 0) {
    int row = m->from[k], next = m->unknown_of[row];
    join(m, row, k);
    k = next;
  }
}

static void find_path(matching *m, int start) {
  int count = 0;
  for (int k = 0; k < m->count; k++) m->from[k] = -1;
  m->queue[count++] = start;
  for (int at = 0; at < count; at++)
    for (int e = m->first[m->queue[at]]; e < m->first[m->queue[at] + 1]; e++) {
      int k = m->unknown[e];
      if (m->from[k] >= 0) continue;
      m->from[k] = m->queue[at];
      if (m->row_of[k] < 0) {
        turn_path(m, k);
        return;
      }
      m->queue[count++] = m->row_of[k];
    }
}

static void match(matching *m) {
  for (int k = 0; k < m->count; k++) m->row_of[k] = m->unknown_of[k] = -1;
  for (int r = 0; r < m->count; r++)
    for (int e = m->first[r]; e < m->first[r + 1]; e++)
      if (m->unknown[e] == r) join(m, r, r);
  for (int r = 0; r < m->count; r++)
    if (m->unknown_of[r] < 0) find_path(m, r);
  for (int r = 0, k = 0; r < m->count; r++) { /* what is left, in its order */
    if (m->unknown_of[r] >= 0) continue;
    while (m->row_of[k] >= 0) k++;
    join(m, r, k);
  }
}

/* Entries of the rows by states become those by unknowns. */
static void take_entries(matching *m, const og_sparsity *sparsity, const int *unknown_of_state) {
  int used = 0;
  size_t at = 0;
  for (int r = 0; r < m->count; r++) {
    m->first[r] = used;
    for (; at < sparsity->count && sparsity->row[at] == r; at++) {
      int k = unknown_of_state[sparsity->column[at]];
      if (k >= 0) m->unknown[used++] = k;
    }
  }
  m->first[m->count] = used;
}

int og_match_equations(og_lowering *l, og_node rows, int count, const int *unknown_of_state, int *order) {
  og_sparsity sparsity;
  if (rows == OG_NODE_NONE) return 0; /* the graph knows why */
  if (og_graph_find_sparsity(l->graph, rows, OG_SLOT_STATE, (int)l->states, &sparsity) != OG_OK)
    return l->source->no_memory = 1, 0;
  size_t n = (size_t)count;
  int *memory = og_alloc(l->source->context, 5 * n + 1 + sparsity.count, sizeof *memory);
  if (memory) {
    matching m = {.count = count, .first = memory, .row_of = order};
    m.unknown_of = m.first + n + 1;
    m.queue = m.unknown_of + n;
    m.from = m.queue + n;
    m.unknown = m.from + n;
    take_entries(&m, &sparsity, unknown_of_state);
    match(&m);
  }
  og_free(l->source->context, memory);
  og_sparsity_free(l->context, &sparsity);
  return memory ? 1 : (l->source->no_memory = 1, 0);
}

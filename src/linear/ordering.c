/* Approximate minimum degree (Amestoy, Davis & Duff, An Approximate Minimum Degree Ordering Algorithm, SIAM
 * J. Matrix Anal. Appl. 17, 1996) on the pattern of W and its transpose together.
 *
 * The graph of what is left is kept as a quotient graph: a pivot becomes an element, which stands for a
 * clique of the variables that it had as neighbours. A variable has a list of elements and of variables; that
 * list never grows, since an element takes the place of a neighbour or of another element. Variables with the
 * same lists are joined into one of more weight. */
#include <limits.h>
#include <string.h>

#include "linear/ordering.h"

typedef struct graph {
  og_context *context;
  int n, eliminated;            /* rows; the weight of pivots so far */
  int *list;                    /* lists of variables: elements first */
  int *start;                   /* [n]: where a variable's list begins */
  int *elements, *size;         /* [n]: entries of its list that are elements; all of them */
  int *weight;                  /* [n]: rows that a variable stands for; 0: it is joined, or was a pivot */
  int *degree;                  /* [n]: of variables, an upper bound */
  int *first, *next, *previous; /* variables of each degree */
  int least;                    /* no variable has a smaller degree */
  int *member, members, room;   /* variables of elements; grows */
  int *from, *many, *heavy;     /* [n]: an element's members, their number, their weight; 0: it is gone */
  int *outside, *seen; /* [n]: an element's weight outside the pivot's; in which step that was found */
  int *mark, step;     /* [n]: in which step a variable was in the pivot's element */
  int *joined;         /* [n]: the next row of the variable, or -1 */
  int *last;           /* [n]: its last row */
  int *chain;          /* [n]: variables of one remainder of their hash */
  int *tag, tags;      /* [n]: in whose list something is */
  uint64_t *hash;      /* [n] */
} graph;

enum { INT_ARRAYS = 20 };

static void **arrays_of(graph *g, int k) {
  void **all[] = {(void **)&g->start,  (void **)&g->elements, (void **)&g->size,   (void **)&g->weight,
                  (void **)&g->degree, (void **)&g->first,    (void **)&g->next,   (void **)&g->previous,
                  (void **)&g->from,   (void **)&g->many,     (void **)&g->heavy,  (void **)&g->outside,
                  (void **)&g->seen,   (void **)&g->mark,     (void **)&g->joined, (void **)&g->last,
                  (void **)&g->chain,  (void **)&g->tag,      (void **)&g->list,   (void **)&g->member};
  return all[k];
}

static void free_graph(graph *g) {
  for (int k = 0; k < INT_ARRAYS; k++) og_free(g->context, *arrays_of(g, k));
  og_free(g->context, g->hash);
}

static og_status new_graph(og_context *context, const og_pattern *p, graph *g) {
  size_t n = (size_t)p->n, listed = 2 * (size_t)p->count + 1;
  *g = (graph){.context = context, .n = p->n, .room = p->count + p->n};
  g->hash = og_alloc(g->context, n, sizeof *g->hash);
  int there = g->hash != NULL;
  for (int k = 0; k < INT_ARRAYS; k++) {
    size_t many = k == INT_ARRAYS - 2 ? listed : k == INT_ARRAYS - 1 ? (size_t)g->room : n + 1;
    *arrays_of(g, k) = og_alloc(g->context, many, sizeof(int));
    there &= *arrays_of(g, k) != NULL;
  }
  if (there) return OG_OK;
  free_graph(g);
  return og_fail_memory(context, (INT_ARRAYS * n + listed) * sizeof(int), "the order of an elimination");
}

/* ---- The graph of a pattern ---- */

/* Both ends of every entry off the diagonal, (i, j) and (j, i) once. */
static void list_neighbours(const og_pattern *p, graph *g) {
  for (int e = 0; e < p->count; e++) {
    int i = p->row[e], j = p->column[e];
    if (i == j || (i > j && og_pattern_find(p, j, i) >= 0)) continue;
    g->size[i]++, g->size[j]++;
  }
  for (int i = 0, at = 0; i < g->n; i++) {
    g->start[i] = at;
    at += g->size[i];
    g->size[i] = 0;
  }
  for (int e = 0; e < p->count; e++) {
    int i = p->row[e], j = p->column[e];
    if (i == j || (i > j && og_pattern_find(p, j, i) >= 0)) continue;
    g->list[g->start[i] + g->size[i]++] = j;
    g->list[g->start[j] + g->size[j]++] = i;
  }
}

static void put_by_degree(graph *g, int i) {
  int d = g->degree[i];
  g->previous[i] = -1;
  g->next[i] = g->first[d];
  if (g->next[i] >= 0) g->previous[g->next[i]] = i;
  g->first[d] = i;
  if (d < g->least) g->least = d;
}

static void take_out(graph *g, int i) {
  if (g->next[i] >= 0) g->previous[g->next[i]] = g->previous[i];
  if (g->previous[i] >= 0)
    g->next[g->previous[i]] = g->next[i];
  else
    g->first[g->degree[i]] = g->next[i];
}

/* Rows with so many neighbours that every step would go over them come last, in their own order. */
static int is_crowded(const graph *g, int i) {
  return g->size[i] > 16 && (double)g->size[i] * g->size[i] > 100.0 * g->n;
}

/* Returns the number of rows that are not crowded. */
static int begin(graph *g) {
  int ordinary = 0;
  for (int i = 0; i <= g->n; i++) g->first[i] = g->chain[i] = -1;
  for (int i = 0; i < g->n; i++) {
    g->weight[i] = !is_crowded(g, i);
    g->joined[i] = -1;
    g->last[i] = i;
    ordinary += g->weight[i];
  }
  g->least = g->n;
  for (int i = 0; i < g->n; i++) {
    if (!g->weight[i]) continue;
    int kept = 0, *list = g->list + g->start[i];
    for (int k = 0; k < g->size[i]; k++)
      if (g->weight[list[k]]) list[kept++] = list[k];
    g->degree[i] = g->size[i] = kept;
    put_by_degree(g, i);
  }
  return ordinary;
}

/* ---- One pivot ---- */

static og_status room_for_members(graph *g) {
  if (g->room - g->members >= g->n) return OG_OK;
  if (g->members > INT_MAX / 2 - g->n)
    return og_fail(g->context, OG_ERR_SHAPE,
                   "the elimination of %d rows has more entries than an index can count", g->n);
  int room = 2 * (g->members + g->n);
  int *grown = og_resize(g->context, g->member, (size_t)g->members, (size_t)room, sizeof *grown);
  if (!grown) return og_fail_memory(g->context, (size_t)room * sizeof *grown, "the order of an elimination");
  g->member = grown;
  g->room = room;
  return OG_OK;
}

static void add_member(graph *g, int p, int i) {
  if (!g->weight[i] || i == p || g->mark[i] == g->step) return;
  g->mark[i] = g->step;
  g->heavy[p] += g->weight[i];
  g->member[g->members++] = i;
}

/* The pivot's neighbours become members of its element; elements among them are then told by it. */
static og_status make_element(graph *g, int p) {
  const int *list = g->list + g->start[p];
  OG_TRY(room_for_members(g));
  g->from[p] = g->members;
  g->heavy[p] = 0;
  for (int k = 0; k < g->elements[p]; k++) {
    int e = list[k];
    for (int m = g->from[e]; m < g->from[e] + g->many[e]; m++) add_member(g, p, g->member[m]);
    g->heavy[e] = 0;
  }
  for (int k = g->elements[p]; k < g->size[p]; k++) add_member(g, p, list[k]);
  g->many[p] = g->members - g->from[p];
  return OG_OK;
}

/* For each element that shares members with p's: what weight it has outside of them. */
static void find_outside(graph *g, int p) {
  for (int m = g->from[p]; m < g->members; m++) {
    int i = g->member[m];
    for (int k = 0; k < g->elements[i]; k++) {
      int e = g->list[g->start[i] + k];
      if (!g->heavy[e]) continue;
      if (g->seen[e] != g->step) g->seen[e] = g->step, g->outside[e] = g->heavy[e];
      g->outside[e] -= g->weight[i];
    }
  }
}

/* A member's list without what p's element tells, its degree, and a hash of the list. Elements that lie
 * within p's are told by it too. */
static void update_member(graph *g, int p, int i) {
  int *list = g->list + g->start[i], kept = 0, degree = 0, elements;
  uint64_t hash = 0;
  for (int k = 0; k < g->elements[i]; k++) {
    int e = list[k];
    if (g->heavy[e] && !g->outside[e]) g->heavy[e] = 0;
    if (!g->heavy[e]) continue;
    degree += g->outside[e];
    hash += (uint64_t)e;
    list[kept++] = e;
  }
  elements = kept;
  for (int k = g->elements[i]; k < g->size[i]; k++) {
    int j = list[k];
    if (j == p || !g->weight[j] || g->mark[j] == g->step) continue;
    degree += g->weight[j];
    hash += (uint64_t)j;
    list[kept++] = j;
  }
  list[kept] = list[elements]; /* p itself was dropped, or an element that it is of */
  list[elements] = p;
  g->elements[i] = elements + 1;
  g->size[i] = kept + 1;
  g->hash[i] = hash;
  int others = g->heavy[p] - g->weight[i], left = g->n - g->eliminated - g->weight[i];
  int bound = g->degree[i] + others;
  if (bound > degree + others) bound = degree + others;
  g->degree[i] = bound < left ? bound : left;
}

/* ---- Variables that became the same ---- */

static int is_same_as_tagged(const graph *g, int i, int j, int tag) {
  if (g->hash[i] != g->hash[j] || g->size[i] != g->size[j] || g->elements[i] != g->elements[j]) return 0;
  for (int k = 0; k < g->size[j]; k++)
    if (g->tag[g->list[g->start[j] + k]] != tag) return 0;
  return 1;
}

static void join(graph *g, int i, int j) {
  g->weight[i] += g->weight[j];
  g->degree[i] -= g->weight[j];
  g->weight[j] = 0;
  g->joined[g->last[i]] = j;
  g->last[i] = g->last[j];
}

/* Members of the pivot's element, which are in no list of degrees now, by their hashes in chains. */
static void join_members(graph *g, int p) {
  for (int m = g->from[p]; m < g->members; m++) {
    int i = g->member[m], *chain = &g->chain[g->hash[i] % (uint64_t)g->n];
    g->next[i] = *chain;
    *chain = i;
  }
  for (int m = g->from[p]; m < g->members; m++) {
    int *chain = &g->chain[g->hash[g->member[m]] % (uint64_t)g->n];
    for (int i = *chain; i >= 0; i = g->next[i]) {
      if (!g->weight[i] || g->next[i] < 0) continue;
      int tag = ++g->tags;
      for (int k = 0; k < g->size[i]; k++) g->tag[g->list[g->start[i] + k]] = tag;
      for (int j = g->next[i]; j >= 0; j = g->next[j])
        if (g->weight[j] && is_same_as_tagged(g, i, j, tag)) join(g, i, j);
    }
    *chain = -1;
  }
}

static og_status eliminate(graph *g, int p) {
  g->step++;
  take_out(g, p);
  g->eliminated += g->weight[p];
  g->weight[p] = 0;
  OG_TRY(make_element(g, p));
  find_outside(g, p);
  for (int m = g->from[p]; m < g->members; m++) take_out(g, g->member[m]);
  for (int m = g->from[p]; m < g->members; m++) update_member(g, p, g->member[m]);
  join_members(g, p);
  for (int m = g->from[p]; m < g->members; m++)
    if (g->weight[g->member[m]]) put_by_degree(g, g->member[m]);
  return OG_OK;
}

/* ---- The order ---- */

static og_status order_graph(graph *g, int *order) {
  int ordinary = begin(g), at = 0, crowded = ordinary;
  for (int i = 0; i < g->n; i++)
    if (!g->weight[i]) order[crowded++] = i;
  g->eliminated = g->n - ordinary; /* they bound no degrees */
  while (at < ordinary) {
    while (g->first[g->least] < 0) g->least++;
    int p = g->first[g->least];
    for (int row = p; row >= 0; row = g->joined[row]) order[at++] = row;
    OG_TRY(eliminate(g, p));
  }
  return OG_OK;
}

og_status og_order_by_degree(og_context *context, const og_pattern *pattern, int *order) {
  graph g;
  OG_TRY(new_graph(context, pattern, &g));
  list_neighbours(pattern, &g);
  og_status status = order_graph(&g, order);
  free_graph(&g);
  return status;
}

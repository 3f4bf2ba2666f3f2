/* The fill of L and U, row after row, and the runs of entries that are subtracted at once. */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "linear/ordering.h"
#include "linear/symbolic.h"

/* While it is made; `plan` is what will be kept, and these are its arrays. */
typedef struct maker {
  og_context *context;
  const og_pattern *pattern;
  double most, products;
  int incomplete;         /* entries that W has not are left out */
  int *row_of, *position; /* [n]: the order, and where a row is in it */
  int *start, *diagonal;  /* [n + 1]; [n] */
  int *column, *from, room, entries;
  int *seen;                   /* [n]: the row, counted from 1, that had a column last */
  int waiting, *behind, later; /* columns of that row before its diagonal, and from it on: see `at` */
  int *place, *fill, *at;      /* [count]; [fills]; [n]: where a column stands in the row that is looked at */
  int *limit;                  /* [n]: up to where a row of U must be looked at: see look_at */
  int *first_run, lower;
  og_lu_run *run;
  int runs, run_room;
} maker;

static void free_maker(maker *m) {
  void *all[] = {m->row_of, m->position, m->start, m->diagonal,  m->column, m->from,   m->seen,
                 m->place,  m->fill,     m->at,    m->first_run, m->run,    m->behind, m->limit};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) og_free(m->context, all[i]);
}

static og_status fail_memory(const maker *m, size_t bytes) {
  return og_fail_memory(m->context, bytes, "the factors of a pattern");
}

static og_status new_maker(og_context *context, const og_pattern *p, double most, maker *m) {
  size_t n = (size_t)p->n;
  *m = (maker){.context = context, .pattern = p, .most = most, .room = p->count};
  int **arrays[] = {&m->row_of, &m->position, &m->start,  &m->diagonal,
                    &m->seen,   &m->at,       &m->behind, &m->limit};
  int there = 1;
  for (int i = 0; i < 8; i++) there &= (*arrays[i] = og_alloc(m->context, n + 1, sizeof(int))) != NULL;
  m->place = og_alloc(m->context, (size_t)p->count, sizeof(int));
  m->column = og_alloc(m->context, (size_t)m->room, sizeof(int));
  if (there && m->place && m->column) return OG_OK;
  free_maker(m);
  return fail_memory(m, 8 * n * sizeof(int) + 3 * (size_t)p->count * sizeof(int));
}

/* ---- The order ---- */

/* Band matrices with few entries that are no entries of the pattern are eliminated in their own order: there
 * is no better one for memory, and next to none for arithmetic. */
static int is_narrow(const og_pattern *p) {
  double width = (double)p->lower + p->upper + 1;
  return width * p->n <= 2.0 * p->count || width <= 3;
}

static og_status order_rows(maker *m) {
  const og_pattern *p = m->pattern;
  if (m->incomplete || is_narrow(p))
    for (int i = 0; i < p->n; i++) m->row_of[i] = i;
  else
    OG_TRY(og_order_by_degree(m->context, p, m->row_of));
  for (int i = 0; i < p->n; i++) m->position[m->row_of[i]] = i;
  return OG_OK;
}

/* ---- Fill ---- */

static int ascending(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

/* The columns before the diagonal that are still to be looked at, the smallest first: a heap in `at`. */
static void push(maker *m, int column) {
  int i = m->waiting++;
  for (; i > 0 && m->at[(i - 1) / 2] > column; i = (i - 1) / 2) m->at[i] = m->at[(i - 1) / 2];
  m->at[i] = column;
}

static int pop(maker *m) {
  int first = m->at[0], last = m->at[--m->waiting], i = 0;
  for (int child = 1; child < m->waiting; i = child, child = 2 * i + 1) {
    if (child + 1 < m->waiting && m->at[child + 1] < m->at[child]) child++;
    if (m->at[child] >= last) break;
    m->at[i] = m->at[child];
  }
  m->at[i] = last;
  return first;
}

static void add_column(maker *m, int i, int column) {
  if (m->seen[column] == i + 1) return;
  m->seen[column] = i + 1;
  if (column < i)
    push(m, column);
  else
    m->behind[m->later++] = column;
}

static og_status keep_column(maker *m, int column) {
  if (m->entries == m->room) {
    if (m->room > INT_MAX / 2)
      return og_fail(m->context, OG_ERR_SHAPE,
                     "the factors of a matrix of %d rows have more entries than an index can count",
                     m->pattern->n);
    int *grown = og_resize(m->context, m->column, (size_t)m->room, 2 * (size_t)m->room, sizeof *grown);
    if (!grown) return fail_memory(m, 2 * (size_t)m->room * sizeof *grown);
    m->column = grown;
    m->room *= 2;
  }
  m->column[m->entries++] = column;
  return OG_OK;
}

/* Adds the columns of U in row k to row i. Where both L(i, k) and U(k, i) are there, all columns of U in row
 * k behind i are in its row i too, so that a later row with column k gets them from there: row k need not be
 * looked at beyond i any more (Eisenstat & Liu, SIAM J. Matrix Anal. Appl. 13, 1992). */
static void look_at(maker *m, int i, int k) {
  int end = m->incomplete ? 0 : m->limit[k];
  for (int t = m->diagonal[k] + 1; t < end; t++) {
    if (m->column[t] == i) m->limit[k] = t + 1;
    add_column(m, i, m->column[t]);
  }
}

/* Row i of the order: W's columns, and for each column k before the diagonal those of U in row k. */
static og_status make_row(maker *m, int i) {
  const og_pattern *p = m->pattern;
  m->waiting = m->later = 0;
  for (int e = p->start[m->row_of[i]]; e < p->start[m->row_of[i] + 1]; e++)
    add_column(m, i, m->position[p->column[e]]);
  while (m->waiting) {
    int k = pop(m);
    OG_TRY(keep_column(m, k));
    m->lower++;
    m->products += m->start[k + 1] - m->diagonal[k] - 1;
    look_at(m, i, k);
  }
  m->diagonal[i] = m->entries;
  qsort(m->behind, (size_t)m->later, sizeof *m->behind, ascending);
  for (int k = 0; k < m->later; k++) OG_TRY(keep_column(m, m->behind[k]));
  m->start[i + 1] = m->limit[i] = m->entries;
  return OG_OK;
}

/* Stops where there are too many products. */
static og_status find_fill(maker *m) {
  int n = m->pattern->n;
  for (int i = 0; i < n && m->products <= m->most; i++) OG_TRY(make_row(m, i));
  return OG_OK;
}

/* ---- Lists ---- */

static void find_columns(maker *m, int i) {
  for (int t = m->start[i]; t < m->start[i + 1]; t++) m->at[m->column[t]] = t;
}

/* Where the entries of W stand, and which entries it has not. */
static og_status find_places(maker *m) {
  const og_pattern *p = m->pattern;
  size_t fills = (size_t)(m->entries - p->count);
  m->fill = og_alloc(m->context, fills + 1, sizeof *m->fill);
  m->from = og_alloc(m->context, (size_t)m->entries, sizeof *m->from);
  if (!m->fill || !m->from) return fail_memory(m, ((size_t)m->entries + fills) * sizeof(int));
  for (int i = 0; i < p->n; i++) {
    find_columns(m, i);
    for (int e = p->start[m->row_of[i]]; e < p->start[m->row_of[i] + 1]; e++) {
      m->place[e] = m->at[m->position[p->column[e]]];
      m->from[m->place[e]] = 1;
    }
  }
  for (int t = 0, at = 0; t < m->entries; t++) {
    if (!m->from[t]) m->fill[at++] = t;
    m->from[t] = m->row_of[m->column[t]];
  }
  return OG_OK;
}

static og_status add_run(maker *m, og_lu_run run) {
  if (m->runs == m->run_room) {
    if (m->run_room > INT_MAX / 2)
      return og_fail(m->context, OG_ERR_SHAPE, "factoring %d rows takes more lists than an index can count",
                     m->pattern->n);
    og_lu_run *grown =
        og_resize(m->context, m->run, (size_t)m->run_room, 2 * (size_t)m->run_room, sizeof *grown);
    if (!grown) return fail_memory(m, 2 * (size_t)m->run_room * sizeof *grown);
    m->run = grown;
    m->run_room *= 2;
  }
  m->run[m->runs++] = run;
  return OG_OK;
}

/* The row of U from `source` to `end` - 1, subtracted from a row that has all of its columns. */
static og_status add_runs(maker *m, int source, int end) {
  while (source < end) {
    og_lu_run run = {m->at[m->column[source]], source, 1};
    const int *from = m->column + source, *to = m->column + run.target;
    while (source + run.count < end && from[run.count] == to[run.count]) run.count++;
    OG_TRY(add_run(m, run));
    source += run.count;
  }
  return OG_OK;
}

/* The same where the row has some of them. */
static og_status add_runs_there(maker *m, int i, int source, int end) {
  for (; source < end; source++) {
    int target = m->at[m->column[source]];
    if (target < m->start[i] || target >= m->start[i + 1] || m->column[target] != m->column[source]) continue;
    og_lu_run *last = m->run + m->runs - 1;
    if (m->runs > m->first_run[m->lower] && last->target + last->count == target &&
        last->source + last->count == source)
      last->count++;
    else
      OG_TRY(add_run(m, (og_lu_run){target, source, 1}));
  }
  return OG_OK;
}

/* Whether U's row k has the columns of row k - 1 but for its own, as rows of a dense block have: m->limit,
 * which has served, says it. */
static void find_same(maker *m) {
  m->limit[0] = 0;
  for (int k = 1; k < m->pattern->n; k++) {
    const int *before = m->column + m->diagonal[k - 1] + 1, *own = m->column + m->diagonal[k];
    int count = m->start[k + 1] - m->diagonal[k];
    m->limit[k] = m->start[k] - m->diagonal[k - 1] - 1 == count &&
                  memcmp(before, own, (size_t)count * sizeof *own) == 0;
  }
}

/* Those of a pivot whose row is the same as that of the pivot before, from that one's: without the first
 * entry. */
static og_status repeat_runs(maker *m, int k) {
  int shift = m->diagonal[k] - m->diagonal[k - 1] - 1, end = m->runs;
  for (int r = m->first_run[m->lower - 1], first = 1; r < end; r++, first = 0) {
    og_lu_run run = m->run[r];
    run = (og_lu_run){run.target + first, run.source + first + shift, run.count - first};
    if (run.count) OG_TRY(add_run(m, run));
  }
  return OG_OK;
}

/* For each entry of L: where its pivot's row of U stands in its own row. */
static og_status find_runs(maker *m) {
  int n = m->pattern->n;
  m->run_room = m->lower + 1;
  m->run = og_alloc(m->context, (size_t)m->run_room, sizeof *m->run);
  m->first_run = og_alloc(m->context, (size_t)m->lower + 1, sizeof *m->first_run);
  if (!m->run || !m->first_run) return fail_memory(m, 2 * (size_t)m->run_room * sizeof *m->run);
  find_same(m);
  m->lower = 0;
  for (int i = 0; i < n; i++) {
    find_columns(m, i);
    for (int t = m->start[i]; t < m->diagonal[i]; t++) {
      int k = m->column[t];
      m->first_run[m->lower] = m->runs;
      if (m->incomplete)
        OG_TRY(add_runs_there(m, i, m->diagonal[k] + 1, m->start[k + 1]));
      else if (t > m->start[i] && m->column[t - 1] == k - 1 && m->limit[k])
        OG_TRY(repeat_runs(m, k));
      else
        OG_TRY(add_runs(m, m->diagonal[k] + 1, m->start[k + 1]));
      m->first_run[++m->lower] = m->runs;
    }
  }
  return OG_OK;
}

/* ---- Both ---- */

/* What lists grew by beyond what is in them is given back. */
static og_status trim_runs(maker *m) {
  size_t room = (size_t)m->runs + 1;
  og_lu_run *fitting = og_resize(m->context, m->run, (size_t)m->runs, room, sizeof *fitting);
  if (!fitting) return fail_memory(m, room * sizeof *fitting);
  m->run = fitting;
  return OG_OK;
}

/* The arrays that are kept go over to *out. */
static og_status keep(maker *m, og_symbolic **out) {
  og_symbolic *s = og_alloc(m->context, 1, sizeof *s);
  if (!s) return fail_memory(m, sizeof *s);
  *s = (og_symbolic){.context = m->context,
                     .products = m->products,
                     .is_band = is_narrow(m->pattern),
                     .incomplete = m->incomplete};
  s->plan = (og_lu_plan){.n = m->pattern->n,
                         .entries = m->entries,
                         .count = m->pattern->count,
                         .start = m->start,
                         .diagonal = m->diagonal,
                         .column = m->column,
                         .row_of = m->row_of,
                         .from = m->from,
                         .place = m->place,
                         .fills = m->entries - m->pattern->count,
                         .lower = m->lower,
                         .fill = m->fill,
                         .first_run = m->first_run,
                         .run = m->run};
  m->start = m->diagonal = m->column = m->row_of = m->from = m->place = m->fill = m->first_run = NULL;
  m->run = NULL;
  *out = s;
  return OG_OK;
}

static og_status make(maker *m, og_symbolic **out) {
  OG_TRY(order_rows(m));
  OG_TRY(find_fill(m));
  if (m->products > m->most) return OG_OK;
  OG_TRY(find_places(m));
  OG_TRY(find_runs(m));
  OG_TRY(trim_runs(m));
  return keep(m, out);
}

static og_status create(og_context *context, const og_pattern *pattern, double most, int incomplete,
                        og_symbolic **out) {
  maker m;
  *out = NULL;
  OG_TRY(new_maker(context, pattern, most, &m));
  m.incomplete = incomplete;
  og_status status = make(&m, out);
  free_maker(&m);
  return status;
}

og_status og_symbolic_create(og_context *context, const og_pattern *pattern, double most, og_symbolic **out) {
  return create(context, pattern, most, 0, out);
}

og_status og_symbolic_create_incomplete(og_context *context, const og_pattern *pattern, og_symbolic **out) {
  return create(context, pattern, INFINITY, 1, out);
}

void og_symbolic_destroy(og_symbolic *symbolic) {
  if (!symbolic) return;
  const og_lu_plan *p = &symbolic->plan;
  const void *all[] = {p->start, p->diagonal, p->column, p->row_of,   p->from,
                       p->place, p->fill,     p->run,    p->first_run};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) og_free(symbolic->context, (void *)all[i]);
  og_free(symbolic->context, symbolic);
}

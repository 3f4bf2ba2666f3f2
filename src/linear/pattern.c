/* Patterns: sorted entries without doubles, and colours of columns. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "linear/linear.h"

/* ---- Entries in order ---- */

typedef struct entries {
  int count;
  int *row, *column;
} entries;

static void free_entries(og_context *context, entries *e) {
  og_free(context, e->row);
  og_free(context, e->column);
  *e = (entries){0};
}

static og_status new_entries(og_context *context, int count, entries *e) {
  size_t many = (size_t)count;
  *e = (entries){count, og_alloc(context, many, sizeof *e->row), og_alloc(context, many, sizeof *e->column)};
  if (e->row && e->column) return OG_OK;
  free_entries(context, e);
  return og_fail_memory(context, 2 * many * sizeof(int), "a pattern's entries");
}

/* Stable sorting by the numbers in `key`; `next` has room for n + 1. */
static void sort_by(int n, int count, const int *key, const int *row, const int *column, int *next,
                    const entries *sorted) {
  memset(next, 0, ((size_t)n + 1) * sizeof *next);
  for (int e = 0; e < count; e++) next[key[e] + 1]++;
  for (int i = 0; i < n; i++) next[i + 1] += next[i];
  for (int e = 0; e < count; e++) {
    int at = next[key[e]]++;
    sorted->row[at] = row[e];
    sorted->column[at] = column[e];
  }
}

static void drop_doubles(entries *e) {
  int kept = 0;
  for (int i = 0; i < e->count; i++) {
    if (kept && e->row[i] == e->row[kept - 1] && e->column[i] == e->column[kept - 1]) continue;
    e->row[kept] = e->row[i];
    e->column[kept++] = e->column[i];
  }
  e->count = kept;
}

/* Sorts by column and then by row, which leaves each row by column. */
static og_status sort_entries(og_context *context, int n, entries *e) {
  entries other;
  int *next = og_alloc(context, (size_t)n + 1, sizeof *next);
  if (!next) return og_fail_memory(context, ((size_t)n + 1) * sizeof *next, "a pattern's rows");
  og_status status = new_entries(context, e->count, &other);
  if (status == OG_OK) {
    sort_by(n, e->count, e->column, e->row, e->column, next, &other);
    sort_by(n, e->count, other.row, other.row, other.column, next, e);
    drop_doubles(e);
    free_entries(context, &other);
  }
  og_free(context, next);
  return status;
}

/* ---- Colours ---- */

/* The entries of a pattern column after column, and room for one colouring. */
typedef struct columns {
  int *start, *row;  /* [n + 1]; [count] */
  int *order, *seen; /* columns as they are to be coloured; which column saw a colour last */
  int *colour;
} columns;

static void free_columns(og_context *context, columns *c) {
  og_free(context, c->start), og_free(context, c->row), og_free(context, c->order);
  og_free(context, c->seen), og_free(context, c->colour);
}

static og_status new_columns(const og_pattern *p, columns *c) {
  size_t n = (size_t)p->n, count = (size_t)p->count;
  *c = (columns){og_alloc(p->context, n + 2, sizeof(int)), og_alloc(p->context, count, sizeof(int)),
                 og_alloc(p->context, n, sizeof(int)), og_alloc(p->context, n, sizeof(int)),
                 og_alloc(p->context, n, sizeof(int))};
  if (!c->start || !c->row || !c->order || !c->seen || !c->colour) {
    free_columns(p->context, c);
    return og_fail_memory(p->context, (4 * n + count) * sizeof(int), "a pattern's columns");
  }
  for (int e = 0; e < p->count; e++) c->start[p->column[e] + 2]++;
  for (int j = 0; j < p->n; j++) c->start[j + 2] += c->start[j + 1];
  for (int e = 0; e < p->count; e++) c->row[c->start[p->column[e] + 1]++] = p->row[e];
  return OG_OK;
}

/* Columns with many entries first, those with as many in their order; by counting. */
static void order_by_degree(int n, columns *c) {
  int *place = c->seen;
  memset(place, 0, (size_t)n * sizeof *place);
  for (int j = 0; j < n; j++) place[n - (c->start[j + 1] - c->start[j])]++; /* each has its diagonal */
  for (int d = 0, at = 0; d < n; d++) {
    int here = place[d];
    place[d] = at;
    at += here;
  }
  for (int j = 0; j < n; j++) c->order[place[n - (c->start[j + 1] - c->start[j])]++] = j;
}

/* Each column gets the first colour that none of the columns has which share a row with it. */
static int colour_greedily(const og_pattern *p, const columns *c) {
  int colours = 0;
  for (int j = 0; j < p->n; j++) c->colour[j] = c->seen[j] = -1;
  for (int k = 0; k < p->n; k++) {
    int j = c->order[k], colour = 0;
    for (int r = c->start[j]; r < c->start[j + 1]; r++)
      for (int e = p->start[c->row[r]]; e < p->start[c->row[r] + 1]; e++)
        if (c->colour[p->column[e]] >= 0) c->seen[c->colour[p->column[e]]] = j;
    while (c->seen[colour] == j) colour++;
    c->colour[j] = colour;
    if (colour >= colours) colours = colour + 1;
  }
  return colours;
}

/* How many pairs of columns a colouring looks at: too many where few rows are long, which have no good
 * colouring either. */
static int too_many_pairs(const og_pattern *p) {
  static const double PAIRS_MOST = 1e8;
  double pairs = 0;
  for (int i = 0; i < p->n; i++) pairs += pow(p->start[i + 1] - p->start[i], 2);
  return pairs > PAIRS_MOST;
}

static int longest_row(const og_pattern *p) {
  int most = 0;
  for (int i = 0; i < p->n; i++)
    if (p->start[i + 1] - p->start[i] > most) most = p->start[i + 1] - p->start[i];
  return most;
}

/* The fewer colours of two orders: the natural one, which is the best for band matrices, and by degree. No
 * colouring has fewer than the longest row has entries, so where that row is full there is nothing to look
 * for (and looking would take long). Without one each column has a colour of its own. */
static og_status colour_columns(og_pattern *p) {
  columns c;
  int least = longest_row(p), *colour = (int *)p->colour;
  for (int j = 0; j < p->n; j++) colour[j] = j;
  p->colours = p->n;
  if (least == p->n || too_many_pairs(p)) return OG_OK;
  OG_TRY(new_columns(p, &c));
  for (int by_degree = 0; by_degree < 2 && p->colours > least; by_degree++) {
    if (by_degree)
      order_by_degree(p->n, &c);
    else
      memcpy(c.order, p->colour, (size_t)p->n * sizeof(int));
    int colours = colour_greedily(p, &c);
    if (by_degree && colours >= p->colours) continue;
    p->colours = colours;
    memcpy(colour, c.colour, (size_t)p->n * sizeof(int));
  }
  free_columns(p->context, &c);
  return OG_OK;
}

/* ---- The pattern ---- */

static og_status describe(og_pattern *p) {
  int *start = og_alloc(p->context, (size_t)p->n + 1, sizeof *start);
  int *diagonal = og_alloc(p->context, (size_t)p->n, sizeof *diagonal);
  int *colour = og_alloc(p->context, (size_t)p->n, sizeof *colour);
  p->start = start, p->diagonal = diagonal, p->colour = colour;
  if (!start || !diagonal || !colour)
    return og_fail_memory(p->context, 3 * (size_t)p->n * sizeof(int), "a pattern's rows");
  for (int e = 0; e < p->count; e++) {
    int i = p->row[e], j = p->column[e];
    start[i + 1] = e + 1; /* no row is empty */
    if (i == j) diagonal[i] = e;
    if (i - j > p->lower) p->lower = i - j;
    if (j - i > p->upper) p->upper = j - i;
  }
  return colour_columns(p);
}

/* Takes over the entries, which are sorted. */
static og_status create_from_sorted(og_context *context, int n, entries *e, og_pattern **out) {
  og_pattern *p = og_alloc(context, 1, sizeof *p);
  if (!p) {
    free_entries(context, e);
    return og_fail_memory(context, sizeof *p, "a pattern");
  }
  *p = (og_pattern){.context = context, .n = n, .count = e->count, .row = e->row, .column = e->column};
  og_status status = describe(p);
  if (status != OG_OK) {
    og_pattern_destroy(p);
    return status;
  }
  *out = p;
  return OG_OK;
}

static og_status check_size(og_context *context, size_t n, size_t count) {
  if (n == 0) return og_fail(context, OG_ERR_SHAPE, "a pattern needs at least one row");
  if (n < INT_MAX && count < INT_MAX - n) return OG_OK;
  return og_fail(context, OG_ERR_SHAPE, "a pattern of %zu rows and %zu entries is larger than %d allows", n,
                 count, INT_MAX);
}

og_status og_pattern_create(og_context *context, size_t n, size_t count, const int *row, const int *column,
                            og_pattern **out) {
  entries e;
  OG_TRY(check_size(context, n, count));
  for (size_t i = 0; i < count; i++)
    if (row[i] < 0 || column[i] < 0 || (size_t)row[i] >= n || (size_t)column[i] >= n)
      return og_fail(context, OG_ERR_SHAPE,
                     "entry %zu of a pattern is (%d, %d): rows and columns lie from 0 to %zu", i, row[i],
                     column[i], n - 1);
  OG_TRY(new_entries(context, (int)(n + count), &e));
  if (count) memcpy(e.row, row, count * sizeof *row), memcpy(e.column, column, count * sizeof *column);
  for (size_t i = 0; i < n; i++) e.row[count + i] = e.column[count + i] = (int)i;
  og_status status = sort_entries(context, (int)n, &e);
  if (status != OG_OK) {
    free_entries(context, &e);
    return status;
  }
  return create_from_sorted(context, (int)n, &e, out);
}

og_status og_pattern_create_dense(og_context *context, size_t n, og_pattern **out) {
  return og_pattern_create_band(context, n, n, n, out);
}

og_status og_pattern_create_band(og_context *context, size_t n, size_t lower, size_t upper,
                                 og_pattern **out) {
  entries e;
  size_t count = 0;
  OG_TRY(check_size(context, n, 0));
  for (size_t i = 0; i < n; i++)
    count += (i < lower ? i : lower) + 1 + (n - 1 - i < upper ? n - 1 - i : upper);
  OG_TRY(check_size(context, n, count));
  OG_TRY(new_entries(context, (int)count, &e));
  for (size_t i = 0, at = 0; i < n; i++) {
    size_t first = i < lower ? 0 : i - lower, last = n - 1 - i < upper ? n - 1 : i + upper;
    for (size_t j = first; j <= last; j++, at++) e.row[at] = (int)i, e.column[at] = (int)j;
  }
  return create_from_sorted(context, (int)n, &e, out);
}

void og_pattern_keep(const og_pattern *pattern) { og_keep(&((og_pattern *)pattern)->references); }

void og_pattern_destroy(og_pattern *pattern) {
  if (!pattern || !og_was_last(&pattern->references)) return;
  og_context *context = pattern->context;
  og_free(context, (int *)pattern->start), og_free(context, (int *)pattern->diagonal);
  og_free(context, (int *)pattern->row), og_free(context, (int *)pattern->column);
  og_free(context, (int *)pattern->colour);
  og_free(context, pattern);
}

int og_pattern_find(const og_pattern *pattern, int i, int j) {
  int low = pattern->start[i], high = pattern->start[i + 1];
  while (low < high) {
    int middle = low + (high - low) / 2;
    if (pattern->column[middle] < j)
      low = middle + 1;
    else
      high = middle;
  }
  return low < pattern->start[i + 1] && pattern->column[low] == j ? low : -1;
}

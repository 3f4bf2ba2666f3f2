/* Which columns go together, and which rows alone. */
#include "field/coloured.h"

#include <string.h>

/* A vjp costs about as much as so many jvps. */
enum { ROW_COST = 2 };

static int length_of(const og_pattern *p, int row) { return p->start[row + 1] - p->start[row]; }

/* The length beyond which rows are taken by themselves: the longest of the others is about how many colours
 * they need. `count` [n + 1] receives how many rows have a length. */
static int choose_length(const og_pattern *p, int among, int ways, int *count) {
  if (!(ways & OG_BY_COLUMNS)) return 0;
  if (!(ways & OG_BY_ROWS)) return p->n;
  for (int i = 0; i < among; i++) count[length_of(p, i)]++;
  int best = p->n, rows = 0;
  long long least = -1;
  for (int length = p->n; length > 0; length--) {
    long long cost = (long long)ROW_COST * rows + length;
    if (count[length] && (least < 0 || cost < least)) best = length, least = cost;
    rows += count[length];
  }
  return best;
}

/* Without the rows that are longer. */
static og_status colour_rest(const og_pattern *p, int among, int longest, og_pattern **rest) {
  og_context *context = p->context;
  size_t count = 0, room = (size_t)p->count;
  int *row = og_alloc(context, 2 * room, sizeof *row), *column = row + room;
  if (!row) return og_fail_memory(context, 2 * room * sizeof *row, "the colours of a Jacobian");
  for (int e = 0; e < p->count; e++)
    if (p->row[e] < among && length_of(p, p->row[e]) <= longest)
      row[count] = p->row[e], column[count++] = p->column[e];
  og_status status = og_pattern_create(context, (size_t)p->n, count, row, column, rest);
  og_free(context, row);
  return status;
}

/* Lists of numbers by the colour of each: start [colours + 1], and the numbers. */
static void sort_by_colour(int count, const int *of, const int *colour, int colours, const unsigned char *out,
                           int *start, int *list) {
  for (int i = 0; i < count; i++)
    if (!out || !out[i]) start[colour[of ? of[i] : i] + 1]++;
  for (int c = 0; c < colours; c++) start[c + 1] += start[c];
  for (int i = 0; i < count; i++)
    if (!out || !out[i]) list[start[colour[of ? of[i] : i]]++] = i;
  for (int c = colours; c > 0; c--) start[c] = start[c - 1];
  start[0] = 0;
}

static og_status fill(const og_pattern *p, const og_pattern *coloured, int among, int longest,
                      og_colouring *out) {
  size_t n = (size_t)p->n, count = (size_t)p->count;
  int colours = longest ? coloured->colours : 0, *at;
  int *memory = og_alloc(p->context, 4 * n + count + 4, sizeof *memory);
  unsigned char *alone = og_alloc(p->context, count, 1);
  if (!memory || !alone) {
    og_free(p->context, memory), og_free(p->context, alone);
    return og_fail_memory(p->context, (4 * n + count) * sizeof *memory, "the colours of a Jacobian");
  }
  int *row = memory, *column_start = row + n, *column = column_start + n + 1, *entry_start = column + n,
      *entry = entry_start + n + 1;
  at = row;
  for (int i = 0; i < among; i++)
    if (length_of(p, i) > longest) *at++ = i;
  for (int e = 0; e < p->count; e++) alone[e] = p->row[e] >= among || length_of(p, p->row[e]) > longest;
  if (colours) {
    sort_by_colour(p->n, NULL, coloured->colour, colours, NULL, column_start, column);
    sort_by_colour(p->count, p->column, coloured->colour, colours, alone, entry_start, entry);
  }
  *out = (og_colouring){.pattern = p,
                        .colours = colours,
                        .rows = (int)(at - row),
                        .row = row,
                        .column_start = column_start,
                        .column = column,
                        .entry_start = entry_start,
                        .entry = entry,
                        .memory = memory};
  og_free(p->context, alone);
  return OG_OK;
}

static og_status choose(const og_pattern *p, int among, int ways, og_colouring *out) {
  og_pattern *rest = NULL;
  int *count = og_alloc(p->context, (size_t)p->n + 1, sizeof *count);
  if (!count) return og_fail_memory(p->context, (size_t)p->n * sizeof *count, "the colours of a Jacobian");
  int longest = choose_length(p, among, ways, count);
  og_free(p->context, count);
  if (longest && (longest < p->n || among < p->n)) OG_TRY(colour_rest(p, among, longest, &rest));
  og_status status = fill(p, rest ? rest : p, among, longest, out);
  og_pattern_destroy(rest);
  return status;
}

og_status og_colouring_create(const og_pattern *p, int rows, int ways, og_colouring **out) {
  og_colouring *colouring = og_alloc(p->context, 1, sizeof *colouring);
  *out = NULL;
  if (!colouring) return og_fail_memory(p->context, sizeof *colouring, "the colours of a Jacobian");
  og_status status = choose(p, rows, ways, colouring);
  if (status == OG_OK)
    *out = colouring;
  else
    og_free(p->context, colouring);
  return status;
}

void og_colouring_destroy(og_colouring *colouring) {
  if (!colouring) return;
  og_context *context = colouring->pattern->context;
  og_free(context, colouring->memory);
  og_free(context, colouring);
}

#include "graph/index_sets.h"

#include <stdlib.h>
#include <string.h>

static int fail(og_index_sets *s) {
  s->failed = 1;
  return OG_SET_EMPTY;
}

static int grow(og_index_sets *s, void **memory, size_t *capacity, size_t wanted, size_t size) {
  if (wanted <= *capacity) return 1;
  size_t more = 2 * *capacity > wanted ? 2 * *capacity : wanted;
  void *moved = og_resize(s->context, *memory, *capacity, more, size);
  if (!moved) return 0;
  *memory = moved;
  *capacity = more;
  return 1;
}

static int grow_sets(og_index_sets *s) {
  size_t capacity = (size_t)s->capacity, seen = (size_t)s->capacity;
  if (s->count + 2 <= s->capacity) return 1;
  void *start = s->start, *stamps = s->seen;
  int grown = grow(s, &start, &capacity, (size_t)s->count + 2, sizeof *s->start);
  s->start = start;
  if (grown) grown = grow(s, &stamps, &seen, capacity, sizeof *s->seen);
  s->seen = stamps;
  if (grown) s->capacity = (int)capacity;
  return grown;
}

og_status og_index_sets_open(og_context *context, int universe, og_index_sets *s) {
  enum { SETS = 64, TABLE = 256 };
  size_t room = (size_t)universe + 1;
  *s = (og_index_sets){.context = context, .universe = universe, .capacity = SETS, .table_size = TABLE};
  s->start = og_alloc(context, SETS, sizeof *s->start);
  s->seen = og_alloc(context, SETS, sizeof *s->seen);
  s->table = og_alloc(context, TABLE, sizeof *s->table);
  s->stamp = og_alloc(context, room, sizeof *s->stamp);
  s->member = og_alloc(context, room, sizeof *s->member);
  s->count = 1; /* the empty one */
  if (s->start && s->seen && s->table && s->stamp && s->member) return OG_OK;
  og_index_sets_close(s);
  return og_fail_memory(context, room * sizeof *s->stamp, "the pattern of a Jacobian");
}

void og_index_sets_close(og_index_sets *s) {
  og_free(s->context, s->start), og_free(s->context, s->index), og_free(s->context, s->table);
  og_free(s->context, s->stamp), og_free(s->context, s->member), og_free(s->context, s->seen);
}

/* ---- Known again ---- */

static int *place_of(const og_index_sets *s, const int *member, int count) {
  size_t bytes = (size_t)count * sizeof *member;
  size_t at = (size_t)og_hash(OG_HASH_START, member, bytes) & (size_t)(s->table_size - 1);
  for (;; at = (at + 1) & (size_t)(s->table_size - 1)) {
    int set = s->table[at]; /* 0: free, since the empty set is not in it */
    if (!set) return &s->table[at];
    if (og_set_size(s, set) == count && memcmp(og_set_members(s, set), member, bytes) == 0)
      return &s->table[at];
  }
}

static int grow_table(og_index_sets *s) {
  if (2 * s->count < s->table_size) return 1;
  int *old = s->table, *table = og_alloc(s->context, 2 * (size_t)s->table_size, sizeof *table);
  if (!table) return 0;
  s->table = table;
  s->table_size *= 2;
  for (int set = 1; set < s->count; set++) *place_of(s, og_set_members(s, set), og_set_size(s, set)) = set;
  og_free(s->context, old);
  return 1;
}

static int known(og_index_sets *s, const int *member, int count) {
  if (!count) return OG_SET_EMPTY;
  int *place = place_of(s, member, count);
  if (*place) return *place;
  size_t used = s->start[s->count];
  void *index = s->index;
  int grown = grow_sets(s) && grow(s, &index, &s->index_capacity, used + (size_t)count, sizeof *s->index);
  s->index = index;
  if (!grown) return fail(s);
  memcpy(s->index + used, member, (size_t)count * sizeof *member);
  s->start[s->count + 1] = used + (size_t)count;
  *place = s->count++;
  int set = s->count - 1;
  return grow_table(s) ? set : fail(s);
}

/* ---- Made ---- */

int og_set_of_one(og_index_sets *s, int index) { return s->failed ? OG_SET_EMPTY : known(s, &index, 1); }

int og_set_of_two(og_index_sets *s, int a, int b) {
  if (a == b || b == OG_SET_EMPTY) return a;
  if (a == OG_SET_EMPTY) return b;
  const int *x = og_set_members(s, a), *y = og_set_members(s, b);
  int m = og_set_size(s, a), n = og_set_size(s, b), i = 0, j = 0, count = 0;
  while (i < m && j < n) {
    int least = x[i] < y[j] ? x[i] : y[j];
    i += x[i] == least;
    j += y[j] == least;
    s->member[count++] = least;
  }
  while (i < m) s->member[count++] = x[i++];
  while (j < n) s->member[count++] = y[j++];
  return count == m ? a : count == n ? b : s->failed ? OG_SET_EMPTY : known(s, s->member, count);
}

void og_set_begin(og_index_sets *s) {
  s->found_count = 0;
  s->now++;
}

void og_set_add(og_index_sets *s, int set) {
  if (set == OG_SET_EMPTY || s->seen[set] == s->now) return;
  s->seen[set] = s->now;
  for (size_t k = s->start[set]; k < s->start[set + 1]; k++) {
    int index = s->index[k];
    if (s->stamp[index] == s->now) continue;
    s->stamp[index] = s->now;
    s->member[s->found_count++] = index;
  }
}

static int ascending(const void *a, const void *b) {
  int x = *(const int *)a, y = *(const int *)b;
  return (x > y) - (x < y);
}

/* Sets that are large are read off their stamps. */
static void sort_members(og_index_sets *s) {
  int count = 0;
  if (s->found_count < s->universe / 16) {
    qsort(s->member, (size_t)s->found_count, sizeof *s->member, ascending);
    return;
  }
  for (int i = 0; i < s->universe; i++)
    if (s->stamp[i] == s->now) s->member[count++] = i;
}

int og_set_end(og_index_sets *s) {
  if (s->failed) return OG_SET_EMPTY;
  sort_members(s);
  return known(s, s->member, s->found_count);
}

/* Sets of indices, each distinct one kept once: a set is a number, and equal sets have the same. */
#ifndef OG_INDEX_SETS_H
#define OG_INDEX_SETS_H

#include "base/base.h"

enum { OG_SET_EMPTY = 0 };

typedef struct og_index_sets {
  og_context *context;
  int universe; /* indices are 0 .. universe - 1 */
  int failed;   /* there was no memory */
  int count, capacity;
  size_t *start; /* [count + 1]: set s is index[start[s]] .. index[start[s + 1] - 1], sorted */
  int *index;
  size_t index_capacity;
  int *table; /* of sets by what is in them; open addressing */
  int table_size;
  int now;                  /* a number of the set at hand */
  int *stamp;               /* [universe]: the last one that an index was put into */
  int *seen;                /* [capacity]: the last one that a set was added to */
  int *member, found_count; /* [universe]: what is in the set at hand */
} og_index_sets;

og_status og_index_sets_open(og_context *context, int universe, og_index_sets *sets);
void og_index_sets_close(og_index_sets *sets);
int og_set_of_one(og_index_sets *sets, int index);
int og_set_of_two(og_index_sets *sets, int a, int b);
/* The union of many: begin, add each, end. */
void og_set_begin(og_index_sets *sets);
void og_set_add(og_index_sets *sets, int set);
int og_set_end(og_index_sets *sets);

static inline int og_set_size(const og_index_sets *sets, int set) {
  return (int)(sets->start[set + 1] - sets->start[set]);
}
static inline const int *og_set_members(const og_index_sets *sets, int set) {
  return sets->index + sets->start[set];
}

#endif

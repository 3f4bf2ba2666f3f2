/* Which rows of the scratch are free: stretches by their length, so that one that fits is found without a
 * look at all of them, and with their length at both ends, so that neighbours are joined. */
#include "program/lowering.h"

/* Stretches of up to so many rows have a list for each length, longer ones one for each doubling. */
enum { EXACT = 32 };

static int list_of(int rows) {
  int list = EXACT - 1;
  if (rows <= EXACT) return rows - 1;
  for (rows /= EXACT; rows; rows /= 2) list++;
  return list;
}

static int *first_of(og_free_rows *f, int rows) { return &f->first[list_of(rows)]; }

static void put(og_free_rows *f, int row, int rows) {
  int *first = first_of(f, rows);
  f->length[row] = f->length[row + rows - 1] = rows;
  f->previous[row] = -1;
  f->next[row] = *first - 1; /* lists are kept from 1 on, so that 0 is empty */
  if (*first) f->previous[*first - 1] = row;
  *first = row + 1;
}

static void take_out(og_free_rows *f, int row) {
  int rows = f->length[row];
  if (f->next[row] >= 0) f->previous[f->next[row]] = f->previous[row];
  if (f->previous[row] >= 0)
    f->next[f->previous[row]] = f->next[row];
  else
    *first_of(f, rows) = f->next[row] + 1;
  f->length[row] = f->length[row + rows - 1] = 0;
}

/* The shortest stretch of a list that is long enough; -1: there is none. */
static int best_of(const og_free_rows *f, int list, int rows) {
  int best = -1;
  for (int row = f->first[list] - 1; row >= 0; row = f->next[row]) {
    if (f->length[row] < rows || (best >= 0 && f->length[row] >= f->length[best])) continue;
    best = row;
    if (list < EXACT) break;
  }
  return best;
}

static int grow(og_program_lowering *l, int rows) {
  og_free_rows *f = &l->free;
  int capacity[3] = {f->capacity, f->capacity, f->capacity};
  int there = og_room_for(l, (void **)&f->length, &capacity[0], rows, sizeof *f->length) &&
              og_room_for(l, (void **)&f->next, &capacity[1], rows, sizeof *f->next) &&
              og_room_for(l, (void **)&f->previous, &capacity[2], rows, sizeof *f->previous);
  if (there) f->capacity = capacity[0];
  return there;
}

int og_take_rows(og_program_lowering *l, int rows) {
  og_free_rows *f = &l->free;
  int row = -1, left;
  if (rows == 0) return 0;
  for (int list = list_of(rows); row < 0 && list < OG_FREE_LISTS; list++) row = best_of(f, list, rows);
  if (row < 0) {
    row = l->program->scratch_rows;
    if (!grow(l, row + rows)) return 0;
    l->program->scratch_rows += rows;
    return row;
  }
  left = f->length[row] - rows;
  take_out(f, row);
  if (left) put(f, row + rows, left);
  return row;
}

void og_give_rows(og_program_lowering *l, int row, int rows) {
  og_free_rows *f = &l->free;
  if (l->failed || rows == 0) return;
  if (row > 0 && f->length[row - 1]) {
    int before = f->length[row - 1];
    take_out(f, row - before);
    row -= before, rows += before;
  }
  if (row + rows < l->program->scratch_rows && f->length[row + rows]) {
    int behind = f->length[row + rows];
    take_out(f, row + rows);
    rows += behind;
  }
  put(f, row, rows);
}

void og_free_rows_close(og_context *context, og_free_rows *f) {
  og_free(context, f->length), og_free(context, f->next), og_free(context, f->previous);
}

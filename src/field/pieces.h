/* Times at which a field's f may jump: breakpoints. Steps end there, and f is a function of its own on each
 * piece of time between two of them: next to a breakpoint f is given the last time on its own side of it, so
 * that comparisons in it are right on both.
 *
 * Which piece a lane is in stands in a row of theta, the last before the fine ones, as the number of
 * breakpoints before it: the solve fills it in for each segment, as it does the inputs' rows, and no time has
 * to be trusted to lie on the right side by its digits. */
#ifndef OG_PIECES_H
#define OG_PIECES_H

#include "field/field.h"

struct og_breakpoint {
  double time, before,
      after; /* steps end at `time`; the last time on its left side, the first on its right */
};

/* Of a field that has breakpoints, sorted by time, and the row: its functions are from now on carried out at
 * times of their piece. Once; the functions as they were are in whole_d and whole_s. */
void og_pieces_wrap(og_field *field);

/* After the field was given fused stages (fused.h): they too. */
void og_pieces_take_stages(og_field *field);

static inline size_t og_piece_row(const og_field *field) { return field->p - field->fine - 1; }
/* How many of the breakpoints lie before a time, which is none of them. */
size_t og_piece_at(const og_field *field, double inside);

#endif

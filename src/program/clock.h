/* In single precision what depends on the time, and not on the state, is computed in double: t may be large
 * and the span short (seconds since 1970, Julian days), so that t - t_start would have no digit left. A
 * program then has a part of its own for such nodes, the clock, and a second form that reads their values,
 * rounded when they are known; where t is read as it is there is none. */
#ifndef OG_CLOCK_H
#define OG_CLOCK_H

#include "program/instructions.h"

/* What fields tell the programs that are made from their graph (og_graph.clocked). Entries of theta that are
 * weights are left to the working precision. Those in `fine` (sorted) have in row `first` + k of theta what
 * rounding takes away from the k-th of them. */
typedef struct og_clocked {
  int weights, weight_count;
  const int *fine;
  int fine_count, first;
} og_clocked;

/* The entries of theta that nodes of the clock of f read, sorted; to be freed. */
og_status og_clock_entries(og_graph *graph, og_node f, const og_clocked *about, int **entries, int *count);
/* Gives a program its clock and second form where it needs them. */
og_status og_program_add_clock(const og_graph *graph, const og_program_plan *plan, int nodes,
                               og_program *program);
/* A program alone, without them (program.c). */
og_status og_program_create_form(const og_graph *graph, const og_program_plan *plan, int nodes,
                                 og_program **out);
/* The form to be carried out: of single precision with the clock's values, which are computed here, at the
 * start of *scratch, and handed to `inputs`. */
const og_program *og_program_begin_d(const og_program *program, int lanes, const double *t,
                                     const double **inputs, void **scratch);
const og_program *og_program_begin_s(const og_program *program, int lanes, const double *t,
                                     const float **inputs, void **scratch);
/* The form of a precision. */
static inline og_program *og_program_form(og_program *program, int single) {
  return single && program && program->single ? program->single : program;
}
size_t og_clock_bytes(const og_program *program, int lanes);

#endif

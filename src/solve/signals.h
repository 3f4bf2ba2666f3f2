/* Inputs of a solve: for each trajectory and input a signal in time, given by the caller. Signals end
 * segments at their breakpoints, as the field does at its own, so that within a segment u(t) = a + b (t -
 * tau). */
#ifndef OG_SIGNALS_H
#define OG_SIGNALS_H

#include "field/pieces.h"
#include "solve/segment.h"

typedef struct og_signal_data {
  og_signal kind;
  size_t count;  /* 0: not given */
  size_t room;   /* that there is memory for */
  size_t offset; /* of its values in the flat array of all */
  double *times, *values, *values_dot;
} og_signal_data;

struct og_trajectory;

/* Whether every input is given and covers the span; the trajectories' breakpoints; the values' offsets. */
og_status og_signals_prepare(og_solve *solve);
void og_signals_free(og_solve *solve);
/* Gives trajectory m of `to` the signals of trajectory m modulo their number of `from`. */
og_status og_signals_copy(og_solve *to, const og_solve *from);
/* Rows a, b, tau of an input within a segment of a trajectory. */
void og_signals_row(const og_solve *solve, size_t trajectory, size_t input, const og_segment *segment,
                    double row[OG_INPUT_ROWS]);
/* Their cotangents added to those of the signal's values, and the values' tangents (NULL: those that
 * the caller set) made the rows'. Values of all signals stand in one flat array, as `offset` says. */
void og_signals_pull(const og_solve *solve, size_t trajectory, size_t input, const og_segment *segment,
                     const double row_bar[OG_INPUT_ROWS], double *values_bar);
void og_signals_push(const og_solve *solve, size_t trajectory, size_t input, const og_segment *segment,
                     const double *values_dot, double row_dot[OG_INPUT_ROWS]);
/* A trajectory's values in that array. */
size_t og_signals_first(const og_solve *solve, size_t trajectory);
size_t og_signals_count(const og_solve *solve, size_t trajectory);
/* The end of the segment that begins at `start`: the next breakpoint, or t1. */
double og_signals_end(const struct og_trajectory *at, double start);

/* What rounding takes away from the k-th row of theta that the field wants finer (field/field.h). */
double og_signals_fine(const og_solve *solve, size_t trajectory, const og_segment *segment, size_t k);
/* A trajectory's theta in a segment, in double in both precisions, so that its fine rows are 0. */
void og_signals_theta(const og_solve *solve, size_t trajectory, const og_segment *segment, double *theta);

#endif

/* The arrays of results that a pullback fills: how they lie in one piece of memory, and how those of one
 * trajectory are copied. Whoever needs results of its own (a trial, a reference) uses this order, so that
 * nobody clears or copies a part of them only. */
#include <string.h>

#include "adjoint/adjoint.h"

size_t og_results_entries(const og_solve *solve, size_t count) {
  return count * (solve->states + solve->laned + 2) + solve->observed_count + solve->signal_values +
         og_block_sums(solve);
}

static double *carve(double **next, size_t count) {
  double *array = *next;
  *next += count;
  return array;
}

void og_results_place(const og_solve *solve, og_pullback *pullback, size_t count, double *memory) {
  pullback->x0_bar = carve(&memory, count * solve->states);
  pullback->theta_bar = carve(&memory, count * solve->laned);
  pullback->t0_bar = carve(&memory, count);
  pullback->t1_bar = carve(&memory, count);
  pullback->times_bar = carve(&memory, solve->observed_count);
  pullback->values_bar = carve(&memory, solve->signal_values);
  pullback->weights_bar = carve(&memory, og_block_sums(solve));
}

static void copy(double *to, const double *from, size_t count) {
  if (to && count) memcpy(to, from, count * sizeof *to);
}

void og_results_take(const og_solve *solve, size_t m, const og_pullback *from, size_t item, og_pullback *to) {
  const og_trajectory *at = &solve->trajectories[m];
  size_t n = solve->states, p = solve->laned, first = at->first_observation;
  size_t signals = og_signals_first(solve, m);
  copy(to->x0_bar + m * n, from->x0_bar + item * n, n);
  if (to->theta_bar) copy(to->theta_bar + m * p, from->theta_bar + item * p, p);
  copy(to->t0_bar + m, from->t0_bar + item, 1);
  copy(to->t1_bar + m, from->t1_bar + item, 1);
  copy(to->times_bar + first, from->times_bar + first, at->observations);
  copy(to->values_bar + signals, from->values_bar + signals, og_signals_count(solve, m));
}

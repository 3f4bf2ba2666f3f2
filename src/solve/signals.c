#include "solve/signals.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "solve/solve.h"

static og_signal_data *signal_of(const og_solve *solve, size_t trajectory, size_t input) {
  return &solve->signals[trajectory * solve->field->inputs + input];
}

static void clear(og_context *context, og_signal_data *signal) {
  og_free(context, signal->times);
  *signal = (og_signal_data){0};
}

void og_signals_free(og_solve *solve) {
  for (size_t i = 0; solve->signals && i < solve->count * solve->field->inputs; i++)
    clear(solve->context, &solve->signals[i]);
  og_free(solve->context, solve->values_bar);
  og_free(solve->context, solve->signals);
  solve->signals = NULL;
}

/* ---- Setting ---- */

static og_status check_signal(og_solve *solve, size_t input, og_signal kind, size_t count,
                              const double *times, const double *values) {
  if (input >= solve->field->inputs)
    return og_fail(solve->context, OG_ERR_ARGUMENT, "input %zu of a field that has %zu (they count from 0)",
                   input, solve->field->inputs);
  if ((unsigned)kind > OG_SIGNAL_HOLD)
    return og_fail(solve->context, OG_ERR_ARGUMENT, "input %zu: unknown kind of signal %d", input, (int)kind);
  if (!values || count == 0 || (kind == OG_SIGNAL_CONSTANT && count != 1) ||
      (kind != OG_SIGNAL_CONSTANT && !times))
    return og_fail(solve->context, OG_ERR_ARGUMENT,
                   "input %zu: a constant has one value, a signal at least one, and a time for each", input);
  for (size_t i = 0; i < count; i++) {
    double t = kind == OG_SIGNAL_CONSTANT ? 0 : times[i];
    if (!isfinite(values[i]) || !isfinite(t))
      return og_fail(solve->context, OG_ERR_NOT_FINITE, "input %zu has value %g at time %g (entry %zu)",
                     input, og_shown(values[i]), og_shown(t), i);
    if (kind != OG_SIGNAL_CONSTANT && i > 0 && !(times[i] > times[i - 1]))
      return og_fail(solve->context, OG_ERR_ARGUMENT,
                     "input %zu: time %g comes after %g, but a signal's times must increase", input, times[i],
                     times[i - 1]);
  }
  return OG_OK;
}

static og_status make_room(og_solve *solve, og_signal_data *signal, size_t count) {
  if (count <= signal->room) return OG_OK;
  double *memory = og_alloc(solve->context, 3 * count, sizeof *memory);
  if (!memory) return og_fail_memory(solve->context, 3 * count * sizeof *memory, "an input's signal");
  clear(solve->context, signal);
  *signal = (og_signal_data){
      .room = count, .times = memory, .values = memory + count, .values_dot = memory + 2 * count};
  return OG_OK;
}

static og_status copy_signal(og_solve *solve, og_signal_data *signal, og_signal kind, size_t count,
                             const double *times, const double *values) {
  size_t bytes = count * sizeof(double);
  /* Other breakpoints make other segments: the recorded steps do not fit them. */
  if (signal->count != count || signal->kind != kind ||
      (kind != OG_SIGNAL_CONSTANT && memcmp(signal->times, times, bytes) != 0))
    solve->state = OG_SOLVE_NEW;
  OG_TRY(make_room(solve, signal, count));
  signal->kind = kind;
  signal->count = count;
  if (kind == OG_SIGNAL_CONSTANT)
    memset(signal->times, 0, bytes);
  else
    memcpy(signal->times, times, bytes);
  memcpy(signal->values, values, bytes);
  memset(signal->values_dot, 0, bytes);
  return OG_OK;
}

og_status og_solve_set_input(og_solve *solve, size_t trajectory, size_t input, og_signal kind, size_t count,
                             const double *times, const double *values) {
  OG_OBJECT(solve);
  OG_NEED(solve->context, values);
  size_t begin = 0, end = 0;
  OG_TRY(og_solve_range(solve, trajectory, &begin, &end));
  OG_TRY(check_signal(solve, input, kind, count, times, values));
  og_solve_touch(solve);
  for (size_t m = begin; m < end; m++)
    OG_TRY(copy_signal(solve, signal_of(solve, m, input), kind, count, times, values));
  return OG_OK;
}

og_status og_signals_copy(og_solve *to, const og_solve *from) {
  for (size_t m = 0; m < to->count; m++)
    for (size_t i = 0; i < to->field->inputs; i++) {
      const og_signal_data *signal = signal_of(from, m % from->count, i);
      OG_TRY(
          copy_signal(to, signal_of(to, m, i), signal->kind, signal->count, signal->times, signal->values));
    }
  return OG_OK;
}

static og_status given_signal(const og_solve *solve, size_t trajectory, size_t input,
                              const og_signal_data **signal) {
  if (trajectory >= solve->count || input >= solve->field->inputs)
    return og_fail(
        solve->context, OG_ERR_ARGUMENT,
        "trajectory %zu, input %zu of a solve of %zu trajectories and %zu inputs (they count from 0)",
        trajectory, input, solve->count, solve->field->inputs);
  *signal = signal_of(solve, trajectory, input);
  if ((*signal)->count) return OG_OK;
  return og_fail(solve->context, OG_ERR_STATE, "trajectory %zu, input %zu has no signal yet", trajectory,
                 input);
}

og_status og_solve_set_input_tangents(og_solve *solve, size_t trajectory, size_t input,
                                      const double *values_dot) {
  OG_OBJECT(solve);
  OG_NEED(solve->context, values_dot);
  const og_signal_data *signal = NULL;
  OG_TRY(given_signal(solve, trajectory, input, &signal));
  for (size_t i = 0; i < signal->count; i++)
    if (!values_dot || !isfinite(values_dot[i]))
      return og_fail(solve->context, OG_ERR_NOT_FINITE,
                     "input %zu: the tangent of value %zu is not a finite number", input, i);
  memcpy(signal->values_dot, values_dot, signal->count * sizeof *values_dot);
  return OG_OK;
}

og_status og_solve_input_gradient(const og_solve *solve, size_t trajectory, size_t input,
                                  double *values_bar) {
  OG_OBJECT(solve);
  OG_NEED(solve->context, values_bar);
  const og_signal_data *signal = NULL;
  OG_TRY(given_signal(solve, trajectory, input, &signal));
  if (solve->state != OG_SOLVE_DONE || !solve->pulled)
    return og_fail(solve->context, OG_ERR_STATE,
                   "the gradient of an input is known only after og_solve_pullback succeeded");
  for (size_t i = 0; i < signal->count; i++) values_bar[i] += solve->values_bar[signal->offset + i];
  return OG_OK;
}

/* ---- Before a run ---- */

/* A linear signal must cover the span; a held one must begin before it, and holds its last value on. */
static og_status check_cover(og_solve *solve, size_t m, size_t input) {
  const og_trajectory *at = &solve->trajectories[m];
  const og_signal_data *signal = signal_of(solve, m, input);
  double low = fmin(at->t0, at->t1), high = fmax(at->t0, at->t1);
  if (signal->count == 0)
    return og_fail(solve->context, OG_ERR_STATE,
                   "trajectory %zu has no signal for input %zu: call og_solve_set_input first", m, input);
  if (signal->kind == OG_SIGNAL_CONSTANT) return OG_OK;
  double first = signal->times[0], last = signal->times[signal->count - 1];
  if (first <= low && (signal->kind == OG_SIGNAL_HOLD || last >= high)) return OG_OK;
  return og_fail(
      solve->context, OG_ERR_ARGUMENT,
      "trajectory %zu, input %zu: the signal is known from %g to %g, and the span is from %g to %g; "
      "give values for all of it",
      m, input, first, last, at->t0, at->t1);
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static og_status make_room_for_breaks(og_solve *solve, og_trajectory *at, size_t count) {
  if (count <= at->break_room) return OG_OK;
  double *breaks = og_alloc(solve->context, count, sizeof *breaks);
  if (!breaks) return og_fail_memory(solve->context, count * sizeof *breaks, "breakpoints");
  og_free(solve->context, at->breaks);
  at->breaks = breaks;
  at->break_room = count;
  return OG_OK;
}

/* All times of signals, and the field's own breakpoints, strictly within the span, ascending, each once. */
static og_status find_breaks(og_solve *solve, size_t m) {
  og_trajectory *at = &solve->trajectories[m];
  double low = fmin(at->t0, at->t1), high = fmax(at->t0, at->t1);
  size_t most = solve->field->breakpoints, count = 0;
  for (size_t i = 0; i < solve->field->inputs; i++) most += signal_of(solve, m, i)->count;
  OG_TRY(make_room_for_breaks(solve, at, most));
  double *breaks = at->breaks;
  for (size_t k = 0; k < solve->field->breakpoints; k++) {
    double time = solve->field->breakpoint[k].time;
    if (time > low && time < high) breaks[count++] = time;
  }
  for (size_t i = 0; i < solve->field->inputs; i++) {
    const og_signal_data *signal = signal_of(solve, m, i);
    for (size_t k = 0; signal->kind != OG_SIGNAL_CONSTANT && k < signal->count; k++)
      if (signal->times[k] > low && signal->times[k] < high) breaks[count++] = signal->times[k];
  }
  qsort(breaks, count, sizeof *breaks, ascending);
  size_t kept = 0;
  for (size_t i = 0; i < count; i++)
    if (kept == 0 || breaks[i] > breaks[kept - 1]) breaks[kept++] = breaks[i];
  at->break_count = kept;
  return OG_OK;
}

static og_status count_values(og_solve *solve, size_t values) {
  if (values > solve->signal_room) {
    double *bars = og_alloc(solve->context, values, sizeof *bars);
    if (!bars) return og_fail_memory(solve->context, values * sizeof *bars, "cotangents of inputs");
    og_free(solve->context, solve->values_bar);
    solve->values_bar = bars;
    solve->signal_room = values;
  }
  solve->signal_values = values;
  solve->signal_most = 0;
  for (size_t m = 0; m < solve->count; m++) {
    size_t count = og_signals_count(solve, m);
    if (count > solve->signal_most) solve->signal_most = count;
  }
  return OG_OK;
}

og_status og_signals_prepare(og_solve *solve) {
  size_t inputs = solve->field->inputs, offset = 0;
  for (size_t m = 0; (inputs || solve->field->breakpoints) && m < solve->count; m++) {
    for (size_t i = 0; i < inputs; i++) {
      OG_TRY(check_cover(solve, m, i));
      signal_of(solve, m, i)->offset = offset;
      offset += signal_of(solve, m, i)->count;
    }
    OG_TRY(find_breaks(solve, m));
  }
  return count_values(solve, offset);
}

size_t og_signals_first(const og_solve *solve, size_t trajectory) {
  return solve->field->inputs ? signal_of(solve, trajectory, 0)->offset : 0;
}

size_t og_signals_count(const og_solve *solve, size_t trajectory) {
  size_t next =
      trajectory + 1 < solve->count ? og_signals_first(solve, trajectory + 1) : solve->signal_values;
  return next - og_signals_first(solve, trajectory);
}

/* ---- In a segment ---- */

double og_signals_end(const og_trajectory *at, double start) {
  int backward = at->t1 < at->t0;
  size_t low = 0, high = at->break_count; /* the breaks before `low` lie before the answer in time */
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (backward ? at->breaks[middle] < start : at->breaks[middle] <= start)
      low = middle + 1;
    else
      high = middle;
  }
  if (backward) return low > 0 ? at->breaks[low - 1] : at->t1;
  return low < at->break_count ? at->breaks[low] : at->t1;
}

/* The last value at or before a time within the signal; of a linear one not the very last. */
static size_t value_at(const og_signal_data *signal, double t) {
  size_t low = 0, high = signal->count;
  if (signal->kind == OG_SIGNAL_CONSTANT || signal->count == 1) return 0;
  if (signal->kind == OG_SIGNAL_LINEAR) high--;
  while (high - low > 1) {
    size_t middle = low + (high - low) / 2;
    if (signal->times[middle] <= t)
      low = middle;
    else
      high = middle;
  }
  return low;
}

static int slopes(const og_signal_data *signal) {
  return signal->kind == OG_SIGNAL_LINEAR && signal->count > 1;
}

void og_signals_row(const og_solve *solve, size_t trajectory, size_t input, const og_segment *segment,
                    double row[OG_INPUT_ROWS]) {
  const og_signal_data *signal = signal_of(solve, trajectory, input);
  size_t k = value_at(signal, segment->inside);
  const double *u = signal->values + k, *t = signal->times + k;
  row[OG_INPUT_LEVEL] = u[0];
  row[OG_INPUT_SLOPE] = slopes(signal) ? (u[1] - u[0]) / (t[1] - t[0]) : 0;
  row[OG_INPUT_START] = t[0];
}

double og_signals_fine(const og_solve *solve, size_t trajectory, const og_segment *segment, size_t k) {
  size_t row = solve->field->fine_row[k],
         input = row < solve->laned ? 0 : (row - solve->laned) / OG_INPUT_ROWS;
  double rows[OG_INPUT_ROWS], value;
  if (row >= solve->laned) og_signals_row(solve, trajectory, input, segment, rows);
  value =
      row < solve->laned ? og_theta_of(solve, trajectory)[row] : rows[(row - solve->laned) % OG_INPUT_ROWS];
  return solve->single ? value - (double)(float)value : 0;
}

void og_signals_theta(const og_solve *solve, size_t trajectory, const og_segment *segment, double *theta) {
  if (solve->laned) memcpy(theta, og_theta_of(solve, trajectory), solve->laned * sizeof *theta);
  for (size_t i = 0; i < solve->field->inputs; i++)
    og_signals_row(solve, trajectory, i, segment, theta + solve->laned + OG_INPUT_ROWS * i);
  if (solve->field->breakpoints)
    theta[og_piece_row(solve->field)] = (double)og_piece_at(solve->field, segment->inside);
  for (size_t k = 0; k < solve->field->fine; k++) theta[solve->p - solve->field->fine + k] = 0;
}

void og_signals_pull(const og_solve *solve, size_t trajectory, size_t input, const og_segment *segment,
                     const double row_bar[OG_INPUT_ROWS], double *values_bar) {
  const og_signal_data *signal = signal_of(solve, trajectory, input);
  size_t k = value_at(signal, segment->inside);
  const double *t = signal->times + k;
  double *u_bar = values_bar + signal->offset + k;
  u_bar[0] += row_bar[OG_INPUT_LEVEL];
  if (!slopes(signal)) return;
  double share = row_bar[OG_INPUT_SLOPE] / (t[1] - t[0]);
  u_bar[0] -= share;
  u_bar[1] += share;
}

void og_signals_push(const og_solve *solve, size_t trajectory, size_t input, const og_segment *segment,
                     const double *values_dot, double row_dot[OG_INPUT_ROWS]) {
  const og_signal_data *signal = signal_of(solve, trajectory, input);
  size_t k = value_at(signal, segment->inside);
  const double *u_dot = (values_dot ? values_dot + signal->offset : signal->values_dot) + k;
  const double *t = signal->times + k;
  row_dot[OG_INPUT_LEVEL] = u_dot[0];
  row_dot[OG_INPUT_SLOPE] = slopes(signal) ? (u_dot[1] - u_dot[0]) / (t[1] - t[0]) : 0;
  row_dot[OG_INPUT_START] = 0;
}

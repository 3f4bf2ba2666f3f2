/* From columns of a table to signals: rows of each trajectory in order, missing values left out. */
#include "fit/inputs.h"

#include <math.h>
#include <string.h>

#include "field/field.h"
#include "fit/data.h"
#include "io/io.h"
#include "solve/solve.h"

/* ---- Reading ---- */

/* The rows of a table, trajectory after trajectory. */
typedef struct grouped {
  const double *time, *column;
  size_t *first, *row; /* [trajectories + 1], [rows] */
} grouped;

static void group_rows(const og_inputs *inputs, grouped *g) {
  const size_t *group = og_table_group_of_rows(inputs->table);
  size_t rows = og_table_rows(inputs->table), M = inputs->trajectories;
  for (size_t row = 0; row < rows; row++) g->first[group[row] + 1]++;
  for (size_t m = 0; m < M; m++) g->first[m + 1] += g->first[m];
  for (size_t row = 0; row < rows; row++) g->row[g->first[group[row]]++] = row;
  for (size_t m = M; m > 0; m--) g->first[m] = g->first[m - 1];
  g->first[0] = 0;
}

static og_status no_value(const og_inputs *inputs, size_t m, size_t i) {
  char place[OG_PLACE_SIZE], file[OG_FILE_SIZE];
  return og_fail(inputs->context, OG_ERR_DATA,
                 "%scolumn %s%s has no value at all, but the model reads it as an input",
                 og_data_file(inputs->table, OG_NO_ROW, file), og_model_input_name(inputs->model, i),
                 og_data_trajectory(inputs->table, m, place));
}

static og_status two_values(const og_inputs *inputs, size_t m, size_t i, size_t row, double value,
                            const char *when) {
  char place[OG_PLACE_SIZE], now[OG_NUMBER_SIZE], before[OG_NUMBER_SIZE], file[OG_FILE_SIZE];
  og_format_real(value, now);
  const og_input_series *s = &inputs->series[m * inputs->count + i];
  og_format_real(s->values[s->count - 1], before);
  return og_fail(inputs->context, OG_ERR_DATA,
                 "%sdata row %zu%s: input %s is %s here and %s in a row before%s",
                 og_data_file(inputs->table, row, file), row + 1, og_data_trajectory(inputs->table, m, place),
                 og_model_input_name(inputs->model, i), now, before, when);
}

/* An input that is constant has one value, in every row that gives one. */
static og_status read_constant(og_inputs *inputs, const grouped *g, size_t m, size_t i) {
  og_input_series *s = &inputs->series[m * inputs->count + i];
  for (size_t k = g->first[m]; k < g->first[m + 1]; k++) {
    double value = g->column[g->row[k]];
    if (isnan(value)) continue;
    if (s->count && value != s->values[0])
      return two_values(inputs, m, i, g->row[k], value,
                        "; a signal in time is declared with `linear` or `hold` behind its name");
    s->times[0] = g->time[g->row[k]];
    s->values[0] = value;
    s->count = 1;
  }
  return s->count ? OG_OK : no_value(inputs, m, i);
}

static og_status out_of_order(const og_inputs *inputs, const grouped *g, size_t m, size_t row,
                              double before) {
  char place[OG_PLACE_SIZE], t[OG_NUMBER_SIZE], earlier[OG_NUMBER_SIZE], file[OG_FILE_SIZE];
  og_format_real(g->time[row], t);
  og_format_real(before, earlier);
  return og_fail(
      inputs->context, OG_ERR_DATA,
      "%sdata row %zu%s: time %s comes after %s; the times of an input must not go back: sort the rows",
      og_data_file(inputs->table, row, file), row + 1, og_data_trajectory(inputs->table, m, place), t,
      earlier);
}

/* Adds a row with a value; `sign` is the direction in which the trajectory's times go. */
static og_status add_row(og_inputs *inputs, const grouped *g, size_t m, size_t i, size_t row, double sign) {
  og_input_series *s = &inputs->series[m * inputs->count + i];
  double t = g->time[row], value = g->column[row], before = s->count ? s->times[s->count - 1] : NAN;
  char file[OG_FILE_SIZE];
  if (!isfinite(t))
    return og_fail(inputs->context, OG_ERR_DATA, "%sdata row %zu gives input %s a value but no time",
                   og_data_file(inputs->table, row, file), row + 1, og_model_input_name(inputs->model, i));
  if (s->count && (t - before) * sign < 0) return out_of_order(inputs, g, m, row, before);
  if (s->count && t == before)
    return value == s->values[s->count - 1] ? OG_OK
                                            : two_values(inputs, m, i, row, value, " of the same time");
  s->times[s->count] = t;
  s->values[s->count++] = value;
  return OG_OK;
}

static void reverse(double *values, size_t count) {
  for (size_t i = 0; i < count / 2; i++) {
    double other = values[count - 1 - i];
    values[count - 1 - i] = values[i];
    values[i] = other;
  }
}

/* Rows go forward in time, or backward where the trajectory is solved backward. */
static og_status read_signal(og_inputs *inputs, const grouped *g, size_t m, size_t i) {
  og_input_series *s = &inputs->series[m * inputs->count + i];
  size_t begin = g->first[m], end = g->first[m + 1];
  double sign = begin < end && g->time[g->row[end - 1]] < g->time[g->row[begin]] ? -1 : 1;
  for (size_t k = begin; k < end; k++)
    if (!isnan(g->column[g->row[k]])) OG_TRY(add_row(inputs, g, m, i, g->row[k], sign));
  if (sign < 0) {
    reverse(s->times, s->count);
    reverse(s->values, s->count);
  }
  return s->count ? OG_OK : no_value(inputs, m, i);
}

static og_status read_all(og_inputs *inputs, grouped *g) {
  size_t rows = og_table_rows(inputs->table);
  group_rows(inputs, g);
  for (size_t i = 0; i < inputs->count; i++) {
    inputs->kinds[i] = og_model_parts_of(inputs->model)->input_columns[i].kind;
    g->column = og_table_column(inputs->table, og_model_input_name(inputs->model, i));
    if (!g->column)
      return og_data_no_column(inputs->context, inputs->table, "reads the input",
                               og_model_input_name(inputs->model, i));
    for (size_t m = 0; m < inputs->trajectories; m++) {
      og_input_series *s = &inputs->series[m * inputs->count + i];
      s->times = inputs->times + i * rows + g->first[m];
      s->values = inputs->values + i * rows + g->first[m];
      OG_TRY(inputs->kinds[i] == OG_SIGNAL_CONSTANT ? read_constant(inputs, g, m, i)
                                                    : read_signal(inputs, g, m, i));
    }
  }
  return OG_OK;
}

static og_status read_table(og_inputs *inputs) {
  og_context *context = inputs->context;
  size_t rows = og_table_rows(inputs->table), M = inputs->trajectories, entries = inputs->count * rows + 1;
  grouped g = {.time = og_data_time(inputs->table),
               .first = og_alloc(context, M + 2, sizeof *g.first),
               .row = og_alloc(context, rows + 1, sizeof *g.row)};
  inputs->kinds = og_alloc(context, inputs->count, sizeof *inputs->kinds);
  inputs->series = og_alloc(context, M * inputs->count + 1, sizeof *inputs->series);
  inputs->times = og_alloc(context, entries, sizeof(double));
  inputs->values = og_alloc(context, entries, sizeof(double));
  inputs->room = rows + 2;
  inputs->work = og_alloc(context, inputs->room, 2 * sizeof(double));
  og_status status = OG_OK;
  if (!g.first || !g.row || !inputs->kinds || !inputs->series || !inputs->times || !inputs->values ||
      !inputs->work)
    status = og_fail_memory(context, 2 * entries * sizeof(double), "the inputs of a model");
  else if (!g.time)
    status = og_data_no_time(context, inputs->table);
  else
    status = read_all(inputs, &g);
  og_free(context, g.first);
  og_free(context, g.row);
  return status;
}

og_status og_inputs_create(og_context *context, const og_model *model, const og_table *table,
                           og_inputs **out) {
  if (out) *out = NULL;
  OG_OBJECT(context);
  OG_NEED(context, out);
  OG_NEED(context, model);
  const og_model_parts *parts = og_model_parts_of(model);
  if (parts->inputs && !table)
    return og_fail(context, OG_ERR_ARGUMENT,
                   "the model reads the input %s from a data column of that name: give data",
                   parts->input_columns[0].name);
  og_inputs *inputs = og_alloc(context, 1, sizeof *inputs);
  if (!inputs) return og_fail_memory(context, sizeof *inputs, "the inputs of a model");
  *inputs = (og_inputs){.context = context,
                        .model = model,
                        .table = table,
                        .count = parts->inputs,
                        .trajectories = table ? og_table_groups(table) : 1};
  og_model_keep(model);
  og_table_keep(table);
  og_status status = inputs->count ? read_table(inputs) : OG_OK;
  if (status != OG_OK) {
    og_inputs_destroy(inputs);
    return status;
  }
  *out = inputs;
  return OG_OK;
}

void og_inputs_destroy(og_inputs *inputs) {
  if (!inputs) return;
  og_free(inputs->context, inputs->kinds);
  og_free(inputs->context, inputs->series);
  og_free(inputs->context, inputs->times);
  og_free(inputs->context, inputs->values);
  og_free(inputs->context, inputs->work);
  og_model_destroy((og_model *)inputs->model);
  og_table_destroy((og_table *)inputs->table);
  og_free(inputs->context, inputs);
}

/* ---- At a time ---- */

/* The last entry at or before t; of a linear series, never the very last, which begins no stretch. */
static size_t entry_at(const og_input_series *s, og_signal kind, double t) {
  size_t low = 0, high = s->count;
  if (kind == OG_SIGNAL_LINEAR && high > 1) high--;
  while (high - low > 1) {
    size_t middle = low + (high - low) / 2;
    if (s->times[middle] <= t)
      low = middle;
    else
      high = middle;
  }
  return low;
}

static double slope_of(const og_input_series *s, og_signal kind, size_t k) {
  if (kind != OG_SIGNAL_LINEAR || k + 1 >= s->count) return 0;
  return (s->values[k + 1] - s->values[k]) / (s->times[k + 1] - s->times[k]);
}

size_t og_inputs_width(const og_model_parts *parts) {
  size_t width = 0;
  for (size_t i = 0; i < parts->inputs; i++) width += og_input_rows_read(parts->input_columns[i].kind);
  return width;
}

void og_inputs_rows(const og_inputs *inputs, size_t trajectory, double t, double *rows) {
  for (size_t i = 0; i < inputs->count; i++) {
    const og_input_series *s = &inputs->series[trajectory * inputs->count + i];
    size_t k = entry_at(s, inputs->kinds[i], t), read = og_input_rows_read(inputs->kinds[i]);
    rows[OG_INPUT_LEVEL] = s->values[k];
    if (read > 1) {
      rows[OG_INPUT_SLOPE] = slope_of(s, inputs->kinds[i], k);
      rows[OG_INPUT_START] = s->times[k];
    }
    rows += read;
  }
}

/* A linear signal is known between its first and last time, a held one from its first on. */
static og_status check_cover(const og_inputs *inputs, size_t m, size_t i, double from, double to) {
  char place[OG_PLACE_SIZE], first[OG_NUMBER_SIZE], last[OG_NUMBER_SIZE], a[OG_NUMBER_SIZE],
      b[OG_NUMBER_SIZE], file[OG_FILE_SIZE];
  const og_input_series *s = &inputs->series[m * inputs->count + i];
  og_signal kind = inputs->kinds[i];
  double low = fmin(from, to), high = fmax(from, to);
  if (kind == OG_SIGNAL_CONSTANT || (s->times[0] <= low && kind == OG_SIGNAL_HOLD)) return OG_OK;
  if (s->times[0] <= low && s->times[s->count - 1] >= high) return OG_OK;
  og_format_real(s->times[0], first);
  og_format_real(s->times[s->count - 1], last);
  og_format_real(low, a);
  og_format_real(high, b);
  og_data_trajectory(inputs->table, m, place);
  og_data_file(inputs->table, OG_NO_ROW, file);
  if (s->times[0] > low)
    return og_fail(
        inputs->context, OG_ERR_DATA,
        "%sinput %s%s has its first value at t = %s, but is needed from t = %s on; add a row there", file,
        og_model_input_name(inputs->model, i), place, first, a);
  return og_fail(inputs->context, OG_ERR_DATA,
                 "%sinput %s%s has its last value at t = %s, but is needed up to t = %s; add a row there, or "
                 "declare it with `hold`",
                 file, og_model_input_name(inputs->model, i), place, last, b);
}

og_status og_inputs_at(const og_inputs *inputs, size_t trajectory, double t, double *u) {
  OG_OBJECT(inputs);
  OG_NEED_IF(inputs->context, inputs->count, u);
  if (trajectory >= inputs->trajectories)
    return og_fail(inputs->context, OG_ERR_ARGUMENT,
                   "trajectory %zu of data that has %zu (they count from 0)", trajectory,
                   inputs->trajectories);
  for (size_t i = 0; i < inputs->count; i++) OG_TRY(check_cover(inputs, trajectory, i, t, t));
  for (size_t i = 0; i < inputs->count; i++) {
    const og_input_series *s = &inputs->series[trajectory * inputs->count + i];
    size_t k = entry_at(s, inputs->kinds[i], t);
    u[i] = s->values[k] + slope_of(s, inputs->kinds[i], k) * (t - s->times[k]);
  }
  return OG_OK;
}

/* ---- For a solve ---- */

/* The signal within the span, carried on beyond it along its first and last stretch by their lengths, so that
 * t0 and t1 can move: that is what dL/dt0 and dL/dt1 are derivatives of. Returns the number of values. */
static size_t cut_to_span(const og_input_series *s, og_signal kind, double t0, double t1, double *times,
                          double *values) {
  double low = fmin(t0, t1), high = fmax(t0, t1), beyond;
  size_t first = entry_at(s, kind, low), last = first ? first - 1 : 0, count = 1;
  for (size_t k = first; k < s->count && s->times[k] < high; k++) {
    last = k;
    if (!(s->times[k] > low)) continue;
    times[count] = s->times[k];
    values[count++] = s->values[k];
  }
  beyond = high > low ? (count > 1 ? times[1] : high) - low : 1;
  times[0] = low - beyond;
  values[0] = s->values[first] + slope_of(s, kind, first) * (times[0] - s->times[first]);
  if (kind == OG_SIGNAL_HOLD) return count;
  beyond = high > low ? high - (count > 1 ? times[count - 1] : low) : 1;
  times[count] = high + beyond;
  values[count++] = s->values[last] + slope_of(s, kind, last) * (high + beyond - s->times[last]);
  return count;
}

static og_status set_signal(const og_inputs *inputs, size_t m, size_t i, og_solve *solve, size_t item) {
  const og_input_series *s = &inputs->series[m * inputs->count + i];
  og_signal kind = inputs->kinds[i];
  double t0 = solve->trajectories[item].t0, t1 = solve->trajectories[item].t1;
  double *times = inputs->work, *values = inputs->work + inputs->room;
  if (kind == OG_SIGNAL_CONSTANT) return og_solve_set_input(solve, item, i, kind, 1, NULL, s->values);
  size_t count = cut_to_span(s, kind, t0, t1, times, values);
  return og_solve_set_input(solve, item, i, kind, count, times, values);
}

/* Those that the field does not read must be there all the same. */
og_status og_inputs_set_for(const og_inputs *inputs, size_t trajectory, og_solve *solve, size_t item) {
  const og_trajectory *at = &solve->trajectories[item];
  for (size_t i = 0; i < inputs->count; i++) {
    OG_TRY(check_cover(inputs, trajectory, i, at->t0, at->t1));
    if (i < solve->field->inputs) OG_TRY(set_signal(inputs, trajectory, i, solve, item));
  }
  return OG_OK;
}

og_status og_inputs_set(const og_inputs *inputs, og_solve *solve) {
  OG_OBJECT(inputs);
  OG_NEED(inputs->context, solve);
  if (inputs->count == 0) return OG_OK;
  if (inputs->trajectories != solve->count)
    return og_fail(inputs->context, OG_ERR_ARGUMENT, "inputs of %zu trajectories for a solve of %zu",
                   inputs->trajectories, solve->count);
  for (size_t m = 0; m < inputs->trajectories; m++) OG_TRY(og_inputs_set_for(inputs, m, solve, m));
  return OG_OK;
}

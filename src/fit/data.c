/* From a table to observations: columns found by name, times checked, missing values masked. */
#include "fit/data.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct columns {
  const double *time;
  const char *time_name;
  const double **observed; /* [K] */
} columns;

const char *og_data_trajectory(const og_table *table, size_t trajectory, char text[OG_PLACE_SIZE]) {
  text[0] = '\0';
  if (table && og_table_column(table, "id"))
    snprintf(text, OG_PLACE_SIZE, ", trajectory %.64s", og_table_group_name(table, trajectory));
  return og_one_line(text);
}

/* A long path is cut at its beginning. */
const char *og_data_file(const og_table *table, size_t row, char text[OG_FILE_SIZE]) {
  enum { NAME_MOST = OG_FILE_SIZE - 32 };
  const char *name = table ? og_table_name(table) : "";
  size_t length = strlen(name), line = table && row != OG_NO_ROW ? og_table_line(table, row) : 0;
  const char *dots = length > NAME_MOST ? "..." : "",
             *end = length > NAME_MOST ? name + length - NAME_MOST : name;
  text[0] = '\0';
  if (*name && line)
    snprintf(text, OG_FILE_SIZE, "%s%s:%zu: ", dots, end, line);
  else if (*name)
    snprintf(text, OG_FILE_SIZE, "%s%s: ", dots, end);
  return og_one_line(text);
}

/* ---- Columns ---- */

/* "a, b, c": the columns of the table, cut when there are too many. */
static const char *list_columns(const og_table *table, char *text, size_t size) {
  size_t used = 0;
  text[0] = '\0';
  for (size_t i = 0; i < og_table_columns(table) && used + 4 < size; i++) {
    int wrote = snprintf(text + used, size - used, "%s%s", i ? ", " : "", og_table_column_name(table, i));
    used += wrote > 0 ? (size_t)wrote : 0;
  }
  if (used >= size) memcpy(text + size - 4, "...", 4);
  return og_one_line(text);
}

og_status og_data_no_column(og_context *context, const og_table *table, const char *use, const char *name) {
  char list[400], file[OG_FILE_SIZE];
  size_t count = og_table_columns(table);
  const char **names = og_alloc(context, count + 1, sizeof *names);
  if (!names) return og_fail_memory(context, count * sizeof *names, "column names");
  for (size_t i = 0; i < count; i++) names[i] = og_table_column_name(table, i);
  const char *nearest = og_nearest(name, names, count);
  og_status status =
      og_fail(context, OG_ERR_NAME,
              "%sthe model %s %s, but the data has no column of that name%s%s%s; "
              "its columns are: %s",
              og_data_file(table, OG_NO_ROW, file), use, name, nearest ? " (did you mean " : "",
              nearest ? nearest : "", nearest ? "?)" : "", list_columns(table, list, sizeof list));
  og_free(context, names);
  return status;
}

const double *og_data_time(const og_table *table) {
  const double *time = og_table_column(table, "t");
  return time ? time : og_table_column(table, "time");
}

og_status og_data_no_time(og_context *context, const og_table *table) {
  char list[400], file[OG_FILE_SIZE];
  return og_fail(context, OG_ERR_NAME,
                 "%sthe data has no column t or time, so it is not known when its rows were observed; "
                 "its columns are: %s",
                 og_data_file(table, OG_NO_ROW, file), list_columns(table, list, sizeof list));
}

static og_status find_time(og_context *context, const og_table *table, columns *found) {
  found->time_name = og_table_column(table, "t") ? "t" : "time";
  found->time = og_data_time(table);
  return found->time ? OG_OK : og_data_no_time(context, table);
}

static int is_used(const og_model *model, const columns *found, const char *name) {
  if (strcmp(name, found->time_name) == 0 || strcmp(name, "id") == 0) return 1;
  for (size_t k = 0; k < og_model_observed(model); k++)
    if (strcmp(name, og_model_observed_name(model, k)) == 0) return 1;
  for (size_t k = 0; k < og_model_inputs(model); k++)
    if (strcmp(name, og_model_input_name(model, k)) == 0) return 1;
  return 0;
}

/* Names all of them in one note. */
static void note_unused(og_context *context, const og_model *model, const og_table *table,
                        const columns *found) {
  enum { NAMED = 5 };
  char names[NAMED * 40 + 8] = "";
  size_t unused = 0, used = 0;
  for (size_t i = 0; i < og_table_columns(table); i++) {
    const char *name = og_table_column_name(table, i);
    if (is_used(model, found, name) || unused++ >= NAMED) continue;
    int wrote = snprintf(names + used, sizeof names - used, "%s%.36s", used ? ", " : "", name);
    used += wrote > 0 ? (size_t)wrote : 0;
  }
  if (unused == 1)
    og_log(context, "note: the model does not observe column %s of the data; it is not used", names);
  else if (unused)
    og_log(context, "note: the model does not observe %zu columns of the data; they are not used: %s%s",
           unused, names, unused > NAMED ? ", ..." : "");
}

static og_status find_columns(og_context *context, const og_model *model, const og_table *table,
                              columns *found) {
  OG_TRY(find_time(context, table, found));
  for (size_t k = 0; k < og_model_observed(model); k++) {
    found->observed[k] = og_table_column(table, og_model_observed_name(model, k));
    if (!found->observed[k])
      return og_data_no_column(context, table, "observes", og_model_observed_name(model, k));
  }
  note_unused(context, model, table, found);
  return OG_OK;
}

/* ---- Times ---- */

/* Whether a row of some trajectory comes after the one above it; `last` is room for as many times as there
 * are trajectories. */
static int goes_forward(const og_data *data, const columns *found, double *last) {
  const size_t *group = og_table_group_of_rows(data->table);
  for (size_t m = 0; m < data->trajectories; m++) last[m] = NAN;
  for (size_t row = 0; row < og_table_rows(data->table); row++) {
    if (found->time[row] > last[group[row]]) return 1;
    last[group[row]] = found->time[row];
  }
  return 0;
}

/* Without a span of the model's, times that only go back, those of all trajectories, may be meant so: the
 * span that holds them all. */
static const char *hint_of_direction(const og_data *data, const columns *found, size_t m, char *text,
                                     size_t size) {
  char first[OG_NUMBER_SIZE], last[OG_NUMBER_SIZE];
  double high = -INFINITY, low = INFINITY, *room;
  text[0] = '\0';
  if (data->t1[m] < INFINITY) return text;
  if (!(room = og_alloc(data->context, data->trajectories, sizeof *room))) return text;
  int forward = goes_forward(data, found, room);
  og_free(data->context, room);
  if (forward) return text;
  for (size_t row = 0; row < og_table_rows(data->table); row++) {
    high = fmax(high, found->time[row]);
    low = fmin(low, found->time[row]);
  }
  og_format_real(high, first);
  og_format_real(low, last);
  snprintf(text, size, "; to integrate backward, write `time %s : %s` into the model%s", first, last,
           data->trajectories > 1 ? ", where every trajectory then starts" : "");
  return text;
}

static og_status check_row(const og_data *data, const columns *found, size_t row, size_t m,
                           const double *previous) {
  char place[OG_PLACE_SIZE], t[OG_NUMBER_SIZE], before[OG_NUMBER_SIZE], t0[OG_NUMBER_SIZE],
      t1[OG_NUMBER_SIZE], file[OG_FILE_SIZE];
  double time = found->time[row], sign = data->t1[m] < data->t0[m] ? -1 : 1;
  og_data_trajectory(data->table, m, place);
  og_data_file(data->table, row, file);
  og_format_real(time, t);
  if (!isfinite(time))
    return og_fail(data->context, OG_ERR_DATA,
                   "%sdata row %zu%s: the time (column %s) is %s; every row needs one", file, row + 1, place,
                   found->time_name, isnan(time) ? "missing" : t);
  if (previous && sign * (time - *previous) < 0) {
    char hint[3 * OG_NUMBER_SIZE + 128];
    og_format_real(*previous, before);
    return og_fail(data->context, OG_ERR_DATA,
                   "%sdata row %zu%s: time %s comes after %s; the times of a trajectory must "
                   "not go back: sort the rows%s%s",
                   file, row + 1, place, t, before,
                   *place ? "" : " (or tell trajectories apart by a column id)",
                   hint_of_direction(data, found, m, hint, sizeof hint));
  }
  if (sign * (time - data->t0[m]) >= 0 && sign * (data->t1[m] - time) >= 0) return OG_OK;
  og_format_real(data->t0[m], t0);
  og_format_real(data->t1[m], t1);
  return og_fail(data->context, OG_ERR_DATA,
                 "%sdata row %zu%s: time %s lies outside the model's `time %s : %s`; widen it "
                 "or leave the row out",
                 file, row + 1, place, t, t0, t1);
}

/* The span of each trajectory: the model's, else its first and last data time. */
static og_status find_spans(og_data *data, const og_model_parts *parts, const columns *found, double *last) {
  const size_t *group = data->table ? og_table_group_of_rows(data->table) : NULL;
  size_t rows = data->table ? og_table_rows(data->table) : 0;
  for (size_t m = 0; m < data->trajectories; m++) {
    data->t0[m] = parts->has_span ? parts->t0 : INFINITY;
    data->t1[m] = parts->has_span ? parts->t1 : INFINITY;
    last[m] = NAN;
  }
  for (size_t row = 0; row < rows; row++) {
    size_t m = group[row];
    if (!parts->has_span && isnan(last[m])) data->t0[m] = found->time[row];
    OG_TRY(check_row(data, found, row, m, isnan(last[m]) ? NULL : &last[m]));
    last[m] = found->time[row];
  }
  for (size_t m = 0; m < data->trajectories && !parts->has_span; m++) data->t1[m] = last[m];
  if (parts->has_span || rows) return OG_OK;
  return og_fail(data->context, OG_ERR_ARGUMENT,
                 "the span is not known: the model has no `time t0 : t1` statement, and "
                 "there is no data whose times could give it");
}

/* ---- Observations ---- */

static int is_present(const columns *found, size_t K, size_t row) {
  for (size_t k = 0; k < K; k++)
    if (!isnan(found->observed[k][row])) return 1;
  return 0;
}

static int supported(og_support_kind support, int classes, double y) {
  if (!isfinite(y)) return 0;
  switch (support) {
  case OG_SUPPORT_REAL: return 1;
  case OG_SUPPORT_POSITIVE: return y > 0;
  case OG_SUPPORT_NOT_NEGATIVE: return y >= 0;
  case OG_SUPPORT_COUNT: return y >= 0 && y == floor(y);
  case OG_SUPPORT_BINARY: return y == 0 || y == 1;
  case OG_SUPPORT_CLASS: return y >= 1 && y <= classes && y == floor(y);
  }
  return 0;
}

static const char *needs(og_support_kind support, int classes, char text[OG_NUMBER_SIZE]) {
  switch (support) {
  case OG_SUPPORT_REAL: break;
  case OG_SUPPORT_POSITIVE: return "a number above 0";
  case OG_SUPPORT_NOT_NEGATIVE: return "0 or more";
  case OG_SUPPORT_COUNT: return "a count: 0, 1, 2, ...";
  case OG_SUPPORT_BINARY: return "0 or 1";
  case OG_SUPPORT_CLASS: snprintf(text, OG_NUMBER_SIZE, "a class from 1 to %d", classes); return text;
  }
  return "a finite number";
}

/* A value that its distribution cannot give would get a density all the same. */
static og_status check_value(const og_data *data, const og_model *model, const columns *found, size_t row,
                             size_t k) {
  char text[OG_NUMBER_SIZE], file[OG_FILE_SIZE];
  og_support_kind support = og_model_parts_of(model)->distributions[k].distribution->support;
  int classes = (int)og_model_observed_classes(model, k);
  double y = found->observed[k][row];
  if (isnan(y) || supported(support, classes, y)) return OG_OK;
  return og_fail(
      data->context, OG_ERR_DATA,
      "%sdata row %zu (t = %g), column '%s': %g, but its distribution in the model needs %s; mend the value, "
      "leave the cell empty if it is missing, or choose another distribution",
      og_data_file(data->table, row, file), row + 1, found->time[row], og_model_observed_name(model, k), y,
      needs(support, classes, text));
}

static og_status check_values(const og_data *data, const og_model *model, const columns *found) {
  for (size_t row = 0; row < og_table_rows(data->table); row++)
    for (size_t k = 0; k < data->columns; k++) OG_TRY(check_value(data, model, found, row, k));
  return OG_OK;
}

/* Missing values are set to 1, which lies in the range of every distribution; their flag is 0. */
static void fill(og_data *data, const columns *found, size_t at, size_t row) {
  size_t K = data->columns;
  double *values = data->values + 2 * K * at;
  data->row[at] = row;
  data->times[at] = found->time[row];
  for (size_t k = 0; k < K; k++) {
    double y = found->observed[k][row];
    values[k] = isnan(y) ? 1 : y;
    values[K + k] = !isnan(y);
  }
}

static og_status allocate_rows(og_data *data) {
  size_t count = data->count + 1, width = 2 * data->columns * sizeof(double);
  data->row = og_alloc(data->context, count, sizeof *data->row);
  data->times = og_alloc(data->context, count, sizeof *data->times);
  data->values = og_alloc(data->context, count, width);
  if (data->row && data->times && data->values) return OG_OK;
  return og_fail_memory(data->context, count * (width + 16), "the observations");
}

/* Sorts the rows by trajectory, those of one in the table's order (a counting sort). */
static og_status take_rows(og_data *data, const columns *found) {
  const size_t *group = og_table_group_of_rows(data->table);
  size_t rows = og_table_rows(data->table), M = data->trajectories;
  for (size_t row = 0; row < rows; row++)
    if (is_present(found, data->columns, row)) data->first[group[row] + 1]++, data->count++;
  for (size_t m = 0; m < M; m++) data->first[m + 1] += data->first[m];
  OG_TRY(allocate_rows(data));
  for (size_t row = 0; row < rows; row++)
    if (is_present(found, data->columns, row)) fill(data, found, data->first[group[row]]++, row);
  for (size_t m = M; m > 0; m--) data->first[m] = data->first[m - 1];
  data->first[0] = 0;
  return OG_OK;
}

static og_status read_data(og_data *data, const og_model *model, columns *found, double *last) {
  const og_model_parts *parts = og_model_parts_of(model);
  if (data->table) OG_TRY(find_columns(data->context, model, data->table, found));
  OG_TRY(find_spans(data, parts, found, last));
  if (!data->table || !data->columns) return OG_OK;
  OG_TRY(check_values(data, model, found));
  return take_rows(data, found);
}

static og_status set_up(og_data *data, const og_model *model) {
  og_context *context = data->context;
  size_t M = data->trajectories;
  data->t0 = og_alloc(context, M, sizeof(double));
  data->t1 = og_alloc(context, M, sizeof(double));
  data->first = og_alloc(context, M + 2, sizeof *data->first);
  double *last = og_alloc(context, M, sizeof(double));
  columns found = {.observed = og_alloc(context, data->columns + 1, sizeof(double *))};
  og_status status = data->t0 && data->t1 && data->first && last && found.observed
                         ? read_data(data, model, &found, last)
                         : og_fail_memory(context, M * 4 * sizeof(double), "the trajectories of the data");
  og_free(context, last);
  og_free(context, found.observed);
  return status;
}

og_status og_data_create(og_context *context, const og_model *model, const og_table *table, og_data **out) {
  *out = NULL;
  og_data *data = og_alloc(context, 1, sizeof *data);
  if (!data) return og_fail_memory(context, sizeof *data, "the data of an objective");
  *data = (og_data){.context = context,
                    .table = table,
                    .columns = og_model_observed(model),
                    .trajectories = table ? og_table_groups(table) : 1};
  og_status status = set_up(data, model);
  if (status != OG_OK) {
    og_data_destroy(data);
    return status;
  }
  *out = data;
  return OG_OK;
}

void og_data_destroy(og_data *data) {
  if (!data) return;
  void *owned[] = {data->t0, data->t1, data->first, data->row, data->times, data->values};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) og_free(data->context, owned[i]);
  og_free(data->context, data);
}

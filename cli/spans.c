/* From where to where each trajectory is solved: by the model's `time` statement, else by the data, else by
 * --times. */
#include "cli.h"

#include <math.h>
#include <stdlib.h>

/* Each trajectory from its own first data time to its last. */
static void spans_of_data(const problem *p, double *t0, double *t1) {
  size_t *rows = take(og_table_rows(p->data), sizeof *rows);
  for (size_t m = 0; m < p->trajectories; m++) {
    size_t count = data_rows_of(p, m, rows);
    t0[m] = p->data_times[rows[0]];
    t1[m] = p->data_times[rows[count - 1]];
  }
  free(rows);
}

/* Whether the data have to give the span. */
static int data_give_span(const problem *p) {
  double t0, t1;
  return p->data && og_model_span(p->model, &t0, &t1) != OG_OK;
}

/* ---- The direction of time ---- */

/* The first row whose time comes before that of the row above it, of the same trajectory; else the number of
 * rows. *before: that time. *forward: whether any row comes after the one above it. */
static size_t find_row_back(const problem *p, double *before, int *forward) {
  const size_t *group = og_table_group_of_rows(p->data);
  size_t rows = og_table_rows(p->data), found = rows;
  double *last = take(p->trajectories, sizeof *last);
  for (size_t m = 0; m < p->trajectories; m++) last[m] = NAN;
  *forward = 0;
  for (size_t row = 0; row < rows; row++) {
    double *above = &last[group ? group[row] : 0];
    *forward |= p->data_times[row] > *above;
    if (found == rows && p->data_times[row] < *above) found = row, *before = *above;
    *above = p->data_times[row];
  }
  free(last);
  return found;
}

/* "; to integrate backward, ...", where the rows of all trajectories go back and nowhere forward. To be
 * freed.
 */
static char *hint_of_direction(const problem *p, int forward) {
  char from[NUMBER_SIZE], to[NUMBER_SIZE];
  double low = INFINITY, high = -INFINITY;
  for (size_t row = 0; row < og_table_rows(p->data); row++) {
    low = fmin(low, p->data_times[row]);
    high = fmax(high, p->data_times[row]);
  }
  if (forward) return join("%s", "");
  return join("; to integrate backward, write `time %s : %s` into the model%s", number_text(high, from),
              number_text(low, to), p->trajectories > 1 ? ", where every trajectory then starts" : "");
}

/* Time runs forward unless the model says that it does not: rows that are not sorted look like those of a
 * backward solve. The library says the same of what it evaluates. */
static void refuse_row(const problem *p, size_t row, double before, int forward) {
  char t[NUMBER_SIZE], above[NUMBER_SIZE];
  const size_t *group = og_table_group_of_rows(p->data);
  char *place = row_place(p, row), *of = id_suffix(p, group ? group[row] : 0);
  char *hint = hint_of_direction(p, forward);
  complain("%s: data row %zu%s: time %s comes after %s; the times of a trajectory must not go back: sort the "
           "rows%s%s",
           place, row + 1, of, number_text(p->data_times[row], t), number_text(before, above),
           p->has_ids ? "" : " (or tell trajectories apart by a column id)", hint);
  free(place), free(of), free(hint);
}

/* ---- Spans ---- */

static void remark_span(const problem *p) {
  char from[NUMBER_SIZE], to[NUMBER_SIZE];
  double *first = take(p->trajectories, sizeof *first), *last = take(p->trajectories, sizeof *last);
  spans_of_data(p, first, last);
  double t0 = first[0], t1 = last[0];
  int same = 1;
  for (size_t m = 0; m < p->trajectories; m++) {
    t0 = fmin(t0, first[m]), t1 = fmax(t1, last[m]);
    same &= first[m] == first[0] && last[m] == last[0];
  }
  remark(p->quiet, "note: there is no `time` statement: the data give the span, %sfrom t = %s to %s%s",
         same ? "" : "for each trajectory its own, ", number_text(t0, from), number_text(t1, to),
         same ? "" : " in all");
  free(first), free(last);
}

int note_span(const problem *p) {
  double before = NAN;
  int forward, own = (p->arguments->verb & (VERB_SOLVE | VERB_PREDICT)) != 0;
  if (!data_give_span(p)) return EXIT_DONE;
  size_t row = find_row_back(p, &before, &forward);
  if (row == og_table_rows(p->data))
    remark_span(p);
  else if (own)
    refuse_row(p, row, before, forward);
  return row < og_table_rows(p->data) && own ? EXIT_USAGE : EXIT_DONE;
}

/* --times may reach beyond the end, but not before t0, where the initial state is given. */
static int stretch(const problem *p, double t0, double *t1) {
  double first = p->arguments->first_time, last = p->arguments->last_time;
  double sign = *t1 != t0 ? *t1 - t0 : last - first;
  if ((first - t0) * sign < 0 || (last - t0) * sign < 0) {
    char a[NUMBER_SIZE], b[NUMBER_SIZE];
    complain("--times goes to %s, on the other side of t0 = %s, where the initial state is given",
             number_text((first - t0) * sign < 0 ? first : last, a), number_text(t0, b));
    return EXIT_USAGE;
  }
  if ((last - *t1) * sign > 0) *t1 = last;
  if ((first - *t1) * sign > 0) *t1 = first;
  return EXIT_DONE;
}

int find_spans(const problem *p, double *t0, double *t1) {
  double first, last;
  og_status status = og_model_span(p->model, &first, &last);
  if (data_give_span(p)) {
    spans_of_data(p, t0, t1);
  } else if (status != OG_OK && !p->arguments->time_count) {
    complain("%s has no `time` statement: give --times A:B:N or --data FILE", p->arguments->model_name);
    return EXIT_USAGE;
  } else {
    if (status != OG_OK) first = p->arguments->first_time, last = p->arguments->last_time;
    for (size_t m = 0; m < p->trajectories; m++) t0[m] = first, t1[m] = last;
  }
  for (size_t m = 0; m < p->trajectories && p->arguments->time_count; m++)
    if (stretch(p, t0[m], &t1[m])) return EXIT_USAGE;
  return EXIT_DONE;
}

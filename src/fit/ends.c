/* Where trajectories end: at t1, or before it at a terminal event, whose time the loss then depends on. */
#include <string.h>

#include "field/field.h"
#include "fit/objective.h"
#include "solve/solve.h"

/* The event that ended a trajectory: the last one, if it is terminal or the built-in one of a steady solve.
 */
static og_status ending_of(const og_solve *solve, size_t m, og_ending *ending) {
  og_occurrence last;
  *ending = (og_ending){.t = solve->trajectories[m].t1};
  OG_TRY(og_solve_events(solve, m, &ending->events));
  if (ending->events == 0) return OG_OK;
  OG_TRY(og_solve_event(solve, m, ending->events - 1, &last));
  const og_event *event = og_field_event(solve->field, last.event);
  if (event && !event->terminal) return OG_OK;
  ending->name = last.name;
  ending->t = last.t;
  return OG_OK;
}

static void set_end(og_batch *batch, size_t m, double t) {
  const og_inputs *inputs = batch->objective->inputs;
  batch->end[m] = t;
  og_inputs_rows(inputs, batch->problems[m].trajectory, t,
                 batch->final_inputs + m * og_inputs_width(&batch->objective->parts));
}

og_status og_batch_find_endings(og_batch *batch, const og_solve *solve) {
  og_context *context = batch->objective->context;
  size_t most = 0;
  for (size_t m = 0; m < batch->M; m++) {
    og_ending *ending = &batch->endings[m];
    OG_TRY(ending_of(solve, m, ending));
    if (ending->name && ending->events > most) most = ending->events;
    if (batch->objective->terms.final_cost && !batch->problems[m].window) set_end(batch, m, ending->t);
  }
  if (most <= batch->event_room) return OG_OK;
  double *more = og_alloc(context, most, sizeof *more);
  if (!more) return og_fail_memory(context, most * sizeof *more, "cotangents of events");
  og_free(context, batch->event_bars);
  batch->event_bars = more;
  batch->event_room = most;
  return OG_OK;
}

og_status og_batch_check_reached(const og_batch *batch, size_t m) {
  const og_objective *objective = batch->objective;
  const og_ending *ending = &batch->endings[m];
  const og_data *data = objective->data;
  const og_problem *at = &batch->problems[m];
  if (!ending->name || at->rows == 0) return OG_OK;
  size_t last = at->row + at->rows - 1;
  double t = data->times[last], sign = batch->t1[m] < batch->t0[m] ? -1 : 1;
  if ((ending->t - t) * sign >= 0) return OG_OK;
  char place[OG_PLACE_SIZE], time[OG_NUMBER_SIZE], end[OG_NUMBER_SIZE], file[OG_FILE_SIZE];
  og_format_real(t, time);
  og_format_real(ending->t, end);
  return og_fail(
      objective->context, OG_ERR_ENDED,
      "%sdata row %zu%s, at t = %s, is never reached: the terminal event '%s' ends the trajectory at "
      "t = %s; leave the row out, or let the event not stop",
      og_data_file(data->table, data->row[last], file), data->row[last] + 1,
      og_data_trajectory(data->table, at->trajectory, place), time, ending->name, end);
}

/* The last event's time is the end's; with t1 it has nothing to do. */
og_status og_batch_pull_ending(og_batch *batch, og_solve *solve, size_t m, double t_bar) {
  const og_ending *ending = &batch->endings[m];
  if (!ending->name) {
    batch->t1_bar[m] += t_bar;
    return OG_OK;
  }
  memset(batch->event_bars, 0, ending->events * sizeof(double));
  batch->event_bars[ending->events - 1] = t_bar;
  return og_solve_set_event_cotangents(solve, m, batch->event_bars, NULL, NULL);
}

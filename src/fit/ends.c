/* Where trajectories end: at t1, or before it at a terminal event, whose time the loss then depends on. */
#include <string.h>

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

og_status og_objective_find_endings(og_objective *objective, const og_solve *solve) {
  size_t most = 0;
  for (size_t m = 0; m < objective->M; m++) {
    og_ending *ending = &objective->endings[m];
    OG_TRY(ending_of(solve, m, ending));
    if (ending->name && ending->events > most) most = ending->events;
    if (objective->terms.final_cost)
      og_objective_set_instant(objective, objective->terms.final_cost, m, m, ending->t);
  }
  if (most <= objective->event_room) return OG_OK;
  double *more = og_alloc(objective->context, most, sizeof *more);
  if (!more) return og_fail_memory(objective->context, most * sizeof *more, "cotangents of events");
  og_free(objective->context, objective->event_bars);
  objective->event_bars = more;
  objective->event_room = most;
  return OG_OK;
}

og_status og_objective_check_reached(const og_objective *objective, size_t m) {
  const og_ending *ending = &objective->endings[m];
  const og_data *data = objective->data;
  size_t last = data->first[m + 1];
  if (!ending->name || data->first[m] == last) return OG_OK;
  double t = data->times[last - 1], sign = data->t1[m] < data->t0[m] ? -1 : 1;
  if ((ending->t - t) * sign >= 0) return OG_OK;
  char place[OG_PLACE_SIZE], at[OG_NUMBER_SIZE], end[OG_NUMBER_SIZE];
  og_format_real(t, at);
  og_format_real(ending->t, end);
  return og_fail(
      objective->context, OG_ERR_ENDED,
      "data row %zu%s, at t = %s, is never reached: the terminal event '%s' ends the trajectory at "
      "t = %s; leave the row out, or let the event not stop",
      data->row[last - 1] + 1, og_data_trajectory(data->table, m, place), at, ending->name, end);
}

/* The last event's time is the end's; with t1 it has nothing to do. */
og_status og_objective_pull_ending(og_objective *objective, og_solve *solve, size_t m, double t_bar) {
  const og_ending *ending = &objective->endings[m];
  if (!ending->name) {
    objective->t1_bar[m] += t_bar;
    return OG_OK;
  }
  memset(objective->event_bars, 0, ending->events * sizeof(double));
  objective->event_bars[ending->events - 1] = t_bar;
  return og_solve_set_event_cotangents(solve, m, objective->event_bars, NULL, NULL);
}

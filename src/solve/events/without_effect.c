/* Notes about what has no effect, each once. Values of `hold` inputs that set off no event though they look
 * as if they were meant to: an event's guard reads the input and no state, its jump reads the input too (a
 * dose that is given), and the guard was beyond zero before the value already. And events that never
 * happened: most often because their guard is beyond zero from the start, or a column of the data never
 * brings it there; a gradient then knows nothing of them. */
#include "solve/events/without_effect.h"

#include <stdio.h>

#include "solve/events/guards.h"
#include "solve/solve.h"

enum { SHOWN = 5 };

/* Arrays to evaluate guards and jumps with, and the event and the input that are looked at. */
typedef struct probe {
  const og_solve *solve;
  size_t event, input, level; /* level: the input's row in theta */
  double side;                /* of zero that the event leads to: 1 or -1 */
  double *memory, *x, *theta, *g, *bar, *x_bar, *theta_bar;
  og_guard_point at;
} probe;

/* What is counted over all trajectories. */
typedef struct tally {
  size_t beyond, lost; /* values with the guard beyond zero; those that did not lead there */
  double first;        /* the first one's time */
} tally;

static og_status open_probe(probe *p, const og_solve *solve) {
  const og_field *field = solve->field;
  size_t n = OG_PADDED(solve->n), theta = OG_PADDED(solve->p), guards = OG_PADDED(og_guards(solve));
  size_t scratch = field->scratch_bytes(field, 1) / sizeof(double) + 1;
  size_t doubles = 3 * n + 2 * theta + guards + og_guard_work(solve, 1) + scratch;
  *p = (probe){.solve = solve, .memory = og_alloc(solve->context, doubles, sizeof(double))};
  if (!p->memory) return og_fail_memory(solve->context, doubles * sizeof(double), "looking at events");
  p->x = p->memory;
  p->bar = p->x + n;
  p->x_bar = p->bar + n;
  p->theta = p->x_bar + n;
  p->theta_bar = p->theta + theta;
  p->g = p->theta_bar + theta;
  p->at.work = p->g + guards;
  p->at.scratch = p->at.work + og_guard_work(solve, 1);
  p->at.x = p->x;
  p->at.theta = p->theta;
  for (size_t i = 0; i < solve->n; i++) p->bar[i] = (double)(i + 1); /* so that shares do not cancel */
  return OG_OK;
}

static void place(probe *p, size_t m, const og_segment *segment, double t) {
  for (size_t i = 0; i < p->solve->states; i++) p->x[i] = p->solve->x0[m * p->solve->states + i];
  og_signals_theta(p->solve, m, segment, p->theta);
  p->at.t = t;
}

/* Whether the guard reads the input and no state, and the jump the input. */
static int is_dose(probe *p) {
  double t_bar;
  if (og_guard_gradient(p->solve, p->event, &p->at, p->x_bar, p->theta_bar, &t_bar)) return 0;
  for (size_t i = 0; i < p->solve->n; i++)
    if (p->x_bar[i] != 0) return 0;
  if (p->theta_bar[p->level] == 0) return 0;
  return og_guard_jump_vjp(p->solve, p->event, &p->at, p->bar, p->x_bar, p->theta_bar, &t_bar) == 0 &&
         p->theta_bar[p->level] != 0;
}

static int is_beyond(probe *p, double level) {
  _Alignas(64) double t[OG_LANE_STEP] = {p->at.t};
  og_lane_status status = 0;
  p->theta[p->level] = level;
  og_guard_values(p->solve, 1, t, p->x, p->theta, p->g, &status, p->at.scratch, p->at.work);
  return status == 0 && p->side * p->g[p->event] > 0;
}

/* Whether the event happened at t; *s, the last segment that begins before or at t, moves on to the next one.
 */
static int goes_on_to(const og_path *path, size_t event, double t, size_t *s) {
  int happened = path->segments[*s].event == event && path->segments[*s].time == t;
  while (*s + 1 < path->count && path->segments[*s + 1].start <= t) {
    ++*s;
    happened |= path->segments[*s].event == event && path->segments[*s].time == t;
  }
  return happened;
}

/* Values of one trajectory, whose first one holds from t0 on. */
static void count_values(probe *p, size_t m, tally *found) {
  const og_trajectory *at = &p->solve->trajectories[m];
  const og_signal_data *signal = &p->solve->signals[m * p->solve->field->inputs + p->input];
  size_t s = 0, before = 0;
  if (signal->kind != OG_SIGNAL_HOLD || at->t1 < at->t0) return;
  while (before + 1 < signal->count && signal->times[before + 1] <= at->t0) before++;
  for (size_t k = before; k < signal->count && (k == before || signal->times[k] < at->t1); k++) {
    double t = k == before ? at->t0 : signal->times[k];
    int happened = goes_on_to(&at->path, p->event, t, &s);
    const og_segment *here = &at->path.segments[s];
    if (here->event != OG_NO_EVENT && here->time < t) return; /* it ended the trajectory */
    place(p, m, here, t);
    if (!is_beyond(p, signal->values[k])) continue;
    found->beyond++;
    if (happened || (k > before && !is_beyond(p, signal->values[k - 1]))) continue;
    if (found->lost++ == 0) found->first = t;
  }
}

static void tell(const probe *p, const tally *found) {
  const char *name = og_guard_about(p->solve, p->event).name;
  char first[OG_NUMBER_SIZE], number[OG_NUMBER_SIZE];
  og_format_real((double)p->event, number);
  og_format_real(found->first, first);
  og_log(
      p->solve->context,
      "note: %zu of %zu values of the input that sets off event %s%s%s came to nothing, the first at t = "
      "%s: its guard was beyond zero before, and an event happens where it passes zero; give a value on "
      "the other side, such as 0, between two, and put what is there from the start into the initial state",
      found->lost, found->beyond, name ? "'" : "", name ? name : number, name ? "'" : "", first);
}

static int look_at(probe *p) {
  const og_solve *solve = p->solve;
  tally found = {0};
  place(p, 0, &solve->trajectories[0].path.segments[0], solve->trajectories[0].t0);
  if (!is_dose(p)) return 0;
  for (size_t m = 0; m < solve->count; m++) count_values(p, m, &found);
  if (found.lost) tell(p, &found);
  return found.lost > 0;
}

static int is_held(const og_solve *solve, size_t input) {
  for (size_t m = 0; m < solve->count; m++)
    if (solve->signals[m * solve->field->inputs + input].kind == OG_SIGNAL_HOLD) return 1;
  return 0;
}

static og_status tell_lost(const og_solve *solve) {
  const og_field *field = solve->field;
  probe p = {0};
  int shown = 0;
  for (size_t i = 0; i < field->inputs && shown < SHOWN; i++) {
    if (!is_held(solve, i)) continue;
    if (!p.memory) OG_TRY(open_probe(&p, solve));
    p.input = i;
    p.level = solve->laned + OG_INPUT_ROWS * i + OG_INPUT_LEVEL;
    for (p.event = 0; p.event < field->events && shown < SHOWN; p.event++) {
      og_direction direction = field->event[p.event].direction;
      p.side = direction == OG_DIRECTION_FALLING ? -1 : 1;
      if (direction == OG_DIRECTION_RISING || direction == OG_DIRECTION_FALLING) shown += look_at(&p);
    }
  }
  og_free(solve->context, p.memory);
  return OG_OK;
}

static int happened(const og_trajectory *at, size_t event) {
  for (size_t s = 0; s < at->path.count; s++)
    if (at->path.segments[s].event == event) return 1;
  return 0;
}

/* In how many trajectories the event did not happen. No memory is asked for: a note is worth no failure. */
static size_t count_missing(const og_solve *solve, size_t event) {
  size_t missing = 0;
  for (size_t m = 0; m < solve->count; m++) missing += !happened(&solve->trajectories[m], event);
  return missing;
}

static void tell_idle(const og_solve *solve, size_t event, size_t missing) {
  const char *name = solve->field->event[event].name;
  char number[32], where[64] = "";
  snprintf(number, sizeof number, "%zu", event);
  if (solve->count > 1) snprintf(where, sizeof where, " in %zu of %zu trajectories", missing, solve->count);
  og_log(solve->context, "note: event %s%s%s never happened%s", name ? "'" : "", name ? name : number,
         name ? "'" : "", where);
}

og_status og_without_effect_tell(const og_solve *solve) {
  og_told *told = solve->told;
  size_t events = solve->field->events, shown = 0, more = 0;
  if (solve->role || solve->part || told->held || told->idle || events == 0) return OG_OK;
  told->idle = 1;
  for (size_t k = 0; k < events; k++) {
    size_t missing = count_missing(solve, k);
    if (missing && shown < SHOWN)
      tell_idle(solve, k, missing), shown++;
    else
      more += missing > 0;
  }
  if (more) og_log(solve->context, "note: nor did %zu other events", more);
  return tell_lost(solve);
}

/* Events of a callback field: guards, jumps and their products at one point. */
#include <string.h>

#include "base/real.h"
#include "field/callback.h"

/* Of finite differences: a moved point, and two results of a map (f, guards or a jump) or one vjp. */
static size_t work_doubles(const og_field *field) {
  size_t n = field->n, point = n + og_callback_entries((const og_callback_field *)field);
  size_t results = 2 * (n > field->events ? n : field->events);
  return point + (results > point ? results : point);
}

size_t og_callback_doubles(const og_field *field) {
  size_t entries = og_callback_entries((const og_callback_field *)field);
  size_t cost = field->quadratures ? field->n + entries : 0;
  return 5 * field->n + 3 * entries + cost + work_doubles(field) + (og_has_rows(field) ? 3 * field->p : 0);
}

/* Arrays of n: x, f, lambda, x_bar, x_dot; of entries: theta, theta_bar, theta_dot; the rows of inputs; the
 * differences' work; the running cost's part. */
og_callback_point og_callback_point_in(const og_field *field, double *scratch) {
  size_t n = field->n, entries = og_callback_entries((const og_callback_field *)field), p = field->p;
  og_callback_point at = {.x = scratch,
                          .f = scratch + n,
                          .lambda = scratch + 2 * n,
                          .x_bar = scratch + 3 * n,
                          .x_dot = scratch + 4 * n,
                          .theta = scratch + 5 * n};
  at.theta_bar = at.theta + entries;
  at.theta_dot = at.theta_bar + entries;
  at.work = at.theta_dot + entries;
  at.cost_bar = at.work + work_doubles(field);
  double *rows = at.cost_bar + (field->quadratures ? n + entries : 0);
  int has_rows = og_has_rows(field);
  at.rows = has_rows ? rows : at.theta;
  at.rows_bar = has_rows ? rows + p : at.theta_bar;
  at.rows_dot = has_rows ? rows + 2 * p : at.theta_dot;
  return at;
}

/* ---- Descriptions ---- */

void og_events_free(og_context *context, og_event *events) { og_free(context, events); }

static og_status check_event(og_context *context, size_t i, const og_event *event) {
  if ((unsigned)event->direction <= OG_DIRECTION_FALLING) return OG_OK;
  return og_fail(context, OG_ERR_ARGUMENT, "event %zu: unknown direction %d", i, (int)event->direction);
}

/* One block: the descriptions, then their names. Those given are as the caller's library knew them, and each
 * is as long as the first. */
og_status og_events_copy(og_context *context, size_t count, const og_event *events, og_event **out) {
  size_t bytes = count * sizeof *events;
  const char *at = (const char *)events;
  for (size_t i = 0; i < count; i++, at += events->size) {
    og_event one;
    OG_TRY(og_take_sized(context, "og_field_set_events", "og_event", at, sizeof one, &one));
    OG_TRY(check_event(context, i, &one));
    if (one.size != events->size)
      return og_fail(context, OG_ERR_ARGUMENT, "event %zu has the size %zu, and the first one %zu", i,
                     one.size, events->size);
    bytes += one.name ? strlen(one.name) + 1 : 0;
  }
  og_event *copy = og_alloc(context, 1, bytes);
  if (!copy) return og_fail_memory(context, bytes, "events");
  char *text = (char *)(copy + count);
  at = (const char *)events;
  for (size_t i = 0; i < count; i++, at += events->size) {
    (void)og_take_sized(context, "og_field_set_events", "og_event", at, sizeof *copy,
                        &copy[i]); /* as above */
    copy[i].size = sizeof *copy;
    if (!copy[i].name) continue;
    copy[i].name = strcpy(text, copy[i].name);
    text += strlen(text) + 1;
  }
  *out = copy;
  return OG_OK;
}

/* ---- At one point ---- */

static int guard_map(const og_callback_field *field, size_t which, const og_callback_point *at, double *g) {
  (void)which;
  return field->on_event.guard(at->t, at->x, at->theta, g, field->user);
}

static int jump_map(const og_callback_field *field, size_t event, const og_callback_point *at,
                    double *after) {
  memcpy(after, at->x, field->base.n * sizeof *after);
  if (!field->on_event.jump) return 0;
  return field->on_event.jump(event, at->t, at->x, at->theta, after, field->user);
}

int og_callback_jump(const og_callback_field *field, size_t event, og_callback_point *at, double *after) {
  return jump_map(field, event, at, after);
}

int og_callback_guard_vjp(const og_callback_field *field, og_callback_point *at, const double *g_bar) {
  const og_event_functions *on = &field->on_event;
  if (!on->guard_vjp)
    return og_difference_vjp(field, &(og_callback_map){guard_map, 0, field->base.events, g_bar}, at);
  og_callback_clear(field, at);
  return on->guard_vjp(at->t, at->x, at->theta, g_bar, at->x_bar, at->theta_bar, &at->t_bar, field->user);
}

/* A running cost's row goes through unchanged, whatever the callback does with the states. */
int og_callback_jump_vjp(const og_callback_field *field, size_t event, og_callback_point *at) {
  const og_event_functions *on = &field->on_event;
  size_t n = field->base.n;
  if (on->jump && !on->jump_vjp)
    return og_difference_vjp(field, &(og_callback_map){jump_map, event, n, at->lambda}, at);
  og_callback_clear(field, at);
  if (!on->jump) {
    memcpy(at->x_bar, at->lambda, n * sizeof *at->x_bar);
    return 0;
  }
  int result = on->jump_vjp(event, at->t, at->x, at->theta, at->lambda, at->x_bar, at->theta_bar, &at->t_bar,
                            field->user);
  if (field->base.quadratures) at->x_bar[n - 1] = at->lambda[n - 1];
  return result;
}

int og_callback_jump_jvp(const og_callback_field *field, size_t event, og_callback_point *at) {
  const og_event_functions *on = &field->on_event;
  if (on->jump && !on->jump_jvp)
    return og_difference_jvp(field, &(og_callback_map){jump_map, event, field->base.n, NULL}, at);
  memcpy(at->f, at->x_dot, field->base.n * sizeof *at->f);
  if (!on->jump) return 0;
  return on->jump_jvp(event, at->t, at->x, at->theta, at->t_dot, at->x_dot, at->theta_dot, at->f,
                      field->user);
}

/* ---- The contract's functions ---- */

static og_callback_point point_at(const og_field *field, double t, const double *x, const double *theta,
                                  void *scratch) {
  og_callback_point at = og_callback_point_in(field, scratch);
  at.t = t;
  memcpy(at.x, x, field->n * sizeof *x);
  if (field->p) memcpy(at.rows, theta, field->p * sizeof *theta);
  og_inputs_load(field, &at);
  return at;
}

static void guard(const og_field *base, int lanes, const double *t, const double *x, const double *theta,
                  double *g, og_lane_status *status, void *scratch) {
  const og_callback_field *field = (const og_callback_field *)base;
  og_callback_point at = og_callback_point_in(base, scratch);
  double *values = (double *)scratch + og_callback_doubles(base); /* [events], behind the point's arrays */
  size_t width = (size_t)lanes;
  for (size_t lane = 0; lane < width; lane++) {
    if (status[lane]) continue;
    at.t = t[lane];
    for (size_t i = 0; i < base->n; i++) at.x[i] = x[i * width + lane];
    for (size_t i = 0; i < base->p; i++) at.rows[i] = theta[i * width + lane];
    og_inputs_load(base, &at);
    int result = field->on_event.guard(at.t, at.x, at.theta, values, field->user);
    status[lane] = (og_lane_status)((result > 0) - (result < 0));
    for (size_t i = 0; i < base->events; i++) g[i * width + lane] = values[i];
  }
}

static int guard_gradient(const og_field *base, size_t event, double t, const double *x, const double *theta,
                          double *g_x, double *g_theta, double *g_t, void *scratch) {
  const og_callback_field *field = (const og_callback_field *)base;
  og_callback_point at = point_at(base, t, x, theta, scratch);
  double *g_bar = (double *)scratch + og_callback_doubles(base);
  memset(g_bar, 0, base->events * sizeof *g_bar);
  g_bar[event] = 1;
  int result = og_callback_guard_vjp(field, &at, g_bar);
  og_inputs_pull(base, &at);
  memcpy(g_x, at.x_bar, base->n * sizeof *g_x);
  if (base->p) memcpy(g_theta, at.rows_bar, base->p * sizeof *g_theta);
  *g_t = at.t_bar;
  return result;
}

static int jump(const og_field *base, size_t event, double t, const double *x, const double *theta,
                double *after, void *scratch) {
  og_callback_point at = point_at(base, t, x, theta, scratch);
  return og_callback_jump((const og_callback_field *)base, event, &at, after);
}

static int jump_vjp(const og_field *base, size_t event, double t, const double *x, const double *theta,
                    const double *after_bar, double *x_bar, double *theta_bar, double *t_bar, void *scratch) {
  og_callback_point at = point_at(base, t, x, theta, scratch);
  memcpy(at.lambda, after_bar, base->n * sizeof *after_bar);
  int result = og_callback_jump_vjp((const og_callback_field *)base, event, &at);
  og_inputs_pull(base, &at);
  memcpy(x_bar, at.x_bar, base->n * sizeof *x_bar);
  if (base->p) memcpy(theta_bar, at.rows_bar, base->p * sizeof *theta_bar);
  *t_bar = at.t_bar;
  return result;
}

static int jump_jvp(const og_field *base, size_t event, double t, const double *x, const double *theta,
                    double t_dot, const double *x_dot, const double *theta_dot, double *after_dot,
                    void *scratch) {
  og_callback_point at = point_at(base, t, x, theta, scratch);
  at.t_dot = t_dot;
  memcpy(at.x_dot, x_dot, base->n * sizeof *x_dot);
  if (base->p) memcpy(at.rows_dot, theta_dot, base->p * sizeof *theta_dot);
  og_inputs_push(base, &at);
  int result = og_callback_jump_jvp((const og_callback_field *)base, event, &at);
  memcpy(after_dot, at.f, base->n * sizeof *after_dot);
  return result;
}

const og_event_ops og_callback_event_ops = {.guard = guard,
                                            .guard_gradient = guard_gradient,
                                            .jump = jump,
                                            .jump_vjp = jump_vjp,
                                            .jump_jvp = jump_jvp};

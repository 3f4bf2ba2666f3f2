/* Making a field from callbacks, and its products at one point. */
#include "field/callback.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/real.h"

/* What was made of callbacks that are others now. */
static void forget_jacobian(og_callback_field *field) {
  og_field_drop_jacobian(&field->base);
  og_free(field->base.own, field->value_place);
  field->value_place = NULL;
  atomic_store(&field->base.prepared, 0);
}

static int exact_jacobian(const og_callback_field *field) {
  if (og_has_own_jvp(field) || og_has_own_vjp(field)) return 1;
  return og_gives_jacobian(field) && (!field->cost || field->cost_vjp);
}

static void update_flags(og_callback_field *field) {
  const og_block_functions *block = &field->block;
  int cost_ok = !field->cost || field->cost_vjp || field->differences;
  const og_event_functions *on = &field->on_event;
  int guard_ok = !on->guard || on->guard_vjp || field->differences;
  int jump_vjp = !on->jump || on->jump_vjp || field->differences;
  int jump_jvp = !on->jump || on->jump_jvp || field->differences;
  int vjp = (field->vjp || block->vjp || field->differences) && cost_ok && guard_ok && jump_vjp;
  int jvp = (field->jvp || block->jvp || field->differences) && cost_ok && guard_ok && jump_jvp;
  int given = block->hessian || (field->hessian && (!field->cost || field->cost_hessian));
  /* not from differences of differences, whose error would be about 1e-4 */
  int twice = block->vjp || (field->vjp && (!field->cost || field->cost_vjp));
  int hessian = given || (field->differences && twice);
  field->base.flags = (field->autonomous ? 0u : OG_FIELD_DEPENDS_ON_TIME) | (vjp ? OG_FIELD_HAS_VJP : 0u) |
                      (jvp ? OG_FIELD_HAS_JVP : 0u) | (hessian ? OG_FIELD_HAS_HESSIAN : 0u) |
                      (exact_jacobian(field) ? OG_FIELD_HAS_JACOBIAN : 0u) |
                      (field->base.given_mass.count ? OG_FIELD_HAS_MASS : 0u);
  forget_jacobian(field);
}

static size_t bytes_for(const og_field *field, int lanes) {
  const og_callback_field *callback = (const og_callback_field *)field;
  size_t points = (og_callback_doubles(field) + field->events) * sizeof(double);
  if (!callback->block.rhs) return points;
  size_t blocks = og_block_bytes(callback, lanes);
  return field->preconditioner_bytes && points > blocks ? points : blocks; /* a preconditioner has points */
}

static size_t scratch_bytes(const og_field *field, int lanes) {
  if (!og_field_is_prepared(field)) return bytes_for(field, lanes);
  int width = og_callback_jacobian_width(field, lanes);
  size_t derived = og_derived_bytes(field, lanes), jacobian = og_callback_jacobian_bytes(field, lanes);
  return (derived > jacobian ? derived : jacobian) + 2 * og_input_terms_bytes(field, width) +
         bytes_for(field, width);
}

static void destroy(og_field *field) {
  og_events_free(field->context, ((og_callback_field *)field)->owned_events);
  og_free(field->context, ((og_callback_field *)field)->fine_rows);
  og_free(field->context, ((og_callback_field *)field)->owned_breakpoints);
  og_free(field->context, ((og_callback_field *)field)->declared.row);
  og_free(field->own, ((og_callback_field *)field)->value_place);
  og_free(field->context, field);
}

static og_status open_field(og_context *context, size_t states, size_t parameters, void *user,
                            og_callback_field **out) {
  if (states == 0 || states > (1u << 28) || parameters > (1u << 28))
    return og_fail(context, OG_ERR_ARGUMENT,
                   "a field of %zu states and %zu parameters: states must be at least 1, and "
                   "neither may exceed 2^28",
                   states, parameters);
  og_callback_field *field = og_alloc(context, 1, sizeof *field);
  if (!field) return og_fail_memory(context, sizeof *field, "a field");
  field->base = (og_field){.context = context,
                           .n = states,
                           .p = parameters,
                           .prepare = og_callback_prepare,
                           .scratch_bytes = scratch_bytes,
                           .destroy = destroy};
  field->user = user;
  *out = field;
  return OG_OK;
}

og_status og_field_create(og_context *context, size_t states, size_t parameters, og_rhs_fn rhs, void *user,
                          og_field **out) {
  if (out) *out = NULL;
  OG_OBJECT(context);
  OG_NEED(context, out);
  OG_NEED(context, rhs);
  og_callback_field *field = NULL;
  OG_TRY(open_field(context, states, parameters, user, &field));
  field->rhs = rhs;
  field->base.ops_d = og_callback_ops_d;
  field->base.ops_s = og_callback_ops_s;
  update_flags(field);
  *out = &field->base;
  return OG_OK;
}

og_status og_field_create_blocks(og_context *context, size_t states, size_t parameters,
                                 const og_block_functions *functions, void *user, og_field **out) {
  if (out) *out = NULL;
  OG_OBJECT(context);
  OG_NEED(context, out);
  og_block_functions given;
  OG_TAKE(context, og_block_functions, functions, &given);
  if (!given.rhs)
    return og_fail(context, OG_ERR_ARGUMENT,
                   "a field of block callbacks needs a right-hand side in double precision: rhs is NULL");
  if ((given.vjp_single && !given.vjp) || (given.jvp_single && !given.jvp) ||
      (given.hessian_single && !given.hessian) || (given.jacobian_single && !given.jacobian))
    return og_fail(context, OG_ERR_ARGUMENT,
                   "a product of block callbacks is given in single precision and not in double: both are "
                   "needed, or the double one alone");
  og_callback_field *field = NULL;
  OG_TRY(open_field(context, states, parameters, user, &field));
  field->block = given;
  field->base.n = states + (given.cost ? 1 : 0);
  field->base.quadratures = given.cost ? 1 : 0;
  field->base.ops_d = og_block_ops_d;
  field->base.ops_s = og_block_ops_s;
  og_status status =
      og_declare_jacobian(field, given.jacobian_count, given.jacobian_row, given.jacobian_column);
  update_flags(field);
  if (status == OG_OK)
    *out = &field->base;
  else
    destroy(&field->base);
  return status;
}
/* Constant are its functions, not the number of those who use it. */
void og_field_keep(const og_field *field) { og_keep(&((og_field *)field)->references); }

void og_field_destroy(og_field *field) {
  if (!field || !og_was_last(&field->references)) return;
  void *owner = field->owner, (*destroy_owner)(void *) = field->destroy_owner;
  og_context *own = field->own;
  og_field_drop_jacobian(field);
  og_free(field->context, (double *)field->given_mass.value);
  field->destroy(field);
  og_context_destroy(own);
  if (owner) destroy_owner(owner);
}

og_status og_field_compile(og_field *field, og_precision precision) {
  OG_OBJECT(field);
  if (!field->compile)
    return og_fail(
        field->context, OG_ERR_UNSUPPORTED,
        "og_field_compile: this field is made of callbacks, which are compiled already; a field that "
        "og_builder_field has made can be compiled");
  return field->compile(field, precision == OG_PRECISION_SINGLE);
}

size_t og_field_states(const og_field *field) {
  if (!field) return 0;
  return field->n - field->quadratures;
}
size_t og_field_parameters(const og_field *field) {
  if (!field) return 0;
  return field->p - OG_INPUT_ROWS * field->inputs - (field->breakpoints ? 1 : 0) - field->fine;
}
size_t og_field_inputs(const og_field *field) {
  if (!field) return 0;
  return field->inputs;
}
size_t og_field_events(const og_field *field) {
  if (!field) return 0;
  return field->events;
}
const og_event *og_field_event(const og_field *field, size_t event) {
  if (!field) return NULL;
  return event < field->events ? &field->event[event] : NULL;
}

/* Only callback fields can be given callbacks; a model's field has its products already. */
static og_callback_field *as_callback(og_field *field) {
  return field->destroy == destroy ? (og_callback_field *)field : NULL;
}

og_status og_fail_not_callback(const og_field *field) {
  return og_fail(field->context, OG_ERR_UNSUPPORTED,
                 "this field is a model's and has its products already; callbacks "
                 "can be set only on a field made by og_field_create");
}

/* Products for one trajectory are those of a field that was made for one. */
static og_status check_single(const og_callback_field *field) {
  if (!field->block.rhs) return OG_OK;
  return og_fail(field->base.context, OG_ERR_UNSUPPORTED,
                 "this field has block callbacks, and its products and its running cost are among those that "
                 "og_field_create_blocks was given");
}

const og_callback_field *og_callback_of(const og_field *field) {
  return field->destroy == destroy ? (const og_callback_field *)field : NULL;
}

og_status og_field_set_autonomous(og_field *field, int autonomous) {
  OG_OBJECT(field);
  og_callback_field *callback = as_callback(field);
  if (!callback) return og_fail_not_callback(field);
  callback->autonomous = autonomous != 0;
  update_flags(callback);
  return OG_OK;
}

og_status og_field_set_vjp(og_field *field, og_vjp_fn vjp) {
  OG_OBJECT(field);
  og_callback_field *callback = as_callback(field);
  if (!callback) return og_fail_not_callback(field);
  OG_TRY(check_single(callback));
  callback->vjp = vjp;
  update_flags(callback);
  return OG_OK;
}

og_status og_field_set_jvp(og_field *field, og_jvp_fn jvp) {
  OG_OBJECT(field);
  og_callback_field *callback = as_callback(field);
  if (!callback) return og_fail_not_callback(field);
  OG_TRY(check_single(callback));
  callback->jvp = jvp;
  update_flags(callback);
  return OG_OK;
}

og_status og_field_set_hessian(og_field *field, og_hessian_fn hessian, og_cost_hessian_fn cost_hessian) {
  OG_OBJECT(field);
  og_callback_field *callback = as_callback(field);
  if (!callback) return og_fail_not_callback(field);
  OG_TRY(check_single(callback));
  callback->hessian = hessian;
  callback->cost_hessian = cost_hessian;
  update_flags(callback);
  return OG_OK;
}

og_status og_field_set_mass(og_field *field, size_t count, const size_t *row, const size_t *column,
                            const double *values) {
  OG_OBJECT(field);
  OG_NEED_IF(field->context, count, row);
  OG_NEED_IF(field->context, count, column);
  OG_NEED_IF(field->context, count, values);
  og_callback_field *callback = as_callback(field);
  if (!callback) return og_fail_not_callback(field);
  int *narrow = NULL;
  og_status status = og_entries_narrow(field->context, "the mass matrix", count, row, column, &narrow);
  if (status == OG_OK)
    status = og_field_give_mass(field, &(og_mass_entries){count, narrow, narrow + count, values});
  og_free(field->context, narrow);
  update_flags(callback);
  return status;
}

static og_status set_jacobian(og_callback_field *callback, og_jacobian_fn jacobian) {
  callback->jacobian = jacobian;
  update_flags(callback);
  return OG_OK;
}

og_status og_field_set_jacobian(og_field *field, og_jacobian_fn jacobian, size_t count, const size_t *row,
                                const size_t *column) {
  OG_OBJECT(field);
  OG_NEED_IF(field->context, count || column, row);
  OG_NEED_IF(field->context, count || row, column);
  og_callback_field *callback = as_callback(field);
  if (!callback) return og_fail_not_callback(field);
  OG_TRY(check_single(callback));
  OG_TRY(og_declare_jacobian(callback, count, row, column));
  return set_jacobian(callback, jacobian);
}

og_status og_field_set_jacobian_band(og_field *field, og_jacobian_fn jacobian, size_t lower, size_t upper) {
  OG_OBJECT(field);
  og_callback_field *callback = as_callback(field);
  if (!callback) return og_fail_not_callback(field);
  OG_TRY(check_single(callback));
  size_t states = og_field_states(field);
  if (lower >= states || upper >= states)
    return og_fail(field->context, OG_ERR_SHAPE,
                   "a band with %zu entries below the diagonal and %zu above it: of %zu states there are at "
                   "most %zu on either side",
                   lower, upper, states, states - 1);
  OG_TRY(og_declare_jacobian(callback, 0, NULL, NULL));
  callback->declared = (og_declared_jacobian){.kind = OG_DECLARED_BAND, .lower = lower, .upper = upper};
  return set_jacobian(callback, jacobian);
}

og_status og_field_set_cost(og_field *field, og_cost_fn cost, og_cost_vjp_fn cost_vjp) {
  OG_OBJECT(field);
  og_callback_field *callback = as_callback(field);
  if (!callback) return og_fail_not_callback(field);
  OG_TRY(check_single(callback));
  callback->base.n = og_field_states(field) + (cost ? 1 : 0);
  callback->base.quadratures = cost ? 1 : 0;
  callback->cost = cost;
  callback->cost_vjp = cost_vjp;
  update_flags(callback);
  return OG_OK;
}

og_status og_field_set_inputs(og_field *field, size_t inputs) {
  OG_OBJECT(field);
  og_callback_field *callback = as_callback(field);
  if (!callback) return og_fail_not_callback(field);
  if (inputs > (1u << 28))
    return og_fail(field->context, OG_ERR_ARGUMENT, "a field of %zu inputs: there may be 2^28", inputs);
  size_t parameters = og_field_parameters(field), *fine = og_alloc(field->context, inputs + 1, sizeof *fine);
  if (!fine) return og_fail_memory(field->context, inputs * sizeof *fine, "inputs");
  for (size_t i = 0; i < inputs; i++) fine[i] = parameters + OG_INPUT_ROWS * i + OG_INPUT_START;
  og_free(field->context, callback->fine_rows);
  field->fine_row = callback->fine_rows = fine;
  field->fine = field->inputs = inputs;
  field->p = parameters + OG_INPUT_ROWS * inputs + (field->breakpoints ? 1 : 0) + inputs;
  return OG_OK;
}

static int ascending(const void *a, const void *b) {
  double x = ((const og_breakpoint *)a)->time, y = ((const og_breakpoint *)b)->time;
  return (x > y) - (x < y);
}

/* Sorted, each once; how many are left. */
static size_t sort_breakpoints(size_t count, og_breakpoint *breakpoints) {
  size_t kept = 0;
  if (count) qsort(breakpoints, count, sizeof *breakpoints, ascending);
  for (size_t i = 0; i < count; i++)
    if (!kept || breakpoints[i].time > breakpoints[kept - 1].time) breakpoints[kept++] = breakpoints[i];
  return kept;
}

/* Where there are none the field has no row for them, and is given its functions back. */
static void take_breakpoints(og_callback_field *callback, size_t count, og_breakpoint *breakpoints) {
  og_field *field = &callback->base;
  int had = field->breakpoints > 0, has = count > 0;
  og_free(field->context, callback->owned_breakpoints);
  callback->owned_breakpoints = breakpoints;
  field->p = field->p - (size_t)had + (size_t)has;
  field->breakpoints = sort_breakpoints(count, breakpoints);
  field->breakpoint = breakpoints;
  if (had && !has) field->ops_d = field->whole_d, field->ops_s = field->whole_s;
  if (has && !had) og_pieces_wrap(field);
}

og_status og_field_set_breakpoints(og_field *field, size_t count, const double *times) {
  OG_OBJECT(field);
  OG_NEED_IF(field->context, count, times);
  og_callback_field *callback = as_callback(field);
  if (!callback) return og_fail_not_callback(field);
  for (size_t i = 0; i < count; i++)
    if (!isfinite(times[i]))
      return og_fail(field->context, OG_ERR_NOT_FINITE, "breakpoint %zu is at time %g", i,
                     og_shown(times[i]));
  if (count > (1u << 24))
    return og_fail(field->context, OG_ERR_ARGUMENT, "%zu breakpoints: there may be 2^24", count);
  og_breakpoint *breakpoints = count ? og_alloc(field->context, count, sizeof *breakpoints) : NULL;
  if (count && !breakpoints)
    return og_fail_memory(field->context, count * sizeof *breakpoints, "breakpoints");
  for (size_t i = 0; i < count; i++)
    breakpoints[i] = (og_breakpoint){times[i], nextafter(times[i], -INFINITY), nextafter(times[i], INFINITY)};
  take_breakpoints(callback, count, breakpoints);
  return OG_OK;
}

og_status og_field_set_events(og_field *field, size_t count, const og_event *events,
                              const og_event_functions *functions) {
  OG_OBJECT(field);
  OG_NEED_IF(field->context, count, events);
  OG_NEED_IF(field->context, count, functions);
  og_callback_field *callback = as_callback(field);
  if (!callback) return og_fail_not_callback(field);
  og_event *copy = NULL;
  og_event_functions given = {0};
  if (count) OG_TAKE(field->context, og_event_functions, functions, &given);
  if (count && !given.guard)
    return og_fail(field->context, OG_ERR_ARGUMENT, "%zu events need a guard callback", count);
  if (count) OG_TRY(og_events_copy(field->context, count, events, &copy));
  og_events_free(field->context, callback->owned_events);
  callback->owned_events = copy;
  callback->on_event = given;
  field->event = copy;
  field->events = count;
  field->event_ops = count ? og_callback_event_ops : (og_event_ops){0};
  update_flags(callback);
  return OG_OK;
}

og_status og_field_use_finite_differences(og_field *field) {
  OG_OBJECT(field);
  og_callback_field *callback = as_callback(field);
  if (!callback) return og_fail_not_callback(field);
  callback->differences = 1;
  update_flags(callback);
  return OG_OK;
}

int og_callback_eval_at(const og_callback_field *field, double t, const double *x, const double *theta,
                        double *f) {
  if (field->block.rhs) return og_block_eval_at(field, t, x, theta, f);
  int result = field->rhs(t, x, theta, f, field->user);
  if (result == 0 && field->cost) result = field->cost(t, x, theta, &f[field->base.n - 1], field->user);
  return result;
}

int og_callback_eval(const og_callback_field *field, og_callback_point *at) {
  return og_callback_eval_at(field, at->t, at->x, at->theta, at->f);
}

static int eval_map(const og_callback_field *field, size_t which, const og_callback_point *at, double *f) {
  (void)which;
  return og_callback_eval_at(field, at->t, at->x, at->theta, f);
}

void og_callback_clear(const og_callback_field *field, og_callback_point *at) {
  size_t entries = og_callback_entries(field);
  memset(at->x_bar, 0, field->base.n * sizeof *at->x_bar);
  if (entries) memset(at->theta_bar, 0, entries * sizeof *at->theta_bar);
  at->t_bar = 0;
}

/* What the running cost's callbacks write, to be added to what those of f have written. */
typedef struct cost_bars {
  double *x, *theta, t;
} cost_bars;

static cost_bars clear_cost(const og_callback_field *field, const og_callback_point *at) {
  size_t n = field->base.n, entries = og_callback_entries(field);
  memset(at->cost_bar, 0, (n + entries) * sizeof *at->cost_bar);
  return (cost_bars){at->cost_bar, at->cost_bar + n, 0};
}

static void add_cost(const og_callback_field *field, const cost_bars *bars, og_callback_point *at) {
  size_t n = field->base.n - 1, entries = og_callback_entries(field);
  for (size_t i = 0; i < n; i++) at->x_bar[i] += bars->x[i];
  for (size_t i = 0; i < entries; i++) at->theta_bar[i] += bars->theta[i];
  at->t_bar += bars->t;
}

int og_callback_vjp(const og_callback_field *field, og_callback_point *at) {
  if (field->block.vjp) return og_block_vjp_at(field, at);
  if (!field->vjp || (field->cost && !field->cost_vjp))
    return og_difference_vjp(field, &(og_callback_map){eval_map, 0, field->base.n, at->lambda}, at);
  og_callback_clear(field, at);
  int result =
      field->vjp(at->t, at->x, at->theta, at->lambda, at->x_bar, at->theta_bar, &at->t_bar, field->user);
  if (result || !field->cost) return result;
  cost_bars bars = clear_cost(field, at);
  result = field->cost_vjp(at->t, at->x, at->theta, at->lambda[field->base.n - 1], bars.x, bars.theta,
                           &bars.t, field->user);
  add_cost(field, &bars, at);
  return result;
}

/* By central differences where it has no callback. */
int og_callback_cost_gradient(const og_callback_field *field, og_callback_point *at) {
  if (!field->cost_vjp) return og_difference_cost(field, at);
  og_callback_clear(field, at);
  return field->cost_vjp(at->t, at->x, at->theta, 1, at->x_bar, at->theta_bar, &at->t_bar, field->user);
}

/* The running cost's tangent, from its gradient. */
static int cost_jvp(const og_callback_field *field, og_callback_point *at) {
  size_t n = field->base.n, p = og_callback_entries(field);
  og_callback_clear(field, at);
  int result = field->cost_vjp(at->t, at->x, at->theta, 1, at->x_bar, at->theta_bar, &at->t_bar, field->user);
  double dot = at->t_bar * at->t_dot;
  for (size_t i = 0; i + 1 < n; i++) dot += at->x_bar[i] * at->x_dot[i];
  for (size_t i = 0; i < p; i++) dot += at->theta_bar[i] * at->theta_dot[i];
  at->f[n - 1] = dot;
  return result;
}

int og_callback_jvp(const og_callback_field *field, og_callback_point *at) {
  if (!field->jvp || (field->cost && !field->cost_vjp))
    return og_difference_jvp(field, &(og_callback_map){eval_map, 0, field->base.n, NULL}, at);
  int result = field->jvp(at->t, at->x, at->theta, at->t_dot, at->x_dot, at->theta_dot, at->f, field->user);
  return result == 0 && field->cost ? cost_jvp(field, at) : result;
}

int og_callback_hessian(const og_callback_field *field, og_callback_point *at) {
  if (!field->hessian || (field->cost && !field->cost_hessian)) return og_difference_hessian(field, at);
  og_callback_clear(field, at);
  int result = field->hessian(at->t, at->x, at->theta, at->lambda, at->t_dot, at->x_dot, at->theta_dot,
                              at->x_bar, at->theta_bar, &at->t_bar, field->user);
  if (result || !field->cost) return result;
  cost_bars bars = clear_cost(field, at);
  result = field->cost_hessian(at->t, at->x, at->theta, at->lambda[field->base.n - 1], at->t_dot, at->x_dot,
                               at->theta_dot, bars.x, bars.theta, &bars.t, field->user);
  add_cost(field, &bars, at);
  return result;
}

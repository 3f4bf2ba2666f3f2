/* The gradient once more, by differences of the loss with the step sequence held: an independent check. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "adjoint/trust.h"
#include "fit/objective.h"

/* ---- Extrapolation to step zero ---- */

/* Ridders' method: differences at h, h/2, h/4, ... form the first column of a Neville tableau in powers of
 * h^2 (central) or h (one-sided); of all its entries the one whose neighbours, with what rounding adds,
 * differ least is taken. */

/* values[count] of a function at the offset `delta`. */
typedef og_status (*sample_fn)(void *work, double delta, double *values);

/* Where to sample: central differences from steps of +-h, or (one_sided) from 0 and h, which may be negative.
 */
typedef struct stencil {
  double h;
  int one_sided;
  double epsilon; /* of the values' arithmetic */
} stencil;

typedef struct extrapolation {
  og_context *context;
  size_t count;
  double *plus, *minus, *current, *previous; /* [count], [count], [rows][count] twice */
  double *best, *error;                      /* the answer: [count] each */
} extrapolation;

enum { ROWS = 10, PATIENCE = 3 };

static og_status create_extrapolation(og_context *context, size_t count, extrapolation *e) {
  size_t total = count * (4 + 2 * ROWS);
  double *memory = og_alloc(context, total, sizeof *memory);
  if (!memory) return og_fail_memory(context, total * sizeof *memory, "finite differences");
  *e = (extrapolation){context,
                       count,
                       memory,
                       memory + count,
                       memory + 2 * count,
                       memory + (2 + ROWS) * count,
                       memory + (2 + 2 * ROWS) * count,
                       memory + (3 + 2 * ROWS) * count};
  return OG_OK;
}

static void free_extrapolation(extrapolation *e) { og_free(e->context, e->plus); }

/* Extends row `row` of value i; whether its best entry improved. Rounding of the values, magnified by 1/h,
 * bounds what the agreement of neighbours can mean. */
static int extend(extrapolation *e, size_t i, int row, double h, const stencil *s) {
  size_t count = e->count;
  double ratio = s->one_sided ? 2 : 4, power = ratio;
  double size = fmax(fabs(e->plus[i]), fabs(e->minus[i]));
  double rounding = (s->one_sided ? 16 : 4) * s->epsilon * size / fabs(h);
  int improved = 0;
  for (int j = 1; j <= row; j++, power *= ratio) {
    double lower = e->current[(size_t)(j - 1) * count + i], above = e->previous[(size_t)(j - 1) * count + i];
    double value = lower + (lower - above) / (power - 1);
    double error = fmax(fabs(value - lower), fabs(value - above)) + rounding;
    e->current[(size_t)j * count + i] = value;
    if (!(error < e->error[i])) continue;
    e->best[i] = value;
    e->error[i] = error;
    improved = 1;
  }
  return improved;
}

static og_status sample_pair(extrapolation *e, double h, int one_sided, sample_fn sample, void *work) {
  OG_TRY(sample(work, h, e->plus));
  return sample(work, one_sided ? 0 : -h, e->minus);
}

/* Fills `best` and `error` for the first `count` values. Steps at which sampling fails are left out; a
 * failure at every step is the last one's. */
static og_status extrapolate(extrapolation *e, size_t count, stencil s, sample_fn sample, void *work) {
  og_status failure = OG_OK;
  int row = 0, stale = 0;
  double h = s.h;
  for (size_t i = 0; i < count; i++) e->best[i] = 0, e->error[i] = INFINITY;
  for (int k = 0; k < ROWS && stale < PATIENCE; k++, h /= 2) {
    og_status status = sample_pair(e, h, s.one_sided, sample, work);
    if (status != OG_OK && !og_is_of_the_solve(status))
      return status; /* the computation failed, not the point */
    if (status != OG_OK) {
      failure = status, row = 0;
      h /= 4; /* with the halving, to an eighth: there may be far to go */
      continue;
    }
    int improved = 0;
    for (size_t i = 0; i < count; i++) {
      e->current[i] = (e->plus[i] - e->minus[i]) / (s.one_sided ? h : 2 * h);
      improved += extend(e, i, row, h, &s);
    }
    double *swap = e->previous;
    e->previous = e->current;
    e->current = swap;
    stale = row > 0 && !improved ? stale + 1 : 0;
    row++;
  }
  for (size_t i = 0; i < count; i++)
    if (!isfinite(e->error[i])) return failure != OG_OK ? failure : OG_ERR_NOT_FINITE;
  return OG_OK;
}

/* ---- What is varied ---- */

typedef enum probe_kind { PROBE_PARAMETER, PROBE_INITIAL, PROBE_START, PROBE_END } probe_kind;

/* What is varied. */
typedef struct probe {
  og_objective *objective;
  og_solve *solve;
  const double *theta;
  double *trial; /* [p] */
  probe_kind kind;
  size_t index; /* of the parameter or state */
} probe;

/* Steps are powers of two, so that value + step is exact (or nearly), and the quotient's denominator with it.
 */
static double power_of_two(double size) {
  int exponent = 0;
  frexp(size, &exponent);
  return ldexp(0.5, exponent);
}

static const double FIRST_STEP = 1.0 / 32; /* relative to what is varied; extrapolation takes it from there */

/* ---- The loss as a function of one variable ---- */

static og_status set_times(const probe *at, double shift0, double shift1) {
  og_objective *objective = at->objective;
  for (size_t m = 0; m < objective->all.M; m++) {
    double t0 = objective->data->t0[m] + shift0, t1 = objective->data->t1[m] + shift1;
    OG_TRY(og_solve_set_span(at->solve, m, t0, t1));
    objective->all.t0[m] = t0;
  }
  return OG_OK;
}

static double state_scale(const og_objective *objective, const double *x0, size_t index) {
  double largest = 0;
  for (size_t j = 0; j < objective->n; j++) largest = fmax(largest, fabs(x0[j]));
  double scale = fmax(fabs(x0[index]), 0.01 * largest);
  return power_of_two(scale > 0 ? scale : 1);
}

static og_status vary(probe *at, double delta) {
  og_objective *objective = at->objective;
  size_t n = objective->n, p = objective->p;
  if (p) memcpy(at->trial, at->theta, p * sizeof(double));
  if (at->kind == PROBE_PARAMETER) at->trial[at->index] += delta;
  if (at->kind == PROBE_START) OG_TRY(set_times(at, delta, 0));
  if (at->kind == PROBE_END) OG_TRY(set_times(at, 0, delta));
  OG_TRY(og_batch_initial_states(&objective->all, at->trial));
  for (size_t m = 0; at->kind == PROBE_INITIAL && m < objective->all.M; m++) {
    double *x0 = objective->all.x0 + m * n;
    x0[at->index] += delta * state_scale(objective, x0, at->index);
  }
  if (p) OG_TRY(og_solve_set_parameters(at->solve, OG_ALL, at->trial));
  for (size_t m = 0; m < objective->all.M; m++)
    OG_TRY(og_solve_set_initial_state(at->solve, m, objective->all.x0 + m * n));
  OG_TRY(og_solve_replay(at->solve));
  return og_batch_terms(&objective->all, at->solve, at->trial, 0);
}

static og_status sample_total(void *work, double delta, double *values) {
  probe *at = work;
  OG_TRY(vary(at, delta));
  *values = og_batch_total(&at->objective->all);
  return OG_OK;
}

/* Each trajectory's loss depends on its own initial state only, so all of them are varied at once. */
static og_status sample_each(void *work, double delta, double *values) {
  probe *at = work;
  OG_TRY(vary(at, delta));
  memcpy(values, at->objective->all.losses, at->objective->all.M * sizeof *values);
  return OG_OK;
}

/* ---- Steps that stay where the loss is defined ---- */

static double epsilon_of(const og_objective *objective) {
  return og_options_integer(objective->options, OG_OPT_PRECISION) == OG_PRECISION_SINGLE ? FLT_EPSILON
                                                                                         : DBL_EPSILON;
}

/* Central steps of at most `h` when both sides have room for a good part of it, else steps to the roomier
 * side. */
static stencil stencil_within(const og_objective *objective, double h, double below, double above) {
  double room = fmin(below, above), side = above >= below ? 1 : -1, most = fmax(below, above);
  stencil s = {h, 0, epsilon_of(objective)};
  if (room >= h || most <= 0) return s;
  if (room >= h / 64) {
    s.h = power_of_two(room);
    return s;
  }
  s.one_sided = 1;
  s.h = side * (most >= h ? h : power_of_two(most));
  return s;
}

static stencil parameter_stencil(const og_objective *objective, const double *theta, size_t i) {
  double width = objective->highest[i] - objective->lowest[i];
  double scale = fmax(fabs(theta[i]), 1e-3 * (isfinite(width) && width > 0 ? width : 1));
  return stencil_within(objective, FIRST_STEP * power_of_two(scale), theta[i] - objective->lowest[i],
                        objective->highest[i] - theta[i]);
}

/* How far an end may move: half-way to the next value of an input inside, so that the segments stay the same,
 * and as far outward, where inputs are carried on (og_inputs_set). */
static double room_of_inputs(const og_objective *objective, size_t m, double from, double towards) {
  const og_inputs *inputs = objective->inputs;
  double room = INFINITY, sign = towards < from ? -1 : 1;
  for (size_t i = 0; i < inputs->count; i++) {
    const og_input_series *s = &inputs->series[m * inputs->count + i];
    for (size_t k = 0; k < s->count && inputs->kinds[i] != OG_SIGNAL_CONSTANT; k++)
      if ((s->times[k] - from) * sign > 0) room = fmin(room, (s->times[k] - from) * sign / 2);
  }
  return room;
}

/* The ends may move as far as the inputs allow, and inward as far as the observations allow too, which stay
 * where they are. */
static stencil time_stencil(const og_objective *objective, probe_kind kind) {
  const og_data *data = objective->data;
  double shortest = INFINITY, inward = INFINITY, outward = INFINITY, sign = 1;
  for (size_t m = 0; m < objective->all.M; m++) {
    double span = fabs(data->t1[m] - data->t0[m]);
    if (data->t1[m] < data->t0[m]) sign = -1;
    if (span > 0) shortest = fmin(shortest, span);
    inward = fmin(inward, span / 4);
    double room = kind == PROBE_START ? room_of_inputs(objective, m, data->t0[m], data->t1[m])
                                      : room_of_inputs(objective, m, data->t1[m], data->t0[m]);
    inward = fmin(inward, room);
    outward = fmin(outward, room);
    if (data->first[m + 1] == data->first[m]) continue;
    double edge = kind == PROBE_START ? data->times[data->first[m]] - data->t0[m]
                                      : data->t1[m] - data->times[data->first[m + 1] - 1];
    inward = fmin(inward, fabs(edge));
  }
  double h = FIRST_STEP * power_of_two(isfinite(shortest) ? shortest : 1);
  int inward_is_up = (kind == PROBE_START) == (sign > 0);
  return stencil_within(objective, h, inward_is_up ? outward : inward, inward_is_up ? inward : outward);
}

/* ---- All components ---- */

/* Results, which the caller gets only when all of them are there: derivatives by `count` parameters, which
 * `entries` lists (NULL: the first ones). */
typedef struct results {
  size_t count;
  const size_t *entries;
  double *gradient, *error, *x0;
  double t0, t1;
} results;

static og_status parameters(probe *at, extrapolation *e, results *to) {
  char name[OG_ENTRY_NAME_SIZE];
  at->kind = PROBE_PARAMETER;
  for (size_t i = 0; i < to->count; i++) {
    at->index = to->entries ? to->entries[i] : i;
    og_status status =
        extrapolate(e, 1, parameter_stencil(at->objective, at->theta, at->index), sample_total, at);
    if (status != OG_OK)
      return og_trail(at->objective->context, status, "while varying parameter %s",
                      og_objective_entry_name(at->objective, at->index, name));
    to->gradient[i] = e->best[0];
    to->error[i] = e->error[0];
  }
  return OG_OK;
}

static og_status initial_states(probe *at, extrapolation *e, results *to) {
  og_objective *objective = at->objective;
  size_t n = objective->n;
  at->kind = PROBE_INITIAL;
  for (at->index = 0; at->index < n; at->index++) {
    stencil s = {FIRST_STEP, 0, epsilon_of(objective)};
    og_status status = extrapolate(e, objective->all.M, s, sample_each, at);
    if (status != OG_OK)
      return og_trail(objective->context, status, "while varying initial state %zu", at->index + 1);
    OG_TRY(og_batch_initial_states(&objective->all, at->theta));
    for (size_t m = 0; m < objective->all.M; m++)
      to->x0[m * n + at->index] = e->best[m] / state_scale(objective, objective->all.x0 + m * n, at->index);
  }
  return OG_OK;
}

/* Beyond an end f may have no value, as sqrt(t) before 0: the derivative by that time is then not known. */
static og_status times(probe *at, extrapolation *e, results *to) {
  struct {
    probe_kind kind;
    double *to;
    const char *name;
  } ends[] = {{PROBE_START, &to->t0, "t0"}, {PROBE_END, &to->t1, "t1"}};
  for (int i = 0; i < 2; i++) {
    at->kind = ends[i].kind;
    og_status status = extrapolate(e, 1, time_stencil(at->objective, at->kind), sample_total, at);
    og_status restored = set_times(at, 0, 0);
    if (status == OG_ERR_NOT_FINITE && restored == OG_OK) e->best[0] = NAN, status = OG_OK;
    if (status != OG_OK) return og_trail(at->objective->context, status, "while varying %s", ends[i].name);
    OG_TRY(restored);
    *ends[i].to = e->best[0];
  }
  return OG_OK;
}

static og_status all_components(probe *at, results *to) {
  extrapolation e;
  OG_TRY(create_extrapolation(at->objective->context, at->objective->all.M, &e));
  og_status status = parameters(at, &e, to);
  if (status == OG_OK) status = initial_states(at, &e, to);
  if (status == OG_OK) status = times(at, &e, to);
  free_extrapolation(&e);
  return status;
}

static void hand_over(og_objective *objective, const results *from, double *gradient, double *error) {
  size_t bytes = from->count * sizeof(double);
  if (gradient && bytes) memcpy(gradient, from->gradient, bytes);
  if (error && bytes) memcpy(error, from->error, bytes);
  memcpy(objective->x0_gradient, from->x0, objective->all.M * objective->n * sizeof(double));
  objective->t0_gradient = from->t0;
  objective->t1_gradient = from->t1;
  objective->error = og_error_unknown(); /* errors are known of adjoints only */
  objective->has_gradient = 1;
}

/* Differences replay all steps. A budget may keep only some of them, so the steps are kept outside of it. */
static int kind_of_solve(const og_objective *objective) {
  const og_options *o = objective->options;
  int limited = og_options_integer(o, OG_OPT_MEMORY) > 0 || *og_options_text(o, OG_OPT_CHECKPOINT_DIR) ||
                og_options_integer(o, OG_OPT_SCHEDULE) == OG_SCHEDULE_EVERY;
  return limited ? OG_ADJOINT_WHOLE : OG_ADJOINT_DISCRETE;
}

og_status og_objective_differences_of(og_objective *objective, const double *theta, size_t count,
                                      const size_t *list, double *gradient, double *error) {
  OG_OBJECT(objective);
  OG_NEED_IF(objective->context, objective->p, theta);
  OG_NEED_IF(objective->context, count, gradient);
  size_t p = objective->p, entries = p + 2 * count + objective->all.M * objective->n;
  og_solve *solve = NULL;
  for (size_t i = 0; i < count; i++)
    if ((list ? list[i] : i) >= p)
      return og_fail(objective->context, OG_ERR_ARGUMENT, "entry %zu of %zu parameters", list ? list[i] : i,
                     p);
  OG_TRY(og_batch_forward(&objective->all, kind_of_solve(objective), theta, 1, &solve));
  OG_TRY(og_batch_pull_back(&objective->all, solve, theta, 1)); /* its steps are held */
  double *memory = og_alloc(objective->context, entries, sizeof *memory);
  if (!memory) return og_fail_memory(objective->context, entries * sizeof *memory, "finite differences");
  probe at = {.objective = objective, .solve = solve, .theta = theta, .trial = memory};
  results found = {.count = count,
                   .entries = list,
                   .gradient = memory + p,
                   .error = memory + p + count,
                   .x0 = memory + p + 2 * count};
  og_status status = all_components(&at, &found);
  if (status == OG_OK) hand_over(objective, &found, gradient, error);
  og_free(objective->context, memory);
  return status == OG_OK
             ? OG_OK
             : og_trail(objective->context, status, "while checking the gradient by finite differences");
}

og_status og_objective_differences(og_objective *objective, const double *theta, double *gradient,
                                   double *error) {
  OG_OBJECT(objective);
  OG_NEED_IF(objective->context, objective->p, theta);
  OG_NEED_IF(objective->context, objective->p, gradient);
  return og_objective_differences_of(objective, theta, objective->p, NULL, gradient, error);
}

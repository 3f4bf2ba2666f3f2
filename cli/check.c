/* odegrad check: the gradient by every way there is, side by side, and whether they agree as far as they
 * must. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "check.h"

static const struct {
  const char *name;
  og_adjoint adjoint;
} ways[WAY_DIFFERENCES] = {
    [WAY_DISCRETE] = {"discrete", OG_ADJOINT_DISCRETE},
    [WAY_FORWARD] = {"forward", OG_ADJOINT_FORWARD},
    [WAY_BACKSOLVE] = {"backsolve", OG_ADJOINT_BACKSOLVE},
    [WAY_INTERPOLATE] = {"interpolate", OG_ADJOINT_INTERPOLATE},
    [WAY_QUADRATURE] = {"quadrature", OG_ADJOINT_QUADRATURE},
};

const char *way_name(way which) { return which == WAY_DIFFERENCES ? "differences" : ways[which].name; }

int is_single(const check *c) {
  return og_options_integer(c->p->options, OG_OPT_PRECISION) == OG_PRECISION_SINGLE;
}

void spread_by_kind(const check *c, const double *values, double *largest) {
  size_t ends[] = {0, c->p->p, c->count - 2, c->count};
  for (size_t kind = 0; kind < 3; kind++) {
    double most = 0;
    for (size_t i = ends[kind]; i < ends[kind + 1]; i++) most = fmax(most, fabs(values[i]));
    for (size_t i = ends[kind]; i < ends[kind + 1]; i++) largest[i] = most;
  }
}

/* ---- Computing ---- */

/* A derivative by time that is not finite is not known: the other components are compared without it. */
static og_status fill_ends(const check *c, og_objective *objective, double *values) {
  og_status status = og_objective_initial_gradient(objective, values + c->p->p);
  if (status != OG_OK) return status;
  double *times = values + c->count - 2;
  status = og_objective_time_gradient(objective, &times[0], &times[1]);
  for (int i = 0; i < 2; i++)
    if (!isfinite(times[i])) times[i] = NAN;
  return status == OG_ERR_NOT_FINITE ? OG_OK : status;
}

int is_affordable(const check *c, way which) { return which != WAY_FORWARD || !c->sample; }

/* Derivatives by what differences do not vary are NaN. */
static og_status evaluate_differences(const check *c, og_objective *objective, double *values,
                                      double *error) {
  if (!c->sample) return og_objective_differences(objective, c->p->theta, values, error);
  double *found = take(2 * c->sample_count, sizeof *found), *errors = found + c->sample_count;
  og_status status =
      og_objective_differences_of(objective, c->p->theta, c->sample_count, c->sample, found, errors);
  for (size_t i = 0; i < c->p->p; i++) values[i] = error[i] = NAN;
  for (size_t i = 0; i < c->sample_count; i++)
    values[c->sample[i]] = found[i], error[c->sample[i]] = errors[i];
  free(found);
  return status;
}

og_status evaluate_way(const check *c, og_objective *objective, way which, double *values, double *loss,
                       double *error) {
  const double *theta = c->p->theta;
  og_status status = which == WAY_DIFFERENCES
                         ? evaluate_differences(c, objective, values, error)
                         : og_objective_evaluate_with(objective, ways[which].adjoint, theta, loss, values);
  return status == OG_OK ? fill_ends(c, objective, values) : status;
}

static og_status leave_out(const check *c, column *to) {
  to->unsupported = 1;
  to->failure =
      join("it takes a solve for each parameter, of which there are %zu (over %d)", c->p->p, PARAMETERS_MOST);
  return OG_ERR_UNSUPPORTED;
}

static og_status compute(check *c, way which) {
  column *to = &c->columns[which];
  double start = seconds_now();
  to->loss = NAN;
  to->values = take(c->count, sizeof(double));
  to->change = take(c->count, sizeof(double));
  to->allowed = take(c->count, sizeof(double));
  if (!is_affordable(c, which)) return leave_out(c, to);
  og_status status = evaluate_way(c, c->objective, which, to->values, &to->loss, to->allowed);
  to->seconds = seconds_now() - start;
  to->kept = og_objective_stat(c->objective, OG_STAT_CHECKPOINT_BYTES);
  to->unsupported = status == OG_ERR_UNSUPPORTED;
  if (status != OG_OK) to->failure = join("%s", og_context_message(c->p->context));
  return status;
}

static og_status find_inputs(check *c) {
  og_status status = OG_OK;
  for (size_t m = c->p->trajectories; m-- > 0 && status == OG_OK;) {
    double t0, t1;
    status = og_objective_span(c->objective, m, &t0, &t1);
    if (status != OG_OK) break;
    c->span = fabs(t1 - t0);
    status = initial_state_at(c->p, c->p->theta, m, t0, c->x0 + m * c->p->n);
  }
  return status;
}

/* dL/dt0 and dL/dt1 are sums of products dL/dx dx/dt, which cancel where the loss does not depend on time:
 * they are as exact as these are, dL/dx0 x0 / span in size. */
void scale_of(const check *c, const double *values, double *scale) {
  double product = 0;
  spread_by_kind(c, values, scale);
  for (size_t i = c->p->p; i < c->count - 2; i++)
    product = fmax(product, fabs(values[i] * c->x0[i - c->p->p]));
  for (size_t i = c->count - 2; i < c->count && c->span > 0; i++)
    scale[i] = fmax(scale[i], product / c->span);
}

way shown_way(const check *c) {
  way shown = c->reference;
  if (shown == WAY_COUNT)
    for (shown = WAY_DISCRETE; shown < WAY_DIFFERENCES && c->columns[shown].failure; shown++) continue;
  return shown;
}

/* Where the loss itself cannot be computed, no way is tried. Error control of the gradient may narrow the
 * steps, and the loss is then that of the narrowed steps. */
static og_status run_ways(check *c) {
  og_status status =
      og_objective_evaluate_with(c->objective, OG_ADJOINT_DISCRETE, c->p->theta, &c->loss, NULL);
  for (way w = 0; w < WAY_COUNT && status == OG_OK; w++)
    if (ends_all(compute(c, w), &status)) break;
  if (!c->columns[WAY_DISCRETE].failure) c->loss = c->columns[WAY_DISCRETE].loss;
  return status;
}

static og_status run_all(check *c) {
  og_status status = run_ways(c);
  if (status == OG_OK) status = run_finer(c);
  if (status != OG_OK) return status;
  choose_reference(c);
  scale_of(c, c->columns[shown_way(c)].values, c->scale);
  allow_all(c);
  judge_all(c);
  return OG_OK;
}

/* ---- Output ---- */

/* Prints the JSON object, in which the sweep is a part with --plot. */
static int show(const check *c, const sweep *s) {
  cJSON *object = check_json(c);
  if (s) cJSON_AddItemToObject(object, "sweep", sweep_json(s));
  int status = c->p->out ? write_json(c->p, cJSON_Duplicate(object, 1), c->p->out) : EXIT_DONE;
  if (c->p->json)
    print_json(object);
  else
    cJSON_Delete(object), print_check(c);
  return status ? status : all_agree(c) ? EXIT_DONE : EXIT_FAILED;
}

/* The report is printed also where the picture fails. */
static int finish(const check *c) {
  sweep s;
  if (!c->p->plot) return show(c, NULL);
  og_status status = run_sweep(c, &s);
  int known = status == OG_OK && s.truth != WAY_COUNT;
  if (known) status = draw_sweep(c, &s, c->p->plot);
  int result = show(c, known && status == OG_OK ? &s : NULL);
  if (known && status == OG_OK) return result;
  if (status == OG_OK) {
    complain("%s could not be drawn, because the right gradient is not known: of dop853 at rtol 1e-13 those "
             "of discrete "
             "and quadrature are %.1e times their size apart",
             c->p->plot, s.truths_apart);
    return EXIT_FAILED;
  }
  complain("%s could not be drawn, because a run for it failed or it cannot be written:", c->p->plot);
  return fail(c->p->context, status);
}

static void free_column(column *from) {
  free(from->values), free(from->change), free(from->allowed), free(from->failure), free(from->reason);
}

static void free_check(check *c) {
  for (way w = 0; w < WAY_COUNT; w++) free_column(&c->columns[w]);
  free(c->scale), free(c->finer_failure), free(c->x0), free(c->sample);
  og_objective_destroy(c->objective);
}

int run_check(problem *p) {
  check c = {.p = p, .count = p->p + p->trajectories * p->n + 2};
  c.scale = take(c.count, sizeof *c.scale);
  c.x0 = take(p->trajectories * p->n, sizeof *c.x0);
  draw_sample(&c);
  og_status status = og_objective_create(p->context, p->model, p->data, p->options, &c.objective);
  if (status == OG_OK) status = find_inputs(&c);
  if (status == OG_OK) status = run_all(&c);
  int result = status == OG_OK ? finish(&c) : fail(p->context, status);
  free_check(&c);
  return result;
}

/* ---- Samples ---- */

/* Which parameters differences vary when there are too many for all of them: some of each, spread over it,
 * drawn by the seed. */
enum { SAMPLE = 48, LEAST_OF_EACH = 2 };

/* splitmix64 (Steele, Lea and Flood 2014): a number in [0, below). */
static size_t draw(uint64_t *state, size_t below) {
  uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return (size_t)((z ^ (z >> 31)) % below);
}

/* Draws one entry from each of `wanted` parts of equal length, or takes all entries. */
static void draw_entries(check *c, const og_parameter_info *info, size_t wanted, uint64_t *state) {
  size_t count = info->rows * info->columns;
  if (wanted > count) wanted = count;
  for (size_t k = 0; k < wanted; k++) {
    size_t from = k * count / wanted, to = (k + 1) * count / wanted;
    c->sample[c->sample_count++] = info->offset + from + draw(state, to - from);
  }
}

void draw_sample(check *c) {
  if (c->p->p <= PARAMETERS_MOST) return;
  size_t arrays = og_model_parameters(c->p->model), wanted = SAMPLE / arrays;
  uint64_t state = (uint64_t)og_options_integer(c->p->options, OG_OPT_SEED);
  og_parameter_info info = {OG_INIT(og_parameter_info)};
  if (wanted < LEAST_OF_EACH) wanted = LEAST_OF_EACH;
  c->sample = take(arrays * wanted, sizeof *c->sample);
  for (size_t i = 0; i < arrays; i++)
    if (og_model_parameter(c->p->model, i, &info) == OG_OK) draw_entries(c, &info, wanted, &state);
}

int is_sampled(const check *c, size_t parameter) {
  for (size_t i = 0; i < c->sample_count; i++)
    if (c->sample[i] == parameter) return 1;
  return !c->sample;
}

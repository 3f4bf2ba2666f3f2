/* odegrad check: the gradient by every way there is, side by side, and whether they agree as far as they
 * must.
 *
 * How far that is (docs/cli.md says it at length):
 *  - forward gives the same numbers as discrete up to rounding.
 *  - differences, made with the steps held, come with an estimate of their own error. In t0 and t1 the
 * computed loss has kinks, as large as the discretisation error, where an observation falls on the end of a
 * step.
 *  - backsolve solves another equation, and so differs by the errors of two discretisations. Both are made
 * visible by refining (a tenth of the tolerances, or twice the steps): what changes is what they explain. */
#include "cli.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef enum way { WAY_DISCRETE, WAY_FORWARD, WAY_BACKSOLVE, WAY_DIFFERENCES, WAY_COUNT } way;
static const char *const way_names[WAY_COUNT] = {"discrete", "forward", "backsolve", "differences"};

static const double REFINED_CHANGE =
    4; /* an error of order 1 shrinks to half: it is twice the change; twice for safety */
static const double GROUP_SHARE =
    0.1; /* of the largest change among like components: a change may vanish by chance */
static const double ERRORS_ALLOWED = 10; /* of the differences' own error estimate */

typedef struct column {
  char *failure;            /* NULL: computed */
  double *values, *allowed; /* [count]: components, and how far each may be from discrete's */
  double worst;             /* largest difference, relative to the largest component of its kind */
  double seconds;
  int judged, agrees;
} column;

typedef struct check {
  problem *p;
  og_objective *objective;
  size_t count; /* components: p parameters, M n initial states, t0, t1 */
  double loss;
  double *scale;  /* [count]: the largest |component| of its kind */
  double *change; /* [count]: of discrete when refined, with a share of the largest of its kind; INFINITY:
                     unknown */
  column columns[WAY_COUNT];
  char *doubt; /* why backsolve is not judged, or NULL */
} check;

/* ---- Components ---- */

static const char *kind_of(const check *c, size_t i) {
  return i < c->p->p ? "parameter" : i < c->count - 2 ? "init" : "time";
}

static char *component_name(const check *c, size_t i) {
  const problem *p = c->p;
  if (i < p->p) return parameter_name(p, i);
  if (i >= c->count - 2) return join("%s", i == c->count - 2 ? "t0" : "t1");
  size_t m = (i - p->p) / p->n;
  char *name = state_name(p, (i - p->p) % p->n), *suffix = id_suffix(p, m),
       *whole = join("%s(t0)%s", name, suffix);
  free(name), free(suffix);
  return whole;
}

/* Fills `largest` with the largest |value| among components of the same kind. */
static void spread_by_kind(const check *c, const double *values, double *largest) {
  size_t ends[] = {0, c->p->p, c->count - 2, c->count};
  for (size_t kind = 0; kind < 3; kind++) {
    double most = 0;
    for (size_t i = ends[kind]; i < ends[kind + 1]; i++) most = fmax(most, fabs(values[i]));
    for (size_t i = ends[kind]; i < ends[kind + 1]; i++) largest[i] = most;
  }
}

static int is_single(const check *c) {
  return og_options_integer(c->p->options, OG_OPT_PRECISION) == OG_PRECISION_SINGLE;
}

/* ---- Computing ---- */

static og_status fill_ends(const check *c, og_objective *objective, double *values) {
  og_status status = og_objective_initial_gradient(objective, values + c->p->p);
  if (status != OG_OK) return status;
  return og_objective_time_gradient(objective, &values[c->count - 2], &values[c->count - 1]);
}

static og_status evaluate(const check *c, og_objective *objective, way which, double *values, double *loss,
                          double *error) {
  static const og_adjoint adjoints[] = {OG_ADJOINT_DISCRETE, OG_ADJOINT_FORWARD, OG_ADJOINT_BACKSOLVE};
  og_status status = which == WAY_DIFFERENCES
                         ? og_objective_differences(objective, c->p->theta, values, error)
                         : og_objective_evaluate_with(objective, adjoints[which], c->p->theta, loss, values);
  return status == OG_OK ? fill_ends(c, objective, values) : status;
}

static og_status compute(check *c, way which) {
  column *to = &c->columns[which];
  double loss = 0, start = seconds_now();
  to->values = take(c->count, sizeof(double));
  to->allowed = take(c->count, sizeof(double));
  og_status status = evaluate(c, c->objective, which, to->values, &loss, to->allowed);
  to->seconds = seconds_now() - start;
  if (which == WAY_DISCRETE) c->loss = loss;
  if (status != OG_OK) to->failure = join("%s", og_context_message(c->p->context));
  return status;
}

/* ---- What is allowed ---- */

static void allow_forward(check *c) {
  double relative = is_single(c) ? 1e-3 : 1e-10; /* thousands of steps' rounding */
  for (size_t i = 0; i < c->count; i++) c->columns[WAY_FORWARD].allowed[i] = relative * c->scale[i];
}

/* What a component is a derivative by: differences lose the loss's rounding over a step in proportion to it.
 */
static double variable_size(const check *c, const double *t0, const double *t1, const double *x0, size_t i) {
  double size = i >= c->count - 2 ? fabs(t1[0] - t0[0]) : fabs(x0[i - c->p->p]);
  return size > 0 ? size : 1;
}

/* Parameters have an error estimate, in `allowed` so far. The others are judged as central differences may
 * be: their truncation leaves eps^(1/3) at worst, rounding eps^(2/3) of the loss. */
static og_status allow_differences(check *c) {
  const problem *p = c->p;
  double *allowed = c->columns[WAY_DIFFERENCES].allowed, epsilon = is_single(c) ? FLT_EPSILON : DBL_EPSILON;
  double relative = is_single(c) ? 1e-3 : 1e-10;
  double *t0 = take(p->trajectories, sizeof *t0), *t1 = take(p->trajectories, sizeof *t1);
  double *x0 = take(p->trajectories * p->n, sizeof *x0);
  og_status status = OG_OK;
  for (size_t m = 0; m < p->trajectories && status == OG_OK; m++) {
    status = og_objective_span(c->objective, m, &t0[m], &t1[m]);
    if (status == OG_OK) status = og_model_initial_state(p->model, t0[m], p->theta, x0 + m * p->n);
  }
  for (size_t i = 0; i < c->count && status == OG_OK; i++) {
    if (i < p->p) {
      allowed[i] = ERRORS_ALLOWED * allowed[i] + relative * c->scale[i];
      continue;
    }
    double rounding = pow(epsilon, 2. / 3) * fabs(c->loss) / variable_size(c, t0, t1, x0, i);
    allowed[i] = cbrt(epsilon) * c->scale[i] + rounding;
    if (i >= c->count - 2) allowed[i] += REFINED_CHANGE * c->change[i]; /* kinks */
  }
  free(t0), free(t1), free(x0);
  return status;
}

/* ---- Refining, for backsolve ---- */

/* The run's options with twice the steps, or a tenth of the tolerances as far as rounding lets them be met.
 */
static og_status refined_options(const problem *p, double finest, og_options **out) {
  og_status status = og_options_create(p->context, out);
  for (size_t i = 0; i < OG_OPTION_COUNT && status == OG_OK; i++) {
    const char *text = p->arguments->values[FLAG_COUNT + i];
    if (text) status = og_options_set_text(*out, og_option_describe((og_option)i)->name, text);
  }
  if (status != OG_OK) return status;
  long long steps = og_options_integer(p->options, OG_OPT_STEPS);
  if (steps > 0) return og_options_set_integer(*out, OG_OPT_STEPS, 2 * steps);
  double rtol = og_options_real(p->options, OG_OPT_RTOL), atol = og_options_real(p->options, OG_OPT_ATOL);
  status = og_options_set_real(*out, OG_OPT_RTOL, fmin(rtol, fmax(rtol / 10, finest)));
  return status == OG_OK ? og_options_set_real(*out, OG_OPT_ATOL, fmax(atol / 10, 1e-300)) : status;
}

/* |refined - plain| of one way, with a share of the largest of its kind. */
static og_status measure_change(const check *c, og_objective *refined, way which, double *change) {
  double *values = take(c->count, sizeof *values), *largest = take(c->count, sizeof *largest), loss;
  og_status status = evaluate(c, refined, which, values, &loss, NULL);
  for (size_t i = 0; i < c->count; i++) values[i] = fabs(values[i] - c->columns[which].values[i]);
  spread_by_kind(c, values, largest);
  for (size_t i = 0; i < c->count; i++)
    change[i] = status == OG_OK ? values[i] + GROUP_SHARE * largest[i] : INFINITY;
  free(values), free(largest);
  return status;
}

static void allow_backsolve(check *c, const double *change) {
  double relative = is_single(c) ? 1e-3 : 1e-10;
  for (size_t i = 0; i < c->count; i++)
    c->columns[WAY_BACKSOLVE].allowed[i] =
        REFINED_CHANGE * (c->change[i] + change[i]) + relative * c->scale[i];
}

static og_status refine(check *c, og_objective *refined, double *change) {
  og_status status = measure_change(c, refined, WAY_DISCRETE, c->change);
  if (status != OG_OK || c->columns[WAY_BACKSOLVE].failure) return status;
  status = measure_change(c, refined, WAY_BACKSOLVE, change);
  if (status == OG_OK) allow_backsolve(c, change);
  return status;
}

static void run_refined(check *c) {
  og_options *options = NULL;
  og_objective *refined = NULL;
  double *change = take(c->count, sizeof *change);
  for (size_t i = 0; i < c->count; i++) c->change[i] = INFINITY;
  og_status status = refined_options(c->p, is_single(c) ? 1e-6 : 1e-14, &options);
  if (status == OG_OK)
    status = og_objective_create(c->p->context, c->p->model, c->p->data, options, &refined);
  if (status == OG_OK) status = refine(c, refined, change);
  if (status != OG_OK) c->doubt = join("%s", og_context_message(c->p->context));
  og_objective_destroy(refined);
  og_options_destroy(options);
  free(change);
}

/* ---- The verdict ---- */

static double relative_difference(double a, double b) {
  double size = fmax(fabs(a), fabs(b));
  return size > 0 ? fabs(a - b) / size : 0;
}

static void judge(check *c, way which) {
  column *to = &c->columns[which];
  if (to->failure) return;
  to->judged = which != WAY_BACKSOLVE || !c->doubt;
  to->agrees = 1;
  for (size_t i = 0; i < c->count; i++) {
    double reference = c->columns[WAY_DISCRETE].values[i];
    double difference = fabs(to->values[i] - reference);
    to->worst = fmax(to->worst, c->scale[i] > 0 ? difference / c->scale[i] : difference);
    if (!(difference <= to->allowed[i])) to->agrees = 0;
  }
}

/* Backsolve may fail where the equation cannot be solved backward; that says nothing about the gradient. */
static int all_agree(const check *c) {
  for (way w = WAY_FORWARD; w < WAY_COUNT; w++) {
    const column *to = &c->columns[w];
    if (to->failure && w != WAY_BACKSOLVE) return 0;
    if (to->judged && !to->agrees) return 0;
  }
  return 1;
}

static og_status run_all(check *c) {
  og_status status = compute(c, WAY_DISCRETE);
  if (status != OG_OK) return status;
  spread_by_kind(c, c->columns[WAY_DISCRETE].values, c->scale);
  for (way w = WAY_FORWARD; w < WAY_COUNT; w++)
    if (compute(c, w) == OG_ERR_MEMORY) return OG_ERR_MEMORY;
  allow_forward(c);
  run_refined(c);
  if (!c->columns[WAY_DIFFERENCES].failure) status = allow_differences(c);
  for (way w = WAY_FORWARD; w < WAY_COUNT; w++) judge(c, w);
  return status;
}

/* ---- Output ---- */

static const char *verdict_word(const column *to) {
  return to->failure ? "failed" : !to->judged ? "not judged" : to->agrees ? "agrees" : "DISAGREES";
}

static void print_components(const check *c) {
  text_table table = new_table(1 + WAY_COUNT + WAY_COUNT - 1);
  add_cell(&table, "component");
  for (way w = 0; w < WAY_COUNT; w++) add_cell(&table, "%s", way_names[w]);
  for (way w = WAY_FORWARD; w < WAY_COUNT; w++) add_cell(&table, "rel. %s", way_names[w]);
  for (size_t i = 0; i < c->count; i++) {
    add_text(&table, component_name(c, i));
    for (way w = 0; w < WAY_COUNT; w++)
      if (c->columns[w].failure)
        add_cell(&table, "failed");
      else
        add_cell(&table, "%.8g", c->columns[w].values[i]);
    for (way w = WAY_FORWARD; w < WAY_COUNT; w++)
      if (c->columns[w].failure)
        add_cell(&table, "-");
      else
        add_cell(&table, "%.1e",
                 relative_difference(c->columns[w].values[i], c->columns[WAY_DISCRETE].values[i]));
  }
  print_table(&table, 1);
}

static void print_check(const check *c) {
  printf("loss  %.10g\n\n", c->loss);
  print_components(c);
  putchar('\n');
  for (way w = WAY_FORWARD; w < WAY_COUNT; w++) {
    const column *to = &c->columns[w];
    printf("%-11s  %s", way_names[w], verdict_word(to));
    if (to->failure)
      printf(": %s\n", to->failure);
    else
      printf(", largest difference %.1e\n", to->worst);
  }
  if (c->doubt) printf("a refined run failed, so that backsolve is not judged: %s\n", c->doubt);
  printf("verdict      %s\n", all_agree(c) ? "the gradients agree" : "the gradients DISAGREE");
}

static cJSON *component_json(const check *c, size_t i) {
  cJSON *object = cJSON_CreateObject();
  char *name = component_name(c, i);
  cJSON_AddStringToObject(object, "name", name);
  free(name);
  cJSON_AddStringToObject(object, "kind", kind_of(c, i));
  for (way w = 0; w < WAY_COUNT; w++)
    cJSON_AddItemToObject(object, way_names[w],
                          c->columns[w].failure ? cJSON_CreateNull() : json_number(c->columns[w].values[i]));
  cJSON *allowed = cJSON_AddObjectToObject(object, "allowed");
  for (way w = WAY_FORWARD; w < WAY_COUNT; w++)
    cJSON_AddItemToObject(allowed, way_names[w],
                          c->columns[w].judged ? json_number(c->columns[w].allowed[i]) : cJSON_CreateNull());
  return object;
}

static cJSON *way_json(const check *c, way w) {
  const column *from = &c->columns[w];
  cJSON *object = cJSON_CreateObject();
  if (w != WAY_DISCRETE) cJSON_AddStringToObject(object, "verdict", verdict_word(from));
  if (from->failure) cJSON_AddStringToObject(object, "reason", from->failure);
  if (w != WAY_DISCRETE && !from->failure)
    cJSON_AddItemToObject(object, "largest_difference", json_number(from->worst));
  cJSON_AddItemToObject(object, "seconds", json_number(from->seconds));
  return object;
}

static cJSON *check_json(const check *c) {
  cJSON *object = cJSON_CreateObject();
  cJSON_AddItemToObject(object, "loss", json_number(c->loss));
  cJSON *components = cJSON_AddArrayToObject(object, "components");
  for (size_t i = 0; i < c->count; i++) cJSON_AddItemToArray(components, component_json(c, i));
  cJSON *ways = cJSON_AddObjectToObject(object, "methods");
  for (way w = 0; w < WAY_COUNT; w++) cJSON_AddItemToObject(ways, way_names[w], way_json(c, w));
  cJSON_AddBoolToObject(object, "agree", all_agree(c));
  return object;
}

static int show(const check *c) {
  int status = c->p->out ? write_json(check_json(c), c->p->out) : EXIT_DONE;
  if (c->p->json)
    print_json(check_json(c));
  else
    print_check(c);
  if (!status) status = draw_objective(c->p, c->p->theta, EXIT_DONE);
  return status ? status : all_agree(c) ? EXIT_DONE : EXIT_FAILED;
}

static void free_check(check *c) {
  for (way w = 0; w < WAY_COUNT; w++)
    free(c->columns[w].values), free(c->columns[w].allowed), free(c->columns[w].failure);
  free(c->scale), free(c->change), free(c->doubt);
  og_objective_destroy(c->objective);
}

int run_check(problem *p) {
  check c = {.p = p, .count = p->p + p->trajectories * p->n + 2};
  c.scale = take(c.count, sizeof *c.scale);
  c.change = take(c.count, sizeof *c.change);
  og_status status = og_objective_create(p->context, p->model, p->data, p->options, &c.objective);
  if (status == OG_OK) status = run_all(&c);
  int result = status == OG_OK ? show(&c) : fail(p->context, status);
  free_check(&c);
  return result;
}

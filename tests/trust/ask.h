/* Asking the library for the derivative of a problem of the family; and for the same by tangents under full
 * error control. */
#ifndef OG_TRUST_ASK_H
#define OG_TRUST_ASK_H

#include "trust/truth.h"

typedef struct answer {
  og_status status;
  char message[400];
  double initial[STATES_MAX], parameters[PARAMETERS_MAX], input[2], ends[2],
      dots[POINTS_MAX][STATES_MAX]; /* ends: by t0 and t1 */
  double work;                      /* evaluations of f, vjps twice, jvps one and a half times */
  double
      reported[2]; /* the library's own estimates of its errors, of parameters and initial states; -1: none */
} answer;

/* Everything that belongs to one solve. */
typedef struct asked {
  og_context *context;
  og_options *options;
  og_model *model;
  og_field *own;
  og_solve *solve;
} asked;

static inline og_status set_options(asked *q, const trial *r) {
  og_status status = og_options_create(q->context, &q->options);
  if (status != OG_OK) return status;
  og_options_set_choice(q->options, OG_OPT_METHOD, (int)r->method);
  og_options_set_choice(q->options, OG_OPT_PRECISION, (int)r->precision);
  og_options_set_choice(q->options, OG_OPT_ADJOINT_NORM, (int)r->norm);
  og_options_set_choice(q->options, OG_OPT_ADJOINT, r->product < PRODUCT_PUSHFORWARD ? (int)r->product : 0);
  og_options_set_real(q->options, OG_OPT_RTOL, r->rtol);
  return og_options_set_real(q->options, OG_OPT_ATOL, r->atol);
}

/* Further options for every problem, "name=value,name=value", from the environment: to explore. */
static inline og_status set_more_options(asked *q) {
  char list[256], *name, *rest = NULL;
  snprintf(list, sizeof list, "%s", getenv("ODEGRAD_TRUST_OPTIONS") ? getenv("ODEGRAD_TRUST_OPTIONS") : "");
  og_status status = OG_OK;
  for (name = strtok_r(list, ",", &rest); name && status == OG_OK; name = strtok_r(NULL, ",", &rest)) {
    char *value = strchr(name, '=');
    if (value) *value++ = '\0';
    status = og_options_set_text(q->options, name, value ? value : "");
  }
  return status;
}

static inline og_status make_field(asked *q, trial *r, const og_field **field) {
  og_status status;
  if (r->as_text) {
    char model[16384];
    text to = {model, model + sizeof model};
    write_model(&to, &r->s, r->x0, r->theta);
    status = og_model_create_from_text(q->context, "family.ode", model, strlen(model), &q->model);
    if (status == OG_OK) *field = og_model_field(q->model);
  } else {
    status = terms_field(q->context, &r->s, &q->own);
    *field = q->own;
  }
  return status;
}

static inline og_status set_problem(asked *q, const trial *r) {
  og_status status = og_solve_set_span(q->solve, 0, r->t0, r->t1);
  if (status == OG_OK) status = og_solve_set_initial_state(q->solve, 0, r->x0);
  if (status == OG_OK) status = og_solve_set_parameters(q->solve, OG_ALL, r->theta);
  if (status == OG_OK) status = og_solve_set_observations(q->solve, 0, (size_t)r->observations, r->times);
  if (status == OG_OK && r->s.inputs)
    status = og_solve_set_input(q->solve, 0, 0, OG_SIGNAL_HOLD, 2, (double[]){r->t0, r->input_at}, r->input);
  return status;
}

/* Packed: the library's rows have n entries, those of a trial STATES_MAX. */
static inline void pack(const trial *r, double from[][STATES_MAX], int rows, double *to) {
  for (int k = 0; k < rows; k++)
    for (int i = 0; i < r->s.n; i++) to[k * r->s.n + i] = from[k][i];
}

static inline og_status pull(asked *q, trial *r, answer *a) {
  double bars[POINTS_MAX * STATES_MAX];
  pack(r, r->seeds, r->observations + 1, bars);
  og_status status =
      og_solve_pullback(q->solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .observed_bar = bars,
                                                        .final_bar = bars + r->observations * r->s.n,
                                                        .x0_bar = a->initial, .theta_bar = a->parameters,
                                                        .t0_bar = &a->ends[0], .t1_bar = &a->ends[1]});
  if (status == OG_OK && r->s.inputs) status = og_solve_input_gradient(q->solve, 0, 0, a->input);
  return status;
}

static inline og_status multiply_hessian(asked *q, trial *r, answer *a) {
  double bars[POINTS_MAX * STATES_MAX];
  pack(r, r->seeds, r->observations + 1, bars);
  return og_solve_hessian_product(
      q->solve, &(og_hessian_arrays){OG_INIT(og_hessian_arrays), .directions = 1, .x0_dot = r->x0_dot,
                                     .theta_dot = r->theta_dot, .observed_bar = bars,
                                     .final_bar = bars + r->observations * r->s.n, .x0_bar_dot = a->initial,
                                     .theta_bar_dot = a->parameters});
}

static inline og_status push(asked *q, trial *r, answer *a) {
  double dots[POINTS_MAX * STATES_MAX];
  int n = r->s.n;
  og_status status = og_solve_pushforward(
      q->solve,
      &(og_pushforward_arrays){OG_INIT(og_pushforward_arrays), .x0_dot = r->x0_dot, .theta_dot = r->theta_dot,
                               .observed_dot = dots, .final_dot = dots + r->observations * n});
  for (int k = 0; k <= r->observations && status == OG_OK; k++)
    memcpy(a->dots[k], dots + k * n, (size_t)n * sizeof(double));
  return status;
}

static inline void read_reported(const asked *q, answer *a) {
  og_gradient_error error = {OG_INIT(og_gradient_error)};
  if (og_solve_gradient_error(q->solve, &error) != OG_OK) return;
  a->reported[0] = error.parameters;
  a->reported[1] = error.initial;
}

static inline void drop_asked(asked *q) {
  og_solve_destroy(q->solve);
  og_options_destroy(q->options);
  og_field_destroy(q->own);
  og_model_destroy(q->model);
  og_context_destroy(q->context);
}

static inline answer ask(trial *r) {
  answer a = {.reported = {-1, -1}};
  asked q = {0};
  const og_field *field = NULL;
  a.status = og_context_create(NULL, NULL, NULL, &q.context);
  if (a.status == OG_OK) a.status = set_options(&q, r);
  if (a.status == OG_OK) a.status = set_more_options(&q);
  if (a.status == OG_OK) a.status = make_field(&q, r, &field);
  if (a.status == OG_OK) a.status = og_solve_create(q.context, field, q.options, 1, &q.solve);
  if (a.status == OG_OK) a.status = set_problem(&q, r);
  if (a.status == OG_OK) a.status = og_solve_run(q.solve);
  if (a.status == OG_OK)
    a.status = r->product == PRODUCT_HESSIAN       ? multiply_hessian(&q, r, &a)
               : r->product == PRODUCT_PUSHFORWARD ? push(&q, r, &a)
                                                   : pull(&q, r, &a);
  if (a.status == OG_OK && r->product < PRODUCT_PUSHFORWARD) read_reported(&q, &a);
  if (a.status != OG_OK) snprintf(a.message, sizeof a.message, "%s", og_context_message(q.context));
  if (q.solve)
    a.work = (double)og_solve_stat(q.solve, OG_STAT_RHS_EVALS) +
             2 * (double)og_solve_stat(q.solve, OG_STAT_VJP_EVALS) +
             1.5 * (double)og_solve_stat(q.solve, OG_STAT_JVP_EVALS);
  drop_asked(&q);
  return a;
}

/* ---- By tangents under the same method's full error control ---- */

/* x and all tangents as one state, each tangent in units of its largest entry, so that atol is a share of it.
 */
typedef struct control {
  const trial *r;
  double unit[COLUMNS_MAX];
  tangents *a;
  long steps_left; /* of the most that a solve may take */
} control;

static inline int control_rhs(double t, const double *y, const double *theta, double *f, void *user) {
  (void)theta;
  const control *k = user;
  int n = k->a->s->n;
  columns now, slope;
  for (int c = 0; c < k->a->columns; c++)
    for (int i = 0; i < n; i++) now[c][i] = y[c * n + i] * k->unit[c];
  slope_of_columns(k->a, t, now, slope);
  for (int c = 0; c < k->a->columns; c++)
    for (int i = 0; i < n; i++) f[c * n + i] = slope[c][i] / k->unit[c];
  return 0;
}

static inline og_status solve_control(asked *q, control *k, double end, double *y) {
  size_t rows = (size_t)(k->a->columns * k->a->s->n);
  og_status status = og_field_create(q->context, rows, 0, control_rhs, k, &q->own);
  if (status == OG_OK) status = set_options(q, k->r);
  if (status == OG_OK) status = og_options_set_integer(q->options, OG_OPT_MAX_STEPS, k->steps_left);
  if (status == OG_OK) status = og_solve_create(q->context, q->own, q->options, 1, &q->solve);
  if (status == OG_OK) status = og_solve_set_span(q->solve, 0, k->a->t, end);
  if (status == OG_OK) status = og_solve_set_initial_state(q->solve, 0, y);
  if (status == OG_OK) status = og_solve_run(q->solve);
  if (status == OG_OK) status = og_solve_final(q->solve, 0, y);
  if (q->solve)
    k->steps_left -= og_solve_stat(q->solve, OG_STAT_STEPS) + og_solve_stat(q->solve, OG_STAT_REJECTED);
  return status;
}

static inline int advance_control(tangents *a, double end) {
  control *k = a->user;
  int n = a->s->n;
  double y[COLUMNS_MAX * STATES_MAX];
  asked q = {0};
  k->a = a;
  if (a->t == end) return 1;
  for (int c = 0; c < a->columns; c++)
    for (int i = 0; i < n; i++) y[c * n + i] = a->y[c][i] / k->unit[c];
  if (og_context_create(NULL, NULL, NULL, &q.context) != OG_OK || k->steps_left < 1) return 0;
  int done = solve_control(&q, k, end, y) == OG_OK;
  for (int c = 0; c < a->columns; c++)
    for (int i = 0; i < n; i++) a->y[c][i] = y[c * n + i] * k->unit[c];
  a->t = end;
  drop_asked(&q);
  return done;
}

/* found = 0: the method needs more steps than a solve may take. */
static inline truth find_control(const trial *r, const truth *t) {
  enum { MAX_STEPS = 100000 };
  control k = {.r = r, .steps_left = MAX_STEPS};
  for (int c = 0; c < COLUMNS_MAX; c++) k.unit[c] = c > 0 && t->largest[c] > 0 ? t->largest[c] : 1;
  return by_tangents(r, advance_control, &k);
}

#endif

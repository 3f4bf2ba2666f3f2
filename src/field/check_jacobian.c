/* A Jacobian that the user gives, held against f: a false one makes steps that nobody sees are wrong. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/real.h"
#include "field/callback.h"

/* A place, and what is known there: values of the Jacobian, a direction, and derivatives of f along it,
 * forward and backward. Where f has no derivative of its own they are two. */
typedef struct check {
  const og_field *field;
  double t;
  const double *x, *theta;
  double *values, *u, *moved, *f, *forward, *backward;
  void *scratch;
  int failed; /* f or a product has no value there: the solve says so */
} check;

/* A jvp is exact but for rounding; of differences an error is seen when it is plain. */
static const double EXACT = 1e-7, PLAIN = 1e-3;

static int has_jvp(const check *c) { return og_has_own_jvp((const og_callback_field *)c->field); }

static void eval(check *c, double *f) {
  og_lane_status status = 0;
  c->field->ops_d.eval(c->field, 1, &c->t, c->moved, c->theta, f, &status, c->scratch);
  c->failed |= status != 0;
}

static double size_of(const check *c) {
  double most = 0;
  for (size_t j = 0; j < og_field_states(c->field); j++) most = fmax(most, fabs(c->x[j]));
  return most > 0 ? most : 1;
}

static void differences(check *c) {
  size_t n = c->field->n;
  double step = cbrt(DBL_EPSILON) * size_of(c);
  memcpy(c->moved, c->x, n * sizeof *c->x);
  eval(c, c->f);
  for (int side = 0; side < 2; side++) {
    double *slope = side ? c->backward : c->forward, h = side ? -step : step;
    for (size_t j = 0; j < n; j++) c->moved[j] = c->x[j] + h * c->u[j];
    eval(c, slope);
    for (size_t i = 0; i < n; i++) slope[i] = (slope[i] - c->f[i]) / h;
  }
}

static void derivatives(check *c) {
  og_lane_status status = 0;
  if (!has_jvp(c)) {
    differences(c);
    return;
  }
  c->field->ops_d.jvp(c->field, 1, &c->t, c->x, c->theta, NULL, c->u, NULL, c->forward, &status, c->scratch);
  memcpy(c->backward, c->forward, c->field->n * sizeof *c->forward);
  c->failed |= status != 0;
}

/* By how much a row of the Jacobian times u misses both derivatives, beyond what they may be off by. */
static double excess(const check *c, size_t row, double *product) {
  const og_pattern *p = c->field->pattern;
  double size = 0, sum = 0, low = fmin(c->forward[row], c->backward[row]),
         high = fmax(c->forward[row], c->backward[row]);
  for (int e = p->start[row]; e < p->start[row + 1]; e++) {
    double term = c->values[e] * c->u[p->column[e]];
    sum += term, size += fabs(term);
  }
  *product = sum;
  size = fmax(size, fmax(fabs(low), fabs(high)));
  double rounding = has_jvp(c) ? 0 : 4 * DBL_EPSILON * fabs(c->f[row]) / (cbrt(DBL_EPSILON) * size_of(c));
  double allowed = (has_jvp(c) ? EXACT : PLAIN) * size + rounding;
  return fmax(low - sum, sum - high) - allowed;
}

/* The column of a row that is most wrong. */
static og_status blame(check *c, og_context *context, size_t row) {
  size_t states = og_field_states(c->field), worst = 0;
  double most = -INFINITY, says = 0, is = 0;
  for (size_t j = 0; j < states; j++) {
    double product, over;
    memset(c->u, 0, c->field->n * sizeof *c->u);
    c->u[j] = 1;
    derivatives(c);
    over = excess(c, row, &product);
    if (over > most) most = over, worst = j, says = product, is = c->forward[row];
  }
  return og_fail(
      context, OG_ERR_ARGUMENT,
      "the Jacobian is not the derivative of the right-hand side: at t = %g, in the initial state, the "
      "entry of row %zu and column %zu is %.10g, where %s says %.10g%s",
      c->t, row, worst, says, has_jvp(c) ? "the jvp" : "a difference of f", is,
      og_pattern_find(c->field->pattern, (int)row, (int)worst) < 0 ? " (it was not declared)" : "");
}

static og_status compare(check *c, og_context *context) {
  const og_field *field = c->field;
  og_lane_status status = 0;
  og_rng rng;
  field->ops_d.jacobian(field, 1, &c->t, c->x, c->theta, c->values, &status, c->scratch);
  og_rng_seed(&rng, 1, 0);
  for (size_t j = 0; j < og_field_states(field); j++) c->u[j] = 0.5 + og_rng_uniform(&rng);
  derivatives(c);
  if (c->failed || status) return OG_OK;
  for (size_t i = 0; i < field->n; i++) {
    double product;
    if (excess(c, i, &product) > 0) return blame(c, context, i);
  }
  return OG_OK;
}

static int needs_check(const og_field *field) {
  const og_callback_field *callback = og_callback_of(field);
  return callback && !field->inputs &&
         (og_gives_jacobian(callback) || callback->declared.kind != OG_DECLARED_ALL);
}

og_status og_check_jacobian(og_context *context, const og_field *field, double t, const double *x,
                            const double *theta) {
  if (!needs_check(field)) return OG_OK;
  OG_TRY(og_field_want_jacobian(context, field));
  size_t n = OG_PADDED(field->n), count = OG_PADDED((size_t)field->pattern->count),
         parameters = og_field_parameters(field), room = count + 6 * n + field->p;
  double *memory = og_alloc(context, room, sizeof *memory);
  void *scratch = og_alloc(context, field->scratch_bytes(field, 1), 1);
  og_status status = OG_OK;
  if (!memory || !scratch) status = og_fail_memory(context, room * sizeof *memory, "a Jacobian");
  if (status == OG_OK) {
    double *at = memory + count, *rows = at + 6 * n;
    if (parameters) memcpy(rows, theta, parameters * sizeof *rows);
    if (field->breakpoints) rows[og_piece_row(field)] = (double)og_piece_at(field, t);
    check c = {field,      t,          at,         rows,       memory,  at + n,
               at + 2 * n, at + 3 * n, at + 4 * n, at + 5 * n, scratch, 0};
    memcpy(at, x, og_field_states(field) * sizeof *x);
    status = compare(&c, context);
  }
  og_free(context, memory);
  og_free(context, scratch);
  return status;
}

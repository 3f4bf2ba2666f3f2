/* Newton's method for consistent states, damped where the guess is far away, and what is derived of them. */
#include "solve/consistent.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "solve/algebraic_block.h"
#include "solve/tolerances.h"

int og_has_algebraic(const og_solve *solve) { return solve->algebraic && solve->algebraic->count > 0; }

/* ---- Newton ---- */

/* An exponential is gone down by 1 in its exponent at a time, and where it is flat a step leads beyond all
 * bounds. */
enum { ITERATIONS_MOST = 500, HALVINGS_MOST = 1000, NUDGES_MOST = 3 };
/* A correction that small is rounding: */
static const double ROUNDING = 4 * DBL_EPSILON;
/* and one that is below this, and no longer becomes smaller, is the rounding of f. */
static const double NEAR = 1e-6;

typedef struct correction {
  double rounding; /* its size against the state */
  double size;     /* the same, where zero is as large as the tolerance */
} correction;

/* step = -B^-1 residual */
static void find_step(const og_algebraic_block *b, const double *residual, double *step) {
  for (size_t k = 0; k < b->algebraic->count; k++) step[k] = -residual[k];
  og_elimination_solve_d(b->algebraic->elimination, 1, b->factors, step);
}

static correction measure(og_algebraic_block *b, const double *x, const double *step) {
  correction c = {0, 0};
  size_t n = b->solve->n;
  memset(b->rows, 0, n * sizeof *b->rows);
  og_vectors_combine(&b->algebraic->directions, 1, step, b->rows);
  for (size_t i = 0; i < n; i++) {
    if (b->rows[i] == 0) continue;
    double moved = fabs(b->rows[i]), large = fmax(fabs(x[i]), fabs(x[i] + b->rows[i]));
    c.rounding = fmax(c.rounding, moved / large);
    c.size = fmax(c.size, moved / fmax(large, og_atol_of(b->solve, i)));
    if (b->rows[i] != b->rows[i]) c.rounding = c.size = INFINITY;
  }
  return c;
}

/* The largest entry of V step, in units of `sizes`. */
static double norm(og_algebraic_block *b, const double *step, const double *sizes) {
  double most = 0;
  memset(b->rows, 0, b->solve->n * sizeof *b->rows);
  og_vectors_combine(&b->algebraic->directions, 1, step, b->rows);
  for (size_t i = 0; i < b->solve->n; i++)
    if (b->rows[i] != 0) most = fmax(most, fabs(b->rows[i]) / sizes[i]);
  return most;
}

/* What the state and the next one are large against. */
static void find_sizes(og_algebraic_block *b, const double *x, double *sizes) {
  memset(b->rows, 0, b->solve->n * sizeof *b->rows);
  og_vectors_combine(&b->algebraic->directions, 1, b->step, b->rows);
  for (size_t i = 0; i < b->solve->n; i++)
    sizes[i] = fmax(fmax(fabs(x[i]), fabs(x[i] + b->rows[i])), fmax(og_atol_of(b->solve, i), DBL_MIN));
}

static void move(og_algebraic_block *b, const double *x, double part) {
  memcpy(b->x, x, b->solve->n * sizeof *x);
  og_vectors_combine(&b->algebraic->directions, part, b->step, b->x);
}

/* Along the correction as far as the next one, with the same matrix, is smaller (Deuflhard): the part that
 * was gone, 0 if there is none, -1 where a callback stops. `near`: there is no need to look. */
static double go(og_algebraic_block *b, double *x, int near) {
  double part = 1, size = 0;
  if (!near) {
    find_sizes(b, x, b->row_sizes);
    size = norm(b, b->step, b->row_sizes);
  }
  for (int k = 0; k < HALVINGS_MOST; k++, part /= 2) {
    move(b, x, part);
    int known = og_algebraic_residual(b, b->x, b->next);
    if (known < 0) return -1;
    if (known == 0) continue;
    if (!near) {
      find_step(b, b->next, b->other);
      if (!(norm(b, b->other, b->row_sizes) <= (1 - part / 4) * size)) continue;
    }
    memcpy(x, b->x, b->solve->n * sizeof *x);
    memcpy(b->residual, b->next, b->algebraic->count * sizeof *b->residual);
    return part;
  }
  return 0;
}

static og_status blame(const og_algebraic_block *b, og_status status, og_inconsistency *why) {
  const og_vector_entries *equations = &b->algebraic->equations;
  size_t worst = 0;
  for (size_t k = 0; k < b->algebraic->count; k++)
    if (!(fabs(b->residual[k]) <= fabs(b->residual[worst]))) worst = k;
  for (size_t k = equations->count; k-- > 0;)
    if (equations->at[k].vector == worst) why->row = equations->at[k].row + 1;
  why->residual = b->residual[worst];
  return status;
}

/* At a guess where equations happen not to depend on a state, as z^2 = 4 at z = 0, it is put a little aside;
 * where they do not depend on it there either, they never do. */
static int nudge(og_algebraic_block *b, double *x, int times) {
  const og_vector_entries *directions = &b->algebraic->directions;
  for (size_t k = 0; k < directions->count; k++) {
    const og_vector_entry *e = &directions->at[k];
    if (k && directions->at[k - 1].vector == e->vector) continue; /* the first one is its own row's, 1 */
    double size = fabs(x[e->row]) > 0 ? fabs(x[e->row]) : 1;
    b->step[e->vector] = 1e-3 * size * (1 + 0.1 * (double)((e->vector * 7 + (size_t)times) % 10));
  }
  move(b, x, 1);
  memcpy(x, b->x, b->solve->n * sizeof *x);
  return og_algebraic_residual(b, x, b->residual);
}

static og_status refuse_index(const og_algebraic_block *b, og_inconsistency *why) {
  og_algebraic_explain(b, why);
  return OG_ERR_INDEX;
}

/* The matrix at x; a guess at which it is singular is moved. */
static og_status find_matrix(og_algebraic_block *b, double *x, og_inconsistency *why) {
  for (int times = 0;; times++) {
    int known = og_algebraic_factor(b, x, 1);
    if (known > 0) return OG_OK;
    if (known < 0) return OG_ERR_FIELD;
    if (times == NUDGES_MOST) return refuse_index(b, why);
    known = nudge(b, x, times);
    if (known < 0) return OG_ERR_FIELD;
    if (known == 0) return blame(b, OG_ERR_INCONSISTENT, why);
  }
}

static og_status iterate(og_algebraic_block *b, double *x, og_inconsistency *why) {
  double last = INFINITY;
  for (int k = 0; k < ITERATIONS_MOST; k++) {
    OG_TRY(find_matrix(b, x, why));
    find_step(b, b->residual, b->step);
    correction c = measure(b, x, b->step);
    int rounding = c.rounding <= ROUNDING;
    if (!rounding && c.size <= NEAR && c.size >= last / 2) return OG_OK;
    double part = go(b, x, rounding || c.size <= NEAR);
    if (part < 0) return OG_ERR_FIELD;
    if (rounding) return OG_OK;
    if (part == 0) break;
    last = part == 1 ? c.size : INFINITY;
  }
  /* a state that is zero, and no more than the rounding of others, is never known to digits of its own */
  if (og_algebraic_holds(b, x)) return OG_OK;
  return blame(b, OG_ERR_INCONSISTENT, why);
}

og_status og_consistent_solve(const og_solve *solve, const og_instant *at, double *x, og_inconsistency *why) {
  *why = (og_inconsistency){.row = 0};
  if (!og_has_algebraic(solve)) return OG_OK;
  og_algebraic_block b = og_algebraic_block_in(solve, at);
  int known = og_algebraic_residual(&b, x, b.residual);
  if (known < 0) return OG_ERR_FIELD;
  if (known == 0) return blame(&b, OG_ERR_INCONSISTENT, why);
  og_status status = iterate(&b, x, why);
  if (status != OG_OK && status != OG_ERR_INCONSISTENT) return status;
  known = og_algebraic_factor(&b, x, 0);
  if (known < 0) return OG_ERR_FIELD;
  return known == 0 || og_algebraic_singular(&b) ? refuse_index(&b, why) : status;
}

/* ---- Derivatives ---- */

static og_status matrix_at(og_algebraic_block *b, const double *x) {
  memcpy(b->x, x, b->solve->n * sizeof *x);
  int known = og_algebraic_factor(b, b->x, 1);
  return known > 0 ? OG_OK : known < 0 ? OG_ERR_FIELD : OG_ERR_NOT_FINITE;
}

/* What M does not fix has no cotangent but by rounding: V^T x_bar = 0 is made exact. */
static void remove_rounding(const og_algebraic_block *b, double *x_bar) {
  const og_vector_entries *v = &b->algebraic->directions;
  for (size_t k = 0; k < v->count;) {
    size_t own = k++;
    double sum = 0;
    for (; k < v->count && v->at[k].vector == v->at[own].vector; k++)
      sum += v->at[k].value * x_bar[v->at[k].row];
    x_bar[v->at[own].row] = -sum + 0.0;
  }
}

og_status og_consistent_pull(const og_solve *solve, const og_instant *at, const double *x, double *x_bar,
                             double *theta_bar, double *t_bar) {
  if (!og_has_algebraic(solve)) return OG_OK;
  const og_field *field = solve->source;
  og_algebraic_block b = og_algebraic_block_in(solve, at);
  _Alignas(64) double t[OG_LANE_STEP] = {at->t}, time_bar[OG_LANE_STEP] = {0};
  og_lane_status status[OG_LANE_STEP] = {0};
  OG_TRY(matrix_at(&b, x));
  og_vectors_multiply(&b.algebraic->directions, b.algebraic->count, x_bar, b.step);
  og_elimination_solve_transposed_d(b.algebraic->elimination, 1, b.factors, b.step);
  memset(b.f, 0, field->n * sizeof *b.f);
  og_vectors_combine(&b.algebraic->equations, -1, b.step, b.f);
  field->ops_d.vjp(field, 1, t, b.x, at->theta, b.f, b.rows, field->p ? b.theta_bar : NULL, time_bar, status,
                   at->scratch);
  if (status[0]) return OG_ERR_FIELD;
  for (size_t i = 0; i < field->n; i++) x_bar[i] += b.rows[i];
  for (size_t i = 0; theta_bar && i < field->p; i++) theta_bar[i] += b.theta_bar[i];
  if (t_bar) *t_bar += time_bar[0];
  remove_rounding(&b, x_bar);
  return OG_OK;
}

/* x_dot += V z with W^T (df/dx (x_dot + V z) + rest) = 0, f_dot = df/dx x_dot + rest. */
static void complete(og_algebraic_block *b, const double *f_dot, double *x_dot) {
  og_vectors_multiply(&b->algebraic->equations, b->algebraic->count, f_dot, b->residual);
  find_step(b, b->residual, b->step);
  og_vectors_combine(&b->algebraic->directions, 1, b->step, x_dot);
}

og_status og_consistent_push(const og_solve *solve, const og_instant *at, const double *x, double t_dot,
                             const double *theta_dot, double *x_dot) {
  if (!og_has_algebraic(solve)) return OG_OK;
  const og_field *field = solve->source;
  og_algebraic_block b = og_algebraic_block_in(solve, at);
  _Alignas(64) double t[OG_LANE_STEP] = {at->t}, time_dot[OG_LANE_STEP] = {t_dot};
  og_lane_status status[OG_LANE_STEP] = {0};
  OG_TRY(matrix_at(&b, x));
  field->ops_d.jvp(field, 1, t, b.x, at->theta, time_dot, x_dot, theta_dot, b.f, status, at->scratch);
  if (status[0]) return OG_ERR_FIELD;
  complete(&b, b.f, x_dot);
  return OG_OK;
}

/* Without a jvp what the time itself does to algebraic states is left out: the slope sets a first step and
 * says where guards at zero go. */
og_status og_consistent_slope(const og_solve *solve, const og_instant *at, const double *x, double *f) {
  const og_algebraic *a = solve->algebraic;
  const og_field *field = solve->source;
  if (!a) return OG_OK;
  og_algebraic_block b = og_algebraic_block_in(solve, at);
  _Alignas(64) double t[OG_LANE_STEP] = {at->t}, time_dot[OG_LANE_STEP] = {1};
  og_lane_status status[OG_LANE_STEP] = {0};
  memset(b.row_sizes, 0, solve->n * sizeof *b.row_sizes);
  for (size_t k = 0; k < a->inverse.count; k++)
    b.row_sizes[a->inverse.at[k].vector] += a->inverse.at[k].value * f[a->inverse.at[k].row];
  memcpy(f, b.row_sizes, solve->n * sizeof *f);
  if (!a->count || !(field->flags & OG_FIELD_HAS_JVP)) return OG_OK;
  OG_TRY(matrix_at(&b, x));
  field->ops_d.jvp(field, 1, t, b.x, at->theta, time_dot, f, NULL, b.f, status, at->scratch);
  if (status[0]) return OG_ERR_FIELD;
  complete(&b, b.f, f);
  return OG_OK;
}

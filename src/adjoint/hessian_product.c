#include "adjoint/hessian_product.h"

#include <string.h>

#include "adjoint/tangent_field.h"
#include "adjoint/trust.h"
#include "solve/events/guards.h"
#include "solve/tolerances.h"

/* The derivative of a Rosenbrock step has second derivatives of f in it, and its own has third ones. */
static og_status check_implicit(const og_solve *base) {
  unsigned flags = base->source->flags;
  if (flags & OG_FIELD_HAS_MASS)
    return og_fail(base->context, OG_ERR_UNSUPPORTED,
                   "second derivatives do not go through equations with a mass matrix (combinations of "
                   "derivatives, algebraic equations), whose consistent states they would have to follow; "
                   "differences of gradients do (in C with og_solve_replay)");
  OG_TRY(og_check_flag(base, OG_FIELD_HAS_JACOBIAN, "Jacobian", "og_field_set_jacobian"));
  if (!base->stepper.second_derivatives || flags & OG_FIELD_HAS_THIRD) return OG_OK;
  return og_fail(base->context, OG_ERR_UNSUPPORTED,
                 "second derivatives of steps by rodas5p (method %s) need third derivatives of f, which "
                 "callbacks have not: use method esdirk54, kvaerno5 or radau5",
                 base->stepper.name);
}

static og_status check(const og_solve *base) {
  OG_TRY(og_check_kept(base));
  OG_TRY(og_check_flag(base, OG_FIELD_HAS_VJP, "vjp", "og_field_set_vjp"));
  OG_TRY(og_check_flag(base, OG_FIELD_HAS_JVP, "jvp", "og_field_set_jvp"));
  OG_TRY(og_check_flag(base, OG_FIELD_HAS_HESSIAN, "second derivatives", "og_field_set_hessian"));
  if (og_guards(base))
    return og_fail(base->context, OG_ERR_UNSUPPORTED,
                   "second derivatives do not go through events, differences of gradients do (in C with "
                   "og_solve_replay)");
  if (base->stepper.implicit) OG_TRY(check_implicit(base));
  if (base->keep) return OG_OK;
  return og_fail(base->context, OG_ERR_UNSUPPORTED,
                 "with adjoint = backsolve the steps are not kept, and second derivatives follow them; use "
                 "adjoint = discrete or forward");
}

/* ---- Forward: the tangents ---- */

static const og_role role = {"in the solve of tangents: ", "",
                             "the pairs (x, x_dot) of second derivatives, which take more than x alone, as ",
                             NULL};

static og_status create_solve(og_hessian_product *s) {
  og_solve *base = s->base;
  og_options *options = NULL;
  OG_TRY(og_options_copy(base->context, base->options, &options));
  og_status status = og_options_set_choice(options, OG_OPT_ADJOINT, OG_ADJOINT_DISCRETE);
  if (status == OG_OK)
    status = og_solve_make(base->context, s->field, options, s->directions * base->count, &s->solve);
  og_options_destroy(options);
  if (status == OG_OK && base->stepper.switches) status = og_solve_take_pair(s->solve);
  if (status != OG_OK) return status;
  s->solve->derivative_bytes = og_derivative_bytes;
  s->solve->role = &role;
  s->solve->named_after = base;
  s->solve->held = 1; /* the steps are the base's */
  return og_atols_take(s->solve, base, base->states, 1);
}

/* (values, their tangents), each of `rows`, padded to `room` with zeros; NULL: zeros. */
static void pair(double *both, size_t rows, size_t room, const double *values, const double *tangents) {
  memset(both, 0, 2 * room * sizeof *both);
  if (values) memcpy(both, values, rows * sizeof *both);
  if (tangents) memcpy(both + room, tangents, rows * sizeof *both);
}

static const double *row_of(const double *rows, size_t index, size_t length) {
  return rows ? rows + index * length : NULL;
}

static og_status set_theta(og_hessian_product *s, size_t item, const double *theta_dot, double *both) {
  const og_solve *base = s->base;
  size_t p = base->parameters, m = item % base->count, direction = item / base->count;
  pair(both, p, p, og_theta_of(base, m), row_of(theta_dot, base->theta_shared ? direction : item, p));
  return og_solve_set_parameters(s->solve, s->shared ? OG_ALL : item, both);
}

static og_status set_trajectory(og_hessian_product *s, size_t item, const double *x0_dot,
                                const double *theta_dot, double *both) {
  const og_solve *base = s->base;
  size_t m = item % base->count, n = base->states;
  const og_trajectory *at = &base->trajectories[m];
  OG_TRY(og_solve_set_span(s->solve, item, at->t0, at->t1));
  OG_TRY(og_solve_set_observations(s->solve, item, at->observations, at->times));
  pair(both, n, base->n, base->x0 + m * n, row_of(x0_dot, item, n));
  OG_TRY(og_solve_set_initial_state(s->solve, item, both));
  return base->parameters && (!s->shared || item == 0) ? set_theta(s, item, theta_dot, both) : OG_OK;
}

static og_status set_trajectories(og_hessian_product *s, const double *x0_dot, const double *theta_dot) {
  const og_solve *base = s->base;
  size_t entries = 2 * (base->n > base->parameters ? base->n : base->parameters);
  double *both = og_alloc(base->context, entries, sizeof *both);
  if (!both) return og_fail_memory(base->context, entries * sizeof *both, "a direction");
  og_status status = og_signals_copy(s->solve, base);
  for (size_t item = 0; item < s->solve->count && status == OG_OK; item++)
    status = set_trajectory(s, item, x0_dot, theta_dot, both);
  og_free(base->context, both);
  return status;
}

/* Over the steps that the base has recorded. */
static og_status follow(og_hessian_product *s, const double *x0_dot, const double *theta_dot) {
  OG_TRY(create_solve(s));
  OG_TRY(set_trajectories(s, x0_dot, theta_dot));
  OG_TRY(og_solve_take_steps(s->solve, s->base));
  return og_solve_replay(s->solve);
}

static int same_end(const og_hessian_product *s, size_t item) {
  const og_solve *base = s->base;
  size_t m = item % base->count;
  return s->solve->trajectories[item].steps == base->trajectories[m].steps &&
         memcmp(s->solve->final + item * s->solve->n, base->final + m * base->n, base->n * sizeof(double)) ==
             0;
}

/* The base's steps were held to them. */
static og_status copy_pacings(og_hessian_product *s) {
  og_solve *solve = s->solve;
  solve->keeps_pacings = 1;
  for (size_t item = 0; item < solve->count; item++) {
    const og_trajectory *base = &s->base->trajectories[item % s->base->count];
    const og_pacing *from = base->pacing;
    solve->trajectories[item].stiff_from = base->stiff_from;
    solve->trajectories[item].stiff_time = base->stiff_time;
    if (from && og_pacing_copy(solve->context, from, &solve->trajectories[item].pacing) != OG_OK)
      return og_fail_memory(solve->context, sizeof *from, "ceilings of steps");
    solve->paced |= from != NULL;
  }
  return OG_OK;
}

/* Under a budget that does not hold every step the controller is driven again. It sees the errors of x alone,
 * and so takes the base's steps, bit for bit, unless those were replayed from others. */
static og_status drive_again(og_hessian_product *s, const double *x0_dot, const double *theta_dot) {
  og_solve_destroy(s->solve);
  s->solve = NULL;
  OG_TRY(create_solve(s));
  OG_TRY(set_trajectories(s, x0_dot, theta_dot));
  s->solve->controlled = s->base->n;
  OG_TRY(copy_pacings(s));
  OG_TRY(og_solve_run(s->solve));
  for (size_t item = 0; item < s->solve->count; item++)
    if (!same_end(s, item))
      return og_fail(
          s->base->context, OG_ERR_UNSUPPORTED,
          "the steps were replayed from another solve, and second derivatives over them do not fit the "
          "memory budget: raise memory, or run the solve itself");
  return OG_OK;
}

static og_status solve_pairs(og_hessian_product *s, const double *x0_dot, const double *theta_dot) {
  const og_solve *base = s->base;
  if (base->stepper.second_derivatives) OG_TRY(og_field_want_third(base->context, base->source));
  OG_TRY(og_tangent_field_create(base->context, base->source, &s->field));
  og_status status = follow(s, x0_dot, theta_dot);
  int budget = base->keep == OG_KEEP_CHECKPOINTS && (status == OG_ERR_BUDGET || status == OG_ERR_UNSUPPORTED);
  return budget ? drive_again(s, x0_dot, theta_dot) : status;
}

/* In terms of the base's field: an evaluation is one of f and one of its jvp, a vjp is two. Iterations of
 * implicit steps are of f alone, so that their jvps are fewer than that. */
static void add_stats(og_hessian_product *s, long long evals, long long vjps) {
  evals = og_solve_stat(s->solve, OG_STAT_RHS_EVALS) - evals;
  vjps = og_solve_stat(s->solve, OG_STAT_VJP_EVALS) - vjps;
  og_count(s->base, OG_STAT_RHS_EVALS, evals);
  og_count(s->base, OG_STAT_JVP_EVALS, evals);
  og_count(s->base, OG_STAT_VJP_EVALS, 2 * vjps);
}

static og_status trail(const og_hessian_product *s, og_status status) {
  size_t M = s->base->count;
  if (s->directions == 1) return og_trail(s->base->context, status, "while computing second derivatives");
  return og_trail(
      s->base->context, status,
      "while computing second derivatives along %zu directions together, trajectory m along direction "
      "d as trajectory %zu d + m",
      s->directions, M);
}

og_status og_hessian_product_open(og_solve *base, size_t directions, const double *x0_dot,
                                  const double *theta_dot, og_hessian_product *second) {
  *second = (og_hessian_product){.base = base, .directions = directions};
  second->shared = base->theta_shared && directions == 1;
  OG_TRY(check(base));
  og_status status = solve_pairs(second, x0_dot, theta_dot);
  if (status != OG_OK) return trail(second, status);
  add_stats(second, 0, 0);
  return OG_OK;
}

void og_hessian_product_close(og_hessian_product *second) {
  og_solve_destroy(second->solve);
  if (second->field) og_field_destroy(second->field);
}

static void lower_halves(const og_hessian_product *s, size_t rows, const double *both, double *out) {
  size_t n = s->base->states, room = s->base->n;
  for (size_t i = 0; out && i < rows; i++) memcpy(out + i * n, both + i * 2 * room + room, n * sizeof *out);
}

void og_hessian_product_tangents(const og_hessian_product *second, double *observed_dot, double *final_dot) {
  lower_halves(second, second->solve->observed_count, second->solve->observed, observed_dot);
  lower_halves(second, second->solve->count, second->solve->final, final_dot);
}

/* ---- Back ---- */

/* Cotangents for the solve of pairs: (bar_dot, bar) in each row; and what it gives. */
typedef struct cotangents {
  double *memory, *observed, *final, *x0, *theta;
} cotangents;

static og_status open_cotangents(const og_hessian_product *s, cotangents *c) {
  const og_solve *solve = s->solve;
  size_t observed = solve->observed_count * solve->n, states = solve->count * solve->n;
  size_t theta = s->shared ? solve->parameters : solve->count * solve->parameters,
         entries = observed + 2 * states + theta;
  c->memory = og_alloc(solve->context, entries, sizeof(double));
  if (!c->memory) return og_fail_memory(solve->context, entries * sizeof(double), "second derivatives");
  c->observed = c->memory;
  c->final = c->observed + observed;
  c->x0 = c->final + states;
  c->theta = c->x0 + states;
  return OG_OK;
}

static void seed(const og_hessian_product *s, const og_seeds *bar, const og_seeds *bar_dot, cotangents *c) {
  const og_solve *base = s->base;
  size_t n = base->states, N = base->observed_count, M = base->count, width = 2 * base->n;
  for (size_t i = 0; i < s->directions * N; i++)
    pair(c->observed + i * width, n, base->n, row_of(bar_dot->observed, i, n),
         row_of(bar->observed, i % N, n));
  for (size_t i = 0; i < s->directions * M; i++) {
    double *row = c->final + i * width;
    pair(row, n, base->n, row_of(bar_dot->final, i, n), row_of(bar->final, i % M, n));
    if (bar_dot->cost) row[base->n - 1] = bar_dot->cost[i];
    if (bar->cost) row[2 * base->n - 1] = bar->cost[i % M];
  }
}

static void add(double *to, const double *from, size_t count) {
  for (size_t i = 0; i < count; i++) to[i] += from[i];
}

/* Of shared parameters the trajectories' cotangents are summed by the tree over their numbers; the solve did
 * so itself when it shares them too. */
static void add_theta(const og_hessian_product *s, const cotangents *c, double *theta_bar_dot) {
  const og_solve *base = s->base;
  size_t p = base->parameters, M = s->shared ? 1 : base->count, rows = base->theta_shared ? 1 : M;
  for (size_t d = 0; d < s->directions; d++) {
    double *of_direction = c->theta + d * M * 2 * p;
    if (base->theta_shared) og_tree_sum_rows(of_direction, M, 2 * p, p);
    for (size_t i = 0; i < rows; i++) add(theta_bar_dot + (d * rows + i) * p, of_direction + i * 2 * p, p);
  }
}

static void deliver(const og_hessian_product *s, const cotangents *c, double *x0_bar_dot,
                    double *theta_bar_dot, double *x0_bar) {
  const og_solve *base = s->base;
  size_t n = base->states, width = 2 * base->n;
  for (size_t i = 0; x0_bar_dot && i < s->solve->count; i++) add(x0_bar_dot + i * n, c->x0 + i * width, n);
  for (size_t m = 0; x0_bar && m < base->count; m++)
    memcpy(x0_bar + m * n, c->x0 + m * width + base->n, n * sizeof *x0_bar);
  if (theta_bar_dot) add_theta(s, c, theta_bar_dot);
}

og_status og_hessian_product_pullback(og_hessian_product *second, og_seeds bar, og_seeds bar_dot,
                                      double *x0_bar_dot, double *theta_bar_dot, double *x0_bar) {
  cotangents c = {0};
  long long evals = og_solve_stat(second->solve, OG_STAT_RHS_EVALS),
            vjps = og_solve_stat(second->solve, OG_STAT_VJP_EVALS);
  OG_TRY(open_cotangents(second, &c));
  seed(second, &bar, &bar_dot, &c);
  int observed = bar.observed || bar_dot.observed;
  og_status status = og_solve_pullback(
      second->solve,
      &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .observed_bar = observed ? c.observed : NULL,
                            .final_bar = c.final, .x0_bar = c.x0, .theta_bar = c.theta});
  add_stats(second, evals, vjps);
  if (status == OG_OK)
    deliver(second, &c, x0_bar_dot, theta_bar_dot, x0_bar);
  else
    trail(second, status);
  og_free(second->solve->context, c.memory);
  return status;
}

/* ---- The public function ---- */

static og_status check_arguments(const og_solve *solve, const og_hessian_arrays *a) {
  static const char must[] = "a direction must be finite";
  size_t M = solve->count, n = solve->states, N = solve->observed_count, directions = a->directions;
  size_t theta = solve->theta_shared ? solve->parameters : M * solve->parameters;
  if (directions == 0)
    return og_fail(solve->context, OG_ERR_ARGUMENT, "second derivatives along no direction: directions is 0");
  if ((a->cost_bar || a->cost_bar_dot) && !solve->field->quadratures)
    return og_fail(solve->context, OG_ERR_ARGUMENT, "cost_bar is given, but the field has no running cost");
  OG_TRY(og_check_finite(solve, "x0_dot", a->x0_dot, directions * M * n, must));
  OG_TRY(og_check_finite(solve, "theta_dot", a->theta_dot, directions * theta, must));
  OG_TRY(og_check_seeds(solve, "observed_bar", a->observed_bar, N * n));
  OG_TRY(og_check_seeds(solve, "final_bar", a->final_bar, M * n));
  OG_TRY(og_check_seeds(solve, "cost_bar", a->cost_bar, M));
  OG_TRY(og_check_seeds(solve, "observed_bar_dot", a->observed_bar_dot, directions * N * n));
  OG_TRY(og_check_seeds(solve, "final_bar_dot", a->final_bar_dot, directions * M * n));
  return og_check_seeds(solve, "cost_bar_dot", a->cost_bar_dot, directions * M);
}

og_status og_solve_hessian_product(og_solve *solve, const og_hessian_arrays *arrays) {
  OG_OBJECT(solve);
  og_hessian_arrays a;
  OG_TAKE(solve->context, og_hessian_arrays, arrays, &a);
  og_seeds bar = {a.observed_bar, a.final_bar, a.cost_bar};
  og_seeds bar_dot = {a.observed_bar_dot, a.final_bar_dot, a.cost_bar_dot};
  og_hessian_product second = {0};
  OG_TRY(check(solve));
  OG_TRY(check_arguments(solve, &a));
  OG_TRY(og_trust_tangents(solve));
  og_status status = og_hessian_product_open(solve, a.directions, a.x0_dot, a.theta_dot, &second);
  if (status == OG_OK)
    status = og_hessian_product_pullback(&second, bar, bar_dot, a.x0_bar_dot, a.theta_bar_dot, NULL);
  og_hessian_product_close(&second);
  return status;
}

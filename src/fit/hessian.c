/* The Hessian of the loss times directions, exact for the computed numbers: forward over adjoint through the
 * solve (adjoint/hessian_product.h), and through the terms by the gradients of their tangents. */
#include <math.h>
#include <string.h>

#include "adjoint/hessian_product.h"
#include "adjoint/trust.h"
#include "fit/objective.h"

/* Some directions at once, and everything along each of them; D of them. */
typedef struct curvature {
  og_objective *objective;
  og_hessian_product second;
  const double *theta, *directions; /* [p], [D][p] */
  size_t count;
  double *memory;
  double *x0_dot, *x0_bar_dot, *x0_bar;    /* [D][M][n], [D][M][n], [M][n] */
  double *observed_dot, *observed_bar_dot; /* [D][N][n] */
  double *final_dot, *final_bar_dot;       /* [D][M][n] */
  double *products;                        /* [D][p] */
} curvature;

og_status og_objective_create_tangents(og_objective *objective) {
  const og_model_parts *parts = &objective->parts;
  og_loss_program_nodes dots = {OG_NODE_NONE, OG_NODE_NONE, OG_NODE_NONE};
  if (objective->tangents.initial) return OG_OK;
  OG_TRY(og_tangent_node(parts, parts->initial_state, &dots.initial));
  if (objective->terms.observation)
    OG_TRY(og_tangent_node(parts, parts->observation_loss, &dots.observation));
  if (objective->terms.final_cost) OG_TRY(og_tangent_node(parts, parts->final_cost, &dots.final_cost));
  og_loss_programs tangents = {NULL, NULL, NULL};
  og_status status = og_objective_create_terms(objective, &dots, &tangents);
  if (status == OG_OK)
    objective->tangents = tangents;
  else
    og_loss_programs_destroy(&tangents);
  return status;
}

static og_status allocate(curvature *c) {
  const og_objective *objective = c->objective;
  size_t states = objective->all.M * objective->n, observed = objective->all.N * objective->n, D = c->count;
  struct {
    double **array;
    size_t count;
  } arrays[] = {
      {&c->x0_dot, D * states},         {&c->x0_bar_dot, D * states},         {&c->x0_bar, states},
      {&c->observed_dot, D * observed}, {&c->observed_bar_dot, D * observed}, {&c->final_dot, D * states},
      {&c->final_bar_dot, D * states},  {&c->products, D * objective->p}};
  size_t entries = 0, kinds = sizeof arrays / sizeof *arrays;
  for (size_t i = 0; i < kinds; i++) entries += arrays[i].count;
  c->memory = og_alloc(objective->context, entries, sizeof(double));
  if (!c->memory) return og_fail_memory(objective->context, entries * sizeof(double), "second derivatives");
  double *next = c->memory;
  for (size_t i = 0; i < kinds; next += arrays[i++].count) *arrays[i].array = next;
  return OG_OK;
}

/* ---- Forward ---- */

static og_status push_forward(curvature *c, og_solve *solve) {
  og_objective *objective = c->objective;
  size_t states = objective->all.M * objective->n;
  for (size_t d = 0; d < c->count; d++)
    OG_TRY(og_loss_program_run(objective->tangents.initial,
                               &(og_loss_program_io){.items = og_batch_initial_items(&objective->all),
                                                     .theta = c->theta,
                                                     .theta_dot = c->directions + d * objective->p,
                                                     .values = c->x0_dot + d * states}));
  OG_TRY(og_hessian_product_open(solve, c->count, c->x0_dot, c->directions, &c->second));
  og_hessian_product_tangents(&c->second, c->observed_dot, c->final_dot);
  return OG_OK;
}

static og_status check_finite(const og_objective *objective, const char *what, const double *bar_dot,
                              size_t count) {
  for (size_t i = 0; i < count; i++)
    if (!isfinite(bar_dot[i]))
      return og_fail(objective->context, OG_ERR_NOT_FINITE,
                     "the second derivative of the %s is %g, though the loss and its gradient are finite; "
                     "the model may have a singular derivative there (a power or sqrt at 0)",
                     what, og_shown(bar_dot[i]));
  return OG_OK;
}

/* A term's cotangents along one direction, and what it depends on theta directly. */
static og_status term_along(const curvature *c, og_loss_program *tangent, og_items items, size_t d,
                            const double *states, const double *states_dot, double *bar_dot) {
  size_t p = c->objective->p;
  if (!tangent) return OG_OK;
  return og_loss_program_run(tangent, &(og_loss_program_io){.items = items,
                                                            .theta = c->theta,
                                                            .states = states,
                                                            .theta_dot = c->directions + d * p,
                                                            .states_dot = states_dot,
                                                            .gradient = 1,
                                                            .x_bar = bar_dot,
                                                            .theta_bar = c->products + d * p});
}

static og_status terms(const curvature *c) {
  const og_objective *objective = c->objective;
  size_t observed = objective->all.N * objective->n, states = objective->all.M * objective->n;
  for (size_t d = 0; d < c->count; d++) {
    OG_TRY(term_along(c, objective->tangents.observation, og_batch_observed_items(&objective->all), d,
                      objective->all.observed, c->observed_dot + d * observed,
                      c->observed_bar_dot + d * observed));
    OG_TRY(term_along(c, objective->tangents.final_cost, og_batch_final_items(&objective->all), d,
                      objective->all.final, c->final_dot + d * states, c->final_bar_dot + d * states));
  }
  OG_TRY(check_finite(objective, "loss of an observation", c->observed_bar_dot, c->count * observed));
  return check_finite(objective, "final cost", c->final_bar_dot, c->count * states);
}

/* ---- Back ---- */

/* theta_bar = (dx0/dtheta)^T x0_bar, so its tangent has a part from x0_bar_dot and one from d2x0/dtheta2. */
static og_status initial_along(const curvature *c, size_t d) {
  const og_objective *objective = c->objective;
  size_t p = objective->p;
  double *product = c->products + d * p;
  OG_TRY(
      og_loss_program_run(objective->terms.initial,
                          &(og_loss_program_io){.items = og_batch_initial_items(&objective->all),
                                                .theta = c->theta,
                                                .seeds = c->x0_bar_dot + d * objective->all.M * objective->n,
                                                .gradient = 1,
                                                .theta_bar = product}));
  return og_loss_program_run(objective->tangents.initial,
                             &(og_loss_program_io){.items = og_batch_initial_items(&objective->all),
                                                   .theta = c->theta,
                                                   .theta_dot = c->directions + d * p,
                                                   .seeds = c->x0_bar,
                                                   .gradient = 1,
                                                   .theta_bar = product});
}

static og_status pull_back(curvature *c) {
  const og_objective *objective = c->objective;
  int observed = objective->terms.observation != NULL, final = objective->terms.final_cost != NULL;
  og_seeds bar = {observed ? objective->all.observed_bar : NULL, final ? objective->all.final_bar : NULL,
                  objective->parts.has_integral_cost ? objective->all.ones : NULL};
  og_seeds bar_dot = {observed ? c->observed_bar_dot : NULL, final ? c->final_bar_dot : NULL, NULL};
  OG_TRY(og_hessian_product_pullback(&c->second, bar, bar_dot, c->x0_bar_dot, c->products, c->x0_bar));
  for (size_t d = 0; d < c->count; d++) OG_TRY(initial_along(c, d));
  return check_finite(objective, "loss by the parameters", c->products, c->count * objective->p);
}

static og_status along(og_objective *objective, og_solve *solve, const double *theta, size_t count,
                       const double *directions, double *products) {
  curvature c = {.objective = objective, .theta = theta, .directions = directions, .count = count};
  og_status status = allocate(&c);
  if (status == OG_OK) status = push_forward(&c, solve);
  if (status == OG_OK) status = terms(&c);
  if (status == OG_OK) status = pull_back(&c);
  if (status == OG_OK) memcpy(products, c.products, count * objective->p * sizeof *products);
  og_hessian_product_close(&c.second);
  og_free(objective->context, c.memory);
  return status;
}

/* As many directions at a time as fill the lanes of every thread, or one, which then has a memory budget to
 * itself. The bits do not depend on it. */
static size_t at_a_time(const og_objective *objective, const og_solve *solve, size_t left) {
  if (og_options_integer(objective->options, OG_OPT_MEMORY) > 0) return 1;
  size_t lanes = OG_LANES_MAX * (size_t)og_solve_threads(solve) / objective->all.M, count = lanes ? lanes : 1;
  return count < left ? count : left;
}

og_status og_objective_hessian_products(og_objective *objective, const double *theta, size_t count,
                                        const double *directions, double *products) {
  og_solve *solve = NULL;
  size_t p = objective->p;
  if (p == 0) return OG_OK;
  OG_TRY(og_objective_create_tangents(objective));
  OG_TRY(og_batch_forward(&objective->all, OG_ADJOINT_DISCRETE, theta, 1, &solve));
  OG_TRY(og_trust_tangents(solve));
  if (solve->renewed) OG_TRY(og_batch_terms(&objective->all, solve, theta, 1));
  for (size_t done = 0, now; done < count; done += now) {
    now = at_a_time(objective, solve, count - done);
    OG_TRY(along(objective, solve, theta, now, directions + done * p, products + done * p));
  }
  return OG_OK;
}

/* ---- The public functions ---- */

og_status og_objective_hessian_product(og_objective *objective, const double *theta, const double *direction,
                                       double *product) {
  OG_OBJECT(objective);
  OG_NEED_IF(objective->context, objective->p, theta);
  OG_NEED_IF(objective->context, objective->p, direction);
  OG_NEED_IF(objective->context, objective->p, product);
  size_t p = objective->p;
  for (size_t i = 0; i < p; i++)
    if (!isfinite(direction[i]))
      return og_fail(objective->context, OG_ERR_NOT_FINITE, "entry %zu of the direction is %g", i,
                     og_shown(direction[i]));
  return og_objective_hessian_products(objective, theta, 1, direction, product);
}

/* Both halves are computed; what they differ by is rounding, which the problem may amplify. */
static void symmetrise(const og_objective *objective, double *hessian) {
  size_t p = objective->p;
  double largest = 0, asymmetry = 0;
  for (size_t i = 0; i < p; i++)
    for (size_t j = 0; j <= i; j++) {
      double *lower = &hessian[i * p + j], *upper = &hessian[j * p + i], mean = 0.5 * *lower + 0.5 * *upper;
      largest = fmax(largest, fabs(mean));
      asymmetry = fmax(asymmetry, fabs(*lower - *upper));
      *lower = *upper = mean;
    }
  int single = og_options_integer(objective->options, OG_OPT_PRECISION) == OG_PRECISION_SINGLE;
  if (asymmetry > (single ? 1e-3 : 1e-9) * largest)
    og_log(
        objective->context,
        "note: rounding errors are amplified: mixed second derivatives taken in either order differ by %.3g, "
        "where the largest entry of the Hessian is %.3g",
        asymmetry, largest);
}

og_status og_objective_hessian(og_objective *objective, const double *theta, double *hessian) {
  OG_OBJECT(objective);
  OG_NEED_IF(objective->context, objective->p, theta);
  OG_NEED_IF(objective->context, objective->p, hessian);
  size_t p = objective->p;
  if (p == 0) return OG_OK;
  double *unit = og_alloc(objective->context, p, 2 * p * sizeof *unit);
  if (!unit) return og_fail_memory(objective->context, 2 * p * p * sizeof *unit, "a Hessian");
  double *products = unit + p * p;
  for (size_t i = 0; i < p; i++) unit[i * p + i] = 1;
  og_status status = og_objective_hessian_products(objective, theta, p, unit, products);
  if (status == OG_OK) {
    symmetrise(objective, products);
    memcpy(hessian, products, p * p * sizeof *hessian);
  }
  og_free(objective->context, unit);
  return status;
}

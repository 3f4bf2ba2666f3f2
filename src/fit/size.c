/* How large a loss is. A log likelihood has additive constants and a sum of squares may be met exactly, so
 * neither the value of a loss nor its gradient says what is small beside it. The terms' own dependence on the
 * states does, and it needs no sensitivities, so that it is right where those are not. */
#include <math.h>
#include <string.h>

#include "fit/objective.h"

/* Terms of one kind, and memory for their tangents. */
typedef struct measure {
  og_objective *objective;
  const double *theta;
  double *zero, *theta_bar, *along, *bent; /* [p], [p], [items], [items][n] */
} measure;

static double finite_part(double value) { return isfinite(value) ? fabs(value) : 0; }

/* Along the states themselves: d psi/dx x, and its gradient d2 psi/dx2 x. A derivative that is not finite is
 * left out. */
static void size_of_item(const measure *m, size_t i, const double *values, const double *states,
                         double size[3]) {
  size_t n = m->objective->n;
  size[0] = finite_part(values[i]);
  size[1] = finite_part(m->along[i]);
  size[2] = 0;
  for (size_t j = 0; j < n; j++) size[2] += finite_part(states[i * n + j] * m->bent[i * n + j]);
}

static og_status add_terms(const measure *m, og_loss_program *tangent, og_items items, const double *values,
                           const double *states, og_loss_size *size) {
  double nodes[3 * OG_TREE_SUM_NODES];
  og_tree_sum sum;
  OG_TRY(og_loss_program_run(tangent, &(og_loss_program_io){.items = items,
                                                            .theta = m->theta,
                                                            .states = states,
                                                            .theta_dot = m->zero,
                                                            .states_dot = states,
                                                            .gradient = 1,
                                                            .values = m->along,
                                                            .x_bar = m->bent,
                                                            .theta_bar = m->theta_bar}));
  og_tree_sum_begin(&sum, 3, nodes, 0);
  for (size_t k = 0; k < items.count; k++) {
    size_of_item(m, items.select ? items.select[k] : k, values, states, og_tree_sum_term(&sum));
    og_tree_sum_add(&sum, 0);
  }
  const double *total = og_tree_sum_total(&sum);
  if (!total) return OG_OK;
  size->terms += total[0];
  size->slope += total[1];
  size->bend += total[2];
  return OG_OK;
}

static og_status add_running_costs(const og_objective *objective, const og_solve *solve, og_loss_size *size) {
  double least =
      og_options_real(objective->options, OG_OPT_ATOL) / og_options_real(objective->options, OG_OPT_RTOL);
  double nodes[OG_TREE_SUM_NODES], cost = 0;
  og_tree_sum sum;
  og_tree_sum_begin(&sum, 1, nodes, 0);
  for (size_t i = 0; objective->parts.has_integral_cost && i < objective->all.M; i++) {
    OG_TRY(og_solve_cost(solve, i, &cost));
    *og_tree_sum_term(&sum) = fmax(fabs(cost), least);
    og_tree_sum_add(&sum, 0);
  }
  const double *total = og_tree_sum_total(&sum);
  if (total) size->terms += *total;
  return OG_OK;
}

static og_status measure_all(const measure *m, og_loss_size *size) {
  og_objective *objective = m->objective;
  og_batch *all = &objective->all;
  int kind = (int)og_options_integer(objective->options, OG_OPT_ADJOINT);
  og_solve *solve = NULL;
  *size = (og_loss_size){0};
  OG_TRY(og_objective_create_tangents(objective));
  OG_TRY(og_batch_forward(all, kind, m->theta, 0, &solve));
  if (objective->tangents.observation)
    OG_TRY(add_terms(m, objective->tangents.observation, og_batch_observed_items(all), all->row_losses,
                     all->observed, size));
  if (objective->tangents.final_cost)
    OG_TRY(add_terms(m, objective->tangents.final_cost, og_batch_final_items(all), all->final_losses,
                     all->final, size));
  return add_running_costs(objective, solve, size);
}

og_status og_objective_loss_size(og_objective *objective, const double *theta, og_loss_size *size) {
  size_t p = objective->p, n = objective->n, N = objective->all.N, M = objective->all.M,
         items = N > M ? N : M, count = 2 * p + items * (n + 1);
  double *memory = og_alloc(objective->context, count, sizeof *memory);
  if (!memory) return og_fail_memory(objective->context, count * sizeof *memory, "the size of a loss");
  measure m = {objective, theta, memory, memory + p, memory + 2 * p, memory + 2 * p + items};
  og_status status = measure_all(&m, size);
  og_free(objective->context, memory);
  return status;
}

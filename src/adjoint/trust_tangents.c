#include <string.h>

#include "adjoint/trust.h"

/* Of either sign, and of a size from 0.5 to 1.5: none is left out by chance. */
static double draw(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  double u = (double)(*state >> 11) / 9007199254740992.0;
  return u < 0.5 ? -0.5 - 2 * u : 2 * u - 0.5;
}

/* Every trajectory has the same ones, whatever is solved beside it. */
static void draw_seeds(const og_solve *solve, double *observed_bar, double *final_bar, double *cost_bar) {
  for (size_t m = 0; m < solve->count; m++) {
    const og_trajectory *at = &solve->trajectories[m];
    uint64_t state = 1;
    cost_bar[m] = draw(&state);
    for (size_t i = 0; i < solve->states; i++) final_bar[m * solve->states + i] = draw(&state);
    for (size_t i = 0; i < at->observations * solve->states; i++)
      observed_bar[at->first_observation * solve->states + i] = draw(&state);
  }
}

static double *carve(double **next, size_t count) {
  double *array = *next;
  *next += count;
  return array;
}

static og_status pull(og_solve *solve, double *memory) {
  size_t M = solve->count, n = solve->states, N = solve->observed_count;
  double *next = memory, *observed_bar = carve(&next, N * n), *final_bar = carve(&next, M * n),
         *cost_bar = carve(&next, M);
  og_pullback pullback = {.observed_bar = N ? observed_bar : NULL,
                          .final_bar = final_bar,
                          .cost_bar = solve->field->quadratures ? cost_bar : NULL};
  pullback.x0_bar = carve(&next, M * n);
  pullback.theta_bar = carve(&next, M * solve->laned);
  pullback.t0_bar = carve(&next, M);
  pullback.t1_bar = carve(&next, M);
  pullback.times_bar = carve(&next, N);
  pullback.values_bar = carve(&next, solve->signal_values);
  pullback.weights_bar = carve(&next, solve->weights);
  draw_seeds(solve, observed_bar, final_bar, cost_bar);
  return og_trusted_discrete(solve, &pullback, &solve->renewed);
}

og_status og_trust_tangents(og_solve *solve) {
  size_t M = solve->count, n = solve->states, N = solve->observed_count;
  size_t entries = N * n + 2 * M * n + M * (solve->laned + 3) + N + solve->signal_values + solve->weights;
  long long control = og_options_integer(solve->options, OG_OPT_GRADIENT_CONTROL);
  if (control != OG_CONTROL_REFINE || solve->tangents_trusted || solve->held || solve->replayed ||
      !solve->keep || solve->trajectories[0].fixed_steps || !(solve->source->flags & OG_FIELD_HAS_VJP))
    return OG_OK;
  double *memory = og_alloc(solve->context, entries, sizeof *memory);
  if (!memory) return og_fail_memory(solve->context, entries * sizeof *memory, "cotangents");
  og_status status = pull(solve, memory);
  og_free(solve->context, memory);
  solve->tangents_trusted = status == OG_OK;
  return status == OG_OK ? OG_OK : og_trail(solve->context, status, "while looking for steps for a tangent");
}

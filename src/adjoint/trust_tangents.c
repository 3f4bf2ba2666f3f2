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

static og_status pull(og_solve *solve, double *memory) {
  size_t M = solve->count, n = solve->states, N = solve->observed_count;
  double *final_bar = memory + N * n, *cost_bar = final_bar + M * n;
  og_pullback pullback = {.observed_bar = N ? memory : NULL,
                          .final_bar = final_bar,
                          .cost_bar = solve->field->quadratures ? cost_bar : NULL};
  og_results_place(solve, &pullback, M, cost_bar + M);
  draw_seeds(solve, memory, final_bar, cost_bar);
  return og_trusted_discrete(solve, &pullback, &solve->renewed);
}

og_status og_trust_tangents(og_solve *solve) {
  size_t M = solve->count, n = solve->states;
  size_t entries = solve->observed_count * n + M * n + M + og_results_entries(solve, M);
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

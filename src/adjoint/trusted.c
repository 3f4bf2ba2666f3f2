/* The discrete adjoint of a whole solve, with as much trust as the option gradient-control asks for: looks on
 * the way back, and for trajectories whose derivative is in doubt other steps, or a word. */
#include "adjoint/trust.h"

#include <float.h>
#include <stdio.h>
#include <string.h>

#include "adjoint/weights.h"
#include "solve/networks.h"

int og_is_of_the_solve(og_status status) {
  return (status >= OG_ERR_NOT_FINITE && status <= OG_ERR_FIELD) ||
         (status >= OG_ERR_ZENO && status <= OG_ERR_INDEX);
}

og_status og_discrete(og_solve *solve, og_pullback *pullback) {
  og_worker_fn worker = solve->single ? og_discrete_s : og_discrete_d;
  return solve->weights ? og_weights_in_blocks(solve, worker, pullback)
                        : og_in_parallel(solve, og_items_of(solve), worker, pullback);
}

int og_trust_tells(og_solve *solve) {
  og_told *told = solve->told;
  if (solve->role || told->held || told->coarse || told->gradient) return 0;
  return told->gradient = 1;
}

/* How many trajectories' derivatives are in doubt; which ones is put into list. */
static size_t find_doubtful(og_solve *solve, og_pullback *pullback, size_t *list) {
  size_t count = 0;
  pullback->weights_size = og_trust_largest(pullback->weights_bar, solve->weights);
  for (size_t m = 0; m < solve->count; m++)
    if (og_trust_judge(solve, pullback, m)) list[count++] = m;
  return count;
}

static og_status refuse_overflow(const og_solve *solve, size_t m) {
  const og_trust *trust = &solve->trajectories[m].trust;
  return og_fail(
      solve->context, OG_ERR_UNRESOLVED,
      "the gradient is not resolved: in trajectory %zu lambda grew beyond all numbers on its way back, "
      "with steps at t = %.10g of h = %.3g where |h| |J^T g| / |g| is %.3g; try: adaptive steps with "
      "gradient-control = refine, more steps, or a shorter span",
      m, trust->t, trust->h, trust->ratio);
}

/* When lambda has grown by more than the precision resolves, no digit of the gradient is left. */
static void warn_of_growth(og_solve *solve) {
  size_t m = 0;
  double most = 1 / (solve->single ? FLT_EPSILON : DBL_EPSILON);
  while (m < solve->count && !(solve->trajectories[m].trust.growth > most)) m++;
  if (m < solve->count && og_trust_tells(solve))
    og_log(solve->context,
           "warning: lambda grows by %.2g on its way back through trajectory %zu, so that rounding decides "
           "every digit of "
           "the gradient: the solution depends on its start beyond what numbers hold; take a shorter span",
           solve->trajectories[m].trust.growth, m);
}

/* Steps that were chosen by the caller stay. */
static og_status warn(og_solve *solve, size_t count, const size_t *doubtful) {
  size_t m = doubtful[0];
  const og_trust *trust = &solve->trajectories[m].trust;
  for (size_t i = 0; i < count; i++)
    if (solve->trajectories[doubtful[i]].tally.overflow) return refuse_overflow(solve, doubtful[i]);
  if (!og_trust_tells(solve)) return OG_OK;
  char grown[80] = "", found[160] = "they do not resolve what the cotangents of the parameters are sums of";
  if (trust->growth > 1 / DBL_EPSILON)
    snprintf(grown, sizeof grown, ", and lambda grows by %.2g on its way back", trust->growth);
  if (trust->worst > 0)
    snprintf(
        found, sizeof found,
        "at t = %.10g, h = %.3g, lambda is wrong by %.2g of its size in one step, where |h| |J^T g| / |g| "
        "is %.3g",
        trust->t, trust->h, trust->worst, trust->ratio);
  og_log(solve->context, "warning: the steps of trajectory %zu may not be good for the derivative: %s%s%s", m,
         found, grown, solve->trajectories[m].fixed_steps ? "; take more steps, or adaptive ones" : "");
  return OG_OK;
}

static int may_refine(const og_solve *solve, size_t m) {
  return og_options_integer(solve->options, OG_OPT_GRADIENT_CONTROL) == OG_CONTROL_REFINE &&
         !solve->replayed && !solve->trajectories[m].fixed_steps;
}

/* A field of networks is refined in its source form, one lane at a time where there are many weights. */
enum { WEIGHTS_IN_LANES = 4096 };

static og_status refine(og_solve *solve, og_pullback *pullback, size_t count, size_t *doubtful) {
  int lanes = solve->lanes_most, many = solve->weights > WEIGHTS_IN_LANES,
      back = og_weight_binding_leave(solve);
  if (many) solve->lanes_most = 1;
  if (back) og_tapes_free(solve);
  og_status status = og_refine(solve, pullback, count, doubtful);
  solve->lanes_most = lanes;
  og_weight_binding_return(solve, back);
  return status;
}

static size_t find_renewed(const og_solve *solve) {
  int most = 0;
  for (size_t m = 0; m < solve->count; m++)
    if (solve->trajectories[m].trust.rounds > most) most = solve->trajectories[m].trust.rounds;
  return (size_t)most;
}

/* With bound weights what is summed over trajectories is summed anew. */
static og_status sum_again(og_solve *solve, og_pullback *pullback) {
  pullback->looks = OG_LOOKS_NONE;
  memset(pullback->times_bar, 0, solve->observed_count * sizeof(double));
  memset(pullback->values_bar, 0, solve->signal_values * sizeof(double));
  for (size_t m = 0; m < solve->count; m++) solve->trajectories[m].tally.overflow = 0;
  OG_TRY(og_discrete(solve, pullback));
  pullback->looks = OG_LOOKS_SOME;
  return OG_OK;
}

og_status og_trusted_discrete(og_solve *solve, og_pullback *pullback, int *renewed) {
  og_gradient_control control =
      (og_gradient_control)og_options_integer(solve->options, OG_OPT_GRADIENT_CONTROL);
  int none = control == OG_CONTROL_NONE || solve->held;
  *renewed = 0;
  pullback->looks = none ? OG_LOOKS_NONE : OG_LOOKS_SOME;
  OG_TRY(og_discrete(solve, pullback));
  if (none) return OG_OK;
  size_t *doubtful = og_alloc(solve->context, solve->count, sizeof *doubtful);
  if (!doubtful) return og_fail_memory(solve->context, solve->count * sizeof *doubtful, "a gradient");
  size_t count = find_doubtful(solve, pullback, doubtful);
  og_status status = !count                           ? OG_OK
                     : may_refine(solve, doubtful[0]) ? refine(solve, pullback, count, doubtful)
                                                      : warn(solve, count, doubtful);
  og_free(solve->context, doubtful);
  if (status == OG_OK) warn_of_growth(solve);
  size_t rounds = status == OG_OK && count ? find_renewed(solve) : 0;
  *renewed = rounds > 0;
  atomic_store(&solve->stats[OG_STAT_REFINEMENTS], (long long)rounds);
  return rounds && solve->weights ? sum_again(solve, pullback) : status;
}

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
  og_results_lay_out(solve, &pullback, M, cost_bar + M);
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

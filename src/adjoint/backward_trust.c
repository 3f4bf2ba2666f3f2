/* How far the results of a backward solve can be trusted, and what is done where that is not enough. Its step
 * control looks at lambda, to tolerances that are relative to lambda or absolute. What it does not look at: a
 * parameter integral that is left out, and a lambda that has decayed below the absolute tolerance but is all
 * there is. */
#include <math.h>
#include <string.h>

#include "adjoint/backward.h"
#include "adjoint/trust.h"
#include "solve/memory/checkpoints.h"

/* Results of all trajectories, in memory of their own. */
typedef struct results {
  og_pullback pullback;
  double *memory;
  size_t entries;
} results;

static og_status open_results(const og_solve *solve, const og_pullback *like, results *r) {
  r->entries = og_results_entries(solve, solve->count);
  r->memory = og_alloc(solve->context, r->entries, sizeof(double));
  if (!r->memory) return og_fail_memory(solve->context, r->entries * sizeof(double), "a gradient");
  r->pullback = *like;
  og_results_lay_out(solve, &r->pullback, solve->count, r->memory);
  return OG_OK;
}

/* Doubtful trajectories' results by other settings in place of those that are there. */
static og_status again(og_solve *solve, og_pullback *pullback, og_backward_fn kind, og_backward_how how,
                       const unsigned char *doubtful) {
  results other;
  OG_TRY(open_results(solve, pullback, &other));
  og_status status = kind(solve, &other.pullback, how);
  for (size_t m = 0; m < solve->count && status == OG_OK; m++)
    if (doubtful[m]) og_results_take(solve, m, &other.pullback, m, pullback);
  og_free(solve->context, other.memory);
  return status;
}

static og_gradient_control control_of(const og_solve *solve) {
  return (og_gradient_control)og_options_integer(solve->options, OG_OPT_GRADIENT_CONTROL);
}

static og_backward_how plain(const og_solve *solve) {
  return (og_backward_how){(og_norm)og_options_integer(solve->options, OG_OPT_ADJOINT_NORM), 1};
}

/* Steps that were given are not narrowed. */
static int refines(const og_solve *solve) {
  return control_of(solve) == OG_CONTROL_REFINE && !solve->trajectories[0].fixed_steps && !solve->replayed;
}

/* ---- Beside the discrete adjoint ---- */

/* In tolerances: how far apart two gradients are taken to agree, and how far two that are right may be,
 * because both have the errors of the forward solve; and tolerances of the attempts. */
static const double APART = 50, BOTH = 150;
/* What rounding may leave where a problem amplifies it, whatever the tolerance. */
static const double ROUNDING = 1e-6;
/* Of the parts that a cotangent of parameters is the sum of, where they cancel. */
static const double CANCELLED = 0.01;
static const og_backward_how attempts[] = {{OG_NORM_FULL, 1e-2}, {OG_NORM_FULL, 1e-4}};

static double apart(const double *a, const double *b, size_t count, double *size) {
  double most = 0;
  for (size_t i = 0; i < count; i++) {
    double one = fabs(a[i] - b[i]);
    most = one <= most ? most : one;
    *size = fmax(*size, fabs(b[i]));
  }
  return most;
}

/* Nonzero: they are farther apart than allowed, in tolerances. */
static int compare(og_solve *solve, size_t m, const og_pullback *found, const og_pullback *reference,
                   double allowed) {
  og_trajectory *at = &solve->trajectories[m];
  size_t n = solve->states, p = solve->parameters;
  double largest = 0, loss = 0, tolerance = og_trust_tolerance(solve, m), initial_size, theta_size;
  og_trust_seeds(solve, found, m, &largest, &loss);
  initial_size = tolerance * largest;
  theta_size = CANCELLED * at->tally.theta_largest;
  double initial = apart(found->x0_bar + m * n, reference->x0_bar + m * n, n, &initial_size);
  double theta = apart(found->theta_bar + m * p, reference->theta_bar + m * p, p, &theta_size);
  double share = fmax(allowed * tolerance, allowed == BOTH ? ROUNDING : 0);
  at->trust.initial = fmax(initial, tolerance * initial_size);
  at->trust.parameters = fmax(theta, tolerance * theta_size);
  return !(initial <= share * initial_size) || !(theta <= share * theta_size);
}

static size_t find_doubtful(og_solve *solve, const og_pullback *found, const og_pullback *reference,
                            double allowed, unsigned char *doubtful) {
  size_t count = 0;
  for (size_t m = 0; m < solve->count; m++) {
    if (doubtful[m]) doubtful[m] = compare(solve, m, found, reference, allowed) != 0;
    count += doubtful[m];
  }
  return count;
}

static og_status refuse(const og_solve *solve, const unsigned char *doubtful) {
  size_t m = 0;
  while (!doubtful[m]) m++;
  return og_fail(
      solve->context, OG_ERR_UNRESOLVED,
      "the gradient is not resolved: by adjoint = %s that of trajectory %zu goes on changing with the "
      "tolerances of the backward solve, or differs from the discrete one, which is known; "
      "try: adjoint = discrete, or a tighter rtol and atol",
      og_options_choice_name(solve->options, OG_OPT_ADJOINT), m);
}

static og_status settle(og_solve *solve, og_pullback *pullback, og_backward_fn kind,
                        const og_pullback *reference, unsigned char *doubtful) {
  size_t count = find_doubtful(solve, pullback, reference, APART, doubtful), attempt = 0;
  for (; count && attempt < sizeof attempts / sizeof *attempts; attempt++) {
    og_status status = again(solve, pullback, kind, attempts[attempt], doubtful);
    if (status == OG_ERR_BUDGET || og_is_of_the_solve(status)) break; /* it may be good enough as it is */
    OG_TRY(status);
    count = find_doubtful(solve, pullback, reference, APART, doubtful);
  }
  if ((long long)attempt > atomic_load(&solve->stats[OG_STAT_REFINEMENTS]))
    atomic_store(&solve->stats[OG_STAT_REFINEMENTS], (long long)attempt);
  return count && find_doubtful(solve, pullback, reference, BOTH, doubtful) ? refuse(solve, doubtful) : OG_OK;
}

/* Where the discrete adjoint is refused (the method is explicit, the problem stiff) the backward solve is
 * held against itself by tighter tolerances, and these against yet tighter ones. */
static og_status settle_alone(og_solve *solve, og_pullback *pullback, og_backward_fn kind, results *reference,
                              unsigned char *doubtful) {
  size_t most = sizeof attempts / sizeof *attempts;
  for (size_t attempt = 0; attempt < most; attempt++) {
    memset(reference->memory, 0, reference->entries * sizeof(double));
    OG_TRY(kind(solve, &reference->pullback, attempts[attempt]));
    if (!find_doubtful(solve, pullback, &reference->pullback, APART, doubtful)) return OG_OK;
    if (attempt + 1 == most && find_doubtful(solve, pullback, &reference->pullback, BOTH, doubtful))
      return refuse(solve, doubtful);
    for (size_t m = 0; m < solve->count; m++)
      if (doubtful[m]) og_results_take(solve, m, &reference->pullback, m, pullback);
  }
  return OG_OK;
}

og_status og_backward_trusted(og_solve *solve, og_pullback *pullback, og_backward_fn kind) {
  results reference;
  OG_TRY(kind(solve, pullback, plain(solve)));
  if (!refines(solve)) return OG_OK;
  OG_TRY(open_results(solve, pullback, &reference));
  unsigned char *doubtful = og_alloc(solve->context, solve->count, 1);
  og_status status = doubtful ? OG_OK : og_fail_memory(solve->context, solve->count, "a gradient");
  if (doubtful) memset(doubtful, 1, solve->count);
  if (status == OG_OK) status = settle_alone(solve, pullback, kind, &reference, doubtful);
  og_free(solve->context, doubtful);
  og_free(solve->context, reference.memory);
  return status;
}

/* The discrete adjoint goes back over checkpoints, of which some may be lost; windows need all of them. */
static og_status make_whole(og_solve *solve) {
  if (!solve->checkpoints || og_checkpoints_all(solve)) return OG_OK;
  return og_solve_rerun(solve);
}

static og_status beside(og_solve *solve, og_pullback *pullback, og_backward_fn kind, results *reference,
                        unsigned char *doubtful) {
  memset(doubtful, 1, solve->count);
  og_status known = og_trusted_discrete(solve, &reference->pullback, &solve->renewed);
  if (known != OG_OK && !og_is_of_the_solve(known)) return known;
  OG_TRY(make_whole(solve));
  OG_TRY(kind(solve, pullback, plain(solve)));
  if (known == OG_OK) return settle(solve, pullback, kind, &reference->pullback, doubtful);
  return settle_alone(solve, pullback, kind, reference, doubtful);
}

og_status og_backward_checked(og_solve *solve, og_pullback *pullback, og_backward_fn kind) {
  results reference;
  if (!refines(solve)) return kind(solve, pullback, plain(solve));
  OG_TRY(open_results(solve, pullback, &reference));
  unsigned char *doubtful = og_alloc(solve->context, solve->count, 1);
  og_status status = doubtful ? beside(solve, pullback, kind, &reference, doubtful)
                              : og_fail_memory(solve->context, solve->count, "a gradient");
  og_free(solve->context, doubtful);
  og_free(solve->context, reference.memory);
  return status;
}

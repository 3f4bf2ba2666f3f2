/* Steps for derivatives that those of the tolerances are not good for (goal-oriented refinement: Becker &
 * Rannacher, Acta Numerica 10, 2001).
 *
 * A few trajectories at a time are solved again and again, with ceilings on their steps, and every step is
 * looked at on the way back. Where steps are unstable, ceilings that keep them stable come first: nothing
 * else that such a way back says means anything. Where steps do not resolve what the derivative depends on,
 * ceilings follow from the estimates. Where looks at all steps take the doubt of a few samples away, the
 * first gradient is kept. Else, when the estimates say that steps are good, or for the first time, all steps
 * are cut: the gradient is known when that changes it by no more than the tolerance allows. If that holds for
 * the steps of the first solve, they were good, and the first gradient is kept. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "adjoint/trust.h"
#include "solve/memory/checkpoints.h"

enum { AT_A_TIME = OG_LANES_MAX, ROUNDS_MOST = 20, STABLE_ROUNDS = 8 };
/* In tolerances: what a step may do to the derivative at first; how far it may miss that; what cutting all
 * steps may change; from where on the gradient is refused and not only known less well. */
static const double TARGET = 10, MISS = 5, AGREE = 30, CONFIRM = 100, REFUSE = 100;
/* Whatever the tolerance: what rounding may leave where a problem amplifies it, and what is no gradient. */
static const double REFUSE_LEAST = 1e-4, REFUSE_MOST = 0.1;
/* Cutting steps should lower the change, of a method of order 2 to 0.38. */
static const double STAYS = 0.7, FALLEN = 0.8;
/* Ceilings that make no more steps than this change nothing. */
static const double STUCK = 1.15;
/* From here on disturbances have grown so far that the loss hardly depends on where it began. */
static const double GROWN = 1e8;
/* Of the parts that a cotangent of parameters is the sum of, where they cancel. */
static const double CANCELLED = 0.1;

typedef enum og_action { ACT_LOOK, ACT_STABLE, ACT_RESOLVE, ACT_CUT } og_action;

/* One trajectory. Values are x0_bar, theta_bar, t0_bar and t1_bar. */
typedef struct og_refined {
  size_t m, place; /* place: among the doubtful */
  og_action action;
  size_t steps;  /* in the round before */
  int own_steps; /* the gradient before is that of the tolerances' steps */
  int agreed;    /* so many cuts in a row have changed little */
  double worst;  /* of a step, in the round before */
  int settled;   /* cutting steps changes it no less than it did before, though they are good: rounding */
  double target, change, change_before; /* change: by the last cut, in the worse kind */
  double *now, *before;
} og_refined;

typedef struct og_group {
  og_solve *solve;
  const og_pullback *pullback; /* the caller's */
  og_pullback trial;           /* of those that are not known yet, in their order */
  size_t values, count;        /* count: not known yet */
  size_t trial_entries;        /* of all results of the trial */
  size_t restored;             /* those whose own steps were good */
  size_t restore[AT_A_TIME];
  size_t selected[AT_A_TIME];
  og_refined refined[AT_A_TIME];
  int rounds;
  double *memory;
} og_group;

/* ---- Opening ---- */

static size_t values_of(const og_solve *solve) { return solve->states + solve->parameters + 2; }

static og_status open_group(og_group *g, og_solve *solve, const og_pullback *pullback, size_t count,
                            const size_t *doubtful) {
  size_t per = values_of(solve), entries = og_results_entries(solve, count);
  *g = (og_group){.solve = solve, .pullback = pullback, .values = per, .count = count};
  g->memory = og_alloc(solve->context, 2 * count * per + entries, sizeof(double));
  if (!g->memory)
    return og_fail_memory(solve->context, (2 * count * per + entries) * sizeof(double), "a gradient");
  g->trial = *pullback;
  g->trial.looks = OG_LOOKS_ALL;
  g->trial_entries = entries;
  og_results_lay_out(solve, &g->trial, count, g->memory + 2 * count * per);
  for (size_t i = 0; i < count; i++) {
    og_refined *r = &g->refined[i];
    *r = (og_refined){.m = doubtful[i], .own_steps = 1, .change = INFINITY, .change_before = INFINITY};
    r->now = g->memory + 2 * i * per;
    r->before = r->now + per;
    r->target = TARGET * og_trust_tolerance(solve, r->m);
  }
  return OG_OK;
}

static og_status open_pacing(og_solve *solve, size_t m) {
  og_trajectory *at = &solve->trajectories[m];
  if (!at->pacing) at->pacing = og_alloc(solve->context, 1, sizeof *at->pacing);
  if (!at->pacing) return og_fail_memory(solve->context, sizeof *at->pacing, "ceilings of steps");
  og_ceilings *lists[] = {&at->pacing->stable, &at->pacing->resolved, &at->pacing->next_stable,
                          &at->pacing->next_resolved, &at->pacing->next_cut};
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
    if (og_ceilings_reserve(solve->context, lists[i], OG_CEILINGS) != OG_OK)
      return og_fail_memory(solve->context, OG_CEILINGS * sizeof(og_ceiling), "ceilings of steps");
  solve->paced = 1;
  return OG_OK;
}

/* ---- One round ---- */

static void begin_lists(og_pacing *pacing, double target) {
  pacing->next_stable.count = pacing->next_resolved.count = pacing->next_cut.count = 0;
  pacing->target = target;
  pacing->worst = 0;
  pacing->unstable = 0;
}

/* All of them, for results are added to; those of trajectories that have left the group lie among them. */
static void clear_trial(og_group *g) { memset(g->trial.x0_bar, 0, g->trial_entries * sizeof(double)); }

static void select_left(og_group *g) {
  for (size_t i = 0; i < g->count; i++) g->selected[i] = g->refined[i].m;
  g->solve->selected = g->selected;
  g->solve->selected_count = g->count;
}

static og_status look_back(og_group *g) {
  for (size_t i = 0; i < g->count; i++)
    begin_lists(g->solve->trajectories[g->refined[i].m].pacing, g->refined[i].target);
  clear_trial(g);
  OG_TRY(og_discrete(g->solve, &g->trial));
  for (size_t i = 0; i < g->count; i++) {
    og_pacing *pacing = g->solve->trajectories[g->refined[i].m].pacing;
    const og_tally *tally = &g->solve->trajectories[g->refined[i].m].tally;
    pacing->theta = tally->theta_largest;
    pacing->flow = tally->moved_flow;
    pacing->segment = tally->moved_segment;
    og_ceilings_turn(&pacing->next_stable);
    og_ceilings_turn(&pacing->next_resolved);
    og_ceilings_turn(&pacing->next_cut);
  }
  return OG_OK;
}

/* ---- What changed ---- */

static double change_of(const double *now, const double *before, size_t count, double size) {
  double change = 0;
  for (size_t i = 0; i < count; i++) {
    double one = fabs(now[i] - before[i]);
    change = one <= change ? change : one;
    size = fmax(size, fmax(fabs(now[i]), fabs(before[i])));
  }
  return change > 0 ? change / size : change;
}

static void gather(const og_group *g, size_t i, double *values) {
  size_t n = g->solve->states, p = g->solve->parameters;
  memcpy(values, g->trial.x0_bar + i * n, n * sizeof *values);
  if (p) memcpy(values + n, g->trial.theta_bar + i * p, p * sizeof *values);
  values[n + p] = g->trial.t0_bar[i];
  values[n + p + 1] = g->trial.t1_bar[i];
}

/* By how much cutting the steps changed the gradient. Of cotangents of initial states that have decayed below
 * the tolerance of the largest that was put in nothing is wanted. */
static void measure(const og_group *g, og_refined *r) {
  const og_solve *solve = g->solve;
  og_trajectory *at = &g->solve->trajectories[r->m];
  size_t n = solve->states, p = solve->parameters;
  double largest = 0, loss = 0, tolerance = og_trust_tolerance(solve, r->m);
  double cancelled = CANCELLED * at->tally.theta_largest;
  og_trust_seeds(solve, g->pullback, r->m, &largest, &loss);
  double initial = change_of(r->now, r->before, n, tolerance * largest);
  double parameters = change_of(r->now + n, r->before + n, p, cancelled);
  r->change = initial >= 0 && parameters >= 0 ? fmax(initial, parameters) : INFINITY;
  double initial_size = og_trust_largest(r->now, n);
  at->trust.initial = change_of(r->now, r->before, n, initial_size) * initial_size + tolerance * initial_size;
  at->trust.parameters = fmax(parameters, tolerance) * fmax(og_trust_largest(r->now + n, p), cancelled);
}

/* ---- What comes next ---- */

static void swap(og_ceilings *a, og_ceilings *b) {
  og_ceilings old = *a;
  *a = *b;
  *b = old;
}

static void install(og_pacing *pacing, og_action action) {
  swap(&pacing->stable, &pacing->next_stable);
  if (action == ACT_STABLE) pacing->resolved.count = 0;
  if (action == ACT_RESOLVE) swap(&pacing->resolved, &pacing->next_resolved);
  if (action == ACT_CUT) swap(&pacing->resolved, &pacing->next_cut);
}

static og_action next_action(const og_group *g, const og_refined *r, const og_trajectory *at) {
  if (at->pacing->unstable && (g->rounds < STABLE_ROUNDS || at->tally.overflow)) return ACT_STABLE;
  if (at->tally.overflow) return ACT_RESOLVE;
  if (g->rounds == 0 || at->pacing->worst <= MISS * r->target) return ACT_CUT;
  if (r->agreed == 1 && (og_implicit_steps(g->solve, at) > 0 || at->pacing->worst <= FALLEN * r->worst))
    return ACT_CUT;
  /* What steps near the border of stability leave of a decayed lambda moves on when one of them is narrowed.
   */
  int stuck = r->action == ACT_RESOLVE && (double)at->steps < STUCK * (double)r->steps;
  return stuck ? ACT_CUT : ACT_RESOLVE;
}

/* Two gradients may agree by chance, or because a step that is wrong was not cut: where the estimates do not
 * say that steps are good, they must at least have fallen with the cut, and two cuts must agree. Implicit
 * methods damp what they do not resolve, and the more the wider they step, so that their estimates may rise.
 */
static int is_confirmed(const og_group *g, const og_refined *r, const og_trajectory *at) {
  double sum = at->tally.lambda[OG_LOOK_SIGN], tolerance = og_trust_tolerance(g->solve, r->m);
  int fallen = at->pacing->worst <= fmax(FALLEN * r->worst, MISS * r->target);
  return (fallen || og_implicit_steps(g->solve, at) > 0) && (r->agreed > 1 || sum <= CONFIRM * tolerance);
}

/* What cutting steps may change for the gradient to be an answer at all. */
static double most_change(const og_solve *solve, size_t m) {
  return fmin(fmax(REFUSE * og_trust_tolerance(solve, m), REFUSE_LEAST), REFUSE_MOST);
}

/* Nonzero: the trajectory's gradient is known, or as well as it can be. */
static int decide(og_group *g, size_t i) {
  og_refined *r = &g->refined[i];
  og_trajectory *at = &g->solve->trajectories[r->m];
  gather(g, i, r->now);
  int doubtful = og_trust_judge(g->solve, &g->trial, i);
  /* The doubt came from a few samples, and a look at all steps takes it away. */
  if (g->rounds == 0 && !doubtful) return 1;
  int was_cut = r->action == ACT_CUT && !at->tally.overflow;
  if (was_cut) measure(g, r);
  r->agreed = was_cut && r->change <= AGREE * og_trust_tolerance(g->solve, r->m) ? r->agreed + 1 : 0;
  if (r->agreed && is_confirmed(g, r, at)) return 1;
  og_action next = next_action(g, r, at);
  r->settled = was_cut && next == ACT_CUT && r->change > STAYS * r->change_before;
  if (r->settled && r->change <= most_change(g->solve, r->m)) return 1;
  if (was_cut) r->change_before = r->change;
  if (was_cut && next == ACT_CUT) r->target /= 10;
  if (next == ACT_CUT) memcpy(r->before, r->now, g->values * sizeof *r->now);
  if (next != ACT_CUT || (g->rounds > 0 && !r->agreed)) r->own_steps = 0;
  install(at->pacing, next);
  r->steps = at->steps;
  r->worst = at->pacing->worst;
  r->action = next;
  return 0;
}

/* ---- Results ---- */

/* Bound weights have no cotangent for each trajectory: the caller goes back through all of them once more. */
static void hand_over(const og_group *g, size_t i) {
  og_pullback to = *g->pullback;
  if (g->solve->bound) to.theta_bar = NULL;
  og_results_take(g->solve, g->refined[i].m, &g->trial, i, &to);
}

static void warn(const og_group *g, const og_refined *r) {
  if (!og_trust_tells(g->solve)) return;
  og_log(g->solve->context,
         "warning: the gradient of trajectory %zu is known to %.2g of its size, not to the tolerance: "
         "narrower steps "
         "go on changing it by as much",
         r->m, r->change);
}

/* Under a budget the ceilings in force may take a part of what is beyond the least, as lists of events do. */
static og_status count_ceilings(const og_solve *solve) {
  size_t bytes = 0, least = 2 * OG_CEILINGS * sizeof(og_ceiling);
  if (!solve->checkpoints || !solve->limits.budget) return OG_OK;
  for (size_t m = 0; m < solve->count; m++)
    if (solve->trajectories[m].pacing) bytes += og_pacing_bytes(solve->trajectories[m].pacing);
  if (bytes <= least + solve->checkpoints->budget.ceilings) return OG_OK;
  return og_fail(
      solve->context, OG_ERR_BUDGET,
      "the ceilings of steps that are narrowed for the derivative take more than their share of the memory "
      "budget of %zu bytes: raise the budget",
      solve->limits.budget);
}

/* The trajectory is known, and leaves the group. */
static og_status settle(og_group *g, size_t i) {
  const og_refined *r = &g->refined[i];
  og_trajectory *at = &g->solve->trajectories[r->m];
  at->trust.rounds = r->own_steps ? 0 : g->rounds;
  if (g->rounds == 0) { /* its steps were not changed */
    og_pacing_free(g->solve->context, &at->pacing);
    return OG_OK;
  }
  if (r->change > AGREE * og_trust_tolerance(g->solve, r->m)) warn(g, r);
  if (r->own_steps)
    g->restore[g->restored++] = r->m;
  else
    hand_over(g, i);
  if (og_pacing_close(g->solve->context, at->pacing) == OG_OK) return count_ceilings(g->solve);
  return og_fail_memory(g->solve->context, at->pacing->resolved.count * sizeof(og_ceiling),
                        "ceilings of steps");
}

static og_status leave_known(og_group *g, const int *known) {
  size_t left = 0, count = g->count;
  for (size_t i = 0; i < count; i++) {
    if (known[i])
      OG_TRY(settle(g, i));
    else
      g->refined[left++] = g->refined[i];
  }
  g->count = left;
  return OG_OK;
}

/* Steps of the tolerances alone again. */
static og_status give_back(og_solve *solve, size_t count, size_t *list) {
  for (size_t i = 0; i < count; i++) og_pacing_free(solve->context, &solve->trajectories[list[i]].pacing);
  solve->selected = list;
  solve->selected_count = count;
  return count ? og_solve_rerun(solve) : OG_OK;
}

/* ---- Refusing ---- */

static og_status refuse(const og_group *g, const og_refined *r, og_status cause) {
  const og_solve *solve = g->solve;
  const og_trajectory *at = &solve->trajectories[r->m];
  const og_trust *trust = &at->trust;
  char text[OG_TRAJECTORY_NAME_SIZE], found[160] = "";
  const char *name = og_trajectory_name(solve, r->m, text), *advice;
  if (r->change < INFINITY)
    snprintf(found, sizeof found, "; the last narrowing changed the gradient by %.2g of its size", r->change);
  if (cause != OG_OK)
    snprintf(found, sizeof found, "; steps narrow enough for it cannot be taken (%s)", og_status_text(cause));
  if (cause == OG_ERR_TOO_MANY_STEPS && !(trust->ratio > at->tally.reach / 2))
    advice = "raise max-steps, or shorten the span";
  else if (trust->ratio > at->tally.reach / 2)
    advice = "the problem is stiff there, which wants an implicit method (method = auto or rodas5p); else "
             "raise max-steps, or "
             "shorten the span";
  else if (trust->loss > 0.1 || trust->growth > GROWN)
    advice = "the solution itself is not known that far: a tighter rtol and atol, or a shorter span";
  else
    advice =
        "a tighter rtol and atol, a max-step, or, where the right-hand side is not smooth, an event there";
  return og_fail(
      solve->context, OG_ERR_UNRESOLVED,
      "the gradient is not resolved: trajectory %zu%s%s%s has steps of %s that are good for its "
      "solution and not for its derivative, the worst at t = %.10g with h = %.3g, where lambda is wrong "
      "by %.2g of its size and |h| |J^T g| / |g| is %.3g; they were narrowed %d time%s%s; try: %s",
      r->m, name ? " (" : "", name ? name : "", name ? ")" : "", solve->stepper.name, trust->t, trust->h,
      trust->worst, trust->ratio, g->rounds, g->rounds == 1 ? "" : "s", found, advice);
}

/* What is not known as well as wanted after the last round is still an answer where it is not far off. */
static og_status accept_or_refuse(og_group *g) {
  int known[AT_A_TIME];
  for (size_t i = 0; i < g->count; i++) {
    og_refined *r = &g->refined[i];
    if (!(r->change <= most_change(g->solve, r->m))) return refuse(g, r, OG_OK);
    r->own_steps = 0;
    known[i] = 1;
  }
  return leave_known(g, known);
}

/* ---- All rounds ---- */

static const og_refined *failed_of(const og_group *g) {
  for (size_t i = 0; i < g->count; i++)
    if (g->refined[i].m == g->solve->failed) return &g->refined[i];
  return &g->refined[0];
}

static og_status one_round(og_group *g) {
  int known[AT_A_TIME];
  select_left(g);
  if (g->rounds > 0) {
    og_status status = og_solve_rerun(g->solve);
    if (status != OG_OK) return og_is_of_the_solve(status) ? refuse(g, failed_of(g), status) : status;
  }
  OG_TRY(look_back(g));
  for (size_t i = 0; i < g->count; i++) known[i] = decide(g, i);
  return leave_known(g, known);
}

static og_status refine_group(og_group *g) {
  og_solve *solve = g->solve;
  for (size_t i = 0; i < g->count; i++) OG_TRY(open_pacing(solve, g->refined[i].m));
  for (; g->rounds < ROUNDS_MOST && g->count; g->rounds++) OG_TRY(one_round(g));
  if (g->count) OG_TRY(accept_or_refuse(g));
  return give_back(solve, g->restored, g->restore);
}

og_status og_refine(og_solve *solve, og_pullback *pullback, size_t count, size_t *doubtful) {
  og_status status = OG_OK;
  size_t step = solve->limits.budget ? 1 : AT_A_TIME;
  for (size_t begin = 0; begin < count && status == OG_OK; begin += step) {
    og_group g;
    size_t now = count - begin < step ? count - begin : step;
    status = open_group(&g, solve, pullback, now, doubtful + begin);
    if (status == OG_OK) status = refine_group(&g);
    og_free(solve->context, g.memory);
  }
  /* Solving as before cannot fail for another reason than memory, so the message stays the refusal's. */
  if (status != OG_OK) give_back(solve, count, doubtful);
  solve->selected = NULL;
  return status;
}

/* The words for a trajectory that stopped: what happened, where, and what to try. */
#include <math.h>
#include <string.h>

#include "field/states.h"

#include "solve/events/guards.h"

typedef struct cause_text {
  og_status status;
  const char *what, *advice;
} cause_text;

static const cause_text causes[] = {
    {OG_ERR_NOT_FINITE, "the right-hand side or the state became NaN or infinite",
     "check the model there (log or sqrt of a negative number, division by zero), its parameters and initial "
     "state"},
    {OG_ERR_BLOW_UP, "the solution grows without bound",
     "end the span earlier, or check signs and parameters; with fixed steps, take more of them"},
    {OG_ERR_STEP_UNDERFLOW, "the step size became too small to advance t",
     "the right-hand side may jump or be singular there; loosen rtol and atol, or smooth the jump"},
    {OG_ERR_TOO_MANY_STEPS, "the limit of steps was reached",
     "raise max-steps, loosen rtol and atol, or use a method of higher order such as dop853"},
    {OG_ERR_STIFF,
     "the problem is stiff, and the method is explicit: its steps are limited by stability, not accuracy",
     "method = auto, which changes to an implicit method, or one of those: rodas5p, esdirk54 (where the "
     "field "
     "has no second derivatives), radau5 (at tight tolerances)"},
    {OG_ERR_FIELD, "a callback of the field returned a negative number, which means stop",
     "see what the callback refuses there"},
    {OG_ERR_ZENO,
     "events accumulate: they come again and again without the time going on, or more often than max-events",
     "end the span earlier, or with a terminal event; let the event come to rest (a jump that makes the next "
     "one impossible); if the events are real, raise max-events"},
    {OG_ERR_GRAZING, "a recorded event is not there when the steps are replayed",
     "call og_solve_run: the settings are too far from those of the run"},
    {OG_ERR_INCONSISTENT,
     "the algebraic equations have no solution that Newton's method finds from the guess",
     "another guess for the algebraic states (their initial values), or see whether the equations can hold "
     "with these parameters and inputs"},
    {OG_ERR_INDEX,
     "algebraic equations do not determine the algebraic states: the index of the problem is above 1",
     "differentiate the equations that are named by time until the states that are named stand in them, or "
     "choose other states (a pendulum's angle in place of its coordinates); where the equations do determine "
     "them elsewhere, start there"},
    {OG_ERR_NOT_STEADY, "the right-hand side has not fallen to the tolerance of the option steady at the end",
     "a longer span, a larger tolerance, or see whether the solution is periodic"},
};

/* The same statuses in a backward pass, or in that of a tangent. */
static const cause_text derivative_causes[] = {
    {OG_ERR_UNSUPPORTED,
     "steps that were computed again from a checkpoint differ from those of the first pass",
     "give a right-hand side that depends on t, x and theta alone, or keep the states of all steps (memory = "
     "0)"},
    {OG_ERR_NOT_FINITE, "the derivative became NaN or infinite, though the solution is finite",
     "see what the model's derivative does there (sqrt or norm2 at 0, abs or a power at 0, division by "
     "zero), or "
     "what the vjp or jvp callback returns"},
    {OG_ERR_TOO_MANY_STEPS, "the integral of lambda^T df/dtheta (adjoint = quadrature) does not converge",
     "loosen rtol and atol, smooth what the model's derivative by its parameters does there, or use adjoint "
     "= "
     "interpolate or discrete"},
    {OG_ERR_FIELD, "a vjp or jvp callback did not return 0", "see what the callback refuses there"},
    {OG_ERR_GRAZING,
     "an event's guard touches zero or jumps over it there without passing it at any speed, so that its time "
     "has no "
     "derivative",
     "move parameters or initial state, so that the event is either crossed or missed; let a guard that "
     "jumps "
     "pass zero, as x - 0.5 for where(x > 0.5, 1, -1)"},
};

/* And at an event. */
static const cause_text event_causes[] = {
    {OG_ERR_NOT_FINITE, "an event's guard, or the state after its jump, became NaN or infinite",
     "check both; a guard is looked at over whole steps, so it must have a value beyond zero too"},
    {OG_ERR_FIELD, "a guard's or jump's callback did not return 0", "see what the callback refuses there"},
    {OG_ERR_GUARD_UNRESOLVED,
     "an event's guard changes faster than it can be followed: in the step there, samples at some 10^-5 of "
     "the "
     "step do not show what it does",
     "max-step, so that a step sees fewer changes of the guard, or more event-samples; a guard that is "
     "random "
     "or nothing but rounding errors cannot be watched"},
};

static const cause_text refusal = {
    OG_ERR_FIELD,
    "a callback of the field went on returning a positive number, which asks for a smaller step",
    "see what the callback refuses there; fixed steps cannot be made smaller"};

/* Where an option kept steps from becoming smaller. */
static const cause_text held = {OG_ERR_STEP_UNDERFLOW,
                                "the step size became too small: the tolerances ask for one below min-step",
                                "a smaller min-step (0: as small as t allows), or looser rtol and atol"};

/* A step is kept as its part of the span, and numbers end near 1e-308. */
static const cause_text beside_span = {OG_ERR_STEP_UNDERFLOW,
                                       "the step size became too small a part of the span",
                                       "end the span earlier: steps below 1e-300 of it are not taken"};

/* In the order of these. */
enum { SINGULAR, FIXED_PIVOTS, NOT_CONVERGED, NOT_SOLVED };
static const cause_text unsolved[] = {
    {OG_ERR_FIELD,
     "the matrix of the implicit method's equations, M / (h gamma) - df/dx, is singular or not finite, "
     "whatever "
     "the step size",
     "check the model there: df/dx may be infinite (sqrt or a power at 0), or an algebraic equation may not "
     "depend on the algebraic states any more"},
    {OG_ERR_FIELD,
     "the matrix of the implicit method's equations, M / (h gamma) - df/dx, cannot be factored in a fixed "
     "order, "
     "whatever the step size: it is singular or not finite, or rows would have to be exchanged",
     "linear-solver = klu, or dense, which exchange rows; or check the model there: df/dx may be infinite "
     "(sqrt or a "
     "power at 0), or an algebraic equation may not depend on the algebraic states any more"},
    {OG_ERR_FIELD,
     "the iteration for the implicit method's equations does not converge, whatever the step size",
     "rodas5p, which iterates nothing; the right-hand side may jump there: an event, or a smoother form"},
    {OG_ERR_FIELD, "GMRES does not solve the linear equations of the implicit method",
     "linear-solver = sparse, where the factors fit into memory; a better preconditioner "
     "(og_field_set_preconditioner); or smaller steps (max-step, rtol), whose equations are easier"}};

static int is_beside_span(const og_solve *solve, const og_failure *failure) {
  const og_trajectory *at = &solve->trajectories[failure->trajectory];
  double span = fabs(at->t1 - at->t0), h = fabs(failure->h);
  return failure->status == OG_ERR_STEP_UNDERFLOW && h > 1e-6 * fabs(failure->t) && h < 1e-299 * span;
}

static const cause_text *find(const cause_text *table, size_t count, og_status status) {
  for (size_t i = 0; i < count; i++)
    if (table[i].status == status) return &table[i];
  return NULL;
}

/* Small systems are factored with rows exchanged where that is needed. */
static int has_fixed_pivots(const og_solve *solve) {
  const char *solver = og_solve_linear_solver(solve);
  return solver && (strcmp(solver, "sparse") == 0 || strcmp(solver, "band") == 0) &&
         solve->n > OG_EXCHANGED_MOST;
}

static const cause_text *text_of(const og_solve *solve, const og_failure *failure) {
  const cause_text *text = NULL;
  int refused = failure->status == OG_ERR_FIELD && !failure->event ? failure->refused : 0;
  if (refused == OG_LANE_SINGULAR) return &unsolved[has_fixed_pivots(solve) ? FIXED_PIVOTS : SINGULAR];
  if (refused == OG_LANE_NOT_CONVERGED) return &unsolved[NOT_CONVERGED];
  if (refused == OG_LANE_NOT_SOLVED) return &unsolved[NOT_SOLVED];
  if (refused) return &refusal;
  if (failure->least > 0 && failure->status == OG_ERR_STEP_UNDERFLOW && !failure->derivative) return &held;
  if (is_beside_span(solve, failure)) return &beside_span;
  if (failure->derivative)
    text = find(derivative_causes, sizeof derivative_causes / sizeof *causes, failure->status);
  else if (failure->event)
    text = find(event_causes, sizeof event_causes / sizeof *causes, failure->status);
  if (!text) text = find(causes, sizeof causes / sizeof *causes, failure->status);
  return text ? text : causes;
}

static void trail_event(const og_solve *solve, const og_failure *failure) {
  const char *name = og_guard_about(solve, failure->event - 1).name;
  og_trail(solve->context, failure->status, "at event %zu%s%s%s", failure->event - 1, name ? " (" : "",
           name ? name : "", name ? ")" : "");
}

/* Which equation it was, and what the options that bound steps have to do with it. */
static void trail_step(const og_solve *solve, const og_failure *failure) {
  char text[OG_ROW_NAME_SIZE];
  if (failure->row && !solve->role)
    og_trail(solve->context, failure->status, "the equation that gave it: that of %s",
             og_row_name(solve->source, failure->row - 1, text));
  if (failure->least > 0 && failure->status != OG_ERR_TOO_MANY_STEPS)
    og_trail(solve->context, failure->status, "min-step = %g: smaller steps were not tried", failure->least);
  if (solve->single && failure->status == OG_ERR_STEP_UNDERFLOW && (float)failure->h == 0)
    og_trail(solve->context, failure->status,
             "single precision has no step of that size: precision = double");
  if (failure->most > 0 && failure->status == OG_ERR_STEP_UNDERFLOW)
    og_trail(solve->context, failure->status, "max-step = %g: no wider step was allowed", failure->most);
}

/* Which equations it was, where there are algebraic ones. */
static void trail_algebraic(const og_solve *solve, const og_failure *failure) {
  const og_inconsistency *why = &failure->inconsistency;
  char text[OG_ROW_NAME_SIZE];
  if (failure->status == OG_ERR_INCONSISTENT && why->row)
    og_trail(solve->context, failure->status,
             "the equation that is farthest from holding, by %.3g: that of %s", og_shown(why->residual),
             og_row_name(solve->source, why->row - 1, text));
  if (failure->status == OG_ERR_INDEX && *why->equations)
    og_trail(solve->context, failure->status, "the equations of %s do not determine %s", why->equations,
             why->states);
}

const char *og_trajectory_name(const og_solve *solve, size_t m, char text[OG_TRAJECTORY_NAME_SIZE]) {
  const og_solve *after = solve->named_after;
  if (solve->trajectories[m].name) return solve->trajectories[m].name;
  if (solve->name_of) return solve->name_of(solve->names, m, text);
  return after ? og_trajectory_name(after, m % after->count, text) : NULL;
}

og_status og_report_failure(const og_solve *solve, const og_failure *failure) {
  const cause_text *text = text_of(solve, failure);
  const og_trajectory *at = &solve->trajectories[failure->trajectory];
  char text_of_name[OG_TRAJECTORY_NAME_SIZE];
  const char *name = og_trajectory_name(solve, failure->trajectory, text_of_name);
  const og_role *role = solve->role ? solve->role : &(og_role){.what = "", .advice = ""};
  og_fail(solve->context, failure->status,
          "%s%s: trajectory %zu%s%s%s stopped at t = %.10g (on the way from %g to %g) with step "
          "h = %.3g and |x| = %.3g, after %zu accepted and %zu rejected steps of %s; try: %s%s",
          role->what, text->what, failure->trajectory, name ? " (" : "", name ? name : "", name ? ")" : "",
          failure->t, at->t0, at->t1, failure->h, og_shown(failure->norm), failure->accepted,
          failure->rejected, solve->stepper.name, role->advice, text->advice);
  if (failure->event) trail_event(solve, failure);
  if (role->stuck && failure->status == OG_ERR_STEP_UNDERFLOW)
    og_trail(solve->context, failure->status, "%s", role->stuck);
  if (!failure->derivative) trail_step(solve, failure);
  trail_algebraic(solve, failure);
  if (failure->stiffness > 1)
    og_trail(solve->context, failure->status, "estimating |h| times the fastest decay rate of df/dx: %.3g",
             failure->stiffness);
  return failure->status;
}

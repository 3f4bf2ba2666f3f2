/* The words for a trajectory that stopped: what happened, where, and what to try. */
#include <math.h>

#include "solve/solve.h"

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
     "shorten the span, take more or smaller steps (max-steps, steps), or rescale the model so that its "
     "fastest decay "
     "is resolved; implicit methods are planned"},
    {OG_ERR_FIELD, "a callback of the field returned a negative number, which means stop",
     "see what the callback refuses there"},
};

static const cause_text *text_of(og_status status) {
  for (size_t i = 0; i < sizeof causes / sizeof *causes; i++)
    if (causes[i].status == status) return &causes[i];
  return &causes[0];
}

og_status og_report_failure(const og_solve *solve, const og_failure *failure) {
  const cause_text *text = text_of(failure->status);
  const og_trajectory *at = &solve->trajectories[failure->trajectory];
  og_fail(solve->context, failure->status,
          "%s: trajectory %zu stopped at t = %.10g (on the way from %g to %g) with step "
          "h = %.3g and |x| = %.3g, after %zu accepted and %zu rejected steps of %s; try: %s",
          text->what, failure->trajectory, failure->t, at->t0, at->t1, failure->h, failure->norm,
          failure->accepted, failure->rejected, solve->tableau->name, text->advice);
  if (failure->stiffness > 1)
    og_trail(solve->context, failure->status, "estimating |h| times the fastest decay rate of df/dx: %.3g",
             failure->stiffness);
  return failure->status;
}

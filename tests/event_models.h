/* Models with events, run from their text. */
#ifndef OG_TEST_EVENT_MODELS_H
#define OG_TEST_EVENT_MODELS_H

#include "models.h"

enum { MODEL_EVENTS = 400, MODEL_STATES = 8 };

/* How a model is run; what is zero is the default. */
typedef struct model_case {
  og_method method;
  og_precision precision;
  int steps, samples, max_events;
  double rtol, max_step, t0, t1;
  const double *theta; /* NULL: the model's values */
} model_case;

typedef struct model_result {
  size_t count, event[MODEL_EVENTS], steps;
  double t[MODEL_EVENTS], final[MODEL_STATES];
} model_result;

static inline og_options *case_options(og_context *context, const model_case *c) {
  double rtol = c->rtol > 0 ? c->rtol : 1e-6;
  og_options *options = new_options(context, c->method ? c->method : OG_METHOD_TSIT5, rtol, rtol);
  CHECK(context, og_options_set_choice(options, OG_OPT_PRECISION, (int)c->precision));
  CHECK(context, og_options_set_integer(options, OG_OPT_STEPS, c->steps));
  CHECK(context, og_options_set_real(options, OG_OPT_MAX_STEP, c->max_step));
  if (c->samples) CHECK(context, og_options_set_integer(options, OG_OPT_EVENT_SAMPLES, c->samples));
  if (c->max_events) CHECK(context, og_options_set_integer(options, OG_OPT_MAX_EVENTS, c->max_events));
  return options;
}

/* A solve of `count` equal trajectories of the model, not yet run. */
static inline og_solve *case_solve(og_context *context, const og_model *model, const model_case *c,
                                   const og_options *options, size_t count) {
  og_solve *solve = NULL;
  double theta[MODEL_STATES], x0[MODEL_STATES];
  CHECK(context, og_model_values(model, theta));
  if (c->theta) memcpy(theta, c->theta, og_model_parameters(model) * sizeof *theta);
  CHECK(context, og_model_initial_state(model, c->t0, theta, x0));
  CHECK(context, og_solve_create(context, og_model_field(model), options, count, &solve));
  CHECK(context, og_solve_set_initial_state(solve, OG_ALL, x0));
  CHECK(context, og_solve_set_parameters(solve, OG_ALL, theta));
  CHECK(context, og_solve_set_span(solve, OG_ALL, c->t0, c->t1));
  return solve;
}

static inline void case_result(og_context *context, const og_solve *solve, model_result *r) {
  CHECK(context, og_solve_events(solve, 0, &r->count));
  for (size_t k = 0; k < r->count && k < MODEL_EVENTS; k++) {
    og_occurrence at = {OG_INIT(og_occurrence)};
    CHECK(context, og_solve_event(solve, 0, k, &at));
    r->event[k] = at.event, r->t[k] = at.t;
  }
  CHECK(context, og_solve_steps(solve, 0, &r->steps, NULL));
  CHECK(context, og_solve_final(solve, 0, r->final));
}

/* The status of the run; its message is the context's. */
static inline og_status model_run(og_context *context, const char *text, const model_case *c,
                                  model_result *r) {
  og_model *model = parse(context, text);
  og_options *options = case_options(context, c);
  og_solve *solve = case_solve(context, model, c, options, 1);
  og_status status = og_solve_run(solve);
  if (status == OG_OK) case_result(context, solve, r);
  og_solve_destroy(solve);
  og_options_destroy(options);
  og_model_destroy(model);
  return status;
}

#endif

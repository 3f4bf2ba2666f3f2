/* Fits of models given as text, with what they found and every note. */
#ifndef OG_TEST_FIT_OUTCOMES_H
#define OG_TEST_FIT_OUTCOMES_H

#include "fitting.h"

enum { MOST = 320 };

typedef struct outcome {
  double loss, theta[MOST], errors[MOST];
  int converged, at_bound[MOST];
  char reason[1024];
} outcome;

/* Options of a solve and fit: pairs of option and value, ended by NO_OPTION. */
enum { NO_OPTION = -1 };
static inline og_options *options_with(og_context *context, const double *pairs) {
  og_options *options = tight_options(context);
  for (; pairs && *pairs != NO_OPTION; pairs += 2) {
    og_option option = (og_option)pairs[0];
    switch (og_option_describe(option)->type) {
    case OG_TYPE_REAL: CHECK(context, og_options_set_real(options, option, pairs[1])); break;
    case OG_TYPE_CHOICE: CHECK(context, og_options_set_choice(options, option, (int)pairs[1])); break;
    default: CHECK(context, og_options_set_integer(options, option, (long long)pairs[1]));
    }
  }
  return options;
}

static char notes[8192];
static inline void take_note(const char *line, void *user) {
  (void)user;
  snprintf(notes + strlen(notes), sizeof notes - strlen(notes), "%s\n", line);
}

static inline outcome fit_from(const char *model, const char *csv, const double *pairs, const double *theta) {
  outcome result = {0};
  fixture f = {.context = new_context()};
  notes[0] = '\0';
  og_context_set_log(f.context, take_note, NULL);
  CHECK(f.context, og_model_create_from_text(f.context, "test.ode", model, strlen(model), &f.model));
  if (csv) CHECK(f.context, og_table_create_from_text(f.context, "test.csv", csv, strlen(csv), &f.table));
  f.options = options_with(f.context, pairs);
  CHECK(f.context, og_objective_create(f.context, f.model, f.table, f.options, &f.objective));
  og_fit *fit = NULL;
  CHECK(f.context, og_fit_create(f.objective, f.options, theta, NULL, NULL, &fit));
  result.loss = og_fit_loss(fit);
  result.converged = og_fit_converged(fit);
  snprintf(result.reason, sizeof result.reason, "%s", og_fit_reason(fit));
  CHECK(f.context, og_fit_estimate(fit, result.theta));
  CHECK(f.context, og_fit_standard_errors(fit, result.errors));
  CHECK(f.context, og_fit_at_bound(fit, result.at_bound));
  og_fit_destroy(fit);
  drop_fixture(&f);
  return result;
}

static inline void assert_reason(const outcome *r, int converged, const char *words) {
  if (r->converged != converged || !strstr(r->reason, words))
    fail_msg("not (%d) '%s' but (%d) '%s'", converged, words, r->converged, r->reason);
}

#endif

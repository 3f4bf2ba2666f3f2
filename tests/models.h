/* Models and tables from text, and what tests compare their solutions with. */
#ifndef OG_TEST_MODELS_H
#define OG_TEST_MODELS_H

#include "fields.h"

static const double tiny = 1e-100; /* the complex step: no cancellation, so it may be as small as one likes */

static inline og_options *fine(og_context *context) {
  og_options *options = new_options(context, OG_METHOD_DOP853, 1e-12, 1e-13);
  return options;
}

static inline og_model *parse(og_context *context, const char *text) {
  og_model *model = NULL;
  CHECK(context, og_model_create_from_text(context, "m.ode", text, strlen(text), &model));
  return model;
}

static inline og_table *table(og_context *context, const char *csv) {
  og_table *out = NULL;
  CHECK(context, og_table_create_from_text(context, "d.csv", csv, strlen(csv), &out));
  return out;
}

static inline void assert_near(double value, double truth, double tolerance, const char *what, size_t i) {
  if (!(fabs(value - truth) <= tolerance * (1 + fabs(truth))))
    fail_msg("%s %zu: %.17g, not %.17g", what, i, value, truth);
}

#endif

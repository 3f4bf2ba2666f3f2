/* Models, tables and closed forms shared by the tests of objectives and fits. */
#ifndef OG_TEST_FITTING_H
#define OG_TEST_FITTING_H

#include <math.h>

#include "counting.h"
#include "odegrad.h"

#define CHECK(context, call)                                                                                 \
  do {                                                                                                       \
    og_status check_status = (call);                                                                         \
    if (check_status != OG_OK)                                                                               \
      fail_msg("%s: %s: %s", #call, og_status_name(check_status), og_context_message(context));              \
  } while (0)

typedef struct fixture {
  og_context *context;
  og_model *model;
  og_table *table;
  og_options *options;
  og_objective *objective;
  og_status status; /* of og_objective_create */
} fixture;

/* Solves so tight that closed forms can be compared to 1e-9. */
static inline og_options *tight_options(og_context *context) {
  og_options *options = NULL;
  CHECK(context, og_options_create(context, &options));
  CHECK(context, og_options_set_choice(options, OG_OPT_METHOD, OG_METHOD_DOP853));
  CHECK(context, og_options_set_real(options, OG_OPT_RTOL, 1e-12));
  CHECK(context, og_options_set_real(options, OG_OPT_ATOL, 1e-13));
  return options;
}

/* `csv` may be NULL. */
static inline fixture try_fixture(const char *model, const char *csv) {
  fixture f = {.context = new_context()};
  CHECK(f.context, og_model_create_from_text(f.context, "test.ode", model, strlen(model), &f.model));
  if (csv) CHECK(f.context, og_table_create_from_text(f.context, "test.csv", csv, strlen(csv), &f.table));
  f.options = tight_options(f.context);
  f.status = og_objective_create(f.context, f.model, f.table, f.options, &f.objective);
  return f;
}

static inline fixture make_fixture(const char *model, const char *csv) {
  fixture f = try_fixture(model, csv);
  if (f.status != OG_OK) fail_msg("og_objective_create: %s", og_context_message(f.context));
  return f;
}

static inline void drop_fixture(fixture *f) {
  og_objective_destroy(f->objective);
  og_options_destroy(f->options);
  og_table_destroy(f->table);
  og_model_destroy(f->model);
  og_context_destroy(f->context);
}

static inline void assert_close(double got, double want, double relative) {
  if (!(fabs(got - want) <= relative * (1e-2 + fabs(want))))
    fail_msg("%.17g is not %.17g to %g", got, want, relative);
}

/* x' = -k x from x(t0) = a, seen with normal error s. */
#define DECAY                                                                                                \
  "param k = 0.7 in [0, 5]\nparam a = 2\nparam s = 0.3 in [0.01, 5]\n"                                       \
  "init x = a\nx' = -k*x\nobserve x ~ normal(x, s)\n"

/* Adds the loss of observations (t, y) and its derivatives by k, a, s, and by t0. */
static inline void decay_loss(const double *theta, size_t count, const double *t, const double *y,
                              double *loss, double gradient[3], double *t0_bar) {
  double k = theta[0], a = theta[1], s = theta[2];
  for (size_t i = 0; i < count; i++) {
    double age = t[i] - t[0], x = a * exp(-k * age), r = (y[i] - x) / s;
    if (isnan(y[i])) continue;
    *loss += r * r / 2 + log(s) + log(8 * atan(1)) / 2;
    gradient[0] += r / s * age * x;
    gradient[1] += -r / s * x / a;
    gradient[2] += (1 - r * r) / s;
    *t0_bar += -r / s * k * x;
  }
}

/* One of the epochs of a training that have ended. */
static inline og_epoch epoch_of(const og_trainer *trainer, size_t index) {
  og_epoch epoch = {OG_INIT(og_epoch)};
  assert_int_equal(og_trainer_epoch(trainer, index, &epoch), OG_OK);
  return epoch;
}

#endif

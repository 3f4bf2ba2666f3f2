/* A trainer whose loss has its minimum and its path in closed form. */
#ifndef OG_TEST_BOWL_H
#define OG_TEST_BOWL_H

#include <math.h>

#include "fitting.h"

enum { SIZE = 2 };

/* ---- A loss of plain numbers: sum over trajectories m of |theta - c_m|^2 / 2, c_m = (m, m^2 / 10) ---- */

typedef struct bowl {
  og_context *context;
  long calls;
  double wall;        /* theta[0] above it is a failure */
  long fail_from;     /* so is every call from this one on */
  og_status status;   /* of a failure */
  double held_centre; /* of windows that are evaluated without gradient, when not NAN */
} bowl;

static inline void centre_of(size_t m, double c[SIZE]) {
  c[0] = (double)m;
  c[1] = (double)(m * m) / 10;
}

static inline og_status bowl_loss(const double *theta, size_t count, const og_window *windows, double *loss,
                                  size_t *values, double *gradient, void *user) {
  bowl *b = user;
  double c[SIZE];
  if (++b->calls >= b->fail_from || theta[0] > b->wall)
    return og_fail(b->context, b->status, "there is a wall at %g", b->wall);
  *loss = 0;
  *values = count;
  for (int i = 0; i < SIZE && gradient; i++) gradient[i] = 0;
  for (size_t k = 0; k < count; k++) {
    centre_of(windows[k].trajectory, c);
    if (!gradient && !isnan(b->held_centre)) c[0] = c[1] = b->held_centre;
    for (int i = 0; i < SIZE; i++) {
      *loss += (theta[i] - c[i]) * (theta[i] - c[i]) / 2;
      if (gradient) gradient[i] += theta[i] - c[i];
    }
  }
  return OG_OK;
}

/* Nothing depends on theta. */
static inline og_status flat_loss(const double *theta, size_t count, const og_window *windows, double *loss,
                                  size_t *values, double *gradient, void *user) {
  (void)theta, (void)windows, (void)user;
  *loss = 1;
  *values = count;
  for (int i = 0; i < SIZE && gradient; i++) gradient[i] = 0;
  return OG_OK;
}

typedef struct run {
  og_context *context;
  og_options *options;
  og_batches *batches;
  og_trainer *trainer;
  bowl *loss; /* stays where it is when the run is copied */
} run;

static const double start[SIZE] = {-1, 2};

/* Options as "name=value;name=value". */
static inline og_status set_options(og_options *options, const char *text) {
  char copy[256];
  snprintf(copy, sizeof copy, "%s", text);
  for (char *pair = strtok(copy, ";"); pair; pair = strtok(NULL, ";")) {
    char *equals = strchr(pair, '=');
    *equals = '\0';
    OG_TRY(og_options_set_text(options, pair, equals + 1));
  }
  return OG_OK;
}

static inline og_status try_run(og_context *context, const char *text, run *r) {
  *r = (run){.context = context};
  r->loss = calloc(1, sizeof *r->loss);
  *r->loss = (bowl){.context = context,
                    .wall = INFINITY,
                    .fail_from = 1000000,
                    .status = OG_ERR_BLOW_UP,
                    .held_centre = NAN};
  OG_TRY(og_options_create(context, &r->options));
  OG_TRY(set_options(r->options, text));
  OG_TRY(og_batches_create(context, r->options, 12, NULL, &r->batches));
  return og_trainer_create(context, r->options,
                           &(og_trainer_parts){OG_INIT(og_trainer_parts), .p = SIZE, .loss = bowl_loss,
                                               .user = r->loss, .batches = r->batches, .theta = start},
                           &r->trainer);
}

static inline void drop_run(run *r) {
  og_trainer_destroy(r->trainer);
  og_batches_destroy(r->batches);
  og_options_destroy(r->options);
  free(r->loss);
}

static inline run begin_run(const char *text) {
  run r;
  og_context *context = new_context();
  CHECK(context, try_run(context, text, &r));
  return r;
}

static inline void end_run(run *r) {
  drop_run(r);
  og_context_destroy(r->context);
}

#endif

/* References of the stiff problems (oracles/stiff.csv), and errors against them. */
#ifndef OG_TEST_STIFF_REFERENCES_H
#define OG_TEST_STIFF_REFERENCES_H

#include "stiff_problems.h"

/* Tolerances that a result may be off by (test_stiff.c). */
#define MOST 300

/* ---- References ---- */

/* Where a quantity stands: "dL/dx0[3]". */
static inline double *place(stiff_result *r, const char *quantity, size_t length) {
  const char *bracket = memchr(quantity, '[', length);
  size_t index = bracket ? strtoul(bracket + 1, NULL, 10) - 1 : 0;
  if (strncmp(quantity, "loss,", 5) == 0) return &r->loss;
  if (strncmp(quantity, "dL/dtlast,", 10) == 0) return &r->last_bar;
  if (strncmp(quantity, "final[", 6) == 0) return &r->final[index];
  if (strncmp(quantity, "dL/dx0[", 7) == 0) return &r->x0_bar[index];
  if (strncmp(quantity, "dL/dp[", 6) == 0) return &r->p_bar[index];
  if (strncmp(quantity, "H.d dx0[", 8) == 0) return &r->x0_product[index];
  if (strncmp(quantity, "H.d dp[", 7) == 0) return &r->p_product[index];
  return NULL; /* sums of the Brusselator's */
}

/* Entries without a reference become NaN. */
static inline void read_stiff(const char *name, stiff_result *r) {
  char line[512];
  size_t length = strlen(name), found = 0;
  FILE *file = fopen("tests/oracles/stiff.csv", "r");
  assert_non_null(file);
  r->loss = r->last_bar = NAN;
  for (size_t i = 0; i < STIFF_STATES; i++) r->final[i] = r->x0_bar[i] = r->x0_product[i] = NAN;
  for (size_t i = 0; i < STIFF_PARAMETERS; i++) r->p_bar[i] = r->p_product[i] = NAN;
  while (fgets(line, sizeof line, file)) {
    if (strncmp(line, name, length) != 0 || line[length] != ',') continue;
    const char *quantity = line + length + 1, *comma = strchr(quantity, ',');
    double *to = place(r, quantity, (size_t)(comma - quantity));
    if (to) *to = strtod(comma + 1, NULL), found++;
  }
  fclose(file);
  assert_true(found > 5);
}

/* ---- Errors ---- */

/* The largest error of those that have a reference, relative to the largest reference. */
static inline double error_of(size_t count, const double *values, const double *truth, const double *units) {
  double error = 0, largest = 0;
  for (size_t i = 0; i < count; i++) {
    if (isnan(truth[i])) continue;
    double unit = units ? units[i] : 1;
    error = fmax(error, isfinite(values[i]) ? fabs(unit * (values[i] - truth[i])) : INFINITY);
    largest = fmax(largest, fabs(unit * truth[i]));
  }
  return largest > 0 ? error / largest : error;
}

static inline void expect(const char *name, const char *method, double rtol, const char *what, double error) {
  if (!(error <= MOST * rtol))
    fail_msg("%s, %s at %g: %s is wrong by %.3g, %.0f tolerances", name, method, rtol, what, error,
             error / rtol);
}

static const double sizes[STIFF_PROBLEMS][STIFF_PARAMETERS] = {
    {0.04, 3e7, 1e4}, {1.71, 0.43, 8.32, 0.0007, 8.75, 10.03, 0.035, 1.12, 1.745, 280, 0.69, 1.81},
    {1000},           {77.27, 8.375e-6, 0.161},
    {1, 3, 0.02},     {100}};

/* rodas5p, ... as on the command line. */
static inline const char *name_of(int method) {
  static char name[32];
  const char *word = og_option_describe(OG_OPT_METHOD)->choices;
  for (int i = 0; i < method; i++) word = strchr(word, '|') + 1;
  snprintf(name, sizeof name, "%.*s", (int)strcspn(word, "|"), word);
  return name;
}

#endif

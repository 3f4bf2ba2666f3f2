#include "solve/tolerances.h"

#include <math.h>
#include <string.h>

#include "base/base.h"
#include "field/states.h"

double og_atol_least(const og_solve *solve) {
  double least = og_atol_of(solve, 0);
  for (size_t i = 1; solve->atols && i < solve->n; i++) least = fmin(least, solve->atols[i]);
  return least;
}

double og_atol_most(const og_solve *solve) {
  double most = og_atol_of(solve, 0);
  for (size_t i = 1; solve->atols && i < solve->n; i++) most = fmax(most, solve->atols[i]);
  return most;
}

void og_atols_free(og_solve *solve) {
  og_free(solve->context, solve->atols);
  og_free(solve->context, solve->atols_single);
  solve->atols = NULL;
  solve->atols_single = NULL;
}

size_t og_atols_bytes(const og_solve *from, size_t rows) {
  return from->atols ? OG_PADDED(rows) * (sizeof(double) + sizeof(float)) + 2 * OG_ALLOCATION_EXTRA : 0;
}

/* The general one everywhere. */
static og_status make(og_solve *solve) {
  size_t rows = OG_PADDED(solve->n);
  if (!solve->atols) solve->atols = og_alloc(solve->context, rows, sizeof *solve->atols);
  if (!solve->atols_single) solve->atols_single = og_alloc(solve->context, rows, sizeof *solve->atols_single);
  if (!solve->atols || !solve->atols_single) {
    og_atols_free(solve);
    return og_fail_memory(solve->context, rows * sizeof(double), "tolerances");
  }
  for (size_t i = 0; i < rows; i++) solve->atols[i] = solve->limits.atol;
  return OG_OK;
}

static void round_all(og_solve *solve) {
  for (size_t i = 0; i < OG_PADDED(solve->n); i++) solve->atols_single[i] = og_atol_single(solve->atols[i]);
}

/* One "x=1e-12" of the options' list, which they have checked. */
static og_status read_one(og_solve *solve, const char *text, size_t length) {
  const char *equals = memchr(text, '=', length);
  size_t name = (size_t)(equals - text), first, count;
  double value;
  og_parse_real(equals + 1, length - name - 1, &value);
  OG_TRY(og_state_rows(solve->context, solve->source, text, name, &first, &count));
  for (size_t i = first; i < first + count; i++) solve->atols[i] = value;
  return OG_OK;
}

og_status og_atols_read(og_solve *solve) {
  const char *text = og_options_text(solve->options, OG_OPT_ATOL);
  og_atols_free(solve);
  if (!*text) return OG_OK;
  if (!solve->source->named)
    return og_fail(solve->context, OG_ERR_NAME,
                   "option atol is \"%s\", and the states of the field have no names: use og_solve_set_atol",
                   text);
  OG_TRY(make(solve));
  for (size_t length; *text; text += length + (text[length] == ',')) {
    length = strcspn(text, ",");
    OG_TRY(read_one(solve, text, length));
  }
  round_all(solve);
  return OG_OK;
}

og_status og_atols_take(og_solve *solve, const og_solve *from, size_t rows, double share) {
  og_atols_free(solve);
  if (!from->atols) return OG_OK;
  OG_TRY(make(solve));
  for (size_t i = 0; i < rows; i++) solve->atols[i] = share * from->atols[i];
  round_all(solve);
  return OG_OK;
}

og_status og_solve_set_atol(og_solve *solve, const double *atol) {
  OG_OBJECT(solve);
  const og_option_info *row = og_option_describe(OG_OPT_ATOL);
  for (size_t i = 0; atol && i < solve->states; i++)
    if (!(atol[i] >= row->lowest && atol[i] <= row->highest))
      return og_fail(solve->context, OG_ERR_BOUNDS, "atol[%zu] is %g; it must be from %g to %g", i,
                     og_shown(atol[i]), row->lowest, row->highest);
  og_solve_touch(solve);
  if (!atol) return og_atols_read(solve);
  OG_TRY(make(solve));
  memcpy(solve->atols, atol, solve->states * sizeof *atol);
  round_all(solve);
  return OG_OK;
}

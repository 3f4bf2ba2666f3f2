#include <math.h>
#include <stdio.h>
#include <string.h>

#include "solve/tolerances.h"
#include "base/base.h"
#include "field/states.h"
#include "solve/solve.h"

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

/* ---- The error norm: which states count in it, and how much ---- */

void og_norm_free(og_solve *solve) {
  og_free(solve->context, solve->norm);
  solve->norm = NULL;
}

static og_status check_weights(const og_solve *solve, const double *weights, double *sum) {
  *sum = (double)(solve->n - solve->states);
  for (size_t i = 0; i < solve->states; i++) {
    if (!(weights[i] >= 0 && weights[i] <= 1e100))
      return og_fail(solve->context, OG_ERR_BOUNDS,
                     "weight %zu of the error norm is %g; it must be from 0 to 1e100", i,
                     og_shown(weights[i]));
    *sum += weights[i];
  }
  if (*sum > 0) return OG_OK;
  return og_fail(solve->context, OG_ERR_ARGUMENT,
                 "all weights of the error norm are 0: no state is left to set the size of steps");
}

/* The norm is a root mean square over the rows: each error times sqrt(n w / sum w) makes it that with the
 * weights w. The running cost's row has the weight 1. */
og_status og_solve_set_norm_weights(og_solve *solve, const double *weights) {
  OG_OBJECT(solve);
  double sum = 0;
  if (weights) OG_TRY(check_weights(solve, weights, &sum));
  double *norm = weights ? og_alloc(solve->context, solve->n, sizeof *norm) : NULL;
  if (weights && !norm) return og_fail_memory(solve->context, solve->n * sizeof *norm, "weights of states");
  og_solve_touch(solve);
  og_norm_free(solve);
  solve->norm = norm;
  for (size_t i = 0; norm && i < solve->n; i++)
    norm[i] = sqrt((double)solve->n * (i < solve->states ? weights[i] : 1) / sum);
  return OG_OK;
}

/* ---- The words about states that stay below what their absolute tolerance can see ---- */

/* The first run, the second, the fourth, and so on, until it is told. */
int og_faint_begin(og_solve *solve) {
  og_told *told = solve->told;
  int fixed = og_options_integer(solve->options, OG_OPT_STEPS) > 0;
  if (!solve->largest || solve->role || told->held || told->faint || fixed) return 0;
  told->runs++;
  if (told->runs & (told->runs - 1)) return 0;
  for (size_t i = 0; i < solve->n; i++) atomic_store(&solve->largest[i], 0);
  return 1;
}

static int is_faint(const og_solve *solve, size_t row) {
  double size = atomic_load(&solve->largest[row]);
  return size > 0 && !(solve->norm && solve->norm[row] == 0) &&
         size < og_faint_limit(solve) * og_atol_of(solve, row);
}

enum { SHOWN = 4 };

/* "x (at most 3e-12), y (at most 1e-13) and 7 others" */
size_t og_faint_list(const og_solve *solve, char names[OG_FAINT_NAMES]) {
  char text[OG_ROW_NAME_SIZE];
  size_t used = 0, shown = 0, count = 0;
  names[0] = '\0';
  for (size_t i = 0; i < solve->n; i++) {
    if (!is_faint(solve, i) || count++ >= SHOWN) continue;
    used +=
        (size_t)snprintf(names + used, OG_FAINT_NAMES - used, "%s%.64s (at most %.2g)", shown++ ? ", " : "",
                         og_row_name(solve->source, i, text), atomic_load(&solve->largest[i]));
  }
  if (count > shown)
    snprintf(names + used, OG_FAINT_NAMES - used, " and %zu other%s", count - shown,
             count > shown + 1 ? "s" : "");
  return count;
}

/* An atol that sees what is left of a state when rtol of it is. */
static double enough(const og_solve *solve, size_t row) {
  double share = fmin(fmax(solve->limits.rtol, 1e-12), 1e-4);
  return pow(10, floor(log10(share * atomic_load(&solve->largest[row]))));
}

int og_faint_tell(const og_solve *solve) {
  char names[OG_FAINT_NAMES], text[OG_ROW_NAME_SIZE], own[OG_ROW_NAME_SIZE + 1] = "";
  size_t first = 0;
  if (!og_faint_list(solve, names)) return 0;
  while (!is_faint(solve, first)) first++;
  if (first < solve->states && solve->source->named)
    snprintf(own, sizeof own, "%.64s=", og_row_name(solve->source, first, text));
  og_log(solve->context,
         "warning: %s: within a thousand times atol = %g, so that few digits of it are known, or none; try: "
         "atol %s%.0e, or other units",
         names, og_atol_of(solve, first), own, enough(solve, first));
  return 1;
}

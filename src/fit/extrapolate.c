/* Ridders' method: differences at h, h/2, h/4, ... form the first column of a Neville tableau in powers of
 * h^2 (central) or h (one-sided); of all its entries the one whose neighbours, with what rounding adds,
 * differ least is taken. */
#include "fit/extrapolate.h"

#include <math.h>
#include <string.h>

enum { ROWS = 10, PATIENCE = 3 };

og_status og_extrapolation_create(og_context *context, size_t count, og_extrapolation *e) {
  size_t total = count * (4 + 2 * ROWS);
  double *memory = og_alloc(context, total, sizeof *memory);
  if (!memory) return og_fail_memory(context, total * sizeof *memory, "finite differences");
  *e = (og_extrapolation){context,
                          count,
                          memory,
                          memory + count,
                          memory + 2 * count,
                          memory + (2 + ROWS) * count,
                          memory + (2 + 2 * ROWS) * count,
                          memory + (3 + 2 * ROWS) * count};
  return OG_OK;
}

void og_extrapolation_free(og_extrapolation *e) { og_free(e->context, e->plus); }

/* Extends row `row` of value i; whether its best entry improved. Rounding of the values, magnified by 1/h,
 * bounds what the agreement of neighbours can mean. */
static int extend(og_extrapolation *e, size_t i, int row, double h, const og_stencil *stencil) {
  size_t count = e->count;
  double ratio = stencil->one_sided ? 2 : 4, power = ratio;
  double size = fmax(fabs(e->plus[i]), fabs(e->minus[i]));
  double rounding = (stencil->one_sided ? 16 : 4) * stencil->epsilon * size / fabs(h);
  int improved = 0;
  for (int j = 1; j <= row; j++, power *= ratio) {
    double lower = e->current[(size_t)(j - 1) * count + i], above = e->previous[(size_t)(j - 1) * count + i];
    double value = lower + (lower - above) / (power - 1);
    double error = fmax(fabs(value - lower), fabs(value - above)) + rounding;
    e->current[(size_t)j * count + i] = value;
    if (!(error < e->error[i])) continue;
    e->best[i] = value;
    e->error[i] = error;
    improved = 1;
  }
  return improved;
}

static og_status sample_pair(og_extrapolation *e, double h, int one_sided, og_sample_fn sample, void *work) {
  OG_TRY(sample(work, h, e->plus));
  return sample(work, one_sided ? 0 : -h, e->minus);
}

/* Some failures are of the point, others of the computation as a whole. */
static int is_of_the_point(og_status status) {
  return (status >= OG_ERR_NOT_FINITE && status <= OG_ERR_FIELD) ||
         (status >= OG_ERR_ZENO && status <= OG_ERR_GUARD_UNRESOLVED);
}

og_status og_extrapolate(og_extrapolation *e, size_t count, og_stencil stencil, og_sample_fn sample,
                         void *work) {
  og_status failure = OG_OK;
  int row = 0, stale = 0;
  double h = stencil.h;
  for (size_t i = 0; i < count; i++) e->best[i] = 0, e->error[i] = INFINITY;
  for (int k = 0; k < ROWS && stale < PATIENCE; k++, h /= 2) {
    og_status status = sample_pair(e, h, stencil.one_sided, sample, work);
    if (status != OG_OK && !is_of_the_point(status)) return status;
    if (status != OG_OK) {
      failure = status, row = 0;
      h /= 4; /* with the halving, to an eighth: there may be far to go */
      continue;
    }
    int improved = 0;
    for (size_t i = 0; i < count; i++) {
      e->current[i] = (e->plus[i] - e->minus[i]) / (stencil.one_sided ? h : 2 * h);
      improved += extend(e, i, row, h, &stencil);
    }
    double *swap = e->previous;
    e->previous = e->current;
    e->current = swap;
    stale = row > 0 && !improved ? stale + 1 : 0;
    row++;
  }
  for (size_t i = 0; i < count; i++)
    if (!isfinite(e->error[i])) return failure != OG_OK ? failure : OG_ERR_NOT_FINITE;
  return OG_OK;
}

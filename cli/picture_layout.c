/* Which curves of a picture share a panel, and which cannot be seen in it. */
#include "picture.h"

#include <math.h>
#include <stdlib.h>

/* So many trajectories, and curves of several columns in all, can be told apart in one panel; so many panels
 * can be read. A column whose values reach less than 1/APART as far as another's is a flat line beside it. */
enum { FEW_TRAJECTORIES = 6, FEW_CURVES = 7, MOST_PANELS = 16, MOST_COLUMNS = 6, APART = 10 };

/* ---- Scales ---- */

static void include(double value, double *low, double *high) {
  if (!isfinite(value)) return;
  *low = fmin(*low, value), *high = fmax(*high, value);
}

/* How far the values of a column reach, in the curves and in the data. */
static double reach_of(const picture *d, size_t curve) {
  double low = INFINITY, high = -INFINITY;
  for (size_t i = 0; i < d->s.starts[d->s.trajectories]; i++)
    include(d->values[i * d->curves + curve], &low, &high);
  const double *data = has_points(d, curve) ? axis_column(d, curve) : NULL;
  for (size_t i = 0; data && i < og_table_rows(d->p->data); i++) include(data[i], &low, &high);
  return low < high ? high - low : 0; /* what is constant is seen beside anything */
}

/* On a logarithmic axis all are seen. */
static int scales_differ(const picture *d) {
  double least = INFINITY, most = 0;
  if (d->p->arguments->values[FLAG_LOG_Y]) return 0;
  for (size_t k = 0; k < d->curves; k++) {
    double reach = reach_of(d, k);
    if (reach > 0) least = fmin(least, reach);
    most = fmax(most, reach);
  }
  return most > APART * least;
}

/* ---- Panels ---- */

int are_many(const picture *d) {
  return d->p->trajectories > (d->phase ? (size_t)FEW_TRAJECTORIES : (size_t)MOST_PANELS);
}

panel_layout choose_layout(const picture *d) {
  size_t trajectories = d->p->trajectories;
  if (d->phase || d->curves == 0) return TOGETHER;
  if (d->curves > 1 && d->curves <= MOST_PANELS && scales_differ(d)) return BY_COLUMN;
  if (trajectories == 1) return TOGETHER;
  if (trajectories <= FEW_TRAJECTORIES && (d->curves == 1 || trajectories * d->curves <= FEW_CURVES))
    return TOGETHER;
  if (trajectories <= FEW_TRAJECTORIES && d->curves <= MOST_PANELS) return BY_COLUMN;
  if (trajectories <= MOST_PANELS) return BY_TRAJECTORY;
  return d->curves > 1 && d->curves <= MOST_COLUMNS ? BY_COLUMN : TOGETHER;
}

/* ---- Curves under others ---- */

static int are_same(const picture *d, size_t a, size_t b) {
  for (size_t i = 0; i < d->s.starts[d->s.trajectories]; i++)
    if (!(d->values[i * d->curves + a] == d->values[i * d->curves + b])) return 0;
  return 1;
}

void find_hidden(picture *d) {
  d->above = take(d->curves, sizeof *d->above);
  for (size_t k = 0; k < d->curves; k++)
    while (d->above[k] < k && !are_same(d, d->above[k], k)) d->above[k]++;
}

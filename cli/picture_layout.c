/* Which curves of a picture share a panel, and which cannot be seen in it. */
#include <math.h>
#include <stdlib.h>

#include "picture.h"

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

/* ---- Shades ---- */

/* What is shaded behind the curves: what a training held out, and what lies beyond the data. */
int is_held_out(const picture *d, size_t m) {
  return d->held && isinf(d->held[m].from) && isinf(d->held[m].to);
}

/* Widens [*low, *high] by the times of the rows of a trajectory that hold a value. */
static void include_data(const problem *p, size_t m, double *low, double *high) {
  size_t *rows = take(og_table_rows(p->data), sizeof *rows), count = data_rows_of(p, m, rows);
  for (size_t i = 0; i < count; i++) {
    if (!has_value(p, rows[i])) continue;
    *low = fmin(*low, p->data_times[rows[i]]);
    *high = fmax(*high, p->data_times[rows[i]]);
  }
  free(rows);
}

/* Curves go from t0 to t1: where these are beyond the last row, they are a forecast. */
static og_status shade_beyond(const picture *d, size_t first, size_t end) {
  const double SEEN = 0.005; /* of the curves' range; less is no band */
  double low = INFINITY, high = -INFINITY, start = INFINITY, stop = -INFINITY;
  int backward = 0;
  for (size_t m = first; m < end; m++) {
    if (d->p->data) include_data(d->p, m, &low, &high);
    for (size_t i = d->s.starts[m]; i < d->s.starts[m + 1]; i++)
      start = fmin(start, d->s.t[i]), stop = fmax(stop, d->s.t[i]);
    size_t from = d->s.starts[m], to = d->s.starts[m + 1];
    backward |= to > from && d->s.t[to - 1] < d->s.t[from];
  }
  if (!(low <= high)) return OG_OK;
  double beyond = backward ? low - start : stop - high;
  if (!(beyond > SEEN * (stop - start))) return OG_OK;
  return backward ? og_plot_band(d->plot, "beyond the data", -INFINITY, low)
                  : og_plot_band(d->plot, "beyond the data", high, INFINITY);
}

/* Of several trajectories in one panel those that are held out have names that say so. */
static og_status shade_held_out(const picture *d, size_t first, size_t end) {
  const held_out *held = d->held ? &d->held[first] : NULL;
  if (!held || isnan(held->from) || end - first > 1) return OG_OK;
  return og_plot_band(d->plot, "held out", held->from, held->to);
}

og_status shade_panel(const picture *d, size_t first, size_t end) {
  og_status status = shade_held_out(d, first, end);
  return status == OG_OK ? shade_beyond(d, first, end) : status;
}

/* What is shaded behind the curves: what a training held out, and what lies beyond the data. */
#include "picture.h"

#include <math.h>
#include <stdlib.h>

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

/* The picture of odegrad check: the sweep's errors, and the slope that theory gives them. */
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A gradient that is ten times as wrong as it is large is off the chart. */
static const double LARGEST_ERROR = 10;
static const double LEAST_ERROR = 1e-11; /* below is rounding */

static double place_of(const sweep *s, size_t level) {
  return s->fixed ? 1 / s->levels[level] : s->levels[level];
}

static og_status draw_way(const sweep *s, way which, og_plot *plot) {
  double x[SWEEP_LEVELS], y[SWEEP_LEVELS];
  size_t shown = 0;
  for (size_t k = 0; k < s->count; k++) {
    x[k] = place_of(s, k);
    y[k] = s->errors[which][k] <= LARGEST_ERROR ? s->errors[which][k] : NAN;
    shown += !isnan(y[k]);
  }
  char *name = shown == s->count ? join("%s", way_name(which))
                                 : join("%s (off the chart: %zu)", way_name(which), s->count - shown);
  og_status status = og_plot_marked(plot, name, s->count, x, y);
  free(name);
  return status;
}

/* The mean of log(error / x^slope) over the finer half of the levels, in which theory holds best. */
static double level_of(const sweep *s, int slope) {
  double sum = 0, count = 0;
  for (size_t k = s->count; k-- > 0;) {
    double error = s->errors[WAY_DISCRETE][k];
    if (!(error > LEAST_ERROR && error <= LARGEST_ERROR) || count >= (double)s->count / 2) continue;
    sum += log(error) - slope * log(place_of(s, k));
    count++;
  }
  return sum / count;
}

static const double GUIDE_ABOVE = 2; /* the errors, so that it is seen */

/* The line of the given slope along the discrete adjoint's errors, as far as they go. */
static og_status draw_slope(const sweep *s, int slope, const char *name, og_plot *plot) {
  double x[SWEEP_LEVELS], y[SWEEP_LEVELS], least = INFINITY, most = 0, level = level_of(s, slope);
  for (size_t k = 0; k < s->count; k++) {
    double error = s->errors[WAY_DISCRETE][k];
    if (error > 0 && error <= LARGEST_ERROR) least = fmin(least, error), most = fmax(most, error);
  }
  for (size_t k = 0; k < s->count; k++) {
    x[k] = place_of(s, k);
    y[k] = GUIDE_ABOVE * exp(level + slope * log(x[k]));
    if (!(y[k] >= least && y[k] <= most * 2 * GUIDE_ABOVE)) y[k] = NAN;
  }
  return og_plot_guide(plot, name, s->count, x, y);
}

og_status draw_sweep(const check *c, const sweep *s, const char *path) {
  og_method method = (og_method)og_options_integer(c->p->options, OG_OPT_METHOD);
  int slope = s->fixed ? og_method_order(method) : 1;
  const char *slash = strrchr(c->p->arguments->model_name, '/');
  const char *words = og_option_describe(OG_OPT_METHOD)->choices;
  for (int i = 0; i < (int)method; i++) words += strcspn(words, "|") + 1;
  char *title =
      join("%s, %.*s", slash ? slash + 1 : c->p->arguments->model_name, (int)strcspn(words, "|"), words);
  char *guide = s->fixed ? join("slope %d, the order", slope) : join("proportional to rtol");
  og_plot *plot = NULL;
  og_status status =
      new_plot(c->p, title, s->fixed ? "step size / span" : "rtol", "relative error of the gradient", &plot);
  if (status == OG_OK) status = og_plot_set_log(plot, 1, 1);
  for (way w = 0; w < WAY_DIFFERENCES && status == OG_OK; w++)
    if (!c->columns[w].unsupported) status = draw_way(s, w, plot);
  if (status == OG_OK) status = draw_slope(s, slope, guide, plot);
  if (status == OG_OK) status = og_plot_write(plot, path);
  og_plot_destroy(plot);
  free(title), free(guide);
  return status;
}

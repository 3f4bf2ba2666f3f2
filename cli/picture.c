/* Pictures: what is shown, and its values along the curves. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "picture.h"

static int shows_observed(const picture *d) {
  int observed = 0;
  for (size_t i = 0; i < d->curves; i++) observed |= d->shown[i].observed;
  return observed;
}

static og_status evaluate_curves(picture *d) {
  double *locations = take(og_model_observed(d->p->model), sizeof *locations);
  int observed = shows_observed(d);
  d->values = take(d->s.starts[d->s.trajectories] * d->curves, sizeof *d->values);
  og_status status = OG_OK;
  for (size_t m = 0; m < d->s.trajectories; m++)
    for (size_t i = d->s.starts[m]; i < d->s.starts[m + 1] && status == OG_OK; i++) {
      const double *x = d->s.x + i * d->s.n;
      if (observed) status = predict_at(d->p, d->theta, m, d->s.t[i], x, locations);
      for (size_t k = 0; k < d->curves; k++)
        d->values[i * d->curves + k] = (d->shown[k].observed ? locations : x)[d->shown[k].index];
    }
  free(locations);
  return status;
}

/* ---- What is shown ---- */

static void show_states(picture *d) {
  for (size_t i = 0; i < d->p->n; i++) d->shown[d->curves++] = (phase_axis){0, i};
}

static int is_shown(const picture *d, const char *name) {
  int found = 0;
  for (size_t i = 0; i < d->curves && !found; i++) {
    char *other = axis_name(d, i);
    found = strcmp(name, other) == 0;
    free(other);
  }
  return found;
}

/* A most likely class is no curve. With `beside`: those that the data have and no state is called like. */
static void show_observed(picture *d, int beside) {
  const og_model *model = d->p->model;
  for (size_t i = 0; i < og_model_observed(model); i++) {
    const char *name = og_model_observed_name(model, i);
    if (og_model_observed_classes(model, i)) continue;
    if (beside && (!d->p->data || !og_table_column(d->p->data, name) || is_shown(d, name))) continue;
    d->shown[d->curves++] = (phase_axis){1, i};
  }
}

/* Columns of classes have curves of an only trajectory. */
static int needs_curves(const picture *d) { return d->curves > 0 || d->p->trajectories == 1; }

static og_status draw_picture(picture *d, const double *t0, double *t1) {
  og_status status = OG_OK;
  if (needs_curves(d)) {
    status = solve_curves(d, t0, t1);
    if (status == OG_OK) status = evaluate_curves(d);
    if (status == OG_OK) find_hidden(d);
  }
  if (status == OG_OK) status = draw_and_write(d, d->p->plot);
  free_solution(&d->s);
  free(d->values);
  free(d->above);
  free(d->shown);
  return status;
}

static picture new_picture(const problem *p, const double *theta) {
  picture d = {.p = p, .theta = theta};
  d.shown = take(p->n + og_model_observed(p->model) + 2, sizeof *d.shown);
  d.phase = p->arguments->values[FLAG_PHASE] && find_phase(p, d.shown) == EXIT_DONE;
  d.curves = d.phase ? 2 : 0;
  return d;
}

og_status draw_solution(const problem *p, const double *t0, double *t1) {
  picture d = new_picture(p, p->theta);
  if (!d.phase) show_states(&d), show_observed(&d, 1);
  if (!d.phase && !p->arguments->time_count) d.classes = CLASSES_OF_DATA;
  return draw_picture(&d, t0, t1);
}

int draw_objective(const problem *p, const double *theta, const held_out *held, int result) {
  if (!p->plot || result) return result;
  double *t0 = take(p->trajectories, sizeof *t0), *t1 = take(p->trajectories, sizeof *t1);
  result = find_spans(p, t0, t1);
  if (!result) {
    picture d = new_picture(p, theta);
    d.held = held;
    d.classes = d.phase ? NO_CLASSES : ALL_CLASSES;
    if (!d.phase) show_observed(&d, 0);
    if (!d.phase && og_model_observed(p->model) == 0) show_states(&d);
    og_status status = draw_picture(&d, t0, t1);
    if (status != OG_OK) result = fail(p->context, status);
  }
  free(t0), free(t1);
  return result;
}

/* ---- Phase portraits ---- */

/* Phase portraits: --phase A,B names the two states or observed columns that are drawn against each other. */
static int find_axis(const problem *p, const char *name, phase_axis *axis) {
  for (size_t i = 0; i < p->n; i++) {
    char *state = state_name(p, i);
    int same = strcmp(state, name) == 0;
    free(state);
    if (same) return *axis = (phase_axis){0, i}, 1;
  }
  for (size_t i = 0; i < og_model_observed(p->model); i++)
    if (strcmp(og_model_observed_name(p->model, i), name) == 0) return *axis = (phase_axis){1, i}, 1;
  return 0;
}

int find_phase(const problem *p, phase_axis axes[2]) {
  const char *text = p->arguments->values[FLAG_PHASE], *comma = text ? strchr(text, ',') : NULL;
  if (!text) return EXIT_DONE;
  if (!p->plot || !comma) {
    complain(p->plot ? "--phase is \"%s\"; expected two names with a comma between, as in x[1],x[2]"
                     : "--phase %s goes with --plot FILE",
             text);
    return EXIT_USAGE;
  }
  char *names[] = {join("%.*s", (int)(comma - text), text), join("%s", comma + 1)};
  int result = EXIT_DONE;
  for (int i = 0; i < 2 && !result; i++) {
    if (find_axis(p, names[i], &axes[i])) continue;
    complain("--phase: the model has no state and no observed column %s; a vector's entries are written x[1]",
             names[i]);
    result = EXIT_USAGE;
  }
  free(names[0]), free(names[1]);
  return result;
}

/* Where an optimiser has stopped: what the point is, and a step away from it where it is no minimum.
 * Optimisers follow the gradient, and stay where it vanishes: at a maximum, a saddle, and on the way to one
 * that symmetry leads to, as when two parts of a model begin alike. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fit/directions.h"
#include "fit/search.h"

/* A point with a lower loss that was found along a direction. */
typedef struct lower {
  double loss;
  size_t direction;
  double size; /* signed */
} lower;

static og_status look(og_search *search, const double *along, double size, double *loss) {
  for (size_t i = 0; i < search->p; i++) search->trial[i] = search->best[i] + size * along[i];
  og_search_clip(search, search->trial);
  return og_search_try(search, search->trial, loss, NULL);
}

/* What steps along a direction have shown: whether there is a lower point, whether a natural move changes the
 * loss at all, and whether the loss could be computed on both sides. */
typedef struct trial {
  lower found;
  int level, seen;
} trial;

/* Tries a step of one size both ways. */
static void try_size(og_search *search, const og_directions *d, size_t k, double size, double noise,
                     trial *t) {
  int had = 0;
  for (int sign = 1; sign >= -1 && search->fatal == OG_OK; sign -= 2) {
    double loss = INFINITY;
    og_status status = look(search, d->along + k * d->p, sign * size, &loss);
    had += status == OG_OK;
    if (status != OG_OK || fabs(loss - search->loss) > noise) t->level = 0;
    if (status == OG_OK && loss < search->loss - noise && loss < t->found.loss)
      t->found = (lower){loss, k, sign * size};
  }
  if (had == 2) t->seen = 1;
}

/* Tries one direction by the largest step that lowers the loss by more than its noise: a natural move, a
 * fourth of it and so on, down to where negative curvature promises no more, or the fourth power of a flat
 * direction. */
static trial try_direction(og_search *search, const og_directions *d, size_t k, double noise) {
  double least = d->curvature[k] < 0 ? sqrt(2 * noise / -d->curvature[k]) : 1.0 / 64;
  trial t = {.found = {.loss = INFINITY}, .level = 1};
  for (double size = 1; size >= fmax(least, 1e-8) && isinf(t.found.loss) && search->fatal == OG_OK; size /= 4)
    try_size(search, d, k, size, noise, &t);
  return t;
}

static const char *word_of(const og_point_kind *kind) {
  if (kind->curvature == OG_CURVATURE_UNKNOWN) return "a point of unknown kind";
  if (kind->curvature == OG_CURVATURE_FLAT) return "a flat point";
  return kind->special == kind->directions ? "a maximum" : "a saddle";
}

/* Where the curvature is unknown, kind.names says why. */
static const char *names_of(const og_point_kind *kind) {
  int named = kind->curvature != OG_CURVATURE_UNKNOWN && kind->names[0];
  return named ? kind->names : "some parameters";
}

/* Moves the best point, if the gradient can be computed there as well. */
static int move_to(og_search *search, const og_directions *d, const lower *found) {
  double before = search->loss, loss = 0;
  for (size_t i = 0; i < search->p; i++)
    search->trial[i] = search->best[i] + found->size * d->along[found->direction * d->p + i];
  og_search_clip(search, search->trial);
  if (og_search_evaluate(search, search->trial, &loss, search->trial_gradient) != OG_OK) return 0;
  if (!(search->loss < before)) return 0;
  og_log(
      search->context,
      "note: the gradient vanishes at %s of the loss, %.10g; along %s it falls to %.10g, from where the fit "
      "goes on",
      word_of(&d->kind), before, names_of(&d->kind), search->loss);
  search->kind.left++;
  og_search_tick(search, search->loss, search->gradient, search->best);
  return 1;
}

/* Downward directions come first, and the first that leads down is taken; of those that nothing is known of,
 * too. What steps say is worth more than the Hessian: where they have seen the loss rise, or stay within its
 * noise, along each direction that should lead down, there is none. */
static int leave(og_search *search, const og_directions *d, double noise) {
  size_t level = 0, unseen = 0;
  for (size_t k = 0; k < d->count; k++) {
    trial t = try_direction(search, d, k, noise);
    if (search->fatal != OG_OK) return 0;
    if (isfinite(t.found.loss) && move_to(search, d, &t.found)) return 1;
    if (k < d->eigenvectors && d->curvature[k] == 0) level += (size_t)t.level;
    unseen += d->curvature[k] < 0 && (!t.seen || isfinite(t.found.loss));
  }
  search->kind.level = level;
  if (search->kind.curvature == OG_CURVATURE_DOWNWARD && !unseen) search->kind.curvature = OG_CURVATURE_FLAT;
  return 0;
}

/* By how much steps along the gradient lower the loss: a natural move, a fourth of it and so on, down to
 * where the gradient itself promises no more than the noise. Small a gradient may be beside the loss and its
 * curvature still smaller. */
static double fall_along_gradient(og_search *search, double noise) {
  double fall = 0, *along = search->direction, norm = 0, slope = 0;
  for (size_t i = 0; i < search->p; i++) {
    int held = og_search_is_held(search, i, 0);
    along[i] = held ? 0 : -search->gradient[i] * search->scale[i] * search->scale[i];
    norm = fmax(norm, fabs(along[i]) / search->scale[i]);
  }
  for (size_t i = 0; i < search->p && norm > 0; i++)
    along[i] /= norm, slope -= along[i] * search->gradient[i];
  for (double size = 1; size * slope > noise && search->fatal == OG_OK; size /= 4) {
    double loss = INFINITY;
    if (look(search, along, size, &loss) == OG_OK) fall = fmax(fall, search->loss - loss);
    if (fall > noise) break;
  }
  return fall;
}

static void take_kind(og_search *search, const og_point_kind *kind) {
  int left = search->kind.left;
  search->kind = *kind;
  search->kind.left = left;
}

/* In units of a small gradient: optimisers that stop on the way to a saddle have come as near to it as that.
 */
static const double NEARLY = 100;

og_status og_settle(og_search *search, og_information *information, int *left) {
  og_directions directions;
  *left = 0;
  og_search_set_scale_of_best(search);
  OG_TRY(og_objective_loss_size(search->objective, search->best, &search->size));
  take_kind(search, &(og_point_kind){.names = "the gradient does not vanish"});
  og_standing at = og_search_standing(search, INFINITY);
  if (at.norm > NEARLY * og_standing_small(&at)) return OG_OK;
  double noise = og_standing_loss_noise(&at);
  if (information) OG_TRY(og_information_compute(information, search, og_standing_small(&at)));
  og_status status = og_directions_find(search, information, noise, &directions);
  if (status == OG_OK) take_kind(search, &directions.kind);
  if (status == OG_OK && search->kind.left < OG_LEAVES_MOST) *left = leave(search, &directions, noise);
  og_directions_free(&directions);
  if (status == OG_OK && search->fatal == OG_OK && !*left && search->kind.curvature == OG_CURVATURE_UNKNOWN)
    search->kind.falls = fall_along_gradient(search, noise);
  return status == OG_OK ? search->fatal : status;
}

/* ---- Edges ---- */

/* A search that ends at the edge of a distribution's domain: the loss falls as a rate, a scale or a
 * probability goes to where it may not be, and has no value behind it. No gradient vanishes there, and
 * nothing else names it. */

/* A parameter is near the edge within this part of its value at the start of the fit; so many are tried. */
static const double NEAR = 1e-9;
enum { TRIED_MOST = 64 };

/* Whether such a step along one parameter leads out of the domain of an argument, which
 * search->objective->outside then names. */
static int leads_out(og_search *search, size_t i, double step) {
  double loss = INFINITY;
  memcpy(search->trial, search->best, search->p * sizeof *search->trial);
  search->trial[i] += step;
  og_search_clip(search, search->trial);
  if (search->trial[i] == search->best[i]) return 0;
  search->objective->outside = (og_outside){0};
  og_status status = og_search_try(search, search->trial, &loss, NULL);
  return status == OG_ERR_NOT_FINITE && search->objective->outside.argument;
}

static int is_at_edge(og_search *search, size_t i) {
  double step = NEAR * fmax(fabs(search->origin[i]), search->scale[i]);
  return leads_out(search, i, -step) || leads_out(search, i, step);
}

static void say(og_search *search, size_t i) {
  const og_outside *edge = &search->objective->outside;
  char name[OG_ENTRY_NAME_SIZE];
  og_objective_entry_name(search->objective, i, name);
  snprintf(search->reason, OG_REASON_SIZE,
           "%sthe fit has come to the edge of what %s of %s (column %.60s) may be, %s: %s leads there, and "
           "behind it the loss has no value; bound it (`param %s = ... in [low, high]`), fix it, or ask "
           "whether the data determine it",
           search->stalled ? "not converged: " : "the limit of iterations was reached: ", edge->argument,
           edge->distribution, edge->column, edge->domain, name, name);
}

int og_edge_look(og_search *search) {
  size_t most = search->p < TRIED_MOST ? search->p : TRIED_MOST;
  search->at_edge = 0;
  for (size_t i = 0; i < most && search->fatal == OG_OK && !search->at_edge; i++)
    if (is_at_edge(search, i)) say(search, i), search->at_edge = 1;
  return search->at_edge;
}

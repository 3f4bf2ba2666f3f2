/* Standard errors: the square roots of the diagonal of the information's inverse. Where the loss does not
 * change along some directions, parameters without a part in those have theirs, from the inverse on the rest.
 */
#include <math.h>
#include <string.h>

#include "fit/eigen.h"
#include "fit/information.h"

static void by_factor(const og_information *information, double *standard_errors) {
  size_t p = information->p;
  double *unit = information->work, *column = information->work + p;
  for (size_t k = 0; k < information->inside; k++) {
    size_t i = information->place[k];
    memset(unit, 0, p * sizeof *unit);
    unit[i] = 1;
    og_information_solve(information, unit, column);
    standard_errors[i] = sqrt(column[i]);
  }
}

/* The parameters within their bounds that have a second derivative at all, each in the unit that makes it 1:
 * what rounding of the largest leaves is none. */
typedef struct spectrum {
  size_t m, *row;                           /* [m]: of the information */
  double *matrix, *vectors, *values, *unit; /* [m][m], [m][m], [m], [m] */
} spectrum;

static double own_of(const og_information *information, size_t row) {
  return fabs(information->matrix[row * (information->count + 1)]);
}

static void choose_rows(const og_search *search, const og_information *information, spectrum *s) {
  static const double ROUNDING = 1e-13;
  double largest = 0;
  for (int pass = 0; pass < 2; pass++)
    for (size_t i = 0; i < information->inside; i++) {
      double scale = search->scale[information->place[i]], own = own_of(information, i) * scale * scale;
      if (pass && own > ROUNDING * largest) s->row[s->m++] = i;
      if (!pass) largest = fmax(largest, own);
    }
}

static void load(const og_information *information, spectrum *s) {
  for (size_t i = 0; i < s->m; i++) s->unit[i] = 1 / sqrt(own_of(information, s->row[i]));
  for (size_t i = 0; i < s->m; i++)
    for (size_t j = 0; j < s->m; j++)
      s->matrix[i * s->m + j] =
          information->matrix[s->row[i] * information->count + s->row[j]] * s->unit[i] * s->unit[j];
}

static og_status open_spectrum(const og_search *search, const og_information *information, spectrum *s) {
  size_t m = information->inside, count = 2 * m * m + 2 * m + 1;
  double *memory = og_alloc(information->context, count, sizeof *memory);
  size_t *row = og_alloc(information->context, m + 1, sizeof *row);
  *s = (spectrum){0, row, memory, NULL, NULL, NULL};
  if (!memory || !row) return og_fail_memory(information->context, count * sizeof *memory, "standard errors");
  s->vectors = memory + m * m, s->values = s->vectors + m * m, s->unit = s->values + m;
  choose_rows(search, information, s);
  load(information, s);
  og_eigen_symmetric(s->m, s->matrix, s->values, s->vectors);
  return OG_OK;
}

static void close_spectrum(const og_information *information, spectrum *s) {
  og_free(information->context, s->row);
  og_free(information->context, s->matrix);
}

/* What is left of the gradient bends directions: a product c d of which only the product is known has the
 * curvature -2 g along (c, -d). So much of eigenvalue k may come from it, by the parameters of its vector or,
 * at most, by any. */
typedef struct bending {
  double own, most;
} bending;

static bending bending_of(const og_search *search, const og_information *information, const spectrum *s,
                          size_t k) {
  static const double SEVERAL = 4;
  double squares = 0, sum = 0, norm = og_search_gradient_norm(search, search->best, search->gradient);
  for (size_t i = 0; i < s->m; i++) {
    size_t place = information->place[s->row[i]];
    double part = s->vectors[k * s->m + i] * s->unit[i]; /* of a parameter, in it */
    sum += fabs(search->gradient[place] * part);
    squares += part / search->scale[place] * (part / search->scale[place]);
  }
  return (bending){SEVERAL * sum * sqrt(squares), SEVERAL * norm * squares};
}

/* Of the directions that the data do not determine, the largest eigenvalue; 0 where there are none. */
static double undetermined_up_to(const og_search *search, const og_information *information,
                                 const spectrum *s) {
  double limit = fmax(1e-9, 10 * information->error), largest = 0;
  for (size_t k = 0; k < s->m; k++)
    if (s->values[k] <= fmax(limit, bending_of(search, information, s, k).own))
      largest = fmax(largest, fmax(s->values[k], limit));
  return largest;
}

og_status og_information_confirm(og_information *information, og_search *search, double small) {
  static const double SOUND = 1e-4;
  spectrum s;
  int was = information->definite;
  if (!information->known || (was && information->weakest >= SOUND)) return OG_OK;
  OG_TRY(og_information_compute(information, search, small));
  if (was && information->definite) {
    og_status status = open_spectrum(search, information, &s);
    if (status == OG_OK) information->blurred = undetermined_up_to(search, information, &s);
    close_spectrum(information, &s);
    OG_TRY(status);
    was = information->blurred == 0;
  }
  information->definite &= was;
  return OG_OK;
}

/* Up to here eigenvalue k is not known to differ from 0: by differences as in directions.c, else by the least
 * pivot that would have done without it. Strong correlation beside it (0.999999 leaves 1e-6) is none of its
 * own. */
static double flat_up_to(const og_search *search, const og_information *information, const spectrum *s,
                         size_t k) {
  double limit = fmax(information->inexact ? 1e-3 : 1e-9, 10 * information->error);
  return fmax(limit, bending_of(search, information, s, k).most);
}

/* A part in flat vectors counts when it is more than the vectors' errors. */
static void by_spectrum(const og_search *search, const og_information *information, const spectrum *s,
                        double *standard_errors) {
  double no_part = fmax(1e-6, 100 * information->error * information->error);
  int all = undetermined_up_to(search, information, s) == 0;
  for (size_t i = 0; i < s->m; i++) {
    double flat = 0, variance = 0;
    for (size_t k = 0; k < s->m; k++) {
      double part = s->vectors[k * s->m + i] * s->vectors[k * s->m + i];
      if (!all && s->values[k] <= flat_up_to(search, information, s, k))
        flat += part;
      else
        variance += part / s->values[k];
    }
    if (flat <= no_part) standard_errors[information->place[s->row[i]]] = s->unit[i] * sqrt(variance);
  }
}

/* Finds standard errors where the matrix is not definite, unless the loss curves downward. */
static og_status flat_errors(const og_search *search, const og_information *information,
                             double *standard_errors) {
  spectrum s;
  int downward = 0;
  og_status status = open_spectrum(search, information, &s);
  for (size_t k = 0; status == OG_OK && k < s.m; k++)
    downward |= s.values[k] < -fmax(1e-6, flat_up_to(search, information, &s, k)); /* as in directions.c */
  if (status == OG_OK && !downward) by_spectrum(search, information, &s, standard_errors);
  close_spectrum(information, &s);
  return status;
}

static og_status find(const og_search *search, const og_information *information, double *standard_errors) {
  for (size_t i = 0; i < information->p; i++) standard_errors[i] = NAN;
  if (!information->known) return OG_OK;
  if (!information->definite) return flat_errors(search, information, standard_errors);
  by_factor(information, standard_errors);
  return OG_OK;
}

/* Whether the loss has neither a first nor a second derivative by the parameter. */
static int is_ignored(const og_search *search, const og_information *information, size_t i) {
  for (size_t k = 0; k < information->count; k++)
    if (information->place[k] == i)
      return search->gradient[i] == 0 && information->matrix[k * (information->count + 1)] == 0;
  return 0;
}

/* ---- What is said of them ---- */

/* The curvature of a loss that is no likelihood says nothing of errors. */
static const char *plain_error(const og_search *search) {
  const og_model_parts *parts = &search->objective->parts;
  for (size_t k = 0; k < parts->observed; k++)
    if (og_is_plain_error(parts->distributions[k].distribution))
      return parts->distributions[k].distribution->name;
  return NULL;
}

/* Of parameters within their bounds: those on which the loss does not depend, and others that it does not
 * determine. */
static void note_undetermined(const og_search *search, const og_information *information,
                              const double *standard_errors) {
  char ignored[OG_NAMES_SIZE] = "", open[OG_NAMES_SIZE] = "";
  og_entry_list first = {.text = ignored}, second = {.text = open};
  for (size_t i = 0; i < search->p; i++) {
    if (og_search_is_at_bound(search, i) || !isnan(standard_errors[i])) continue;
    og_entry_list_add(is_ignored(search, information, i) ? &first : &second, search, i);
  }
  if (first.count)
    og_log(search->context, "note: no standard errors for %s: the loss does not change with %s", ignored,
           first.count > 1 ? "them" : "it");
  if (second.count)
    og_log(search->context,
           "note: no standard errors for %s: the data do not determine %s, or the estimate is no minimum",
           open, second.count > 1 ? "them one by one" : "it");
}

static void note_errors(const og_search *search, const og_information *information,
                        const double *standard_errors) {
  char name[OG_ENTRY_NAME_SIZE];
  og_standing at = og_search_standing(search, INFINITY);
  if (!og_standing_is_credible(&at))
    og_log(search->context,
           "note: no standard errors, because the gradient at the estimate is not to be trusted");
  else if (!information->known)
    og_log(search->context, "note: no standard errors: %s", information->fault);
  else
    note_undetermined(search, information, standard_errors);
  if (information->known && information->inexact)
    og_log(search->context, "note: standard errors come from differences of gradients: %s",
           information->source);
  for (size_t i = 0; i < search->p; i++)
    if (og_search_is_at_bound(search, i))
      og_log(search->context, "note: no standard error for %s, which is at its bound",
             og_objective_entry_name(search->objective, i, name));
}

int og_errors_mean_nothing(const og_search *search) {
  const char *name = plain_error(search);
  if (name)
    og_log(search->context,
           "note: no standard errors, because %s is no likelihood: that of a distribution would say how well "
           "the "
           "parameters are known",
           name);
  return name != NULL;
}

/* From the information that judged the point, where it was judged. Where the gradient is nonsense, so is its
 * derivative. */
og_status og_errors_find(og_search *search, og_information *information, int judged,
                         double *standard_errors) {
  og_standing at = og_search_standing(search, INFINITY);
  if (!og_standing_is_credible(&at))
    information->known = information->definite = 0;
  else if (!judged)
    OG_TRY(og_information_compute(information, search, og_standing_small(&at)));
  OG_TRY(find(search, information, standard_errors));
  note_errors(search, information, standard_errors);
  return OG_OK;
}

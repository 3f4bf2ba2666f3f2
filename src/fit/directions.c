/* Directions from the eigenvectors of the Hessian in natural units: all of them where the matrix is known; of
 * many parameters or networks those of a Krylov space, which finds the lowest eigenvalues first. */
#include "fit/directions.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fit/eigen.h"

/* The most Hessian products, the most eigenvectors of a kind, and the most random mixtures of them. */
enum { KRYLOV = 24, SPECIAL = 12, MIXTURES = 12 };

/* A symmetric matrix of a subspace of natural moves, whose basis vectors are the rows of `basis`. */
typedef struct subspace {
  size_t m;
  double *matrix, *vectors, *values; /* [m][m], [m][m], [m] */
  double *basis;                     /* [m][p]: in parameters */
} subspace;

static og_status create_subspace(og_context *context, size_t m, size_t p, subspace *s) {
  size_t count = m * (2 * m + 1 + p) + 1;
  double *memory = og_alloc(context, count, sizeof *memory);
  if (!memory) return og_fail_memory(context, count * sizeof *memory, "eigenvectors of a Hessian");
  *s = (subspace){m, memory, memory + m * m, memory + 2 * m * m, memory + m * (2 * m + 1)};
  return OG_OK;
}

/* ---- What the directions are ---- */

/* The names of parameters with a part in any of `count` directions of natural moves. */
static void name_parameters(const og_search *search, size_t count, const double *along,
                            char names[OG_NAMES_SIZE]) {
  static const double PART = 0.1;
  size_t p = search->p;
  og_entry_list list = {.text = names};
  names[0] = '\0';
  for (size_t i = 0; i < p; i++) {
    double part = 0;
    for (size_t k = 0; k < count; k++) part = fmax(part, fabs(along[k * p + i]) / search->scale[i]);
    if (part >= PART) og_entry_list_add(&list, search, i);
  }
}

/* sum of weight[k] basis[k], made as long as one natural move. Returns how many it was long. */
static double combine(const og_search *search, size_t m, const double *weight, const double *basis,
                      double *along) {
  size_t p = search->p;
  double length = 0;
  memset(along, 0, p * sizeof *along);
  for (size_t k = 0; k < m; k++)
    for (size_t i = 0; i < p; i++) along[i] += weight[k] * basis[k * p + i];
  for (size_t i = 0; i < p; i++) length = fmax(length, fabs(along[i]) / search->scale[i]);
  for (size_t i = 0; i < p && length > 0; i++) along[i] /= length;
  return length;
}

/* What an eigenvector is: the loss' second derivative along it, for one natural move, counts where such a
 * move changes the loss by more than its noise. 0: it does not count; NaN: it is upward. */
static double curvature_along(const subspace *s, size_t k, double length, double limit, double noise) {
  double curvature = length > 0 ? s->values[k] / length / length : 0;
  if (s->values[k] > limit) return NAN;
  return s->values[k] < -limit && curvature < -2 * noise ? curvature : 0;
}

/* Takes the eigenvectors that are downward, or those that are flat; returns how many there are. */
static size_t take_vectors(const og_search *search, const subspace *s, int downward, double limit,
                           double noise, og_directions *d) {
  size_t found = 0, most = d->count + SPECIAL;
  for (size_t k = 0; k < s->m && s->values[k] <= limit; k++) {
    size_t at = d->count < most ? d->count : most; /* the last place is scratch once all are taken */
    double length = combine(search, s->m, s->vectors + k * s->m, s->basis, d->along + at * d->p);
    double curvature = curvature_along(s, k, length, limit, noise);
    if (isnan(curvature) || (curvature < 0) != downward) continue;
    found++;
    if (d->count == most) continue;
    d->curvature[d->count++] = curvature;
  }
  return found;
}

/* Random mixtures of the flat directions from number `first` on: a loss may fall along them although it does
 * not along each, as x y does at 0. */
static void add_mixtures(const og_search *search, size_t first, og_directions *d) {
  size_t flat = d->count - first;
  double weight[SPECIAL];
  og_rng rng;
  og_rng_seed(&rng, 0, UINT64_C(0x464c415400000000));
  for (size_t k = 0; flat > 1 && k < 2 * flat && k < MIXTURES; k++) {
    for (size_t j = 0; j < flat; j++) weight[j] = og_rng_normal(&rng);
    combine(search, flat, weight, d->along + first * d->p, d->along + d->count * d->p);
    d->curvature[d->count++] = 0;
  }
}

/* The subspace's matrix is destroyed. Eigenvalues up to `limit` are not known to differ from 0. */
static void classify(const og_search *search, subspace *s, double limit, double noise, og_directions *d) {
  og_eigen_symmetric(s->m, s->matrix, s->values, s->vectors);
  size_t downward = take_vectors(search, s, 1, limit, noise, d), first_flat = d->count;
  size_t flat = take_vectors(search, s, 0, limit, noise, d);
  d->kind.directions = s->m;
  d->kind.special = downward ? downward : flat;
  d->kind.curvature = downward ? OG_CURVATURE_DOWNWARD : flat ? OG_CURVATURE_FLAT : OG_CURVATURE_UPWARD;
  if (downward)
    name_parameters(search, first_flat, d->along, d->kind.names);
  else
    name_parameters(search, d->count, d->along, d->kind.names);
  d->eigenvectors = d->count;
  add_mixtures(search, first_flat, d);
}

/* ---- From the whole matrix ---- */

/* Each parameter in the unit that makes its own second derivative 1, or in its natural unit where that is
 * lost in the errors of the others: so no unit decides what is flat. */
static void load_matrix(const og_search *search, const og_information *information, double least,
                        subspace *s) {
  size_t m = s->m, p = search->p;
  const double *matrix = information->matrix;
  double largest = 0;
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < m; j++)
      largest = fmax(largest, fabs(matrix[i * m + j]) * search->scale[information->place[i]] *
                                  search->scale[information->place[j]]);
  for (size_t i = 0; i < m; i++) {
    size_t place = information->place[i];
    double unit = search->scale[place], own = fabs(matrix[i * m + i]) * unit * unit,
           size = fmax(own, least * largest);
    s->basis[i * p + place] = size > 0 ? unit / sqrt(size) : unit;
  }
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < m; j++)
      s->matrix[i * m + j] = matrix[i * m + j] * s->basis[i * p + information->place[i]] *
                             s->basis[j * p + information->place[j]];
}

static og_status from_matrix(const og_search *search, const og_information *information, double noise,
                             og_directions *d) {
  subspace s = {0};
  double limit = fmax(information->inexact ? 1e-3 : 1e-6, 10 * information->error);
  limit = fmax(limit, 1.01 * information->blurred); /* the same units, up to rounding */
  OG_TRY(create_subspace(search->context, information->count, search->p, &s));
  load_matrix(search, information, information->inexact ? 1e-4 : 1e-9, &s);
  classify(search, &s, limit, noise, d);
  og_free(search->context, s.matrix);
  return OG_OK;
}

/* ---- From products ---- */

/* How far a parameter may move both ways; 0 where a bound is too near for a difference that means anything.
 */
static double room_of(const og_search *search, size_t i) {
  static const double LEAST = 1.0 / 4096; /* of a natural move */
  double room = fmin(search->best[i] - search->lowest[i], search->highest[i] - search->best[i]);
  return room >= LEAST * search->scale[i] ? room : 0;
}

/* The step along v: 1/256 of a natural move at most, and within the bounds both ways. */
static double step_within(const og_search *search, const double *v) {
  double h = INFINITY;
  for (size_t i = 0; i < search->p; i++) {
    double most = fmin(room_of(search, i), search->scale[i] / 256);
    if (most > 0 && v[i] != 0) h = fmin(h, most / fabs(v[i]));
  }
  return isfinite(h) ? h : 0;
}

/* H v by central differences of the gradient, of the parameters that have room for them: the others are held,
 * in v and in the product, so that the matrix stays symmetric. */
static og_status difference_product(og_search *search, const double *v, double *product) {
  double loss, h = step_within(search, v), *end = search->trial, *gradient = search->trial_gradient;
  memset(product, 0, search->p * sizeof *product);
  for (int sign = -1; sign <= 1 && h > 0; sign += 2) {
    for (size_t i = 0; i < search->p; i++)
      end[i] = search->best[i] + (room_of(search, i) > 0 ? sign * h * v[i] : 0);
    og_search_clip(search, end); /* rounding may have passed a bound */
    OG_TRY(og_search_try(search, end, &loss, gradient));
    for (size_t i = 0; i < search->p; i++)
      if (room_of(search, i) > 0) product[i] += sign * gradient[i] / (2 * h);
  }
  return OG_OK;
}

static og_status hessian_product(og_search *search, int *inexact, const double *v, double *product) {
  if (!*inexact) {
    og_status status = og_search_products(search, 1, v, product);
    if (status != OG_ERR_UNSUPPORTED && status != OG_ERR_BUDGET) return status;
    *inexact = 1;
  }
  return difference_product(search, v, product);
}

/* A random natural move of the parameters within their bounds, with nothing of the basis in it. */
static void draw_vector(const og_search *search, og_rng *rng, double *v) {
  for (size_t i = 0; i < search->p; i++)
    v[i] = og_search_is_at_bound(search, i) ? 0 : og_rng_normal(rng) * search->scale[i];
}

/* Takes the first `count` basis vectors out of v, which lengths in natural units make orthogonal, twice for
 * rounding, and makes it one long. 0: nothing was left. */
static int orthonormalise(const og_search *search, const double *basis, size_t count, double *v) {
  size_t p = search->p;
  double before = 0, after = 0;
  for (size_t i = 0; i < p; i++) before += v[i] / search->scale[i] * (v[i] / search->scale[i]);
  for (int pass = 0; pass < 2; pass++)
    for (size_t k = 0; k < count; k++) {
      const double *q = basis + k * p;
      double part = 0;
      for (size_t i = 0; i < p; i++) part += q[i] / search->scale[i] * (v[i] / search->scale[i]);
      for (size_t i = 0; i < p; i++) v[i] -= part * q[i];
    }
  for (size_t i = 0; i < p; i++) after += v[i] / search->scale[i] * (v[i] / search->scale[i]);
  if (!(after > 1e-20 * before) || !isfinite(after)) return 0;
  for (size_t i = 0; i < p; i++) v[i] /= sqrt(after);
  return 1;
}

/* The next vector of the Krylov space is H q in natural units, S^2 H q with the scales S; where the space is
 * at its end, a random one opens another. */
static int next_vector(const og_search *search, subspace *s, size_t count, const double *product,
                       og_rng *rng) {
  double *v = s->basis + count * search->p;
  for (size_t i = 0; i < search->p; i++)
    v[i] = og_search_is_at_bound(search, i) ? 0 : product[i] * search->scale[i] * search->scale[i];
  if (count && orthonormalise(search, s->basis, count, v)) return 1;
  draw_vector(search, rng, v);
  return orthonormalise(search, s->basis, count, v);
}

/* Rayleigh and Ritz: the Hessian of the space, filled column by column. */
static og_status fill_space(og_search *search, subspace *s, int *inexact, double *product) {
  size_t room = s->m, p = search->p;
  og_rng rng;
  og_rng_seed(&rng, 0, UINT64_C(0x4b52594c4f560000));
  for (s->m = 0; s->m < room && next_vector(search, s, s->m, product, &rng); s->m++) {
    OG_TRY(hessian_product(search, inexact, s->basis + s->m * p, product));
    for (size_t k = 0; k <= s->m; k++) {
      double entry = 0;
      for (size_t i = 0; i < p; i++) entry += s->basis[k * p + i] * product[i];
      if (!isfinite(entry)) return OG_ERR_NOT_FINITE;
      s->values[k] = entry;
    }
    for (size_t k = 0; k <= s->m; k++) s->matrix[s->m * room + k] = s->matrix[k * room + s->m] = s->values[k];
  }
  for (size_t i = 0; i < s->m; i++)
    memmove(s->matrix + i * s->m, s->matrix + i * room, s->m * sizeof(double));
  return OG_OK;
}

static double largest_entry(const subspace *s) {
  double largest = 0;
  for (size_t i = 0; i < s->m * s->m; i++) largest = fmax(largest, fabs(s->matrix[i]));
  return largest;
}

/* Keeps only directions of negative curvature: a part of the space does not tell whether the rest is flat. */
static void keep_downward(og_directions *d) {
  if (d->kind.curvature == OG_CURVATURE_DOWNWARD) return;
  snprintf(d->kind.names, OG_NAMES_SIZE, "%zu Hessian products found no direction of negative curvature",
           d->kind.directions);
  d->kind.curvature = OG_CURVATURE_UNKNOWN;
  d->count = 0;
}

static og_status from_products(og_search *search, double noise, og_directions *d) {
  subspace s = {0};
  int inexact = 0;
  OG_TRY(create_subspace(search->context, search->p < KRYLOV ? search->p : KRYLOV, search->p, &s));
  double *memory = s.matrix, *product = og_alloc(search->context, search->p + 1, sizeof *product);
  og_status status = product
                         ? fill_space(search, &s, &inexact, product)
                         : og_fail_memory(search->context, search->p * sizeof *product, "Hessian products");
  if (status == OG_OK) {
    classify(search, &s, (inexact ? 1e-3 : 1e-6) * largest_entry(&s), noise, d);
    keep_downward(d);
  } else if (og_survivable(status)) {
    snprintf(d->kind.names, OG_NAMES_SIZE, "there are no second derivatives at the point");
    status = OG_OK;
  }
  og_free(search->context, product);
  og_free(search->context, memory);
  return status;
}

/* ---- Without second derivatives ---- */

/* Takes the axes of the first parameters, and random directions. */
static void guess(const og_search *search, og_directions *d) {
  og_rng rng;
  og_rng_seed(&rng, 0, UINT64_C(0x4755455353000000));
  for (size_t i = 0; i < d->p && d->count < MIXTURES; i++) {
    d->along[d->count * d->p + i] = search->scale[i];
    d->curvature[d->count++] = 0;
  }
  for (size_t k = 0; k < MIXTURES && d->p > 1; k++) {
    double *along = d->along + d->count * d->p, one = 1;
    draw_vector(search, &rng, along + d->p);
    combine(search, 1, &one, along + d->p, along);
    d->curvature[d->count++] = 0;
  }
}

/* ---- All ---- */

static og_status find(og_search *search, const og_information *information, double noise, og_directions *d) {
  if (!information) return from_products(search, noise, d);
  if (og_information_is_upward(information)) {
    d->kind = (og_point_kind){.curvature = OG_CURVATURE_UPWARD, .directions = information->count};
    return OG_OK;
  }
  if (information->known) return from_matrix(search, information, noise, d);
  snprintf(d->kind.names, OG_NAMES_SIZE, "%s", information->fault);
  guess(search, d);
  return OG_OK;
}

og_status og_directions_find(og_search *search, const og_information *information, double noise,
                             og_directions *d) {
  size_t count = 2 * SPECIAL + MIXTURES + 1;
  *d = (og_directions){.context = search->context, .p = search->p};
  d->along = og_alloc(search->context, count * search->p + 1, sizeof(double));
  if (!d->along) return og_fail_memory(search->context, count * search->p * sizeof(double), "directions");
  og_status status = find(search, information, noise, d);
  if (status != OG_OK) og_directions_free(d);
  return status;
}

void og_directions_free(og_directions *directions) {
  og_free(directions->context, directions->along);
  directions->along = NULL;
}

/* Observed information: exact (hessian.c); by differences of exact gradients where the solve has no second
 * derivatives. */
#include "fit/information.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

og_status og_information_create(og_context *context, size_t p, og_information *information) {
  size_t size = p > OG_INFORMATION_MAX ? 0 : p;
  *information = (og_information){.context = context, .p = p};
  information->place = og_alloc(context, p + 1, sizeof *information->place);
  information->matrix = og_alloc(context, size * size + 1, sizeof(double));
  information->factor = og_alloc(context, size * size + 1, sizeof(double));
  information->at = og_alloc(context, p + 1, sizeof(double));
  information->work = og_alloc(context, 4 * p + 1, sizeof(double));
  if (information->place && information->matrix && information->factor && information->at &&
      information->work)
    return OG_OK;
  og_information_free(information);
  return og_fail_memory(context, 2 * size * size * sizeof(double), "the observed information");
}

void og_information_free(og_information *information) {
  og_free(information->context, information->place);
  og_free(information->context, information->matrix);
  og_free(information->context, information->factor);
  og_free(information->context, information->at);
  og_free(information->context, information->work);
  *information = (og_information){.context = information->context};
}

static void find_places(og_information *information, const og_search *search, double small) {
  size_t count = 0;
  for (size_t i = 0; i < search->p; i++)
    if (!og_search_is_at_bound(search, i)) information->place[count++] = i;
  information->inside = count;
  for (size_t i = 0; i < search->p; i++)
    if (og_search_is_at_bound(search, i) && !og_search_is_held(search, i, small))
      information->place[count++] = i;
  information->count = count;
}

/* The first line of the context's message. */
static void keep_message(const og_search *search, char text[OG_NAMES_SIZE]) {
  const char *message = og_context_message(search->context);
  size_t length = strcspn(message, "\n"), most = OG_NAMES_SIZE - 4;
  snprintf(text, OG_NAMES_SIZE, "%.*s%s", (int)(length < most ? length : most), message,
           length < most ? "" : "...");
}

/* ---- Exact ---- */

static og_status exact_columns(og_information *information, og_search *search, double *memory) {
  size_t p = search->p, m = information->count;
  double *directions = memory, *products = memory + m * p;
  for (size_t k = 0; k < m; k++) directions[k * p + information->place[k]] = 1;
  OG_TRY(og_search_products(search, m, directions, products));
  for (size_t row = 0; row < m; row++)
    for (size_t column = 0; column < m; column++)
      information->matrix[row * m + column] = products[row * p + information->place[column]];
  return OG_OK;
}

static og_status exact(og_information *information, og_search *search) {
  size_t count = 2 * information->count * search->p + 1;
  double *memory = og_alloc(search->context, count, sizeof *memory);
  if (!memory) return og_fail_memory(search->context, count * sizeof *memory, "the observed information");
  og_status status = exact_columns(information, search, memory);
  if (status != OG_OK && og_survivable(status)) keep_message(search, information->fault);
  og_free(search->context, memory);
  return status;
}

/* ---- Errors of the matrix ---- */

/* The largest entry in natural units; NaN when an entry is not finite. */
static double largest_scaled(const og_information *information, const double *scale) {
  size_t m = information->count;
  double largest = 0;
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < m; j++) {
      double entry =
          information->matrix[i * m + j] * scale[information->place[i]] * scale[information->place[j]];
      if (!isfinite(entry)) return NAN;
      largest = fmax(largest, fabs(entry));
    }
  return largest;
}

/* The size of entry i, j as a correlation has it: of the diagonal's entries, at least what rounding of the
 * largest leaves there. */
static double entry_size(const og_information *information, const double *scale, double largest, size_t i,
                         size_t j) {
  double size = 1;
  size_t both[] = {i, j};
  for (int k = 0; k < 2; k++) {
    double unit = scale[information->place[both[k]]],
           own = fabs(information->matrix[both[k] * (information->count + 1)]);
    size *= sqrt(fmax(own, 1e-9 * largest / unit / unit));
  }
  return size;
}

/* Both halves of the matrix were computed. Their difference estimates the error of all entries. */
static double asymmetry_of(const og_information *information, const double *scale) {
  size_t m = information->count;
  double worst = 0, largest = largest_scaled(information, scale);
  for (size_t i = 0; i < m && largest > 0; i++)
    for (size_t j = 0; j < i; j++)
      worst = fmax(worst, fabs(information->matrix[i * m + j] - information->matrix[j * m + i]) /
                              entry_size(information, scale, largest, i, j));
  return isfinite(largest) ? worst : INFINITY;
}

/* The largest difference between the matrix and another one, in units of entry_size. */
static double difference_of(const og_information *information, const double *scale, const double *other) {
  size_t m = information->count;
  double worst = 0, largest = largest_scaled(information, scale);
  for (size_t i = 0; i < m && largest > 0; i++)
    for (size_t j = 0; j < m; j++)
      worst = fmax(worst, fabs(information->matrix[i * m + j] - other[i * m + j]) /
                              entry_size(information, scale, largest, i, j));
  return isfinite(largest) ? worst : INFINITY;
}

static void symmetrise(og_information *information) {
  size_t m = information->count;
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < i; j++) {
      double *lower = &information->matrix[i * m + j], *upper = &information->matrix[j * m + i];
      *lower = *upper = 0.5 * *lower + 0.5 * *upper;
    }
}

/* ---- By differences ---- */

/* The gradient at theta + h e_i, added with two weights to two sums. */
static og_status add_gradient(og_information *information, og_search *search, size_t i, double h,
                              const double weight[2], double *sums) {
  double *theta = information->work, *gradient = information->work + search->p, loss;
  memcpy(theta, search->best, search->p * sizeof *theta);
  theta[i] += h;
  og_search_clip(search, theta); /* rounding may have passed a bound */
  OG_TRY(og_search_try(search, theta, &loss, gradient));
  for (size_t k = 0; k < search->p; k++) {
    sums[k] += weight[0] * gradient[k];
    sums[search->p + k] += weight[1] * gradient[k];
  }
  return OG_OK;
}

/* Points and weights of a derivative, in units of a step; and those of the slope between the last two, which
 * is another where there is a kink between any. */
typedef struct stencil {
  double at[4], weight[4][2];
} stencil;
static const stencil central = {{-2, -1, 1, 2},
                                {{1.0 / 12, 0}, {-8.0 / 12, 0}, {8.0 / 12, -1}, {-1.0 / 12, 1}}};
static const stencil one_sided = {{0, 1, 2, 3}, {{-11.0 / 6, 0}, {3, 0}, {-1.5, -1}, {1.0 / 3, 1}}};

/* A step of `share` of the parameter's natural unit, less where the bounds are near; away from a bound that
 * is nearer than the step. The result is signed. */
static const stencil *choose_stencil(const og_search *search, size_t i, double share, double *h) {
  double below = search->best[i] - search->lowest[i], above = search->highest[i] - search->best[i],
         wanted = search->scale[i] * share, sides = fmin(below, above) / 2, side = fmax(below, above) / 3;
  if (sides >= fmin(wanted, side)) {
    *h = fmin(wanted, sides);
    return &central;
  }
  *h = above > below ? fmin(wanted, side) : -fmin(wanted, side);
  return &one_sided;
}

/* Computes a row of the matrix, and the same row from the slopes between the last two points. */
static og_status add_row(og_information *information, og_search *search, size_t row, double share,
                         double *slopes) {
  size_t m = information->count, p = search->p;
  double h, *sums = information->work + 2 * p;
  const stencil *s = choose_stencil(search, information->place[row], share, &h);
  memset(sums, 0, 2 * p * sizeof *sums);
  for (int k = 0; k < 4; k++)
    OG_TRY(add_gradient(information, search, information->place[row], s->at[k] * h,
                        (double[]){s->weight[k][0] / h, s->weight[k][1] / h}, sums));
  for (size_t column = 0; column < m; column++) {
    information->matrix[row * m + column] = sums[information->place[column]];
    slopes[row * m + column] = sums[p + information->place[column]];
  }
  return OG_OK;
}

static og_status add_rows(og_information *information, og_search *search, double share, double *slopes) {
  for (size_t row = 0; row < information->count; row++) {
    og_status status = add_row(information, search, row, share, slopes);
    char name[OG_ENTRY_NAME_SIZE];
    if (status != OG_OK && og_survivable(status))
      snprintf(information->fault, OG_NAMES_SIZE,
               "the solve fails close to the estimate, at other values of %s",
               og_objective_entry_name(search->objective, information->place[row], name));
    if (status != OG_OK) return status;
  }
  return OG_OK;
}

/* Of the matrix at one step size: what its halves differ by, and a part of what slopes on one side say: they
 * are of first order, so the stencil is much better where the loss is smooth. */
static double error_of(const og_information *information, const double *scale, const double *slopes) {
  return fmax(asymmetry_of(information, scale), 0.1 * difference_of(information, scale, slopes));
}

/* Steps from 1/256 of a natural unit, at which the changing steps of adaptive solves do not show, downward as
 * long as that lowers the error: the loss of a model with events has kinks, which the first ones may cross.
 * An error that stays while the matrix grows is a kink at the point itself, where there is no second
 * derivative. The best matrix is kept in `kept`. */
static og_status refine(og_information *information, og_search *search, double *slopes, double *kept) {
  static const double GOOD = 1e-3;
  size_t bytes = information->count * information->count * sizeof(double);
  double least = INFINITY, share = 1.0 / 256;
  for (int k = 0; k < 4 && least > GOOD; k++, share /= 8) {
    OG_TRY(add_rows(information, search, share, slopes));
    double error = error_of(information, search->scale, slopes);
    if (k && !(error < 0.5 * least)) {
      double grown = difference_of(information, search->scale, kept);
      if (error < 2 * least) least = fmax(least, grown);
      break;
    }
    least = error;
    memcpy(kept, information->matrix, bytes);
  }
  memcpy(information->matrix, kept, bytes);
  information->error = least;
  return OG_OK;
}

static og_status differences(og_information *information, og_search *search) {
  size_t m = information->count, count = 2 * m * m + 1;
  double *memory = og_alloc(search->context, count, sizeof *memory);
  if (!memory) return og_fail_memory(search->context, count * sizeof *memory, "the observed information");
  og_status status = refine(information, search, memory, memory + m * m);
  og_free(search->context, memory);
  return status;
}

/* ---- The matrix ---- */

static og_status rows(og_information *information, og_search *search) {
  og_status status = information->inexact ? OG_ERR_UNSUPPORTED : exact(information, search);
  if (status != OG_ERR_UNSUPPORTED && status != OG_ERR_BUDGET) return status;
  if (!information->inexact) keep_message(search, information->source);
  information->inexact = 1;
  return differences(information, search);
}

static int is_believable(og_information *information, const double *scale) {
  static const double WILD = 0.1; /* a tenth of a correlation */
  if (!isfinite(largest_scaled(information, scale))) {
    snprintf(information->fault, OG_NAMES_SIZE, "second derivatives of the loss are not finite");
    return 0;
  }
  if (!information->inexact) information->error = asymmetry_of(information, scale);
  symmetrise(information);
  if (information->error <= WILD) return 1;
  snprintf(information->fault, OG_NAMES_SIZE,
           "mixed second derivatives taken in either order%s differ by %.2g of their size; tighter rtol and "
           "atol may help",
           information->inexact ? ", or by other steps," : "", information->error);
  return 0;
}

/* ---- Its inverse ---- */

/* In place, lower triangle. A pivot lost to cancellation, or to the entries' own errors, means a direction
 * that the data do not determine. */
static int cholesky(double *a, size_t m, double least, double *weakest) {
  *weakest = INFINITY;
  for (size_t j = 0; j < m; j++) {
    double diagonal = a[j * m + j], pivot = diagonal;
    for (size_t k = 0; k < j; k++) pivot -= a[j * m + k] * a[j * m + k];
    if (!(pivot > least * diagonal) || !(diagonal > 0)) return 0;
    *weakest = fmin(*weakest, pivot / diagonal);
    a[j * m + j] = sqrt(pivot);
    for (size_t i = j + 1; i < m; i++) {
      double sum = a[i * m + j];
      for (size_t k = 0; k < j; k++) sum -= a[i * m + k] * a[j * m + k];
      a[i * m + j] = sum / a[j * m + j];
    }
  }
  return 1;
}

static double least_pivot(const og_information *information) { return fmax(1e-9, information->error); }

static void copy_inside(og_information *information) {
  for (size_t i = 0; i < information->inside; i++)
    memcpy(information->factor + i * information->inside, information->matrix + i * information->count,
           information->inside * sizeof(double));
}

int og_information_stiffen(og_information *information, const double *scale) {
  size_t m = information->inside;
  double largest = largest_scaled(information, scale), ridge = fmax(1e-6, 2 * information->error);
  copy_inside(information);
  for (size_t i = 0; i < m; i++) {
    double unit = scale[information->place[i]];
    information->factor[i * m + i] +=
        ridge * fabs(information->factor[i * m + i]) + 1e-12 * largest / unit / unit;
  }
  return cholesky(information->factor, m, least_pivot(information), &information->weakest);
}

int og_information_is_upward(const og_information *information) {
  return information->definite && information->inside == information->count;
}

og_status og_information_compute(og_information *information, og_search *search, double small) {
  if (information->ready && !memcmp(information->at, search->best, search->p * sizeof(double))) return OG_OK;
  information->known = information->definite = 0;
  information->blurred = 0;
  information->ready = 1;
  information->fault[0] = '\0';
  memcpy(information->at, search->best, search->p * sizeof(double));
  find_places(information, search, small);
  og_status status = rows(information, search);
  if (status != OG_OK) return og_survivable(status) ? OG_OK : status;
  information->known = is_believable(information, search->scale);
  if (!information->known) return OG_OK;
  copy_inside(information);
  information->definite =
      cholesky(information->factor, information->inside, least_pivot(information), &information->weakest);
  return OG_OK;
}

/* step = information^-1 gradient over the parameters within their bounds, 0 elsewhere. */
void og_information_solve(const og_information *information, const double *gradient, double *step) {
  size_t m = information->inside;
  const double *l = information->factor;
  double *y = information->work + 3 * information->p;
  for (size_t i = 0; i < m; i++) {
    y[i] = gradient[information->place[i]];
    for (size_t k = 0; k < i; k++) y[i] -= l[i * m + k] * y[k];
    y[i] /= l[i * m + i];
  }
  memset(step, 0, information->p * sizeof *step);
  for (size_t i = m; i-- > 0;) {
    for (size_t k = i + 1; k < m; k++) y[i] -= l[k * m + i] * y[k];
    y[i] /= l[i * m + i];
    step[information->place[i]] = y[i];
  }
}

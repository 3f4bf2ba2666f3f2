/* Observed information: the Hessian of the loss at the estimate, exact (hessian.c); by central differences of
 * exact gradients where the solve has no second derivatives.
 */
#include <math.h>
#include <string.h>

#include "fit/search.h"

og_status og_information_create(og_context *context, size_t p, og_information *information) {
  size_t size = p > OG_INFORMATION_MAX ? 0 : p;
  *information = (og_information){.context = context, .p = p};
  information->free = og_alloc(context, p + 1, sizeof *information->free);
  information->matrix = og_alloc(context, size * size + 1, sizeof(double));
  information->work = og_alloc(context, 4 * p + 1, sizeof(double));
  if (information->free && information->matrix && information->work) return OG_OK;
  og_information_free(information);
  return og_fail_memory(context, size * size * sizeof(double), "the observed information");
}

void og_information_free(og_information *information) {
  og_free(information->context, information->free);
  og_free(information->context, information->matrix);
  og_free(information->context, information->work);
  *information = (og_information){.context = information->context};
}

static void find_free(og_information *information, const og_search *search) {
  information->free_count = 0;
  for (size_t i = 0; i < search->p; i++)
    if (search->best[i] > search->lowest[i] && search->best[i] < search->highest[i])
      information->free[information->free_count++] = i;
}

/* ---- Exact ---- */

static og_status exact_columns(og_information *information, og_search *search, double *memory) {
  size_t p = search->p, m = information->free_count;
  double *directions = memory, *products = memory + m * p;
  for (size_t k = 0; k < m; k++) directions[k * p + information->free[k]] = 1;
  search->evaluations += (long long)m;
  OG_TRY(og_objective_hessian_products(search->objective, search->best, m, directions, products));
  for (size_t row = 0; row < m; row++)
    for (size_t column = 0; column < m; column++)
      information->matrix[row * m + column] = 0.5 * products[row * p + information->free[column]] +
                                              0.5 * products[column * p + information->free[row]];
  return OG_OK;
}

static og_status exact(og_information *information, og_search *search) {
  size_t count = 2 * information->free_count * search->p + 1;
  double *memory = og_alloc(search->context, count, sizeof *memory);
  if (!memory) return og_fail_memory(search->context, count * sizeof *memory, "the observed information");
  og_status status = exact_columns(information, search, memory);
  og_free(search->context, memory);
  return status;
}

/* ---- By differences ---- */

/* The gradient at theta + h e_i, added with a weight. */
static og_status add_gradient(og_information *information, og_search *search, size_t i, double h,
                              double weight, double *sum) {
  double *theta = information->work, *gradient = information->work + search->p, loss;
  memcpy(theta, search->best, search->p * sizeof *theta);
  theta[i] += h;
  search->evaluations++;
  OG_TRY(og_objective_evaluate(search->objective, theta, &loss, gradient));
  for (size_t k = 0; k < search->p; k++) sum[k] += weight * gradient[k];
  return OG_OK;
}

/* Fourth order, with steps large enough that the changing steps of adaptive solves do not show: 1/256 of the
 * parameter's natural unit, less where a bound is near. */
static og_status add_column(og_information *information, og_search *search, size_t column) {
  size_t i = information->free[column], m = information->free_count;
  double room = fmin(search->best[i] - search->lowest[i], search->highest[i] - search->best[i]);
  double h = fmin(search->scale[i] / 256, room / 2), *sum = information->work + 2 * search->p;
  static const struct {
    double at, weight;
  } stencil[] = {{-2, 1.0 / 12}, {-1, -8.0 / 12}, {1, 8.0 / 12}, {2, -1.0 / 12}};
  memset(sum, 0, search->p * sizeof *sum);
  for (int k = 0; k < 4; k++)
    OG_TRY(add_gradient(information, search, i, stencil[k].at * h, stencil[k].weight / h, sum));
  for (size_t row = 0; row < m; row++) {
    double half = sum[information->free[row]] / 2;
    information->matrix[row * m + column] += half;
    information->matrix[column * m + row] += half;
  }
  return OG_OK;
}

static og_status differences(og_information *information, og_search *search) {
  size_t m = information->free_count;
  memset(information->matrix, 0, m * m * sizeof(double));
  for (size_t column = 0; column < m; column++) {
    og_status status = add_column(information, search, column);
    char name[OG_ENTRY_NAME_SIZE];
    if (status != OG_OK && og_survivable(status))
      og_log(search->context,
             "note: no standard errors, because the solve fails close to the estimate, at other values of %s",
             og_objective_entry_name(search->objective, information->free[column], name));
    if (status != OG_OK) return status;
  }
  return OG_OK;
}

/* The first line of the message, which says why there are no exact second derivatives. */
static void note_cause(const og_search *search) {
  const char *message = og_context_message(search->context);
  og_log(search->context, "note: standard errors come from differences of gradients: %.*s",
         (int)strcspn(message, "\n"), message);
}

static og_status columns(og_information *information, og_search *search) {
  og_status status = information->inexact ? OG_ERR_UNSUPPORTED : exact(information, search);
  if (status == OG_ERR_UNSUPPORTED || status == OG_ERR_BUDGET) {
    if (!information->inexact) note_cause(search);
    information->inexact = 1;
    return differences(information, search);
  }
  if (status != OG_OK && og_survivable(status))
    og_log(search->context, "note: no standard errors, because the second derivatives of the loss are not "
                            "finite at the estimate");
  return status;
}

/* ---- Its inverse ---- */

/* In place, lower triangle. A pivot lost to cancellation means a direction that the data do not determine. */
static int cholesky(double *a, size_t m) {
  for (size_t j = 0; j < m; j++) {
    double diagonal = a[j * m + j], pivot = diagonal;
    for (size_t k = 0; k < j; k++) pivot -= a[j * m + k] * a[j * m + k];
    if (!(pivot > 1e-9 * diagonal) || !(diagonal > 0) || !isfinite(diagonal)) return 0;
    a[j * m + j] = sqrt(pivot);
    for (size_t i = j + 1; i < m; i++) {
      double sum = a[i * m + j];
      for (size_t k = 0; k < j; k++) sum -= a[i * m + k] * a[j * m + k];
      a[i * m + j] = sum / a[j * m + j];
    }
  }
  return 1;
}

og_status og_information_compute(og_information *information, og_search *search) {
  information->definite = 0;
  if (search->p > OG_INFORMATION_MAX) {
    og_log(
        search->context,
        "note: no standard errors for %zu parameters (at most %d): they would take as many Hessian products",
        search->p, OG_INFORMATION_MAX);
    return OG_OK;
  }
  find_free(information, search);
  og_status status = columns(information, search);
  if (status == OG_OK) information->definite = cholesky(information->matrix, information->free_count);
  return og_survivable(status) ? OG_OK : status;
}

/* step = information^-1 gradient over the free parameters, 0 elsewhere. */
void og_information_solve(const og_information *information, const double *gradient, double *step) {
  size_t m = information->free_count;
  const double *l = information->matrix;
  double *y = information->work + 3 * information->p;
  for (size_t i = 0; i < m; i++) {
    y[i] = gradient[information->free[i]];
    for (size_t k = 0; k < i; k++) y[i] -= l[i * m + k] * y[k];
    y[i] /= l[i * m + i];
  }
  memset(step, 0, information->p * sizeof *step);
  for (size_t i = m; i-- > 0;) {
    for (size_t k = i + 1; k < m; k++) y[i] -= l[k * m + i] * y[k];
    y[i] /= l[i * m + i];
    step[information->free[i]] = y[i];
  }
}

void og_information_errors(const og_information *information, double *standard_errors) {
  size_t p = information->p;
  double *unit = information->work, *column = information->work + p;
  for (size_t i = 0; i < p; i++) standard_errors[i] = NAN;
  for (size_t k = 0; information->definite && k < information->free_count; k++) {
    size_t i = information->free[k];
    memset(unit, 0, p * sizeof *unit);
    unit[i] = 1;
    og_information_solve(information, unit, column);
    standard_errors[i] = sqrt(column[i]);
  }
}

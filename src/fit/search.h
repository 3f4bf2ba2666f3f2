/* The state of a fit that every optimiser shares: evaluations, the best point, progress, and why it stopped.
 */
#ifndef OG_SEARCH_H
#define OG_SEARCH_H

#include "fit/objective.h"

enum { OG_REASON_SIZE = 320 };

typedef struct og_search {
  og_context *context;
  og_objective *objective;
  size_t p;
  const double *lowest, *highest;
  og_optimizer optimizer;
  long long limit; /* iterations of one start */
  double rate, tolerance, begun;
  og_progress_fn progress;
  void *user;
  int start, starts;
  long long iteration, iterations, evaluations; /* of this start; of all */
  int interrupted, converged;
  og_status fatal; /* a failure that is not of the point: no memory */
  char reason[OG_REASON_SIZE];
  double *scale;                 /* [p]: the size of a natural move */
  double loss, *best, *gradient; /* the best point of this start; loss is INFINITY when there is none */
  const double *earlier_loss, *earlier_best; /* of the starts before, in the same way */
  double *trial, *trial_gradient;            /* for the optimisers */
  double *previous, *previous_gradient, *direction;
} og_search;

og_status og_search_create(og_context *context, og_objective *objective, const og_options *options,
                           og_search *search);
void og_search_free(og_search *search);
/* Evaluates at theta; a better point is kept as the best. A status that og_survivable refuses is also put in
 * `fatal`. */
og_status og_search_evaluate(og_search *search, const double *theta, double *loss, double *gradient);
int og_survivable(og_status status);
/* Counts an iteration and reports it. Nonzero when the search must end: interrupted, fatal, or at its limit.
 */
int og_search_tick(og_search *search, double loss, const double *gradient, const double *theta);
int og_search_must_end(og_search *search);
void og_search_clip(const og_search *search, double *theta);
/* The gradient in natural moves, without what points out of the bounds: its largest entry. */
double og_search_gradient_norm(const og_search *search, const double *theta, const double *gradient);
/* Natural moves around theta: its size, a share of the bounds' width, the size of its vector's other entries.
 */
void og_search_set_scale(og_search *search, const double *theta);

/* The optimisers go on from search->best, which has been evaluated. */
void og_quasi_newton(og_search *search);
void og_gradient_descent(og_search *search);

/* Row `start` >= 1 of `starts` - 1 points spread over the bounds (a Latin hypercube), around `theta` where
 * there are none. */
og_status og_starts_draw(og_context *context, const og_objective *objective, const double *theta, int count,
                         unsigned long long seed, double **out);

/* Observed information at the best point, of the parameters not at a bound; up to OG_INFORMATION_MAX of them.
 */
enum { OG_INFORMATION_MAX = 256 };
typedef struct og_information {
  og_context *context;
  size_t p, free_count;
  size_t *free;          /* [free_count]: their places in theta */
  double *matrix;        /* [free_count][free_count], then its Cholesky factor */
  double *work;          /* [4 p] */
  int definite, inexact; /* inexact: by differences */
} og_information;
og_status og_information_create(og_context *context, size_t p, og_information *information);
void og_information_free(og_information *information);
og_status og_information_compute(og_information *information, og_search *search);
void og_information_solve(const og_information *information, const double *gradient, double *step);
void og_information_errors(const og_information *information, double *standard_errors);

/* Newton steps from the best point until the gradient is at the level of rounding. *decrement is the further
 * decrease of the loss that the quadratic model promises; INFINITY when it is not known. */
og_status og_polish(og_search *search, og_information *information, double *decrement);

#endif

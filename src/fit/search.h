/* The state of a fit that every optimiser shares: evaluations, the best point, progress, and why it stopped.
 */
#ifndef OG_SEARCH_H
#define OG_SEARCH_H

#include "fit/objective.h"
#include "fit/standing.h"

enum { OG_HOW_SIZE = 200 };

typedef struct og_search {
  og_context *context;
  og_objective *objective;
  size_t p;
  const double *lowest, *highest, *origin; /* origin: where the fit begins */
  og_optimizer optimizer;
  long long limit; /* iterations of one start */
  double rate, tolerance, begun;
  og_progress_fn progress;
  void *user;
  int start, starts;
  long long iteration, iterations, evaluations; /* of this start; of all */
  double shown_loss, shown_norm;                /* of the last iteration, as reported */
  og_status fatal;               /* a failure that is not of the point: no memory; interrupted */
  int at_edge;                   /* of a distribution's domain, where no gradient vanishes: og_edge_look */
  int stalled;                   /* the optimiser sees no way on from the best point: */
  char how[OG_HOW_SIZE];         /* what it saw, a clause; */
  char reason[OG_REASON_SIZE];   /* else why it stopped */
  double noise;                  /* of the solves: see og_standing */
  og_loss_size size;             /* of the best point, as found by og_settle, */
  og_point_kind kind;            /* and what it is */
  double *scale;                 /* [p]: the size of a natural move */
  double loss, *best, *gradient; /* the best point of this start; loss is INFINITY when there is none */
  const double *earlier_loss, *earlier_best; /* the best of all earlier starts */
  double *trial, *trial_gradient;            /* for the optimisers */
  double *previous, *previous_gradient, *direction;
  double *steepest; /* [p]: the largest |derivative| of all evaluations */
} og_search;

og_status og_search_create(og_context *context, og_objective *objective, const og_options *options,
                           og_search *search);
void og_search_free(og_search *search);
/* Evaluates at theta; a better point is kept as the best. A status that og_survivable refuses is also put in
 * `fatal`. Every evaluation is reported, which may interrupt the search: `fatal` is then OG_ERR_INTERRUPTED,
 * and the best point stands. */
og_status og_search_evaluate(og_search *search, const double *theta, double *loss, double *gradient);
/* Evaluates at theta without keeping the point (gradient NULL: the loss alone); a fatal failure is returned.
 */
og_status og_search_try(og_search *search, const double *theta, double *loss, double *gradient);
/* og_objective_hessian_products at the best point, some at a time so that they are reported. What fails there
 * is not fatal, as there are differences. */
og_status og_search_products(og_search *search, size_t count, const double *directions, double *products);
int og_survivable(og_status status);
/* Counts an iteration and reports it. Nonzero when the search must end: interrupted, fatal, or at its limit.
 */
int og_search_tick(og_search *search, double loss, const double *gradient, const double *theta);
int og_search_must_end(og_search *search);
void og_search_clip(const og_search *search, double *theta);
/* The gradient in natural moves, without what points out of the bounds: its largest entry. */
double og_search_gradient_norm(const og_search *search, const double *theta, const double *gradient);
/* What is known of the best point; `decrement` as in og_standing. */
og_standing og_search_standing(const og_search *search, double decrement);
/* Whether a parameter of the best point is at a bound, and its gradient points out of it by more than
 * `small`. */
int og_search_is_held(const og_search *search, size_t i, double small);
int og_search_is_at_bound(const og_search *search, size_t i);
/* Notes that the optimiser cannot go on, and the reason ("printf" style). */
void og_search_stall(og_search *search, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Sets natural moves around theta: of a parameter its own size, a share of the width of its bounds, or the
 * size of its vector's other entries. */
void og_search_set_scale(og_search *search, const double *theta);
/* Those by which the best point is judged. */
void og_search_set_scale_of_best(og_search *search);

/* A list of up to four parameters, "a, b, c, d, ...", in a text of OG_NAMES_SIZE bytes. */
typedef struct og_entry_list {
  char *text;
  size_t used, count;
} og_entry_list;
void og_entry_list_add(og_entry_list *names, const og_search *search, size_t index);

/* Whether the best point is at the edge of a distribution's domain; then the reason says so (settle.c). */
int og_edge_look(og_search *search);

/* The optimisers. Each starts at search->best, which has been evaluated. */
void og_quasi_newton(og_search *search);
void og_gradient_descent(og_search *search);

/* Row `start` >= 1 of `starts` - 1 points spread over the bounds (a Latin hypercube), around `theta` where
 * there are none. */
og_status og_starts_draw(og_context *context, const og_objective *objective, const double *theta, int count,
                         unsigned long long seed, double **out);

#endif

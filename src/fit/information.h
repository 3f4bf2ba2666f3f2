/* Observed information: the Hessian of the loss at a point, of the parameters that could move. */
#ifndef OG_INFORMATION_H
#define OG_INFORMATION_H

#include "fit/search.h"

/* The matrix is computed for up to so many parameters, since it takes as many Hessian products. */
enum { OG_INFORMATION_MAX = 256 };

typedef struct og_information {
  og_context *context;
  size_t p;
  size_t inside;  /* parameters within their bounds; */
  size_t count;   /* behind them those at a bound that no gradient holds there, up to this number in all */
  size_t *place;  /* [count]: where they stand in theta */
  double *at;     /* [p]: where it was computed */
  double *matrix; /* [count][count] */
  double *factor; /* [inside][inside]: Cholesky's, of those within their bounds */
  double *work;   /* [4 p] */
  double weakest; /* its least pivot, as a share of its diagonal's entry */
  double
      blurred;  /* eigenvalues that may come from what is left of the gradient, as correlations: see below */
  int ready;    /* computed at `at` */
  int known;    /* the matrix is there, and to be believed */
  int definite; /* and positive definite within the bounds */
  int inexact;  /* by differences of gradients */
  double error; /* of its entries, as correlations: how much mixed derivatives in either order differ, and
                   differences from one side and both */
  char fault[OG_NAMES_SIZE];  /* why it is not known: a clause */
  char source[OG_NAMES_SIZE]; /* why it is by differences; "": it is not */
} og_information;

og_status og_information_create(og_context *context, size_t p, og_information *information);
void og_information_free(og_information *information);
/* At the best point, unless it was computed there. `small`: up to where a scaled gradient holds nothing at a
 * bound. What fails there is a fault, not a failure. */
og_status og_information_compute(og_information *information, og_search *search, double small);
/* Whether the loss curves upward in every direction, those inward from a bound too. */
int og_information_is_upward(const og_information *information);
/* Adds a small ridge to a flat Hessian, so that it is definite: Newton steps then hardly move along flat
 * directions. */
int og_information_stiffen(og_information *information, const double *scale);
/* step = information^-1 gradient over the parameters within their bounds, 0 elsewhere. */
void og_information_solve(const og_information *information, const double *gradient, double *step);
/* A singular or nearly singular matrix once more: at the best point itself, and not definite after all where
 * it has directions that the gradient there could have curved, as a product of two parameters has of which
 * only the product is determined. */
og_status og_information_confirm(og_information *information, og_search *search, double small);
/* Standard errors at the best point, where `judged` says whether the information is that of the judgement;
 * NaN where there is none: at a bound, and of parameters that the loss does not determine. Notes say why. */
og_status og_errors_find(og_search *search, og_information *information, int judged, double *standard_errors);
/* Whether there can be none, because the loss is a plain error: a note says so. */
int og_errors_mean_nothing(const og_search *search);

/* What a Newton step from the best point, where the information was computed, promises to lower the loss by;
 * INFINITY when it is not known. */
double og_newton_decrement(og_search *search, og_information *information);
/* Newton steps from the best point until the gradient is at the level of rounding. *decrement is as above.
 * The loss may rise by `enough` on the way. */
og_status og_polish(og_search *search, og_information *information, double small, double enough,
                    double *decrement);

/* Finds the curvature where a search has stopped with a small gradient, and fills search->size and
 * search->kind. Where a step along a direction of negative curvature, or of none that is known, lowers the
 * loss, the best point is moved there, and *left is 1: the optimiser should go on. `information` may be NULL:
 * there are too many parameters, or networks. */
og_status og_settle(og_search *search, og_information *information, int *left);

#endif

/* What is known of the point where a search has stopped, and whether that is convergence. */
#ifndef OG_STANDING_H
#define OG_STANDING_H

#include "fit/objective.h"

enum { OG_REASON_SIZE = 640, OG_NAMES_SIZE = 160, OG_LEAVES_MOST = 8 };

typedef enum og_curvature {
  OG_CURVATURE_UNKNOWN,  /* no second derivatives, or none to be believed */
  OG_CURVATURE_UPWARD,   /* in every direction: a minimum, where the gradient vanishes */
  OG_CURVATURE_FLAT,     /* nowhere downward, but in some directions there is none */
  OG_CURVATURE_DOWNWARD, /* in some or all directions: a saddle, or a maximum */
} og_curvature;

typedef struct og_point_kind {
  og_curvature curvature;
  size_t directions, special; /* of so many directions, so many are flat or downward; */
  size_t level;               /* of flat ones, those along which the loss does not change at all */
  int left;                   /* how many such points the search has left already */
  double falls; /* by how much a step along the gradient lowers the loss, where the curvature is unknown */
  char names[OG_NAMES_SIZE]; /* the parameters that have a part in those; or why the curvature is unknown */
} og_point_kind;

typedef struct og_standing {
  og_loss_size size;
  double noise;      /* what the solves leave unknown, relative: rtol, or rounding with fixed steps */
  double tolerance;  /* the option */
  double norm;       /* largest entry of the scaled gradient within the bounds */
  double bound_norm; /* the same of parameters at a bound alone, which could go inward */
  double
      decrement; /* what a Newton step within the bounds promises to lower the loss by; INFINITY: unknown */
  og_point_kind kind;
  const char *how; /* what the optimiser saw: a clause, as "line searches cannot lower the loss further" */
} og_standing;

/* A smaller change of the loss is noise. */
double og_standing_loss_noise(const og_standing *at);
/* At a converged point a Newton step may promise to lower the loss by no more than this. */
double og_standing_enough(const og_standing *at);
/* The largest norm of a scaled gradient that is small beside the loss, where curvature does not tell. */
double og_standing_small(const og_standing *at);
/* Whether a loss of such a size can have a gradient as large at all. */
int og_standing_is_credible(const og_standing *at);

/* Whether the point is converged, the only place where that is decided, and the reason in words. */
int og_standing_judge(const og_standing *at, char reason[OG_REASON_SIZE]);

#endif

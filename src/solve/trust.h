/* How well the gradient of a trajectory is known: plain numbers, which src/adjoint fills in. */
#ifndef OG_TRUST_H
#define OG_TRUST_H

#include <stddef.h>

/* What looks at steps have found on the way back through a trajectory. Errors of lambda are relative to its
 * size in the step, those of the parameters' cotangent and of the loss are not. Apart are steps that were
 * looked at because of a sign, and samples, which stand for the others. */
enum { OG_LOOK_SIGN, OG_LOOK_SAMPLE, OG_LOOK_KINDS };
typedef struct og_tally {
  size_t looks[OG_LOOK_KINDS];
  double lambda[OG_LOOK_KINDS], theta[OG_LOOK_KINDS], loss[OG_LOOK_KINDS]; /* sums of errors */
  double faded[OG_LOOK_KINDS]; /* errors of a lambda that had decayed below the tolerance, and has so far
                                * not grown again: they are not in `lambda` */
  double lambda_largest, lambda_least, theta_largest; /* sizes seen on the way */
  double loss_least;                                  /* of sum |lambda_i x_i| */
  double theta_worst;                                 /* the largest of one step; */
  double worst, t, h, ratio, reach; /* that of lambda, where, and there |h| |J^T g| / |g| and the border of
                                     * stability in the same unit */
  /* Of lambda^T f, within one segment, since f jumps where segments meet: */
  size_t segment;                      /* which one is gone through */
  double along;                        /* sum of its errors so far on the way back; */
  double moved;                        /* by how much they move lambda along f, of its size, where that is */
  double moved_flow;                   /* most, in any segment; |lambda| |f| there, 0: not known; */
  size_t moved_segment;                /* and which segment */
  size_t flow_segment;                 /* likewise, */
  double size_most, flow_sum, stretch; /* of all steps, looked at or not: the largest |lambda|, sum |lambda|
                                        * |f|, and the largest ratio of that to |lambda| |f| further back */
  int overflow;                        /* lambda went beyond what the precision has numbers for */
} og_tally;

typedef struct og_trust {
  double parameters, initial; /* estimated errors of theta_bar and x0_bar, as numbers */
  double loss;                /* of the solution as the loss sees it, relative to the loss's parts */
  double growth;              /* of lambda on its way back, from the largest cotangent on */
  double worst, t, h, ratio;  /* as in the tally that it was judged by */
  int rounds;                 /* of refinement; 0: the steps are those of the tolerances alone */
} og_trust;

#endif

/* What is done to a gradient between the loss and the optimiser. */
#ifndef OG_GRADIENT_H
#define OG_GRADIENT_H

#include "base/base.h"

/* The penalty l1 sum |theta_i| + l2 sum theta_i^2 over all but the first `exempt` parameters; its derivative
 * is added to gradient [p] (NULL: not wanted), that of |x| at 0 being 0. */
double og_penalize(const og_options *options, size_t exempt, size_t p, const double *theta, double *gradient);

#endif

/* A first-order optimiser: its settings, and the arrays that it carries from step to step. */
#ifndef OG_UPDATER_H
#define OG_UPDATER_H

#include "base/base.h"

enum { OG_UPDATER_ARRAYS = 3 };

/* What of the optimisers differs: names and number of arrays, defaults, and the step itself. */
typedef struct og_update_rule {
  const char *arrays[OG_UPDATER_ARRAYS]; /* NULL behind the last */
  size_t squares;                        /* which of them, from 1, holds means of squares; 0: none */
  double learning_rate, epsilon, weight_decay;
  /* Reads theta and writes the new one to updater->next. */
  void (*step)(og_updater *updater, double rate, const double *gradient, const double *theta);
} og_update_rule;

struct og_updater {
  og_context *context;
  size_t p, exempt;
  const og_update_rule *rule;
  double learning_rate, momentum, dampening, alpha, beta1, beta2, epsilon, weight_decay;
  int nesterov, centered;
  double steps;                      /* taken, the present one included: a double, as all that is saved */
  double *arrays[OG_UPDATER_ARRAYS]; /* [p] each */
  double *next;                      /* [p] */
};

/* NULL for an optimizer that does not train. */
const og_update_rule *og_update_rule_of(og_optimizer optimizer);

/* The penalty l1 sum |theta_i| + l2 sum theta_i^2 over all but the first `exempt` parameters; its derivative
 * is added to gradient [p] (NULL: not wanted), that of |x| at 0 being 0. */
double og_penalize(const og_options *options, size_t exempt, size_t p, const double *theta, double *gradient);

#endif

/* Optimisers as objects: made from options, stepped, and read out to be saved. */
#include "train/updater.h"

#include <math.h>
#include <string.h>

static og_status check_options(og_context *context, const og_options *options, size_t p) {
  if (!options)
    return og_fail(context, OG_ERR_ARGUMENT, "an updater needs options: they say which optimizer it is");
  og_optimizer optimizer = (og_optimizer)og_options_integer(options, OG_OPT_OPTIMIZER);
  if (!og_optimizer_trains(optimizer))
    return og_fail(
        context, OG_ERR_UNSUPPORTED,
        "optimizer %s does not go by single steps; set one of adam, sgd, rmsprop, adamw, adabelief, "
        "or run a fit",
        og_options_choice_name(options, OG_OPT_OPTIMIZER));
  if (p == 0) return og_fail(context, OG_ERR_ARGUMENT, "an updater needs one parameter or more");
  if (optimizer == OG_OPTIMIZER_SGD && og_options_integer(options, OG_OPT_NESTEROV) &&
      (og_options_real(options, OG_OPT_MOMENTUM) == 0 || og_options_real(options, OG_OPT_DAMPENING) != 0))
    return og_fail(context, OG_ERR_ARGUMENT, "Nesterov's momentum needs momentum > 0 and dampening = 0");
  return OG_OK;
}

static void read_options(og_updater *u, const og_options *options) {
  double rate = og_options_real(options, OG_OPT_LEARNING_RATE), epsilon,
         decay = og_options_real(options, OG_OPT_WEIGHT_DECAY);
  epsilon = og_options_real(options, OG_OPT_EPSILON);
  u->learning_rate = rate > 0 ? rate : u->rule->learning_rate;
  u->epsilon = epsilon > 0 ? epsilon : u->rule->epsilon;
  u->weight_decay = decay >= 0 ? decay : u->rule->weight_decay;
  u->momentum = og_options_real(options, OG_OPT_MOMENTUM);
  u->dampening = og_options_real(options, OG_OPT_DAMPENING);
  u->alpha = og_options_real(options, OG_OPT_ALPHA);
  u->beta1 = og_options_real(options, OG_OPT_BETA1);
  u->beta2 = og_options_real(options, OG_OPT_BETA2);
  u->nesterov = og_options_integer(options, OG_OPT_NESTEROV) != 0;
  u->centered = og_options_integer(options, OG_OPT_CENTERED) != 0;
}

og_status og_updater_create(og_context *context, const og_options *options, size_t p, og_updater **out) {
  if (out) *out = NULL;
  OG_OBJECT(context);
  OG_NEED(context, out);
  OG_NEED(context, options);
  OG_TRY(check_options(context, options, p));
  og_updater *updater = og_alloc(context, 1, sizeof *updater);
  double *numbers = og_alloc(context, OG_UPDATER_ARRAYS + 1, p * sizeof *numbers);
  if (!updater || !numbers) {
    og_free(context, updater);
    og_free(context, numbers);
    return og_fail_memory(context, (OG_UPDATER_ARRAYS + 1) * p * sizeof *numbers, "an optimiser");
  }
  og_optimizer optimizer = (og_optimizer)og_options_integer(options, OG_OPT_OPTIMIZER);
  *updater = (og_updater){.context = context, .p = p, .rule = og_update_rule_of(optimizer), .next = numbers};
  for (size_t i = 0; i < OG_UPDATER_ARRAYS; i++) updater->arrays[i] = numbers + (i + 1) * p;
  read_options(updater, options);
  *out = updater;
  return OG_OK;
}

void og_updater_destroy(og_updater *updater) {
  if (!updater) return;
  og_free(updater->context, updater->next);
  og_free(updater->context, updater);
}

og_status og_updater_exempt(og_updater *updater, size_t count) {
  OG_OBJECT(updater);
  if (count > updater->p)
    return og_fail(updater->context, OG_ERR_ARGUMENT, "%zu of %zu parameters cannot be exempt", count,
                   updater->p);
  updater->exempt = count;
  return OG_OK;
}

double og_updater_learning_rate(const og_updater *updater) {
  if (!updater) return NAN;
  return updater->learning_rate;
}

/* ---- Steps ---- */

/* The first entry that is not finite, or `count`. */
static size_t find_not_finite(size_t count, const double *values) {
  double zero = 0;
  for (size_t i = 0; i < count; i++) zero += values[i] * 0;
  if (zero == 0) return count;
  size_t i = 0;
  while (isfinite(values[i])) i++;
  return i;
}

og_status og_updater_step(og_updater *updater, double rate_factor, const double *gradient, double *theta) {
  OG_OBJECT(updater);
  OG_NEED(updater->context, gradient);
  OG_NEED(updater->context, theta);
  size_t bad = find_not_finite(updater->p, gradient);
  if (bad < updater->p)
    return og_fail(updater->context, OG_ERR_NOT_FINITE, "entry %zu of the gradient is %g; no step was taken",
                   bad + 1, og_shown(gradient[bad]));
  if (!isfinite(rate_factor))
    return og_fail(updater->context, OG_ERR_NOT_FINITE, "the factor of the learning rate is %g",
                   og_shown(rate_factor));
  updater->steps++;
  updater->rule->step(updater, updater->learning_rate * rate_factor, gradient, theta);
  bad = find_not_finite(updater->p, updater->next);
  if (bad < updater->p)
    return og_fail(updater->context, OG_ERR_NOT_FINITE,
                   "step %.0f takes entry %zu of theta from %g to %g (its gradient is %g); try a smaller "
                   "learning rate than %g",
                   updater->steps, bad + 1, og_shown(theta[bad]), og_shown(updater->next[bad]), gradient[bad],
                   updater->learning_rate);
  memcpy(theta, updater->next, updater->p * sizeof *theta);
  return OG_OK;
}

/* ---- State ---- */

size_t og_updater_arrays(const og_updater *updater) {
  if (!updater) return 0;
  size_t count = 1;
  while (count <= OG_UPDATER_ARRAYS && updater->rule->arrays[count - 1]) count++;
  return count;
}

og_status og_updater_array(og_updater *updater, size_t index, og_state_array *array) {
  OG_OBJECT(updater);
  OG_NEED(updater->context, array);
  if (index >= og_updater_arrays(updater))
    return og_fail(updater->context, OG_ERR_ARGUMENT, "the updater has %zu arrays; there is no number %zu",
                   og_updater_arrays(updater), index);
  if (index == 0)
    *array = (og_state_array){"step", 1, &updater->steps};
  else
    *array = (og_state_array){updater->rule->arrays[index - 1], updater->p, updater->arrays[index - 1]};
  return OG_OK;
}

/* Optimisers as objects: made from options, stepped, and read out to be saved; their formulas, learning
 * rates, and what is done to a gradient before. */
#include "train/updater.h"

#include <math.h>
#include <string.h>

#include "base/base.h"

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

/* The index of the first entry that is not finite, or `count`. */
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
  og_state_array steps = {OG_INIT(og_state_array), "step", 1, &updater->steps};
  if (index == 0) return OG_GIVE(updater->context, og_state_array, steps, array);
  size_t k = index - 1;
  og_state_array other = {OG_INIT(og_state_array), updater->rule->arrays[k], updater->p, updater->arrays[k]};
  return OG_GIVE(updater->context, og_state_array, other, array);
}

/* ---- Update rules ---- */

/* The formulas of the optimisers, in the order of operations of PyTorch (torch.optim) and, for AdaBelief, of
 * optax. g: gradient, theta: parameters, eta: learning rate, lambda: weight decay. Loops are over plain
 * arrays without branches, so that they become vector code. */

/* lambda, or 0 for the exempt parameters at the front. */
static double decay_of(const og_updater *u, size_t i) { return i < u->exempt ? 0 : u->weight_decay; }

/* v <- mu v + (1 - dampening) g, the first v being g; theta <- theta - eta v (Nesterov: g + mu v). */
static void sgd(og_updater *u, double eta, const double *gradient, const double *theta) {
  double *restrict v = u->arrays[0], *restrict next = u->next;
  double mu = u->momentum, keep = u->steps == 1 ? 0 : mu, take = u->steps == 1 ? 1 : 1 - u->dampening;
  for (size_t i = 0; i < u->p; i++) {
    double g = gradient[i] + decay_of(u, i) * theta[i];
    v[i] = keep * v[i] + take * g;
    double direction = mu == 0 ? g : u->nesterov ? g + mu * v[i] : v[i];
    next[i] = theta[i] - eta * direction;
  }
}

/* s <- alpha s + (1 - alpha) g^2, a <- a + (1 - alpha) (g - a) when centered; g / (sqrt(s - a^2) + epsilon)
 * goes through momentum. Rounding may leave s - a^2 below zero where g is constant. */
static void rmsprop(og_updater *u, double eta, const double *gradient, const double *theta) {
  double *restrict s = u->arrays[0], *restrict a = u->arrays[1], *restrict v = u->arrays[2];
  double *restrict next = u->next;
  double take = 1 - u->alpha, centered = u->centered;
  for (size_t i = 0; i < u->p; i++) {
    double g = gradient[i] + decay_of(u, i) * theta[i];
    s[i] = u->alpha * s[i] + take * g * g;
    a[i] += centered * take * (g - a[i]);
    double square = s[i] - a[i] * a[i];
    v[i] = u->momentum * v[i] + g / (sqrt(square > 0 ? square : 0) + u->epsilon);
    next[i] = theta[i] - eta * v[i];
  }
}

/* m <- m + (1 - beta1) (g - m), s <- beta2 s + (1 - beta2) g^2, and
 * theta <- theta - eta / (1 - beta1^k) m / (sqrt(s) / sqrt(1 - beta2^k) + epsilon).
 * decoupled: theta is first multiplied by 1 - eta lambda; else g has lambda theta added. */
static void adam_with(og_updater *u, double eta, const double *gradient, const double *theta, int decoupled) {
  double *restrict m = u->arrays[0], *restrict s = u->arrays[1], *restrict next = u->next;
  double size = eta / (1 - pow(u->beta1, u->steps)), scale = 1 / sqrt(1 - pow(u->beta2, u->steps));
  double take1 = 1 - u->beta1, take2 = 1 - u->beta2, coupled = !decoupled;
  for (size_t i = 0; i < u->p; i++) {
    double lambda = decay_of(u, i), g = gradient[i] + coupled * lambda * theta[i];
    double from = theta[i] * (1 - (1 - coupled) * eta * lambda);
    m[i] += take1 * (g - m[i]);
    s[i] = u->beta2 * s[i] + take2 * g * g;
    next[i] = from - size * m[i] / (sqrt(s[i]) * scale + u->epsilon);
  }
}

static void adam(og_updater *u, double eta, const double *gradient, const double *theta) {
  adam_with(u, eta, gradient, theta, 0);
}

static void adamw(og_updater *u, double eta, const double *gradient, const double *theta) {
  adam_with(u, eta, gradient, theta, 1);
}

/* As Adam with the square of g - m, m being the new mean, plus epsilon (Zhuang et al., algorithm 1). */
static void adabelief(og_updater *u, double eta, const double *gradient, const double *theta) {
  double *restrict m = u->arrays[0], *restrict s = u->arrays[1], *restrict next = u->next;
  double correction1 = 1 - pow(u->beta1, u->steps), correction2 = 1 - pow(u->beta2, u->steps);
  double take1 = 1 - u->beta1, take2 = 1 - u->beta2;
  for (size_t i = 0; i < u->p; i++) {
    double g = gradient[i];
    m[i] = take1 * g + u->beta1 * m[i];
    s[i] = take2 * (g - m[i]) * (g - m[i]) + u->beta2 * s[i] + u->epsilon;
    double direction = m[i] / correction1 / (sqrt(s[i] / correction2) + u->epsilon);
    next[i] = theta[i] * (1 - eta * decay_of(u, i)) - eta * direction;
  }
}

const og_update_rule *og_update_rule_of(og_optimizer optimizer) {
  static const og_update_rule rules[] = {
      {{"exp_avg", "exp_avg_sq"}, 2, 1e-3, 1e-8, 0, adam},
      {{"momentum_buffer"}, 0, 1e-3, 0, 0, sgd},
      {{"square_avg", "grad_avg", "momentum_buffer"}, 1, 1e-2, 1e-8, 0, rmsprop},
      {{"exp_avg", "exp_avg_sq"}, 2, 1e-3, 1e-8, 1e-2, adamw},
      {{"exp_avg", "exp_avg_var"}, 2, 1e-3, 1e-16, 0, adabelief},
  };
  size_t index = (size_t)optimizer -
                 OG_OPTIMIZER_ADAM; /* of optimizers that do not train it wraps round to a large number */
  return index < sizeof rules / sizeof *rules ? &rules[index] : NULL;
}

int og_optimizer_trains(og_optimizer optimizer) { return og_update_rule_of(optimizer) != NULL; }

/* ---- Learning rates ---- */

/* Learning-rate schedules: pure functions of the step, so that nothing of them is to be saved. */

/* Step s of S behind the warm-up. */
static double schedule(const og_options *options, double s, double S) {
  static const double pi = 3.14159265358979323846;
  switch ((og_lr_schedule)og_options_integer(options, OG_OPT_LR_SCHEDULE)) {
  case OG_LR_CONSTANT: break;
  case OG_LR_COSINE: {
    double final = og_options_real(options, OG_OPT_LR_FINAL);
    return s < S ? final + (1 - final) * (1 + cos(pi * s / S)) / 2 : final;
  }
  case OG_LR_STEP:
    return pow(og_options_real(options, OG_OPT_LR_DECAY),
               floor(s / og_options_real(options, OG_OPT_LR_STEP)));
  }
  return 1;
}

double og_learning_rate_factor(const og_options *options, size_t step, size_t steps) {
  if (!options) return NAN;
  double W = og_options_real(options, OG_OPT_WARM_UP), s = (double)step;
  return s < W ? (s + 1) / (W + 1) : schedule(options, s - W, (double)steps - W);
}

/* ---- Gradients ---- */

/* What is done to a gradient between the loss and the optimiser: penalties and clipping. */
double og_penalize(const og_options *options, size_t exempt, size_t p, const double *theta,
                   double *gradient) {
  double l1 = og_options_real(options, OG_OPT_L1), l2 = og_options_real(options, OG_OPT_L2);
  double sizes = 0, squares = 0;
  if (l1 == 0 && l2 == 0) return 0;
  for (size_t i = exempt; i < p; i++) {
    sizes += fabs(theta[i]);
    squares += theta[i] * theta[i];
    if (gradient) gradient[i] += l1 * ((theta[i] > 0) - (theta[i] < 0)) + 2 * l2 * theta[i];
  }
  return l1 * sizes + l2 * squares;
}

static double scaled_norm(size_t p, const double *gradient) {
  double largest = 0, sum = 0;
  for (size_t i = 0; i < p; i++) largest = fmax(largest, fabs(gradient[i]));
  if (largest == 0 || !isfinite(largest)) return largest;
  for (size_t i = 0; i < p; i++) sum += (gradient[i] / largest) * (gradient[i] / largest);
  return largest * sqrt(sum);
}

/* The norm, with entries scaled by the largest only where their squares overflow or vanish. */
static double norm_of(size_t p, const double *gradient) {
  double sum = 0;
  for (size_t i = 0; i < p; i++) sum += gradient[i] * gradient[i];
  return sum > 1e-280 && sum < INFINITY ? sqrt(sum) : scaled_norm(p, gradient);
}

double og_clip_gradient(const og_options *options, size_t p, double *gradient) {
  if (!options || (p && !gradient)) return NAN;
  double most = og_options_real(options, OG_OPT_CLIP_VALUE),
         limit = og_options_real(options, OG_OPT_CLIP_NORM);
  double norm = norm_of(p, gradient);
  if (most > 0)
    for (size_t i = 0; i < p; i++) gradient[i] = fmin(fmax(gradient[i], -most), most);
  if (limit > 0) {
    double factor = limit / ((most > 0 ? norm_of(p, gradient) : norm) + 1e-6); /* PyTorch's guard against 0 */
    for (size_t i = 0; i < p && factor < 1; i++) gradient[i] *= factor;
  }
  return norm;
}

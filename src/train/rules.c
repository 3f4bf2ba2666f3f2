/* The formulas of the optimisers, in the order of operations of PyTorch (torch.optim) and, for AdaBelief, of
 * optax. g: gradient, theta: parameters, eta: learning rate, lambda: weight decay. Loops are over plain
 * arrays without branches, so that they become vector code. */
#include <math.h>

#include "train/updater.h"

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
  size_t index = (size_t)optimizer - OG_OPTIMIZER_ADAM; /* wraps for those before */
  return index < sizeof rules / sizeof *rules ? &rules[index] : NULL;
}

int og_optimizer_trains(og_optimizer optimizer) { return og_update_rule_of(optimizer) != NULL; }

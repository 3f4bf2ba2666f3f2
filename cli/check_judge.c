/* Which gradient the others are compared with, and what comes of it (docs/cli.md says it at length). No way
 * is right because it is called discrete: the reference is one that another way with other steps confirms, or
 * its own finer run. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

/* ---- How far two gradients are apart ---- */

double too_far(const problem *p) {
  if (og_options_integer(p->options, OG_OPT_STEPS) > 0) return 10;
  return fmin(1, fmax(1e-2, 1e3 * og_options_real(p->options, OG_OPT_RTOL)));
}

/* The share of the loss, or of the largest dL/dx x of all, below which a derivative is lost in the errors of
 * the solves. */
static double lost_share(const problem *p) {
  if (og_options_integer(p->options, OG_OPT_STEPS) > 0) return 1e-2;
  return fmin(1e-2, 1e3 * og_options_real(p->options, OG_OPT_RTOL));
}

/* What a component is a derivative by; of a variable that is 0 the largest of its kind, or 1. */
static void natural_sizes(const check *c, double *sizes) {
  double *largest = take(c->count, sizeof *largest);
  for (size_t i = 0; i < c->count; i++) sizes[i] = variable_size(c, i);
  spread_by_kind(c, sizes, largest);
  for (size_t i = 0; i < c->count; i++)
    if (!(sizes[i] > 0)) sizes[i] = largest[i] > 0 ? largest[i] : 1;
  free(largest);
}

static double largest_product(const check *c, const double *values, const double *sizes) {
  double most = 0;
  for (size_t i = 0; i < c->count; i++) most = fmax(most, fabs(values[i]) * sizes[i]);
  return most;
}

typedef struct sizes {
  double *natural, *a, *b; /* [count]: of variables, and scales of both gradients */
  double lost;             /* of parameters, in units of the loss; */
  double lost_elsewhere;   /* of initial states and times, which may have decayed beside the parameters */
} sizes;

static sizes find_sizes(const check *c, const double *a, const double *b) {
  sizes s = {take(c->count, sizeof(double)), take(c->count, sizeof(double)), take(c->count, sizeof(double)),
             0, 0};
  natural_sizes(c, s.natural);
  scale_of(c, a, s.a);
  scale_of(c, b, s.b);
  s.lost = lost_share(c->p) * fabs(c->loss);
  s.lost_elsewhere = fmax(
      s.lost, lost_share(c->p) * fmin(largest_product(c, a, s.natural), largest_product(c, b, s.natural)));
  return s;
}

/* Of one component. What the smaller gradient's kind does not explain, may be lost in the errors of the loss.
 */
static double component_apart(const check *c, const sizes *s, size_t i, double difference, int *below) {
  double size = fmin(s->a[i], s->b[i]), lost = i < c->p->p ? s->lost : s->lost_elsewhere,
         relative = difference == 0 ? 0 : difference / size;
  if (relative <= too_far(c->p) || !(difference * s->natural[i] <= lost)) return relative;
  if (below) *below = 1;
  return 0;
}

double apart(const check *c, const double *a, const double *b, int *below) {
  sizes s = find_sizes(c, a, b);
  double most = 0;
  for (size_t i = 0; i < c->count; i++) {
    double difference = fabs(a[i] - b[i]);
    if (!isnan(difference)) most = fmax(most, component_apart(c, &s, i, difference, below));
  }
  free(s.natural), free(s.a), free(s.b);
  return most;
}

/* ---- The reference ---- */

static int is_evidence(const check *c, way which) {
  return is_independent(which) && !c->columns[which].failure;
}

static int confirms_itself(const check *c, way which) {
  return is_evidence(c, which) && c->columns[which].moved <= too_far(c->p);
}

/* With fixed steps all ways take steps of the same size, and beyond the border of stability they explode
 * alike: there the finer run has to confirm each as well. */
static int is_credible(const check *c, way which) {
  if (!is_evidence(c, which)) return 0;
  return og_options_integer(c->p->options, OG_OPT_STEPS) == 0 || confirms_itself(c, which);
}

static int confirm_each_other(const check *c, way a, way b) {
  if (a == b || !is_credible(c, a) || !is_credible(c, b)) return 0;
  return apart(c, c->columns[a].values, c->columns[b].values, NULL) <= too_far(c->p);
}

static int count_confirming(const check *c, way which) {
  int count = 0;
  for (way w = 0; w < WAY_COUNT; w++) count += confirm_each_other(c, which, w);
  return count;
}

/* In the order of trust where as many ways confirm them: quadrature controls the error of the integral as
 * well. */
static const way others[] = {WAY_QUADRATURE, WAY_INTERPOLATE, WAY_BACKSOLVE};

/* A continuous adjoint that others confirm, or else the only one that its own finer run does. */
static way best_of_others(const check *c) {
  way best = WAY_COUNT, alone = WAY_COUNT;
  int most = 0, alone_count = 0;
  for (size_t k = 0; k < sizeof others / sizeof *others; k++) {
    int count = count_confirming(c, others[k]);
    if (count > most) best = others[k], most = count;
    if (!confirms_itself(c, others[k])) continue;
    if (alone_count++ == 0) alone = others[k];
  }
  return best != WAY_COUNT || alone_count != 1 ? best : alone;
}

/* Discrete, if another way confirms it, or its finer run does and no others confirm each other against it. */
static way find_reference(const check *c) {
  if (count_confirming(c, WAY_DISCRETE)) return WAY_DISCRETE;
  way other = best_of_others(c);
  if (!confirms_itself(c, WAY_DISCRETE)) return other;
  return other != WAY_COUNT && count_confirming(c, other) ? other : WAY_DISCRETE;
}

void choose_reference(check *c) {
  c->reference = find_reference(c);
  if (c->reference == WAY_COUNT) return;
  const double *values = c->columns[c->reference].values;
  c->confirmed_by_itself = confirms_itself(c, c->reference);
  for (way w = 0; w < WAY_COUNT; w++) {
    c->confirmed_by[w] = confirm_each_other(c, c->reference, w);
    if (c->confirmed_by[w]) apart(c, values, c->columns[w].values, &c->below);
  }
}

/* ---- The others ---- */

static void give_reason(column *to, char *reason) {
  free(to->reason);
  to->reason = reason;
}

/* Why a way of the held steps is not the reference. */
static char *why_not_trusted(const check *c, way which) {
  const column *discrete = &c->columns[WAY_DISCRETE];
  double away = apart(c, c->columns[which].values, c->columns[c->reference].values, NULL);
  if (which != WAY_DISCRETE)
    return join("it holds the steps of discrete, and is as far from %s: %.1e times the gradient's size",
                way_name(c->reference), away);
  if (isinf(discrete->moved))
    return join("it is %.1e times the gradient's size away from %s; its finer run failed", away,
                way_name(c->reference));
  if (discrete->moved <= too_far(c->p))
    return join(
        "it is %.1e times the gradient's size away from %s, although finer steps change it by %.1e only",
        away, way_name(c->reference), discrete->moved);
  return join("its steps do not resolve the derivative: it changes by %.1e times its size with finer ones, "
              "and is %.1e "
              "away from %s",
              discrete->moved, away, way_name(c->reference));
}

/* What agrees and is lost in the errors of the loss has no size of its own to be relative to. */
static void compare(check *c, way which) {
  column *to = &c->columns[which];
  const double *reference = c->columns[c->reference].values;
  sizes s = find_sizes(c, to->values, reference);
  to->agrees = 1;
  for (size_t i = 0; i < c->count; i++) {
    if (which == WAY_DIFFERENCES && i < c->p->p && !is_sampled(c, i)) continue;
    double difference = fabs(to->values[i] - reference[i]);
    if (i >= c->count - 2 && isnan(difference)) continue; /* a time whose derivative is not finite */
    int allowed = difference <= to->allowed[i], below = 0;
    component_apart(c, &s, i, difference, &below);
    if (!allowed) to->agrees = 0;
    if (allowed && below)
      c->below = 1;
    else
      to->worst = fmax(to->worst, c->scale[i] > 0 ? difference / c->scale[i] : difference);
  }
  free(s.natural), free(s.a), free(s.b);
}

static void judge(check *c, way which) {
  column *to = &c->columns[which];
  if (to->failure || which == c->reference) return;
  compare(c, which);
  int far = apart(c, to->values, c->columns[c->reference].values, NULL) > too_far(c->p);
  to->judged = 1;
  if (!is_continuous(which)) {
    if (far && c->reference != WAY_DISCRETE) to->agrees = 0;
    if (!to->agrees && c->reference != WAY_DISCRETE) give_reason(to, why_not_trusted(c, which));
    return;
  }
  if (isinf(to->moved) || (to->agrees && far) || (far && !confirms_itself(c, which))) {
    to->judged = 0;
    if (isfinite(to->moved))
      give_reason(
          to,
          join("it differs by %.1e of the gradient's size, and its finer run from it by %.1e; tighten rtol "
               "or take more steps, or use another adjoint",
               to->worst, to->moved));
    else if (!to->reason)
      give_reason(to, join("there is no finer run: %s", c->finer_failure));
  } else {
    give_reason(to, NULL);
  }
}

/* Nothing to compare with: each says why it is no reference. */
static void give_up(check *c, way which) {
  column *to = &c->columns[which];
  if (!to->failure && !to->reason && is_independent(which) && isfinite(to->moved))
    give_reason(to, join("its finer run changes it by %.1e times its size", to->moved));
}

void judge_all(check *c) {
  for (way w = 0; w < WAY_COUNT; w++)
    if (c->reference == WAY_COUNT)
      give_up(c, w);
    else
      judge(c, w);
}

int all_agree(const check *c) {
  if (c->reference == WAY_COUNT) return 0;
  for (way w = 0; w < WAY_COUNT; w++) {
    const column *to = &c->columns[w];
    if (to->failure && w != WAY_BACKSOLVE && !to->unsupported) return 0;
    if (to->judged && !to->agrees) return 0;
  }
  return 1;
}

/* ---- What is allowed ---- */

/* How far each way may be from the reference (docs/cli.md says it at length):
 *  - forward gives the same numbers as discrete up to rounding.
 *  - differences, made with the steps held, come with an estimate of their own error. In t0 and t1 the
 * computed loss has kinks, as large as the discretisation error, where an observation falls on the end of a
 * step.
 *  - ways of other steps for the derivative differ by the errors of two discretisations. Both are made
 * visible by finer runs: what changes is what they explain. */
static const double REFINED_CHANGE =
    4; /* an error of order 1 shrinks to half: it is twice the change; twice for safety */
static const double ERRORS_ALLOWED = 10; /* of the differences' own error, estimated or expected */
static const double LOSS_ROUNDING = 1e3; /* epsilons, as thousands of steps may leave */

/* Thousands of steps' rounding. */
static double rounding_of(const check *c) { return is_single(c) ? 1e-3 : 1e-10; }

static double epsilon_of(const check *c) { return is_single(c) ? FLT_EPSILON : DBL_EPSILON; }

double variable_size(const check *c, size_t i) {
  if (i >= c->count - 2) return c->span;
  return fabs(i < c->p->p ? c->p->theta[i] : c->x0[i - c->p->p]);
}

/* Where the loss hardly depends on any of a kind (on the initial state, of a solve that ends when it is
 * steady), their derivatives are what is left of cotangents that have decayed, and carry the rounding of the
 * loss. */
static void allow_forward(check *c) {
  double *size = take(c->count, sizeof *size), *allowed = c->columns[WAY_FORWARD].allowed;
  for (size_t i = 0; i < c->count; i++) size[i] = variable_size(c, i);
  spread_by_kind(c, size, size);
  for (size_t i = 0; i < c->count; i++)
    allowed[i] = rounding_of(c) * c->scale[i] +
                 LOSS_ROUNDING * epsilon_of(c) * fabs(c->loss) / (size[i] > 0 ? size[i] : 1);
  free(size);
}

/* Parameters have an error estimate, in `allowed` so far. The others are judged as central differences may
 * be: their truncation leaves eps^(1/3) at worst, rounding eps^(2/3) of the loss over what is varied. */
static void allow_differences(check *c) {
  const double *change = c->columns[WAY_DISCRETE].change;
  double *allowed = c->columns[WAY_DIFFERENCES].allowed, epsilon = epsilon_of(c);
  for (size_t i = 0; i < c->count; i++) {
    if (i < c->p->p) {
      allowed[i] = ERRORS_ALLOWED * allowed[i] + rounding_of(c) * c->scale[i];
      continue;
    }
    double size = variable_size(c, i),
           rounding = pow(epsilon, 2. / 3) * fabs(c->loss) / (size > 0 ? size : 1);
    allowed[i] = cbrt(epsilon) * c->scale[i] + ERRORS_ALLOWED * rounding;
    if (i >= c->count - 2) allowed[i] += REFINED_CHANGE * change[i]; /* kinks */
  }
}

/* Two discretisations. That of the held steps explains no more than makes two gradients differ: where they do
 * not resolve the derivative it changes by any amount. */
static void allow_other_steps(check *c, way which) {
  const double *reference = c->columns[c->reference].change, *own = c->columns[which].change,
               *held = c->columns[WAY_DISCRETE].change;
  double *allowed = c->columns[which].allowed;
  for (size_t i = 0; i < c->count; i++) {
    double change = is_continuous(which) ? own[i] : fmin(held[i], too_far(c->p) * c->scale[i]);
    allowed[i] = REFINED_CHANGE * (reference[i] + change) + rounding_of(c) * c->scale[i];
  }
}

void allow_all(check *c) {
  if (c->reference == WAY_COUNT) return;
  for (way w = 0; w < WAY_COUNT; w++) {
    if (w == c->reference || c->columns[w].failure) continue;
    if (is_continuous(w) || c->reference != WAY_DISCRETE)
      allow_other_steps(c, w);
    else if (w == WAY_FORWARD)
      allow_forward(c);
    else
      allow_differences(c);
  }
}

/* Densities whose formulas as they stand in books cancel: log gammas of large numbers, powers of numbers
 * near 1.
 *
 * Log gamma is taken apart into Stirling's formula and its remainder d (Loader, "Fast and accurate
 * computation of binomial probabilities", 2000); the formulas' large terms cancel on paper, and what they
 * leave are remainders r(u) = u - log(1 + u). Derivatives that would cancel again are stated, first and
 * second. */
#include "model/densities.h"

static const double half_log_2pi = 0.91893853320467274178;

static og_node stirling(const og_density_terms *t, og_node x) { return og_apply1(t->g, OG_STIRLING, x); }
static og_node stirling1(const og_density_terms *t, og_node x) { return og_apply1(t->g, OG_STIRLING1, x); }
static og_node stirling2(const og_density_terms *t, og_node x) { return og_apply1(t->g, OG_STIRLING2, x); }

static og_node choose(const og_density_terms *t, og_binary comparison, og_node a, double bound, og_node yes,
                      og_node no) {
  return og_where(t->g, og_apply2(t->g, comparison, a, og_num(t, bound)), yes, no);
}

/* u - log(1 + u) where 1 + u is a quotient of known logarithm: u itself has lost the digits of what is far
 * below 1.
 */
static og_node remainder_of(const og_density_terms *t, og_node u, og_node log_quotient) {
  return choose(t, OG_GT, u, -0.9, og_apply1(t->g, OG_LOG1P_REMAINDER, u), og_less(t, u, log_quotient));
}

/* The value with slopes by `count` arguments, which have slopes of their own: row i of curvatures. */
static og_node stated(const og_density_terms *t, og_node value, int count, const og_node *of,
                      const og_node *slopes, og_node curvatures[][3]) {
  og_node first[3];
  for (int i = 0; i < count; i++) first[i] = og_with_slopes(t->g, slopes[i], count, of, curvatures[i]);
  return og_with_slopes(t->g, value, count, of, first);
}

/* ---- Student's t ---- */

/* log Gamma(nu/2) - log Gamma((nu + 1)/2) + log(nu/2)/2, which tends to 1/(4 nu), and its derivatives */
typedef struct norm {
  og_node value, slope, curvature;
} norm;
static norm student_norm(const og_density_terms *t) {
  og_node nu = t->a, more = og_plus(t, nu, og_num(t, 1)), x = og_scaled(t, 0.5, nu),
          x_more = og_scaled(t, 0.5, more), w = og_over(t, og_num(t, 1), nu),
          part = og_over(t, og_num(t, 1), more);
  norm n;
  n.value = og_plus(t, og_times(t, x, og_apply1(t->g, OG_LOG1P_REMAINDER, w)),
                    og_less(t, stirling(t, x), stirling(t, x_more)));
  /* log(1 + w) - w/(1 + w) */
  og_node rest = choose(t, OG_GT, nu, 1, og_apply1(t->g, OG_LOG1P_REMAINDER, og_negated(t, part)),
                        og_less(t, og_apply1(t->g, OG_LOG1P, w), part));
  n.slope = og_scaled(t, 0.5, og_less(t, og_less(t, stirling1(t, x), stirling1(t, x_more)), rest));
  og_node bend = og_less(t, stirling2(t, x), stirling2(t, x_more));
  n.curvature = og_scaled(t, 0.25, og_plus(t, bend, og_over(t, og_scaled(t, 2, og_squared(t, part)), nu)));
  return n;
}

/* r = z / sqrt(nu), s = r/(1 + r^2), p = r^2/(1 + r^2), q = 1 - p, and log(1 + r^2); r^2 may overflow. */
typedef struct tail {
  og_node root, s, p, q, log, rest; /* rest: log - p */
} tail;
static tail student_tail(const og_density_terms *t) {
  og_node one = og_num(t, 1), root = og_apply1(t->g, OG_SQRT, t->a),
          r = og_over(t, og_over(t, og_less(t, t->y, t->b), t->c), root), size = og_apply1(t->g, OG_ABS, r),
          more = og_plus(t, one, og_squared(t, r));
  tail found = {.root = root};
  found.s =
      choose(t, OG_LT, size, 1, og_over(t, r, more), og_over(t, one, og_plus(t, r, og_over(t, one, r))));
  found.p = og_times(t, r, found.s);
  found.q = og_over(t, one, more);
  found.log = choose(t, OG_LT, size, 1e8, og_apply1(t->g, OG_LOG1P, og_squared(t, r)),
                     og_scaled(t, 2, og_log_of(t, size)));
  found.rest = choose(t, OG_LT, size, 1, og_apply1(t->g, OG_LOG1P_REMAINDER, og_negated(t, found.p)),
                      og_less(t, found.log, found.p));
  return found;
}

/* a = nu, b = mu, c = sigma */
og_node og_student_t_density(const og_density_terms *t) {
  og_node one = og_num(t, 1), nu = t->a, sigma = t->c, more = og_plus(t, nu, one);
  norm n = student_norm(t);
  tail u = student_tail(t);
  og_node constant = og_plus(t, n.value, og_plus(t, og_log_of(t, sigma), og_num(t, half_log_2pi)));
  og_node value = og_plus(t, constant, og_times(t, og_scaled(t, 0.5, more), u.log));
  og_node lead = og_over(t, more, nu), square = og_times(t, more, u.p), scale2 = og_squared(t, sigma);
  og_node lean = og_less(t, og_times(t, nu, u.p), u.q); /* nu p - q */
  og_node of[3] = {t->a, t->b, t->c};
  og_node slopes[3] = {og_plus(t, n.slope, og_scaled(t, 0.5, og_less(t, u.rest, og_over(t, u.p, nu)))),
                       og_negated(t, og_over(t, og_times(t, og_over(t, more, u.root), u.s), sigma)),
                       og_negated(t, og_over(t, lean, sigma))};
  og_node square_p = og_over(t, og_squared(t, u.p), nu),
          bend = og_over(t, og_over(t, og_times(t, u.p, og_plus(t, one, u.q)), nu), nu);
  og_node by_nu_mu =
              og_negated(t, og_over(t, og_times(t, og_over(t, u.s, u.root), og_over(t, lean, nu)), sigma)),
          by_nu_sigma = og_negated(t, og_over(t, og_times(t, u.p, og_over(t, lean, nu)), sigma)),
          by_mu_sigma = og_scaled(
              t, 2, og_times(t, og_times(t, og_over(t, more, u.root), u.s), og_over(t, u.q, scale2)));
  og_node by_mu = og_over(t, og_times(t, og_times(t, lead, u.q), og_less(t, u.q, u.p)), scale2);
  og_node by_sigma = og_over(t, og_plus(t, lean, og_scaled(t, 2, og_times(t, square, u.q))), scale2);
  og_node curvatures[3][3] = {
      {og_plus(t, n.curvature, og_scaled(t, 0.5, og_less(t, bend, square_p))), by_nu_mu, by_nu_sigma},
      {by_nu_mu, by_mu, by_mu_sigma},
      {by_nu_sigma, by_mu_sigma, by_sigma}};
  return stated(t, value, 3, of, slopes, curvatures);
}

/* ---- Gamma and Poisson: D(a, b) = a log(a/b) + b - a = a r((b - a)/a) ---- */

/* Quotients that may overflow, where their logarithms do not and 1 beside them is lost. */
static const double FAR = 1e100;

/* log_quotient: log(b/a). Where b/a overflows b - a and a log(b/a) do not. */
static og_node deviance(const og_density_terms *t, og_node a, og_node b_less_a, og_node log_quotient) {
  og_node u = og_over(t, b_less_a, a);
  return choose(t, OG_LT, u, FAR, og_times(t, a, remainder_of(t, u, log_quotient)),
                og_less(t, b_less_a, og_times(t, a, log_quotient)));
}

/* log(combined), where what is combined of a and b may leave the range of numbers and log(a) +- log(b) does
 * not. */
static og_node log_in_range(const og_density_terms *t, og_node combined, og_node apart) {
  og_node within = choose(t, OG_GT, combined, 1e-290, og_log_of(t, combined), apart);
  return choose(t, OG_LT, combined, 1e290, within, apart);
}

/* a b - c, where the rounding of the product would be all that is left */
static og_node product_less(const og_density_terms *t, og_node a, og_node b, og_node c) {
  og_node high_a = og_apply1(t->g, OG_HIGH_HALF, a), high_b = og_apply1(t->g, OG_HIGH_HALF, b),
          low_a = og_less(t, a, high_a), low_b = og_less(t, b, high_b), product = og_times(t, a, b);
  og_node lost = og_less(t, og_times(t, high_a, high_b), product);
  lost = og_plus(t, og_plus(t, lost, og_times(t, high_a, low_b)), og_times(t, low_a, high_b));
  return og_plus(t, og_less(t, product, c), og_plus(t, lost, og_times(t, low_a, low_b)));
}

/* a = alpha, b = beta */
og_node og_gamma_density(const og_density_terms *t) {
  og_node alpha = t->a, beta = t->b, one = og_num(t, 1), product = og_times(t, beta, t->y),
          over = product_less(t, beta, t->y, alpha), inverse = og_over(t, one, alpha);
  og_node log_y = og_log_of(t, t->y), log_alpha = og_log_of(t, alpha);
  og_node log_scaled = log_in_range(t, og_over(t, t->y, og_apply1(t->g, OG_SQRT, alpha)),
                                    og_less(t, log_y, og_scaled(t, 0.5, log_alpha)));
  og_node constant = og_plus(t, og_num(t, half_log_2pi), log_scaled);
  og_node log_product = log_in_range(t, product, og_plus(t, og_log_of(t, beta), log_y)),
          difference = og_less(t, log_product, log_alpha);
  og_node value = og_plus(t, og_plus(t, constant, stirling(t, alpha)), deviance(t, alpha, over, difference));
  og_node u = og_over(t, over, alpha);
  og_node near = choose(t, OG_LT, u, FAR, og_apply1(t->g, OG_LOG1P, u), difference);
  og_node log_quotient = choose(t, OG_GT, u, -0.9, near, difference);
  og_node of[2] = {alpha, beta};
  og_node slopes[2] = {og_less(t, og_less(t, stirling1(t, alpha), og_scaled(t, 0.5, inverse)), log_quotient),
                       og_over(t, over, beta)};
  og_node mixed = og_negated(t, og_over(t, one, beta));
  og_node curvatures[2][3] = {{og_apply1(t->g, OG_TRIGAMMA, alpha), mixed},
                              {mixed, og_over(t, og_over(t, alpha, beta), beta)}};
  return stated(t, value, 2, of, slopes, curvatures);
}

/* At y = 0 what else stands in the formula has no value. */
og_node og_poisson_density(const og_density_terms *t) {
  og_node lambda = t->a, y = t->y, over = og_less(t, lambda, y), zero = og_num(t, 0), one = og_num(t, 1);
  og_node log_y = og_scaled(t, 0.5, og_log_of(t, y));
  og_node some = og_plus(t, og_plus(t, og_plus(t, log_y, og_num(t, half_log_2pi)), stirling(t, y)),
                         deviance(t, y, over, og_less(t, og_log_of(t, lambda), og_log_of(t, y))));
  og_node value = choose(t, OG_EQ, y, 0, lambda, some);
  og_node slope = choose(t, OG_EQ, y, 0, one, og_over(t, over, lambda));
  og_node curvature = choose(t, OG_EQ, y, 0, zero, og_over(t, og_over(t, y, lambda), lambda));
  og_node of[1] = {lambda}, curvatures[1][3] = {{curvature}};
  return stated(t, value, 1, of, &slope, curvatures);
}

/* ---- Negative binomial ----
 *
 * Mean mu, variance mu + mu^2/phi. With n = y + phi, m = mu + phi and 1 + u = n/m, the deviances of a
 * binomial distribution of n draws: D(phi, phi n/m) = phi r(u) and D(y, mu n/m), whose second arguments
 * exceed the first by phi u and -phi u. */
og_node og_neg_binomial_2_density(const og_density_terms *t) {
  og_node mu = t->a, phi = t->b, y = t->y, one = og_num(t, 1), n = og_plus(t, y, phi),
          m = og_plus(t, mu, phi);
  og_node u = og_over(t, og_less(t, y, mu), m), excess = og_times(t, phi, u);
  og_node log_quotient = og_less(t, og_log_of(t, n), og_log_of(t, m)),
          rest = remainder_of(t, u, log_quotient);
  og_node zeros = og_times(t, phi, rest);
  og_node log_other = og_less(t, og_plus(t, og_log_of(t, mu), log_quotient), og_log_of(t, y));
  og_node ones = og_times(t, y, remainder_of(t, og_negated(t, og_over(t, excess, y)), log_other));
  og_node ratio = og_over(t, y, phi), far = og_less(t, og_log_of(t, y), og_log_of(t, phi));
  og_node log_more = choose(t, OG_LT, ratio, FAR, og_apply1(t->g, OG_LOG1P, ratio), far);
  og_node root = og_scaled(t, 0.5, og_plus(t, og_log_of(t, y), log_more));
  og_node remainders = og_plus(t, stirling(t, y), og_less(t, stirling(t, phi), stirling(t, n)));
  og_node some = og_plus(t, og_plus(t, ones, remainders), og_plus(t, root, og_num(t, half_log_2pi)));
  og_node value = og_plus(t, zeros, choose(t, OG_EQ, y, 0, og_negated(t, excess), some));
  og_node of[2] = {mu, phi};
  og_node first = og_over(t, og_scaled(t, -0.5, og_over(t, y, n)), phi); /* of log gammas */
  og_node slopes[2] = {og_negated(t, og_over(t, excess, mu)),
                       og_plus(t, og_plus(t, first, og_less(t, stirling1(t, phi), stirling1(t, n))), rest)};
  og_node by_mu = og_times(t, og_over(t, og_over(t, phi, mu), m), og_plus(t, og_over(t, y, mu), u)),
          mixed = og_negated(t, og_over(t, u, m));
  og_node second = og_negated(t, og_times(t, first, og_plus(t, og_over(t, one, phi), og_over(t, one, n))));
  og_node between = og_less(t, stirling2(t, phi), stirling2(t, n)); /* 0 at y = 0, where both may overflow */
  og_node bend = og_less(t, choose(t, OG_EQ, y, 0, og_num(t, 0), between), og_over(t, og_squared(t, u), n));
  og_node curvatures[2][3] = {{by_mu, mixed}, {mixed, og_plus(t, second, bend)}};
  return stated(t, value, 2, of, slopes, curvatures);
}

/* Log densities as graphs. */
#ifndef OG_DENSITIES_H
#define OG_DENSITIES_H

#include "model/model.h"

/* An observed value and the arguments of its distribution, in their order. */
typedef struct og_density_terms {
  og_graph *g;
  og_node y, a, b, c;
} og_density_terms;

/* Shorthand for formulas. */
static inline og_node og_num(const og_density_terms *t, double v) { return og_constant(t->g, v); }
static inline og_node og_plus(const og_density_terms *t, og_node a, og_node b) {
  return og_apply2(t->g, OG_ADD, a, b);
}
static inline og_node og_less(const og_density_terms *t, og_node a, og_node b) {
  return og_apply2(t->g, OG_SUB, a, b);
}
static inline og_node og_times(const og_density_terms *t, og_node a, og_node b) {
  return og_apply2(t->g, OG_MUL, a, b);
}
static inline og_node og_over(const og_density_terms *t, og_node a, og_node b) {
  return og_apply2(t->g, OG_DIV, a, b);
}
static inline og_node og_negated(const og_density_terms *t, og_node a) { return og_apply1(t->g, OG_NEG, a); }
static inline og_node og_log_of(const og_density_terms *t, og_node a) { return og_apply1(t->g, OG_LOG, a); }
static inline og_node og_squared(const og_density_terms *t, og_node a) { return og_times(t, a, a); }
static inline og_node og_scaled(const og_density_terms *t, double v, og_node a) {
  return og_times(t, og_num(t, v), a);
}

/* -log p(y | arguments), fully normalised, with all its digits wherever arguments and result are numbers, and
 * with first and second derivatives that have theirs. */
og_node og_student_t_density(const og_density_terms *t);
og_node og_gamma_density(const og_density_terms *t);
og_node og_poisson_density(const og_density_terms *t);
og_node og_neg_binomial_2_density(const og_density_terms *t);

/* The distribution of that name, or NULL; all of them in turn, NULL beyond the last. */
const og_distribution *og_find_distribution(const char *name, size_t length);
const og_distribution *og_distribution_at(size_t index);
/* -log p(y | arguments) entry by entry, NaN where an argument is outside its domain; and the location. */
og_node og_density_node(og_graph *graph, const og_distribution *about, const og_node *arguments, og_node y,
                        og_node *location);

#endif

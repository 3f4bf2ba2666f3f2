/* How far a gradient can be trusted: what looks at steps say of it, and what is done where that is not
 * enough. */
#ifndef OG_ADJOINT_TRUST_H
#define OG_ADJOINT_TRUST_H

#include "adjoint/looks.h"

/* What an error is small or large against: rtol, or what the precision resolves of a sum of many terms. */
double og_trust_tolerance(const og_solve *solve, size_t trajectory);
/* Of |values|. */
double og_trust_largest(const double *values, size_t count);
/* The largest cotangent that was put on states of the trajectory, and the sum of |cotangent . state|. */
void og_trust_seeds(const og_solve *solve, const og_pullback *pullback, size_t trajectory, double *largest,
                    double *loss);
/* The trajectory's trust from its tally, and from its results at place `item` of the pullback. Nonzero: the
 * derivative may be wrong by more than the tolerance allows for. */
int og_trust_judge(og_solve *solve, const og_pullback *pullback, size_t item);

/* The solve's own error, from those of its trajectories. */
void og_trust_sum(og_solve *solve, const og_pullback *pullback);
/* The discrete adjoint of the whole solve with the trust that the option gradient-control asks for. Steps of
 * trajectories may be narrowed on the way; *renewed then says that results of the solve have changed. */
og_status og_trusted_discrete(og_solve *solve, og_pullback *pullback, int *renewed);
/* Steps on which tangents can be trusted, once for each run. A tangent is right when its products with
 * cotangents are, and a discrete adjoint has the same products: steps that are good for that of cotangents
 * drawn at random are good for tangents. Needs a vjp, without which nothing is done. */
og_status og_trust_tangents(og_solve *solve);
/* Looks for the right steps for `count` trajectories whose derivatives are in doubt. Those that need other
 * steps than they have get them, with their results in the pullback, and are marked by rounds > 0. */
og_status og_refine(og_solve *solve, og_pullback *pullback, size_t count, size_t *doubtful);

/* Whether a warning about the derivative is to be given now: once, and not after one about the solution
 * itself. */
int og_trust_tells(og_solve *solve);
/* Whether a failure is one of solving, not of memory or files. */
int og_is_of_the_solve(og_status status);
/* The discrete adjoint of what is selected. */
og_status og_discrete(og_solve *solve, og_pullback *pullback);

#endif

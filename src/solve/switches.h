/* Where a trajectory changes its method, of solves whose method is chosen as they go (method = auto).
 *
 * A solve begins with an explicit method. A lane's steps are looked at for stiffness now and then: whether
 * |h| times the spectral radius of df/dx is what stability allows and no less, step after step. Where that is
 * so, or where it is less and f changes much more slowly than that, the trajectory begins anew with a pair of
 * methods (step/switching.h), and takes the implicit one from the first of those steps on: steps at the
 * border of stability are no good for derivatives. It takes the explicit one again where the problem is no
 * longer stiff, and so on. Which method a step was taken by is recorded as the indices at which it changes:
 * replays, recomputed steps and the way back read them. A trajectory's changes depend on its own steps alone.
 * Where its steps are narrowed for a gradient's sake, they say nothing of stiffness any more: then the
 * implicit method takes all from the time of the first change on. The pair is made when the first trajectory
 * wants it. */
#ifndef OG_SWITCHES_H
#define OG_SWITCHES_H

#include "base/base.h"

/* Steps from at[0] on are implicit, from at[1] on explicit again, and so on. */
typedef struct og_switches {
  size_t count, room;
  size_t *at;
} og_switches;

int og_switches_implicit(const og_switches *switches, size_t step);
/* From step `step` on, behind all that are there, the method is the other one. */
og_status og_switches_add(og_context *context, og_switches *switches, size_t step);
/* How many of the first `steps` steps are implicit. */
size_t og_switches_count(const og_switches *switches, size_t steps);
void og_switches_free(og_context *context, og_switches *switches);

/* So many steps in a row must look stiff for a change, and be followed by no so many that do not; so many of
 * a trajectory that was stiff before. In between, steps are looked at in this distance. */
enum { OG_STIFF_STEPS = 12, OG_CALM_STEPS = 6, OG_STIFF_AGAIN = 3, OG_STIFF_STRIDE = 8 };
/* Parts of what stability allows the explicit method: from where on its step is limited by that, and below
 * which it would be no limit to the implicit method's step. In between the implicit method is kept: explicit
 * steps at the border of stability are no good for derivatives, however cheap they are. */
#define OG_STIFF_FROM 0.85
#define OG_CALM_BELOW 0.5
/* From where on a step that bends by no more than so much of that is held short by what is stiff. */
#define OG_HELD_FROM 0.3
#define OG_HELD_BEND 0.05

struct og_solve;
struct og_field;
/* Whether its steps are looked at so: method = auto, adaptive steps, a field that has a Jacobian. */
int og_watches_stiffness(const struct og_solve *solve);
/* What takes its place where the equations are M x' = f, M not the identity. */
og_method og_method_with_mass(const struct og_field *field);
/* The pair of methods in place of the explicit one, for this run and all further ones. */
og_status og_solve_take_pair(struct og_solve *solve);

#endif

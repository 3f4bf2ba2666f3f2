/* Fixed steps are nobody's judgement but the caller's. Where they are so wide that what comes out is not the
 * solution by any measure, a warning says so, once; and so it is with tolerances that ask for nothing.
 *
 * Every 32nd step of a segment and its last are looked at. A sign costs next to nothing there: what the
 * embedded formula says that the step may be off by, or what takes its place where there is none: for RK4 h /
 * 3 (K_3 - K_2), which exchanges the two stages at the same time; for Euler half of h times the difference to
 * the slope of the step before, which is Heun's rule less Euler's (so that a single step of Euler has none).
 * Where the sign is a twentieth of the solution, the step is taken again as two of half the width. It is too
 * wide
 *  - if these end elsewhere by half of what the solution is large. For x' = lambda x that is a little before
 * the method stops to be stable, whether x decays or turns: h |lambda| from 1.4 (Euler; 2.0 where x
 * turns), 1.6 (Heun, midpoint), 2.3 (RK4), 1.9 (bs32), 3.0 (dopri5), 3.1 (tsit5) or 5.5 (dop853) on. The sign
 * alone is no measure: at tsit5's border it is 0.27 of x, 0.07 where x turns.
 *  - if it leaps to more than three times what the solution was, by a sign that is all of that. At some
 * widths far beyond stability the halves end where the whole does, by chance.
 *  - if the solution has grown a hundredfold, and so it would have by what the steps themselves add to its
 * growth, which halving the last one shows: Euler and its like let oscillations grow at every width.
 *
 * Half steps are no part of the solve, and not counted. A solve that is run again and again, as a fit does,
 * is looked at in its first run, its second, its fourth, and so on. */
#ifndef OG_COARSE_H
#define OG_COARSE_H

#include <stddef.h>

/* What is found in a trajectory. */
typedef struct og_coarse {
  double first, largest; /* component of x, at t0 and of all states that were looked at */
  /* The worst step: the part of the solution that it is off by, 0 if there is none to speak of; how large the
   * solution was then. */
  double off, size, t, h;
  double growth;  /* by the steps themselves: its logarithm */
  double cleared; /* signs up to this one were found to mean nothing */
} og_coarse;

/* What is told once, by all solves that share it, and how often they have been run. */
typedef struct og_told {
  int gradient; /* that steps are not good for the derivative */
  int held;     /* nothing is told for now, nor looked at */
  int coarse, loose, faint;
  int idle; /* which events never happened */
  size_t runs;
} og_told;

struct og_solve;
/* Before a run: whether it is to be looked at. */
int og_coarse_begin(const struct og_solve *solve);
/* After a run: the warnings. */
void og_coarse_tell(const struct og_solve *solve);

/* The parts of the solution that a sign may be, and that a step may be off by; and what is much growth. */
#define OG_COARSE_SIGN 0.05
#define OG_COARSE_OFF 0.5
#define OG_COARSE_GROWTH 100.0
/* What takes a step again holds, beside arrays, at most. */
enum { OG_COARSE_AGAIN = 128 };

#endif

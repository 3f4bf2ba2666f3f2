/* Solving W x = b by iteration with products (Saad & Schultz, SIAM J. Sci. Stat. Comput. 7, 1986),
 * preconditioned on the right, so that residuals are those of W itself; for a block of lanes, each of which
 * does what it does alone: it has its own inner products, and stops at its own iteration. */
#ifndef OG_GMRES_H
#define OG_GMRES_H

#include "linear/linear.h"

/* Products that are kept before it begins anew from where it is, and how many times it does. */
enum { OG_GMRES_BASIS = 40, OG_GMRES_CYCLES = 12 };
/* The status of a lane whose equations it did not solve. */
enum { OG_GMRES_FAILED = 124 };

#include "base/in_double.h"
#include "linear/gmres_block.h"

#include "base/in_single.h"
#include "linear/gmres_block.h"

#endif

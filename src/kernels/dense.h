/* Dense layers on lane blocks: small matrix products, one table of functions for each instruction set and
 * precision. Matrices are row-major [rows][columns] and lie anywhere that a number may; blocks are
 * [entries][lanes] as in kernels.h, but with one lane they too may lie anywhere, and nothing beside them is
 * touched. Outputs do not overlap inputs.
 *
 * Every result is one sum of products from 0 in the order of the inner index, one multiply-add a term (one
 * rounding each in tables that are `fused`, else two), so its bits do not depend on its lane, on the number
 * of lanes, or on how the work is cut into tiles. */
#ifndef OG_DENSE_H
#define OG_DENSE_H

#include "base/real.h"

#include "base/in_double.h"
#include "kernels/dense_table.h"

#include "base/in_single.h"
#include "kernels/dense_table.h"

#endif

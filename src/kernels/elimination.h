/* Factoring square matrices and solving with them, for a block of lanes each of which has a matrix of its
 * own: one table of functions for each instruction set and precision. In every table a lane's numbers are
 * those of one fixed sequence of operations, so that its bits depend neither on other lanes nor on how many
 * there are. */
#ifndef OG_ELIMINATION_H
#define OG_ELIMINATION_H

#include <stddef.h>

#include "base/real.h"

#include "base/in_double.h"
#include "kernels/elimination_table.h"

#include "base/in_single.h"
#include "kernels/elimination_table.h"

#endif

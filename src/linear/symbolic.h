/* L and U of a pattern before there are numbers: where entries arise, and the lists by which they are
 * computed. */
#ifndef OG_SYMBOLIC_H
#define OG_SYMBOLIC_H

#include "kernels/elimination.h"
#include "linear/linear.h"

typedef struct og_symbolic {
  og_context *context;
  og_lu_plan plan;
  double products; /* that factoring subtracts */
  int is_band;     /* the order is the pattern's own */
  int incomplete;
} og_symbolic;

/* Where factoring would subtract more products than `most`, OG_OK and *out = NULL. */
og_status og_symbolic_create(og_context *context, const og_pattern *pattern, double most, og_symbolic **out);
/* L and U with no entries but W's, in its own order: ILU(0). */
og_status og_symbolic_create_incomplete(og_context *context, const og_pattern *pattern, og_symbolic **out);
void og_symbolic_destroy(og_symbolic *symbolic); /* NULL does nothing */

#endif

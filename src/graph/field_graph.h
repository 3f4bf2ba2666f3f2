/* A field whose functions are programs. */
#ifndef OG_FIELD_GRAPH_H
#define OG_FIELD_GRAPH_H

#include "base/real.h"
#include "field/field.h"
#include "graph/graph.h"

/* Products are kept at three extents, so that what is not wanted is not computed: of the state alone, of
 * state and parameters, of all with time. */
enum { OG_FOR_STATE, OG_FOR_PARAMETERS, OG_FOR_TIME, OG_EXTENTS };

typedef struct og_graph_field {
  og_field base;
  og_program *eval, *vjp[OG_EXTENTS], *jvp[OG_EXTENTS], *hessian;
  size_t zero_rows; /* a block of zeros for tangents that are not given */
} og_graph_field;

extern const og_field_ops_d og_graph_ops_d;
extern const og_field_ops_s og_graph_ops_s;

/* The parts of the scratch: times in the working precision, zeros, the program's own; in bytes, multiples
 * of 64. */
static inline size_t og_graph_field_times(int lanes) { return OG_PADDED((size_t)lanes) * sizeof(double); }
static inline size_t og_graph_field_zeros(const og_graph_field *field, int lanes) {
  return OG_PADDED(field->zero_rows * (size_t)lanes) * sizeof(double);
}

#endif

/* Which equations of M x' = f are algebraic, where M is singular, and which states they have to determine.
 *
 * A row of M that depends on others, M[i] = sum_j c_j M[j], leaves the equation w^T f = 0 with w = e_i -
 * sum_j c_j e_j (one of `equations`). A column that depends on others leaves a direction v along which a
 * state can change and M x does not (one of `directions`). There are as many of these as of those. They come
 * of the dense blocks that M falls into, so that M = diag(1, ..., 1, 0, ..., 0) costs next to nothing. */
#ifndef OG_ALGEBRAIC_H
#define OG_ALGEBRAIC_H

#include "field/field.h"

/* Sparse vectors of states as a list: vector number `vector` has `value` in row `row`. */
typedef struct og_vector_entry {
  size_t vector, row;
  double value;
} og_vector_entry;

typedef struct og_vector_entries {
  size_t count, room;
  og_vector_entry *at;
} og_vector_entries;

/* The block w^T J v of all equations and directions, row after row, is a sum of such terms: value times the
 * entry of J, at a place of the block. */
typedef struct og_block_term {
  size_t entry, place;
  double value;
} og_block_term;

typedef struct og_algebraic {
  og_context *context;
  size_t count; /* of equations; 0: M is regular */
  og_vector_entries equations, directions;
  og_vector_entries inverse; /* rows of a matrix Q with M Q f = f for every f in the range of M */
  size_t term_count;
  og_block_term *terms;
  og_elimination *elimination; /* of the block [count][count]; NULL: count is 0 */
} og_algebraic;

/* Of a field that is prepared for implicit steps; *out = NULL where M is the identity. */
og_status og_algebraic_create(og_context *context, const og_field *field, og_algebraic **out);
void og_algebraic_destroy(og_algebraic *algebraic); /* NULL does nothing */

#endif

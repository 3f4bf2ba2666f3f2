/* The scalars that a program computes in one lane, from which C is emitted. */
#ifndef OG_SCALARS_H
#define OG_SCALARS_H

#include "program/instructions.h"

/* Kinds besides those of elementwise operations, whose kind is their og_code and whose op is the program's.
 * Input: row operands[0] of slot `op`. Constant: constant operands[0]. Multiply-add: operands 0 times 1
 * plus 2, as the interpreter's products of matrices and vectors add; `op`: zero wins. */
enum { OG_SCALAR_INPUT = 64, OG_SCALAR_CONSTANT, OG_SCALAR_MULTIPLY_ADD };

/* A function of the library (OG_DO_CALL1, OG_DO_CALL2) is called for all lanes of a strip at once, so that
 * the text falls into levels: what can be computed before the first calls, what between those and the next,
 * ... Values that another level reads, and operands of calls, are stored. */
typedef struct og_scalar {
  int kind, op, operands[3];
  int level, stored;
} og_scalar;

typedef struct og_scalars {
  const og_program *program;
  og_scalar *scalars;
  int count, capacity, levels;
  int failed; /* an og_status: no memory, or too much */
  int *rows;  /* which scalar each row holds at the end; those of outputs are the results */
} og_scalars;

og_status og_scalars_create(const og_program *program, og_scalars *out);
void og_scalars_destroy(og_scalars *scalars);
/* The scalar that an output's row is. */
int og_scalars_output(const og_scalars *scalars, int output, int row);
int og_scalar_operands(const og_scalar *scalar);
static inline int og_scalar_is_leaf(const og_scalar *s) {
  return s->kind == OG_SCALAR_INPUT || s->kind == OG_SCALAR_CONSTANT;
}
static inline int og_scalar_is_call(const og_scalar *s) {
  return s->kind == OG_DO_CALL1 || s->kind == OG_DO_CALL2;
}

#endif

/* A program: instructions over lane blocks, made by program.c and carried out by evaluate_real.c. */
#ifndef OG_INSTRUCTIONS_H
#define OG_INSTRUCTIONS_H

#include "graph/node.h"
#include "kernels/dense.h"
#include "kernels/elementwise.h"
#include "program/program.h"

/* A block's rows start at row `row` of a base: an input slot, the scratch, the constants, what a plan has of
 * its own (og_program_plan), or an output. `one`: one number for all lanes (constants, weights, sums).
 * `step`: 0 when every row of the result reads the same row. */
enum {
  OG_BASE_SCRATCH = OG_SLOT_COUNT,
  OG_BASE_CONSTANT,
  OG_BASE_WIDE,
  OG_BASE_WEIGHTS,
  OG_BASE_GIVEN,
  OG_BASE_SUMS,
  OG_BASE_OUTPUT
};
typedef struct og_address {
  int base, row;
  unsigned char one, step;
} og_address;

typedef enum og_code {
  OG_DO_LOOP1, /* unary: a loop of the table */
  OG_DO_CALL1, /* unary: a function, of the table or a call for each number */
  OG_DO_LOOP2, /* binary: a loop of the table */
  OG_DO_CALL2, /* binary: a call for each number */
  OG_DO_WHERE,
  OG_DO_COPY,
  OG_DO_ACCUMULATE, /* a + b, where a is the result */
  OG_DO_SUM,
  OG_DO_DOT,
  OG_DO_MATVEC,
  OG_DO_MATVEC_T,
  OG_DO_DENSE, /* matvec with one matrix for all lanes */
  OG_DO_DENSE_T,
  OG_DO_OUTER,
  OG_DO_BIAS,      /* unary of a + b, b one number for all lanes */
  OG_DO_SLOPE,     /* a ((1 - b)(1 + b)) */
  OG_DO_ADD_OUTER, /* summed over lanes; c: room for a row where zero wins */
  OG_DO_ADD_LANES
} og_code;

/* `op`: of the loop table for loops, else of the graph. `single`: an elementwise operation on scalars. rows,
 * columns: of the result, or of the matrix in a product; entries of the operands in a sum or dot. */
typedef struct og_instruction {
  unsigned char code, op, single, zero_wins;
  int rows, columns;
  og_address out, a, b, c;
} og_instruction;

/* The loop of the table for an og_unary, or -1. */
int og_unary_loop(int op);

/* A stretch of `scalar_runs`, or of `instructions` when it holds others. */
typedef struct og_stretch {
  int scalar, first, count;
} og_stretch;

#include "base/in_double.h"
#include "program/emitted.h"

#include "base/in_single.h"
#include "program/emitted.h"

struct og_program {
  og_context *context;
  og_instruction *instructions;
  int count, capacity;
  double *constants;
  float *constants_single;
  int constant_count, constant_capacity;
  og_scalar_run *scalar_runs; /* for one lane and full blocks: stretches in order (scalar_runs.c) */
  og_stretch *stretches;
  int stretch_count;
  double *wide; /* constants as rows of OG_LANES_MAX: base OG_BASE_WIDE */
  float *wide_single;
  int output_count, *output_rows; /* where output j begins among the spare rows used for outputs not wanted */
  int spare_rows, scratch_rows;
  int slots[OG_SLOT_COUNT], slot_count; /* inputs that it may read */
  const og_dense_d *dense_d;
  const og_dense_s *dense_s;
  const og_elementwise_d *loops_d;
  const og_elementwise_s *loops_s;
  int added_output;           /* see og_program_add_to; -1: none */
  og_program *clock, *single; /* of single precision (clock.h); NULL: it is carried out as it is */
  int *clock_rows; /* [clock_row_count][2]: rows of theta that the clock reads, and their fine ones or -1 */
  int clock_row_count;
  og_emitted_d *compiled_d; /* carried out in place of the instructions; NULL: not compiled */
  og_emitted_s *compiled_s;
};

/* Fills in scalar_runs, stretches and wide; 0 when there is no memory. */
int og_program_find_scalar_runs(og_program *program);

/* Rows of an output. */
static inline int og_program_output_rows(const og_program *program, int output) {
  int last = output + 1 == program->output_count;
  return (last ? program->spare_rows : program->output_rows[output + 1]) - program->output_rows[output];
}

/* Pointers to the bases, at the start of the scratch. */
static inline size_t og_program_head(const og_program *program) {
  return ((size_t)(OG_BASE_OUTPUT + program->output_count) * sizeof(void *) + 63) / 64 * 64;
}

#endif

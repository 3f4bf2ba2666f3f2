/* A program: graphs lowered to a straight line of instructions over lane blocks, with buffers reused, and
 * carried out. The room knows graphs and kernels, not fields. Begin with program.c (lowering); instructions.h
 * is what it makes, and evaluate_real.c carries that out. */
#ifndef OG_PROGRAM_H
#define OG_PROGRAM_H

#include "graph/graph.h"

typedef struct og_program og_program;
og_status og_program_create(const og_graph *graph, int output_count, const og_node *outputs,
                            og_program **out);
/* A program with more than outputs. Uniform entries: those from `first` on, `count` of them, of input slot
 * `slot` are one number for all lanes, read from an array `weights`; the slot's block is without them. Sinks:
 * the values of nodes, summed over lanes in their order, are ADDED to an array `sums` from `offset` on.
 * Given: nodes whose values are not computed but read from a block, end to end; none is a leaf, a slice or a
 * reshape. */
typedef struct og_lane_sum {
  og_node node;
  int offset;
} og_lane_sum;
typedef struct og_program_plan {
  int output_count, slot, first, count, lane_sum_count, given_count;
  const og_node *outputs, *given;
  const og_lane_sum *lane_sums;
  const og_node *clock; /* given as well, in slot OG_SLOT_CLOCK */
  int clock_count, row_count;
  const int *rows; /* [row_count], sorted: the block of slot OG_SLOT_PARAMETER has these entries alone */
} og_program_plan;
og_status og_program_create_planned(const og_graph *graph, const og_program_plan *plan, og_program **out);
void og_program_destroy(og_program *program);
/* From now on, with one lane or OG_LANES_MAX of them, the program adds to output `output` what it would store
 * there. 0: it cannot, since that is read again, or not made row by row; nothing is changed. */
int og_program_add_to(og_program *program, int output);
size_t og_program_scratch_bytes(const og_program *program, int lanes); /* enough for either precision */
/* inputs[slot] is a block [entries of the slot][lanes] (a slot the program does not read may be NULL);
 * outputs[j] a block [entries of output j][lanes], or NULL when not wanted. Outputs do not alias inputs. */
void og_program_run_d(const og_program *program, int lanes, const double *const *inputs,
                      double *const *outputs, void *scratch);
void og_program_run_s(const og_program *program, int lanes, const float *const *inputs, float *const *outputs,
                      void *scratch);
/* The same with what a plan has of its own; what it has not may be NULL. */
void og_program_run_planned_d(const og_program *program, int lanes, const double *const *inputs,
                              const double *weights, const double *given, double *const *outputs,
                              double *sums, void *scratch);
void og_program_run_planned_s(const og_program *program, int lanes, const float *const *inputs,
                              const float *weights, const float *given, float *const *outputs, float *sums,
                              void *scratch);

/* About how many operations it carries out for a lane. */
double og_program_operations(const og_program *program);

/* Nodes made of time, state and parameters alone that make outputs and lane sums once they are known,
 * together with cheap operations; as a list of *count nodes to be freed. No leaves, slices or reshapes. */
og_status og_choose_tape(const og_graph *graph, const og_program_plan *plan, og_node **tape, int *count);

#endif

/* Lowering at work, for the files that share it (program.c, lane_sums.c, fuse.c). */
#ifndef OG_LOWERING_H
#define OG_LOWERING_H

#include "program/instructions.h"

/* Free rows of the scratch (free_rows.c). A stretch of them has its length at its first and at its last row,
 * where others have 0, and its neighbours in its list at its first. */
enum { OG_FREE_LISTS = 64 };
typedef struct og_free_rows {
  int *length, *next, *previous; /* [capacity] */
  int capacity;
  int first[OG_FREE_LISTS]; /* of each list, plus 1; 0: it is empty */
} og_free_rows;

/* A term of what is summed over lanes: an outer product a b^T, or with b = OG_NODE_NONE the rows of a. It is
 * added as soon as node `ready` has been passed. */
typedef struct og_lane_sum_term {
  og_node a, b, ready;
  int offset, zero_wins;
} og_lane_sum_term;

typedef struct og_program_lowering {
  const og_graph *graph;
  const og_program_plan *plan;
  og_program *program;
  unsigned char *needed, *placed, *given, *fused;
  int *readers;  /* nodes, outputs and terms of lane sums that read a node */
  int *last_use; /* by root */
  og_address *addresses;
  og_free_rows free;
  og_lane_sum_term *terms; /* in order of `ready` */
  og_lane_sum *sums;       /* a stack: what is still to be taken apart */
  int term_count, term_capacity, sum_count, sum_capacity;
  int nodes, failed;
} og_program_lowering;

static inline int og_entries_of(const og_program_lowering *l, og_node node) {
  return og_entries(l->graph->nodes[node].shape);
}

int og_take_rows(og_program_lowering *l, int rows);
void og_give_rows(og_program_lowering *l, int row, int rows);
void og_free_rows_close(og_context *context, og_free_rows *free);
int og_room_for(og_program_lowering *l, void **memory, int *capacity, int needed, size_t size);
void og_emit(og_program_lowering *l, og_instruction instruction);
void og_fill_zero(og_program_lowering *l, og_address to, int rows);
void og_emit_copy(og_program_lowering *l, og_address from, og_address to, int rows);
/* A node made at its place, or at `to` (operations.c). */
void og_lower_operation(og_program_lowering *l, og_node node);
void og_lower_pad(og_program_lowering *l, const og_node_data *d, og_address to);
void og_lower_concat(og_program_lowering *l, const og_node_data *d, og_address to);
/* A take or its transpose. */
void og_lower_take(og_program_lowering *l, const og_node_data *d, og_address to);
void og_lower_take_transposed(og_program_lowering *l, const og_node_data *d, og_address to);
/* The operand as a block: what is one number for all lanes is spread over rows that the caller gives back;
 * *row is -1 when there are none. */
og_address og_block_operand(og_program_lowering *l, og_node node, int *row);
/* Gives back the rows of a node that nothing reads after `now`. */
void og_retire(og_program_lowering *l, og_node node, int now);

/* A node made in one pass of two others; `inner` are those in between, which disappear. */
typedef struct og_fusion {
  og_node of[2], inner[3];
  int inner_count;
} og_fusion;
enum { OG_FUSED_BIAS = 1, OG_FUSED_SLOPE, OG_FUSED_AWAY };
/* Sets `fused` of the nodes. */
void og_find_fusions(og_program_lowering *l);
int og_find_fusion(const og_program_lowering *l, og_node node, og_fusion *found);
void og_lower_fused(og_program_lowering *l, og_node node);
/* Where an input's view lies. */
og_address og_input_address(const og_program_lowering *l, const og_node_data *d);
og_address og_operand(const og_program_lowering *l, og_node node);

/* Takes the plan's lane sums apart into terms, and marks what they read as needed. */
void og_collect_sinks(og_program_lowering *l);
/* Adds the terms that are ready with `node`; *next is the first that has not been added. */
void og_lower_sinks(og_program_lowering *l, og_node node, int *next);

#endif

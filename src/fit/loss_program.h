/* One term of the loss (or the initial state) as programs over many items at once: an item, an observation or
 * a trajectory, is a lane. */
#ifndef OG_LOSS_PROGRAM_H
#define OG_LOSS_PROGRAM_H

#include "base/real.h"
#include "base/tree_sum.h"
#include "model/model.h"

typedef struct og_loss_program {
  og_context *context;
  size_t n, value_rows, data_rows;
  size_t p, weights;   /* parameters that are rows of lanes, and those behind them that all lanes share */
  size_t inputs;       /* of the model */
  size_t input_rows;   /* that are read, behind the former; they are the items' own */
  size_t *input_place; /* [input_rows]: where in theta */
  int lanes;           /* at most */
  og_program *value, *gradient;
  int seeded, has_t_bar, has_x_bar, has_theta_bar, has_weights_bar;
  int reads_theta, reads_state, reads_seeds, reads_data;
  int reads_theta_dot, reads_state_dot;
  double *time, *data, *state, *theta, *seed, *out, *t_bar, *x_bar, *theta_bar; /* blocks of one chunk */
  double *state_dot, *theta_dot;
  void *scratch;
  og_tree_sum sum; /* over chunks: cotangents of parameters (if they have any), then of weights (likewise) */
  double *nodes;   /* its own, with room for `nodes_room` of them */
  size_t nodes_room;
} og_loss_program;

/* The items of a run, in their order: those of the first so many trajectories, those of the next, and so on.
 */
enum { OG_ITEM_BLOCK = OG_LANES_MAX };
typedef struct og_items {
  size_t count, blocks;
  const size_t *ends;   /* [blocks]: how many items there are up to the end of each block */
  const size_t *select; /* [count]: which items of the arrays; NULL: the first ones */
  const size_t
      *rows; /* [items]: where an item's time, data and inputs stand; NULL: at the item's own place */
  const double *times, *data, *inputs; /* [rows], [rows][data_rows], [rows][input_rows] */
} og_items;

/* What a run reads and writes, item after item; NULL: not there, not wanted. With `gradient` the cotangents
 * are formed: x_bar and t_bar are overwritten. theta_bar, which must be there, gets one number added: the sum
 * over chunks by a tree (base/tree_sum.h), and within each, by a tree over its items; of weights of networks
 * by their program. A chunk is up to OG_LANES_MAX items of one block, counted from its first, so that the
 * bits of blocks do not depend on what else is in a run. */
typedef struct og_loss_program_io {
  og_items items;
  const double *theta, *states, *seeds; /* [parameters], [items][n], [items][value rows] */
  const double *theta_dot, *states_dot; /* of a node from og_tangent_node */
  int gradient;
  double *values, *x_bar, *t_bar, *theta_bar; /* [items][value rows], [items][n], [items], [parameters] */
} og_loss_program_io;

/* A term for runs of about `items` >= 1 items. A scalar node is a loss, with cotangent 1; `seeded`:
 * cotangents are given to each run. */
og_status og_loss_program_create(og_context *context, const og_model_parts *parts, og_node node, int seeded,
                                 size_t items, size_t data_rows, og_loss_program **out);
void og_loss_program_destroy(og_loss_program *term);
/* Allocates where there are more chunks than in any run before. */
og_status og_loss_program_run(og_loss_program *term, const og_loss_program_io *io);

/* The node's tangent along the slots' whole tangents: d node/d state x_dot + d node/d parameters theta_dot. A
 * term of it, whose gradient is the Hessian of `node` times the direction, gets them in each run. */
og_status og_tangent_node(const og_model_parts *parts, og_node node, og_node *dot);

#endif

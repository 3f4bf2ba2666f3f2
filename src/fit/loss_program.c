/* Loss programs: those of a node and of its vjp, and their runs over chunks of lanes. */
#include "fit/loss_program.h"

#include <string.h>

#include "field/field.h"
#include "fit/inputs.h"

static int is_zero(const og_graph *graph, og_node node) {
  double value = 1;
  return og_graph_is_constant(graph, node, &value) && value == 0;
}

static og_node seed_of(const og_loss_program *term, og_graph *graph, int seeded) {
  int rows = seeded ? (int)term->n : 1;
  return seeded || term->weights ? og_input(graph, OG_SLOT_COTANGENT, 0, (og_shape){rows, 1})
                                 : og_constant(graph, 1);
}

/* Makes the cotangents of time, state and parameters (bars[3]); those of weights are sums over lanes. */
static og_status differentiate(const og_loss_program *term, og_graph *graph, og_node node, int seeded,
                               og_node bars[3], og_lane_sum **lane_sums, int *count) {
  static const int slot[] = {OG_SLOT_TIME, OG_SLOT_STATE, OG_SLOT_PARAMETER};
  int rows[] = {1, (int)term->n, (int)term->p}, wrt_count = term->p ? 3 : 2;
  og_weights weights = {(int)term->p, (int)term->weights};
  og_node wrt[3], seed = seed_of(term, graph, seeded);
  for (int i = 0; i < wrt_count; i++) wrt[i] = og_input(graph, slot[i], 0, (og_shape){rows[i], 1});
  return og_graph_vjp_weights(graph, node, seed, wrt_count, wrt, bars, weights, lane_sums, count);
}

static void look_for_slots(og_loss_program *term, const og_graph *graph, const og_program_plan *plan) {
  const int slot[] = {OG_SLOT_PARAMETER, OG_SLOT_STATE,         OG_SLOT_COTANGENT,
                      OG_SLOT_DATA,      OG_SLOT_PARAMETER_DOT, OG_SLOT_STATE_DOT};
  int *reads[] = {&term->reads_theta, &term->reads_state,     &term->reads_seeds,
                  &term->reads_data,  &term->reads_theta_dot, &term->reads_state_dot};
  for (int i = 0; i < 6; i++) {
    *reads[i] = og_graph_depends_on(graph, plan->output_count, plan->outputs, slot[i]);
    for (int k = 0; k < plan->lane_sum_count && !*reads[i]; k++)
      *reads[i] = og_graph_depends_on(graph, 1, &plan->lane_sums[k].node, slot[i]);
  }
}

static og_status build_programs(og_loss_program *term, og_graph *graph, og_node node, int seeded,
                                og_lane_sum **lane_sums) {
  og_node outputs[4] = {node, OG_NODE_NONE, OG_NODE_NONE, OG_NODE_NONE};
  og_program_plan plan = {.output_count = 1,
                          .outputs = outputs,
                          .slot = OG_SLOT_PARAMETER,
                          .first = (int)term->p,
                          .count = (int)term->weights};
  OG_TRY(og_program_create_planned(graph, &plan, &term->value));
  OG_TRY(differentiate(term, graph, node, seeded, outputs + 1, lane_sums, &plan.lane_sum_count));
  OG_TRY(og_graph_status(graph));
  plan.output_count = term->p ? 4 : 3;
  plan.lane_sums = *lane_sums;
  term->has_t_bar = !is_zero(graph, outputs[1]);
  term->has_x_bar = !is_zero(graph, outputs[2]);
  term->has_theta_bar = term->p && !is_zero(graph, outputs[3]);
  term->has_weights_bar = plan.lane_sum_count > 0;
  look_for_slots(term, graph, &plan);
  return og_program_create_planned(graph, &plan, &term->gradient);
}

static og_status allocate(og_loss_program *term) {
  og_context *context = term->context;
  size_t block = (size_t)term->lanes * sizeof(double);
  struct {
    double **array;
    size_t rows;
  } arrays[] = {{&term->time, 1},
                {&term->data, term->reads_data ? term->data_rows : 0},
                {&term->state, term->reads_state ? term->n : 0},
                {&term->theta, term->reads_theta ? term->p + OG_INPUT_ROWS * term->inputs : 0},
                {&term->seed, term->reads_seeds ? term->value_rows : 0},
                {&term->state_dot, term->reads_state_dot ? term->n : 0},
                {&term->theta_dot, term->reads_theta_dot ? term->p + term->weights : 0},
                {&term->out, term->value_rows},
                {&term->t_bar, 1},
                {&term->x_bar, term->has_x_bar ? term->n : 0},
                {&term->theta_bar, term->has_theta_bar ? term->p : 0}};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
    if (arrays[i].rows == 0) continue;
    *arrays[i].array = og_alloc(context, arrays[i].rows, block);
    if (!*arrays[i].array) return og_fail_memory(context, arrays[i].rows * block, "the terms of a loss");
  }
  size_t value = og_program_scratch_bytes(term->value, term->lanes);
  size_t gradient = og_program_scratch_bytes(term->gradient, term->lanes),
         bytes = value > gradient ? value : gradient;
  term->scratch = og_alloc(context, 1, bytes ? bytes : 1);
  return term->scratch ? OG_OK : og_fail_memory(context, bytes, "the scratch memory of a loss");
}

/* Finds the places in theta of the inputs' rows that are read; each input has three, (a, b, tau). */
static og_status place_inputs(og_loss_program *term, const og_model_parts *parts) {
  size_t k = 0;
  term->input_place = og_alloc(term->context, term->input_rows + 1, sizeof *term->input_place);
  if (!term->input_place)
    return og_fail_memory(term->context, term->input_rows * sizeof(size_t), "the inputs of a loss");
  for (size_t i = 0; i < parts->inputs; i++)
    for (size_t row = 0; row < og_input_rows_read(parts->input_columns[i].kind); row++)
      term->input_place[k++] = term->p + OG_INPUT_ROWS * i + row;
  return OG_OK;
}

og_status og_loss_program_create(og_context *context, const og_model_parts *parts, og_node node, int seeded,
                                 size_t items, size_t data_rows, og_loss_program **out) {
  *out = NULL;
  og_loss_program *term = og_alloc(context, 1, sizeof *term);
  if (!term) return og_fail_memory(context, sizeof *term, "a term of a loss");
  term->context = context;
  term->n = parts->states;
  term->p = parts->parameters - parts->weights;
  term->weights = parts->weights;
  term->inputs = parts->inputs;
  term->input_rows = og_inputs_width(parts);
  term->seeded = seeded;
  term->value_rows = seeded ? parts->states : 1;
  term->data_rows = data_rows;
  term->lanes = items >= OG_LANES_MAX ? OG_LANES_MAX : (int)OG_PADDED(items);
  og_lane_sum *lane_sums = NULL;
  og_status status = build_programs(term, parts->graph, node, seeded, &lane_sums);
  og_free(context, lane_sums);
  if (status == OG_OK) status = allocate(term);
  if (status == OG_OK) status = place_inputs(term, parts);
  if (status != OG_OK) {
    og_loss_program_destroy(term);
    return status;
  }
  *out = term;
  return OG_OK;
}

void og_loss_program_destroy(og_loss_program *term) {
  if (!term) return;
  og_context *context = term->context;
  og_program_destroy(term->value);
  og_program_destroy(term->gradient);
  void *owned[] = {term->time,      term->data,      term->state, term->theta, term->seed,
                   term->state_dot, term->theta_dot, term->out,   term->t_bar, term->x_bar,
                   term->theta_bar, term->scratch,   term->nodes};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) og_free(context, owned[i]);
  og_free(context, term->input_place);
  og_free(context, term);
}

/* Consecutive items of a run, one a lane, and where their numbers stand. Lanes behind the last item repeat
 * it, so that no program meets numbers that are not those of an item. */
typedef struct chunk {
  int lanes;
  size_t used, item[OG_LANES_MAX], row[OG_LANES_MAX];
} chunk;

static void find_items(const og_items *items, size_t first, size_t end, chunk *c) {
  size_t left = end - first, lanes = (size_t)c->lanes;
  c->used = left < lanes ? left : lanes;
  for (size_t lane = 0; lane < lanes; lane++) {
    size_t i = first + (lane < c->used ? lane : c->used - 1);
    c->item[lane] = items->select ? items->select[i] : i;
    c->row[lane] = items->rows ? items->rows[c->item[lane]] : c->item[lane];
  }
}

/* Places at[lane] of an array [..][rows] into rows place[row] (NULL: row) of a block [..][lanes]: a
 * transpose, in tiles that stay in the cache. */
static void gather_to(const chunk *c, const size_t *at, size_t rows, const double *from, const size_t *place,
                      double *block) {
  enum { TILE = 8 };
  size_t lanes = (size_t)c->lanes;
  for (size_t top = 0; top < rows; top += TILE) {
    size_t bottom = top + TILE < rows ? top + TILE : rows;
    for (size_t lane = 0; lane < lanes; lane++)
      for (size_t row = top; row < bottom; row++)
        block[(place ? place[row] : row) * lanes + lane] = from[at[lane] * rows + row];
  }
}

static void gather(const chunk *c, const size_t *at, size_t rows, const double *from, double *block) {
  gather_to(c, at, rows, from, NULL, block);
}

static void scatter(const chunk *c, size_t rows, const double *block, double *to) {
  for (size_t lane = 0; lane < c->used; lane++)
    for (size_t row = 0; row < rows; row++)
      to[c->item[lane] * rows + row] = block ? block[row * (size_t)c->lanes + lane] : 0;
}

static size_t rows_summed(const og_loss_program *term) { return term->has_theta_bar ? term->p : 0; }
static size_t weights_summed(const og_loss_program *term) {
  return term->has_weights_bar ? term->weights : 0;
}

/* The chunk's sum over its items, which is a term of the sum over chunks. */
static void sum_lanes(const og_loss_program *term, const chunk *c, double *block, double *sums) {
  for (size_t row = 0; row < rows_summed(term); row++, block += c->lanes) {
    og_tree_sum_rows(block, c->used, 1, 1);
    sums[row] = block[0];
  }
}

/* Weights' cotangents are summed over all lanes: those behind the last item have cotangents of 0. */
static void load_seeds(og_loss_program *term, const double *seeds, const chunk *c) {
  size_t lanes = (size_t)c->lanes;
  if (seeds) gather(c, c->item, term->value_rows, seeds, term->seed);
  for (size_t row = 0; row < term->value_rows; row++)
    for (size_t lane = 0; lane < lanes; lane++)
      if (lane >= c->used || !term->seeded) term->seed[row * lanes + lane] = lane < c->used;
}

static void load(og_loss_program *term, const og_loss_program_io *io, const chunk *c) {
  const og_items *items = &io->items;
  gather(c, c->row, 1, items->times, term->time);
  if (term->reads_data) gather(c, c->row, term->data_rows, items->data, term->data);
  if (term->reads_theta && term->input_rows)
    gather_to(c, c->row, term->input_rows, items->inputs, term->input_place, term->theta);
  if (term->reads_state && io->states) gather(c, c->item, term->n, io->states, term->state);
  if (term->reads_seeds) load_seeds(term, io->seeds, c);
  if (term->reads_state_dot) gather(c, c->item, term->n, io->states_dot, term->state_dot);
}

static void run_chunk(og_loss_program *term, const og_loss_program_io *io, const chunk *c) {
  const double *inputs[OG_SLOT_COUNT] = {[OG_SLOT_TIME] = term->time,
                                         [OG_SLOT_STATE] = term->state,
                                         [OG_SLOT_PARAMETER] = term->theta,
                                         [OG_SLOT_COTANGENT] = term->seed,
                                         [OG_SLOT_STATE_DOT] = term->state_dot,
                                         [OG_SLOT_PARAMETER_DOT] = term->theta_dot,
                                         [OG_SLOT_DATA] = term->data};
  double *outputs[4] = {io->values ? term->out : NULL};
  if (io->gradient) {
    outputs[1] = term->has_t_bar && io->t_bar ? term->t_bar : NULL;
    outputs[2] = term->has_x_bar && io->x_bar ? term->x_bar : NULL;
    outputs[3] = term->has_theta_bar && io->theta_bar ? term->theta_bar : NULL;
  }
  load(term, io, c);
  const double *weights = term->weights ? io->theta + term->p : NULL;
  double *sums = io->gradient && io->theta_bar ? og_tree_sum_term(&term->sum) : NULL;
  double *weights_bar = sums && term->weights ? sums + rows_summed(term) : NULL;
  if (weights_bar) memset(weights_bar, 0, weights_summed(term) * sizeof(double));
  og_program_run_planned_d(io->gradient ? term->gradient : term->value, c->lanes, inputs, weights, NULL,
                           outputs, weights_bar, term->scratch);
  if (io->values) scatter(c, term->value_rows, term->out, io->values);
  if (io->gradient && io->t_bar) scatter(c, 1, outputs[1], io->t_bar);
  if (io->gradient && io->x_bar) scatter(c, term->n, outputs[2], io->x_bar);
  if (!sums) return;
  sum_lanes(term, c, outputs[3], sums);
  og_tree_sum_add(&term->sum, 0);
}

/* Copies the parameters to all lanes. */
static void spread(size_t rows, int lanes, const double *theta, double *block) {
  for (size_t row = 0; row < rows; row++)
    for (size_t lane = 0; lane < (size_t)lanes; lane++) block[row * (size_t)lanes + lane] = theta[row];
}

static size_t count_chunks(const og_items *items, size_t lanes) {
  size_t chunks = 0;
  for (size_t b = 0, first = 0; b < items->blocks; first = items->ends[b++])
    chunks += (items->ends[b] - first + lanes - 1) / lanes;
  return chunks;
}

static og_status open_sum(og_loss_program *term, const og_items *items, int lanes) {
  size_t width = rows_summed(term) + weights_summed(term);
  size_t nodes = og_tree_sum_depth(count_chunks(items, (size_t)lanes));
  if (nodes > term->nodes_room) {
    double *more = og_alloc(term->context, nodes * width + 1, sizeof *more);
    if (!more) return og_fail_memory(term->context, nodes * width * sizeof *more, "the gradient of a loss");
    og_free(term->context, term->nodes);
    term->nodes = more;
    term->nodes_room = nodes;
  }
  og_tree_sum_begin(&term->sum, width, term->nodes, 0);
  return OG_OK;
}

static void close_sum(og_loss_program *term, double *theta_bar) {
  const double *total = og_tree_sum_total(&term->sum);
  size_t p = rows_summed(term), weights = weights_summed(term);
  for (size_t i = 0; total && i < p; i++) theta_bar[i] += total[i];
  for (size_t i = 0; total && i < weights; i++) theta_bar[term->p + i] += total[p + i];
}

og_status og_loss_program_run(og_loss_program *term, const og_loss_program_io *io) {
  const og_items *items = &io->items;
  size_t count = items->count, first = 0;
  chunk c = {.lanes = count >= (size_t)term->lanes ? term->lanes : (int)OG_PADDED(count)};
  int summed = io->gradient && io->theta_bar;
  if (count && summed) OG_TRY(open_sum(term, items, c.lanes));
  if (term->reads_theta) spread(term->p, c.lanes, io->theta, term->theta);
  if (term->reads_theta_dot) spread(term->p + term->weights, c.lanes, io->theta_dot, term->theta_dot);
  for (size_t b = 0; b < items->blocks; b++)
    for (; first < items->ends[b]; first += c.used) {
      find_items(items, first, items->ends[b], &c);
      run_chunk(term, io, &c);
    }
  if (count && summed) close_sum(term, io->theta_bar);
  return OG_OK;
}

/* ---- Tangents ---- */

/* Tangents are along whole input slots, whichever parts of them an expression reads. */
og_status og_tangent_node(const og_model_parts *parts, og_node node, og_node *dot) {
  og_graph *graph = parts->graph;
  static const int slot[] = {OG_SLOT_STATE, OG_SLOT_PARAMETER};
  static const int dot_slot[] = {OG_SLOT_STATE_DOT, OG_SLOT_PARAMETER_DOT};
  int rows[] = {(int)parts->states, (int)parts->parameters}, count = parts->parameters ? 2 : 1;
  og_node wholes[2], dots[2];
  for (int i = 0; i < count; i++) {
    wholes[i] = og_input(graph, slot[i], 0, (og_shape){rows[i], 1});
    dots[i] = og_input(graph, dot_slot[i], 0, (og_shape){rows[i], 1});
  }
  return og_graph_jvp(graph, 1, &node, count, wholes, dots, dot);
}

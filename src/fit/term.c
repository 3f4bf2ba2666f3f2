/* Terms: the programs of a node and of its vjp, and their runs over chunks of lanes. */
#include "fit/term.h"

#include <string.h>

#include "base/real.h"
#include "field/field.h"

static size_t chunks_of(const og_term *term) {
  return (term->items + (size_t)term->lanes - 1) / (size_t)term->lanes;
}

static int is_zero(const og_graph *graph, og_node node) {
  double value = 1;
  return og_graph_is_constant(graph, node, &value) && value == 0;
}

/* bars[3] are the cotangents of time, state and parameters. */
static og_status differentiate(const og_model_parts *parts, og_node node, int seeded, og_node bars[3]) {
  og_graph *graph = parts->graph;
  int n = (int)parts->states, p = (int)parts->parameters;
  og_node seed = seeded ? og_input(graph, OG_SLOT_COTANGENT, 0, (og_shape){n, 1}) : og_constant(graph, 1);
  OG_TRY(og_slot_cotangent(graph, node, seed, OG_SLOT_TIME, 1, &bars[0]));
  OG_TRY(og_slot_cotangent(graph, node, seed, OG_SLOT_STATE, n, &bars[1]));
  bars[2] = OG_NODE_NONE;
  return p ? og_slot_cotangent(graph, node, seed, OG_SLOT_PARAMETER, p, &bars[2]) : OG_OK;
}

static og_status build_programs(og_term *term, const og_model_parts *parts, og_node node, int seeded) {
  og_graph *graph = parts->graph;
  og_node outputs[4] = {node};
  OG_TRY(differentiate(parts, node, seeded, outputs + 1));
  OG_TRY(og_graph_status(graph));
  int count = term->p ? 4 : 3;
  term->has_t_bar = !is_zero(graph, outputs[1]);
  term->has_x_bar = !is_zero(graph, outputs[2]);
  term->has_theta_bar = term->p && !is_zero(graph, outputs[3]);
  term->reads_theta = og_graph_depends_on(graph, count, outputs, OG_SLOT_PARAMETER);
  term->reads_state = og_graph_depends_on(graph, count, outputs, OG_SLOT_STATE);
  term->reads_seeds = og_graph_depends_on(graph, count, outputs, OG_SLOT_COTANGENT);
  term->reads_theta_dot = og_graph_depends_on(graph, count, outputs, OG_SLOT_PARAMETER_DOT);
  term->reads_state_dot = og_graph_depends_on(graph, count, outputs, OG_SLOT_STATE_DOT);
  OG_TRY(og_program_create(graph, 1, &node, &term->value));
  return og_program_create(graph, count, outputs, &term->gradient);
}

static og_status allocate(og_term *term) {
  og_context *context = term->context;
  size_t lanes = (size_t)term->lanes, chunks = chunks_of(term), block = lanes * sizeof(double);
  struct {
    double **array;
    size_t rows;
  } arrays[] = {{&term->time, chunks},
                {&term->data, chunks * term->data_rows},
                {&term->state, term->reads_state ? term->n : 0},
                {&term->inputs, chunks * term->input_rows},
                {&term->theta, term->reads_theta ? term->p + term->input_rows : 0},
                {&term->seed, term->reads_seeds ? term->n : 0},
                {&term->state_dot, term->reads_state_dot ? term->n : 0},
                {&term->theta_dot, term->reads_theta_dot ? term->p : 0},
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

og_status og_term_create(og_context *context, const og_model_parts *parts, og_node node, int seeded,
                         size_t items, size_t data_rows, og_term **out) {
  *out = NULL;
  og_term *term = og_alloc(context, 1, sizeof *term);
  if (!term) return og_fail_memory(context, sizeof *term, "a term of a loss");
  term->context = context;
  term->items = items;
  term->n = parts->states;
  term->p = parts->parameters;
  term->input_rows = OG_INPUT_ROWS * parts->inputs;
  term->value_rows = seeded ? parts->states : 1;
  term->data_rows = data_rows;
  term->lanes = items >= OG_LANES_MAX ? OG_LANES_MAX : (int)OG_PADDED(items);
  og_status status = build_programs(term, parts, node, seeded);
  if (status == OG_OK) status = allocate(term);
  if (status != OG_OK) {
    og_term_destroy(term);
    return status;
  }
  *out = term;
  return OG_OK;
}

void og_term_destroy(og_term *term) {
  if (!term) return;
  og_context *context = term->context;
  og_program_destroy(term->value);
  og_program_destroy(term->gradient);
  void *owned[] = {term->time,  term->data,      term->inputs,    term->state, term->theta,
                   term->seed,  term->state_dot, term->theta_dot, term->out,   term->t_bar,
                   term->x_bar, term->theta_bar, term->scratch};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) og_free(context, owned[i]);
  og_free(context, term);
}

/* Lanes behind the last item repeat it, so that no program meets numbers that are not an item's. */
static size_t last_lane(const og_term *term, size_t item) {
  return item + 1 == term->items ? chunks_of(term) * (size_t)term->lanes : item + 1;
}

void og_term_set_time(og_term *term, size_t item, double t) {
  for (size_t i = item; i < last_lane(term, item); i++) term->time[i] = t;
}

static void set_rows(const og_term *term, size_t item, size_t rows, const double *values, double *blocks) {
  size_t lanes = (size_t)term->lanes;
  for (size_t i = item; i < last_lane(term, item); i++)
    for (size_t row = 0; row < rows; row++)
      blocks[(i / lanes * rows + row) * lanes + i % lanes] = values[row];
}

void og_term_set_data(og_term *term, size_t item, const double *data) {
  set_rows(term, item, term->data_rows, data, term->data);
}

void og_term_set_inputs(og_term *term, size_t item, const double *rows) {
  set_rows(term, item, term->input_rows, rows, term->inputs);
}

/* Items [items][rows] from `first` on, into a block [rows][lanes]. */
static void gather(const og_term *term, size_t first, size_t rows, const double *items, double *block) {
  size_t lanes = (size_t)term->lanes;
  for (size_t lane = 0; lane < lanes; lane++) {
    size_t item = first + lane < term->items ? first + lane : term->items - 1;
    for (size_t row = 0; row < rows; row++) block[row * lanes + lane] = items[item * rows + row];
  }
}

static void scatter(const og_term *term, size_t first, size_t rows, const double *block, double *items) {
  size_t lanes = (size_t)term->lanes;
  for (size_t lane = 0; lane < lanes && first + lane < term->items; lane++)
    for (size_t row = 0; row < rows; row++)
      items[(first + lane) * rows + row] = block ? block[row * lanes + lane] : 0;
}

static void add_lanes(const og_term *term, size_t first, const double *block, double *sums) {
  size_t lanes = (size_t)term->lanes, used = term->items - first < lanes ? term->items - first : lanes;
  for (size_t row = 0; row < term->p; row++)
    for (size_t lane = 0; lane < used; lane++) sums[row] += block[row * lanes + lane];
}

static void run_chunk(og_term *term, const og_term_io *io, size_t chunk) {
  size_t lanes = (size_t)term->lanes, first = chunk * lanes;
  const double *inputs[OG_SLOT_COUNT] = {
      [OG_SLOT_TIME] = term->time + first,
      [OG_SLOT_STATE] = term->state,
      [OG_SLOT_PARAMETER] = term->theta,
      [OG_SLOT_COTANGENT] = term->seed,
      [OG_SLOT_STATE_DOT] = term->state_dot,
      [OG_SLOT_PARAMETER_DOT] = term->theta_dot,
      [OG_SLOT_DATA] = term->data ? term->data + chunk * term->data_rows * lanes : NULL};
  if (term->reads_theta && term->input_rows)
    memcpy(term->theta + term->p * lanes, term->inputs + chunk * term->input_rows * lanes,
           term->input_rows * lanes * sizeof(double));
  if (term->reads_state && io->states) gather(term, first, term->n, io->states, term->state);
  if (term->reads_seeds && io->seeds) gather(term, first, term->n, io->seeds, term->seed);
  if (term->reads_state_dot) gather(term, first, term->n, io->states_dot, term->state_dot);
  double *outputs[4] = {io->values ? term->out : NULL};
  if (io->gradient) {
    outputs[1] = term->has_t_bar && io->t_bar ? term->t_bar : NULL;
    outputs[2] = term->has_x_bar && io->x_bar ? term->x_bar : NULL;
    outputs[3] = term->has_theta_bar && io->theta_bar ? term->theta_bar : NULL;
  }
  og_program_run_d(io->gradient ? term->gradient : term->value, term->lanes, inputs, outputs, term->scratch);
  if (io->values) scatter(term, first, term->value_rows, term->out, io->values);
  if (io->gradient && io->t_bar) scatter(term, first, 1, outputs[1], io->t_bar);
  if (io->gradient && io->x_bar) scatter(term, first, term->n, outputs[2], io->x_bar);
  if (outputs[3]) add_lanes(term, first, outputs[3], io->theta_bar);
}

/* The same parameters for all lanes. */
static void spread(const og_term *term, const double *theta, double *block) {
  size_t lanes = (size_t)term->lanes;
  for (size_t row = 0; row < term->p; row++)
    for (size_t lane = 0; lane < lanes; lane++) block[row * lanes + lane] = theta[row];
}

void og_term_run(og_term *term, const og_term_io *io) {
  if (term->reads_theta) spread(term, io->theta, term->theta);
  if (term->reads_theta_dot) spread(term, io->theta_dot, term->theta_dot);
  for (size_t chunk = 0; chunk < chunks_of(term); chunk++) run_chunk(term, io, chunk);
}

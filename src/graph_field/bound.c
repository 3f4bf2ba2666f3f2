/* The bound form of a graph field: the weights of networks are one array for all lanes, and their cotangents
 * are sums over lanes. */
#include "field/pieces.h"
#include "graph_field/programs.h"

#include "graph/node.h"

/* ---- Programs ---- */

/* Cotangents of state, parameters with inputs' rows (when there are any), time; and those of weights. */
typedef struct products {
  og_node outputs[OG_EXTENTS];
  int count[OG_EXTENTS]; /* of outputs within an extent */
  og_lane_sum *lane_sums;
  int lane_sum_count;
} products;

static og_program_plan plan_of(og_weights weights, int outputs, const og_node *output) {
  return (og_program_plan){.slot = OG_SLOT_PARAMETER,
                           .first = weights.first,
                           .count = weights.count,
                           .output_count = outputs,
                           .outputs = output};
}

/* own: rows behind those of the inputs. */
static og_status take_products(og_graph *g, const og_graph_dynamics *d, size_t own, og_weights weights,
                               products *p) {
  int behind = weights.first + weights.count, used = 0, outputs = 0;
  int rows[] = {og_graph_shape(g, d->f).rows, weights.first, (int)(OG_INPUT_ROWS * d->inputs + own), 1};
  int slot[] = {OG_SLOT_STATE, OG_SLOT_PARAMETER, OG_SLOT_PARAMETER, OG_SLOT_TIME};
  int offset[] = {0, 0, behind, 0};
  og_node wrt[4], bars[4];
  for (int i = 0; i < 4; i++)
    if (rows[i]) wrt[used++] = og_input(g, slot[i], offset[i], (og_shape){rows[i], 1});
  og_node lambda = og_input(g, OG_SLOT_COTANGENT, 0, (og_shape){rows[0], 1});
  OG_TRY(og_graph_vjp_weights(g, d->f, lambda, used, wrt, bars, weights, &p->lane_sums, &p->lane_sum_count));
  p->outputs[outputs++] = bars[0];
  p->count[OG_FOR_STATE] = outputs;
  if (used > 2) p->outputs[outputs++] = og_concat(g, bars + 1, used - 2);
  p->count[OG_FOR_PARAMETERS] = outputs;
  p->outputs[outputs++] = bars[used - 1];
  p->count[OG_FOR_TIME] = outputs;
  return og_graph_status(g);
}

static og_status create_vjps(og_bound_programs *programs, const og_graph *g, og_weights weights,
                             const products *p, const og_node *tape, int tape_count) {
  for (int i = 0; i < OG_EXTENTS; i++) {
    og_program_plan plan = plan_of(weights, p->count[i], p->outputs);
    OG_TRY(og_program_create_planned(g, &plan, &programs->vjp[i]));
    plan.lane_sums = p->lane_sums;
    plan.lane_sum_count = p->lane_sum_count;
    OG_TRY(og_program_create_planned(g, &plan, &programs->vjp_weights[i]));
    plan.given = tape;
    plan.given_count = tape_count;
    OG_TRY(og_program_create_planned(g, &plan, &programs->vjp_taped[i]));
  }
  return OG_OK;
}

/* The nodes of the tape end to end, as the second output beside f. */
static og_status create_evals(og_bound_programs *programs, og_graph *g, og_node f, og_weights weights,
                              const og_node *tape, int tape_count, og_node *parts) {
  for (int i = 0; i < tape_count; i++) {
    int rows = og_entries(g->nodes[tape[i]].shape);
    parts[i] = og_reshape(g, tape[i], (og_shape){rows, 1});
    programs->tape_rows += (size_t)rows;
  }
  og_node outputs[2] = {f, tape_count ? og_concat(g, parts, tape_count) : OG_NODE_NONE};
  OG_TRY(og_graph_status(g));
  og_program_plan plan = plan_of(weights, 1, outputs);
  OG_TRY(og_program_create_planned(g, &plan, &programs->eval));
  plan.output_count = tape_count ? 2 : 1;
  return og_program_create_planned(g, &plan, &programs->eval_tape);
}

static og_status create_taped(og_bound_programs *programs, og_graph *g, og_node f, og_weights weights,
                              const products *p) {
  og_program_plan whole = plan_of(weights, p->count[OG_FOR_TIME], p->outputs);
  whole.lane_sums = p->lane_sums;
  whole.lane_sum_count = p->lane_sum_count;
  og_node *tape = NULL, *parts = NULL;
  int count = 0;
  og_status status = og_choose_tape(g, &whole, &tape, &count);
  if (status == OG_OK) {
    parts = og_alloc(g->context, (size_t)count + 1, sizeof *parts);
    status = parts ? create_evals(programs, g, f, weights, tape, count, parts)
                   : og_fail_memory(g->context, (size_t)count * sizeof *parts, "the tape of a field");
  }
  if (status == OG_OK) status = create_vjps(programs, g, weights, p, tape, count);
  og_free(g->context, tape);
  og_free(g->context, parts);
  return status;
}

/* ---- The field ---- */

static size_t bound_scratch(const og_field *base, int lanes) {
  const og_bound_programs *p = ((const og_bound_field *)base)->programs;
  const og_program *programs[2 + 3 * OG_EXTENTS] = {p->eval, p->eval_tape};
  size_t most = 0;
  for (int i = 0; i < OG_EXTENTS; i++) {
    programs[2 + 3 * i] = p->vjp[i];
    programs[3 + 3 * i] = p->vjp_weights[i];
    programs[4 + 3 * i] = p->vjp_taped[i];
  }
  for (int i = 0; i < 2 + 3 * OG_EXTENTS; i++) {
    size_t bytes = og_program_scratch_bytes(programs[i], lanes);
    most = bytes > most ? bytes : most;
  }
  return og_graph_field_times(lanes) + most;
}

static size_t tape_bytes(const og_field *base, int lanes) {
  const og_bound_field *field = (const og_bound_field *)base;
  return OG_PADDED(field->programs->tape_rows * (size_t)lanes) *
         (field->weights ? sizeof(double) : sizeof(float));
}

static void set_weights(og_field *base, const double *weights) {
  og_bound_field *field = (og_bound_field *)base;
  for (size_t i = 0; i < base->weights; i++) {
    if (field->weights)
      field->weights[i] = weights[i];
    else
      field->weights_single[i] = (float)weights[i];
  }
}

static void destroy(og_field *base) {
  og_bound_field *field = (og_bound_field *)base;
  og_free(base->context, field->weights);
  og_free(base->context, field->weights_single);
  og_free(base->context, field);
}

static og_status bind(const og_field *base, og_context *context, int single, og_field **bound) {
  const og_graph_field *source = (const og_graph_field *)base;
  size_t size = single ? sizeof(float) : sizeof(double);
  *bound = NULL;
  og_bound_field *field = og_alloc(context, 1, sizeof *field);
  void *weights = field ? og_alloc(context, base->weights, size) : NULL;
  if (!weights) {
    og_free(context, field);
    return og_fail_memory(context, base->weights * size + sizeof *field, "the weights of a field");
  }
  field->base = (og_field){.context = context,
                           .n = base->n,
                           .p = base->p - base->weights,
                           .weights = base->weights,
                           .fine = base->fine,
                           .fine_row = source->bound_fine,
                           .inputs = base->inputs,
                           .breakpoints = base->breakpoints,
                           .breakpoint = base->breakpoint,
                           .quadratures = base->quadratures,
                           .flags = OG_FIELD_HAS_VJP | (base->flags & OG_FIELD_DEPENDS_ON_TIME),
                           .ops_d = og_bound_ops_d,
                           .ops_s = og_bound_ops_s,
                           .scratch_bytes = bound_scratch,
                           .set_weights = set_weights,
                           .tape_bytes = tape_bytes,
                           .destroy = destroy};
  field->programs = &source->bound;
  if (single)
    field->weights_single = weights;
  else
    field->weights = weights;
  if (base->breakpoints) og_pieces_wrap(&field->base);
  *bound = &field->base;
  return OG_OK;
}

og_status og_field_create_bound(og_graph_field *field, og_graph *g, const og_graph_dynamics *d) {
  og_weights weights = {(int)(d->parameters - d->weights), (int)d->weights};
  size_t own = field->base.fine + (field->base.breakpoints ? 1 : 0);
  products p = {0};
  og_status status = take_products(g, d, own, weights, &p);
  if (status == OG_OK) status = create_taped(&field->bound, g, d->f, weights, &p);
  og_free(g->context, p.lane_sums);
  if (status == OG_OK) field->base.bind = bind;
  return status;
}

void og_field_free_bound(og_bound_programs *programs) {
  og_program_destroy(programs->eval);
  og_program_destroy(programs->eval_tape);
  for (int i = 0; i < OG_EXTENTS; i++) {
    og_program_destroy(programs->vjp[i]);
    og_program_destroy(programs->vjp_weights[i]);
    og_program_destroy(programs->vjp_taped[i]);
  }
}

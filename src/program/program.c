/* Lowering: the needed nodes in order, each given a place, rows used again once their last reader is done. */
#include "program/clock.h"
#include "program/lowering.h"

#include <limits.h>
#include <string.h>

/* The node whose rows hold the value: views are only another look at them. */
og_node og_root_of(const og_graph *graph, og_node node, int *offset) {
  *offset = 0;
  for (;; node = graph->nodes[node].operands[0]) {
    const og_node_data *d = &graph->nodes[node];
    if (d->kind == OG_SLICE)
      *offset += d->offset;
    else if (!og_is_view(d->kind))
      return node;
  }
}

/* ---- Instructions and constants ---- */
int og_room_for(og_program_lowering *l, void **memory, int *capacity, int needed, size_t size) {
  if (needed <= *capacity) return 1;
  int more = 2 * needed + 16;
  void *grown = og_resize(l->program->context, *memory, (size_t)*capacity, (size_t)more, size);
  if (!grown) return !(l->failed = 1);
  *memory = grown;
  *capacity = more;
  return 1;
}

void og_emit(og_program_lowering *l, og_instruction instruction) {
  og_program *p = l->program;
  if (og_room_for(l, (void **)&p->instructions, &p->capacity, p->count + 1, sizeof instruction))
    p->instructions[p->count++] = instruction;
}

static og_address constant_place(og_program_lowering *l, const og_node_data *d) {
  og_program *p = l->program;
  int count = d->count ? d->count : 1, row = p->constant_count;
  if (!og_room_for(l, (void **)&p->constants, &p->constant_capacity, row + count, sizeof(double)))
    return (og_address){0};
  memcpy(p->constants + row, d->count ? l->graph->values + d->first : &d->value,
         (size_t)count * sizeof(double));
  p->constant_count += count;
  return (og_address){.base = OG_BASE_CONSTANT, .row = row, .one = 1, .step = d->count > 0};
}

og_address og_operand(const og_program_lowering *l, og_node node) {
  int offset, many = og_entries_of(l, node) > 1;
  og_node root = og_root_of(l->graph, node, &offset);
  og_address place = l->addresses[root];
  if (place.one) {
    place.row += place.step ? offset : 0;
    place.step = place.step && many;
    return place;
  }
  place.row += offset;
  place.step = (unsigned char)many;
  return place;
}

void og_emit_copy(og_program_lowering *l, og_address from, og_address to, int rows) {
  og_emit(l, (og_instruction){.code = OG_DO_COPY, .rows = rows, .columns = 1, .out = to, .a = from});
}

/* Constants and weights are spread over lanes for those that cannot read them as they are. */
og_address og_block_operand(og_program_lowering *l, og_node node, int *row) {
  og_address place = og_operand(l, node);
  *row = -1;
  if (!place.one) return place;
  int rows = og_entries_of(l, node);
  *row = og_take_rows(l, rows);
  og_address block = {.base = OG_BASE_SCRATCH, .row = *row, .step = rows > 1};
  og_emit_copy(l, place, block, rows);
  return block;
}

/* ---- Places ---- */
static int computed(const og_program_lowering *l, og_node node) {
  og_kind kind = l->graph->nodes[node].kind;
  return kind != OG_CONSTANT && kind != OG_INPUT;
}

enum { CONCATS_DEEP = 16 };

/* Lets the node's value be made in the output itself; the parts of a concat likewise, and of those within it:
 * what is `deep` levels below is copied. */
static void place_in_output(og_program_lowering *l, og_node node, int base, int row, int deep) {
  int offset;
  og_node root = og_root_of(l->graph, node, &offset);
  if (offset || l->placed[root] || !computed(l, root) || og_entries_of(l, root) != og_entries_of(l, node))
    return;
  l->placed[root] = 1;
  l->addresses[root] = (og_address){.base = base, .row = row, .step = 1};
  const og_node_data *d = &l->graph->nodes[root];
  for (int i = 0; deep > 0 && d->kind == OG_CONCAT && i < d->count; i++) {
    og_node part = l->graph->parts[d->first + i];
    place_in_output(l, part, base, row, deep - 1);
    row += og_entries_of(l, part);
  }
}

/* A view of a slot: of its uniform entries, or of the others, which lie side by side. */
og_address og_input_address(const og_program_lowering *l, const og_node_data *d) {
  const og_program_plan *plan = l->plan;
  og_address place = {.base = d->slot, .row = d->offset, .step = 1};
  if (plan->rows && d->slot == OG_SLOT_PARAMETER) {
    place.row = 0;
    while (plan->rows[place.row] < d->offset) place.row++;
    return place;
  }
  if (d->slot != plan->slot || d->offset < plan->first) return place;
  if (d->offset >= plan->first + plan->count) {
    place.row -= plan->count;
    return place;
  }
  return (og_address){.base = OG_BASE_WEIGHTS, .row = d->offset - plan->first, .one = 1, .step = 1};
}

static void give_place(og_program_lowering *l, og_node node) {
  const og_node_data *d = &l->graph->nodes[node];
  if (l->placed[node] || og_is_view(d->kind)) return;
  if (d->kind == OG_CONSTANT)
    l->addresses[node] = constant_place(l, d);
  else if (d->kind == OG_INPUT)
    l->addresses[node] = og_input_address(l, d);
  else
    l->addresses[node] =
        (og_address){.base = OG_BASE_SCRATCH, .row = og_take_rows(l, og_entries_of(l, node)), .step = 1};
}

void og_retire(og_program_lowering *l, og_node node, int now) {
  int offset;
  og_node root = og_root_of(l->graph, node, &offset);
  if (l->last_use[root] != now || l->addresses[root].base != OG_BASE_SCRATCH || !computed(l, root)) return;
  l->last_use[root] = -1; /* an operand may be there twice */
  og_give_rows(l, l->addresses[root].row, og_entries_of(l, root));
}

void og_fill_zero(og_program_lowering *l, og_address to, int rows) {
  og_node_data zero = {.kind = OG_CONSTANT};
  og_emit_copy(l, constant_place(l, &zero), to, rows);
}

/* ---- Nodes to instructions ---- */

/* What the node is made of where fusing is minded. */
static const og_node *read_by(const og_program_lowering *l, og_node node, og_fusion *fusion, int *count) {
  if (!l->fused[node]) return og_operands(l->graph, node, count);
  og_find_fusion(l, node, fusion);
  *count = 2;
  return fusion->of;
}

static void lower(og_program_lowering *l, og_node node) {
  const og_node_data *d = &l->graph->nodes[node];
  give_place(l, node);
  if (!computed(l, node) || l->given[node] || og_is_view(d->kind)) return;
  if (d->kind == OG_PAD)
    og_lower_pad(l, d, l->addresses[node]);
  else if (d->kind == OG_CONCAT)
    og_lower_concat(l, d, l->addresses[node]);
  else if (d->kind == OG_TAKE)
    og_lower_take(l, d, l->addresses[node]);
  else if (d->kind == OG_TAKE_T)
    og_lower_take_transposed(l, d, l->addresses[node]);
  else if (l->fused[node])
    og_lower_fused(l, node);
  else
    og_lower_operation(l, node);
  int count;
  og_fusion fusion;
  const og_node *operands = read_by(l, node, &fusion, &count);
  for (int i = 0; i < count; i++) og_retire(l, operands[i], node);
}

static void mark_needed(og_program_lowering *l, const og_node *outputs) {
  for (int i = 0; i < l->program->output_count; i++) l->needed[outputs[i]] = 1, l->readers[outputs[i]]++;
  og_collect_sinks(l);
  for (og_node node = l->nodes - 1; node >= 0; node--) {
    int count;
    const og_node *operands = og_operands(l->graph, node, &count);
    for (int i = 0; l->needed[node] && !l->given[node] && i < count; i++)
      l->needed[operands[i]] = 1, l->readers[operands[i]]++;
  }
}

static void find_last_uses(og_program_lowering *l) {
  for (og_node node = l->nodes - 1; node >= 0; node--) {
    int count, offset;
    og_fusion fusion;
    og_kind kind = l->graph->nodes[node].kind;
    if (!l->needed[node] || l->given[node] || l->fused[node] == OG_FUSED_AWAY || og_is_view(kind)) continue;
    const og_node *operands = read_by(l, node, &fusion, &count);
    for (int i = 0; i < count; i++) {
      og_node root = og_root_of(l->graph, operands[i], &offset);
      if (l->last_use[root] < node) l->last_use[root] = node;
    }
  }
}

/* Nodes whose values are handed in, end to end. */
static void place_given(og_program_lowering *l, int base, const og_node *given, int count) {
  int row = 0;
  for (int i = 0; i < count; i++) {
    og_node node = given[i];
    l->given[node] = l->placed[node] = 1;
    l->addresses[node] = (og_address){.base = base, .row = row, .step = 1};
    row += og_entries_of(l, node);
  }
}

static void lower_all(og_program_lowering *l, const og_node *outputs) {
  og_program *p = l->program;
  int offset, sunk = 0;
  place_given(l, OG_BASE_GIVEN, l->plan->given, l->plan->given_count);
  place_given(l, OG_SLOT_CLOCK, l->plan->clock, l->plan->clock_count);
  mark_needed(l, outputs);
  og_find_fusions(l);
  find_last_uses(l);
  for (int i = 0; i < p->output_count; i++) {
    l->last_use[og_root_of(l->graph, outputs[i], &offset)] = INT32_MAX;
    place_in_output(l, outputs[i], OG_BASE_OUTPUT + i, 0, CONCATS_DEEP);
    p->output_rows[i] = p->spare_rows;
    p->spare_rows += og_entries_of(l, outputs[i]);
  }
  for (og_node node = 0; node < l->nodes && !l->failed; node++) {
    if (l->needed[node] && l->fused[node] != OG_FUSED_AWAY) lower(l, node);
    og_lower_sinks(l, node, &sunk);
  }
  for (int i = 0; i < p->output_count && !l->failed; i++) {
    og_address from = og_operand(l, outputs[i]);
    if (!from.one && from.base == OG_BASE_OUTPUT + i && from.row == 0) continue;
    og_emit_copy(l, from, (og_address){.base = OG_BASE_OUTPUT + i, .step = 1}, og_entries_of(l, outputs[i]));
  }
}

static void round_constants(og_program_lowering *l) {
  og_program *p = l->program;
  p->constants_single = og_alloc(p->context, (size_t)p->constant_count + 1, sizeof(float));
  if (!p->constants_single) l->failed = 1;
  for (int i = 0; i < p->constant_count && !l->failed; i++) p->constants_single[i] = (float)p->constants[i];
}

static void find_slots(og_program *p) {
  unsigned char found[OG_SLOT_COUNT] = {0};
  for (int i = 0; i < p->count; i++) {
    const og_instruction *in = &p->instructions[i];
    int bases[] = {in->a.base, in->b.base, in->c.base};
    for (int k = 0; k < 3; k++)
      if (bases[k] < OG_SLOT_COUNT) found[bases[k]] = 1;
  }
  for (int slot = 0; slot < OG_SLOT_COUNT; slot++)
    if (found[slot]) p->slots[p->slot_count++] = slot;
}

static int lower_graph(og_program_lowering *l, const og_node *outputs) {
  og_context *context = l->program->context;
  size_t nodes = (size_t)l->nodes + 1;
  l->needed = og_alloc(context, nodes, 1);
  l->placed = og_alloc(context, nodes, 1);
  l->given = og_alloc(context, nodes, 1);
  l->fused = og_alloc(context, nodes, 1);
  l->readers = og_alloc(context, nodes, sizeof *l->readers);
  l->last_use = og_alloc(context, nodes, sizeof *l->last_use);
  l->addresses = og_alloc(context, nodes, sizeof *l->addresses);
  l->program->output_rows = og_alloc(context, (size_t)l->program->output_count + 1, sizeof(int));
  l->failed = !l->needed || !l->placed || !l->given || !l->fused || !l->readers || !l->last_use ||
              !l->addresses || !l->program->output_rows;
  if (!l->failed) lower_all(l, outputs);
  if (!l->failed) round_constants(l);
  if (!l->failed) find_slots(l->program);
  og_free(context, l->needed);
  og_free(context, l->placed);
  og_free(context, l->last_use);
  og_free(context, l->addresses);
  og_free(context, l->given);
  og_free(context, l->fused);
  og_free(context, l->readers);
  og_free_rows_close(context, &l->free);
  og_free(context, l->terms);
  og_free(context, l->sums);
  return !l->failed;
}

/* *nodes is one beyond the last node that the plan speaks of. */
static og_status check_plan(const og_graph *graph, const og_program_plan *plan, int *nodes) {
  *nodes = 0;
  for (int i = 0; i < plan->output_count; i++) {
    if (plan->outputs[i] < 0)
      return og_fail(graph->context, OG_ERR_ARGUMENT, "output %d of a program is no node", i);
    if (plan->outputs[i] >= *nodes) *nodes = plan->outputs[i] + 1;
  }
  for (int i = 0; i < plan->lane_sum_count; i++)
    if (plan->lane_sums[i].node >= *nodes) *nodes = plan->lane_sums[i].node + 1;
  for (int i = 0; i < plan->given_count; i++)
    if (plan->given[i] >= *nodes) *nodes = plan->given[i] + 1;
  return OG_OK;
}

og_status og_program_create_form(const og_graph *graph, const og_program_plan *plan, int nodes,
                                 og_program **out) {
  og_program *program = og_alloc(graph->context, 1, sizeof *program);
  if (!program) return og_fail_memory(graph->context, sizeof *program, "a program");
  *program = (og_program){.context = graph->context,
                          .output_count = plan->output_count,
                          .dense_d = og_dense_best_d(),
                          .dense_s = og_dense_best_s(),
                          .added_output = -1,
                          .loops_d = og_elementwise_best_d(),
                          .loops_s = og_elementwise_best_s()};
  og_program_lowering l = {.graph = graph, .plan = plan, .program = program, .nodes = nodes};
  if (!lower_graph(&l, plan->outputs) || !og_program_find_scalar_runs(program)) {
    og_program_destroy(program);
    return og_fail_memory(graph->context, (size_t)nodes * sizeof(og_instruction),
                          "the instructions of a program");
  }
  *out = program;
  return OG_OK;
}

og_status og_program_create_planned(const og_graph *graph, const og_program_plan *plan, og_program **out) {
  *out = NULL;
  if (graph->status != OG_OK) return graph->status;
  int nodes;
  OG_TRY(check_plan(graph, plan, &nodes));
  OG_TRY(og_program_create_form(graph, plan, nodes, out));
  og_status status = graph->clocked ? og_program_add_clock(graph, plan, nodes, *out) : OG_OK;
  if (status == OG_OK) return OG_OK;
  og_program_destroy(*out);
  *out = NULL;
  return status;
}

og_status og_program_create(const og_graph *graph, int output_count, const og_node *outputs,
                            og_program **out) {
  og_program_plan plan = {.output_count = output_count, .outputs = outputs};
  return og_program_create_planned(graph, &plan, out);
}

void og_program_destroy(og_program *program) {
  if (!program) return;
  og_program_destroy(program->clock);
  og_program_destroy(program->single);
  og_free(program->context, program->clock_rows);
  og_free(program->context, program->instructions);
  og_free(program->context, program->constants);
  og_free(program->context, program->constants_single);
  og_free(program->context, program->output_rows);
  og_free(program->context, program->scalar_runs);
  og_free(program->context, program->stretches);
  og_free(program->context, program->wide);
  og_free(program->context, program->wide_single);
  og_free(program->context, program);
}

double og_program_operations(const og_program *p) {
  enum { CALL = 10 };
  double sum = 0;
  for (int i = 0; i < p->count; i++) {
    const og_instruction *in = &p->instructions[i];
    int called = in->code == OG_DO_CALL1 || in->code == OG_DO_CALL2;
    sum += (double)in->rows * in->columns * (called ? CALL : 1);
  }
  return sum;
}

size_t og_program_scratch_bytes(const og_program *program, int lanes) {
  size_t numbers = (size_t)(program->scratch_rows + program->spare_rows) * (size_t)lanes;
  size_t own = og_program_head(program) + OG_PADDED(numbers) * sizeof(double);
  if (!program->single) return own;
  size_t single = og_clock_bytes(program, lanes) + og_program_scratch_bytes(program->single, lanes);
  return single > own ? single : own;
}

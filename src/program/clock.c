#include "program/clock.h"

#include <stdlib.h>
#include <string.h>

/* ---- Which nodes ---- */

/* What a node depends on: neither t nor anything that changes, t, or more. */
enum { FIXED, TIMED, OTHER };

typedef struct survey {
  const og_graph *graph;
  const og_program_plan *plan;
  const og_clocked *about;
  int nodes;
  unsigned char *needed, *given, *kind, *chosen;
} survey;

static int is_weight(const survey *s, const og_node_data *d) {
  return d->offset + og_entries(d->shape) > s->about->weights &&
         d->offset < s->about->weights + s->about->weight_count;
}

static int kind_of_input(const survey *s, const og_node_data *d) {
  if (d->slot == OG_SLOT_TIME) return TIMED;
  return d->slot == OG_SLOT_PARAMETER && !is_weight(s, d) ? FIXED : OTHER;
}

/* Products with matrices are a network's. What a tape has of the clock is computed again: it was rounded. */
static int kind_of(const survey *s, og_node node) {
  const og_node_data *d = &s->graph->nodes[node];
  int count, kind = FIXED;
  if (d->kind == OG_CONSTANT) return FIXED;
  if (d->kind == OG_INPUT) return kind_of_input(s, d);
  if (d->kind == OG_MATVEC || d->kind == OG_MATVEC_T || d->kind == OG_OUTER) return OTHER;
  const og_node *operands = og_operands(s->graph, node, &count);
  for (int i = 0; i < count; i++) kind = s->kind[operands[i]] > kind ? s->kind[operands[i]] : kind;
  return kind;
}

static void mark_needed(survey *s) {
  const og_program_plan *plan = s->plan;
  for (int i = 0; i < plan->given_count; i++) s->given[plan->given[i]] = 1;
  for (int i = 0; i < plan->output_count; i++) s->needed[plan->outputs[i]] = 1;
  for (int i = 0; i < plan->lane_sum_count; i++) s->needed[plan->lane_sums[i].node] = 1;
  for (og_node node = s->nodes - 1; node >= 0; node--) {
    int count;
    const og_node *operands = og_operands(s->graph, node, &count);
    for (int i = 0; s->needed[node] && !s->given[node] && i < count; i++) s->needed[operands[i]] = 1;
  }
}

/* A node whose value is read outside of the clock: that of which it is a view, unless that is t itself. */
static void choose(survey *s, og_node node) {
  int offset;
  og_node root = og_root_of(s->graph, node, &offset);
  if (s->kind[node] == TIMED && s->graph->nodes[root].kind != OG_INPUT) s->chosen[root] = 1;
}

static void choose_all(survey *s) {
  mark_needed(s);
  for (og_node node = 0; node < s->nodes; node++)
    if (s->needed[node]) s->kind[node] = (unsigned char)kind_of(s, node);
  for (int i = 0; i < s->plan->output_count; i++) choose(s, s->plan->outputs[i]);
  for (int i = 0; i < s->plan->lane_sum_count; i++) choose(s, s->plan->lane_sums[i].node);
  for (og_node node = 0; node < s->nodes; node++) {
    int count;
    const og_node *operands = og_operands(s->graph, node, &count);
    for (int i = 0; s->needed[node] && !s->given[node] && s->kind[node] == OTHER && i < count; i++)
      choose(s, operands[i]);
  }
}

static int list_chosen(const survey *s, og_node *list) {
  int count = 0;
  for (og_node node = 0; node < s->nodes; node++)
    if (s->chosen[node]) list[count++] = node;
  return count;
}

/* *clock is to be freed. */
static og_status find_clock(const og_graph *graph, const og_program_plan *plan, const og_clocked *about,
                            int nodes, og_node **clock, int *count) {
  size_t room = (size_t)nodes + 1;
  unsigned char *marks = og_alloc(graph->context, 4 * room, 1);
  *clock = og_alloc(graph->context, room, sizeof **clock);
  *count = 0;
  if (marks && *clock) {
    survey s = {graph, plan, about, nodes, marks, marks + room, marks + 2 * room, marks + 3 * room};
    choose_all(&s);
    *count = list_chosen(&s, *clock);
  }
  og_status status =
      marks && *clock ? OG_OK : og_fail_memory(graph->context, 8 * room, "the clock of a program");
  og_free(graph->context, marks);
  return status;
}

/* ---- What they read ---- */

static int ascending(const void *a, const void *b) {
  int x = *(const int *)a, y = *(const int *)b;
  return (x > y) - (x < y);
}

/* Entries of theta, each once, sorted: a view's lie side by side. NULL: no memory. */
static int *entries_read(const og_graph *g, int count, const og_node *nodes, int *entry_count) {
  int last = count ? nodes[count - 1] : 0, used = 0, kept = 0;
  size_t room = 1;
  unsigned char *needed = og_alloc(g->context, (size_t)last + 1, 1);
  if (!needed) return NULL;
  og_mark_needed(g, last, count, nodes, needed);
  for (og_node node = 0; count && node <= last; node++)
    if (needed[node] && g->nodes[node].kind == OG_INPUT) room += (size_t)og_entries(g->nodes[node].shape);
  int *entries = og_alloc(g->context, room, sizeof *entries);
  for (og_node node = 0; count && entries && node <= last; node++) {
    const og_node_data *d = &g->nodes[node];
    if (!needed[node] || d->kind != OG_INPUT || d->slot != OG_SLOT_PARAMETER) continue;
    for (int i = 0; i < og_entries(d->shape); i++) entries[used++] = d->offset + i;
  }
  og_free(g->context, needed);
  if (!entries) return NULL;
  qsort(entries, (size_t)used, sizeof *entries, ascending);
  for (int i = 0; i < used; i++)
    if (!kept || entries[i] > entries[kept - 1]) entries[kept++] = entries[i];
  *entry_count = kept;
  return entries;
}

og_status og_clock_entries(og_graph *graph, og_node f, const og_clocked *about, int **entries, int *count) {
  og_program_plan plan = {.output_count = 1, .outputs = &f};
  og_node *clock = NULL;
  int nodes = 0;
  *entries = NULL;
  og_status status = find_clock(graph, &plan, about, f + 1, &clock, &nodes);
  if (status == OG_OK) *entries = entries_read(graph, nodes, clock, count);
  og_free(graph->context, clock);
  return *entries || status != OG_OK ? status
                                     : og_fail_memory(graph->context, (size_t)f, "the clock of a field");
}

/* ---- The second form ---- */

/* The row of an entry in theta, which a bound form has without the weights. */
static int row_of(const og_program_plan *plan, int entry) {
  int behind = plan->slot == OG_SLOT_PARAMETER && entry >= plan->first + plan->count;
  return behind ? entry - plan->count : entry;
}

static int fine_row(const og_graph *graph, const og_program_plan *plan, int entry) {
  const og_clocked *about = graph->clocked;
  for (int k = 0; k < about->fine_count; k++)
    if (about->fine[k] == entry) return row_of(plan, about->first + k);
  return -1;
}

static og_status add_rows(const og_graph *graph, const og_program_plan *plan, og_program *p, int *entries,
                          int count) {
  p->clock_rows = og_alloc(graph->context, 2 * (size_t)count + 1, sizeof *p->clock_rows);
  if (!p->clock_rows) return og_fail_memory(graph->context, (size_t)count, "the clock of a program");
  p->clock_row_count = count;
  for (int i = 0; i < count; i++) {
    p->clock_rows[2 * i] = row_of(plan, entries[i]);
    p->clock_rows[2 * i + 1] = fine_row(graph, plan, entries[i]);
  }
  return OG_OK;
}

static og_status add_forms(const og_graph *graph, const og_program_plan *plan, int nodes, og_program *p,
                           const og_node *clock, int count) {
  int entry_count = 0, *entries = entries_read(graph, count, clock, &entry_count);
  if (!entries) return og_fail_memory(graph->context, (size_t)nodes, "the clock of a program");
  og_program_plan own = {.output_count = count, .outputs = clock, .rows = entries, .row_count = entry_count};
  og_program_plan rest = *plan;
  rest.clock = clock;
  rest.clock_count = count;
  og_status status = og_program_create_form(graph, &own, clock[count - 1] + 1, &p->clock);
  if (status == OG_OK) status = og_program_create_form(graph, &rest, nodes, &p->single);
  if (status == OG_OK) status = add_rows(graph, plan, p, entries, entry_count);
  og_free(graph->context, entries);
  return status;
}

og_status og_program_add_clock(const og_graph *graph, const og_program_plan *plan, int nodes, og_program *p) {
  og_node *clock = NULL;
  int count = 0;
  og_status status = find_clock(graph, plan, graph->clocked, nodes, &clock, &count);
  if (status == OG_OK && count) status = add_forms(graph, plan, nodes, p, clock, count);
  og_free(graph->context, clock);
  return status;
}

/* ---- Carrying it out ---- */

static size_t padded(const og_program *clock, int output, int lanes) {
  return OG_PADDED((size_t)og_program_output_rows(clock, output) * (size_t)lanes);
}

/* What a run works in, from the start of the scratch on. */
typedef struct room {
  double **outputs, *theta, *values;
  float *rounded;
  void *own; /* the clock's */
  size_t bytes;
} room;

static room room_in(const og_program *p, int lanes, void *scratch) {
  size_t outputs = OG_ALIGNED((size_t)p->clock->output_count * sizeof(double *)), values = 0;
  size_t theta = OG_PADDED((size_t)p->clock_row_count * (size_t)lanes);
  for (int i = 0; i < p->clock->output_count; i++) values += padded(p->clock, i, lanes);
  size_t rounded = OG_PADDED((size_t)p->clock->spare_rows * (size_t)lanes);
  size_t before = outputs + (theta + values + rounded) * sizeof(double);
  room r = {.bytes = before + og_program_scratch_bytes(p->clock, lanes)};
  if (!scratch) return r;
  r.outputs = scratch;
  r.theta = (double *)(void *)((char *)scratch + outputs);
  r.values = r.theta + theta;
  r.rounded = (float *)(void *)(r.values + values);
  r.own = (char *)scratch + before;
  return r;
}

size_t og_clock_bytes(const og_program *p, int lanes) {
  return p->clock ? OG_ALIGNED(room_in(p, lanes, NULL).bytes) : 0;
}

const og_program *og_program_begin_d(const og_program *program, int lanes, const double *t,
                                     const double **inputs, void **scratch) {
  (void)lanes, (void)t, (void)inputs, (void)scratch;
  return program;
}

static void theta_in_double(const og_program *p, size_t lanes, const float *theta, double *to) {
  for (int i = 0; i < p->clock_row_count; i++, to += lanes) {
    int fine_row = p->clock_rows[2 * i + 1];
    const float *row = theta + (size_t)p->clock_rows[2 * i] * lanes;
    const float *fine = fine_row < 0 ? NULL : theta + (size_t)fine_row * lanes;
    for (size_t lane = 0; lane < lanes; lane++)
      to[lane] = (double)row[lane] + (fine ? (double)fine[lane] : 0);
  }
}

static void round_values(const og_program *clock, int lanes, double *const *values, float *to) {
  for (int i = 0; i < clock->output_count; i++) {
    size_t count = (size_t)og_program_output_rows(clock, i) * (size_t)lanes;
    for (size_t k = 0; k < count; k++) *to++ = (float)values[i][k];
  }
}

const og_program *og_program_begin_s(const og_program *p, int lanes, const double *t, const float **inputs,
                                     void **scratch) {
  if (!p->clock) return p;
  room r = room_in(p, lanes, *scratch);
  double *next = r.values;
  theta_in_double(p, (size_t)lanes, inputs[OG_SLOT_PARAMETER], r.theta);
  for (int i = 0; i < p->clock->output_count; next += padded(p->clock, i++, lanes)) r.outputs[i] = next;
  const double *from[OG_SLOT_COUNT] = {[OG_SLOT_TIME] = t, [OG_SLOT_PARAMETER] = r.theta};
  og_program_run_d(p->clock, lanes, from, r.outputs, r.own);
  round_values(p->clock, lanes, r.outputs, r.rounded);
  inputs[OG_SLOT_CLOCK] = r.rounded;
  *scratch = (char *)*scratch + og_clock_bytes(p, lanes);
  return p->single;
}

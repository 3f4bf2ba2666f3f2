/* Batches: their memory, the problems in them, and their solves. All of it is kept from batch to batch, so
 * that a batch of the shape of the one before allocates nothing. */
#include "fit/batch.h"

#include <stdio.h>
#include <string.h>

#include "field/field.h"
#include "fit/objective.h"
#include "solve/solve.h"

/* ---- Memory ---- */

static void free_arrays(og_batch *batch) {
  og_context *context = batch->objective->context;
  og_free(context, batch->problems);
  og_free(context, batch->endings);
  og_free(context, batch->whole);
  og_free(context, batch->memory);
}

void og_batch_free(og_batch *batch) {
  if (!batch->objective) return;
  for (int i = 0; i <= OG_ADJOINT_WHOLE; i++) og_solve_destroy(batch->solves[i]);
  free_arrays(batch);
  og_free(batch->objective->context, batch->event_bars);
}

/* The arrays' places in the memory, or only its size in numbers when there is none. */
static size_t carve(og_batch *batch, double *memory, size_t M, size_t N) {
  size_t n = batch->objective->n, inputs = og_inputs_width(&batch->objective->parts), used = 0;
  struct {
    double **array;
    size_t count;
  } arrays[] = {{&batch->t0, M},
                {&batch->t1, M},
                {&batch->end, M},
                {&batch->final_inputs, M * inputs},
                {&batch->x0, M * n},
                {&batch->observed, N * n},
                {&batch->final, M * n},
                {&batch->row_losses, N},
                {&batch->final_losses, M},
                {&batch->losses, M},
                {&batch->observed_bar, N * n},
                {&batch->final_bar, M * n},
                {&batch->ones, M},
                {&batch->x0_bar, M * n},
                {&batch->t0_bar, M},
                {&batch->t1_bar, M},
                {&batch->t_bar, M}};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; used += arrays[i++].count)
    if (memory) *arrays[i].array = memory + used;
  return used;
}

static size_t blocks_of(size_t M) { return (M + OG_ITEM_BLOCK - 1) / OG_ITEM_BLOCK; }

/* Room for M problems with N observations in all; contents are lost. */
static og_status reserve(og_batch *batch, size_t M, size_t N) {
  og_context *context = batch->objective->context;
  if (batch->memory && M <= batch->M_room && N <= batch->N_room) return OG_OK;
  if (M < batch->M_room) M = batch->M_room;
  if (N < batch->N_room) N = batch->N_room;
  size_t entries = carve(batch, NULL, M, N);
  og_batch more = {.problems = og_alloc(context, M, sizeof *more.problems),
                   .endings = og_alloc(context, M, sizeof *more.endings),
                   .whole = og_alloc(context, 2 * M + N + 2 * blocks_of(M), sizeof *more.whole),
                   .memory = og_alloc(context, entries, sizeof *more.memory),
                   .objective = batch->objective};
  if (!more.problems || !more.endings || !more.whole || !more.memory) {
    free_arrays(&more);
    return og_fail_memory(context, entries * sizeof(double), "the arrays of an objective");
  }
  free_arrays(batch);
  batch->problems = more.problems;
  batch->endings = more.endings;
  batch->whole = more.whole;
  batch->trajectories = more.whole + M;
  batch->rows = more.whole + 2 * M;
  batch->row_ends = batch->rows + N;
  batch->whole_ends = batch->row_ends + blocks_of(M);
  batch->memory = more.memory;
  batch->M_room = M;
  batch->N_room = N;
  carve(batch, batch->memory, M, N);
  for (size_t m = 0; m < M; m++) batch->ones[m] = 1;
  return OG_OK;
}

/* ---- Problems ---- */

static size_t count_present(const og_data *data, size_t row) {
  size_t count = 0;
  for (size_t k = 0; k < data->columns; k++) count += data->values[(2 * row + 1) * data->columns + k] != 0;
  return count;
}

static void start_from_data(og_batch *batch, size_t m) {
  const og_objective *objective = batch->objective;
  const double *values = objective->data->values + 2 * objective->data->columns * batch->problems[m].row;
  for (size_t j = 0; j < objective->n; j++)
    batch->x0[m * objective->n + j] = values[objective->parts.state_columns[j]];
}

/* The problem's place in the lists, its span, and what it starts with. */
static void place(og_batch *batch, size_t m) {
  const og_objective *objective = batch->objective;
  const og_data *data = objective->data;
  og_problem *at = &batch->problems[m];
  at->first = batch->N;
  for (size_t i = 0; i < at->rows; i++) {
    batch->rows[batch->N++] = at->row + i;
    batch->present += count_present(data, at->row + i);
  }
  batch->t0[m] = at->window ? data->times[at->row] : data->t0[at->trajectory];
  batch->t1[m] = at->cut ? data->times[at->row + at->rows - 1] : data->t1[at->trajectory];
  batch->trajectories[m] = at->trajectory;
  if (at->window)
    start_from_data(batch, m);
  else
    batch->whole[batch->whole_count++] = m;
}

static void place_all(og_batch *batch, size_t M) {
  batch->M = M;
  batch->N = batch->present = batch->whole_count = 0;
  batch->blocks = blocks_of(M);
  for (size_t m = 0; m < M; m++) {
    place(batch, m);
    batch->row_ends[m / OG_ITEM_BLOCK] = batch->N;
    batch->whole_ends[m / OG_ITEM_BLOCK] = batch->whole_count;
  }
  memset(batch->ready, 0, sizeof batch->ready);
}

static og_problem whole_trajectory(const og_data *data, size_t m) {
  return (og_problem){.trajectory = m, .row = data->first[m], .rows = data->first[m + 1] - data->first[m]};
}

og_status og_batch_set_all(og_batch *batch) {
  const og_data *data = batch->objective->data;
  OG_TRY(reserve(batch, data->trajectories, data->count));
  for (size_t m = 0; m < data->trajectories; m++) batch->problems[m] = whole_trajectory(data, m);
  place_all(batch, data->trajectories);
  return OG_OK;
}

static og_problem problem_of(const og_data *data, const og_window *window) {
  size_t m = window->trajectory, first = window->first & ~OG_FROM_START;
  if (window->count == 0) return whole_trajectory(data, m);
  return (og_problem){.trajectory = m,
                      .row = data->first[m] + first,
                      .rows = window->count,
                      .window = first == window->first,
                      .cut = 1};
}

og_status og_batch_set_windows(og_batch *batch, size_t count, const og_window *windows) {
  const og_data *data = batch->objective->data;
  size_t observations = 0;
  for (size_t m = 0; m < count; m++) observations += problem_of(data, &windows[m]).rows;
  OG_TRY(reserve(batch, count, observations));
  for (size_t m = 0; m < count; m++) batch->problems[m] = problem_of(data, &windows[m]);
  place_all(batch, count);
  return OG_OK;
}

/* ---- Items of terms ---- */

og_items og_batch_initial_items(const og_batch *batch) {
  return (og_items){.count = batch->whole_count,
                    .blocks = batch->blocks,
                    .ends = batch->whole_ends,
                    .select = batch->whole,
                    .rows = batch->trajectories,
                    .times = batch->objective->all.t0,
                    .inputs = batch->objective->start_inputs};
}

og_items og_batch_final_items(const og_batch *batch) {
  return (og_items){.count = batch->whole_count,
                    .blocks = batch->blocks,
                    .ends = batch->whole_ends,
                    .select = batch->whole,
                    .times = batch->end,
                    .inputs = batch->final_inputs};
}

og_items og_batch_observed_items(const og_batch *batch) {
  const og_objective *objective = batch->objective;
  return (og_items){.count = batch->N,
                    .blocks = batch->blocks,
                    .ends = batch->row_ends,
                    .rows = batch->rows,
                    .times = objective->data->times,
                    .data = objective->data->values,
                    .inputs = objective->row_inputs};
}

/* ---- Solves ---- */

/* ", at data.csv:4": where a window's first row is. Of a long path the end. */
static void put_place(const og_data *data, size_t row, char *text, size_t size) {
  enum { PLACE_MOST = 60 };
  char file[OG_FILE_SIZE];
  if (!data->table || !og_table_line(data->table, row)) return;
  size_t length = strlen(og_data_file(data->table, row, file)) - strlen(": ");
  size_t cut = length > PLACE_MOST ? length - PLACE_MOST : 0;
  snprintf(text, size, ", at %s%.*s", cut ? "..." : "", (int)(length - cut), file + cut);
}

/* What messages call a problem besides its number in the solve. */
static const char *name_of(const void *of, size_t m, char text[OG_TRAJECTORY_NAME_SIZE]) {
  const og_batch *batch = of;
  const og_objective *objective = batch->objective;
  const og_data *data = objective->data;
  const og_problem *at = &batch->problems[m];
  size_t used = 0;
  int named = data->table && og_table_column(data->table, "id");
  if (!named && batch == &objective->all) return NULL;
  if (at->window)
    used = (size_t)snprintf(text, OG_TRAJECTORY_NAME_SIZE, "data rows %zu to %zu of ", data->row[at->row] + 1,
                            data->row[at->row + at->rows - 1] + 1);
  if (named)
    used += (size_t)snprintf(text + used, OG_TRAJECTORY_NAME_SIZE - used, "%.64s",
                             og_table_group_name(data->table, at->trajectory));
  else
    used += (size_t)snprintf(text + used, OG_TRAJECTORY_NAME_SIZE - used, "the data's trajectory %zu",
                             at->trajectory);
  if (at->window) put_place(data, data->row[at->row], text + used, OG_TRAJECTORY_NAME_SIZE - used);
  return og_one_line(text);
}

static og_status set_problems(const og_batch *batch, og_solve *solve) {
  const og_objective *objective = batch->objective;
  for (size_t m = 0; m < batch->M; m++) {
    const og_problem *at = &batch->problems[m];
    OG_TRY(og_solve_set_span(solve, m, batch->t0[m], batch->t1[m]));
    const double *times = at->rows ? objective->data->times + at->row : NULL; /* there may be no data */
    OG_TRY(og_solve_set_observations(solve, m, at->rows, times));
    OG_TRY(og_inputs_set_for(objective->inputs, at->trajectory, solve, m));
  }
  return OG_OK;
}

static og_status options_of(int kind, og_options *options) {
  if (kind < OG_ADJOINT_KINDS) return og_options_set_choice(options, OG_OPT_ADJOINT, kind);
  OG_TRY(og_options_set_integer(options, OG_OPT_MEMORY, 0));
  OG_TRY(og_options_set_choice(options, OG_OPT_SCHEDULE, OG_SCHEDULE_AUTO));
  OG_TRY(og_options_put_text(options, OG_OPT_CHECKPOINT_DIR, ""));
  return og_options_set_choice(options, OG_OPT_ADJOINT, OG_ADJOINT_DISCRETE);
}

static og_status create_solve(og_batch *batch, int kind) {
  const og_objective *objective = batch->objective;
  og_options *options = NULL;
  og_solve_destroy(batch->solves[kind]);
  batch->solves[kind] = NULL;
  OG_TRY(og_options_copy(objective->context, objective->options, &options));
  og_status status = options_of(kind, options);
  if (status == OG_OK)
    status =
        og_solve_create(objective->context, objective->parts.field, options, batch->M, &batch->solves[kind]);
  if (status == OG_OK) og_solve_set_names(batch->solves[kind], name_of, batch);
  if (status == OG_OK) batch->solves[kind]->told = &batch->objective->told;
  if (status == OG_OK) batch->solves[kind]->part = batch != &objective->all;
  og_options_destroy(options);
  return status;
}

og_status og_batch_solve(og_batch *batch, int kind, og_solve **out) {
  if (!batch->solves[kind] || batch->solves[kind]->count != batch->M) OG_TRY(create_solve(batch, kind));
  if (!batch->ready[kind]) OG_TRY(set_problems(batch, batch->solves[kind]));
  batch->ready[kind] = 1;
  *out = batch->solves[kind];
  return OG_OK;
}

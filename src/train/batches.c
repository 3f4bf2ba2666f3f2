/* Mini-batches. All windows are numbered in the order in which they are handed out, through epochs and
 * passes: number d is entry d mod N of the permutation of pass d / N, and a permutation is a function of the
 * seed and its pass. So the state is one number, and every epoch can be entered anywhere. */
#include "train/batches.h"

#include <limits.h>
#include <math.h>

/* Streams of the seed: one decides what is held out, the ones behind it are the passes. */
#define SPLIT_STREAM UINT64_C(0x5452414900000000)
#define NO_PASS (-1)

struct og_batches {
  og_context *context;
  og_references references;
  uint64_t seed;
  size_t count, held_out;
  og_window *training, *validation; /* [count], [held_out] */
  size_t *order;                    /* [count]: the permutation of `pass` */
  long long pass, position;
  size_t epoch, batch; /* windows of an epoch, of a mini-batch */
  og_window *now;      /* [batch] */
};

/* The rows of each trajectory, and what the options say of windows and of those held out. */
typedef struct split {
  size_t trajectories;
  const size_t *rows;
  size_t window; /* 0: whole trajectories */
  int only_first;
  double share;
  unsigned char *held; /* [trajectories]: which are held out */
  size_t held_rows;    /* of the only trajectory */
  og_start_fn can_start;
  const void *of;
} split;

/* ---- Counting and listing: with `list` NULL the windows are only counted ---- */

static void put(og_window *list, size_t *count, og_window window) {
  if (list) list[*count] = window;
  (*count)++;
}

/* A window of rows of the only trajectory, which starts from the model's initial state. */
static og_window part(size_t first, size_t count) { return (og_window){0, first, count, 1}; }

static int starts(const split *s, size_t m, size_t row) {
  return !s->can_start || s->can_start(s->of, m, row);
}

static size_t list_training(const split *s, og_window *list) {
  size_t count = 0;
  for (size_t m = 0; m < s->trajectories; m++) {
    if (s->held[m]) continue;
    if (s->window == 0) {
      put(list, &count, s->held_rows ? part(0, s->rows[0] - s->held_rows) : (og_window){m, 0, 0, 0});
      continue;
    }
    size_t rows = s->rows[m] - (s->trajectories == 1 ? s->held_rows : 0);
    for (size_t first = 0, one = 0; first + s->window <= rows && !(one && s->only_first); first++)
      if (starts(s, m, first)) put(list, &count, (og_window){m, first, s->window, 0}), one = 1;
  }
  return count;
}

/* Cuts a trajectory into windows side by side. The rows behind the last whole one are a window if they are
 * two or more. */
static void tile(const split *s, size_t m, size_t first, og_window *list, size_t *count) {
  while (first + 2 <= s->rows[m]) {
    size_t left = s->rows[m] - first, size = left < s->window ? left : s->window;
    int possible = starts(s, m, first);
    if (possible) put(list, count, (og_window){m, first, size, 0});
    if (possible && s->only_first) break;
    first += possible ? size : 1;
  }
}

static size_t list_validation(const split *s, og_window *list) {
  size_t count = 0;
  for (size_t m = 0; m < s->trajectories; m++) {
    if (s->held[m] && s->window == 0)
      put(list, &count, (og_window){m, 0, 0, 0});
    else if (s->held[m])
      tile(s, m, 0, list, &count);
  }
  if (s->held_rows && s->window)
    tile(s, 0, s->rows[0] - s->held_rows, list, &count);
  else if (s->held_rows)
    put(list, &count, part(s->rows[0] - s->held_rows, s->held_rows));
  return count;
}

/* ---- What is held out ---- */

/* A share of `count` that is at least one and leaves at least one. */
static size_t share_of(double share, size_t count) {
  size_t held = (size_t)floor(share * (double)count + 0.5);
  if (held == 0) held = 1;
  return held < count ? held : count - 1;
}

static og_status hold_out_trajectories(og_context *context, split *s, uint64_t seed) {
  size_t *order = og_alloc(context, s->trajectories, sizeof *order);
  if (!order) return og_fail_memory(context, s->trajectories * sizeof *order, "the validation split");
  og_rng rng;
  og_rng_seed(&rng, seed, SPLIT_STREAM);
  og_rng_shuffle(&rng, order, s->trajectories);
  for (size_t i = 0; i < share_of(s->share, s->trajectories); i++) s->held[order[i]] = 1;
  og_free(context, order);
  return OG_OK;
}

static og_status hold_out(og_context *context, split *s, uint64_t seed) {
  if (s->share == 0) return OG_OK;
  if (s->trajectories > 1) return hold_out_trajectories(context, s, seed);
  if (!s->rows)
    return og_fail(context, OG_ERR_ARGUMENT, "to hold out rows of one trajectory their number must be given");
  size_t rows = s->rows[0], least = s->window ? 2 : 1; /* rows of a window */
  s->held_rows = rows < 2 * least ? 0 : share_of(s->share, rows);
  if (s->held_rows == 1) s->held_rows = least;
  if (s->held_rows && rows - s->held_rows >= s->window) return OG_OK;
  return og_fail(context, OG_ERR_DATA,
                 "a validation share of %g of %zu rows is too little, or leaves too few to train on%s",
                 s->share, rows, s->window ? " with windows of so many rows" : "");
}

/* ---- Making ---- */

static og_status read_options(og_context *context, const og_options *options, split *s) {
  s->window = (size_t)og_options_integer(options, OG_OPT_WINDOW);
  s->only_first = og_options_integer(options, OG_OPT_WINDOW_START) == OG_WINDOW_FIRST;
  s->share = og_options_real(options, OG_OPT_VALIDATION);
  if (s->trajectories == 0) return og_fail(context, OG_ERR_ARGUMENT, "batches need one trajectory or more");
  if (s->window == 1)
    return og_fail(context, OG_ERR_BOUNDS,
                   "a window has two data rows or more: one to start from, one to reach");
  if (s->window && !s->rows)
    return og_fail(context, OG_ERR_ARGUMENT, "windows need the number of rows of each trajectory");
  return OG_OK;
}

static og_status too_short(og_context *context, const split *s) {
  size_t longest = 0;
  for (size_t m = 0; m < s->trajectories; m++)
    if (!s->held[m] && s->rows[m] > longest) longest = s->rows[m];
  return og_fail(context, OG_ERR_DATA,
                 "no trajectory has the %zu rows of a window, from one on that holds the whole state; the "
                 "longest to train on has %zu",
                 s->window, longest);
}

static size_t at_most(long long wanted, size_t most) {
  return wanted == 0 || (unsigned long long)wanted > most ? most : (size_t)wanted;
}

static void note_whole(const og_batches *b, const split *s, long long wanted) {
  if (s->window)
    og_log(b->context,
           "note: batch = %lld, but there are %zu windows to train on: every step takes all of them", wanted,
           b->epoch);
  else
    og_log(b->context,
           "note: batch = %lld, but there %s %zu trajector%s to train on: every step takes all of the data; "
           "window = N makes "
           "mini-batches of windows of N rows",
           wanted, b->epoch == 1 ? "is" : "are", b->epoch, b->epoch == 1 ? "y" : "ies");
}

static og_status list_all(og_batches *b, const split *s, const og_options *options) {
  b->count = list_training(s, NULL);
  b->held_out = list_validation(s, NULL);
  if (b->count == 0) return too_short(b->context, s);
  if (s->share > 0 && b->held_out == 0)
    return og_fail(
        b->context, OG_ERR_DATA,
        "no window can begin in what is held out for validation: two rows are needed, the first with "
        "the whole state");
  long long windows = og_options_integer(options, OG_OPT_WINDOWS);
  b->epoch = windows > 0 ? (size_t)windows : b->count;
  long long wanted = og_options_integer(options, OG_OPT_BATCH);
  b->batch = at_most(wanted, b->epoch);
  if (wanted > (long long)b->epoch) note_whole(b, s, wanted);
  b->training = og_alloc(b->context, b->count, sizeof *b->training);
  b->validation = og_alloc(b->context, b->held_out + 1, sizeof *b->validation);
  b->order = og_alloc(b->context, b->count, sizeof *b->order);
  b->now = og_alloc(b->context, b->batch, sizeof *b->now);
  if (!b->training || !b->validation || !b->order || !b->now)
    return og_fail_memory(b->context, (b->count + b->held_out + b->batch) * sizeof *b->now, "mini-batches");
  list_training(s, b->training);
  list_validation(s, b->validation);
  return OG_OK;
}

static og_status set_up(og_batches *b, split *s, const og_options *options) {
  OG_TRY(read_options(b->context, options, s));
  s->held = og_alloc(b->context, s->trajectories, sizeof *s->held);
  if (!s->held) return og_fail_memory(b->context, s->trajectories, "the validation split");
  og_status status = hold_out(b->context, s, b->seed);
  if (status == OG_OK) status = list_all(b, s, options);
  og_free(b->context, s->held);
  return status;
}

og_status og_batches_create_where(og_context *context, const og_options *options, size_t trajectories,
                                  const size_t *rows, og_start_fn can_start, const void *of,
                                  og_batches **out) {
  *out = NULL;
  og_batches *b = og_alloc(context, 1, sizeof *b);
  if (!b) return og_fail_memory(context, sizeof *b, "mini-batches");
  *b = (og_batches){
      .context = context, .seed = (uint64_t)og_options_integer(options, OG_OPT_SEED), .pass = NO_PASS};
  split s = {.trajectories = trajectories, .rows = rows, .can_start = can_start, .of = of};
  og_status status = set_up(b, &s, options);
  if (status != OG_OK) {
    og_batches_destroy(b);
    return status;
  }
  *out = b;
  return OG_OK;
}

og_status og_batches_create(og_context *context, const og_options *options, size_t trajectories,
                            const size_t *rows, og_batches **out) {
  if (out) *out = NULL;
  OG_OBJECT(context);
  OG_NEED(context, out);
  OG_NEED(context, options);
  return og_batches_create_where(context, options, trajectories, rows, NULL, NULL, out);
}

void og_batches_keep(og_batches *batches) {
  if (batches) og_keep(&batches->references);
}

void og_batches_destroy(og_batches *b) {
  if (!b || !og_was_last(&b->references)) return;
  void *owned[] = {b->training, b->validation, b->order, b->now};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) og_free(b->context, owned[i]);
  og_free(b->context, b);
}

/* ---- Handing out ---- */

static void shuffle_for(og_batches *b, long long pass) {
  if (pass == b->pass) return;
  b->pass = pass;
  og_rng rng;
  og_rng_seed(&rng, b->seed, SPLIT_STREAM + 1 + (uint64_t)pass);
  og_rng_shuffle(&rng, b->order, b->count);
}

/* Everything at once has no order to be shuffled: the sum is that of the whole data, in its bits too. */
static const og_window *window_number(og_batches *b, long long number) {
  long long count = (long long)b->count;
  if (b->batch == b->count && b->epoch == b->count) return &b->training[number % count];
  shuffle_for(b, number / count);
  return &b->training[b->order[number % count]];
}

size_t og_batches_per_epoch(const og_batches *b) {
  if (!b) return 0;
  return (b->epoch - 1) / b->batch + 1;
}

og_status og_batches_next(og_batches *b, size_t *count, const og_window **windows) {
  OG_OBJECT(b);
  OG_NEED(b->context, count);
  OG_NEED(b->context, windows);
  long long batches = (long long)og_batches_per_epoch(b), epoch = b->position / batches;
  size_t first = (size_t)(b->position % batches) * b->batch;
  size_t size = b->epoch - first < b->batch ? b->epoch - first : b->batch;
  for (size_t i = 0; i < size; i++)
    b->now[i] = *window_number(b, epoch * (long long)b->epoch + (long long)(first + i));
  b->position++;
  *count = size;
  *windows = b->now;
  return OG_OK;
}

size_t og_batches_training(const og_batches *b, const og_window **windows) {
  if (!b) return 0;
  if (windows) *windows = b->training;
  return b->count;
}

size_t og_batches_validation(const og_batches *b, const og_window **windows) {
  if (!b) return 0;
  if (windows) *windows = b->validation;
  return b->held_out;
}

size_t og_batches_position(const og_batches *b) {
  if (!b) return 0;
  return (size_t)b->position;
}

/* Windows are numbered through all epochs, in a long long. */
og_status og_batches_seek(og_batches *b, size_t position) {
  OG_OBJECT(b);
  if (position > LLONG_MAX / b->epoch)
    return og_fail(b->context, OG_ERR_ARGUMENT, "there is no mini-batch number %zu", position);
  b->position = (long long)position;
  return OG_OK;
}

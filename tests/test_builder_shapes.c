/* Arrangements of random shapes, up to four dimensions, against loops over all places: whatever the ranks and
 * the axes, each entry of the result is what NumPy's rules say. Whole numbers, so that sums are exact; and by
 * <bar, A dot> = <A' bar, dot>, exact too, the derivatives of each. */
#include "base/real.h"
#include "builder/builder.h"
#include "building.h"
#include "fields.h"

enum { RANKS = 4, SIDE = 3, MOST = 81 * 8, STATES = 2 * 81, TRIES = 300 };

typedef struct trial {
  og_context *context;
  og_builder *builder;
  og_rng rng;
  double x[OG_PADDED(STATES)], dot[OG_PADDED(STATES)];
} trial;

static size_t roll(trial *t, size_t sides) { return (size_t)(og_rng_next(&t->rng) % sides); }

static void begin(trial *t, int seed) {
  t->context = new_context();
  CHECK(t->context, og_builder_create(t->context, &t->builder));
  og_rng_seed(&t->rng, (uint64_t)seed, 7);
  for (size_t i = 0; i < STATES; i++) {
    t->x[i] = (double)roll(t, 19) - 9;
    t->dot[i] = (double)roll(t, 7) - 3;
  }
}

static void end(trial *t) {
  og_builder_destroy(t->builder);
  og_context_destroy(t->context);
}

/* ---- Shapes and places, by themselves ---- */

typedef struct shape {
  size_t rank, size[RANKS + 1];
} shape;

static size_t entries(const shape *s) {
  size_t count = 1;
  for (size_t i = 0; i < s->rank; i++) count *= s->size[i];
  return count;
}

static shape any_shape(trial *t, size_t least) {
  shape s = {.rank = least + roll(t, RANKS + 1 - least)};
  for (size_t i = 0; i < s.rank; i++) s.size[i] = 1 + roll(t, SIDE);
  return s;
}

static void place_of(const shape *s, size_t entry, size_t *place) {
  for (size_t i = s->rank; i-- > 0; entry /= s->size[i]) place[i] = entry % s->size[i];
}

static size_t entry_at(const shape *s, const size_t *place) {
  size_t found = 0;
  for (size_t i = 0; i < s->rank; i++) found = found * s->size[i] + place[i];
  return found;
}

/* ---- Evaluation ---- */

static og_value state_of(trial *t, const char *name, const shape *s) {
  return og_builder_state(t->builder, name, s->rank, s->size);
}

static void run(const trial *t, og_node node, const double *x, const double *dot, const double *bar,
                double *out) {
  _Alignas(64) static double result[OG_PADDED(MOST)];
  _Alignas(64) static double in[3][OG_PADDED(MOST)];
  const double *inputs[OG_SLOT_COUNT] = {
      [OG_SLOT_STATE] = in[0], [OG_SLOT_DATA] = in[1], [OG_SLOT_PARAMETER] = in[2]};
  double *outputs[] = {result};
  og_program *program = NULL;
  size_t count = (size_t)og_entries(og_graph_shape(t->builder->graph, node));
  memcpy(in[0], x, STATES * sizeof *x);
  memcpy(in[1], dot, STATES * sizeof *dot);
  if (bar) memcpy(in[2], bar, MOST * sizeof *bar);
  CHECK(t->context, og_program_create(t->builder->graph, 1, &node, &program));
  void *scratch = aligned_alloc(64, (og_program_scratch_bytes(program, 1) + 127) / 64 * 64);
  assert_non_null(scratch);
  og_program_run_d(program, 1, inputs, outputs, scratch);
  memcpy(out, result, count * sizeof *out);
  free(scratch);
  og_program_destroy(program);
}

/* Of a node y of the whole state: <bar, dy/dx dot> and <(dy/dx)' bar, dot>. */
static void check_adjoint(trial *t, og_node y, const char *what) {
  static double bar[MOST], y_dot[MOST], x_bar[MOST];
  og_graph *g = t->builder->graph;
  og_shape all = {(int)t->builder->states, 1}, own = og_graph_shape(g, y);
  og_node x = og_input(g, OG_SLOT_STATE, 0, all), dot = og_input(g, OG_SLOT_DATA, 0, all),
          y_bar = og_input(g, OG_SLOT_PARAMETER, 0, own), along, back;
  double forth_sum = 0, back_sum = 0;
  for (size_t i = 0; i < MOST; i++) bar[i] = (double)roll(t, 9) - 4;
  CHECK(t->context, og_graph_jvp(g, 1, &y, 1, &x, &dot, &along));
  CHECK(t->context, og_graph_vjp(g, 1, &y, &y_bar, 1, &x, &back));
  run(t, along, t->x, t->dot, bar, y_dot);
  run(t, back, t->x, t->dot, bar, x_bar);
  for (int i = 0; i < og_entries(own); i++) forth_sum += bar[i] * y_dot[i];
  for (int i = 0; i < all.rows; i++) back_sum += x_bar[i] * t->dot[i];
  if (forth_sum != back_sum) fail_msg("%s: %.17g forth, %.17g back", what, forth_sum, back_sum);
}

static void check(trial *t, og_value value, const shape *wanted, const double *want, const char *what) {
  static double got[MOST];
  size_t rank = 99, size[OG_RANK_MOST];
  if (og_builder_status(t->builder) != OG_OK) fail_msg("%s: %s", what, og_builder_message(t->builder));
  CHECK(t->context, og_builder_shape(t->builder, value, &rank, size));
  assert_int_equal(rank, wanted->rank);
  assert_memory_equal(size, wanted->size, rank * sizeof *size);
  og_node node = t->builder->values[value - 1].node;
  run(t, node, t->x, t->dot, NULL, got);
  for (size_t i = 0; i < entries(wanted); i++)
    if (got[i] != want[i]) fail_msg("%s, entry %zu: %g, not %g", what, i, got[i], want[i]);
  check_adjoint(t, node, what);
}

/* ---- Each arrangement ---- */

static double want[MOST];

/* The entry of an operand at a place of what it is broadcast to. */
static size_t repeated(const shape *of, const shape *to, const size_t *place) {
  size_t own[RANKS + 1];
  for (size_t i = 0; i < of->rank; i++) own[i] = of->size[i] > 1 ? place[to->rank - of->rank + i] : 0;
  return entry_at(of, own);
}

/* A shape that the other one can be broadcast with: some of its dimensions, some of them 1. */
static shape partner(trial *t, const shape *s) {
  shape other = {.rank = roll(t, s->rank + 1)};
  for (size_t i = 0; i < other.rank; i++) other.size[i] = roll(t, 3) ? s->size[s->rank - other.rank + i] : 1;
  return other;
}

static void broadcasts(trial *t) {
  size_t place[RANKS + 1];
  shape whole = any_shape(t, 0), a = partner(t, &whole), b = whole;
  for (size_t i = 0; i < b.rank; i++)
    if (roll(t, 3) == 0 && i + a.rank >= b.rank && a.size[i + a.rank - b.rank] == whole.size[i])
      b.size[i] = 1;
  og_value x = state_of(t, "x", &a), y = state_of(t, "y", &b);
  for (size_t i = 0; i < entries(&whole); i++) {
    place_of(&whole, i, place);
    want[i] = t->x[repeated(&a, &whole, place)] - t->x[entries(&a) + repeated(&b, &whole, place)];
  }
  check(t, sub(t->builder, x, y), &whole, want, "a broadcast difference");
  for (size_t i = 0; i < entries(&whole); i++) {
    place_of(&whole, i, place);
    want[i] = t->x[repeated(&a, &whole, place)];
  }
  check(t, og_builder_broadcast(t->builder, x, whole.rank, whole.size), &whole, want, "a broadcast");
}

static void transposes(trial *t) {
  shape from = any_shape(t, 0), to = from;
  size_t order[RANKS + 1], place[RANKS + 1], back[RANKS + 1];
  og_rng_shuffle(&t->rng, order, from.rank);
  for (size_t i = 0; i < from.rank; i++) to.size[i] = from.size[order[i]];
  for (size_t k = 0; k < entries(&to); k++) {
    place_of(&to, k, place);
    for (size_t i = 0; i < from.rank; i++) back[order[i]] = place[i];
    want[k] = t->x[entry_at(&from, back)];
  }
  check(t, og_builder_transpose(t->builder, state_of(t, "x", &from), order), &to, want, "a transpose");
}

static void reductions(trial *t) {
  shape from = any_shape(t, 0), to = {0}, kept = from;
  size_t axes[RANKS + 1], count = 0, place[RANKS + 1];
  int keep = (int)roll(t, 2);
  for (size_t i = 0; i < from.rank; i++) {
    int summed = roll(t, 2) == 0;
    if (summed) axes[count++] = i, kept.size[i] = 1;
    if (!summed || keep) to.size[to.rank++] = kept.size[i];
  }
  for (size_t i = 0; i < MOST; i++) want[i] = 0;
  for (size_t k = 0; k < entries(&from); k++) {
    place_of(&from, k, place);
    for (size_t i = 0; i < from.rank; i++) place[i] = kept.size[i] > 1 ? place[i] : 0;
    want[entry_at(&kept, place)] += t->x[k];
  }
  og_value x = state_of(t, "x", &from);
  check(t, og_builder_reduce(t->builder, "sum", x, count, axes, keep), &to, want, "a sum");
  for (int largest = 0; largest < 2; largest++) {
    for (size_t i = 0; i < MOST; i++) want[i] = largest ? -99 : 99;
    for (size_t k = 0; k < entries(&from); k++) {
      place_of(&from, k, place);
      for (size_t i = 0; i < from.rank; i++) place[i] = kept.size[i] > 1 ? place[i] : 0;
      double *best = &want[entry_at(&kept, place)];
      if (largest ? t->x[k] > *best : t->x[k] < *best) *best = t->x[k];
    }
    const char *name = largest ? "max" : "min";
    check(t, og_builder_reduce(t->builder, name, x, count, axes, keep), &to, want, name);
  }
}

static void slices(trial *t) {
  shape from = any_shape(t, 1), to = from;
  size_t axis = roll(t, from.rank), place[RANKS + 1], side = from.size[axis], first = roll(t, side);
  long long step = (long long)roll(t, 5) - 2;
  size_t room = step > 0 ? (side - 1 - first) / (size_t)step + 1 : step < 0 ? first / (size_t)-step + 1 : 1;
  to.size[axis] = 1 + roll(t, room);
  for (size_t k = 0; k < entries(&to); k++) {
    place_of(&to, k, place);
    place[axis] = (size_t)((long long)first + (long long)place[axis] * step);
    want[k] = t->x[entry_at(&from, place)];
  }
  og_value x = state_of(t, "x", &from);
  check(t, og_builder_slice(t->builder, x, axis, first, to.size[axis], step), &to, want, "a slice");
}

static void gathers(trial *t) {
  shape from = any_shape(t, 1), to = from;
  size_t axis = roll(t, from.rank), place[RANKS + 1] = {0}, indices[6];
  to.size[axis] = 1 + roll(t, 6);
  for (size_t i = 0; i < to.size[axis]; i++) indices[i] = roll(t, from.size[axis]);
  for (size_t k = 0; k < entries(&to); k++) {
    place_of(&to, k, place);
    place[axis] = indices[place[axis]];
    want[k] = t->x[entry_at(&from, place)];
  }
  og_value x = state_of(t, "x", &from);
  check(t, og_builder_gather(t->builder, x, axis, to.size[axis], indices), &to, want, "a gather");
}

static void concatenations(trial *t) {
  shape a = any_shape(t, 1), b = a, to = a;
  size_t axis = roll(t, a.rank), place[RANKS + 1];
  b.size[axis] = 1 + roll(t, SIDE);
  to.size[axis] = a.size[axis] + b.size[axis];
  for (size_t k = 0; k < entries(&to); k++) {
    place_of(&to, k, place);
    int second = place[axis] >= a.size[axis];
    if (second) place[axis] -= a.size[axis];
    want[k] = second ? t->x[entries(&a) + entry_at(&b, place)] : t->x[entry_at(&a, place)];
  }
  og_value both_of[2] = {state_of(t, "x", &a)};
  both_of[1] = state_of(t, "y", &b);
  check(t, og_builder_concatenate(t->builder, axis, 2, both_of), &to, want, "a concatenation");
}

/* Stacks [outer][rows][inner] times stacks [outer][inner][columns]; only the left one moves, so that the
 * derivative is linear too: the other one is a constant. */
static void products(trial *t) {
  shape outer = any_shape(t, 0), a = {0}, b = {0}, to = {0};
  if (outer.rank > 2) outer.rank = 2;
  size_t rows = 1 + roll(t, SIDE), inner = 1 + roll(t, SIDE), columns = 1 + roll(t, SIDE), place[RANKS + 1];
  shape of_a = partner(t, &outer), of_b = outer;
  a = of_a, b = of_b, to = outer;
  a.size[a.rank++] = rows, a.size[a.rank++] = inner;
  b.size[b.rank++] = inner, b.size[b.rank++] = columns;
  to.size[to.rank++] = rows, to.size[to.rank++] = columns;
  double fixed[MOST];
  for (size_t i = 0; i < entries(&b); i++) fixed[i] = (double)roll(t, 9) - 4;
  for (size_t k = 0; k < entries(&to); k++) {
    place_of(&to, k, place);
    size_t left = repeated(&of_a, &outer, place) * rows * inner + place[to.rank - 2] * inner,
           right = entry_at(&of_b, place) * inner * columns + place[to.rank - 1];
    want[k] = 0;
    for (size_t m = 0; m < inner; m++) want[k] += t->x[left + m] * fixed[right + m * columns];
  }
  og_value y = og_builder_constant(t->builder, b.rank, b.size, fixed);
  check(t, og_builder_product(t->builder, state_of(t, "x", &a), y), &to, want, "a product");
}

/* ---- The trials ---- */

static void try_all(void (*of)(trial *t)) {
  for (int seed = 1; seed <= TRIES; seed++) {
    static trial t;
    begin(&t, seed);
    of(&t);
    end(&t);
  }
}

#define TRIALS(name)                                                                                         \
  static void random_##name(void **s) {                                                                      \
    (void)s;                                                                                                 \
    try_all(name);                                                                                           \
  }
TRIALS(broadcasts)
TRIALS(transposes)
TRIALS(reductions)
TRIALS(slices)
TRIALS(gathers)
TRIALS(concatenations)
TRIALS(products)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_broadcasts), cmocka_unit_test(random_transposes),
      cmocka_unit_test(random_reductions), cmocka_unit_test(random_slices),
      cmocka_unit_test(random_gathers),    cmocka_unit_test(random_concatenations),
      cmocka_unit_test(random_products)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

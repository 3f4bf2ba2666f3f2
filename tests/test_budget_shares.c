/* How a memory budget is shared out, before anything is solved with it: what is shared is no more than there
 * is, and of the rest what could be used is used; files take what disk allows; blocks are as wide as
 * trajectories and threads make them. */
#include "fields.h"
#include "solve/memory/checkpoints.h"

enum { DISK = 1 << 20 };

typedef struct setting {
  size_t count;
  int adjoint, schedule, steps, threads, single, with_file;
} setting;

static int slope(double t, const double *x, const double *theta, double *f, void *user) {
  (void)t, (void)user;
  for (int i = 0; i < 5; i++) f[i] = -theta[0] * x[i];
  return 0;
}
static int slope_vjp(double t, const double *x, const double *theta, const double *lambda, double *x_bar,
                     double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)user, (void)t_bar;
  theta_bar[0] = 0;
  for (int i = 0; i < 5; i++) x_bar[i] = -theta[0] * lambda[i], theta_bar[0] -= x[i] * lambda[i];
  return 0;
}

/* Runs with so many bytes; the status of finding a budget, which is in *budget. */
static og_status find(const setting *s, size_t memory, og_memory_budget *budget, size_t *stride,
                      char *message) {
  og_context *context = new_context();
  og_options *options = new_options(context, OG_METHOD_TSIT5, 1e-3, 1e-3);
  og_field *field = NULL;
  og_solve *solve = NULL;
  CHECK(context, og_options_set_choice(options, OG_OPT_ADJOINT, s->adjoint));
  CHECK(context, og_options_set_choice(options, OG_OPT_SCHEDULE, s->schedule));
  CHECK(context, og_options_set_choice(options, OG_OPT_PRECISION, s->single));
  CHECK(context, og_options_set_integer(options, OG_OPT_STEPS, s->steps));
  CHECK(context, og_options_set_integer(options, OG_OPT_EVERY, 7));
  CHECK(context, og_options_set_integer(options, OG_OPT_THREADS, s->threads));
  CHECK(context, og_options_set_integer(options, OG_OPT_MEMORY, (long long)memory));
  if (s->with_file) {
    CHECK(context, og_options_set_text(options, "checkpoint-dir", "/tmp"));
    CHECK(context, og_options_set_integer(options, OG_OPT_DISK, s->with_file > 1 ? 0 : DISK));
  }
  CHECK(context, og_field_create(context, 5, 1, slope, NULL, &field));
  CHECK(context, og_field_set_vjp(field, slope_vjp));
  CHECK(context, og_solve_create(context, field, options, s->count, &solve));
  CHECK(context, og_solve_set_initial_state(solve, OG_ALL, (double[]){1, 1, 1, 1, 1}));
  CHECK(context, og_solve_set_parameters(solve, OG_ALL, (double[]){1}));
  CHECK(context, og_solve_set_span(solve, OG_ALL, 0, 1));
  og_status status = og_solve_run(solve);
  *stride = og_checkpoint_stride(solve);
  if (status == OG_OK) status = og_budget_find(solve, budget);
  snprintf(message, 600, "%s", og_context_message(context));
  og_solve_destroy(solve);
  og_field_destroy(field);
  og_options_destroy(options);
  og_context_destroy(context);
  return status;
}

static size_t least_of(const setting *s) {
  og_memory_budget budget;
  size_t stride, least = 0;
  char message[600];
  assert_int_equal(find(s, 1, &budget, &stride, message), OG_ERR_BUDGET);
  const char *at = strstr(message, "at least ");
  assert_non_null(at);
  assert_int_equal(sscanf(at, "at least %zu bytes", &least), 1);
  return least;
}

/* What a trajectory's slots take in memory: states, and marks of all slots unless each state has its own. */
static size_t slots_bytes(const og_memory_budget *b, size_t memory_slots, size_t stride) {
  return og_pages_bytes(memory_slots, stride) +
         (b->keeps_all ? 0 : og_pages_bytes(memory_slots + b->file_slots, sizeof(og_mark)));
}

static void check_shares(const setting *s, size_t memory, const og_memory_budget *b, size_t stride) {
  int readers = s->adjoint == OG_ADJOINT_INTERPOLATE || s->adjoint == OG_ADJOINT_QUADRATURE;
  size_t room = (memory - b->reserved) / s->count, cache = readers ? b->cache * stride + 128 : 0,
         lambda = b->lambda / s->count, held = slots_bytes(b, b->memory_slots, stride) + cache + lambda;
  assert_true(b->reserved <= memory);
  if (held > room)
    fail_msg("%zu of %zu bytes are shared out (%zu trajectories, adjoint %d, schedule %d, memory %zu)", held,
             room, s->count, s->adjoint, s->schedule, memory);
  /* a quarter is for each reader, and slots have what is left, up to a page that is not there */
  assert_true(!readers || (cache <= room / 4 && cache + stride > room / 4 - 1));
  assert_int_equal(lambda, s->adjoint == OG_ADJOINT_QUADRATURE ? room / 4 : 0);
  if (!b->file_slots) {
    size_t more = b->memory_slots + b->memory_slots / 20 + 4;
    assert_true(slots_bytes(b, more, stride) + cache + lambda > room);
  }
}

static void no_more_than_there_is(void **state) {
  (void)state;
  static const size_t counts[] = {1, 3, 17}, beyond[] = {0, 1, 3000, 40000, 3000000};
  static const int adjoints[] = {OG_ADJOINT_DISCRETE, OG_ADJOINT_INTERPOLATE, OG_ADJOINT_QUADRATURE};
  static const int schedules[] = {OG_SCHEDULE_AUTO, OG_SCHEDULE_EVERY, OG_SCHEDULE_ONLINE};
  for (int i = 0; i < 3 * 3 * 3 * 2; i++) {
    setting s = {.count = counts[i % 3],
                 .adjoint = adjoints[i / 3 % 3],
                 .schedule = schedules[i / 9 % 3],
                 .single = i % 2,
                 .threads = 1 + i % 2,
                 .with_file = i / 27};
    size_t least = least_of(&s);
    for (size_t k = 0; k < sizeof beyond / sizeof *beyond; k++) {
      og_memory_budget b;
      size_t stride;
      char message[600];
      og_status status = find(&s, least + beyond[k], &b, &stride, message);
      if (status != OG_OK) fail_msg("%s", message);
      check_shares(&s, least + beyond[k], &b, stride);
      if (s.schedule == OG_SCHEDULE_EVERY) assert_int_equal(b.every, 7);
    }
  }
}

/* Without a memory budget. The file has so many slots of all trajectories as disk allows, and none is lost.
 */
static void files_have_what_disk_allows(void **state) {
  (void)state;
  for (size_t count = 1; count < 300; count = 3 * count + 1)
    for (int file = 0; file < 3; file++) {
      setting s = {.count = count, .threads = 1, .with_file = file, .schedule = OG_SCHEDULE_ONLINE};
      og_memory_budget b;
      size_t stride;
      char message[600];
      assert_int_equal(find(&s, 0, &b, &stride, message), OG_OK);
      if (file == 1) {
        assert_true(b.file_slots * stride * count <= DISK);
        assert_true((b.file_slots + 1) * stride * count > DISK);
      } else {
        assert_true(b.file_slots == (file ? SIZE_MAX : 0));
      }
    }
}

/* With memory for all of them, each thread has a block as wide as its share of the trajectories, in lanes
 * that fill whole vectors; few trajectories have one lane. */
static void blocks_are_as_wide_as_they_can_be(void **state) {
  (void)state;
  static const size_t counts[] = {1, 2, 3, 5, 8, 9, 16, 17, 31, 33, 49, 65, 97, 129, 200};
  for (size_t k = 0; k < sizeof counts / sizeof *counts; k++)
    for (int threads = 1; threads <= 2; threads++) {
      setting s = {.count = counts[k], .threads = threads};
      og_memory_budget b;
      size_t stride;
      char message[600];
      assert_int_equal(find(&s, (size_t)1 << 30, &b, &stride, message), OG_OK);
      size_t share = (counts[k] + (size_t)b.threads - 1) / (size_t)b.threads, lanes = share < 4 ? 1
                                                                                      : share >= OG_LANES_MAX
                                                                                          ? OG_LANES_MAX
                                                                                          : OG_PADDED(share);
      assert_true(b.threads == threads || (size_t)b.threads == counts[k] || b.threads == 1);
      assert_int_equal(b.lanes, lanes);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_more_than_there_is),
      cmocka_unit_test(files_have_what_disk_allows),
      cmocka_unit_test(blocks_are_as_wide_as_they_can_be),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

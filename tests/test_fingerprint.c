/* Fingerprints against FNV-1a as its authors publish it, over the bytes that are theirs: a saved training
 * goes on with another version of the library only while they stay as they are. */
#include "fitting.h"
#include "train/fingerprint.h"

typedef struct bytes {
  unsigned char at[4096];
  size_t count;
} bytes;

static void append(bytes *b, const void *from, size_t count) {
  assert_true(b->count + count <= sizeof b->at);
  memcpy(b->at + b->count, from, count);
  b->count += count;
}

static uint64_t fnv_1a(const bytes *b) {
  uint64_t hash = UINT64_C(14695981039346656037);
  for (size_t i = 0; i < b->count; i++) {
    hash ^= b->at[i];
    hash *= UINT64_C(1099511628211);
  }
  return hash;
}

/* http://www.isthe.com/chongo/src/fnv/test_fnv.c */
static void the_function_of_this_test_is_fnv_1a(void **state) {
  (void)state;
  static const struct {
    const char *text;
    uint64_t hash;
  } known[] = {{"", UINT64_C(0xcbf29ce484222325)},
               {"a", UINT64_C(0xaf63dc4c8601ec8c)},
               {"foobar", UINT64_C(0x85944171f73967e8)}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    bytes b = {.count = 0};
    append(&b, known[i].text, strlen(known[i].text));
    assert_true(fnv_1a(&b) == known[i].hash);
  }
}

/* The text of a model, and the consts that were set, in the order of the model, each with its end. */
static void a_model_is_its_text_and_its_settings(void **state) {
  (void)state;
  static const char text[] = "const a = 1, b = 2\nparam k = a\ninit x = b\nx' = -k*x\n";
  og_context *context = new_context();
  og_model *model = NULL;
  bytes b = {.count = 0};
  CHECK(context, og_model_parse(context, "m", text, sizeof text - 1, &model));
  append(&b, text, sizeof text - 1);
  assert_true(og_model_fingerprint(model) == fnv_1a(&b));
  CHECK(context, og_model_set(model, "a", "3"));
  append(&b, "a", 2), append(&b, "3", 2);
  assert_true(og_model_fingerprint(model) == fnv_1a(&b));
  CHECK(context, og_model_set(model, "b", "4.5"));
  append(&b, "b", 2), append(&b, "4.5", 4);
  assert_true(og_model_fingerprint(model) == fnv_1a(&b));
  og_model_destroy(model);
  og_context_destroy(context);
}

/* Places of the trajectories' first observations, spans, times, values with their flags (a missing one stands
 * as 1), and of each input of each trajectory its times and values. */
static void data_are_all_their_numbers(void **state) {
  (void)state;
  fixture f =
      make_fixture("param k = 1\ninput u linear, v hold\ninit x = k, y = 2\nx' = u\ny' = v\n"
                   "observe x ~ normal(x, 1)\nobserve y ~ normal(y, 1)\n",
                   "id,t,x,y,u,v\na,0,1,2,10,20\na,0.5,,,11,\na,2,3,,12,21\nb,1,,5,30,40\nb,4,6,7,31,41\n");
  static const size_t first[] = {0, 2, 4};
  static const double t0[] = {0, 1}, t1[] = {2, 4}, times[] = {0, 2, 1, 4};
  static const double values[] = {1, 2, 1, 1, 3, 1, 1, 0, 1, 5, 0, 1, 6, 7, 1, 1};
  static const double inputs[] = {0, .5, 2, 10, 11, 12, 0, 2, 20, 21, 1, 4, 30, 31, 1, 4, 40, 41};
  bytes b = {.count = 0};
  append(&b, first, sizeof first);
  append(&b, t0, sizeof t0), append(&b, t1, sizeof t1), append(&b, times, sizeof times);
  append(&b, values, sizeof values), append(&b, inputs, sizeof inputs);
  assert_true(og_objective_fingerprint(f.objective) == fnv_1a(&b));
  drop_fixture(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_function_of_this_test_is_fnv_1a),
                                     cmocka_unit_test(a_model_is_its_text_and_its_settings),
                                     cmocka_unit_test(data_are_all_their_numbers)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

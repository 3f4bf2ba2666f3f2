/* Fingerprints against FNV-1a as its authors publish it, over the bytes that are theirs: a saved training
 * goes on with another version of the library only while they stay as they are. */
#include "fitting.h"
#include "train/trainer.h"

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

/* Those of a training of an objective. */
static void read_prints(og_context *context, const og_model *model, const og_table *table, uint64_t *of_model,
                        uint64_t *of_data) {
  og_options *options = NULL;
  og_objective *objective = NULL;
  og_trainer *trainer = NULL;
  CHECK(context, og_options_create(context, &options));
  CHECK(context, og_options_set_choice(options, OG_OPT_OPTIMIZER, OG_OPTIMIZER_ADAM));
  CHECK(context, og_objective_create(context, model, table, options, &objective));
  CHECK(context, og_trainer_create_for_objective(objective, options, NULL, &trainer));
  *of_model = trainer->model, *of_data = trainer->data;
  og_trainer_destroy(trainer);
  og_objective_destroy(objective);
  og_options_destroy(options);
}

/* The text of a model, and the consts that were set, in the order of the model, each with its end. */
static void a_model_is_its_text_and_its_settings(void **state) {
  (void)state;
  static const char text[] =
      "const a = 1, b = 2\nparam k = a\ninit x = b\nx' = -k*x\ncost final = x\ntime 0 : 1\n";
  static const char *const settings[][2] = {{"a", "3"}, {"b", "4.5"}};
  og_context *context = new_context();
  og_model *model = NULL;
  uint64_t print, other;
  bytes b = {.count = 0};
  CHECK(context, og_model_create_from_text(context, "m", text, sizeof text - 1, &model));
  append(&b, text, sizeof text - 1);
  for (int k = 0; k <= 2; k++) {
    read_prints(context, model, NULL, &print, &other);
    assert_true(print == fnv_1a(&b));
    if (k == 2) break;
    CHECK(context, og_model_set(model, settings[k][0], settings[k][1]));
    for (int i = 0; i < 2; i++) append(&b, settings[k][i], strlen(settings[k][i]) + 1);
  }
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
  uint64_t print, other;
  read_prints(f.context, f.model, f.table, &other, &print);
  assert_true(print == fnv_1a(&b));
  drop_fixture(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_function_of_this_test_is_fnv_1a),
                                     cmocka_unit_test(a_model_is_its_text_and_its_settings),
                                     cmocka_unit_test(data_are_all_their_numbers)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

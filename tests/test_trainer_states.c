/* Trainings that are saved and go on: to the same bits, and only with what they began with; a file whose
 * numbers no training leaves is refused, number by number. */
#include <unistd.h>

#include "io/safetensors.h"
#include "bowl.h"

typedef struct watch {
  size_t stop_at, last, epochs;
} watch;

static int watching(const og_training *training, void *user) {
  watch *w = user;
  assert_int_equal(training->step, w->last + 1);
  w->last = training->step;
  if (training->ended) assert_int_equal(training->ended->epoch, ++w->epochs);
  return training->step == w->stop_at;
}

static void assert_same_history(const og_trainer *a, const og_trainer *b) {
  size_t epochs = og_trainer_epochs(a);
  assert_int_equal(epochs, og_trainer_epochs(b));
  for (size_t e = 0; e < epochs; e++) {
    og_epoch one = epoch_of(a, e), other = epoch_of(b, e);
    one.seconds = other.seconds = 0;
    assert_memory_equal(&one, &other, sizeof one);
  }
}

static void check_resume(const char *text, size_t stop_at) {
  char path[] = "/tmp/odegrad-trainer-XXXXXX";
  close(mkstemp(path));
  run whole = begin_run(text), first = begin_run(text), second = begin_run(text);
  whole.loss->wall = first.loss->wall = second.loss->wall = 4;
  CHECK(whole.context, og_trainer_run(whole.trainer, NULL, NULL));
  watch w = {.stop_at = stop_at};
  CHECK(first.context, og_trainer_run(first.trainer, watching, &w));
  assert_int_equal(og_trainer_steps(first.trainer), stop_at);
  assert_contains(og_trainer_reason(first.trainer), "interrupted");
  CHECK(first.context, og_trainer_save(first.trainer, path));
  CHECK(second.context, og_trainer_load(second.trainer, path));
  assert_same_history(first.trainer, second.trainer);
  CHECK(second.context, og_trainer_run(second.trainer, NULL, NULL));
  assert_memory_equal(og_trainer_theta(whole.trainer), og_trainer_theta(second.trainer), sizeof start);
  assert_memory_equal(og_trainer_best(whole.trainer), og_trainer_best(second.trainer), sizeof start);
  assert_same_history(whole.trainer, second.trainer);
  assert_string_equal(og_trainer_reason(whole.trainer), og_trainer_reason(second.trainer));
  /* and so does the one that was only interrupted */
  w = (watch){.last = stop_at, .epochs = w.epochs};
  CHECK(first.context, og_trainer_run(first.trainer, watching, &w));
  assert_memory_equal(og_trainer_theta(whole.trainer), og_trainer_theta(first.trainer), sizeof start);
  end_run(&whole), end_run(&first), end_run(&second);
  unlink(path);
}

static void going_on_gives_the_same_bits(void **state) {
  (void)state;
  static const char *const optimizers[] = {
      "sgd;momentum=0.9;learning-rate=0.1", "rmsprop;centered=yes;momentum=0.5;learning-rate=0.3",
      "adam;learning-rate=0.4", "adamw;learning-rate=0.4", "adabelief;learning-rate=0.4"};
  for (size_t i = 0; i < sizeof optimizers / sizeof *optimizers; i++) {
    char text[256];
    snprintf(text, sizeof text,
             "optimizer=%s;epochs=12;batch=4;windows=10;validation=0.2;patience=9;l2=0.01;lr-schedule=cosine;"
             "seed=5",
             optimizers[i]);
    check_resume(text, 1); /* in the first epoch */
    check_resume(text, 9); /* at the end of the third */
    check_resume(text, 17);
  }
}

static void try_load(const char *text, const char *path, og_status status, const char *message) {
  run r = begin_run(text);
  assert_int_equal(og_trainer_load(r.trainer, path), status);
  if (message) assert_contains(og_context_message(r.context), message);
  if (status != OG_OK) {
    assert_int_equal(og_trainer_steps(r.trainer), 0);
    assert_memory_equal(og_trainer_theta(r.trainer), start, sizeof start);
  }
  end_run(&r);
}

static void another_training_is_refused(void **state) {
  (void)state;
  char path[] = "/tmp/odegrad-trainer-XXXXXX";
  close(mkstemp(path));
  run r = begin_run("optimizer=adam;epochs=3;batch=4;seed=5");
  CHECK(r.context, og_trainer_run(r.trainer, NULL, NULL));
  CHECK(r.context, og_trainer_save(r.trainer, path));
  try_load("optimizer=adam;epochs=5;batch=4;seed=5;learning-rate=0.1", path, OG_OK, NULL);
  try_load("optimizer=adamw;epochs=3;batch=4;seed=5", path, OG_ERR_ARGUMENT, "optimizer is adam, not adamw");
  try_load("optimizer=adam;epochs=3;batch=4;seed=6", path, OG_ERR_ARGUMENT, "seed is 5, not 6");
  try_load("optimizer=adam;epochs=3;batch=3;seed=5", path, OG_ERR_ARGUMENT, "mini-batches of an epoch is 3");
  try_load("optimizer=adam;epochs=3;batch=4;seed=5;validation=0.1", path, OG_ERR_ARGUMENT,
           "trained on is 12");
  try_load("optimizer=adam", "/nowhere/state", OG_ERR_FILE, "/nowhere/state");
  try_load("optimizer=adam", "tests/oracles/optimizers.csv", OG_ERR_DATA, NULL);
  assert_int_equal(og_trainer_save(r.trainer, "/nowhere/state"), OG_ERR_FILE);
  og_trainer *bigger;
  double three[3] = {0};
  CHECK(r.context,
        og_trainer_create(r.context, r.options,
                          &(og_trainer_parts){OG_INIT(og_trainer_parts), .p = 3, .loss = bowl_loss,
                                              .user = r.loss, .batches = r.batches, .theta = three},
                          &bigger));
  assert_int_equal(og_trainer_load(bigger, path), OG_ERR_SHAPE);
  assert_contains(og_context_message(r.context), "tensor theta has 2 numbers");
  og_trainer_destroy(bigger);
  end_run(&r);
  unlink(path);
}

/* Numbers that no training leaves, with a checksum that is right: a file may be made by anybody. */
static void numbers_that_cannot_be_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *tensor;
    size_t entry;
    double value;
    const char *what; /* it cannot be */
  } wrong[] = {{"theta", 0, NAN, "theta"},
               {"theta", 1, INFINITY, "theta"},
               {"best", 1, NAN, "best"},
               {"before", 0, -INFINITY, "before"},
               {"state", 0, 0.5, "a number of mini-batches, epochs or values"},
               {"state", 0, -1, "a number of mini-batches, epochs or values"},
               {"state", 0, 1e300, "a number of mini-batches, epochs or values"},
               {"state", 0, NAN, "a number of mini-batches, epochs or values"},
               {"state", 1, 1e17, "a number of mini-batches, epochs or values"},
               {"state", 1, 1000, "a part of the mini-batches that there were"},
               {"state", 2, 0.25, "a number of mini-batches, epochs or values"},
               {"state", 3, NAN, "a loss of a training"},
               {"state", 5, -3, "a number of mini-batches, epochs or values"},
               {"state", 6, NAN, "a duration"},
               {"state", 6, -1, "a duration"},
               {"history", 0, 2.5, "a number of steps in the history"},
               {"history", 6, NAN, "a number of steps in the history"},
               {"history", 0, 1e30, "a number of steps in the history"},
               {"updater.step", 0, -1, "a number of steps"},
               {"updater.step", 0, NAN, "a number of steps"},
               {"updater.exp_avg", 1, NAN, "updater.exp_avg"},
               /* what the numbers beside them speak against */
               {"updater.step", 0, -0.0, "a number of steps"},
               {"updater.step", 0, 8, "a number of steps"},
               {"updater.step", 0, 10, "a number of steps"},
               {"updater.step", 0, 0x1p52, "a number of steps"},
               {"updater.exp_avg_sq", 0, -1, "a mean of squares"},
               {"updater.exp_avg_sq", 1, -1e-300, "a mean of squares"},
               {"state", 0, 0x1p52, "the number of mini-batches of the history and of the epoch under way"},
               {"state", 0, 10, "the number of mini-batches of the history and of the epoch under way"},
               {"state", 0, -0.0, "a number of mini-batches, epochs or values"},
               {"state", 1, 8, "the number of mini-batches that were not left out"},
               {"state", 2, 1, "a part of the mini-batches that there were"},
               {"state", 3, -1e300, "the least loss of the history"},
               {"state", 3, INFINITY, "the least loss of the history"},
               {"state", 4, -1e300, "a loss above the best one"},
               {"state", 5, 4, "a number of epochs waited"},
               {"state", 5, 0.5, "a number of mini-batches, epochs or values"},
               {"state", 8, -1, "a number of mini-batches, epochs or values"},
               {"state", 9, NAN, "a loss of a training"},
               {"state", 9, -1, "a penalty"},
               {"state", 10, -1, "the norm of a gradient"},
               {"state", 11, 1, "a number of values in the epoch's mini-batches"},
               {"state", 12, 1, "the number of mini-batches of the history and of the epoch under way"},
               {"state", 13, -0.1, "a learning rate"},
               {"state", 13, NAN, "a learning rate"},
               {"state", 14, -1, "the norm of a gradient"},
               {"history", 0, 0, "the number of steps at the end of an epoch in the history"},
               {"history", 0, 6, "the number of steps at the end of an epoch in the history"},
               {"history", 0, 0x1p52, "the number of steps at the end of an epoch in the history"},
               {"history", 14, 8, "the number of mini-batches of the history and of the epoch under way"},
               {"history", 6, 1, "the number of mini-batches that were not left out"},
               {"history", 1, -1, "the least loss of the history"},
               {"history", 15, NAN, "the least loss of the history"},
               {"history", 3, -1, "a learning rate in the history"},
               {"history", 4, -1, "the norm of a gradient in the history"},
               {"history", 5, NAN, "a duration in the history"},
               {"history", 12, -1, "a duration in the history"},
               {"history", 13, 4, "a part of an epoch's mini-batches in the history"},
               {"state", 1, 0.5, "a number of mini-batches, epochs or values"},
               {"state", 11, 0.5, "a number of mini-batches, epochs or values"},
               {"state", 12, 0.5, "a number of mini-batches, epochs or values"},
               {"state", 8, 0.5, "a number of mini-batches, epochs or values"},
               {"state", 4, NAN, "a loss of a training"},
               {"state", 7, NAN, "a loss of a training"},
               {"state", 10, NAN, "a loss of a training"},
               {"state", 0, 0x1p53, "a number of mini-batches, epochs or values"},
               {"state", 14, NAN, "the norm of a gradient"}};
  static const char options[] = "optimizer=adam;epochs=3;batch=4;seed=5";
  char path[] = "/tmp/odegrad-trainer-XXXXXX", said[128];
  close(mkstemp(path));
  run r = begin_run(options);
  CHECK(r.context, og_trainer_run(r.trainer, NULL, NULL));
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    og_tensors *set;
    CHECK(r.context, og_trainer_save(r.trainer, path));
    CHECK(r.context, og_tensors_read(r.context, path, &set));
    const og_tensor *tensor = og_tensors_find(set, wrong[i].tensor);
    assert_non_null(tensor);
    tensor->values[wrong[i].entry] = wrong[i].value;
    CHECK(r.context, og_tensors_write(set, path));
    og_tensors_destroy(set);
    snprintf(said, sizeof said, "cannot be %s", wrong[i].what);
    try_load(options, path, OG_ERR_DATA, said);
  }
  end_run(&r);
  unlink(path);
}

/* Each point lies within the bounds, beside theta the best one and the one before. */
static void points_outside_their_bounds_are_refused(void **state) {
  (void)state;
  static const char *const points[] = {"theta", "best", "before"};
  static const double lowest[SIZE] = {-2, 0}, highest[SIZE] = {10, INFINITY}, wrong[] = {-2.5, 1e300, 10.5};
  char path[] = "/tmp/odegrad-trainer-XXXXXX", said[100];
  close(mkstemp(path));
  for (size_t i = 0; i < 9; i++) {
    run r = begin_run("optimizer=adam;epochs=2;batch=4");
    og_tensors *set;
    CHECK(r.context, og_trainer_set_bounds(r.trainer, lowest, highest));
    CHECK(r.context, og_trainer_run(r.trainer, NULL, NULL));
    CHECK(r.context, og_trainer_save(r.trainer, path));
    CHECK(r.context, og_trainer_load(r.trainer, path));
    CHECK(r.context, og_tensors_read(r.context, path, &set));
    og_tensors_find(set, points[i / 3])->values[0] = wrong[i % 3];
    CHECK(r.context, og_tensors_write(set, path));
    og_tensors_destroy(set);
    assert_int_equal(og_trainer_load(r.trainer, path), OG_ERR_DATA);
    snprintf(said, sizeof said, "entry 1 of %s is %g, outside its bounds [-2, 10]", points[i / 3],
             wrong[i % 3]);
    assert_contains(og_context_message(r.context), said);
    end_run(&r);
  }
  unlink(path);
}

/* Means of squares of the other optimisers, under their own names; that of momentum may be of any sign. */
static void negative_means_of_squares_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *options, *tensor;
    og_status status;
  } of[] = {{"optimizer=rmsprop;centered=yes;epochs=2", "updater.square_avg", OG_ERR_DATA},
            {"optimizer=adabelief;epochs=2", "updater.exp_avg_var", OG_ERR_DATA},
            {"optimizer=adamw;epochs=2", "updater.exp_avg_sq", OG_ERR_DATA},
            {"optimizer=rmsprop;centered=yes;epochs=2", "updater.grad_avg", OG_OK},
            {"optimizer=adabelief;epochs=2", "updater.exp_avg", OG_OK},
            {"optimizer=sgd;momentum=0.5;epochs=2", "updater.momentum_buffer", OG_OK}};
  char path[] = "/tmp/odegrad-trainer-XXXXXX";
  close(mkstemp(path));
  for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
    run r = begin_run(of[i].options);
    og_tensors *set;
    CHECK(r.context, og_trainer_run(r.trainer, NULL, NULL));
    CHECK(r.context, og_trainer_save(r.trainer, path));
    CHECK(r.context, og_tensors_read(r.context, path, &set));
    og_tensors_find(set, of[i].tensor)->values[1] = -0.125;
    CHECK(r.context, og_tensors_write(set, path));
    og_tensors_destroy(set);
    try_load(of[i].options, path, of[i].status, of[i].status ? "-0.125 cannot be a mean of squares" : NULL);
    end_run(&r);
  }
  unlink(path);
}

/* A copy of a saved state: without tensor or text number `without`, or with more numbers in it, or with
 * another text. */
typedef enum change { LEFT_OUT, LONGER, FLAT, OTHER_TEXT } change;

static void copy_changed(og_context *context, const og_tensors *set, const char *path, const char *which,
                         change what) {
  og_tensors *copy = NULL;
  CHECK(context, og_tensors_create(context, &copy));
  for (size_t i = 0; i < og_tensors_texts(set); i++) {
    const char *key, *text;
    og_tensors_text_at(set, i, &key, &text);
    int this_one = strcmp(key, which) == 0;
    if (strcmp(key, OG_CHECKSUM_KEY) == 0 || (this_one && what == LEFT_OUT)) continue;
    CHECK(context, og_tensors_set_text(copy, key, this_one ? "another" : text));
  }
  for (size_t i = 0; i < og_tensors_count(set); i++) {
    const og_tensor *from = og_tensors_at(set, i);
    double more[100] = {0};
    size_t shape[2] = {from->shape[0], from->rank == 2 ? from->shape[1] : 1}, rank = from->rank;
    int this_one = strcmp(from->name, which) == 0;
    if (this_one && what == LEFT_OUT) continue;
    if (this_one && what == LONGER) shape[rank - 1]++;
    if (this_one && what == FLAT) shape[0] = from->count, rank = 1;
    assert_in_range(from->count, 0, 70);
    memcpy(more, from->values, from->count * sizeof *more);
    CHECK(context, og_tensors_add(copy, from->name, rank, shape, more));
  }
  CHECK(context, og_tensors_write(copy, path));
  og_tensors_destroy(copy);
}

/* Whatever is missing, or is not of its size, is named. */
static void what_is_not_as_it_was_saved_is_refused(void **state) {
  (void)state;
  static const char *const optimizers[] = {"sgd;momentum=0.9", "rmsprop;centered=yes;momentum=0.5", "adam",
                                           "adabelief"};
  for (size_t k = 0; k < sizeof optimizers / sizeof *optimizers; k++) {
    char options[100], path[] = "/tmp/odegrad-trainer-XXXXXX", said[100];
    snprintf(options, sizeof options, "optimizer=%s;epochs=3;batch=4;seed=5", optimizers[k]);
    close(mkstemp(path));
    run r = begin_run(options);
    og_tensors *set;
    CHECK(r.context, og_trainer_run(r.trainer, NULL, NULL));
    CHECK(r.context, og_trainer_save(r.trainer, path));
    CHECK(r.context, og_tensors_read(r.context, path, &set));
    for (size_t i = 0; i < og_tensors_count(set); i++) {
      const char *name = og_tensors_at(set, i)->name;
      int history = strcmp(name, "history") == 0;
      copy_changed(r.context, set, path, name, LEFT_OUT);
      snprintf(said, sizeof said, history ? "has no history" : "has no tensor %s", name);
      try_load(options, path, OG_ERR_DATA, said);
      copy_changed(r.context, set, path, name, LONGER);
      snprintf(said, sizeof said, history ? "has no history of 7 columns" : "tensor %s has", name);
      try_load(options, path, history ? OG_ERR_DATA : OG_ERR_SHAPE, said);
      if (history) copy_changed(r.context, set, path, name, FLAT);
      if (history) try_load(options, path, OG_ERR_DATA, said);
    }
    for (size_t i = 0; i < og_tensors_texts(set); i++) {
      const char *key, *text;
      og_tensors_text_at(set, i, &key, &text);
      int free_to_differ = strcmp(key, "odegrad.version") == 0 || strcmp(key, OG_CHECKSUM_KEY) == 0;
      int format = strcmp(key, "format") == 0;
      for (int other = 0; other < 2; other++) {
        copy_changed(r.context, set, path, key, other ? OTHER_TEXT : LEFT_OUT);
        try_load(options, path,
                 free_to_differ ? OG_OK
                 : format       ? OG_ERR_DATA
                                : OG_ERR_ARGUMENT,
                 free_to_differ ? NULL
                 : format       ? "is not the state of a training"
                 : other        ? "another"
                                : "not said");
      }
    }
    copy_changed(r.context, set, path, "none", LEFT_OUT); /* the copy itself is as good as what was saved */
    try_load(options, path, OG_OK, NULL);
    og_tensors_destroy(set);
    end_run(&r);
    unlink(path);
  }
}

/* Whatever a training leaves between two steps is taken again, be it of mini-batches that failed: all of the
 * first epochs, some in a row, or one by one at a wall. */
static void every_state_that_is_left_is_taken(void **state) {
  (void)state;
  static const struct {
    const char *options;
    long fail_from;
    double wall;
  } cases[] = {
      {"optimizer=adam;epochs=30;batch=4;seed=5;patience=9", 1, INFINITY},
      {"optimizer=adam;epochs=30;batch=4;seed=5;patience=9;validation=0.25", 1, INFINITY},
      {"optimizer=sgd;learning-rate=0.3;epochs=30;batch=1", 15, INFINITY},
      {"optimizer=sgd;learning-rate=0.3;epochs=8;batch=4;l1=0.1", 1000000, 2},
      {"optimizer=sgd;learning-rate=1e-300;momentum=0.5;epochs=5;windows=7;batch=3", 1000000, INFINITY}};
  char path[] = "/tmp/odegrad-trainer-XXXXXX";
  close(mkstemp(path));
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    run r = begin_run(cases[i].options);
    r.loss->wall = cases[i].wall;
    r.loss->fail_from = cases[i].fail_from;
    for (int step = 0; step < 24 && !og_trainer_ended(r.trainer); step++) {
      run again = begin_run(cases[i].options);
      CHECK(r.context, og_trainer_save(r.trainer, path));
      CHECK(again.context, og_trainer_load(again.trainer, path));
      assert_same_history(r.trainer, again.trainer);
      assert_memory_equal(og_trainer_theta(r.trainer), og_trainer_theta(again.trainer), sizeof start);
      assert_int_equal(og_trainer_steps(again.trainer), step);
      end_run(&again);
      if (og_trainer_step(r.trainer) != OG_OK) break; /* ten in a row, and none before */
    }
    end_run(&r);
  }
  unlink(path);
}

/* Nor does it matter where a training is that takes it: at its end, or interrupted. */
static void a_training_that_has_ended_goes_back(void **state) {
  (void)state;
  static const char text[] = "optimizer=adam;epochs=6;batch=4;seed=5";
  char path[] = "/tmp/odegrad-trainer-XXXXXX";
  close(mkstemp(path));
  run whole = begin_run(text), part = begin_run(text);
  for (int step = 0; step < 7; step++) CHECK(part.context, og_trainer_step(part.trainer));
  CHECK(part.context, og_trainer_save(part.trainer, path));
  CHECK(whole.context, og_trainer_run(whole.trainer, NULL, NULL));
  CHECK(part.context, og_trainer_run(part.trainer, NULL, NULL));
  for (int k = 0; k < 2; k++) {
    assert_true(og_trainer_ended(part.trainer));
    CHECK(part.context, og_trainer_load(part.trainer, path));
    assert_int_equal(og_trainer_steps(part.trainer), 7);
    assert_true(!og_trainer_ended(part.trainer) && !*og_trainer_reason(part.trainer));
    CHECK(part.context,
          og_trainer_run(part.trainer, watching, &(watch){.stop_at = k ? 0 : 8, .last = 7, .epochs = 2}));
    assert_contains(og_trainer_reason(part.trainer), k ? "all 6 epochs are done" : "interrupted");
  }
  assert_same_history(whole.trainer, part.trainer);
  assert_memory_equal(og_trainer_theta(whole.trainer), og_trainer_theta(part.trainer), sizeof start);
  end_run(&whole), end_run(&part);
  unlink(path);
}

/* Where nothing descends the norm of the gradient is 0, and the learning rate may be so too. */
static void a_training_in_vain_is_taken(void **state) {
  (void)state;
  char path[] = "/tmp/odegrad-trainer-XXXXXX";
  close(mkstemp(path));
  run r = begin_run("optimizer=sgd;epochs=3;lr-schedule=cosine;lr-final=0;batch=4");
  og_trainer *flat[2];
  for (int k = 0; k < 2; k++)
    CHECK(r.context,
          og_trainer_create(r.context, r.options,
                            &(og_trainer_parts){OG_INIT(og_trainer_parts), .p = SIZE, .loss = flat_loss,
                                                .user = r.loss, .batches = r.batches, .theta = start},
                            &flat[k]));
  CHECK(r.context, og_trainer_run(flat[0], NULL, NULL));
  CHECK(r.context, og_trainer_save(flat[0], path));
  CHECK(r.context, og_trainer_load(flat[1], path));
  assert_same_history(flat[0], flat[1]);
  assert_true(epoch_of(flat[1], 2).gradient_norm == 0);
  og_trainer_destroy(flat[0]), og_trainer_destroy(flat[1]);
  end_run(&r);
  unlink(path);
}

/* Bounds belong to what they bound. */
static void points_at_their_bounds_are_taken(void **state) {
  (void)state;
  static const double bounds[][2][SIZE] = {{{-1, 2}, {9, 9}}, {{-9, -9}, {-1, 2}}, {{-1, 2}, {-1, 2}}};
  char path[] = "/tmp/odegrad-trainer-XXXXXX";
  close(mkstemp(path));
  for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
    run r = begin_run("optimizer=adam;epochs=2;batch=4"),
        again = begin_run("optimizer=adam;epochs=2;batch=4");
    CHECK(r.context, og_trainer_set_bounds(r.trainer, bounds[i][0], bounds[i][1]));
    CHECK(again.context, og_trainer_set_bounds(again.trainer, bounds[i][0], bounds[i][1]));
    CHECK(r.context, og_trainer_save(r.trainer, path));
    CHECK(again.context, og_trainer_load(again.trainer, path));
    CHECK(again.context, og_trainer_run(again.trainer, NULL, NULL));
    end_run(&r), end_run(&again);
  }
  unlink(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(going_on_gives_the_same_bits),
                                     cmocka_unit_test(what_is_not_as_it_was_saved_is_refused),
                                     cmocka_unit_test(another_training_is_refused),
                                     cmocka_unit_test(numbers_that_cannot_be_are_refused),
                                     cmocka_unit_test(points_outside_their_bounds_are_refused),
                                     cmocka_unit_test(negative_means_of_squares_are_refused),
                                     cmocka_unit_test(every_state_that_is_left_is_taken),
                                     cmocka_unit_test(points_at_their_bounds_are_taken),
                                     cmocka_unit_test(a_training_that_has_ended_goes_back),
                                     cmocka_unit_test(a_training_in_vain_is_taken)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Saved results that were damaged: whatever bit of a file is flipped, and wherever it is cut short, it is
 * refused, or says the same as before to the bit. */
#include <unistd.h>

#include "fitting.h"
#include "io/safetensors.h"

static char path[] = "/tmp/odegrad-damage-XXXXXX.safetensors";

static int make_file(void **state) {
  (void)state;
  int descriptor = mkstemps(path, 12);
  return descriptor < 0 ? -1 : close(descriptor);
}

static int remove_file(void **state) {
  (void)state;
  return unlink(path);
}

/* ---- The checksum ---- */

/* The check value of the catalogue of CRC algorithms (reveng.sourceforge.io), and words as eight bytes. */
static void the_checksum_has_its_published_value(void **state) {
  (void)state;
  og_crc64 crc, words;
  og_crc64_begin(&crc);
  assert_true(og_crc64_end(&crc) == 0);
  og_crc64_bytes(&crc, "123456789", 9);
  assert_true(og_crc64_end(&crc) == 0x995dc9bbdf1939fa);
  og_crc64_begin(&words);
  og_crc64_word(&words, 0x3837363534333231);
  og_crc64_bytes(&words, "9", 1);
  assert_true(og_crc64_end(&words) == 0x995dc9bbdf1939fa);
}

/* The value was found by another program, bit by bit, from the description in safetensors.h. */
static void a_sets_checksum_is_that_of_its_contents(void **state) {
  (void)state;
  og_context *context = new_context();
  const double third = 1.0 / 3, theta[2] = {1, -0.5};
  for (int turn = 0; turn < 2; turn++) { /* in either order */
    og_tensors *set;
    char text[OG_CHECKSUM_SIZE];
    CHECK(context, og_tensors_create(context, &set));
    if (turn) CHECK(context, og_tensors_set_text(set, "key", "text"));
    CHECK(context, og_tensors_set_text(set, "format", "odegrad"));
    if (turn) CHECK(context, og_tensors_add(set, "a", 0, NULL, &third));
    CHECK(context, og_tensors_add(set, "theta", 1, (size_t[]){2}, theta));
    if (!turn) CHECK(context, og_tensors_add(set, "a", 0, NULL, &third));
    if (!turn) CHECK(context, og_tensors_set_text(set, OG_CHECKSUM_KEY, "of no account"));
    if (!turn) CHECK(context, og_tensors_set_text(set, "key", "text"));
    CHECK(context, og_tensors_checksum(set, text));
    assert_string_equal(text, "4334a67d4d005447");
    CHECK(context, og_tensors_write(set, path));
    og_tensors_destroy(set);
    CHECK(context, og_tensors_read(context, path, &set));
    assert_string_equal(og_tensors_text(set, OG_CHECKSUM_KEY), text);
    og_tensors_destroy(set);
  }
  og_context_destroy(context);
}

/* ---- Damage ---- */

typedef struct file {
  size_t length;
  char *bytes;
} file;

static file read_file(og_context *context) {
  file f;
  CHECK(context, og_read_file(context, path, &f.bytes, &f.length));
  return f;
}

static void write_file(const char *bytes, size_t length) {
  FILE *to = fopen(path, "wb");
  assert_non_null(to);
  assert_int_equal(fwrite(bytes, 1, length, to), length);
  assert_int_equal(fclose(to), 0);
}

/* What a flipped bit may leave as it is: the word that says that a checksum follows, and the blanks behind
 * the header. */
static size_t harmless(const file *f) {
  size_t header = 0;
  for (int i = 7; i >= 0; i--) header = header << 8 | (unsigned char)f->bytes[i];
  size_t end = OG_HEADER_LENGTH_SIZE + header;
  while (end > 0 && f->bytes[end - 1] == ' ') end--;
  return 8 * (strlen(OG_CHECKSUM_KEY) + OG_HEADER_LENGTH_SIZE + header - end);
}

/* ---- A training ---- */

/* Adam on two mini-batches an epoch, stopped in the third epoch. */
static const char data[] =
    "id,t,x\na,0,2\na,1,1.2\na,2,0.7\nb,0,2.1\nb,1,1\nb,2,0.5\nc,0,1.8\nc,1,0.9\nc,2,0.6\n";

static og_trainer *make_trainer(fixture *f) {
  static const char *const settings[][2] = {{"optimizer", "adam"}, {"epochs", "4"}, {"batch", "2"},
                                            {"validation", "0.3"}, {"seed", "3"},   {"method", "tsit5"},
                                            {"rtol", "1e-6"},      {"atol", "1e-9"}};
  og_trainer *trainer = NULL;
  for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
    CHECK(f->context, og_options_set_text(f->options, settings[i][0], settings[i][1]));
  CHECK(f->context, og_trainer_create_for_objective(f->objective, f->options, NULL, &trainer));
  return trainer;
}

typedef struct outcome {
  double theta[3], best[3], best_loss;
  size_t epochs;
  og_epoch history[8];
} outcome;

/* What a training comes to from where it is; its clock is no result. */
static outcome finish(fixture *f, og_trainer *trainer) {
  outcome o;
  memset(&o, 0, sizeof o);
  CHECK(f->context, og_trainer_run(trainer, NULL, NULL));
  memcpy(o.theta, og_trainer_theta(trainer), sizeof o.theta);
  memcpy(o.best, og_trainer_best(trainer), sizeof o.best);
  o.best_loss = og_trainer_best_loss(trainer);
  o.epochs = og_trainer_epochs(trainer);
  assert_true(o.epochs <= 8);
  for (size_t e = 0; e < o.epochs; e++) {
    o.history[e] = epoch_of(trainer, e);
    o.history[e].seconds = 0;
  }
  return o;
}

static file save_some(fixture *f) {
  og_trainer *trainer = make_trainer(f);
  for (int i = 0; i < 3; i++) CHECK(f->context, og_trainer_step(trainer));
  CHECK(f->context, og_trainer_save(trainer, path));
  og_trainer_destroy(trainer);
  return read_file(f->context);
}

static void count_line(const char *line, void *user) {
  assert_contains(line, "has no checksum");
  ++*(size_t *)user;
}

static void every_flipped_bit_of_a_training_is_found(void **state) {
  (void)state;
  fixture f = make_fixture(DECAY, data);
  file saved = save_some(&f);
  og_trainer *trainer = make_trainer(&f);
  CHECK(f.context, og_trainer_load(trainer, path));
  const outcome right = finish(&f, trainer);
  size_t taken = 0, unchecked = 0;
  og_context_set_log(f.context, count_line, &unchecked);
  for (size_t bit = 0; bit < 8 * saved.length; bit++) {
    saved.bytes[bit / 8] ^= (char)(1 << bit % 8);
    write_file(saved.bytes, saved.length);
    saved.bytes[bit / 8] ^= (char)(1 << bit % 8);
    if (og_trainer_load(trainer, path) != OG_OK) {
      assert_contains(og_context_message(f.context), path);
      continue;
    }
    outcome o = finish(&f, trainer);
    assert_memory_equal(&o, &right, sizeof o);
    taken++;
  }
  assert_true(taken > 0 && taken <= harmless(&saved));
  assert_int_equal(unchecked, taken); /* the checksum's own name: that there is none is said */
  og_trainer_destroy(trainer);
  og_free(f.context, saved.bytes);
  drop_fixture(&f);
}

static void a_training_that_is_cut_short_is_refused(void **state) {
  (void)state;
  fixture f = make_fixture(DECAY, data);
  file saved = save_some(&f);
  og_trainer *trainer = make_trainer(&f);
  for (size_t length = 0; length < saved.length; length++) {
    write_file(saved.bytes, length);
    assert_int_equal(og_trainer_load(trainer, path), OG_ERR_DATA);
    assert_contains(og_context_message(f.context), path);
  }
  assert_int_equal(og_trainer_steps(trainer), 0);
  write_file(saved.bytes, saved.length);
  CHECK(f.context, og_trainer_load(trainer, path));
  og_trainer_destroy(trainer);
  og_free(f.context, saved.bytes);
  drop_fixture(&f);
}

/* ---- Parameters ---- */

static void every_flipped_bit_of_parameters_is_found(void **state) {
  (void)state;
  fixture f = make_fixture(DECAY, data);
  const double theta[3] = {1.25, 1.0 / 3, 0.5};
  CHECK(f.context, og_parameters_write(f.model, theta, path));
  file saved = read_file(f.context);
  size_t taken = 0;
  for (size_t bit = 0; bit < 8 * saved.length; bit++) {
    double back[3] = {1, 1, 1};
    og_model *model = NULL;
    saved.bytes[bit / 8] ^= (char)(1 << bit % 8);
    write_file(saved.bytes, saved.length);
    saved.bytes[bit / 8] ^= (char)(1 << bit % 8);
    if (og_parameters_read(f.model, path, back) != OG_OK) {
      assert_true(back[0] == 1 && back[1] == 1 && back[2] == 1);
      assert_int_not_equal(og_model_create_from_file(f.context, path, &model), OG_OK);
      continue;
    }
    assert_memory_equal(back, theta, sizeof theta);
    CHECK(f.context, og_model_create_from_file(f.context, path, &model));
    assert_string_equal(og_model_text(model), DECAY);
    og_model_destroy(model);
    taken++;
  }
  assert_true(taken <= harmless(&saved));
  og_free(f.context, saved.bytes);
  drop_fixture(&f);
}

/* ---- What was changed on purpose ---- */

static og_tensors *read_set(og_context *context) {
  og_tensors *set;
  CHECK(context, og_tensors_read(context, path, &set));
  return set;
}

/* Written by another program: a header of its own, here with `checksum` as given; NULL: without one. */
static void write_with(const char *value, const char *checksum) {
  char header[256], line[80] = "";
  if (checksum)
    snprintf(line, sizeof line, "\"__metadata__\": {\"%s\": \"%s\"}, ", OG_CHECKSUM_KEY, checksum);
  int length = snprintf(header, sizeof header,
                        "{%s\"k\": {\"dtype\": \"F64\", \"shape\": [], \"data_offsets\": [0, 8]}}", line);
  char bytes[512] = {(char)length};
  assert_true(length < 128);
  memcpy(bytes + 8, header, (size_t)length);
  memcpy(bytes + 8 + length, value, 8);
  write_file(bytes, 16 + (size_t)length);
}

static void files_without_a_checksum_are_taken_as_they_are(void **state) {
  (void)state;
  og_context *context = new_context();
  const double k = 0.75;
  char checksum[OG_CHECKSUM_SIZE];
  write_with((const char *)&k, NULL);
  og_tensors *set = read_set(context);
  CHECK(context, og_tensors_checksum(set, checksum));
  og_tensors_destroy(set);
  write_with((const char *)&k, checksum); /* in the other program's words, and right */
  og_tensors_destroy(read_set(context));
  write_with("changed!", checksum);
  assert_int_equal(og_tensors_read(context, path, &set), OG_ERR_DATA);
  assert_null(set);
  assert_contains(og_context_message(context), path);
  assert_contains(og_context_message(context), "is damaged, or was changed after it was written");
  assert_contains(og_context_message(context), "without odegrad.checksum in its metadata");
  write_with("changed!", NULL);
  og_tensors_destroy(read_set(context));
  og_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_checksum_has_its_published_value),
      cmocka_unit_test(a_sets_checksum_is_that_of_its_contents),
      cmocka_unit_test(every_flipped_bit_of_a_training_is_found),
      cmocka_unit_test(a_training_that_is_cut_short_is_refused),
      cmocka_unit_test(every_flipped_bit_of_parameters_is_found),
      cmocka_unit_test(files_without_a_checksum_are_taken_as_they_are),
  };
  return cmocka_run_group_tests(tests, make_file, remove_file);
}

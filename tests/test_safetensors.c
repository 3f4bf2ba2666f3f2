/* safetensors files: the way there and back, files that Python's library wrote, and what is refused. */
#include <math.h>
#include <unistd.h>

#include "counting.h"
#include "io/safetensors.h"

static char path[] = "/tmp/odegrad-safetensors-XXXXXX";

static int make_file(void **state) {
  (void)state;
  int descriptor = mkstemp(path);
  return descriptor < 0 ? -1 : close(descriptor);
}

static int remove_file(void **state) {
  (void)state;
  return unlink(path);
}

/* ---- There and back ---- */

static const double some_values[6] = {1.0 / 3, -0.0, 5e-324, 1e308, NAN, -INFINITY};

static og_status fill(og_tensors *set) {
  OG_TRY(og_tensors_add(set, "alpha", 0, NULL, some_values));
  OG_TRY(og_tensors_add(set, "f.0.weight", 2, (size_t[]){3, 2}, some_values));
  OG_TRY(og_tensors_add(set, "empty", 2, (size_t[]){0, 7}, NULL));
  OG_TRY(og_tensors_add(set, "quote\" \\ \xc3\xa9\n", 1, (size_t[]){1}, some_values + 3));
  OG_TRY(og_tensors_set_text(set, "odegrad.model", "x' = -\"x\"\t# \xce\xb1 \\u0000\n"));
  OG_TRY(og_tensors_set_text(set, "format", "wrong"));
  return og_tensors_set_text(set, "format", "odegrad");
}

static void check_some(const og_tensors *set) {
  assert_int_equal(og_tensors_count(set), 4);
  const og_tensor *alpha = og_tensors_find(set, "alpha"), *weight = og_tensors_find(set, "f.0.weight");
  const og_tensor *quote = og_tensors_find(set, "quote\" \\ \xc3\xa9\n");
  assert_non_null(alpha);
  assert_non_null(weight);
  assert_non_null(quote);
  assert_int_equal(alpha->rank, 0);
  assert_int_equal(alpha->count, 1);
  assert_int_equal(weight->rank, 2);
  assert_true(weight->shape[0] == 3 && weight->shape[1] == 2 && weight->count == 6);
  assert_memory_equal(alpha->values, some_values, sizeof(double));
  assert_memory_equal(weight->values, some_values, sizeof some_values);
  assert_memory_equal(quote->values, some_values + 3, sizeof(double));
  assert_int_equal(og_tensors_find(set, "empty")->count, 0);
  assert_string_equal(og_tensors_text(set, "format"), "odegrad");
  assert_string_equal(og_tensors_text(set, "odegrad.model"), "x' = -\"x\"\t# \xce\xb1 \\u0000\n");
  assert_null(og_tensors_text(set, "Format"));
  assert_null(og_tensors_find(set, "beta"));
}

static void written_tensors_read_back_to_the_same_bits(void **state) {
  (void)state;
  og_context *context = new_context();
  og_tensors *set, *back;
  assert_int_equal(og_tensors_create(context, &set), OG_OK);
  assert_int_equal(fill(set), OG_OK);
  assert_int_equal(og_tensors_write(set, path), OG_OK);
  assert_int_equal(og_tensors_read(context, path, &back), OG_OK);
  check_some(back);
  char *bytes;
  size_t length;
  assert_int_equal(og_read_file(context, path, &bytes, &length), OG_OK);
  assert_true((unsigned char)bytes[0] % 8 == 0); /* the data are aligned */
  assert_true(og_tensors_recognise(bytes, length));
  uint64_t header; /* on the machines that tests run on */
  memcpy(&header, bytes, sizeof header);
  assert_true(header < length &&
              memchr(bytes + 8 + header - 8, '}', 8)); /* by no more blanks than that takes */
  og_free(context, bytes);
  og_tensors_destroy(set);
  assert_int_equal(og_tensors_write(back, path),
                   OG_OK); /* what was read has a checksum, and is given none twice */
  assert_int_equal(og_tensors_read(context, path, &set), OG_OK);
  check_some(set);
  og_tensors_destroy(set);
  og_tensors_destroy(back);
  og_context_destroy(context);
}

static void a_set_of_nothing_is_a_file_too(void **state) {
  (void)state;
  og_context *context = new_context();
  og_tensors *set, *back;
  assert_int_equal(og_tensors_create(context, &set), OG_OK);
  assert_int_equal(og_tensors_write(set, path), OG_OK);
  assert_int_equal(og_tensors_read(context, path, &back), OG_OK);
  assert_int_equal(og_tensors_count(back), 0);
  og_tensors_destroy(set);
  og_tensors_destroy(back);
  og_context_destroy(context);
}

static void names_and_texts_that_no_file_can_have_are_refused(void **state) {
  (void)state;
  og_context *context = new_context();
  og_tensors *set;
  assert_int_equal(og_tensors_create(context, &set), OG_OK);
  assert_int_equal(og_tensors_add(set, "a", 0, NULL, some_values), OG_OK);
  assert_int_equal(og_tensors_add(set, "a", 0, NULL, some_values), OG_ERR_ARGUMENT);
  assert_int_equal(og_tensors_add(set, "__metadata__", 0, NULL, some_values), OG_ERR_ARGUMENT);
  assert_int_equal(og_tensors_add(set, "\xff", 0, NULL, some_values), OG_ERR_ARGUMENT);
  static const char *const not_utf8[] = {
      "\xe9t\xe9",        "\xc0\x80",         "\xe0\x80\x80", "\xed\xa0\x80",
      "\xf4\x90\x80\x80", "\xf0\x80\x80\x80", "\xe2\x82",     "\x80"};
  for (size_t i = 0; i < sizeof not_utf8 / sizeof not_utf8[0]; i++)
    assert_int_equal(og_tensors_set_text(set, "key", not_utf8[i]), OG_ERR_DATA);
  assert_int_equal(og_tensors_set_text(set, "key", "\xf4\x8f\xbf\xbf \xed\x9f\xbf \xe2\x82\xac"), OG_OK);
  og_tensors_destroy(set);
  og_context_destroy(context);
}

/* ---- Files of Python's library ---- */

/* tests/oracles/safetensors_fixtures.py wrote them, with these values. */
static void files_of_pythons_library_are_read(void **state) {
  (void)state;
  og_context *context = new_context();
  og_tensors *set;
  if (og_tensors_read(context, "tests/oracles/dtypes.safetensors", &set) != OG_OK)
    fail_msg("%s", og_context_message(context));
  const double exact[] = {0, -0.0, 1, -2.5, 65504, 0x1p-24, 0x1.8p-14, INFINITY, -INFINITY};
  static const char *const names[] = {"f64", "f32", "f16", "bf16"};
  for (size_t i = 0; i < 4; i++) {
    const og_tensor *tensor = og_tensors_find(set, names[i]);
    assert_non_null(tensor);
    assert_true(tensor->rank == 2 && tensor->shape[0] == 3 && tensor->shape[1] == 3);
    for (size_t k = 0; k < 9; k++) {
      double expected = i == 3 && k == 4 ? 65536 : exact[k]; /* bfloat16 has 8 bits */
      assert_memory_equal(&tensor->values[k], &expected, sizeof expected);
    }
  }
  const og_tensor *integers = og_tensors_find(set, "i64");
  assert_true(integers->rank == 1 && integers->count == 3);
  assert_true(integers->values[0] == -3 && integers->values[1] == 0 && integers->values[2] == 0x1p53);
  const og_tensor *number = og_tensors_find(set, "scalar");
  assert_true(number->rank == 0 && number->values[0] == 1.0 / 3);
  assert_true(isnan(og_tensors_find(set, "nan")->values[0]) && isnan(og_tensors_find(set, "nan")->values[1]));
  assert_int_equal(og_tensors_find(set, "empty")->count, 0);
  assert_string_equal(og_tensors_text(set, "greeting"), "gr\xc3\xbc\xc3\x9f \"dich\"\n");
  og_tensors_destroy(set);
  og_context_destroy(context);
}

/* ---- What is refused ---- */

static size_t assemble(const char *header, size_t data, char *bytes) {
  size_t length = strlen(header);
  for (int i = 0; i < 8; i++) bytes[i] = (char)(length >> 8 * i & 0xff);
  memcpy(bytes + 8, header, length);
  memset(bytes + 8 + length, 0, data);
  return 8 + length + data;
}

#define TENSOR(name, dtype, shape, offsets)                                                                  \
  "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static const struct {
  const char *header;
  size_t data;
  const char *message;
} wrong[] = {
    {"[1]", 0, "this is no safetensors file"},
    {"{", 0, "not a JSON object"},
    {"{} {}", 0, "not a JSON object, from byte 12 of the file on"},
    {"{\"a\xff\":1}", 0, "not UTF-8"},
    {"{\"a\\u0000\":1}", 0, "NUL"},
    {"{\"a\":1}", 0, "tensor a: it is not described by an object"},
    {"{\"a\":{}}", 0, "tensor a: it has no dtype"},
    {"{" TENSOR("a", "I8", "[1]", "[0,1]") "}", 1, "tensor a: its dtype is I8; F64, F32, F16, BF16 and I64"},
    {"{\"a\":{\"dtype\":\"F64\"}}", 0, "tensor a: it has no shape"},
    {"{" TENSOR("a", "F64", "[-1]", "[0,8]") "}", 8, "tensor a: its shape is not made of whole numbers"},
    {"{" TENSOR("a", "F64", "[1.5]", "[0,8]") "}", 8, "tensor a: its shape is not made of whole numbers"},
    {"{" TENSOR("a", "F64", "[\"1\"]", "[0,8]") "}", 8, "tensor a: its shape is not made of whole numbers"},
    {"{" TENSOR("a", "F64", "[1,1,1,1,1,1,1,1,1]", "[0,8]") "}", 8, "more than 8 dimensions"},
    {"{" TENSOR("a", "F64", "[4294967296,4294967296]", "[0,8]") "}", 8, "tensor a: its shape is too large"},
    {"{" TENSOR("a", "F64", "[2305843009213693953]", "[0,8]") "}", 8, "whole numbers"},
    {"{" TENSOR("a", "F64", "[2251799813685249,1024]", "[0,8]") "}", 8, "tensor a: 8 bytes are not those"},
    {"{" TENSOR("a", "F64", "[1]", "[0]") "}", 8, "tensor a: its data_offsets are not two whole numbers"},
    {"{" TENSOR("a", "F64", "[1]", "[0,8,9]") "}", 8, "tensor a: its data_offsets"},
    {"{" TENSOR("a", "F64", "[1]", "[0,1e300]") "}", 8, "tensor a: its data_offsets"},
    {"{" TENSOR("a", "F64", "[1]", "[8,0]") "}", 8, "tensor a: bytes 8 to 0 are not in the file"},
    {"{" TENSOR("a", "F64", "[1]", "[0,8]") "}", 7,
     "tensor a: bytes 0 to 8 are not in the file, which has 7"},
    {"{" TENSOR("a", "F64", "[3]", "[0,16]") "}", 16, "tensor a: 16 bytes are not those of F64 of shape [3]"},
    {"{" TENSOR("a", "F32", "[2, 2]", "[0,15]") "}", 16,
     "tensor a: 15 bytes are not those of F32 of shape [2, 2]"},
    {"{" TENSOR("a", "F64", "[1]", "[0,8]") "," TENSOR("b", "F32", "[1]", "[4,8]") "}", 8,
     "tensor b shares bytes with a"},
    {"{" TENSOR("a", "F64", "[1]", "[0,8]") "," TENSOR("b", "F32", "[1]", "[12,16]") "}", 16,
     "tensor b does not follow upon a"},
    {"{" TENSOR("a", "F64", "[1]", "[8,16]") "}", 16, "tensor a does not follow upon the header"},
    {"{" TENSOR("a", "F64", "[1]", "[0,8]") "}", 9, "1 bytes behind the last tensor belong to none"},
    {"{" TENSOR("a", "F64", "[1]", "[0,8]") "," TENSOR("a", "F64", "[1]", "[8,16]") "}", 16,
     "tensor a: it is given twice"},
    {"{\"__metadata__\":[]}", 0, "__metadata__ is not an object"},
    {"{\"__metadata__\":{\"a\":1}}", 0, "__metadata__: a is not a string"},
    {"{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", 0, "__metadata__: a is given twice"},
    {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, "__metadata__ is given twice"},
};

static void files_that_break_a_rule_are_refused_by_name(void **state) {
  (void)state;
  og_context *context = new_context();
  og_tensors *set;
  char bytes[1024];
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    size_t length = assemble(wrong[i].header, wrong[i].data, bytes);
    assert_int_equal(og_tensors_parse(context, "w.safetensors", bytes, length, &set), OG_ERR_DATA);
    assert_null(set);
    assert_contains(og_context_message(context), wrong[i].message);
    assert_contains(og_context_message(context), "w.safetensors");
  }
  assert_int_equal(og_tensors_read(context, "/nowhere/w.safetensors", &set), OG_ERR_FILE);
  og_context_destroy(context);
}

static void integers_beyond_doubles_are_refused(void **state) {
  (void)state;
  og_context *context = new_context();
  og_tensors *set;
  char bytes[256];
  size_t length = assemble("{" TENSOR("a", "I64", "[1]", "[0,8]") "}", 8, bytes);
  memset(bytes + length - 8, 0xff, 7); /* 2^63 - 1 */
  bytes[length - 1] = 0x7f;
  assert_int_equal(og_tensors_parse(context, "w", bytes, length, &set), OG_ERR_DATA);
  assert_contains(og_context_message(context), "tensor a: it has an integer that no double holds");
  og_context_destroy(context);
}

static void every_way_of_cutting_a_file_short_is_refused(void **state) {
  (void)state;
  og_context *context = new_context();
  og_tensors *set;
  char *bytes;
  size_t length;
  assert_int_equal(og_read_file(context, "tests/oracles/dtypes.safetensors", &bytes, &length), OG_OK);
  for (size_t cut = 0; cut < length; cut++) {
    char *exact = malloc(cut ? cut : 1);
    memcpy(exact, bytes, cut);
    assert_int_equal(og_tensors_parse(context, "w", exact, cut, &set), OG_ERR_DATA);
    free(exact);
  }
  og_free(context, bytes);
  og_context_destroy(context);
}

/* ---- Memory ---- */

static og_status write_and_read(og_context *context) {
  og_tensors *set, *back = NULL;
  og_status status = og_tensors_create(context, &set);
  if (status == OG_OK) status = fill(set);
  if (status == OG_OK) status = og_tensors_write(set, path);
  if (status == OG_OK) status = og_tensors_read(context, path, &back);
  og_tensors_destroy(back);
  og_tensors_destroy(set);
  return status;
}

static void running_out_of_memory_is_survived(void **state) {
  (void)state;
  fail_each_allocation(write_and_read);
}

/* A shape that is too long for a message is cut, and ends as one does. */
static void long_shapes_are_cut(void **state) {
  (void)state;
  struct {
    char text[OG_TENSOR_SHAPE_TEXT], behind[8];
  } room;
  size_t shape[OG_RANK_MOST];
  assert_string_equal(og_tensor_shape_text(0, NULL, room.text), "[]");
  assert_string_equal(og_tensor_shape_text(2, (size_t[]){50, 2}, room.text), "[50, 2]");
  for (size_t largest = 1; largest && largest <= SIZE_MAX / 10; largest *= 10) {
    for (size_t i = 0; i < OG_RANK_MOST; i++) shape[i] = largest;
    memset(&room, 'x', sizeof room);
    size_t length = strlen(og_tensor_shape_text(OG_RANK_MOST, shape, room.text));
    assert_true(length < OG_TENSOR_SHAPE_TEXT && room.text[length - 1] == ']');
    assert_memory_equal(room.behind, "xxxxxxxx", 8);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(written_tensors_read_back_to_the_same_bits),
      cmocka_unit_test(a_set_of_nothing_is_a_file_too),
      cmocka_unit_test(names_and_texts_that_no_file_can_have_are_refused),
      cmocka_unit_test(files_of_pythons_library_are_read),
      cmocka_unit_test(files_that_break_a_rule_are_refused_by_name),
      cmocka_unit_test(integers_beyond_doubles_are_refused),
      cmocka_unit_test(every_way_of_cutting_a_file_short_is_refused),
      cmocka_unit_test(long_shapes_are_cut),
      cmocka_unit_test(running_out_of_memory_is_survived),
  };
  return cmocka_run_group_tests(tests, make_file, remove_file);
}

/* The reader of JSON and the writer of its strings: what RFC 8259 says, by rules written out here, and by
 * cJSON on many texts that are made. */
#include <cjson/cJSON.h>
#include <math.h>

#include "counting.h"
#include "io/json.h"

static og_context *context;

/* NULL where the text is refused; then *at is how far from its beginning. */
static og_json *parse(const char *text, size_t *at) {
  const char *where = NULL;
  og_json *root = NULL;
  og_status status = og_json_parse(context, "a text", text, strlen(text), &where, &root);
  assert_true((status == OG_OK) == (root != NULL));
  if (status != OG_OK) assert_int_equal(status, OG_ERR_DATA);
  if (!root && at) *at = (size_t)(where - text);
  return root;
}

static void strings(void **state) {
  (void)state;
  static const struct {
    const char *json, *text;
  } rows[] = {
      {"\"\"", ""},
      {"\"a b\"", "a b"},
      {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
      {"\"\\u0041\\u007f\"", "A\x7f"},
      {"\"\\u0080\\u07ff\"", "\xc2\x80\xdf\xbf"},
      {"\"\\u0800\\uFFFF\"", "\xe0\xa0\x80\xef\xbf\xbf"},
      {"\"\\ud800\\udc00\\uDBFF\\uDFFF\"", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"},
      {"\"\\ud83d\\ude00x\"", "\xf0\x9f\x98\x80x"},
      {"\"\xce\xb1\"", "\xce\xb1"},
      {" \t\r\n\"a\"\n", "a"},
      {"\xEF\xBB\xBF\"a\"", "a"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    og_json *root = parse(rows[i].json, NULL);
    if (!root || root->kind != OG_JSON_STRING || strcmp(root->text, rows[i].text) != 0)
      fail_msg("%s is read wrongly", rows[i].json);
    og_free(context, root);
  }
}

static void numbers(void **state) {
  (void)state;
  static const struct {
    const char *json;
    double value;
  } rows[] = {{"0", 0},
              {"-12.5e-1", -1.25},
              {"1E+2", 100},
              {"5e-324", 5e-324},
              {"1e999", INFINITY},
              {"-0", -0.0},
              {"0.1", 0.1},
              {"123456789012345678", 123456789012345678.0}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    og_json *root = parse(rows[i].json, NULL);
    assert_non_null(root);
    assert_int_equal(root->kind, OG_JSON_NUMBER);
    assert_memory_equal(&root->number, &rows[i].value, sizeof(double));
    og_free(context, root);
  }
}

static void trees(void **state) {
  (void)state;
  og_json *root = parse(" { \"a\" : [ 1 , [ ] , { } ] , \"b\" : true , \"a\" : null , \"\" : \"x\" } ", NULL);
  assert_non_null(root);
  assert_true(root->kind == OG_JSON_OBJECT && root->count == 4 && !root->name && !root->next);
  const og_json *a = og_json_entry(root, "a"), *b = og_json_entry(root, "b");
  assert_true(a == root->first && a->kind == OG_JSON_ARRAY && a->count == 3 && a->next == b);
  assert_true(a->first->kind == OG_JSON_NUMBER && a->first->number == 1 && !a->first->name);
  assert_true(a->first->next->kind == OG_JSON_ARRAY && a->first->next->count == 0);
  assert_true(a->first->next->next->kind == OG_JSON_OBJECT && !a->first->next->next->next);
  assert_true(b->kind == OG_JSON_WORD && b->next->kind == OG_JSON_WORD);
  assert_string_equal(og_json_entry(root, "")->text, "x");
  assert_null(og_json_entry(root, "c"));
  assert_null(og_json_entry(a, "a")); /* an array's entries have no names */
  og_free(context, root);
}

/* What is wrong, and where: the place is that of the token, not somewhere within. */
static void refused(void **state) {
  (void)state;
  static const struct {
    const char *text;
    size_t at;
  } rows[] = {{"", 0},
              {" ", 1},
              {"{} {}", 3},
              {"[1, 2", 5},
              {"[1, ]", 4},
              {"[,1]", 1},
              {"[1 2]", 3},
              {"[1}", 2},
              {"{\"a\":1]", 6},
              {"{\"a\" 1}", 5},
              {"{\"a\":}", 5},
              {"{a: 1}", 1},
              {"{:1}", 1},
              {"{ : 1}", 2},
              {"{\"a\":1,}", 7},
              {"{1:1}", 1},
              {"[1, x12]", 4},
              {"[1.5x]", 1},
              {"[nul]", 1},
              {"[nulll]", 1},
              {"[True]", 1},
              {"[.5]", 1},
              {"[+1]", 1},
              {"[--1]", 1},
              {"[1e]", 1},
              {"[NaN]", 1},
              {"[-Infinity]", 1},
              {"[\"a]", 1},
              {"[\"a\nb\"]", 1},
              {"[\"a\\\"]", 1},
              {"[\"\\x\"]", 1},
              {"[\"\\u12\"]", 1},
              {"[\"\\u12g4\"]", 1},
              {"[\"\\u0000\"]", 1},
              {"[\"\\ud800\"]", 1},
              {"[\"\\udc00\"]", 1},
              {"[\"\\ud800\\u0041\"]", 1},
              {"[\"\\ud800\\n\"]", 1},
              {"{\"a\\x\":1}", 1},
              {"]", 0},
              {"'a'", 0}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    size_t at = SIZE_MAX;
    og_json *root = parse(rows[i].text, &at);
    if (root || at != rows[i].at) fail_msg("%s: %s, at %zu", rows[i].text, root ? "taken" : "refused", at);
  }
  const char *where, with_nul[] = "[1]\0";
  og_json *root;
  assert_int_equal(og_json_parse(context, "a text", with_nul, 4, &where, &root), OG_ERR_DATA);
  assert_true(where == with_nul + 3);
}

/* Nesting costs stack: 32 brackets are taken, of both kinds, and 33 are not. */
static void nesting(void **state) {
  (void)state;
  for (int object = 0; object < 2; object++)
    for (int depth = 32; depth <= 33; depth++) {
      char text[512] = "";
      size_t at = 0, last = 0;
      for (int k = 0; k < depth; k++) last = strlen(text), strcat(text, object ? "{\"[\":" : "[");
      strcat(text, "1");
      for (int k = 0; k < depth; k++) strcat(text, object ? "}" : "]");
      og_json *root = parse(text, &at);
      assert_true((root != NULL) == (depth == 32));
      if (!root) assert_int_equal(at, last);
      og_free(context, root);
    }
}

/* ---- Beside cJSON ---- */

static uint64_t draw(uint64_t below) { /* splitmix64 */
  static uint64_t now = 1;
  uint64_t z = (now += UINT64_C(0x9e3779b97f4a7c15));
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return (z ^ (z >> 31)) % below;
}

static void make(char *text, int depth) {
  static const char *const leaves[] = {"0",    "-1.25e3",     "true",  "null",      "\"\"", "\"a\\\"b\"",
                                       "1e-7", "\"\\u00e9\"", "false", "\"[,]{}\"", "[]",   "{}"};
  uint64_t kind = depth ? draw(4) : 0;
  if (kind < 2) {
    strcat(text, leaves[draw(sizeof leaves / sizeof *leaves)]);
    return;
  }
  strcat(text, kind == 2 ? "[" : "{");
  for (uint64_t i = 0, count = draw(4); i < count; i++) {
    if (i) strcat(text, ",");
    if (kind == 3) strcat(text, draw(2) ? "\"k\" :" : "\"\\n\": ");
    make(text, depth - 1);
  }
  strcat(text, kind == 2 ? "]" : "}");
}

static int same(const og_json *mine, const cJSON *its) {
  size_t count = 0;
  if (mine->name ? !its->string || strcmp(mine->name, its->string) != 0 : its->string != NULL) return 0;
  if (mine->kind == OG_JSON_NUMBER) return cJSON_IsNumber(its) && mine->number == its->valuedouble;
  if (mine->kind == OG_JSON_STRING) return cJSON_IsString(its) && strcmp(mine->text, its->valuestring) == 0;
  if (mine->kind == OG_JSON_WORD) return cJSON_IsBool(its) || cJSON_IsNull(its);
  if (mine->kind == OG_JSON_ARRAY ? !cJSON_IsArray(its) : !cJSON_IsObject(its)) return 0;
  const cJSON *other = its->child;
  for (const og_json *entry = mine->first; entry; entry = entry->next, other = other->next, count++)
    if (!other || !same(entry, other)) return 0;
  return !other && mine->count == count;
}

/* Well-formed texts are read as cJSON reads them; with a byte changed or lost, what is taken it takes too (it
 * takes more: raw line breaks in strings, numbers such as 1.e). */
static void texts_that_are_made(void **state) {
  (void)state;
  int taken = 0;
  for (int round = 0; round < 4000; round++) {
    char text[4096] = "";
    make(text, 4);
    size_t length = strlen(text);
    if (round % 2 && length > 1) {
      static const char bytes[] = "[]{},:\"\\ 1ex\n";
      char *at = text + draw(length);
      if (draw(2))
        *at = bytes[draw(sizeof bytes - 1)];
      else
        memmove(at, at + 1, strlen(at));
    }
    og_json *mine = parse(text, NULL);
    cJSON *its = cJSON_ParseWithOpts(text, NULL, 1);
    if (mine ? !its || !same(mine, its) : round % 2 == 0) fail_msg("%s", text);
    taken += round % 2 && mine;
    cJSON_Delete(its);
    og_free(context, mine);
  }
  assert_in_range(taken, 100, 1900);
}

static void written_strings(void **state) {
  (void)state;
  char text[512], file_text[2048], *at = text;
  for (int c = 1; c < 128; c++) *at++ = (char)c;
  strcpy(at, "\xc3\xa9\\n\"");
  FILE *file = fmemopen(file_text, sizeof file_text, "w");
  assert_non_null(file);
  size_t size = og_json_put_string(file, text);
  assert_int_equal(ftell(file), size);
  fclose(file);
  assert_int_equal(og_json_put_string(NULL, text), size);
  assert_non_null(strstr(file_text, "\\u001f !\\\"#")); /* no more than must be is escaped */
  assert_non_null(strstr(file_text, "\\b\\t\\n\\u000b\\f\\r\\u000e"));
  og_json *root = parse(file_text, NULL);
  assert_non_null(root);
  assert_string_equal(root->text, text);
  og_free(context, root);
}

static og_status read_and_drop(og_context *own) {
  const char *where;
  og_json *root;
  OG_TRY(og_json_parse(own, "a text", "{\"a\": [1, \"b\"]}", 15, &where, &root));
  og_free(own, root);
  return OG_OK;
}

static void each_allocation(void **state) {
  (void)state;
  fail_each_allocation(read_and_drop);
}

int main(void) {
  context = new_context();
  const struct CMUnitTest tests[] = {cmocka_unit_test(strings),         cmocka_unit_test(numbers),
                                     cmocka_unit_test(trees),           cmocka_unit_test(refused),
                                     cmocka_unit_test(nesting),         cmocka_unit_test(texts_that_are_made),
                                     cmocka_unit_test(written_strings), cmocka_unit_test(each_allocation)};
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  og_context_destroy(context);
  return failed;
}

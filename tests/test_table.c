/* Tables: what CSV is read, what is refused and in which words, groups, and the way back to a file. */
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fields.h"
#include "io/io.h"

static og_status parse(og_context *context, const char *text, og_table **table) {
  return og_table_create_from_text(context, "data.csv", text, strlen(text), table);
}

static og_table *parsed(og_context *context, const char *text) {
  og_table *table;
  og_status status = parse(context, text, &table);
  if (status != OG_OK) fail_msg("%s", og_context_message(context));
  return table;
}

static void assert_column(const og_table *table, const char *name, size_t count, const double *expected) {
  const double *values = og_table_column(table, name);
  assert_non_null(values);
  assert_int_equal(og_table_rows(table), count);
  for (size_t i = 0; i < count; i++)
    assert_true(values[i] == expected[i] || (isnan(values[i]) && isnan(expected[i])));
}

/* ---- What is read ---- */

static void spellings_of_the_same_table(void **state) {
  (void)state;
  static const char *const texts[] = {
      "t,x\n1,2\n3,\n",
      "t,x\r\n1,2\r\n3,NA\r\n",
      "t,x\r1,2\r3,\r",
      "\xEF\xBB\xBFt,x\n1,2\n3,",
      "\n t , x \n\n 1 ,\t2\n   \n3, NA \n\n",
      "\"t\",\"x\"\n\"1\",\"2\"\n3,\"\"",
      "t,x\n+1.0e0,.2e1\n03,NA",
  };
  og_context *context = new_context();
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    og_table *table = parsed(context, texts[i]);
    assert_int_equal(og_table_columns(table), 2);
    assert_string_equal(og_table_column_name(table, 1), "x");
    assert_column(table, "t", 2, (double[]){1, 3});
    assert_column(table, "x", 2, (double[]){2, NAN});
    assert_int_equal(og_table_groups(table), 1);
    assert_int_equal(og_table_group_of_rows(table)[1], 0);
    assert_string_equal(og_table_group_name(table, 0), "");
    og_table_destroy(table);
  }
  og_context_destroy(context);
}

static void quoted_names_and_ids(void **state) {
  (void)state;
  og_context *context = new_context();
  og_table *table =
      parsed(context, "id,\"say \"\"x\"\", y\",x[1]\n\"a,b\",1,2\nc,3,4\n\"a,b\",5,6\n\"two\nlines\",7,8\n");
  assert_string_equal(og_table_column_name(table, 1), "say \"x\", y");
  assert_column(table, "x[1]", 4, (double[]){2, 4, 6, 8});
  assert_int_equal(og_table_groups(table), 3);
  const size_t *group = og_table_group_of_rows(table);
  assert_true(group[0] == 0 && group[1] == 1 && group[2] == 0 && group[3] == 2);
  assert_string_equal(og_table_group_name(table, 0), "a,b");
  assert_string_equal(og_table_group_name(table, 2), "two\nlines");
  assert_null(og_table_group_name(table, 3));
  assert_null(og_table_column(table, "y"));
  assert_null(og_table_column_name(table, 3));
  og_table_destroy(table);
  og_context_destroy(context);
}

/* ---- What is refused ---- */

static void malformed_tables_are_refused_with_their_place(void **state) {
  (void)state;
  static const struct {
    const char *text, *message;
  } rows[] = {
      {"", "data.csv:1:1: the file is empty"},
      {"\n\n  \n", "the file is empty"},
      {"t,x\n", "data.csv:2:1: the file has a header but no rows"},
      {"t,x\n1,2\n3,abc\n",
       "data.csv:3:3: column x: \"abc\" is not a number; expected a number, an empty cell or NA"},
      {"t,x\n1,2\n 3,   7 8\n", "data.csv:3:7: column x: \"7 8\" is not a number"},
      {"t,\xC3\xA4\nx\xC3\xA4x,1\n", "data.csv:2:1: column t: \"x\xC3\xA4x\""},
      {"id,x\n\xC3\xA4\xC3\xA4,y\n", "data.csv:2:4: column x: \"y\""}, /* characters are counted, not bytes */
      {"t,x\n1,inf\n",
       "data.csv:2:3: column x: \"inf\" is not a number; expected a number, or NA for a missing value"},
      {"t,x\n1,-Infinity\n", "\"-Infinity\" is not a number"},
      {"t,x\n1,nano\n", "\"nano\" is not a number; expected a number, or NA"},
      {"t,x\n1,..\n", "\"..\" is not a number; expected a number, or NA"},
      {"t,x\n1,-\n", "\"-\" is not a number"},
      {"id,x\n.,3\nNA,4\n", "data.csv:3:1: column id: \"NA\" is missing"}, /* any other text is an id */
      {"t,x,,y\n1,2,,3\n", "data.csv:1:5: column 3 has no name in the header"},
      {"t,x,,\n1,2,,3\n", "data.csv:2:6: the row has more than 2 cells; the header has 2 columns"},
      {"# t,x\n\n", "data.csv:3:1: the file is empty"},
      {"# t,x\n0,1.5\n1,2\n", "data.csv:2:1: this line holds numbers; expected a header"},
      {"t,x\n1,0x1F\n", "\"0x1F\" is hexadecimal"},
      {"t,x\n1,1e999\n", "data.csv:2:3: column x: \"1e999\" is too large for a double"},
      {"t,x\n1,2,3\n", "data.csv:2:5: the row has more than 2 cells; the header has 2 columns"},
      {"t,x\n1,2\n1\n", "data.csv:3:1: the row has 1 cell; the header has 2 columns"},
      {"t,x,t\n1,2,3\n", "data.csv:1:5: column 3 is named t like column 1"},
      {"t,,x\n1,2,3\n", "data.csv:1:3: column 2 has no name"},
      {"t;x\n1;2\n", "data.csv:1:1: the columns seem to be separated by semicolons; expected commas"},
      {"t\tx\n1\t2\n", "separated by tabs"},
      {"t,x\n1,\"2\n3,4\n", "data.csv:2:3: a quote is opened here and never closed"},
      {"t,x\n1,\"2\"3\n", "data.csv:2:6: text after the closing quote"},
      {"t,x\n1,2\"3\n", "data.csv:2:4: a quote within a cell"},
      {"\xEF\xBB\xBFt,x,x\n1,2,3\n", "data.csv:1:5: column 3 is named x like column 2"},
      {"\xEF\xBB\xBF", "data.csv:1:1: the file is empty"},
      {"id,x\n,3\n", "data.csv:2:1: column id: \"\" is missing; every row needs an id"},
      {"t,x\n1,\"a\nb\n", "data.csv:2:3: a quote"},
      {"t,x\n1,\"a\x1b[1m\nb\"\n", "\"a\xe2\x90\x9b[1m b\""}, /* a terminal shall not obey a data file */
      {"t,x\n\"1\n\n\",2\n", "data.csv:2:1: column t"},
      {"t,x\n1,aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeee\n",
       "\"aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd...\""},
  };
  og_context *context = new_context();
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    og_table *table = (og_table *)state;
    assert_int_equal(parse(context, rows[i].text, &table), OG_ERR_DATA);
    assert_null(table);
    assert_contains(og_context_message(context), rows[i].message);
  }
  og_context_destroy(context);
}

/* The words for missing values that other tools write, comments, and the columns that spreadsheets leave. */
static void what_other_tools_write(void **state) {
  (void)state;
  static const char text[] = "# made by hand\nt,x,y,,\n  # between\n0,NA,1,,\n1,NaN,nan\n2,n/a,N/A,\n\n"
                             "3,na,.,,,\n4,#N/A,\"\"\n# 5,6\n5,1,2\n# the end";
  og_context *context = new_context();
  og_table *table;
  CHECK(context, parse(context, text, &table));
  assert_int_equal(og_table_columns(table), 3);
  assert_column(table, "t", 6, (double[]){0, 1, 2, 3, 4, 5});
  assert_column(table, "x", 6, (double[]){NAN, NAN, NAN, NAN, NAN, 1});
  assert_column(table, "y", 6, (double[]){1, NAN, NAN, NAN, NAN, 2});
  assert_string_equal(og_table_name(table), "data.csv");
  const size_t lines[] = {4, 5, 6, 8, 9, 11};
  for (size_t row = 0; row < 6; row++) assert_int_equal(og_table_line(table, row), lines[row]);
  assert_int_equal(og_table_line(table, 6), 0);
  og_table_destroy(table);
  og_context_destroy(context);
}

static void keep_line(const char *line, void *user) { snprintf(user, 400, "%s", line); }

/* A row is not taken for a comment without a word. */
static void comments_that_look_like_rows(void **state) {
  (void)state;
  char note[400] = "";
  og_context *context = new_context();
  og_table *table;
  og_context_set_log(context, keep_line, note);
  CHECK(context, parse(context, "# a, b\nid,t\na,1\n# b\n#1,2\n#2,3\n", &table));
  assert_contains(note, "data.csv:5: a line that begins with #");
  assert_int_equal(og_table_rows(table), 1);
  og_table_destroy(table);
  og_context_destroy(context);
}

static void nul_bytes_are_refused(void **state) {
  (void)state;
  og_context *context = new_context();
  og_table *table;
  assert_int_equal(og_table_create_from_text(context, "u16.csv", "t\0,\0x\0\n\0", 8, &table), OG_ERR_DATA);
  assert_contains(og_context_message(context), "u16.csv:1:2: a NUL byte");
  assert_int_equal(og_table_create_from_text(context, "d.csv", "t,x\n1,\"2\0\"\n", 11, &table), OG_ERR_DATA);
  assert_contains(og_context_message(context), "d.csv:2:5: a NUL byte");
  og_context_destroy(context);
}

static void unreadable_files_are_named(void **state) {
  (void)state;
  og_context *context = new_context();
  og_table *table;
  assert_int_equal(og_table_create_from_csv(context, "/nowhere/data.csv", &table), OG_ERR_FILE);
  assert_string_equal(og_context_message(context),
                      "cannot read /nowhere/data.csv: No such file or directory");
  assert_null(table);
  og_context_destroy(context);
}

/* 1e5 ids and a line of 1e5 columns: quadratic work would take minutes here and run into the test's time
 * limit. */
static void large_inputs_take_linear_time(void **state) {
  (void)state;
  enum { N = 100000 };
  og_context *context = new_context();
  char *text = malloc(32 * N);
  size_t length = (size_t)sprintf(text, "id,x\n");
  for (int i = 0; i < N; i++) length += (size_t)sprintf(text + length, "r%d,%d\n", i, i);
  og_table *table = parsed(context, text);
  assert_int_equal(og_table_groups(table), N);
  assert_string_equal(og_table_group_name(table, N - 1), "r99999");
  assert_int_equal(og_table_group_of_rows(table)[N - 1], N - 1);
  og_table_destroy(table);
  length = 0;
  for (int i = 0; i < N; i++) length += (size_t)sprintf(text + length, "c%d%c", i, i == N - 1 ? '\n' : ',');
  for (int i = 0; i < N; i++) length += (size_t)sprintf(text + length, "%d%c", i, i == N - 1 ? '\n' : ',');
  table = parsed(context, text);
  assert_int_equal(og_table_columns(table), N);
  assert_true(og_table_column(table, "c77777")[0] == 77777);
  og_table_destroy(table);
  free(text);
  og_context_destroy(context);
}

/* ---- Tables made by hand ---- */

static void columns_are_added_once(void **state) {
  (void)state;
  og_context *context = new_context();
  og_table *table;
  assert_int_equal(og_table_create(context, 3, &table), OG_OK);
  assert_int_equal(og_table_add_column(table, "x", (double[]){1, 2, 3}), OG_OK);
  assert_int_equal(og_table_add_column(table, "x", (double[]){1, 2, 3}), OG_ERR_ARGUMENT);
  assert_contains(og_context_message(context), "column x already");
  assert_int_equal(og_table_add_column(table, "", (double[]){1, 2, 3}), OG_ERR_ARGUMENT);
  assert_int_equal(og_table_add_column(table, "id", (double[]){1, NAN, 3}), OG_ERR_DATA);
  assert_int_equal(og_table_add_column(table, "id", (double[]){7, 2.5, 7}), OG_OK);
  assert_int_equal(og_table_groups(table), 2);
  assert_string_equal(og_table_group_name(table, 1), "2.5");
  assert_int_equal(og_table_group_of_rows(table)[2], 0);
  assert_int_equal(og_table_columns(table), 2);
  og_table_destroy(table);
  og_context_destroy(context);
}

/* ---- Files ---- */

static char folder[] = "/tmp/odegrad-table-XXXXXX";

static int make_folder(void **state) {
  (void)state;
  return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
  (void)state;
  return rmdir(folder); /* fails if a test or a temporary name is left in it */
}

static const char *in_folder(const char *name) {
  static char path[128];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

static void written_tables_read_back_to_the_same_bits(void **state) {
  (void)state;
  enum { N = 500 };
  og_context *context = new_context();
  double values[N], ids[N];
  og_rng rng;
  og_rng_seed(&rng, 5, 0);
  for (int i = 0; i < N; i++) {
    values[i] = i % 7 ? og_rng_normal(&rng) * pow(10, i % 600 - 300) : NAN;
    ids[i] = i % 3;
  }
  og_table *table, *back;
  assert_int_equal(og_table_create(context, N, &table), OG_OK);
  assert_int_equal(og_table_add_column(table, "id", ids), OG_OK);
  assert_int_equal(og_table_add_column(table, "a \"quoted\", name", values), OG_OK);
  assert_int_equal(og_table_write_csv(table, in_folder("t.csv")), OG_OK);
  assert_int_equal(og_table_create_from_csv(context, in_folder("t.csv"), &back), OG_OK);
  assert_column(back, "a \"quoted\", name", N, values);
  assert_int_equal(og_table_groups(back), 3);
  assert_memory_equal(og_table_group_of_rows(back), og_table_group_of_rows(table), N * sizeof(size_t));
  unlink(in_folder("t.csv"));
  og_table_destroy(table);
  og_table_destroy(back);
  og_context_destroy(context);
}

/* The text is as long as it is said to be, whatever stands behind it. */
static void texts_end_where_they_end(void **state) {
  (void)state;
  static const char text[] = "t,x\n1,2";
  static const char *const behind[] = {",3", "5", "\"", "\n3", "", " "};
  for (size_t i = 0; i < sizeof behind / sizeof *behind; i++) {
    char longer[32];
    og_table *table;
    og_context *context = new_context();
    snprintf(longer, sizeof longer, "%s%s", text, behind[i]);
    assert_int_equal(og_table_create_from_text(context, "t.csv", longer, sizeof text - 1, &table), OG_OK);
    assert_column(table, "x", 1, (double[]){2});
    og_table_destroy(table);
    og_context_destroy(context);
  }
}

/* Ids that a reader would cut, take for a comment, for a byte order mark or for a missing one. */
static void ids_come_back_as_they_were(void **state) {
  (void)state;
  static const char *const ids[] = {
      "plain",    "a,b", "say \"x\"", "\"", "two\nlines",       "r\r", " before",
      "behind\t", "#3",  "NA",        "na", "\xEF\xBB\xBFmark", "3",   "1e3"};
  enum { COUNT = sizeof ids / sizeof *ids };
  og_context *context = new_context();
  og_table *table, *back;
  double zeros[COUNT] = {0};
  assert_int_equal(og_table_create(context, COUNT, &table), OG_OK);
  assert_int_equal(og_table_append(table, "id", zeros), OG_OK);
  for (size_t i = 0; i < COUNT; i++) assert_true(og_names_add(&table->groups, ids[i], &table->row_group[i]));
  assert_int_equal(og_table_append(table, "#", zeros), OG_OK); /* and a name */
  assert_int_equal(og_table_write_csv(table, in_folder("t.csv")), OG_OK);
  assert_int_equal(og_table_create_from_csv(context, in_folder("t.csv"), &back), OG_OK);
  assert_int_equal(og_table_groups(back), COUNT);
  for (size_t i = 0; i < COUNT; i++) assert_string_equal(og_table_group_name(back, i), ids[i]);
  assert_string_equal(og_table_column_name(back, 1), "#");
  unlink(in_folder("t.csv"));
  og_table_destroy(table);
  og_table_destroy(back);
  og_context_destroy(context);
}

static void a_written_file_is_readable_text(void **state) {
  (void)state;
  og_context *context = new_context();
  og_table *table = parsed(context, "id,t,x\nhare 1,0.1,\n\"a,b\",2,1e-20\n");
  assert_int_equal(og_table_write_csv(table, in_folder("t.csv")), OG_OK);
  char *text;
  size_t length;
  assert_int_equal(og_read_file(context, in_folder("t.csv"), &text, &length), OG_OK);
  assert_string_equal(text, "id,t,x\nhare 1,0.1,NA\n\"a,b\",2,1e-20\n");
  og_free(context, text);
  unlink(in_folder("t.csv"));
  og_table_destroy(table);
  og_context_destroy(context);
}

static void what_cannot_be_written_is_refused(void **state) {
  (void)state;
  og_context *context = new_context();
  og_table *table;
  assert_int_equal(og_table_create(context, 1, &table), OG_OK);
  assert_int_equal(og_table_write_csv(table, in_folder("t.csv")), OG_ERR_STATE);
  assert_int_equal(og_table_add_column(table, "x", (double[]){1}), OG_OK);
  assert_int_equal(og_table_write_csv(table, "/nowhere/t.csv"), OG_ERR_FILE);
  assert_string_equal(og_context_message(context), "cannot write /nowhere/t.csv: No such file or directory");
  assert_int_equal(og_table_write_csv(table, folder), OG_ERR_FILE);
  assert_contains(og_context_message(context), "directory");
  if (access("/dev/full", W_OK) == 0) {
    assert_int_equal(og_table_write_csv(table, "/dev/full"), OG_ERR_FILE);
    assert_contains(og_context_message(context), "No space left");
  }
  og_table_destroy(table);
  assert_int_equal(og_table_create(context, 3, &table), OG_OK);
  assert_int_equal(og_table_add_column(table, "x", (double[]){1, NAN, 3}), OG_OK);
  assert_int_equal(og_table_add_column(table, "y", (double[]){1, 2, -INFINITY}), OG_OK);
  assert_int_equal(og_table_write_csv(table, in_folder("t.csv")), OG_ERR_NOT_FINITE);
  assert_contains(og_context_message(context), "column y is infinite in row 3");
  og_table_destroy(table);
  og_context_destroy(context);
}

/* A link stays a link: the file it points to gets the new text. */
static void links_are_followed(void **state) {
  (void)state;
  og_context *context = new_context();
  char target[128];
  snprintf(target, sizeof target, "%s", in_folder("real.csv"));
  FILE *file = fopen(target, "w");
  assert_non_null(file);
  fclose(file);
  assert_int_equal(symlink("real.csv", in_folder("link.csv")), 0);
  og_table *table = parsed(context, "x\n1\n");
  assert_int_equal(og_table_write_csv(table, in_folder("link.csv")), OG_OK);
  struct stat facts;
  assert_int_equal(lstat(in_folder("link.csv"), &facts), 0);
  assert_true(S_ISLNK(facts.st_mode));
  assert_int_equal(stat(target, &facts), 0);
  assert_int_equal(facts.st_size, 4);
  unlink(in_folder("link.csv"));
  unlink(target);
  og_table_destroy(table);
  og_context_destroy(context);
}

static og_status live(og_context *context) {
  og_table *table = NULL, *made = NULL;
  og_status status = parse(context, "id,t,a,b,c,d,e,f,g\nx,1,2,3,4,5,6,7,8\ny,1,2,3,4,5,6,7,8\n", &table);
  if (status == OG_OK) status = og_table_create(context, 2, &made);
  if (status == OG_OK) status = og_table_add_column(made, "id", og_table_column(table, "t"));
  if (status == OG_OK) status = og_table_write_csv(table, in_folder("m.csv"));
  if (status == OG_OK) unlink(in_folder("m.csv"));
  og_table_destroy(table);
  og_table_destroy(made);
  return status;
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  fail_each_allocation(live);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(spellings_of_the_same_table),
      cmocka_unit_test(quoted_names_and_ids),
      cmocka_unit_test(texts_end_where_they_end),
      cmocka_unit_test(ids_come_back_as_they_were),
      cmocka_unit_test(what_other_tools_write),
      cmocka_unit_test(comments_that_look_like_rows),
      cmocka_unit_test(malformed_tables_are_refused_with_their_place),
      cmocka_unit_test(nul_bytes_are_refused),
      cmocka_unit_test(unreadable_files_are_named),
      cmocka_unit_test(large_inputs_take_linear_time),
      cmocka_unit_test(columns_are_added_once),
      cmocka_unit_test(written_tables_read_back_to_the_same_bits),
      cmocka_unit_test(a_written_file_is_readable_text),
      cmocka_unit_test(what_cannot_be_written_is_refused),
      cmocka_unit_test(links_are_followed),
      cmocka_unit_test(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

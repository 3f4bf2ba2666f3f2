/* What is said of the columns and rows of data: to the letter, and whatever their number and length. */
#include "fitting.h"
#include "fit/data.h"

static char notes[8192];
static void take_note(const char *line, void *user) {
  (void)user;
  snprintf(notes + strlen(notes), sizeof notes - strlen(notes), "%s\n", line);
}

/* The status of an objective, its message in the context, and what was noted. */
static og_status try_data(og_context *context, const char *model_text, const char *csv) {
  og_model *model = NULL;
  og_table *table = NULL;
  og_objective *objective = NULL;
  notes[0] = '\0';
  og_context_set_log(context, take_note, NULL);
  CHECK(context, og_model_create_from_text(context, "m.ode", model_text, strlen(model_text), &model));
  CHECK(context, og_table_create_from_text(context, "d.csv", csv, strlen(csv), &table));
  og_status status = og_objective_create(context, model, table, NULL, &objective);
  og_objective_destroy(objective);
  og_table_destroy(table);
  og_model_destroy(model);
  return status;
}

/* ---- Columns that are not used ---- */

#define DRIVEN                                                                                               \
  "param k = 1\ninput u\ninit x = 1, y = 1\nx' = -k*x\ny' = u\n"                                             \
  "observe x ~ normal(x, 1)\nobserve y ~ normal(y, 1)\n"

/* Those that the model reads are none of them, whichever name time has; up to five are named, each by 36
 * letters. */
static void unused_columns_are_noted(void **state) {
  (void)state;
  static const char *const others[] = {"a", "time2", "x2", "a_name_of_more_than_thirty_six_letters_in_all",
                                       "U", "b",     "c"};
  static const char *const shown[] = {"a", "time2", "x2", "a_name_of_more_than_thirty_six_letter", "U"};
  og_context *context = new_context();
  for (int named = 0; named < 2; named++)
    for (int unused = 0; unused <= 7; unused++) {
      char csv[800], list[400] = "", want[600];
      size_t used = (size_t)snprintf(csv, sizeof csv, "%s,id,x,u,y", named ? "time" : "t");
      for (int i = 0; i < unused; i++)
        used += (size_t)snprintf(csv + used, sizeof csv - used, ",%s", others[i]);
      for (int row = 0; row < 2; row++) {
        used += (size_t)snprintf(csv + used, sizeof csv - used, "\n%d,a,1,2,3", row);
        for (int i = 0; i < unused; i++) used += (size_t)snprintf(csv + used, sizeof csv - used, ",%d", i);
      }
      for (int i = 0; i < unused && i < 5; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%.36s", i ? ", " : "", shown[i]);
      if (unused == 0) want[0] = '\0';
      if (unused == 1)
        snprintf(want, sizeof want,
                 "note: the model does not observe column %s of the data; it is not used\n", list);
      if (unused > 1)
        snprintf(want, sizeof want,
                 "note: the model does not observe %d columns of the data; they are not used: %s%s\n", unused,
                 list, unused > 5 ? ", ..." : "");
      CHECK(context, try_data(context, DRIVEN, csv));
      assert_string_equal(notes, want);
    }
  og_context_destroy(context);
}

/* ---- The list of the columns that there are ---- */

/* All of them where they fit into 399 letters; else as much as fits, of which the last three are dots. */
static void columns_are_listed(void **state) {
  (void)state;
  enum { ROOM = 400 };
  og_context *context = new_context();
  int cut = 0, whole = 0;
  for (int count = 1; count <= 30; count++)
    for (int width = 1; width < 40; width += 3) {
      char csv[4000] = "", all[2000] = "";
      for (int i = 0; i < count; i++) {
        char name[64];
        snprintf(name, sizeof name, "c%d%.*s", i, width, "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq");
        snprintf(csv + strlen(csv), sizeof csv - strlen(csv), "%s%s", i ? "," : "", name);
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i ? ", " : "", name);
      }
      for (int i = 0; i < count; i++)
        snprintf(csv + strlen(csv), sizeof csv - strlen(csv), "%s1", i ? "," : "\n");
      assert_int_equal(try_data(context, "init x = 1\nx' = 0\nobserve x ~ normal(x, 1)\n", csv), OG_ERR_NAME);
      const char *list = strstr(og_context_message(context), "its columns are: ");
      assert_non_null(list);
      list += strlen("its columns are: ");
      size_t length = strlen(list);
      if (length == strlen(all)) {
        assert_string_equal(list, all);
        whole++;
        continue;
      }
      cut++;
      assert_true(strlen(all) > ROOM - 5 && length < ROOM && length + 44 > ROOM);
      int dots = strcmp(list + length - 3, "...") == 0;
      assert_memory_equal(list, all, dots ? length - 3 : length);
      assert_true(dots == (length == ROOM - 1));
    }
  assert_true(cut > 20 && whole > 20);
  og_context_destroy(context);
}

/* ---- Times ---- */

/* A backward span is offered where the model has none and no row of any trajectory goes forward, and it holds
 * the times of all. */
static void a_backward_span_is_offered(void **state) {
  (void)state;
  static const struct {
    const char *rows, *span, *offer;
  } cases[] = {
      {"a,3\na,2\na,1\n", "", "`time 3 : 1` into the model"},
      {"a,3\na,2\na,2\n", "", "`time 3 : 2` into the model"},
      {"a,3\na,2\na,2.5\n", "", NULL},
      {"a,3\na,2\na,1\n", "time 0 : 5\n", NULL},
      {"a,3\na,2\nb,7\nb,-4.5\n", "", "`time 7 : -4.5` into the model, where every trajectory then starts"},
      {"a,3\nb,7\na,2\nb,6\nc,1\n", "", "`time 7 : 1` into the model, where every trajectory then starts"},
      {"a,3\nb,1\na,2\nb,1.5\n", "", NULL},
      {"c,9\na,3\na,2\nb,7\nb,6\nb,8\n", "", NULL}};
  og_context *context = new_context();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char csv[300] = "id,t,x\n", model[200];
    for (const char *row = cases[i].rows; *row; row = strchr(row, '\n') + 1)
      snprintf(csv + strlen(csv), sizeof csv - strlen(csv), "%.*s,1\n", (int)(strchr(row, '\n') - row), row);
    snprintf(model, sizeof model, "param k = 1\ninit x = k\nx' = 0\nobserve x ~ normal(x, 1)\n%s",
             cases[i].span);
    assert_int_equal(try_data(context, model, csv), OG_ERR_DATA);
    const char *offer = strstr(og_context_message(context), "; to integrate backward, write ");
    if (!cases[i].offer) assert_null(offer);
    if (cases[i].offer) assert_non_null(offer);
    if (offer) assert_string_equal(offer + strlen("; to integrate backward, write "), cases[i].offer);
  }
  og_context_destroy(context);
}

/* Times at the ends of the span belong to it, in either direction; those beyond are named with their row. */
static void spans_hold_their_ends(void **state) {
  (void)state;
  static const struct {
    const char *span, *rows, *said;
  } cases[] = {
      {"time 0 : 2\n", "0,1\n2,1\n", NULL},
      {"time 2 : 0\n", "2,1\n0,1\n", NULL},
      {"time 0 : 2\n", "0,1\n0,1\n2,1\n2,1\n", NULL},
      {"time 0 : 2\n", "-1e-9,1\n2,1\n",
       "d.csv:2: data row 1: time -1e-09 lies outside the model's `time 0 : 2`"},
      {"time 0 : 2\n", "0,1\n2.5,1\n", "d.csv:3: data row 2: time 2.5 lies outside the model's `time 0 : 2`"},
      {"time 2 : 0\n", "2,1\n-0.5,1\n",
       "d.csv:3: data row 2: time -0.5 lies outside the model's `time 2 : 0`"},
      {"time 2 : 0\n", "3,1\n1,1\n", "d.csv:2: data row 1: time 3 lies outside the model's `time 2 : 0`"},
      {"time 2 : 0\n", "1,1\n2,1\n", "d.csv:3: data row 2: time 2 comes after 1"},
      {"", "0,1\n,1\n", "d.csv:3: data row 2: the time (column t) is missing"}};
  og_context *context = new_context();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char csv[200], model[200];
    snprintf(csv, sizeof csv, "t,x\n%s", cases[i].rows);
    snprintf(model, sizeof model, "param k = 1\ninit x = k\nx' = 0\nobserve x ~ normal(x, 1)\n%s",
             cases[i].span);
    assert_int_equal(try_data(context, model, csv), cases[i].said ? OG_ERR_DATA : OG_OK);
    if (cases[i].said) assert_contains(og_context_message(context), cases[i].said);
  }
  og_context_destroy(context);
}

/* ---- Values that a distribution cannot give ---- */

static void supports_have_their_edges(void **state) {
  (void)state;
  static const struct {
    const char *observe, *good[4], *bad[5], *needs;
  } cases[] = {
      {"normal(x, 1)", {"-1e300", "0", "1e300"}, {NULL}, "needs a finite number"},
      {"lognormal(x, 1)", {"1e-300", "1", "1e300"}, {"0", "-1e-300"}, "needs a number above 0"},
      {"exponential(1 + x)", {"0", "1e-300", "7.5"}, {"-1e-300"}, "needs 0 or more"},
      {"poisson(1 + x)", {"0", "1", "123456"}, {"-1", "0.5", "1.0000001"}, "needs a count: 0, 1, 2, ..."},
      {"bernoulli(0.5 + 0.1*x)", {"0", "1"}, {"2", "0.5", "-1", "1e-9"}, "needs 0 or 1"},
      {"categorical_logit([x, 2*x, x])",
       {"1", "2", "3"},
       {"0", "4", "1.5", "-1"},
       "needs a class from 1 to 3"}};
  og_context *context = new_context();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    for (int k = 0; k < 9; k++) {
      const char *value = k < 4 ? cases[i].good[k] : cases[i].bad[k - 4];
      char csv[100], model[200], said[200];
      if (!value) continue;
      snprintf(csv, sizeof csv, "t,y\n0,\n1.5,%s\n", value);
      snprintf(model, sizeof model, "param k = 1\ninit x = 1\nx' = 0*k\nobserve y ~ %s\n", cases[i].observe);
      og_status status = try_data(context, model, csv);
      if (status != (k < 4 ? OG_OK : OG_ERR_DATA))
        fail_msg("%s of %s: %s", value, cases[i].observe, og_context_message(context));
      if (k < 4) continue;
      snprintf(said, sizeof said,
               "d.csv:3: data row 2 (t = 1.5), column 'y': %g, but its distribution in the model %s;",
               strtod(value, NULL), cases[i].needs);
      assert_contains(og_context_message(context), said);
    }
  og_context_destroy(context);
}

/* ---- Where a row stands ---- */

/* A long path keeps its end. */
static void files_are_named(void **state) {
  (void)state;
  og_context *context = new_context();
  for (size_t length = 1; length<400; length += length> 160 && length < 175 ? 1 : 9) {
    char name[512], text[OG_FILE_SIZE], want[700];
    og_table *table = NULL;
    for (size_t i = 0; i < length; i++) name[i] = (char)('a' + i % 26);
    name[length] = '\0';
    CHECK(context, og_table_create_from_text(context, name, "t\n1\n\n2\n", 7, &table));
    size_t most = OG_FILE_SIZE - 32, cut = length > most ? length - most : 0;
    snprintf(want, sizeof want, "%s%s:4: ", cut ? "..." : "", name + cut);
    assert_string_equal(og_data_file(table, 1, text), want);
    snprintf(want, sizeof want, "%s%s: ", cut ? "..." : "", name + cut);
    assert_string_equal(og_data_file(table, OG_NO_ROW, text), want);
    og_table_destroy(table);
  }
  char text[OG_FILE_SIZE];
  assert_string_equal(og_data_file(NULL, 0, text), "");
  og_context_destroy(context);
}

/* ---- Rows of trajectories ---- */

/* Rows of several trajectories in any order, some without a value: each trajectory has its own, in their
 * order. */
static void rows_are_sorted_by_trajectory(void **state) {
  (void)state;
  static const char csv[] = "id,t,x,y\nb,0,1,\na,1,,\nc,0,,2\na,2,3,4\nb,5,,\nc,7,5,6\na,3,,7\nb,6,8,\n";
  static const size_t first[] = {0, 2, 4, 6}, row[] = {0, 7, 3, 6, 2, 5};
  static const double times[] = {0, 6, 2, 3, 0, 7};
  static const double values[] = {1, 1, 1, 0, 8, 1, 1, 0, 3, 4, 1, 1, 1, 7, 0, 1, 1, 2, 0, 1, 5, 6, 1, 1};
  static const char text[] =
      "init x = 1, y = 1\nx' = 0\ny' = 0\nobserve x ~ normal(x, 1)\nobserve y ~ normal(y, 1)\n";
  og_context *context = new_context();
  og_model *model = NULL;
  og_table *table = NULL;
  og_data *data = NULL;
  CHECK(context, og_model_create_from_text(context, "m", text, sizeof text - 1, &model));
  CHECK(context, og_table_create_from_text(context, "d", csv, sizeof csv - 1, &table));
  CHECK(context, og_data_create(context, model, table, &data));
  assert_true(data->trajectories == 3 && data->count == 6 && data->columns == 2);
  assert_memory_equal(data->first, first, sizeof first);
  assert_memory_equal(data->row, row, sizeof row);
  assert_memory_equal(data->times, times, sizeof times);
  assert_memory_equal(data->values, values, sizeof values);
  static const double t0[] = {0, 1, 0}, t1[] = {6, 3, 7};
  assert_memory_equal(data->t0, t0, sizeof t0);
  assert_memory_equal(data->t1, t1, sizeof t1);
  og_data_destroy(data);
  og_table_destroy(table);
  og_model_destroy(model);
  og_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(unused_columns_are_noted),     cmocka_unit_test(columns_are_listed),
      cmocka_unit_test(a_backward_span_is_offered),   cmocka_unit_test(spans_hold_their_ends),
      cmocka_unit_test(supports_have_their_edges),    cmocka_unit_test(files_are_named),
      cmocka_unit_test(rows_are_sorted_by_trajectory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

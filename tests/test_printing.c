/* How the tool prints what it has: names of entries, tables and CSV of columns, messages of its own and the
 * exit statuses that go with them. */
#include "caught.h"

/* ---- Names ---- */

static void is_name(char *name, const char *expected) {
  assert_string_equal(name, expected);
  free(name);
}

static void names_of_entries(void **state) {
  (void)state;
  static const char *const matrix[] = {"W[1,1]", "W[1,2]", "W[1,3]", "W[2,1]", "W[2,2]", "W[2,3]"};
  static const char *const row[] = {"W[1,1]", "W[1,2]"}, *const column[] = {"W[1]", "W[2]", "W[3]"};
  for (size_t k = 0; k < 6; k++) is_name(entry_name("W", 2, 3, k), matrix[k]);
  for (size_t k = 0; k < 2; k++) is_name(entry_name("W", 1, 2, k), row[k]);
  for (size_t k = 0; k < 3; k++) is_name(entry_name("W", 3, 1, k), column[k]);
  is_name(entry_name("W", 1, 1, 0), "W");
}

static void names_of_parameters_and_states(void **state) {
  (void)state;
  static const char *const parameters[] = {"k",      "A[1,1]", "A[1,2]", "A[2,1]",
                                           "A[2,2]", "v[1]",   "v[2]",   "v[3]"},
                           *const states[] = {"x[1]", "x[2]", "s"};
  loaded l;
  load(&l,
       "param k = 1\nparam A[2,2] = [[1, 2], [3, 4]]\nparam v[3] = [1, 2, 3]\ninit x = [1, 2]\ninit s = 0\n"
       "x' = A*x\ns' = k*sum(v)\ntime 0 : 1\n",
       NULL);
  assert_int_equal(l.p.p, LENGTH(parameters));
  assert_int_equal(l.p.n, LENGTH(states));
  for (size_t i = 0; i < LENGTH(parameters); i++) is_name(parameter_name(&l.p, i), parameters[i]);
  for (size_t i = 0; i < LENGTH(states); i++) is_name(state_name(&l.p, i), states[i]);
  is_name(id_suffix(&l.p, 0), "");
  drop(&l);
  load(&l, "init x = 1\nx' = -x\ntime 0 : 1\n", "id,t\na,0\n\"b \"\"2\"\"\",1\n");
  is_name(id_suffix(&l.p, 0), " (a)");
  is_name(id_suffix(&l.p, 1), " (b \"2\")");
  drop(&l);
}

/* ---- Columns ---- */

typedef struct made {
  solution s;
  columns c;
} made;

/* `counts` rows of each trajectory: t is the row's number, and column i of row r has 10 r + i + 1/8. */
static void make(made *m, const loaded *l, const size_t *counts, size_t columns, const char *const *names) {
  *m = (made){.s = {.n = 1}};
  allot_solution(&l->p, counts, &m->s);
  size_t rows = m->s.starts[m->s.trajectories];
  m->c = new_columns(&l->p, &m->s, columns);
  for (size_t i = 0; i < columns; i++) m->c.names[i] = join("%s", names[i]);
  for (size_t row = 0; row < rows; row++) {
    m->s.t[row] = (double)row;
    for (size_t i = 0; i < columns; i++) m->c.values[row * columns + i] = (double)(10 * row + i) + 0.125;
  }
}

static void drop_made(made *m) {
  free_columns(&m->c);
  free_solution(&m->s);
}

static const char model_text[] = "init x = 1\nx' = -x\ntime 0 : 1\n";

/* None, one and several rows; with names that are wider than the numbers. */
static void columns_in_tables(void **state) {
  (void)state;
  static const char *const names[] = {"x", "a.name.of.19.letter"};
  loaded l;
  made m;
  load(&l, model_text, NULL);
  make(&m, &l, (size_t[]){0}, 2, names);
  begin_printing(STDOUT_FILENO), print_columns(&m.c), prints("t  x  a.name.of.19.letter\n");
  begin_printing(STDOUT_FILENO), print_columns_part(&m.c, 1);
  prints("              t                x  a.name.of.19.letter\n");
  begin_printing(STDOUT_FILENO), write_columns_part(&m.c, 1, stdout), prints("t,x,a.name.of.19.letter\n");
  drop_made(&m);
  make(&m, &l, (size_t[]){1}, 0, names);
  begin_printing(STDOUT_FILENO), print_columns(&m.c), prints("t\n0\n");
  begin_printing(STDOUT_FILENO), write_columns_part(&m.c, 1, stdout), prints("t\n0\n");
  drop_made(&m);
  make(&m, &l, (size_t[]){2}, 2, names);
  m.c.values[3] = -1.2345678e-300;
  m.c.values[1] = NAN;
  begin_printing(STDOUT_FILENO), print_columns(&m.c);
  prints("t       x  a.name.of.19.letter\n"
         "0   0.125                  nan\n"
         "1  10.125      -1.2345678e-300\n");
  begin_printing(STDOUT_FILENO), print_columns_part(&m.c, 1);
  prints("              t                x  a.name.of.19.letter\n"
         "              0            0.125                  nan\n"
         "              1           10.125      -1.2345678e-300\n");
  begin_printing(STDOUT_FILENO), print_columns_part(&m.c, 0);
  prints("              0            0.125                  nan\n"
         "              1           10.125      -1.2345678e-300\n");
  begin_printing(STDOUT_FILENO), write_columns_part(&m.c, 0, stdout);
  prints("0,0.125,NA\n1,10.125,-1.2345678e-300\n");
  m.c.values[1] = -INFINITY;
  begin_printing(STDOUT_FILENO), write_columns_part(&m.c, 0, stdout);
  prints("0,0.125,NA\n1,10.125,-1.2345678e-300\n");
  drop_made(&m);
  drop(&l);
}

/* Ids stand on the left, in the room of the widest one; a trajectory without rows leaves no trace. */
static void columns_of_trajectories(void **state) {
  (void)state;
  static const char *const names[] = {"x"};
  loaded l;
  made m;
  load(&l, model_text, "id,t\nB\303\244r,0\na,0\nlonger,0\n");
  make(&m, &l, (size_t[]){1, 0, 2}, 1, names);
  begin_printing(STDOUT_FILENO), print_columns(&m.c);
  prints("id      t       x\n"
         "B\303\244r     0   0.125\n"
         "longer  1  10.125\n"
         "longer  2  20.125\n");
  begin_printing(STDOUT_FILENO), print_columns_part(&m.c, 1);
  prints("id                    t                x\n"
         "B\303\244r                   0            0.125\n"
         "longer                1           10.125\n"
         "longer                2           20.125\n");
  begin_printing(STDOUT_FILENO), write_columns_part(&m.c, 1, stdout);
  prints("id,t,x\nB\303\244r,0,0.125\nlonger,1,10.125\nlonger,2,20.125\n");
  drop_made(&m);
  drop(&l);
  load(&l, model_text, "id,t\na,0\n"); /* the heading is the widest */
  make(&m, &l, (size_t[]){1}, 1, names);
  begin_printing(STDOUT_FILENO), print_columns_part(&m.c, 1);
  prints("id                t                x\na                 0            0.125\n");
  drop_made(&m);
  drop(&l);
}

static void columns_as_json(void **state) {
  (void)state;
  static const char *const names[] = {"x", "y", "z"};
  loaded l;
  made m;
  load(&l, model_text, "id,t\na,0\nb,0\n");
  make(&m, &l, (size_t[]){1, 2}, 3, names);
  static const char *const expected[] = {"{\"y\":[1.125],\"z\":[2.125]}",
                                         "{\"y\":[11.125,21.125],\"z\":[12.125,22.125]}"};
  for (size_t k = 0; k < 2; k++) {
    cJSON *object = columns_json(&m.c, 1, 2, k);
    char *json = cJSON_PrintUnformatted(object);
    assert_string_equal(json, expected[k]);
    cJSON_free(json);
    cJSON_Delete(object);
  }
  drop_made(&m);
  drop(&l);
}

/* Names as CSV has them. Read back they are what they were. */
static void names_in_csv(void **state) {
  (void)state;
  static const struct {
    const char *name, *cell;
  } names[] = {{"plain", "plain"},
               {"a b", "a b"},
               {"a#b", "a#b"},
               {"a\tb", "a\tb"},
               {"NAN", "NAN"},
               {"a,b", "\"a,b\""},
               {",", "\",\""},
               {"a\"b", "\"a\"\"b\""},
               {"\"", "\"\"\"\""},
               {"\"\"", "\"\"\"\"\"\""},
               {"a\nb", "\"a\nb\""},
               {"a\rb", "\"a\rb\""},
               {" a", "\" a\""},
               {"a ", "\"a \""},
               {"\ta", "\"\ta\""},
               {"a\t", "\"a\t\""},
               {"#a", "\"#a\""},
               {"NA", "\"NA\""},
               {"\357\273\277a", "\"\357\273\277a\""}};
  const char *all[LENGTH(names)];
  char file[80], expected[400] = "t";
  loaded l;
  made m;
  og_table *table;
  for (size_t i = 0; i < LENGTH(names); i++) {
    all[i] = names[i].name;
    strcat(strcat(expected, ","), names[i].cell);
  }
  strcat(expected, "\n");
  load(&l, model_text, NULL);
  make(&m, &l, (size_t[]){1}, LENGTH(names), all);
  begin_printing(STDOUT_FILENO), write_columns_part(&m.c, 1, stdout);
  assert_memory_equal(printed(STDOUT_FILENO), expected, strlen(expected));
  snprintf(file, sizeof file, "%s/out.csv", l.folder);
  assert_int_equal(write_columns(&m.c, file), EXIT_DONE);
  assert_int_equal(og_table_create_from_csv(l.p.context, file, &table), OG_OK);
  for (size_t i = 0; i < LENGTH(names); i++) {
    assert_string_equal(og_table_column_name(table, i + 1), all[i]);
    assert_true(og_table_column(table, all[i])[0] == m.c.values[i]);
  }
  og_table_destroy(table);
  unlink(file);
  drop_made(&m);
  drop(&l);
}

/* ---- Aligned tables ---- */

/* Two rows of three columns, of which the first 0 to 3 are on the left. */
static void aligned_tables(void **state) {
  (void)state;
  static const char *const expected[] = {
      "   a  bb  \303\244\ncccc   d  e\n", "a     bb  \303\244\ncccc   d  e\n",
      "a     bb  \303\244\ncccc  d   e\n", "a     bb  \303\244\ncccc  d   e\n"};
  for (size_t left = 0; left < 4; left++) {
    text_table table = new_table(3);
    add_cell(&table, "a"), add_cell(&table, "bb"), add_cell(&table, "%s", "\303\244");
    add_cell(&table, "cccc"), add_cell(&table, "d"), add_text(&table, join("e"));
    begin_printing(STDOUT_FILENO), print_table(&table, left);
    prints(expected[left]);
    assert_true(!table.cells && !table.count);
  }
}

/* More cells than a table has room for at first; and 0/0, whose sign is the machine's. */
static void cells_of_tables(void **state) {
  (void)state;
  enum { CELLS = 200 };
  char expected[4 * CELLS + 1] = "";
  text_table table = new_table(1);
  for (int i = 0; i < CELLS; i++) {
    add_cell(&table, "%d", 100 + i);
    char cell[16];
    snprintf(cell, sizeof cell, "%d\n", 100 + i);
    memcpy(expected + 4 * i, cell, 4);
  }
  begin_printing(STDOUT_FILENO), print_table(&table, 1), prints(expected);
  table = new_table(1);
  add_cell(&table, "%g", (double)-NAN), add_cell(&table, "%s", "-nan"), add_cell(&table, "%g", -1.0);
  begin_printing(STDOUT_FILENO), print_table(&table, 1), prints("nan\n-nan\n-1\n");
  table = new_table(2);
  begin_printing(STDOUT_FILENO), print_table(&table, 1), prints("");
}

/* A line break or a tab in a cell is a space; what a terminal would obey is shown by its Unicode picture. */
static void cells_of_one_line(void **state) {
  (void)state;
  static const struct {
    const char *text, *line;
  } cases[] = {{"", ""},
               {" ~", " ~"},
               {"a\nb\tc", "a b c"},
               {"a\033[1m", "a\342\220\233[1m"},
               {"a\177", "a\342\220\241"},
               {"\303\244\n", "\303\244 "}};
  for (size_t i = 0; i < LENGTH(cases); i++) is_name(one_line(join("%s", cases[i].text)), cases[i].line);
  assert_int_equal(width_of(""), 0);
  assert_int_equal(width_of("ab"), 2);
  assert_int_equal(width_of("\303\244\342\202\254\360\237\230\200x"),
                   4); /* of two, three, four bytes and one */
}

/* ---- Messages and exit statuses ---- */

/* docs/cli.md: 1, the computation failed; 2, wrong usage or bad input. */
static void statuses(void **state) {
  (void)state;
  static const og_status input[] = {OG_ERR_ARGUMENT, OG_ERR_FILE,        OG_ERR_DATA,
                                    OG_ERR_MODEL,    OG_ERR_NAME,        OG_ERR_SHAPE,
                                    OG_ERR_BOUNDS,   OG_ERR_UNSUPPORTED, OG_ERR_NO_DEPENDENCE};
#define EACH_STATUS(name, number, meaning) name,
  static const og_status all[] = {OG_STATUS_LIST(EACH_STATUS)};
  for (size_t i = 0; i < LENGTH(all); i++) {
    int expected = all[i] == OG_OK ? 0 : 1;
    for (size_t k = 0; k < LENGTH(input); k++)
      if (all[i] == input[k]) expected = 2;
    assert_int_equal(exit_status(all[i]), expected);
    og_status whole = OG_OK;
    int ends = all[i] == OG_ERR_MEMORY || all[i] == OG_ERR_INTERRUPTED;
    assert_int_equal(ends_all(all[i], &whole), ends);
    assert_int_equal(whole, ends ? all[i] : OG_OK);
    assert_int_equal(ends_all(all[i], NULL), ends);
  }
}

static void messages(void **state) {
  (void)state;
  og_context *context = new_context();
  begin_printing(STDERR_FILENO), complain("%s and %d", "a\nb\033", 3),
      says("odegrad: a\nb\342\220\233 and 3\n");
  begin_printing(STDERR_FILENO), remark(0, "%s", "a"), says("odegrad: a\n");
  begin_printing(STDERR_FILENO), remark(1, "%s", "a"), says("");
  begin_printing(STDERR_FILENO);
  assert_int_equal((fail)(context, OG_ERR_STIFF), EXIT_FAILED); /* no message: what the status means */
  says("odegrad: the problem is stiff and the method explicit\n");
  og_fail(context, OG_ERR_MODEL, "m.ode:1:2: error: that is wrong");
  begin_printing(STDERR_FILENO);
  assert_int_equal((fail)(context, OG_ERR_MODEL), EXIT_USAGE);
  says("m.ode:1:2: error: that is wrong\n");
  og_fail(context, OG_ERR_MODEL, "m.ode:1:2: error: with its line\n");
  begin_printing(STDERR_FILENO), (fail)(context, OG_ERR_MODEL), says("m.ode:1:2: error: with its line\n");
  og_fail(context, OG_ERR_DATA, "no such column");
  begin_printing(STDERR_FILENO), (fail)(context, OG_ERR_DATA), says("odegrad: no such column\n");
  og_context_destroy(context);
}

/* There is no memory for so much: the program ends, and says why. */
static void no_memory(void **state) {
  (void)state;
  int status;
  char *none = take(0, 8);
  assert_non_null(none);
  free(none);
  begin_printing(STDERR_FILENO);
  pid_t child = fork();
  if (child == 0) {
    take(SIZE_MAX / 16, 8);
    _exit(0);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  char expected[100];
  snprintf(expected, sizeof expected, "odegrad: out of memory: no %zu x 8 bytes\n", SIZE_MAX / 16);
  /* an address sanitizer has a line of its own before it */
  const char *said = strstr(printed(STDERR_FILENO), "odegrad:");
  assert_non_null(said);
  assert_string_equal(said, expected);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILED);
}

/* Seconds and nanoseconds go on together. */
static void the_clock_goes_forward(void **state) {
  (void)state;
  double before = seconds_now();
  for (int i = 0; i < 40; i++) {
    nanosleep(&(struct timespec){0, 1000000}, NULL);
    double now = seconds_now();
    assert_true(now > before);
    before = now;
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(names_of_entries),
                                     cmocka_unit_test(names_of_parameters_and_states),
                                     cmocka_unit_test(columns_in_tables),
                                     cmocka_unit_test(columns_of_trajectories),
                                     cmocka_unit_test(columns_as_json),
                                     cmocka_unit_test(names_in_csv),
                                     cmocka_unit_test(aligned_tables),
                                     cmocka_unit_test(cells_of_tables),
                                     cmocka_unit_test(cells_of_one_line),
                                     cmocka_unit_test(statuses),
                                     cmocka_unit_test(messages),
                                     cmocka_unit_test(no_memory),
                                     cmocka_unit_test(the_clock_goes_forward)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

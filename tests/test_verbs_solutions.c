/* Solutions at given times: rows and states against closed forms, whatever the direction of the span and of
 * the times, and as far as trajectories go; which rows of data are refused, and how; what is said of events.
 */
#include "caught.h"

/* ---- Rows ---- */

enum { TRAJECTORIES = 3, TIMES = 9 };

/* x = exp(-t), and z counts events: it jumps by one where x falls to c, at t = -log(c) of each trajectory,
 * and with `stop` ends there. Backward x grows, and reaches 1/c. */
static const char *model_of(int backward, int stop) {
  static char text[300];
  snprintf(text, sizeof text,
           "input c\ninit x = 1, z = 0\nx' = -x\nz' = 0\nevent e when x - %s = 0 any { z = z + 1%s }\ntime 0 "
           ": %s\n",
           backward ? "1/c" : "c", stop ? "; stop" : "", backward ? "-2" : "2");
  return text;
}

/* exp(-1/2), exp(-1), and never. */
static const char data_text[] = "id,t,c\na,0,0.60653065971263342\nb,0,0.36787944117144233\nc,0,0.01\n";
static const double event_times[TRAJECTORIES] = {0.5, 1, INFINITY};

static void check_rows(int backward, int reversed, int stop) {
  loaded l;
  solution s;
  double sign = backward ? -1 : 1, t0[TRAJECTORIES] = {0}, t1[TRAJECTORIES];
  size_t counts[TRAJECTORIES] = {TIMES, TIMES, TIMES}, row = 0;
  load_with(&l, model_of(backward, stop), data_text, "--rtol=1e-10", "--atol=1e-12");
  allot_solution(&l.p, counts, &s);
  for (size_t m = 0; m < TRAJECTORIES; m++) {
    t1[m] = 2 * sign;
    fill_grid(reversed ? t1[m] : 0, reversed ? 0 : t1[m], TIMES, s.t + s.starts[m]);
  }
  assert_int_equal(solve_at(&l.p, t0, t1, l.p.theta, &s), OG_OK);
  for (size_t m = 0; m < TRAJECTORIES; m++) {
    assert_int_equal(s.starts[m], row);
    for (size_t i = 0; i < TIMES; i++) {
      double t = 0.25 * (double)(reversed ? TIMES - 1 - i : i), away = t - event_times[m];
      if (stop && away > 1e-3) continue;
      if (stop && fabs(away) < 1e-3 && s.t[row] != t * sign) continue; /* at the very end: by a rounding */
      assert_true(s.t[row] == t * sign);
      assert_true(fabs(s.x[2 * row] - exp(-t * sign)) < 1e-8 * exp(2));
      if (fabs(away) > 1e-3) assert_true(s.x[2 * row + 1] == (away > 0));
      row++;
    }
  }
  assert_int_equal(s.starts[TRAJECTORIES], row);
  assert_int_equal(s.event_count, 2);
  for (size_t k = 0; k < 2; k++) {
    assert_int_equal(s.events[k].trajectory, k);
    assert_int_equal(s.events[k].terminal, stop);
    assert_true(fabs(s.events[k].what.t - event_times[k] * sign) < 1e-8);
    assert_true(s.events[k].before[1] == 0 && s.events[k].after[1] == 1);
    assert_true(fabs(s.events[k].before[0] - exp(-event_times[k] * sign)) < 1e-8 * exp(2));
  }
  assert_true(s.stats[OG_STAT_STEPS] > 0 && s.seconds > 0);
  free_solution(&s);
  assert_true(!s.t && !s.events && s.event_count == 0);
  drop(&l);
}

static void rows_in_every_direction(void **state) {
  (void)state;
  for (int k = 0; k < 8; k++) check_rows(k & 1, k >> 1 & 1, k >> 2);
}

static void grids(void **state) {
  (void)state;
  double t[4];
  fill_grid(1, 2, 1, t);
  assert_true(t[0] == 2);
  fill_grid(3, -1, 2, t);
  assert_true(t[0] == 3 && t[1] == -1);
  fill_grid(0.1, 0.7, 4, t); /* the last one to the bit */
  assert_true(t[0] == 0.1 && fabs(t[1] - 0.3) < 1e-15 && fabs(t[2] - 0.5) < 1e-15 && t[3] == 0.7);
}

/* ---- Spans ---- */

static const char spanless[] = "init x = 1\nx' = -x\nobserve y ~ normal(x, 1)\n";

static void notes(const char *data, const char *note) {
  char line[300];
  loaded l;
  load(&l, spanless, data);
  l.p.quiet = 0;
  begin_printing(STDERR_FILENO);
  assert_int_equal(note_span(&l.p), EXIT_DONE);
  snprintf(line, sizeof line, "odegrad: note: there is no `time` statement: the data give the span, %s\n",
           note);
  says(line);
  drop(&l);
}

static void what_the_data_give(void **state) {
  (void)state;
  notes("t,y\n0.5,1\n2,1\n", "from t = 0.5 to 2");
  notes("t,y\n1,1\n", "from t = 1 to 1");
  notes("id,t,y\na,0,1\nb,0,1\na,2,1\nb,2,1\n", "from t = 0 to 2");
  notes("id,t,y\na,0,1\na,2,1\nb,1,1\nb,2,1\n", "for each trajectory its own, from t = 0 to 2 in all");
  notes("id,t,y\na,1,1\na,2,1\nb,0,1\nb,2,1\n", "for each trajectory its own, from t = 0 to 2 in all");
  notes("id,t,y\na,0,1\na,2,1\nb,0,1\nb,3,1\n", "for each trajectory its own, from t = 0 to 3 in all");
  notes("id,t,y\na,0,1\na,3,1\nb,0,1\nb,2,1\n", "for each trajectory its own, from t = 0 to 3 in all");
}

/* Fits and gradients are refused by the library. */
static void goes_back(const char *data, const char *message) {
  char line[400];
  loaded l;
  verb_of_loads = VERB_GRAD;
  load(&l, spanless, data);
  verb_of_loads = VERB_SOLVE;
  begin_printing(STDERR_FILENO);
  assert_int_equal(note_span(&l.p), EXIT_DONE);
  says("");
  l.a.verb = VERB_SOLVE;
  begin_printing(STDERR_FILENO);
  assert_int_equal(note_span(&l.p), EXIT_USAGE);
  snprintf(line, sizeof line, "odegrad: %s%s\n", l.data, message);
  says(line);
  drop(&l);
}

/* Where all rows go back, that is perhaps what was meant. */
static void rows_that_go_back(void **state) {
  (void)state;
#define BACK "; the times of a trajectory must not go back: sort the rows"
#define APART " (or tell trajectories apart by a column id)"
  goes_back("t,y\n0,1\n2,1\n1.5,1\n", ":4: data row 3: time 1.5 comes after 2" BACK APART);
  goes_back("t,y\n2,1\n0.5,1\n", ":3: data row 2: time 0.5 comes after 2" BACK APART
                                 "; to integrate backward, write `time 2 : 0.5` into the model");
  goes_back("id,t,y\na,2,1\nb,3,1\na,2,2\nb,1,1\n",
            ":5: data row 4 (b): time 1 comes after 3" BACK
            "; to integrate backward, write `time 3 : 1` into the model, where every trajectory then starts");
  goes_back("id,t,y\na,2,1\nb,3,1\na,1,2\nb,4,1\n", ":4: data row 3 (a): time 1 comes after 2" BACK);
  notes("id,t,y\na,2,1\nb,1,1\na,2,2\n", "for each trajectory its own, from t = 1 to 2 in all");
}

/* --times stretches a span, and must not come before it, in either direction. */
static void times_and_spans(void **state) {
  (void)state;
  static const struct {
    const char *span, *times;
    double t1; /* NaN: refused, */
    const char *first;
  } cases[] = {{"0 : 4", "--times=0:6:3", 6, NULL},    {"0 : 4", "--times=6:0:3", 6, NULL},
               {"0 : 4", "--times=1:3:3", 4, NULL},    {"0 : 4", "--times=-1:3:3", NAN, "-1"},
               {"0 : 4", "--times=3:-2:3", NAN, "-2"}, {"0 : -4", "--times=0:-6:3", -6, NULL},
               {"0 : -4", "--times=-6:0:3", -6, NULL}, {"0 : -4", "--times=0:-3:3", -4, NULL},
               {"0 : -4", "--times=1:-3:3", NAN, "1"}, {"0 : -4", "--times=-3:2:3", NAN, "2"},
               {NULL, "--times=1:3:3", 3, NULL},       {NULL, "--times=3:1:3", 1, NULL}};
  for (size_t i = 0; i < LENGTH(cases); i++) {
    char model[100], line[200];
    double t0[2], t1[2];
    loaded l;
    snprintf(model, sizeof model, "init x = 1\nx' = -x\n%s%s\n", cases[i].span ? "time " : "",
             cases[i].span ? cases[i].span : "");
    load_with(&l, model, NULL, cases[i].times, NULL);
    begin_printing(STDERR_FILENO);
    assert_int_equal(find_spans(&l.p, t0, t1), isnan(cases[i].t1) ? EXIT_USAGE : EXIT_DONE);
    if (isnan(cases[i].t1)) {
      snprintf(line, sizeof line,
               "odegrad: --times goes to %s, on the other side of t0 = 0, where the initial state is given\n",
               cases[i].first);
      says(line);
    } else {
      says("");
      assert_true(t0[0] == (cases[i].span ? 0 : l.a.first_time) && t1[0] == cases[i].t1);
    }
    drop(&l);
  }
}

/* ---- Rows of the data ---- */

static void refuses(const char *span, const char *rows, const char *message) {
  char model[100], data[200], line[300];
  double t0[2], t1[2];
  loaded l;
  solution s;
  snprintf(model, sizeof model, "init x = 1\nx' = -x\nobserve y ~ normal(x, 1)\ntime %s\n", span);
  snprintf(data, sizeof data, "%s", rows);
  load(&l, model, data);
  assert_int_equal(find_spans(&l.p, t0, t1), EXIT_DONE);
  begin_printing(STDERR_FILENO);
  assert_int_equal(allot_data_times(&l.p, t0, t1, &s), message ? EXIT_USAGE : EXIT_DONE);
  if (message)
    snprintf(line, sizeof line, "odegrad: %s%s\n", l.data, message), says(line);
  else
    says("");
  free_solution(&s);
  drop(&l);
}

/* At both ends of the span, and of equal times, in both directions. */
static void rows_outside_the_span(void **state) {
  (void)state;
#define WIDEN "; widen the model's `time` or leave the row out"
#define SORT "; sort the rows (or tell trajectories apart by a column id)"
  refuses("0 : 4", "t,y\n0,1\n4,1\n4,2\n", NULL);
  refuses("0 : -4", "t,y\n0,1\n-4,1\n-4,2\n", NULL);
  refuses("0 : 4", "t,y\n0,1\n1,1\n4.5,1\n",
          ":4: data row 3: time 4.5 lies outside the span from 0 to 4" WIDEN);
  refuses("1 : 4", "t,y\n0.5,1\n", ":2: data row 1: time 0.5 lies outside the span from 1 to 4" WIDEN);
  refuses("0 : -4", "t,y\n0,1\n-4.5,1\n",
          ":3: data row 2: time -4.5 lies outside the span from 0 to -4" WIDEN);
  refuses("0 : -4", "t,y\n0.5,1\n-4,1\n",
          ":2: data row 1: time 0.5 lies outside the span from 0 to -4" WIDEN);
  refuses("0 : -4", "t,y\n-1,1\n-2,1\n-1.5,1\n", ":4: data row 3: time -1.5 comes after -2" SORT);
  refuses("0 : 4", "id,t,y\na,0,1\nb,1,1\na,5,1\n",
          ":4: data row 3 (a): time 5 lies outside the span from 0 to 4" WIDEN);
  refuses("0 : 4", "id,t,y\na,1,1\nb,0,1\nb,2,1\na,4,1\n", NULL);
}

/* A solution that has no end is had as far as the data go, unless it is to find its end, or steps divide it.
 */
static void as_far_as_data(void **state) {
  (void)state;
  static const char model[] = "init x = 1\nx' = x^2\nobserve y ~ normal(x, 1)\ntime 0 : 5\n",
                    data[] = "id,t,y\na,0,1\na,0.5,2\nb,0.25,1\nb,0,2\n";
  static const char *const options[] = {NULL, "--steady=1e-9", "--steps=20"};
  for (int k = 0; k < 3; k++) {
    loaded l;
    solution s;
    double t0[2] = {0, 0}, t1[2] = {5, 5};
    load_with(&l, model, k == 0 ? "id,t,y\na,0,1\na,0.5,2\nb,0,1\nb,0.25,2\n" : data, options[k], NULL);
    assert_int_equal(goes_to_its_end(&l.p), k > 0);
    assert_int_equal(retreat_to_data(&l.p, OG_ERR_BLOW_UP, t0, t1), k == 0);
    assert_true(k > 0 ? t1[0] == 5 && t1[1] == 5 : t1[0] == 0.5 && t1[1] == 0.25);
    if (k == 0) {
      assert_int_equal(retreat_to_data(&l.p, OG_ERR_BLOW_UP, t0, t1), 0); /* no less to be solved */
      t1[0] = t1[1] = 5;
      assert_int_equal(retreat_to_data(&l.p, OG_ERR_INTERRUPTED, t0, t1), 0);
      assert_int_equal(allot_data_times(&l.p, t0, t1, &s), EXIT_DONE);
      assert_int_equal(solve_rows_at(&l.p, t0, t1, l.p.theta, &s), OG_OK);
      for (size_t i = 0; i < 4; i++) assert_true(fabs(s.x[i] - 1 / (1 - s.t[i])) < 1e-4); /* rtol 1e-6 */
      free_solution(&s);
    }
    drop(&l);
  }
}

/* ---- Events ---- */

/* Twenty are told, and how many more there are. */
static void what_is_said_of_events(void **state) {
  (void)state;
  loaded l;
  load(&l, "init x = 1\nx' = -x\ntime 0 : 1\n", "id,t\na,0\nb,0\n");
  for (int quiet = 0; quiet < 2; quiet++)
    for (size_t count = 0; count <= 23; count++) {
      char expected[4000] = "";
      occurrence events[23] = {0};
      solution s = {.event_count = count, .events = events};
      for (size_t i = 0; i < count; i++) {
        events[i].trajectory = i % 2, events[i].what.name = "low", events[i].what.t = (double)i / 4;
        events[i].terminal = i == 2;
        if (i < 20 && !quiet)
          snprintf(expected + strlen(expected), sizeof expected - strlen(expected),
                   "odegrad: event low (%s) at t = %g%s\n", i % 2 ? "b" : "a", (double)i / 4,
                   i == 2 ? ", the end: later times are left out" : "");
      }
      if (count > 20 && !quiet)
        snprintf(expected + strlen(expected), sizeof expected - strlen(expected),
                 "odegrad: and %zu more events; solve --json lists them all\n", count - 20);
      l.p.quiet = quiet;
      begin_printing(STDERR_FILENO), remark_events(&l.p, &s), says(expected);
    }
  drop(&l);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_in_every_direction), cmocka_unit_test(grids),
      cmocka_unit_test(what_the_data_give),      cmocka_unit_test(rows_that_go_back),
      cmocka_unit_test(times_and_spans),         cmocka_unit_test(rows_outside_the_span),
      cmocka_unit_test(as_far_as_data),          cmocka_unit_test(what_is_said_of_events)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

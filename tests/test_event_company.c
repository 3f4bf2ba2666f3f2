/* Events in company. What happens in a small model happens as well when other states and guards stand before
 * and behind its own, when each guard is written with the opposite sign and direction, in single precision,
 * and on any lane beside other trajectories, where the bits too are those of the trajectory alone. */
#include "event_models.h"

typedef struct event_line {
  const char *name, *guard, *direction, *jump;
} event_line;

enum { LINES = 4, PARAMETERS = 2, BATCH = 150 };

/* Events that happen, as the digits of their places in the list; parameters are drawn from low to high. */
typedef struct story {
  const char *head, *rates;
  event_line lines[LINES];
  double low[PARAMETERS], high[PARAMETERS], t1;
  const char *events;
  double (*time)(const double *theta, size_t k); /* of the k-th that happens, from the start */
} story;

static double turn_time(const double *theta, size_t k) { return (void)k, theta[1] / theta[0]; }
static double surface_time(const double *theta, size_t k) { return turn_time(theta, k); }
static double kick_time(const double *theta, size_t k) { return (void)theta, (void)k, 1; }
static double ground_time(const double *theta, size_t k) { return (void)k, 1 / theta[1]; }
static double start_time(const double *theta, size_t k) { return (void)theta, (void)k, 0; }
static double go_time(const double *theta, size_t k) { return (void)k, theta[0]; }
static double kinked_time(const double *theta, size_t k) { return (void)k, theta[0]; }
static double tank_time(const double *theta, size_t k) { return k ? theta[1] : 0.4; }
static double walls_time(const double *theta, size_t k) { return (void)theta, 0.25 + 0.5 * (double)k; }
static double cube_time(const double *theta, size_t k) { return theta[k]; }
static double over_time(const double *theta, size_t k) {
  return k == 0 ? 1 / theta[0] : k == 1 ? 1 / theta[0] + 1 / theta[1] : 1 / theta[0] + 2 / theta[1];
}

static const story stories[] = {
    /* a point that is turned at zero, seen by its opposite and by another that vanishes with it */
    {"param a = 1, X = 1\ninit x = X, y = 3*X, s = -1\n",
     "x' = s*a\ny' = 3*s*a\ns' = 0\n",
     {{"low", "x", "falling", "s = 1"}, {"high", "-y", "falling", ""}, {"rise", "x", "rising", ""}},
     {0.5, 0.5},
     {2, 2},
     9,
     "0",
     turn_time},
    /* one surface four times: the falling ones and any */
    {"param a = 1, X = 1\ninit x = X, s = -1\n",
     "x' = s*a\ns' = 0\n",
     {{"first", "(x + 100) - 100", "falling", ""},
      {"turn", "3*x", "falling", "s = 1"},
      {"up", "x", "rising", ""},
      {"any", "exp(x) - 1", "any", ""}},
     {0.5, 0.5},
     {2, 2},
     9,
     "013",
     surface_time},
    /* carried to zero by a jump, up to rounding, and away on the side from which it came or on the other */
    {"param from = -0.3, way = 1\ninit x = 3*from, s = 0\n",
     "x' = s\ns' = 0\n",
     {{"kick", "@ - 1", "rising", "x = x - (from + from + from); s = way"},
      {"up", "x", "rising", ""},
      {"down", "x", "falling", ""},
      {"both", "1e3*x", "any", ""}},
     {-0.4, -1},
     {0.4, 1},
     3,
     "0",
     kick_time},
    /* to a parameter, which single precision rounds: x is not below it */
    {"param p = 1, a = 1\ninit x = p + 1, s = -1\n",
     "x' = s*a\ns' = 0\n",
     {{"ground", "x - p", "falling", "x = p; s = 1"}, {"through", "x - p", "rising", ""}},
     {0.1, 0.5},
     {3, 2},
     4,
     "0",
     ground_time},
    /* to a parameter, where it rests */
    {"param p = 1, a = 1\ninit x = p + 1, s = -1\n",
     "x' = s*a\ns' = 0\n",
     {{"ground", "x - p", "falling", "x = p; s = 0"},
      {"through", "x - p", "rising", ""},
      {"below", "p - x", "rising", ""}},
     {0.1, 0.5},
     {3, 2},
     4,
     "02",
     ground_time},
    /* zero at the start and on the way up, down, or resting */
    {"param a = 1, b = 1\ninit x = 0, y = 0, z = 0\n",
     "x' = a\ny' = -b\nz' = 0*a\n",
     {{"up", "x", "rising", ""},
      {"down", "y", "falling", ""},
      {"against", "x", "falling", ""},
      {"rest", "z", "rising", ""}},
     {0.5, 0.5},
     {2, 2},
     2,
     "01",
     start_time},
    /* at rest, until another event lets it go */
    {"param T = 1, a = 1\ninit x = 0, s = 0\n",
     "x' = a*s\ns' = 0\n",
     {{"go", "@ - T", "rising", "s = 1"}, {"leave", "x", "rising", ""}, {"down", "x", "falling", ""}},
     {0.5, 0.5},
     {2, 2},
     4,
     "01",
     go_time},
    /* at rest, until the right-hand side does: dwarfed by steps, of which one sees the kink */
    {"param T = 1, a = 1\ninit x = 0, y = 0\n",
     "x' = a*max(@ - T, 0)\ny' = -a*max(@ - T, 0)\n",
     {{"leave", "x", "rising", ""}, {"other", "y", "falling", ""}, {"against", "x", "falling", ""}},
     {0.5, 0.5},
     {2, 2},
     4,
     "01",
     kinked_time},
    /* empty, and wet again */
    {"param q = 1, T = 2\ninit h = 0.4*q, on = 1, flow = 0\n",
     "h' = flow - q*on\non' = 0\nflow' = 0\n",
     {{"empty", "h", "falling", "h = 0; on = 0"},
      {"switch", "@ - T", "rising", "flow = 1"},
      {"wet", "h", "rising", ""}},
     {0.5, 1.5},
     {2, 2.5},
     4,
     "012",
     tank_time},
    /* between two walls, which are jumps of their guards */
    {"param a = 1, b = 1\ninit x = 0.25, s = 1\n",
     "x' = s*(1 + 0*a)\ns' = 0\n",
     {{"top", "where(x > 0.5, 1, -1)", "rising", "s = -1"},
      {"bottom", "where(x < 0, 1, -1)", "rising", "s = 1"}},
     {0.5, 0.5},
     {2, 2},
     2,
     "0101",
     walls_time},
    /* without a slope; and one that stops */
    {"param X = 1, end = 2.5\ninit x = X\n",
     "x' = -1\n",
     {{"cube", "x^3", "any", "x = x"},
      {"stop", "@ - end", "rising", "stop"},
      {"late", "x + 3", "falling", ""}},
     {0.5, 2.3},
     {2, 2.7},
     9,
     "01",
     cube_time},
    /* thrown over another surface, which it then passes from the other side, and the next one behind it */
    {"param a = 1, b = 1\ninit x = 2, s = -1\n",
     "x' = where(s < 0, -a, b)\ns' = 0\n",
     {{"throw", "x - 1", "falling", "x = -1; s = 1"},
      {"cross", "x", "rising", ""},
      {"fall", "x", "falling", ""},
      {"next", "2*x - 2", "rising", ""}},
     {0.5, 0.5},
     {2, 2},
     7,
     "013",
     over_time}};
enum { STORIES = sizeof stories / sizeof *stories };

/* How a story is told: with other states and guards before and behind, which do nothing; with guards of the
 * opposite sign; backward in time from FROM; with events that change nothing but what they are for. */
typedef struct telling {
  int before, behind, mirrored, backward, uncounted;
} telling;

enum { FROM = 11 };

/* `@` is the time since the start. */
static void append(char *text, size_t size, const char *from, int backward) {
  size_t used = strlen(text);
  for (; *from; from++)
    used += (size_t)(*from == '@' ? snprintf(text + used, size - used, "%s", backward ? "(11 - t)" : "t")
                                  : snprintf(text + used, size - used, "%c", *from));
  assert_true(used + 1 < size);
}

/* x' = f becomes x' = -(f). */
static void append_rates(char *text, size_t size, const char *rates, int backward) {
  for (const char *line = rates; *line; line = strchr(line, '\n') + 1) {
    const char *equals = strchr(line, '='), *end = strchr(line, '\n');
    char one[200];
    snprintf(one, sizeof one, "%.*s= %s(%.*s)\n", (int)(equals - line), line, backward ? "-" : "",
             (int)(end - equals - 1), equals + 1);
    append(text, size, one, backward);
  }
}

static void append_event(char *text, size_t size, const event_line *e, const telling *how) {
  char one[400];
  int turned = how->mirrored && strcmp(e->direction, "any") != 0, stops = strcmp(e->jump, "stop") == 0;
  const char *count = how->uncounted ? *e->jump ? "" : "n = n" : "n = n + 1";
  snprintf(one, sizeof one, "event %s when %s%s%s = 0 %s { %s%s%s }\n", e->name, how->mirrored ? "-(" : "",
           e->guard, how->mirrored ? ")" : "",
           !turned                               ? e->direction
           : strcmp(e->direction, "rising") == 0 ? "falling"
                                                 : "rising",
           e->jump, stops || !*e->jump || !*count ? "" : "; ", stops ? "" : count);
  append(text, size, one, how->backward);
}

static void write_story(const story *s, const telling *how, char *text, size_t size) {
  const char *second = strchr(s->head, '\n') + 1;
  char one[200];
  snprintf(text, size, "%.*s", (int)(second - s->head), s->head);
  for (int k = 0; k < how->before; k++) {
    snprintf(one, sizeof one, "init pre%d = %d\n", k, k + 1);
    append(text, size, one, 0);
  }
  append(text, size, second, 0);
  append(text, size, "init n = 0\nn' = 0\n", 0);
  append_rates(text, size, s->rates, how->backward);
  for (int k = 0; k < how->before; k++) {
    snprintf(one, sizeof one, "pre%d' = 0\nevent front%d when pre%d + n = 0 any { n = -1 }\n", k, k, k);
    append(text, size, one, 0);
  }
  for (int k = 0; k < LINES && s->lines[k].name; k++) append_event(text, size, &s->lines[k], how);
  for (int k = 0; k < how->behind; k++) {
    snprintf(one, sizeof one,
             "init post%d = %d\npost%d' = 0\nevent back%d when post%d - n = 0 any { n = -1 }\n", k, -k - 1, k,
             k, k);
    append(text, size, one, 0);
  }
}

static void draw(const story *s, uint64_t *seed, double theta[PARAMETERS]) {
  for (int i = 0; i < PARAMETERS; i++)
    theta[i] = s->low[i] + (s->high[i] - s->low[i]) * (0.5 + 0.5 * noise(seed));
}

/* Times are as good as the steps, which are exact but where f has a kink: there they are late by where x is
 * as large as the error of such a step, 1.5e-4 (test_event_sides.c), or of an equal step, and early by a
 * step. */
static void check_events(const story *s, const model_result *r, const telling *how, const model_case *c,
                         const char *text, const double *theta) {
  char got[MODEL_EVENTS + 1] = "";
  for (size_t k = 0; k < r->count && k < MODEL_EVENTS; k++)
    got[k] = (char)('0' + (int)r->event[k] - how->before);
  if (strcmp(got, s->events) != 0)
    fail_msg("events %s, not %s, with %.17g and %.17g of\n%s", got, s->events, theta[0], theta[1], text);
  double exact = c->precision == OG_PRECISION_SINGLE ? 2e-5 : 1e-12;
  for (size_t k = 0; k < r->count; k++) {
    double late = fabs(r->t[k] - c->t0) - s->time(theta, k);
    if (s->time == kinked_time ? !(late <= (c->steps ? 0.3 : 0.03)) : !(fabs(late) <= exact))
      fail_msg("event %zu is late by %g with %.17g and %.17g of\n%s", k, late, theta[0], theta[1], text);
  }
}

static const model_case ways[] = {{.precision = OG_PRECISION_DOUBLE},
                                  {.precision = OG_PRECISION_SINGLE},
                                  {.precision = OG_PRECISION_DOUBLE, .method = OG_METHOD_DOP853},
                                  {.precision = OG_PRECISION_SINGLE, .method = OG_METHOD_BS32, .steps = 64}};
enum { WAYS = sizeof ways / sizeof *ways };

static void run_story(const story *s, telling how, uint64_t *seed) {
  static char text[4000];
  write_story(s, &how, text, sizeof text);
  for (int way = 0; way < WAYS; way++)
    for (int m = 0; m < 6; m++) {
      og_context *context = new_context();
      double theta[MODEL_STATES] = {0};
      model_result r;
      draw(s, seed, theta);
      model_case c = ways[way];
      c.t0 = how.backward ? FROM : 0, c.t1 = how.backward ? FROM - s->t1 : s->t1, c.theta = theta;
      og_status status = model_run(context, text, &c, &r);
      if (status != OG_OK) fail_msg("%s, of\n%s", og_context_message(context), text);
      check_events(s, &r, &how, &c, text, theta);
      og_context_destroy(context);
    }
}

static void alone(void **state) {
  (void)state;
  uint64_t seed = 1;
  for (int k = 0; k < STORIES; k++) {
    run_story(&stories[k], (telling){.uncounted = 0}, &seed);
    run_story(&stories[k], (telling){.uncounted = 1}, &seed);
  }
}

static void turned_about(void **state) {
  (void)state;
  uint64_t seed = 2;
  for (int k = 0; k < STORIES; k++) {
    run_story(&stories[k], (telling){.mirrored = 1}, &seed);
    run_story(&stories[k], (telling){.backward = 1}, &seed);
  }
}

static void among_others(void **state) {
  (void)state;
  uint64_t seed = 3;
  for (int k = 0; k < STORIES; k++) {
    run_story(&stories[k], (telling){.before = 1}, &seed);
    run_story(&stories[k], (telling){.behind = 1, .backward = 1}, &seed);
    run_story(&stories[k], (telling){.before = 2, .behind = 1, .mirrored = 1, .uncounted = 1}, &seed);
  }
}

/* ---- Beside other trajectories ---- */

typedef struct ending {
  size_t count;
  double t[16], final[MODEL_STATES];
} ending;

static void read_ending(og_context *context, const og_solve *solve, size_t m, ending *e) {
  memset(e, 0, sizeof *e);
  CHECK(context, og_solve_events(solve, m, &e->count));
  for (size_t k = 0; k < e->count && k < 16; k++) {
    og_occurrence at = {OG_INIT(og_occurrence)};
    CHECK(context, og_solve_event(solve, m, k, &at));
    e->t[k] = at.t;
  }
  CHECK(context, og_solve_final(solve, m, e->final));
}

static og_solve *open_batch(og_context *context, const og_model *model, const story *s, const model_case *c,
                            size_t count, double (*theta)[PARAMETERS], og_options **options) {
  og_solve *solve = NULL;
  double x0[MODEL_STATES];
  *options = case_options(context, c);
  CHECK(context, og_solve_create(context, og_model_field(model), *options, count, &solve));
  for (size_t m = 0; m < count; m++) {
    CHECK(context, og_model_initial_state(model, 0, theta[m], x0));
    CHECK(context, og_solve_set_initial_state(solve, m, x0));
    CHECK(context, og_solve_set_parameters(solve, m, theta[m]));
  }
  CHECK(context, og_solve_set_span(solve, OG_ALL, 0, s->t1));
  CHECK(context, og_solve_run(solve));
  return solve;
}

/* More of them than there are lanes, so that lanes are handed on; each has the bits that it has alone. */
static void beside_each_other(void **state) {
  (void)state;
  uint64_t seed = 4;
  for (int k = 0; k < STORIES; k++)
    for (int way = 0; way < 2; way++) {
      static double theta[BATCH][PARAMETERS];
      static char text[4000];
      ending own, among;
      model_case c = ways[way];
      og_context *context = new_context();
      og_options *options, *one_options;
      write_story(&stories[k], &(telling){.mirrored = way}, text, sizeof text);
      og_model *model = parse(context, text);
      for (int m = 0; m < BATCH; m++) draw(&stories[k], &seed, theta[m]);
      og_solve *all = open_batch(context, model, &stories[k], &c, BATCH, theta, &options);
      for (size_t m = 0; m < BATCH; m += 1 + m % 4) {
        og_solve *one = open_batch(context, model, &stories[k], &c, 1, &theta[m], &one_options);
        read_ending(context, one, 0, &own), read_ending(context, all, m, &among);
        assert_int_equal(among.count, strlen(stories[k].events));
        assert_memory_equal(&own, &among, sizeof own);
        og_solve_destroy(one);
        og_options_destroy(one_options);
      }
      og_solve_destroy(all);
      og_options_destroy(options);
      og_model_destroy(model);
      og_context_destroy(context);
    }
}

/* ---- Near together ---- */

/* Two surfaces at a distance of so many units of rounding, seen through sums that round as much: far enough
 * they are passed one after the other, in the order of their places and not of their declaration. The state
 * that the first changes is read by the second's jump. */
static void apart_by_more_than_rounding(void **state) {
  (void)state;
  static const double units[] = {1e4, 1e5, 1e6};
  for (int scale = 0; scale < 4; scale++)
    for (int k = 0; k < 3; k++)
      for (int swapped = 0; swapped < 2; swapped++) {
        char text[600], lines[2][120];
        double big = pow(10, 2 * scale), gap = units[k] * big * 2.2e-16;
        og_context *context = new_context();
        model_result r;
        snprintf(lines[0], sizeof lines[0], "event one when (x + %g) - %g = 0 falling { n = 10*n + 1 }\n",
                 big, big);
        snprintf(lines[1], sizeof lines[1], "event two when (x + %.17g) - %g = 0 falling { n = 10*n + 2 }\n",
                 big + gap, big);
        snprintf(text, sizeof text, "init x = 1, n = 0\nx' = -1\nn' = 0\n%s%s", lines[swapped],
                 lines[!swapped]);
        CHECK(context, model_run(context, text, &(model_case){.t1 = 3}, &r));
        if (r.count != 2 || r.final[1] != 12) fail_msg("%g: %zu events of\n%s", r.final[1], r.count, text);
        assert_near(r.t[1] - r.t[0], gap, 2.2e-13 * big, "the time between", 0); /* a thousand units */
        og_context_destroy(context);
      }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(alone), cmocka_unit_test(turned_about),
                                     cmocka_unit_test(among_others), cmocka_unit_test(beside_each_other),
                                     cmocka_unit_test(apart_by_more_than_rounding)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

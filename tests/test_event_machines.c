/* Random machines: points that move at constant speeds, and events that turn, stop and move them, many of
 * them at one time and with guards that rest at zero. What happens is found here by exact arithmetic, from
 * what docs/events.md says and nothing else: places and times are small binary fractions. The solver has them
 * times factors that are none, so that rounding has its say in guards, times and states. */
#include "event_models.h"

enum { POINTS = 3, GUARDS = 4, SETS = 2, STORY = 60, MACHINES = 4000 };

typedef enum direction { RISING, FALLING, ANY } direction;
static const char *const words[] = {"rising", "falling", "any"};

/* What a jump does to one number: points are numbers 0 to 2, their speeds 3 to 5. */
typedef struct setting {
  int number, from; /* from: -1, a constant; else factor times that number */
  double factor;
} setting;

typedef struct watched {
  int i, j;       /* a x[i] + b x[j] - c */
  double a, b, c; /* in {-1, 0, 1}; an integer */
  double unit;    /* of the guard as the solver sees it */
  direction way;
  setting sets[SETS];
  int settings;
} watched;

typedef struct machine {
  double x[2 * POINTS], t1;
  int guards;
  watched guard[GUARDS];
} machine;

typedef struct told {
  int count, event[STORY], exact;
  double t[STORY], x[2 * POINTS];
} told;

static int draw(uint64_t *seed, int count) {
  int k = (int)((noise(seed) + 1) / 2 * count);
  return k < count ? k : count - 1;
}

static machine new_machine(uint64_t *seed) {
  static const double speeds[] = {-2, -1, 0, 0, 1, 2}, units[] = {1, 0.3, -0.7, 1e3 / 3, 1e-3 / 3};
  machine m = {.t1 = 8 + 1. / 3, .guards = 2 + draw(seed, GUARDS - 1)};
  for (int i = 0; i < POINTS; i++) m.x[i] = draw(seed, 5) - 2, m.x[POINTS + i] = speeds[draw(seed, 6)];
  for (int k = 0; k < m.guards; k++) {
    watched *w = &m.guard[k];
    w->i = draw(seed, POINTS), w->j = draw(seed, POINTS);
    w->a = 1, w->b = w->i == w->j ? 0 : draw(seed, 3) - 1, w->c = draw(seed, 5) - 2;
    w->unit = units[draw(seed, 5)], w->way = (direction)draw(seed, 3);
    w->settings = draw(seed, SETS + 1);
    for (int s = 0; s < w->settings; s++) {
      setting *set = &w->sets[s];
      set->number = draw(seed, 2 * POINTS);
      if (s && set->number == w->sets[0].number) set->number = (set->number + 1) % (2 * POINTS);
      int speed = set->number >= POINTS;
      set->from = draw(seed, 3) ? set->number : (speed ? POINTS : 0) + draw(seed, POINTS);
      set->factor = -1;
      if (draw(seed, 2)) set->from = -1, set->factor = speed ? speeds[draw(seed, 6)] : draw(seed, 5) - 2;
    }
  }
  return m;
}

/* ---- What happens, exactly ---- */

/* Of a guard: the side that it is on, 0 while it is at zero without a slope; whether its event is due where
 * it leaves zero, and since when it is there; whether its event is due now. */
typedef struct place {
  int side, waits, due;
  double since;
} place;

static int sign_of(double g) { return (g > 0) - (g < 0); }
static double value_of(const watched *w, const double *x) {
  return sign_of(w->unit) * (w->a * x[w->i] + w->b * x[w->j] - w->c);
}
static double slope_of(const watched *w, const double *x) {
  return sign_of(w->unit) * (w->a * x[POINTS + w->i] + w->b * x[POINTS + w->j]);
}
static int leaves_with(direction way, int side) { return side && way == (side > 0 ? RISING : FALLING); }
static int arrives_with(direction way, int side) { return way == ANY || (way == FALLING) == (side > 0); }

/* At zero it is on the side that it moves to, and its event is due if it has waited there for that. */
static void settle(const watched *w, const double *x, double t, place *p) {
  double g = value_of(w, x);
  if (p->due && p->side * g <= 0) return;
  p->due = 0;
  int side = sign_of(g != 0 ? g : slope_of(w, x));
  if (g == 0 && leaves_with(w->way, side) && p->waits && p->since < t) {
    p->due = 1;
    p->side = -side;
    p->waits = 0;
    return;
  }
  if (g == 0 && p->side && !side) p->waits = 1, p->since = t; /* it has come to rest */
  if (side) p->waits = 0;
  p->side = side;
}

static void jump(const watched *w, double *x) {
  double was[2 * POINTS];
  memcpy(was, x, sizeof was);
  for (int s = 0; s < w->settings; s++)
    x[w->sets[s].number] = w->sets[s].from < 0 ? w->sets[s].factor : w->sets[s].factor * was[w->sets[s].from];
}

/* The next time at which a guard comes to zero from its side. */
static double next_time(const machine *m, const double *x, double t, const place *p, int *exact) {
  double next = INFINITY;
  for (int k = 0; k < m->guards; k++) {
    double g = value_of(&m->guard[k], x), slope = slope_of(&m->guard[k], x);
    int exponent;
    if (!(p[k].side * slope < 0)) continue;
    if (frexp(fabs(slope), &exponent) != 0.5) *exact = 0; /* the time is no binary fraction */
    next = fmin(next, t - g / slope);
  }
  return next;
}

static void happen(const machine *m, int event, told *r, double t, place *p) {
  r->event[r->count] = event, r->t[r->count++] = t;
  jump(&m->guard[event], r->x);
  p[event].due = 0;
  for (int k = 0; k < m->guards; k++) {
    settle(&m->guard[k], r->x, t, &p[k]);
    if (k == event) p[k].waits = 0; /* it has come to zero by its event */
  }
}

/* All that is due now, in its order. */
static void happen_all(const machine *m, told *r, double t, place *p) {
  for (int k = 0; k < m->guards && r->count < STORY; k++)
    if (p[k].due) happen(m, k, r, t, p), k = -1;
}

static told tell(const machine *m) {
  told r = {.exact = 1};
  place p[GUARDS] = {0};
  double t = 0, next;
  memcpy(r.x, m->x, sizeof r.x);
  for (int k = 0; k < m->guards; k++) {
    p[k] = (place){.waits = value_of(&m->guard[k], r.x) == 0, .since = -1};
    settle(&m->guard[k], r.x, 0, &p[k]);
  }
  happen_all(m, &r, 0, p);
  while (r.exact && r.count < STORY && (next = next_time(m, r.x, t, p, &r.exact)) < m->t1) {
    for (int i = 0; i < POINTS; i++) r.x[i] += (next - t) * r.x[POINTS + i];
    t = next;
    if (64 * t != floor(64 * t)) r.exact = 0;
    for (int k = 0; k < m->guards; k++)
      if (p[k].side && value_of(&m->guard[k], r.x) == 0) {
        if (arrives_with(m->guard[k].way, p[k].side)) p[k].due = 1;
      }
    int before = r.count;
    happen_all(m, &r, t, p);
    for (int k = 0; k < m->guards && r.count == before; k++)
      if (value_of(&m->guard[k], r.x) == 0) p[k].side = sign_of(slope_of(&m->guard[k], r.x));
  }
  for (int i = 0; i < POINTS; i++) r.x[i] += (m->t1 - t) * r.x[POINTS + i];
  return r;
}

/* ---- What the solver finds ---- */

/* Lengths are `length` units, times 1/`pace` units: a machine in other units is the same machine. */
typedef struct units {
  double length, pace;
} units;

static const char numbers[2 * POINTS][3] = {"x", "y", "z", "u", "v", "w"};

static int write_number(char *text, size_t size, double value) {
  return snprintf(text, size, "%.17g", value);
}

static void write_machine(const machine *m, units in, int backward, char *text, size_t size) {
  size_t used = 0;
  for (int i = 0; i < 2 * POINTS; i++)
    used += (size_t)snprintf(text + used, size - used, "init %s = %.17g\n", numbers[i], in.length * m->x[i]);
  for (int i = 0; i < POINTS; i++)
    used += (size_t)snprintf(text + used, size - used, "%s' = %.17g*%s\n%s' = 0\n", numbers[i],
                             backward ? -in.pace : in.pace, numbers[POINTS + i], numbers[POINTS + i]);
  for (int k = 0; k < m->guards; k++) {
    const watched *w = &m->guard[k];
    used += (size_t)snprintf(text + used, size - used,
                             "event e%d when %.17g*(%g*%s + %g*%s - (%.17g)) = 0 %s {", k, w->unit, w->a,
                             numbers[w->i], w->b, numbers[w->j], in.length * w->c, words[w->way]);
    for (int s = 0; s < w->settings; s++) {
      const setting *set = &w->sets[s];
      used += (size_t)snprintf(text + used, size - used, "%s %s = ", s ? ";" : "", numbers[set->number]);
      used += set->from < 0 ? (size_t)write_number(text + used, size - used, in.length * set->factor)
                            : (size_t)snprintf(text + used, size - used, "-%s", numbers[set->from]);
    }
    used += (size_t)snprintf(text + used, size - used, " }\n");
  }
  assert_true(used < size);
}

static void expect_story(const machine *m, const told *r, units in, const model_case *c, int backward,
                         double tolerance) {
  static char text[4000];
  og_context *context = new_context();
  model_result found = {0};
  write_machine(m, in, backward, text, sizeof text);
  og_status status = model_run(context, text, c, &found);
  if (status != OG_OK) fail_msg("%s, of\n%s", og_context_message(context), text);
  for (size_t k = 0; k < found.count && (int)k < r->count; k++)
    if (found.event[k] != (size_t)r->event[k])
      fail_msg("event %zu is e%zu at %.17g, not e%d at %g, in %s precision, steps %d, from %g to %g, of\n%s",
               k, found.event[k], found.t[k], r->event[k], r->t[k] / in.pace,
               c->precision == OG_PRECISION_SINGLE ? "single" : "double", c->steps, c->t0, c->t1, text);
  if ((int)found.count != r->count)
    fail_msg("%zu events, not %d, of\n%s(the last at %.17g)", found.count, r->count, text,
             r->count ? r->t[r->count - 1] / in.pace : 0);
  for (int k = 0; k < r->count; k++)
    assert_near(fabs(found.t[k] - c->t0), r->t[k] / in.pace, tolerance, "time of event", (size_t)k);
  for (size_t i = 0; i < 2 * POINTS; i++)
    assert_near(found.final[i] / in.length, r->x[i], tolerance, "state", i);
  og_context_destroy(context);
}

/* Some events, all at binary fractions, and not as many as an endless row of them at one time. */
static int is_good(const told *r) { return r->exact && r->count >= 2 && r->count < STORY / 2; }

/* Steps are exact but for rounding, which adds up over less than 30 events at lengths of some units. */
static void machines(void **state) {
  (void)state;
  uint64_t seed = 11;
  int good = 0;
  for (int i = 0; i < MACHINES; i++) {
    machine m = new_machine(&seed);
    told r = tell(&m);
    if (!is_good(&r)) continue;
    good++;
    units in = i % 3 ? (units){i % 3 == 1 ? 0.7 : 1e4 / 3, i % 5 ? 1 : 0.13} : (units){1, 1};
    double t0 = i % 4 == 1 ? 7.3 : 0, span = m.t1 / in.pace;
    int backward = i % 7 == 0, single = i % 8 == 5;
    model_case c = {.method = i % 2 ? OG_METHOD_DOP853 : OG_METHOD_TSIT5,
                    .precision = single ? OG_PRECISION_SINGLE : OG_PRECISION_DOUBLE,
                    .steps = i % 11 == 0 ? 4 : 0,
                    .t0 = t0,
                    .t1 = backward ? t0 - span : t0 + span};
    expect_story(&m, &r, in, &c, backward, single ? 2e-5 : 1e-11);
  }
  assert_true(good > MACHINES / 10);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(machines),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Ceilings of steps against their definition, read without a shortcut from all that was pushed. */
#include <math.h>

#include "counting.h"
#include "solve/ceilings.h"

enum { MOST = 400 };
typedef struct pushed {
  int count;
  double from[MOST], width[MOST], end; /* descending; the first reaches to `end` */
} pushed;

static double noise(uint64_t *state) { /* in [0, 1) */
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (double)(*state >> 11) / (double)((uint64_t)1 << 53);
}

/* Steps back from 10 to 0; widths over several powers of two, or infinite. */
static pushed draw(int count, double spread, uint64_t *state) {
  pushed p = {.count = count, .end = 10};
  for (int k = 0; k < count; k++) {
    p.from[k] = 10. * (count - 1 - k) / count;
    p.width[k] = noise(state) < 0.1 ? INFINITY : exp2(-spread * noise(state));
  }
  return p;
}

static og_ceilings make(og_context *context, const pushed *p, size_t capacity) {
  og_ceilings c = {0};
  assert_int_equal(og_ceilings_reserve(context, &c, capacity), OG_OK);
  for (int k = 0; k < p->count; k++) {
    og_ceilings_push(&c, p->from[k], p->width[k]);
    assert_in_range(c.count, 1, capacity);
  }
  og_ceilings_turn(&c);
  for (size_t i = 0; i + 1 < c.count; i++) assert_true(c.runs[i].from < c.runs[i + 1].from);
  assert_true(c.runs[0].from == p->from[p->count - 1]);
  return c;
}

static double end_of(const pushed *p, int k) { return k ? p->from[k - 1] : p->end; }

/* Never more than was pushed; with room for all of them not less than 1.3 joins; and with too little, still
 * nothing below the lowest of all, which stays. */
static void steps_are_held(void **state) {
  (void)state;
  og_context *context = new_context();
  uint64_t seed = 3;
  for (int trial = 0; trial < 200; trial++) {
    int count = 1 + (int)(noise(&seed) * (MOST - 1)), ample = trial % 2;
    pushed p = draw(count, trial % 5, &seed);
    og_ceilings c = make(context, &p, ample ? MOST : 4 + (size_t)trial % 9);
    double lowest = INFINITY;
    for (int k = 0; k < count; k++) lowest = fmin(lowest, p.width[k]);
    assert_true(og_ceilings_least(&c, 0, 10) == lowest && og_ceilings_least(&c, -1, 11) == lowest);
    for (int k = 0; k < count; k++) {
      double inside = og_ceilings_least(&c, p.from[k] + 1e-9, end_of(&p, k) - 1e-9);
      assert_true(inside <= p.width[k] && inside >= lowest);
      if (ample) assert_true(isinf(p.width[k]) ? isinf(inside) : inside >= p.width[k] / 1.3);
    }
    og_ceilings_free(context, &c);
    assert_true(c.count == 0 && c.capacity == 0 && !c.runs);
  }
  og_context_destroy(context);
}

/* Widths that are all far from their neighbours' stay apart as long as there is room; one run more makes two
 * by two one, of the lower width. */
static void runs_are_those_pushed(void **state) {
  (void)state;
  og_context *context = new_context();
  static const double widths[9] = {1, 2, 1, 0.5, 4, 1, 1.31, 8, INFINITY};
  pushed p = {.end = 9};
  for (p.count = 0; p.count < 9; p.count++) p.from[p.count] = 8 - p.count, p.width[p.count] = widths[p.count];
  og_ceilings c = make(context, &p, 9);
  assert_int_equal(c.count, 9);
  for (int k = 0; k < 9; k++) {
    assert_true(c.runs[k].from == k && c.runs[k].width == widths[8 - k] &&
                c.runs[k].highest == widths[8 - k]);
    assert_true(og_ceilings_least(&c, k, k + 0.5) == widths[8 - k]);
    if (k) assert_true(og_ceilings_least(&c, k - 0.5, k) == fmin(widths[8 - k], widths[9 - k]));
  }
  og_ceilings_free(context, &c);
  c = make(context, &p, 8); /* the last one found no room */
  static const double froms[5] = {0, 1, 3, 5, 7}, lower[5] = {INFINITY, 1.31, 1, 0.5, 1};
  assert_int_equal(c.count, 5);
  for (int i = 0; i < 5; i++) assert_true(c.runs[i].from == froms[i] && c.runs[i].width == lower[i]);
  assert_true(c.runs[1].highest == 8 && c.runs[2].highest == 4 && c.runs[4].highest == 2);
  og_ceilings_free(context, &c);
  p.count = 3; /* to 1.3 of the lowest they are one, and no further: 1, 1.2, 1.4 are two */
  p.width[0] = 1, p.width[1] = 1.2, p.width[2] = 1.4;
  c = make(context, &p, 9);
  og_ceilings one = {0};
  assert_int_equal(c.count, 2);
  assert_true(c.runs[1].width == 1 && c.runs[1].highest == 1.2 && c.runs[0].width == 1.4);
  assert_true(c.runs[1].from == 7 && c.runs[0].from == 6);
  assert_true(isinf(og_ceilings_least(&one, 0, 1)));
  og_ceilings_free(context, &c);
  og_context_destroy(context);
}

/* The least of the run itself, of those ahead with the way to them, of twice those behind with the way from
 * them: whatever the hint was. */
static double allowed(const og_ceilings *c, double s, size_t *at) {
  double width = INFINITY;
  *at = 0;
  for (size_t i = 0; i < c->count; i++)
    if (c->runs[i].from <= s) *at = i;
  for (size_t i = 0; i < c->count; i++) {
    double term = c->runs[i].width;
    if (i > *at) term += fmax(c->runs[i].from - s, 0);
    if (i < *at) term = s - c->runs[i + 1].from + 2 * c->runs[i].width;
    width = fmin(width, term);
  }
  return width;
}

static void what_is_allowed(void **state) {
  (void)state;
  og_context *context = new_context();
  uint64_t seed = 5;
  size_t any = 7;
  og_ceilings none = {0};
  assert_true(isinf(og_ceilings_allow(&none, 1, &any)) && any == 7);
  for (int trial = 0; trial < 60; trial++) {
    pushed p = draw(1 + (int)(noise(&seed) * 60), 1 + trial % 12, &seed);
    og_ceilings c = make(context, &p, trial % 2 ? MOST : 16);
    for (int k = 0; k < 300; k++) {
      double s = k % 3 ? 12 * noise(&seed) - 1 : c.runs[(size_t)k % c.count].from;
      size_t hint = (size_t)(noise(&seed) * 2 * (double)c.count), at;
      double want = allowed(&c, s, &at), got = og_ceilings_allow(&c, s, &hint);
      if (!(got == want || fabs(got - want) <= 1e-14 * want) || hint != at)
        fail_msg("at %.17g of %zu runs: %.17g, not %.17g; run %zu, not %zu", s, c.count, got, want, hint, at);
    }
    og_ceilings_free(context, &c);
  }
  og_context_destroy(context);
}

/* ---- Pacings ---- */

static og_ceilings some(og_context *context, int count, double last) {
  og_ceilings c = {0};
  assert_int_equal(og_ceilings_reserve(context, &c, OG_CEILINGS), OG_OK);
  for (int k = 0; k < count; k++) og_ceilings_push(&c, 10 - k, k % 2 ? 1 : 3);
  if (last > 0) og_ceilings_push(&c, 10 - count, last);
  return c;
}

static int same(const og_ceilings *a, const og_ceilings *b) {
  return a->count == b->count && (!a->count || !memcmp(a->runs, b->runs, a->count * sizeof *a->runs));
}

static void pacings(void **state) {
  (void)state;
  og_context *context = new_context();
  og_pacing *copy = NULL, *p = og_alloc(context, 1, sizeof *p);
  p->stable = some(context, 5, 0), p->resolved = some(context, 8, 0);
  p->next_stable = some(context, 3, INFINITY), p->next_resolved = some(context, 2, INFINITY);
  p->next_cut = some(context, 0, 0);
  assert_int_equal(og_pacing_bytes(p), 5 * OG_CEILINGS * sizeof(og_ceiling));
  og_pacing_extend(p); /* to t0; where nothing could be told of stability, what was told before */
  assert_int_equal(p->next_stable.count, 3);
  assert_true(p->next_stable.runs[2].from == 0 && p->next_stable.runs[2].width == 3);
  assert_int_equal(p->next_resolved.count, 3);
  assert_true(p->next_resolved.runs[2].from == 0 && isinf(p->next_resolved.runs[2].width));
  assert_true(p->next_resolved.runs[1].from == 9 && p->next_cut.count == 0);
  assert_int_equal(og_pacing_copy(context, p, &copy), OG_OK);
  assert_true(same(&copy->stable, &p->stable) && same(&copy->resolved, &p->resolved));
  assert_true(copy->stable.runs != p->stable.runs && copy->next_stable.count == 0);
  assert_int_equal(og_pacing_close(context, p), OG_OK);
  assert_int_equal(og_pacing_bytes(p), (5 + 8) * sizeof(og_ceiling));
  assert_true(same(&copy->stable, &p->stable) && same(&copy->resolved, &p->resolved));
  assert_true(p->next_stable.count == 0 && p->next_resolved.count == 0 && p->next_cut.count == 0);
  assert_int_equal(og_ceilings_reserve(context, &p->stable, 20), OG_OK); /* what is there stays */
  assert_true(p->stable.capacity == 20 && same(&copy->stable, &p->stable));
  assert_int_equal(og_ceilings_reserve(context, &p->stable, 6), OG_OK); /* and so does its room */
  assert_true(p->stable.capacity == 20);
  og_pacing_free(context, &p);
  og_pacing_free(context, &copy);
  assert_true(!p && !copy);
  og_pacing_free(context, &p); /* nothing */
  og_context_destroy(context);
}

static og_status live(og_context *context) {
  og_pacing p = {0}, *copy = NULL;
  og_status status = og_ceilings_reserve(context, &p.stable, 8);
  if (status == OG_OK) status = og_ceilings_reserve(context, &p.next_cut, 8);
  if (status == OG_OK) og_ceilings_push(&p.stable, 0, 1);
  if (status == OG_OK) status = og_ceilings_reserve(context, &p.stable, 16);
  if (status == OG_OK) status = og_pacing_copy(context, &p, &copy);
  if (status == OG_OK) status = og_pacing_close(context, &p);
  og_pacing_free(context, &copy);
  og_ceilings_free(context, &p.stable);
  og_ceilings_free(context, &p.next_cut);
  return status == OG_OK ? OG_OK
                         : og_fail_memory(context, 1, "ceilings"); /* which they leave to the caller */
}

static void no_memory_is_reported(void **state) {
  (void)state;
  fail_each_allocation(live);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(steps_are_held), cmocka_unit_test(runs_are_those_pushed),
      cmocka_unit_test(what_is_allowed), cmocka_unit_test(pacings), cmocka_unit_test(no_memory_is_reported)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A gradient is right or refused: a family of problems with known answers (trust/family.h), of which a wrong
 * answer with OG_OK is the failure that counts. As a test it takes a seed that nothing was tuned on. To
 * explore:
 *
 *     test_trust_family SEED [COUNT [FIRST]]    judges problems FIRST... and prints all that are not right,
 * and the tables test_trust_family show SEED INDEX         one problem: its model, its settings, what is
 * right and what came
 *
 * ODEGRAD_TRUST_OPTIONS="name=value,..." sets further options of every solve. */
#include <math.h>

#include "counting.h"
#include "trust/judge.h"

/* Seeds below 1000 are for exploring; thresholds may have been set on them. */
enum { HELD_OUT_SEED = 20260731, HELD_OUT = 225 * KIND_COUNT };

/* Under the sanitizers, whose builds are not optimised, a share of the family has to do. */
#ifndef NDEBUG
enum { TESTED = 10 * KIND_COUNT };
#else
enum { TESTED = HELD_OUT };
#endif

typedef struct tally {
  int count[KIND_COUNT][PRODUCT_COUNT][VERDICT_COUNT];
  double work[KIND_COUNT][PRODUCT_COUNT];
  int total[VERDICT_COUNT], all;
  int strict; /* right, but not if cotangents that have decayed to a tolerance are to be known relative to
                 themselves */
  int estimates,
      optimistic; /* answers that come with an estimate; off by more than ten times it and 100 tolerances */
} tally;

static void add_judgement(tally *t, const trial *r, const judgement *j) {
  t->count[r->kind][r->product][j->verdict]++;
  t->work[r->kind][r->product] += j->answer.work;
  t->total[j->verdict]++;
  t->all++;
  t->strict += j->verdict == VERDICT_RIGHT && !(j->strict <= 100 * tolerance_of(r));
  if (j->answer.status != OG_OK || !(j->answer.reported[0] >= 0)) return; /* NaN: not estimated */
  double reported = fmax(j->answer.reported[0], j->answer.reported[1]);
  t->estimates++;
  t->optimistic += j->error > 10 * reported && j->error > 100 * tolerance_of(r);
}

/* ---- Reports ---- */

static const char *name_of_method(og_method method) {
  static const char *const names[] = {"euler", "midpoint", "heun",  "rk4",
                                      "bs32",  "dopri5",   "tsit5", "dop853"};
  return names[method];
}

static void print_settings(const trial *r) {
  printf("%llu %llu %s, %s, %s%s, rtol %.2g, atol %.2g%s%s", (unsigned long long)r->seed,
         (unsigned long long)r->index, kind_names[r->kind], product_names[r->product],
         name_of_method(r->method), r->precision == OG_PRECISION_SINGLE ? " single" : "", r->rtol, r->atol,
         r->as_text ? ", as text" : "",
         r->product == PRODUCT_INTERPOLATE && r->norm == OG_NORM_FULL ? ", full norm" : "");
  if (r->unit != 1) printf(", loss in units of %.1g", r->unit);
}

static void print_judgement(const trial *r, const judgement *j) {
  printf("%-7s ", verdict_names[j->verdict]);
  print_settings(r);
  if (j->answer.status == OG_OK)
    printf(": error %.2g (%.2g tolerances; parameters %.2g, initial %.2g), under full control %.2g\n",
           j->error, j->error / tolerance_of(r), j->parameters, j->initial, j->control);
  else
    printf(": status %d: %.110s\n", (int)j->answer.status, j->answer.message);
}

static void print_row(const char *kind, const char *product, const int *count, double work) {
  int all = 0;
  for (int v = 0; v < VERDICT_COUNT; v++) all += count[v];
  if (!all) return;
  printf("%-20s %-12s %6d", kind, product, all);
  for (int v = 0; v < VERDICT_COUNT; v++) printf(" %7d", count[v]);
  printf(" %9.0f\n", work / all);
}

static void print_tally(const tally *t) {
  double work = 0;
  printf("\n%-20s %-12s %6s", "kind", "derivative", "all");
  for (int v = 0; v < VERDICT_COUNT; v++) printf(" %7s", verdict_names[v]);
  printf(" %9s\n", "work each");
  for (int p = 0; p < PRODUCT_COUNT; p++) {
    int sum[VERDICT_COUNT] = {0};
    double sum_of_work = 0;
    for (int k = 0; k < KIND_COUNT; k++) {
      print_row(kind_names[k], product_names[p], t->count[k][p], t->work[k][p]);
      for (int v = 0; v < VERDICT_COUNT; v++) sum[v] += t->count[k][p][v];
      sum_of_work += t->work[k][p];
    }
    print_row("all", product_names[p], sum, sum_of_work);
    work += sum_of_work;
  }
  print_row("all", "all", t->total, work);
  printf("%d of those that are right would not be if a cotangent had to be known relative to itself down to "
         "rtol of "
         "the seeds\n",
         t->strict);
  if (t->estimates)
    printf("%d answers have an estimate of their error; %d are off by 10 of it and 100 tolerances\n",
           t->estimates, t->optimistic);
}

/* Judges problems `first`... and prints those that are not right if `loud`. */
static tally judge_family(uint64_t seed, uint64_t first, uint64_t count, int loud) {
  tally t = {0};
  for (uint64_t i = first; i < first + count; i++) {
    trial r = draw_trial(seed, i);
    truth known = find_truth(&r);
    if (!known.found) {
      printf("there is no truth for problem %llu of seed %llu\n", (unsigned long long)i,
             (unsigned long long)seed);
      exit(3);
    }
    judgement j = judge(&r, &known);
    add_judgement(&t, &r, &j);
    if (loud && j.verdict != VERDICT_RIGHT) print_judgement(&r, &j);
  }
  print_tally(&t);
  return t;
}

/* ---- As a test ---- */

static void right_or_refused(void **state) {
  (void)state;
  tally t = judge_family(HELD_OUT_SEED, 0, TESTED, 0);
  int answered = t.all - t.total[VERDICT_REFUSED] - t.total[VERDICT_CANNOT];
  /* What the project promises: 0.3 % of the answers, 2 % of the problems. */
  if (t.total[VERDICT_WRONG] > 0 || t.total[VERDICT_OFF] > 0.003 * answered)
    fail_msg("of %d answers %d are off by more than 100 tolerances, and %d by more than their own size",
             answered, t.total[VERDICT_OFF], t.total[VERDICT_WRONG]);
  if (t.total[VERDICT_REFUSED] > 0.02 * t.all)
    fail_msg("%d of %d problems are refused that the method can do", t.total[VERDICT_REFUSED], t.all);
}

/* The family is one of problems that want control: without it, most gradients by the steps that x took are
 * off. */
static void most_are_off_without_control(void **state) {
  (void)state;
  int all = 0, off = 0;
  assert_int_equal(setenv("ODEGRAD_TRUST_OPTIONS", "gradient-control=none", 1), 0);
  tally t = judge_family(HELD_OUT_SEED, 0, 10 * KIND_COUNT, 0);
  unsetenv("ODEGRAD_TRUST_OPTIONS");
  for (int k = 0; k < KIND_COUNT; k++)
    for (int v = 0; v < VERDICT_COUNT; v++) {
      int count = t.count[k][PRODUCT_DISCRETE][v] + t.count[k][PRODUCT_FORWARD][v];
      all += count;
      off += v == VERDICT_OFF || v == VERDICT_WRONG ? count : 0;
    }
  if (!(off > all / 2)) fail_msg("of %d answers without control only %d are off", all, off);
}

/* ---- One problem ---- */

static void print_numbers(const char *name, const double *right, const double *got, int count) {
  for (int i = 0; i < count; i++) printf("%s %d: right %.15g, came %.15g\n", name, i + 1, right[i], got[i]);
}

static void show(uint64_t seed, uint64_t index) {
  trial r = draw_trial(seed, index);
  truth known = find_truth(&r);
  judgement j = judge(&r, &known);
  char model[16384];
  text to = {model, model + sizeof model};
  write_model(&to, &r.s, r.x0, r.theta);
  printf("%s# %.17g : %.17g\n", model, r.t0, r.t1);
  if (r.s.inputs) printf("# u is %g, and %g from %.17g on\n", r.input[0], r.input[1], r.input_at);
  for (int k = 0; k <= r.observations; k++) {
    printf("# seed at %.17g:", k < r.observations ? r.times[k] : r.t1);
    for (int i = 0; i < r.s.n; i++) printf(" %.17g", r.seeds[k][i]);
    printf("\n");
  }
  print_judgement(&r, &j);
  if (r.product == PRODUCT_PUSHFORWARD)
    for (int k = 0; k <= r.observations; k++) print_numbers("dot", known.dots[k], j.answer.dots[k], r.s.n);
  else {
    print_numbers("dL/dk", known.parameters, j.answer.parameters, r.s.p);
    print_numbers("dL/dx0", known.initial, j.answer.initial, r.s.n);
    print_numbers("dL/du", known.input, j.answer.input, 2 * r.s.inputs);
  }
}

static uint64_t number(const char *text) { return strtoull(text, NULL, 10); }

int main(int count, char **words) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(right_or_refused),
      cmocka_unit_test(most_are_off_without_control),
  };
  if (count == 4 && !strcmp(words[1], "show"))
    show(number(words[2]), number(words[3]));
  else if (count > 1)
    judge_family(number(words[1]), count > 3 ? number(words[3]) : 0, count > 2 ? number(words[2]) : HELD_OUT,
                 1);
  else
    return cmocka_run_group_tests(tests, NULL, NULL);
  return 0;
}

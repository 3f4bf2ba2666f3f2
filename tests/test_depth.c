/* What is nested, or leads from one to the next, in a thread with little stack: it is read and worth what it
 * should be, or refused with a reason. */
#include "counting.h"
#include "sanitized.h"

#include <math.h>
#include <pthread.h>

#if SANITIZED || !defined(__OPTIMIZE__)
enum { STACK = 1 << 20 }; /* their frames are several times as large */
#else
enum { STACK = 64 << 10 };
#endif

/* A text that grows. */
typedef struct page {
  char *text;
  size_t used;
} page;
enum { PAGE = 1 << 20 };

static page new_page(const char *start) {
  page p = {malloc(PAGE), strlen(start)};
  assert_non_null(p.text);
  memcpy(p.text, start, p.used + 1);
  return p;
}

static void add(page *p, const char *part, int times) {
  size_t length = strlen(part);
  for (int i = 0; i < times; i++) {
    assert_true(p->used + length < PAGE);
    memcpy(p->text + p->used, part, length + 1);
    p->used += length;
  }
}

/* The initial state of the model, or NaN where it is refused, in `message`. */
typedef struct question {
  const char *text;
  double x0;
  char message[200];
} question;

static void *ask(void *what) {
  question *q = what;
  og_context *context = new_context();
  og_model *model;
  double theta[8] = {1}, found[4] = {NAN};
  og_status status = og_model_create_from_text(context, "m", q->text, strlen(q->text), &model);
  if (status == OG_OK) status = og_model_initial_state(model, 0, theta, found);
  q->x0 = status == OG_OK ? found[0] : NAN;
  snprintf(q->message, sizeof q->message, "%s", og_context_message(context));
  og_model_destroy(model);
  og_context_destroy(context);
  return NULL;
}

static question in_small_thread(const page *p) {
  question q = {.text = p->text};
  pthread_attr_t attributes;
  pthread_t thread;
  assert_int_equal(pthread_attr_init(&attributes), 0);
  assert_int_equal(pthread_attr_setstacksize(&attributes, STACK), 0);
  assert_int_equal(pthread_create(&thread, &attributes, ask, &q), 0);
  assert_int_equal(pthread_join(thread, NULL), 0);
  pthread_attr_destroy(&attributes);
  free(p->text);
  return q;
}

#define PARAMETER "param k = 1\n"
#define EQUATION "\nx' = -x\n"

static void is_worth(page *p, double value) {
  question q = in_small_thread(p);
  if (!(fabs(q.x0 - value) <= 1e-12 * fabs(value))) fail_msg("%.17g, not %.17g: %s", q.x0, value, q.message);
}

/* `open` and `close` around k, `times` of each. */
static page nested(const char *open, const char *core, const char *close, int times) {
  page p = new_page(PARAMETER "init x = ");
  add(&p, open, times);
  add(&p, core, 1);
  add(&p, close, times);
  add(&p, EQUATION, 1);
  return p;
}

/* 22 chains of 990 terms, each the first term of the next; a single one; products and indices. */
static void chains(void **state) {
  (void)state;
  page p = new_page(PARAMETER "init x = ");
  add(&p, "(", 22);
  add(&p, "k", 1);
  for (int i = 0; i < 22; i++) add(&p, "+k", 989), add(&p, ")", 1);
  add(&p, EQUATION, 1);
  is_worth(&p, 22 * 989 + 1);
  p = new_page(PARAMETER "init x = k");
  add(&p, "-k", 989), add(&p, EQUATION, 1);
  is_worth(&p, 1 - 989);
  p = new_page(PARAMETER "init x = 2*k");
  add(&p, "/k", 989), add(&p, EQUATION, 1);
  is_worth(&p, 2);
  p = new_page(PARAMETER "A = [[1, 2], [3, 4]]\ninit x = A[2][1]" EQUATION);
  is_worth(&p, 3);
}

/* 450 definitions of 90 terms, the first of which needs the second, and so on; 3000 short ones. */
static void definitions(void **state) {
  (void)state;
  char line[64];
  page p = new_page(PARAMETER);
  for (int i = 0; i < 450; i++) {
    snprintf(line, sizeof line, "a%d = a%d", i, i + 1);
    add(&p, line, 1), add(&p, "+k", 89), add(&p, "\n", 1);
  }
  add(&p, "a450 = k\ninit x = a0" EQUATION, 1);
  is_worth(&p, 450 * 89 + 1);
  p = new_page(PARAMETER);
  for (int i = 0; i < 3000; i++) {
    snprintf(line, sizeof line, "a%d = sin(a%d) - sin(a%d) + a%d\n", i, i + 1, i + 1, i + 1);
    add(&p, line, 1);
  }
  add(&p, "a3000 = k\ninit x = a0" EQUATION, 1);
  is_worth(&p, 1);
}

static void circles_are_found(void **state) {
  (void)state;
  page p = new_page(PARAMETER "a = b + 1\nb = c\nc = sin(a)\ninit x = a" EQUATION);
  question q = in_small_thread(&p);
  assert_true(isnan(q.x0));
  assert_contains(q.message, "'a' is defined by itself");
}

static const struct {
  const char *open, *core, *close;
} forms[] = {{"sin(", "k", ")"},
             {"(", "k", ")"},
             {"-", "k", ""},
             {"k^", "k", ""},
             {"1/(1+", "k", ")"},
             {"k*(k+", "k", ")"},
             {"k or (k and (k < k+k*(", "k", ")))"},
             {"not (", "k", ")"},
             {"[", "k, k", ", k][1:2]"},
             {"sum([", "k", "])"},
             {"where(k, ", "k", ", 0)"},
             {"where(0, ", "k", ", dot([k], [max(k, k)]))"}};

/* At any depth. */
static void nesting(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
    for (int times = 10; times <= 1000; times = times * 3 / 2) {
      page p = nested(forms[i].open, forms[i].core, forms[i].close, times);
      question q = in_small_thread(&p);
      if (times < 30) assert_false(isnan(q.x0));
      if (isnan(q.x0)) assert_contains(q.message, "nested too deeply");
    }
}

static void ninety_five_sines(void **state) {
  (void)state;
  double value = 1;
  for (int i = 0; i < 95; i++) value = sin(value);
  page p = nested("sin(", "k", ")", 95);
  is_worth(&p, value);
}

/* A sum of 2000 calls of one net: the sum of its weights' cotangents is as deep. */
static void calls_of_a_net(void **state) {
  (void)state;
  page p = new_page("net f = mlp(1, 1; weights = zeros, bias = zeros)\ninit x = 1\n");
  add(&p, "a0 = f(0*x)", 1);
  char line[64];
  for (int i = 1; i <= 2000; i++) {
    snprintf(line, sizeof line, "\na%d = f(%d*x) + a%d", i, i, i - 1);
    add(&p, line, 1);
  }
  add(&p, "\nx' = a2000\n", 1);
  is_worth(&p, 1);
}

static void *read_nested_json(void *what) {
  og_context *context = new_context();
  og_model *model;
  static const char text[] = PARAMETER "init x = k" EQUATION;
  double theta[1] = {7};
  assert_int_equal(og_model_create_from_text(context, "m", text, strlen(text), &model), OG_OK);
  og_status *status = what;
  *status = og_parameters_read(model, "/tmp/odegrad_depth.json", theta);
  assert_true(theta[0] == 7);
  og_model_destroy(model);
  og_context_destroy(context);
  return NULL;
}

static void json(void **state) {
  (void)state;
  og_status status = OG_OK;
  page p = new_page("{\"k\": ");
  add(&p, "[", 900), add(&p, "1", 1), add(&p, "]", 900), add(&p, "}", 1);
  FILE *file = fopen("/tmp/odegrad_depth.json", "w");
  if (!file) skip();
  fputs(p.text, file);
  assert_int_equal(fclose(file), 0);
  free(p.text);
  pthread_attr_t attributes;
  pthread_t thread;
  assert_int_equal(pthread_attr_init(&attributes), 0);
  assert_int_equal(pthread_attr_setstacksize(&attributes, STACK), 0);
  assert_int_equal(pthread_create(&thread, &attributes, read_nested_json, &status), 0);
  assert_int_equal(pthread_join(thread, NULL), 0);
  pthread_attr_destroy(&attributes);
  assert_int_equal(status, OG_ERR_DATA);
}

/* ---- Computing ---- */

static og_status last_status;
static char last_message[300];

/* Every way to derivatives, without an event, through which there are no second ones. */
static og_status derive(og_objective *objective, const double *theta, double *gradient, int smooth) {
  double loss, hessian[4];
  for (int adjoint = OG_ADJOINT_DISCRETE; adjoint <= OG_ADJOINT_FORWARD; adjoint++) {
    og_status status = og_objective_evaluate_with(objective, (og_adjoint)adjoint, theta, &loss, gradient);
    if (status != OG_OK) return status;
  }
  return smooth ? og_objective_hessian(objective, theta, hessian) : OG_OK;
}

static og_status differentiate(og_context *context, const og_model *model, const og_table *table,
                               const double *theta, double *gradient, int smooth, og_precision precision) {
  og_options *options = NULL;
  og_objective *objective = NULL;
  og_status status = og_options_create(context, &options);
  if (status == OG_OK) status = og_options_set_choice(options, OG_OPT_PRECISION, precision);
  for (long long memory = 0; status == OG_OK && memory <= 40000000; memory += 40000000) {
    status = og_options_set_integer(options, OG_OPT_MEMORY, memory);
    if (status == OG_OK) status = og_objective_create(context, model, table, options, &objective);
    if (status == OG_OK) status = derive(objective, theta, gradient, smooth);
    og_objective_destroy(objective);
    objective = NULL;
  }
  og_options_destroy(options);
  return status;
}

/* A network in full blocks of lanes, a fit through an event, and one without. */
static void *compute(void *what) {
  static const char network[] = "net f = mlp(2, 64, 64, 2; tanh)\ninit x = [2, 0]\nx' = f(x)\n"
                                "observe x ~ normal(x, 1)\n",
                    event[] = "param a = 1 in [0, 5], b = 0.5\ninit x = a\nx' = -b*x\n"
                              "event e when t - 1.5 = 0 rising { x = x + 0.1 }\nobserve y ~ normal(x, 1)\n",
                    plain[] =
                        "param a = 1 in [0, 5], b = 0.5\ninit x = a\nx' = -b*x\nobserve y ~ normal(x, 1)\n";
  static const char *const texts[] = {network, event, plain};
  const og_table *table = what;
  og_context *context = new_context();
  for (int i = 0; i < 3; i++) {
    const char *text = texts[i];
    og_model *model = NULL;
    og_objective *objective = NULL;
    og_fit *fit = NULL;
    static double theta[8192], gradient[8192], loss;
    last_status = og_model_create_from_text(context, "m", text, strlen(text), &model);
    if (last_status == OG_OK) last_status = og_model_initialize(model, 1, theta);
    if (last_status == OG_OK) last_status = og_objective_create(context, model, table, NULL, &objective);
    if (last_status == OG_OK) last_status = og_objective_evaluate(objective, theta, &loss, gradient);
    if (last_status == OG_OK && i) last_status = og_fit_create(objective, NULL, NULL, NULL, NULL, &fit);
    if (last_status == OG_OK && i)
      last_status = differentiate(context, model, table, theta, gradient, i == 2, OG_PRECISION_DOUBLE);
    if (last_status == OG_OK && i)
      last_status = differentiate(context, model, table, theta, gradient, 0, OG_PRECISION_SINGLE);
    og_fit_destroy(fit);
    og_objective_destroy(objective);
    og_model_destroy(model);
    if (last_status != OG_OK) break;
  }
  snprintf(last_message, sizeof last_message, "%s", og_context_message(context));
  og_context_destroy(context);
  return NULL;
}

static void a_small_stack_is_enough_to_compute(void **state) {
  (void)state;
  page p = new_page("id,t,x[1],x[2],y\n");
  char line[64];
  for (int i = 0; i < 70; i++)
    for (int k = 0; k < 3; k++) {
      snprintf(line, sizeof line, "%d,%d,%d,%d,%d\n", i, k, 2 - k, i % 3, 2 - k);
      add(&p, line, 1);
    }
  og_context *context = new_context();
  og_table *table;
  assert_int_equal(og_table_create_from_text(context, "d", p.text, p.used, &table), OG_OK);
  free(p.text);
  pthread_attr_t attributes;
  pthread_t thread;
  assert_int_equal(pthread_attr_init(&attributes), 0);
  assert_int_equal(pthread_attr_setstacksize(&attributes, STACK), 0);
  assert_int_equal(pthread_create(&thread, &attributes, compute, table), 0);
  assert_int_equal(pthread_join(thread, NULL), 0);
  pthread_attr_destroy(&attributes);
  if (last_status != OG_OK) fail_msg("%s", last_message);
  og_table_destroy(table);
  og_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(chains),
                                     cmocka_unit_test(definitions),
                                     cmocka_unit_test(circles_are_found),
                                     cmocka_unit_test(nesting),
                                     cmocka_unit_test(ninety_five_sines),
                                     cmocka_unit_test(calls_of_a_net),
                                     cmocka_unit_test(json),
                                     cmocka_unit_test(a_small_stack_is_enough_to_compute)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

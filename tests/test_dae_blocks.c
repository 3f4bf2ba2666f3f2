/* Whether algebraic equations determine their states, and which do not: blocks of small integers, of which
 * that is known exactly, with equations and states in units many powers of ten apart. */
#include "dae_models.h"

enum { MOST = 4, PRIME = 2147483647 };

/* x' = -x, 0 = row_unit (B (unit z) - c x): z = (B^-1 c x) / unit. */
typedef struct block {
  int n;
  int64_t b[MOST][MOST], c[MOST];
  double row_unit[MOST], unit[MOST];
} block;

static int rhs(double t, const double *x, const double *p, double *f, void *user) {
  const block *k = user;
  (void)t, (void)p;
  f[0] = -x[0];
  for (int i = 0; i < k->n; i++) {
    f[1 + i] = -(double)k->c[i] * x[0];
    for (int j = 0; j < k->n; j++) f[1 + i] += (double)k->b[i][j] * (k->unit[j] * x[1 + j]);
    f[1 + i] *= k->row_unit[i];
  }
  return 0;
}
static int jvp(double t, const double *x, const double *p, double t_dot, const double *x_dot,
               const double *p_dot, double *f_dot, void *user) {
  (void)x, (void)t_dot, (void)p_dot;
  return rhs(t, x_dot, p, f_dot, user);
}
static int vjp(double t, const double *x, const double *p, const double *l, double *x_bar, double *p_bar,
               double *t_bar, void *user) {
  const block *k = user;
  (void)t, (void)x, (void)p, (void)p_bar, (void)t_bar;
  x_bar[0] = -l[0];
  for (int i = 0; i < k->n; i++) {
    x_bar[0] -= k->row_unit[i] * (double)k->c[i] * l[1 + i];
    for (int j = 0; j < k->n; j++)
      x_bar[1 + j] += k->row_unit[i] * (double)k->b[i][j] * k->unit[j] * l[1 + i];
  }
  return 0;
}

static og_field *field_of(og_context *context, block *k) {
  og_field *field = NULL;
  CHECK(context, og_field_create(context, 1 + (size_t)k->n, 0, rhs, k, &field));
  CHECK(context, og_field_set_vjp(field, vjp));
  CHECK(context, og_field_set_jvp(field, jvp));
  CHECK(context, og_field_set_jacobian(field, NULL, 0, NULL, NULL));
  CHECK(context, og_field_set_mass(field, 1, (size_t[]){0}, (size_t[]){0}, (double[]){1}));
  return field;
}

/* ---- What is so, by arithmetic modulo a prime ---- */

static int64_t modulo(int64_t a) { return (a % PRIME + PRIME) % PRIME; }
static int64_t inverse_of(int64_t a) {
  int64_t power = 1;
  for (int64_t e = PRIME - 2; e > 0; e /= 2, a = a * a % PRIME)
    if (e % 2) power = power * a % PRIME;
  return power;
}

/* The rank of B or its transpose, and where it is one less than n, which entries of the vector that it makes
 * zero are not zero (as bits). */
static int null_vector(const block *k, int transposed, unsigned *there) {
  int64_t a[MOST][MOST];
  int n = k->n, rank = 0, pivot_column[MOST], free_column = -1;
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) a[i][j] = modulo(transposed ? k->b[j][i] : k->b[i][j]);
  for (int j = 0; j < n; j++) {
    int pivot = rank;
    while (pivot < n && a[pivot][j] == 0) pivot++;
    if (pivot == n) {
      free_column = j;
      continue;
    }
    for (int l = 0; l < n; l++) {
      int64_t other = a[pivot][l];
      a[pivot][l] = a[rank][l], a[rank][l] = other;
    }
    int64_t by = inverse_of(a[rank][j]);
    for (int l = 0; l < n; l++) a[rank][l] = a[rank][l] * by % PRIME;
    for (int i = 0; i < n; i++)
      for (int l = n - 1; i != rank && l >= j; l--) a[i][l] = modulo(a[i][l] - a[i][j] * a[rank][l] % PRIME);
    pivot_column[rank++] = j;
  }
  *there = 0;
  if (rank == n - 1) {
    *there = 1U << free_column;
    for (int i = 0; i < rank; i++)
      if (a[i][free_column]) *there |= 1U << pivot_column[i];
  }
  return rank;
}

/* ---- What is said ---- */

/* The numbers of states in a part of a message, as bits, the first algebraic one being the lowest. */
static unsigned named_in(const char *from, const char *to) {
  unsigned found = 0;
  for (; (from = strstr(from, "state number ")) && from < to; from++) {
    unsigned bit = 1U << (atoi(from + strlen("state number ")) - 1);
    assert_true(!(found & bit));
    found |= bit;
  }
  return found;
}

static void is_refused(og_context *context, og_solve *solve, unsigned equations, unsigned states) {
  assert_int_equal(og_solve_run(solve), OG_ERR_INDEX);
  const char *message = og_context_message(context), *first = strstr(message, "the equations of "),
             *then = first ? strstr(first, "do not determine") : NULL;
  assert_non_null(then);
  if (named_in(first, then) != equations || named_in(then, message + strlen(message)) != states)
    fail_msg("%s, in place of %#x and %#x", message, equations, states);
}

static void is_solved(og_context *context, og_solve *solve, const block *k) {
  double x[1 + MOST];
  CHECK(context, og_solve_run(solve));
  CHECK(context, og_solve_final(solve, 0, x));
  for (int i = 0; i < k->n; i++) { /* x is the only quantity, so that B (unit z) = c x holds to rounding */
    double left = -(double)k->c[i] * x[0], size = fabs(left);
    for (int j = 0; j < k->n; j++) {
      double part = (double)k->b[i][j] * (k->unit[j] * x[1 + j]);
      left += part, size += fabs(part);
    }
    assert_true(fabs(left) <= 1e-9 * size);
  }
}

static void check(block *k) {
  unsigned equations, states;
  og_context *context = new_context();
  og_field *field = field_of(context, k);
  og_options *options = new_options(context, OG_METHOD_RADAU5, 1e-8, 1e-11);
  og_solve *solve = NULL;
  double x0[1 + MOST] = {1}, atol[1 + MOST] = {1e-11};
  int rank = null_vector(k, 1, &equations);
  assert_int_equal(rank, null_vector(k, 0, &states));
  for (int j = 0; j < k->n; j++) x0[1 + j] = (0.3 + j) / k->unit[j], atol[1 + j] = 1e-11 / k->unit[j];
  CHECK(context, og_solve_create(context, field, options, 1, &solve));
  CHECK(context, og_solve_set_atol(solve, atol));
  CHECK(context, og_solve_set_span(solve, 0, 0, 0.1));
  CHECK(context, og_solve_set_initial_state(solve, 0, x0));
  if (rank == k->n) is_solved(context, solve, k);
  if (rank == k->n - 1) is_refused(context, solve, equations, states);
  og_solve_destroy(solve);
  og_options_destroy(options);
  og_field_destroy(field);
  og_context_destroy(context);
}

static int64_t drawn(uint64_t *seed, int most) {
  return (int64_t)floor((2 * most + 1) * (0.5 + 0.5 * noise(seed))) - most;
}

/* Half of them with one row that is a combination of others. */
static block random_block(uint64_t *seed, int draw) {
  block k = {.n = 1 + draw % MOST};
  for (int i = 0; i < k.n; i++) {
    k.c[i] = 1 + (i + draw) % 3;
    k.row_unit[i] = draw % 3 ? pow(10, (double)drawn(seed, 6)) : 1;
    k.unit[i] = draw % 5 ? pow(10, (double)drawn(seed, 6)) : 1;
    for (int j = 0; j < k.n; j++) k.b[i][j] = drawn(seed, 3);
  }
  if (draw / MOST % 2) {
    int own = draw / 8 % k.n;
    for (int j = 0; j < k.n; j++) k.b[own][j] = 0;
    for (int i = 0; i < k.n; i++) {
      int64_t factor = drawn(seed, 2);
      for (int j = 0; i != own && j < k.n; j++) k.b[own][j] += factor * k.b[i][j];
    }
  }
  return k;
}

static void blocks_of_integers(void **state) {
  (void)state;
  uint64_t seed = 3;
  for (int draw = 0; draw < 240; draw++) {
    block k = random_block(&seed, draw);
    check(&k);
  }
}

/* ---- Entries that cancel, and entries that are small ---- */

/* 3 p - 0.3 is 6e-17 at p = 0.1, and nothing, where the equation holds without z; 1e-17 by itself is the unit
 * of z. Both whatever the unit of the equation. */
static void small_is_not_cancelled(void **state) {
  (void)state;
  static const char *const units[] = {"1e-9", "1", "1e9"};
  for (int i = 0; i < 9; i++) /* not where z's unit makes what is left large */
    for (int cancels = 0; cancels < (i % 3 < 2 ? 2 : 1); cancels++) {
      char text[400];
      snprintf(text, sizeof text,
               "param p = 0.1\ninit x = 1\nalgebraic z = 1/%s, y = 1\nx' = -x\n0 = %s*(x + %s*z*%s - %d)\n0 "
               "= y - x\n"
               "time 0 : 1\n",
               units[i % 3], units[i / 3], units[i % 3], cancels ? "(3*p - 0.3)" : "1e-17", cancels ? 1 : 2);
      dae_run r = dae_open(text, OG_METHOD_RADAU5, 1e-6, 1e-9);
      r.x0[1] = (cancels ? 1 : 1e17) / atof(units[i % 3]);
      dae_create(&r);
      og_status status = og_solve_run(r.solve);
      if (status != (cancels ? OG_ERR_INDEX : OG_OK)) fail_msg("%s%s", text, og_context_message(r.context));
      if (cancels) assert_contains(og_context_message(r.context), "the equations of z do not determine z");
      dae_close(&r);
    }
}

/* ---- Callbacks that refuse ---- */

/* 0 = z^3 + z - 10 x, x' = -x, from a guess that takes iterations; call number `at` of callback `which`
 * returns `answer`. */
enum { RHS, JACOBIAN, VJP, JVP, CALLBACKS };
typedef struct refusal {
  int which, at, answer, calls[CALLBACKS];
} refusal;

static int answer_of(void *user, int which) {
  refusal *r = user;
  return r->calls[which]++ == r->at && which == r->which ? r->answer : 0;
}
static int cubic(double t, const double *x, const double *p, double *f, void *user) {
  (void)t, (void)p;
  f[0] = x[0] * x[0] * x[0] + x[0] - 10 * x[1], f[1] = -x[1];
  return answer_of(user, RHS);
}
static int cubic_jacobian(double t, const double *x, const double *p, double *values, void *user) {
  (void)t, (void)p;
  values[0] = 3 * x[0] * x[0] + 1, values[1] = -10, values[2] = 0, values[3] = -1;
  return answer_of(user, JACOBIAN);
}
static int cubic_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                     double *p_bar, double *t_bar, void *user) {
  (void)t, (void)p, (void)p_bar, (void)t_bar;
  x_bar[0] = (3 * x[0] * x[0] + 1) * l[0], x_bar[1] = -10 * l[0] - l[1];
  return answer_of(user, VJP);
}
static int cubic_jvp(double t, const double *x, const double *p, double t_dot, const double *x_dot,
                     const double *p_dot, double *f_dot, void *user) {
  (void)t, (void)p, (void)t_dot, (void)p_dot;
  f_dot[0] = (3 * x[0] * x[0] + 1) * x_dot[0] - 10 * x_dot[1], f_dot[1] = -x_dot[1];
  return answer_of(user, JVP);
}

/* Run, gradient and tangent; what is right is written down where they come: z with z^3 + z = 10 x, dz/dx0 =
 * 10 e^-T/(3 z^2 + 1). */
static og_status solve_cubic(refusal *r) {
  og_context *context = new_context();
  og_options *options = new_options(context, OG_METHOD_RADAU5, 1e-6, 1e-9);
  og_field *field = NULL;
  og_solve *solve = NULL;
  double x[2], x_bar[2] = {0}, x_dot[2] = {0};
  CHECK(context, og_field_create(context, 2, 0, cubic, r, &field));
  CHECK(context, og_field_set_vjp(field, cubic_vjp));
  CHECK(context, og_field_set_jvp(field, cubic_jvp));
  CHECK(context, og_field_set_jacobian(field, cubic_jacobian, 0, NULL, NULL));
  CHECK(context, og_field_set_mass(field, 1, (size_t[]){1}, (size_t[]){1}, (double[]){1}));
  CHECK(context, og_options_set_choice(options, OG_OPT_GRADIENT_CONTROL, OG_CONTROL_NONE));
  CHECK(context,
        og_options_set_integer(options, OG_OPT_STEPS, 8)); /* there is no trial of a first step's width */
  CHECK(context, og_solve_create(context, field, options, 1, &solve));
  CHECK(context, og_solve_set_span(solve, 0, 0, 0.5));
  CHECK(context, og_solve_set_initial_state(solve, 0, (double[]){-8, 1}));
  memset(r->calls, 0, sizeof r->calls);
  og_status status = og_solve_run(solve);
  if (status == OG_OK)
    status = og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                            .final_bar = (double[]){1, 0}, .x0_bar = x_bar});
  if (status == OG_OK)
    status =
        og_solve_pushforward(solve, &(og_pushforward_arrays){OG_INIT(og_pushforward_arrays),
                                                             .x0_dot = (double[]){0, 1}, .final_dot = x_dot});
  if (status == OG_OK) {
    CHECK(context, og_solve_final(solve, 0, x));
    double slope = 10 * exp(-0.5) / (3 * x[0] * x[0] + 1);
    assert_true(fabs(x[1] - exp(-0.5)) <= 3e-4 && fabs(x[0] * x[0] * x[0] + x[0] - 10 * x[1]) <= 1e-3);
    assert_true(fabs(x_bar[1] - slope) <= 3e-4 * slope && fabs(x_dot[0] - slope) <= 3e-4 * slope);
  }
  og_solve_destroy(solve);
  og_options_destroy(options);
  og_field_destroy(field);
  og_context_destroy(context);
  return status;
}

/* A stop is told, whichever call it is; where a call only does not know, the solve finds another way, or says
 * so. */
static void callbacks_may_refuse(void **state) {
  (void)state;
  refusal none = {.which = CALLBACKS};
  assert_int_equal(solve_cubic(&none), OG_OK);
  for (int which = 0; which < CALLBACKS; which++)
    for (int at = which == JACOBIAN || which == JVP; at < none.calls[which];
         at++) { /* the first ones are compared */
      refusal stops = {.which = which, .at = at, .answer = -1},
              unknown = {.which = which, .at = at, .answer = 1};
      og_status status = solve_cubic(&stops);
      if (status != OG_ERR_FIELD) fail_msg("call %d of %d that stops: %s", at, which, og_status_name(status));
      solve_cubic(&unknown); /* right or refused */
    }
}

/* ---- Long lists ---- */

/* The sum of all equations but the last is the last: of eight names six are told. */
static void many_names(void **state) {
  (void)state;
  static const char text[] =
      "init x = 1\nalgebraic a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0\nx' = -x\n"
      "0 = a - b\n0 = b - c\n0 = c - d\n0 = d - e\n0 = e - f\n0 = f - g\n0 = g - a\ntime 0 : 1\n";
  dae_run r = dae_open(text, OG_METHOD_RADAU5, 1e-6, 1e-9);
  dae_create(&r);
  assert_int_equal(og_solve_run(r.solve), OG_ERR_INDEX);
  const char *message = og_context_message(r.context), *list = strstr(message, "the equations of ");
  assert_non_null(list);
  for (int part = 0; part < 2; part++) {
    list += strlen(part ? "do not determine " : "the equations of ");
    for (int k = 0; k < 6; k++) {
      assert_true(list[3 * k] >= 'a' && list[3 * k] <= 'g');
      assert_memory_equal(list + 3 * k + 1, ", ", 2);
      for (int l = 0; l < k; l++) assert_true(list[3 * k] != list[3 * l]);
    }
    assert_memory_equal(list + 18, "...", 3);
    if (!part) list = strstr(list, "do not determine ");
  }
  dae_close(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(blocks_of_integers),
      cmocka_unit_test(small_is_not_cancelled),
      cmocka_unit_test(callbacks_may_refuse),
      cmocka_unit_test(many_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

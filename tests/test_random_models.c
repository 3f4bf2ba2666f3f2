/* Random models: recipes (recipes.h) written in the language, with brackets only where the precedence of
 * operators asks for them; their fields against jets, and solves of them in any number of lanes, interpreted
 * and compiled. */
#include <float.h>

#include "field/field.h"
#include "models.h"
#include "recipe_derivatives.h"

enum { RECIPES = 200, SOLVED = 6, TEXT = 1 << 16, EQUATIONS = 4 };

static const char *const input_names[WRT] = {"t", "s1", "s2", "v", "w", "p", "a", "M", "N"};
static const char head[] = "param p = 1, a[3] = [1, 1, 1]\n"
                           "param M[3, 3] = [[1, 1, 1], [1, 1, 1], [1, 1, 1]]\n"
                           "param N[2, 3] = [[1, 1, 1], [1, 1, 1]]\nparam unused = 1\n"
                           "init s1 = 0.5, s2 = -0.25\ninit v = [0.5, 1, -1]\ninit w = [0.75, 0.125]\n";

/* ---- Writing ---- */

/* From the loosest to the tightest. */
enum { LIST, OR, AND, NOT, COMPARISON, SUM, PRODUCT, MINUS, POWER, POSTFIX };
typedef struct writer {
  recipe *r;
  char text[TEXT];
  int length;
} writer;

static void put(writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(writer *w, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  w->length += vsnprintf(w->text + w->length, (size_t)(TEXT - w->length), format, arguments);
  va_end(arguments);
  assert_true(w->length < TEXT);
}

static int level_of(const recipe_step *s) {
  if (s->kind == OG_CONSTANT) return entries_of(s->shape) == 1 && s->value[0] < 0 ? MINUS : POSTFIX;
  if (s->kind == OG_UNARY) return s->op == OG_NOT ? NOT : s->op == OG_NEG ? MINUS : POSTFIX;
  if (s->kind == OG_MATVEC) return PRODUCT;
  if (s->kind != OG_BINARY) return POSTFIX;
  switch (s->op) {
  case OG_OR: return OR;
  case OG_AND: return AND;
  case OG_ADD:
  case OG_SUB: return SUM;
  case OG_MUL:
  case OG_DIV: return PRODUCT;
  case OG_POW: return POWER;
  case OG_ATAN2:
  case OG_MIN:
  case OG_MAX: return POSTFIX;
  default: return COMPARISON;
  }
}

static void write_step(writer *w, int step, int deep);

/* By its name, or for a few levels in full, in brackets when it is looser than what is around it. */
static void write_operand(writer *w, int step, int level, int deep) {
  const recipe_step *s = &w->r->step[step];
  if (s->kind == OG_INPUT) {
    put(w, "%s", input_names[step]);
  } else if (deep <= 0 || roll(w->r, 2)) {
    put(w, "q%d", step);
  } else {
    int brackets = level_of(s) < level;
    put(w, brackets ? "(" : "");
    write_step(w, step, deep - 1);
    put(w, brackets ? ")" : "");
  }
}

static void write_list(writer *w, const recipe_step *s, const char *open, const char *close, int deep) {
  put(w, "%s", open);
  for (int i = 0; i < s->count; i++) {
    put(w, i ? ", " : "");
    write_operand(w, s->of[i], LIST, deep);
  }
  put(w, "%s", close);
}

static void write_constant(writer *w, const recipe_step *s) {
  int rows = s->shape.rows, columns = s->shape.columns;
  if (rows > 1) put(w, "[");
  for (int r = 0; r < rows; r++) {
    put(w, r ? ", " : "");
    put(w, columns > 1 ? "[" : "");
    for (int c = 0; c < columns; c++) put(w, "%s%.17g", c ? ", " : "", s->value[r * columns + c]);
    put(w, columns > 1 ? "]" : "");
  }
  if (rows > 1) put(w, "]");
}

static void write_binary(writer *w, const recipe_step *s, int deep) {
  static const int left[] = {[OR] = OR, [AND] = AND, [COMPARISON] = SUM, [SUM] = SUM, [PRODUCT] = PRODUCT},
                   right[] = {
                       [OR] = AND, [AND] = NOT, [COMPARISON] = SUM, [SUM] = PRODUCT, [PRODUCT] = MINUS};
  int level = level_of(s), op = s->kind == OG_MATVEC ? (int)OG_MUL : s->op;
  if (level == POSTFIX) {
    put(w, "%s", og_binary_name(op));
    write_list(w, s, "(", ")", deep);
    return;
  }
  write_operand(w, s->of[0], level == POWER ? POSTFIX : left[level], deep);
  put(w, level == POWER ? "^" : " %s ", og_binary_name(op));
  write_operand(w, s->of[1], level == POWER ? POWER : right[level], deep);
}

static void write_step(writer *w, int step, int deep) {
  const recipe_step *s = &w->r->step[step];
  switch (s->kind) {
  case OG_CONSTANT: write_constant(w, s); break;
  case OG_UNARY:
    if (s->op == OG_NOT || s->op == OG_NEG) {
      put(w, s->op == OG_NOT ? "not " : "-");
      write_operand(w, s->of[0], s->op == OG_NOT ? COMPARISON : POWER, deep);
    } else {
      put(w, "%s", s->op == OG_PHI ? "Phi" : og_unary_name((og_unary)s->op));
      write_list(w, s, "(", ")", deep);
    }
    break;
  case OG_BINARY:
  case OG_MATVEC: write_binary(w, s, deep); break;
  case OG_WHERE: write_list(w, s, "where(", ")", deep); break;
  case OG_CONCAT: write_list(w, s, "[", "]", 0); break; /* a vector written out would make it a matrix */
  case OG_SUM: write_list(w, s, "sum(", ")", deep); break;
  case OG_DOT: write_list(w, s, "dot(", ")", deep); break;
  case OG_SLICE:
    write_operand(w, s->of[0], POSTFIX, deep);
    if (entries_of(w->r->step[s->of[0]].shape) == 1) break;
    put(w, s->shape.rows == 1 ? "[%d]" : "[%d:%d]", s->offset + 1, s->offset + s->shape.rows);
    break;
  default: fail_msg("a step that the language has not");
  }
}

/* The last step of the shape of each part of the state is its slope. */
static void choose_slopes(recipe *r, derivatives *d) {
  for (int part = 1; part <= EQUATIONS; part++) {
    int step = r->count - 1;
    while (r->step[step].wild || !og_same_shape(r->step[step].shape, recipe_inputs[part].shape)) step--;
    d->step[d->count++] = step;
  }
}

static og_model *model_of(og_context *context, recipe *r, const derivatives *d, const char *slope) {
  writer *w = calloc(1, sizeof *w);
  assert_non_null(w);
  w->r = r;
  put(w, "%s", head);
  for (int i = WRT; i < r->count; i++) {
    put(w, "q%d = ", i);
    write_step(w, i, 3);
    put(w, "\n");
  }
  for (int i = 0; i < EQUATIONS; i++) {
    put(w, "%s' = %s", input_names[1 + i], slope);
    write_operand(w, d->step[i], *slope ? LIST : OR, 0);
    put(w, *slope ? ")\n" : "\n");
  }
  og_model *model = parse(context, w->text);
  free(w);
  return model;
}

/* ---- Fields ---- */

static void *aligned(size_t bytes) {
  void *memory = aligned_alloc(64, (bytes + 64) / 64 * 64);
  assert_non_null(memory);
  memset(memory, 0, bytes);
  return memory;
}

static long double along(const double *bar, double (*dot)[LANES], int rows, int point, long double *size) {
  long double sum = 0;
  for (int i = 0; i < rows; i++) {
    long double term = (long double)bar[i * LANES + point] * (long double)dot[i][point];
    sum += term, *size += fabsl(term);
  }
  return sum;
}

/* The bound is that of test_random_graphs.c. */
static void near(const recipe *r, uint64_t seed, const char *what, long double got, long double size,
                 long double want, long double move) {
  long double allowed = r->exact ? 0 : 1000 * DBL_EPSILON * (1 + size + move);
  if (!(fabsl(got - want) <= allowed))
    fail_msg("recipe %d, %s: %.17Lg, not %.17Lg", (int)seed, what, got, want);
}

static void check_field(recipe *r, const derivatives *d, const og_field *field, uint64_t seed) {
  static long double moves[POINTS][NUMBERS], want[NUMBERS];
  if (!r->exact && !sensitivity(r, d, moves)) return;
  og_lane_status status[LANES] = {0};
  size_t block = LANES * sizeof(double);
  double *f = aligned(STATES * block), *f_dot = aligned(STATES * block), *x_bar = aligned(STATES * block),
         *theta_bar = aligned(field->p * block), *t_bar = aligned(block), *theta = aligned(field->p * block),
         *theta_dot = aligned(field->p * block);
  void *scratch = aligned(field->scratch_bytes(field, LANES));
  const og_field_ops_d *ops = &field->ops_d;
  const double *t = r->in[OG_SLOT_TIME][0], *x = r->in[OG_SLOT_STATE][0];
  assert_true(field->p == PARAMETERS + field->fine); /* whose rows are 0 in double */
  memcpy(theta, r->in[OG_SLOT_PARAMETER], PARAMETERS * block);
  memcpy(theta_dot, r->in[OG_SLOT_PARAMETER_DOT], PARAMETERS * block);
  ops->eval(field, LANES, t, x, theta, f, status, scratch);
  ops->jvp(field, LANES, t, x, theta, r->in[OG_SLOT_TIME_DOT][0], r->in[OG_SLOT_STATE_DOT][0], theta_dot,
           f_dot, status, scratch);
  ops->vjp(field, LANES, t, x, theta, r->in[OG_SLOT_COTANGENT][0], x_bar, theta_bar, t_bar, status, scratch);
  for (int point = 0; point < POINTS; point++) {
    int count = numbers_of_jets(r, d, point, want);
    for (int i = 0; i < STATES; i++) {
      long double value = (long double)f[i * LANES + point], dot = (long double)f_dot[i * LANES + point];
      near(r, seed, "value", value, 0, want[3 * i], moves[point][3 * i]);
      near(r, seed, "jvp", dot, 0, want[3 * i + 1], moves[point][3 * i + 1]);
    }
    long double size = 0, sum = along(t_bar, r->in[OG_SLOT_TIME_DOT], 1, point, &size) +
                                along(x_bar, r->in[OG_SLOT_STATE_DOT], STATES, point, &size) +
                                along(theta_bar, r->in[OG_SLOT_PARAMETER_DOT], PARAMETERS, point, &size);
    near(r, seed, "vjp", sum, size, want[count - 5], moves[point][count - 5]);
  }
  free(f), free(f_dot), free(x_bar), free(theta_bar), free(t_bar), free(scratch);
  free(theta), free(theta_dot);
}

typedef struct drawn {
  og_context *context;
  og_graph *graph;
  recipe *r;
  derivatives d;
  og_model *model;
} drawn;

static drawn draw(recipe_about about, const char *slope) {
  drawn w = {.context = new_context()};
  CHECK(w.context, og_graph_create(w.context, &w.graph));
  w.r = new_recipe(w.graph, about);
  choose_slopes(w.r, &w.d);
  w.model = model_of(w.context, w.r, &w.d, slope);
  return w;
}

static void release(drawn *w) {
  og_model_destroy(w->model);
  free(w->r);
  og_graph_destroy(w->graph);
  og_context_destroy(w->context);
}

static void fields(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= RECIPES; seed++) {
    drawn w = draw((recipe_about){.seed = 5000 + seed, .exact = seed % 2, .steps = 24, .language = 1}, "");
    check_field(w.r, &w.d, og_model_field(w.model), 5000 + seed);
    release(&w);
  }
}

/* ---- Solves ---- */

typedef struct outcome {
  double final[LANES][STATES], x0_bar[LANES][STATES], theta_bar[LANES][PARAMETERS];
} outcome;

/* The first `count` trajectories, which start at the recipe's lanes; 0: the model is undefined on their way.
 */
static int solve(const drawn *w, og_precision precision, int count, outcome *o) {
  og_options *options = new_options(w->context, OG_METHOD_HEUN, 1e-3, 1e-3);
  og_solve *s = NULL;
  CHECK(w->context, og_options_set_integer(options, OG_OPT_STEPS, 3));
  CHECK(w->context, og_options_set_choice(options, OG_OPT_PRECISION, (int)precision));
  CHECK(w->context, og_solve_create(w->context, og_model_field(w->model), options, (size_t)count, &s));
  CHECK(w->context, og_solve_set_span(s, OG_ALL, 0, 0.125));
  double final_bar[LANES * STATES];
  for (int m = 0; m < count; m++) {
    double x0[STATES], theta[PARAMETERS];
    for (int i = 0; i < STATES; i++) x0[i] = w->r->in[OG_SLOT_STATE][i][m], final_bar[m * STATES + i] = 1 + i;
    for (int i = 0; i < PARAMETERS; i++) theta[i] = w->r->in[OG_SLOT_PARAMETER][i][m];
    CHECK(w->context, og_solve_set_initial_state(s, (size_t)m, x0));
    CHECK(w->context, og_solve_set_parameters(s, (size_t)m, theta));
  }
  memset(o, 0, sizeof *o);
  int good = og_solve_run(s) == OG_OK &&
             og_solve_pullback(s, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = final_bar,
                                                        .x0_bar = o->x0_bar[0],
                                                        .theta_bar = o->theta_bar[0]}) == OG_OK;
  for (int m = 0; m < count && good; m++) CHECK(w->context, og_solve_final(s, (size_t)m, o->final[m]));
  og_solve_destroy(s);
  og_options_destroy(options);
  return good;
}

static void same_start(const outcome *all, const outcome *some, int count, const char *what) {
  size_t n = (size_t)count;
  if (memcmp(all->final, some->final, n * sizeof some->final[0]) ||
      memcmp(all->x0_bar, some->x0_bar, n * sizeof some->x0_bar[0]) ||
      memcmp(all->theta_bar, some->theta_bar, n * sizeof some->theta_bar[0]))
    fail_msg("%d trajectories, %s: other bits", count, what);
}

/* Any number of trajectories, so that blocks are full, part of one, or single lanes, has the bits of 64. */
static void solves(void **state) {
  static outcome all, some;
  int solved = 0;
  (void)state;
  for (uint64_t seed = 1; solved < SOLVED; seed++) {
    assert_true(seed < 40 * SOLVED);
    og_precision precision = seed % 2 ? OG_PRECISION_DOUBLE : OG_PRECISION_SINGLE;
    drawn w = draw((recipe_about){.seed = 7000 + seed, .steps = 14, .language = 1}, "tanh(");
    if (solve(&w, precision, LANES, &all)) {
      for (int count = 1; count < LANES; count++) {
        assert_true(solve(&w, precision, count, &some));
        same_start(&all, &some, count, "interpreted");
      }
      if (solved % 3 == 0) CHECK(w.context, og_model_compile(w.model, precision));
      for (int count = 1; solved % 3 == 0 && count <= LANES; count += count < 20 ? 3 : 9) {
        assert_true(solve(&w, precision, count, &some));
        same_start(&all, &some, count, "compiled");
      }
      solved++;
    }
    release(&w);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(fields), cmocka_unit_test(solves)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

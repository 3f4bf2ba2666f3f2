/* Emission of C, to the letter: what people read in it, what is left to the compiler, and where it ends. That
 * the text computes the same bits as the interpreter is tested in test_random_programs.c and test_compile.c.
 */
#include <math.h>

#include "codegen/emit.h"
#include "codegen/scalars.h"
#include "counting.h"
#include "graph/graph.h"
#include "program/program.h"

typedef struct emitted {
  og_context *context;
  og_graph *graph;
  og_node x, y, p, t; /* two states, a parameter, time */
  og_text text;
} emitted;

static og_node scalar_input(og_graph *g, int slot, int row) {
  return og_input(g, slot, row, (og_shape){1, 1});
}

static emitted begin(void) {
  emitted e = {.context = new_context()};
  assert_int_equal(og_graph_create(e.context, &e.graph), OG_OK);
  e.x = scalar_input(e.graph, OG_SLOT_STATE, 0), e.y = scalar_input(e.graph, OG_SLOT_STATE, 1);
  e.p = scalar_input(e.graph, OG_SLOT_PARAMETER, 0), e.t = scalar_input(e.graph, OG_SLOT_TIME, 0);
  e.text.context = e.context;
  return e;
}

static void end(emitted *e) {
  og_free(e->context, e->text.text);
  og_graph_destroy(e->graph);
  og_context_destroy(e->context);
}

/* Emits a function of these outputs, of which number `added` is added to; returns whether it is in registers
 * as well. */
static int emit(emitted *e, const char *name, int count, const og_node *outputs, int added) {
  og_program *program;
  og_emitted_part part = {.name = name, .registers = 1};
  assert_int_equal(og_program_create(e->graph, count, outputs, &program), OG_OK);
  if (added >= 0) assert_true(og_program_add_to(program, added));
  part.program = program;
  assert_int_equal(og_emit_program(&e->text, &part), OG_OK);
  og_program_destroy(program);
  return part.registers;
}

/* ---- The text ---- */

/* p x + t and y + 2: an operation a line, for lanes, for numbers and for vectors. */
static const char arithmetic_text[] =
    "\n"
    "STATIC void f_strip(const size_t strip, const size_t lanes, const real *restrict t, const real "
    "*restrict x, const real *restrict theta, real *restrict out0, const struct functions *call) {\n"
    "  (void)call;\n"
    "  LANES {\n"
    "    const real x0 = x[0 * lanes + i];\n"
    "    const real theta0 = theta[0 * lanes + i];\n"
    "    const real v2 = x0 * theta0;\n"
    "    const real t0 = t[0 * lanes + i];\n"
    "    const real v4 = t0 + v2;\n"
    "    const real x1 = x[1 * lanes + i];\n"
    "    const real v7 = x1 + (real)2.0;\n"
    "    out0[0 * lanes + i] = v4;\n"
    "    out0[1 * lanes + i] = v7;\n"
    "  }\n"
    "}\n"
    "\n"
    "void f(int lanes, const real *const *in, real *const *out, const struct functions *call) {\n"
    "  if (lanes == FULL)\n"
    "    f_strip(FULL, FULL, in[0], in[1], in[2], out[0], call);\n"
    "  else if (lanes == 1)\n"
    "    f_strip(1, 1, in[0], in[1], in[2], out[0], call);\n"
    "  else\n"
    "    for (int i = 0; i < lanes; i += PART)\n"
    "      f_strip(PART, (size_t)lanes, in[0] + i, in[1] + i, in[2] + i, out[0] + i, call);\n"
    "}\n"
    "\n"
    "STATIC void f_real(real t, const real *x, const real *theta, const real *lambda, real *out0) {\n"
    "  const real v2 = x[0] * theta[0];\n"
    "  const real v4 = t + v2;\n"
    "  const real v7 = x[1] + (real)2.0;\n"
    "  out0[0] = v4;\n"
    "  out0[1] = v7;\n"
    "}\n"
    "\n"
    "STATIC void f_vec(vec t, const vec *x, const vec *theta, const vec *lambda, vec *out0) {\n"
    "  const vec v2 = x[0] * theta[0];\n"
    "  const vec v4 = t + v2;\n"
    "  const vec v7 = x[1] + ALL((real)2.0);\n"
    "  out0[0] = v4;\n"
    "  out0[1] = v7;\n"
    "}\n";

static void arithmetic(void **state) {
  (void)state;
  emitted e = begin();
  og_graph *g = e.graph;
  og_node parts[] = {og_apply2(g, OG_ADD, og_apply2(g, OG_MUL, e.p, e.x), e.t),
                     og_apply2(g, OG_SUB, og_constant(g, 2), og_apply1(g, OG_NEG, e.y))};
  og_node f = og_concat(g, parts, 2);
  assert_true(emit(&e, "f", 1, &f, -1));
  assert_string_equal(e.text.text, arithmetic_text);
  assert_int_equal(e.text.length, sizeof arithmetic_text - 1);
  end(&e);
}

/* Functions of the library are called between the levels, for a whole strip; the first output is added to. */
static const char levels_text[] =
    "\n"
    "STATIC void g_strip(const size_t strip, const size_t lanes, const real *restrict t, const real "
    "*restrict x, const real *restrict theta, real *restrict out0, real *restrict out1, const struct "
    "functions *call) {\n"
    "  (void)call;\n"
    "  _Alignas(64) real kept0[FULL];\n"
    "  _Alignas(64) real kept1[FULL];\n"
    "  _Alignas(64) real kept3[FULL];\n"
    "  _Alignas(64) real kept4[FULL];\n"
    "  _Alignas(64) real kept6[FULL];\n"
    "  _Alignas(64) real kept8[FULL];\n"
    "  _Alignas(64) real kept10[FULL];\n"
    "  _Alignas(64) real kept16[FULL];\n"
    "  LANES {\n"
    "    const real x0 = x[0 * lanes + i];\n"
    "    kept0[i] = x0;\n"
    "    kept8[i] = (real)0.1;\n"
    "    const real v12 = x0 * (real)__builtin_nan(\"\");\n"
    "    const real v14 = minimum((real)__builtin_inf(), v12);\n"
    "    const real v16 = less(x0, (real)-0.0);\n"
    "    kept16[i] = v16;\n"
    "    const real x1 = x[1 * lanes + i];\n"
    "    out1[0 * lanes + i] = x1;\n"
    "    out1[2 * lanes + i] = v14;\n"
    "  }\n"
    "  call->unary(5 /* exp */, strip, kept0, kept1);\n"
    "  LANES {\n"
    "    const real theta0 = theta[0 * lanes + i];\n"
    "    const real v3 = theta0 * kept1[i];\n"
    "    kept3[i] = v3;\n"
    "    const real x1 = x[1 * lanes + i];\n"
    "    const real v6 = x1 * kept1[i];\n"
    "    kept6[i] = v6;\n"
    "    const real v18 = where(kept16[i], kept1[i], (real)-__builtin_inf());\n"
    "    out1[3 * lanes + i] = v18;\n"
    "  }\n"
    "  call->unary(5 /* exp */, strip, kept3, kept4);\n"
    "  call->binary(5 /* atan2 */, strip, kept1, kept8, kept10);\n"
    "  LANES {\n"
    "    const real v7 = kept4[i] + kept6[i];\n"
    "    out0[0 * lanes + i] += v7;\n"
    "    out1[1 * lanes + i] = kept10[i];\n"
    "  }\n"
    "}\n"
    "\n"
    "void g(int lanes, const real *const *in, real *const *out, const struct functions *call) {\n"
    "  if (lanes == FULL)\n"
    "    g_strip(FULL, FULL, in[0], in[1], in[2], out[0], out[1], call);\n"
    "  else if (lanes == 1)\n"
    "    g_strip(1, 1, in[0], in[1], in[2], out[0], out[1], call);\n"
    "  else\n"
    "    for (int i = 0; i < lanes; i += PART)\n"
    "      g_strip(PART, (size_t)lanes, in[0] + i, in[1] + i, in[2] + i, out[0] + i, out[1] + i, call);\n"
    "}\n";

static void levels(void **state) {
  (void)state;
  emitted e = begin();
  og_graph *g = e.graph;
  og_node exp_x = og_apply1(g, OG_EXP, e.x);
  og_node sum = og_apply2(g, OG_ADD, og_apply2(g, OG_MUL, exp_x, e.y),
                          og_apply1(g, OG_EXP, og_apply2(g, OG_MUL, exp_x, e.p)));
  og_node parts[] = {
      e.y, og_apply2(g, OG_ATAN2, exp_x, og_constant(g, 0.1)),
      og_apply2(g, OG_MIN, og_constant(g, INFINITY), og_apply2(g, OG_MUL, e.x, og_constant(g, NAN))),
      og_where(g, og_apply2(g, OG_LT, e.x, og_constant(g, -0.0)), exp_x, og_constant(g, -INFINITY))};
  og_node outputs[] = {sum, og_concat(g, parts, 4)};
  assert_false(emit(&e, "g", 2, outputs, 0));
  assert_string_equal(e.text.text, levels_text);
  end(&e);
}

/* Vectors and matrices entry by entry; sums begin with zero, and products are added to them in order. */
static const char vectors_text[] = "  LANES {\n"
                                   "    const real theta1 = theta[1 * lanes + i];\n"
                                   "    const real x0 = x[0 * lanes + i];\n"
                                   "    const real v3 = multiply_add(theta1, x0, (real)0.0);\n"
                                   "    const real theta2 = theta[2 * lanes + i];\n"
                                   "    const real x1 = x[1 * lanes + i];\n"
                                   "    const real v6 = multiply_add(theta2, x1, v3);\n"
                                   "    const real theta3 = theta[3 * lanes + i];\n"
                                   "    const real v9 = multiply_add(theta3, x0, (real)0.0);\n"
                                   "    const real theta4 = theta[4 * lanes + i];\n"
                                   "    const real v11 = multiply_add(theta4, x1, v9);\n"
                                   "    const real x2 = x[2 * lanes + i];\n"
                                   "    const real v14 = multiply_add(theta1, x2, (real)0.0);\n"
                                   "    const real x3 = x[3 * lanes + i];\n"
                                   "    const real v16 = multiply_add(theta3, x3, v14);\n"
                                   "    const real v18 = multiply_add(theta2, x2, (real)0.0);\n"
                                   "    const real v19 = multiply_add(theta4, x3, v18);\n"
                                   "    const real v20 = x0 * x2;\n"
                                   "    const real v21 = x0 * x3;\n"
                                   "    const real v22 = x1 * x2;\n"
                                   "    const real v23 = x1 * x3;\n"
                                   "    const real v25 = (real)0.0 + x0;\n"
                                   "    const real v26 = v25 + x1;\n"
                                   "    const real v28 = multiply_add(x0, x2, (real)0.0);\n"
                                   "    const real v29 = multiply_add(x1, x3, v28);\n"
                                   "    const real theta0 = theta[0 * lanes + i];\n"
                                   "    const real v31 = theta0 * x0;\n"
                                   "    const real v32 = theta0 * x1;\n"
                                   "    out0[0 * lanes + i] = v6;\n"
                                   "    out0[1 * lanes + i] = v11;\n"
                                   "    out1[0 * lanes + i] = v16;\n"
                                   "    out1[1 * lanes + i] = v19;\n"
                                   "    out2[0 * lanes + i] = v20;\n"
                                   "    out2[1 * lanes + i] = v21;\n"
                                   "    out2[2 * lanes + i] = v22;\n"
                                   "    out2[3 * lanes + i] = v23;\n"
                                   "    out3[0 * lanes + i] = v26;\n"
                                   "    out4[0 * lanes + i] = v29;\n"
                                   "    out5[0 * lanes + i] = v31;\n"
                                   "    out5[1 * lanes + i] = v32;\n"
                                   "    out6[0 * lanes + i] = x2;\n"
                                   "    out6[1 * lanes + i] = x3;\n"
                                   "    const real t0 = t[0 * lanes + i];\n"
                                   "    out6[2 * lanes + i] = t0;\n"
                                   "  }\n";

static void vectors(void **state) {
  (void)state;
  emitted e = begin();
  og_graph *g = e.graph;
  og_node x = og_input(g, OG_SLOT_STATE, 0, (og_shape){2, 1}),
          y = og_input(g, OG_SLOT_STATE, 2, (og_shape){2, 1}),
          A = og_input(g, OG_SLOT_PARAMETER, 1, (og_shape){2, 2});
  og_node outputs[] = {og_matvec(g, A, x),
                       og_matvec_transposed(g, A, y),
                       og_outer(g, x, y),
                       og_sum(g, x),
                       og_dot(g, x, y),
                       og_apply2(g, OG_MUL, og_broadcast(g, e.p, (og_shape){2, 1}), x),
                       og_concat(g, (og_node[]){y, e.t}, 2)};
  assert_true(emit(&e, "h", 7, outputs, -1));
  const char *strip = strstr(e.text.text, "  LANES {"), *end_of_strip = strstr(e.text.text, "\n}\n");
  assert_true(strip && end_of_strip);
  e.text.text[end_of_strip + 1 - e.text.text] = '\0';
  assert_string_equal(strip, vectors_text);
  end(&e);
}

/* ---- What fits into registers ---- */

static int fits(emitted *e, og_node node) {
  int registers = emit(e, "f", 1, &node, -1);
  assert_int_equal(registers, strstr(e->text.text, "STATIC void f_vec(") != NULL);
  assert_int_equal(registers, strstr(e->text.text, "STATIC void f_real(") != NULL);
  e->text.length = 0;
  return registers;
}

/* Vectors have operators for arithmetic and for products that are added, and for nothing else. */
static void what_vectors_can(void **state) {
  (void)state;
  static const og_binary arithmetic_ops[] = {OG_ADD, OG_SUB, OG_MUL, OG_DIV},
                         others[] = {OG_MIN, OG_MAX, OG_LT, OG_LE, OG_GT, OG_GE, OG_EQ, OG_NE, OG_POW};
  static const og_unary unary_others[] = {OG_ABS, OG_SIGN, OG_SQRT, OG_RELU, OG_EXP};
  emitted e = begin();
  og_graph *g = e.graph;
  for (size_t i = 0; i < sizeof arithmetic_ops / sizeof *arithmetic_ops; i++)
    assert_true(fits(&e, og_apply2(g, arithmetic_ops[i], e.x, e.y)));
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    assert_false(fits(&e, og_apply2(g, others[i], e.x, e.y)));
  assert_true(fits(&e, og_apply1(g, OG_NEG, e.x)));
  for (size_t i = 0; i < sizeof unary_others / sizeof *unary_others; i++)
    assert_false(fits(&e, og_apply1(g, unary_others[i], e.x)));
  assert_false(fits(&e, og_where(g, e.x, e.y, e.p)));
  og_node vector = og_input(g, OG_SLOT_STATE, 2, (og_shape){3, 1}),
          matrix = og_input(g, OG_SLOT_PARAMETER, 1, (og_shape){2, 3});
  assert_true(fits(&e, og_matvec(g, matrix, vector)));
  assert_true(fits(&e, e.x));
  end(&e);
}

/* x y + y, times x, plus y, ...: `count` operations on two values. */
static og_node chain(emitted *e, int count) {
  og_node node = e->x;
  for (int i = 0; i < count; i++)
    node = og_apply2(e->graph, i % 2 ? OG_ADD : OG_MUL, node, i % 2 ? e->y : e->p);
  return node;
}

/* Some 200 values, inputs among them; a text has 20000 at most, which the compiler still takes. */
static void how_much_fits(void **state) {
  (void)state;
  emitted e = begin();
  assert_true(fits(&e, chain(&e, 200 - 3)));
  assert_false(fits(&e, chain(&e, 200 - 2)));
  og_node outputs[] = {chain(&e, 20000 - 3), chain(&e, 20000 - 2)};
  assert_false(emit(&e, "f", 1, &outputs[0], -1));
  og_program *program;
  assert_int_equal(og_program_create(e.graph, 1, &outputs[1], &program), OG_OK);
  og_emitted_part part = {.name = "f", .program = program};
  size_t length = e.text.length;
  assert_int_equal(og_emit_program(&e.text, &part), OG_ERR_UNSUPPORTED);
  assert_int_equal(e.text.length, length);
  assert_string_equal(
      og_context_message(e.context),
      "the equations come to more than 20000 operations, which is too much for one C function");
  og_program_destroy(program);
  end(&e);
}

/* Values that come from elsewhere (of networks' weights, or kept from the forward run) have no name in C. */
static void what_is_not_emitted(void **state) {
  (void)state;
  emitted e = begin();
  og_node given = og_apply1(e.graph, OG_EXP, e.x), output = og_apply2(e.graph, OG_MUL, given, e.y);
  og_program_plan plan = {.output_count = 1, .outputs = &output, .given_count = 1, .given = &given};
  og_program *program;
  assert_int_equal(og_program_create_planned(e.graph, &plan, &program), OG_OK);
  og_emitted_part part = {.name = "f", .program = program};
  assert_int_equal(og_emit_program(&e.text, &part), OG_ERR_UNSUPPORTED);
  assert_int_equal(e.text.length, 0);
  og_program_destroy(program);
  plan = (og_program_plan){.output_count = 1,
                           .outputs = &output,
                           .slot = OG_SLOT_STATE,
                           .first = 1,
                           .count = 1}; /* y is a weight */
  assert_int_equal(og_program_create_planned(e.graph, &plan, &program), OG_OK);
  part.program = program;
  assert_int_equal(og_emit_program(&e.text, &part), OG_ERR_UNSUPPORTED);
  og_program_destroy(program);
  end(&e);
}

/* ---- Stages ---- */

/* Helpers are there for the forms that use them: a field whose function is in registers, or loops over
 * strips, with cotangents of either kind or with none. */
static void stages_of_every_form(void **state) {
  (void)state;
  emitted e = begin();
  og_graph *g = e.graph;
  og_node bar = scalar_input(g, OG_SLOT_COTANGENT, 0), parts[] = {og_apply2(g, OG_MUL, e.p, e.x), e.t};
  og_node outputs[] = {og_concat(g, parts, 2), og_apply2(g, OG_MUL, bar, e.x)};
  og_program *program[2];
  assert_int_equal(og_program_create(g, 1, &outputs[0], &program[0]), OG_OK);
  assert_int_equal(og_program_create(g, 2, outputs, &program[1]), OG_OK);
  for (int form = 0; form < 6; form++) { /* of the function; of cotangents; 2: none */
    int own = form % 2, other = form / 2, loops = !own || other == 0, registers = own || other == 1;
    og_emitted_part eval = {"eval", program[0], own}, add = {"add", program[1], other == 1};
    e.text.length = 0;
    og_emit_stages(&e.text, 2, 1, &eval, other < 2 ? &add : NULL);
    const char *text = e.text.text;
    assert_contains(text, "enum { STATES = 2, PARAMETERS = 1 };\n");
    assert_int_equal(strstr(text, "STATIC void sum_few(") != NULL, registers);
    assert_int_equal(strstr(text, "STATIC void sum_strip(") != NULL, loops);
    assert_int_equal(strstr(text, "\nvoid stages(int lanes") != NULL, 1);
    assert_int_equal(strstr(text, "\nvoid transposed(int lanes") != NULL, other < 2);
    assert_int_equal(strstr(text, " eval_vec(t[w], ") != NULL, own);
    assert_int_equal(strstr(text,
                            "  if (s->f) eval_strip(strip, stride, times_strip(strip, s, at, t), s->y + at, "
                            "theta + at, s->f + at, call);\n") != NULL,
                     !own);
    assert_int_equal(strstr(text, " add_vec(t[w], ") != NULL, other == 1);
    assert_int_equal(strstr(text,
                            "  add_strip(strip, stride, times_strip(strip, s, at, t), s->y + at, theta + at, "
                            "lambda + at, s->f + at, theta_bar + at, call);\n") != NULL,
                     other == 0);
  }
  og_program_destroy(program[0]), og_program_destroy(program[1]);
  end(&e);
}

/* ---- Text that grows ---- */

/* As it is asked for, in steps that become longer: a megabyte letter by letter is moved some ten times. */
static void text_that_grows(void **state) {
  (void)state;
  enum { LETTERS = 1 << 20 };
  counter c = {0};
  og_text text = {0};
  assert_int_equal(og_context_create(counter_allocate, counter_release, &c, &text.context), OG_OK);
  long before = c.calls;
  for (int i = 0; i < LETTERS; i++) og_text_add(&text, "%c", 'a' + i % 26);
  og_text_add(&text, "%s", "");
  assert_false(text.failed);
  assert_int_equal(text.length, LETTERS);
  assert_int_equal(strlen(text.text), LETTERS);
  for (int i = 0; i < LETTERS; i++) assert_int_equal(text.text[i], 'a' + i % 26);
  assert_true(text.capacity <= 4 * LETTERS && c.calls - before <= 12);
  c.fail_at = c.calls + 1;
  while (!text.failed && text.length < 4 * LETTERS) og_text_add(&text, "more");
  assert_true(text.failed && text.length == strlen(text.text));
  size_t length = text.length;
  og_text_add(&text, "%s", ""); /* there is room for it, but something is missing before it */
  assert_true(text.failed && text.length == length);
  og_free(text.context, text.text);
  og_context_destroy(text.context);
  assert_int_equal(c.live, 0);
}

static og_status emit_briefly(og_context *context) {
  og_graph *g;
  og_program *program = NULL;
  og_text text = {.context = context};
  OG_TRY(og_graph_create(context, &g));
  og_node x = scalar_input(g, OG_SLOT_STATE, 0),
          f = og_apply1(g, OG_EXP, og_apply2(g, OG_ADD, x, og_constant(g, 2)));
  og_status status = og_program_create(g, 1, &f, &program);
  og_emitted_part part = {.name = "f", .program = program, .registers = 1};
  if (status == OG_OK) status = og_emit_program(&text, &part);
  og_program_destroy(program);
  og_graph_destroy(g);
  og_free(context, text.text);
  return status;
}

static void memory(void **state) {
  (void)state;
  fail_each_allocation(emit_briefly);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(arithmetic),
                                     cmocka_unit_test(levels),
                                     cmocka_unit_test(vectors),
                                     cmocka_unit_test(what_vectors_can),
                                     cmocka_unit_test(how_much_fits),
                                     cmocka_unit_test(what_is_not_emitted),
                                     cmocka_unit_test(stages_of_every_form),
                                     cmocka_unit_test(text_that_grows),
                                     cmocka_unit_test(memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

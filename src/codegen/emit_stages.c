/* Stages of Runge-Kutta steps in emitted C: sums of stages and the field's function of them, one strip of
 * lanes after the other, so that what a strip's stages hand on stays in the first-level cache; of small
 * fields, x, h, parameters and their cotangents stay in registers from stage to stage. A sum is that of
 * weighted_sum (kernels/kernels.h): the same operations in the same order. */
#include "codegen/emit.h"

static const char head[] =
    "\n"
    "/* ---- Stages: y = x + h (value[0] term[0] + ...) and f = f(t, y); transposed: lambda = h (...). ---- "
    "*/\n"
    "struct stage {\n"
    "  int count; /* 0: y is given */\n"
    "  const real *value, *const *term;\n"
    "  real *y, *f;\n"
    "  const double *t;\n"
    "};\n"
    "enum { STATES = %zu, PARAMETERS = %zu };\n"
    "#define EACH(i, count) _Pragma(\"GCC unroll 16\") for (int i = 0; i < count; i++)\n";

/* FEW vectors at once hide the latency of a sum's chain of multiply-adds. */
static const char registers_text[] =
    "\n"
    "enum { FEW = (STATES == 1 ? 4 : STATES <= 3 ? 2 : 1) * (VEC == 64 ? 1 : 2), FEW_LANES = FEW * V };\n"
    "#define ROW(p, row, w) (*(vec *)((p) + (row)*FULL + (w)*V))\n"
    "\n"
    "STATIC void load(const int rows, const real *p, vec out[FEW][rows]) {\n"
    "  EACH(w, FEW) EACH(r, rows) out[w][r] = ROW((real *)p, r, w);\n"
    "}\n"
    "STATIC void store(const int rows, real *p, vec from[FEW][rows]) {\n"
    "  EACH(w, FEW) EACH(r, rows) ROW(p, r, w) = from[w][r];\n"
    "}\n"
    "STATIC void sum_few(const struct stage *s, size_t at, vec sum[FEW][STATES]) {\n"
    "  vec a = ALL(s->value[0]);\n"
    "  real *k = (real *)s->term[0] + at;\n"
    "  EACH(w, FEW) EACH(r, STATES) sum[w][r] = a * ROW(k, r, w);\n"
    "  for (int j = 1; j < s->count; j++) {\n"
    "    a = ALL(s->value[j]);\n"
    "    k = (real *)s->term[j] + at;\n"
    "    EACH(w, FEW) EACH(r, STATES) sum[w][r] = vec_fma(a, ROW(k, r, w), sum[w][r]);\n"
    "  }\n"
    "}\n"
    "STATIC void sum_one(const struct stage *s, real sum[STATES]) {\n"
    "  EACH(r, STATES) sum[r] = s->value[0] * s->term[0][r];\n"
    "  for (int j = 1; j < s->count; j++)\n"
    "    EACH(r, STATES) sum[r] = multiply_add(s->value[j], s->term[j][r], sum[r]);\n"
    "}\n"
    "STATIC void times(const struct stage *s, size_t at, vec t[FEW]) {\n"
    "  EACH(w, FEW) for (int i = 0; s->t && sizeof(real) == 4 && i < V; i++) t[w][i] = (real)s->t[at + w * V "
    "+ i];\n"
    "  EACH(w, FEW) if (s->t && sizeof(real) == 8) t[w] = *(const vec *)(s->t + at + w * V);\n"
    "}\n";

static const char stages_registers[] =
    "\n"
    "STATIC void stages_strip(int count, const struct stage *s, const real *x, const real *h, const real "
    "*theta,\n"
    "                         size_t at) {\n"
    "  vec start[FEW][STATES], step[FEW][1], p[FEW][PARAMETERS + 1];\n"
    "  load(STATES, x + at, start);\n"
    "  load(1, h + at, step);\n"
    "  EACH(w, FEW) EACH(r, PARAMETERS) p[w][r] = ROW((real *)theta + at, r, w);\n"
    "  for (const struct stage *end = s + count; s < end; s++) {\n"
    "    vec y[FEW][STATES], f[FEW][STATES], t[FEW] = {0};\n"
    "    if (s->count) {\n"
    "      sum_few(s, at, y);\n"
    "      EACH(w, FEW) EACH(r, STATES) y[w][r] = vec_fma(step[w][0], y[w][r], start[w][r]);\n"
    "      store(STATES, s->y + at, y);\n"
    "    } else {\n"
    "      load(STATES, s->y + at, y);\n"
    "    }\n"
    "    if (!s->f) continue;\n"
    "    times(s, at, t);\n"
    "    EACH(w, FEW) %s_vec(t[w], y[w], p[w], NULL, f[w]);\n"
    "    store(STATES, s->f + at, f);\n"
    "  }\n"
    "}\n"
    "\n"
    "STATIC void stages_one(int count, const struct stage *s, const real *x, const real *h, const real "
    "*theta) {\n"
    "  for (const struct stage *end = s + count; s < end; s++) {\n"
    "    real y[STATES], f[STATES];\n"
    "    if (s->count) {\n"
    "      sum_one(s, y);\n"
    "      EACH(r, STATES) s->y[r] = y[r] = multiply_add(h[0], y[r], x[r]);\n"
    "    } else {\n"
    "      EACH(r, STATES) y[r] = s->y[r];\n"
    "    }\n"
    "    if (!s->f) continue;\n"
    "    %s_real(s->t ? (real)s->t[0] : 0, y, theta, NULL, f);\n"
    "    EACH(r, STATES) s->f[r] = f[r];\n"
    "  }\n"
    "}\n"
    "\n"
    "void stages(int lanes, int count, const struct stage *s, const real *x, const real *h, const real "
    "*theta,\n"
    "            const struct functions *call) {\n"
    "  if (lanes == 1)\n"
    "    stages_one(count, s, x, h, theta);\n"
    "  else\n"
    "    for (size_t at = 0; at < FULL; at += FEW_LANES) stages_strip(count, s, x, h, theta, at);\n"
    "}\n";

static const char transposed_registers[] =
    "\n"
    "STATIC void transposed_strip(int count, const struct stage *s, const real *h, const real *theta,\n"
    "                             real *last, real *theta_bar, size_t at) {\n"
    "  vec step[FEW][1], p[FEW][PARAMETERS], p_bar[FEW][PARAMETERS];\n"
    "  load(1, h + at, step);\n"
    "  load(PARAMETERS, theta + at, p);\n"
    "  load(PARAMETERS, theta_bar + at, p_bar);\n"
    "  for (const struct stage *end = s + count; s < end; s++) {\n"
    "    vec lambda[FEW][STATES], y[FEW][STATES], x_bar[FEW][STATES], t[FEW] = {0};\n"
    "    sum_few(s, at, lambda);\n"
    "    EACH(w, FEW) EACH(r, STATES) lambda[w][r] = step[w][0] * lambda[w][r];\n"
    "    load(STATES, s->y + at, y);\n"
    "    times(s, at, t);\n"
    "    EACH(w, FEW) %s_vec(t[w], y[w], p[w], lambda[w], x_bar[w], p_bar[w]);\n"
    "    store(STATES, s->f + at, x_bar);\n"
    "    if (s + 1 == end) store(STATES, last + at, lambda);\n"
    "  }\n"
    "  store(PARAMETERS, theta_bar + at, p_bar);\n"
    "}\n"
    "\n"
    "STATIC void transposed_one(int count, const struct stage *s, const real *h, const real *theta,\n"
    "                           real *last, real *theta_bar) {\n"
    "  for (const struct stage *end = s + count; s < end; s++) {\n"
    "    real lambda[STATES], x_bar[STATES];\n"
    "    sum_one(s, lambda);\n"
    "    EACH(r, STATES) lambda[r] = h[0] * lambda[r];\n"
    "    %s_real(s->t ? (real)s->t[0] : 0, s->y, theta, lambda, x_bar, theta_bar);\n"
    "    EACH(r, STATES) s->f[r] = x_bar[r], last[r] = lambda[r];\n"
    "  }\n"
    "}\n"
    "\n"
    "void transposed(int lanes, int count, const struct stage *s, const real *h, const real *theta, real "
    "*lambda,\n"
    "                real *theta_bar, const struct functions *call) {\n"
    "  if (lanes == 1)\n"
    "    transposed_one(count, s, h, theta, lambda, theta_bar);\n"
    "  else\n"
    "    for (size_t at = 0; at < FULL; at += FEW_LANES)\n"
    "      transposed_strip(count, s, h, theta, lambda, theta_bar, at);\n"
    "}\n";

/* ---- Fields that do not fit into registers: rows in pairs, and the program's strip function ---- */

static const char loops_text[] =
    "\n"
    "enum { WIDTH = 4 * V < PART ? PART / V : 4, STRIP = WIDTH * V };\n"
    "#define AT(p, r, w) (*(const vec *)((p) + (r)*stride + (w)*V))\n"
    "\n"
    "/* `rows` rows from `at` on; of one lane the rows lie side by side, and a vector is many of them. */\n"
    "STATIC void sum_rows(const int rows, const int width, const size_t stride, const struct stage *s,\n"
    "                     const real *x, const vec *step, size_t at, real *out) {\n"
    "  vec sum[2][WIDTH], a = ALL(s->value[0]);\n"
    "  const real *k = s->term[0] + at;\n"
    "  EACH(r, rows) EACH(w, width) sum[r][w] = a * AT(k, r, w);\n"
    "  for (int j = 1; j < s->count; j++) {\n"
    "    a = ALL(s->value[j]);\n"
    "    k = s->term[j] + at;\n"
    "    EACH(r, rows) EACH(w, width) sum[r][w] = vec_fma(a, AT(k, r, w), sum[r][w]);\n"
    "  }\n"
    "  EACH(r, rows) EACH(w, width) {\n"
    "    vec y = step[w] * sum[r][w];\n"
    "    if (x) y = vec_fma(step[w], sum[r][w], AT(x + at, r, w));\n"
    "    *(vec *)(out + at + r * stride + w * V) = y;\n"
    "  }\n"
    "}\n"
    "\n"
    "STATIC void sum_strip(const size_t stride, const struct stage *s, const real *x, const real *h, size_t "
    "at,\n"
    "                      real *out) {\n"
    "  vec step[WIDTH];\n"
    "  size_t row = 0;\n"
    "  if (stride == 1) {\n"
    "    step[0] = ALL(h[0]);\n"
    "    for (; row < STATES; row += V) sum_rows(1, 1, 1, s, x, step, row, out);\n"
    "    return;\n"
    "  }\n"
    "  EACH(w, WIDTH) step[w] = *(const vec *)(h + at + w * V);\n"
    "  for (; row + 2 <= STATES; row += 2) sum_rows(2, WIDTH, stride, s, x, step, row * stride + at, out);\n"
    "  if (row < STATES) sum_rows(1, WIDTH, stride, s, x, step, row * stride + at, out);\n"
    "}\n"
    "\n"
    "STATIC const real *times_strip(const size_t strip, const struct stage *s, size_t at, real *t) {\n"
    "  for (size_t i = 0; s->t && i < strip; i++) t[i] = (real)s->t[at + i];\n"
    "  return t;\n"
    "}\n";

/* A program's strip function applied to the stage `s` of the strip at `at`. */
static void apply(og_text *text, const char *name, const og_program *program) {
  static const char *const inputs[OG_SLOT_COUNT] = {[OG_SLOT_TIME] = "times_strip(strip, s, at, t)",
                                                    [OG_SLOT_STATE] = "s->y + at",
                                                    [OG_SLOT_PARAMETER] = "theta + at",
                                                    [OG_SLOT_COTANGENT] = "lambda + at"};
  og_text_add(text, "%s_strip(strip, stride", name);
  for (int i = 0; i < program->slot_count; i++) og_text_add(text, ", %s", inputs[program->slots[i]]);
  og_text_add(text, ", s->f + at");
  if (program->output_count > 1) og_text_add(text, ", theta_bar + at");
  og_text_add(text, ", call);\n");
}

static void open_strip(og_text *text, const char *name, const char *parameters) {
  og_text_add(
      text,
      "\nSTATIC void %s_loops(const size_t strip, const size_t stride, const struct stage *s, size_t at,\n"
      "    %s, const struct functions *call) {\n  real t[STRIP];\n",
      name, parameters);
}

/* One lane, or a whole block in strips. */
static void over_strips(og_text *text, const char *name, const char *parameters, const char *arguments) {
  og_text_add(
      text,
      "\nvoid %s(int lanes, int count, const struct stage *s, %s,\n    const struct functions *call) {\n",
      name, parameters);
  og_text_add(text,
              "  if (lanes == 1)\n    for (int j = 0; j < count; j++) %s_loops(1, 1, &s[j], 0, %s, call);\n",
              name, arguments);
  og_text_add(text, "  else\n    for (size_t at = 0; at < FULL; at += STRIP)\n");
  og_text_add(text, "      for (int j = 0; j < count; j++) %s_loops(STRIP, FULL, &s[j], at, %s, call);\n}\n",
              name, arguments);
}

static void stages_loops(og_text *text, const char *eval_name, const og_program *eval) {
  static const char parameters[] = "const real *x, const real *h, const real *theta";
  open_strip(text, "stages", parameters);
  og_text_add(text, "  if (s->count) sum_strip(stride, s, x, h, at, s->y);\n  if (s->f) ");
  apply(text, eval_name, eval);
  og_text_add(text, "}\n");
  over_strips(text, "stages", parameters, "x, h, theta");
}

static void transposed_loops(og_text *text, const char *vjp_name, const og_program *vjp) {
  static const char parameters[] = "const real *h, const real *theta, real *lambda, real *theta_bar";
  open_strip(text, "transposed", parameters);
  og_text_add(text, "  sum_strip(stride, s, NULL, h, at, lambda);\n  ");
  apply(text, vjp_name, vjp);
  og_text_add(text, "}\n");
  over_strips(text, "transposed", parameters, "h, theta, lambda, theta_bar");
}

void og_emit_stages(og_text *text, size_t states, size_t parameters, const og_emitted_part *eval,
                    const og_emitted_part *vjp_add) {
  int loops = !eval->registers || (vjp_add && !vjp_add->registers),
      registers = eval->registers || (vjp_add && vjp_add->registers);
  og_text_add(text, head, states, parameters);
  if (registers) og_text_add(text, "%s", registers_text);
  if (loops) og_text_add(text, "%s", loops_text);
  if (eval->registers)
    og_text_add(text, stages_registers, eval->name, eval->name);
  else
    stages_loops(text, eval->name, eval->program);
  if (!vjp_add) return;
  if (vjp_add->registers)
    og_text_add(text, transposed_registers, vjp_add->name, vjp_add->name);
  else
    transposed_loops(text, vjp_add->name, vjp_add->program);
}

/* Jacobians of fields: their patterns hold every entry that is not zero, and no other where that is known;
 * their values are those of jvps along single states; second derivatives agree with one another and with
 * differences. For random graphs, models and callbacks, in both precisions. */
#include <float.h>

#include "base/real.h"
#include "field/coloured.h"
#include "graph_field/graph_field.h"
#include "models.h"
#include "random_recipes.h"

enum { RECIPES = 300, STEPS = 26, STATES_MOST = 40 };

static void *aligned(size_t bytes) {
  void *memory = aligned_alloc(64, (bytes + 64) / 64 * 64);
  assert_non_null(memory);
  memset(memory, 0, bytes + 64 - (bytes + 64) % 64);
  return memory;
}

/* Where a field is looked at, in either precision. */
typedef struct place {
  int lanes, looked_at; /* the first of them, where numbers are known to be */
  double *t;
  void *x, *theta;
} place;

#define DENSE(X, S)                                                                                          \
  /* dense[i][j][lane] of lanes by a jvp for each state. */                                                  \
  static X *dense_##S(const og_field *field, const place *at) {                                              \
    size_t n = field->n, lanes = (size_t)at->lanes;                                                          \
    X *dense = aligned(n * n * lanes * sizeof *dense), *seed = aligned(n * lanes * sizeof *seed),            \
      *f_dot = aligned(n * lanes * sizeof *f_dot);                                                           \
    void *scratch = aligned(field->scratch_bytes(field, at->lanes));                                         \
    og_lane_status status[OG_LANES_MAX] = {0};                                                               \
    for (size_t j = 0; j < n; j++) {                                                                         \
      for (size_t i = 0; i < n * lanes; i++) seed[i] = i / lanes == j;                                       \
      field->ops_##S.jvp(field, at->lanes, at->t, at->x, at->theta, NULL, seed, NULL, f_dot, status,         \
                         scratch);                                                                           \
      for (size_t i = 0; i < n; i++)                                                                         \
        memcpy(dense + (i * n + j) * lanes, f_dot + i * lanes, lanes * sizeof *dense);                       \
    }                                                                                                        \
    free(seed), free(f_dot), free(scratch);                                                                  \
    return dense;                                                                                            \
  }                                                                                                          \
  static X *values_##S(const og_field *field, const place *at) {                                             \
    X *values = aligned((size_t)field->pattern->count * (size_t)at->lanes * sizeof *values);                 \
    void *scratch = aligned(field->scratch_bytes(field, at->lanes));                                         \
    og_lane_status status[OG_LANES_MAX] = {0};                                                               \
    field->ops_##S.jacobian(field, at->lanes, at->t, at->x, at->theta, values, status, scratch);             \
    for (int lane = 0; lane < at->lanes; lane++) assert_int_equal(status[lane], 0);                          \
    free(scratch);                                                                                           \
    return values;                                                                                           \
  }                                                                                                          \
  /* Entries within the pattern are those of jvps, up to `bound` of the largest of their row; what is not in \
   * it is zero. */                                                                                          \
  static void check_values_##S(const og_field *field, const place *at, double bound, int name) {             \
    size_t n = field->n, lanes = (size_t)at->lanes;                                                          \
    X *dense = dense_##S(field, at), *values = values_##S(field, at);                                        \
    for (size_t i = 0; i < n; i++)                                                                           \
      for (size_t lane = 0; lane < (size_t)at->looked_at; lane++) {                                          \
        double most = 0;                                                                                     \
        for (size_t j = 0; j < n; j++) most = fmax(most, fabs((double)dense[(i * n + j) * lanes + lane]));   \
        for (size_t j = 0; j < n; j++) {                                                                     \
          int entry = og_pattern_find(field->pattern, (int)i, (int)j);                                       \
          double want = (double)dense[(i * n + j) * lanes + lane],                                           \
                 got = entry < 0 ? 0 : (double)values[(size_t)entry * lanes + lane];                         \
          if (!(fabs(got - want) <= bound * most))                                                           \
            fail_msg("%d: entry (%zu, %zu) of lane %zu is %.17g, not %.17g", name, i, j, lane, got, want);   \
        }                                                                                                    \
      }                                                                                                      \
    free(dense), free(values);                                                                               \
  }
DENSE(double, d)
DENSE(float, s)

/* ---- Random graphs ---- */

/* Entries of the last steps as f. */
static og_node f_of(const recipe *r) {
  og_node parts[STATES];
  int count = 0;
  for (int step = r->count - 1; count < STATES; step--)
    for (int i = 0; !r->step[step].wild && i < entries_of(r->step[step].shape) && count < STATES; i++)
      parts[count++] = og_slice(r->graph, r->step[step].node, i, 1);
  return og_concat(r->graph, parts, count);
}

static void run_recipe(uint64_t seed, int exact) {
  static float x[STATES * LANES], theta[(PARAMETERS + 4) * LANES];
  static double wide[(PARAMETERS + 4) * LANES];
  og_context *context = new_context();
  og_graph *g;
  og_field *field;
  CHECK(context, og_graph_create(context, &g));
  recipe *r = new_recipe(g, (recipe_about){.seed = seed, .exact = exact, .steps = STEPS});
  CHECK(context, og_field_from_graph(g, f_of(r), PARAMETERS, 0, &field));
  CHECK(context, og_field_want_jacobian(context, field));
  memcpy(wide, r->in[OG_SLOT_PARAMETER], PARAMETERS * LANES * sizeof(double));
  place at = {LANES, exact ? LANES : POINTS, r->in[OG_SLOT_TIME][0], r->in[OG_SLOT_STATE], wide};
  check_values_d(field, &at, exact ? 0 : 1e-9, (int)seed);
  for (int i = 0; i < STATES * LANES; i++) x[i] = (float)r->in[OG_SLOT_STATE][i / LANES][i % LANES];
  for (int i = 0; i < PARAMETERS * LANES; i++) theta[i] = (float)wide[i];
  at.x = x, at.theta = theta;
  if (exact) check_values_s(field, &at, 0, (int)seed);
  og_field_destroy(field);
  free(r);
  og_graph_destroy(g);
  og_context_destroy(context);
}

static void random_graphs(void **state) {
  (void)state;
  for (int seed = 1; seed <= RECIPES; seed++) run_recipe((uint64_t)(3000 + seed), seed % 2);
}

/* <lambda, the tangent of the tangent along u> is <the Hessian of lambda^T f along the direction, u>. */
static void check_symmetry(const og_field *field, const recipe *r, const double *theta, int name) {
  static double theta_dot[(PARAMETERS + 4) * LANES], x_bar[STATES * LANES], t_bar[LANES],
      f_ddot[STATES * LANES];
  og_lane_status status[LANES] = {0};
  void *scratch = aligned(field->scratch_bytes(field, LANES));
  const double *t = r->in[OG_SLOT_TIME][0], *x = r->in[OG_SLOT_STATE][0],
               *lambda = r->in[OG_SLOT_COTANGENT][0], *t_dot = r->in[OG_SLOT_TIME_DOT][0],
               *x_dot = r->in[OG_SLOT_STATE_DOT][0], *u = r->in[OG_SLOT_DATA][0],
               *t_u = r->in[OG_SLOT_DATA][STATES];
  memcpy(theta_dot, r->in[OG_SLOT_PARAMETER_DOT], PARAMETERS * LANES * sizeof(double));
  for (int with = 0; with < 3; with++) { /* the state alone, the parameters, the time */
    const double *along = with > 0 ? theta_dot : NULL, *in_time = with > 1 ? t_dot : NULL;
    field->ops_d.hessian(field, LANES, t, x, theta, lambda, in_time, x_dot, along, x_bar, NULL, t_bar, status,
                         scratch);
    field->ops_d.jvp_tangent(field, LANES, t, x, theta, with > 1 ? t_u : NULL, u, in_time, x_dot, along,
                             f_ddot, status, scratch);
    for (int lane = 0; lane < POINTS; lane++) {
      double one = 0, size = 1, other = with > 1 ? t_bar[lane] * t_u[lane] : 0;
      for (int i = lane; i < STATES * LANES; i += LANES) {
        one += lambda[i] * f_ddot[i], other += x_bar[i] * u[i];
        size += fabs(lambda[i] * f_ddot[i]) + fabs(x_bar[i] * u[i]);
      }
      if (!(fabs(one - other) <= 1e-9 * size)) fail_msg("%d, %d: %.17g, not %.17g", name, with, one, other);
    }
  }
  free(scratch);
}

/* Rounded recipes lose some digits, those of exact ones are whole numbers. */
static void second_derivatives(void **state) {
  (void)state;
  static double theta[(PARAMETERS + 4) * LANES];
  for (uint64_t seed = 1; seed <= RECIPES; seed++) {
    og_context *context = new_context();
    og_graph *g;
    og_field *field;
    CHECK(context, og_graph_create(context, &g));
    recipe *r = new_recipe(g, (recipe_about){.seed = 4000 + seed, .exact = 1, .steps = STEPS});
    CHECK(context, og_field_from_graph(g, f_of(r), PARAMETERS, 0, &field));
    CHECK(context, og_field_want_jacobian(context, field));
    memcpy(theta, r->in[OG_SLOT_PARAMETER], PARAMETERS * LANES * sizeof(double));
    check_symmetry(field, r, theta, (int)seed);
    og_field_destroy(field);
    free(r);
    og_graph_destroy(g);
    og_context_destroy(context);
  }
}

/* ---- Models ---- */

/* A picture of a pattern: a row of it, '/', and the next. */
static const struct {
  const char *text, *picture;
} structures[] = {
    {"param a = 1, b = 2\ninit x = 1, y = 1, z = 1\nx' = a\ny' = where(x > y, 1, 2)\nz' = floor(x)*b + t\n",
     "x--/-x-/--x"}, /* the diagonal alone: values of f depend on states, its derivatives do not */
    {"param a = 0.04, b = 3e7, c = 1e4\ninit x = 1, y = 0, z = 0\nx' = -a*x + c*y*z\n"
     "y' = a*x - c*y*z - b*y^2\nz' = b*y^2\n",
     "xxx/xxx/-xx"},
    {"init v = [1, 2, 3, 4]\nl = [0, v[1:3]]\nr = [v[2:4], 0]\nv' = l - 2*v + r*v\n", "xx--/xxx-/-xxx/--xx"},
    {"const M = [[1, 0, 2], [0, 0, 0], [0, 3, 0]]\ninit v = [1, 2, 3]\ninit s = 1\nv' = tanh(M*v)\ns' = "
     "sum(v)\n",
     "x-x-/-x--/-xx-/xxxx"},
    {"const mask = [0, 1, 0]\ninit v = [1, 2, 3], s = 1\nv' = s*mask + 0*v\ns' = dot(mask, v)\n",
     "x---/-x-x/--x-/-x-x"},
    {"init x = 1, y = 2, z = 3\nx' = min(x, y)\ny' = where(t > 1, z, x)\nz' = y^z\ncost integral = x^2 + z\n",
     "xx--/xxx-/-xx-/x-xx"},
    {"param a = 1\ninit x = 1\ninit M = [0.5, 1, 2]\nx' = atan2(x, M[2])\nM' = [norm2(M[1:2]), x*a, -M[3]]\n",
     "x-x-/-xx-/x-x-/---x"},
};

static void patterns(void **state) {
  (void)state;
  for (size_t k = 0; k < sizeof structures / sizeof *structures; k++) {
    og_context *context = new_context();
    og_model *model = parse(context, structures[k].text);
    const og_field *field = og_model_field(model);
    CHECK(context, og_field_want_jacobian(context, field));
    char picture[200] = "", *at = picture;
    for (int i = 0; i < field->pattern->n; i++) {
      if (i) *at++ = '/';
      for (int j = 0; j < field->pattern->n; j++)
        *at++ = og_pattern_find(field->pattern, i, j) < 0 ? '-' : 'x';
    }
    assert_string_equal(picture, structures[k].picture);
    og_model_destroy(model);
    og_context_destroy(context);
  }
}

/* Scalars, vectors with a running cost, where and time, a network in its source form, many states,
 * breakpoints, inputs. */
static const char *const texts[] = {
    "param a = 0.04, b = 3, c = 1\ninit x = 1, y = 0, z = 0\nx' = -a*x + c*y*z\n"
    "y' = a*x - c*y*z - b*y^2\nz' = b*y^2*sin(t)\ncost integral = x*y\n",
    "param D = 0.1, B = 3\ninit u = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\ninit v = [3, 3, 3, 3, 3, 3, 3, 3, 3, 3]\n"
    "ul = [1, u[1:9]]\nur = [u[2:10], 1]\nvl = [3, v[1:9]]\nvr = [v[2:10], 3]\n"
    "u' = 1 + u*u*v - (B + 1)*u + D*(ul - 2*u + ur)\nv' = B*u - u*u*v + D*(vl - 2*v + vr)\n"
    "cost integral = sum(u*u)\n",
    "net f = mlp(3, 4, 3; tanh)\ninit x = [1, 2, 3]\nx' = f(x) - x\n",
    "param a = 0.5, b = 1\ninit x = 1, y = 1\nx' = where(t > 0.25, a*y, -b*x) + where(x > 0, exp(-x), y^2)\n"
    "y' = max(x, y)*sqrt(1 + t^2)\n",
    "input u linear\nparam k = 1\ninit x = 1, y = 1\nx' = -k*x*y + u*x\ny' = u^2*y - x\n",
};
enum { TEXTS = sizeof texts / sizeof *texts, THETA_MOST = 64 };

#define MODELS(X, S)                                                                                         \
  static void fill_##S(X *values, size_t count) {                                                            \
    uint64_t seed = 31;                                                                                      \
    for (size_t i = 0; i < count; i++) values[i] = (X)(0.7 + 0.3 * noise(&seed));                            \
  }                                                                                                          \
  /* `lanes` of the 64 columns of a block. */                                                                \
  static void some_##S(const X *block, size_t rows, size_t lanes, X *to) {                                   \
    for (size_t i = 0; i < rows; i++) memcpy(to + i * lanes, block + i * LANES, lanes * sizeof *to);         \
  }                                                                                                          \
  static void check_model_##S(const og_field *field, double bound, int name) {                               \
    static X x[STATES_MOST * LANES], theta[THETA_MOST * LANES], some_x[STATES_MOST * LANES],                 \
        some_theta[THETA_MOST * LANES];                                                                      \
    static double t[LANES];                                                                                  \
    assert_true(field->n <= STATES_MOST && field->p <= THETA_MOST);                                          \
    fill_##S(x, field->n *LANES), fill_##S(theta, field->p *LANES);                                          \
    for (int lane = 0; lane < LANES; lane++) t[lane] = 0.01 * lane;                                          \
    for (size_t lane = 0; field->breakpoints && lane < LANES; lane++)                                        \
      theta[(field->p - field->fine - 1) * LANES + lane] = t[lane] > 0.25;                                   \
    place all = {LANES, LANES, t, x, theta};                                                                 \
    X *values = values_##S(field, &all);                                                                     \
    for (int lanes = 1; lanes <= LANES; lanes *= 8) {                                                        \
      place at = {lanes, lanes, t, some_x, some_theta};                                                      \
      some_##S(x, field->n, (size_t)lanes, some_x), some_##S(theta, field->p, (size_t)lanes, some_theta);    \
      check_values_##S(field, &at, bound, name);                                                             \
      X *fewer = values_##S(field, &at);                                                                     \
      for (int e = 0; e < field->pattern->count; e++)                                                        \
        if (memcmp(fewer + e * lanes, values + e * LANES, (size_t)lanes * sizeof *fewer))                    \
          fail_msg("%d: entry %d has other bits in %d lanes", name, e, lanes);                               \
      free(fewer);                                                                                           \
    }                                                                                                        \
    free(values);                                                                                            \
  }
MODELS(double, d)
MODELS(float, s)

/* A few roundings of terms of a row, which are about 1. */
static void models(void **state) {
  (void)state;
  int programs = 0, products = 0;
  for (int k = 0; k < TEXTS; k++) {
    og_context *context = new_context();
    og_model *model = parse(context, texts[k]);
    const og_field *field = og_model_field(model);
    CHECK(context, og_field_want_jacobian(context, field));
    programs += !field->colouring, products += field->colouring != NULL;
    check_model_d(field, 1e-14, k);
    check_model_s(field, 1e-5, k);
    og_model_destroy(model);
    og_context_destroy(context);
  }
  assert_true(programs && products); /* both ways are seen */
}

/* sqrt(t) has no derivative at 0: what asks for none there has its own. */
static void where_time_has_no_derivative(void **state) {
  (void)state;
  og_context *context = new_context();
  og_model *model = parse(context, "init x = 2\nx' = x^2*sqrt(t) + x^3\n");
  const og_field *field = og_model_field(model);
  CHECK(context, og_field_want_jacobian(context, field));
  double t = 0, x = 2, one = 1, zero = 0, x_bar, t_bar, f_ddot;
  og_lane_status status = 0;
  void *scratch = aligned(field->scratch_bytes(field, 1));
  field->ops_d.hessian(field, 1, &t, &x, NULL, &one, &zero, &one, NULL, &x_bar, NULL, &t_bar, &status,
                       scratch);
  assert_true(x_bar == 12);
  field->ops_d.jvp_tangent(field, 1, &t, &x, NULL, &zero, &one, &zero, &one, NULL, &f_ddot, &status, scratch);
  assert_true(f_ddot == 12);
  free(scratch);
  og_model_destroy(model);
  og_context_destroy(context);
}

/* ---- Callbacks ---- */

/* x0' = -a x0 + x1^2, x1' = x0 x2, x2' = x1 - a x2^3, cost x0 x2: a = p0. */
typedef struct chain {
  double spoiled; /* added to one entry */
} chain;
static int chain_rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)t, (void)user;
  f[0] = -p[0] * x[0] + x[1] * x[1];
  f[1] = x[0] * x[2];
  f[2] = x[1] - p[0] * x[2] * x[2] * x[2];
  return 0;
}
static int chain_jvp(double t, const double *x, const double *p, double dt, const double *dx,
                     const double *dp, double *f_dot, void *user) {
  (void)t, (void)dt, (void)user;
  f_dot[0] = -dp[0] * x[0] - p[0] * dx[0] + 2 * x[1] * dx[1];
  f_dot[1] = dx[0] * x[2] + x[0] * dx[2];
  f_dot[2] = dx[1] - dp[0] * x[2] * x[2] * x[2] - 3 * p[0] * x[2] * x[2] * dx[2];
  return 0;
}
static int chain_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                     double *p_bar, double *t_bar, void *user) {
  (void)t, (void)t_bar, (void)user;
  x_bar[0] = -p[0] * l[0] + x[2] * l[1];
  x_bar[1] = 2 * x[1] * l[0] + l[2];
  x_bar[2] = x[0] * l[1] - 3 * p[0] * x[2] * x[2] * l[2];
  p_bar[0] = -x[0] * l[0] - x[2] * x[2] * x[2] * l[2];
  return 0;
}
static int chain_cost(double t, const double *x, const double *p, double *cost, void *user) {
  (void)t, (void)p, (void)user;
  *cost = x[0] * x[2];
  return 0;
}
static int chain_cost_vjp(double t, const double *x, const double *p, double w, double *x_bar, double *p_bar,
                          double *t_bar, void *user) {
  (void)t, (void)p, (void)p_bar, (void)t_bar, (void)user;
  x_bar[0] = w * x[2];
  x_bar[2] = w * x[0];
  return 0;
}
static const size_t chain_row[] = {2, 0, 1, 0, 1, 2}, chain_column[] = {2, 0, 2, 1, 0, 1};
static int chain_list(double t, const double *x, const double *p, double *values, void *user) {
  (void)t;
  double list[] = {-3 * p[0] * x[2] * x[2], -p[0], x[0], 2 * x[1], x[2], 1};
  memcpy(values, list, sizeof list);
  values[2] += user ? ((const chain *)user)->spoiled : 0;
  return 0;
}
static int chain_all(double t, const double *x, const double *p, double *values, void *user) {
  double list[6];
  chain_list(t, x, p, list, user);
  for (int k = 0; k < 6; k++) values[3 * chain_row[k] + chain_column[k]] = list[k];
  return 0;
}
/* One entry on either side. */
static int chain_band(double t, const double *x, const double *p, double *values, void *user) {
  double list[6];
  chain_list(t, x, p, list, user);
  for (int k = 0; k < 6; k++) values[3 * (1 + chain_row[k] - chain_column[k]) + chain_column[k]] = list[k];
  values[0] = values[8] = 1e300; /* places without an entry */
  return 0;
}

enum { JVP = 1, VJP = 2, COST = 4, COST_VJP = 8, GIVEN = 16, LIST = 32, BAND = 64, WAYS = 128 };

static og_field *chain_field(og_context *context, int ways, chain *about) {
  og_field *field = NULL;
  CHECK(context, og_field_create(context, 3, 1, chain_rhs, about, &field));
  if (ways & JVP) CHECK(context, og_field_set_jvp(field, chain_jvp));
  if (ways & VJP) CHECK(context, og_field_set_vjp(field, chain_vjp));
  og_jacobian_fn own = !(ways & GIVEN) ? NULL
                       : ways & LIST   ? chain_list
                       : ways & BAND   ? chain_band
                                       : chain_all;
  if (ways & LIST) CHECK(context, og_field_set_jacobian(field, own, 6, chain_row, chain_column));
  if ((ways & BAND) && !(ways & LIST)) CHECK(context, og_field_set_jacobian_band(field, own, 1, 1));
  if ((ways & GIVEN) && !(ways & (LIST | BAND)))
    CHECK(context, og_field_set_jacobian(field, own, 0, NULL, NULL));
  if (ways & COST)
    CHECK(context, og_field_set_cost(field, chain_cost, ways & COST_VJP ? chain_cost_vjp : NULL));
  return field;
}

static double entry_at(const og_field *field, const double *values, int lanes, int i, int j, int lane) {
  int entry = og_pattern_find(field->pattern, i, j);
  return entry < 0 ? 0 : values[entry * lanes + lane];
}

/* Forward differences are off by their step, 1.5e-8 of a state, times second derivatives of up to 6; costs by
 * central ones are nearer. */
static void check_chain(const og_field *field, int ways) {
  enum { MANY = 5 };
  double x[4 * MANY], p[MANY], t[MANY] = {0};
  uint64_t seed = 3;
  for (int i = 0; i < 4 * MANY; i++) x[i] = 0.5 + noise(&seed);
  for (int i = 0; i < MANY; i++) p[i] = noise(&seed);
  int exact = (field->flags & OG_FIELD_HAS_JACOBIAN) != 0, cost_exact = !(ways & COST) || (ways & COST_VJP);
  assert_int_equal(exact, ((ways & (JVP | VJP)) || (ways & GIVEN)) && cost_exact);
  place at = {MANY, MANY, t, x, p};
  double *values = values_d(field, &at);
  for (int lane = 0; lane < MANY; lane++) {
    const double y[] = {x[lane], x[MANY + lane], x[2 * MANY + lane]};
    const double want[4][3] = {
        {-p[lane], 2 * y[1], 0}, {y[2], 0, y[0]}, {0, 1, -3 * p[lane] * y[2] * y[2]}, {y[2], 0, y[0]}};
    for (int i = 0; i < (int)field->n; i++)
      for (int j = 0; j < 3; j++) {
        double got = entry_at(field, values, MANY, i, j, lane), bound = exact ? 1e-14 : 1e-6;
        if (!(fabs(got - want[i][j]) <= bound))
          fail_msg("ways %x: (%d, %d) is %.17g, not %.17g", ways, i, j, got, want[i][j]);
      }
  }
  free(values);
}

static void callbacks(void **state) {
  (void)state;
  for (int ways = 0; ways < WAYS; ways++) {
    og_context *context = new_context();
    og_field *field = chain_field(context, ways, NULL);
    CHECK(context, og_field_want_jacobian(context, field));
    check_chain(field, ways);
    const double x[] = {0.7, 0.4, -0.3}, p = 0.8;
    CHECK(context, og_check_jacobian(context, field, 0, x, &p)); /* what is right passes */
    if (ways & LIST) assert_int_equal(field->pattern->count, 7 + (ways & COST ? 4 : 0));
    og_field_destroy(field);
    og_context_destroy(context);
  }
}

static void what_is_wrong_is_found(void **state) {
  (void)state;
  const double x[] = {0.7, 0.4, -0.3}, p = 0.8;
  chain about = {0.01};
  for (int ways = 0; ways < 4; ways++) {
    og_context *context = new_context();
    og_field *field = chain_field(context, GIVEN | (ways & 1 ? JVP : 0) | (ways & 2 ? LIST : BAND), &about);
    assert_int_equal(og_check_jacobian(context, field, 0, x, &p), OG_ERR_ARGUMENT);
    assert_contains(og_context_message(context), "row 1 and column 2 is 0.71");
    assert_contains(og_context_message(context), ways & 1 ? "the jvp says 0.7" : "a difference of f says 0.");
    CHECK(context,
          og_field_set_jacobian(field, NULL, 5, chain_row, chain_column)); /* without that of (2, 1) */
    assert_int_equal(og_check_jacobian(context, field, 0, x, &p), OG_ERR_ARGUMENT);
    assert_contains(og_context_message(context), "row 2 and column 1 is 0");
    assert_contains(og_context_message(context), "(it was not declared)");
    og_field_destroy(field);
    og_context_destroy(context);
  }
}

static void what_cannot_be_is_refused(void **state) {
  (void)state;
  og_context *context = new_context();
  og_field *field = chain_field(context, 0, NULL);
  const size_t row[] = {0, 1, 3}, column[] = {0, SIZE_MAX, 0}, beyond[] = {0, 3, 0}, twice[] = {0, 0};
  assert_int_equal(og_field_set_jacobian(field, NULL, 2, row, column), OG_ERR_SHAPE);
  assert_contains(og_context_message(context),
                  "entry 1 of the Jacobian is in row 1 and column 18446744073709551615, which it has not");
  assert_int_equal(og_field_set_jacobian(field, NULL, 2, row, beyond), OG_ERR_SHAPE);
  assert_contains(og_context_message(context),
                  "entry 1 of the Jacobian is in row 1 and column 3: it has rows");
  assert_int_equal(og_field_set_jacobian(field, NULL, 1, row + 2, column + 2), OG_ERR_SHAPE);
  assert_int_equal(og_field_set_jacobian(field, NULL, 2, twice, twice), OG_ERR_SHAPE);
  assert_contains(og_context_message(context), "row 0 and column 0, is there twice");
  assert_int_equal(og_field_set_jacobian(field, NULL, 1, NULL, column), OG_ERR_ARGUMENT);
  assert_int_equal(og_field_set_jacobian_band(field, NULL, 3, 0), OG_ERR_SHAPE);
  og_field_destroy(field);
  CHECK(context, og_field_create(context, 100000, 0, chain_rhs, NULL, &field));
  assert_int_equal(og_field_want_jacobian(context, field), OG_ERR_MEMORY);
  assert_contains(og_context_message(context), "og_field_set_jacobian can say");
  og_field_destroy(field);
  og_model *model = parse(context, "init x = 1\nx' = -x\n");
  assert_int_equal(og_field_set_jacobian((og_field *)og_model_field(model), NULL, 0, NULL, NULL),
                   OG_ERR_UNSUPPORTED);
  og_model_destroy(model);
  og_context_destroy(context);
}

/* ---- Mass matrices ---- */

/* M stands on the pattern of both, with the running cost's 1; what it is not is 0. */
static void masses(void **state) {
  (void)state;
  const size_t row[] = {2, 0, 1}, column[] = {0, 0, 2}, twice[] = {1, 1, 1}, far[] = {0, 3, 0};
  const double values[] = {0.5, 2, -1}, bad[] = {1, NAN, 1};
  og_context *context = new_context();
  og_field *field = chain_field(context, GIVEN | LIST | COST | COST_VJP, NULL);
  assert_int_equal(og_field_set_mass(field, 3, twice, twice, values), OG_ERR_SHAPE);
  assert_contains(og_context_message(context), "is there twice");
  assert_int_equal(og_field_set_mass(field, 3, far, column, values), OG_ERR_SHAPE);
  assert_int_equal(og_field_set_mass(field, 3, row, column, bad), OG_ERR_NOT_FINITE);
  CHECK(context, og_field_set_mass(field, 3, row, column, values));
  assert_true(field->flags & OG_FIELD_HAS_MASS);
  CHECK(context, og_field_want_jacobian(context, field));
  check_chain(field, GIVEN | LIST | COST | COST_VJP);
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 4; j++) {
      double want = i == 2 && j == 0 ? 0.5 : i == 0 && j == 0 ? 2 : i == 1 && j == 2 ? -1 : i == 3 && j == 3;
      int entry = og_pattern_find(field->pattern, i, j);
      assert_true((entry < 0 ? 0 : field->mass[entry]) == want);
    }
  og_solve *solve = NULL;
  og_options *explicit = new_options(context, OG_METHOD_TSIT5, 1e-6, 1e-9);
  CHECK(context, og_solve_create(context, field, explicit, 1, &solve));
  CHECK(context, og_solve_set_span(solve, OG_ALL, 0, 1));
  CHECK(context, og_solve_set_initial_state(solve, OG_ALL, (double[]){1, 1, 1}));
  CHECK(context, og_solve_set_parameters(solve, OG_ALL, (double[]){1}));
  assert_int_equal(og_solve_run(solve), OG_ERR_UNSUPPORTED);
  assert_contains(og_context_message(context), "mass matrix");
  og_solve_destroy(solve);
  og_options_destroy(explicit);
  CHECK(context, og_field_set_mass(field, 0, NULL, NULL, NULL));
  CHECK(context, og_field_want_jacobian(context, field));
  assert_true(!field->mass && !(field->flags & OG_FIELD_HAS_MASS));
  og_field_destroy(field);
  og_context_destroy(context);
}

static void masses_of_graphs(void **state) {
  (void)state;
  og_context *context = new_context();
  og_graph *g;
  og_field *field;
  CHECK(context, og_graph_create(context, &g));
  og_node x = og_input(g, OG_SLOT_STATE, 0, (og_shape){2, 1}), f = og_apply2(g, OG_MUL, x, x);
  const int row[] = {0, 1}, column[] = {1, 1};
  const double values[] = {3, 0};
  og_graph_dynamics dynamics = {.f = f, .mass = {2, row, column, values}};
  CHECK(context, og_field_from_dynamics(g, &dynamics, &field));
  CHECK(context, og_field_want_jacobian(context, field));
  const double want[] = {0, 3, 0}; /* (0, 0), (0, 1), (1, 1) */
  assert_int_equal(field->pattern->count, 3);
  assert_memory_equal(field->mass, want, sizeof want);
  double at[] = {2, 5}, values_want[] = {4, 0, 10};
  place here = {1, 1, (double[]){0}, at, NULL};
  double *entries = values_d(field, &here);
  assert_memory_equal(entries, values_want, sizeof values_want);
  free(entries);
  og_field_destroy(field);
  og_graph_destroy(g);
  og_context_destroy(context);
}

/* ---- Memory, and threads ---- */

static og_status want_of_model(og_context *context) {
  og_model *model;
  og_status status = og_model_create_from_text(context, "m.ode", texts[1], strlen(texts[1]), &model);
  if (status != OG_OK) return status;
  status = og_field_want_jacobian(context, og_model_field(model));
  if (status != OG_OK) assert_null(og_model_field(model)->pattern);
  og_model_destroy(model);
  return status;
}

static og_status want_of_callbacks(og_context *context) {
  og_field *field;
  og_status status = og_field_create(context, 3, 1, chain_rhs, NULL, &field);
  if (status != OG_OK) return status;
  status = og_field_set_jacobian(field, chain_list, 6, chain_row, chain_column);
  if (status == OG_OK) status = og_field_want_jacobian(context, field);
  if (status == OG_OK) status = og_field_set_mass(field, 2, chain_row, chain_column, (double[]){1, 2});
  if (status == OG_OK) status = og_field_set_jacobian(field, NULL, 6, chain_row, chain_column);
  if (status == OG_OK) status = og_field_want_jacobian(context, field);
  if (status == OG_OK) status = og_check_jacobian(context, field, 0, (double[]){1, 2, 3}, (double[]){1});
  og_field_destroy(field);
  return status;
}

static void memory(void **state) {
  (void)state;
  fail_each_allocation(want_of_model);
  fail_each_allocation(want_of_callbacks);
}

/* Whoever asks first makes it, for all. */
static void threads(void **state) {
  (void)state;
  og_context *context = new_context();
  og_model *model = parse(context, texts[1]);
  const og_field *field = og_model_field(model);
  const og_pattern *seen[4] = {NULL};
  int failed = 0;
#pragma omp parallel for num_threads(4) reduction(+ : failed)
  for (int k = 0; k < 4; k++) {
    og_context *own = NULL;
    failed +=
        og_context_create(NULL, NULL, NULL, &own) != OG_OK || og_field_want_jacobian(own, field) != OG_OK;
    seen[k] = field->pattern;
    og_context_destroy(own);
  }
  assert_int_equal(failed, 0);
  for (int k = 0; k < 4; k++) assert_ptr_equal(seen[k], field->pattern);
  og_model_destroy(model);
  og_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_graphs),
      cmocka_unit_test(second_derivatives),
      cmocka_unit_test(patterns),
      cmocka_unit_test(models),
      cmocka_unit_test(where_time_has_no_derivative),
      cmocka_unit_test(callbacks),
      cmocka_unit_test(what_is_wrong_is_found),
      cmocka_unit_test(what_cannot_be_is_refused),
      cmocka_unit_test(masses),
      cmocka_unit_test(masses_of_graphs),
      cmocka_unit_test(memory),
      cmocka_unit_test(threads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

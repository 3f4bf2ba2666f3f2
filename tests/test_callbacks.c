/* Fields of callbacks give what the same fields as models give, whose products are derived: in blocks of one
 * lane and of many, in both precisions, whatever is not wanted or not given, and with products by
 * differences. */
#include "field_blocks.h"

/* The oscillator of event_field.h. */
static og_model *driven_model(og_context *context) {
  static const char text[] =
      "input u linear, w linear\nparam p0 = 1, p1 = 1, p2 = 1, p3 = 1\ninit x0 = 1, x1 = 0, x2 = 0\n"
      "x0' = x1\nx1' = -p0*x0 - 0.1*x1 + sin(t) + u\nx2' = p1*x0 - 0.5*x2 + w\n"
      "cost integral = p2*x0^2\n"
      "event bump when x0 - p2 + 0.1*t + 0.2*u = 0 any "
      "{ x1 = -p3*x1 + 0.1*t; x2 = x2 + p1*x0 }\n"
      "event reset when x2 + 0.3 - 0.05*x1 = 0 falling { x2 = p2 + 0.2*x1 + 0.1*w }\n"
      "event note when x1 - 0.2 = 0 rising { x1 = x1 }\n";
  og_model *model = NULL;
  CHECK(context, og_model_create_from_text(context, "driven", text, sizeof text - 1, &model));
  return model;
}

static void compare(const og_field *field, const og_field *truth, double bound) {
  for (int lanes = 1; lanes <= LANES; lanes += LANES - 1) {
    compare_d(field, truth, lanes, bound);
    compare_s(field, truth, lanes, SINGLE);
  }
}

static void products_are_those_of_models(void **state) {
  (void)state;
  og_context *context = new_context();
  og_field *rich = rich_field(context), *driven = driven_field(context);
  og_model *rich_truth = rich_model(context), *driven_truth = driven_model(context);
  compare(rich, og_model_field(rich_truth), EXACT);
  compare(driven, og_model_field(driven_truth), EXACT);
  og_field_destroy(rich), og_field_destroy(driven);
  og_model_destroy(rich_truth), og_model_destroy(driven_truth);
  og_context_destroy(context);
}

/* Each product that is missing comes from differences; the others stay as they are. */
static void missing_products_are_differences(void **state) {
  (void)state;
  og_context *context = new_context();
  og_model *rich_truth = rich_model(context), *driven_truth = driven_model(context);
  for (int missing = 0; missing < 16; missing++) {
    og_field *rich = rich_field(context), *driven = driven_field(context);
    og_field *fields[] = {rich, driven};
    for (int k = 0; k < 2; k++) {
      CHECK(context, og_field_use_finite_differences(fields[k]));
      if (missing & 1) CHECK(context, og_field_set_vjp(fields[k], NULL));
      if (missing & 2) CHECK(context, og_field_set_jvp(fields[k], NULL));
      if (missing & 4) CHECK(context, og_field_set_cost(fields[k], k ? driven_cost : rich_cost, NULL));
    }
    if (missing & 8) CHECK(context, og_field_set_hessian(rich, NULL, rich_cost_hessian));
    if (missing) CHECK(context, og_field_set_hessian(driven, NULL, NULL));
    compare_d(rich, og_model_field(rich_truth), 1, DIFFERENCES);
    compare_d(rich, og_model_field(rich_truth), LANES, DIFFERENCES);
    compare_d(driven, og_model_field(driven_truth), LANES, DIFFERENCES);
    og_field_destroy(rich), og_field_destroy(driven);
  }
  og_model_destroy(rich_truth), og_model_destroy(driven_truth);
  og_context_destroy(context);
}

/* ---- What is not wanted ---- */

static void what_is_not_wanted_is_left(void **state) {
  (void)state;
  og_context *context = new_context();
  og_field *fields[] = {rich_field(context), driven_field(context)};
  for (int k = 0; k < 2; k++)
    for (int lanes = 1; lanes <= LANES; lanes += LANES - 1)
      for (int wanted = 0; wanted < 8; wanted++) {
        static blocks_d all, b;
        double t[LANES];
        og_lane_status status[LANES] = {0};
        scratch s = open_scratch(fields[k], lanes);
        fill_d(&all, t, fields[k], lanes), fill_d(&b, t, fields[k], lanes);
        products_d(&all, t, fields[k], lanes);
        fields[k]->ops_d.vjp(fields[k], lanes, t, b.x, b.theta, b.lambda, wanted & 1 ? b.x_bar : NULL,
                             wanted & 2 ? b.theta_bar : NULL, wanted & 4 ? b.t_bar : NULL, status, s.memory);
        if (wanted & 1) assert_memory_equal(b.x_bar, all.x_bar, sizeof b.x_bar);
        if (wanted & 2) assert_memory_equal(b.theta_bar, all.theta_bar, sizeof b.theta_bar);
        if (wanted & 4) assert_memory_equal(b.t_bar, all.t_bar, sizeof b.t_bar);
        close_scratch(&s);
      }
  og_field_destroy(fields[0]), og_field_destroy(fields[1]);
  og_context_destroy(context);
}

/* ---- Callbacks that refuse ---- */

/* x[0] is what is returned. */
static int refuse_rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)t, (void)p, (void)user;
  f[0] = x[1], f[1] = 0;
  return (int)x[0];
}
static int refuse_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                      double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)p, (void)theta_bar, (void)t_bar, (void)user;
  x_bar[1] = l[0];
  return (int)x[0];
}
static int refuse_jvp(double t, const double *x, const double *p, double dt, const double *dx,
                      const double *dp, double *f_dot, void *user) {
  (void)t, (void)p, (void)dt, (void)dp, (void)user;
  f_dot[0] = dx[1], f_dot[1] = 0;
  return (int)x[0];
}
static int refuse_hessian(double t, const double *x, const double *p, const double *l, double dt,
                          const double *dx, const double *dp, double *x_bar_dot, double *theta_bar_dot,
                          double *t_bar_dot, void *user) {
  (void)t, (void)dt, (void)p, (void)l, (void)dx, (void)dp, (void)theta_bar_dot, (void)t_bar_dot, (void)user;
  x_bar_dot[0] = 0;
  return (int)x[0];
}
static int refuse_guard(double t, const double *x, const double *p, double *g, void *user) {
  (void)t, (void)p, (void)user;
  g[0] = x[1];
  return (int)x[0];
}

/* What a callback returns keeps its sign, whatever a narrow integer makes of it. */
static const double returned[LANES] = {0, 256, -65536, 0, 1};
static const int answer[LANES] = {0, 1, -1, 0, 1};

static void check_answers(const og_field *field, int lanes, const double *x, const int *want) {
  const double t[LANES] = {0}, lambda[2 * LANES] = {0}, theta[1] = {0};
  double f[2 * LANES], x_bar[2 * LANES], t_bar[LANES];
  scratch s = open_scratch(field, lanes);
  for (int which = 0; which < 5; which++) {
    og_lane_status status[LANES] = {0};
    if (which == 0) field->ops_d.eval(field, lanes, t, x, theta, f, status, s.memory);
    if (which == 1) field->ops_d.vjp(field, lanes, t, x, theta, lambda, x_bar, NULL, t_bar, status, s.memory);
    if (which == 2) field->ops_d.jvp(field, lanes, t, x, theta, NULL, x, NULL, f, status, s.memory);
    if (which == 3)
      field->ops_d.hessian(field, lanes, t, x, theta, lambda, NULL, x, NULL, x_bar, NULL, t_bar, status,
                           s.memory);
    if (which == 4) field->event_ops.guard(field, lanes, t, x, theta, f, status, s.memory);
    for (int lane = 0; lane < lanes; lane++) assert_int_equal(status[lane], want[lane]);
  }
  close_scratch(&s);
}

static void refusals_keep_their_sign(void **state) {
  (void)state;
  static const og_event event = {OG_INIT(og_event), "e", OG_DIRECTION_ANY, 0};
  static const og_event_functions functions = {OG_INIT(og_event_functions), .guard = refuse_guard};
  og_context *context = new_context();
  og_field *field = NULL;
  CHECK(context, og_field_create(context, 2, 0, refuse_rhs, NULL, &field));
  CHECK(context, og_field_set_vjp(field, refuse_vjp));
  CHECK(context, og_field_set_jvp(field, refuse_jvp));
  CHECK(context, og_field_set_hessian(field, refuse_hessian, NULL));
  CHECK(context, og_field_set_events(field, 1, &event, &functions));
  double x[2 * LANES] = {0};
  memcpy(x, returned, sizeof returned);
  check_answers(field, LANES, x, answer);
  for (int lane = 0; lane < LANES; lane++)
    check_answers(field, 1, (double[]){returned[lane], 1}, answer + lane);
  og_field_destroy(field);
  og_context_destroy(context);
}

/* A lane that has failed, or has nothing to do, is not asked again, and what it holds is left. */
static void idle_lanes_are_left(void **state) {
  (void)state;
  og_context *context = new_context();
  og_field *field = driven_field(context);
  static blocks_d b;
  static double g[DRIVEN_EVENTS * LANES], rows[THETA * LANES];
  double t[LANES];
  og_lane_status status[LANES] = {0, OG_LANE_IDLE, 0, -1, 0};
  scratch s = open_scratch(field, LANES);
  fill_d(&b, t, field, LANES);
  for (size_t i = 0; i < field->p * LANES; i++) rows[i] = b.theta[i];
  for (int i = 0; i < ROWS * LANES; i++) b.f[i] = b.x_bar[i] = b.f_dot[i] = 77;
  for (int i = 0; i < DRIVEN_EVENTS * LANES; i++) g[i] = 77;
  field->ops_d.eval(field, LANES, t, b.x, b.theta, b.f, status, s.memory);
  field->ops_d.vjp(field, LANES, t, b.x, b.theta, b.lambda, b.x_bar, NULL, NULL, status, s.memory);
  field->ops_d.jvp(field, LANES, t, b.x, b.theta, NULL, b.x_dot, NULL, b.f_dot, status, s.memory);
  field->event_ops.guard(field, LANES, t, b.x, rows, g, status, s.memory);
  for (int i = 0; i < ROWS * LANES; i++) {
    int idle = i % LANES == 1 || i % LANES == 3;
    assert_true((b.f[i] == 77) == idle && (b.x_bar[i] == 77) == idle && (b.f_dot[i] == 77) == idle);
    if (i < DRIVEN_EVENTS * LANES) assert_true((g[i] == 77) == idle);
  }
  assert_true(status[1] == OG_LANE_IDLE && status[3] == -1);
  close_scratch(&s);
  og_field_destroy(field);
  og_context_destroy(context);
}

/* ---- Events ---- */

typedef struct event_results {
  double g[DRIVEN_EVENTS], g_x[ROWS], g_theta[THETA], g_t, after[ROWS], x_bar[ROWS], theta_bar[THETA], t_bar,
      after_dot[ROWS];
} event_results;

static void find_event(const og_field *field, size_t event, const blocks_d *b, double t, event_results *r) {
  const og_event_ops *ops = &field->event_ops;
  og_lane_status status = 0;
  scratch s = open_scratch(field, 1);
  memset(r, 0, sizeof *r);
  ops->guard(field, 1, &t, b->x, b->theta, r->g, &status, s.memory);
  assert_int_equal(status, 0);
  assert_int_equal(
      ops->guard_gradient(field, event, t, b->x, b->theta, r->g_x, r->g_theta, &r->g_t, s.memory), 0);
  assert_int_equal(ops->jump(field, event, t, b->x, b->theta, r->after, s.memory), 0);
  assert_int_equal(
      ops->jump_vjp(field, event, t, b->x, b->theta, b->lambda, r->x_bar, r->theta_bar, &r->t_bar, s.memory),
      0);
  assert_int_equal(ops->jump_jvp(field, event, t, b->x, b->theta, b->t_dot[0], b->x_dot, b->theta_dot,
                                 r->after_dot, s.memory),
                   0);
  close_scratch(&s);
}

static void compare_events(const og_field *field, const og_field *truth, double bound) {
  static blocks_d b, other;
  size_t p = field->p - field->fine;
  double t[LANES];
  fill_d(&b, t, field, 1), fill_d(&other, t, truth, 1);
  for (size_t event = 0; event < DRIVEN_EVENTS; event++) {
    event_results r, want;
    find_event(field, event, &b, t[0], &r);
    find_event(truth, event, &other, t[0], &want);
    CLEAR_STARTS(truth, 1, want.g_theta)
    CLEAR_STARTS(truth, 1, want.theta_bar)
    agree_d("guards", DRIVEN_EVENTS, 1, r.g, want.g, bound);
    agree_d("dg/dx", ROWS, 1, r.g_x, want.g_x, bound);
    agree_d("dg/dtheta", p, 1, r.g_theta, want.g_theta, bound);
    agree_d("dg/dt", 1, 1, &r.g_t, &want.g_t, bound);
    agree_d("the state after", ROWS, 1, r.after, want.after, bound);
    agree_d("x_bar of a jump", ROWS, 1, r.x_bar, want.x_bar, bound);
    agree_d("theta_bar of a jump", p, 1, r.theta_bar, want.theta_bar, bound);
    agree_d("t_bar of a jump", 1, 1, &r.t_bar, &want.t_bar, bound);
    agree_d("after_dot", ROWS, 1, r.after_dot, want.after_dot, bound);
  }
}

static void events_are_those_of_models(void **state) {
  (void)state;
  static const og_event events[DRIVEN_EVENTS] = {{OG_INIT(og_event), "bump", OG_DIRECTION_ANY, 0},
                                                 {OG_INIT(og_event), "reset", OG_DIRECTION_FALLING, 0},
                                                 {OG_INIT(og_event), "note", OG_DIRECTION_RISING, 0}};
  og_context *context = new_context();
  og_model *truth = driven_model(context);
  og_field *field = driven_field(context);
  compare_events(field, og_model_field(truth), EXACT);
  CHECK(context, og_field_use_finite_differences(field));
  for (int missing = 1; missing < 8; missing++) {
    og_event_functions functions = {
        OG_INIT(og_event_functions),           driven_guard,
        missing & 1 ? NULL : driven_guard_vjp, driven_jump,
        missing & 2 ? NULL : driven_jump_vjp,  missing & 4 ? NULL : driven_jump_jvp};
    CHECK(context, og_field_set_events(field, DRIVEN_EVENTS, events, &functions));
    compare_events(field, og_model_field(truth), DIFFERENCES);
  }
  og_field_destroy(field);
  og_model_destroy(truth);
  og_context_destroy(context);
}

/* Without a callback of jumps nothing changes, nor do tangents and cotangents. */
static void no_jump_changes_nothing(void **state) {
  (void)state;
  static const og_event events[DRIVEN_EVENTS] = {{OG_INIT(og_event), "a", OG_DIRECTION_ANY, 0},
                                                 {OG_INIT(og_event), NULL, OG_DIRECTION_RISING, 1},
                                                 {OG_INIT(og_event), "c", OG_DIRECTION_FALLING, 0}};
  static const og_event_functions functions = {OG_INIT(og_event_functions), .guard = driven_guard,
                                               .guard_vjp = driven_guard_vjp};
  static blocks_d b;
  event_results r;
  double t[LANES];
  og_context *context = new_context();
  og_field *field = driven_field(context);
  CHECK(context, og_field_set_events(field, DRIVEN_EVENTS, events, &functions));
  fill_d(&b, t, field, 1);
  for (size_t event = 0; event < DRIVEN_EVENTS; event++) {
    find_event(field, event, &b, t[0], &r);
    assert_memory_equal(r.after, b.x, sizeof r.after);
    assert_memory_equal(r.x_bar, b.lambda, sizeof r.x_bar);
    assert_memory_equal(r.after_dot, b.x_dot, sizeof r.after_dot);
    for (int i = 0; i < THETA; i++) assert_true(r.theta_bar[i] == 0);
    assert_true(r.t_bar == 0);
  }
  og_field_destroy(field);
  og_context_destroy(context);
}

/* The field keeps descriptions and names of its own, and new ones take their place. */
static void descriptions_are_copied(void **state) {
  (void)state;
  og_context *context = new_context();
  og_field *field = driven_field(context);
  for (size_t count = 1; count <= DRIVEN_EVENTS; count++) {
    char names[DRIVEN_EVENTS][16] = {"first", "", "the third"};
    og_event events[DRIVEN_EVENTS] = {{OG_INIT(og_event), names[0], OG_DIRECTION_FALLING, 1},
                                      {OG_INIT(og_event), NULL, OG_DIRECTION_ANY, 0},
                                      {OG_INIT(og_event), names[2], OG_DIRECTION_RISING, 1}};
    const og_event_functions functions = {OG_INIT(og_event_functions), .guard = driven_guard};
    CHECK(context, og_field_set_events(field, count, events, &functions));
    memset(names, 'x', sizeof names), memset(events, 0, sizeof events);
    assert_int_equal(og_field_events(field), count);
    assert_null(og_field_event(field, count));
    for (size_t i = 0; i < count; i++) {
      const og_event *e = og_field_event(field, i);
      if (i == 1) assert_null(e->name);
      if (i != 1) assert_string_equal(e->name, i ? "the third" : "first");
      assert_int_equal(e->terminal, i != 1);
      assert_int_equal(e->direction, i == 0   ? OG_DIRECTION_FALLING
                                     : i == 1 ? OG_DIRECTION_ANY
                                              : OG_DIRECTION_RISING);
    }
  }
  CHECK(context, og_field_set_events(field, 0, NULL, NULL));
  assert_int_equal(og_field_events(field), 0);
  og_field_destroy(field);
  og_context_destroy(context);
}

/* ---- What a field has ---- */

/* Each of its functions has its derivative, or differences stand for it. A second derivative is given for
 * each, or comes from differences of first ones that are given. */
static unsigned flags_of(unsigned given) {
  enum { VJP = 1, JVP = 2, COST = 4, COST_VJP = 8, HESSIAN = 16, COST_HESSIAN = 32 };
  enum {
    EVENTS = 64,
    GUARD_VJP = 128,
    JUMP = 256,
    JUMP_VJP = 512,
    JUMP_JVP = 1024,
    DIFFER = 2048,
    STILL = 4096
  };
  int differ = (given & DIFFER) != 0, jumps = (given & EVENTS) && (given & JUMP);
  int cost = !(given & COST) || (given & COST_VJP), guard = !(given & EVENTS) || (given & GUARD_VJP);
  int vjp = differ || ((given & VJP) && cost && guard && (!jumps || (given & JUMP_VJP)));
  int jvp = differ || ((given & JVP) && cost && guard && (!jumps || (given & JUMP_JVP)));
  int own = (given & HESSIAN) && (!(given & COST) || (given & COST_HESSIAN));
  int hessian = own || (differ && (given & VJP) && cost);
  return (given & STILL ? 0u : OG_FIELD_DEPENDS_ON_TIME) | (vjp ? OG_FIELD_HAS_VJP : 0u) |
         (jvp ? OG_FIELD_HAS_JVP : 0u) | (hessian ? OG_FIELD_HAS_HESSIAN : 0u) |
         ((given & (VJP | JVP)) && cost ? OG_FIELD_HAS_JACOBIAN : 0u);
}

static void flags_say_what_is_given(void **state) {
  (void)state;
  static const og_event events[DRIVEN_EVENTS] = {{OG_INIT(og_event), "a", OG_DIRECTION_ANY, 0},
                                                 {OG_INIT(og_event), NULL, OG_DIRECTION_RISING, 1},
                                                 {OG_INIT(og_event), "c", OG_DIRECTION_FALLING, 0}};
  og_context *context = new_context();
  for (unsigned given = 0; given < 8192; given++) {
    og_field *f = NULL;
    og_event_functions on = {OG_INIT(og_event_functions),           driven_guard,
                             given & 128 ? driven_guard_vjp : NULL, given & 256 ? driven_jump : NULL,
                             given & 512 ? driven_jump_vjp : NULL,  given & 1024 ? driven_jump_jvp : NULL};
    CHECK(context, og_field_create(context, DRIVEN_STATES, DRIVEN_PARAMETERS, driven_rhs, NULL, &f));
    if (given & 2048) CHECK(context, og_field_use_finite_differences(f));
    CHECK(context, og_field_set_autonomous(f, given & 4096 ? 2 : 0));
    CHECK(context, og_field_set_vjp(f, given & 1 ? driven_vjp : NULL));
    CHECK(context, og_field_set_jvp(f, given & 2 ? driven_jvp : NULL));
    CHECK(context, og_field_set_cost(f, given & 4 ? driven_cost : NULL, given & 8 ? driven_cost_vjp : NULL));
    CHECK(context,
          og_field_set_hessian(f, given & 16 ? rich_hessian : NULL, given & 32 ? rich_cost_hessian : NULL));
    if (given & 64) CHECK(context, og_field_set_events(f, DRIVEN_EVENTS, events, &on));
    if (f->flags != flags_of(given)) fail_msg("%x given: flags %x, not %x", given, f->flags, flags_of(given));
    og_field_destroy(f);
  }
  og_context_destroy(context);
}

/* Numbers of states, parameters and inputs are those that were said last, in whatever order. */
static void sizes_are_those_that_were_said(void **state) {
  (void)state;
  og_context *context = new_context();
  og_field *f = NULL;
  CHECK(context, og_field_create(context, 3, 4, driven_rhs, NULL, &f));
  for (size_t inputs = 5; inputs < 6; inputs--) {
    int cost = inputs % 2 == 0;
    CHECK(context, og_field_set_cost(f, cost ? driven_cost : NULL, NULL));
    CHECK(context, og_field_set_inputs(f, inputs));
    CHECK(context, og_field_set_cost(f, cost ? driven_cost : NULL, NULL));
    assert_true(og_field_states(f) == 3 && og_field_parameters(f) == 4 && og_field_inputs(f) == inputs);
    assert_true(f->n == 3 + (size_t)cost && f->quadratures == (size_t)cost);
    assert_true(f->fine == inputs && f->p == 4 + (OG_INPUT_ROWS + 1) * inputs);
    for (size_t i = 0; i < inputs; i++)
      assert_int_equal(f->fine_row[i], 4 + OG_INPUT_ROWS * i + OG_INPUT_START);
  }
  og_field_destroy(f);
  og_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(products_are_those_of_models), cmocka_unit_test(missing_products_are_differences),
      cmocka_unit_test(what_is_not_wanted_is_left),   cmocka_unit_test(refusals_keep_their_sign),
      cmocka_unit_test(idle_lanes_are_left),          cmocka_unit_test(events_are_those_of_models),
      cmocka_unit_test(no_jump_changes_nothing),      cmocka_unit_test(descriptions_are_copied),
      cmocka_unit_test(flags_say_what_is_given),      cmocka_unit_test(sizes_are_those_that_were_said)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

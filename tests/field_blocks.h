/* A field's functions on blocks of generated numbers, in both precisions, and two fields held against each
 * other. */
#ifndef OG_TEST_FIELD_BLOCKS_H
#define OG_TEST_FIELD_BLOCKS_H

#include "base/real.h"
#include "event_field.h"
#include "field/field.h"

enum { LANES = 5, ROWS = 4, THETA = 16, CANARY = 256 };

/* Scratch memory of just the size that the field asks for, behind which nothing may be written. */
typedef struct scratch {
  unsigned char *memory;
  size_t size;
} scratch;

static inline scratch open_scratch(const og_field *field, int lanes) {
  scratch s = {.size = field->scratch_bytes(field, lanes)};
  s.memory = aligned_alloc(64, (s.size + CANARY + 63) / 64 * 64);
  memset(s.memory, 0xC5, s.size + CANARY);
  return s;
}

static inline void close_scratch(scratch *s) {
  for (size_t i = 0; i < CANARY; i++) assert_int_equal(s->memory[s->size + i], 0xC5);
  free(s->memory);
}

/* Nothing flows back to the times from which inputs are counted, which are constants of a signal: a field of
 * callbacks says 0 where a model says what nobody adds up. */
#define CLEAR_STARTS(field, lanes, bar)                                                                      \
  for (size_t input = 0; input < (field)->inputs; input++)                                                   \
    for (size_t at = 0, own = (field)->p - (field)->fine - OG_INPUT_ROWS * (field)->inputs;                  \
         at < (size_t)(lanes); at++)                                                                         \
      (bar)[(own + OG_INPUT_ROWS * input + OG_INPUT_START) * (size_t)(lanes) + at] = 0;

/* Forward differences: the step, 1.5e-8 of a state or of a thousandth of the largest, times second
 * derivatives of a few, and rounding over it. */
static const double FORWARD = 1e-5;
/* A field's arguments, and what its products are; of one precision after the other. */
#define BLOCKS(X, S)                                                                                         \
  typedef struct blocks_##S {                                                                                \
    X x[ROWS * LANES], theta[THETA * LANES], lambda[ROWS * LANES], t_dot[LANES], x_dot[ROWS * LANES],        \
        theta_dot[THETA * LANES], t_u[LANES];                                                                \
    X f[ROWS * LANES], x_bar[ROWS * LANES], theta_bar[THETA * LANES], t_bar[LANES], f_dot[ROWS * LANES],     \
        part[ROWS * LANES], x_bar_dot[ROWS * LANES], theta_bar_dot[THETA * LANES], t_bar_dot[LANES],         \
        f_ddot[ROWS * LANES], apart[ROWS * LANES], dense[ROWS * ROWS * LANES];                               \
  } blocks_##S;                                                                                              \
  static inline void fill_##S(blocks_##S *b, double *t, const og_field *field, int lanes) {                  \
    uint64_t seed = 11;                                                                                      \
    size_t width = (size_t)lanes, own = field->p - field->fine,                                              \
           inputs = own - OG_INPUT_ROWS * field->inputs;                                                     \
    memset(b, 0, sizeof *b);                                                                                 \
    for (size_t i = 0; i < width; i++)                                                                       \
      t[i] = noise(&seed), b->t_dot[i] = (X)noise(&seed), b->t_u[i] = (X)noise(&seed);                       \
    for (size_t i = 0; i < field->n * width; i++)                                                            \
      b->x[i] = (X)noise(&seed), b->lambda[i] = (X)noise(&seed), b->x_dot[i] = (X)noise(&seed);              \
    for (size_t i = 0; i < own * width; i++)                                                                 \
      b->theta[i] = (X)noise(&seed), b->theta_dot[i] = i < inputs * width ? (X)noise(&seed) : 0;             \
  }                                                                                                          \
  /* One product of all lanes; what is not wanted is left as it was. */                                      \
  static inline void products_##S(blocks_##S *b, const double *t, const og_field *field, int lanes) {        \
    const og_field_ops_##S *ops = &field->ops_##S;                                                           \
    og_lane_status status[LANES] = {0};                                                                      \
    og_context *told = new_context();                                                                        \
    CHECK(told, og_field_want_jacobian(told, field));                                                        \
    scratch s = open_scratch(field, lanes);                                                                  \
    ops->eval(field, lanes, t, b->x, b->theta, b->f, status, s.memory);                                      \
    ops->vjp(field, lanes, t, b->x, b->theta, b->lambda, b->x_bar, b->theta_bar, b->t_bar, status,           \
             s.memory);                                                                                      \
    ops->jvp(field, lanes, t, b->x, b->theta, b->t_dot, b->x_dot, b->theta_dot, b->f_dot, status, s.memory); \
    ops->jvp(field, lanes, t, b->x, b->theta, NULL, b->x_dot, NULL, b->part, status, s.memory);              \
    if (field->flags & OG_FIELD_HAS_HESSIAN) {                                                               \
      ops->hessian(field, lanes, t, b->x, b->theta, b->lambda, b->t_dot, b->x_dot, b->theta_dot,             \
                   b->x_bar_dot, b->theta_bar_dot, b->t_bar_dot, status, s.memory);                          \
      ops->jvp_tangent(field, lanes, t, b->x, b->theta, b->t_u, b->lambda, b->t_dot, b->x_dot, b->theta_dot, \
                       b->f_ddot, status, s.memory);                                                         \
      ops->jvp_tangent(field, lanes, t, b->x, b->theta, NULL, b->lambda, NULL, b->x_dot, NULL, b->apart,     \
                       status, s.memory);                                                                    \
    }                                                                                                        \
    for (int lane = 0; lane < lanes; lane++) assert_int_equal(status[lane], 0);                              \
    X entries[ROWS * ROWS * LANES];                                                                          \
    ops->jacobian(field, lanes, t, b->x, b->theta, entries, status, s.memory);                               \
    for (int e = 0; e < field->pattern->count; e++)                                                          \
      memcpy(b->dense + ((size_t)field->pattern->row[e] * field->n + (size_t)field->pattern->column[e]) *    \
                            (size_t)lanes,                                                                   \
             entries + e * lanes, (size_t)lanes * sizeof *entries);                                          \
    for (int lane = 0; lane < lanes; lane++) assert_int_equal(status[lane], 0);                              \
    close_scratch(&s);                                                                                       \
    og_context_destroy(told);                                                                                \
  }                                                                                                          \
  static inline void agree_##S(const char *what, size_t rows, int lanes, const X *got, const X *want,        \
                               double bound) {                                                               \
    for (size_t i = 0; i < rows * (size_t)lanes; i++)                                                        \
      if (!(fabs((double)got[i] - (double)want[i]) <= bound))                                                \
        fail_msg("%s, entry %zu: %.17g, not %.17g", what, i, (double)got[i], (double)want[i]);               \
  }                                                                                                          \
  static inline void compare_##S(const og_field *field, const og_field *truth, int lanes, double bound) {    \
    static blocks_##S b, want;                                                                               \
    double t[LANES];                                                                                         \
    size_t n = field->n, p = field->p - field->fine;                                                         \
    assert_true(truth->n == n && truth->p - truth->fine == p);                                               \
    fill_##S(&b, t, field, lanes), fill_##S(&want, t, truth, lanes);                                         \
    products_##S(&b, t, field, lanes), products_##S(&want, t, truth, lanes);                                 \
    CLEAR_STARTS(truth, lanes, want.theta_bar)                                                               \
    CLEAR_STARTS(truth, lanes, want.theta_bar_dot)                                                           \
    agree_##S("f", n, lanes, b.f, want.f, bound);                                                            \
    agree_##S("x_bar", n, lanes, b.x_bar, want.x_bar, bound);                                                \
    agree_##S("theta_bar", p, lanes, b.theta_bar, want.theta_bar, bound);                                    \
    agree_##S("t_bar", 1, lanes, b.t_bar, want.t_bar, bound);                                                \
    agree_##S("f_dot", n, lanes, b.f_dot, want.f_dot, bound);                                                \
    agree_##S("f_dot by x", n, lanes, b.part, want.part, bound);                                             \
    agree_##S("df/dx", n *n, lanes, b.dense, want.dense,                                                     \
              field->flags &OG_FIELD_HAS_JACOBIAN ? bound : FORWARD);                                        \
    if (!(field->flags & OG_FIELD_HAS_HESSIAN)) return;                                                      \
    agree_##S("x_bar_dot", n, lanes, b.x_bar_dot, want.x_bar_dot, bound);                                    \
    agree_##S("theta_bar_dot", p, lanes, b.theta_bar_dot, want.theta_bar_dot, bound);                        \
    agree_##S("t_bar_dot", 1, lanes, b.t_bar_dot, want.t_bar_dot, bound);                                    \
    agree_##S("f_ddot", n, lanes, b.f_ddot, want.f_ddot, bound);                                             \
    agree_##S("f_ddot by x", n, lanes, b.apart, want.apart, bound);                                          \
  }
BLOCKS(double, d)
BLOCKS(float, s)

/* Rounding alone; numbers are about 1. */
static const double EXACT = 1e-14, SINGLE = 1e-6;
/* Central differences with steps of cbrt(2^-52): their square is 4e-11, times third derivatives of a few, and
 * rounding over the step, 4e-11. */
static const double DIFFERENCES = 1e-9;

#endif

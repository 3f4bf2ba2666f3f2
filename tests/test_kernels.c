/* Lane-block kernels: every instruction set against the plain-C reference, and a lane's bits against its
 * layout. */
#include "fields.h"
#include "kernels/elementwise.h"
#include "kernels/kernels.h"
#include "node_by_node.h"

enum { ROWS = 5, LANES = 64, TERMS = 7, ROOM = ROWS * LANES };

/* The same checks for both precisions. `unit` is the rounding unit: a sum of TERMS products in another
 * rounding (fused or not) differs by at most TERMS units of the sum of magnitudes, which is below TERMS + 2
 * here. */
#define KERNEL_TESTS(X, S, unit)                                                                             \
  typedef struct blocks_##S {                                                                                \
    _Alignas(64) X k[TERMS][ROOM], x[ROOM], y[ROOM], h[LANES], sum[LANES], mask[LANES], a[TERMS];            \
    const X *terms[TERMS];                                                                                   \
  } blocks_##S;                                                                                              \
  static void fill_##S(blocks_##S *b) {                                                                      \
    uint64_t seed = 9;                                                                                       \
    for (int j = 0; j < TERMS; j++) {                                                                        \
      for (int i = 0; i < ROOM; i++) b->k[j][i] = (X)noise(&seed);                                           \
      b->a[j] = (X)noise(&seed);                                                                             \
      b->terms[j] = b->k[j];                                                                                 \
    }                                                                                                        \
    for (int i = 0; i < ROOM; i++) b->x[i] = (X)noise(&seed), b->y[i] = (X)noise(&seed);                     \
    for (int l = 0; l < LANES; l++) b->h[l] = (X)noise(&seed), b->mask[l] = l % 3 != 0, b->sum[l] = 0;       \
  }                                                                                                          \
  static void near_##S(const char *isa, const char *what, const X *got, const X *want, int count,            \
                       double scale) {                                                                       \
    for (int i = 0; i < count; i++)                                                                          \
      if (!(fabs((double)got[i] - (double)want[i]) <= scale * (unit)))                                       \
        fail_msg("%s %s[%d]: %.17g, reference %.17g", isa, what, i, (double)got[i], (double)want[i]);        \
  }                                                                                                          \
  static void against_reference_##S(void **state) {                                                          \
    (void)state;                                                                                             \
    static blocks_##S want, got;                                                                             \
    int count;                                                                                               \
    const og_kernels_##S *const *all = og_kernels_all_##S(&count);                                           \
    assert_string_equal(all[0]->name, "reference");                                                          \
    assert_in_range(count, 2, 8);                                                                            \
    for (int i = 1; i < count; i++)                                                                          \
      for (int lanes = 1; lanes <= LANES; lanes = lanes == 1 ? 16 : 2 * lanes)                               \
        for (int form = 0; form < 4; form++) {                                                               \
          int rows = lanes == 1 ? 37 : ROWS;                                                                 \
          fill_##S(&want), fill_##S(&got);                                                                   \
          for (int which = 0; which < 2; which++) {                                                          \
            blocks_##S *b = which ? &got : &want;                                                            \
            const og_kernels_##S *k = which ? all[i] : all[0];                                               \
            const X *mask = form & 1 ? b->mask : NULL;                                                       \
            k->weighted_sum(rows, lanes, b->y, form & 1 ? b->x : NULL, form & 2 ? b->h : NULL, TERMS, b->a,  \
                            b->terms);                                                                       \
            k->dot_rows(rows, lanes, b->x, b->k[0], b->sum);                                                 \
            k->add_rows(rows, lanes, b->k[1], b->x, mask);                                                   \
            k->copy_rows(rows, lanes, b->k[2], b->x, mask);                                                  \
          }                                                                                                  \
          near_##S(all[i]->name, "weighted_sum", got.y, want.y, rows *lanes, TERMS + 2);                     \
          near_##S(all[i]->name, "dot_rows", got.sum, want.sum, lanes, 37);                                  \
          assert_memory_equal(got.k[1], want.k[1], (size_t)(rows * lanes) * sizeof(X));                      \
          assert_memory_equal(got.k[2], want.k[2], (size_t)(rows * lanes) * sizeof(X));                      \
          int grown[2];                                                                                      \
          for (int which = 0; which < 2; which++) {                                                          \
            blocks_##S *b = which ? &got : &want;                                                            \
            grown[which] = (which ? all[i] : all[0])                                                         \
                               ->outgrows(rows, lanes, b->x, b->k[3], b->h, (X)(form * 0.25), b->sum, b->y); \
          }                                                                                                  \
          assert_int_equal(grown[0], grown[1]);                                                              \
          assert_memory_equal(got.sum, want.sum, (size_t)lanes * sizeof(X));                                 \
          assert_memory_equal(got.y, want.y, (size_t)lanes * sizeof(X));                                     \
          for (int which = 0; which < 2; which++) {                                                          \
            blocks_##S *b = which ? &got : &want;                                                            \
            (which ? all[i] : all[0])                                                                        \
                ->scaled_error(rows, lanes, b->k[0], b->x, b->k[3], 1, NULL, (X)0.5, b->sum);                \
          }                                                                                                  \
          near_##S(all[i]->name, "scaled_error", got.sum, want.sum, lanes, 4 * 37);                          \
        }                                                                                                    \
  }                                                                                                          \
  /* A lane of a wide block, alone in a block of one: the same bits. */                                      \
  static void lane_bits_##S(void **state) {                                                                  \
    (void)state;                                                                                             \
    static blocks_##S wide, one;                                                                             \
    int count;                                                                                               \
    const og_kernels_##S *const *all = og_kernels_all_##S(&count);                                           \
    for (int i = 1; i < count; i++)                                                                          \
      for (int lane = 0; lane < LANES; lane++) {                                                             \
        fill_##S(&wide), fill_##S(&one);                                                                     \
        for (int row = 0; row < ROWS; row++) {                                                               \
          for (int j = 0; j < TERMS; j++) one.k[j][row] = wide.k[j][row * LANES + lane];                     \
          one.x[row] = wide.x[row * LANES + lane];                                                           \
        }                                                                                                    \
        one.h[0] = wide.h[lane];                                                                             \
        all[i]->weighted_sum(ROWS, LANES, wide.y, wide.x, wide.h, TERMS, wide.a, wide.terms);                \
        all[i]->weighted_sum(ROWS, 1, one.y, one.x, one.h, TERMS, one.a, one.terms);                         \
        for (int row = 0; row < ROWS; row++)                                                                 \
          assert_memory_equal(&one.y[row], &wide.y[row * LANES + lane], sizeof(X));                          \
        all[i]->dot_rows(ROWS, LANES, wide.x, wide.y, wide.sum);                                             \
        all[i]->dot_rows(ROWS, 1, one.x, one.y, one.sum);                                                    \
        assert_memory_equal(&one.sum[0], &wide.sum[lane], sizeof(X));                                        \
        all[i]->scaled_error(ROWS, LANES, wide.k[0], wide.x, wide.y, (X)0.1, NULL, (X)0.5, wide.sum);        \
        all[i]->scaled_error(ROWS, 1, one.k[0], one.x, one.y, (X)0.1, NULL, (X)0.5, one.sum);                \
        assert_memory_equal(&one.sum[0], &wide.sum[lane], sizeof(X));                                        \
      }                                                                                                      \
  }
/* Placing steps, errors and widths: the bits of the reference. Lanes land on 1, are cut short, rejected and
 * NaN. */
#define LANE_TESTS(X, S)                                                                                     \
  static void lane_loops_##S(void **state) {                                                                 \
    (void)state;                                                                                             \
    typedef struct lanes {                                                                                   \
      double t0[LANES], t1[LANES], span[LANES], start[LANES], end[LANES], t[LANES], t_next[LANES], h[LANES]; \
      double width[LANES], widest[LANES], factor[LANES], error[2][LANES], previous[LANES], most[LANES];      \
      X h_real[LANES], sum[LANES], sum2[LANES];                                                              \
    } lanes;                                                                                                 \
    static lanes want, got;                                                                                  \
    int count;                                                                                               \
    const og_kernels_##S *const *all = og_kernels_all_##S(&count);                                           \
    for (int i = 1; i < count; i++) {                                                                        \
      uint64_t seed = 5;                                                                                     \
      for (double *v = (double *)&want; v < (double *)(void *)want.h_real; v++) *v = fabs(noise(&seed));     \
      for (int l = 0; l < LANES; l++) {                                                                      \
        want.sum[l] = l % 7 ? (X)fabs(noise(&seed)) : 0, want.sum2[l] = l % 3 ? want.sum[l] : 0;             \
        want.factor[l] *= 3;                                                                                 \
        if (l % 5 == 0) want.start[l] = 1 - want.width[l];                                                   \
      }                                                                                                      \
      want.sum[9] = (X)NAN;                                                                                  \
      got = want;                                                                                            \
      for (int which = 0; which < 2; which++) {                                                              \
        lanes *b = which ? &got : &want;                                                                     \
        const og_kernels_##S *k = which ? all[i] : all[0];                                                   \
        k->step_ends(LANES, b->start, b->width, b->end);                                                     \
        k->step_times(LANES, &(og_lane_steps_##S){b->t0, b->t1, b->span, b->start, b->end, b->t, b->t_next,  \
                                                  b->h, b->h_real});                                         \
        k->error_norms(LANES, 3, b->sum, NULL, b->error[0]);                                                 \
        k->error_norms(LANES, 3, b->sum, b->sum2, b->error[1]);                                              \
        k->next_widths(LANES, &(og_lane_widths_##S){b->start, b->end, b->widest, b->error[0], b->factor,     \
                                                    b->width, b->previous, b->most, 10});                    \
      }                                                                                                      \
      assert_true(isnan(got.error[0][9]) && isnan(got.error[1][9]));                                         \
      got.error[0][9] = got.error[1][9] = want.error[0][9] = want.error[1][9] = 0;                           \
      assert_memory_equal(&got, &want, sizeof got);                                                          \
      assert_true(got.end[0] == 1 && got.t_next[0] == got.t1[0] && got.error[1][0] == 0);                    \
    }                                                                                                        \
  }
LANE_TESTS(double, d)
LANE_TESTS(float, s)

/* Every operation of the accumulator machine, its form after another operation included: full rows have the
 * bits of the plain loops, and each lane those of its row alone. */
#define STRAIGHT_TESTS(X, S)                                                                                 \
  static void scalar_run_bits_##S(void **state) {                                                            \
    (void)state;                                                                                             \
    static X start[LANES], want[7][LANES], got[7][LANES], one[7];                                            \
    const og_elementwise_##S *tables[] = {&og_elementwise_base_##S, og_elementwise_best_##S()};              \
    for (int op = 0; op < OG_ST_COUNT; op++)                                                                 \
      for (int t = 0; t < 2; t++) {                                                                          \
        og_scalar_run run[] = {{OG_ST_MUL, 1, {0, 0, 0, 0, 0}, {3, 2, 0, 0, 4}},                             \
                               {op, 0, {0, 0, 0, 0, 0}, {0, 1, 2, 3, 5}},                                    \
                               {OG_ST_COPY_R,                                                                \
                                op % 2 ? OG_SCALAR_RUN_ADD : OG_SCALAR_RUN_STORE,                            \
                                {0, 0, 0, 0, 0},                                                             \
                                {0, 0, 0, 0, 6}}};                                                           \
        uint64_t seed = 3;                                                                                   \
        for (int row = 0; row < 7; row++)                                                                    \
          for (int lane = 0; lane < LANES; lane++) want[row][lane] = got[row][lane] = (X)noise(&seed) + 2;   \
        memcpy(start, want[6], sizeof start);                                                                \
        X *want_base = want[0], *got_base = got[0], *one_base = one;                                         \
        og_elementwise_reference_##S.scalar_run(3, run, &want_base);                                         \
        tables[t]->scalar_run(3, run, &got_base);                                                            \
        assert_memory_equal(got, want, sizeof got);                                                          \
        for (int lane = 0; lane < LANES; lane++) {                                                           \
          for (int row = 0; row < 7; row++) one[row] = want[row][lane];                                      \
          one[4] = 0, one[6] = start[lane];                                                                  \
          tables[t]->scalar_run_one(3, run, &one_base);                                                      \
          for (int row = 0; row < 7; row++) assert_memory_equal(&one[row], &want[row][lane], sizeof(X));     \
        }                                                                                                    \
      }                                                                                                      \
  }
STRAIGHT_TESTS(double, d)
STRAIGHT_TESTS(float, s)

/* ---- Loops against the operations as they are written ---- */
NUMBER_BY_NUMBER(double, d)
NUMBER_BY_NUMBER(float, s)

/* Of the tables, which share their text, against node_by_node.h: every operation on every pair of special
 * numbers, NaN among them, on either side and with one number for all. Counts are odd, and what lies beyond
 * must stay. A multiply-add may round once or twice, so it is given numbers for which both are the same. */
#define LOOP_TESTS(X, S)                                                                                     \
  static void loops_as_written_##S(void **state) {                                                           \
    (void)state;                                                                                             \
    static const int loops[] = {OG_NEG, OG_ABS, OG_SIGN, OG_SQRT, OG_RELU, OG_NOT};                          \
    const X special[] = {0, -(X)0.0, (X)INFINITY, -(X)INFINITY, (X)NAN, 1, -1, 2, (X)0.5, -3, 3};            \
    enum { SPECIAL = 11, COUNT = SPECIAL * SPECIAL, SPACE = COUNT + 16 };                                    \
    const og_elementwise_##S *tables[] = {&og_elementwise_reference_##S, &og_elementwise_base_##S,           \
                                          og_elementwise_best_##S()};                                        \
    X a[SPACE], b[SPACE], c[SPACE], out[SPACE];                                                              \
    for (int i = 0; i < COUNT; i++) {                                                                        \
      a[i] = special[i % SPECIAL], b[i] = special[i / SPECIAL], c[i] = special[(i + i / 7) % SPECIAL];       \
    }                                                                                                        \
    for (int t = 0; t < 3; t++) {                                                                            \
      for (int op = 0; op < OG_EW_EXP; op++) {                                                               \
        for (int i = 0; i < SPACE; i++) out[i] = 77;                                                         \
        tables[t]->unary[op](COUNT, a, out);                                                                 \
        for (int i = 0; i < COUNT; i++)                                                                      \
          same_number_##S("unary", op, out[i], unary_number_##S(loops[op], a[i]));                           \
        assert_true(out[COUNT] == 77);                                                                       \
      }                                                                                                      \
      for (int op = 0; op < OG_EW_BINARY_COUNT; op++)                                                        \
        for (int v = 0; v < OG_EW_VARIANTS; v++)                                                             \
          for (int k = 0; k < SPECIAL; k++) {                                                                \
            int written = op <= OG_EW_DIV ? op : op - OG_EW_MIN + OG_MIN;                                    \
            const X *x = v == OG_EW_ONE_A ? &special[k] : a, *y = v == OG_EW_ONE_B ? &special[k] : b;        \
            for (int i = 0; i < SPACE; i++) out[i] = 77;                                                     \
            tables[t]->binary[op][v](COUNT, x, y, out);                                                      \
            for (int i = 0; i < COUNT; i++)                                                                  \
              same_number_##S(                                                                               \
                  "binary", op, out[i],                                                                      \
                  binary_number_##S(written, x[v == OG_EW_ONE_A ? 0 : i], y[v == OG_EW_ONE_B ? 0 : i]));     \
            assert_true(out[COUNT] == 77);                                                                   \
          }                                                                                                  \
      tables[t]->where(COUNT, c, a, b, out);                                                                 \
      for (int i = 0; i < COUNT; i++) same_number_##S("where", 0, out[i], c[i] != 0 ? a[i] : b[i]);          \
      tables[t]->slope_of_tanh(COUNT, a, b, out);                                                            \
      for (int i = 0; i < COUNT; i++)                                                                        \
        same_number_##S("slope_of_tanh", 0, out[i], a[i] * ((1 - b[i]) * (1 + b[i])));                       \
      for (int lanes = 1; lanes <= 11; lanes += 5) {                                                         \
        tables[t]->add_column(SPECIAL, (size_t)lanes, c, a, out);                                            \
        for (int i = 0; i < SPECIAL * lanes; i++)                                                            \
          same_number_##S("add_column", lanes, out[i], a[i] + c[i / lanes]);                                 \
      }                                                                                                      \
      for (int v = 0; v < 3; v++) {                                                                          \
        memcpy(out, c, sizeof c);                                                                            \
        if (v == 2)                                                                                          \
          tables[t]->multiply_add(COUNT, a, b, out);                                                         \
        else                                                                                                 \
          tables[t]->multiply_add0[v](COUNT, v ? &special[9] : a, b, out);                                   \
        for (int i = 0; i < COUNT; i++)                                                                      \
          same_number_##S("multiply_add", v, out[i],                                                         \
                          multiply_add_##S(v < 2, v == 1 ? -3 : a[i], b[i], c[i]));                          \
      }                                                                                                      \
    }                                                                                                        \
  }                                                                                                          \
  /* Any NaN equals any: which comes out of two is the compiler's choice. */                                 \
  static void same_number_##S(const char *what, int op, X got, X want) {                                     \
    if (!(got != got && want != want) && memcmp(&got, &want, sizeof got))                                    \
      fail_msg("%s %d: %.17g, not %.17g", what, op, (double)got, (double)want);                              \
  }
static void same_number_d(const char *what, int op, double got, double want);
static void same_number_s(const char *what, int op, float got, float want);
LOOP_TESTS(double, d)
LOOP_TESTS(float, s)

/* ---- What lanes do each step, in plain arithmetic ---- */

/* A step that would leave less than a hundredth of itself lands on 1. An error is the root of the mean of
 * squares; of two estimates it is that of the first over the root of the first and a hundredth of the
 * second. */
static void lanes_as_written(void **state) {
  (void)state;
  enum { N = 16 };
  int count;
  const og_kernels_d *const *all = og_kernels_all_d(&count);
  for (int table = 0; table < count; table++) {
    _Alignas(64) double start[N], width[N], end[N], sum[N], sum2[N], error[N];
    for (int i = 0; i < N; i++) {
      start[i] = i < 8 ? 0.5 : 0.25 * i / N, width[i] = i < 8 ? 0.49 + 0.002 * i : 0.125;
      sum[i] = i == 3 ? 0 : 0.75 * i + 1, sum2[i] = i == 3 ? 0 : 100 * (i % 5);
    }
    all[table]->step_ends(N, start, width, end);
    for (int i = 0; i < N; i++) {
      int lands = start[i] + 1.01 * width[i] >= 1;
      assert_int_equal(lands, i >= 3 && i < 8);
      assert_true(end[i] == (lands ? 1 : start[i] + width[i]));
    }
    all[table]->error_norms(N, 3, sum, NULL, error);
    for (int i = 0; i < N; i++) assert_true(fabs(error[i] * error[i] * 3 - sum[i]) <= 1e-14);
    all[table]->error_norms(N, 3, sum, sum2, error);
    for (int i = 0; i < N; i++) {
      double square = sum[i] == 0 ? 0 : sum[i] * sum[i] / ((sum[i] + 0.01 * sum2[i]) * 3);
      assert_true(fabs(error[i] * error[i] - square) <= 1e-14);
    }
  }
}

KERNEL_TESTS(double, d, 2.3e-16)
KERNEL_TESTS(float, s, 1.2e-7)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(against_reference_d), cmocka_unit_test(against_reference_s),
      cmocka_unit_test(lane_bits_d),         cmocka_unit_test(lane_bits_s),
      cmocka_unit_test(lane_loops_d),        cmocka_unit_test(lane_loops_s),
      cmocka_unit_test(scalar_run_bits_d),   cmocka_unit_test(scalar_run_bits_s),
      cmocka_unit_test(loops_as_written_d),  cmocka_unit_test(loops_as_written_s),
      cmocka_unit_test(lanes_as_written),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

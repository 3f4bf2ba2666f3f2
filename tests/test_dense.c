/* Dense products: every table gives the bits of the plain-C reference, whatever the shape and the number of
 * lanes, and touches nothing beside its outputs. */
#include "fields.h"
#include "kernels/dense.h"
#include "kernels/elementwise.h"

/* Sides of matrices: each up to 70 with few lanes; with more those around the sizes of tiles and panels. */
static const int few_sides[] = {1, 2, 3, 5, 6, 7, 12, 13, 16, 17, 24, 29, 50, 63, 64, 70};
enum { SIDE = 70, LONG = 300, ROOM = LONG * OG_LANES_MAX, MARGIN = 16, FEW = sizeof few_sides / sizeof(int) };

#define DENSE_TESTS(X, S)                                                                                    \
  typedef struct arena_##S {                                                                                 \
    _Alignas(64) X w[ROOM + MARGIN], x[ROOM + MARGIN], y[ROOM + MARGIN];                                     \
    _Alignas(64) X product[ROOM + 2 * MARGIN],                                                               \
        transposed[ROOM + 2 * MARGIN], outer[ROOM + 2 * MARGIN], add_lanes[ROOM + 2 * MARGIN];               \
  } arena_##S;                                                                                               \
  static void fill_##S(arena_##S *b) {                                                                       \
    uint64_t seed = 11;                                                                                      \
    for (X *v = (X *)b; v < (X *)(b + 1); v++) *v = (X)noise(&seed);                                         \
    b->w[3] = b->x[5] = 0, b->y[7] = (X)-0.0;                                                                \
  }                                                                                                          \
  /* Matrices begin at odd places, and with one lane blocks do too. */                                       \
  static void multiply_##S(const og_dense_##S *table, int rows, int columns, int lanes, arena_##S *b) {      \
    int odd = lanes == 1 ? 3 : 0;                                                                            \
    table->product(rows, columns, lanes, b->w + 1, b->x + odd, b->product + MARGIN + odd);                   \
    table->transposed(rows, columns, lanes, b->w + 1, b->y + odd, b->transposed + MARGIN + odd);             \
    table->outer(rows, columns, lanes, b->y + odd, b->x + odd, b->outer + MARGIN + 1);                       \
    table->add_lanes(rows, lanes, b->y + odd, b->add_lanes + MARGIN + 1);                                    \
  }                                                                                                          \
  static void compare_##S(const char *isa, const char *what, int rows, int columns, int lanes, const X *got, \
                          const X *want, int count) {                                                        \
    for (int i = 0; i < count + 2 * MARGIN; i++)                                                             \
      if (memcmp(&got[i], &want[i], sizeof(X)) != 0)                                                         \
        fail_msg("%s %s %dx%d, %d lanes, [%d]: %.17g, reference %.17g", isa, what, rows, columns, lanes,     \
                 i - MARGIN, (double)got[i], (double)want[i]);                                               \
  }                                                                                                          \
  static void check_shape_##S(int rows, int columns, int lanes) {                                            \
    static arena_##S start, want[2], got;                                                                    \
    int count;                                                                                               \
    const og_dense_##S *const *all = og_dense_all_##S(&count);                                               \
    if (start.w[0] == 0) fill_##S(&start);                                                                   \
    for (int fused = 0; fused < 2; fused++) {                                                                \
      want[fused] = start;                                                                                   \
      multiply_##S(&og_dense_reference_##S[fused], rows, columns, lanes, &want[fused]);                      \
    }                                                                                                        \
    for (int i = 0; i < count; i++) {                                                                        \
      const arena_##S *w = &want[all[i]->fused];                                                             \
      got = start;                                                                                           \
      multiply_##S(all[i], rows, columns, lanes, &got);                                                      \
      compare_##S(all[i]->name, "product", rows, columns, lanes, got.product, w->product, rows *lanes);      \
      compare_##S(all[i]->name, "transposed", rows, columns, lanes, got.transposed, w->transposed,           \
                  columns *lanes);                                                                           \
      compare_##S(all[i]->name, "outer", rows, columns, lanes, got.outer, w->outer, rows *columns);          \
      compare_##S(all[i]->name, "add_lanes", rows, columns, lanes, got.add_lanes, w->add_lanes, rows);       \
    }                                                                                                        \
  }                                                                                                          \
  static void every_shape_##S(void **state) {                                                                \
    (void)state;                                                                                             \
    for (int lanes = 1; lanes <= 16; lanes += 15)                                                            \
      for (int rows = 1; rows <= SIDE; rows++)                                                               \
        for (int columns = 1; columns <= SIDE; columns++)                                                    \
          if (lanes == 1 || rows % 3 == columns % 3) check_shape_##S(rows, columns, lanes);                  \
    for (int lanes = 32; lanes <= OG_LANES_MAX; lanes += 16)                                                 \
      for (int i = 0; i < FEW * FEW; i++) check_shape_##S(few_sides[i / FEW], few_sides[i % FEW], lanes);    \
  }                                                                                                          \
  static void long_sides_##S(void **state) {                                                                 \
    (void)state;                                                                                             \
    for (int lanes = 1; lanes <= OG_LANES_MAX; lanes = lanes == 1 ? 16 : lanes + 16)                         \
      for (int side = 1; side <= 8; side++) {                                                                \
        check_shape_##S(LONG, side, lanes);                                                                  \
        check_shape_##S(side, LONG, lanes);                                                                  \
      }                                                                                                      \
  }                                                                                                          \
  /* The reference itself: W = [[1, 2], [3, 4], [5, 6]] by hand. */                                          \
  static void by_hand_##S(void **state) {                                                                    \
    (void)state;                                                                                             \
    const X w[] = {1, 2, 3, 4, 5, 6}, x[] = {10, 100}, y[] = {1, 10, 100};                                   \
    X y_out[3], x_out[2], w_bar[6] = {1, 1, 1, 1, 1, 1}, bias[3] = {1, 2, 3};                                \
    for (int fused = 0; fused < 2; fused++) {                                                                \
      const og_dense_##S *table = &og_dense_reference_##S[fused];                                            \
      table->product(3, 2, 1, w, x, y_out);                                                                  \
      assert_true(y_out[0] == 210 && y_out[1] == 430 && y_out[2] == 650);                                    \
      table->transposed(3, 2, 1, w, y, x_out);                                                               \
      assert_true(x_out[0] == 531 && x_out[1] == 642);                                                       \
    }                                                                                                        \
    og_dense_reference_##S[0].outer(3, 2, 1, y, x, w_bar);                                                   \
    assert_true(w_bar[0] == 11 && w_bar[1] == 101 && w_bar[4] == 1001 && w_bar[5] == 10001);                 \
    og_dense_reference_##S[0].outer(1, 2, 3, y, (const X[]){1, 2, 3, 4, 5, 6}, w_bar);                       \
    assert_true(w_bar[0] == 11 + 321 && w_bar[1] == 101 + 654);                                              \
    og_dense_reference_##S[0].add_lanes(1, 3, y, bias);                                                      \
    assert_true(bias[0] == 112 && bias[1] == 2);                                                             \
  }
/* One term at a time, as a layer whose matrix differs by lane needs it: the bits of the dense product. */
#define MULTIPLY_ADD_TESTS(X, S)                                                                             \
  static void multiply_add_##S(void **state) {                                                               \
    (void)state;                                                                                             \
    enum { COLUMNS = 9 };                                                                                    \
    static _Alignas(64) X x[COLUMNS * OG_LANES_MAX], want[OG_LANES_MAX], got[OG_LANES_MAX + 1],              \
        weight[OG_LANES_MAX];                                                                                \
    X w[COLUMNS];                                                                                            \
    uint64_t seed = 2;                                                                                       \
    for (int i = 0; i < COLUMNS * OG_LANES_MAX; i++) x[i] = (X)noise(&seed);                                 \
    for (int c = 0; c < COLUMNS; c++) w[c] = (X)noise(&seed);                                                \
    og_dense_best_##S()->product(1, COLUMNS, OG_LANES_MAX, w, x, want);                                      \
    for (int count = 1; count <= OG_LANES_MAX; count++) {                                                    \
      memset(got, 0, sizeof got);                                                                            \
      for (int c = 0; c < COLUMNS; c++) {                                                                    \
        for (int l = 0; l < count; l++) weight[l] = w[c];                                                    \
        og_elementwise_best_##S()->multiply_add((size_t)count, weight, x + c * OG_LANES_MAX, got);           \
      }                                                                                                      \
      assert_memory_equal(got, want, (size_t)count * sizeof(X));                                             \
      assert_true(got[count] == 0);                                                                          \
    }                                                                                                        \
  }
MULTIPLY_ADD_TESTS(double, d)
MULTIPLY_ADD_TESTS(float, s)

DENSE_TESTS(double, d)
DENSE_TESTS(float, s)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(by_hand_d),      cmocka_unit_test(by_hand_s),      cmocka_unit_test(every_shape_d),
      cmocka_unit_test(every_shape_s),  cmocka_unit_test(long_sides_d),   cmocka_unit_test(long_sides_s),
      cmocka_unit_test(multiply_add_d), cmocka_unit_test(multiply_add_s),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

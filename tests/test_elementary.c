/* The elementary functions of every table against the C library in a higher precision, over the whole range
 * of each; special values; and the same bits wherever a number stands and however many there are. */
#include <float.h>

#include "fields.h"
#include "kernels/elementwise.h"

/* Where a function is sampled in double and in single precision (evenly, and evenly in log |x| down to the
 * smallest normal number), and how far it may be off in units of the last place: SLEEF's stated bounds (1 in
 * double, 3.5 in single where its faster versions are used), 1.1 and 1.5 for erf, for the sake of the
 * smallest numbers, 2.5 where two of its functions are put together with a sum and a quotient, 3 for tanh in
 * single precision. The ranges are those where results are finite, but that SLEEF's log1p, sinh and cosh end
 * a little earlier in single precision, and sin, cos and tan go on. */
typedef struct range {
  double low_d, high_d, low_s, high_s, ulps_d, ulps_s;
} range;
static const range ranges[] = {
    {-760, 709.78, -110, 88.7, 1, 1}, {-50, 709.78, -50, 88.7, 1, 1},  {0, 1e300, 0, 3e38, 1, 3.5},
    {-1, 1e300, -1, 1e38, 1, 1},      {0, 1e300, 0, 3e38, 1, 1},       {-1e9, 1e9, -1e9, 1e9, 1, 3.5},
    {-1e9, 1e9, -1e9, 1e9, 1, 3.5},   {-1e5, 1e5, -1e5, 1e5, 1, 3.5},  {-1, 1, -1, 1, 1, 3.5},
    {-1, 1, -1, 1, 1, 3.5},           {-1e9, 1e9, -1e9, 1e9, 1, 3.5},  {-709, 709, -88, 88, 1, 3.5},
    {-709, 709, -88, 88, 1, 3.5},     {-25, 25, -25, 25, 1, 3},        {-28, 8, -15, 8, 1.1, 1.5},
    {-760, 760, -110, 110, 2.5, 2.5}, {-760, 760, -110, 110, 2.5, 2.5}};
enum { SAMPLES = 20000, FUNCTIONS = sizeof ranges / sizeof *ranges };
static const char *const names[] = {
#define NAME(NAME, name) #name,
    OG_ELEMENTARY(NAME)
#undef NAME
};

#define TRUTH(NAME, name)                                                                                    \
  static long double long_##name(long double x) { return name##l(x); }
static long double sigmoidl(long double x) { return x < 0 ? expl(x) / (1 + expl(x)) : 1 / (1 + expl(-x)); }
static long double softplusl(long double x) { return fmaxl(x, 0) + log1pl(expl(-fabsl(x))); }
OG_ELEMENTARY(TRUTH)
static long double (*const truths[])(long double) = {
#define POINTER(NAME, name) long_##name,
    OG_ELEMENTARY(POINTER)
#undef POINTER
};

/* |got - want| in units of the last place of a number with `digits` bits and exponents from `least` on. */
static double ulps(long double got, long double want, int digits, int least) {
  int exponent;
  if (got == want) return 0;
  frexpl(want, &exponent);
  if (exponent < least) exponent = least;
  return (double)fabsl(ldexpl(got - want, digits - exponent));
}

#define ELEMENTARY_TESTS(X, S, LARGEST, SMALLEST, DIGITS, LEAST)                                             \
  static int tables_##S(const og_elementwise_##S **all) {                                                    \
    int count = 0;                                                                                           \
    all[count++] = &og_elementwise_reference_##S;                                                            \
    all[count++] = &og_elementwise_base_##S;                                                                 \
    if (og_elementwise_best_##S() != all[1]) all[count++] = og_elementwise_best_##S();                       \
    if (AVX2_TOO) all[count++] = &og_elementwise_avx2_##S;                                                   \
    return count;                                                                                            \
  }                                                                                                          \
  static X sample_##S(const range *all, int i) {                                                             \
    struct {                                                                                                 \
      double low, high;                                                                                      \
    } r = {all->low_##S, all->high_##S};                                                                     \
    double part = (i / 2 + 0.5) / (SAMPLES / 2.0), end = i % 4 == 1 ? r.low : r.high;                        \
    if (i % 2 == 0) return (X)(r.low + part * fmin(r.high - r.low, 1e30));                                   \
    double size = exp(log(SMALLEST) + part * (log(fabs(end)) - log(SMALLEST)));                              \
    return (X)(end == 0 ? size : copysign(size, end));                                                       \
  }                                                                                                          \
  static void accuracy_##S(void **state) {                                                                   \
    (void)state;                                                                                             \
    static X x[SAMPLES], y[SAMPLES], libm[SAMPLES];                                                          \
    const og_elementwise_##S *all[4];                                                                        \
    int count = tables_##S(all);                                                                             \
    for (int f = 0; f < FUNCTIONS; f++) {                                                                    \
      const range *r = &ranges[f];                                                                           \
      for (int i = 0; i < SAMPLES; i++) x[i] = sample_##S(r, i);                                             \
      for (int t = 0; t < count; t++) {                                                                      \
        double worst = 0, bound = r->ulps_##S;                                                               \
        int where = 0;                                                                                       \
        all[t]->unary[OG_EW_EXP + f](SAMPLES, x, t ? y : libm);                                              \
        if (t == 0) memcpy(y, libm, sizeof y);                                                               \
        for (int i = 0; i < SAMPLES; i++) {                                                                  \
          double off = ulps((long double)y[i], truths[f]((long double)x[i]), DIGITS, LEAST);                 \
          if (!(off <= worst)) worst = off, where = i;                                                       \
        }                                                                                                    \
        /* the C library's own, which states no less (the reference; every table in a build without SLEEF)   \
         */                                                                                                  \
        if (memcmp(y, libm, sizeof y) == 0) bound = fmax(bound, 2);                                          \
        if (!(worst <= bound))                                                                               \
          fail_msg("table %d: %s(%.17g) = %.17g is %.3f ulp off", t, names[f], (double)x[where],             \
                   (double)y[where], worst);                                                                 \
      }                                                                                                      \
    }                                                                                                        \
  }                                                                                                          \
  /* Any count, any place. */                                                                                \
  static void places_##S(void **state) {                                                                     \
    (void)state;                                                                                             \
    enum { MOST = 40 };                                                                                      \
    X x[MOST], all_of_them[MOST], some[MOST + 1];                                                            \
    const og_elementwise_##S *all[4];                                                                        \
    int tables = tables_##S(all);                                                                            \
    uint64_t seed = 4;                                                                                       \
    for (int i = 0; i < MOST; i++) x[i] = (X)(i % 5 ? noise(&seed) : 10 * noise(&seed));                     \
    for (int t = 0; t < tables; t++)                                                                         \
      for (int f = OG_EW_EXP; f < OG_EW_UNARY_COUNT; f++) {                                                  \
        all[t]->unary[f](MOST, x, all_of_them);                                                              \
        for (int count = 0; count <= MOST; count++)                                                          \
          for (int first = 0; first <= MOST - count; first += 3) {                                           \
            some[count] = 77;                                                                                \
            all[t]->unary[f]((size_t)count, x + first, some);                                                \
            assert_true(some[count] == 77);                                                                  \
            for (int i = 0; i < count; i++)                                                                  \
              if (some[i] == some[i]) assert_memory_equal(&some[i], &all_of_them[first + i], sizeof(X));     \
          }                                                                                                  \
      }                                                                                                      \
  }                                                                                                          \
  static X value_##S(const og_elementwise_##S *table, int f, double x) {                                     \
    X in = (X)x, out;                                                                                        \
    table->unary[f](1, &in, &out);                                                                           \
    return out;                                                                                              \
  }                                                                                                          \
  /* Whatever stands beside it: numbers undefined, infinite, or of other ranges of a function. */            \
  static void neighbours_##S(void **state) {                                                                 \
    (void)state;                                                                                             \
    enum { COUNT = 32, ROUNDS = 300 };                                                                       \
    static const double others[] = {                                                                         \
        NAN, INFINITY, -INFINITY, 0,    1e-300, 7,     14,    16,     63,   -124,                            \
        126, -1e3,     38e3,      41e3, 1e13,   -2e14, 1e300, -1e300, 0.75, 1e30};                           \
    enum { OTHERS = sizeof others / sizeof *others };                                                        \
    const og_elementwise_##S *all[4];                                                                        \
    int tables = tables_##S(all);                                                                            \
    uint64_t seed = 6;                                                                                       \
    for (int t = 0; t < tables; t++)                                                                         \
      for (int f = OG_EW_EXP; f < OG_EW_UNARY_COUNT; f++)                                                    \
        for (int round = 0; round < ROUNDS; round++) {                                                       \
          X x[COUNT], out[COUNT];                                                                            \
          for (int i = 0; i < COUNT; i++) x[i] = (X)((round % 3 ? 1.5 : 14) * noise(&seed));                 \
          for (int i = round % 4; i < COUNT; i += 5)                                                         \
            x[i] = (X)others[(round + i / 5 * (round % 2)) % OTHERS];                                        \
          all[t]->unary[f](COUNT, x, out);                                                                   \
          for (int i = 0; i < COUNT; i++) {                                                                  \
            X alone = value_##S(all[t], f, (double)x[i]);                                                    \
            if (!(out[i] != out[i] && alone != alone) && memcmp(&out[i], &alone, sizeof alone))              \
              fail_msg("table %d, %s(%.17g): %.17g among others, %.17g alone", t, names[f - OG_EW_EXP],      \
                       (double)x[i], (double)out[i], (double)alone);                                         \
          }                                                                                                  \
        }                                                                                                    \
  }                                                                                                          \
  static void specials_##S(void **state) {                                                                   \
    (void)state;                                                                                             \
    const og_elementwise_##S *all[4];                                                                        \
    int tables = tables_##S(all);                                                                            \
    for (int t = 0; t < tables; t++) {                                                                       \
      const og_elementwise_##S *e = all[t];                                                                  \
      for (int f = OG_EW_EXP; f < OG_EW_UNARY_COUNT; f++) assert_true(isnan(value_##S(e, f, NAN)));          \
      const int odd[] = {OG_EW_EXPM1, OG_EW_LOG1P, OG_EW_SIN,  OG_EW_TAN, OG_EW_ASIN,                        \
                         OG_EW_ATAN,  OG_EW_SINH,  OG_EW_TANH, OG_EW_ERF};                                   \
      for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {                                                \
        assert_true(value_##S(e, odd[i], 0.0) == 0 && !signbit(value_##S(e, odd[i], 0.0)));                  \
        assert_true(value_##S(e, odd[i], -0.0) == 0 && signbit(value_##S(e, odd[i], -0.0)));                 \
      }                                                                                                      \
      assert_true(value_##S(e, OG_EW_EXP, 0) == 1 && value_##S(e, OG_EW_COS, 0) == 1);                       \
      assert_true(value_##S(e, OG_EW_COSH, 0) == 1 && value_##S(e, OG_EW_SIGMOID, 0) == (X)0.5);             \
      assert_true(value_##S(e, OG_EW_LOG, 1) == 0 && value_##S(e, OG_EW_LOG, 0) == -(X)INFINITY);            \
      assert_true(value_##S(e, OG_EW_LOG1P, -1) == -(X)INFINITY && isnan(value_##S(e, OG_EW_LOG, -1)));      \
      assert_true(isnan(value_##S(e, OG_EW_LOG1P, -2)) && isnan(value_##S(e, OG_EW_ASIN, 2)));               \
      assert_true(isnan(value_##S(e, OG_EW_ACOS, -2)) && isnan(value_##S(e, OG_EW_SIN, INFINITY)));          \
      assert_true(isnan(value_##S(e, OG_EW_COS, -INFINITY)) && isnan(value_##S(e, OG_EW_TAN, INFINITY)));    \
      const int to_infinity[] = {OG_EW_EXP,  OG_EW_EXPM1, OG_EW_LOG,     OG_EW_LOG1P,                        \
                                 OG_EW_SINH, OG_EW_COSH,  OG_EW_SOFTPLUS};                                   \
      for (size_t i = 0; i < sizeof to_infinity / sizeof *to_infinity; i++)                                  \
        assert_true(value_##S(e, to_infinity[i], INFINITY) == (X)INFINITY);                                  \
      assert_true(value_##S(e, OG_EW_SINH, -INFINITY) == -(X)INFINITY);                                      \
      assert_true(value_##S(e, OG_EW_COSH, -INFINITY) == (X)INFINITY);                                       \
      assert_true(value_##S(e, OG_EW_EXP, -INFINITY) == 0 && value_##S(e, OG_EW_SOFTPLUS, -INFINITY) == 0);  \
      assert_true(value_##S(e, OG_EW_SIGMOID, -INFINITY) == 0 &&                                             \
                  value_##S(e, OG_EW_EXPM1, -INFINITY) == -1);                                               \
      const int to_one[] = {OG_EW_TANH, OG_EW_ERF, OG_EW_SIGMOID};                                           \
      for (size_t i = 0; i < 3; i++)                                                                         \
        for (double x = 40; x < (double)(LARGEST); x *= 3) {                                                 \
          assert_true(value_##S(e, to_one[i], x) == 1);                                                      \
          if (to_one[i] != OG_EW_SIGMOID) assert_true(value_##S(e, to_one[i], -x) == -1);                    \
        }                                                                                                    \
      assert_true(value_##S(e, OG_EW_TANH, INFINITY) == 1 && value_##S(e, OG_EW_TANH, -INFINITY) == -1);     \
      assert_true(value_##S(e, OG_EW_SIGMOID, INFINITY) == 1 && value_##S(e, OG_EW_ERF, INFINITY) == 1);     \
      for (double x = SMALLEST; x > 0 && (X)x > 0; x /= 2) {                                                 \
        assert_true(value_##S(e, OG_EW_TANH, x) == (X)x && value_##S(e, OG_EW_EXP, x) == 1);                 \
        assert_true(value_##S(e, OG_EW_SOFTPLUS, (double)(LARGEST)) == (LARGEST));                           \
      }                                                                                                      \
    }                                                                                                        \
  }                                                                                                          \
  /* tanh never leaves [-1, 1], is odd, and stays at 1 once it is there. */                                  \
  static void saturation_##S(void **state) {                                                                 \
    (void)state;                                                                                             \
    enum { COUNT = 1 << 16 };                                                                                \
    static X x[COUNT], y[COUNT], z[COUNT];                                                                   \
    const og_elementwise_##S *all[4];                                                                        \
    int tables = tables_##S(all);                                                                            \
    for (int t = 0; t < tables; t++) {                                                                       \
      int there = 0;                                                                                         \
      for (int i = 0; i < COUNT; i++) x[i] = (X)(24.0 * i / COUNT);                                          \
      all[t]->unary[OG_EW_TANH](COUNT, x, y);                                                                \
      for (int i = 0; i < COUNT; i++) x[i] = -x[i];                                                          \
      all[t]->unary[OG_EW_TANH](COUNT, x, z);                                                                \
      for (int i = 0; i < COUNT; i++) {                                                                      \
        assert_true(y[i] <= 1 && y[i] == -z[i] &&                                                            \
                    (!there || -x[i] < (DIGITS == 24 ? 9.17 : 19.07) || y[i] == 1));                         \
        there |= y[i] == 1;                                                                                  \
      }                                                                                                      \
      assert_true(there);                                                                                    \
    }                                                                                                        \
  }
#if defined(OG_HAVE_X86_ISAS)
#define AVX2_TOO (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
#else
#define AVX2_TOO 0
#define og_elementwise_avx2_d og_elementwise_base_d
#define og_elementwise_avx2_s og_elementwise_base_s
#endif
ELEMENTARY_TESTS(double, d, DBL_MAX, DBL_MIN, 53, -1021)
ELEMENTARY_TESTS(float, s, FLT_MAX, FLT_MIN, 24, -125)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(accuracy_d),   cmocka_unit_test(accuracy_s),   cmocka_unit_test(places_d),
      cmocka_unit_test(places_s),     cmocka_unit_test(specials_d),   cmocka_unit_test(specials_s),
      cmocka_unit_test(saturation_d), cmocka_unit_test(saturation_s), cmocka_unit_test(neighbours_d),
      cmocka_unit_test(neighbours_s),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

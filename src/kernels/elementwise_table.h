/* Elementwise loops in one precision (base/in_double.h). */

#define TABLE OG_P(og_elementwise)

typedef struct TABLE {
  void (*unary[OG_EW_UNARY_COUNT])(size_t count, const REAL *a, REAL *out);
  void (*binary[OG_EW_BINARY_COUNT][OG_EW_VARIANTS])(size_t count, const REAL *a, const REAL *b, REAL *out);
  void (*where)(size_t count, const REAL *condition, const REAL *a, const REAL *b, REAL *out);
  /* sum += a b by the multiply-add of this instruction set's dense products (dense.h) */
  void (*multiply_add)(size_t count, const REAL *a, const REAL *b, REAL *sum);
  /* the same where zero wins; [1]: `a` is one number */
  void (*multiply_add0[2])(size_t count, const REAL *a, const REAL *b, REAL *sum);
  /* out[rows][lanes] = a + column[rows] */
  void (*add_column)(size_t rows, size_t lanes, const REAL *column, const REAL *a, REAL *out);
  /* out = bar ((1 - y)(1 + y)), each operation rounded */
  void (*slope_of_tanh)(size_t count, const REAL *bar, const REAL *y, REAL *out);
  /* see scalar_run.h; scalar_run_one: on rows of one lane */
  void (*scalar_run)(int count, const og_scalar_run *run, REAL *const *bases);
  void (*scalar_run_one)(int count, const og_scalar_run *run, REAL *const *bases);
} TABLE;
const TABLE *OG_P(og_elementwise_best)(void); /* the fastest that this processor runs */
extern const TABLE OG_P(og_elementwise_reference), OG_P(og_elementwise_base), OG_P(og_elementwise_avx2),
    OG_P(og_elementwise_avx512);

#undef TABLE

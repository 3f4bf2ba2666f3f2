/* Elimination in one precision (base/in_double.h). */

#define DENSE_LU OG_P(og_dense_lu)
#define SPARSE_LU OG_P(og_sparse_lu)

/* P W = L U of n x n matrices, the rows exchanged for each lane by itself: among the entries that are left of
 * a column the largest is the pivot, the first of them where several are.
 * bytes: of `factors` (aligned to 64), which only the functions of the same table can read.
 * factor: entry e of W, w[e][lanes], stands in row[e] and column[e]; what is not given is 0. bad[lane], where
 * it was 0, becomes 1 if the reciprocal of a pivot is zero or not finite. Lanes that were bad may be left
 * out. solve, solve_transposed: b[n][lanes] becomes W^-1 b; W^-T b. */
typedef struct DENSE_LU {
  const char *name;
  size_t (*bytes)(int n, int lanes);
  void (*factor)(int n, int lanes, int count, const int *row, const int *column, const REAL *w, void *factors,
                 signed char *bad);
  void (*solve)(int n, int lanes, const void *factors, REAL *b);
  void (*solve_transposed)(int n, int lanes, const void *factors, REAL *b);
} DENSE_LU;
/* The tables that this processor runs, the fastest last; *count receives their number. */
const DENSE_LU *const *OG_P(og_dense_lu_all)(int *count);
const DENSE_LU *OG_P(og_dense_lu_best)(void);

/* The same with pivots on the diagonal, in the order of the plan. bad[lane], where it was 0, becomes 1 as
 * well if L and U are so large beside W that rounding would show in solutions: where |L| |U| v exceeds `most`
 * |W| v in a row, v the reciprocals of W's largest entries by column. Rows and columns may be scaled in any
 * way. */
typedef struct SPARSE_LU {
  const char *name;
  size_t (*bytes)(const og_lu_plan *plan, int lanes);
  void (*factor)(const og_lu_plan *plan, int lanes, REAL most, const REAL *w, void *factors,
                 signed char *bad);
  void (*leave_out)(const og_lu_plan *plan, int lanes, int lane, void *factors);
  void (*solve)(const og_lu_plan *plan, int lanes, const void *factors, REAL *b);
  void (*solve_transposed)(const og_lu_plan *plan, int lanes, const void *factors, REAL *b);
} SPARSE_LU;
const SPARSE_LU *const *OG_P(og_sparse_lu_all)(int *count);
const SPARSE_LU *OG_P(og_sparse_lu_best)(void);

#undef DENSE_LU
#undef SPARSE_LU

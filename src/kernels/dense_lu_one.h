/* Dense LU of one lane; of dense_lu_isa.c, not a header of its own. Rows begin at registers, but for a matrix
 * of a few rows, which have no room between them and the rows exchanged behind them as reals. */

static ptrdiff_t stride_of_one(int n) { return (n + OG_VEC_LANES - 1) / OG_VEC_LANES * OG_VEC_LANES; }

static size_t bytes_of_one(int n) {
  return OG_ALIGNED((size_t)n * ((size_t)stride_of_one(n) * sizeof(real) + sizeof(int)));
}

static int *exchanges_of_one(int n, const void *factors) {
  return (int *)((real *)factors + (ptrdiff_t)n * stride_of_one(n));
}

static inline void exchange_numbers(real *one, real *other) {
  real kept = *one;
  *one = *other;
  *other = kept;
}

static inline int pivot_row(int n, ptrdiff_t stride, int k, const real *a) {
  real most = (real)fabs(a[k * stride + k]);
  int row = k;
  for (int i = k + 1; i < n; i++) {
    real size = (real)fabs(a[i * stride + k]);
    if (most < size) most = size, row = i;
  }
  return row;
}

static inline void exchange_rows_of_one(ptrdiff_t stride, real *one, real *other) {
  for (ptrdiff_t j = 0; j < stride; j += OG_VEC_LANES) {
    vec kept = vec_load(one + j);
    vec_store(one + j, vec_load(other + j));
    vec_store(other + j, kept);
  }
}

/* Row i of what is left without its part of row k, in whole registers from `first` on. The register that
 * column k is in, if it is that one, keeps what is before the column and gets the factor there: writing the
 * factor by itself would make the next load wait for it. */
static inline void subtract_row(ptrdiff_t stride, ptrdiff_t first, vec_mask at, vec_mask behind, real factor,
                                const real *pivots, real *row) {
  vec all = vec_all(factor), old = vec_load(row + first);
  old = vec_select(behind, vec_fnma(all, vec_load(pivots + first), old), old);
  vec_store(row + first, vec_select(at, all, old));
  for (ptrdiff_t j = first + OG_VEC_LANES; j < stride; j += OG_VEC_LANES)
    vec_store(row + j, vec_fnma(all, vec_load(pivots + j), vec_load(row + j)));
}

static inline vec places(void) {
  vec place;
  for (int v = 0; v < OG_VEC_LANES; v++) place[v] = (real)v;
  return place;
}

/* Returns 0 where all pivots and their reciprocals are finite, else NaN. */
static real factor_one(int n, real *a) {
#define WORK(few) return factor_few_one(few, a, a + few * few)
  WITH_FEW(n, WORK);
#undef WORK
  ptrdiff_t stride = stride_of_one(n);
  int *exchanged = exchanges_of_one(n, a);
  vec place = places();
  real doubt = 0;
  for (int k = 0; k < n; k++) {
    ptrdiff_t first = k / OG_VEC_LANES * OG_VEC_LANES;
    real *pivots = a + k * stride;
    int p = exchanged[k] = pivot_row(n, stride, k, a);
    if (p != k) exchange_rows_of_one(stride, pivots, a + p * stride);
    real pivot = pivots[k], reciprocal = 1 / pivot;
    vec_mask at = place == vec_all((real)(k - first)), behind = place > vec_all((real)(k - first));
    doubt += (pivot - pivot) + (reciprocal - reciprocal);
    for (int i = k + 1; i < n; i++) {
      real *row = a + i * stride;
      subtract_row(stride, first, at, behind, row[k] * reciprocal, pivots, row);
    }
    vec_store(pivots + first, vec_select(at, vec_all(reciprocal), vec_load(pivots + first)));
  }
  return doubt;
}

static void put_one(int n, int count, const int *row, const int *column, const real *w, real *a) {
  ptrdiff_t stride = n <= FEW ? n : stride_of_one(n);
  if (n <= FEW && count == n * n) {
    for (int e = 0; e < count; e++) a[e] = w[e];
    return;
  }
  memset(a, 0, (size_t)(n * stride) * sizeof *a);
  if (count == n * n)
    for (int i = 0; i < n; i++, w += n) memcpy(a + i * stride, w, (size_t)n * sizeof *w);
  else
    for (int e = 0; e < count; e++) a[row[e] * stride + column[e]] = w[e];
}

static void solve_one(int n, const real *a, real *b) {
#define WORK(few)                                                                                            \
  {                                                                                                          \
    solve_few_one(few, a, a + few * few, b, 1);                                                              \
    return;                                                                                                  \
  }
  WITH_FEW(n, WORK);
#undef WORK
  ptrdiff_t stride = stride_of_one(n);
  const int *exchanged = exchanges_of_one(n, a);
  for (int k = 0; k < n; k++) exchange_numbers(b + k, b + exchanged[k]);
  solve_downwards_one(1, n, a, stride, 1, b, 1);
  solve_upwards_one(0, n, a, stride, 1, b, 1);
}

static void solve_one_transposed(int n, const real *a, real *b) {
#define WORK(few)                                                                                            \
  {                                                                                                          \
    solve_few_transposed_one(few, a, a + few * few, b, 1);                                                   \
    return;                                                                                                  \
  }
  WITH_FEW(n, WORK);
#undef WORK
  ptrdiff_t stride = stride_of_one(n);
  const int *exchanged = exchanges_of_one(n, a);
  solve_downwards_one(0, n, a, 1, stride, b, 1);
  solve_upwards_one(1, n, a, 1, stride, b, 1);
  for (int k = n - 1; k >= 0; k--) exchange_numbers(b + k, b + exchanged[k]);
}

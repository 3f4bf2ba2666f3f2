/* Dense LU of a strip, one register of lanes; of dense_lu_isa.c, not a header of its own.
 *
 * Blocks of BLOCK columns and as many rows are finished one after another (Crout's order): sums of products
 * stay in registers while all that the blocks before leave is subtracted. */

/* How much of a block's rows or columns registers have room for at once. */
enum { BLOCK = 4, NARROW = OG_VEC_BYTES == 64 ? 4 : 2 };

/* The matrix, with (i, j) at a[i * stride + j]; which row each step exchanged with its own in every lane, and
 * a summary of it for each step: the row if all lanes have the same, else MIXED. */
enum { MIXED = -1 };
typedef struct strip {
  int n;
  ptrdiff_t stride;
  vec *a, *exchanged;
  int *step;
} strip;

/* Rows of 16 registers, or twice as many, would crowd a column into few sets of the cache. */
static ptrdiff_t strip_stride(int n) { return n % 16 == 0 ? n + 1 : n; }

static size_t strip_bytes(int n) {
  size_t many = (size_t)n;
  return OG_ALIGNED(many * ((size_t)strip_stride(n) + 1) * sizeof(vec) + many * sizeof(int));
}

static strip strip_of(int n, const void *factors, int number) {
  ptrdiff_t stride = strip_stride(n);
  vec *a = (vec *)((char *)factors + (size_t)number * strip_bytes(n)), *behind = a + n * stride;
  return (strip){n, stride, a, behind, (int *)(behind + n)};
}

static void put_in_strip(const strip *s, int lanes, int count, const int *row, const int *column,
                         const real *w) {
  ptrdiff_t n = s->n;
  if (count == n * n) {
    for (ptrdiff_t i = 0; i < n; i++)
      for (ptrdiff_t j = 0; j < n; j++, w += lanes) s->a[i * s->stride + j] = vec_load(w);
    return;
  }
  memset(s->a, 0, (size_t)(n * s->stride) * sizeof *s->a);
  for (int e = 0; e < count; e++, w += lanes) s->a[row[e] * s->stride + column[e]] = vec_load(w);
}

/* ---- Rows exchanged ---- */

/* The row of the largest entry of what is left of column k, in each lane; two chains of comparisons find
 * how large that is. */
static inline vec pivot_rows(const strip *s, int k) {
  const vec *column = s->a + k;
  vec most = vec_abs(column[k * s->stride]), other = most, row = vec_all((real)k);
  int i = k + 1;
  for (; i + 1 < s->n; i += 2) {
    most = vec_max(most, vec_abs(column[i * s->stride]));
    other = vec_max(other, vec_abs(column[(i + 1) * s->stride]));
  }
  if (i < s->n) most = vec_max(most, vec_abs(column[i * s->stride]));
  most = vec_max(most, other);
  for (i = s->n - 1; i >= k; i--)
    row = vec_if_less(vec_abs(column[i * s->stride]), most, row, vec_all((real)i));
  return row;
}

/* Rows k and i trade places in the lanes of the mask. */
static inline void exchange_rows(const strip *s, int k, int i, vec_mask lanes) {
  vec *one = s->a + k * s->stride, *other = s->a + i * s->stride;
  for (int j = 0; j < s->n; j++) {
    vec_mask change = ((vec_mask)one[j] ^ (vec_mask)other[j]) & lanes;
    one[j] = (vec)((vec_mask)one[j] ^ change);
    other[j] = (vec)((vec_mask)other[j] ^ change);
  }
}

/* Each lane its own: every row that some lane exchanges with row k, under the mask of those lanes. */
static void exchange_mixed_rows(const strip *s, int k, vec rows) {
  for (int i = k + 1; i < s->n; i++) {
    vec here = vec_all((real)i);
    if (!vec_all_less((vec){0}, vec_abs(rows - here))) exchange_rows(s, k, i, rows == here);
  }
}

/* The row that all lanes have, or MIXED. */
static inline int common_row(vec rows) {
  vec first = vec_all(rows[0]);
  return vec_all_less(vec_abs(rows - first), vec_all((real)0.5)) ? (int)rows[0] : MIXED;
}

static inline void exchange(const strip *s, int k) {
  vec rows = s->exchanged[k] = pivot_rows(s, k);
  s->step[k] = k;
  if (vec_all_less(rows, vec_all((real)k + (real)0.5))) return;
  int row = s->step[k] = common_row(rows);
  if (row == MIXED)
    exchange_mixed_rows(s, k, rows);
  else
    exchange_rows(s, k, row, ~(vec_mask){0});
}

/* ---- Factoring ---- */

/* `rows` x `columns` entries from (i, j) on, less the products of the first `count` columns of L and rows of
 * U, in registers. `triangle`: the rows are the next of U, and are finished by what L has in them behind
 * those columns. Both numbers are constants where this is called. */
INLINE void subtract_tile(const int rows, const int columns, const int triangle, const strip *s, int count,
                          int i, int j) {
  vec sum[BLOCK][BLOCK];
  ptrdiff_t stride = s->stride;
  const vec *l = s->a + i * stride, *u = s->a + j;
  vec *target = s->a + i * stride + j;
  UNROLL for (int r = 0; r < rows; r++) UNROLL for (int c = 0; c < columns; c++) sum[r][c] =
      target[r * stride + c];
  for (int m = 0; m < count; m++, l++, u += stride)
    UNROLL for (int r = 0; r < rows; r++) UNROLL for (int c = 0; c < columns; c++) sum[r][c] =
        vec_fnma(l[r * stride], u[c], sum[r][c]);
  UNROLL for (int m = 0; triangle && m < rows; m++) UNROLL for (int r = m + 1; r < rows; r++)
      UNROLL for (int c = 0; c < columns; c++) sum[r][c] = vec_fnma(l[r * stride + m], sum[m][c], sum[r][c]);
  UNROLL for (int r = 0; r < rows; r++) UNROLL for (int c = 0; c < columns; c++) target[r * stride + c] =
      sum[r][c];
}

/* `columns` columns from k on, from row k on, less what the columns before them leave. */
INLINE void update_columns(const int columns, const strip *s, int k) {
  int i = k;
  for (; i + NARROW <= s->n; i += NARROW) subtract_tile(NARROW, columns, 0, s, k, i, k);
  for (; i < s->n; i++) subtract_tile(1, columns, 0, s, k, i, k);
}

/* Rows k to k + BLOCK - 1 of U behind the columns of the same block. */
static inline void finish_rows(const strip *s, int k) {
  int j = k + BLOCK;
  for (; j + NARROW <= s->n; j += NARROW) subtract_tile(BLOCK, NARROW, 1, s, k, k, j);
  for (; j < s->n; j++) subtract_tile(BLOCK, 1, 1, s, k, k, j);
}

/* Column k of L, and the columns of its block behind it, `behind` of them (a constant). Returns 0 where the
 * pivot and its reciprocal are finite, else NaN. */
INLINE vec eliminate_column(const int behind, const strip *s, int k) {
  exchange(s, k);
  vec *pivots = s->a + k * (s->stride + 1), pivot = pivots[0], reciprocal = 1 / pivot;
  for (int i = k + 1; i < s->n; i++) {
    vec *row = s->a + i * s->stride + k, l = row[0] = row[0] * reciprocal;
    UNROLL for (int j = 1; j <= behind; j++) row[j] = vec_fnma(l, pivots[j], row[j]);
  }
  pivots[0] = reciprocal;
  return (pivot - pivot) + (reciprocal - reciprocal);
}

/* A block of `columns` columns, which is a constant. */
INLINE vec eliminate_block(const int columns, const strip *s, int k) {
  vec doubt = {0};
  update_columns(columns, s, k);
  UNROLL for (int c = 0; c < columns; c++) doubt = doubt + eliminate_column(columns - 1 - c, s, k + c);
  return doubt;
}

/* Returns 0 where all pivots and their reciprocals are finite, else NaN. */
static vec factor_strip(const strip *s) {
  vec doubt = {0};
  int k = 0;
#define WORK(few) return factor_few_vec(few, s->a, s->exchanged)
  WITH_FEW(s->n, WORK);
#undef WORK
  for (; k + BLOCK <= s->n; k += BLOCK) {
    doubt = doubt + eliminate_block(BLOCK, s, k);
    finish_rows(s, k);
  }
  if (s->n - k == 1) return doubt + eliminate_block(1, s, k);
  if (s->n - k == 2) return doubt + eliminate_block(2, s, k);
  if (s->n - k == 3) return doubt + eliminate_block(3, s, k);
  return doubt;
}

/* ---- Solving ---- */

/* Step k's exchange of a strip of b, whose rows are `lanes` apart. */
static inline void exchange_in_strip(const strip *s, int k, int lanes, real *b) {
  int row = s->step[k];
  real *here = b + (ptrdiff_t)k * lanes;
  if (row == k) return;
  if (row != MIXED) {
    real *there = b + (ptrdiff_t)row * lanes;
    vec kept = vec_load(here);
    vec_store(here, vec_load(there));
    vec_store(there, kept);
    return;
  }
  for (int v = 0; v < OG_VEC_LANES; v++)
    exchange_numbers(here + v, b + (ptrdiff_t)s->exchanged[k][v] * lanes + v);
}

static void solve_strip(const strip *s, int lanes, real *b) {
  ptrdiff_t step = lanes / OG_VEC_LANES;
#define WORK(few)                                                                                            \
  {                                                                                                          \
    solve_few_vec(few, s->a, s->exchanged, (vec *)b, step);                                                  \
    return;                                                                                                  \
  }
  WITH_FEW(s->n, WORK);
#undef WORK
  for (int k = 0; k < s->n; k++) exchange_in_strip(s, k, lanes, b);
  solve_downwards_vec(1, s->n, s->a, s->stride, 1, (vec *)b, step);
  solve_upwards_vec(0, s->n, s->a, s->stride, 1, (vec *)b, step);
}

static void solve_strip_transposed(const strip *s, int lanes, real *b) {
  ptrdiff_t step = lanes / OG_VEC_LANES;
#define WORK(few)                                                                                            \
  {                                                                                                          \
    solve_few_transposed_vec(few, s->a, s->exchanged, (vec *)b, step);                                       \
    return;                                                                                                  \
  }
  WITH_FEW(s->n, WORK);
#undef WORK
  solve_downwards_vec(0, s->n, s->a, 1, s->stride, (vec *)b, step);
  solve_upwards_vec(1, s->n, s->a, 1, s->stride, (vec *)b, step);
  for (int k = s->n - 1; k >= 0; k--) exchange_in_strip(s, k, lanes, b);
}

/* Sums of products, and triangular solves made of them, on NUMBER: one real, or a register of them; with
 * NAME(x) for the functions' names, FNMA(a, b, c) for c - a b, ABS, ALL(x) for x in every place and
 * IF_LESS(a, b, yes, no). Included twice by dense_lu_isa.c; not a header of its own.
 *
 * A matrix has its entry (i, j) at a[i * stride + j], the right-hand side its entry i at b[i * step]. Every
 * sum takes its products in the order that is said, one after another, however many sums are made at once. */

/* ---- Any number of rows ---- */

/* `sums` of them: target[r * across] -= sum over m < count, upwards, of l[r * l_across + m * l_along]
 * u[m * u_along]. `sums` is a constant where this is called. */
INLINE void NAME(subtract_some)(const int sums, int count, NUMBER *target, ptrdiff_t across, const NUMBER *l,
                                ptrdiff_t l_across, ptrdiff_t l_along, const NUMBER *u, ptrdiff_t u_along) {
  NUMBER sum[SUMS];
  UNROLL for (int r = 0; r < sums; r++) sum[r] = target[r * across];
  for (int m = 0; m < count; m++, l += l_along, u += u_along) {
    NUMBER factor = *u;
    UNROLL for (int r = 0; r < sums; r++) sum[r] = FNMA(l[r * l_across], factor, sum[r]);
  }
  UNROLL for (int r = 0; r < sums; r++) target[r * across] = sum[r];
}

/* The same for any number of sums. */
INLINE void NAME(subtract)(int sums, int count, NUMBER *target, ptrdiff_t across, const NUMBER *l,
                           ptrdiff_t l_across, ptrdiff_t l_along, const NUMBER *u, ptrdiff_t u_along) {
  if (!count) return;
  for (; sums >= SUMS; sums -= SUMS, target += SUMS * across, l += SUMS * l_across)
    NAME(subtract_some)(SUMS, count, target, across, l, l_across, l_along, u, u_along);
  if (sums & 2) {
    NAME(subtract_some)(2, count, target, across, l, l_across, l_along, u, u_along);
    target += 2 * across, l += 2 * l_across;
  }
  if (sums & 1) NAME(subtract_some)(1, count, target, across, l, l_across, l_along, u, u_along);
}

/* Rows i to i + rows - 1 of a solve from the first row on, with the rows before them done. */
INLINE void NAME(solve_rows)(const int rows, const int unit, int i, const NUMBER *t, ptrdiff_t across,
                             ptrdiff_t along, NUMBER *b, ptrdiff_t step) {
  NUMBER x[SUMS];
  const NUMBER *row = t + i * across;
  UNROLL for (int r = 0; r < rows; r++) x[r] = b[(i + r) * step];
  for (int m = 0; m < i; m++, row += along) {
    NUMBER factor = b[m * step];
    UNROLL for (int r = 0; r < rows; r++) x[r] = FNMA(row[r * across], factor, x[r]);
  }
  UNROLL for (int m = 0; m < rows; m++) {
    if (!unit) x[m] = x[m] * row[m * across + m * along];
    UNROLL for (int r = m + 1; r < rows; r++) x[r] = FNMA(row[r * across + m * along], x[m], x[r]);
  }
  UNROLL for (int r = 0; r < rows; r++) b[(i + r) * step] = x[r];
}

/* Solves T x = b from the first row on; T(i, m) is t[i * across + m * along], and the reciprocal of its
 * diagonal stands there if it is not `unit`. */
INLINE void NAME(solve_downwards)(const int unit, int n, const NUMBER *t, ptrdiff_t across, ptrdiff_t along,
                                  NUMBER *b, ptrdiff_t step) {
  int i = 0;
  for (; i + SUMS <= n; i += SUMS) NAME(solve_rows)(SUMS, unit, i, t, across, along, b, step);
  if (n - i == 3) NAME(solve_rows)(3, unit, i, t, across, along, b, step);
  if (n - i == 2) NAME(solve_rows)(2, unit, i, t, across, along, b, step);
  if (n - i == 1) NAME(solve_rows)(1, unit, i, t, across, along, b, step);
}

/* From the last row on, the sums taken downwards from the last column: the same from the other corner. */
INLINE void NAME(solve_upwards)(const int unit, int n, const NUMBER *t, ptrdiff_t across, ptrdiff_t along,
                                NUMBER *b, ptrdiff_t step) {
  const NUMBER *corner = t + (n - 1) * (across + along);
  NAME(solve_downwards)(unit, n, corner, -across, -along, b + (n - 1) * step, -step);
}

/* ---- A few rows, in registers ---- */

INLINE void NAME(exchange_if)(NUMBER row, int i, NUMBER *one, NUMBER *other) {
  NUMBER distance = ABS(row - ALL((real)i)), half = ALL((real)0.5), kept = *one;
  *one = IF_LESS(distance, half, *other, kept);
  *other = IF_LESS(distance, half, kept, *other);
}

/* a[n][n] as `factor` leaves it, and the rows exchanged; `n` is a constant where this is called. No branch
 * depends on a lane. Returns 0 where all pivots and their reciprocals are finite, else NaN. */
INLINE NUMBER NAME(factor_few)(const int n, NUMBER *a, NUMBER *exchanged) {
  NUMBER m[FEW][FEW], doubt = ALL(0);
  UNROLL for (int i = 0; i < n; i++) UNROLL for (int j = 0; j < n; j++) m[i][j] = a[i * n + j];
  UNROLL for (int k = 0; k < n; k++) {
    NUMBER most = ABS(m[k][k]), row = ALL((real)k);
    UNROLL for (int i = k + 1; i < n; i++) {
      NUMBER size = ABS(m[i][k]);
      row = IF_LESS(most, size, ALL((real)i), row);
      most = IF_LESS(most, size, size, most);
    }
    exchanged[k] = row;
    UNROLL for (int i = k + 1; i < n; i++) UNROLL for (int j = 0; j < n; j++)
        NAME(exchange_if)(row, i, &m[k][j], &m[i][j]);
    NUMBER pivot = m[k][k], reciprocal = m[k][k] = 1 / pivot;
    doubt = doubt + ((pivot - pivot) + (reciprocal - reciprocal));
    UNROLL for (int i = k + 1; i < n; i++) {
      NUMBER l = m[i][k] = m[i][k] * reciprocal;
      UNROLL for (int j = k + 1; j < n; j++) m[i][j] = FNMA(l, m[k][j], m[i][j]);
    }
  }
  UNROLL for (int i = 0; i < n; i++) UNROLL for (int j = 0; j < n; j++) a[i * n + j] = m[i][j];
  return doubt;
}

INLINE void NAME(solve_few)(const int n, const NUMBER *a, const NUMBER *exchanged, NUMBER *b,
                            ptrdiff_t step) {
  NUMBER x[FEW];
  UNROLL for (int i = 0; i < n; i++) x[i] = b[i * step];
  UNROLL for (int k = 0; k < n; k++) UNROLL for (int i = k + 1; i < n; i++)
      NAME(exchange_if)(exchanged[k], i, &x[k], &x[i]);
  UNROLL for (int m = 0; m < n; m++) UNROLL for (int i = m + 1; i < n; i++) x[i] =
      FNMA(a[i * n + m], x[m], x[i]);
  UNROLL for (int m = n - 1; m >= 0; m--) {
    x[m] = x[m] * a[m * n + m];
    UNROLL for (int i = 0; i < m; i++) x[i] = FNMA(a[i * n + m], x[m], x[i]);
  }
  UNROLL for (int i = 0; i < n; i++) b[i * step] = x[i];
}

INLINE void NAME(solve_few_transposed)(const int n, const NUMBER *a, const NUMBER *exchanged, NUMBER *b,
                                       ptrdiff_t step) {
  NUMBER x[FEW];
  UNROLL for (int i = 0; i < n; i++) x[i] = b[i * step];
  UNROLL for (int m = 0; m < n; m++) {
    x[m] = x[m] * a[m * n + m];
    UNROLL for (int i = m + 1; i < n; i++) x[i] = FNMA(a[m * n + i], x[m], x[i]);
  }
  UNROLL for (int m = n - 1; m >= 0; m--) UNROLL for (int i = 0; i < m; i++) x[i] =
      FNMA(a[m * n + i], x[m], x[i]);
  UNROLL for (int k = n - 1; k >= 0; k--) UNROLL for (int i = k + 1; i < n; i++)
      NAME(exchange_if)(exchanged[k], i, &x[k], &x[i]);
  UNROLL for (int i = 0; i < n; i++) b[i * step] = x[i];
}

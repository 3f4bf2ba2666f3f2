/* Sums of products, and triangular solves made of them, on NUMBER: one real, or a register of them; with
 * NAME(x) for the functions' names and FNMA(a, b, c) for c - a b. Included twice by dense_lu_isa.c; not a
 * header of its own.
 *
 * A matrix has its entry (i, j) at a[i * stride + j], the right-hand side its entry i at b[i * step]. Every
 * sum takes its products in the order that is said, one after another, however many sums are made at once. */

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

/* Solves T x = b from the first row on; T(i, m) is t[i * across + m * along], and the reciprocal of its
 * diagonal stands there if it is not `unit`. */
INLINE void NAME(solve_downwards)(const int unit, int n, const NUMBER *t, ptrdiff_t across, ptrdiff_t along,
                                  NUMBER *b, ptrdiff_t step) {
  for (int i = 0; i < n; i += SUMS) {
    int rows = n - i < SUMS ? n - i : SUMS;
    const NUMBER *corner = t + i * across + i * along;
    NAME(subtract)(rows, i, b + i * step, step, t + i * across, across, along, b, step);
    for (int r = 0; r < rows; r++) {
      NUMBER x = b[(i + r) * step];
      for (int m = 0; m < r; m++) x = FNMA(corner[r * across + m * along], b[(i + m) * step], x);
      b[(i + r) * step] = unit ? x : x * corner[r * across + r * along];
    }
  }
}

/* From the last row on, the sums taken downwards from the last column: the same from the other corner. */
INLINE void NAME(solve_upwards)(const int unit, int n, const NUMBER *t, ptrdiff_t across, ptrdiff_t along,
                                NUMBER *b, ptrdiff_t step) {
  NAME(solve_downwards)
  (unit, n, t + (n - 1) * (across + along), -across, -along, b + (n - 1) * step, -step);
}

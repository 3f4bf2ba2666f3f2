/* Sparse LU on rows of `width` NUMBERs, a constant where this is called: registers of lanes, or one real;
 * with NAME(x) for the functions' names, FNMA(a, b, c) for c - a b, FMA(a, b, c) for a b + c, ABS, MAX, and
 * ALL(x) for x in every place. Included twice by sparse_lu_isa.c; not a header of its own.
 *
 * Values lie [entries][width]; right-hand sides have their rows `step` apart. */

#define EACH UNROLL for (int v = 0; v < width; v++)

/* W's entries in their places, and the reciprocals of the largest of each column. */
INLINE void NAME(put)(const int width, const og_lu_plan *p, const NUMBER *w, ptrdiff_t step, NUMBER *a,
                      NUMBER *v_column) {
  for (int i = 0; i < p->n; i++) EACH v_column[(ptrdiff_t)i * width + v] = ALL(0);
  for (int f = 0; f < p->fills; f++) EACH a[(ptrdiff_t)p->fill[f] * width + v] = ALL(0);
  for (int e = 0; e < p->count; e++, w += step) {
    ptrdiff_t at = (ptrdiff_t)p->place[e] * width;
    NUMBER *most = v_column + (ptrdiff_t)p->column[p->place[e]] * width;
    EACH {
      a[at + v] = w[v];
      most[v] = MAX(most[v], ABS(w[v]));
    }
  }
  for (int i = 0; i < p->n; i++)
    EACH v_column[(ptrdiff_t)i * width + v] = 1 / v_column[(ptrdiff_t)i * width + v];
}

/* sum += over entries `first` to `end` - 1 of |a| times x in their column. */
INLINE void NAME(add_magnitudes)(const int width, const og_lu_plan *p, int first, int end, const NUMBER *a,
                                 const NUMBER *x, NUMBER *sum) {
  for (int t = first; t < end; t++) {
    const NUMBER *entry = a + (ptrdiff_t)t * width, *other = x + (ptrdiff_t)p->column[t] * width;
    EACH sum[v] = FMA(ABS(entry[v]), other[v], sum[v]);
  }
}

/* Row i: what is in it of rows before it is subtracted. `lower` counts entries of L. Returns it. */
INLINE int NAME(eliminate_row)(const int width, const og_lu_plan *p, int i, int lower, NUMBER *a) {
  for (int t = p->start[i]; t < p->diagonal[i]; t++, lower++) {
    const NUMBER *reciprocal = a + (ptrdiff_t)p->diagonal[p->column[t]] * width;
    NUMBER *entry = a + (ptrdiff_t)t * width, l[WIDTH];
    EACH entry[v] = l[v] = entry[v] * reciprocal[v];
    for (int r = p->first_run[lower]; r < p->first_run[lower + 1]; r++)
      NAME(subtract_run)(width, p->run + r, l, a);
  }
  return lower;
}

/* bad[v] becomes not 0 where a pivot does not divide or L and U are too large beside W. `work` has room for
 * 2 n entries. */
INLINE void NAME(factor_rows)(const int width, const og_lu_plan *p, REAL_OF_NUMBER most, NUMBER *a,
                              NUMBER *work, NUMBER *bad) {
  NUMBER *v_column = work, *row_size = work + (ptrdiff_t)p->n * width;
  EACH bad[v] = ALL(0);
  for (int i = 0, lower = 0; i < p->n; i++) {
    int first = p->start[i], diagonal = p->diagonal[i], end = p->start[i + 1];
    NUMBER whole[WIDTH], size[WIDTH], *pivot = a + (ptrdiff_t)diagonal * width;
    EACH whole[v] = size[v] = ALL(0);
    NAME(add_magnitudes)(width, p, first, end, a, v_column, whole);
    lower = NAME(eliminate_row)(width, p, i, lower, a);
    NAME(add_magnitudes)(width, p, diagonal, end, a, v_column, size);
    EACH row_size[(ptrdiff_t)i * width + v] = size[v];
    NAME(add_magnitudes)(width, p, first, diagonal, a, row_size, size);
    EACH {
      NUMBER reciprocal = 1 / pivot[v];
      NUMBER doubt = (pivot[v] - pivot[v]) + (reciprocal - reciprocal);
      pivot[v] = reciprocal;
      bad[v] = NAME(worse)(bad[v], doubt, size[v], whole[v] * most);
    }
  }
}

/* ---- Solving ---- */

/* x -= sum over entries `first` to `end` - 1 of a times b in their column. */
INLINE void NAME(subtract_row)(const int width, const og_lu_plan *p, int first, int end, const NUMBER *a,
                               const NUMBER *b, ptrdiff_t step, NUMBER *x) {
  for (int t = first; t < end; t++) {
    const NUMBER *entry = a + (ptrdiff_t)t * width, *other = b + p->from[t] * step;
    EACH x[v] = FNMA(entry[v], other[v], x[v]);
  }
}

INLINE void NAME(solve_rows)(const int width, const og_lu_plan *p, const NUMBER *a, NUMBER *b,
                             ptrdiff_t step) {
  for (int i = 0; i < p->n; i++) {
    NUMBER *here = b + p->row_of[i] * step, x[WIDTH];
    EACH x[v] = here[v];
    NAME(subtract_row)(width, p, p->start[i], p->diagonal[i], a, b, step, x);
    EACH here[v] = x[v];
  }
  for (int i = p->n - 1; i >= 0; i--) {
    NUMBER *here = b + p->row_of[i] * step, x[WIDTH];
    const NUMBER *reciprocal = a + (ptrdiff_t)p->diagonal[i] * width;
    EACH x[v] = here[v];
    NAME(subtract_row)(width, p, p->diagonal[i] + 1, p->start[i + 1], a, b, step, x);
    EACH here[v] = x[v] * reciprocal[v];
  }
}

/* b in the columns of entries `first` to `end` - 1 less a times x. */
INLINE void NAME(subtract_column)(const int width, const og_lu_plan *p, int first, int end, const NUMBER *a,
                                  NUMBER *b, ptrdiff_t step, const NUMBER *x) {
  for (int t = first; t < end; t++) {
    const NUMBER *entry = a + (ptrdiff_t)t * width;
    NUMBER *other = b + p->from[t] * step;
    EACH other[v] = FNMA(entry[v], x[v], other[v]);
  }
}

INLINE void NAME(solve_columns)(const int width, const og_lu_plan *p, const NUMBER *a, NUMBER *b,
                                ptrdiff_t step) {
  for (int i = 0; i < p->n; i++) {
    NUMBER *here = b + p->row_of[i] * step, x[WIDTH];
    const NUMBER *reciprocal = a + (ptrdiff_t)p->diagonal[i] * width;
    EACH here[v] = x[v] = here[v] * reciprocal[v];
    NAME(subtract_column)(width, p, p->diagonal[i] + 1, p->start[i + 1], a, b, step, x);
  }
  for (int i = p->n - 1; i >= 0; i--) {
    NUMBER x[WIDTH];
    EACH x[v] = b[p->row_of[i] * step + v];
    NAME(subtract_column)(width, p, p->start[i], p->diagonal[i], a, b, step, x);
  }
}

#undef EACH

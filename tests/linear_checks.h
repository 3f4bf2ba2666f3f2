/* Checks of an elimination in one precision, against Gaussian elimination in long double; X is the type of
 * its numbers, P(name) gives a name its suffix, UNIT is the rounding unit. Included twice by test_linear.c.
 */

/* The memory of one factored block, and its right-hand sides. */
typedef struct P(block) {
  int n, count, lanes;
  X *w, *b;
  void *factors;
  og_lane_status status[OG_LANES_MAX];
} P(block);

static inline void P(new_block)(const og_elimination *e, int lanes, P(block) * block) {
  const og_pattern *p = og_elimination_pattern(e);
  *block = (P(block)){.n = p->n, .count = p->count, .lanes = lanes};
  block->w = aligned(OG_PADDED((size_t)p->count * (size_t)lanes) * sizeof(X));
  block->b = aligned(OG_PADDED((size_t)p->n * (size_t)lanes) * sizeof(X));
  size_t bytes = P(og_elimination_bytes)(e, lanes);
  assert_int_equal(bytes % 64, 0);
  block->factors = aligned(bytes);
}

static inline void P(free_block)(P(block) * block) {
  unaligned(block->w), unaligned(block->b), unaligned(block->factors);
}

/* Lane `lane` of the block becomes the matrix w[count] and the right-hand side b[n]. */
static inline void P(put)(const P(block) * block, int lane, const double *w, const double *b) {
  for (int i = 0; i < block->count; i++) block->w[i * block->lanes + lane] = (X)w[i];
  for (int i = 0; i < block->n; i++) block->b[i * block->lanes + lane] = (X)b[i];
}

static inline void P(factor)(const og_elimination *e, P(block) * block) {
  P(og_elimination_factor)(e, block->lanes, block->w, block->factors, block->status);
}

static inline void P(solve)(const og_elimination *e, const P(block) * block, int transposed) {
  if (transposed)
    P(og_elimination_solve_transposed)(e, block->lanes, block->factors, block->b);
  else
    P(og_elimination_solve)(e, block->lanes, block->factors, block->b);
}

/* Solves with one lane and compares with the exact solution; see `reference` for the bound. The numbers are
 * rounded to X first, so that both solve the same system. */
static inline void P(against_long_double)(const og_elimination *e, const double *w_wide,
                                          const double *b_wide) {
  const og_pattern *p = og_elimination_pattern(e);
  double *w = calloc((size_t)p->count, sizeof *w), *b = calloc((size_t)p->n, sizeof *b);
  P(block) block;
  P(new_block)(e, 1, &block);
  for (int i = 0; i < p->count; i++) w[i] = (X)w_wide[i];
  for (int i = 0; i < p->n; i++) b[i] = (X)b_wide[i];
  for (int transposed = 0; transposed < 2; transposed++) {
    reference r = solve_exactly(p, e->symbolic ? e->symbolic->plan.row_of : NULL, transposed, w, b);
    P(put)(&block, 0, w, b);
    P(factor)(e, &block);
    assert_int_equal(block.status[0], 0);
    P(solve)(e, &block, transposed);
    for (int i = 0; i < p->n; i++) {
      long double error = fabsl((long double)block.b[i] - r.x[i]), bound = 3 * p->n * (UNIT)*r.magnitude[i];
      if (!(error <= bound + (UNIT)*fabsl(r.x[i])))
        fail_msg("n %d, transposed %d: x[%d] is %.17g, not %.17Lg; error %.3Lg, bound %.3Lg", p->n,
                 transposed, i, (double)block.b[i], r.x[i], error, bound);
    }
    free_reference(&r);
  }
  P(free_block)(&block);
  free(w), free(b);
}

/* Every lane of a wide block has the bits of a block of its own, whatever stands in the others: matrices
 * from `make`, a singular one and one that is not finite. */
static inline void P(lanes_are_alone)(const og_elimination *e, matrix_maker make) {
  const og_pattern *p = og_elimination_pattern(e);
  double *w = calloc((size_t)p->count, sizeof *w), *b = calloc((size_t)p->n, sizeof *b);
  X *alone = calloc((size_t)p->n, sizeof *alone);
  for (int lanes = 16; lanes <= OG_LANES_MAX; lanes += 16)
    for (int transposed = 0; transposed < 2; transposed++) {
      P(block) wide, one;
      P(new_block)(e, lanes, &wide), P(new_block)(e, 1, &one);
      for (int lane = 0; lane < lanes; lane++) {
        make(p, (uint64_t)lane, w, b);
        if (lane % 7 == 2) memset(w, 0, (size_t)p->count * sizeof *w);
        if (lane % 7 == 5) w[lane % p->count] = lane % 2 ? NAN : -INFINITY;
        P(put)(&wide, lane, w, b);
      }
      P(factor)(e, &wide);
      P(solve)(e, &wide, transposed);
      for (int lane = 0; lane < lanes; lane++) {
        make(p, (uint64_t)lane, w, b);
        assert_int_equal(wide.status[lane], lane % 7 == 2 || lane % 7 == 5);
        if (wide.status[lane]) continue;
        P(put)(&one, 0, w, b);
        P(factor)(e, &one);
        P(solve)(e, &one, transposed);
        for (int i = 0; i < p->n; i++) alone[i] = wide.b[i * lanes + lane];
        assert_memory_equal(one.b, alone, (size_t)p->n * sizeof *alone);
      }
      P(free_block)(&wide), P(free_block)(&one);
    }
  free(w), free(b), free(alone);
}

/* A lane that is singular, or not finite in any one entry, is told; a status that was there before stays. */
static inline void P(bad_lanes_are_told)(const og_elimination *e, matrix_maker make) {
  const og_pattern *p = og_elimination_pattern(e);
  double *w = calloc((size_t)p->count, sizeof *w), *b = calloc((size_t)p->n, sizeof *b);
  const double bad[] = {NAN, INFINITY, -INFINITY};
  for (int lanes = 1; lanes <= 16; lanes += 15) {
    P(block) block;
    P(new_block)(e, lanes, &block);
    for (int entry = 0; entry < p->count; entry++) {
      for (int lane = 0; lane < lanes; lane++) {
        make(p, (uint64_t)lane, w, b);
        if (lane == lanes / 2) w[entry] = bad[entry % 3];
        P(put)(&block, lane, w, b);
        block.status[lane] = lane == 3 ? -1 : 0;
      }
      P(factor)(e, &block);
      for (int lane = 0; lane < lanes; lane++)
        assert_int_equal(block.status[lane], lane == 3 ? -1 : lane == lanes / 2);
    }
    for (int lane = 0; lane < lanes; lane++) { /* a row of zeros; a column of zeros; everything zero */
      make(p, (uint64_t)lane, w, b);
      for (int i = 0; i < p->count; i++)
        if (lane % 3 == 2 || (lane % 3 ? p->row : p->column)[i] == lane % p->n) w[i] = 0;
      P(put)(&block, lane, w, b);
      block.status[lane] = 0;
    }
    P(factor)(e, &block);
    for (int lane = 0; lane < lanes; lane++) assert_int_equal(block.status[lane], 1);
    P(free_block)(&block);
  }
  free(w), free(b);
}

#undef X
#undef P
#undef UNIT

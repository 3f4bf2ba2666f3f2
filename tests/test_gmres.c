/* GMRES and the incomplete elimination that preconditions it: factors that meet W where W has entries;
 * solutions against Gaussian elimination in long double; transposes that fit; a lane's bits against its
 * company; lanes that cannot be solved. */
#include "linear_reference.h"

#include "linear/gmres.h"

static og_elimination *incomplete(og_context *context, const og_pattern *p) {
  og_elimination *e;
  assert_int_equal(og_elimination_create(context, p, OG_ELIMINATION_INCOMPLETE, &e), OG_OK);
  assert_string_equal(og_elimination_name(e), "incomplete");
  assert_int_equal(og_elimination_entries(e), p->count);
  return e;
}

/* Points of a line, each `width` wide; without fill where that is 1. */
static og_pattern *band(og_context *context, int n, int width) {
  og_pattern *p;
  assert_int_equal(og_pattern_create_band(context, (size_t)n, (size_t)width, (size_t)width, &p), OG_OK);
  return p;
}

/* Five-point stencils on a square. */
static og_pattern *square(og_context *context, int side) {
  int n = side * side, count = 0, *row = calloc(4 * (size_t)n, sizeof *row);
  int *column = calloc(4 * (size_t)n, sizeof *column);
  og_pattern *p;
  for (int i = 0; i < n; i++) {
    int x = i % side, y = i / side;
    const int near[] = {x > 0 ? i - 1 : i, x + 1 < side ? i + 1 : i, y > 0 ? i - side : i,
                        y + 1 < side ? i + side : i};
    for (int k = 0; k < 4; k++) row[count] = i, column[count++] = near[k];
  }
  assert_int_equal(og_pattern_create(context, (size_t)n, (size_t)count, row, column, &p), OG_OK);
  free(row), free(column);
  return p;
}

enum { PATTERNS = 6 };
static og_pattern *pattern_number(og_context *context, int k) {
  switch (k) {
  case 0: return band(context, 1, 0);
  case 1: return band(context, 60, 1);
  case 2: return band(context, 50, 3);
  case 3: return square(context, 9);
  case 4: return random_pattern(context, 5, 70, 250);
  default: return random_pattern(context, 6, 90, 500);
  }
}

/* As implicit steps have them: sigma I - J with rows of mixed signs, the diagonal somewhat
 * less than what stands beside it together. */
static void make_step(const og_pattern *p, uint64_t seed, double *w, double *b) {
  double *beside = calloc((size_t)p->n, sizeof *beside);
  seed *= 1000003;
  for (int e = 0; e < p->count; e++) {
    w[e] = noise(&seed);
    if (p->row[e] != p->column[e]) beside[p->row[e]] += fabs(w[e]);
  }
  for (int i = 0; i < p->n; i++)
    w[p->diagonal[i]] = 0.1 + (p->n > 100 ? 0.9 : 0.6) * beside[i], b[i] = noise(&seed);
  free(beside);
}

/* ---- Incomplete elimination ---- */

/* (L U)^-1 applied to unit vectors gives its inverse, whose own inverse is to have W's entries. */
static void factors_meet_w(const og_pattern *p, const og_elimination *e) {
  int n = p->n, *order = calloc((size_t)n, sizeof *order);
  size_t many = (size_t)n;
  long double *inverse = calloc(many * many, sizeof *inverse), *unit = calloc(many, sizeof *unit);
  long double *x = calloc(many, sizeof *x);
  double *w = calloc((size_t)p->count, sizeof *w), *b = calloc(many, sizeof *b);
  block_d block;
  new_block_d(e, 1, &block);
  make_step(p, 3, w, b);
  put_d(&block, 0, w, b);
  factor_d(e, &block);
  assert_int_equal(block.status[0], 0);
  for (int j = 0; j < n; j++) {
    for (int i = 0; i < n; i++) block.b[i] = i == j;
    solve_d(e, &block, 0);
    for (int i = 0; i < n; i++) inverse[i * n + j] = block.b[i];
  }
  factor_exactly(n, 1, inverse, order);
  for (int j = 0; j < n; j++) {
    unit[j] = 1;
    solve_factored(n, inverse, order, 0, unit, x);
    unit[j] = 0;
    for (int i = 0; i < n; i++) {
      int entry = og_pattern_find(p, i, j);
      /* the roundings of two inversions, of matrices whose condition is some hundreds */
      if (entry >= 0 && !(fabsl(x[i] - w[entry]) < 1e-10))
        fail_msg("n %d: (%d, %d) of L U is %.15Lg, not %.15g", n, i, j, x[i], w[entry]);
    }
  }
  free_block_d(&block);
  free(order), free(inverse), free(unit), free(x), free(w), free(b);
}

static void incomplete_factors(void **state) {
  (void)state;
  og_context *context = new_context();
  for (int k = 0; k < PATTERNS; k++) {
    og_pattern *p = pattern_number(context, k);
    og_elimination *e = incomplete(context, p);
    factors_meet_w(p, e);
    lanes_are_alone_d(e, make_step), lanes_are_alone_s(e, make_step);
    if (k < 2) check_solutions(e, make_step); /* there is no fill */
    og_elimination_destroy(e);
    og_pattern_destroy(p);
  }
  og_context_destroy(context);
}

/* ---- Iterations ---- */

/* A block of matrices as an operator, with the products of the entries. */
typedef struct system {
  const og_pattern *p;
  const og_elimination *e;
  int transposed, lanes, products;
  block_d block;
} system_t;

static void apply(void *self, const double *v, double *product, og_lane_status *status) {
  system_t *s = self;
  (void)status;
  s->products++;
  memset(product, 0, (size_t)(s->p->n * s->lanes) * sizeof *product);
  for (int e = 0; e < s->p->count; e++) {
    int to = s->transposed ? s->p->column[e] : s->p->row[e],
        from = s->transposed ? s->p->row[e] : s->p->column[e];
    for (int l = 0; l < s->lanes; l++)
      product[to * s->lanes + l] += s->block.w[e * s->lanes + l] * v[from * s->lanes + l];
  }
}

static void precondition(void *self, double *v, og_lane_status *status) {
  system_t *s = self;
  (void)status;
  if (s->transposed)
    og_elimination_solve_transposed_d(s->e, s->lanes, s->block.factors, v);
  else
    og_elimination_solve_d(s->e, s->lanes, s->block.factors, v);
}

static void open_system(system_t *s, const og_pattern *p, const og_elimination *e, int lanes, uint64_t seed,
                        double scale) {
  double *w = calloc((size_t)p->count, sizeof *w), *b = calloc((size_t)p->n, sizeof *b);
  *s = (system_t){.p = p, .e = e, .lanes = lanes};
  new_block_d(e, lanes, &s->block);
  for (int lane = 0; lane < lanes; lane++) {
    make_step(p, seed + (uint64_t)lane, w, b);
    for (int i = 0; i < p->n; i++) b[i] *= scale;
    put_d(&s->block, lane, w, b);
  }
  factor_d(e, &s->block);
  free(w), free(b);
}

static long long iterate(system_t *s, double tolerance, int surely, og_lane_status *status) {
  void *memory = aligned(og_gmres_bytes_d((size_t)s->p->n, s->lanes));
  const og_gmres_operator_d w = {s->p->n, s->lanes, apply, precondition, s};
  long long count = og_gmres_d(&w, tolerance, surely, memory, s->block.b, status);
  unaligned(memory);
  return count;
}

/* |b - W x| <= tolerance |b| bounds each entry's error by the largest of W^-1 times that. */
static void solutions_are_right(const og_pattern *p, const og_elimination *e, int transposed, double scale) {
  const double tolerance = 1e-13;
  double *w = calloc((size_t)p->count, sizeof *w), *b = calloc((size_t)p->n, sizeof *b), size = 0;
  double *unit = calloc((size_t)p->n, sizeof *unit), inverse = 0;
  og_lane_status status = 0;
  system_t s;
  open_system(&s, p, e, 1, 7, scale);
  make_step(p, 7, w, b);
  for (int i = 0; i < p->n; i++) b[i] *= scale, size += b[i] / scale * (b[i] / scale);
  for (int j = 0; j < p->n; j++) {
    unit[j] = 1;
    reference column = solve_by(p, NULL, transposed, w, unit);
    for (int i = 0; i < p->n; i++) inverse = fmax(inverse, fabs((double)column.x[i]));
    free_reference(&column);
    unit[j] = 0;
  }
  reference r = solve_by(p, NULL, transposed, w, b);
  s.transposed = transposed;
  assert_true(iterate(&s, tolerance, 1, &status) > 0);
  assert_int_equal(status, 0);
  double bound = 10 * tolerance * sqrt(size) * inverse * sqrt(p->n);
  for (int i = 0; i < p->n; i++) {
    double error = fabs((double)((long double)s.block.b[i] - r.x[i])) / scale;
    if (!(error <= bound))
      fail_msg("n %d, transposed %d, row %d: error %g, bound %g", p->n, transposed, i, error, bound);
  }
  free_reference(&r);
  free_block_d(&s.block);
  free(w), free(b), free(unit);
}

static void solutions(void **state) {
  (void)state;
  og_context *context = new_context();
  for (int k = 0; k < PATTERNS; k++) {
    og_pattern *p = pattern_number(context, k);
    og_elimination *e = incomplete(context, p);
    for (int transposed = 0; transposed < 2; transposed++) {
      solutions_are_right(p, e, transposed, 1);
      solutions_are_right(p, e, transposed, 1e-250); /* whose squares are 0 */
      solutions_are_right(p, e, transposed, 1e250);
    }
    og_elimination_destroy(e);
    og_pattern_destroy(p);
  }
  og_context_destroy(context);
}

/* c^T W^-1 b = b^T W^-T c, to what the residuals leave: each side is off by less than 1e-12 |b| |c| |W^-1|.
 */
static void transposes_fit(void **state) {
  (void)state;
  og_context *context = new_context();
  og_pattern *p = square(context, 20);
  og_elimination *e = incomplete(context, p);
  system_t s;
  size_t n = (size_t)p->n;
  double *b = calloc(n, sizeof *b), *x = calloc(n, sizeof *x), *c = calloc(n, sizeof *c), left = 0, right = 0,
         size = 0;
  uint64_t seed = 99;
  og_lane_status status = 0;
  open_system(&s, p, e, 1, 1, 1);
  memcpy(b, s.block.b, n * sizeof *b);
  iterate(&s, 1e-13, 1, &status);
  memcpy(x, s.block.b, n * sizeof *x);
  for (size_t i = 0; i < n; i++) c[i] = noise(&seed);
  memcpy(s.block.b, c, n * sizeof *c);
  s.transposed = 1;
  iterate(&s, 1e-13, 1, &status);
  assert_int_equal(status, 0);
  for (size_t i = 0; i < n; i++) {
    left += c[i] * x[i], right += b[i] * s.block.b[i];
    size += fabs(c[i] * x[i]);
  }
  assert_true(fabs(left - right) <= 1e-12 * size);
  free_block_d(&s.block);
  free(b), free(x), free(c);
  og_elimination_destroy(e);
  og_pattern_destroy(p);
  og_context_destroy(context);
}

/* A lane has the bits and the iterations that it has alone, among lanes that end earlier, later or never. */
static void lanes_alone(void **state) {
  (void)state;
  og_context *context = new_context();
  og_pattern *p = square(context, 9);
  og_elimination *e = incomplete(context, p);
  for (int surely = 0; surely < 2; surely++)
    for (int lanes = 16; lanes <= 64; lanes += 48) {
      long long alone = 0, together;
      og_lane_status status[OG_LANES_MAX] = {0};
      system_t s;
      open_system(&s, p, e, lanes, 20, 1);
      status[3] = 127, s.block.b[3] = NAN; /* has nothing to do */
      s.block.b[5] = INFINITY;
      for (int i = 0; i < p->n; i++) s.block.b[i * lanes + 7] = 0;
      together = iterate(&s, 1e-10, surely, status);
      for (int lane = 0; lane < lanes; lane++) {
        assert_int_equal(status[lane], lane == 3 ? 127 : lane == 5 ? OG_GMRES_FAILED : 0);
        if (status[lane]) continue;
        system_t one;
        og_lane_status own = 0;
        open_system(&one, p, e, 1, 20 + (uint64_t)lane, lane == 7 ? 0 : 1);
        alone += iterate(&one, 1e-10, surely, &own);
        for (int i = 0; i < p->n; i++)
          assert_memory_equal(&one.block.b[i], &s.block.b[i * lanes + lane], sizeof(double));
        free_block_d(&one.block);
      }
      assert_int_equal(alone, together);
      free_block_d(&s.block);
    }
  og_elimination_destroy(e);
  og_pattern_destroy(p);
  og_context_destroy(context);
}

/* Rates from 1e-8 to 1e8: rounding alone leaves residuals of 1e-8 of the right side, as factors do, and that
 * is no failure. */
static void what_rounding_leaves(void **state) {
  (void)state;
  og_context *context = new_context();
  og_pattern *p = band(context, 40, 1);
  og_elimination *e = incomplete(context, p);
  double w[200], b[40];
  for (int transposed = 0; transposed < 2; transposed++)
    for (uint64_t seed = 0; seed < 20; seed++) {
      system_t s = {.p = p, .e = e, .lanes = 1, .transposed = transposed};
      og_lane_status status = 0;
      make_chemistry(p, seed, w, b);
      new_block_d(e, 1, &s.block);
      put_d(&s.block, 0, w, b);
      factor_d(e, &s.block);
      iterate(&s, 1e-13, 1, &status);
      assert_int_equal(status, 0);
      reference r = solve_by(p, e->symbolic->plan.row_of, transposed, w, b);
      for (int i = 0; i < p->n; i++) { /* by factors it is 3 n units of the magnitude */
        double error = fabs((double)((long double)s.block.b[i] - r.x[i]));
        assert_true(error <= 10 * 3 * p->n * 0x1p-53 * (double)r.magnitude[i]);
      }
      free_reference(&r);
      free_block_d(&s.block);
    }
  og_elimination_destroy(e);
  og_pattern_destroy(p);
  og_context_destroy(context);
}

/* A matrix that is singular in fact: a row of zeros, which the preconditioner does not know of. */
static void what_cannot_be_solved(void **state) {
  (void)state;
  og_context *context = new_context();
  og_pattern *p = square(context, 6);
  og_elimination *e = incomplete(context, p);
  og_lane_status status = 0;
  system_t s;
  open_system(&s, p, e, 1, 2, 1);
  for (int k = p->start[9]; k < p->start[10]; k++) s.block.w[k] = 0;
  iterate(&s, 1e-13, 1, &status);
  assert_int_equal(status, OG_GMRES_FAILED);
  assert_true(s.products < 1000); /* it comes to an end */
  free_block_d(&s.block);
  og_elimination_destroy(e);
  og_pattern_destroy(p);
  og_context_destroy(context);
}

static og_status make(og_context *context) {
  og_pattern *p = NULL;
  og_elimination *e = NULL;
  OG_TRY(og_pattern_create_band(context, 12, 2, 1, &p));
  og_status status = og_elimination_create(context, p, OG_ELIMINATION_INCOMPLETE, &e);
  og_elimination_destroy(e);
  og_pattern_destroy(p);
  return status;
}

static void memory_may_be_missing(void **state) {
  (void)state;
  fail_each_allocation(make);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(incomplete_factors),   cmocka_unit_test(solutions),
      cmocka_unit_test(transposes_fit),       cmocka_unit_test(lanes_alone),
      cmocka_unit_test(what_rounding_leaves), cmocka_unit_test(what_cannot_be_solved),
      cmocka_unit_test(memory_may_be_missing)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

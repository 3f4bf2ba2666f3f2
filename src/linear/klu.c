#include "linear/klu.h"

#include <math.h>
#include <string.h>

#if defined(OG_HAVE_KLU)
#include <klu.h>

struct og_klu {
  og_context *context;
  const og_pattern *pattern;
  klu_common common;
  klu_symbolic *symbolic;
  size_t room; /* entries of L and U together */
};

/* What is foreseen is without exchanges. Many of them, as algebraic equations want, can make some times as
 * much; the largest systems are grids, which want few. Nothing has more than a full matrix. */
static size_t room_for(const og_pattern *pattern, size_t foreseen) {
  size_t n = (size_t)pattern->n, full = n * (n + 1), room = (foreseen < 250000 ? 8 : 3) * foreseen;
  return room < full ? room : full;
}

/* One matrix's factors: L U = P (R \ A) Q with A = W^T, since the pattern's rows are KLU's columns; L and U
 * by columns, the diagonal first in L's and last in U's. The arrays lie behind it. */
typedef struct klu_factors {
  int done, lower, upper;                        /* entries */
  int *lower_start, *upper_start, *row, *column; /* [n + 1] each; row [n]: P; column [n]: Q */
  double *scale;                                 /* [n]: R, in the order of P */
  int *index;                                    /* [room]: L's, then U's */
  double *value;
} klu_factors;

static size_t ints_of(const og_klu *k) { return 4 * (size_t)k->pattern->n + 2 + k->room; }

size_t og_klu_bytes(const og_klu *k) {
  return OG_ALIGNED(sizeof(klu_factors)) + OG_ALIGNED(ints_of(k) * sizeof(int)) +
         OG_ALIGNED(((size_t)k->pattern->n + k->room) * sizeof(double));
}

static klu_factors *place(const og_klu *k, void *memory) {
  size_t n = (size_t)k->pattern->n;
  klu_factors *f = memory;
  int *next = (int *)(void *)((char *)memory + OG_ALIGNED(sizeof *f));
  f->lower_start = next, f->upper_start = next + n + 1;
  f->row = f->upper_start + n + 1, f->column = f->row + n, f->index = f->column + n;
  f->scale = (double *)(void *)((char *)next + OG_ALIGNED(ints_of(k) * sizeof(int)));
  f->value = f->scale + n;
  return f;
}

og_status og_klu_create(og_context *context, const og_pattern *pattern, og_klu **out) {
  og_klu *k = og_alloc(context, 1, sizeof *k);
  *out = NULL;
  if (!k) return og_fail_memory(context, sizeof *k, "the order of an elimination");
  *k = (og_klu){.context = context, .pattern = pattern};
  og_pattern_keep(pattern);
  klu_defaults(&k->common);
  k->common.btf = 0; /* matrices of steps are one block, or nearly so */
  k->symbolic = klu_analyze(pattern->n, (int *)pattern->start, (int *)pattern->column, &k->common);
  if (!k->symbolic) {
    og_klu_destroy(k);
    return og_fail_memory(context, (size_t)pattern->count * sizeof(int),
                          "the order of an elimination by KLU");
  }
  k->room = room_for(pattern, og_klu_entries(k));
  *out = k;
  return OG_OK;
}

void og_klu_destroy(og_klu *k) {
  if (!k) return;
  if (k->symbolic) klu_free_symbolic(&k->symbolic, &k->common);
  og_pattern_destroy((og_pattern *)k->pattern);
  og_free(k->context, k);
}

size_t og_klu_entries(const og_klu *k) { return (size_t)(k->symbolic->lnz + k->symbolic->unz); }

/* Returns 0 where all of it is finite and no pivot is 0. */
static int is_bad(const og_klu *k, const klu_factors *f) {
  double zero = 0;
  for (int e = 0; e < f->lower + f->upper; e++) zero += f->value[e] * 0;
  for (int j = 0; j < k->pattern->n; j++) {
    double pivot = f->value[f->lower + f->upper_start[j + 1] - 1];
    if (pivot == 0 || !isfinite(1 / pivot)) return 1;
  }
  return zero != 0;
}

static int keep(const og_klu *k, klu_numeric *numeric, klu_common *common, klu_factors *f) {
  if ((size_t)numeric->lnz + (size_t)numeric->unz > k->room) return 1;
  f->lower = numeric->lnz, f->upper = numeric->unz;
  int blocks[2];
  klu_extract(numeric, k->symbolic, f->lower_start, f->index, f->value, f->upper_start, f->index + f->lower,
              f->value + f->lower, NULL, NULL, NULL, f->row, f->column, f->scale, blocks, common);
  return is_bad(k, f);
}

int og_klu_factor(const og_klu *k, double *w, void *memory) {
  klu_factors *f = place(k, memory);
  klu_common common = k->common; /* KLU writes into it */
  double zero = 0;
  f->done = 0;
  for (int e = 0; e < k->pattern->count; e++) zero += w[e] * 0;
  if (zero != 0) return 1;
  klu_numeric *numeric =
      klu_factor((int *)k->pattern->start, (int *)k->pattern->column, w, k->symbolic, &common);
  if (!numeric) return 1;
  f->done = common.status == KLU_OK && !keep(k, numeric, &common, f);
  klu_free_numeric(&numeric, &common);
  return !f->done;
}

/* ---- Solving ---- */

/* A x = b: x = Q U^-1 L^-1 P R^-1 b. */
static void solve(const klu_factors *f, int n, double *b, double *x) {
  const int *upper = f->index + f->lower;
  const double *value = f->value + f->lower;
  for (int k = 0; k < n; k++) x[k] = b[f->row[k]] / f->scale[k];
  for (int k = 0; k < n; k++)
    for (int e = f->lower_start[k] + 1; e < f->lower_start[k + 1]; e++) x[f->index[e]] -= f->value[e] * x[k];
  for (int k = n - 1; k >= 0; k--) {
    int last = f->upper_start[k + 1] - 1;
    x[k] /= value[last];
    for (int e = f->upper_start[k]; e < last; e++) x[upper[e]] -= value[e] * x[k];
  }
  for (int k = 0; k < n; k++) b[f->column[k]] = x[k];
}

/* A^T x = b: x = R^-1 P^T L^-T U^-T Q^T b. */
static void solve_transposed(const klu_factors *f, int n, double *b, double *x) {
  const int *upper = f->index + f->lower;
  const double *value = f->value + f->lower;
  for (int k = 0; k < n; k++) x[k] = b[f->column[k]];
  for (int k = 0; k < n; k++) {
    int last = f->upper_start[k + 1] - 1;
    for (int e = f->upper_start[k]; e < last; e++) x[k] -= value[e] * x[upper[e]];
    x[k] /= value[last];
  }
  for (int k = n - 1; k >= 0; k--)
    for (int e = f->lower_start[k] + 1; e < f->lower_start[k + 1]; e++) x[k] -= f->value[e] * x[f->index[e]];
  for (int k = 0; k < n; k++) b[f->row[k]] = x[k] / f->scale[k];
}

void og_klu_solve(const og_klu *k, int transposed, const void *factors, double *b, double *work) {
  const klu_factors *f = factors;
  if (!f->done) return;
  if (transposed) /* W^T is A */
    solve(f, k->pattern->n, b, work);
  else
    solve_transposed(f, k->pattern->n, b, work);
}

#else /* without KLU there is none */

og_status og_klu_create(og_context *context, const og_pattern *pattern, og_klu **out) {
  (void)pattern;
  *out = NULL;
  return og_fail(
      context, OG_ERR_UNSUPPORTED,
      "linear-solver = klu needs SuiteSparse's KLU, which odegrad was built without: install it (Debian's "
      "libsuitesparse-dev), configure and build again; or use linear-solver = sparse");
}
void og_klu_destroy(og_klu *klu) { (void)klu; }
size_t og_klu_entries(const og_klu *klu) { return (void)klu, 0; }
size_t og_klu_bytes(const og_klu *klu) { return (void)klu, 0; }
int og_klu_factor(const og_klu *klu, double *w, void *factors) {
  return (void)klu, (void)w, (void)factors, 1;
}
void og_klu_solve(const og_klu *klu, int transposed, const void *factors, double *b, double *work) {
  (void)klu, (void)transposed, (void)factors, (void)b, (void)work;
}

#endif

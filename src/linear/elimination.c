/* Which elimination a pattern is given: the one with less to do. */
#include "linear/elimination.h"

/* A dense elimination subtracts n^3 / 3 products, many of them from registers; a sparse one goes through
 * memory and lists for each, and beside that over all its entries. What a product of the latter costs in
 * those of the former was measured by bench_linear. */
static const double sparse_cost = 3;

/* The products of a dense elimination. */
static double dense_products(const og_pattern *p) { return pow(p->n, 3) / 3; }

static int is_full(const og_pattern *p) { return (double)p->count == (double)p->n * p->n; }

static og_status choose(og_elimination *e, og_elimination_kind kind) {
  if (kind == OG_ELIMINATION_KLU) return og_klu_create(e->context, e->pattern, &e->klu);
  if (kind == OG_ELIMINATION_INCOMPLETE)
    return og_symbolic_create_incomplete(e->context, e->pattern, &e->symbolic);
  if (kind == OG_ELIMINATION_DENSE || (kind == OG_ELIMINATION_AUTO && is_full(e->pattern))) return OG_OK;
  double most = kind == OG_ELIMINATION_SPARSE ? INFINITY : dense_products(e->pattern) / sparse_cost;
  OG_TRY(og_symbolic_create(e->context, e->pattern, most, &e->symbolic));
  if (!e->symbolic) return OG_OK;
  double cost = sparse_cost * (e->symbolic->products + 2.0 * e->symbolic->plan.entries);
  if (kind == OG_ELIMINATION_AUTO && cost > dense_products(e->pattern)) {
    og_symbolic_destroy(e->symbolic);
    e->symbolic = NULL;
    return OG_OK;
  }
  e->falls_back = e->pattern->n <= OG_EXCHANGED_MOST;
  return OG_OK;
}

og_status og_elimination_create(og_context *context, const og_pattern *pattern, og_elimination_kind kind,
                                og_elimination **out) {
  og_elimination *e = og_alloc(context, 1, sizeof *e);
  if (!e) return og_fail_memory(context, sizeof *e, "an elimination");
  *e = (og_elimination){.context = context,
                        .pattern = pattern,
                        .dense_d = og_dense_lu_best_d(),
                        .dense_s = og_dense_lu_best_s(),
                        .sparse_d = og_sparse_lu_best_d(),
                        .sparse_s = og_sparse_lu_best_s()};
  og_pattern_keep(pattern);
  og_status status = choose(e, kind);
  if (status != OG_OK) {
    og_elimination_destroy(e);
    return status;
  }
  *out = e;
  return OG_OK;
}

void og_elimination_destroy(og_elimination *elimination) {
  if (!elimination) return;
  og_symbolic_destroy(elimination->symbolic);
  og_klu_destroy(elimination->klu);
  og_pattern_destroy((og_pattern *)elimination->pattern);
  og_free(elimination->context, elimination);
}

const og_pattern *og_elimination_pattern(const og_elimination *elimination) { return elimination->pattern; }

const char *og_elimination_name(const og_elimination *elimination) {
  if (elimination->klu) return "klu";
  if (!elimination->symbolic) return "dense";
  if (elimination->symbolic->incomplete) return "incomplete";
  return elimination->symbolic->is_band ? "band" : "sparse";
}

size_t og_elimination_entries(const og_elimination *elimination) {
  if (elimination->klu) return og_klu_entries(elimination->klu);
  if (elimination->symbolic) return (size_t)elimination->symbolic->plan.entries;
  return (size_t)elimination->pattern->n * (size_t)elimination->pattern->n;
}

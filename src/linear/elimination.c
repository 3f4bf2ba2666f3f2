/* Which elimination a pattern is given. */
#include "linear/elimination.h"

og_status og_elimination_create(og_context *context, const og_pattern *pattern, og_elimination_kind kind,
                                og_elimination **out) {
  (void)kind;
  og_elimination *e = og_alloc(context, 1, sizeof *e);
  if (!e) return og_fail_memory(context, sizeof *e, "an elimination");
  *e = (og_elimination){context, pattern, og_dense_lu_best_d(), og_dense_lu_best_s()};
  og_pattern_keep(pattern);
  *out = e;
  return OG_OK;
}

void og_elimination_destroy(og_elimination *elimination) {
  if (!elimination) return;
  og_pattern_destroy((og_pattern *)elimination->pattern);
  og_free(elimination->context, elimination);
}

const og_pattern *og_elimination_pattern(const og_elimination *elimination) { return elimination->pattern; }

const char *og_elimination_name(const og_elimination *elimination) {
  (void)elimination;
  return "dense";
}

size_t og_elimination_entries(const og_elimination *elimination) {
  return (size_t)elimination->pattern->n * (size_t)elimination->pattern->n;
}

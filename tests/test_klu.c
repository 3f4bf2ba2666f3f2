/* Elimination by KLU: solutions against Gaussian elimination in long double, also where the diagonal is no
 * pivot; lanes by themselves; lanes that are singular. In builds without KLU: that it is told. */
#include "linear_reference.h"

static int has_klu(og_context *context) {
  og_pattern *p;
  og_elimination *e = NULL;
  assert_int_equal(og_pattern_create_band(context, 3, 1, 1, &p), OG_OK);
  og_status status = og_elimination_create(context, p, OG_ELIMINATION_KLU, &e);
  if (status != OG_OK) {
    assert_int_equal(status, OG_ERR_UNSUPPORTED);
    assert_non_null(strstr(og_context_message(context), "libsuitesparse-dev"));
  }
  og_elimination_destroy(e);
  og_pattern_destroy(p);
  return status == OG_OK;
}

/* Entries as make_normal has them, and nothing on the diagonal of every third row that has another entry in
 * the column beside it. */
static void make_without_diagonal(const og_pattern *p, uint64_t seed, double *w, double *b) {
  make_normal(p, seed, w, b);
  for (int i = 0; i < p->n; i += 3) w[p->diagonal[i]] = 0;
}

static og_elimination *klu(og_context *context, const og_pattern *p) {
  og_elimination *e;
  assert_int_equal(og_elimination_create(context, p, OG_ELIMINATION_KLU, &e), OG_OK);
  assert_string_equal(og_elimination_name(e), "klu");
  return e;
}

static void solutions(void **state) {
  (void)state;
  og_context *context = new_context();
  if (!has_klu(context)) {
    og_context_destroy(context);
    skip();
  }
  static const int sizes[][2] = {{1, 0}, {5, 8}, {30, 90}, {64, 200}, {100, 500}};
  for (int k = 0; k < 5; k++) {
    og_pattern *p = random_pattern(context, (uint64_t)k + 1, sizes[k][0], sizes[k][1]);
    og_elimination *e = klu(context, p);
    check_solutions(e, make_normal);
    check_solutions(e, make_chemistry);
    lanes_are_alone_d(e, make_normal), lanes_are_alone_s(e, make_normal);
    og_elimination_destroy(e);
    og_pattern_destroy(p);
  }
  og_pattern *full;
  assert_int_equal(og_pattern_create_dense(context, 12, &full), OG_OK);
  og_elimination *e = klu(context, full);
  check_solutions(e, make_without_diagonal);
  bad_lanes_are_told_d(e, make_normal), bad_lanes_are_told_s(e, make_normal);
  og_elimination_destroy(e);
  og_pattern_destroy(full);
  og_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(solutions)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

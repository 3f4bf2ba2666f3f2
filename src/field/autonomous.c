/* Fields whose caller says that the right-hand side does not read the time. The promise is held against two
 * values, for a false one would make derivatives wrong in silence. */
#include <string.h>

#include "field/callback.h"

og_status og_check_autonomous(const og_field *field, const double *t, const double *x, const double *theta) {
  const og_callback_field *callback = og_callback_of(field);
  if (!callback || !callback->autonomous || field->inputs) return OG_OK;
  size_t n = field->n;
  double *f = og_alloc(field->context, 3 * n, sizeof *f);
  if (!f) return og_fail_memory(field->context, 3 * n * sizeof *f, "values of a right-hand side");
  memcpy(f + 2 * n, x, og_field_states(field) * sizeof *x);
  /* Where f has no value the solve says so. */
  int failed = og_callback_eval_at(callback, t[0], f + 2 * n, theta, f) ||
               og_callback_eval_at(callback, t[1], f + 2 * n, theta, f + n);
  size_t i = failed ? n : 0;
  while (i < n && (f[i] == f[n + i] || f[i] != f[i])) i++;
  double values[] = {i < n ? f[i] : 0, i < n ? f[n + i] : 0};
  og_free(field->context, f);
  if (i == n) return OG_OK;
  return og_fail(
      field->context, OG_ERR_ARGUMENT,
      "og_field_set_autonomous says that the right-hand side does not depend on t, but at the same "
      "state its row %zu is %.17g at t = %g and %.17g at t = %g",
      i, values[0], t[0], values[1], t[1]);
}

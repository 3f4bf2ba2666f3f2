/* What is asked of a solve and of the caller's arrays before a derivative. */
#include "adjoint/adjoint.h"

og_status og_check_kept(const og_solve *solve) {
  if (solve->state == OG_SOLVE_DONE) return OG_OK;
  return og_fail(
      solve->context, OG_ERR_STATE,
      solve->state == OG_SOLVE_NEW ? "a derivative needs a solve first: call og_solve_run"
      : solve->state == OG_SOLVE_TORN
          ? "a derivative needs a solve, and the replay of this one failed: call "
            "og_solve_run, or og_solve_replay with other settings"
          : "settings were changed after the solve, so its derivative would be of something else: call "
            "og_solve_run or og_solve_replay first");
}

og_status og_check_flag(const og_solve *solve, unsigned flag, const char *product, const char *setter) {
  if (solve->source->flags & flag) return OG_OK;
  return og_fail(
      solve->context, OG_ERR_UNSUPPORTED,
      "this derivative needs the field's %s, which was not given (with a "
      "running cost, its gradient too): call %s, or og_field_use_finite_differences to have it approximated",
      product, setter);
}

og_status og_check_seeds(const og_solve *solve, const char *what, const double *bar, size_t count) {
  return og_check_finite(solve, what, bar, count, "a cotangent must be finite (is the loss finite there?)");
}

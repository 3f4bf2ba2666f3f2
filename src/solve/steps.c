/* A solve's recorded steps, given to another solve to be replayed. */
#include "solve/memory/checkpoints.h"

og_status og_solve_fraction(const og_solve *solve, size_t trajectory, size_t step, double *fraction) {
  const og_checkpoints *c = solve->checkpoints;
  if (!c) {
    *fraction =
        *(const double *)og_step_record_entry(&solve->trajectories[trajectory].record, step, solve->stride);
    return OG_OK;
  }
  if (!c->kept[trajectory].all)
    return og_fail(
        solve->context, OG_ERR_UNSUPPORTED,
        "the places of all steps are needed, and under the memory budget only some were kept: raise "
        "memory, or give memory = 0");
  if (og_store_read(c->store, trajectory, step, sizeof *fraction, fraction) == OG_OK) return OG_OK;
  return og_store_report(c->store);
}

static og_status copy_fractions(og_solve *solve, size_t to, const og_solve *from, size_t m) {
  og_trajectory *at = &solve->trajectories[to];
  size_t steps = from->trajectories[m].steps;
  for (size_t k = 0; k < steps; k++) {
    size_t growth = og_pages_growth(&at->record.pages, k, solve->stride, steps);
    size_t kept = growth ? atomic_fetch_add(&solve->kept, growth) + growth : 0;
    if (solve->limits.budget && kept > solve->limits.budget)
      return og_fail(solve->context, OG_ERR_BUDGET,
                     "following the recorded steps takes more than the memory budget of %zu bytes",
                     solve->limits.budget);
    if (growth && og_pages_grow(solve->context, &at->record.pages, solve->stride, steps) != OG_OK)
      return og_fail_memory(solve->context, growth, "the steps to follow");
    OG_TRY(og_solve_fraction(from, m, k, og_step_record_entry(&at->record, k, solve->stride)));
  }
  at->record.steps = at->steps = steps;
  return OG_OK;
}

/* The segments of a solve without events. */
static og_status copy_path(og_solve *solve, og_trajectory *to, const og_trajectory *from) {
  og_path_begin(solve->context, &to->path, from->path.segments[0]);
  for (size_t s = 1; s < from->path.count; s++)
    if (og_path_add(solve->context, &to->path, from->path.segments[s]) != OG_OK)
      return og_fail_memory(solve->context, from->path.count * sizeof(og_segment), "the segments to follow");
  to->run_breaks = from->run_breaks;
  return OG_OK;
}

og_status og_solve_take_steps(og_solve *solve, const og_solve *from) {
  OG_TRY(og_solve_start(solve));
  for (size_t m = 0; m < solve->count; m++) {
    const og_trajectory *source = &from->trajectories[m % from->count];
    OG_TRY(copy_fractions(solve, m, from, m % from->count));
    OG_TRY(copy_path(solve, &solve->trajectories[m], source));
  }
  solve->keep = OG_KEEP_STEPS;
  solve->state = OG_SOLVE_CHANGED;
  return OG_OK;
}

/* A solve's recorded steps, given to another solve to be replayed. */
#include "solve/solve.h"

static og_status copy_fractions(og_solve *solve, og_trajectory *to, const og_record *from, size_t stride) {
  for (size_t k = 0; k < from->steps; k++) {
    size_t growth = og_pages_growth(&to->record.pages, k, solve->stride, from->steps);
    size_t kept = growth ? atomic_fetch_add(&solve->kept, growth) + growth : 0;
    if (solve->limits.budget && kept > solve->limits.budget)
      return og_fail(solve->context, OG_ERR_BUDGET,
                     "following the recorded steps takes more than the memory budget of %zu bytes",
                     solve->limits.budget);
    if (growth && og_pages_grow(solve->context, &to->record.pages, solve->stride, from->steps) != OG_OK)
      return og_fail_memory(solve->context, growth, "the steps to follow");
    *(double *)og_record_entry(&to->record, k, solve->stride) =
        *(const double *)og_record_entry(from, k, stride);
  }
  to->record.steps = to->steps = from->steps;
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
    OG_TRY(copy_fractions(solve, &solve->trajectories[m], &source->record, from->stride));
    OG_TRY(copy_path(solve, &solve->trajectories[m], source));
  }
  solve->state = OG_SOLVE_CHANGED;
  return OG_OK;
}

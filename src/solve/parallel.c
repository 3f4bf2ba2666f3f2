/* Trajectories are shared out among threads, and gone through in lanes. */
#include <limits.h>
#include <omp.h>

#include "base/tree_sum.h"
#include "step/step.h"
#include "solve/memory/checkpoints.h"

int og_solve_threads(const og_solve *solve) {
  long long threads = og_options_integer(solve->options, OG_OPT_THREADS);
  return threads ? (int)threads : (int)og_context_threads(solve->context);
}

/* A step with the factors of its matrices; the widest block whose step is not larger than that is as fast as
 * any, as its matrices are larger than caches. What sums over lanes have of a block's width is the same with
 * any budget. */
static const size_t STEP_BYTES_MOST = (size_t)1 << 30;

static size_t lanes_that_fit(const og_solve *solve, size_t lanes) {
  const og_stepper *stepper = &solve->stepper;
  const struct og_step_ops_d *ops = stepper->ops_d;
  if (!stepper->implicit || solve->weights) return lanes;
  while (lanes > 1 && ops->bytes(stepper, solve->field, (int)lanes, OG_STEP_DERIVATIVE) > STEP_BYTES_MOST)
    lanes = lanes > OG_LANE_STEP ? OG_LANE_STEP : 1;
  return lanes;
}

/* Blocks are as wide as there is work for; a few items go one at a time, which costs less than idle lanes.
 * The entries of a block are counted by an int. */
int og_lanes_for(const og_solve *solve, size_t items) {
  size_t rows = solve->n > solve->p ? solve->n : solve->p, most = INT_MAX / (rows + 1);
  if (items < 4 || most < OG_LANE_STEP) return 1;
  size_t lanes = items >= OG_LANES_MAX ? OG_LANES_MAX : OG_PADDED(items);
  return (int)lanes_that_fit(solve, lanes > most ? most / OG_LANE_STEP * OG_LANE_STEP : lanes);
}

/* ---- A share ---- */

void og_share_fail(og_share *share, const og_failure *failure) {
  if (og_share_broken(share)) return;
  if (share->status == OG_OK || failure->trajectory < share->failure.trajectory) share->failure = *failure;
  share->status = share->failure.status;
}

void og_loop_over_lanes(const og_lane_worker *worker, og_share *share, void *state) {
  while (!og_share_broken(share) && worker->fill(state)) {
    worker->step(state);
    worker->settle(state);
  }
}

void og_work_in_lanes(const og_lane_worker *worker, og_solve *solve, og_share *share, void *work) {
  void *state = og_alloc(solve->context, 1, worker->size);
  share->status = state ? worker->open(state, solve, share, work) : OG_ERR_MEMORY;
  if (!state) return;
  og_loop_over_lanes(worker, share, state);
  worker->close(state);
  og_free(solve->context, state);
}

/* ---- Shares of all ---- */

static og_status report_budget(const og_solve *solve, int long_list) {
  if (long_list)
    return og_fail(
        solve->context, OG_ERR_BUDGET,
        "the list of events takes more than its share of the memory budget of %zu bytes: raise the budget",
        solve->limits.budget);
  return og_fail(solve->context, OG_ERR_BUDGET,
                 "keeping the states of every step takes more than the memory budget of %zu bytes: raise the "
                 "budget, or let some be computed again (schedule = auto)",
                 solve->limits.budget);
}

static og_status report(const og_solve *solve, const og_share *share) {
  if (share->status == OG_ERR_MEMORY)
    return og_fail(solve->context, OG_ERR_MEMORY, "out of memory in a solve of %zu trajectories",
                   solve->count);
  if (share->status == OG_ERR_FILE) return og_store_report(solve->checkpoints->store);
  if (share->status == OG_ERR_BUDGET) return report_budget(solve, share->long_list);
  return og_report_failure(solve, &share->failure);
}

/* What was computed on the way is no longer of one run. */
static og_status interrupted(og_solve *solve) {
  solve->state = OG_SOLVE_NEW;
  return og_fail(solve->context, OG_ERR_INTERRUPTED, "interrupted in a solve of %zu trajector%s",
                 solve->count, solve->count == 1 ? "y" : "ies");
}

static og_status first_failure(og_solve *solve, const og_share *shares, int count) {
  for (int i = 0; i < count; i++)
    if (shares[i].status == OG_ERR_INTERRUPTED) return interrupted(solve);
  for (int i = 0; i < count; i++) solve->found_stiff |= shares[i].stiff;
  if (solve->found_stiff && !solve->stepper.switches) return OG_ERR_STIFF;
  for (int i = 0; i < count; i++)
    if (shares[i].status != OG_OK) {
      solve->failed = shares[i].failure.trajectory;
      return report(solve, &shares[i]);
    }
  return OG_OK;
}

/* Weights times trajectories that are worth another thread: less is done sooner than threads meet, which
 * takes some microseconds, and a slice of time where other programs have the processors. */
enum { THREAD_WORTH = 1 << 16 };

static int threads_for(const og_solve *solve, size_t items) {
  int threads = og_solve_threads(solve);
  if ((size_t)threads > items) threads = (int)items;
  size_t worth = solve->weights ? solve->count * solve->weights / THREAD_WORTH + 1 : items;
  if ((size_t)threads > worth) threads = (int)worth;
  if (solve->threads_most && threads > solve->threads_most) threads = solve->threads_most;
  return og_threads_there(solve->context, threads);
}

og_status og_in_parallel(og_solve *solve, size_t items, og_worker_fn worker, void *work) {
  int threads = threads_for(solve, items);
  og_share one, *shares = threads == 1 ? &one : og_alloc(solve->context, (size_t)threads, sizeof *shares);
  if (!shares) return og_fail_memory(solve->context, (size_t)threads * sizeof *shares, "threads");
  for (int i = 0; i < threads; i++) {
    size_t begin = items * (size_t)i / (size_t)threads, end = items * (size_t)(i + 1) / (size_t)threads;
    shares[i] = (og_share){.begin = begin,
                           .end = end,
                           .lanes = og_lanes_for(solve, end - begin),
                           .interrupt = og_interrupt_of(solve->context)};
    if (solve->lanes_most && shares[i].lanes > solve->lanes_most) shares[i].lanes = solve->lanes_most;
  }
  if (threads == 1) {
    worker(solve, shares, work);
  } else {
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int i = 0; i < threads; i++) worker(solve, &shares[i], work);
  }
  og_status status = first_failure(solve, shares, threads);
  if (shares != &one) og_free(solve->context, shares);
  return status;
}

static size_t count_blocks(const og_solve *solve) {
  size_t lanes = (size_t)og_lanes_for(solve, solve->count);
  return (solve->count + lanes - 1) / lanes;
}

size_t og_block_sums(const og_solve *solve) {
  return solve->weights ? og_tree_sum_depth(count_blocks(solve)) * solve->weights : 0;
}

og_status og_in_blocks(og_solve *solve, og_worker_fn worker, og_worker_fn collect, void *work) {
  size_t lanes = (size_t)og_lanes_for(solve, solve->count), blocks = count_blocks(solve);
  og_share *shares = og_alloc(solve->context, blocks, sizeof *shares);
  if (!shares) return og_fail_memory(solve->context, blocks * sizeof *shares, "blocks of trajectories");
  for (size_t b = 0; b < blocks; b++) {
    size_t end = (b + 1) * lanes;
    shares[b] = (og_share){.begin = b * lanes,
                           .end = end < solve->count ? end : solve->count,
                           .lanes = (int)lanes,
                           .interrupt = og_interrupt_of(solve->context)};
  }
#pragma omp parallel for num_threads(threads_for(solve, blocks)) schedule(static, 1) ordered
  for (size_t b = 0; b < blocks; b++) {
    worker(solve, &shares[b], work);
#pragma omp ordered
    if (collect) collect(solve, &shares[b], work);
  }
  og_status status = first_failure(solve, shares, (int)blocks);
  og_free(solve->context, shares);
  return status;
}

/* The public face of a solve: settings, running, results. */
#include "step/switching.h"
#include "step/stability.h"
#include "solve/events/without_effect.h"
#include "solve/memory/checkpoints.h"
#include "solve/networks.h"
#include "solve/tolerances.h"

#include <math.h>
#include <string.h>

static og_status allocate_arrays(og_solve *solve) {
  og_context *context = solve->context;
  solve->x0 = og_alloc(context, solve->count, solve->states * sizeof(double));
  solve->x0_given = og_alloc(context, 2 * solve->count, sizeof *solve->x0_given);
  solve->theta = og_alloc(context, solve->parameters + 1, sizeof(double));
  solve->signals = og_alloc(context, solve->count * solve->field->inputs + 1, sizeof *solve->signals);
  solve->trajectories = og_alloc(context, solve->count, sizeof *solve->trajectories);
  solve->final = og_alloc(context, solve->count, solve->n * sizeof(double));
  if (!solve->x0 || !solve->x0_given || !solve->theta || !solve->signals || !solve->trajectories ||
      !solve->final)
    return og_fail_memory(context, solve->count * (solve->n + solve->states) * sizeof(double),
                          "the arrays of a solve");
  solve->theta_given = solve->x0_given + solve->count;
  return OG_OK;
}

/* Checkpoints where there is a limit, or a wish for fewer states than all. */
static int kind_of_keeping(const og_options *o) {
  long long schedule = og_options_integer(o, OG_OPT_SCHEDULE);
  if (og_options_integer(o, OG_OPT_ADJOINT) == OG_ADJOINT_BACKSOLVE) return OG_KEEP_NOTHING;
  int limited = og_options_integer(o, OG_OPT_MEMORY) > 0 || *og_options_text(o, OG_OPT_CHECKPOINT_DIR);
  return limited || schedule == OG_SCHEDULE_EVERY ? OG_KEEP_CHECKPOINTS : OG_KEEP_STEPS;
}

/* What a solve begins with whose method is chosen as it goes: of high order where the tolerance is tight. */
static og_method first_method(const og_options *o) {
  int fixed = og_options_integer(o, OG_OPT_STEPS) > 0;
  return !fixed && og_options_real(o, OG_OPT_RTOL) < 1e-8 ? OG_METHOD_DOP853 : OG_METHOD_TSIT5;
}

void og_limits_of_stepper(og_solve *solve) {
  const og_stepper *one = &solve->stepper;
  const og_stepper *parts[] = {solve->pair ? &solve->pair->part[0] : one,
                               solve->pair ? &solve->pair->part[1] : one};
  for (int k = 0; k < 2; k++) {
    solve->limits.looked_at[k] = og_split_reach(parts[k], fmin(30 * solve->limits.rtol, 0.3));
    solve->limits.reach[k] = og_stability_reach(parts[k]);
  }
}

static og_status read_options(og_solve *solve) {
  const og_options *o = solve->options;
  og_method method = (og_method)og_options_integer(o, OG_OPT_METHOD);
  int implicit = solve->source->flags & OG_FIELD_HAS_MASS; /* explicit steps know x' = f alone */
  if (method == OG_METHOD_AUTO && implicit) method = og_method_with_mass(solve->source);
  solve->automatic = method == OG_METHOD_AUTO;
  if (solve->automatic) method = first_method(o);
  solve->stepper = og_stepper_of(method);
  solve->single = og_options_integer(o, OG_OPT_PRECISION) == OG_PRECISION_SINGLE;
  solve->keep = kind_of_keeping(o);
  solve->limits = (og_limits){.rtol = og_options_real(o, OG_OPT_RTOL),
                              .atol = og_options_real(o, OG_OPT_ATOL),
                              .min_step = og_options_real(o, OG_OPT_MIN_STEP),
                              .max_step = og_options_real(o, OG_OPT_MAX_STEP),
                              .steady = og_options_real(o, OG_OPT_STEADY),
                              .event_samples = (int)og_options_integer(o, OG_OPT_EVENT_SAMPLES),
                              .max_events = (size_t)og_options_integer(o, OG_OPT_MAX_EVENTS),
                              .max_steps = (size_t)og_options_integer(o, OG_OPT_MAX_STEPS),
                              .budget = (size_t)og_options_integer(o, OG_OPT_MEMORY)};
  og_limits_of_stepper(solve);
  solve->stride = og_step_record_stride(solve->n, solve->single ? sizeof(float) : sizeof(double));
  if (og_options_integer(o, OG_OPT_STEPS) == 0 && solve->stepper.errors == 0)
    return og_fail(solve->context, OG_ERR_ARGUMENT,
                   "method %s has no error estimate and takes fixed steps only: give "
                   "a number of steps, or choose an adaptive method such as tsit5",
                   solve->stepper.name);
  if (og_options_integer(o, OG_OPT_STEPS) == 0 &&
      og_options_integer(o, OG_OPT_SCHEDULE) == OG_SCHEDULE_BINOMIAL)
    return og_fail(solve->context, OG_ERR_ARGUMENT,
                   "schedule = binomial needs a number of steps that is known: give steps, or use schedule = "
                   "online, which is made for adaptive steps");
  return og_check_steps(solve);
}

static og_status set_up(og_solve *solve, const og_options *options) {
  OG_TRY(og_options_copy(solve->context, options, &solve->options));
  OG_TRY(read_options(solve));
  OG_TRY(og_stepper_prepare(solve->context, &solve->stepper, solve->source));
  if (solve->stepper.implicit) OG_TRY(og_algebraic_create(solve->context, solve->source, &solve->algebraic));
  OG_TRY(allocate_arrays(solve));
  for (size_t m = 0; m < solve->count; m++) {
    solve->trajectories[m].t1 = 1;
    solve->trajectories[m].fixed_steps = (size_t)og_options_integer(solve->options, OG_OPT_STEPS);
    solve->trajectories[m].first_step = og_options_real(solve->options, OG_OPT_FIRST_STEP);
  }
  return OG_OK;
}

og_status og_solve_make(og_context *context, const og_field *field, const og_options *options,
                        size_t trajectories, og_solve **out) {
  if (!field) return og_fail(context, OG_ERR_ARGUMENT, "a solve needs a field: field is NULL");
  if (trajectories == 0) return og_fail(context, OG_ERR_ARGUMENT, "a solve needs at least one trajectory");
  og_solve *solve = og_alloc(context, 1, sizeof *solve);
  if (!solve) return og_fail_memory(context, sizeof *solve, "a solve");
  solve->context = context;
  solve->field = solve->source = field;
  og_field_keep(field);
  solve->count = trajectories;
  solve->n = solve->controlled = field->n;
  solve->states = og_field_states(field);
  solve->p = field->p;
  solve->parameters = solve->laned = og_field_parameters(field);
  solve->theta_shared = 1;
  solve->told = &solve->own_told;
  og_status status = set_up(solve, options);
  if (status != OG_OK) {
    og_solve_destroy(solve);
    return status;
  }
  *out = solve;
  return OG_OK;
}

static og_status watch_sizes(og_solve *solve) {
  solve->largest = og_alloc(solve->context, solve->n, sizeof *solve->largest);
  return solve->largest
             ? OG_OK
             : og_fail_memory(solve->context, solve->n * sizeof *solve->largest, "sizes of states");
}

og_status og_solve_open(og_context *context, const og_field *field, const og_options *options,
                        size_t trajectories, og_derivative_bytes_fn derivative_bytes, og_solve **out) {
  OG_TRY(og_solve_make(context, field, options, trajectories, out));
  (*out)->derivative_bytes = derivative_bytes;
  og_status status = og_atols_read(*out);
  if (status == OG_OK) status = watch_sizes(*out);
  if (status == OG_OK) return OG_OK;
  og_solve_destroy(*out);
  *out = NULL;
  return status;
}

void og_solve_destroy(og_solve *solve) {
  if (!solve) return;
  og_context *context = solve->context;
  og_checkpoints_free(solve);
  og_tapes_free(solve);
  og_step_tapes_free(solve);
  for (size_t m = 0; solve->trajectories && m < solve->count; m++) {
    og_trajectory *at = &solve->trajectories[m];
    og_pages_free(context, &at->record.pages);
    og_path_free(context, &at->path);
    og_pacing_free(context, &at->pacing);
    og_switches_free(context, &at->switches);
    void *parts[] = {at->times, at->name, at->breaks, at->event_bars, at->event_dots};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) og_free(context, parts[i]);
  }
  og_signals_free(solve);
  void *owned[] = {solve->x0,    solve->x0_given, solve->theta, solve->trajectories,
                   solve->final, solve->observed, solve->sizes, (void *)solve->largest};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) og_free(context, owned[i]);
  og_atols_free(solve);
  og_norm_free(solve);
  og_options_destroy(solve->options);
  og_stepper_release(&solve->stepper);
  og_algebraic_destroy(solve->algebraic);
  if (solve->pair) og_stepper_release(&solve->pair->part[1]);
  og_free(context, solve->pair);
  og_field_destroy(solve->bound);
  og_field_destroy((og_field *)solve->source);
  og_free(context, solve);
}

og_status og_solve_range(og_solve *solve, size_t trajectory, size_t *begin, size_t *end) {
  if (trajectory != OG_ALL && trajectory >= solve->count)
    return og_fail(solve->context, OG_ERR_ARGUMENT, "trajectory %zu of a solve of %zu (they count from 0)",
                   trajectory, solve->count);
  *begin = trajectory == OG_ALL ? 0 : trajectory;
  *end = trajectory == OG_ALL ? solve->count : trajectory + 1;
  return OG_OK;
}

void og_solve_touch(og_solve *solve) {
  if (solve->state == OG_SOLVE_DONE) solve->state = OG_SOLVE_CHANGED;
}

static void forget_pacings(og_solve *solve) {
  if (solve->keeps_pacings) return;
  for (size_t m = 0; m < solve->count; m++) og_pacing_free(solve->context, &solve->trajectories[m].pacing);
  solve->paced = solve->replayed = solve->tangents_trusted = 0;
}

/* Backsolve compares its way back with them. */
static og_status make_sizes(og_solve *solve) {
  if (solve->sizes || solve->role ||
      og_options_integer(solve->options, OG_OPT_ADJOINT) != OG_ADJOINT_BACKSOLVE)
    return OG_OK;
  solve->sizes = og_alloc(solve->context, solve->count, solve->n * sizeof(double));
  return solve->sizes ? OG_OK
                      : og_fail_memory(solve->context, solve->count * solve->n * sizeof(double),
                                       "the sizes of a solution");
}

static og_status integrate_all(og_solve *solve) {
  OG_TRY(og_solve_start(solve));
  OG_TRY(make_sizes(solve));
  if (solve->keep == OG_KEEP_CHECKPOINTS) OG_TRY(og_checkpoints_prepare(solve));
  for (int i = 0; i < OG_STAT_COUNT; i++) atomic_store(&solve->stats[i], 0);
  og_tapes_prepare(solve);
  og_step_tapes_prepare(solve);
  solve->looked = og_coarse_begin(solve);
  solve->noting_sizes = og_faint_begin(solve);
  int mode = OG_INTEGRATE_SOLVE;
  og_worker_fn worker = solve->single ? og_integrate_s : og_integrate_d;
  return solve->tapes.memory ? og_in_blocks(solve, worker, NULL, &mode)
                             : og_in_parallel(solve, solve->count, worker, &mode);
}

og_status og_solve_run(og_solve *solve) {
  OG_OBJECT(solve);
  solve->state = OG_SOLVE_NEW;
  og_events_forget(solve);
  forget_pacings(solve);
  solve->found_stiff = 0;
  og_status status = integrate_all(solve);
  if (solve->found_stiff) {
    OG_TRY(og_solve_take_pair(solve));
    og_events_forget(solve);
    status = integrate_all(solve);
  }
  if (status != OG_OK) return status;
  if (solve->keep == OG_KEEP_STEPS)
    atomic_store(&solve->stats[OG_STAT_CHECKPOINT_BYTES],
                 (long long)(atomic_load(&solve->kept) + solve->tapes.blocks * solve->tapes.block_bytes));
  if (solve->keep == OG_KEEP_CHECKPOINTS) og_checkpoints_tell(solve);
  og_coarse_tell(solve);
  if (solve->noting_sizes) solve->told->faint = solve->told->loose || og_faint_tell(solve);
  OG_TRY(og_without_effect_tell(solve));
  solve->state = OG_SOLVE_DONE;
  return OG_OK;
}

size_t og_implicit_steps(const og_solve *solve, const og_trajectory *at) {
  if (solve->stepper.switches) return og_switches_count(&at->switches, at->steps);
  return solve->stepper.implicit ? at->steps : 0;
}

og_status og_solve_rerun(og_solve *solve) {
  int mode = OG_INTEGRATE_SOLVE;
  for (size_t i = 0; i < og_items_of(solve); i++) {
    const og_trajectory *at = &solve->trajectories[og_item(solve, i)];
    og_count(solve, OG_STAT_STEPS, -(long long)at->steps);
    og_count(solve, OG_STAT_REJECTED, -(long long)at->rejected);
    og_count(solve, OG_STAT_IMPLICIT_STEPS, -(long long)og_implicit_steps(solve, at));
    if (solve->keep == OG_KEEP_CHECKPOINTS) og_checkpoints_restart(solve, og_item(solve, i));
  }
  og_status status =
      og_in_parallel(solve, og_items_of(solve), solve->single ? og_integrate_s : og_integrate_d, &mode);
  if (solve->keep == OG_KEEP_STEPS)
    atomic_store(&solve->stats[OG_STAT_CHECKPOINT_BYTES], (long long)atomic_load(&solve->kept));
  return status;
}

/* Recorded steps fit the segments they were taken in. */
static og_status check_breaks(const og_solve *solve) {
  for (size_t m = 0; m < solve->count; m++)
    if (solve->trajectories[m].break_count != solve->trajectories[m].run_breaks)
      return og_fail(solve->context, OG_ERR_STATE,
                     "trajectory %zu: the span now holds %zu breakpoints, and %zu when its steps were "
                     "recorded, so they cannot be replayed: call og_solve_run",
                     m, solve->trajectories[m].break_count, solve->trajectories[m].run_breaks);
  return OG_OK;
}

/* Equal steps need no record, unless events are between them. */
static og_status prepare_replay(og_solve *solve) {
  if (solve->keep != OG_KEEP_CHECKPOINTS || og_checkpoints_all(solve)) return OG_OK;
  if (og_known_steps(solve, 0)) return og_checkpoints_prepare(solve);
  for (size_t m = 0; m < solve->count; m++) OG_TRY(og_solve_fraction(solve, m, 0, &(double){0}));
  return OG_OK;
}

og_status og_solve_replay(og_solve *solve) {
  OG_OBJECT(solve);
  if (solve->state == OG_SOLVE_NEW) return og_fail_not_run(solve, "the step sequence to replay is");
  if (!solve->keep)
    return og_fail(solve->context, OG_ERR_UNSUPPORTED,
                   "with adjoint = backsolve the steps are not kept, so there is "
                   "nothing to replay; use adjoint = discrete or forward");
  OG_TRY(og_solve_check(solve));
  OG_TRY(check_breaks(solve));
  OG_TRY(prepare_replay(solve));
  og_events_forget(solve);
  solve->state = OG_SOLVE_TORN;
  solve->replayed = 1;
  og_tapes_free(solve);
  og_step_tapes_free(solve);
  int mode = OG_INTEGRATE_REPLAY;
  OG_TRY(og_in_parallel(solve, solve->count, solve->single ? og_integrate_s : og_integrate_d, &mode));
  solve->state = OG_SOLVE_DONE;
  return OG_OK;
}

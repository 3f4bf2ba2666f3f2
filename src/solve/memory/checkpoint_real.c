/* Checkpoints of lanes: the state of a lane at the start of its step, saved into a slot and put back. */
#include <string.h>

#include "solve/integrate/integrate.h"
#include "solve/memory/checkpoints.h"

typedef OG_R(og_integration) drive;

static size_t number_of(const drive *d, int lane) {
  return (size_t)(d->trajectory[lane] - d->solve->trajectories);
}

og_status OG_R(og_integrate_save)(drive *d, int lane, uint32_t slot) {
  *(og_checkpoint *)d->entry = (og_checkpoint){d->fraction[lane], d->width[lane], d->previous[lane]};
  real *x = (real *)((og_checkpoint *)d->entry + 1);
  for (int i = 0; i < d->step->n; i++) x[i] = d->x[i * d->lanes + lane];
  return og_store_write(d->solve->checkpoints->store, number_of(d, lane), slot, d->entry);
}

og_status OG_R(og_integrate_restore)(drive *d, int lane, size_t trajectory, uint32_t slot) {
  OG_TRY(og_store_read(d->solve->checkpoints->store, trajectory, slot, og_checkpoint_stride(d->solve),
                       d->entry));
  const og_checkpoint *at = d->entry;
  const real *x = (const real *)(at + 1);
  for (int i = 0; i < d->step->n; i++) d->x[i * d->lanes + lane] = x[i];
  d->fraction[lane] = at->fraction;
  d->width[lane] = at->width;
  d->previous[lane] = at->previous;
  d->most[lane] = OG_GROWTH_MOST; /* as after every accepted step */
  return OG_OK;
}

/* A replay of steps that are all there writes over them; another one places checkpoints anew. */
int OG_R(og_integrate_keep)(drive *d, int lane) {
  og_solve *solve = d->solve;
  size_t m = number_of(d, lane);
  uint32_t slot = (uint32_t)d->index[lane];
  og_status status = OG_OK;
  if (!d->replay || !solve->checkpoints->kept[m].all)
    status = og_checkpoints_offer(solve, m, d->index[lane], &slot);
  if (status == OG_OK && slot != OG_NO_SLOT) status = OG_R(og_integrate_save)(d, lane, slot);
  if (status != OG_OK) d->share->status = status;
  return status == OG_OK;
}

/* The next step's start among steps that are all there. */
double OG_R(og_integrate_kept_end)(drive *d, int lane) {
  const og_trajectory *at = d->trajectory[lane];
  size_t next = d->index[lane] + 1;
  if (next == og_segment_stop(at, d->segment[lane])) return at->path.segments[d->segment[lane]].last;
  double fraction = 1;
  og_status status =
      og_store_read(d->solve->checkpoints->store, number_of(d, lane), next, sizeof fraction, &fraction);
  if (status != OG_OK) d->share->status = status;
  return fraction;
}

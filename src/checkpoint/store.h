/* The checkpoint store: entries of one size in numbered slots, a row of them for each trajectory. The first
 * slots are in memory, allocated in pages as they are first used; those beyond are in a temporary file, which
 * has no name from the moment it is there, so that nothing is left of it however the process ends. It keeps
 * bytes and knows nothing of what they mean.
 *
 * Reading and writing are safe from worker threads, each with trajectories of its own; they set no message
 * but remember the first thing that went wrong, for og_store_report. */
#ifndef OG_STORE_H
#define OG_STORE_H

#include "base/pages.h"

typedef struct og_store og_store;

typedef struct og_store_plan {
  size_t trajectories, stride; /* stride: bytes of an entry */
  size_t memory_slots;         /* of each trajectory in memory, SIZE_MAX: no limit */
  size_t file_slots;           /* of each in the file, SIZE_MAX: no limit; 0: no file */
  const char *directory;       /* of the file */
} og_store_plan;

og_status og_store_open(og_context *context, const og_store_plan *plan, og_store **out);
void og_store_close(og_store *store);
/* OG_ERR_MEMORY or OG_ERR_FILE. Reading may stop after the first `bytes`; a slot that was never written must
 * not be read. */
og_status og_store_write(og_store *store, size_t trajectory, size_t slot, const void *entry);
og_status og_store_read(og_store *store, size_t trajectory, size_t slot, size_t bytes, void *entry);
/* The message for the first failure of the file: what, where, how much, and what to try. */
og_status og_store_report(const og_store *store);
/* Bytes that are now taken in memory (pages and their bookkeeping) and in the file. */
size_t og_store_memory(const og_store *store);
size_t og_store_disk(const og_store *store);
/* What a store of these slots takes in memory at most. */
size_t og_store_bytes(size_t trajectories, size_t memory_slots, size_t stride, int with_file);

#endif

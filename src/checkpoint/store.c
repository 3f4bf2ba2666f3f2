#include "checkpoint/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A trajectory's pages of the file, in the manner of og_pages: where each begins. */
typedef struct extents {
  size_t count;
  off_t offset[OG_PAGES];
} extents;

struct og_store {
  og_context *context;
  og_store_plan plan;
  og_pages *memory; /* [trajectories] */
  extents *file;    /* [trajectories], when there is a file */
  int descriptor;
  atomic_size_t memory_bytes, file_bytes;
  atomic_int failed; /* errno of the first failure, */
  int writing;       /* which was one of writing, */
  size_t done;       /* when the file had this size */
  char directory[];
};

/* ---- Opening and closing ---- */

/* Made and unlinked at once. */
static og_status open_file(og_store *store) {
  static const char name[] = "/odegrad-checkpoints-XXXXXX";
  size_t length = strlen(store->directory);
  char *path = og_alloc(store->context, length + sizeof name, 1);
  if (!path) return og_fail_memory(store->context, length + sizeof name, "the name of a checkpoint file");
  memcpy(path, store->directory, length);
  memcpy(path + length, name, sizeof name);
  store->descriptor = mkstemp(path);
  og_status status = OG_OK;
  if (store->descriptor < 0 || unlink(path) != 0 || fcntl(store->descriptor, F_SETFD, FD_CLOEXEC) != 0)
    status =
        og_fail(store->context, OG_ERR_FILE,
                "cannot make a file for checkpoints in the directory %s: %s; give a directory that can be "
                "written to as checkpoint-dir",
                store->directory, strerror(errno));
  og_free(store->context, path);
  return status;
}

static og_status set_up(og_store *store) {
  size_t count = store->plan.trajectories;
  store->memory = og_alloc(store->context, count, sizeof *store->memory);
  if (store->plan.file_slots) store->file = og_alloc(store->context, count, sizeof *store->file);
  if (!store->memory || (store->plan.file_slots && !store->file))
    return og_fail_memory(store->context, count * (sizeof *store->memory + sizeof *store->file),
                          "the table of checkpoints");
  return store->plan.file_slots ? open_file(store) : OG_OK;
}

og_status og_store_open(og_context *context, const og_store_plan *plan, og_store **out) {
  *out = NULL;
  size_t length = plan->file_slots ? strlen(plan->directory) : 0;
  og_store *store = og_alloc(context, 1, sizeof *store + length + 1);
  if (!store) return og_fail_memory(context, sizeof *store + length + 1, "a checkpoint store");
  store->context = context;
  store->plan = *plan;
  store->descriptor = -1;
  if (length) memcpy(store->directory, plan->directory, length);
  og_status status = set_up(store);
  if (status == OG_OK)
    *out = store;
  else
    og_store_close(store);
  return status;
}

void og_store_close(og_store *store) {
  if (!store) return;
  if (store->descriptor >= 0) close(store->descriptor);
  for (size_t m = 0; store->memory && m < store->plan.trajectories; m++)
    og_pages_free(store->context, &store->memory[m]);
  og_free(store->context, store->memory);
  og_free(store->context, store->file);
  og_free(store->context, store);
}

/* ---- In memory ---- */

static og_status memory_entry(og_store *store, size_t trajectory, size_t slot, void **entry) {
  og_pages *pages = &store->memory[trajectory];
  size_t stride = store->plan.stride, most = store->plan.memory_slots;
  while (slot >= pages->capacity) {
    size_t growth = og_pages_growth(pages, slot, stride, most);
    OG_TRY(og_pages_grow(store->context, pages, stride, most));
    atomic_fetch_add(&store->memory_bytes, growth);
  }
  *entry = og_pages_entry(pages, slot, stride);
  return OG_OK;
}

/* ---- In the file ---- */

static og_status fail_file(og_store *store, int writing, int error) {
  int none = 0;
  if (atomic_compare_exchange_strong(&store->failed, &none, error)) {
    store->writing = writing;
    store->done = atomic_load(&store->file_bytes);
  }
  return OG_ERR_FILE;
}

/* Where slot `slot` (of those in the file) begins; the file is given longer extents as a trajectory needs
 * them. */
static off_t file_offset(og_store *store, size_t trajectory, size_t slot) {
  extents *file = &store->file[trajectory];
  unsigned page = 63u - (unsigned)__builtin_clzll(slot / OG_PAGE_FIRST + 1);
  size_t first = OG_PAGE_FIRST * (((size_t)1 << page) - 1);
  while (file->count <= page) {
    size_t entries = (size_t)OG_PAGE_FIRST << file->count;
    size_t left = store->plan.file_slots - OG_PAGE_FIRST * (((size_t)1 << file->count) - 1);
    size_t bytes = (entries < left ? entries : left) * store->plan.stride;
    file->offset[file->count++] = (off_t)atomic_fetch_add(&store->file_bytes, bytes);
  }
  return file->offset[page] + (off_t)((slot - first) * store->plan.stride);
}

/* All of the entry, however many calls it takes. */
static og_status write_all(og_store *store, off_t offset, const char *entry) {
  for (size_t done = 0; done < store->plan.stride;) {
    ssize_t moved = pwrite(store->descriptor, entry + done, store->plan.stride - done, offset + (off_t)done);
    if (moved < 0 && errno == EINTR) continue;
    if (moved <= 0) return fail_file(store, 1, moved < 0 ? errno : ENOSPC);
    done += (size_t)moved;
  }
  return OG_OK;
}

static og_status read_all(og_store *store, off_t offset, size_t bytes, char *entry) {
  for (size_t done = 0; done < bytes;) {
    ssize_t moved = pread(store->descriptor, entry + done, bytes - done, offset + (off_t)done);
    if (moved < 0 && errno == EINTR) continue;
    if (moved <= 0) return fail_file(store, 0, moved < 0 ? errno : EIO); /* 0: the file ends too early */
    done += (size_t)moved;
  }
  return OG_OK;
}

/* ---- Both ---- */

og_status og_store_write(og_store *store, size_t trajectory, size_t slot, const void *entry) {
  size_t inner = store->plan.memory_slots;
  if (slot >= inner) return write_all(store, file_offset(store, trajectory, slot - inner), entry);
  void *place = NULL;
  OG_TRY(memory_entry(store, trajectory, slot, &place));
  memcpy(place, entry, store->plan.stride);
  return OG_OK;
}

og_status og_store_read(og_store *store, size_t trajectory, size_t slot, size_t bytes, void *entry) {
  size_t inner = store->plan.memory_slots;
  if (slot >= inner) return read_all(store, file_offset(store, trajectory, slot - inner), bytes, entry);
  memcpy(entry, og_pages_entry(&store->memory[trajectory], slot, store->plan.stride), bytes);
  return OG_OK;
}

og_status og_store_report(const og_store *store) {
  int error = atomic_load(&store->failed);
  return og_fail(
      store->context, OG_ERR_FILE,
      "cannot %s checkpoints of %zu bytes each %s a temporary file in %s: %s, at a size of %zu bytes; "
      "%s",
      store->writing ? "write" : "read", store->plan.stride, store->writing ? "to" : "from", store->directory,
      strerror(error), store->done,
      store->writing ? "free space there, give another checkpoint-dir, or give disk, the most bytes "
                       "that the file may have"
                     : "the file was damaged while it was in use");
}

size_t og_store_memory(const og_store *store) {
  size_t table = sizeof(og_pages) + (store->file ? sizeof(extents) : 0);
  return store->plan.trajectories * table + atomic_load(&((og_store *)store)->memory_bytes);
}

size_t og_store_disk(const og_store *store) { return atomic_load(&((og_store *)store)->file_bytes); }

size_t og_store_bytes(size_t trajectories, size_t memory_slots, size_t stride, int with_file) {
  size_t table = sizeof(og_pages) + (with_file ? sizeof(extents) : 0);
  return trajectories * (table + og_pages_bytes(memory_slots, stride));
}

/* The checkpoint store: what is written is read back, from memory, from the file and across the border; the
 * file has no name; a full disk and a damaged file are errors with a message. */
#include "counting.h"

#include <dirent.h>
#include <fcntl.h>
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "checkpoint/store.h"

/* The system may write and read less than it was asked for, or be interrupted by a signal. These stand before
 * the C library's: at most `most` bytes a call (0: as many as asked for), and every third call is
 * interrupted. */
static size_t most;
static long interruptions;
static int nothing; /* no byte is taken or given, and that is no error to the system */

static int is_interrupted(void) {
  static long calls;
  if (!most || ++calls % 3) return 0;
  interruptions++;
  errno = EINTR;
  return 1;
}

static size_t cut(size_t count) { return most && count > most ? most : count; }

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
  if (nothing) return errno = 0;
  return is_interrupted() ? -1 : (ssize_t)syscall(SYS_pwrite64, file, bytes, cut(count), offset);
}

ssize_t pread(int file, void *bytes, size_t count, off_t offset) {
  if (nothing) return errno = 0;
  return is_interrupted() ? -1 : (ssize_t)syscall(SYS_pread64, file, bytes, cut(count), offset);
}

enum { TRAJECTORIES = 3, STRIDE = 40, SLOTS = 200 };

static char directory[] = "/tmp/odegrad-store-XXXXXX";

static int make_directory(void **state) {
  (void)state;
  return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state) {
  (void)state;
  return rmdir(directory); /* fails when anything was left in it */
}

static void fill(char *entry, size_t trajectory, size_t slot, int round) {
  for (size_t i = 0; i < STRIDE; i++)
    entry[i] = (char)((7 * slot + 31 * trajectory + 101 * (size_t)round + 13 * i) & 127);
}

static og_status open_store(og_context *context, size_t memory_slots, size_t file_slots, og_store **store) {
  return og_store_open(context,
                       &(og_store_plan){.trajectories = TRAJECTORIES,
                                        .stride = STRIDE,
                                        .memory_slots = memory_slots,
                                        .file_slots = file_slots,
                                        .directory = directory},
                       store);
}

/* Writes every slot of every trajectory twice and reads all of them. */
static og_status use(og_store *store, size_t slots) {
  char entry[STRIDE], expected[STRIDE];
  for (int round = 0; round < 2; round++)
    for (size_t slot = 0; slot < slots; slot++)
      for (size_t m = 0; m < TRAJECTORIES; m++) {
        fill(entry, m, slot, round);
        OG_TRY(og_store_write(store, m, slot, entry));
      }
  for (size_t m = 0; m < TRAJECTORIES; m++)
    for (size_t slot = slots; slot-- > 0;) {
      fill(expected, m, slot, 1);
      OG_TRY(og_store_read(store, m, slot, STRIDE, entry));
      assert_memory_equal(entry, expected, STRIDE);
    }
  return OG_OK;
}

static size_t entries_in(const char *path) {
  size_t count = 0;
  DIR *listing = opendir(path);
  while (readdir(listing)) count++;
  closedir(listing);
  return count - 2; /* . and .. */
}

static void all_borders(void **state) {
  (void)state;
  static const size_t memory_slots[] = {0, 1, 31, 32, 33, 100, SLOTS, SIZE_MAX};
  for (size_t i = 0; i < sizeof memory_slots / sizeof *memory_slots; i++) {
    og_context *context = new_context();
    og_store *store = NULL;
    size_t in_memory = memory_slots[i], in_file = in_memory >= SLOTS ? 0
                                                  : i % 2            ? SLOTS - in_memory
                                                                     : SIZE_MAX;
    assert_int_equal(open_store(context, in_memory, in_file, &store), OG_OK);
    assert_int_equal(entries_in(directory), 0);
    assert_int_equal(use(store, SLOTS), OG_OK);
    if (in_memory <= SLOTS) /* no more than the slots take */
      assert_true(og_store_memory(store) <= og_store_bytes(TRAJECTORIES, in_memory, STRIDE, in_file > 0));
    if (in_file && in_file <= SLOTS) assert_int_equal(og_store_disk(store), TRAJECTORIES * in_file * STRIDE);
    og_store_close(store);
    og_context_destroy(context);
  }
}

/* Memory is taken as slots are used, not before. */
static void little_for_little(void **state) {
  (void)state;
  og_context *context = new_context();
  og_store *store = NULL;
  char entry[STRIDE] = {0};
  assert_int_equal(open_store(context, 1000000, 0, &store), OG_OK);
  assert_int_equal(og_store_write(store, 1, 0, entry), OG_OK);
  assert_true(og_store_memory(store) <= og_store_bytes(TRAJECTORIES, 0, STRIDE, 0) + OG_PAGE_FIRST * STRIDE);
  og_store_close(store);
  og_context_destroy(context);
}

static void no_directory(void **state) {
  (void)state;
  og_context *context = new_context();
  og_store *store = NULL;
  og_store_plan plan = {.trajectories = 1, .stride = STRIDE, .file_slots = 1, .directory = "/nowhere/at all"};
  assert_int_equal(og_store_open(context, &plan, &store), OG_ERR_FILE);
  assert_null(store);
  assert_contains(og_context_message(context), "/nowhere/at all: No such file or directory");
  og_context_destroy(context);
}

/* The limit on the size of files stands for a full disk. */
static void full_disk(void **state) {
  (void)state;
  og_context *context = new_context();
  og_store *store = NULL;
  struct rlimit before, small;
  assert_int_equal(open_store(context, 10, SIZE_MAX, &store), OG_OK);
  signal(SIGXFSZ, SIG_IGN);
  getrlimit(RLIMIT_FSIZE, &before);
  small = before;
  small.rlim_cur = 4096;
  setrlimit(RLIMIT_FSIZE, &small);
  assert_int_equal(use(store, SLOTS), OG_ERR_FILE);
  setrlimit(RLIMIT_FSIZE, &before);
  assert_int_equal(og_store_report(store), OG_ERR_FILE);
  assert_contains(og_context_message(context), "cannot write checkpoints of 40 bytes");
  assert_contains(og_context_message(context), directory);
  assert_contains(og_context_message(context), "File too large");
  og_store_close(store);
  og_context_destroy(context);
}

/* Entries of 40 bytes in calls of 7 at most: nothing is left out, and nothing is written or read twice. */
static void short_writes_and_reads(void **state) {
  (void)state;
  og_context *context = new_context();
  og_store *store = NULL;
  assert_int_equal(open_store(context, 10, SIZE_MAX, &store), OG_OK);
  most = 7;
  og_status status = use(store, SLOTS);
  most = 0;
  assert_int_equal(status, OG_OK);
  assert_true(interruptions > 1000);
  og_store_close(store);
  og_context_destroy(context);
}

/* Calls that move nothing are not tried for ever. */
static void writes_and_reads_of_nothing(void **state) {
  (void)state;
  for (int reading = 0; reading < 2; reading++) {
    og_context *context = new_context();
    og_store *store = NULL;
    char entry[STRIDE] = {0};
    assert_int_equal(open_store(context, 0, SIZE_MAX, &store), OG_OK);
    if (reading) assert_int_equal(og_store_write(store, 0, 0, entry), OG_OK);
    nothing = 1;
    og_status status =
        reading ? og_store_read(store, 0, 0, STRIDE, entry) : og_store_write(store, 0, 0, entry);
    nothing = 0;
    assert_int_equal(status, OG_ERR_FILE);
    assert_int_equal(og_store_report(store), OG_ERR_FILE);
    assert_contains(og_context_message(context), reading ? "Input/output error" : "No space left on device");
    og_store_close(store);
    og_context_destroy(context);
  }
}

/* The store's file among this process's descriptors. */
static int nameless_file(char path[64]) {
  for (int descriptor = 3; descriptor < 256; descriptor++) {
    char target[256] = "";
    snprintf(path, 64, "/proc/self/fd/%d", descriptor);
    if (readlink(path, target, sizeof target - 1) > 0 && strstr(target, "odegrad-checkpoints")) return 1;
  }
  return 0;
}

static void damaged_file(void **state) {
  (void)state;
  og_context *context = new_context();
  og_store *store = NULL;
  char entry[STRIDE] = {0}, path[64];
  assert_int_equal(open_store(context, 0, SLOTS, &store), OG_OK);
  for (size_t slot = 0; slot < 5; slot++) assert_int_equal(og_store_write(store, 0, slot, entry), OG_OK);
  if (nameless_file(path)) { /* where there is /proc */
    assert_int_equal(truncate(path, 4 * STRIDE + 10), 0);
    assert_int_equal(og_store_read(store, 0, 3, STRIDE, entry), OG_OK);
    assert_int_equal(og_store_read(store, 0, 4, STRIDE, entry), OG_ERR_FILE);
    assert_int_equal(og_store_report(store), OG_ERR_FILE);
    assert_contains(og_context_message(context), "cannot read checkpoints");
  }
  og_store_close(store);
  og_context_destroy(context);
}

static og_status live(og_context *context) {
  og_store *store = NULL;
  OG_TRY(open_store(context, 100, 100, &store));
  og_status status = use(store, SLOTS);
  if (status != OG_OK) og_fail_memory(context, STRIDE, "a page");
  og_store_close(store);
  return status;
}

static void each_allocation(void **state) {
  (void)state;
  fail_each_allocation(live);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_borders),
      cmocka_unit_test(little_for_little),
      cmocka_unit_test(no_directory),
      cmocka_unit_test(full_disk),
      cmocka_unit_test(short_writes_and_reads),
      cmocka_unit_test(writes_and_reads_of_nothing),
      cmocka_unit_test(damaged_file),
      cmocka_unit_test(each_allocation),
  };
  return cmocka_run_group_tests(tests, make_directory, remove_directory);
}

/* Where a path leads that is to be written: what is replaced, added to or written as it stands, by kind and
 * name; and the names of temporary files, those that are taken, and those that ended runs have left. */
#include "counting.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "io/target.h"
#include "io/temporary.h"

static char folder[] = "/tmp/odegrad-target-XXXXXX", here[400];
static og_context *context;

static int enter(void **state) {
  (void)state;
  context = new_context();
  return !getcwd(here, sizeof here) || !mkdtemp(folder) || chdir(folder);
}

static int leave(void **state) {
  (void)state;
  char command[100];
  og_context_destroy(context);
  snprintf(command, sizeof command, "rm -rf %s", folder);
  return chdir(here) || system(command);
}

static int create(const char *name) {
  int descriptor = open(name, O_RDWR | O_CREAT, 0600);
  assert_true(descriptor >= 0);
  return descriptor;
}

static void make(const char *name) { close(create(name)); }

/* ---- Targets ---- */

static void leads(const char *path, og_target_kind kind, const char *to, int descriptor) {
  og_target target;
  errno = 0;
  int wrong = og_target_find(context, path, &target);
  if (wrong) fail_msg("%s: %s", path, strerror(wrong));
  if (target.kind != kind) fail_msg("%s: kind %d and not %d", path, (int)target.kind, (int)kind);
  if (to) assert_string_equal(target.path, to);
  if (kind == OG_TARGET_DESCRIPTOR) assert_int_equal(target.descriptor, descriptor);
  og_target_free(context, &target);
}

static void is_wrong(const char *path, int error) {
  og_target target;
  errno = 0;
  int wrong = og_target_find(context, path, &target);
  if (wrong != error) fail_msg("%s: %s and not %s", path, strerror(wrong), strerror(error));
  og_target_free(context, &target);
}

/* New ones and old ones, here and elsewhere; a folder and a file may be called as those of open files are. */
static void files(void **state) {
  (void)state;
  char whole[100];
  static const char *const names[] = {"f", "./f", "d/f", "d/../f", "fd/7", "fd/x", "7"};
  assert_int_equal(mkdir("d", 0700), 0);
  assert_int_equal(mkdir("fd", 0700), 0);
  for (int old = 0; old < 2; old++)
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
      snprintf(whole, sizeof whole, "%s/%s", folder, names[i]);
      if (old) make(names[i]);
      leads(names[i], OG_TARGET_WHOLE, names[i], 0);
      leads(whole, OG_TARGET_WHOLE, whole, 0);
    }
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) unlink(names[i]);
}

/* A link says what it means from where it stands. */
static void links(void **state) {
  (void)state;
  char whole[100], circle[40], next[40];
  snprintf(whole, sizeof whole, "%s/d/new", folder);
  assert_int_equal(symlink("new", "d/near"), 0);
  assert_int_equal(symlink("../d/near", "d/up"), 0);
  assert_int_equal(symlink(whole, "far"), 0);
  assert_int_equal(symlink("d/up", "two"), 0);
  leads("d/near", OG_TARGET_WHOLE, "d/new", 0);
  leads("d/up", OG_TARGET_WHOLE, "d/../d/new", 0);
  leads("far", OG_TARGET_WHOLE, whole, 0);
  leads("two", OG_TARGET_WHOLE, "d/../d/new", 0);
  make("d/new");
  leads("two", OG_TARGET_WHOLE, "d/../d/new", 0);
  for (int i = 0; i < 38; i++) { /* as many as the kernel follows, and in a circle */
    snprintf(circle, sizeof circle, "link%d", i), snprintf(next, sizeof next, "link%d", i + 1);
    assert_int_equal(symlink(next, circle), 0);
  }
  leads("link0", OG_TARGET_WHOLE, "link38", 0);
  assert_int_equal(symlink("link0", "link38"), 0);
  is_wrong("link0", ELOOP);
  assert_int_equal(symlink("no.folder/f", "lost"), 0);
  is_wrong("lost", ENOENT);
}

static void what_is_no_file(void **state) {
  (void)state;
  static char longer[PATH_MAX + 100];
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
  int made = socket(AF_UNIX, SOCK_STREAM, 0);
  assert_int_equal(bind(made, (struct sockaddr *)&address, sizeof address), 0);
  assert_int_equal(mkfifo("fifo", 0600), 0);
  leads("/dev/null", OG_TARGET_STREAM, "/dev/null", 0);
  leads("fifo", OG_TARGET_STREAM, "fifo", 0);
  is_wrong("socket", ENXIO);
  is_wrong("d", EISDIR);
  is_wrong(".", EISDIR);
  is_wrong("", ENOENT);
  is_wrong("no.folder/f", ENOENT);
  make("f");
  is_wrong("f/g", ENOTDIR);
  memset(longer, 'a', sizeof longer - 1);
  longer[sizeof longer - 3] = '/'; /* a folder that is too long for any path */
  is_wrong(longer, ENAMETOOLONG);
  close(made);
}

/* Files that this process holds open, by all their names; they must be open for writing. */
static void open_files(void **state) {
  (void)state;
  static const char *const names[] = {"/dev/fd/%d", "/proc/self/fd/%d", "/proc/%2$d/fd/%1$d",
                                      "/proc/self/task/%2$d/fd/%1$d"};
  int both = create("held"), reading = open("held", O_RDONLY), writing = open("held", O_WRONLY), pipes[2];
  assert_int_equal(pipe(pipes), 0);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char name[100];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#define NAME(descriptor) (snprintf(name, sizeof name, names[i], descriptor, (int)getpid()), name)
    leads(NAME(both), OG_TARGET_DESCRIPTOR, NULL, both);
    leads(NAME(writing), OG_TARGET_DESCRIPTOR, NULL, writing);
    leads(NAME(pipes[1]), OG_TARGET_DESCRIPTOR, NULL, pipes[1]);
    is_wrong(NAME(reading), EBADF);
    is_wrong(NAME(pipes[0]), EBADF);
    is_wrong(NAME(200), EBADF); /* which is not open */
#pragma GCC diagnostic pop
  }
  static const char *const others[] = {"/proc/self/fd/1x", "/proc/self/fd/4294967297", "/proc/self/fd/x1"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) { /* no numbers of open files */
    og_target target;
    int wrong = og_target_find(context, others[i], &target);
    if (!wrong && target.kind == OG_TARGET_DESCRIPTOR)
      fail_msg("%s is taken for %d", others[i], target.descriptor);
    og_target_free(context, &target);
  }
  close(both), close(reading), close(writing), close(pipes[0]), close(pipes[1]);
}

/* ---- Temporary files ---- */

static void opens(const char *target, const char *expected, int *descriptor) {
  char *name;
  *descriptor = og_temporary_open(context, target, &name);
  assert_true(*descriptor >= 0);
  if (expected) assert_string_equal(name, expected);
  assert_int_equal(unlink(name), 0);
  og_free(context, name);
}

/* What another process could have called a temporary file of this target, and what it could not. */
static void what_is_left_behind(void **state) {
  (void)state;
  static const char *const left[] = {"out.1-0.tmp", "out.123-0.tmp", "out.1-45.tmp", "out.4194304-99.tmp"},
                           *const others[] = {"out",           "out.tmp",       "out.1.tmp",
                                              "out.-1.tmp",    "out.1-.tmp",    "out.1-2.tmpx",
                                              "out.1-2x.tmp",  "out.1x-2.tmp",  "out.x1-2.tmp",
                                              "out1-2.tmp",    "out-1-2.tmp",   "xout.1-2.tmp",
                                              "out.1-2.3.tmp", "out.1-2-3.tmp", "ou.1-2.tmp",
                                              "out.1-2.txt",   "Out.1-2.tmp",   "out.txt.1-2.tmp"};
  int descriptor;
  for (size_t i = 0; i < sizeof left / sizeof *left; i++) make(left[i]);
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) make(others[i]);
  int locked = create("out.77-0.tmp"); /* of a run that is under way */
  assert_int_equal(flock(locked, LOCK_EX), 0);
  opens("out", NULL, &descriptor);
  close(descriptor);
  for (size_t i = 0; i < sizeof left / sizeof *left; i++)
    if (access(left[i], F_OK) == 0) fail_msg("%s is still there", left[i]);
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    if (unlink(others[i]) != 0) fail_msg("%s is gone", others[i]);
  assert_int_equal(unlink("out.77-0.tmp"), 0);
  close(locked);
}

/* The first free one of a hundred, behind as much of the target's name as fits. */
static void names_of_temporary_files(void **state) {
  (void)state;
  enum { MOST = 100 };
  char expected[300], letters[256], *name;
  int descriptor, locked[MOST];
  for (int i = 0; i < MOST; i++) {
    snprintf(expected, sizeof expected, "d/out.%ld-%d.tmp", (long)getpid(), i);
    opens("d/out", expected, &descriptor);
    assert_true(flock(descriptor, LOCK_EX | LOCK_NB) == 0); /* its own lock */
    close(descriptor);
    locked[i] = create(expected);
    assert_int_equal(flock(locked[i], LOCK_EX), 0);
  }
  assert_int_equal(og_temporary_open(context, "d/out", &name), -EEXIST);
  og_free(context, name);
  for (int i = 0; i < MOST; i++) {
    snprintf(expected, sizeof expected, "d/out.%ld-%d.tmp", (long)getpid(), i);
    unlink(expected), close(locked[i]);
  }
  for (int length = 199; length <= 201; length++) {
    memset(letters, 'a', (size_t)length), letters[length] = '\0';
    snprintf(expected, sizeof expected, "%.200s.%ld-0.tmp", letters, (long)getpid());
    opens(letters, expected, &descriptor);
    close(descriptor);
  }
  assert_int_equal(og_temporary_open(context, "no.folder/out", &name), -ENOENT);
  og_free(context, name);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(files),
                                     cmocka_unit_test(links),
                                     cmocka_unit_test(what_is_no_file),
                                     cmocka_unit_test(open_files),
                                     cmocka_unit_test(what_is_left_behind),
                                     cmocka_unit_test(names_of_temporary_files)};
  return cmocka_run_group_tests(tests, enter, leave);
}

/* How files are written: links, permissions, what killed runs left behind, standard streams that are closed.
 */
#include "counting.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64], path[128], other[128];

static int enter(void **state) {
  (void)state;
  snprintf(folder, sizeof folder, "/tmp/odegrad-output-XXXXXX");
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/out", folder);
  snprintf(other, sizeof other, "%s/other", folder);
  return 0;
}

static int leave(void **state) {
  (void)state;
  char name[512];
  DIR *directory = opendir(folder);
  assert_non_null(directory);
  for (struct dirent *entry; (entry = readdir(directory));) {
    snprintf(name, sizeof name, "%s/%s", folder, entry->d_name);
    unlink(name);
  }
  closedir(directory);
  rmdir(folder);
  return 0;
}

static int count_files(void) {
  int count = 0;
  DIR *directory = opendir(folder);
  assert_non_null(directory);
  for (struct dirent *entry; (entry = readdir(directory));) count += entry->d_name[0] != '.';
  closedir(directory);
  return count;
}

static void create(const char *name, mode_t mode) {
  int descriptor = open(name, O_WRONLY | O_CREAT, 0600);
  assert_true(descriptor >= 0);
  assert_int_equal(write(descriptor, "old", 3), 3);
  assert_int_equal(fchmod(descriptor, mode), 0);
  close(descriptor);
}

static void write_new(const char *name) {
  og_context *context = new_context();
  og_output *output;
  assert_int_equal(og_output_open(context, name, &output), OG_OK);
  fputs("new", og_output_file(output));
  assert_int_equal(og_output_close(output, OG_OK), OG_OK);
  og_context_destroy(context);
}

static void holds(const char *name, const char *text) {
  char found[8] = "";
  FILE *file = fopen(name, "r");
  assert_non_null(file);
  found[fread(found, 1, sizeof found - 1, file)] = '\0';
  fclose(file);
  assert_string_equal(found, text);
}

static int mode_of(const char *name) {
  struct stat facts;
  assert_int_equal(lstat(name, &facts), 0);
  return facts.st_mode & (S_IFMT | 0777);
}

static void permissions_are_kept(void **state) {
  (void)state;
  static const mode_t modes[] = {0600, 0640, 0666, 0755};
  mode_t mask = umask(022);
  write_new(path);
  assert_int_equal(mode_of(path), S_IFREG | 0644); /* a new one is as umask says */
  for (size_t i = 0; i < 4; i++) {
    create(path, modes[i]);
    write_new(path);
    holds(path, "new");
    assert_int_equal(mode_of(path), S_IFREG | modes[i]);
  }
  umask(mask);
  assert_int_equal(count_files(), 1);
}

static void links_are_followed(void **state) {
  (void)state;
  create(other, 0600);
  assert_int_equal(symlink("other", path), 0);
  write_new(path);
  assert_true(S_ISLNK(mode_of(path)));
  holds(other, "new");
  assert_int_equal(mode_of(other), S_IFREG | 0600);
  unlink(other); /* now it leads to no file */
  write_new(path);
  assert_true(S_ISLNK(mode_of(path)));
  holds(other, "new");
  unlink(other);
  assert_int_equal(symlink("out", other), 0);
  unlink(path);
  assert_int_equal(symlink("other", path), 0); /* a circle */
  og_context *context = new_context();
  og_output *output;
  assert_int_equal(og_output_open(context, path, &output), OG_ERR_FILE);
  assert_null(output);
  og_context_destroy(context);
}

static void a_failure_leaves_the_old_file(void **state) {
  (void)state;
  og_context *context = new_context();
  og_output *output;
  create(path, 0644);
  assert_int_equal(og_output_open(context, path, &output), OG_OK);
  fputs("new", og_output_file(output));
  assert_int_equal(og_output_close(output, OG_ERR_DATA), OG_ERR_DATA);
  holds(path, "old");
  assert_int_equal(count_files(), 1);
  og_context_destroy(context);
}

/* A child that is killed while it writes leaves its temporary file; the next run takes it away, but neither
 * that of a run that is under way nor files that are called otherwise. */
static void what_killed_runs_left_is_removed(void **state) {
  (void)state;
  og_context *context = new_context();
  og_output *output, *under_way;
  char name[160];
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) {
    if (og_output_open(context, path, &output) != OG_OK) _exit(1);
    raise(SIGKILL);
  }
  assert_int_equal(waitpid(child, NULL, 0), child);
  snprintf(name, sizeof name, "%s/out.7-3.tmp", folder), create(name, 0644); /* of another process */
  assert_int_equal(count_files(), 2);
  static const char *const others[] = {"other.1-0.tmp", "out.1-0.tmp.txt", "out.x-0.tmp", "out.1-.tmp"};
  for (size_t i = 0; i < 4; i++) snprintf(name, sizeof name, "%s/%s", folder, others[i]), create(name, 0644);
  assert_int_equal(og_output_open(context, path, &under_way), OG_OK);
  assert_int_equal(count_files(), 5);
  write_new(path);
  assert_int_equal(count_files(), 6);
  assert_int_equal(og_output_close(under_way, OG_OK), OG_OK);
  assert_int_equal(count_files(), 5);
  og_context_destroy(context);
}

static int write_often(void) {
  og_context *context = new_context();
  for (int i = 0; i < 200; i++) {
    og_output *output;
    if (og_output_open(context, path, &output) != OG_OK) return 1;
    fputs("new", og_output_file(output));
    if (og_output_close(output, OG_OK) != OG_OK) return 2;
  }
  og_context_destroy(context);
  return 0;
}

/* Runs that write one file at a time do not take each other's temporary files for left behind. */
static void runs_at_the_same_time(void **state) {
  (void)state;
  enum { RUNS = 4 };
  pid_t children[RUNS];
  fflush(NULL);
  for (int i = 0; i < RUNS; i++)
    if ((children[i] = fork()) == 0) _exit(write_often());
  for (int i = 0; i < RUNS; i++) {
    int outcome = -1;
    assert_int_equal(waitpid(children[i], &outcome, 0), children[i]);
    assert_int_equal(outcome, 0);
  }
  holds(path, "new");
  assert_int_equal(count_files(), 1);
}

static void long_names(void **state) {
  (void)state;
  char name[512], letters[256];
  memset(letters, 'a', 255), letters[255] = '\0';
  snprintf(name, sizeof name, "%s/%s", folder, letters);
  write_new(name);
  holds(name, "new");
  assert_int_equal(count_files(), 1);
}

/* A temporary name that another writer holds is left to it, and the next one is taken. */
static void names_that_are_taken(void **state) {
  (void)state;
  int held[3];
  for (int i = 0; i < 3; i++) {
    char name[160];
    snprintf(name, sizeof name, "%s/out.%ld-%d.tmp", folder, (long)getpid(), i);
    held[i] = open(name, O_WRONLY | O_CREAT, 0600);
    assert_true(held[i] >= 0 && flock(held[i], LOCK_EX) == 0);
  }
  write_new(path);
  holds(path, "new");
  assert_int_equal(count_files(), 4);
  for (int i = 0; i < 3; i++) close(held[i]);
  write_new(path); /* now they are left behind */
  assert_int_equal(count_files(), 1);
}

/* What can be written by its superuser for another stays the other's. */
static void owners_are_kept(void **state) {
  (void)state;
  struct stat facts;
  create(path, 0640);
  if (geteuid() != 0 || chown(path, 4321, 1234) != 0) skip();
  write_new(path);
  assert_int_equal(stat(path, &facts), 0);
  assert_true(facts.st_uid == 4321 && facts.st_gid == 1234);
  assert_int_equal(mode_of(path), S_IFREG | 0640);
}

static void folders_that_are_not_there(void **state) {
  (void)state;
  og_context *context = new_context();
  og_output *output;
  strcat(path, "/nowhere");
  assert_int_equal(og_output_open(context, path, &output), OG_ERR_FILE);
  assert_contains(og_context_message(context), "/nowhere: No such file or directory");
  assert_null(output);
  og_context_destroy(context);
}

/* The limit on the size of files stands for a full disk, which is met on the way or at the end: the old file
 * stays, and nothing is left behind. */
static void a_disk_that_fills(void **state) {
  (void)state;
  static char block[1 << 16];
  struct rlimit before, small;
  getrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, SIG_IGN);
  for (size_t blocks = 1; blocks <= 4; blocks += 3) {
    og_context *context = new_context();
    og_output *output;
    create(path, 0644);
    small = before, small.rlim_cur = blocks == 1 ? sizeof block / 2 : sizeof block + 100;
    setrlimit(RLIMIT_FSIZE, &small);
    assert_int_equal(og_output_open(context, path, &output), OG_OK);
    for (size_t i = 0; i < blocks; i++) fwrite(block, 1, sizeof block, og_output_file(output));
    og_status status = og_output_close(output, OG_OK);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(status, OG_ERR_FILE);
    assert_contains(og_context_message(context), "cannot write ");
    holds(path, "old");
    assert_int_equal(count_files(), 1);
    unlink(path);
    og_context_destroy(context);
  }
}

/* What was lost on the way is an error although the rest could be written. */
static void an_error_before_the_end(void **state) {
  (void)state;
  og_context *context = new_context();
  og_output *output;
  create(path, 0644);
  assert_int_equal(og_output_open(context, path, &output), OG_OK);
  FILE *file = og_output_file(output);
  fputs("new", file);
  fflush(file);
  int kept = dup(fileno(file)), full = open("/dev/full", O_WRONLY);
  assert_true(kept >= 0 && full >= 0);
  dup2(full, fileno(file));
  fputs("lost", file);
  assert_int_equal(fflush(file), EOF);
  dup2(kept, fileno(file));
  close(kept), close(full);
  fputs("again", file);
  assert_int_equal(og_output_close(output, OG_OK), OG_ERR_FILE);
  holds(path, "old");
  assert_int_equal(count_files(), 1);
  og_context_destroy(context);
}

/* "-" is standard output, which stays open. */
static void standard_output(void **state) {
  (void)state;
  og_context *context = new_context();
  og_output *output;
  assert_int_equal(og_output_open(context, "-", &output), OG_OK);
  assert_ptr_equal(og_output_file(output), stdout);
  assert_int_equal(og_output_close(output, OG_OK), OG_OK);
  assert_true(fcntl(STDOUT_FILENO, F_GETFD) >= 0 && fflush(stdout) == 0);
  assert_int_equal(count_files(), 0);
  og_context_destroy(context);
}

static og_status write_by_link(og_context *context) {
  og_output *output;
  OG_TRY(og_output_open(context, path, &output));
  fputs("new", og_output_file(output));
  return og_output_close(output, OG_OK);
}

/* Where memory is missing nothing is written, left behind or kept. */
static void each_allocation(void **state) {
  (void)state;
  create(other, 0600);
  assert_int_equal(symlink("other", path), 0);
  fail_each_allocation(write_by_link);
  holds(other, "new");
  assert_int_equal(count_files(), 2);
}

/* ---- Open files ---- */

/* What is written to `name` goes behind what the descriptor has got and before what it gets next, into the
 * file it has. */
static void write_between(int descriptor, const char *name) {
  assert_int_equal(write(descriptor, "a", 1), 1);
  write_new(name);
  assert_int_equal(write(descriptor, "z", 1), 1);
}

/* By each of its names, and by links to them. */
static void open_files_are_written_where_they_stand(void **state) {
  (void)state;
  static const char *const folders[] = {"/dev/fd", "/proc/self/fd", "/proc/thread-self/fd"};
  char name[64];
  for (size_t i = 0; i < 6; i++) {
    create(other, 0600);
    int descriptor = open(other, O_WRONLY | O_TRUNC);
    snprintf(name, sizeof name, "%s/%d", folders[i % 3], descriptor);
    if (i >= 3) assert_int_equal(symlink(name, path), 0);
    write_between(descriptor, i >= 3 ? path : name);
    holds(other, "anewz");
    unlink(path), close(descriptor);
    assert_int_equal(count_files(), 1);
  }
}

static void streams_of_this_process(void **state) {
  (void)state;
  static const char *const names[] = {"/dev/stdout", "/dev/stderr"};
  for (int i = 0; i < 2; i++) {
    int number = i == 0 ? STDOUT_FILENO : STDERR_FILENO;
    fflush(NULL);
    int kept = dup(number), file = open(other, O_WRONLY | O_CREAT | O_APPEND, 0600);
    assert_true(kept >= 0 && file >= 0);
    dup2(file, number), close(file);
    fputs("b", i == 0 ? stdout : stderr); /* not yet written */
    write_between(number, names[i]);
    dup2(kept, number), close(kept);
    holds(other, i == 0 ? "abnewz" : "banewz"); /* standard error waits for nothing */
    unlink(other);
  }
}

/* Text that the links of pipes and sockets have is no path. */
static void pipes_and_sockets(void **state) {
  (void)state;
  for (int i = 0; i < 2; i++) {
    int ends[2];
    char name[64], found[8] = "";
    assert_int_equal(i == 0 ? pipe(ends) : socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    snprintf(name, sizeof name, "/dev/fd/%d", ends[1]);
    assert_int_equal(symlink(name, path), 0);
    write_new(path);
    assert_int_equal(read(ends[0], found, sizeof found - 1), 3);
    assert_string_equal(found, "new");
    assert_int_equal(count_files(), 1);
    unlink(path), close(ends[0]), close(ends[1]);
  }
}

/* An open file of another process, with a name and without, is added to. */
static void files_that_others_hold(void **state) {
  (void)state;
  char name[64], found[8] = "";
  create(other, 0600);
  int file = open(other, O_RDWR), ends[2];
  assert_true(file >= 0 && pipe(ends) == 0);
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) {
    close(ends[1]);
    _exit((int)read(ends[0], found, 1));
  }
  snprintf(name, sizeof name, "/proc/%ld/fd/%d", (long)child, file);
  write_new(name);
  holds(other, "oldnew");
  assert_int_equal(unlink(other), 0);
  write_new(name);
  assert_int_equal(pread(file, found, 7, 3), 6);
  assert_string_equal(found, "newnew");
  assert_int_equal(count_files(), 0);
  close(ends[0]), close(ends[1]), close(file);
  assert_int_equal(waitpid(child, NULL, 0), child);
}

/* What cannot be written is told without trying, and trying says the same. */
static void what_cannot_be_written(void **state) {
  (void)state;
  int reading = open("/dev/null", O_RDONLY), listening = socket(AF_UNIX, SOCK_STREAM, 0);
  char number[64];
  snprintf(number, sizeof number, "/dev/fd/%d", reading);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  memcpy(address.sun_path, other, strlen(other) + 1); /* a short one */
  assert_int_equal(bind(listening, (struct sockaddr *)&address, sizeof address), 0);
  assert_int_equal(symlink("nowhere/x", path), 0);
  const struct {
    const char *name, *why;
  } rows[] = {{path, "No such file or directory"},    {folder, "Is a directory"},
              {"", "No such file or directory"},      {number, "Bad file descriptor"},
              {"/dev/fd/987", "Bad file descriptor"}, {other, "No such device or address"},
              {"/dev/null/x", "Not a directory"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    og_context *context = new_context();
    og_output *output;
    int replaces = 7;
    assert_int_equal(og_output_check(context, rows[i].name, &replaces), OG_ERR_FILE);
    assert_contains(og_context_message(context), rows[i].why);
    assert_int_equal(replaces, 0);
    assert_int_equal(og_output_open(context, rows[i].name, &output), OG_ERR_FILE);
    assert_contains(og_context_message(context), rows[i].why);
    og_context_destroy(context);
  }
  assert_int_equal(count_files(), 2);
  close(reading), close(listening);
}

/* Which of them take the place of what is there. */
static void what_is_replaced(void **state) {
  (void)state;
  og_context *context = new_context();
  int replaces;
  assert_int_equal(og_output_check(context, path, &replaces), OG_OK);
  assert_true(replaces && count_files() == 0);
  create(path, 0600);
  assert_int_equal(og_output_check(context, path, &replaces), OG_OK);
  assert_true(replaces);
  holds(path, "old");
  static const char *const direct[] = {"-", "/dev/null", "/dev/stdout"};
  for (int i = 0; i < 3; i++) {
    assert_int_equal(og_output_check(context, direct[i], &replaces), OG_OK);
    assert_false(replaces);
  }
  og_context_destroy(context);
}

/* ---- Folders in which nothing can be made ---- */

/* As a user for whom permissions hold, which they do not for the superuser. */
static void as_user(int (*check)(void)) {
  int outcome = -1;
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) _exit(geteuid() == 0 && setuid(65534) != 0 ? 99 : check());
  assert_int_equal(waitpid(child, &outcome, 0), child);
  assert_true(WIFEXITED(outcome));
  assert_int_equal(WEXITSTATUS(outcome), 0);
}

static int write_and_drop(void) {
  og_context *context = new_context();
  og_output *output;
  int replaces = 0;
  if (og_output_check(context, path, &replaces) != OG_OK || !replaces) return 1;
  if (og_output_check(context, other, NULL) != OG_ERR_FILE) return 2; /* none there */
  if (og_output_open(context, path, &output) != OG_OK) return 3;
  fputs("newer", og_output_file(output));
  if (og_output_close(output, OG_ERR_DATA) != OG_ERR_DATA) return 4;
  og_context_destroy(context);
  return 0;
}

static int write_it(void) { return write_new(path), 0; }

/* An existing file is filled anew, when all of it is there. */
static void files_in_closed_folders(void **state) {
  (void)state;
  create(path, 0666);
  assert_int_equal(chmod(folder, 0555), 0);
  as_user(write_and_drop);
  int dropped = count_files();
  char found[8] = "";
  FILE *file = fopen(path, "r");
  assert_int_equal(fread(found, 1, 7, file), 3);
  fclose(file);
  as_user(write_it);
  chmod(folder, 0700);
  assert_string_equal(found, "old");
  assert_int_equal(dropped, 1);
  holds(path, "new");
  assert_int_equal(count_files(), 1);
}

/* In a folder as /tmp is a file can be made, but not put in the place of another user's. */
static void files_of_others_in_shared_folders(void **state) {
  (void)state;
  create(path, 0666);
  if (geteuid() != 0) skip();
  FILE *file = fopen(path, "w");
  fputs("longer than new", file);
  fclose(file);
  assert_int_equal(chmod(folder, 01777), 0);
  as_user(write_it);
  holds(path, "new");
  assert_int_equal(count_files(), 1);
}

/* ---- The tool without standard streams ---- */

static int run_tool(const char *model, int closed) {
  char tool[1024];
  assert_non_null(realpath(getenv("ODEGRAD_TOOL"), tool));
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) {
    int null = open("/dev/null", O_RDWR);
    dup2(null, 0), dup2(null, 1), dup2(null, 2);
    if (null > 2) close(null);
    for (int number = 0; number < 3; number++)
      if (closed >> number & 1) close(number);
    execl(tool, "odegrad", "solve", model, "--out", path, (char *)NULL);
    _exit(99);
  }
  int outcome = 0;
  assert_int_equal(waitpid(child, &outcome, 0), child);
  assert_true(WIFEXITED(outcome));
  return WEXITSTATUS(outcome);
}

/* The event is told on standard error, not in the file that got its number. */
static void closed_standard_streams(void **state) {
  (void)state;
  if (!getenv("ODEGRAD_TOOL")) skip();
  FILE *file = fopen(other, "w");
  assert_non_null(file);
  fputs("init x = 1\nx' = -x\nevent e when t - 0.5 = 0 rising { x = 2*x }\ntime 0 : 1\n", file);
  assert_int_equal(fclose(file), 0);
  long size = 0;
  for (int closed = 0; closed < 8; closed++) {
    struct stat facts;
    unlink(path);
    run_tool(other, closed);
    assert_int_equal(stat(path, &facts), 0);
    if (closed == 0) size = (long)facts.st_size;
    assert_int_equal(facts.st_size, size);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(permissions_are_kept, enter, leave),
      cmocka_unit_test_setup_teardown(links_are_followed, enter, leave),
      cmocka_unit_test_setup_teardown(a_failure_leaves_the_old_file, enter, leave),
      cmocka_unit_test_setup_teardown(what_killed_runs_left_is_removed, enter, leave),
      cmocka_unit_test_setup_teardown(runs_at_the_same_time, enter, leave),
      cmocka_unit_test_setup_teardown(long_names, enter, leave),
      cmocka_unit_test_setup_teardown(names_that_are_taken, enter, leave),
      cmocka_unit_test_setup_teardown(owners_are_kept, enter, leave),
      cmocka_unit_test_setup_teardown(folders_that_are_not_there, enter, leave),
      cmocka_unit_test_setup_teardown(a_disk_that_fills, enter, leave),
      cmocka_unit_test_setup_teardown(an_error_before_the_end, enter, leave),
      cmocka_unit_test_setup_teardown(standard_output, enter, leave),
      cmocka_unit_test_setup_teardown(each_allocation, enter, leave),
      cmocka_unit_test_setup_teardown(open_files_are_written_where_they_stand, enter, leave),
      cmocka_unit_test_setup_teardown(streams_of_this_process, enter, leave),
      cmocka_unit_test_setup_teardown(pipes_and_sockets, enter, leave),
      cmocka_unit_test_setup_teardown(files_that_others_hold, enter, leave),
      cmocka_unit_test_setup_teardown(what_cannot_be_written, enter, leave),
      cmocka_unit_test_setup_teardown(what_is_replaced, enter, leave),
      cmocka_unit_test_setup_teardown(files_in_closed_folders, enter, leave),
      cmocka_unit_test_setup_teardown(files_of_others_in_shared_folders, enter, leave),
      cmocka_unit_test_setup_teardown(closed_standard_streams, enter, leave)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

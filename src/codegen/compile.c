/* The compiler is run as the shell's `$CC` (cc when it is not set), in a directory of its own
 * that does not outlive the call: what has been loaded needs no file. Its flags are those
 * that keep bits: nothing is fused or reordered; that square roots and comparisons raise no flags changes
 * none. */
#if !defined(_DEFAULT_SOURCE)
#define _DEFAULT_SOURCE 1
#endif
#include "codegen/compile.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kernels/dense.h"

/* ---- A directory to compile in ---- */

/* It does not outlive its use; where a program is killed in the middle, the next one that compiles removes
 * what it left. */
enum { OG_PATH_SIZE = 4096 };

typedef struct build_directory {
  og_context *context;
  int lock; /* the directory's descriptor; -1: it is not there */
  char path[OG_PATH_SIZE], source[OG_PATH_SIZE + 16], object[OG_PATH_SIZE + 16], log[OG_PATH_SIZE + 16];
} build_directory;

/* A directory is locked by who works in it, as temporary files are (src/io/temporary.c): a lock goes with its
 * process, however that ends. */
#define PREFIX "odegrad-compile-"
enum { MARK = 6 /* letters that mkdtemp makes */, ATTEMPTS = 100 };

static int open_directory(int folder, const char *name) {
  return openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Its files, of which compilers make some of their own; there are no directories in it. Takes the descriptor.
 */
static void empty(int directory) {
  DIR *list = fdopendir(directory);
  if (!list) {
    close(directory);
    return;
  }
  for (struct dirent *entry; (entry = readdir(list)) != NULL;)
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
      unlinkat(directory, entry->d_name, 0);
  closedir(list);
}

static void remove_directory(int folder, const char *name) {
  int inside = open_directory(folder, name);
  if (inside < 0) return;
  empty(inside);
  unlinkat(folder, name, AT_REMOVEDIR);
}

/* ---- What was left behind ---- */

static int is_directory(const char *name) {
  return strncmp(name, PREFIX, sizeof PREFIX - 1) == 0 && strlen(name) == sizeof PREFIX - 1 + MARK;
}

/* Another user's is left alone: a name in a folder that all may write to says nothing. */
static void remove_if_left(int folder, const char *name) {
  struct stat facts;
  int descriptor = open_directory(folder, name);
  if (descriptor < 0) return;
  if (fstat(descriptor, &facts) == 0 && facts.st_uid == geteuid() &&
      flock(descriptor, LOCK_EX | LOCK_NB) == 0)
    remove_directory(folder, name);
  close(descriptor);
}

static void remove_left_behind(const char *place) {
  DIR *folder = opendir(place);
  if (!folder) return;
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
    if (is_directory(entry->d_name)) remove_if_left(dirfd(folder), entry->d_name);
  closedir(folder);
}

/* ---- A new one ---- */

/* Another run may have taken it for left behind before it was locked. Where there are no locks, nothing is
 * ever removed either. */
static int is_ours(const build_directory *directory) {
  struct stat here, there;
  if (flock(directory->lock, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return 0;
  return fstat(directory->lock, &here) == 0 && stat(directory->path, &there) == 0 &&
         here.st_ino == there.st_ino && here.st_dev == there.st_dev;
}

/* A directory, locked; 0, with the reason in errno, where there can be none. */
static int make(build_directory *directory, const char *here, const char *place) {
  for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
    int length = snprintf(directory->path, sizeof directory->path, "%s%s/" PREFIX "XXXXXX", here, place);
    if (length >= (int)sizeof directory->path) return errno = ENAMETOOLONG, 0;
    if (!mkdtemp(directory->path)) return 0;
    directory->lock = open_directory(AT_FDCWD, directory->path);
    if (directory->lock < 0) continue;
    if (is_ours(directory)) return 1;
    close(directory->lock);
  }
  return 0;
}

static og_status make_build_directory(build_directory *directory, og_context *context) {
  const char *place = getenv("TMPDIR");
  if (!place || !*place) place = "/tmp";
  const char *here = *place == '-' ? "./" : ""; /* or the compiler would take it for an option */
  directory->context = context;
  directory->lock = -1;
  remove_left_behind(place);
  if (!make(directory, here, place))
    return og_fail(context, OG_ERR_FILE, "cannot make a directory for compiling, %s: %s", directory->path,
                   strerror(errno));
  snprintf(directory->source, sizeof directory->source, "%s/field.c", directory->path);
  snprintf(directory->object, sizeof directory->object, "%s/field.so", directory->path);
  snprintf(directory->log, sizeof directory->log, "%s/compiler.log", directory->path);
  return OG_OK;
}

static void remove_build_directory(build_directory *directory) {
  remove_directory(AT_FDCWD, directory->path);
  close(directory->lock);
}

/* ---- The compiler ---- */

extern char **environ;

enum { LOG_SIZE = 1200, LIFELINE = 3 /* a descriptor of the child: see SCRIPT */ };

static og_status write_source(const build_directory *directory, const og_text *text) {
  FILE *file = fopen(directory->source, "w");
  int good = file && fwrite(text->text, 1, text->length, file) == text->length;
  if (file && fclose(file)) good = 0;
  return good ? OG_OK
              : og_fail(directory->context, OG_ERR_FILE, "cannot write %s: %s", directory->source,
                        strerror(errno));
}

/* What the compiler said, as much as is worth showing. */
static void read_log(const build_directory *directory, char text[LOG_SIZE]) {
  FILE *file = fopen(directory->log, "r");
  size_t length = file ? fread(text, 1, LOG_SIZE - 1, file) : 0;
  if (file) fclose(file);
  while (length && text[length - 1] == '\n') length--;
  text[length] = 0;
}

/* The kernels' multiply-add is one instruction or two; products emitted do as they do. */
static const char *fused_flag(void) { return og_dense_best_d()->fused ? "-DFUSED=1" : "-DFUSED=0"; }

/* A pipe that nobody writes to, and that is closed at this end when the program ends, however it does. */
static int open_pipe(int ends[2]) {
  if (pipe(ends) != 0) return errno;
  int low = ends[0];
  ends[0] = fcntl(low, F_DUPFD_CLOEXEC, LIFELINE + 1); /* not what it becomes in the child */
  int failed = ends[0] < 0 || fcntl(ends[1], F_SETFD, FD_CLOEXEC) != 0 ? errno : 0;
  close(low);
  return failed;
}

/* In a process group of its own, so that the compiler's own children can be ended with it. */
static int spawn_with(int lifeline, char **words, pid_t *child) {
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t actions;
  int failed = posix_spawnattr_init(&attributes);
  if (failed) return failed;
  failed = posix_spawn_file_actions_init(&actions);
  if (!failed) {
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    failed = posix_spawn_file_actions_adddup2(&actions, lifeline, LIFELINE);
    if (!failed) failed = posix_spawn(child, "/bin/sh", &actions, &attributes, words, environ);
    posix_spawn_file_actions_destroy(&actions);
  }
  posix_spawnattr_destroy(&attributes);
  return failed;
}

/* *lifeline is to be closed when the child has ended. */
static og_status spawn(const build_directory *directory, char **words, pid_t *child, int *lifeline) {
  int ends[2] = {-1, -1}, failed = open_pipe(ends);
  if (!failed) failed = spawn_with(ends[0], words, child);
  if (ends[0] >= 0) close(ends[0]);
  if (failed && ends[1] >= 0) close(ends[1]);
  *lifeline = ends[1];
  return failed
             ? og_fail(directory->context, OG_ERR_UNSUPPORTED, "cannot run a compiler: %s", strerror(failed))
             : OG_OK;
}

static og_status end_compiler(const build_directory *directory, pid_t child) {
  kill(-child, SIGKILL);
  while (waitpid(child, NULL, 0) < 0 && errno == EINTR) continue;
  return og_fail(directory->context, OG_ERR_INTERRUPTED, "interrupted while the equations were compiled");
}

/* Looks at the interruption now and then. Where the program ignores SIGCHLD the outcome is lost with the
 * child (ECHILD), and what was made tells. *outcome is as waitpid has it. */
static og_status wait_for(const build_directory *directory, pid_t child, int *outcome) {
  const atomic_int *interrupt = og_interrupt_of(directory->context);
  *outcome = 0;
  for (long pause = 1000000;; pause = pause < 20000000 ? 2 * pause : pause) {
    pid_t ended = waitpid(child, outcome, WNOHANG);
    if (ended == child || (ended < 0 && errno == ECHILD)) return OG_OK;
    if (ended < 0 && errno != EINTR)
      return og_fail(directory->context, OG_ERR_UNSUPPORTED, "cannot wait for the compiler: %s",
                     strerror(errno));
    if (atomic_load(interrupt)) return end_compiler(directory, child);
    nanosleep(&(struct timespec){.tv_nsec = pause}, NULL);
  }
}

/* A watcher ends the compiler and all that it has started when the program is killed, which closes the pipe.
 * The compiler's own temporary files are made in the directory, and go with it. */
#define SCRIPT                                                                                               \
  "{ read -r gone <&3; kill -KILL 0; } & watcher=$!; exec 3<&-; log=$1 TMPDIR=$2; export TMPDIR; shift 2; "  \
  "eval \"${CC:-cc} \\\"\\$@\\\"\" >\"$log\" 2>&1; code=$?; kill -KILL $watcher; exit $code"

/* The shell, what it ran, or, as that says, one of its parts: a driver as gcc outlives the compiler proper.
 */
static int died(int outcome, const char *said) {
  static const char *const words[] = {"signal terminated program", "due to signal",
                                      "PLEASE submit a bug report"};
  int code = WEXITSTATUS(outcome);
  if (WIFSIGNALED(outcome) || (code > 128 && code <= 128 + SIGRTMAX)) return 1;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strstr(said, words[i])) return 1;
  return 0;
}

static og_status fail_compiling(const build_directory *directory, int outcome) {
  char said[LOG_SIZE];
  const char *name = getenv("CC");
  read_log(directory, said);
  int dead = died(outcome, said);
  return og_fail(directory->context, OG_ERR_UNSUPPORTED,
                 "the C compiler '%s' %s%s%s\n%s, or do without compiling: the results are the same",
                 name && *name ? name : "cc",
                 dead ? "was ended by a signal while it compiled the equations"
                      : "did not compile the equations",
                 *said          ? "; it says:\n"
                 : outcome == 0 ? "; its output was not made"
                                : "",
                 said,
                 dead ? "it may need a larger stack (ulimit -s 8192) or more memory: give it these"
                      : "set the environment variable CC to a working C compiler (gcc or clang)");
}

static og_status run_compiler(const build_directory *directory, int single) {
  char *words[] = {
    "sh",
    "-c",
    SCRIPT,
    "sh",
    (char *)directory->log,
    (char *)directory->path,
    single ? "-DREAL=float" : "-DREAL=double",
    (char *)fused_flag(),
    "-O3",
    "-std=gnu11",
    "-w",
#if defined(__x86_64__)
    "-march=native",
    "-mprefer-vector-width=512",
#endif
    "-ffp-contract=off",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fPIC",
    "-shared",
    "-o",
    (char *)directory->object,
    (char *)directory->source,
    NULL
  };
  int outcome = 0, lifeline;
  pid_t child;
  OG_TRY(spawn(directory, words, &child, &lifeline));
  og_status status = wait_for(directory, child, &outcome);
  close(lifeline);
  if (status != OG_OK) return status;
  int made = access(directory->object, R_OK) == 0;
  return outcome == 0 && made ? OG_OK : fail_compiling(directory, outcome);
}

static og_status load(const build_directory *directory, void **library) {
  *library = dlopen(directory->object, RTLD_NOW | RTLD_LOCAL);
  if (*library) return OG_OK;
  return og_fail(
      directory->context, OG_ERR_UNSUPPORTED,
      "the compiled equations cannot be loaded: %s; if programs must not be run from that directory, "
      "set TMPDIR to one from which they may",
      dlerror());
}

/* Compilers need some 20 s for each megabyte, which the interpreter has read in no time. */
static void note_length(og_context *context, size_t length) {
  static const size_t LONG = 1000000;
  if (length > LONG)
    og_log(context,
           "note: the equations are %.1f MB of C, which take a compiler a minute or more; without compiling "
           "the results are the same",
           (double)length / 1e6);
}

og_status og_compile(og_context *context, const og_text *text, int single, void **library) {
  build_directory *directory = og_alloc(context, 1, sizeof *directory);
  *library = NULL;
  if (!directory) return og_fail_memory(context, sizeof *directory, "compiling");
  og_status status = make_build_directory(directory, context);
  if (status == OG_OK) {
    note_length(context, text->length);
    status = write_source(directory, text);
    if (status == OG_OK) status = run_compiler(directory, single);
    if (status == OG_OK) status = load(directory, library);
    remove_build_directory(directory);
  }
  og_free(context, directory);
  return status;
}

void *og_library_find(void *library, const char *name) { return dlsym(library, name); }

void og_library_close(void *library) {
  if (library) dlclose(library);
}

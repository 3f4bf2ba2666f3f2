/* A directory is locked by who works in it, as temporary files are (src/io/temporary.c): a lock goes with its
 * process, however that ends. */
#if !defined(_DEFAULT_SOURCE)
#define _DEFAULT_SOURCE 1
#endif
#include "codegen/build_directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

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
static int is_ours(const og_build_directory *directory) {
  struct stat here, there;
  if (flock(directory->lock, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return 0;
  return fstat(directory->lock, &here) == 0 && stat(directory->path, &there) == 0 &&
         here.st_ino == there.st_ino && here.st_dev == there.st_dev;
}

/* A directory, locked; 0, with the reason in errno, where there can be none. */
static int make(og_build_directory *directory, const char *here, const char *place) {
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

og_status og_build_directory_open(og_build_directory *directory, og_context *context) {
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

void og_build_directory_close(og_build_directory *directory) {
  remove_directory(AT_FDCWD, directory->path);
  close(directory->lock);
}

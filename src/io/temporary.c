/* Temporary files are locked by who writes them: a lock goes with its process, however that ends, so that
 * files which a run left behind can be told from those of a run that is under way. */
#if !defined(_DEFAULT_SOURCE)
#define _DEFAULT_SOURCE 1
#endif
#include "io/temporary.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ATTEMPTS = 100, PREFIX_MOST = 200 /* of a name's 255 bytes */ };

/* "NAME.123-4.tmp" of the target NAME, of which no more than PREFIX_MOST bytes are taken. */
typedef struct place {
  char *folder; /* with the slash at its end; "" for none */
  const char *base;
  int prefix;
} place;

static int open_place(og_context *context, const char *target, place *p) {
  const char *slash = strrchr(target, '/');
  size_t length = slash ? (size_t)(slash + 1 - target) : 0;
  p->folder = og_alloc(context, length + 1, 1);
  if (!p->folder) return 0;
  memcpy(p->folder, target, length);
  p->base = target + length;
  size_t name = strlen(p->base);
  p->prefix = name < PREFIX_MOST ? (int)name : PREFIX_MOST;
  return 1;
}

/* ---- What was left behind ---- */

static size_t digits(const char *text) { return strspn(text, "0123456789"); }

static int is_temporary(const place *p, const char *name) {
  if (strncmp(name, p->base, (size_t)p->prefix) != 0 || name[p->prefix] != '.') return 0;
  name += p->prefix + 1;
  size_t process = digits(name), number = name[process] == '-' ? digits(name + process + 1) : 0;
  return process > 0 && number > 0 && strcmp(name + process + 1 + number, ".tmp") == 0;
}

static int same_file(const struct stat *a, const struct stat *b) {
  return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

/* Between opening and locking it a run may have given the file its name and made the next one, which is
 * locked and called as this one was. What is locked here and still has the name keeps it: names are made
 * anew. */
static void remove_if_left(int folder, const char *name) {
  struct stat here, there;
  int descriptor = openat(folder, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (descriptor < 0) return;
  if (flock(descriptor, LOCK_EX | LOCK_NB) == 0 && fstat(descriptor, &here) == 0 &&
      fstatat(folder, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && same_file(&here, &there))
    unlinkat(folder, name, 0);
  close(descriptor);
}

static void remove_left_behind(const place *p) {
  DIR *folder = opendir(*p->folder ? p->folder : ".");
  if (!folder) return;
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
    if (is_temporary(p, entry->d_name)) remove_if_left(dirfd(folder), entry->d_name);
  closedir(folder);
}

/* ---- A new one ---- */

/* Another run may have taken it for left behind before it was locked. Where there are no locks, nothing is
 * ever removed either. */
static int is_ours(int descriptor, const char *name) {
  struct stat here, there;
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return 0;
  return fstat(descriptor, &here) == 0 && stat(name, &there) == 0 && same_file(&here, &there);
}

/* New files are made as any other is (umask); one that takes another's place is as that was. Who may not give
 * it to the owner keeps it. */
static void take_after(int descriptor, const char *target) {
  struct stat facts, own;
  if (stat(target, &facts) != 0 || fstat(descriptor, &own) != 0) return;
  if ((own.st_uid != facts.st_uid || own.st_gid != facts.st_gid) &&
      fchown(descriptor, facts.st_uid, facts.st_gid) != 0 && own.st_gid != facts.st_gid)
    (void)!fchown(descriptor, (uid_t)-1, facts.st_gid);
  (void)!fchmod(descriptor, facts.st_mode & 0777);
}

static int make(const place *p, char *name, size_t size) {
  for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
    snprintf(name, size, "%s%.*s.%ld-%d.tmp", p->folder, p->prefix, p->base, (long)getpid(), attempt);
    int descriptor = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor < 0 && errno != EEXIST) return -errno;
    if (descriptor < 0) continue;
    if (is_ours(descriptor, name)) return descriptor;
    close(descriptor);
  }
  return -EEXIST;
}

int og_temporary_open(og_context *context, const char *target, char **name) {
  place p;
  *name = NULL;
  if (!open_place(context, target, &p)) return -ENOMEM;
  size_t size = strlen(target) + 64;
  *name = og_alloc(context, size, 1);
  int descriptor = -ENOMEM;
  if (*name) {
    remove_left_behind(&p);
    descriptor = make(&p, *name, size);
  }
  if (descriptor >= 0) take_after(descriptor, target);
  og_free(context, p.folder);
  return descriptor;
}

void og_sync_folder(const char *path) {
  char folder[4096] = ".";
  const char *slash = strrchr(path, '/');
  size_t length = slash ? (size_t)(slash + 1 - path) : 0;
  if (length >= sizeof folder) return;
  if (length) memcpy(folder, path, length), folder[length] = '\0';
  int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  (void)!fsync(descriptor);
  close(descriptor);
}

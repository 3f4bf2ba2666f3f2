/* Links are followed by their text, as far as the text says where the kernel goes. The entries of /proc/N/fd,
 * to which /dev/stdout and /dev/fd/N lead, are no such links: their text is a name that the open file once
 * had ("pipe:[4711]", "/tmp/log (deleted)"), and what is meant is the open file. */
#if !defined(_XOPEN_SOURCE)
#define _XOPEN_SOURCE 700
#endif
#include "io/target.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef PATH_MAX
#define PATH_MAX 4096
#endif

enum { LINKS_MOST = 40 };
typedef enum owner { NOBODY, ANOTHER, OURSELVES } owner;
/* Too large for the stacks that threads may have. */
typedef struct names {
  char folder[PATH_MAX], real[PATH_MAX], link[PATH_MAX];
} names;

/* The length of the folder's part of `path`, with the slash at its end. */
static size_t folder_length(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? (size_t)(slash + 1 - path) : 0;
}

static int copy_folder(const char *path, char folder[PATH_MAX]) {
  size_t length = folder_length(path);
  if (length >= PATH_MAX) return ENAMETOOLONG;
  memcpy(folder, length ? path : ".", length ? length : 1);
  folder[length ? length : 1] = '\0';
  return 0;
}

/* Whether the folder lists the open files of a process, and of which. */
static owner lists_files_of(names *n) {
  if (!realpath(n->folder, n->real)) return NOBODY;
  if (strcmp(n->real, "/dev/fd") == 0) return OURSELVES; /* where it is no link to /proc */
  size_t length = strlen(n->real);
  if (strncmp(n->real, "/proc/", 6) != 0 || strcmp(n->real + length - 3, "/fd") != 0) return NOBODY;
  size_t own = realpath("/proc/self", n->link) ? strlen(n->link) : 0;
  return own && strncmp(n->real, n->link, own) == 0 && n->real[own] == '/' ? OURSELVES : ANOTHER;
}

/* Whether `path` is an open file of a process, of which, and its descriptor there. */
static owner owner_of(const char *path, names *n, int *descriptor) {
  char *end;
  const char *name = path + folder_length(path);
  if (*name < '0' || *name > '9' || copy_folder(path, n->folder) != 0) return NOBODY;
  long number = strtol(name, &end, 10);
  if (*end || number > INT_MAX) return NOBODY;
  *descriptor = (int)number;
  return lists_files_of(n);
}

/* The path that the link `at` leads to, seen from the link's folder; NULL: no memory. */
static char *next_of(og_context *context, const char *at, const char *link) {
  size_t folder = link[0] == '/' ? 0 : folder_length(at), size = folder + strlen(link) + 1;
  char *next = og_alloc(context, size, 1);
  if (next) snprintf(next, size, "%.*s%s", (int)folder, at, link);
  return next;
}

/* Follows links until there is none, or an open file: then says whose. */
static owner follow(og_context *context, names *n, og_target *target) {
  for (int links = 0; target->path && links < LINKS_MOST; links++) {
    owner whose = owner_of(target->path, n, &target->descriptor);
    if (whose != NOBODY) return whose;
    ssize_t length = readlink(target->path, n->link, sizeof n->link - 1);
    if (length < 0) break;
    n->link[length] = '\0';
    char *next = next_of(context, target->path, n->link);
    og_free(context, target->path);
    target->path = next;
  }
  return NOBODY; /* links in a circle are found by stat */
}

static int check_descriptor(og_target *target) {
  int flags = fcntl(target->descriptor, F_GETFL);
  if (flags < 0) return errno;
  if ((flags & O_ACCMODE) == O_RDONLY) return EBADF;
  target->kind = OG_TARGET_DESCRIPTOR;
  return 0;
}

static int check_folder(const char *path) {
  char folder[PATH_MAX];
  int wrong = copy_folder(path, folder);
  return wrong ? wrong : access(folder, W_OK | X_OK) == 0 ? 0 : errno;
}

static int is_file(const char *path, const struct stat *file) {
  struct stat facts;
  return stat(path, &facts) == 0 && facts.st_dev == file->st_dev && facts.st_ino == file->st_ino;
}

static int check_existing(const char *path, const struct stat *file, owner whose, og_target *target) {
  if (S_ISDIR(file->st_mode)) return EISDIR;
  if (S_ISSOCK(file->st_mode)) return ENXIO; /* the error of opening one */
  if (access(path, W_OK) != 0) return errno;
  target->kind = !S_ISREG(file->st_mode)                            ? OG_TARGET_STREAM
                 : whose == ANOTHER || !is_file(target->path, file) ? OG_TARGET_END
                 : check_folder(target->path) != 0                  ? OG_TARGET_IN_PLACE
                                                                    : OG_TARGET_WHOLE;
  return 0;
}

int og_target_find(og_context *context, const char *path, og_target *target) {
  struct stat file;
  names *n = og_alloc(context, 1, sizeof *n);
  *target = (og_target){.kind = OG_TARGET_WHOLE, .path = og_strdup(context, path), .descriptor = -1};
  owner whose = n ? follow(context, n, target) : NOBODY;
  og_free(context, n);
  if (!n || !target->path) return ENOMEM;
  if (whose == OURSELVES) return check_descriptor(target);
  if (stat(path, &file) == 0) return check_existing(path, &file, whose, target);
  if (errno != ENOENT || whose == ANOTHER || !*path) return errno;
  return check_folder(target->path);
}

void og_target_free(og_context *context, og_target *target) {
  og_free(context, target->path);
  target->path = NULL;
}

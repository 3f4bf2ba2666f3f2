/* A directory to compile in. It does not outlive its use; where a program is killed in the middle, the next
 * one that compiles removes what it left. */
#ifndef OG_BUILD_DIRECTORY_H
#define OG_BUILD_DIRECTORY_H

#include "base/base.h"

enum { OG_PATH_SIZE = 4096 };

typedef struct og_build_directory {
  og_context *context;
  int lock; /* the directory's descriptor; -1: it is not there */
  char path[OG_PATH_SIZE], source[OG_PATH_SIZE + 16], object[OG_PATH_SIZE + 16], log[OG_PATH_SIZE + 16];
} og_build_directory;

og_status og_build_directory_open(og_build_directory *directory, og_context *context);
void og_build_directory_close(og_build_directory *directory);

#endif

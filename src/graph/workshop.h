/* A directory to compile in. It does not outlive its use; where a program is killed in the middle, the next
 * one that compiles removes what it left. */
#ifndef OG_WORKSHOP_H
#define OG_WORKSHOP_H

#include "base/base.h"

enum { OG_PATH_SIZE = 4096 };

typedef struct og_workshop {
  og_context *context;
  int lock; /* the directory's descriptor; -1: it is not there */
  char directory[OG_PATH_SIZE], source[OG_PATH_SIZE + 16], object[OG_PATH_SIZE + 16], log[OG_PATH_SIZE + 16];
} og_workshop;

og_status og_workshop_open(og_workshop *w, og_context *context);
void og_workshop_close(og_workshop *w);

#endif

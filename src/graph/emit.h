/* Emission of C: programs as readable functions over lane blocks, for a compiler (compile.c). */
#ifndef OG_EMIT_H
#define OG_EMIT_H

#include "graph/program.h"

/* Text that grows; `failed` when there was no memory. */
typedef struct og_text {
  og_context *context;
  char *text;
  size_t length, capacity;
  int failed;
} og_text;

void og_text_add(og_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What every emitted file begins with. */
void og_emit_prelude(og_text *text);
/* A function `name` of the type og_emitted_d (or _s, by how it is compiled) that does what the program does.
 * OG_ERR_UNSUPPORTED: too large. */
og_status og_emit_program(og_text *text, const char *name, const og_program *program);

#endif

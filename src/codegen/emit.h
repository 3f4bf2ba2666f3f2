/* Programs as C. The room turns programs into readable functions over lane blocks (emit.c, emit_stages.c),
 * has the system's compiler make machine code of them, and loads it (compile.h). It knows graphs, programs
 * and kernels, and no fields: src/graph_field makes fields of what it loads. Begin with emit.c; scalars.h is
 * how it reads a program. */
#ifndef OG_EMIT_H
#define OG_EMIT_H

#include "program/instructions.h"

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
/* A program and the name of its function. `registers`: it is simple enough for functions name_vec and
 * name_real as well, which have all in registers: (t, x, theta, lambda, outputs). */
typedef struct og_emitted_part {
  const char *name;
  og_program *program;
  int registers;
} og_emitted_part;

/* A function of the type og_emitted_d (or _s, by how it is compiled) that does what the program does; if
 * `registers` is set and possible those as well, and it says so. OG_ERR_UNSUPPORTED: too large. */
og_status og_emit_program(og_text *text, og_emitted_part *part);
/* Functions `stages` and, unless vjp_add is NULL, `transposed` (field/fused.h), behind those that they are
 * made of. */
void og_emit_stages(og_text *text, size_t states, size_t parameters, const og_emitted_part *eval,
                    const og_emitted_part *vjp_add);

#endif

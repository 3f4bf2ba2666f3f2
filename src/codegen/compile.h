/* Emitted C turned into machine code by the system's C compiler, in this process. */
#ifndef OG_COMPILE_H
#define OG_COMPILE_H

#include "codegen/emit.h"

/* Compiles and loads the text; *library is for og_library_find and og_library_close. OG_ERR_UNSUPPORTED:
 * there is no compiler, or it failed; the message has its first lines. */
og_status og_compile(og_context *context, const og_text *text, int single, void **library);
/* The address of a function in the library; NULL: there is none of that name. */
void *og_library_find(void *library, const char *name);
void og_library_close(void *library);

#endif

/* What emitted C calls, and what it is called as, in one precision (base/in_double.h). */

#define FUNCTIONS OG_P(og_functions)

/* Elementary functions on rows; `function` is an og_unary or og_binary. */
typedef struct FUNCTIONS {
  void (*unary)(int function, size_t count, const REAL *a, REAL *out);
  void (*binary)(int function, size_t count, const REAL *a, const REAL *b, REAL *out);
} FUNCTIONS;
extern const FUNCTIONS OG_P(og_program_functions);
/* What C emitted from a program is compiled to (emit.h); every output is wanted. */
typedef void OG_P(og_emitted)(int lanes, const REAL *const *inputs, REAL *const *outputs,
                              const FUNCTIONS *functions);

#undef FUNCTIONS

/* Compiled stages of a field in one precision (base/in_double.h). */

#define FUNCTIONS OG_P(og_functions)
#define STAGE OG_P(og_fused_stage)

/* What emitted functions of stages are compiled to (emit_stages.c); NULL: not compiled. */
typedef struct OG_P(og_compiled_stages) {
  void (*stages)(int lanes, int count, const STAGE *stages, const REAL *x, const REAL *h, const REAL *theta,
                 const FUNCTIONS *functions);
  void (*transposed)(int lanes, int count, const STAGE *stages, const REAL *h, const REAL *theta,
                     REAL *lambda, REAL *theta_bar, const FUNCTIONS *functions);
} OG_P(og_compiled_stages);
/* For the tables of fields that have them. */
void OG_P(og_graph_stages)(const og_field *field, int lanes, int count, const STAGE *stages, const REAL *x,
                           const REAL *h, const REAL *theta);
void OG_P(og_graph_transposed)(const og_field *field, int lanes, int count, const STAGE *stages,
                               const REAL *h, const REAL *theta, REAL *lambda, REAL *theta_bar);

#undef FUNCTIONS
#undef STAGE

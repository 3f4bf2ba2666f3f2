/* Of a lane that is at the first step of its segment, in one precision (base/in_double.h). `memory` has
 * og_consistent_start_bytes; `scratch` is the field's. */

#define READER OG_P(og_step_reader)

/* x_bar, a block, of the consistent state becomes that of the state it was made of; theta_sum, a block, and
 * *t_bar are added to. */
og_status OG_P(og_consistent_start_pull)(const READER *r, int lane, double *memory, void *scratch,
                                         REAL *x_bar, double *theta_sum, double *t_bar);
/* x_dot, a block, likewise. */
og_status OG_P(og_consistent_start_push)(const READER *r, int lane, double *memory, void *scratch,
                                         double t_dot, const REAL *theta_dot, REAL *x_dot);

#undef READER

/* Elimination by KLU in one precision (base/in_double.h), as linear_real.h has it for all kinds. */
size_t OG_P(og_klu_block_bytes)(const og_elimination *elimination, int lanes);
void OG_P(og_klu_block_factor)(const og_elimination *elimination, int lanes, const REAL *w, void *factors,
                               og_lane_status *status);
void OG_P(og_klu_block_solve)(const og_elimination *elimination, int lanes, const void *factors,
                              int transposed, REAL *b);

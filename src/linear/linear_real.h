/* Factoring and solving in one precision (base/in_double.h). Blocks are [rows][lanes] as everywhere
 * (base/real.h). `factors` is memory of og_elimination_bytes bytes, aligned to 64, that the caller gives. */

/* A multiple of 64. */
size_t OG_P(og_elimination_bytes)(const og_elimination *elimination, int lanes);
/* From the entries w[count][lanes] in the order of the pattern, which are only read. A lane whose matrix is
 * singular, or not finite, gets status 1 ("try a smaller step"); lanes whose status is not 0 may be skipped.
 * A lane's bits do not depend on the others, nor on how many there are. */
void OG_P(og_elimination_factor)(const og_elimination *elimination, int lanes, const REAL *w, void *factors,
                                 og_lane_status *status);
/* b[n][lanes] becomes W^-1 b; W^-T b. */
void OG_P(og_elimination_solve)(const og_elimination *elimination, int lanes, const void *factors, REAL *b);
void OG_P(og_elimination_solve_transposed)(const og_elimination *elimination, int lanes, const void *factors,
                                           REAL *b);

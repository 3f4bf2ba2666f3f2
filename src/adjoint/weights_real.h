/* Sums over the weights of networks, in one precision (base/in_double.h). */

#define STEP OG_P(og_step)
#define READER OG_P(og_step_reader)
#define WEIGHTS_SUM OG_P(og_weights_sum)

typedef struct WEIGHTS_SUM {
  size_t count;
  int steps;
  double *sum; /* [count], the allocation */
  REAL *part;  /* [count]: what the field adds to; in double precision it is the sum */
} WEIGHTS_SUM;
og_status OG_P(og_weights_open)(WEIGHTS_SUM *w, const og_solve *solve);
/* Idle lanes get the numbers of one that is not, and a cotangent of zero, so that they add zero and not
 * what a field may give for numbers that are no state of anything. */
void OG_P(og_weights_fill_idle)(READER *r, const STEP *step, REAL *x_bar);
/* After each step, and after the last. */
void OG_P(og_weights_step)(WEIGHTS_SUM *w);
void OG_P(og_weights_finish)(WEIGHTS_SUM *w, const og_solve *solve, og_share *share);

#undef STEP
#undef READER
#undef WEIGHTS_SUM

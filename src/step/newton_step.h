/* Iterations in one precision. */

#define STEP OG_P(og_step)
#define NEWTON OG_P(og_newton)

/* What is known of each lane. The size of a correction is relative to what it corrects, the largest of all
 * rows'; where a row passes zero and that tells nothing, it is `whole`, the largest correction relative to
 * the largest row. NaN where a correction is not finite. */
typedef struct NEWTON {
  int phase[OG_LANES_MAX];
  double size[OG_LANES_MAX], whole[OG_LANES_MAX], before[OG_LANES_MAX], whole_before[OG_LANES_MAX],
      largest[OG_LANES_MAX];
  unsigned char
      grows[OG_LANES_MAX]; /* a correction by the start's matrix that is larger than the one before */
  og_lane_status status[OG_LANES_MAX];  /* 0 in the lanes of the present phase, for functions of the field */
  _Alignas(64) REAL mask[OG_LANES_MAX]; /* lanes whose corrections count */
} NEWTON;

void OG_P(og_newton_begin)(const STEP *step, NEWTON *newton);
/* After it: no iteration by the matrix of the start. */
void OG_P(og_newton_skip_chords)(const STEP *step, NEWTON *newton);
/* Returns how many lanes are in the phase. */
int OG_P(og_newton_select)(STEP *step, NEWTON *newton, int phase);
/* Corrections of z, of which x + z is what is looked for and X is that so far. Blocks, one after another. */
void OG_P(og_newton_measure)(const STEP *step, NEWTON *newton, const REAL *correction, const REAL *z,
                             const REAL *x);
/* After the last block: sizes and the mask. */
void OG_P(og_newton_finish)(const STEP *step, NEWTON *newton, int phase);
/* In the k-th iteration of the phase. Lanes that cannot be solved get a status in the step, but those where
 * something is not finite, which is the step's to say. */
void OG_P(og_newton_decide)(STEP *step, NEWTON *newton, int phase, int k);
/* Whether the lane has just failed since something was not finite. */
static inline int OG_P(og_newton_overflowed)(const NEWTON *newton, int lane) {
  return newton->status[lane] == 0 && newton->phase[lane] == OG_NEWTON_FAILED && newton->mask[lane] == 0;
}

#undef STEP
#undef NEWTON

/* A step of two methods in one precision, and its functions (step_real.h says what they do). */

#define STEP OG_P(og_step)
#define INTERVAL OG_P(og_interval)
#define SWITCHING OG_P(og_switching)

typedef struct SWITCHING {
  STEP base;
  STEP *part[2];
  REAL *block;     /* the implicit method's y, error or cotangent of x [n][lanes] */
  REAL *slope;     /* f at the step's start, where both methods have lanes [n][lanes] */
  REAL *theta_bar; /* the cotangents of theta, where both methods have lanes [p][lanes]; of derivatives */
  int count[2];    /* lanes that each method has in the step */
  unsigned char implicit[OG_LANES_MAX]; /* the lane's method in it */
  unsigned char stale[OG_LANES_MAX];    /* the explicit method does not know the slope at the lane's start */
  _Alignas(64) REAL mask[2][OG_LANES_MAX]; /* the lanes of each method */
} SWITCHING;

extern const OG_P(og_step_ops) OG_P(og_switching_ops);

#undef STEP
#undef INTERVAL
#undef SWITCHING

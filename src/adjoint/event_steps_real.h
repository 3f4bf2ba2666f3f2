/* Lanes whose step an event stopped, in one precision (base/in_double.h). */

#define STEP OG_P(og_step)
#define READER OG_P(og_step_reader)
#define EVENT_STEPS OG_P(og_event_steps)

typedef struct EVENT_STEPS {
  const READER *r;
  const STEP *step;
  int count;                               /* lanes stopped */
  const og_segment *segment[OG_LANES_MAX]; /* that the event ended; NULL: the lane's step is whole */
  double sigma[OG_LANES_MAX];              /* 0 in whole steps */
  double time_bar[OG_LANES_MAX];           /* of the event's time, sigma held; 0 in whole steps */
  double *before;                          /* [n][lanes]: the cotangent of x before the event */
  double *memory, *one;                    /* arrays of one lane */
  int looks;                               /* the slope of the solution is wanted at events, for: */
  og_event_adjoint_error error;            /* of the last one that was pulled back */
  void *scratch;
} EVENT_STEPS;
/* Bytes that opening allocates. */
size_t OG_P(og_event_steps_bytes)(const og_solve *solve, int lanes);
og_status OG_P(og_event_steps_open)(EVENT_STEPS *events, const READER *r, const STEP *step);
void OG_P(og_event_steps_close)(EVENT_STEPS *events);
/* Whether an event stopped the lane's present step; no, when it is idle. */
int OG_P(og_event_steps_find)(EVENT_STEPS *events, int lane);
/* Back through the event: x_bar, of the state after it, becomes that of the step's end, `seeds` receive
 * that of the state inside the step; theta_sum accumulates; the cotangent of x itself waits in `before`.
 */
og_status OG_P(og_event_steps_pull)(EVENT_STEPS *events, int lane, double start_bar, REAL *x_bar, REAL *seeds,
                                    double *theta_sum);
void OG_P(og_event_steps_after)(EVENT_STEPS *events, REAL *x_bar);
/* Forward through it: x_dot and y_dot, of the step's ends, h_dot, and *t_dot, of the step's start, become
 * y_dot of the state after the event and *t_dot of its time; `before` has that of the state before. */
og_status OG_P(og_event_steps_push)(EVENT_STEPS *events, int lane, const REAL *x_dot, const REAL *theta_dot,
                                    double h_dot, double *t_dot, REAL *y_dot);

#undef STEP
#undef READER
#undef EVENT_STEPS

/* Lanes of a backward or tangent pass whose step was stopped by an event. */
#ifndef OG_EVENT_STEPS_H
#define OG_EVENT_STEPS_H

#include "adjoint/adjoint.h"
#include "adjoint/event_adjoint.h"

#define OG_EVENT_STEPS_TYPES(X, S)                                                                           \
  typedef struct og_event_steps_##S {                                                                        \
    const og_step_reader_##S *r;                                                                             \
    const og_step_##S *step;                                                                                 \
    int count;                               /* lanes stopped */                                             \
    const og_segment *segment[OG_LANES_MAX]; /* that the event ended; NULL: the lane's step is whole */      \
    double sigma[OG_LANES_MAX];              /* 0 in whole steps */                                          \
    double time_bar[OG_LANES_MAX];           /* of the event's time, sigma held; 0 in whole steps */         \
    double *before;                          /* [n][lanes]: the cotangent of x before the event */           \
    double *memory, *one;                    /* arrays of one lane */                                        \
    int looks;                               /* the slope of the solution is wanted at events, for: */       \
    og_event_adjoint_error error;            /* of the last one that was pulled back */                      \
    void *scratch;                                                                                           \
  } og_event_steps_##S;                                                                                      \
  og_status og_event_steps_open_##S(og_event_steps_##S *stops, const og_step_reader_##S *r,                  \
                                    const og_step_##S *step);                                                \
  void og_event_steps_close_##S(og_event_steps_##S *stops);                                                  \
  /* Whether an event stopped the lane's present step; no, when it is idle. */                               \
  int og_event_steps_find_##S(og_event_steps_##S *stops, int lane);                                          \
  /* Back through the event: x_bar, of the state after it, becomes that of the step's end, `seeds` receive   \
   * that of the state inside the step; theta_sum accumulates; the cotangent of x itself waits in `before`.  \
   */                                                                                                        \
  og_status og_event_steps_pull_##S(og_event_steps_##S *stops, int lane, double start_bar, X *x_bar,         \
                                    X *seeds, double *theta_sum);                                            \
  void og_event_steps_after_##S(og_event_steps_##S *stops, X *x_bar);                                        \
  /* Forward through it: x_dot and y_dot, of the step's ends, h_dot, and *t_dot, of the step's start, become \
   * y_dot of the state after the event and *t_dot of its time; `before` has that of the state before. */    \
  og_status og_event_steps_push_##S(og_event_steps_##S *stops, int lane, const X *x_dot, const X *theta_dot, \
                                    double h_dot, double *t_dot, X *y_dot);
OG_EVENT_STEPS_TYPES(double, d)
OG_EVENT_STEPS_TYPES(float, s)

#endif

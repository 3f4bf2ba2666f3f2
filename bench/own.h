/* odegrad's half: the same gradients through odegrad.h. Objects are made once and reused, as for the peer. */
#ifndef BENCH_OWN_H
#define BENCH_OWN_H

#include "problem.h"

typedef enum own_field {
  OWN_CALLBACKS, /* the problem's C code, as CVODES gets it */
  OWN_BLOCKS,    /* the same formulas in loops over lanes */
  OWN_MODEL,     /* the model language */
  OWN_COMPILED   /* the same, compiled by the system's C compiler when the contestant is made */
} own_field;

typedef struct own_settings {
  own_field field;
  const char *method; /* "dop853" */
  double tolerance;   /* relative and absolute */
  int threads;
  size_t trajectories;
  const char *control; /* gradient-control; NULL: the library's default */
} own_settings;

typedef struct own own;

/* NULL when something failed: the message went to standard error. */
own *own_create(const own_settings *settings);
void own_destroy(own *o);

/* 0 for success. own_solve is the plain solve with the observed problem's outputs, no gradient. */
int own_observed_gradient(own *o, const double parameters[LV_PARAMETERS], double *loss,
                          double gradient[LV_GRADIENT]);
int own_solve(own *o, const double parameters[LV_PARAMETERS]);
/* One call for all trajectories: parameters [M][4], gradients [M][6]. */
int own_final_gradients(own *o, const double *parameters, double *gradients);

/* Seconds on the wall that compiling took; 0: nothing was compiled. */
double own_compile_seconds(const own *o);

void own_counts(const own *o, long *steps, long *rejected);
/* Of the last gradient: products with Jacobians, and the most that a trajectory's steps were narrowed. */
void own_work(const own *o, long long *vjps, long long *refinements);

#endif

/* A one-step method, as all other rooms know it: numbers that step-size control and memory need, and a table
 * of functions (step_real.h) that take a step on a lane block, interpolate in it, transpose it and
 * differentiate it. Which kind of method it is, only its own files in src/step know: explicit Runge-Kutta
 * methods (explicit*.c), Rosenbrock methods (rosenbrock*.c), diagonally (dirk*.c) and fully
 * implicit Runge-Kutta methods (radau*.c); methods.c has them all. */
#ifndef OG_STEPPER_H
#define OG_STEPPER_H

#include <complex.h>
#include <stddef.h>

#include "odegrad.h"

typedef struct og_stepper og_stepper;
typedef struct og_elimination og_elimination;
struct og_field;
struct og_step_ops_d;
struct og_step_ops_s;

/* What steps have done that their functions do not return, of all lanes together; each lane counts by
 * itself, so that it is the same alone and in a block. */
typedef struct og_step_work {
  long long evals;             /* of f, beyond those that functions return: those of iterations */
  long long jacobians;         /* df/dx evaluated */
  long long factorisations;    /* of a matrix with df/dx */
  long long linear_solves;     /* by one, transposed or not */
  long long newton_iterations; /* of stages' equations */
  long long krylov_iterations; /* of linear equations */
} og_step_work;

struct og_stepper {
  const char *name; /* as on the command line */
  int order;
  int errors;             /* how many estimates of its error a step has; 0: fixed steps only */
  int error_power;        /* the error that step-size control sees falls like h^error_power */
  int interpolant_degree; /* x(t + s h) is a polynomial in s of this degree */
  int carries_slope;      /* a step ends with f at its end, which the next one begins with */
  int interpolant_evals;  /* evaluations of f that the interpolant needs beyond those of the step */
  int implicit;           /* it solves with df/dx: it is to be prepared for a field */
  int iterates;           /* its linear equations need no factors: GMRES may solve them */
  int linear_solver;      /* og_linear_solver: set before it is prepared */
  int prepared;           /* of an implicit method */
  int switches;           /* it has two methods, of which each lane's interval says one */
  int second_derivatives; /* its transpose needs the field's second derivatives */
  int seeds;              /* blocks in which cotangents of states inside a step accumulate */
  /* What a step makes of x' = mu x is x1 = R(z) x, z = h mu (Hairer & Wanner IV.2). */
  double complex (*stability)(const og_stepper *stepper, double complex z);
  /* What its kind needs of a field beside an elimination, or why it cannot have it; NULL: nothing. */
  og_status (*prepare)(og_context *context, og_stepper *stepper, const struct og_field *field);
  const struct og_step_ops_d *ops_d;
  const struct og_step_ops_s *ops_s;
  const void *coefficients; /* its kind's */
  og_elimination *system;   /* likewise, those of all stages together, where they are coupled */
  /* Of an implicit method that is prepared: how its matrices are factored; of one that iterates how they are
   * in its preconditioner, NULL where that is the field's own. */
  og_elimination *elimination;
};

/* The method; one whose name is NULL for a number that is none. */
og_stepper og_stepper_of(og_method method);
/* Chooses how an implicit method solves with the field's matrices; nothing for others. To be released. A step
 * of an implicit method that is not prepared must not be opened. */
og_status og_stepper_prepare(og_context *context, og_stepper *stepper, const struct og_field *field);
void og_stepper_release(og_stepper *stepper);
/* Of an implicit method that is prepared: "dense", "band", "sparse", "klu", "gmres". */
const char *og_stepper_linear_solver(const og_stepper *stepper);

#endif

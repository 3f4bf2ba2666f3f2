/* Fields that are a user's callbacks for one trajectory. */
#ifndef OG_CALLBACK_H
#define OG_CALLBACK_H

#include "field/field.h"

typedef struct og_callback_field {
  og_field base;
  og_rhs_fn rhs;
  og_vjp_fn vjp;
  og_jvp_fn jvp;
  og_cost_fn cost;
  og_cost_vjp_fn cost_vjp;
  void *user;
  int differences; /* missing products by finite differences */
} og_callback_field;

/* One trajectory's arrays, gathered from a lane (or pointing into a block of one lane). */
typedef struct og_callback_point {
  double t, t_dot, t_bar;
  double *x, *theta, *f, *lambda, *x_bar, *theta_bar, *x_dot, *theta_dot;
  double *work; /* for finite differences: 2 (n + p) + 2 n */
} og_callback_point;

int og_callback_eval_at(const og_callback_field *field, double t, const double *x, const double *theta,
                        double *f);
/* Each returns what the user's callback returned first that was not 0. */
int og_callback_eval(const og_callback_field *field, og_callback_point *at);
int og_callback_vjp(const og_callback_field *field, og_callback_point *at);
int og_callback_jvp(const og_callback_field *field, og_callback_point *at); /* result in f */
/* The same by central differences of the right-hand side (differences.c). */
int og_difference_vjp(const og_callback_field *field, og_callback_point *at);
int og_difference_jvp(const og_callback_field *field, og_callback_point *at);

extern const og_field_ops_d og_callback_ops_d;
extern const og_field_ops_s og_callback_ops_s;

#endif

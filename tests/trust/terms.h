/* Fields that are sums of terms, c * theta_a * theta_b * sin(omega t + phase)^power * shape(x_i) * ..., with
 * an event at a time: enough for the problems of the family (family.h), with every product written out, and
 * as text in the .ode language. */
#ifndef OG_TRUST_TERMS_H
#define OG_TRUST_TERMS_H

#include <complex.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "odegrad.h"

enum { STATES_MAX = 6, PARAMETERS_MAX = 8, TERMS_MAX = 48, FACTORS_MAX = 3 };

/* What a state goes through: x, x^2, x/(a + x), 1/(1 + (x/a)^4), 1/(1 + exp((a - x)/b)), tanh(x). */
typedef enum shape {
  SHAPE_LINEAR,
  SHAPE_SQUARE,
  SHAPE_SATURATION,
  SHAPE_REPRESSION,
  SHAPE_SIGMOID,
  SHAPE_TANH
} shape;

typedef struct factor {
  shape shape;
  int state;
  double a, b;
} factor;

typedef struct term {
  int row;
  double c;
  int theta[2]; /* -1: none; the number of parameters is the held input */
  int power;    /* of the wave; 0: none */
  double omega, phase;
  int factors;
  factor factor[FACTORS_MAX];
} term;

/* At `time`, or where a parameter says, or where a state falls or rises to a level, which it does at `time`:
 * x[state] = keep * x[state] + theta[dose]. */
typedef struct pulse {
  int happens, terminal;
  double time;
  int time_parameter; /* -1: none */
  int guarded;        /* the state that comes to `level`; -1: none */
  double level;
  int state, dose;
  double keep;
} pulse;

typedef struct terms {
  int n, p, inputs, count;
  term term[TERMS_MAX];
  pulse pulse;
} terms;

static inline double wave_value(const term *m, double t) {
  double s = m->power ? sin(m->omega * t + m->phase) : 1;
  return m->power == 2 ? s * s : s;
}

static inline double wave_slope(const term *m, double t) {
  double angle = m->omega * t + m->phase;
  return m->omega * (m->power == 2 ? sin(2 * angle) : cos(angle));
}

/* ---- The terms' slopes, of numbers and of numbers that carry a derivative ---- */

#define NUMBER double
#define OF(name) name
#define EXPONENTIAL exp
#define HYPERBOLIC tanh
#include "trust/slopes.h"
#undef NUMBER
#undef OF
#undef EXPONENTIAL
#undef HYPERBOLIC
#define NUMBER double complex
#define OF(name) complex_##name
#define EXPONENTIAL cexp
#define HYPERBOLIC ctanh
#include "trust/slopes.h"
#undef NUMBER
#undef OF
#undef EXPONENTIAL
#undef HYPERBOLIC

static inline double term_value(const term *m, double t, const double *x, const double *theta) {
  double value = m->c * parameter_of(m, 0, theta) * parameter_of(m, 1, theta) * wave_value(m, t);
  for (int i = 0; i < m->factors; i++) value *= shape_value(&m->factor[i], x);
  return value;
}

static inline double slope_by_time(const term *m, double t, const double *x, const double *theta) {
  if (!m->power) return 0;
  double slope = m->c * parameter_of(m, 0, theta) * parameter_of(m, 1, theta) * wave_slope(m, t);
  for (int i = 0; i < m->factors; i++) slope *= shape_value(&m->factor[i], x);
  return slope;
}

/* ---- The field's callbacks; `user` is the terms ---- */

static inline int terms_rhs(double t, const double *x, const double *theta, double *f, void *user) {
  const terms *s = user;
  for (int i = 0; i < s->n; i++) f[i] = 0;
  for (int k = 0; k < s->count; k++) f[s->term[k].row] += term_value(&s->term[k], t, x, theta);
  return 0;
}

static inline int terms_vjp(double t, const double *x, const double *theta, const double *lambda,
                            double *x_bar, double *theta_bar, double *t_bar, void *user) {
  const terms *s = user;
  for (int k = 0; k < s->count; k++) {
    const term *m = &s->term[k];
    term_slopes d = slopes_of(m, t, x, theta);
    for (int i = 0; i < m->factors; i++) x_bar[m->factor[i].state] += lambda[m->row] * d.by_state[i];
    for (int i = 0; i < 2; i++)
      if (m->theta[i] >= 0) theta_bar[m->theta[i]] += lambda[m->row] * d.by_theta[i];
    *t_bar += lambda[m->row] * slope_by_time(m, t, x, theta);
  }
  return 0;
}

static inline int terms_jvp(double t, const double *x, const double *theta, double t_dot, const double *x_dot,
                            const double *theta_dot, double *f_dot, void *user) {
  const terms *s = user;
  for (int i = 0; i < s->n; i++) f_dot[i] = 0;
  for (int k = 0; k < s->count; k++) {
    const term *m = &s->term[k];
    term_slopes d = slopes_of(m, t, x, theta);
    double sum = slope_by_time(m, t, x, theta) * t_dot;
    for (int i = 0; i < m->factors; i++) sum += d.by_state[i] * x_dot[m->factor[i].state];
    for (int i = 0; i < 2; i++)
      if (m->theta[i] >= 0) sum += d.by_theta[i] * theta_dot[m->theta[i]];
    f_dot[m->row] += sum;
  }
  return 0;
}

/* ---- The event ---- */

static inline double pulse_time(const pulse *e, const double *theta) {
  return e->time_parameter < 0 ? e->time : theta[e->time_parameter];
}
static inline int pulse_guard(double t, const double *x, const double *theta, double *g, void *user) {
  const pulse *e = &((const terms *)user)->pulse;
  g[0] = e->guarded >= 0 ? x[e->guarded] - e->level : t - pulse_time(e, theta);
  return 0;
}
static inline int pulse_guard_vjp(double t, const double *x, const double *theta, const double *g_bar,
                                  double *x_bar, double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)x, (void)theta;
  const pulse *e = &((const terms *)user)->pulse;
  if (e->guarded >= 0) {
    x_bar[e->guarded] = g_bar[0];
    return 0;
  }
  *t_bar = g_bar[0];
  if (e->time_parameter >= 0) theta_bar[e->time_parameter] = -g_bar[0];
  return 0;
}
static inline int pulse_jump(size_t event, double t, const double *x, const double *theta, double *after,
                             void *user) {
  (void)event, (void)t;
  const pulse *e = &((const terms *)user)->pulse;
  after[e->state] = e->keep * x[e->state] + theta[e->dose];
  return 0;
}
static inline int pulse_jump_vjp(size_t event, double t, const double *x, const double *theta,
                                 const double *after_bar, double *x_bar, double *theta_bar, double *t_bar,
                                 void *user) {
  (void)event, (void)t, (void)x, (void)theta, (void)t_bar;
  const terms *s = user;
  for (int i = 0; i < s->n; i++) x_bar[i] = after_bar[i] * (i == s->pulse.state ? s->pulse.keep : 1);
  theta_bar[s->pulse.dose] = after_bar[s->pulse.state];
  return 0;
}
static inline int pulse_jump_jvp(size_t event, double t, const double *x, const double *theta, double t_dot,
                                 const double *x_dot, const double *theta_dot, double *after_dot,
                                 void *user) {
  (void)event, (void)t, (void)x, (void)theta, (void)t_dot;
  const terms *s = user;
  for (int i = 0; i < s->n; i++) after_dot[i] = x_dot[i] * (i == s->pulse.state ? s->pulse.keep : 1);
  after_dot[s->pulse.state] += theta_dot[s->pulse.dose];
  return 0;
}

/* The callbacks as a field; `s` must outlive it. */
static inline og_status terms_field(og_context *context, terms *s, og_field **out) {
  static const og_event_functions functions = {
      OG_INIT(og_event_functions), pulse_guard, pulse_guard_vjp, pulse_jump, pulse_jump_vjp, pulse_jump_jvp};
  const og_event event = {OG_INIT(og_event), "pulse", OG_DIRECTION_ANY, s->pulse.terminal};
  og_status status = og_field_create(context, (size_t)s->n, (size_t)s->p, terms_rhs, s, out);
  if (status == OG_OK) status = og_field_set_vjp(*out, terms_vjp);
  if (status == OG_OK) status = og_field_set_jvp(*out, terms_jvp);
  if (status == OG_OK) status = og_field_set_inputs(*out, (size_t)s->inputs);
  if (status == OG_OK && s->pulse.happens) status = og_field_set_events(*out, 1, &event, &functions);
  return status;
}

/* ---- As text ---- */

typedef struct text {
  char *at, *end;
} text;

static inline void write_text(text *to, const char *format, ...) __attribute__((format(printf, 2, 3)));

static inline void write_factor(text *to, const factor *f) {
  int x = f->state + 1;
  switch (f->shape) {
  case SHAPE_SQUARE: write_text(to, "*x%d^2", x); break;
  case SHAPE_SATURATION: write_text(to, "*x%d/(%.17g + x%d)", x, f->a, x); break;
  case SHAPE_REPRESSION: write_text(to, "/(1 + (x%d/%.17g)^4)", x, f->a); break;
  case SHAPE_SIGMOID: write_text(to, "/(1 + exp((%.17g - x%d)/%.17g))", f->a, x, f->b); break;
  case SHAPE_TANH: write_text(to, "*tanh(x%d)", x); break;
  default: write_text(to, "*x%d", x);
  }
}

static inline void write_term(text *to, const terms *s, const term *m) {
  write_text(to, " + (%.17g)", m->c);
  for (int i = 0; i < 2; i++)
    if (m->theta[i] == s->p)
      write_text(to, "*u");
    else if (m->theta[i] >= 0)
      write_text(to, "*k%d", m->theta[i] + 1);
  if (m->power) write_text(to, "*sin(%.17g*t + %.17g)", m->omega, m->phase);
  if (m->power == 2) write_text(to, "^2");
  for (int i = 0; i < m->factors; i++) write_factor(to, &m->factor[i]);
}

static inline void write_pulse(text *to, const pulse *e) {
  write_text(to, "event pulse when ");
  if (e->guarded >= 0)
    write_text(to, "x%d - (%.17g)", e->guarded + 1, e->level);
  else if (e->time_parameter >= 0)
    write_text(to, "t - k%d", e->time_parameter + 1);
  else
    write_text(to, "t - (%.17g)", e->time);
  write_text(to, " = 0 any { x%d = (%.17g)*x%d + k%d%s }\n", e->state + 1, e->keep, e->state + 1, e->dose + 1,
             e->terminal ? "; stop" : "");
}

/* The model, with x0 and theta as its values. */
static inline void write_model(text *to, const terms *s, const double *x0, const double *theta) {
  for (int k = 0; k < s->p; k++) write_text(to, "param k%d = %.17g\n", k + 1, theta[k]);
  if (s->inputs) write_text(to, "input u hold\n");
  for (int i = 0; i < s->n; i++) write_text(to, "init x%d = %.17g\n", i + 1, x0[i]);
  for (int i = 0; i < s->n; i++) {
    write_text(to, "x%d' = 0", i + 1);
    for (int k = 0; k < s->count; k++)
      if (s->term[k].row == i) write_term(to, s, &s->term[k]);
    write_text(to, "\n");
  }
  if (s->pulse.happens) write_pulse(to, &s->pulse);
}

#include <stdarg.h>
static inline void write_text(text *to, const char *format, ...) {
  va_list list;
  va_start(list, format);
  int length = vsnprintf(to->at, (size_t)(to->end - to->at), format, list);
  va_end(list);
  if (length > 0) to->at += length < to->end - to->at ? length : to->end - to->at - 1;
}

#endif

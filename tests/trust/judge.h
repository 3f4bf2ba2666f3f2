/* What an answer is worth: by how many tolerances it is off, and whether a refusal was called for. */
#ifndef OG_TRUST_JUDGE_H
#define OG_TRUST_JUDGE_H

#include "trust/ask.h"

typedef enum verdict {
  VERDICT_RIGHT,
  VERDICT_OFF,     /* by more than 100 tolerances, with OG_OK */
  VERDICT_WRONG,   /* by more than the gradient's own size, with OG_OK */
  VERDICT_REFUSED, /* though the method can do it */
  VERDICT_CANNOT,  /* refused, and tangents under full control need too many steps as well, or x cannot be had
                      back */
  VERDICT_BEYOND,  /* off, but no more than tangents under full control: x itself is known no better */
  VERDICT_COUNT
} verdict;
static const char *const verdict_names[] = {"right", "off", "wrong", "refused", "cannot", "beyond"};

typedef struct judgement {
  verdict verdict;
  double error; /* the larger of the two that follow; of a pushforward that of its results */
  double parameters, initial;
  double strict;  /* relative down to a share of rtol instead of least_share */
  double control; /* the error of tangents under full control; -1: they were not asked */
  answer answer;
} judgement;

static inline double larger(double a, double b) { return isnan(a) || isnan(b) ? NAN : fmax(a, b); }

static inline double most_of(const double *v, int count) {
  double most = 0;
  for (int i = 0; i < count; i++) most = larger(most, fabs(v[i]));
  return most;
}
static inline double most_apart(const double *a, const double *b, int count) {
  double most = 0;
  for (int i = 0; i < count; i++) most = larger(most, fabs(a[i] - b[i]));
  return most;
}
/* 0 where nothing is apart, infinite where it is not a number. */
static inline double relative(double apart, double size) {
  return apart == 0 ? 0 : apart / size < INFINITY ? apart / size : INFINITY;
}

/* What is relative to the largest component of its kind is so down to this share of what it is made of: of
 * the largest seed for initial states, whose cotangents may have decayed, and of the largest product of a
 * seed and a tangent for parameters, whose sum may cancel. An error of a hundred tolerances of that is a
 * tenth of a tolerance of the seed. */
static const double least_share = 1e-3;

static inline double error_of_parameters(const trial *r, const truth *t, const double *parameters,
                                         const double *input, double share) {
  double size = fmax(fmax(most_of(t->parameters, r->s.p), most_of(t->input, 2)), share * t->largest_part);
  return relative(larger(most_apart(parameters, t->parameters, r->s.p), most_apart(input, t->input, 2)),
                  size);
}
static inline double error_of_initial(const trial *r, const truth *t, const double *initial, double share) {
  double size = fmax(most_of(t->initial, r->s.n), share * t->largest_seed);
  return relative(most_apart(initial, t->initial, r->s.n), size);
}
static inline double error_of_dots(const trial *r, const truth *t, double dots[POINTS_MAX][STATES_MAX],
                                   double share) {
  double apart = 0, size = share * most_of(r->x0_dot, r->s.n);
  for (int k = 0; k <= r->observations; k++) {
    apart = larger(apart, most_apart(dots[k], t->dots[k], r->s.n));
    size = fmax(size, most_of(t->dots[k], r->s.n));
  }
  return relative(apart, size);
}

static inline double tolerance_of(const trial *r) {
  return r->precision == OG_PRECISION_SINGLE ? fmax(r->rtol, 1e-5) : r->rtol;
}

/* The error of tangents under full control; infinite: too many steps. */
static inline double error_of_control(const trial *r, const truth *t) {
  truth c = find_control(r, t);
  if (!c.found) return INFINITY;
  if (r->product == PRODUCT_PUSHFORWARD) return error_of_dots(r, t, c.dots, least_share);
  double input[2] = {t->input[0], t->input[1]};
  return larger(error_of_parameters(r, t, c.parameters, input, least_share),
                error_of_initial(r, t, c.initial, least_share));
}

/* By how much errors of x grow that are solved back from the end to the start: the size of the inverse of
 * dx(t1)/dx0. */
static inline double growth_backward(const trial *r, const truth *t) {
  int n = r->s.n;
  double A[STATES_MAX][2 * STATES_MAX] = {{0}}, most = 0;
  for (int i = 0; i < n; i++) {
    for (int j = 0; j < n; j++) A[i][j] = t->by_initial[j][i];
    A[i][n + i] = 1;
  }
  for (int k = 0; k < n; k++) { /* Gauss and Jordan, with the largest pivot of the column */
    int best = k;
    for (int i = k + 1; i < n; i++)
      if (fabs(A[i][k]) > fabs(A[best][k])) best = i;
    if (!(fabs(A[best][k]) > 1e-300)) return INFINITY;
    for (int j = 0; j < 2 * n; j++) {
      double swap = A[k][j];
      A[k][j] = A[best][j], A[best][j] = swap;
    }
    for (int i = 0; i < n; i++) {
      double factor = i == k ? 0 : A[i][k] / A[k][k];
      for (int j = 0; j < 2 * n; j++) A[i][j] -= factor * A[k][j];
    }
  }
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) most = larger(most, fabs(A[i][n + j] / A[i][i]));
  return most;
}

/* A hundred tolerances are lost at the start already. */
static inline int cannot_go_back(const trial *r, const truth *t) {
  return r->product == PRODUCT_BACKSOLVE && !(growth_backward(r, t) < 100);
}

static inline verdict verdict_of(const trial *r, const truth *t, judgement *j) {
  double limit = 100 * tolerance_of(r);
  if (j->answer.status == OG_OK && j->error <= limit) return VERDICT_RIGHT;
  if (j->answer.status != OG_OK && cannot_go_back(r, t)) return VERDICT_CANNOT;
  j->control = error_of_control(r, t);
  if (j->answer.status != OG_OK) return j->control <= limit ? VERDICT_REFUSED : VERDICT_CANNOT;
  if (!(j->error <= 1)) return VERDICT_WRONG;
  return isfinite(j->control) && j->control > limit && j->error <= 3 * j->control ? VERDICT_BEYOND
                                                                                  : VERDICT_OFF;
}

static inline judgement judge(trial *r, const truth *t) {
  judgement j = {.answer = ask(r), .control = -1};
  const answer *a = &j.answer;
  if (r->product == PRODUCT_PUSHFORWARD) {
    j.error = error_of_dots(r, t, j.answer.dots, least_share);
    j.strict = error_of_dots(r, t, j.answer.dots, r->rtol);
  } else {
    j.parameters = error_of_parameters(r, t, a->parameters, a->input, least_share);
    j.initial = error_of_initial(r, t, a->initial, least_share);
    j.error = larger(j.parameters, j.initial);
    j.strict = larger(error_of_parameters(r, t, a->parameters, a->input, r->rtol),
                      error_of_initial(r, t, a->initial, r->rtol));
  }
  j.verdict = verdict_of(r, t, &j);
  return j;
}

#endif

/* A fit with a closed form, for the tests of fits and of training. */
#ifndef OG_TEST_LINE_H
#define OG_TEST_LINE_H

#include "fitting.h"

/* A straight line: x' = v, x(0) = a, normal errors: least squares, written out. */

#define LINE                                                                                                 \
  "param v = 0.1 in [-9, 9]\nparam a = 1 in [-9, 9]\nparam s = 1 in [0.01, 9]\ninit x = a\nx' = v + "        \
  "0*x\nobserve x ~ normal(x, s)\n"
#define LINE_DATA "t,x\n0,1.2\n1,1.9\n2,3.4\n3,3.7\n4,5.3\n5,5.6\n"

typedef struct line {
  double v, a, s, loss, se_v, se_a, se_s;
} line;

/* The observed information at the maximum is that of regression with s^2 = RSS / N: no cross terms with s. */
static inline line least_squares(void) {
  const double y[] = {1.2, 1.9, 3.4, 3.7, 5.3, 5.6};
  double N = 6, mean_t = 2.5, mean_y = 0, ty = 0, tt = 0, rss = 0;
  for (int i = 0; i < 6; i++) mean_y += y[i] / N;
  for (int i = 0; i < 6; i++) ty += (i - mean_t) * (y[i] - mean_y), tt += (i - mean_t) * (i - mean_t);
  line l = {.v = ty / tt, .a = mean_y - ty / tt * mean_t};
  for (int i = 0; i < 6; i++) rss += pow(y[i] - l.a - l.v * i, 2);
  l.s = sqrt(rss / N);
  l.loss = N / 2 * (1 + log(8 * atan(1) * l.s * l.s));
  l.se_v = l.s / sqrt(tt);
  l.se_a = l.s * sqrt(1 / N + mean_t * mean_t / tt);
  l.se_s = l.s / sqrt(2 * N);
  return l;
}

#endif

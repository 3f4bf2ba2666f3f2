/* A term's value and its slopes by states and parameters, written once for NUMBER: OF(name) names what is
 * defined. Included by terms.h alone, once for each kind of number. */

static inline NUMBER OF(shape_value)(const factor *f, const NUMBER *x) {
  NUMBER v = x[f->state], square = v * v / (f->a * f->a);
  switch (f->shape) {
  case SHAPE_SQUARE: return v * v;
  case SHAPE_SATURATION: return v / (f->a + v);
  case SHAPE_REPRESSION: return 1 / (1 + square * square);
  case SHAPE_SIGMOID: return 1 / (1 + EXPONENTIAL((f->a - v) / f->b));
  case SHAPE_TANH: return HYPERBOLIC(v);
  default: return v;
  }
}

/* y is the value. */
static inline NUMBER OF(shape_slope)(const factor *f, const NUMBER *x, NUMBER y) {
  NUMBER v = x[f->state];
  switch (f->shape) {
  case SHAPE_SQUARE: return 2 * v;
  case SHAPE_SATURATION: return f->a / ((f->a + v) * (f->a + v));
  case SHAPE_REPRESSION: return -4 * y * y * v * v * v / (f->a * f->a * f->a * f->a);
  case SHAPE_SIGMOID: return y * (1 - y) / f->b;
  case SHAPE_TANH: return 1 - y * y;
  default: return 1;
  }
}

typedef struct OF(term_slopes) {
  NUMBER value, by_theta[2], by_state[FACTORS_MAX];
} OF(term_slopes);

static inline NUMBER OF(parameter_of)(const term *m, int which, const NUMBER *theta) {
  return m->theta[which] < 0 ? 1 : theta[m->theta[which]];
}

static inline OF(term_slopes) OF(slopes_of)(const term *m, double t, const NUMBER *x, const NUMBER *theta) {
  NUMBER a = OF(parameter_of)(m, 0, theta), b = OF(parameter_of)(m, 1, theta), part = m->c * wave_value(m, t);
  NUMBER value[FACTORS_MAX], shapes = 1;
  OF(term_slopes) s;
  for (int i = 0; i < m->factors; i++) shapes *= value[i] = OF(shape_value)(&m->factor[i], x);
  for (int i = 0; i < m->factors; i++) {
    s.by_state[i] = part * a * b * OF(shape_slope)(&m->factor[i], x, value[i]);
    for (int j = 0; j < m->factors; j++)
      if (j != i) s.by_state[i] *= value[j];
  }
  s.value = part * a * b * shapes;
  s.by_theta[0] = part * b * shapes;
  s.by_theta[1] = part * a * shapes;
  return s;
}

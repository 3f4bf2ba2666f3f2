#include "solve/events/root.h"

#include <math.h>

/* False position with the weights of Anderson & Bjorck (BIT 13 (1973), 253-264); a bisection whenever two
 * steps have not halved the bracket. Both come to neighbours in the end. */
typedef struct bracket {
  double low, high, g_low, g_high; /* g > 0 at low, <= 0 at high */
  double weight_low, weight_high;  /* g as the secant uses it */
} bracket;

static double false_position(const bracket *b) {
  return b->low + (b->high - b->low) * (b->weight_low / (b->weight_low - b->weight_high));
}

/* When the same end moves twice, the other's weight shrinks. */
static double shrunk(double weight, double before, double now) {
  double factor = 1 - now / before;
  return weight * (factor > 0 ? factor : 0.5);
}

static void narrow(bracket *b, double s, double g, int *moved) {
  if (g > 0) {
    if (*moved == 1) b->weight_high = shrunk(b->weight_high, b->g_low, g);
    b->low = s, b->g_low = b->weight_low = g;
    *moved = 1;
  } else {
    if (*moved == -1) b->weight_low = shrunk(b->weight_low, b->g_high, g);
    b->high = s, b->g_high = b->weight_high = g;
    *moved = -1;
  }
}

og_root og_find_root(og_root_fn g, void *work, double side, double low, double high) {
  bracket b = {.low = low, .high = high, .g_low = side * g(work, low), .g_high = side * g(work, high)};
  double before = 2 * (high - low), width = high - low, spread = fabs(b.g_low - b.g_high);
  int moved = 0;
  b.weight_low = b.g_low, b.weight_high = b.g_high;
  while (b.high - b.low > 0x1p-60) {
    double middle = b.low + 0.5 * (b.high - b.low), s = false_position(&b);
    if (!(middle > b.low && middle < b.high)) break;
    if (!(s > b.low && s < b.high) || b.high - b.low > 0.5 * before) s = middle, moved = 0;
    before = width, width = b.high - b.low;
    narrow(&b, s, side * g(work, s), &moved);
  }
  return (og_root){b.high, fmax(fabs(b.g_low), fabs(b.g_high)), spread};
}

double og_find_dip(og_root_fn g, void *work, double side, double low, double high) {
  const double golden = 0.6180339887498949;
  double enough = 1e-8 * (high - low), left = high - golden * (high - low),
         right = low + golden * (high - low);
  double g_left = side * g(work, left), g_right = side * g(work, right);
  while (high - low > enough) {
    if (!(g_left > 0)) return left;
    if (!(g_right > 0)) return right;
    if (g_left < g_right) {
      high = right, right = left, g_right = g_left;
      left = high - golden * (high - low);
      g_left = side * g(work, left);
    } else {
      low = left, left = right, g_left = g_right;
      right = low + golden * (high - low);
      g_right = side * g(work, right);
    }
  }
  return NAN;
}

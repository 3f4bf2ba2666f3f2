#include "solve/events/piece.h"

#include <math.h>

#include "base/real.h"

/* Close to the ends, where they show the slope, and near equal parts of the piece. The offsets from those
 * were found by random search: the least residual that a sine of amplitude one leaves in the windows,
 * whatever its phase, is 0.40 for all of 2 to 160 periods and for all multiples of a half up to 50,000. For
 * equal parts it is 0.01. They have many digits, because a number of periods is a round one too often. */
const double og_piece_places[OG_PIECE_POINTS] = {0,
                                                 0.0012510401754775283,
                                                 0.12870639911386755,
                                                 0.23198045920617458,
                                                 0.36928220989503724,
                                                 0.48557614899817075,
                                                 0.63158224702511079,
                                                 0.75402103299588552,
                                                 0.88129456774114934,
                                                 0.99879815908926062,
                                                 1};

/* How far the samples may be from a polynomial: against the largest of them, which is what a sine leaves that
 * has 12 samples a period, and against the distance of the nearest one from zero. */
static const double tolerance = 1e-3, margin = 64;

static double product_of_distances(int first, int k) {
  double product = 1;
  for (int l = first; l < first + OG_PIECE_WINDOW; l++)
    if (l != k) product *= og_piece_places[k] - og_piece_places[l];
  return product;
}

/* In units of what the sample is off from the polynomial through the others, for that inner sample that is
 * hardest to tell from them; those close to the ends are easy. */
static void set_window(double weight[OG_PIECE_WINDOW], int first) {
  double largest = 0;
  for (int k = 0; k < OG_PIECE_WINDOW; k++) {
    int point = first + k, inner = k > 0 && k < OG_PIECE_WINDOW - 1;
    weight[k] = 1 / product_of_distances(first, point);
    if (inner && point > 1 && point < OG_PIECE_LAST - 1) largest = fmax(largest, fabs(weight[k]));
  }
  for (int k = 0; k < OG_PIECE_WINDOW; k++) weight[k] /= largest;
}

void og_piece_test_set(og_piece_test *test) {
  for (int i = 0; i < OG_PIECE_WINDOWS; i++) set_window(test->weight[i], i);
}

/* Not fmax, which is a call. */
static double larger(double a, double b) { return a > b ? a : b; }

double og_piece_strain(const og_piece_test *test, const og_piece *piece, size_t guard, double noise) {
  double g[OG_PIECE_POINTS], strain = 0;
  for (int k = 0; k < OG_PIECE_POINTS; k++) g[k] = og_piece_sample(piece, guard, k);
  for (int i = 0; i < OG_PIECE_WINDOWS; i++) {
    double residual = 0, least = g[i], most = g[i];
    for (int k = 0; k < OG_PIECE_WINDOW; k++) {
      residual += test->weight[i][k] * g[i + k];
      least = g[i + k] < least ? g[i + k] : least;
      most = larger(most, g[i + k]);
    }
    double distance = larger(least, -most), size = larger(most, -least);
    double allowed = larger(larger(tolerance * size, distance / margin), noise);
    if (residual != 0) strain = larger(strain, fabs(residual) / allowed);
  }
  return strain;
}

/* Of a full strip of guards, in plain loops that compilers vectorise. */
static void screen_strip(const og_piece_test *test, const double *g, size_t point, signed char *far) {
  double least[OG_LANE_STEP], most[OG_LANE_STEP], residual[OG_LANE_STEP] = {0};
  for (int e = 0; e < OG_LANE_STEP; e++) least[e] = most[e] = g[e];
  for (int k = 1; k < OG_PIECE_POINTS; k++)
    for (int e = 0; e < OG_LANE_STEP; e++) {
      double at = g[(size_t)k * point + (size_t)e];
      least[e] = at < least[e] ? at : least[e];
      most[e] = at > most[e] ? at : most[e];
    }
  for (int i = 0; i < OG_PIECE_WINDOWS; i++) {
    const double *w = test->weight[i], *first = g + (size_t)i * point;
    for (int e = 0; e < OG_LANE_STEP; e++) {
      double sum = 0;
      for (int k = 0; k < OG_PIECE_WINDOW; k++) sum += w[k] * first[(size_t)k * point + (size_t)e];
      sum = fabs(sum);
      residual[e] = sum > residual[e] ? sum : residual[e];
    }
  }
  for (int e = 0; e < OG_LANE_STEP; e++) {
    double distance = least[e] > -most[e] ? least[e] : -most[e];
    int is_far = (distance > 0) & (margin * residual[e] <= distance) & (most[e] - least[e] <= distance);
    far[e] = (signed char)(is_far ? (least[e] > 0) - (most[e] < 0) : 0);
  }
}

void og_piece_screen(const og_piece_test *test, const og_piece *piece, size_t count, signed char *far) {
  for (size_t first = 0; first < count; first += OG_LANE_STEP)
    screen_strip(test, piece->g + first, piece->point, far + first);
}

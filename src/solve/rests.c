#include "solve/rests.h"

#include <math.h>

double og_rest_error(double exponent) { return fmin(OG_REST_ERROR, pow(OG_REST_GROWTH, -1 / exponent)); }

static size_t gap(const og_rests *rests, int i) { return rests->run[i + 1].first - rests->run[i].stop; }

static void join_nearest(og_rests *rests) {
  int nearest = 0;
  for (int i = 1; i + 1 < rests->count; i++)
    if (gap(rests, i) < gap(rests, nearest)) nearest = i;
  rests->run[nearest].stop = rests->run[nearest + 1].stop;
  rests->count--;
  for (int i = nearest + 1; i < rests->count; i++) rests->run[i] = rests->run[i + 1];
}

static void add(og_rests *rests, size_t index) {
  int last = rests->count - 1;
  if (last >= 0 && rests->run[last].stop == index) {
    rests->run[last].stop++;
    return;
  }
  if (rests->count == OG_RESTS) join_nearest(rests);
  rests->run[rests->count].first = index;
  rests->run[rests->count++].stop = index + 1;
}

void og_rests_add(og_rests *rests, size_t first, size_t index) {
  size_t there = rests->count ? rests->run[rests->count - 1].stop : 0;
  for (size_t i = first > there ? first : there; i <= index; i++) add(rests, i);
}

size_t og_rests_before(const og_rests *rests, size_t index) {
  for (int i = rests->count - 1; i >= 0; i--) {
    if (rests->run[i].first >= index) continue;
    return rests->run[i].stop < index ? rests->run[i].stop - 1 : index - 1;
  }
  return (size_t)-1;
}

int og_rests_has(const og_rests *rests, size_t index) { return og_rests_before(rests, index + 1) == index; }

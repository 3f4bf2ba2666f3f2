/* Lines of no more points than can be told apart. */
#include "io/plot.h"

#include <math.h>
#include <string.h>

/* Of the points in one column of half a pixel the first, the lowest, the highest and the last, in their
 * order: their lines cover what those of all cover. */
static size_t thin_column(double *path, size_t from, size_t to, size_t kept) {
  size_t low = from, high = from;
  for (size_t i = from; i < to; i++) {
    if (path[2 * i + 1] < path[2 * low + 1]) low = i;
    if (path[2 * i + 1] > path[2 * high + 1]) high = i;
  }
  const size_t wanted[] = {from, low < high ? low : high, low < high ? high : low, to - 1};
  for (size_t k = 0; k < 4; k++) {
    if (k && wanted[k] == wanted[k - 1]) continue;
    path[2 * kept] = path[2 * wanted[k]];
    path[2 * kept++ + 1] = path[2 * wanted[k] + 1];
  }
  return kept;
}

/* A line of a million points would make a file that no viewer opens. Where points are few they stay. */
size_t og_path_thin(double *path, size_t length) {
  const double COLUMNS = 2; /* of a pixel: as many as those of a PNG */
  enum { FEW = 8 };
  size_t kept = 0;
  for (size_t from = 0, to; from < length; from = to) {
    double column = floor(COLUMNS * path[2 * from]);
    for (to = from + 1; to < length && floor(COLUMNS * path[2 * to]) == column;) to++;
    if (to - from > FEW)
      kept = thin_column(path, from, to, kept);
    else
      for (size_t i = from; i < to; i++, kept++) memmove(path + 2 * kept, path + 2 * i, 2 * sizeof *path);
  }
  return kept;
}

/* A trajectory is a list of segments, each with steps of its own, which are frozen as fractions of it. A
 * segment ends at t1, at a breakpoint of an input, or at an event; without events and signals there is one,
 * [t0, t1]. After an event the next one begins at the event's time and has the same end as the interrupted.
 */
#ifndef OG_SEGMENT_H
#define OG_SEGMENT_H

#include "base/pages.h"

#define OG_NO_EVENT ((size_t)-1)

typedef struct og_segment {
  double start, end; /* where it begins, and where it ends when no event interrupts it */
  double inside;     /* a time between the breakpoints around it, which tells what the inputs are */
  double wished;     /* where it is next to nothing: the step that was wished for before it; else 0 */
  size_t first;      /* its first step */
  size_t observed;   /* observations before it */
  double last;       /* the fraction at which its last step ends as it was tried: 1 unless interrupted */
  /* The event that ended it: where in its last step, when, and the states before and after, [2][n]; behind
   * them, where the solve has sizes, how large each component was since the event before, [n]. */
  size_t event, occurrence; /* occurrence: events of the trajectory before it */
  double sigma, time;
  double *states;
  int held; /* the event's time does not move: it was due from the start */
} og_segment;

typedef struct og_path {
  size_t count, capacity, bytes; /* bytes: allocated, for the budget */
  og_segment *segments;          /* `only`, while there is no other */
  og_segment only;
} og_path;

og_segment og_segment_plain(double start, double end);
/* One segment in place of what there was. */
void og_path_begin(og_context *context, og_path *path, og_segment first);
/* Bytes that one segment more will take: a longer list, and when it is filled those of the old one are given
 * back. */
size_t og_path_growth(const og_path *path);
size_t og_path_old(const og_path *path);
/* Adds a segment after the last: OG_ERR_MEMORY without a message if there is none. */
og_status og_path_add(og_context *context, og_path *path, og_segment next);
void og_path_free(og_context *context, og_path *path);
/* The segment of step `step`. */
size_t og_path_find(const og_path *path, size_t step);

/* Times of a recorded segment, when it is replayed. */
static inline void og_segment_move(og_segment *segment, const og_segment *to) {
  segment->start = to->start;
  segment->end = to->end;
  segment->inside = to->inside;
}
/* Whether a segment ends before a time. */
static inline int og_segment_before(const og_segment *segment, double t) {
  return segment->end < segment->start ? t < segment->end : t > segment->end;
}
/* A time's place in a segment: 0 at its start, 1 at its end, exactly. */
static inline double og_segment_fraction(const og_segment *segment, double t) {
  if (t == segment->end) return 1;
  double s = (t - segment->start) / (segment->end - segment->start);
  return s < 0 ? 0 : s > 1 ? 1 : s;
}
static inline double og_segment_time(const og_segment *segment, double fraction) {
  return fraction == 1 ? segment->end : segment->start + (segment->end - segment->start) * fraction;
}

#endif

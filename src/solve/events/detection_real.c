/* Which event stops each lane's accepted step, and where. See detection.h. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "solve/events/scan.h"

typedef OG_R(og_integration) drive;

static og_watched_guard *watched_of(const drive *d, size_t event, int lane) {
  return &d->detection->watched[event * (size_t)d->lanes + (size_t)lane];
}

/* What looking at a piece comes to: the lane goes on; or an event stops it, or it has failed. */
typedef enum looked { GOES_ON, STOPS } looked;

static looked fail_at(drive *d, int lane, size_t event, og_status status) {
  OG_R(og_integrate_event_fail)(d, lane, event, status);
  return STOPS;
}

/* ---- A piece whose guards are resolved ---- */

/* The guards that may have left their side. The others are on it, and now known to be; but not one that
 * cannot be told from zero yet, however little it moves. */
static void find_near_ones(drive *d, int lane, const og_piece *piece) {
  og_detection *detection = d->detection;
  detection->near_count = 0;
  for (size_t k = 0; k < detection->guards; k++) {
    og_watched_guard *w = watched_of(d, k, lane);
    int rests = w->fresh && fabs(og_piece_sample(piece, k, 0)) <= w->noise;
    if (og_piece_far(piece, k) == 0 || og_piece_far(piece, k) != w->side || w->pending || rests)
      detection->near_ones[detection->near_count++] = k;
    else
      w->fresh = 0;
  }
}

/* The first event of the piece. Of those that come at the same time, as far as can be told, it is the one
 * that is declared first; but what an input's jump sets off comes before all else. */
static size_t first_found(const og_detection *detection) {
  const og_crossing *found = detection->found;
  size_t first = OG_NO_EVENT;
  for (size_t i = 0; i < detection->near_count; i++) {
    size_t k = detection->near_ones[i];
    if (found[k].what == OG_CROSSES && (first == OG_NO_EVENT || found[k].sigma < found[first].sigma))
      first = k;
  }
  if (first == OG_NO_EVENT || found[first].held) return first;
  for (size_t i = 0; detection->near_ones[i] < first; i++) {
    size_t k = detection->near_ones[i];
    double apart = found[k].sigma - found[first].sigma, blur = found[k].blur + found[first].blur;
    if (found[k].what == OG_CROSSES && apart <= OG_NOISE_FACTOR * blur) return k;
  }
  return first;
}

/* The guards that are near zero in the piece get the sides they have just before it; the others stay on
 * theirs. */
static void stop(drive *d, int lane, const og_piece *piece, size_t event) {
  og_detection *detection = d->detection;
  const og_crossing *c = &detection->found[event];
  detection->event[lane] = event;
  detection->sigma[lane] = c->sigma;
  detection->residual[lane] = c->residual;
  if (d->at.h[lane] != 0) detection->blur[lane] = c->blur * fabs(d->at.h[lane]); /* else the last one's */
  detection->wide[lane] = piece->high - piece->low;
  detection->held[lane] = (unsigned char)c->held;
  detection->jumped[lane] = (unsigned char)c->jumps;
  for (size_t i = 0; i < detection->near_count; i++) {
    size_t k = detection->near_ones[i];
    *watched_of(d, k, lane) = OG_R(og_scan_before)(d, lane, piece, k, c->sigma);
  }
}

/* Events further behind the first one than this part of the piece are not at its time. */
static const double behind = 0x1p-10;

/* What comes after an event that was found need not be located. */
static void limit_by(drive *d, int lane, const og_piece *piece, const og_crossing *c) {
  og_detection *detection = d->detection;
  double margin = fmax(behind * (piece->high - piece->low), 4 * OG_NOISE_FACTOR * c->blur);
  double limit = c->sigma + margin;
  if (detection->near_count == 1 || limit >= fmin(detection->limit, piece->high)) return;
  memcpy(detection->limit_g, OG_R(og_sample_at)(d, lane, limit),
         detection->guards * sizeof *detection->limit_g);
  detection->limit = limit;
}

/* The one that seems to pass zero first: located first, it saves locating most others. */
static size_t guess_first(const drive *d, int lane, const og_piece *piece) {
  const og_detection *detection = d->detection;
  size_t first = 0;
  double least = INFINITY;
  for (size_t i = 0; i < detection->near_count && detection->near_count > 1; i++) {
    double place = OG_R(og_scan_guess)(d, lane, piece, detection->near_ones[i]);
    if (place < least) least = place, first = i;
  }
  return first;
}

static looked scan(drive *d, int lane, const og_piece *piece, size_t k) {
  og_detection *detection = d->detection;
  detection->next[k] = *watched_of(d, k, lane);
  detection->found[k] = OG_R(og_scan)(d, lane, piece, k, &detection->next[k]);
  if (detection->found[k].what == OG_ACCUMULATES) return fail_at(d, lane, k, OG_ERR_ZENO);
  if (detection->found[k].what == OG_CROSSES) limit_by(d, lane, piece, &detection->found[k]);
  return GOES_ON;
}

static looked look(drive *d, int lane, const og_piece *piece) {
  og_detection *detection = d->detection;
  find_near_ones(d, lane, piece);
  detection->limit = INFINITY;
  if (detection->near_count == 0) return GOES_ON;
  size_t guess = guess_first(d, lane, piece);
  if (scan(d, lane, piece, detection->near_ones[guess]) == STOPS) return STOPS;
  for (size_t i = 0; i < detection->near_count; i++)
    if (i != guess && scan(d, lane, piece, detection->near_ones[i]) == STOPS) return STOPS;
  size_t first = first_found(detection);
  if (first != OG_NO_EVENT) {
    stop(d, lane, piece, first);
    return STOPS;
  }
  for (size_t i = 0; i < detection->near_count; i++)
    *watched_of(d, detection->near_ones[i], lane) = detection->next[detection->near_ones[i]];
  return GOES_ON;
}

/* ---- Smaller pieces, until they are ---- */

/* The smallest ones, as a part of a piece that was sampled for all lanes. */
static const double smallest = 0x1p-14;

static og_piece sample(drive *d, int lane, double low, double high, looked *so) {
  og_status status = OG_OK;
  size_t failed = OG_NO_EVENT;
  og_piece piece = OG_R(og_sample_piece)(d, lane, low, high, &failed, &status);
  *so = failed == OG_NO_EVENT ? GOES_ON : fail_at(d, lane, failed, status);
  return piece;
}

static double strain_of(const drive *d, const og_piece *piece) {
  const og_detection *detection = d->detection;
  double strain = 0;
  for (size_t k = 0; k < detection->guards; k++)
    if (!og_piece_far(piece, k))
      strain = fmax(strain, og_piece_strain(&detection->test, piece, k, detection->blurred[k]));
  return strain;
}

/* A piece of the smallest width does not resolve a guard. Where the guard jumps or has a kink, that is so in
 * one piece, or in two that meet there, and its samples are close enough. A guard that is not resolved in
 * three of four neighbours changes too fast. */
static looked see_smallest(drive *d, int lane, double low, double width, double high) {
  og_detection *detection = d->detection;
  looked so = GOES_ON;
  for (size_t k = 0; k < detection->guards; k++) detection->misses[k] = 0;
  for (int i = 0; i < 4 && low + i * width < high; i++) {
    og_piece piece = sample(d, lane, low + i * width, fmin(low + (i + 1) * width, high), &so);
    if (so == STOPS) return STOPS;
    for (size_t k = 0; k < detection->guards; k++) {
      detection->misses[k] += og_piece_strain(&detection->test, &piece, k, detection->blurred[k]) > 1;
      if (detection->misses[k] > 2) return fail_at(d, lane, k, OG_ERR_GUARD_UNRESOLVED);
    }
  }
  return so;
}

/* How much wider the next piece may be. */
static double growth(double strain) { return strain <= 0x1p-12 ? 4 : strain <= 0x1p-6 ? 2 : 1; }

/* On the way through a piece in smaller ones. */
typedef struct walk {
  double at, width, high;
  double least;   /* width */
  double settled; /* the smallest ones up to there are looked at, resolved or not */
  double trouble; /* where the last one that was not resolved ends: they do not grow before */
} walk;

static looked next_piece(drive *d, int lane, walk *w) {
  looked so = GOES_ON;
  double end = w->at + w->width < w->high - 0.125 * w->width ? w->at + w->width : w->high;
  og_piece piece = sample(d, lane, w->at, end, &so);
  if (so == STOPS) return STOPS;
  double strain = strain_of(d, &piece);
  if (strain <= 1 || end <= w->settled) {
    w->at = end;
    if (end > w->trouble - 0.5 * w->width) w->width *= growth(strain);
    return look(d, lane, &piece);
  }
  if (w->width > w->least) {
    w->width = fmax(w->least, 0.25 * w->width);
    w->trouble = end;
    return GOES_ON;
  }
  w->settled = w->trouble = w->at + 4.5 * w->least;
  return see_smallest(d, lane, w->at, w->least, w->high);
}

/* From the piece's start to its end in smaller ones, as wide as are resolved. The width is kept from step to
 * step, so that a guard that changes fast is not lost again where few samples would happen to look smooth. */
static looked go_through(drive *d, int lane, const og_piece *whole) {
  double *reach = &d->detection->reach[lane], h = fabs(d->at.h[lane]), width = whole->high - whole->low;
  looked so = GOES_ON;
  walk w = {.at = whole->low,
            .high = whole->high,
            .least = smallest * width,
            .settled = whole->low,
            .trouble = whole->low};
  w.width = fmax(w.least, fmin(0.25 * width, *reach / h));
  while (w.at < w.high && so == GOES_ON) {
    so = next_piece(d, lane, &w);
    *reach = w.width * h;
  }
  return so;
}

/* ---- The step ---- */

/* A guard whose samples are not all finite; OG_NO_EVENT. When the guards' callback refused, the first. */
static size_t unknown(const drive *d, int lane) {
  const og_detection *detection = d->detection;
  if (d->step->status[lane]) return 0;
  for (int i = 0; i < detection->pieces; i++) {
    og_piece piece = og_detection_piece(detection, i, lane);
    for (size_t k = 0; k < detection->guards; k++)
      for (int point = 0; point < OG_PIECE_POINTS && !og_piece_far(&piece, k); point++)
        if (!isfinite(og_piece_sample(&piece, k, point))) return k;
  }
  return OG_NO_EVENT;
}

/* Whether a piece as it was sampled for all lanes resolves the lane's guards. One that is wider than the lane
 * expects to be resolved does not, whatever its samples say. What rounding makes of the guards is found when
 * it matters, once in a step. */
static int resolves(drive *d, int lane, const og_piece *piece, int *prepared) {
  og_detection *detection = d->detection;
  int wide = (piece->high - piece->low) * fabs(d->at.h[lane]) > detection->reach[lane];
  for (size_t k = 0; k < detection->guards; k++) {
    if (!wide && (og_piece_far(piece, k) || og_piece_strain(&detection->test, piece, k, 0) <= 1)) continue;
    if (!*prepared) OG_R(og_sample_prepare)(d, lane);
    *prepared = 1;
    if (wide || og_piece_strain(&detection->test, piece, k, detection->blurred[k]) > 1) return 0;
  }
  detection->reach[lane] = INFINITY;
  return 1;
}

static void watch_lane(drive *d, int lane) {
  og_detection *detection = d->detection;
  looked so = GOES_ON;
  int prepared = 0;
  for (int i = 0; i < detection->pieces && so == GOES_ON; i++) {
    og_piece piece = og_detection_piece(detection, i, lane);
    so = resolves(d, lane, &piece, &prepared) ? look(d, lane, &piece) : go_through(d, lane, &piece);
  }
}

/* The recorded event of a replayed step, located anew near the place it had. */
static void locate_again(drive *d, int lane, const og_segment *segment) {
  og_detection *detection = d->detection;
  og_root root = {.place = segment->sigma};
  detection->event[lane] = segment->event;
  detection->held[lane] = (unsigned char)segment->held;
  detection->blur[lane] = OG_SAME_TIME * DBL_EPSILON * fabs(segment->time);
  og_status status =
      segment->held ? OG_OK : OG_R(og_scan_again)(d, lane, segment->event, segment->sigma, &root);
  detection->sigma[lane] = root.place;
  detection->residual[lane] = root.residual;
  if (status != OG_OK) OG_R(og_integrate_event_fail)(d, lane, segment->event, status);
}

static void watch_replayed(drive *d, int lane) {
  const og_trajectory *at = d->trajectory[lane];
  size_t s = d->segment[lane];
  const og_segment *segment = &at->path.segments[s];
  if (segment->event != OG_NO_EVENT && d->index[lane] + 1 == og_segment_stop(at, s))
    locate_again(d, lane, segment);
}

void OG_R(og_integrate_detect)(drive *d) {
  if (!d->replay) OG_R(og_sample_block)(d);
  d->detection->theta_of = -1;
  for (int lane = 0; lane < d->lanes; lane++) {
    d->detection->event[lane] = OG_NO_EVENT;
    if (d->mask[lane] == 0) continue;
    size_t failed = d->replay ? OG_NO_EVENT : unknown(d, lane);
    og_status status = d->step->status[lane] ? OG_ERR_FIELD : OG_ERR_NOT_FINITE;
    if (failed != OG_NO_EVENT)
      OG_R(og_integrate_event_fail)(d, lane, failed, status);
    else if (d->replay)
      watch_replayed(d, lane);
    else
      watch_lane(d, lane);
  }
}

/* Looking at fixed steps while they are taken; see coarse.h. Nothing of it goes into a result, and each lane
 * is looked at by its own count of steps, so that what is found depends on no neighbour. */
#include "solve/integrate/coarse.h"

#include <math.h>
#include <string.h>

#include "solve/integrate/integrate.h"

typedef OG_R(og_integration) integration;
typedef OG_R(og_interval) interval;
typedef OG_R(og_step) step;

enum { LOOK_EVERY = 32, LOOK_AT = 8 };
/* Components smaller than this share of the largest are taken to be as large: rounding is no error of steps.
 */
static const double LEAST_SHARE = 1e-6;
/* A sign that was found to mean nothing means nothing either when it is a little larger. */
static const double CLEARED = 1.2;

/* Of each component in each lane: the largest that it was, where steps that were looked at begin. d->e2 is
 * for errors otherwise, which fixed steps have none of. */
static real *sizes_of(const integration *d) { return d->e2; }

/* ---- When ---- */

/* Steps from number k of a segment with so many until one is to be looked at: 0 for this one. */
static size_t steps_until(size_t k, size_t steps) {
  size_t next = (LOOK_AT + LOOK_EVERY - k % LOOK_EVERY) % LOOK_EVERY;
  return k < steps && k + next >= steps ? steps - 1 - k : next;
}

static int look_at_lanes(integration *d) {
  int any = 0;
  d->until_look = LOOK_EVERY;
  for (int lane = 0; lane < d->lanes; lane++) {
    size_t k = d->index[lane] - d->first[lane], steps = d->segment_steps[lane];
    d->due[lane] = d->trajectory[lane] && steps_until(k, steps) == 0;
    any |= d->due[lane];
    if (!d->trajectory[lane]) continue;
    size_t next = 1 + steps_until(k + 1, steps);
    if (next < d->until_look) d->until_look = next;
  }
  return any;
}

/* A method without an error estimate may have nothing else to compare than slopes: that of the step before is
 * kept. */
void OG_R(og_integrate_coarse_before)(integration *d) {
  if (look_at_lanes(d) && d->step->stepper->errors == 0)
    memcpy(d->e, d->step->ops->slope(d->step), (size_t)(d->step->n * d->lanes) * sizeof *d->e);
}

/* ---- Signs ---- */

/* Euler's, from two slopes; the first step of a segment has one alone. */
static void compare_slopes(integration *d) {
  real half[OG_LANES_MAX];
  for (int lane = 0; lane < d->lanes; lane++)
    half[lane] = d->index[lane] > d->first[lane] ? d->at.h_real[lane] / 2 : 0;
  for (int i = 0; i < d->step->n; i++) {
    real *e = d->e + i * d->lanes;
    const real *k = d->step->ops->slope(d->step) + i * d->lanes;
    for (int lane = 0; lane < d->lanes; lane++) e[lane] = half[lane] * (k[lane] - e[lane]);
  }
}

/* Into d->e. */
static void find_signs(integration *d) {
  if (!d->step->ops->difference(d->step, &d->at, d->e)) compare_slopes(d);
}

/* What a look finds, in all lanes at once, since what every lane does is a plain loop; those that are not due
 * get numbers of no use. */
typedef struct look {
  double largest[OG_LANES_MAX], share[OG_LANES_MAX];
} look;

/* x counts in how large the solution is, in the lanes that are due. */
static void grow_sizes(integration *d, look *l) {
  real due[OG_LANES_MAX];
  for (int lane = 0; lane < d->lanes; lane++) {
    due[lane] = d->due[lane];
    l->largest[lane] = 0;
  }
  for (int i = 0; i < d->step->n; i++) {
    real *known = sizes_of(d) + i * d->lanes;
    const real *x = d->x + i * d->lanes;
    for (int lane = 0; lane < d->lanes; lane++) {
      real size = due[lane] * (x[lane] < 0 ? -x[lane] : x[lane]);
      known[lane] = size > known[lane] ? size : known[lane];
      l->largest[lane] = (double)known[lane] > l->largest[lane] ? (double)known[lane] : l->largest[lane];
    }
  }
  for (int lane = 0; lane < d->lanes; lane++)
    if (d->due[lane]) d->trajectory[lane]->coarse.largest = l->largest[lane];
}

/* A component's own part that is off, at most all of it: else one that is zero by chance would count for all.
 */
static inline double part_of(double off, double size) { return off < size ? off / size : off > 0; }

/* What is in d->e as a part of the solution: the largest component of that of the largest of this, or the
 * root mean square of the components' own parts. */
static void find_shares(const integration *d, look *l) {
  double most[OG_LANES_MAX], sum[OG_LANES_MAX];
  for (int lane = 0; lane < d->lanes; lane++) most[lane] = sum[lane] = 0;
  for (int i = 0; i < d->step->n; i++) {
    const real *e = d->e + i * d->lanes, *known = sizes_of(d) + i * d->lanes;
    for (int lane = 0; lane < d->lanes; lane++) {
      double off = (double)(e[lane] < 0 ? -e[lane] : e[lane]), least = LEAST_SHARE * l->largest[lane];
      double part = part_of(off, (double)known[lane] > least ? (double)known[lane] : least);
      most[lane] = off > most[lane] ? off : most[lane];
      sum[lane] += part * part;
    }
  }
  for (int lane = 0; lane < d->lanes; lane++)
    l->share[lane] = fmax(most[lane] > 0 ? most[lane] / l->largest[lane] : 0, sqrt(sum[lane] / d->step->n));
}

void OG_R(og_integrate_coarse_begin)(integration *d, int lane) {
  double largest = 0;
  for (int entry = lane; entry < d->step->n * d->lanes; entry += d->lanes) {
    sizes_of(d)[entry] = (real)fabs((double)d->x[entry]);
    largest = fmax(largest, fabs((double)d->x[entry]));
  }
  d->trajectory[lane]->coarse = (og_coarse){.first = largest, .largest = largest};
}

/* ---- Half steps ---- */

/* One lane's, apart from its block: the step's start and end, those of its halves, and the end of a step
 * more. */
typedef struct again {
  step *step;
  real *start, *end, *middle, *other_end, *next, *theta, *memory;
  long long evals;
} again;
_Static_assert(sizeof(again) <= OG_COARSE_AGAIN, "a budget counts on the size of what takes a step again");

static og_status open_again(const integration *d, int lane, again *a) {
  size_t block = OG_PADDED(d->solve->n), lanes = (size_t)d->lanes, at = (size_t)lane;
  a->memory = og_alloc(d->solve->context, 5 * block + OG_PADDED(d->solve->p), sizeof *a->memory);
  if (!a->memory) return OG_ERR_MEMORY;
  a->start = a->memory;
  a->end = a->start + block;
  a->middle = a->end + block;
  a->other_end = a->middle + block;
  a->next = a->other_end + block;
  a->theta = a->next + block;
  for (size_t i = 0; i < d->solve->n; i++) {
    a->start[i] = d->x[i * lanes + at];
    a->end[i] = d->y[i * lanes + at];
  }
  for (size_t i = 0; i < d->solve->p; i++) a->theta[i] = d->theta[i * lanes + at];
  a->step = OG_R(og_step_create)(d->solve->context, d->step->stepper, d->step->field, 1, OG_STEP_FORWARD);
  return a->step ? OG_OK : OG_ERR_MEMORY;
}

static void close_again(integration *d, again *a) {
  d->evals += a->evals + og_count_work(d->solve, OG_R(og_step_take_work)(a->step));
  OG_R(og_step_destroy)(d->solve->context, a->step);
  og_free(d->solve->context, a->memory);
  og_free(d->solve->context, a);
}

static void take(again *a, double t, double t_next, const real *from, real *to) {
  interval at = {.t = {t}, .t_next = {t_next}, .h = {t_next - t}, .h_real = {(real)(t_next - t)}};
  a->evals += a->step->ops->recompute(a->step, OG_STEP_VALUES, &at, from, a->theta);
  a->step->ops->end(a->step, &at, from, to);
}

/* A state counts in how large the solution is. Whether it is finite. */
static int count_state(integration *d, int lane, const real *state) {
  double zero = 0, *largest = &d->trajectory[lane]->coarse.largest;
  for (int i = 0; i < d->step->n; i++) zero += 0 * (double)state[i];
  for (int i = 0; i < d->step->n && zero == 0; i++) {
    real size = (real)fabs((double)state[i]), *known = &sizes_of(d)[i * d->lanes + lane];
    if (size > *known) *known = size;
    *largest = fmax(*largest, (double)size);
  }
  return zero == 0;
}

/* What is in d->e, as a part of the solution. */
static double whole_part(const integration *d, int lane) {
  double most = 0;
  for (int i = 0; i < d->step->n; i++) most = fmax(most, fabs((double)d->e[i * d->lanes + lane]));
  return most > 0 ? most / d->trajectory[lane]->coarse.largest : 0;
}

static double rms_part(const integration *d, int lane) {
  double sum = 0, least = LEAST_SHARE * d->trajectory[lane]->coarse.largest;
  for (int i = 0; i < d->step->n; i++) {
    int entry = i * d->lanes + lane;
    double part = part_of(fabs((double)d->e[entry]), fmax((double)sizes_of(d)[entry], least));
    sum += part * part;
  }
  return sqrt(sum / d->step->n);
}

/* Whether the step ends at several times what the solution was before: more than a start from zero makes of
 * it. */
static int leaps(const integration *d, int lane, const again *a) {
  double most = 0;
  for (int i = 0; i < d->step->n; i++) most = fmax(most, fabs((double)a->end[i]));
  return most > 3 * d->trajectory[lane]->coarse.largest;
}

/* How far off the step is. Infinite where half steps come to no end, nothing where they are refused. Far
 * beyond stability the halves may end where the whole does, by chance: then the step leaps, and its sign
 * tells. */
static double find_off(integration *d, int lane, const again *a) {
  if (a->step->status[0]) return 0;
  if (!count_state(d, lane, a->middle)) return INFINITY;
  double sign = leaps(d, lane, a) ? whole_part(d, lane) : 0;
  if (!count_state(d, lane, a->other_end)) return INFINITY;
  for (int i = 0; i < d->step->n; i++) d->e[i * d->lanes + lane] = a->end[i] - a->other_end[i];
  return fmax(sign > 1 ? sign : 0, fmax(whole_part(d, lane), rms_part(d, lane)));
}

/* The worse of two is kept, each by what the solution has grown to. */
static void keep_worse(const integration *d, int lane, double off) {
  og_coarse *kept = &d->trajectory[lane]->coarse;
  if (kept->off * (kept->size / kept->largest) >= off) return;
  kept->off = off;
  kept->size = kept->largest;
  kept->t = d->at.t[lane];
  kept->h = d->at.h[lane];
}

/* ---- Growth ---- */

static int has_grown(const integration *d, int lane) {
  const og_coarse *c = &d->trajectory[lane]->coarse;
  int last = d->index[lane] + 1 - d->first[lane] == d->segment_steps[lane];
  return last && c->first > 0 && c->largest > OG_COARSE_GROWTH * c->first;
}

/* Squared, of the parallelogram between two states, each component over its size; 0 where they hardly differ
 * in direction. */
static double area_of(const integration *d, int lane, const real *a, const real *b) {
  double aa = 0, bb = 0, ab = 0;
  for (int i = 0; i < d->step->n; i++) {
    double size = (double)sizes_of(d)[i * d->lanes + lane], scale = size > 0 ? 1 / size : 0;
    double x = scale * (double)a[i], y = scale * (double)b[i];
    aa += x * x;
    bb += y * y;
    ab += x * y;
  }
  double area = aa * bb - ab * ab;
  return area > 1e-6 * aa * bb ? area : 0;
}

/* A linear map in a plane, such as a step of an oscillation is, changes all areas in it by the square of what
 * states grow by, whatever their phase and their units are. The logarithm of that growth, from a to b to c;
 * 0: there is no plane. */
static double growth_of(const integration *d, int lane, const real *a, const real *b, const real *c) {
  double before = area_of(d, lane, a, b), after = area_of(d, lane, b, c);
  return before > 0 && after > 0 ? log(after / before) / 4 : 0;
}

/* What the step itself adds to the solution's growth, as if all so far were like it: what it adds to that of
 * its halves, and these add 2^-order times as much. */
static void compare_growth(integration *d, int lane, again *a) {
  og_coarse *c = &d->trajectory[lane]->coarse;
  double t = d->at.t_next[lane];
  take(a, t, t + d->at.h[lane], a->end, a->next);
  double whole = growth_of(d, lane, a->start, a->end, a->next);
  double halves = 2 * growth_of(d, lane, a->start, a->middle, a->other_end);
  double own = (whole - fmax(halves, 0)) / (1 - exp2(-d->step->stepper->order));
  double growth = whole > 0 ? (double)(d->index[lane] + 1) * own : 0;
  if (a->step->status[0] == 0 && growth > c->growth && growth < INFINITY) c->growth = growth;
}

/* ---- After the step ---- */

static void judge_again(integration *d, int lane, double sign, again *a) {
  double t = d->at.t[lane], middle = t + d->at.h[lane] / 2;
  take(a, t, middle, a->start, a->middle);
  take(a, middle, d->at.t_next[lane], a->middle, a->other_end);
  double off = find_off(d, lane, a);
  if (off > OG_COARSE_OFF)
    keep_worse(d, lane, off);
  else if (has_grown(d, lane))
    compare_growth(d, lane, a);
  else if (sign < INFINITY)
    d->trajectory[lane]->coarse.cleared = CLEARED * sign;
}

static og_status look_closely(integration *d, int lane, double sign) {
  again *a = og_alloc(d->solve->context, 1, sizeof *a);
  og_status status = a ? open_again(d, lane, a) : OG_ERR_MEMORY;
  if (status == OG_OK) judge_again(d, lane, sign, a);
  if (a) close_again(d, a);
  return status;
}

void OG_R(og_integrate_coarse_after)(integration *d) {
  look l;
  int any = 0;
  for (int lane = 0; lane < d->lanes; lane++) any |= d->due[lane] &= d->mask[lane] != 0;
  if (!any) return;
  find_signs(d);
  grow_sizes(d, &l);
  find_shares(d, &l);
  for (int lane = 0; lane < d->lanes; lane++) {
    if (!d->due[lane]) continue;
    double sign = l.share[lane], cleared = d->trajectory[lane]->coarse.cleared;
    if (sign <= fmax(OG_COARSE_SIGN, cleared) && !has_grown(d, lane)) continue;
    if (look_closely(d, lane, sign) != OG_OK) d->share->status = OG_ERR_MEMORY;
  }
}

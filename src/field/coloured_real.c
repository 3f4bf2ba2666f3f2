/* The products of a colouring, several side by side as lanes of one call, and their entries handed out. */
#include "field/coloured.h"

#include <string.h>

#include "base/real.h"

/* Entries of a block beyond which more lanes gain nothing: programs are as fast on one long vector. */
enum { BLOCK_ENTRIES = 1 << 12 };

/* Blocks of `width` lanes: product k of trajectory `lane` is column k * lanes + lane. Compiled programs need
 * one lane or a multiple of OG_LANE_STEP: those that are left are idle. */
typedef struct sweep {
  const og_field *field;
  const og_colouring *colouring;
  int lanes, sides; /* products in one call, at most */
  size_t width;     /* of the call at hand */
  const double *t;
  const real *x, *theta;
  real *values;
  og_lane_status *status;
  double *wide_t;
  real *wide_x, *wide_theta, *seed, *result;
  og_lane_status *wide_status;
  void *own;
} sweep;

static size_t wide_bytes(const og_field *field, size_t width, size_t *parts) {
  size_t sizes[] = {width * sizeof(double),
                    field->n * width * sizeof(double),
                    field->p * width * sizeof(double),
                    field->n * width * sizeof(double),
                    field->n * width * sizeof(double),
                    width * sizeof(og_lane_status)};
  size_t used = 0;
  for (int i = 0; i < 6; i++) {
    if (parts) parts[i] = used;
    used += OG_ALIGNED(sizes[i]);
  }
  return used;
}

static int padded_width(int width) { return width == 1 ? 1 : (int)OG_PADDED((size_t)width); }

#if !defined(OG_SINGLE)
int og_coloured_width(const og_field *field, int lanes) {
  const og_colouring *c = field->colouring;
  int wanted = c->colours > c->rows ? c->colours : c->rows, sides = OG_LANES_MAX / lanes;
  size_t fit = BLOCK_ENTRIES / (field->n * (size_t)lanes);
  if (sides > wanted) sides = wanted;
  if ((size_t)sides > fit) sides = fit < OG_LANE_STEP ? 1 : (int)fit;
  return padded_width(lanes * (sides > 1 ? sides : 1));
}

size_t og_coloured_bytes(const og_field *field, int lanes) {
  return wide_bytes(field, (size_t)og_coloured_width(field, lanes), NULL);
}
#endif

static sweep open_sweep(const og_field *field, int lanes, void *scratch) {
  size_t part[6], width = (size_t)og_coloured_width(field, lanes), bytes = wide_bytes(field, width, part);
  char *at = scratch;
  return (sweep){.field = field,
                 .colouring = field->colouring,
                 .lanes = lanes,
                 .sides = (int)width / lanes, /* the padding too */
                 .wide_t = (double *)(void *)(at + part[0]),
                 .wide_x = (real *)(void *)(at + part[1]),
                 .wide_theta = (real *)(void *)(at + part[2]),
                 .seed = (real *)(void *)(at + part[3]),
                 .result = (real *)(void *)(at + part[4]),
                 .wide_status = (og_lane_status *)(at + part[5]),
                 .own = at + bytes};
}

/* Each row of trajectories again and again until the width is full. */
static void repeat(const sweep *s, const real *from, size_t rows, real *to) {
  size_t lanes = (size_t)s->lanes;
  for (size_t i = 0; i < rows; i++)
    for (size_t at = 0; at < s->width; at += lanes) {
      size_t some = s->width - at < lanes ? s->width - at : lanes;
      memcpy(to + i * s->width + at, from + i * lanes, some * sizeof *to);
    }
}

static void put_side_by_side(sweep *s, int sides) {
  size_t lanes = (size_t)s->lanes, used = (size_t)sides * lanes;
  s->width = (size_t)padded_width((int)used);
  for (size_t at = 0; at < s->width; at++) {
    s->wide_t[at] = s->t[at % lanes];
    s->wide_status[at] = at < used ? s->status[at % lanes] : OG_LANE_IDLE;
  }
  repeat(s, s->x, s->field->n, s->wide_x);
  repeat(s, s->theta, s->field->p, s->wide_theta);
  memset(s->seed, 0, s->field->n * s->width * sizeof *s->seed);
}

static void put_one(const sweep *s, int side, int row) {
  size_t lanes = (size_t)s->lanes;
  real *at = s->seed + (size_t)row * s->width + (size_t)side * lanes;
  for (size_t lane = 0; lane < lanes; lane++) at[lane] = 1;
}

/* The first failure of a lane in any product is that of the lane. */
static void take_status(const sweep *s, int sides) {
  for (int at = 0; at < sides * s->lanes; at++)
    if (!s->status[at % s->lanes]) s->status[at % s->lanes] = s->wide_status[at];
}

static void hand_out(const sweep *s, int side, int row, int entry) {
  size_t lanes = (size_t)s->lanes;
  const real *from = s->result + (size_t)row * s->width + (size_t)side * lanes;
  memcpy(s->values + (size_t)entry * lanes, from, lanes * sizeof *from);
}

static void add_columns(sweep *s, int first, int sides) {
  const og_colouring *c = s->colouring;
  put_side_by_side(s, sides);
  for (int k = 0; k < sides; k++)
    for (int i = c->column_start[first + k]; i < c->column_start[first + k + 1]; i++)
      put_one(s, k, c->column[i]);
  s->field->OG_R(ops).jvp(s->field, (int)s->width, s->wide_t, s->wide_x, s->wide_theta, NULL, s->seed, NULL,
                          s->result, s->wide_status, s->own);
  take_status(s, sides);
  for (int k = 0; k < sides; k++)
    for (int i = c->entry_start[first + k]; i < c->entry_start[first + k + 1]; i++)
      hand_out(s, k, c->pattern->row[c->entry[i]], c->entry[i]);
}

static void add_rows(sweep *s, int first, int sides) {
  const og_colouring *c = s->colouring;
  put_side_by_side(s, sides);
  for (int k = 0; k < sides; k++) put_one(s, k, c->row[first + k]);
  s->field->OG_R(ops).vjp(s->field, (int)s->width, s->wide_t, s->wide_x, s->wide_theta, s->seed, s->result,
                          NULL, NULL, s->wide_status, s->own);
  take_status(s, sides);
  for (int k = 0; k < sides; k++)
    for (int e = c->pattern->start[c->row[first + k]]; e < c->pattern->start[c->row[first + k] + 1]; e++)
      hand_out(s, k, c->pattern->column[e], e);
}

void OG_R(og_coloured_jacobian)(const og_field *field, int lanes, const double *t, const real *x,
                                const real *theta, real *values, og_lane_status *status, void *scratch) {
  sweep s = open_sweep(field, lanes, scratch);
  s.t = t, s.x = x, s.theta = theta, s.values = values, s.status = status;
  int colours = s.colouring->colours, rows = s.colouring->rows;
  for (int first = 0; first < colours; first += s.sides)
    add_columns(&s, first, colours - first < s.sides ? colours - first : s.sides);
  for (int first = 0; first < rows; first += s.sides)
    add_rows(&s, first, rows - first < s.sides ? rows - first : s.sides);
}

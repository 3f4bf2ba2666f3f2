/* Block callbacks: their room, their statuses, and single points, which are blocks of one lane. */
#include <string.h>

#include "base/real.h"
#include "field/callback.h"

static int narrowed(int result) { return (result > 0) - (result < 0); }

void og_block_statuses(int lanes, int result, const og_lane_status *before, og_lane_status *status) {
  for (int lane = 0; lane < lanes; lane++)
    status[lane] = before[lane] ? before[lane] : (og_lane_status)narrowed(result ? result : status[lane]);
}

static size_t rounded(size_t entries) { return OG_PADDED(entries); }

/* The callbacks' theta, theta_bar and theta_dot, which are other arrays than the field's where there are
 * inputs; zeros for tangents that are not given; t_bar. */
static size_t own_entries(const og_callback_field *field, size_t width) {
  return 3 * rounded(og_callback_entries(field) * width) + rounded(field->base.n * width) + 2 * width;
}

/* Products that were not given take the room of a single point. */
size_t og_block_entries(const og_callback_field *field, int lanes) {
  size_t own = own_entries(field, OG_PADDED((size_t)lanes));
  size_t point = rounded(og_callback_doubles(&field->base) + field->base.events);
  return own > point ? own : point;
}

/* In single precision without callbacks of it, all arrays of a product in double: x, f, lambda, x_bar, x_dot,
 * f_dot; theta, theta_bar, theta_dot; t_bar, t_dot. */
static size_t converted_entries(const og_callback_field *field, int lanes) {
  size_t width = OG_PADDED((size_t)lanes);
  return 5 * rounded(field->base.n * width) + 3 * rounded(field->base.p * width) + 2 * width;
}

size_t og_block_bytes(const og_callback_field *field, int lanes) {
  return (og_block_entries(field, lanes) + converted_entries(field, lanes)) * sizeof(double);
}

int og_block_eval_at(const og_callback_field *field, double t, const double *x, const double *theta,
                     double *f) {
  og_lane_status status = 0;
  memset(f, 0, field->base.n * sizeof *f);
  int result = field->block.rhs(1, &t, x, theta, f, &status, field->user);
  return result ? result : status;
}

int og_block_vjp_at(const og_callback_field *field, og_callback_point *at) {
  og_lane_status status = 0;
  og_callback_clear(field, at);
  int result = field->block.vjp(1, &at->t, at->x, at->theta, at->lambda, at->x_bar, at->theta_bar, &at->t_bar,
                                &status, field->user);
  return result ? result : status;
}

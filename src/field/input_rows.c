/* Rows of theta that callbacks do not see as they are. Of inputs they see one value u = a + b (t - tau) each,
 * where the field's theta has the rows a, b, tau. The rows' own times tau are constants of the signal:
 * nothing flows back to them. */
#include "field/callback.h"

/* t - tau. In single precision tau comes in two parts, the second among the field's fine rows. */
static double since(const og_field *field, const og_callback_point *at, size_t input) {
  const double *row = at->rows + og_field_parameters(field) + OG_INPUT_ROWS * input;
  return at->t - row[OG_INPUT_START] - at->rows[field->p - field->fine + input];
}

void og_inputs_load(const og_field *field, og_callback_point *at) {
  size_t p = og_field_parameters(field);
  if (!og_has_rows(field)) return;
  for (size_t i = 0; i < p; i++) at->theta[i] = at->rows[i];
  for (size_t i = 0; i < field->inputs; i++) {
    const double *row = at->rows + p + OG_INPUT_ROWS * i;
    at->theta[p + i] = row[OG_INPUT_LEVEL] + row[OG_INPUT_SLOPE] * since(field, at, i);
  }
}

void og_inputs_pull(const og_field *field, og_callback_point *at) {
  size_t p = og_field_parameters(field);
  if (!og_has_rows(field)) return;
  for (size_t i = 0; i < p; i++) at->rows_bar[i] = at->theta_bar[i];
  if (field->breakpoints) at->rows_bar[og_piece_row(field)] = 0;
  for (size_t i = 0; i < field->inputs; i++) {
    const double *row = at->rows + p + OG_INPUT_ROWS * i;
    double *row_bar = at->rows_bar + p + OG_INPUT_ROWS * i, u_bar = at->theta_bar[p + i];
    row_bar[OG_INPUT_LEVEL] = u_bar;
    row_bar[OG_INPUT_SLOPE] = u_bar * since(field, at, i);
    row_bar[OG_INPUT_START] = at->rows_bar[field->p - field->fine + i] = 0;
    at->t_bar += u_bar * row[OG_INPUT_SLOPE];
  }
}

void og_inputs_push(const og_field *field, og_callback_point *at) {
  size_t p = og_field_parameters(field);
  if (!og_has_rows(field)) return;
  for (size_t i = 0; i < p; i++) at->theta_dot[i] = at->rows_dot[i];
  for (size_t i = 0; i < field->inputs; i++) {
    const double *row = at->rows + p + OG_INPUT_ROWS * i, *row_dot = at->rows_dot + p + OG_INPUT_ROWS * i;
    at->theta_dot[p + i] = row_dot[OG_INPUT_LEVEL] + row_dot[OG_INPUT_SLOPE] * since(field, at, i) +
                           row[OG_INPUT_SLOPE] * at->t_dot;
  }
}

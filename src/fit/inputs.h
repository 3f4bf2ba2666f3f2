/* The inputs of a model as signals, read from the columns of a table. */
#ifndef OG_INPUTS_H
#define OG_INPUTS_H

#include "field/field.h"
#include "model/model.h"

/* Times ascend, each once; a constant has one value and no time that matters. */
typedef struct og_input_series {
  size_t count;
  double *times, *values; /* into the arrays of all */
} og_input_series;

struct og_inputs {
  og_context *context;
  const og_model *model;
  const og_table *table;
  og_signal *kinds; /* [count] */
  size_t trajectories, count;
  og_input_series *series; /* [trajectories][count] */
  double *times, *values;  /* of all series */
  double *work;            /* [2][room]: a signal on its way to a solve */
  size_t room;
};

/* Sets the inputs of a trajectory of the data in a trajectory of a solve, whose span is set already. */
og_status og_inputs_set_for(const og_inputs *inputs, size_t trajectory, og_solve *solve, size_t item);
/* Of an input's rows (a, b, tau) expressions read the first one alone, unless it is linear. */
static inline size_t og_input_rows_read(og_signal kind) {
  return kind == OG_SIGNAL_LINEAR ? OG_INPUT_ROWS : 1;
}
/* How many rows of all inputs are read. */
size_t og_inputs_width(const og_model_parts *parts);
/* The rows that are read, for one time of a trajectory [og_inputs_width]: those of the interval that begins
 * there or, at the very end, of the one that ends there. */
void og_inputs_rows(const og_inputs *inputs, size_t trajectory, double t, double *rows);

#endif

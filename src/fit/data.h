/* The data of an objective: the rows of a table that hold observations, trajectory after trajectory. */
#ifndef OG_DATA_H
#define OG_DATA_H

#include "model/model.h"

typedef struct og_data {
  og_context *context;
  const og_table *table; /* NULL: none */
  size_t trajectories, count, columns;
  double *t0, *t1; /* [trajectories] */
  size_t *first;   /* [trajectories + 1]: the observations of each */
  size_t *row;     /* [count]: the table's row of each observation */
  double *times;   /* [count] */
  double *values;  /* [count][2 columns]: values, then flags */
} og_data;

/* Reads a table and checks it; a message names row and trajectory of a fault. */
og_status og_data_create(og_context *context, const og_model *model, const og_table *table, og_data **out);
void og_data_destroy(og_data *data);
/* The message for a column that the table lacks, with the columns that it has. */
og_status og_data_no_time(og_context *context, const og_table *table);
/* The time of each row: column t or time; NULL when there is none. */
const double *og_data_time(const og_table *table);
/* The message for a column that the model "observes" or otherwise uses. */
og_status og_data_no_column(og_context *context, const og_table *table, const char *use, const char *name);
/* ", trajectory NAME" when the table has an `id` column, else "". */
enum { OG_PLACE_SIZE = 96 };
/* "d.csv:4: ", where a row stands in its file, or "d.csv: " for OG_NO_ROW; "" for a table that was made in C.
 */
enum { OG_FILE_SIZE = 200 };
#define OG_NO_ROW ((size_t)-1)
const char *og_data_file(const og_table *table, size_t row, char text[OG_FILE_SIZE]);
const char *og_data_trajectory(const og_table *table, size_t trajectory, char text[OG_PLACE_SIZE]);

#endif

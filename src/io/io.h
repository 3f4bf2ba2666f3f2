/* Plain data in files: tables of numbers (here), JSON (json.h), safetensors (safetensors.h), pictures
 * (plot.h), and output that appears whole or not at all (target.h, temporary.h). The room knows base alone,
 * and no model: files of parameters are in src/parameters. Begin with table.c and output.c; table_read.c is
 * the largest reader. */
#ifndef OG_IO_H
#define OG_IO_H

#include "base/base.h"

/* ---- Names in order of first appearance ---- */

typedef struct og_names {
  og_context *context;
  char **names; /* [capacity], `count` of them in use */
  size_t count, capacity;
  size_t *slots; /* hash table [slot_count] of index + 1; 0: empty */
  size_t slot_count;
} og_names;
/* The index of `name`, which is added when it is new; 0 when there is no memory (*index is then untouched).
 */
int og_names_add(og_names *names, const char *name, size_t *index);
/* Whether `name` is there already; then *index is its place. */
int og_names_find(const og_names *names, const char *name, size_t *index);
void og_names_clear(og_names *names);

/* ---- Tables ---- */

typedef struct og_column {
  char *name;
  double *values; /* [rows]; of an `id` column that holds text: NaN where the text is no number */
} og_column;

struct og_table {
  og_context *context;
  og_references references;
  size_t rows, count, capacity;
  og_column *columns;
  og_names groups;   /* the texts of the `id` column; empty: there is none, and one group */
  size_t *row_group; /* [rows] */
  char *name;        /* of the file; NULL: none */
  size_t *line;      /* [rows]: where each row begins in it; NULL: not known */
};
/* Whether a cell's text stands for a missing value; what is said of one that is no number. */
int og_cell_is_missing(const char *cell);
const char *og_cell_fault(const char *cell);

/* The name of the column that tells trajectories apart. */
#define OG_ID_COLUMN "id"

/* Uses it until og_table_destroy; NULL is nothing. */
void og_table_keep(const og_table *table);
/* Appends a column, taking over neither argument. */
og_status og_table_append(og_table *table, const char *name, const double *values);

#endif

/* A Jacobian out of products: columns that have no row in common are seen in one jvp (Curtis, Powell & Reid,
 * IMA J. Appl. Math. 13, 1974), rows that are much longer than others by a vjp each. */
#ifndef OG_COLOURED_H
#define OG_COLOURED_H

#include "field/field.h"

/* How the entries of a pattern come out of products. */
typedef struct og_colouring {
  const og_pattern *pattern;
  int colours, rows;       /* jvps; vjps */
  const int *row;          /* [rows] */
  const int *column_start; /* [colours + 1] */
  const int *column;       /* columns by colour */
  const int *entry_start;  /* [colours + 1] */
  const int *entry;        /* entries, without those of `row`, by their column's colour */
  void *memory;            /* of all lists */
} og_colouring;

enum { OG_BY_COLUMNS = 1, OG_BY_ROWS = 2 };
/* `ways` that there are; of columns and rows those that cost less. The first `rows` rows: others are the
 * caller's. */
og_status og_colouring_create(const og_pattern *pattern, int rows, int ways, og_colouring **out);
void og_colouring_destroy(og_colouring *colouring);

/* og_field_ops.jacobian, from the field's own products, of which several stand side by side as lanes where
 * lanes are few: the scratch has og_coloured_bytes, and behind it what the field needs for og_coloured_width
 * lanes. */
int og_coloured_width(const og_field *field, int lanes);
size_t og_coloured_bytes(const og_field *field, int lanes);
void og_coloured_jacobian_d(const og_field *field, int lanes, const double *t, const double *x,
                            const double *theta, double *values, og_lane_status *status, void *scratch);
void og_coloured_jacobian_s(const og_field *field, int lanes, const double *t, const float *x,
                            const float *theta, float *values, og_lane_status *status, void *scratch);

#endif

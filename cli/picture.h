/* What the files of pictures share: picture.c chooses, picture_solve.c solves, picture_layout.c finds which
 * curves share a panel and what is shaded, picture_draw.c draws curves and data, picture_classes.c columns of
 * classes. */
#ifndef ODEGRAD_PICTURE_H
#define ODEGRAD_PICTURE_H

#include "cli.h"

/* Which columns of classes are drawn. */
typedef enum class_columns { NO_CLASSES, CLASSES_OF_DATA, ALL_CLASSES } class_columns;

/* Which curves share a panel. */
typedef enum panel_layout { TOGETHER, BY_TRAJECTORY, BY_COLUMN } panel_layout;

/* What is drawn in one picture. */
typedef struct picture {
  const problem *p;
  const double *theta;
  const held_out *held; /* [M]; NULL: nothing is */
  class_columns classes;
  int phase;         /* one of two curves against the other */
  phase_axis *shown; /* [curves]: the states and observed columns of the curves */
  size_t curves;     /* of each trajectory */
  solution s;
  double *values; /* [rows][curves] */
  size_t *above;  /* [curves]: the first curve that is the same everywhere; its own number: none is */
  panel_layout layout;
  og_plot *plot;
} picture;

/* picture_solve.c: the solution along the curves from t0 to t1; t1 [M] becomes where they end, the last row
 * of the data where what lies beyond fails */
og_status solve_curves(picture *d, const double *t0, double *t1);

/* picture_draw.c */
og_status draw_and_write(picture *d, const char *path);
char *axis_name(const picture *d, size_t curve);
/* Whether the axis shows a column of the data; its values then. */
const double *axis_column(const picture *d, size_t curve);

/* Whether the data have points of a curve. */
int has_points(const picture *d, size_t curve);

/* picture_layout.c */
panel_layout choose_layout(const picture *d);
/* Whether trajectories are too many to have a name each in one panel. */
int are_many(const picture *d);
/* Fills `above`. */
void find_hidden(picture *d);

/* picture_layout.c: bands of a panel with the trajectories [first, end) */
og_status shade_panel(const picture *d, size_t first, size_t end);
/* Whether a trajectory is held out as a whole. */
int is_held_out(const picture *d, size_t m);

/* picture_classes.c: panels of the columns of classes */
size_t class_panels(const picture *d);
og_status draw_classes(picture *d);

#endif

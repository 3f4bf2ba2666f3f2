/* Matrix products in one precision (base/in_double.h). */

#define DENSE OG_P(og_dense)

/* product:    y[rows][lanes] = W x, inner index: columns.
 * transposed: x[columns][lanes] = W^T y, inner index: rows.
 * outer:      W_bar[rows][columns] += sum over lanes of a[rows] b[columns]; the sum is formed from 0, in the
 *             order of lanes, and then added.
 * add_lanes:  w_bar[rows] += sum over lanes of a[rows], in the same way. */
typedef struct DENSE {
  const char *name;
  int fused;
  void (*product)(int rows, int columns, int lanes, const REAL *w, const REAL *x, REAL *y);
  void (*transposed)(int rows, int columns, int lanes, const REAL *w, const REAL *y, REAL *x);
  void (*outer)(int rows, int columns, int lanes, const REAL *a, const REAL *b, REAL *w_bar);
  void (*add_lanes)(int rows, int lanes, const REAL *a, REAL *w_bar);
} DENSE;
/* In plain C, [fused]. */
extern const DENSE OG_P(og_dense_reference)[2];
/* The tables that this processor runs, the fastest last; *count receives their number. */
const DENSE *const *OG_P(og_dense_all)(int *count);
const DENSE *OG_P(og_dense_best)(void);

#undef DENSE

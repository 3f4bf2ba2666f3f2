/* What the files of `odegrad check` share: the gradient by every way there is, and how they are judged. */
#ifndef ODEGRAD_CHECK_H
#define ODEGRAD_CHECK_H

#include "cli.h"

typedef enum way {
  WAY_DISCRETE, /* the reference of the others */
  WAY_FORWARD,
  WAY_BACKSOLVE,
  WAY_INTERPOLATE,
  WAY_QUADRATURE,
  WAY_DIFFERENCES,
  WAY_COUNT
} way;
const char *way_name(way which);

typedef struct column {
  char *failure;            /* NULL: computed */
  char *doubt;              /* why it is not judged, or NULL */
  double *values, *allowed; /* [count]: components, and how far each may be from discrete's; NaN: not known */
  double worst;             /* largest difference, relative to the largest component of its kind */
  double seconds;
  long long kept;  /* bytes kept from the forward solve */
  int unsupported; /* the failure: this way does not do what the problem needs */
  int judged, agrees;
} column;

typedef struct check {
  problem *p;
  og_objective *objective;
  size_t count;   /* components: p parameters, M n initial states, t0, t1 */
  size_t *sample; /* the parameters that differences vary: NULL: all */
  size_t sample_count;
  double loss;
  double span;    /* of the first trajectory */
  double *x0;     /* [M][n] */
  double *scale;  /* [count]: the largest |component| of its kind, or what rounding in it is relative to */
  double *change; /* [count]: of discrete when refined, with a share of the largest of its kind; INFINITY:
                     unknown */
  column columns[WAY_COUNT];
} check;

/* ---- check.c ---- */

/* Parameters up to which every way gives every component. Beyond that differences vary a sample, and forward
 * sensitivities, which take a solve for each parameter, are left out. */
enum { PARAMETERS_MOST = 300 };
int is_affordable(const check *c, way which);
static inline int is_continuous(way which) { return which >= WAY_BACKSOLVE && which < WAY_DIFFERENCES; }
int is_single(const check *c);
/* Fills `largest` with the largest |value| among components of the same kind. */
void spread_by_kind(const check *c, const double *values, double *largest);
/* The gradient of `objective` by one way: values [count], in differences also their error for parameters [p].
 */
og_status evaluate_way(const check *c, og_objective *objective, way which, double *values, double *loss,
                       double *error);
/* Backsolve may fail where the equation cannot be solved backward; that says nothing about the gradient. */
int all_agree(const check *c);

/* ---- check_sample.c ---- */

void draw_sample(check *c);
int is_sampled(const check *c, size_t parameter);

/* ---- check_allow.c: how far each way may be from the discrete adjoint ---- */

void allow_all(check *c);

/* ---- check_report.c ---- */

void print_check(const check *c);
cJSON *check_json(const check *c);

/* ---- check_sweep.c: errors against step size or tolerance ---- */

enum { SWEEP_LEVELS = 8 };

typedef struct sweep {
  int fixed;                   /* fixed steps */
  double levels[SWEEP_LEVELS]; /* steps or rtol; */
  size_t count;                /* of them */
  double errors[WAY_COUNT]
               [SWEEP_LEVELS]; /* of parameters and initial states; NAN: failed, or not a way of the sweep */
  double apart[WAY_COUNT][SWEEP_LEVELS]; /* difference from discrete at the same level */
} sweep;
/* Computes the sweep. Warnings and failures of single levels are left out of it in silence. */
og_status run_sweep(const check *c, sweep *s);
cJSON *sweep_json(const sweep *s);
og_status draw_sweep(const check *c, const sweep *s, const char *path);

#endif

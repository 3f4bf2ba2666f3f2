/* What the files of `odegrad check` share: the gradient by every way there is, and how they are judged. */
#ifndef ODEGRAD_CHECK_H
#define ODEGRAD_CHECK_H

#include "cli.h"

/* Discrete, forward and differences hold the same steps: that they agree shows that the derivative is that of
 * the computed numbers, and nothing of the steps. The continuous ones have steps of their own for the
 * derivative. */
typedef enum way {
  WAY_DISCRETE,
  WAY_FORWARD,
  WAY_BACKSOLVE,
  WAY_INTERPOLATE,
  WAY_QUADRATURE,
  WAY_DIFFERENCES,
  WAY_COUNT
} way;
const char *way_name(way which);

typedef struct column {
  char *failure;   /* NULL: computed */
  char *reason;    /* why it is not judged, or disagrees, or NULL */
  double *values;  /* [count]: components */
  double *change;  /* [count]: of a finer run, with a share of the largest of its kind; INFINITY: not known */
  double *allowed; /* [count]: how far each may be from the reference; NaN: not known */
  double moved;    /* how far its finer run is from it: see apart; INFINITY: not known */
  double worst;    /* largest difference from the reference, relative to the largest component of its kind */
  double loss;     /* that the way computed; NaN: it does not */
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
  double loss;   /* that grad prints: of discrete's steps, narrowed for the derivative */
  double span;   /* of the first trajectory */
  double *x0;    /* [M][n] */
  double *scale; /* [count]: the largest |component| of its kind, or what rounding in it is relative to */
  char *finer_failure;         /* why there are no finer runs, or NULL */
  way reference;               /* WAY_COUNT: none */
  int confirmed_by[WAY_COUNT]; /* the ways of their own steps that agree with it; */
  int confirmed_by_itself;     /* and whether its finer run does */
  int below;                   /* some of its kinds are so small that their own size is not known */
  column columns[WAY_COUNT];
} check;

/* ---- check.c ---- */

/* Parameters up to which every way gives every component. Beyond that differences vary a sample, and forward
 * sensitivities, which take a solve for each parameter, are left out. */
enum { PARAMETERS_MOST = 300 };
int is_affordable(const check *c, way which);
static inline int is_continuous(way which) { return which >= WAY_BACKSOLVE && which < WAY_DIFFERENCES; }
/* Discrete and the continuous ones: what each says of the derivative is evidence of its own. */
static inline int is_independent(way which) { return which == WAY_DISCRETE || is_continuous(which); }
int is_single(const check *c);
/* Fills `largest` with the largest |value| among components of the same kind. */
void spread_by_kind(const check *c, const double *values, double *largest);
/* The same, and for times at least what they are a sum of. */
void scale_of(const check *c, const double *values, double *scale);
/* What a component is a derivative by. */
double variable_size(const check *c, size_t i);
/* The gradient of `objective` by one way: values [count], in differences also their error for parameters [p].
 */
og_status evaluate_way(const check *c, og_objective *objective, way which, double *values, double *loss,
                       double *error);
/* The way relative to which differences are shown: the reference, or the first there is. */
way shown_way(const check *c);

/* The parameters that differences vary, when there are too many for all of them. */
void draw_sample(check *c);
int is_sampled(const check *c, size_t parameter);

/* ---- check_finer.c: the same with finer steps ---- */

/* Fills `change` and `moved` of all ways that are evidence of their own. */
og_status run_finer(check *c);

/* ---- check_judge.c: which way is the reference, and what the others are beside it ---- */

/* How far two gradients are apart: the largest difference relative to the largest component of its kind, in
 * the smaller one of both, so that an exploded one is far from a right one. Where a kind is lost in the
 * errors of the loss, beside which it is taken then, *below is set (NULL: not wanted). */
double apart(const check *c, const double *a, const double *b, int *below);
/* From here on two gradients do not agree, however much their finer runs explain: a thousand tolerances,
 * which for a solve that goes well is far off; with fixed steps, whose errors were chosen, ten times the
 * smaller one. */
double too_far(const problem *p);
void choose_reference(check *c);
void judge_all(check *c);
/* Backsolve may fail where the equation cannot be solved backward; that says nothing about the gradient. */
int all_agree(const check *c);

/* How far each way may be from the reference. */
void allow_all(check *c);

/* ---- check_report.c ---- */

void print_check(const check *c);
cJSON *check_json(const check *c);

/* ---- check_sweep.c: errors against step size or tolerance ---- */

enum { SWEEP_LEVELS = 8 };

typedef struct sweep {
  way truth;                   /* whose finest run is the truth; WAY_COUNT: none is to be trusted, */
  double truths_apart;         /* since discrete and quadrature are so far apart */
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

/* One Runge-Kutta step on a lane block, its transpose and its tangent, for any explicit tableau.
 *
 * Where each lane is in its trajectory (og_place) and the workspace (og_step) are the caller's; a step
 * allocates nothing. Each lane has its own t and h. */
#ifndef OG_STEP_H
#define OG_STEP_H

#include "base/real.h"
#include "field/fused.h"
#include "kernels/kernels.h"
#include "step/tableau.h"

/* The nonzero weights of a sum over stages. */
#define OG_STEP_TYPES(X, S)                                                                                  \
  typedef struct og_weights_##S {                                                                            \
    int count;                                                                                               \
    int stage[OG_STAGES_MAX];                                                                                \
    X value[OG_STAGES_MAX];                                                                                  \
  } og_weights_##S;                                                                                          \
  /* Times are double; h is kept in both precisions. */                                                      \
  typedef struct og_place_##S {                                                                              \
    double t[OG_LANES_MAX], t_next[OG_LANES_MAX], h[OG_LANES_MAX];                                           \
    _Alignas(64) X h_real[OG_LANES_MAX];                                                                     \
  } og_place_##S;                                                                                            \
  typedef struct og_step_##S {                                                                               \
    const og_tableau *tableau;                                                                               \
    const og_field *field;                                                                                   \
    const og_kernels_##S *kernels;                                                                           \
    int lanes, n, p;                                                                                         \
    int core; /* stages that x1 needs: all but a last one that equals f(x1) */                               \
    og_weights_##S a[OG_STAGES_MAX], b, e, e2;                                                               \
    og_weights_##S transposed[OG_STAGES_MAX]; /* a_mj over m > j */                                          \
    X *stage_x[OG_STAGES_MAX];                /* X_j [n][lanes]; X_0 is the caller's x */                    \
    X *k[OG_STAGES_MAX];                      /* K_j [n][lanes] */                                           \
    X *g[OG_STAGES_MAX];                      /* transpose: cotangent of K_j divided by h, [n][lanes] */     \
    X *x_bar[OG_STAGES_MAX];                  /* transpose: cotangent of X_j; tangent: K_j's */              \
    X *lambda, *theta_bar;     /* transpose: h g_j [n][lanes], at last of the first stage; theta's of one,   \
                                  [p][lanes] */                                                              \
    X *t_bar;                  /* transpose: one stage's, [lanes] */                                         \
    double *stage_t;           /* of stages that are computed in one pass, [lanes] each */                   \
    X *weights_bar;            /* transpose of a bound field: [weights], the caller's, which is added to */  \
    void *tape[OG_STAGES_MAX]; /* of each stage; NULL: stages leave none */                                  \
    int taped;                 /* the first stages, which have theirs */                                     \
    void *scratch;             /* the field's */                                                             \
    void *memory;                                                                                            \
    og_lane_status status[OG_LANES_MAX];                                                                     \
    long long evals; /* of blocks; drivers count lanes themselves */                                         \
  } og_step_##S;
OG_STEP_TYPES(double, d)
OG_STEP_TYPES(float, s)

/* What a step is for: the step alone, in which the stages' states share memory; its transpose without time
 * cotangents, in which x_bar[j] takes the place of k[j], so that what is worked on stays in the cache; all
 * derivatives. TAPED, added to the latter two: stages of a bound field leave tapes, so that transposing them
 * need not compute them again. */
enum { OG_STEP_FORWARD, OG_STEP_TRANSPOSE, OG_STEP_DERIVATIVE, OG_STEP_TAPED = 4 };
#define OG_STEP_FUNCTIONS(X, S)                                                                              \
  og_status og_step_create_##S(og_context *context, const og_tableau *tableau, const og_field *field,        \
                               int lanes, int purpose, og_step_##S *step);                                   \
  /* The same in memory of the caller's, of og_step_bytes bytes, aligned to 64 and cleared. */               \
  size_t og_step_bytes_##S(const og_tableau *tableau, const og_field *field, int lanes, int purpose);        \
  void og_step_place_##S(const og_tableau *tableau, const og_field *field, int lanes, int purpose,           \
                         void *memory, og_step_##S *step);                                                   \
  void og_step_destroy_##S(og_context *context, og_step_##S *step);                                          \
  /* X_j and K_j for first <= j < last; K_j only for j < last_k. Stages before `first` are there already. */ \
  void og_step_stages_##S(og_step_##S *step, int first, int last, int last_k, const og_place_##S *at,        \
                          const X *x, const X *theta);                                                       \
  /* Makes idle lane `to` do what lane `from` does, so that its numbers are a state's, and finite. */        \
  void og_step_imitate_##S(const og_step_##S *step, int from, int to, og_place_##S *at, X *x, X *theta);     \
  /* y = x + h sum b_j K_j */                                                                                \
  void og_step_end_##S(og_step_##S *step, const og_place_##S *at, const X *x, X *y);                         \
  /* The transpose of x1 and of observations inside the step, stages [0, last): x_bar (in: cotangent of x1   \
   * and of x by observations; out: of x) and theta_bar accumulate; `observed`[j] (NULL: none) is the        \
   * observations' cotangent of K_j divided by h. Stages from `core` on count in the lanes of `mask` alone.  \
   * After it g[j], and with t_bars (lanes entries a stage, NULL: not wanted) the stages' time cotangents,   \
   * are there for the caller. */                                                                            \
  void og_step_transpose_##S(og_step_##S *step, int last, const og_place_##S *at, const X *x,                \
                             const X *theta, X *const *observed, const X *mask, X *x_bar, X *theta_bar,      \
                             X *t_bars);                                                                     \
  /* The tangent: K_j's tangents in step->x_bar[j] for j < last_k, and y_dot = x_dot + ... . h_dot and t_dot \
   * [lanes]. */                                                                                             \
  void og_step_tangent_##S(og_step_##S *step, int last, const og_place_##S *at, const X *x, const X *theta,  \
                           const X *x_dot, const X *theta_dot, const double *t_dot, const double *h_dot,     \
                           X *y_dot);
OG_STEP_FUNCTIONS(double, d)
OG_STEP_FUNCTIONS(float, s)

/* Weights of the interpolant at s in [0, 1], and of its derivative with respect to s (each may be NULL). */
void og_interpolant_weights(const og_tableau *tableau, double s, double *weights, double *slopes);

#endif

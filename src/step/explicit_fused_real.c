/* Stages of an explicit step, and their transpose, by a field that computes sums of blocks and its functions
 * of them in one pass (field/fused.h). */
#include "field/fused.h"
#include "step/explicit.h"

typedef OG_R(og_explicit) explicit_step;
typedef OG_R(og_interval) interval;

/* What one call of a fused function is told, and what that points to. */
typedef struct pass {
  int count;
  OG_R(og_fused_stage) stage[OG_STAGES_MAX];
  const real *term[OG_STAGES_MAX][OG_TERMS_MAX];
  real value[OG_STAGES_MAX][OG_TERMS_MAX];
} pass;

int OG_R(og_explicit_may_fuse)(const explicit_step *e) {
  return e->base.field->OG_R(fused) && (e->base.lanes == 1 || e->base.lanes == OG_LANES_MAX);
}

/* A stage more, of `count` terms, which stand in the row of the stage already. */
static void add_stage(const explicit_step *e, pass *p, int j, int count, const interval *at, real *y,
                      real *f) {
  int i = p->count++, timed = (e->base.field->flags & OG_FIELD_DEPENDS_ON_TIME) != 0;
  double *t = e->stage_t + i * e->base.lanes;
  if (timed) OG_R(og_explicit_stage_times)(e, j, at, t);
  p->stage[i] = (OG_R(og_fused_stage)){
      .count = count, .value = p->value[i], .term = p->term[i], .y = y, .f = f, .t = timed ? t : NULL};
}

void OG_R(og_explicit_fused_stages)(explicit_step *e, int first, int last, int last_k, const interval *at,
                                    const real *x, const real *theta) {
  pass p;
  p.count = 0;
  for (int j = first; j < last; j++) {
    const OG_R(og_weights) *a = &e->a[j];
    for (int l = 0; l < a->count; l++)
      p.term[p.count][l] = e->k[a->stage[l]], p.value[p.count][l] = a->value[l];
    add_stage(e, &p, j, j ? a->count : 0, at, j ? e->stage_x[j] : (real *)x, j < last_k ? e->k[j] : NULL);
  }
  const og_field *field = e->base.field;
  field->OG_R(fused)->stages(field, e->base.lanes, p.count, p.stage, x, at->h_real, theta);
}

int OG_R(og_explicit_fused_transpose)(explicit_step *e, int last, const interval *at, const real *x,
                                      const real *theta, const real *seeds, const real *x_bar,
                                      real *theta_bar, const real **reached) {
  pass p;
  p.count = 0;
  for (int j = last - 1; j >= 0; j--) {
    int i = p.count;
    int count = OG_R(og_explicit_cotangent_terms)(e, j, last, seeds, x_bar, p.term[i], p.value[i]);
    if (!count) {
      OG_R(og_explicit_clear_stage)(e, j, NULL);
      continue;
    }
    add_stage(e, &p, j, count, at, j ? e->stage_x[j] : (real *)x, e->x_bar[j]);
    reached[i] = e->x_bar[j];
  }
  const og_field *field = e->base.field;
  field->OG_R(fused)->transposed(field, e->base.lanes, p.count, p.stage, at->h_real, theta, e->lambda,
                                 theta_bar);
  return p.count;
}

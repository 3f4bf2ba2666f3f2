/* Carrying out og_scalar_run operations; included with vec.h (kernels/elementwise_isa.c) or without (the
 * reference). Not a header of its own. */

/* Rows need not be aligned to a register. A strip of lanes is as many registers as a machine has to spare. */
#if defined(OG_VEC_H)
typedef vec lane_vec;
enum {
  ROW_STEP = OG_VEC_LANES,
  ROW_STRIP = OG_LANES_MAX / OG_VEC_LANES < 8 ? OG_LANES_MAX / OG_VEC_LANES : 8
};
#define ROW row_load
#define ROW_SET row_store
static inline vec root(vec a) {
  for (int i = 0; i < OG_VEC_LANES; i++) a[i] = SQRT(a[i]);
  return a;
}
#else
typedef real lane_vec;
enum { ROW_STEP = 1, ROW_STRIP = 1 };
#define ROW(p) (*(p))
#define ROW_SET(p, v) (*(p) = (v))
#define root SQRT
#endif
#define ROOT root
#if !defined(UNROLL)
#define UNROLL
#endif

#define AT(k) (bases[run->base[k]] + (size_t)run->row[k] * OG_LANES_MAX + lane)
#define A ROW(AT(0) + i * ROW_STEP)
#define B ROW(AT(1) + i * ROW_STEP)
#define C ROW(AT(2) + i * ROW_STEP)
#define D ROW(AT(3) + i * ROW_STEP)
#define R r[i]
#define CASE(name, result)                                                                                   \
  case OG_ST_##name: UNROLL for (int i = 0; i < ROW_STRIP; i++) r[i] = result; break;

static void scalar_run(int count, const og_scalar_run *first, real *const *bases) {
  for (int lane = 0; lane < OG_LANES_MAX; lane += ROW_STRIP * ROW_STEP) {
    lane_vec r[ROW_STRIP] = {0};
    for (const og_scalar_run *run = first, *end = first + count; run < end; run++) {
      switch (run->op) { OG_SCALAR_RUN_OPS(CASE) }
      if (run->keep == OG_SCALAR_RUN_DROP) continue;
      real *out = AT(OG_SCALAR_RUN_OUT);
      if (run->keep == OG_SCALAR_RUN_STORE) {
        UNROLL for (int i = 0; i < ROW_STRIP; i++) ROW_SET(out + i * ROW_STEP, r[i]);
      } else {
        UNROLL for (int i = 0; i < ROW_STRIP; i++)
            ROW_SET(out + i * ROW_STEP, ROW(out + i * ROW_STEP) + r[i]);
      }
    }
  }
}
#undef AT
#undef A
#undef B
#undef C
#undef D
#undef R
#undef CASE
#undef ROOT

#define A bases[run->base[0]][run->row[0]]
#define B bases[run->base[1]][run->row[1]]
#define C bases[run->base[2]][run->row[2]]
#define D bases[run->base[3]][run->row[3]]
#define R r
#define ROOT SQRT
#define CASE(name, result)                                                                                   \
  case OG_ST_##name: r = result; break;

static void scalar_run_one(int count, const og_scalar_run *first, real *const *bases) {
  real r = 0;
  for (const og_scalar_run *run = first, *end = first + count; run < end; run++) {
    switch (run->op) { OG_SCALAR_RUN_OPS(CASE) }
    if (run->keep == OG_SCALAR_RUN_DROP) continue;
    real *out = &bases[run->base[OG_SCALAR_RUN_OUT]][run->row[OG_SCALAR_RUN_OUT]];
    *out = run->keep == OG_SCALAR_RUN_ADD ? *out + r : r;
  }
}
#undef A
#undef B
#undef C
#undef D
#undef R
#undef CASE
#undef ROOT

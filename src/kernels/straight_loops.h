/* Carrying out og_straight operations; included with vec.h (kernels/elementwise_isa.c) or without (the
 * reference). Not a header of its own. */

/* Rows may lie anywhere that a number may. */
#if defined(OG_VEC_H)
typedef real row_vec __attribute__((vector_size(OG_VEC_BYTES), aligned(sizeof(real)), may_alias));
enum { ROW_STEP = OG_VEC_LANES };
#define ROW(p) (*(const row_vec *)(p))
#define ROW_SET(p, v) (*(row_vec *)(p) = (row_vec)(v))
#else
enum { ROW_STEP = 1 };
#define ROW(p) (*(p))
#define ROW_SET(p, v) (*(p) = (v))
#endif
#define ROW_LOOP(expression)                                                                                 \
  for (int i = 0; i < OG_LANES_MAX; i += ROW_STEP) ROW_SET(out + i, expression);                             \
  break
#define A ROW(a + i)
#define B ROW(b + i)
#define C ROW(c + i)

static void straight(int count, const og_straight *run, real *const *bases) {
  for (const og_straight *end = run + count; run < end; run++) {
    real *out = bases[run->base[0]] + run->row[0] * OG_LANES_MAX;
    const real *a = bases[run->base[1]] + run->row[1] * OG_LANES_MAX;
    const real *b = bases[run->base[2]] + run->row[2] * OG_LANES_MAX;
    const real *c = bases[run->base[3]] + run->row[3] * OG_LANES_MAX;
    switch (run->op) {
    case OG_ST_ADD: ROW_LOOP(A + B);
    case OG_ST_SUB: ROW_LOOP(A - B);
    case OG_ST_MUL: ROW_LOOP(A * B);
    case OG_ST_DIV: ROW_LOOP(A / B);
    case OG_ST_NEG: ROW_LOOP(-A);
    case OG_ST_COPY: ROW_LOOP(A);
    case OG_ST_MULADD: ROW_LOOP(A * B + C);
    case OG_ST_MULSUB: ROW_LOOP(A * B - C);
    case OG_ST_SUBMUL: ROW_LOOP(C - A * B);
    case OG_ST_SQRT:
      for (int i = 0; i < OG_LANES_MAX; i++) out[i] = SQRT(a[i]);
      break;
    }
  }
}
#undef A
#undef B
#undef C

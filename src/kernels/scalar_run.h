/* Scalar operations one after another on one lane or on full rows of OG_LANES_MAX lanes, in one call: a
 * machine with one accumulator, so that a chain of operations leaves the registers only at its end. */
#ifndef OG_SCALAR_RUN_H
#define OG_SCALAR_RUN_H

/* X(name, result) of the operands A, B, C, D in memory and the accumulator R, which is what the operation
 * before gave. Every sum and product is rounded. The forms with R stand right after the one they come from.
 */
#define OG_SCALAR_RUN_OPS(X)                                                                                 \
  X(ADD, A + B)                                                                                              \
  X(ADD_R, R + B)                                                                                            \
  X(SUB, A - B)                                                                                              \
  X(SUB_R, R - B)                                                                                            \
  X(SUB_BY_R, A - R)                                                                                         \
  X(MUL, A *B)                                                                                               \
  X(MUL_R, R *B)                                                                                             \
  X(DIV, A / B)                                                                                              \
  X(DIV_R, R / B)                                                                                            \
  X(DIV_BY_R, A / R)                                                                                         \
  X(NEG, -A)                                                                                                 \
  X(NEG_R, -R)                                                                                               \
  X(SQRT, ROOT(A))                                                                                           \
  X(SQRT_R, ROOT(R))                                                                                         \
  X(COPY, A)                                                                                                 \
  X(COPY_R, R)                                                                                               \
  X(NEGMUL, -(A * B))                                                                                        \
  X(NEGMUL_R, -(R * B))                                                                                      \
  X(MULADD, A *B + C)                                                                                        \
  X(MULADD_R, R *B + C)                                                                                      \
  X(MULADD_TO_R, A *B + R)                                                                                   \
  X(MULSUB, A *B - C)                                                                                        \
  X(MULSUB_R, R *B - C)                                                                                      \
  X(MULSUB_BY_R, A *B - R)                                                                                   \
  X(SUBMUL, C - A * B)                                                                                       \
  X(SUBMUL_R, C - R * B)                                                                                     \
  X(SUBMUL_FROM_R, R - A * B)                                                                                \
  X(MULADDMUL, A *B + C * D)                                                                                 \
  X(MULADDMUL_R, R *B + C * D)                                                                               \
  X(MULSUBMUL, A *B - C * D)                                                                                 \
  X(MULSUBMUL_R, R *B - C * D)                                                                               \
  X(MULSUBMUL_BY_R, A *B - R * D)

#define OG_SCALAR_RUN_NAME(name, result) OG_ST_##name,
enum { OG_SCALAR_RUN_OPS(OG_SCALAR_RUN_NAME) OG_ST_COUNT };
#undef OG_SCALAR_RUN_NAME

/* Operands A to D and the place of the result, if it is kept: row `row` of base `base`, which takes it or to
 * which it is added. */
enum { OG_SCALAR_RUN_DROP, OG_SCALAR_RUN_STORE, OG_SCALAR_RUN_ADD };
typedef struct og_scalar_run {
  unsigned op, keep;
  unsigned base[5], row[5];
} og_scalar_run;

enum { OG_SCALAR_RUN_OUT = 4 };

#endif

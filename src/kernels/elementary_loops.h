/* The elementary functions over contiguous numbers: in vectors with vec_elementary.h, else by the C library.
 * A count that is no whole number of vectors is padded, so that a number's bits do not depend on its place.
 * Not a header of its own. */
#include "kernels/elementary.h"

#if defined(OG_VEC_ELEMENTARY)
#define LOOP(NAME, name)                                                                                     \
  static void each_##name(size_t count, const real *a, real *out) {                                          \
    size_t i = 0;                                                                                            \
    for (; i + OG_VEC_LANES <= count; i += OG_VEC_LANES) row_store(out + i, vec_##name(row_load(a + i)));    \
    if (i == count) return;                                                                                  \
    vec rest = vec_all(a[i]);                                                                                \
    for (size_t k = 1; k < count - i; k++) rest[k] = a[i + k];                                               \
    rest = vec_##name(rest);                                                                                 \
    for (size_t k = 0; k < count - i; k++) out[i + k] = rest[k];                                             \
  }
#else
#define LOOP(NAME, name)                                                                                     \
  static void each_##name(size_t count, const real *a, real *out) {                                          \
    for (size_t i = 0; i < count; i++) out[i] = OG_LIBM(name)(a[i]);                                         \
  }
#endif
OG_ELEMENTARY(LOOP)
#undef LOOP

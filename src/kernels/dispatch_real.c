/* Chooses kernels by what this processor can run. */
#include "kernels/dense.h"
#include "kernels/elimination.h"
#include "kernels/elementwise.h"
#include "kernels/kernels.h"

extern const OG_R(og_kernels) OG_R(og_kernels_reference);
extern const OG_R(og_kernels) OG_R(og_kernels_base);
extern const OG_R(og_dense) OG_R(og_dense_base);
extern const OG_R(og_dense_lu) OG_R(og_dense_lu_base);
extern const OG_R(og_sparse_lu) OG_R(og_sparse_lu_base);
#if defined(OG_HAVE_X86_ISAS)
extern const OG_R(og_kernels) OG_R(og_kernels_avx2);
extern const OG_R(og_kernels) OG_R(og_kernels_avx512);
extern const OG_R(og_dense) OG_R(og_dense_avx2);
extern const OG_R(og_dense) OG_R(og_dense_avx512);
extern const OG_R(og_dense_lu) OG_R(og_dense_lu_avx2);
extern const OG_R(og_dense_lu) OG_R(og_dense_lu_avx512);
extern const OG_R(og_sparse_lu) OG_R(og_sparse_lu_avx2);
extern const OG_R(og_sparse_lu) OG_R(og_sparse_lu_avx512);
#endif

/* Tables from the plainest to the fastest. What a processor can run is always a beginning of the list. */
static const OG_R(og_kernels) *const tables[] = {
    &OG_R(og_kernels_reference),
    &OG_R(og_kernels_base),
#if defined(OG_HAVE_X86_ISAS)
    &OG_R(og_kernels_avx2),
    &OG_R(og_kernels_avx512),
#endif
};
static const OG_R(og_elementwise) *const elementwise_tables[] = {
    &OG_R(og_elementwise_base),
#if defined(OG_HAVE_X86_ISAS)
    &OG_R(og_elementwise_avx2),
    &OG_R(og_elementwise_avx512),
#endif
};
static const OG_R(og_dense) *const dense_tables[] = {
    &OG_R(og_dense_base),
#if defined(OG_HAVE_X86_ISAS)
    &OG_R(og_dense_avx2),
    &OG_R(og_dense_avx512),
#endif
};
static const OG_R(og_dense_lu) *const dense_lu_tables[] = {
    &OG_R(og_dense_lu_base),
#if defined(OG_HAVE_X86_ISAS)
    &OG_R(og_dense_lu_avx2),
    &OG_R(og_dense_lu_avx512),
#endif
};

static const OG_R(og_sparse_lu) *const sparse_lu_tables[] = {
    &OG_R(og_sparse_lu_base),
#if defined(OG_HAVE_X86_ISAS)
    &OG_R(og_sparse_lu_avx2),
    &OG_R(og_sparse_lu_avx512),
#endif
};

static int usable(void) {
#if defined(OG_HAVE_X86_ISAS)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return 2;
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                 __builtin_cpu_supports("avx512vl")
             ? 4
             : 3;
#else
  return 2;
#endif
}

const OG_R(og_kernels) *const *OG_R(og_kernels_all)(int *count) {
  *count = usable();
  return tables;
}

const OG_R(og_kernels) * OG_R(og_kernels_best)(void) { return tables[usable() - 1]; }

/* There is no reference among the dense tables. */
const OG_R(og_dense) *const *OG_R(og_dense_all)(int *count) {
  *count = usable() - 1;
  return dense_tables;
}

const OG_R(og_dense) * OG_R(og_dense_best)(void) { return dense_tables[usable() - 2]; }

const OG_R(og_elementwise) * OG_R(og_elementwise_best)(void) { return elementwise_tables[usable() - 2]; }

const OG_R(og_dense_lu) *const *OG_R(og_dense_lu_all)(int *count) {
  *count = usable() - 1;
  return dense_lu_tables;
}

const OG_R(og_dense_lu) * OG_R(og_dense_lu_best)(void) { return dense_lu_tables[usable() - 2]; }

const OG_R(og_sparse_lu) *const *OG_R(og_sparse_lu_all)(int *count) {
  *count = usable() - 1;
  return sparse_lu_tables;
}

const OG_R(og_sparse_lu) * OG_R(og_sparse_lu_best)(void) { return sparse_lu_tables[usable() - 2]; }

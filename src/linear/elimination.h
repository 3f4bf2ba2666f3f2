/* What an elimination is, for the files of this room. */
#ifndef OG_ELIMINATION_CHOICE_H
#define OG_ELIMINATION_CHOICE_H

#include "kernels/elimination.h"
#include "linear/linear.h"
#include "linear/symbolic.h"

/* Up to how many rows a lane whose pivots do not serve is factored as a dense matrix. */
enum { FALLBACK_MOST = 64 };

struct og_elimination {
  og_context *context;
  const og_pattern *pattern;
  og_symbolic *symbolic; /* NULL: dense */
  int falls_back;        /* lanes that need rows exchanged are factored as dense matrices, one by one */
  const og_dense_lu_d *dense_d;
  const og_dense_lu_s *dense_s;
  const og_sparse_lu_d *sparse_d;
  const og_sparse_lu_s *sparse_s;
};

#include "base/in_double.h"
#include "linear/sparse_real.h"

#include "base/in_single.h"
#include "linear/sparse_real.h"

#endif

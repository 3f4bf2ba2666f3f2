/* What an elimination is, for the files of this room. */
#ifndef OG_ELIMINATION_CHOICE_H
#define OG_ELIMINATION_CHOICE_H

#include <math.h>

#include "kernels/elimination.h"
#include "linear/klu.h"
#include "linear/linear.h"
#include "linear/symbolic.h"

struct og_elimination {
  og_context *context;
  const og_pattern *pattern;
  og_symbolic *symbolic; /* NULL: dense, or by KLU */
  og_klu *klu;
  int falls_back; /* lanes that need rows exchanged are factored as dense matrices, one by one */
  const og_dense_lu_d *dense_d;
  const og_dense_lu_s *dense_s;
  const og_sparse_lu_d *sparse_d;
  const og_sparse_lu_s *sparse_s;
};

#include "base/in_double.h"
#include "linear/klu_block.h"
#include "linear/sparse_real.h"

#include "base/in_single.h"
#include "linear/klu_block.h"
#include "linear/sparse_real.h"

#endif

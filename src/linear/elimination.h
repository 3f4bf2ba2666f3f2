/* What an elimination is, for the files of this room. */
#ifndef OG_ELIMINATION_CHOICE_H
#define OG_ELIMINATION_CHOICE_H

#include "kernels/elimination.h"
#include "linear/linear.h"

struct og_elimination {
  og_context *context;
  const og_pattern *pattern;
  const og_dense_lu_d *dense_d;
  const og_dense_lu_s *dense_s;
};

#endif

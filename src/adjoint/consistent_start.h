/* Derivatives of what makes a state consistent where a segment begins, at t0 or a breakpoint. */
#ifndef OG_CONSISTENT_START_H
#define OG_CONSISTENT_START_H

#include "adjoint/adjoint.h"
#include "solve/consistent.h"

/* What one lane needs for it, a multiple of 64: 0 where nothing is to be made consistent. */
size_t og_consistent_start_bytes(const og_solve *solve);

#include "base/in_double.h"
#include "adjoint/consistent_start_real.h"

#include "base/in_single.h"
#include "adjoint/consistent_start_real.h"

#endif

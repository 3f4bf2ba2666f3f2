/* Stages in one pass: what a field may be able to do for explicit Runge-Kutta steps beside its contract
 * (field.h), such as one whose equations were compiled. A step may use it; the bits are those of eval and
 * vjp_add. */
#ifndef OG_FUSED_H
#define OG_FUSED_H

#include "field/field.h"

#include "base/in_double.h"
#include "field/fused_stages.h"

#include "base/in_single.h"
#include "field/fused_stages.h"

#endif

/* Fingerprints of what a training is of. */
#ifndef OG_FINGERPRINT_H
#define OG_FINGERPRINT_H

#include "fit/objective.h"

uint64_t og_model_fingerprint(const og_model *model);
/* Of the data of an objective, all that its loss reads. */
uint64_t og_objective_fingerprint(const og_objective *objective);

#endif

/* A model as the files of this room see it. */
#ifndef OG_WHOLE_H
#define OG_WHOLE_H

#include "model/lower.h"

/* Of single points in time; NULL when not needed. */
typedef struct og_model_programs {
  og_program *initial, *predict;
  og_program *loss; /* of observations; only where one is a class */
} og_model_programs;

/* What was made of the text with one set of values. It belongs to its field, so that it lives as long as
 * anything that uses that: og_model_set makes another one. */
typedef struct og_lowered {
  og_lowering lowering;
  size_t *params, *states; /* places of these symbols, in order: callers ask for each by its number */
  size_t param_count, state_count;
  og_model_programs programs;
} og_lowered;

struct og_model {
  og_context *context;
  og_references references;
  og_source source;
  og_syntax syntax;
  og_lowered *lowered; /* NULL before there is one */
  og_override *overrides;
  size_t override_count;
  int saved; /* read from a file of parameters */
};

/* On failure nothing is left. */
og_status og_model_programs_create(const og_model_parts *parts, og_model_programs *programs);
void og_model_programs_destroy(og_model_programs *programs);

#endif

/* A model as the files of this room see it. */
#ifndef OG_WHOLE_H
#define OG_WHOLE_H

#include "model/lower.h"

/* Of single points in time; NULL when not needed. */
typedef struct og_model_programs {
  og_program *initial, *predict;
  og_program *loss; /* of observations; only where one is a class */
} og_model_programs;

/* What was made of the text, or of the calls, with one set of values. It belongs to its field, so that it
 * lives as long as anything that uses that: og_model_set makes another one. */
typedef struct og_lowered {
  og_lowering lowering;
  /* Places of these symbols, in order: callers ask for each by its number. Weights stand behind parameters.
   */
  size_t *params, *states;
  size_t param_count, state_count;
  og_model_programs programs;
} og_lowered;

/* A model that has no text. `lower` fills symbols and parts, as og_lower_model does from the syntax. */
typedef struct og_model_origin {
  void *of;
  og_status (*lower)(const void *of, og_lowering *lowering);
  void (*let_go)(void *of);
} og_model_origin;

struct og_model {
  og_context *context;
  og_references references;
  og_source source;
  og_syntax syntax;
  og_model_origin origin; /* of which it is made when it has no text; else empty */
  og_lowered *lowered;    /* NULL before there is one */
  og_override *overrides;
  size_t override_count;
  int saved; /* read from a file of parameters */
};

/* Makes symbols, parts and field of the text or the origin, with the values that are set; and gives that up,
 * which its field may still use. */
og_status og_model_lower(og_model *model, og_lowered **out);
void og_lowered_let_go(og_lowered *lowered);
/* The model takes the origin, also on failure. `name` stands for it in messages. */
og_status og_model_from_origin(og_context *context, const char *name, og_model_origin origin, og_model **out);

/* On failure nothing is left. */
og_status og_model_programs_create(const og_model_parts *parts, og_model_programs *programs);
void og_model_programs_destroy(og_model_programs *programs);

#endif

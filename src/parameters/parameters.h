/* Parameters of a model in files: JSON, safetensors, state dicts of PyTorch; and models out of such files.
 *
 * The room is above model and io, which do not know each other. Begin with parameters.c (the public calls),
 * then json.c and tensors.c (the two kinds of file); state_dict.c finds which parameter a tensor is. */
#ifndef OG_PARAMETERS_H
#define OG_PARAMETERS_H

#include "model/model.h"

typedef struct og_parameter_reading {
  const og_model *model;
  og_context *context;
  const char *path;
  double *values;      /* a copy of theta, so that a failure changes nothing */
  const char **names;  /* [count] of the parameters */
  unsigned char *seen; /* [count] */
  size_t count;
} og_parameter_reading;

/* Sets a value of a parameter if it is finite and within its bounds. */
og_status og_parameter_put(const og_parameter_reading *r, const og_parameter_info *info, double value,
                           double *target);
/* OG_ERR_NAME if a tensor of a network has not been seen; other parameters may keep their values. */
og_status og_parameters_check_networks(const og_parameter_reading *r);
og_status og_parameters_read_json(const og_parameter_reading *r, const char *text, size_t length);
og_status og_parameters_read_tensors(const og_parameter_reading *r, const char *bytes, size_t length);

/* Both write values that are known to be finite. */
og_status og_parameters_write_json(const og_model *model, const double *theta, const char *path);
og_status og_parameters_write_tensors(const og_model *model, const double *theta, const char *path);

/* ---- Names of state dicts ---- */

/* What a tensor's name means among the names that are wanted. */
/* AMBIGUOUS: one tensor could be several parameters; RIVAL: several tensors could be one parameter. */
enum { OG_MATCH_NONE = -1, OG_MATCH_AMBIGUOUS = -2, OG_MATCH_RIVAL = -3 };

/* Finds for each of `count` names one of `wanted`: the same one, else that with which it has the most parts
 * in common, counted from the end ("module.f.0.weight" and "f.0.weight" three). All parts but the first must
 * be common ("net.0.weight" may be "f.0.weight", "net.2.weight" may not), so that the name of a network is
 * free where it says nothing. match[i] is an index, or one of the above where there is none or several fit
 * alike. `holder` is room for wanted_count more. */
void og_match_names(size_t count, const char *const *names, size_t wanted_count, const char *const *wanted,
                    int *match, int *holder);

#endif

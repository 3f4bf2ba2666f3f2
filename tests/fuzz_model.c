/* Fuzz target: any text is either a model or refused with a message; what is accepted can be set, looked at
 * and freed. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "odegrad.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Where to start from is a number for every entry of theta. */
static void initialize(const og_model *model) {
  size_t count = og_field_parameters(og_model_field(model));
  double *theta = malloc((count + 1) * sizeof *theta);
  if (!theta) return;
  for (size_t i = 0; i < count; i++) theta[i] = NAN;
  if (og_model_initialize(model, 1, theta) != OG_OK) abort();
  for (size_t i = 0; i < count; i++)
    if (!isfinite(theta[i])) abort();
  free(theta);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  og_context *context = NULL;
  og_model *model = NULL;
  if (og_context_create(NULL, NULL, NULL, &context) != OG_OK) return 0;
  og_status status = og_model_create_from_text(context, "fuzz.ode", (const char *)data, size, &model);
  if (status == OG_OK && og_model_parameters(model) > 0) {
    og_parameter_info info = {OG_INIT(og_parameter_info)};
    if (og_model_parameter(model, 0, &info) != OG_OK) abort();
    (void)og_model_set(model, info.name, "0.5");
  }
  if (status == OG_OK) initialize(model);
  for (size_t i = 0; status == OG_OK && i < og_model_inputs(model); i++)
    if (!og_model_input_name(model, i)) abort();
  for (size_t i = 0; status == OG_OK && i < og_field_events(og_model_field(model)); i++)
    if (!og_field_event(og_model_field(model), i)->name) abort();
  if (status != OG_OK && (model || og_context_message(context)[0] == '\0')) abort();
  og_model_destroy(model);
  og_context_destroy(context);
  return 0;
}

/* The public face of a model. */

#include "field/field.h"
#include "model/whole.h"

const og_model_parts *og_model_parts_of(const og_model *model) { return &model->lowered->lowering.parts; }
og_context *og_model_context(const og_model *model) { return model->context; }
const char *og_model_text(const og_model *model) {
  if (!model) return "";
  return model->source.text;
}
uint64_t og_model_digest(const og_model *model) {
  return model->origin.lower ? og_graph_digest(model->lowered->lowering.graph) : 0;
}
int og_model_saved(const og_model *model) {
  if (!model) return 0;
  return model->saved;
}
void og_model_set_saved(og_model *model) { model->saved = 1; }

/* A graph alone; `survey` may be NULL. On failure there is nothing to free. */
static og_status lower_once(og_model *model, const og_lowering *survey, og_lowering *lowering) {
  *lowering = (og_lowering){.context = model->context,
                            .source = &model->source,
                            .syntax = &model->syntax,
                            .survey = survey,
                            .overrides = model->overrides,
                            .override_count = model->override_count};
  model->source.errors = model->source.no_memory = 0;
  model->source.used = 0;
  og_status status = og_graph_create(model->context, &lowering->graph);
  if (status == OG_OK)
    status = model->origin.lower ? model->origin.lower(model->origin.of, lowering) : og_lower_model(lowering);
  lowering->survey = NULL;
  if (status == OG_OK) return OG_OK;
  og_lowering_free(lowering);
  return status;
}

static og_status lower_graph(og_model *model, og_lowering *lowering) {
  og_lowering survey;
  if (!model->syntax.dense) return lower_once(model, NULL, lowering);
  OG_TRY(lower_once(model, NULL, &survey));
  og_status status = lower_once(model, &survey, lowering);
  og_lowering_free(&survey);
  return status;
}

static void destroy_lowered(void *lowered) {
  og_lowered *l = lowered;
  og_context *context = l->lowering.context;
  l->lowering.parts.field = NULL; /* with which it goes */
  og_model_programs_destroy(&l->programs);
  og_lowering_free(&l->lowering);
  og_free(context, l->params);
  og_free(context, l);
}

static og_status list_symbols(og_lowered *lowered) {
  const og_lowering *l = &lowered->lowering;
  lowered->params = og_alloc(l->context, 2 * l->count + 1, sizeof *lowered->params);
  if (!lowered->params) return og_fail_memory(l->context, l->count * sizeof(size_t), "the names of a model");
  lowered->states = lowered->params + l->count;
  for (size_t i = 0; i < l->count; i++) {
    if (l->symbols[i].kind == OG_SY_PARAM) lowered->params[lowered->param_count++] = i;
    if (l->symbols[i].kind == OG_SY_STATE) lowered->states[lowered->state_count++] = i;
  }
  for (size_t i = 0; i < l->count; i++)
    if (l->symbols[i].kind == OG_SY_WEIGHT) lowered->params[lowered->param_count++] = i;
  return OG_OK;
}

static og_status fill_lowered(og_model *model, og_lowered *lowered) {
  OG_TRY(lower_graph(model, &lowered->lowering));
  og_status status = list_symbols(lowered);
  if (status == OG_OK) status = og_model_programs_create(&lowered->lowering.parts, &lowered->programs);
  if (status == OG_OK) return OG_OK;
  og_free(model->context, lowered->params);
  og_lowering_free(&lowered->lowering);
  return status;
}

/* Lowers the syntax, with programs. From then on the field is what it is kept and let go by. */
og_status og_model_lower(og_model *model, og_lowered **out) {
  og_lowered *lowered = og_alloc(model->context, 1, sizeof *lowered);
  if (!lowered) return og_fail_memory(model->context, sizeof *lowered, "a model");
  og_status status = fill_lowered(model, lowered);
  if (status != OG_OK) {
    og_free(model->context, lowered);
    return status;
  }
  og_field *field = (og_field *)lowered->lowering.parts.field;
  field->owner = lowered;
  field->destroy_owner = destroy_lowered;
  *out = lowered;
  return OG_OK;
}

void og_lowered_let_go(og_lowered *lowered) {
  if (lowered) og_field_destroy((og_field *)lowered->lowering.parts.field);
}

/* What is wrong besides the syntax, in the statements that could be read; always a failure. */
static og_status report_rest(og_model *model) {
  og_lowering lowering = {.context = model->context, .source = &model->source, .syntax = &model->syntax};
  og_status status = og_graph_create(model->context, &lowering.graph);
  if (status == OG_OK) status = og_lower_model(&lowering);
  og_lowering_free(&lowering);
  return status;
}

static void note_idle_inputs(const og_model *model) {
  const og_lowering *l = &model->lowered->lowering;
  for (size_t i = 0; i < l->count; i++)
    if (l->symbols[i].idle)
      og_log(model->context,
             "note: no equation, event, observation, cost or initial value reads the input %s",
             l->symbols[i].name);
}

static og_status fill(og_model *model, const char *name, const char *text, size_t length) {
  OG_TRY(og_source_open(&model->source, model->context, name, text, length));
  og_parse_model(&model->syntax);
  if (model->source.no_memory) return og_source_status(&model->source);
  if (model->source.errors) return report_rest(model);
  OG_TRY(og_model_lower(model, &model->lowered));
  note_idle_inputs(model);
  return OG_OK;
}

og_status og_model_create_from_text(og_context *context, const char *name, const char *text, size_t length,
                                    og_model **out) {
  if (out) *out = NULL;
  OG_OBJECT(context);
  OG_NEED(context, out);
  OG_NEED(context, name);
  OG_NEED_IF(context, length, text);
  og_model *model = og_alloc(context, 1, sizeof *model);
  if (!model) return og_fail_memory(context, sizeof *model, "a model");
  model->context = context;
  model->source.context = context;
  model->syntax.source = &model->source;
  og_status status = fill(model, name, text, length);
  if (status != OG_OK) {
    og_model_destroy(model);
    return status;
  }
  *out = model;
  return OG_OK;
}

static og_status fill_from_origin(og_model *model, const char *name) {
  OG_TRY(og_source_open(&model->source, model->context, name, "", 0));
  OG_TRY(og_model_lower(model, &model->lowered));
  note_idle_inputs(model);
  return OG_OK;
}

og_status og_model_from_origin(og_context *context, const char *name, og_model_origin origin,
                               og_model **out) {
  og_model *model = og_alloc(context, 1, sizeof *model);
  *out = NULL;
  if (!model) {
    origin.let_go(origin.of);
    return og_fail_memory(context, sizeof *model, "a model");
  }
  *model = (og_model){.context = context, .origin = origin};
  model->source.context = context;
  model->syntax.source = &model->source;
  og_status status = fill_from_origin(model, name);
  if (status == OG_OK)
    *out = model;
  else
    og_model_destroy(model);
  return status;
}

/* The field is the model's own, whatever others may do with it. */
og_status og_model_compile(og_model *model, og_precision precision) {
  OG_OBJECT(model);
  return og_field_compile((og_field *)model->lowered->lowering.parts.field, precision);
}

void og_model_keep(const og_model *model) {
  if (model) og_keep(&((og_model *)model)->references);
}

void og_model_destroy(og_model *model) {
  if (!model || !og_was_last(&model->references)) return;
  og_lowered_let_go(model->lowered);
  og_syntax_free(&model->syntax);
  og_source_close(&model->source);
  if (model->origin.let_go) model->origin.let_go(model->origin.of);
  for (size_t i = 0; i < model->override_count; i++) {
    og_free(model->context, model->overrides[i].name);
    og_free(model->context, model->overrides[i].expression);
    og_free(model->context, model->overrides[i].values);
  }
  og_free(model->context, model->overrides);
  og_free(model->context, model);
}

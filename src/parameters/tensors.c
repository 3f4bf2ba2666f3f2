/* Parameters as safetensors, with the text of the model in the metadata; state dicts of PyTorch too. */
#include <stdio.h>
#include <string.h>

#include "parameters/parameters.h"
#include "io/safetensors.h"

/* ---- Writing ---- */

static og_status add_parameters(const og_model *model, const double *theta, og_tensors *set) {
  for (size_t i = 0; i < og_model_parameters(model); i++) {
    og_parameter_info info = {OG_INIT(og_parameter_info)};
    OG_TRY(og_model_parameter(model, i, &info));
    OG_TRY(og_tensors_add(set, info.name, (size_t)info.dimensions, info.shape, theta + info.offset));
  }
  return OG_OK;
}

/* The text as UTF-8. Other bytes can stand only in comments, where a question mark does as well. A model that
 * was made by calls has none. */
static og_status add_text(const og_model *model, og_tensors *set) {
  og_context *context = og_model_context(model);
  if (!*og_model_text(model)) return OG_OK;
  char *text = og_strdup(context, og_model_text(model));
  if (!text) return og_fail_memory(context, strlen(og_model_text(model)), "a model's text");
  for (char *at = text; *(at += og_utf8_prefix(at, strlen(at)));) *at = '?';
  og_status status = og_tensors_set_text(set, OG_MODEL_KEY, text);
  og_free(context, text);
  return status;
}

/* Values of consts that og_model_set gave: the text has the old ones. */
static og_status add_setting(og_context *context, const char *name, const char *expression, og_tensors *set) {
  size_t size = strlen(OG_SETTING_KEY) + strlen(name) + 1;
  char *key = og_alloc(context, size, 1);
  if (!key) return og_fail_memory(context, size, "metadata");
  snprintf(key, size, "%s%s", OG_SETTING_KEY, name);
  og_status status = og_tensors_set_text(set, key, expression);
  og_free(context, key);
  return status;
}

static og_status fill(const og_model *model, const double *theta, og_tensors *set) {
  const char *name, *expression;
  OG_TRY(og_tensors_set_text(set, "format", OG_PARAMETERS_FORMAT));
  OG_TRY(og_tensors_set_text(set, "odegrad.version", og_version()));
  OG_TRY(add_text(model, set));
  for (size_t i = 0; og_model_setting(model, i, &name, &expression); i++)
    OG_TRY(add_setting(og_model_context(model), name, expression, set));
  return add_parameters(model, theta, set);
}

og_status og_parameters_write_tensors(const og_model *model, const double *theta, const char *path) {
  og_tensors *set;
  OG_TRY(og_tensors_create(og_model_context(model), &set));
  og_status status = fill(model, theta, set);
  if (status == OG_OK) status = og_tensors_write(set, path);
  og_tensors_destroy(set);
  return status;
}

/* ---- Reading ---- */

/* The tensors of a file that are parameters, and which. */
typedef struct matching {
  const og_parameter_reading *r;
  const og_tensors *set;
  size_t count;
  const og_tensor **tensors; /* [count] */
  const char **names;        /* [count] */
  int *match;                /* [count]: see og_match_names */
  int *holder;               /* [r->count] */
} matching;

typedef struct list {
  char text[440]; /* a line of a message holds no more */
  size_t used;
  int full;
} list;

static void add_entry(list *l, const char *name, size_t rank, const size_t *shape) {
  char text[OG_TENSOR_SHAPE_TEXT];
  if (l->full) return;
  size_t room = sizeof l->text - l->used;
  int length = snprintf(l->text + l->used, room, "%s%s %s", l->used ? ", " : "", name,
                        og_tensor_shape_text(rank, shape, text));
  l->full = length < 0 || (size_t)length + sizeof ", ..." > room;
  if (l->full)
    snprintf(l->text + l->used, room, "%s...", l->used ? ", " : "");
  else
    l->used += (size_t)length;
}

/* Adds to a message what the file has and what the model wants. */
static og_status explain(const matching *m, og_status status) {
  list have = {.text = "no tensor"}, want = {.text = "none"};
  for (size_t i = 0; i < m->count; i++)
    add_entry(&have, m->names[i], m->tensors[i]->rank, m->tensors[i]->shape);
  for (size_t i = 0; i < m->r->count; i++) {
    og_parameter_info info = {OG_INIT(og_parameter_info)};
    OG_TRY(og_model_parameter(m->r->model, i, &info));
    add_entry(&want, info.name, (size_t)info.dimensions, info.shape);
  }
  og_trail(m->r->context, status, "the file has: %s", have.text);
  return og_trail(m->r->context, status, "the model has: %s", want.text);
}

/* A number is [] or [1] or [1, 1]; a vector may be a matrix of one column; else shapes are the same. */
static int fits(const og_tensor *tensor, const og_parameter_info *info) {
  if (info->dimensions > 2)
    return tensor->rank == (size_t)info->dimensions &&
           !memcmp(tensor->shape, info->shape, tensor->rank * sizeof *tensor->shape);
  size_t rows = tensor->rank > 0 ? tensor->shape[0] : 1, columns = tensor->rank > 1 ? tensor->shape[1] : 1;
  return tensor->rank <= 2 && rows == info->rows && columns == info->columns;
}

static og_status take(const matching *m, const og_tensor *tensor, size_t parameter) {
  og_parameter_info info = {OG_INIT(og_parameter_info)};
  OG_TRY(og_model_parameter(m->r->model, parameter, &info));
  if (!fits(tensor, &info)) {
    char have[OG_TENSOR_SHAPE_TEXT], want[OG_TENSOR_SHAPE_TEXT];
    og_fail(m->r->context, OG_ERR_SHAPE, "%s: tensor %s of shape %s cannot be %s of shape %s", m->r->path,
            tensor->name, og_tensor_shape_text(tensor->rank, tensor->shape, have), info.name,
            og_tensor_shape_text((size_t)info.dimensions, info.shape, want));
    return explain(m, OG_ERR_SHAPE);
  }
  for (size_t i = 0; i < tensor->count; i++)
    OG_TRY(og_parameter_put(m->r, &info, tensor->values[i], m->r->values + info.offset + i));
  m->r->seen[parameter] = 1;
  return OG_OK;
}

/* Of two tensors that could be the same parameter the other one and that parameter, by their names behind the
 * first point. */
static og_status fail_rivals(const matching *m, size_t first) {
  const char *name = m->names[first], *other = NULL, *wanted = NULL;
  for (size_t k = 0; k < m->count && !other; k++) {
    const char *a = strchr(name, '.'), *b = strchr(m->names[k], '.');
    if (k != first && m->match[k] == OG_MATCH_RIVAL && a && b && strcmp(a, b) == 0) other = m->names[k];
  }
  for (size_t j = 0; j < m->r->count && other && !wanted; j++)
    if (m->holder[j] >= 0 && (m->names[m->holder[j]] == name || m->names[m->holder[j]] == other))
      wanted = m->r->names[j];
  og_fail(m->r->context, OG_ERR_NAME,
          "%s: tensors %s and %s could both be parameter %s of the model; try: a file of one network alone",
          m->r->path, name, other ? other : "another", wanted ? wanted : "(one)");
  return explain(m, OG_ERR_NAME);
}

static og_status fail_match(const matching *m, const char *name, int ambiguous) {
  og_fail(m->r->context, OG_ERR_NAME, "%s: tensor %s could be %s parameter of the model", m->r->path, name,
          ambiguous ? "more than one" : "no");
  return explain(m, OG_ERR_NAME);
}

/* What stands before the part of the name that says which tensor of its network it is: "0.weight" alone has
 * nothing there. */
static size_t prefix_length(const char *name, const char *wanted) {
  size_t length = strlen(name), own = strlen(wanted + strcspn(wanted, "."));
  return length > own ? length - own : 0;
}

static int are_of_one_network(const char *a, const char *b) {
  size_t length = strcspn(a, ".");
  return a[length] == '.' && strncmp(a, b, length + 1) == 0;
}

/* Two networks of a state dict, each with some of the layers that a network of the model has, are not it. */
static og_status check_prefixes(const matching *m) {
  for (size_t i = 0; i < m->count; i++) {
    const char *name = m->names[i], *wanted = m->match[i] < 0 ? "" : m->r->names[m->match[i]];
    for (size_t k = 0; k < i; k++) {
      const char *other = m->names[k], *its = m->match[k] < 0 ? "" : m->r->names[m->match[k]];
      if (!are_of_one_network(wanted, its)) continue;
      size_t length = prefix_length(name, wanted);
      if (length == prefix_length(other, its) && strncmp(name, other, length) == 0) break;
      og_fail(m->r->context, OG_ERR_NAME,
              "%s: tensors %s and %s would be %s and %s of one network, but their names do not begin alike; "
              "try: a "
              "file of that network alone",
              m->r->path, other, name, its, wanted);
      return explain(m, OG_ERR_NAME);
    }
  }
  return OG_OK;
}

static og_status take_all(const matching *m) {
  og_match_names(m->count, m->names, m->r->count, m->r->names, m->match, m->holder);
  OG_TRY(check_prefixes(m));
  for (size_t i = 0; i < m->count; i++) {
    if (m->match[i] == OG_MATCH_RIVAL) return fail_rivals(m, i);
    if (m->match[i] < 0) return fail_match(m, m->names[i], m->match[i] == OG_MATCH_AMBIGUOUS);
    OG_TRY(take(m, m->tensors[i], (size_t)m->match[i]));
  }
  og_status status = og_parameters_check_networks(m->r);
  return status == OG_OK ? OG_OK : explain(m, status);
}

/* What odegrad keeps beside parameters is none, unless a network is called so. */
static int is_beside(const og_parameter_reading *r, const char *name) {
  if (strncmp(name, OG_OWN_KEY, strlen(OG_OWN_KEY)) != 0) return 0;
  for (size_t i = 0; i < r->count; i++)
    if (strcmp(name, r->names[i]) == 0) return 0;
  return 1;
}

static void collect(matching *m) {
  for (size_t i = 0; i < og_tensors_count(m->set); i++) {
    const og_tensor *tensor = og_tensors_at(m->set, i);
    if (is_beside(m->r, tensor->name)) continue;
    m->tensors[m->count] = tensor;
    m->names[m->count++] = tensor->name;
  }
}

static og_status take_from(const og_parameter_reading *r, const og_tensors *set) {
  og_context *context = r->context;
  size_t count = og_tensors_count(set);
  matching m = {.r = r, .set = set};
  m.tensors = og_alloc(context, count, sizeof *m.tensors);
  m.names = og_alloc(context, count, sizeof *m.names);
  m.match = og_alloc(context, count, sizeof *m.match);
  m.holder = og_alloc(context, r->count, sizeof *m.holder);
  og_status status = OG_OK;
  if (!m.tensors || !m.names || !m.match || !m.holder)
    status = og_fail_memory(context, count * sizeof *m.names, "names of tensors");
  if (status == OG_OK) {
    collect(&m);
    status = take_all(&m);
  }
  og_free(context, m.tensors);
  og_free(context, m.names);
  og_free(context, m.match);
  og_free(context, m.holder);
  return status;
}

og_status og_parameters_read_tensors(const og_parameter_reading *r, const char *bytes, size_t length) {
  og_tensors *set;
  OG_TRY(og_tensors_parse(r->context, r->path, bytes, length, &set));
  og_status status = og_tensors_refuse_training(set, r->path);
  if (status == OG_OK) status = take_from(r, set);
  og_tensors_destroy(set);
  return status;
}

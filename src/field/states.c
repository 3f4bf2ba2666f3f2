#include "field/states.h"

#include <stdio.h>
#include <string.h>

og_state_info *og_states_copy(og_context *context, size_t count, const og_state_info *states) {
  size_t bytes = count * sizeof *states;
  for (size_t i = 0; i < count; i++) bytes += strlen(states[i].name) + 1;
  og_state_info *copy = og_alloc(context, 1, bytes);
  if (!copy) return NULL;
  char *text = (char *)(copy + count);
  for (size_t i = 0; i < count; i++) {
    copy[i] = states[i];
    copy[i].name = strcpy(text, states[i].name);
    text += strlen(text) + 1;
  }
  return copy;
}

const char *og_row_name(const og_field *field, size_t row, char text[OG_ROW_NAME_SIZE]) {
  if (field->quadratures && row + 1 == field->n) return "the running cost";
  for (size_t i = 0; i < field->named; i++) {
    const og_state_info *state = &field->state[i];
    if (row - state->offset >= state->rows) continue;
    if (state->rows == 1) return state->name;
    snprintf(text, OG_ROW_NAME_SIZE, "%.64s[%zu]", state->name, row - state->offset + 1);
    return text;
  }
  snprintf(text, OG_ROW_NAME_SIZE, "state number %zu (they count from 0)", row);
  return text;
}

static og_status fail_unknown(og_context *context, const og_field *field, const char *name, size_t length) {
  enum { NAMES_MOST = 64 };
  const char *names[NAMES_MOST], *near;
  char own[OG_ROW_NAME_SIZE], all[512] = "";
  size_t used = 0, count = field->named < NAMES_MOST ? field->named : NAMES_MOST;
  for (size_t i = 0; i < count; i++) names[i] = field->state[i].name;
  snprintf(own, sizeof own, "%.*s", (int)(length < 64 ? length : 64), name);
  near = og_nearest(own, names, count);
  if (near) return og_fail(context, OG_ERR_NAME, "there is no state %s; did you mean %s?", own, near);
  for (size_t i = 0; i < count && used < 400; i++)
    used += (size_t)snprintf(all + used, sizeof all - used, "%s%.64s", i ? ", " : "", names[i]);
  return og_fail(context, OG_ERR_NAME, "there is no state %s; there are %s", own, all);
}

/* The index in "[3]", counted from 1; 0: it is none. */
static size_t index_of(const char *text, size_t length) {
  size_t index = 0;
  if (length < 3 || text[length - 1] != ']') return 0;
  for (size_t i = 1; i + 1 < length; i++) {
    if (text[i] < '0' || text[i] > '9' || index > 100000000) return 0;
    index = 10 * index + (size_t)(text[i] - '0');
  }
  return index;
}

og_status og_state_rows(og_context *context, const og_field *field, const char *name, size_t length,
                        size_t *first, size_t *count) {
  const char *bracket = memchr(name, '[', length);
  size_t own = bracket ? (size_t)(bracket - name) : length;
  for (size_t i = 0; i < field->named; i++) {
    const og_state_info *state = &field->state[i];
    if (strlen(state->name) != own || memcmp(state->name, name, own) != 0) continue;
    size_t index = bracket ? index_of(bracket, length - own) : 1;
    if (index < 1 || index > state->rows)
      return og_fail(context, OG_ERR_ARGUMENT, "%.*s: state %s has %zu component%s, counted from 1",
                     (int)length, name, state->name, state->rows, state->rows == 1 ? "" : "s");
    *first = state->offset + (bracket ? index - 1 : 0);
    *count = bracket ? 1 : state->rows;
    return OG_OK;
  }
  return fail_unknown(context, field, name, length);
}

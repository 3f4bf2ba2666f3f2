/* What is said of models that are wrong, beside what was meant to be said. */
#ifndef OG_TEST_DIAGNOSTICS_H
#define OG_TEST_DIAGNOSTICS_H

#include "fields.h"

/* A model to which something wrong is added. */
#define BALL "param e = 1\ninit h = 1, v = [0, 1]\nh' = v[1]\nv' = -1\n"

typedef struct diagnostic {
  const char *text, *message;
} diagnostic;

static inline void check_messages(const diagnostic *from, size_t count) {
  og_context *context = new_context();
  for (size_t i = 0; i < count; i++) {
    og_model *model = NULL;
    const char *text = from[i].text, *want = from[i].message;
    if (og_model_create_from_text(context, "m.ode", text, strlen(text), &model) != OG_ERR_MODEL)
      fail_msg("accepted:\n%s", text);
    assert_null(model);
    if (strncmp(og_context_message(context), want, strlen(want)) != 0)
      fail_msg("for\n%s\ngot\n%s\nnot\n%s", text, og_context_message(context), want);
  }
  og_context_destroy(context);
}

static inline void check_whole_messages(const diagnostic *from, size_t count) {
  og_context *context = new_context();
  for (size_t i = 0; i < count; i++) {
    og_model *model = NULL;
    const char *text = from[i].text;
    assert_int_equal(og_model_create_from_text(context, "m.ode", text, strlen(text), &model), OG_ERR_MODEL);
    if (strcmp(og_context_message(context), from[i].message) != 0)
      fail_msg("for\n%s\ngot\n%s\nnot\n%s", text, og_context_message(context), from[i].message);
  }
  og_context_destroy(context);
}

#endif

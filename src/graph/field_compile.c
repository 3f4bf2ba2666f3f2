/* A field's programs as machine code. The field stays what it is: each program is carried out by what was
 * compiled from it, with the same bits. */
#include <stdio.h>
#include <string.h>

#include "graph/compile.h"
#include "graph/field_graph.h"

/* The programs that solves and their gradients run at every step. */
enum { PROGRAMS_MOST = 2 + 2 * OG_EXTENTS, FUNCTION_SIZE = 32 };
typedef struct part {
  const char *name;
  og_program *program;
} part;

static int parts_of(const og_graph_field *field, part parts[PROGRAMS_MOST]) {
  static const char *const vjps[] = {"vjp_x", "vjp_x_theta", "vjp_x_theta_t"}, *const jvps[] = {
                                                                                   "jvp_x", "jvp_x_theta",
                                                                                   "jvp_x_theta_t"};
  int count = 0;
  parts[count++] = (part){"eval", field->eval};
  for (int i = 0; i < OG_EXTENTS; i++) parts[count++] = (part){vjps[i], field->vjp[i]};
  if (field->vjp_add) parts[count++] = (part){"vjp_add", field->vjp_add};
  for (int i = 0; i < OG_EXTENTS; i++) parts[count++] = (part){jvps[i], field->jvp[i]};
  return count;
}

static og_status emit(og_text *text, const part *parts, int count) {
  og_emit_prelude(text);
  for (int i = 0; i < count; i++) OG_TRY(og_emit_program(text, parts[i].name, parts[i].program));
  return OG_OK;
}

/* dlsym gives functions as addresses of objects, which C does not convert. */
static og_status connect(og_graph_field *field, const part *parts, int count, int single) {
  void *library = field->library[single];
  for (int i = 0; i < count; i++) {
    void *address = og_library_find(library, parts[i].name);
    if (!address)
      return og_fail(field->base.context, OG_ERR_INTERNAL, "the compiled equations lack %s", parts[i].name);
    void *place = single ? (void *)&parts[i].program->compiled_s : (void *)&parts[i].program->compiled_d;
    memcpy(place, &address, sizeof address);
  }
  return OG_OK;
}

og_status og_field_compile(og_field *base, int single) {
  og_graph_field *field = (og_graph_field *)base;
  part parts[PROGRAMS_MOST];
  og_text text = {.context = base->context};
  if (field->library[single]) return OG_OK;
  if (base->weights)
    return og_fail(base->context, OG_ERR_UNSUPPORTED,
                   "the equations have a network in them, whose layers are compiled already");
  int count = parts_of(field, parts);
  og_status status = emit(&text, parts, count);
  if (status == OG_OK) status = og_compile(base->context, &text, single, &field->library[single]);
  og_free(base->context, text.text);
  return status == OG_OK ? connect(field, parts, count, single) : status;
}

void og_field_free_compiled(og_graph_field *field) {
  og_library_close(field->library[0]);
  og_library_close(field->library[1]);
}

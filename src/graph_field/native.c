/* A field's programs as machine code. The field stays what it is: each program is carried out by what was
 * compiled from it, with the same bits. */
#include <string.h>

#include "codegen/compile.h"
#include "field/pieces.h"
#include "graph_field/programs.h"
#include "program/clock.h"

/* How many numbers of a lane may stay in registers from stage to stage. */
enum { REGISTER_STATES_MOST = 8, REGISTER_PARAMETERS_MOST = 16 };

/* The programs that solves and their gradients run at every step. */
enum { EVAL, VJP_ADD, OTHERS, PROGRAMS_MOST = OTHERS + 2 * OG_EXTENTS + OG_DIRECTIONS };
typedef struct parts {
  int count;
  og_emitted_part part[PROGRAMS_MOST];
} parts;

static int adds(const og_graph_field *field) { return field->vjp_add && field->base.ops_d.vjp_add; }

static int has_clock(const og_graph_field *field) {
  return field->eval->clock || (field->vjp_add && field->vjp_add->clock);
}

/* The forms of a precision. Stages in one pass have no clock. */
static parts parts_of(const og_graph_field *field, int single) {
  static const char *const vjps[] = {"vjp_x", "vjp_x_theta", "vjp_x_theta_t"};
  static const char *const jvps[] = {"jvp_x", "jvp_x_theta", "jvp_x_theta_t"};
  int few = field->base.n <= REGISTER_STATES_MOST && field->base.p <= REGISTER_PARAMETERS_MOST;
  if (single && has_clock(field)) few = 0;
  parts p = {OTHERS, {{"eval", field->eval, few}, {"vjp_add", adds(field) ? field->vjp_add : NULL, few}}};
  for (int i = 0; i < OG_EXTENTS; i++) p.part[p.count++] = (og_emitted_part){vjps[i], field->vjp[i], 0};
  for (int i = 0; i < OG_EXTENTS; i++) p.part[p.count++] = (og_emitted_part){jvps[i], field->jvp[i], 0};
  for (int i = 0; i < p.count; i++) p.part[i].program = og_program_form(p.part[i].program, single);
  return p;
}

/* Those of implicit methods, which are there later than the others. */
static parts implicit_parts_of(const og_graph_field *field, int single) {
  static const char *const tangents[] = {"jvp_tangent_x", "jvp_tangent_x_theta", "jvp_tangent_x_theta_t"};
  static const char *const hessians[] = {"hessian_x_t", "hessian_x_theta_t"};
  const og_implicit_programs *implicit = &field->implicit;
  parts p = {1, {{"jacobian", implicit->jacobian, 0}}};
  for (int i = 0; i < OG_DIRECTIONS; i++)
    p.part[p.count++] = (og_emitted_part){hessians[i], implicit->hessian[i], 0};
  for (int i = 0; i < OG_EXTENTS; i++)
    p.part[p.count++] = (og_emitted_part){tangents[i], implicit->jvp_tangent[i], 0};
  for (int i = 0; i < p.count; i++) p.part[i].program = og_program_form(p.part[i].program, single);
  return p;
}

/* `all`: else those that are too large to be emitted stay as they are. */
static og_status emit_parts(og_text *text, parts *p, int all) {
  og_emit_prelude(text);
  for (int i = 0; i < p->count; i++) {
    og_status status = p->part[i].program ? og_emit_program(text, &p->part[i]) : OG_OK;
    if (status == OG_ERR_UNSUPPORTED && !all)
      p->part[i].program = NULL;
    else
      OG_TRY(status);
  }
  return text->failed ? og_fail_memory(text->context, text->length, "emission of C") : OG_OK;
}

static og_status emit(const og_graph_field *field, og_text *text, parts *p, int single) {
  OG_TRY(emit_parts(text, p, 1));
  if (!single || !has_clock(field))
    og_emit_stages(text, field->base.n, field->base.p, &p->part[EVAL],
                   adds(field) ? &p->part[VJP_ADD] : NULL);
  return text->failed ? og_fail_memory(text->context, text->length, "emission of C") : OG_OK;
}

/* dlsym gives functions as addresses of objects, which C does not convert: `place` is where a pointer to the
 * function is kept. */
static og_status connect(og_context *context, void *library, const char *name, void *place) {
  void *address = og_library_find(library, name);
  if (!address) return og_fail(context, OG_ERR_INTERNAL, "the compiled equations lack %s", name);
  memcpy(place, &address, sizeof address);
  return OG_OK;
}

static og_status connect_stages(og_graph_field *field, int single) {
  og_compiled_stages_d *d = &field->stages_d;
  og_compiled_stages_s *s = &field->stages_s;
  og_context *context = field->base.context;
  void *library = field->library[single];
  OG_TRY(connect(context, library, "stages", single ? (void *)&s->stages : (void *)&d->stages));
  if (adds(field))
    OG_TRY(connect(context, library, "transposed", single ? (void *)&s->transposed : (void *)&d->transposed));
  if (d->stages) field->fused_d.stages = og_graph_stages_d, field->base.fused_d = &field->fused_d;
  if (d->transposed) field->fused_d.transposed = og_graph_transposed_d;
  if (s->stages) field->fused_s.stages = og_graph_stages_s, field->base.fused_s = &field->fused_s;
  if (s->transposed) field->fused_s.transposed = og_graph_transposed_s;
  og_pieces_take_stages(&field->base);
  return OG_OK;
}

static og_status connect_parts(og_context *context, void *library, const parts *p, int single) {
  for (int i = 0; i < p->count; i++) {
    og_program *own = p->part[i].program;
    void *place = !own ? NULL : single ? (void *)&own->compiled_s : (void *)&own->compiled_d;
    if (own) OG_TRY(connect(context, library, p->part[i].name, place));
  }
  return OG_OK;
}

static og_status connect_all(og_graph_field *field, const parts *p, int single) {
  OG_TRY(connect_parts(field->base.context, field->library[single], p, single));
  return single && has_clock(field) ? OG_OK : connect_stages(field, single);
}

og_status og_graph_field_compile(og_field *base, int single) {
  og_graph_field *field = (og_graph_field *)base;
  og_text text = {.context = base->context};
  if (field->library[single]) return OG_OK;
  if (base->weights)
    return og_fail(base->context, OG_ERR_UNSUPPORTED,
                   "the equations have a network in them, whose layers are compiled already");
  parts p = parts_of(field, single);
  og_status status = emit(field, &text, &p, single);
  if (status == OG_OK) status = og_compile(base->context, &text, single, &field->library[single]);
  og_free(base->context, text.text);
  if (status == OG_OK) status = connect_all(field, &p, single);
  return status == OG_OK ? og_field_compile_implicit(base->context, field, single) : status;
}

og_status og_field_compile_implicit(og_context *context, og_graph_field *field, int single) {
  void **library = &field->implicit_library[single];
  og_text text = {.context = context};
  if (!field->library[single] || !field->implicit.jvp_tangent[0] || *library) return OG_OK;
  parts p = implicit_parts_of(field, single);
  og_status status = emit_parts(&text, &p, 0);
  if (status == OG_OK) status = og_compile(context, &text, single, library);
  og_free(context, text.text);
  return status == OG_OK ? connect_parts(context, *library, &p, single) : status;
}

void og_field_free_compiled(og_graph_field *field) {
  og_library_close(field->library[0]);
  og_library_close(field->library[1]);
}

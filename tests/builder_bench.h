/* A builder on its own, and the values of its nodes at a state. */
#ifndef OG_TEST_BUILDER_BENCH_H
#define OG_TEST_BUILDER_BENCH_H

#include "builder/builder.h"
#include "building.h"
#include "fields.h"

#define SIZES(...) ((const size_t[]){__VA_ARGS__})

enum { ENTRIES = 64 };

typedef struct bench {
  og_context *context;
  og_builder *builder;
} bench;

static inline bench new_bench(void) {
  bench b = {.context = new_context()};
  CHECK(b.context, og_builder_create(b.context, &b.builder));
  return b;
}

static inline void end_bench(bench *b) {
  og_builder_destroy(b->builder);
  og_context_destroy(b->context);
}

static inline void check_made(const bench *b) {
  if (og_builder_status(b->builder) != OG_OK) fail_msg("%s", og_builder_message(b->builder));
}

/* The entries of a node at a state x, and along a tangent of it. */
static inline void evaluate(const og_builder *b, og_node node, const double *x, const double *along,
                            double *out) {
  _Alignas(64) double in[2][ENTRIES] = {{0}};
  _Alignas(64) double result[4 * ENTRIES];
  const double *inputs[OG_SLOT_COUNT] = {[OG_SLOT_STATE] = in[0], [OG_SLOT_DATA] = in[1]};
  double *outputs[] = {result};
  og_program *program = NULL;
  memcpy(in[0], x, sizeof in[0]);
  if (along) memcpy(in[1], along, sizeof in[1]);
  CHECK(b->context, og_program_create(b->graph, 1, &node, &program));
  void *scratch = aligned_alloc(64, (og_program_scratch_bytes(program, 1) + 127) / 64 * 64);
  assert_non_null(scratch);
  og_program_run_d(program, 1, inputs, outputs, scratch);
  memcpy(out, result, (size_t)og_entries(og_graph_shape(b->graph, node)) * sizeof *out);
  free(scratch);
  og_program_destroy(program);
}

#endif

/* Models made by calls: a graph that grows node by node, and what its nodes mean.
 *
 * The builder's graph has places of its own for what gets its place in theta when all is known: weights,
 * which stand behind all parameters, inputs' rows behind them, and flags of observed columns behind all
 * values. A model is made of a copy of the graph in which they have moved there (lower.c). */
#ifndef OG_BUILDER_H
#define OG_BUILDER_H

#include "graph/node.h"
#include "io/io.h"
#include "model/whole.h"

/* Slots of the builder's graph besides those of time, state, parameters and data. */
enum {
  OG_BUILDER_WEIGHTS = OG_SLOT_COTANGENT,
  OG_BUILDER_INPUT_ROWS = OG_SLOT_TIME_DOT,
  OG_BUILDER_FLAGS = OG_SLOT_STATE_DOT
};

typedef struct og_extent {
  size_t rank, size[OG_RANK_MOST];
} og_extent;

/* A node with its shape: rank 0 to 2 as the graph has it, more dimensions as a vector of all entries. */
typedef struct og_built {
  og_node node;
  og_extent shape;
  og_value turned;      /* of the transpose of a matrix: that matrix; else 0 */
  size_t declared_from; /* of what has a name: 1 + the place of its declaration; else 0 */
  char *label;          /* owned, or NULL */
} og_built;

/* A name. The value that stands for it says so (declared_from). */
typedef struct og_declaration {
  og_symbol_kind kind;
  const char *name;
  og_extent shape;
  size_t offset, entries; /* among those of its kind */
  double *values;         /* of parameters and weights, owned; NULL: drawn */
  double low, high;
  og_draw draw;
  og_signal signal;
  og_node initial, derivative; /* of states; OG_NODE_NONE: not yet */
} og_declaration;

/* One statement about the data: columns from `first` on. */
typedef struct og_built_observation {
  char *column; /* owned */
  size_t first, rows;
  og_observed observed;
  og_node term, location;
} og_built_observation;

typedef struct og_built_event {
  size_t declaration;
  og_direction direction;
  int terminal;
  og_node guard, jump;
} og_built_event;

struct og_builder {
  og_context *context;
  og_references references;
  og_status status; /* of the first failure */
  char message[512];
  int closed; /* a model has been made */
  og_graph *graph;
  og_built *values; /* value i is values[i - 1] */
  size_t count, capacity;
  og_declaration *declarations;
  size_t declared, declared_capacity;
  og_names names;                                      /* of the declarations, in their order */
  size_t states, parameters, weights, inputs, columns; /* entries so far */
  og_built_observation *observations;
  size_t observed, observed_capacity;
  og_built_event *events;
  size_t event_count, event_capacity;
  og_node final_cost, running_cost;
  int has_span;
  double t0, t1;
};

/* ---- Failures (builder.c) ---- */

/* Keeps the first failure and its message, which is put before the name of the public function; returns 0. */
og_value og_builder_fail(og_builder *builder, og_status status, const char *function, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
og_value og_builder_no_memory(og_builder *builder, size_t bytes);
/* Whether more can be added: no failure, and no model made. The kept message is the context's again. */
int og_builder_open(og_builder *builder, const char *function);
/* What a failure is returned as by functions that give a status. */
og_status og_builder_result(const og_builder *builder);

/* At the start of public functions that give a value. */
#define OG_BUILDER(builder)                                                                                  \
  do {                                                                                                       \
    if (!(builder) || !og_builder_open(builder, __func__)) return 0;                                         \
  } while (0)
#define OG_BUILDER_NEEDS(builder, entries, argument)                                                         \
  do {                                                                                                       \
    if ((entries) && !(argument))                                                                            \
      return og_builder_fail(builder, OG_ERR_ARGUMENT, __func__, "the argument %s is NULL", #argument);      \
  } while (0)
/* Of those that give a status: first what is NULL, then whether more can be added. */
#define OG_STATEMENT_NEEDS(builder, entries, argument)                                                       \
  do {                                                                                                       \
    if ((entries) && !(argument)) {                                                                          \
      og_builder_fail(builder, OG_ERR_ARGUMENT, __func__, "the argument %s is NULL", #argument);             \
      return og_fail_null((builder)->context, __func__, #argument);                                          \
    }                                                                                                        \
  } while (0)
#define OG_BUILDER_STATEMENT(builder)                                                                        \
  do {                                                                                                       \
    if (!og_builder_open(builder, __func__)) return og_builder_result(builder);                              \
  } while (0)

/* ---- Values (builder.c) ---- */

/* A new value; 0 where the node is none, which is a failure of the graph. */
og_value og_builder_add(og_builder *builder, const char *function, og_node node, og_extent shape);
/* The value, or NULL after a failure: it is none of this builder's. */
const og_built *og_builder_find(og_builder *builder, const char *function, og_value value);
/* "value 3 (label), [2, 3]", for messages. */
enum { OG_BUILT_TEXT = 192 };
const char *og_built_text(const og_builder *builder, og_value value, char text[OG_BUILT_TEXT]);
/* A declaration, or NULL after a failure; it moves when more are made. */
og_declaration *og_builder_declare(og_builder *builder, const char *function, og_symbol_kind kind,
                                   const char *name, og_extent shape);
/* Whether the data may have a column of that name besides its times and ids. */
int og_is_column_name(const char *name);
/* Of a value that is a state its declaration, or NULL. */
og_declaration *og_builder_state_of(const og_builder *builder, og_value value);
/* Room for one more; 0 after a failure. */
int og_builder_grow(og_builder *builder, void **memory, size_t count, size_t *capacity, size_t size);

/* ---- Shapes (extents.c) ---- */

size_t og_extent_entries(const og_extent *shape);
/* How the graph has it. */
og_shape og_extent_shape(const og_extent *shape);
int og_same_extent(const og_extent *a, const og_extent *b);
/* "[2, 3]" */
enum { OG_EXTENT_TEXT = 128 };
const char *og_extent_text(const og_extent *shape, char text[OG_EXTENT_TEXT]);
/* A caller's shape; 0 after a failure. */
int og_read_extent(og_builder *builder, const char *function, size_t rank, const size_t *size,
                   og_extent *out);
/* The shape of what both are broadcast to; 0: they do not fit. */
int og_join_extents(const og_extent *a, const og_extent *b, og_extent *out);
/* The node of a value repeated to a shape that it fits; a single entry becomes a scalar. */
og_node og_broadcast_to(og_builder *builder, const og_built *value, const og_extent *shape);
/* og_take_entries with entries by a function of the place in the result: place [rank] -> entry. */
typedef int (*og_entry_fn)(const size_t *place, const void *user);
og_node og_take_by(og_builder *builder, og_node from, const og_extent *shape, og_entry_fn entry,
                   const void *user);
/* Products of the sizes behind each dimension. */
void og_strides(const og_extent *shape, size_t strides[OG_RANK_MOST]);

/* Numbers of a caller as the graph takes them; NULL after a failure. To be freed. */
int *og_read_indices(og_builder *builder, const char *function, size_t count, const size_t *indices,
                     size_t room);

/* ---- The model (lower.c) ---- */

/* What is missing, as OG_ERR_MODEL; states need initial values unless only the field is wanted. */
og_status og_builder_check(const og_builder *builder, int field_alone);
og_status og_builder_lower(const void *builder, og_lowering *lowering);

#endif

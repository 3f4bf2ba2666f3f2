/* From syntax to graph. */
#ifndef OG_LOWER_H
#define OG_LOWER_H

#include "model/model.h"
#include "model/network.h"
#include "model/syntax.h"

typedef enum og_symbol_kind {
  OG_SY_PARAM,
  OG_SY_CONST,
  OG_SY_NET,
  OG_SY_WEIGHT, /* a tensor of a network without layers: of models that are made by calls */
  OG_SY_STATE,
  OG_SY_DEFINED,
  OG_SY_INPUT,
  OG_SY_EVENT
} og_symbol_kind;
typedef enum og_progress_mark { OG_FRESH, OG_IN_WORK, OG_READY } og_progress_mark;

/* A name of the model. `node` is its meaning in the graph; of a defined name, once it has been looked at. */
typedef struct og_symbol {
  og_symbol_kind kind;
  char *name;
  og_span span; /* where it is declared */
  og_shape shape;
  size_t offset;  /* of a param in theta, of a state in x, of an input among the inputs */
  int idle;       /* an input that nothing reads */
  double *values; /* of params and consts, owned */
  double low, high;
  og_statement *declaration; /* a state's is its init */
  og_statement *equation;
  int algebraic; /* a state that has no derivative */
  int combined;  /* a state whose derivative stands in a combination of several */
  og_progress_mark mark;
  int varies;                  /* of a definition: it reads a parameter, a state or t */
  const og_expression *unread; /* of a definition that is in work: the names in it that were not looked at */
  size_t reader;               /* and which definition waits for it */
  og_node node;
  size_t first_layer; /* of a net; `layers` of them, 0 after a diagnostic */
  int layers;
  int rank; /* of a param or weight made by calls, with its extents; 0: as the shape says */
  size_t extents[OG_RANK_MOST];
  og_draw draw; /* of a weight without values */
} og_symbol;

/* A value replaced by og_model_set. */
typedef struct og_override {
  char *name, *expression;
  int count;
  double *values;
} og_override;

/* Entries of the matrix M of M x' = f; none: x' = f. */
typedef struct og_mass_list {
  size_t count, room;
  int *row, *column;
  double *value;
} og_mass_list;

typedef struct og_lowering {
  og_context *context;
  og_source *source; /* not there any more when the model has gone */
  og_syntax *syntax;
  og_graph *graph;
  og_symbol *symbols; /* owned */
  size_t count, capacity;
  size_t *place, places; /* [places], owned: symbols by their names, each plus 1; 0: free */
  size_t parameters, weights, states, inputs; /* parameters: those of the text alone */
  og_layer *layers;                           /* [layer_count], owned: of nets, then of `dense` */
  size_t layer_count, net_layers;
  const struct og_lowering *survey; /* an earlier one that knows the sizes of all layers */
  int initial;                      /* initial values are being read: states have no meaning */
  int held;                         /* an input is held */
  int varies;                       /* set when a parameter, a state or t is read */
  og_model_parts parts;
  char **observed;                /* owned names */
  og_observed *distributions;     /* [observed], owned */
  size_t *state_columns;          /* [states], owned */
  og_input_column *input_columns; /* [inputs], owned, with their names */
  og_mass_list mass;              /* entries of M; owned */
  og_graph_event *events;         /* [parts.events], owned; their names are the symbols' */
  const og_override *overrides;
  size_t override_count;
} og_lowering;

enum { OG_ENTRIES_MOST = 1000000, OG_INPUTS_MOST = 10000 };

/* A value set from outside takes the place of the text's; its shape was checked when it was set. 0 after a
 * diagnostic. */
int og_apply_override(og_lowering *lowering, const og_symbol *symbol, og_shape shape, double *values);
/* Of the `count` states: their initial values and derivatives, with room for one more of these, and the
 * running cost or OG_NODE_NONE. From them and the other parts the field is made, if there is memory. */
void og_make_field(og_lowering *lowering, size_t count, og_node *initial, og_node *rates, og_node integral);
/* The last of a lowering: sizes of the whole, and whether it went well. */
og_status og_settle_parts(og_lowering *lowering);
/* What an observation adds to the loss, from flags that say which of its columns are there: where one is
 * missing its term is exactly 0, whatever stands in its place. *location gets an entry for each. */
og_node og_observation_term(og_graph *graph, og_node present, og_node density, og_node *location);
/* Of arguments that have an entry for each column that of column `i`. */
og_observed og_observed_entry(og_graph *graph, const og_observed *whole, int i);

/* Fills symbols and parts from the syntax; diagnostics go to the source. Where the weights of `dense` stand,
 * and behind them the inputs' rows, is known when the sizes of all layers are: where there are some, a first
 * lowering is a survey, which makes no field. */
og_status og_lower_model(og_lowering *lowering);
void og_lowering_free(og_lowering *lowering);
/* A new symbol, or NULL after a diagnostic. It moves when more are declared. */
og_symbol *og_declare(og_lowering *lowering, og_symbol_kind kind, og_statement *s);
/* A param or const statement. */
void og_lower_value(og_lowering *lowering, og_statement *s);
int og_declared_shape(og_lowering *lowering, const og_statement *s, og_shape *shape);
/* Makes symbols known by their names, with places for `room` of them. 0: no memory. */
int og_index_symbols(og_context *context, og_lowering *l, size_t room);
og_symbol *og_find_symbol(const og_lowering *lowering, const char *name, size_t length);

/* The node of an expression, or OG_NODE_NONE after a diagnostic. */
og_node og_lower_expression(og_lowering *lowering, const og_expression *e);
static inline int og_shape_size(og_shape shape) { return shape.rows * shape.columns; }
/* A scalar in every entry of the shape; what has that size already stays. */
og_node og_spread(og_graph *graph, og_node node, og_shape shape);
/* The first and last entry, counted from 1, of an index or slice of something with `size` entries. */
int og_index_range(og_lowering *lowering, const og_expression *e, int size, int *first, int *last);
/* Which states have a derivative in a combination of several, before the states without an equation are
 * looked for; and equations that are no state's own, as rates of the states that have none, and M. */
void og_declare_combined(og_lowering *lowering);
void og_lower_combined(og_lowering *lowering, og_node *rates);
/* order[k]: the row of a vector of `count` equations that goes with unknown k; unknown_of_state[states]: -1
 * where a state is none of them. 0: no memory. */
int og_match_equations(og_lowering *lowering, og_node rows, int count, const int *unknown_of_state,
                       int *order);
void og_mass_free(og_lowering *lowering);
/* An algebraic state has no derivative. */
void og_refuse_derivative(og_lowering *lowering, og_span name);
void og_lower_nets(og_lowering *lowering);
og_node og_lower_net_call(og_lowering *lowering, const og_symbol *net, const og_expression *e);
og_node og_lower_dense(og_lowering *lowering, const og_expression *e);
void og_lower_inputs(og_lowering *lowering);
/* u(t) = a + b (t - tau) from the three rows of an entry; of an input that is constant between its
 * breakpoints only `a` is read, so that it does not make the field depend on t. */
og_node og_input_node(og_graph *graph, int slot, int row, og_signal kind);
/* All observations, and which column of the data is the value of each state. */
void og_lower_observations(og_lowering *lowering);
void og_find_state_columns(og_lowering *lowering);
void og_lower_events(og_lowering *lowering);
/* The node of a definition that was not looked at before. */
og_node og_lower_definition(og_lowering *lowering, size_t symbol);
/* The values of a constant expression, entries row-major; OG_NODE_NONE's place is taken by 0 after a
 * diagnostic. */
int og_constant_values(og_lowering *lowering, const og_expression *e, const char *what, og_shape *shape,
                       double **values);
/* One number. */
int og_constant_number(og_lowering *lowering, const og_expression *e, const char *what, double *value);
int og_is_function(const og_source *source, og_span name);
/* Whether t stands in the expression. */
int og_reads_time(const og_lowering *l, const og_expression *e);
/* Whether the text is the name of a distribution. */
int og_is_distribution(const og_source *source, og_span name);
/* OG_NODE_NONE, after a diagnostic that the call takes no options behind a `;`. */
og_node og_refuse_options(og_lowering *lowering, const og_expression *call);
/* A call of one of the functions of the language, or of a net. */
og_node og_lower_call(og_lowering *lowering, const og_expression *e);
/* How many columns a call of a distribution describes; 0 after a diagnostic. */
int og_density_rows(og_lowering *lowering, const og_expression *call);
/* -log p(y | arguments) entry by entry, NaN where an argument is outside its domain; the location; and the
 * arguments, one for all entries or one each. OG_NODE_NONE after a diagnostic. */
og_node og_lower_density(og_lowering *lowering, const og_expression *call, og_node y, og_node *location,
                         og_observed *observed);
void og_unknown_name(og_lowering *lowering, og_span span, const char *what, const char *const *names,
                     size_t count);
/* "2 x 3", "a vector of 3", "a scalar", for messages. */
enum { OG_SHAPE_TEXT = 48 };
const char *og_shape_text(og_shape shape, char text[OG_SHAPE_TEXT]);

#endif

/* The .ode language: a model's text becomes graphs, and this is what they are called for the rooms above
 * (fit, train, parameters). The room knows graphs and the fields made of them, and nothing of solves, data or
 * files but the names of columns. Begin with model.c, which calls the others in their order: lex.c,
 * parse_statement.c and parse_expression.c (text to syntax.h), lower.c (syntax to graphs), evaluate.c (values
 * at one time). */
#ifndef OG_MODEL_H
#define OG_MODEL_H

#include "graph_field/graph_field.h"

/* What an observed value may be, by its distribution. */
typedef enum og_support_kind {
  OG_SUPPORT_REAL,
  OG_SUPPORT_POSITIVE,
  OG_SUPPORT_NOT_NEGATIVE,
  OG_SUPPORT_COUNT,  /* 0, 1, 2, ... */
  OG_SUPPORT_BINARY, /* 0 or 1 */
  OG_SUPPORT_CLASS   /* 1, 2, ..., classes */
} og_support_kind;
/* What an argument of a distribution may be. */
typedef enum og_domain {
  OG_DOMAIN_FINITE,
  OG_DOMAIN_POSITIVE,
  OG_DOMAIN_NOT_NEGATIVE,
  OG_DOMAIN_PROBABILITY
} og_domain;
int og_in_domain(og_domain domain, double value);
const char *og_domain_text(og_domain domain); /* "a finite number above 0" */

enum { OG_ARGUMENTS_MOST = 3 };
typedef struct og_distribution {
  const char *name;
  int arguments;
  struct {
    const char *name;
    og_domain domain;
  } argument[OG_ARGUMENTS_MOST];
  og_support_kind support;
} og_distribution;
/* Nonzero: it is an error, whose sum is no likelihood. */
int og_is_plain_error(const og_distribution *distribution);
/* The distribution of a column, and the nodes of its arguments: scalars, of classes the vector of logits. */
typedef struct og_observed {
  const og_distribution *distribution;
  og_node argument[OG_ARGUMENTS_MOST];
} og_observed;

/* A data column that the model reads as an input; its place is that of its rows (a, b, tau) in theta. */
typedef struct og_input_column {
  char *name;
  og_signal kind;
} og_input_column;

#define OG_NO_COLUMN ((size_t)-1)

/* Graph nodes of a model. Input slots are graph.h's; OG_SLOT_DATA holds, for one observation row, the K
 * observed values followed by K flags, 1 where the value is present and 0 where it is missing (the value is
 * then any valid number). */
typedef struct og_model_parts {
  og_graph *graph;
  const og_field *field;     /* quadratures = 1 when the model has `cost integral` */
  size_t states, parameters; /* n without the quadrature, p without the inputs' rows */
  size_t weights;            /* how many of the parameters, the last ones, are weights of networks */
  size_t inputs; /* the first of them are the field's; the others are read outside of the solve only */
  const og_input_column *input_columns; /* [inputs] */
  size_t events;
  og_node initial_state;            /* vector [n]: reads TIME (as t0) and PARAMETER */
  size_t observed;                  /* K; 0: no `observe` */
  const og_observed *distributions; /* [K] */
  /* scalar: sum over present columns of -log p(y | t, x, theta), fully normalised, or of plain errors */
  og_node observation_loss;
  og_node locations; /* vector [K]: see og_model_predict */
  const size_t
      *state_columns; /* [states]: the first column whose location is the state itself; OG_NO_COLUMN */
  og_node final_cost; /* scalar: reads TIME (as t1), STATE, PARAMETER; OG_NODE_NONE when absent */
  int has_integral_cost, has_span;
  int switches; /* the equations or the integral cost compare something with a state in it, or t with more
                   than constants */
  double t0, t1;
} og_model_parts;

const og_model_parts *og_model_parts_of(const og_model *model);
/* The context that it was made with. */
og_context *og_model_context(const og_model *model);
/* Uses it until og_model_destroy; NULL is nothing. */
void og_model_keep(const og_model *model);
/* The consts that og_model_set has given a value, one for each index from 0: 0 beyond the last. */
int og_model_setting(const og_model *model, size_t index, const char **name, const char **expression);
/* Of a model without a text: a number that says whether two are the same; else 0. */
uint64_t og_model_digest(const og_model *model);
/* It was read from a file of parameters (og_model_saved). */
void og_model_set_saved(og_model *model);

#endif

/* The functions of the language: names, arguments, and what they are as nodes. */
#ifndef OG_FUNCTIONS_H
#define OG_FUNCTIONS_H

#include "graph/graph.h"

typedef enum og_function_form {
  OG_FORM_UNARY,
  OG_FORM_BINARY,
  OG_FORM_LEAST, /* of two or more, entry by entry, or of all entries of one */
  OG_FORM_WHERE,
  OG_FORM_DOT,
  OG_FORM_SUM,
  OG_FORM_NORM2,
  OG_FORM_DENSE, /* of the language alone, as the next one */
  OG_FORM_MLP
} og_function_form;
/* `op` is an og_unary or og_binary. */
typedef struct og_function {
  const char *name;
  og_function_form form;
  int op, arguments;
  const char *signature;
} og_function;

/* The whole table; and the one of that name, or NULL. */
const og_function *og_functions(size_t *count);
const og_function *og_find_function(const char *name, size_t length);
/* Of arguments whose shapes fit; none of the forms that are the language's alone. */
og_node og_function_node(og_graph *graph, const og_function *function, const og_node *arguments);
/* The least, or largest, of all entries of a vector or matrix. */
og_node og_least_entry(og_graph *graph, og_binary op, og_node a);

#endif

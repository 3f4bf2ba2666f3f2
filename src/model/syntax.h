/* The syntax of a model: tokens, expressions, statements. Everything lives in one arena and goes with it. */
#ifndef OG_SYNTAX_H
#define OG_SYNTAX_H

#include "model/source.h"

typedef enum og_token_kind {
  OG_TOKEN_END,
  OG_TOKEN_NEWLINE,
  OG_TOKEN_NUMBER,
  OG_TOKEN_NAME,
  OG_TOKEN_SIGN
} og_token_kind;
typedef struct og_token {
  og_token_kind kind;
  og_span span;
  double number;
  const char *meant; /* the sign in whose place a foreign one stands, which was reported; else NULL */
} og_token;

/* Newlines do not count within brackets, unless the next line starts a statement: then a bracket was left
 * open.
 */
enum { OG_OPEN_MOST = 256 };
typedef struct og_lexer {
  og_source *source;
  size_t at;
  int depth;                 /* of open brackets */
  size_t open[OG_OPEN_MOST]; /* where they are; deeper ones are only counted */
  int options;               /* a ';' was read in them, behind which NAME = ... is an option */
  int cut;                   /* the bracket at open[0] is not closed where the statement ends */
  int dropped;               /* a sign without meaning was reported in this line and left out */
} og_lexer;
og_token og_next_token(og_lexer *lexer);
/* Whether a statement starts here, at the start of a line; `any`: a keyword's, NAME' = ... or NAME = ...,
 * else a keyword's alone. */
int og_starts_statement(const og_lexer *lexer, size_t at, int any);
/* Forgets open brackets and goes on at another place. */
void og_lexer_jump(og_lexer *lexer, size_t at);
/* Whether the span is a name, and not a part of one. */
int og_is_whole_name(const char *text, og_span span);
/* The keyword that the word is, or the nearest one when it is none; NULL: none is near. */
const char *og_keyword(const char *word, size_t length, int nearest);

typedef enum og_expression_kind {
  OG_EX_NUMBER,
  OG_EX_NAME,
  OG_EX_CALL,
  OG_EX_NEGATE,
  OG_EX_NOT,
  OG_EX_BINARY,
  OG_EX_VECTOR,
  OG_EX_INDEX,
  OG_EX_SLICE,
  OG_EX_DERIVATIVE /* NAME', on the left of an equation alone */
} og_expression_kind;
typedef struct og_expression og_expression;
/* What stands behind the `;` of a call: `tanh`, or `weights = normal(0.1)`. */
typedef struct og_call_option {
  og_span name; /* empty: none */
  og_expression *value;
  struct og_call_option *next;
} og_call_option;
struct og_expression {
  og_expression_kind kind;
  og_span span, name; /* name: of names, calls and derivatives */
  double number;
  int op; /* og_binary */
  int count;
  og_expression **arg;
  og_expression *up;       /* what it is the first argument of, in a chain: a + b + c, x[1][2] */
  og_expression *next;     /* of a name: the next one in the same definition; of a derivative: likewise */
  int derivatives;         /* how many of them are in it */
  og_call_option *options; /* of a call */
  int dense;               /* of a call of `dense`: its number, from 0 */
};

typedef enum og_statement_kind {
  OG_ST_PARAM,
  OG_ST_CONST,
  OG_ST_NET,
  OG_ST_INIT,
  OG_ST_ALGEBRAIC,
  OG_ST_EQUATION,
  OG_ST_COMBINED,   /* C1*(v1' - v2') = ... */
  OG_ST_CONSTRAINT, /* 0 = ... */
  OG_ST_DEFINE,
  OG_ST_OBSERVE,
  OG_ST_INPUT,
  OG_ST_EVENT,
  OG_ST_COST_FINAL,
  OG_ST_COST_INTEGRAL,
  OG_ST_TIME
} og_statement_kind;
/* In the braces of an event: STATE = value, or a part of a vector state. */
typedef struct og_assignment {
  og_expression *target; /* a name, an index or a slice of a name */
  og_expression *value;
  struct og_assignment *next;
} og_assignment;
typedef struct og_statement {
  og_statement_kind kind;
  og_span name;   /* the cost's or time's keyword where there is no name */
  int dimensions; /* of a param's, const's or input's shape: 0, 1 or 2 */
  og_expression *dimension[2];
  og_expression *names;       /* the first name in a definition's value; the first derivative of COMBINED */
  og_expression *left;        /* of COMBINED */
  og_expression *value;       /* time: t0; observe, net: the call; event: the guard */
  og_expression *low, *high;  /* bounds; time: t1 in high */
  int mode;                   /* input: an og_signal; event: an og_direction */
  int terminal;               /* event: `stop` */
  og_assignment *assignments; /* event */
} og_statement;

typedef struct og_arena_page {
  struct og_arena_page *next;
  size_t used, size;
} og_arena_page;
typedef struct og_syntax {
  og_source *source;
  og_arena_page *arena;
  og_statement *statements; /* owned apart */
  size_t count, capacity;
  int dense; /* calls of `dense`, in the order of their closing brackets */
  struct og_failed_text *failed;
} og_syntax;

/* The text of a statement that could not be read. What it would have declared is not known, so that names in
 * it are not reported as unknown elsewhere. */
typedef struct og_failed_text {
  og_span span;
  struct og_failed_text *next;
} og_failed_text;
/* Whether the name stands in such a text. */
int og_in_failed_text(const og_syntax *syntax, og_span name);

/* NULL when there is none; the source's no_memory is then set. */
void *og_arena_take(og_syntax *syntax, size_t bytes);
void og_parse_model(og_syntax *syntax);
/* A constant expression on its own, for og_model_set. */
og_expression *og_parse_lone_expression(og_syntax *syntax);
void og_syntax_free(og_syntax *syntax);

#endif

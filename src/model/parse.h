/* The parser's state, shared by statements and expressions. */
#ifndef OG_PARSE_H
#define OG_PARSE_H

#include "model/syntax.h"

/* Functions that may call themselves by way of others, one within the other: the one budget of depth of
 * everything that follows the nesting of expressions, here and in the lowering, where a level is one or two
 * such calls. A level takes up to 170 bytes of stack, of which threads may have no more than 64 KiB. What is
 * written one behind the other, however long, is followed by loops. */
enum { OG_DEPTH_MOST = 300 };

typedef struct og_parser {
  og_syntax *syntax;
  og_source *source;
  og_lexer lexer;
  og_token token;         /* the next one */
  og_span last;           /* the one before */
  int depth;              /* of nested expressions */
  og_expression **names;  /* where the next name of a definition is put, or NULL */
  og_expression **primes; /* where the next derivative is put, or NULL: none may stand here */
  int braces;             /* open, of an event */
  size_t from;            /* where this statement starts */
  int failed;             /* in this statement: more errors would be echoes */
} og_parser;

void og_advance(og_parser *p);
int og_peek(const og_parser *p, const char *sign);
int og_take(og_parser *p, const char *sign);
/* Says what was expected and what is there; once a statement. */
void og_expected(og_parser *p, const char *what);
int og_expect(og_parser *p, const char *sign, const char *where);
/* The same behind a value, where another one may stand, with help for that. */
void og_expected_behind(og_parser *p, const char *what);
/* Help for what is there, where it is known from other languages. */
void og_help_with_token(const og_parser *p);
/* Help with a statement whose first name is no keyword, and behind which neither ' nor = stands. */
void og_help_with_statement(og_parser *p, og_span name);
/* Equations are of first order. */
void og_help_with_order(og_source *source, og_span state);
/* Whether the sign stands in the rest of the line, the token included. */
int og_rest_has(const og_parser *p, char sign);
/* Whether a keyword stands here at the start of a line: within brackets or braces they were left open. */
int og_at_keyword(const og_parser *p);
/* NULL after an error. */
og_expression *og_parse_expression(og_parser *p);
/* A statement of the list, or NULL; 0 after an error. */
og_statement *og_new_statement(og_parser *p, og_statement_kind kind, og_span name);
int og_take_name(og_parser *p, const char *what, og_span *name);
/* `algebraic`'s names and guesses; an equation that starts with neither NAME' = nor NAME =: whether it is
 * one, and its whole. */
int og_parse_algebraic(og_parser *p);
int og_at_equation(const og_parser *p);
int og_parse_equation(og_parser *p);
/* What follows `event`, braces included. */
int og_parse_event(og_parser *p);

#endif

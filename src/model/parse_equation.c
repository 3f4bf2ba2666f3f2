/* Equations that are not of the form NAME' = ...: 0 = ..., and those with a combination of derivatives on the
 * left; and the states that have no derivative. */
#include <string.h>

#include "model/parse.h"

static int is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
static int is_digit(char c) { return c >= '0' && c <= '9'; }

int og_parse_algebraic(og_parser *p) {
  do {
    og_span name;
    if (!og_take_name(p, "the name of an algebraic state", &name)) return 0;
    og_statement *s = og_new_statement(p, OG_ST_ALGEBRAIC, name);
    if (!s) return 0;
    if (!og_take(p, "=")) {
      int errors = p->source->errors;
      og_expected(p, "'=' and a guess of its value");
      if (p->source->errors > errors)
        og_help(p->source, "its equation is a statement of its own: algebraic %.*s = 1, then 0 = ...",
                (int)name.length, p->source->text + name.at);
      return 0;
    }
    if (!(s->value = og_parse_expression(p))) return 0;
  } while (og_take(p, ","));
  return 1;
}

/* Whether a prime stands before the statement's `=`, and not in NAME' = ..., or in one of the ways to write
 * that which are refused with words of their own. */
static int has_combination(const og_parser *p) {
  const char *text = p->source->text, *at = text + p->token.span.at;
  if (is_letter(*at)) {
    while (is_letter(*at) || is_digit(*at)) at++;
    while (*at == ' ' || *at == '\t') at++;
    if (*at == '\'') {
      at++;
      while (*at == ' ' || *at == '\t') at++;
      if (*at == '[') { /* v'[2] - x' = ... */
        at += strcspn(at, "]\n#");
        at += *at == ']';
        while (*at == ' ' || *at == '\t') at++;
      }
      return *at && strchr("+-*/^", *at) && strcspn(at, "=") < strcspn(at, "\n#");
    }
  }
  size_t length = strcspn(at, "=\n#");
  const char *prime = at[length] == '=' ? memchr(at, '\'', length) : NULL;
  while (prime && prime > at && (prime[-1] == ' ' || prime[-1] == '\t')) prime--;
  return prime && prime > at && (is_letter(prime[-1]) || is_digit(prime[-1]));
}

/* 0 = ... */
static int is_constraint(const og_parser *p) {
  if (p->token.kind != OG_TOKEN_NUMBER || p->token.number != 0) return 0;
  const char *at = p->source->text + p->token.span.at + p->token.span.length;
  while (*at == ' ' || *at == '\t') at++;
  return *at == '=' && at[1] != '=';
}

int og_at_equation(const og_parser *p) {
  int starts = p->token.kind == OG_TOKEN_NAME || p->token.kind == OG_TOKEN_NUMBER || og_peek(p, "(") ||
               og_peek(p, "-") || og_peek(p, "+");
  return starts && (is_constraint(p) || has_combination(p));
}

static int parse_constraint(og_parser *p) {
  og_span zero = p->token.span;
  og_advance(p);
  og_advance(p);
  og_statement *s = og_new_statement(p, OG_ST_CONSTRAINT, zero);
  og_expression *value = s ? og_parse_expression(p) : NULL;
  if (value) s->value = value;
  return value != NULL;
}

int og_parse_equation(og_parser *p) {
  og_expression *primes = NULL;
  og_span start = p->token.span;
  if (is_constraint(p)) return parse_constraint(p);
  p->primes = &primes;
  og_expression *left = og_parse_expression(p), *value = NULL;
  p->primes = NULL;
  if (!left) return 0;
  if (!og_take(p, "=")) return og_expected_behind(p, "'=' and an expression"), 0;
  og_statement *s = og_new_statement(p, OG_ST_COMBINED, og_join(start, left->span));
  if (!s || !(value = og_parse_expression(p))) return 0;
  s->left = left;
  s->names = primes;
  s->value = value;
  return 1;
}

/* Expressions, by precedence: or, and, not, comparison, sum, product, minus, power, postfix, primary. */
#include "model/parse.h"

#include <string.h>

#include "graph/graph.h"

void og_advance(og_parser *p) {
  p->last = p->token.span;
  p->token = og_next_token(&p->lexer);
}

int og_peek(const og_parser *p, const char *sign) {
  if (p->token.meant) return strcmp(p->token.meant, sign) == 0;
  return (p->token.kind == OG_TOKEN_SIGN || p->token.kind == OG_TOKEN_NAME) &&
         og_span_is(p->source, p->token.span, sign);
}

int og_take(og_parser *p, const char *sign) {
  if (!og_peek(p, sign)) return 0;
  og_advance(p);
  return 1;
}

/* A bracket that is not closed is reported where it opens. */
static int report_open(og_parser *p) {
  int at_brace = p->lexer.depth > 0 && p->lexer.depth <= OG_OPEN_MOST && og_peek(p, "}");
  if (!p->lexer.cut && !at_brace) return 0;
  size_t at = p->lexer.open[p->lexer.cut ? 0 : p->lexer.depth - 1];
  og_error_at(p->source, (og_span){at, 1}, "this bracket is not closed");
  p->lexer.cut = 0;
  return 1;
}

void og_expected(og_parser *p, const char *what) {
  int ends = p->token.kind == OG_TOKEN_NEWLINE || p->token.kind == OG_TOKEN_END;
  if (p->failed) return;
  p->failed = 1;
  if (p->token.meant) return; /* the sign has been reported as none of the language */
  if (p->lexer.dropped || ((ends || og_peek(p, "}")) && report_open(p))) return;
  if (ends)
    og_error_at(p->source, (og_span){p->last.at + p->last.length, 0}, "expected %s, but the %s ends here",
                what, p->token.kind == OG_TOKEN_END ? "text" : "line");
  else
    og_error_at(p->source, p->token.span, "expected %s, not '%.*s'", what, (int)p->token.span.length,
                p->source->text + p->token.span.at);
  if (!ends) og_help_with_token(p);
}

int og_expect(og_parser *p, const char *sign, const char *where) {
  char text[80];
  if (og_take(p, sign)) return 1;
  size_t at = 0;
  for (const char *part = "'"; *part; part++) text[at++] = *part;
  for (const char *part = sign; *part && at < 20; part++) text[at++] = *part;
  for (const char *part = "' "; *part; part++) text[at++] = *part;
  for (const char *part = where; *part && at < sizeof text - 1; part++) text[at++] = *part;
  text[at] = 0;
  og_expected(p, text);
  return 0;
}

static og_expression *make(og_parser *p, og_expression_kind kind, og_span span, int count) {
  og_expression *e = og_arena_take(p->syntax, sizeof *e);
  if (!e) return NULL;
  *e = (og_expression){.kind = kind, .span = span, .count = count};
  if (count) e->arg = og_arena_take(p->syntax, (size_t)count * sizeof *e->arg);
  return count && !e->arg ? NULL : e;
}

/* Behind the `;` of a call, up to its closing bracket. */
static int parse_options(og_parser *p, og_expression *call) {
  for (og_call_option **end = &call->options;; end = &(*end)->next) {
    og_call_option *option = *end = og_arena_take(p->syntax, sizeof *option);
    if (!option) return 0;
    *option = (og_call_option){.value = og_parse_expression(p)};
    if (!option->value) return 0;
    if (option->value->kind == OG_EX_NAME && og_take(p, "=")) {
      option->name = option->value->span;
      if (!(option->value = og_parse_expression(p))) return 0;
    }
    if (og_take(p, ")")) return 1;
    if (!og_take(p, ",")) return og_expected_behind(p, "',' or ')'"), 0;
  }
}

/* A list up to the closing sign, in a call also up to the end of its options; the arguments are gathered in a
 * growing array of the arena. */
static int parse_list(og_parser *p, const char *close, og_expression *into) {
  int room = 0;
  if (og_take(p, close)) return 1;
  for (;;) {
    if (into->count == room) {
      int more = room ? 2 * room : 4;
      og_expression **arg = og_arena_take(p->syntax, (size_t)more * sizeof *arg);
      if (!arg) return 0;
      if (room) memcpy(arg, into->arg, (size_t)room * sizeof *arg);
      into->arg = arg;
      room = more;
    }
    og_expression *e = og_parse_expression(p);
    if (!e) return 0;
    into->arg[into->count++] = e;
    into->derivatives += e->derivatives;
    if (og_take(p, close)) return 1;
    if (into->kind == OG_EX_CALL && og_take(p, ";")) return parse_options(p, into);
    if (!og_take(p, ",")) return og_expected_behind(p, close[0] == ')' ? "',' or ')'" : "',' or ']'"), 0;
  }
}

/* NAME' on the left of an equation. */
static og_expression *parse_derivative(og_parser *p, og_expression *e) {
  e->kind = OG_EX_DERIVATIVE;
  e->span = og_join(e->name, p->last);
  e->derivatives = 1;
  *p->primes = e;
  p->primes = &e->next;
  return e;
}

static og_expression *parse_name(og_parser *p) {
  og_span name = p->token.span;
  og_advance(p);
  int call = og_peek(p, "(");
  og_expression *e = make(p, call ? OG_EX_CALL : OG_EX_NAME, name, 0);
  if (!e) return NULL;
  e->name = name;
  if (!call && p->primes && og_take(p, "'")) return parse_derivative(p, e);
  if (!call && p->names) *p->names = e, p->names = &e->next;
  if (!call) return e;
  og_advance(p);
  if (!parse_list(p, ")", e)) return NULL;
  e->span = og_join(name, p->last);
  if (og_span_is(p->source, name, "dense")) e->dense = p->syntax->dense++;
  return e;
}

static og_expression *parse_primary(og_parser *p) {
  og_span start = p->token.span;
  if (p->token.kind == OG_TOKEN_NUMBER) {
    og_expression *e = make(p, OG_EX_NUMBER, start, 0);
    if (e) e->number = p->token.number;
    og_advance(p);
    return e;
  }
  if (p->token.kind == OG_TOKEN_NAME) return parse_name(p);
  if (og_take(p, "(")) {
    og_expression *e = og_parse_expression(p);
    if (!e) return NULL;
    if (!og_take(p, ")")) return og_expected_behind(p, "')' to close the bracket"), NULL;
    e->span = og_join(start, p->last);
    return e;
  }
  if (og_take(p, "[")) {
    og_expression *e = make(p, OG_EX_VECTOR, start, 0);
    if (!e || !parse_list(p, "]", e)) return NULL;
    e->span = og_join(start, p->last);
    return e;
  }
  og_expected(p, "a number, a name or a bracket");
  return NULL;
}

static og_expression *parse_one_index(og_parser *p, og_expression *of) {
  og_expression *first = og_parse_expression(p), *second = NULL;
  if (!first) return NULL;
  int slice = og_take(p, ":");
  if (slice && !(second = og_parse_expression(p))) return NULL;
  og_expression *e = make(p, slice ? OG_EX_SLICE : OG_EX_INDEX, og_join(of->span, p->last), slice ? 3 : 2);
  if (!e) return NULL;
  e->arg[0] = of;
  of->up = e;
  e->derivatives = of->derivatives;
  e->arg[1] = first;
  if (slice) e->arg[2] = second;
  return e;
}

/* x[i], x[i:k], and A[i, k], which is A[i][k]. */
static og_expression *parse_index(og_parser *p, og_expression *of) {
  og_expression *e = parse_one_index(p, of);
  if (e && og_take(p, ",")) e = parse_one_index(p, e);
  if (!e || !og_expect(p, "]", "to close the index")) return NULL;
  e->span = og_join(of->span, p->last);
  return e;
}

enum { TERMS_MOST = 1000, INDICES_MOST = 8 };

static og_expression *refuse(og_parser *p, const char *message) {
  if (!p->failed) og_error_at(p->source, p->token.span, "%s", message);
  p->failed = 1;
  return NULL;
}

static og_expression *parse_postfix(og_parser *p) {
  og_expression *e = parse_primary(p);
  for (int i = 0; e && og_take(p, "["); i++) {
    if (i == INDICES_MOST) return refuse(p, "too many indices, one after another");
    e = parse_index(p, e);
  }
  return e;
}

static og_expression *binary(og_parser *p, int op, og_expression *left, og_expression *right) {
  if (!left || !right) return NULL;
  og_expression *e = make(p, OG_EX_BINARY, og_join(left->span, right->span), 2);
  if (!e) return NULL;
  e->op = op;
  e->arg[0] = left;
  left->up = e;
  e->arg[1] = right;
  e->derivatives = left->derivatives + right->derivatives;
  return e;
}

static og_expression *parse_minus(og_parser *p);

/* Right associative, and its exponent may have a sign: 2^-x. */
static og_expression *parse_power(og_parser *p) {
  og_expression *base = parse_postfix(p);
  if (!base || !og_take(p, "^")) return base;
  return binary(p, OG_POW, base, parse_minus(p));
}

static og_expression *prefix(og_parser *p, og_expression_kind kind, og_span start, og_expression *of) {
  if (!of) return NULL;
  og_expression *e = make(p, kind, og_join(start, of->span), 1);
  if (e) e->arg[0] = of, e->derivatives = of->derivatives;
  return e;
}

/* 0 after an error: the budget is spent. */
static int go_down(og_parser *p) {
  if (p->depth < OG_DEPTH_MOST) return ++p->depth;
  if (!p->failed)
    og_error_at(p->source, p->token.span, "expressions are nested too deeply here (over %d)", OG_DEPTH_MOST);
  p->failed = 1;
  return 0;
}

static og_expression *parse_minus(og_parser *p) {
  og_span start = p->token.span;
  if (!go_down(p)) return NULL;
  og_expression *e = og_take(p, "-")   ? prefix(p, OG_EX_NEGATE, start, parse_minus(p))
                     : og_take(p, "+") ? parse_minus(p)
                                       : parse_power(p);
  p->depth--;
  return e;
}

typedef struct level {
  const char *sign;
  int op, level;
} level;
enum { LEVEL_OR, LEVEL_AND, LEVEL_NOT, LEVEL_COMPARE, LEVEL_SUM, LEVEL_PRODUCT, LEVEL_COUNT };
static const level levels[] = {
    {"or", OG_OR, LEVEL_OR},      {"and", OG_AND, LEVEL_AND},   {"<=", OG_LE, LEVEL_COMPARE},
    {">=", OG_GE, LEVEL_COMPARE}, {"==", OG_EQ, LEVEL_COMPARE}, {"!=", OG_NE, LEVEL_COMPARE},
    {"<", OG_LT, LEVEL_COMPARE},  {">", OG_GT, LEVEL_COMPARE},  {"+", OG_ADD, LEVEL_SUM},
    {"-", OG_SUB, LEVEL_SUM},     {"*", OG_MUL, LEVEL_PRODUCT}, {"/", OG_DIV, LEVEL_PRODUCT},
};

/* The operator that is next, if it binds no less than `least`. */
static const level *operator_of(const og_parser *p, int least) {
  for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
    if (levels[i].level >= least && og_peek(p, levels[i].sign)) return &levels[i];
  return NULL;
}

static og_expression *parse_level(og_parser *p, int least);

static og_expression *parse_operand(og_parser *p, int least) {
  og_span start = p->token.span;
  if (least > LEVEL_NOT || !og_take(p, "not")) return parse_minus(p);
  return prefix(p, OG_EX_NOT, start, parse_level(p, LEVEL_COMPARE));
}

/* Operators that bind no less than `least`: the first operand takes those that bind more, each with its right
 * side, before those that bind less. So the levels of a chain fall, and each starts to count anew. */
static og_expression *parse_chain(og_parser *p, int least) {
  og_expression *left = parse_operand(p, least);
  const level *op;
  for (int terms = 0, at = LEVEL_COUNT; left && (op = operator_of(p, least)) != NULL; terms++) {
    if (op->level != at) at = op->level, terms = 0;
    if (at == LEVEL_COMPARE && terms > 0) return refuse(p, "comparisons do not chain: write a < b and b < c");
    if (terms == TERMS_MOST)
      return refuse(p, "an expression of over 1000 terms: use vectors and sum(), or names for parts");
    og_advance(p);
    left = binary(p, op->op, left, at == LEVEL_PRODUCT ? parse_minus(p) : parse_level(p, at + 1));
  }
  return left;
}

static og_expression *parse_level(og_parser *p, int least) {
  if (!go_down(p)) return NULL;
  og_expression *e = parse_chain(p, least);
  p->depth--;
  return e;
}

og_expression *og_parse_expression(og_parser *p) { return parse_level(p, LEVEL_OR); }

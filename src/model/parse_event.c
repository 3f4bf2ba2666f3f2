/* event NAME when guard = 0 rising|falling|any { STATE = value; ... stop } */
#include <string.h>

#include "graph/graph.h"
#include "model/parse.h"

/* x < 0.5: the event is where the difference of the sides is 0. */
static int refuse_no_zero(og_parser *p, const og_expression *guard) {
  int errors = p->source->errors;
  int compares = guard->kind == OG_EX_BINARY && guard->op >= OG_LT && guard->op <= OG_NE;
  og_expected(p, "'= 0' behind the guard");
  if (!compares || p->source->errors == errors) return 0;
  const og_span a = guard->arg[0]->span, b = guard->arg[1]->span;
  const char *text = p->source->text;
  int fits = a.length + b.length < 60, up = guard->op == OG_GT || guard->op == OG_GE;
  int down = guard->op == OG_LT || guard->op == OG_LE;
  og_help(p->source, "an event is where an expression is 0: write %.*s - (%.*s) = 0 %s",
          fits ? (int)a.length : 3, fits ? text + a.at : "...", fits ? (int)b.length : 3,
          fits ? text + b.at : "...",
          up     ? "rising"
          : down ? "falling"
                 : "any");
  return 0;
}

/* An event is where an expression is 0, and nothing else may stand on the right. */
static int parse_zero(og_parser *p, const og_expression *guard) {
  const char *text = p->source->text + guard->span.at;
  int length = guard->span.length < 60 ? (int)guard->span.length : 60;
  if (!og_take(p, "=")) return refuse_no_zero(p, guard);
  if (p->token.kind == OG_TOKEN_NUMBER && p->token.number == 0) return og_advance(p), 1;
  og_expected(p, "0");
  og_help(p->source, "an event is where an expression is 0: write %.*s - (...) = 0", length, text);
  return 0;
}

static int parse_direction(og_parser *p, og_statement *s) {
  static const char *const directions[] = {
      [OG_DIRECTION_ANY] = "any", [OG_DIRECTION_RISING] = "rising", [OG_DIRECTION_FALLING] = "falling"};
  for (s->mode = OG_DIRECTION_ANY; s->mode <= OG_DIRECTION_FALLING; s->mode++)
    if (og_take(p, directions[s->mode])) return 1;
  return og_expected(p, "'rising', 'falling' or 'any', the way in which the guard passes 0"), 0;
}

/* A word of its own: a state may be called stop. */
static int at_stop(const og_parser *p) {
  const char *text = p->source->text;
  size_t at = p->lexer.at;
  if (!og_peek(p, "stop")) return 0;
  while (text[at] == ' ' || text[at] == '\t' || text[at] == '\r') at++;
  return at >= p->source->length || strchr("\n;}#", text[at]) != NULL;
}

static int is_target(const og_expression *e) {
  int part = e->kind == OG_EX_INDEX || e->kind == OG_EX_SLICE;
  return e->kind == OG_EX_NAME || (part && e->arg[0]->kind == OG_EX_NAME);
}

static og_assignment *parse_assignment(og_parser *p) {
  og_assignment *a = og_arena_take(p->syntax, sizeof *a);
  og_span start = p->token.span;
  if (p->token.kind != OG_TOKEN_NAME) return og_expected(p, "STATE = expression, or 'stop'"), NULL;
  if (!a || !(a->target = og_parse_expression(p))) return NULL;
  if (!is_target(a->target)) {
    og_error_at(p->source, og_join(start, a->target->span), "only a state or a part of one can be set");
    return p->failed = 1, NULL;
  }
  if (!og_expect(p, "=", "and the state's value behind the event")) return NULL;
  return (a->value = og_parse_expression(p)) ? a : NULL;
}

/* The rest of a part that could not be read, up to what ends it. */
static void skip_part(og_parser *p) {
  size_t at = p->token.span.at;
  while (at < p->source->length && !strchr("\n;}#", p->source->text[at])) at++;
  og_lexer_jump(&p->lexer, at);
  og_advance(p);
}

static int at_end_of_part(const og_parser *p) {
  return p->token.kind == OG_TOKEN_NEWLINE || p->token.kind == OG_TOKEN_END || og_peek(p, ";") ||
         og_peek(p, "}");
}

/* One part of the braces; an error in it does not hide those of the others. */
static int parse_part(og_parser *p, og_statement *s, og_assignment ***last) {
  p->failed = p->depth = p->lexer.cut = 0;
  if (at_stop(p)) {
    og_advance(p);
    s->terminal = 1;
    return 1;
  }
  og_assignment *a = parse_assignment(p);
  if (a && !at_end_of_part(p)) og_expected(p, "the end of the line, ';' or '}'");
  if (!a || p->failed) return skip_part(p), 0;
  **last = a;
  *last = &a->next;
  return 1;
}

static int parse_braces(og_parser *p, og_statement *s) {
  og_assignment **last = &s->assignments;
  og_span open = p->token.span;
  int whole = 1;
  if (!og_expect(p, "{", "and what the event sets ('{ }' when it sets nothing)")) return 0;
  p->braces = 1;
  while (!og_take(p, "}")) {
    if (p->token.kind == OG_TOKEN_END || og_at_keyword(p)) {
      p->braces = 0;
      og_error_at(p->source, open, "this brace is not closed");
      return 0;
    }
    if (p->token.kind == OG_TOKEN_NEWLINE || og_peek(p, ";"))
      og_advance(p);
    else
      whole &= parse_part(p, s, &last);
    if (p->source->no_memory) return 0;
  }
  p->braces = 0;
  return whole;
}

int og_parse_event(og_parser *p) {
  og_span name;
  if (!og_take_name(p, "the name of the event", &name)) return 0;
  og_statement *s = og_new_statement(p, OG_ST_EVENT, name);
  if (!s || !og_expect(p, "when", "and the guard: event NAME when expression = 0") ||
      !(s->value = og_parse_expression(p)))
    return 0;
  return parse_zero(p, s->value) && parse_direction(p, s) && parse_braces(p, s);
}

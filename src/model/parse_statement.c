/* Statements, and recovery: after an error the rest of the line is skipped and parsing goes on. */
#include "model/parse.h"

#include <string.h>

#include "model/hints.h"

void *og_arena_take(og_syntax *syntax, size_t bytes) {
  bytes = (bytes + 15) / 16 * 16;
  og_arena_page *page = syntax->arena;
  if (!page || page->size - page->used < bytes) {
    size_t size = bytes > 16000 ? bytes : 16000;
    page = og_alloc(syntax->source->context, 1, sizeof *page + 16 + size);
    if (!page) return syntax->source->no_memory = 1, NULL;
    *page = (og_arena_page){syntax->arena, 0, size};
    syntax->arena = page;
  }
  char *base = (char *)page + (sizeof *page + 15) / 16 * 16;
  page->used += bytes;
  return base + page->used - bytes;
}

void og_syntax_free(og_syntax *syntax) {
  while (syntax->arena) {
    og_arena_page *next = syntax->arena->next;
    og_free(syntax->source->context, syntax->arena);
    syntax->arena = next;
  }
  og_free(syntax->source->context, syntax->statements);
  syntax->statements = NULL;
  syntax->count = syntax->capacity = 0;
}

og_statement *og_new_statement(og_parser *p, og_statement_kind kind, og_span name) {
  og_syntax *syntax = p->syntax;
  if (syntax->count == syntax->capacity) {
    size_t capacity = syntax->capacity ? 2 * syntax->capacity : 32;
    og_statement *more =
        og_resize(p->source->context, syntax->statements, syntax->count, capacity, sizeof *more);
    if (!more) return p->source->no_memory = 1, NULL;
    syntax->statements = more;
    syntax->capacity = capacity;
  }
  og_statement *s = &syntax->statements[syntax->count++];
  *s = (og_statement){.kind = kind, .name = name};
  return s;
}

int og_take_name(og_parser *p, const char *what, og_span *name) {
  *name = p->token.span;
  if (p->token.kind != OG_TOKEN_NAME) return og_expected(p, what), 0;
  og_advance(p);
  return 1;
}

/* Whether a message was given, which help may follow: a statement that had failed before says no more. */
static int expected(og_parser *p, const char *what) {
  int errors = p->source->errors;
  og_expected(p, what);
  return p->source->errors > errors;
}

static int parse_shape(og_parser *p, og_statement *s) {
  if (!og_take(p, "[")) return 1;
  do {
    if (s->dimensions == 2) return og_expected(p, "']': a shape has one or two numbers"), 0;
    if (!(s->dimension[s->dimensions++] = og_parse_expression(p))) return 0;
  } while (og_take(p, ","));
  return og_expect(p, "]", "to close the shape");
}

static int parse_bounds(og_parser *p, og_statement *s) {
  if (!og_take(p, "in")) return 1;
  return og_expect(p, "[", "before the bounds: in [low, high]") && (s->low = og_parse_expression(p)) &&
         og_expect(p, ",", "between the bounds: in [low, high]") && (s->high = og_parse_expression(p)) &&
         og_expect(p, "]", "after the bounds: in [low, high]");
}

#define PRIOR og_hint(OG_HINT_STATEMENT, "prior", 5)

static int refuse_no_value(og_parser *p, og_span name) {
  int prior = og_rest_has(p, '~'), bounds = og_peek(p, "in"), length = (int)name.length;
  if (!expected(p, "'=' and a value") || !(prior || bounds)) return 0;
  og_help(p->source, "a parameter has a value: param %.*s = 1%s%s%s", length, p->source->text + name.at,
          bounds ? " in [low, high]" : "", prior ? "; " : "", prior ? PRIOR : "");
  return 0;
}

static int parse_declaration(og_parser *p, og_statement_kind kind) {
  do {
    og_span name;
    if (!og_take_name(p, "the name of a parameter or constant", &name)) return 0;
    og_statement *s = og_new_statement(p, kind, name);
    if (!s || !parse_shape(p, s)) return 0;
    if (!og_take(p, "=")) return refuse_no_value(p, name);
    if (!(s->value = og_parse_expression(p))) return 0;
    if (kind == OG_ST_PARAM && !parse_bounds(p, s)) return 0;
  } while (og_take(p, ","));
  return 1;
}

static int parse_nets(og_parser *p) {
  do {
    og_span name;
    if (!og_take_name(p, "the name of a net", &name)) return 0;
    og_statement *s = og_new_statement(p, OG_ST_NET, name);
    if (!s || !og_expect(p, "=", "and its layers: net f = mlp(2, 50, 2; tanh)") ||
        !(s->value = og_parse_expression(p)))
      return 0;
  } while (og_take(p, ","));
  return 1;
}

static int refuse_no_initial(og_parser *p, og_span name) {
  int call = og_peek(p, "("), prime = og_peek(p, "'"), vector = og_peek(p, "["), length = (int)name.length;
  const char *text = p->source->text + name.at;
  if (!expected(p, "'=' and the initial value")) return 0;
  if (call)
    og_help(p->source, "an initial value is that at the start of the span: init %.*s = ...", length, text);
  if (vector) og_help(p->source, "a vector has one initial value: init %.*s = [..., ...]", length, text);
  if (prime)
    og_help(p->source, "a derivative with an initial value is a state of its own: init v = ..., %.*s' = v",
            length, text);
  return 0;
}

static int parse_init(og_parser *p) {
  do {
    og_span name;
    if (!og_take_name(p, "the name of a state", &name)) return 0;
    og_statement *s = og_new_statement(p, OG_ST_INIT, name);
    if (!s) return 0;
    if (!og_take(p, "=")) return refuse_no_initial(p, name);
    if (!(s->value = og_parse_expression(p))) return 0;
  } while (og_take(p, ","));
  return 1;
}

static int parse_observe(og_parser *p) {
  og_span name;
  if (!og_take_name(p, "the name of a data column", &name)) return 0;
  og_statement *s = og_new_statement(p, OG_ST_OBSERVE, name);
  if (!s || !og_expect(p, "~", "and a distribution: observe COLUMN ~ normal(mean, sd)")) return 0;
  return (s->value = og_parse_expression(p)) != NULL;
}

/* A data column, or a vector of them; how it is read between its rows. */
static int parse_inputs(og_parser *p) {
  static const char *const kinds[] = {"constant", "linear", "hold"};
  do {
    og_span name;
    if (!og_take_name(p, "the name of a data column", &name)) return 0;
    og_statement *s = og_new_statement(p, OG_ST_INPUT, name);
    if (!s || !parse_shape(p, s)) return 0;
    if (p->token.kind != OG_TOKEN_NAME) continue;
    while (s->mode < 3 && !og_peek(p, kinds[s->mode])) s->mode++;
    if (s->mode == 3) return og_expected(p, "'constant', 'linear' or 'hold', or the end of the line"), 0;
    og_advance(p);
  } while (og_take(p, ","));
  return 1;
}

static int parse_cost(og_parser *p) {
  og_span word = p->token.span;
  int final = og_peek(p, "final");
  if (!final && !og_peek(p, "integral"))
    return og_expected(p, "'final' or 'integral': cost final = ..., or cost integral = ..."), 0;
  og_advance(p);
  og_statement *s = og_new_statement(p, final ? OG_ST_COST_FINAL : OG_ST_COST_INTEGRAL, word);
  return s && og_expect(p, "=", "and the cost") && (s->value = og_parse_expression(p));
}

static int parse_time(og_parser *p) {
  og_statement *s = og_new_statement(p, OG_ST_TIME, p->last);
  return s && (s->value = og_parse_expression(p)) && og_expect(p, ":", "between the times: time t0 : t1") &&
         (s->high = og_parse_expression(p));
}

static int refuse_second_order(og_parser *p, og_span name) {
  if (expected(p, "'=' and an expression")) og_help_with_order(p->source, name);
  return 0;
}

/* x'(t) = ..., x'[1] = ... */
static int refuse_argument(og_parser *p, og_span name) {
  int call = og_peek(p, "("), length = (int)name.length;
  const char *text = p->source->text + name.at;
  if (!expected(p, "'=' and an expression")) return 0;
  og_help(p->source,
          call ? "an equation is written: %.*s' = ..." : "a vector has one equation: %.*s' = [..., ...]",
          length, text);
  return 0;
}

/* NAME' = expression, or NAME = expression. */
static int parse_definition(og_parser *p) {
  og_span name;
  if (!og_take_name(p, "a statement", &name)) return 0;
  int equation = og_take(p, "'");
  if (p->lexer.dropped) return 0; /* a sign that has been reported stands before the '=' */
  if (equation && og_peek(p, "'")) return refuse_second_order(p, name);
  if (equation && (og_peek(p, "(") || og_peek(p, "["))) return refuse_argument(p, name);
  if (!equation && !og_peek(p, "=")) {
    if (expected(p, "''' (an equation) or '=' (a definition) after the name"))
      og_help_with_statement(p, name);
    return 0;
  }
  og_statement *s = og_new_statement(p, equation ? OG_ST_EQUATION : OG_ST_DEFINE, name);
  if (!s || !og_expect(p, "=", "and an expression")) return 0;
  og_expression *names = NULL;
  p->names = &names;
  og_expression *value = og_parse_expression(p);
  p->names = NULL;
  s->value = value;
  s->names = names;
  return value != NULL;
}

static int parse_statement(og_parser *p) {
  if (og_take(p, "param")) return parse_declaration(p, OG_ST_PARAM);
  if (og_take(p, "const")) return parse_declaration(p, OG_ST_CONST);
  if (og_take(p, "net")) return parse_nets(p);
  if (og_take(p, "input")) return parse_inputs(p);
  if (og_take(p, "event")) return og_parse_event(p);
  if (og_take(p, "init")) return parse_init(p);
  if (og_take(p, "algebraic")) return og_parse_algebraic(p);
  if (og_take(p, "observe")) return parse_observe(p);
  if (og_take(p, "cost")) return parse_cost(p);
  if (og_take(p, "time")) return parse_time(p);
  return og_at_equation(p) ? og_parse_equation(p) : parse_definition(p);
}

int og_at_keyword(const og_parser *p) {
  const char *text = p->source->text;
  size_t at = p->token.span.at;
  while (at > 0 && (text[at - 1] == ' ' || text[at - 1] == '\t')) at--;
  return p->token.kind == OG_TOKEN_NAME && at > 0 && text[at - 1] == '\n' &&
         og_starts_statement(&p->lexer, at, 0);
}

/* How many brackets were open before the present token. */
static int depth_before(const og_parser *p) {
  int opens = og_peek(p, "(") || og_peek(p, "["), closes = og_peek(p, ")") || og_peek(p, "]");
  return p->lexer.depth - opens + closes;
}

/* What is left of the statement is not looked at, nor are the brackets and braces that open in it: their
 * mistakes would be echoes. */
static void skip_statement(og_parser *p) {
  const char *text = p->source->text;
  size_t at = p->token.span.at, length = p->source->length;
  int depth = depth_before(p);
  for (int comment = 0; at < length; at++) {
    int inside = p->braces > 0 || depth > 0;
    if (text[at] == '\n' && (!inside || og_starts_statement(&p->lexer, at + 1, p->braces <= 0))) break;
    comment = text[at] == '#' || (comment && text[at] != '\n');
    if (comment) continue;
    p->braces += (text[at] == '{') - (text[at] == '}');
    depth += (text[at] == '(' || text[at] == '[') - (text[at] == ')' || text[at] == ']');
  }
  og_lexer_jump(&p->lexer, at);
  og_advance(p);
}

static void note_failed_text(og_parser *p, size_t from) {
  og_failed_text *text = og_arena_take(p->syntax, sizeof *text);
  if (!text) return;
  *text = (og_failed_text){{from, p->token.span.at - from}, p->syntax->failed};
  p->syntax->failed = text;
}

/* A name of its own, or that of a quotient dx/dt. */
static int is_name_or_quotient(const char *text, og_span span) {
  int d = span.at > 0 && text[span.at - 1] == 'd';
  return og_is_whole_name(text, span) ||
         (d && og_is_whole_name(text, (og_span){span.at - 1, span.length + 1}));
}

int og_in_failed_text(const og_syntax *syntax, og_span name) {
  const char *text = syntax->source->text;
  for (const og_failed_text *failed = syntax->failed; failed; failed = failed->next)
    for (size_t i = 0; i + name.length <= failed->span.length; i++) {
      og_span here = {failed->span.at + i, name.length};
      if (!memcmp(text + here.at, text + name.at, name.length) && is_name_or_quotient(text, here)) return 1;
    }
  return 0;
}

/* Drops a statement that could not be read to its end, and goes on with the next one. */
static void fail_statement(og_parser *p, size_t count, size_t from) {
  p->syntax->count = count;
  if (!og_at_keyword(p) || p->token.span.at == from) skip_statement(p);
  note_failed_text(p, from);
}

/* It says its own, and does no harm. */
static void refuse_semicolons(og_parser *p) {
  og_error_at(p->source, p->token.span, "a statement ends with its line");
  og_help(p->source, "leave the ';' out, and write one statement to a line");
  while (og_take(p, ";")) continue;
}

static og_parser parser_of(og_syntax *syntax) {
  og_parser p = {.syntax = syntax,
                 .source = syntax->source,
                 .lexer = {.source = syntax->source, .at = og_source_start(syntax->source)}};
  og_advance(&p);
  return p;
}

void og_parse_model(og_syntax *syntax) {
  og_parser p = parser_of(syntax);
  while (p.token.kind != OG_TOKEN_END && !syntax->source->no_memory) {
    if (p.token.kind == OG_TOKEN_NEWLINE) {
      p.lexer.cut = p.lexer.dropped = 0;
      og_advance(&p);
      continue;
    }
    size_t count = syntax->count, from = p.from = p.token.span.at;
    p.failed = p.depth = p.braces = 0;
    int whole = parse_statement(&p);
    if (whole && og_peek(&p, ";")) {
      refuse_semicolons(&p);
      continue;
    }
    if (whole && p.token.kind != OG_TOKEN_NEWLINE && p.token.kind != OG_TOKEN_END) {
      og_expected_behind(&p, "the end of the line");
      whole = 0;
    }
    if (!whole) fail_statement(&p, count, from);
  }
}

og_expression *og_parse_lone_expression(og_syntax *syntax) {
  og_parser p = parser_of(syntax);
  og_expression *e = og_parse_expression(&p);
  if (e && p.token.kind != OG_TOKEN_END) og_expected(&p, "the end of the expression");
  return syntax->source->errors ? NULL : e;
}

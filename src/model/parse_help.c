/* What to say of a token that does not belong where it stands: what is meant shows in what stands around it.
 */
#include <string.h>

#include "model/hints.h"
#include "model/lower.h"
#include "model/parse.h"

static int is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
static int is_digit(char c) { return c >= '0' && c <= '9'; }

/* Behind the token, without blanks. */
static const char *behind(const og_parser *p) {
  const char *text = p->source->text + p->token.span.at + p->token.span.length;
  while (*text == ' ' || *text == '\t') text++;
  return text;
}

/* Whether the word stands behind the statement's first letter, up to the end of the token. */
static int has_word(const og_parser *p, const char *word) {
  const char *text = p->source->text;
  og_span span = {p->from + 1, strlen(word)};
  for (size_t end = p->token.span.at + p->token.span.length; span.at + span.length <= end; span.at++) {
    if (text[span.at] == '#') span.at += strcspn(text + span.at, "\n");
    if (span.at + span.length > end) return 0;
    if (og_span_is(p->source, span, word) && og_is_whole_name(text, span)) return 1;
  }
  return 0;
}

static int starts_with(const og_parser *p, const char *word) {
  og_span span = {p->from, strlen(word)};
  return p->from + span.length <= p->source->length && og_span_is(p->source, span, word) &&
         og_is_whole_name(p->source->text, span);
}

static int is_declaration(const og_parser *p) {
  return starts_with(p, "param") || starts_with(p, "const") || starts_with(p, "init") ||
         starts_with(p, "net");
}

/* Whether an `=` compares: there is a value before it, behind the sign that the statement has already. */
static int may_compare(const og_parser *p) {
  size_t length = p->token.span.at - p->from;
  const char *text = p->source->text + p->from;
  return memchr(text, '=', length) || memchr(text, '(', length) || memchr(text, '~', length);
}

int og_rest_has(const og_parser *p, char sign) {
  const char *text = p->source->text + p->token.span.at;
  size_t length = strcspn(text, "\n#");
  return memchr(text, sign, length) != NULL;
}

void og_help_with_token(const og_parser *p) {
  const char *text = p->source->text;
  og_span now = p->token.span;
  if (og_peek(p, "/") && now.at > 0 && text[now.at - 1] == '/')
    og_help(p->source, "a comment starts with '#'");
  else if (og_peek(p, "!"))
    og_help(p->source, "the contrary of a condition is written: not (a < b)");
  else if (og_peek(p, ":") && *behind(p) == '=')
    og_help(p->source, "write '=' alone");
  else if (og_peek(p, "=") && may_compare(p))
    og_help(p->source, "equality is written a == b");
  else if (og_peek(p, "~") && starts_with(p, "param") && may_compare(p))
    og_help(p->source, "%s", og_hint(OG_HINT_STATEMENT, "prior", 5));
  else if (has_word(p, "if") || og_peek(p, "else") || og_peek(p, "then"))
    og_help(p->source, "a choice is written where(condition, a, b)");
}

/* ---- A value behind a value ---- */

/* The name that stands before `^` and the number that was last; length 0: none does. */
static og_span raised_name(const og_parser *p) {
  const char *text = p->source->text;
  size_t end = p->last.at;
  if (end <= p->from || text[end - 1] != '^') return (og_span){0, 0};
  size_t start = --end;
  while (start > p->from && (is_letter(text[start - 1]) || is_digit(text[start - 1]))) start--;
  return (og_span){start, end - start};
}

static void help_with_function(const og_parser *p, og_span name) {
  const char *text = p->source->text + name.at;
  og_help(p->source, "the argument of a function stands in brackets: %.*s(...)", (int)name.length, text);
}

/* sin^2(x) */
static int help_with_power(const og_parser *p) {
  const char *text = p->source->text;
  og_span name = raised_name(p);
  if (!og_is_function(p->source, name)) return 0;
  og_help(p->source, "the power of a function's value is written %.*s(...)^%.*s", (int)name.length,
          text + name.at, (int)p->last.length, text + p->last.at);
  return 1;
}

static void help_with_value(const og_parser *p, int in_list) {
  const char *text = p->source->text, *next = behind(p);
  char before = p->last.length ? text[p->last.at + p->last.length - 1] : ' ';
  int name = p->token.kind == OG_TOKEN_NAME, number = p->token.kind == OG_TOKEN_NUMBER;
  if (og_span_is(p->source, p->last, "not"))
    og_help(p->source, "'not' stands in brackets behind an operator: (not a)");
  else if (og_is_function(p->source, p->last))
    help_with_function(p, p->last);
  else if (number && text[p->token.span.at] == '.' && is_digit(before))
    og_help(p->source, "a number has one point");
  else if (name && ((*next == '=' && next[1] != '=') || *next == '\''))
    og_help(p->source, is_declaration(p) ? "between several declarations stands a comma"
                                         : "write one statement to a line");
  else if (!help_with_power(p) && !in_list) /* where a comma is as likely */
    og_help(p->source, "a product is written with '*'");
}

void og_expected_behind(og_parser *p, const char *what) {
  int errors = p->source->errors;
  int value = p->token.kind == OG_TOKEN_NAME || p->token.kind == OG_TOKEN_NUMBER || og_peek(p, "(");
  int choice = has_word(p, "if") || og_peek(p, "then") || og_peek(p, "else");
  og_expected(p, what);
  if (p->source->errors == errors || !value || choice) return;
  if (!og_span_is(p->source, p->last, "}")) help_with_value(p, what[1] == ',');
}

/* ---- The start of a statement ---- */

#define PRIOR og_hint(OG_HINT_STATEMENT, "prior", 5)

/* Whether the statement starts with the quotient dx/dt in one of its ways; *state: what is x. */
static int is_quotient(const og_parser *p, og_span name, og_span *state) {
  const char *text = p->source->text;
  size_t inner = p->token.span.at + 1, length = 0;
  *state = (og_span){name.at + 1, name.length - 1};
  if (og_peek(p, "/")) return text[name.at] == 'd' && name.length > 1;
  if (!og_peek(p, "(")) return 0;
  while (strchr(" (),\n", text[inner + length]) == NULL) length++;
  *state = (og_span){inner, length};
  static const char *const words[] = {"d", "D", "Dt", "diff", "der", "ddt", "dt", "derivative"};
  for (size_t i = 0; i < sizeof words / sizeof *words && length > 0; i++)
    if (og_span_is(p->source, name, words[i])) return 1;
  return 0;
}

/* d2x/dt2, d^2x/dt^2; *state: what is x. */
static int is_second_quotient(const og_parser *p, og_span name, og_span *state) {
  const char *text = p->source->text + name.at;
  size_t digits = name.length > 1 ? strspn(text + 1, "0123456789") : 0;
  int power = og_span_is(p->source, name, "d") && og_peek(p, "^");
  *state = (og_span){name.at + 1 + digits, name.length - 1 - digits};
  if (!power) return text[0] == 'd' && digits > 0 && state->length > 0 && og_peek(p, "/");
  size_t at = p->token.span.at + 1;
  while (strchr("0123456789 ", p->source->text[at]) && p->source->text[at]) at++;
  *state = (og_span){at, strcspn(p->source->text + at, " /\n")};
  return 1;
}

static const char *const stop_help =
    "stop stands in the braces of an event: event NAME when ... = 0 any { stop }";
static const char *const statements_help =
    "statements are param, const, net, input, init, algebraic, observe, event, cost, time, NAME' = ..., "
    "0 = ... and NAME = ...";

void og_help_with_order(og_source *source, og_span state) {
  og_help(source,
          "equations are of first order: make the derivative a state, init v = ..., %.*s' = v, v' = ...",
          (int)state.length, source->text + state.at);
}

static int is_parameter(const og_parser *p, og_span name) {
  const char *text = p->source->text;
  for (size_t i = 0; i < p->syntax->count; i++) {
    const og_statement *s = &p->syntax->statements[i];
    if (s->kind == OG_ST_PARAM && s->name.length == name.length &&
        memcmp(text + s->name.at, text + name.at, name.length) == 0)
      return 1;
  }
  return 0;
}

/* Help with a statement whose first name is no keyword, and behind which neither ' nor = stands. */
void og_help_with_statement(og_parser *p, og_span name) {
  og_source *source = p->source;
  const char *word = source->text + name.at, *near = og_keyword(word, name.length, 1);
  const char *hint = og_hint(OG_HINT_STATEMENT, word, name.length);
  int length = (int)name.length;
  og_span state;
  int prior = hint && strstr(hint, "param NAME") && og_rest_has(p, '~');
  if (og_peek(p, ":")) return; /* of `:=` it has been told */
  if (og_span_is(source, name, "stop"))
    og_help(source, "%s", stop_help);
  else if (is_second_quotient(p, name, &state))
    og_help_with_order(source, state);
  else if (is_quotient(p, name, &state))
    og_help(source, "an equation is written: %.*s' = ...", (int)state.length, source->text + state.at);
  else if (hint)
    og_help(source, "%s%s%s", hint, prior ? "; " : "", prior ? PRIOR : "");
  else if (near && p->token.kind == OG_TOKEN_NAME)
    og_help(source, "did you mean '%s'?", near);
  else if (og_peek(p, "~") && is_parameter(p, name))
    og_help(source, "%s", PRIOR);
  else if (og_peek(p, "~"))
    og_help(source, "a column of the data is described with: observe %.*s ~ ...", length, word);
  else if (og_peek(p, "("))
    og_help(source, "an initial value is written: init %.*s = ..., an equation: %.*s' = ...", length, word,
            length, word);
  else if (og_peek(p, "["))
    og_help(source, "a vector has one statement: %.*s' = [..., ...], %.*s = [..., ...]", length, word, length,
            word);
  else
    og_help(source, "%s", statements_help);
}

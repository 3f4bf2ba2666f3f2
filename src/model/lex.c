#include "model/syntax.h"

#include <string.h>

#include "model/hints.h"

static int is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
static int is_digit(char c) { return c >= '0' && c <= '9'; }
static int is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

static size_t length_of_name(const char *text) {
  size_t length = 0;
  while (is_letter(text[length]) || is_digit(text[length])) length++;
  return length;
}

int og_is_whole_name(const char *text, og_span span) {
  char before = span.at > 0 ? text[span.at - 1] : ' ', behind = text[span.at + span.length];
  return !is_letter(before) && !is_digit(before) && !is_letter(behind) && !is_digit(behind);
}

/* ---- Where statements start ---- */

static const char *near_of(const char *word, size_t length, const char *const *names, size_t count) {
  char name[32];
  if (length >= sizeof name) return NULL;
  memcpy(name, word, length);
  name[length] = 0;
  return og_nearest(name, names, count);
}

const char *og_keyword(const char *word, size_t length, int nearest) {
  static const char *const keywords[] = {"param", "const",   "net",  "input", "event",
                                         "init",  "observe", "cost", "time",  "algebraic"};
  enum { KEYWORDS = sizeof keywords / sizeof *keywords };
  for (size_t i = 0; i < KEYWORDS; i++)
    if (strlen(keywords[i]) == length && memcmp(keywords[i], word, length) == 0) return keywords[i];
  return nearest ? near_of(word, length, keywords, KEYWORDS) : NULL;
}

/* Behind the `;` of a call a line may start with an option, also a misspelt one. */
static int is_option(const og_lexer *lexer, const char *word, size_t length) {
  static const char *const options[] = {"weights", "bias", "final"};
  return lexer->options && near_of(word, length, options, sizeof options / sizeof *options);
}

int og_starts_statement(const og_lexer *lexer, size_t at, int any) {
  const char *text = lexer->source->text;
  while (is_blank(text[at])) at++;
  if (!is_letter(text[at])) return 0;
  const char *word = text + at;
  size_t length = length_of_name(word);
  if (og_keyword(word, length, 0)) return 1;
  at += length;
  while (is_blank(text[at])) at++;
  int defines = text[at] == '=' && text[at + 1] != '=';
  return any && (text[at] == '\'' || (defines && !is_option(lexer, word, length)));
}

void og_lexer_jump(og_lexer *lexer, size_t at) {
  lexer->at = at;
  lexer->depth = lexer->options = 0;
}

/* The statement ends while brackets are open: the last of them is kept for a message. */
static void cut(og_lexer *lexer) {
  int last = lexer->depth < OG_OPEN_MOST ? lexer->depth - 1 : OG_OPEN_MOST - 1;
  lexer->open[0] = lexer->open[last];
  lexer->cut = 1;
  lexer->depth = lexer->options = 0;
}

static void skip_blank(og_lexer *lexer) {
  const char *text = lexer->source->text;
  for (;; lexer->at++) {
    char c = text[lexer->at];
    if (c == '#')
      while (text[lexer->at] && text[lexer->at] != '\n') lexer->at++;
    c = text[lexer->at];
    if (c == '\n' && lexer->depth > 0 && og_starts_statement(lexer, lexer->at + 1, 1)) cut(lexer);
    if (!is_blank(c) && !(c == '\n' && lexer->depth > 0)) return;
  }
}

/* ---- Tokens ---- */

static og_token token_of(og_lexer *lexer, og_token_kind kind, size_t length) {
  og_token token = {kind, {lexer->at, length}, 0, NULL};
  lexer->at += length;
  return token;
}

static og_token number(og_lexer *lexer) {
  const char *text = lexer->source->text + lexer->at;
  double value = 0;
  size_t length = og_parse_real(text, lexer->source->length - lexer->at, &value);
  if (length == 0) length = 1;
  og_token token = token_of(lexer, OG_TOKEN_NUMBER, length);
  token.number = value;
  if (is_letter(text[length])) {
    og_span span = {token.span.at, length + length_of_name(text + length)};
    og_error_at(lexer->source, span, "a number with letters behind it");
    og_help(lexer->source, "write a product with '*', and start names with a letter");
    lexer->at = span.at + span.length;
  }
  return token;
}

static og_token sign(og_lexer *lexer) {
  static const char *const doubles[] = {"<=", ">=", "==", "!="};
  const char *text = lexer->source->text + lexer->at;
  for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++)
    if (text[0] == doubles[i][0] && text[1] == '=') return token_of(lexer, OG_TOKEN_SIGN, 2);
  if (text[0] == '(' || text[0] == '[') {
    if (lexer->depth < OG_OPEN_MOST) lexer->open[lexer->depth] = lexer->at;
    lexer->depth++;
  }
  if ((text[0] == ')' || text[0] == ']') && lexer->depth > 0) lexer->depth--;
  lexer->options = lexer->depth > 0 && (lexer->options || text[0] == ';');
  return token_of(lexer, OG_TOKEN_SIGN, 1);
}

/* Signs that only mean something behind a name: x" as a second derivative, x. as a first, p.k as a part. */
static const char *help_behind_name(const char *text, size_t at) {
  size_t next = at + 1;
  if (at == 0 || !(is_letter(text[at - 1]) || is_digit(text[at - 1]))) return NULL;
  while (is_blank(text[next])) next++;
  if (text[at] == '"' && text[next] == '=')
    return "equations are of first order: make the derivative a state, init v = ..., x' = v, v' = ...";
  if (text[at] == '.' && text[next] == '=') return "an equation is written: x' = ...";
  if (text[at] == '.' && is_letter(text[at + 1])) return "names have no points: write p_k in place of p.k";
  return NULL;
}

/* A whole character of several bytes is one mistake; one of another language is taken for what it means. */
static og_token foreign(og_lexer *lexer) {
  const char *text = lexer->source->text + lexer->at;
  const og_foreign_sign *sign = og_foreign_sign_at(text, lexer->source->length - lexer->at);
  size_t length = sign ? strlen(sign->sign) : 1;
  while (((unsigned char)text[length] & 0xc0) == 0x80) length++;
  og_token token = token_of(lexer, OG_TOKEN_SIGN, length);
  og_error_at(lexer->source, token.span,
              sign && sign->sign[1] && sign->sign[0] > 0 ? "these characters have no meaning here"
                                                         : "this character has no meaning here");
  const char *help = help_behind_name(lexer->source->text, token.span.at);
  if (help || sign)
    og_help(lexer->source, "%s", help ? help : sign->help);
  else if ((unsigned char)text[0] >= 0xc0)
    og_help(lexer->source, "names are made of the letters a to z and A to Z, digits and '_'");
  token.meant = sign ? sign->meant : NULL;
  return token;
}

og_token og_next_token(og_lexer *lexer) {
  const char *text = lexer->source->text;
  for (;;) {
    skip_blank(lexer);
    char c = text[lexer->at];
    if (lexer->at >= lexer->source->length) {
      if (lexer->depth > 0) cut(lexer);
      return (og_token){OG_TOKEN_END, {lexer->source->length, 0}, 0, NULL};
    }
    if (c == '\n') return token_of(lexer, OG_TOKEN_NEWLINE, 1);
    if (is_digit(c) || (c == '.' && is_digit(text[lexer->at + 1]))) return number(lexer);
    if (is_letter(c)) return token_of(lexer, OG_TOKEN_NAME, length_of_name(text + lexer->at));
    if (strchr("+-*/^()[]{},;:=<>!'~", c) && !(c == '*' && text[lexer->at + 1] == '*')) return sign(lexer);
    og_token token = foreign(lexer);
    if (token.meant && *token.meant) return token;
    if (!token.meant) lexer->dropped = 1;
  }
}

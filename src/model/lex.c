#include "model/syntax.h"

#include <string.h>

static int is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
static int is_digit(char c) { return c >= '0' && c <= '9'; }

static void skip_blank(og_lexer *lexer) {
  const char *text = lexer->source->text;
  for (;; lexer->at++) {
    char c = text[lexer->at];
    if (c == '#')
      while (text[lexer->at] && text[lexer->at] != '\n') lexer->at++;
    c = text[lexer->at];
    if (c != ' ' && c != '\t' && c != '\r' && !(c == '\n' && lexer->depth > 0)) return;
  }
}

static og_token token_of(og_lexer *lexer, og_token_kind kind, size_t length) {
  og_token token = {kind, {lexer->at, length}, 0};
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
    og_span span = {token.span.at, length};
    while (is_letter(text[span.length]) || is_digit(text[span.length])) span.length++;
    og_error_at(lexer->source, span, "a number with letters behind it");
    og_help(lexer->source, "write a product with '*', and start names with a letter");
    lexer->at = span.at + span.length;
  }
  return token;
}

static og_token name(og_lexer *lexer) {
  const char *text = lexer->source->text + lexer->at;
  size_t length = 0;
  while (is_letter(text[length]) || is_digit(text[length])) length++;
  return token_of(lexer, OG_TOKEN_NAME, length);
}

static og_token sign(og_lexer *lexer) {
  static const char *const doubles[] = {"<=", ">=", "==", "!="};
  const char *text = lexer->source->text + lexer->at;
  for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++)
    if (text[0] == doubles[i][0] && text[1] == '=') return token_of(lexer, OG_TOKEN_SIGN, 2);
  if (text[0] == '(' || text[0] == '[') lexer->depth++;
  if ((text[0] == ')' || text[0] == ']') && lexer->depth > 0) lexer->depth--;
  return token_of(lexer, OG_TOKEN_SIGN, 1);
}

og_token og_next_token(og_lexer *lexer) {
  for (;;) {
    skip_blank(lexer);
    char c = lexer->source->text[lexer->at];
    if (lexer->at >= lexer->source->length) return (og_token){OG_TOKEN_END, {lexer->source->length, 0}, 0};
    if (c == '\n') return token_of(lexer, OG_TOKEN_NEWLINE, 1);
    if (is_digit(c) || (c == '.' && is_digit(lexer->source->text[lexer->at + 1]))) return number(lexer);
    if (is_letter(c)) return name(lexer);
    if (c && strchr("+-*/^()[]{},;:=<>!'~", c)) return sign(lexer);
    size_t length = 1; /* a whole character of several bytes is one mistake */
    while (((unsigned char)lexer->source->text[lexer->at + length] & 0xc0) == 0x80) length++;
    og_token bad = token_of(lexer, OG_TOKEN_SIGN, length);
    og_error_at(lexer->source, bad.span, "this character has no meaning here");
  }
}

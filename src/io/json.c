/* The reader of JSON works on one block: the nodes, and behind them a copy of the text, in which strings are
 * freed of their escapes where they stand. How many nodes there can be is known from the text's brackets and
 * commas. */
#include "io/json.h"

#include <string.h>

/* What is read is two brackets deep at most, and a safetensors header three. */
enum { DEPTH_MOST = 32 };

typedef struct parsing {
  char *at;      /* in the copy, which ends in NUL; after a failure what is wrong begins here */
  og_json *next; /* the next node that is free */
} parsing;

static void skip_space(parsing *p) { p->at += strspn(p->at, " \t\r\n"); }

/* ---- Strings ---- */

/* The number that four hexadecimal digits are; -1: they are none. */
static long read_hex(const char *text) {
  static const char digits[] = "0123456789abcdef0123456789ABCDEF";
  long value = 0;
  for (int i = 0; i < 4; i++) {
    const char *digit = text[i] ? strchr(digits, text[i]) : NULL;
    if (!digit) return -1;
    value = 16 * value + (digit - digits) % 16;
  }
  return value;
}

static char *put_utf8(char *to, long code) {
  static const unsigned char heads[] = {0, 0xc0, 0xe0, 0xf0};
  int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  *to++ = (char)(heads[more] | code >> 6 * more);
  while (more-- > 0) *to++ = (char)(0x80 | (code >> 6 * more & 0x3f));
  return to;
}

/* "u0041", or two of them for a character beyond U+FFFF. Behind it, or NULL: it is none, or NUL. */
static char *read_code(char *from, char **to) {
  long code = read_hex(from + 1), low = 0;
  from += 5;
  if (code <= 0 || (code >= 0xdc00 && code < 0xe000)) return NULL;
  if (code >= 0xd800 && code < 0xdc00) {
    if (from[0] != '\\' || from[1] != 'u') return NULL;
    low = read_hex(from + 2);
    if (low < 0xdc00 || low >= 0xe000) return NULL;
    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    from += 6;
  }
  *to = put_utf8(*to, code);
  return from;
}

static char *read_escape(char *from, char **to) {
  static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
  if (*from == 'u') return read_code(from, to);
  const char *letter = *from ? strchr(letters, *from) : NULL;
  if (!letter) return NULL;
  *(*to)++ = meanings[letter - letters];
  return from + 1;
}

/* Put in the place of the raw one, which is never shorter. */
static const char *read_string(parsing *p) {
  char *from = p->at + 1, *text = from, *to = from;
  if (*p->at != '"') return NULL;
  while (from && *from != '"') {
    if ((unsigned char)*from < ' ') return NULL; /* the end of the text is such a character, too */
    if (*from == '\\')
      from = read_escape(from + 1, &to);
    else
      *to++ = *from++;
  }
  if (!from) return NULL;
  p->at = from + 1;
  *to = '\0';
  return text;
}

/* ---- Values ---- */

static int ends_value(const char *at) { return *at == '\0' || strchr(" \t\r\n,:]}", *at) != NULL; }

static int read_word(parsing *p) {
  static const char *const words[] = {"null", "true", "false"};
  for (int i = 0; i < 3; i++) {
    size_t length = strlen(words[i]);
    if (strncmp(p->at, words[i], length) != 0 || !ends_value(p->at + length)) continue;
    p->at += length;
    return 1;
  }
  return 0;
}

static int read_number(parsing *p, og_json *to) {
  size_t length = strspn(p->at, "+-.0123456789eE");
  if (length == 0 || *p->at == '+' || *p->at == '.' || !ends_value(p->at + length)) return 0;
  if (og_parse_real(p->at, length, &to->number) != length) return 0;
  p->at += length;
  return 1;
}

static int read_value(parsing *p, int depth, og_json *to);

/* Reads an entry of an array, or of an object with its name. */
static int read_entry(parsing *p, int depth, int named, og_json *to) {
  if (named) {
    to->name = read_string(p);
    if (!to->name) return 0;
    skip_space(p);
    if (*p->at != ':') return 0;
    p->at++;
    skip_space(p);
  }
  return read_value(p, depth, to);
}

static int read_list(parsing *p, int depth, og_json *list) {
  char close = list->kind == OG_JSON_OBJECT ? '}' : ']';
  if (depth == DEPTH_MOST) return 0;
  og_json **link = &list->first;
  p->at++;
  skip_space(p);
  for (; *p->at != close; list->count++) {
    if (list->count) {
      if (*p->at != ',') return 0;
      p->at++;
      skip_space(p);
    }
    og_json *entry = *link = p->next++;
    link = &entry->next;
    if (!read_entry(p, depth + 1, list->kind == OG_JSON_OBJECT, entry)) return 0;
    skip_space(p);
  }
  p->at++;
  return 1;
}

static int read_value(parsing *p, int depth, og_json *to) {
  switch (*p->at) {
  case '{': to->kind = OG_JSON_OBJECT; return read_list(p, depth, to);
  case '[': to->kind = OG_JSON_ARRAY; return read_list(p, depth, to);
  case '"': to->kind = OG_JSON_STRING; return (to->text = read_string(p)) != NULL;
  case 'n':
  case 't':
  case 'f': return read_word(p);
  default: to->kind = OG_JSON_NUMBER; return read_number(p, to);
  }
}

/* ---- Texts ---- */

/* At most so many nodes there are: the root, and one behind each opening bracket and each comma. */
static size_t count_nodes(const char *text, size_t length) {
  size_t count = 1;
  for (size_t i = 0; i < length; i++) count += text[i] == '{' || text[i] == '[' || text[i] == ',';
  return count;
}

og_status og_json_parse(og_context *context, const char *path, const char *text, size_t length,
                        const char **where, og_json **out) {
  size_t nodes = count_nodes(text, length) * sizeof **out;
  *out = og_alloc(context, 1, nodes + length + 1);
  if (!*out) return og_fail_memory(context, nodes + length + 1, path);
  char *copy = memcpy((char *)*out + nodes, text, length);
  parsing p = {.at = copy, .next = *out + 1};
  if (strncmp(copy, "\xEF\xBB\xBF", 3) == 0) p.at += 3;
  skip_space(&p);
  int good = read_value(&p, 0, *out);
  skip_space(&p);
  if (good && p.at == copy + length) return OG_OK;
  *where = text + (p.at - copy);
  og_free(context, *out);
  *out = NULL;
  return OG_ERR_DATA;
}

const og_json *og_json_entry(const og_json *object, const char *name) {
  for (const og_json *entry = object->first; entry; entry = entry->next)
    if (entry->name && strcmp(entry->name, name) == 0) return entry;
  return NULL;
}

/* ---- Writing ---- */

size_t og_json_put_string(FILE *file, const char *text) {
  static const char letters[] = "\"\\bfnrt", meanings[] = "\"\\\b\f\n\r\t";
  size_t size = 2;
  if (file) fputc('"', file);
  for (; *text; text++) {
    const char *special = strchr(meanings, *text);
    char escaped[8] = {*text};
    if (special)
      snprintf(escaped, sizeof escaped, "\\%c", letters[special - meanings]);
    else if ((unsigned char)*text < ' ')
      snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned)*text);
    size += strlen(escaped);
    if (file) fputs(escaped, file);
  }
  if (file) fputc('"', file);
  return size;
}

/* Manual pages, in the man macros of roff. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "manual/manual.h"

/* Text as it is: a dash is one that can be copied, and a line cannot begin with a request. */
static void put(FILE *file, const char *text) {
  if (*text == '.' || *text == '\'') fputs("\\&", file);
  for (; *text; text++) {
    switch (*text) { /* roff would print some of these as other characters */
    case '\\': fputs("\\e", file); break;
    case '-': fputs("\\-", file); break;
    case '\'': fputs("\\(aq", file); break;
    case '`': fputs("\\(ga", file); break;
    case '|': fputs("|\\:", file); break; /* lists of words may be broken there */
    default: fputc(*text, file);
    }
  }
}

static void put_line(FILE *file, const char *text) {
  put(file, text);
  fputc('\n', file);
}

/* There is no date: the same sources make the same pages. */
static void begin_page(FILE *file, const char *name, const char *meaning) {
  fputs(".TH \"", file);
  for (const char *c = name; *c; c++)
    *c == '-' ? fputs("\\-", file) : fputc(toupper((unsigned char)*c), file);
  fprintf(file, "\" 1 \"\" \"odegrad %s\" \"odegrad\"\n.nh\n.ad l\n.SH NAME\n", og_version());
  put(file, name);
  fputs(" \\- ", file);
  put_line(file, meaning);
}

static void end_page(FILE *file, const verb_text *verb) {
  fputs(".SH EXIT STATUS\n", file);
  put_line(file, about_statuses + strlen("Exit status: "));
  fputs(".SH SEE ALSO\n", file);
  if (verb) fprintf(file, ".BR odegrad (1),\n");
  for (size_t i = 0, left = VERB_TEXTS - (verb != NULL); i < VERB_TEXTS; i++) {
    if (&verb_texts[i] == verb) continue;
    fprintf(file, ".BR odegrad\\-%s (1)%s\n", verb_texts[i].name, --left ? "," : "");
  }
}

static void put_option(FILE *file, const verb_text *verb, size_t index) {
  option_row row = option_row_of(index);
  char *help = describe_option(verb, index);
  fputs(".TP\n\\fB\\-\\-", file);
  put(file, row.name);
  fputs("\\fR", file);
  if (row.value) {
    fputs(" \\fI", file);
    put(file, row.value);
    fputs("\\fR", file);
  }
  fputc('\n', file);
  put_line(file, help);
  free(help);
}

void write_verb_page(FILE *file, const verb_text *verb) {
  char *name = join("odegrad-%s", verb->name);
  begin_page(file, name, verb->meaning);
  free(name);
  fputs(".SH SYNOPSIS\n", file);
  put_line(file, verb->usage);
  fputs(".SH DESCRIPTION\n", file);
  put_line(file, verb->about);
  fputs(".PP\n", file);
  put_line(file, about_streams);
  fputs(".SH OPTIONS\n", file);
  for (size_t place = 0; place < option_rows(); place++) {
    size_t i = option_shown(place);
    const char *heading = option_heading(verb, i);
    if (heading) {
      fputs(".SS \"", file);
      put(file, heading);
      fputs("\"\n", file);
    }
    if (has_option(verb, i)) put_option(file, verb, i);
  }
  fputs(".SH EXAMPLE\n.EX\n", file);
  put_line(file, verb->example);
  fputs(".EE\n", file);
  end_page(file, verb);
}

void write_main_page(FILE *file) {
  begin_page(file, "odegrad", about_odegrad);
  fputs(".SH SYNOPSIS\n", file);
  put_line(file, "odegrad VERB MODEL [options]");
  fputs(".br\n", file);
  put_line(file, "odegrad VERB --help");
  fputs(".br\n", file);
  put_line(file, "odegrad help [VERB]");
  fputs(".br\n", file);
  put_line(file, "odegrad version");
  fputs(".SH DESCRIPTION\n", file);
  put_line(file, about_streams);
  fputs("The verbs, each of which has a page of its own:\n", file);
  for (size_t i = 0; i < VERB_TEXTS; i++) {
    fprintf(file, ".TP\n.B %s\n", verb_texts[i].name);
    put_line(file, verb_texts[i].meaning);
  }
  fputs(".PP\n", file);
  put_line(file, about_help);
  end_page(file, NULL);
}

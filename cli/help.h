/* What --help, manual pages and completion are made of: the table of options (cli.h), and the words of each
 * verb. */
#ifndef ODEGRAD_HELP_H
#define ODEGRAD_HELP_H

#include "cli.h"

typedef struct verb_text {
  verb_id id;
  const char *name, *usage;
  const char *meaning; /* in a line */
  const char *about;
  const char *out, *plot, *times; /* what these options mean for the verb; NULL: what the table says */
  const char *example;
} verb_text;
enum { VERB_TEXTS = 5 };
extern const verb_text verb_texts[VERB_TEXTS];
extern const char *const about_help;     /* what prints help and the version */
extern const char *const about_odegrad;  /* in a line */
extern const char *const about_streams;  /* where what goes */
extern const char *const about_statuses; /* of exit */

/* Whether the verb has the option. */
int has_option(const verb_text *verb, size_t index);
/* The heading above the option, when it is the first of a group of the verb's options; else NULL. */
const char *option_heading(const verb_text *verb, size_t index);
/* What the option does, with its default and its values; to be freed. */
char *describe_option(const verb_text *verb, size_t index);
/* "euler|midpoint|...", of options that take one of some words; else NULL. */
const char *option_choices(size_t index);

/* ---- terminal.c ---- */

/* Where lines end: at the width of the terminal that standard output is, and at 100 columns at most. */
size_t output_width(void);
/* Prints words from column `at` on, lines beginning at column `indent` and ending before `width`; `tail` is
 * behind every line but the last. A word that is too long for a line is broken behind a | where it has one.
 */
void print_wrapped(const char *text, size_t at, size_t indent, size_t width, const char *tail);

#endif

/* --help, generated from the table of options. */
#include "help.h"

#include <stdlib.h>
#include <string.h>

/* Below NARROW columns what an option means is below its name, not beside it. */
enum { NAME_WIDTH = 24, USAGE_WIDTH = 35, NARROW = 64, INDENT = 6 };

/* A name, and what it means in a column of its own. */
static void print_entry(const char *name, size_t name_width, const char *meaning, size_t width) {
  size_t indent = width < NARROW ? INDENT : name_width + 2;
  printf("  ");
  print_wrapped(name, 2, INDENT, width, "");
  int below = width < NARROW || strlen(name) >= name_width;
  if (below)
    printf("\n%*s", (int)indent, "");
  else
    printf("%*s", (int)(indent - 2 - strlen(name)), "");
  print_wrapped(meaning, indent, indent, width, "");
  putchar('\n');
}

static void print_option(size_t index, const verb_text *verb, size_t width) {
  option_row row = option_row_of(index);
  char *name = join("--%s%s%s", row.name, row.value ? " " : "", row.value ? row.value : "");
  char *help = describe_option(verb, index);
  print_entry(name, NAME_WIDTH, help, width);
  free(name), free(help);
}

static void print_paragraph(const char *text, size_t indent, size_t width, const char *tail) {
  printf("%*s", (int)indent, "");
  print_wrapped(text, indent, indent + (*tail ? 4 : 0), width, tail);
  putchar('\n');
}

void print_verb_help(verb_id id) {
  const verb_text *verb = verb_texts;
  size_t width = output_width();
  while (verb->id != id) verb++;
  printf("usage: ");
  print_wrapped(verb->usage, 7, 7, width, "");
  puts("\n");
  print_paragraph(verb->about, 0, width, "");
  for (size_t i = 0; i < option_rows(); i++) {
    const char *heading = option_heading(verb, i);
    if (heading) {
      char *line = join("%s:", heading);
      putchar('\n');
      print_paragraph(line, 0, width, "");
      free(line);
    }
    if (has_option(verb, i)) print_option(i, verb, width);
  }
  puts("\nExample:");
  print_paragraph(verb->example, 2, width, " \\");
}

void print_help(void) {
  size_t width = output_width();
  char *line = join("odegrad: %s", about_odegrad);
  print_paragraph(line, 0, width, "");
  free(line);
  puts("\nusage:");
  for (size_t i = 0; i < VERB_TEXTS; i++) {
    const char *usage = verb_texts[i].usage;
    char *name = join("%.*s", (int)(strlen(usage) - strlen(" [options]")), usage);
    print_entry(name, USAGE_WIDTH, verb_texts[i].meaning, width);
    free(name);
  }
  print_entry("odegrad help VERB", USAGE_WIDTH, "the options of a verb, as VERB --help", width);
  print_entry("odegrad version", USAGE_WIDTH, "the version, as --version", width);
  putchar('\n');
  print_paragraph(about_streams, 0, width, "");
  print_paragraph(about_statuses, 0, width, "");
}

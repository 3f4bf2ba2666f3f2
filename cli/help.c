/* --help, generated from the table of options. */
#include <stdlib.h>
#include <string.h>

#include "help.h"

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
  for (size_t place = 0; place < option_rows(); place++) {
    size_t i = option_shown(place);
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

/* ---- Texts ---- */

/* The words of the verbs, and of the options as a verb has them. */
#define CURVES "let the curves of --plot reach to A and B, with N points or more"
const verb_text verb_texts[VERB_TEXTS] = {
    {VERB_SOLVE, "solve", "odegrad solve MODEL [--data FILE] [options]",
     "the solution at the times of the data, of --times, or of the model",
     "Solves the model and prints the states at the times of --times, else of the data, else at 101 times "
     "over the span of the model's `time` statement. Observed columns that are not states follow them.",
     "write the table as CSV in place of printing it; - is standard output", NULL, NULL,
     "odegrad solve hare.ode --set alpha=0.6 --times 1900:1930:301 --plot hare.svg"},
    {VERB_GRAD, "grad", "odegrad grad MODEL [--data FILE] [options]", "loss and gradient",
     "Prints the loss (the negative log-likelihood of the data and the model's costs) and its gradient with "
     "respect to parameters, initial states and the ends of the span.",
     "write the JSON object into FILE as well", NULL, CURVES, "odegrad grad hare.ode --data hare.csv --json"},
    {VERB_CHECK, "check", "odegrad check MODEL [--data FILE] [options]",
     "every adjoint, forward sensitivities and finite differences, side by side",
     "Computes the gradient by the discrete adjoint, forward sensitivities, the three continuous adjoints "
     "and finite differences, side by side, with time and memory of each. Exit status 1 when they disagree "
     "beyond what the tolerances explain. --adjoint and --times have no effect here.",
     "write the JSON object into FILE as well",
     "draw the error of every adjoint against rtol, or step size with --steps; FILE ends in .svg, .png or "
     ".pdf",
     "no effect here, where no solution is shown",
     "odegrad check hare.ode --data hare.csv --steps 100 --method rk4 --plot errors.svg"},
    {VERB_FIT, "fit", "odegrad fit MODEL --data FILE [options]", "estimate parameters, or train",
     "Estimates the parameters from the data, within their bounds; with a first-order --optimizer trains by "
     "mini-batches. Ctrl-C ends with the best point so far, saved and reported (exit status 1); a second "
     "Ctrl-C ends at once.",
     "save the estimates, for --params: as safetensors with the model in it if FILE ends in .safetensors, "
     "else as JSON",
     NULL, CURVES, "odegrad fit hare.ode --data hare.csv --starts 8 --out hare.json --plot hare.svg"},
    {VERB_PREDICT, "predict", "odegrad predict MODEL --data FILE [options]",
     "what a fitted model says of the rows of the data",
     "Writes what the model predicts of the observed columns in every row of the data, as CSV: the location "
     "of the distribution, the most likely class of a categorical_logit. The data need hold only times and "
     "inputs; where it holds observed values, the loss for each of them is reported, and how many classes "
     "are right. MODEL may be a safetensors file of fit --out, which has its parameters with it.",
     "write the CSV into FILE; with --json as well",
     "draw predictions and data; FILE ends in .svg, .png or .pdf", NULL,
     "odegrad predict hare.ode --params hare.json --data hare.csv --out predicted.csv"},
};
const char *const about_odegrad = "solutions of ordinary differential equations and their exact gradients";
const char *const about_help =
    "odegrad help and odegrad --help print this list of verbs, odegrad help VERB and odegrad VERB --help "
    "what a "
    "verb does and its options, odegrad version and odegrad --version the version.";
const char *const about_streams = "Results go to standard output, everything else to standard error.";
const char *const about_statuses =
    "Exit status: 0 success, 1 the computation failed, 2 wrong usage or bad input.";

int has_option(const verb_text *verb, size_t index) {
  return (option_row_of(index).verbs & (int)verb->id) != 0;
}

const char *option_heading(const verb_text *verb, size_t index) {
  int fits = verb->id == VERB_FIT;
  if (index == 0) return "Options (--name VALUE or --name=VALUE)";
  if (index == FLAG_COUNT) return fits ? "Of the solver and the optimizer" : "Of the solver";
  if (index == FLAG_COUNT + OG_OPT_MOMENTUM && fits)
    return "Of training, with --optimizer adam, sgd, rmsprop, adamw or adabelief (docs/training.md)";
  return NULL;
}

static const og_option_info *library_option(size_t index) {
  return index < FLAG_COUNT ? NULL : og_option_describe((og_option)(index - FLAG_COUNT));
}

const char *option_choices(size_t index) {
  const og_option_info *info = library_option(index);
  return info ? info->choices : NULL;
}

char *describe_option(const verb_text *verb, size_t index) {
  const char *own = index == FLAG_OUT     ? verb->out
                    : index == FLAG_PLOT  ? verb->plot
                    : index == FLAG_TIMES ? verb->times
                                          : NULL;
  const char *help = own ? own : option_row_of(index).help;
  const og_option_info *info = library_option(index);
  if (!info || info->type == OG_TYPE_TEXT) return join("%s", help);
  if (!info->choices) {
    char lowest[NUMBER_SIZE], highest[NUMBER_SIZE], fallback[NUMBER_SIZE];
    return join("%s (default %s; from %s to %s)", help, number_text(info->fallback, fallback),
                number_text(info->lowest, lowest), number_text(info->highest, highest));
  }
  const char *word = info->choices;
  for (int i = 0; i < (int)info->fallback; i++) word += strcspn(word, "|") + 1;
  return join("%s (default %.*s; one of %s)", help, (int)strcspn(word, "|"), word, info->choices);
}

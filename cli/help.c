/* --help, generated from the table of options. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

typedef struct verb_text {
  verb_id id;
  const char *usage, *about;
  const char *out, *plot, *times; /* what these options mean for the verb; NULL: what the table says */
  const char *example;
} verb_text;

#define CURVES "let the curves of --plot reach to A and B, with N points or more"
static const verb_text verb_texts[] = {
    {VERB_SOLVE, "odegrad solve MODEL [--data FILE] [options]",
     "Solves the model and prints the states at the times of --times, else of the data, else at 101 times "
     "over the\n"
     "span of the model's `time` statement. Observed columns that are not states follow them.",
     "write the table as CSV in place of printing it; - is standard output", NULL, NULL,
     "odegrad solve hare.ode --set alpha=0.6 --times 1900:1930:301 --plot hare.svg"},
    {VERB_GRAD, "odegrad grad MODEL [--data FILE] [options]",
     "Prints the loss (the negative log-likelihood of the data and the model's costs) and its gradient with "
     "respect\n"
     "to parameters, initial states and the ends of the span.",
     "write the JSON object into FILE as well", NULL, CURVES, "odegrad grad hare.ode --data hare.csv --json"},
    {VERB_CHECK, "odegrad check MODEL [--data FILE] [options]",
     "Computes the gradient by the discrete adjoint, forward sensitivities, the three continuous adjoints "
     "and "
     "finite\n"
     "differences, side by side, with time and memory of each. Exit status 1 when they disagree beyond what "
     "the\n"
     "tolerances explain. --adjoint and --times have no effect here.",
     "write the JSON object into FILE as well",
     "draw the error of every adjoint against rtol, or step size with --steps; FILE ends in .svg, .png or "
     ".pdf",
     "no effect here, where no solution is shown",
     "odegrad check hare.ode --data hare.csv --steps 100 --method rk4 --plot errors.svg"},
    {VERB_FIT, "odegrad fit MODEL --data FILE [options]",
     "Estimates the parameters from the data, within their bounds; with a first-order --optimizer trains by "
     "mini-batches.\n"
     "Ctrl-C ends with the best point so far, saved and reported (exit status 1); a second Ctrl-C ends at "
     "once.",
     "save the estimates, for --params: as safetensors with the model in it if FILE ends in .safetensors, "
     "else "
     "as JSON",
     NULL, CURVES, "odegrad fit hare.ode --data hare.csv --starts 8 --out hare.json --plot hare.svg"},
    {VERB_PREDICT, "odegrad predict MODEL --data FILE [options]",
     "Writes what the model predicts of the observed columns in every row of the data, as CSV: the location "
     "of "
     "the\n"
     "distribution, the most likely class of a categorical_logit. The data need hold only times and inputs; "
     "where "
     "it\n"
     "holds observed values, the loss for each of them is reported, and how many classes are right. MODEL "
     "may be "
     "a\n"
     "safetensors file of fit --out, which has its parameters with it.",
     "write the CSV into FILE; with --json as well",
     "draw predictions and data; FILE ends in .svg, .png or .pdf", NULL,
     "odegrad predict hare.ode --params hare.json --data hare.csv --out predicted.csv"},
};
enum { TEXT_COUNT = sizeof verb_texts / sizeof verb_texts[0], NAME_WIDTH = 24, LINE_WIDTH = 100 };

/* Prints `text` in a column that begins at NAME_WIDTH + 2, the cursor being at `at`. */
static void print_wrapped(const char *text, size_t at) {
  for (size_t length; *text; text += length) {
    length = strcspn(text + (*text == ' '), " ") + (*text == ' ');
    if (at + length > LINE_WIDTH) {
      printf("\n%*s", NAME_WIDTH + 2, "");
      at = NAME_WIDTH + 2;
      if (*text == ' ') text++, length--;
    }
    printf("%.*s", (int)length, text);
    at += length;
  }
  putchar('\n');
}

static char *describe(size_t index, const option_row *row, const verb_text *text) {
  const char *own = index == FLAG_OUT     ? text->out
                    : index == FLAG_PLOT  ? text->plot
                    : index == FLAG_TIMES ? text->times
                                          : NULL;
  const char *help = own ? own : row->help;
  if (index < FLAG_COUNT) return join("%s", help);
  const og_option_info *info = og_option_describe((og_option)(index - FLAG_COUNT));
  if (info->type == OG_TYPE_TEXT) return join("%s", help);
  if (!info->choices) {
    char lowest[NUMBER_SIZE], highest[NUMBER_SIZE], fallback[NUMBER_SIZE];
    return join("%s (default %s; from %s to %s)", help, number_text(info->fallback, fallback),
                number_text(info->lowest, lowest), number_text(info->highest, highest));
  }
  const char *word = info->choices;
  for (int i = 0; i < (int)info->fallback; i++) word += strcspn(word, "|") + 1;
  return join("%s (default %.*s; one of %s)", help, (int)strcspn(word, "|"), word, info->choices);
}

static void print_option(size_t index, const verb_text *text) {
  option_row row = option_row_of(index);
  if (!(row.verbs & (int)text->id)) return;
  char *name = join("--%s%s%s", row.name, row.value ? " " : "", row.value ? row.value : "");
  char *help = describe(index, &row, text);
  printf("  %-*s", NAME_WIDTH, name);
  if (strlen(name) >= NAME_WIDTH) printf("\n%*s", NAME_WIDTH + 2, "");
  print_wrapped(help, NAME_WIDTH + 2);
  free(name), free(help);
}

void print_verb_help(verb_id verb) {
  const verb_text *text = verb_texts;
  while (text->id != verb) text++;
  printf("usage: %s\n\n%s\n\nOptions (--name VALUE or --name=VALUE):\n", text->usage, text->about);
  for (size_t i = 0; i < FLAG_COUNT; i++) print_option(i, text);
  puts(verb == VERB_FIT ? "\nOf the solver and the optimizer:" : "\nOf the solver:");
  for (size_t i = FLAG_COUNT; i < OPTION_ROWS; i++) {
    if (verb == VERB_FIT && i == FLAG_COUNT + OG_OPT_MOMENTUM)
      puts("\nOf training, with --optimizer adam, sgd, rmsprop, adamw or adabelief (docs/training.md):");
    print_option(i, text);
  }
  printf("\nExample:\n  %s\n", text->example);
}

void print_help(void) {
  puts("odegrad: solutions of ordinary differential equations and their exact gradients\n\nusage:");
  text_table table = new_table(2);
  static const char *const meanings[TEXT_COUNT] = {
      "the solution at the times of the data, of --times, or of the model", "loss and gradient",
      "every adjoint, forward sensitivities and finite differences, side by side",
      "estimate parameters, or train", "what a fitted model says of the rows of the data"};
  for (size_t i = 0; i < TEXT_COUNT; i++) {
    add_cell(&table, "  %.*s", (int)(strlen(verb_texts[i].usage) - strlen(" [options]")),
             verb_texts[i].usage);
    add_cell(&table, "%s", meanings[i]);
  }
  add_cell(&table, "  odegrad VERB --help"), add_cell(&table, "the options of a verb");
  add_cell(&table, "  odegrad --version"), add_cell(&table, "the version");
  print_table(&table, 2);
  puts("\nResults go to standard output, everything else to standard error.\n"
       "Exit status: 0 success, 1 the computation failed, 2 wrong usage or bad input.");
}

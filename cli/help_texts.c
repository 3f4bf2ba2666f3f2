/* The words of the verbs, and of the options as a verb has them. */
#include <stdlib.h>
#include <string.h>

#include "help.h"

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

/* Phase portraits: --phase A,B names the two states or observed columns that are drawn against each other. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

static int find_axis(const problem *p, const char *name, phase_axis *axis) {
  for (size_t i = 0; i < p->n; i++) {
    char *state = state_name(p, i);
    int same = strcmp(state, name) == 0;
    free(state);
    if (same) return *axis = (phase_axis){0, i}, 1;
  }
  for (size_t i = 0; i < og_model_observed(p->model); i++)
    if (strcmp(og_model_observed_name(p->model, i), name) == 0) return *axis = (phase_axis){1, i}, 1;
  return 0;
}

int find_phase(const problem *p, phase_axis axes[2]) {
  const char *text = p->arguments->values[FLAG_PHASE], *comma = text ? strchr(text, ',') : NULL;
  if (!text) return EXIT_DONE;
  if (!p->plot || !comma) {
    complain(p->plot ? "--phase is \"%s\"; expected two names with a comma between, as in x[1],x[2]"
                     : "--phase %s goes with --plot FILE",
             text);
    return EXIT_USAGE;
  }
  char *names[] = {join("%.*s", (int)(comma - text), text), join("%s", comma + 1)};
  int result = EXIT_DONE;
  for (int i = 0; i < 2 && !result; i++) {
    if (find_axis(p, names[i], &axes[i])) continue;
    complain("--phase: the model has no state and no observed column %s; a vector's entries are written x[1]",
             names[i]);
    result = EXIT_USAGE;
  }
  free(names[0]), free(names[1]);
  return result;
}

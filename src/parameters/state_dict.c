/* Which parameter of a model a name in a state dict means. */
#include <string.h>

#include "parameters/parameters.h"

/* Parts of a dotted name. */
static size_t count_parts(const char *name) {
  size_t parts = 1;
  for (; *name; name++) parts += *name == '.';
  return parts;
}

/* How many parts are the same at the end of both. */
static size_t common_parts(const char *a, const char *b) {
  size_t i = strlen(a), j = strlen(b), parts = 0;
  while (i > 0 && j > 0 && a[i - 1] == b[j - 1]) {
    i--, j--;
    parts += a[i] == '.';
  }
  int whole = (i == 0 || a[i - 1] == '.') && (j == 0 || b[j - 1] == '.');
  return parts + (whole && a[i] != '.' ? 1 : 0);
}

static size_t common_enough(const char *name, const char *wanted) {
  size_t common = common_parts(name, wanted), all = count_parts(wanted);
  return common > 0 && common + 1 >= all ? common : 0;
}

static int holds_exactly(const char *const *names, const int *holder, const char *const *wanted, size_t j) {
  return holder[j] >= 0 && strcmp(names[holder[j]], wanted[j]) == 0;
}

static void match_same(size_t count, const char *const *names, size_t wanted_count, const char *const *wanted,
                       int *match, int *holder) {
  for (size_t j = 0; j < wanted_count; j++) holder[j] = OG_MATCH_NONE;
  for (size_t i = 0; i < count; i++) {
    match[i] = OG_MATCH_NONE;
    for (size_t j = 0; j < wanted_count && match[i] < 0; j++)
      if (strcmp(names[i], wanted[j]) == 0) match[i] = (int)j, holder[j] = (int)i;
  }
}

/* The wanted name that `name` is nearest to, of those that no tensor is called. */
static int find_nearest(const char *name, const char *const *names, const int *holder, size_t wanted_count,
                        const char *const *wanted) {
  size_t most = 0;
  int found = OG_MATCH_NONE;
  for (size_t j = 0; j < wanted_count; j++) {
    size_t common = holds_exactly(names, holder, wanted, j) ? 0 : common_enough(name, wanted[j]);
    if (common > most)
      most = common, found = (int)j;
    else if (common && common == most)
      found = OG_MATCH_AMBIGUOUS;
  }
  return found;
}

/* Of two tensors that are nearest to the same name the nearer one gets it. */
static void settle(int i, const char *const *names, const char *const *wanted, int *match, int *holder) {
  int j = match[i], other = holder[j];
  holder[j] = i;
  if (other < 0) return;
  size_t mine = common_enough(names[i], wanted[j]), its = common_enough(names[other], wanted[j]);
  if (mine == its) match[i] = match[other] = OG_MATCH_RIVAL;
  if (mine > its) match[other] = OG_MATCH_NONE;
  if (mine < its) match[i] = OG_MATCH_NONE, holder[j] = other;
}

void og_match_names(size_t count, const char *const *names, size_t wanted_count, const char *const *wanted,
                    int *match, int *holder) {
  match_same(count, names, wanted_count, wanted, match, holder);
  for (size_t i = 0; i < count; i++) {
    if (match[i] >= 0) continue;
    match[i] = find_nearest(names[i], names, holder, wanted_count, wanted);
    if (match[i] >= 0) settle((int)i, names, wanted, match, holder);
  }
}

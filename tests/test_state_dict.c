/* State dicts of PyTorch: which parameter each of their names means. */
#include "counting.h"
#include "io/parameters.h"

enum { NAMES_MOST = 8 };

static const struct {
  const char *wanted[NAMES_MOST], *names[NAMES_MOST];
  int match[NAMES_MOST];
} rows[] = {
    /* the same names, whatever else would fit */
    {{"f.0.weight", "g.0.weight"}, {"g.0.weight", "f.0.weight"}, {1, 0}},
    /* a Sequential is the only network */
    {{"alpha", "f.0.weight", "f.0.bias", "f.2.weight"}, {"2.weight", "0.bias", "0.weight"}, {3, 2, 1}},
    /* a part of a module, wrapped */
    {{"f.0.weight", "f.0.bias"}, {"module.net.0.weight", "module.net.0.bias"}, {0, 1}},
    /* the most parts in common */
    {{"f.0.weight", "g.0.weight"}, {"module.g.0.weight", "module.f.0.weight"}, {1, 0}},
    {{"f.0.weight"}, {"other.0.weight", "module.f.0.weight"}, {OG_MATCH_NONE, 0}},
    {{"f.0.weight"}, {"module.f.0.weight", "other.0.weight"}, {0, OG_MATCH_NONE}},
    /* parts are whole */
    {{"f.0.weight", "g.0.weight"}, {"gf.0.weight"}, {OG_MATCH_AMBIGUOUS}},
    {{"f.0.weight"}, {"f10.weight", "10.weight", "f.0.eight"}, {OG_MATCH_NONE, OG_MATCH_NONE, OG_MATCH_NONE}},
    /* all of them but the first count */
    {{"f.0.weight"}, {"f.2.weight", "weight"}, {OG_MATCH_NONE, OG_MATCH_NONE}},
    {{"alpha", "beta"}, {"model.alpha", "gamma"}, {0, OG_MATCH_NONE}},
    /* a layer that stands alone */
    {{"f.0.weight", "dense1.weight"}, {"0.weight", "fc.weight"}, {0, 1}},
    /* several that fit alike */
    {{"f.0.weight", "g.0.weight"}, {"0.weight"}, {OG_MATCH_AMBIGUOUS}},
    {{"f.0.weight"}, {"a.0.weight", "b.0.weight"}, {OG_MATCH_AMBIGUOUS, OG_MATCH_AMBIGUOUS}},
    {{"f.0.weight"},
     {"a.0.weight", "b.0.weight", "c.0.weight"},
     {OG_MATCH_AMBIGUOUS, OG_MATCH_AMBIGUOUS, OG_MATCH_AMBIGUOUS}},
    /* what is called exactly so is no candidate for others */
    {{"f.0.weight", "g.0.weight"}, {"f.0.weight", "net.0.weight"}, {0, 1}},
};

static size_t count_of(const char *const *names) {
  size_t count = 0;
  while (count < NAMES_MOST && names[count]) count++;
  return count;
}

static void names_are_matched_by_what_they_have_in_common(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    int match[NAMES_MOST], holder[NAMES_MOST];
    size_t count = count_of(rows[i].names);
    og_match_names(count, rows[i].names, count_of(rows[i].wanted), rows[i].wanted, match, holder);
    for (size_t k = 0; k < count; k++)
      if (match[k] != rows[i].match[k])
        fail_msg("row %zu: %s has %d, not %d", i, rows[i].names[k], match[k], rows[i].match[k]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(names_are_matched_by_what_they_have_in_common)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

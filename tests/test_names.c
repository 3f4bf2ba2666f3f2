/* Sets of names against a search from end to end: in the order of their first appearance, however many they
 * are, also where they crowd in the hash table; and what is left when memory runs out. */
#include "counting.h"
#include "io/io.h"

enum { NAMES_MOST = 3000 };

static og_context *fenced(counter *c) {
  og_context *context;
  assert_int_equal(og_context_create(counter_allocate, counter_release, c, &context), OG_OK);
  return context;
}

/* The truth: the names so far. */
static char known[NAMES_MOST][24];
static size_t count;

static size_t place_of(const char *name) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(known[i], name) == 0) return i;
  return count;
}

static void check_add(og_names *names, const char *name) {
  size_t index = 12345, place = place_of(name);
  assert_int_equal(og_names_find(names, name, &index), place < count);
  assert_int_equal(index, place < count ? place : 12345); /* untouched where there is none */
  assert_int_equal(og_names_add(names, name, &index), 1);
  assert_int_equal(index, place);
  if (place == count) snprintf(known[count++], sizeof known[0], "%s", name);
  assert_int_equal(names->count, count);
  assert_string_equal(names->names[place], name);
  assert_true(names->count <= names->capacity && 2 * names->capacity == names->slot_count);
}

static void check_all(const og_names *names) {
  size_t index;
  for (size_t i = 0; i < count; i++) {
    assert_true(og_names_find(names, known[i], &index));
    assert_int_equal(index, i);
  }
}

static void names_in_order(void **state) {
  (void)state;
  counter c = {0};
  og_context *context = fenced(&c);
  og_names names = {.context = context};
  og_rng rng;
  char name[24];
  size_t index;
  count = 0;
  og_rng_seed(&rng, 3, 1);
  assert_false(og_names_find(&names, "", &index)); /* nothing is there yet */
  check_add(&names, "");
  for (int i = 0; i < 4000; i++) { /* about half of them are there already */
    snprintf(name, sizeof name, "%s%d", i % 3 ? "x" : "y[", (int)(1000 * og_rng_uniform(&rng)));
    check_add(&names, name);
    if ((names.count & (names.count - 1)) == 0) check_all(&names); /* where it grows */
  }
  check_all(&names);
  og_names_clear(&names);
  assert_true(!names.count && !names.names && !names.slots && names.context == context);
  og_context_destroy(context);
  assert_int_equal(c.live, 0);
}

/* FNV-1a (Fowler, Noll and Vo), as names.c takes it. */
static uint64_t hash_of(const char *name) {
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  for (; *name; name++) hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
  return hash ^ (hash >> 32);
}

/* As many as fit before the table grows, all of even places, or all of one: no other name is taken for one of
 * them, and the search ends. */
static void names_in_a_crowd(void **state) {
  (void)state;
  enum { FIRST = 16, PLACES = 32 };
  for (unsigned step = 2; step <= PLACES; step *= 2) {
    counter c = {0};
    og_context *context = fenced(&c);
    og_names names = {.context = context};
    char name[24];
    size_t index;
    count = 0;
    for (int i = 0; count < FIRST; i++) {
      snprintf(name, sizeof name, "n%d", i);
      if (hash_of(name) % PLACES % step == 0) check_add(&names, name);
    }
    assert_int_equal(names.slot_count, PLACES);
    for (int i = 0; i < 200; i++) {
      snprintf(name, sizeof name, "other%d", i);
      assert_false(og_names_find(&names, name, &index));
    }
    check_all(&names);
    og_names_clear(&names);
    og_context_destroy(context);
    assert_int_equal(c.live, 0);
  }
}

static og_status add_some(og_context *context) {
  og_names names = {.context = context};
  og_status status = OG_OK;
  char name[24];
  for (int i = 0; i < 40 && status == OG_OK; i++) {
    size_t index = 7;
    snprintf(name, sizeof name, "n%d", i % 35);
    if (!og_names_add(&names, name, &index)) {
      assert_int_equal(index, 7); /* and those before are still there */
      for (int k = 0; k < i && k < 35; k++) {
        snprintf(name, sizeof name, "n%d", k);
        assert_true(og_names_find(&names, name, &index) && index == (size_t)k);
      }
      status = og_fail_memory(context, 1, "a name");
    }
  }
  og_names_clear(&names);
  return status;
}

static void memory(void **state) {
  (void)state;
  fail_each_allocation(add_some);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(names_in_order), cmocka_unit_test(names_in_a_crowd),
                                     cmocka_unit_test(memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}

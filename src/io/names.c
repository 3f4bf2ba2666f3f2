/* A set of names in order of first appearance, found by hashing. */
#include "io/io.h"

#include <string.h>

/* Its high bits are folded in, since places are counted by the low ones. */
static uint64_t hash_of(const char *name) {
  uint64_t hash = og_hash(OG_HASH_START, name, strlen(name));
  return hash ^ (hash >> 32);
}

/* The slot that holds `name`, or the empty one where it belongs. */
static size_t *slot_of(const og_names *names, const char *name) {
  size_t at = (size_t)hash_of(name) % names->slot_count;
  while (names->slots[at] && strcmp(names->names[names->slots[at] - 1], name) != 0)
    at = (at + 1) % names->slot_count;
  return &names->slots[at];
}

/* Keeps the hash table at most half full. */
static int make_room(og_names *names) {
  if (names->count < names->capacity) return 1;
  size_t capacity = names->capacity ? 2 * names->capacity : 16;
  size_t *slots = og_alloc(names->context, capacity, 2 * sizeof *slots);
  char **larger = og_resize(names->context, names->names, names->count, capacity, sizeof *larger);
  if (larger) names->names = larger;
  if (!slots || !larger) {
    og_free(names->context, slots);
    return 0;
  }
  og_free(names->context, names->slots);
  names->slots = slots;
  names->slot_count = 2 * capacity;
  names->capacity = capacity;
  for (size_t i = 0; i < names->count; i++) *slot_of(names, names->names[i]) = i + 1;
  return 1;
}

int og_names_add(og_names *names, const char *name, size_t *index) {
  if (!make_room(names)) return 0;
  size_t *slot = slot_of(names, name);
  if (*slot == 0) {
    char *copy = og_strdup(names->context, name);
    if (!copy) return 0;
    names->names[names->count++] = copy;
    *slot = names->count;
  }
  *index = *slot - 1;
  return 1;
}

int og_names_find(const og_names *names, const char *name, size_t *index) {
  size_t place = names->slot_count ? *slot_of(names, name) : 0;
  if (place) *index = place - 1;
  return place != 0;
}

void og_names_clear(og_names *names) {
  for (size_t i = 0; i < names->count; i++) og_free(names->context, names->names[i]);
  og_free(names->context, names->names);
  og_free(names->context, names->slots);
  *names = (og_names){.context = names->context};
}

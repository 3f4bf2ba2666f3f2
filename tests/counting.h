/* An allocator that counts what is alive, fails on demand and fences its blocks; and the inclusions every
 * cmocka test needs. */
#ifndef OG_TEST_COUNTING_H
#define OG_TEST_COUNTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"

typedef struct counter {
  atomic_long calls, live; /* threads allocate too */
  long fail_at;
} counter;

/* A block lies between its size and a fence, which is looked at when it is released. It begins where og_alloc
 * leaves the least room behind what it hands out. */
enum { FENCE_ALIGNMENT = 64, FENCE = 16, FENCE_BYTE = 0x5A };

static inline void *counter_allocate(size_t size, void *user) {
  counter *c = user;
  if (++c->calls == c->fail_at) return NULL;
  if (size > SIZE_MAX / 2) return NULL;
  size_t bytes = FENCE_ALIGNMENT + size + FENCE;
  char *block =
      aligned_alloc(FENCE_ALIGNMENT, (bytes + FENCE_ALIGNMENT - 1) / FENCE_ALIGNMENT * FENCE_ALIGNMENT);
  if (!block) return NULL;
  char *memory = block + FENCE_ALIGNMENT;
  memcpy(block, &size, sizeof size);
  memset(memory, 0xA5, size); /* whoever relies on zeros from the allocator finds none */
  memset(memory + size, FENCE_BYTE, FENCE);
  c->live++;
  return memory;
}

static inline void counter_release(void *memory, void *user) {
  char *block = (char *)memory - FENCE_ALIGNMENT;
  size_t size;
  memcpy(&size, block, sizeof size);
  for (int i = 0; i < FENCE; i++)
    if (((char *)memory)[size + (size_t)i] != FENCE_BYTE) {
      fprintf(stderr, "written beyond a block of %zu bytes\n", size); /* by any thread */
      abort();
    }
  memset(memory, 0xDD, size); /* whoever reads it after this finds nothing of it */
  ((counter *)user)->live--;
  free(block);
}

/* A message that finds no memory is cut to this length (base/context.c). */
enum { CUT_MESSAGE = 511 };

/* Whether `work` said that memory was missing; or lost nothing but the end of the message about something
 * else, which it survived or was made to give. */
static inline int tells_of_memory(const og_context *context, og_status status) {
  const char *message = og_context_message(context);
  if (status == OG_ERR_MEMORY && strstr(message, "memory")) return 1;
  return status == OG_OK && strlen(message) == CUT_MESSAGE;
}

/* Runs `work` with its first, second, ... allocation failing until it needs no more; every failure must be
 * reported as OG_ERR_MEMORY with a message, and nothing may be left alive. A failure that `work` answers with
 * OG_OK is no end: something was left out of the result, and nothing said so. */
static inline void fail_each_allocation(og_status (*work)(og_context *context)) {
  og_status status = OG_OK;
  long fail_at = 0, calls = 0;
  do {
    counter c = {0};
    og_context *context = NULL;
    assert_int_equal(og_context_create(counter_allocate, counter_release, &c, &context), OG_OK);
    c.calls = 0;
    c.fail_at = ++fail_at;
    status = work(context);
    calls = c.calls;
    if (calls >= fail_at && !tells_of_memory(context, status))
      fail_msg("allocation %ld of %ld fails: %s, \"%s\"", fail_at, calls, og_status_name(status),
               og_context_message(context));
    og_context_destroy(context);
    assert_int_equal(c.live, 0);
  } while (calls >= fail_at);
  assert_int_equal(status, OG_OK);
  assert_true(fail_at > 1);
}

static inline og_context *new_context(void) {
  og_context *context;
  assert_int_equal(og_context_create(NULL, NULL, NULL, &context), OG_OK);
  return context;
}

static inline void assert_contains(const char *text, const char *part) {
  if (!strstr(text, part)) fail_msg("\"%s\" is not in \"%s\"", part, text);
}

#endif

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

/* ---- Memory behind which nothing may be written ---- */

/* og_alloc takes BLOCK_ROOM bytes more than it hands out. In a block that is aligned to 64 what it hands out
 * begins at byte 64, behind a pointer to the block, and ends BLOCK_SLACK bytes before the block does. */
enum {
  BLOCK_ROOM = 63 + sizeof(void *),
  BLOCK_SLACK = BLOCK_ROOM - 64,
  BLOCK_MARGIN = 64,
  BLOCK_BEFORE = 128
};

/* Blocks of new_context's contexts that are out, and of which the process is to have none at its end. */
static atomic_long blocks_out;

static inline void check_blocks_out(void) {
  if (atomic_load(&blocks_out) == 0) return;
  fprintf(stderr, "%ld blocks of memory were not given back\n", atomic_load(&blocks_out));
  fflush(NULL);
  _Exit(1);
}

static inline void *margin_allocate(size_t size, void *user) {
  (void)user;
  if (size > SIZE_MAX - BLOCK_BEFORE - BLOCK_MARGIN) return NULL;
  char *memory = malloc(BLOCK_BEFORE + size + BLOCK_MARGIN);
  if (!memory) return NULL;
  char *block = memory + BLOCK_BEFORE - (uintptr_t)memory % 64;
  memcpy(block - sizeof memory, &memory, sizeof memory);
  memcpy(block - sizeof memory - sizeof size, &size, sizeof size);
  memset(block, 0xA5, size); /* whoever relies on zeros from the allocator finds none */
  memset(block + size, 0xA5, BLOCK_MARGIN);
  atomic_fetch_add(&blocks_out, 1);
  return block;
}

static inline void margin_release(void *released, void *user) {
  (void)user;
  unsigned char *block = released;
  char *memory;
  size_t size;
  memcpy(&memory, block - sizeof memory, sizeof memory);
  memcpy(&size, block - sizeof memory - sizeof size, sizeof size);
  int by_og_alloc = size >= BLOCK_ROOM && memcmp(block + 64 - sizeof block, &block, sizeof block) == 0;
  for (size_t i = by_og_alloc ? size - BLOCK_SLACK : size; i < size + BLOCK_MARGIN; i++)
    if (block[i] != 0xA5) {
      fprintf(stderr, "written behind a block of %zu bytes\n", size - (by_og_alloc ? BLOCK_ROOM : 0));
      abort();
    }
  memset(block, 0xDD, size); /* whoever reads it after this finds nothing of it */
  atomic_fetch_sub(&blocks_out, 1);
  free(memory);
}

/* ---- Allocations that are counted ---- */

typedef struct counter {
  atomic_long calls, live; /* threads allocate too */
  long fail_at;
} counter;

static inline void *counter_allocate(size_t size, void *user) {
  counter *c = user;
  if (++c->calls == c->fail_at) return NULL;
  void *memory = margin_allocate(size, NULL);
  if (memory) c->live++;
  return memory;
}

static inline void counter_release(void *memory, void *user) {
  ((counter *)user)->live--;
  margin_release(memory, NULL);
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
  static int checked;
  og_context *context;
  if (!checked) checked = atexit(check_blocks_out) == 0;
  assert_int_equal(og_context_create(margin_allocate, margin_release, NULL, &context), OG_OK);
  return context;
}

static inline void assert_contains(const char *text, const char *part) {
  if (!strstr(text, part)) fail_msg("\"%s\" is not in \"%s\"", part, text);
}

#endif

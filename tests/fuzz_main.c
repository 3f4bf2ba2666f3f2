/* Drives a fuzz target without libFuzzer: feeds the seed files and then random mutations of them for a
 * bounded time. fuzz_x SECONDS SEEDFILE... Deterministic: the i-th input is the same in every run; -N in
 * place of SECONDS runs the first N inputs. With FUZZ_KEEP set to a directory each input is left there as
 * fuzz_last.bin first, so that one that brings the target down remains. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SIZE_MOST = 1 << 14, SEEDS_MOST = 256, PRINT_EVERY = 1000 };

typedef struct input {
  uint8_t bytes[SIZE_MOST];
  size_t size;
} input;

static input seeds[SEEDS_MOST];
static size_t seed_count;

static size_t below(og_rng *rng, size_t bound) { return bound ? (size_t)(og_rng_next(rng) % bound) : 0; }

static int read_seed(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file || seed_count == SEEDS_MOST) {
    fprintf(stderr, "fuzz: cannot use the seed file %s\n", path);
    if (file) fclose(file);
    return 0;
  }
  input *seed = &seeds[seed_count++];
  seed->size = fread(seed->bytes, 1, SIZE_MOST, file);
  fclose(file);
  return 1;
}

/* Replaces `removed` bytes at `at` by `count` others, as far as they fit. */
static void splice(input *in, size_t at, size_t removed, const uint8_t *bytes, size_t count) {
  if (removed > in->size - at) removed = in->size - at;
  if (in->size - removed + count > SIZE_MOST) return;
  memmove(in->bytes + at + count, in->bytes + at + removed, in->size - at - removed);
  memmove(in->bytes + at, bytes, count);
  in->size = in->size - removed + count;
}

static void splice_token(og_rng *rng, input *in, size_t at) {
  static const char *const tokens[] = {"\n",
                                       "\r\n",
                                       ",",
                                       "\"",
                                       "\"\"",
                                       "NA",
                                       "id",
                                       "1e999",
                                       "-",
                                       "(",
                                       ")",
                                       "[",
                                       "]",
                                       "=",
                                       "'",
                                       "#",
                                       "~",
                                       "^",
                                       "param ",
                                       "init ",
                                       "1/0",
                                       "0x1p",
                                       "observe ",
                                       "normal(",
                                       ":",
                                       "time ",
                                       "const ",
                                       "cost integral = ",
                                       "where(",
                                       "x[0]",
                                       "\xEF\xBB\xBF",
                                       "99999999999999999999",
                                       "sum(",
                                       "log(",
                                       " in [",
                                       ";",
                                       "\t",
                                       "event a when x = 0 any { x = -x }",
                                       " when ",
                                       " = 0 rising {",
                                       "{",
                                       "}",
                                       "; stop ",
                                       "input u linear\n",
                                       " hold",
                                       "\"shape\":[2,",
                                       "\"data_offsets\":[0,8]",
                                       "\"F32\"",
                                       "\"__metadata__\":{",
                                       "1e-400"};
  const char *token = tokens[below(rng, sizeof tokens / sizeof tokens[0])];
  splice(in, at, below(rng, 3), (const uint8_t *)token, strlen(token));
}

static void splice_seed(og_rng *rng, input *in, size_t at) {
  const input *other = &seeds[below(rng, seed_count)];
  size_t from = below(rng, other->size), count = below(rng, other->size - from + 1);
  splice(in, at, below(rng, 40), other->bytes + from, count < 200 ? count : 200);
}

static void repeat_piece(og_rng *rng, input *in, size_t at) {
  uint8_t piece[64];
  size_t count = below(rng, sizeof piece), times = 1 + below(rng, 30);
  if (count > in->size - at) count = in->size - at;
  memcpy(piece, in->bytes + at, count);
  for (size_t i = 0; i < times; i++) splice(in, at, 0, piece, count);
}

static void mutate(og_rng *rng, input *in) {
  size_t at = below(rng, in->size + 1);
  uint8_t byte = (uint8_t)og_rng_next(rng);
  switch (below(rng, 7)) {
  case 0: splice(in, at, 1, &byte, 1); break;
  case 1: splice(in, at, 0, &byte, 1); break;
  case 2: splice(in, at, 1 + below(rng, 20), &byte, 0); break;
  case 3: splice_seed(rng, in, at); break;
  case 4: repeat_piece(rng, in, at); break;
  case 5:
    if (at < in->size) in->bytes[at] ^= (uint8_t)(1u << below(rng, 8));
    break;
  default: splice_token(rng, in, at); break;
  }
}

/* The seeds themselves come first. */
static void make_input(long long number, input *in) {
  og_rng rng;
  if (number < (long long)seed_count) {
    *in = seeds[number];
    return;
  }
  og_rng_seed(&rng, (uint64_t)number, 0);
  *in = seeds[below(&rng, seed_count)];
  for (size_t i = 1 + below(&rng, 8); i > 0; i--) mutate(&rng, in);
}

static void keep(const input *in) {
  const char *folder = getenv("FUZZ_KEEP");
  if (!folder) return;
  char path[4096];
  snprintf(path, sizeof path, "%s/fuzz_last.bin", folder);
  FILE *file = fopen(path, "wb");
  if (!file) return;
  fwrite(in->bytes, 1, in->size, file);
  fclose(file);
}

int main(int argc, char **argv) {
  static input in;
  if (argc < 3) {
    fprintf(stderr, "usage: %s SECONDS SEEDFILE...   (or -N: that many inputs)\n", argv[0]);
    return 2;
  }
  for (int i = 2; i < argc; i++)
    if (!read_seed(argv[i])) return 2;
  double bound = atof(argv[1]);
  long long number = 0;
  time_t start = time(NULL);
  while (bound < 0 ? (double)number < -bound : difftime(time(NULL), start) < bound) {
    make_input(number, &in);
    keep(&in);
    if (number % PRINT_EVERY == 0) fprintf(stderr, "\rfuzz: input %lld", number);
    LLVMFuzzerTestOneInput(in.bytes, in.size);
    number++;
  }
  fprintf(stderr, "\rfuzz: %lld inputs, no fault\n", number);
  return 0;
}

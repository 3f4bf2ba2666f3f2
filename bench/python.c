#define _GNU_SOURCE
#include "python.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PEERS BENCH_ROOT "/build/peer/python"

int python_available(const char *environment) {
  static int told;
  char path[512];
  snprintf(path, sizeof path, PEERS "/%s/bin/python", environment);
  if (access(PEERS "/COMPLETE", F_OK) == 0 && access(path, X_OK) == 0) return 1;
  if (!told++)
    puts("The Python peers are not there: scripts/peer_python.sh gets them. Measuring odegrad alone.");
  return 0;
}

/* The number behind "key": in the line, or NaN. */
static double number(const char *line, const char *key) {
  char quoted[64];
  snprintf(quoted, sizeof quoted, "\"%s\": ", key);
  const char *at = strstr(line, quoted);
  return at ? strtod(at + strlen(quoted), NULL) : NAN;
}

static int parse(const char *line, python_result *to) {
  *to = (python_result){.seconds = number(line, "seconds"),
                        .first = number(line, "first"),
                        .total = number(line, "total"),
                        .gradient = number(line, "gradient_norm"),
                        .product = number(line, "product_gflops"),
                        .evaluations = number(line, "evaluations")};
  const char *at = strstr(line, "\"losses\": [");
  if (!at || sscanf(line, "{\"peer\": \"%127[^\"]", to->name) != 1) return -1;
  char *end = (char *)at + strlen("\"losses\": [") - 1;
  while ((*end == '[' || *end == ',') && to->count < PYTHON_LOSSES)
    to->losses[to->count++] = strtod(end + 1, &end);
  return *end == ']' ? 0 : -1;
}

int python_run(const char *environment, const char *script, int threads, const char *arguments,
               python_result *to) {
  char command[4096];
  static char line[1 << 16];
  snprintf(command, sizeof command,
           "cd '" BENCH_ROOT "' && OPENBLAS_CORETYPE=$(cat '" PEERS "/coretype') OPENBLAS_NUM_THREADS=%d "
           "OMP_NUM_THREADS=%d XLA_FLAGS=--xla_cpu_multi_thread_eigen=%s taskset -c 0-%d '" PEERS
           "/%s/bin/python' -B bench/peers/%s.py %s",
           threads, threads, threads > 1 ? "true" : "false", threads - 1, environment, script, arguments);
  FILE *pipe = popen(command, "r");
  int read = pipe && fgets(line, sizeof line, pipe);
  int status = pipe ? pclose(pipe) : -1;
  if (status == 0 && read && parse(line, to) == 0) return 0;
  fprintf(stderr, "bench/peers/%s.py failed\n", script);
  return -1;
}

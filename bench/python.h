/* The peers in Python: bench/peers/NAME.py as a child process, in an environment of scripts/peer_python.sh.
 */
#ifndef BENCH_PYTHON_H
#define BENCH_PYTHON_H

#include <stddef.h>

enum { PYTHON_LOSSES = 2048 };

/* What a peer reports; a number that it does not is NaN. */
typedef struct python_result {
  char name[128];  /* with versions */
  double seconds;  /* the median of the iterations */
  double first;    /* of the first iteration, with what had to be compiled for it */
  double total;    /* of all iterations */
  double gradient; /* Euclidean norm */
  double product;  /* GFLOP/s of its matrix product */
  double evaluations;
  size_t count;
  double losses[PYTHON_LOSSES]; /* of each iteration */
} python_result;

/* Whether the environment ("torch", "jax") is there; if not, says once how to get it. */
int python_available(const char *environment);
/* 0 for success. The peer is held to as many processors as it has threads. */
int python_run(const char *environment, const char *script, int threads, const char *arguments,
               python_result *to);

#endif

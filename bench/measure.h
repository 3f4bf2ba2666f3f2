/* Clocks, medians, memory: what measuring needs and no contestant sees. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stddef.h>

/* Processor time of this thread (other programs on the machine do not count), and time on the wall. */
double cpu_seconds(void);
double wall_seconds(void);
/* Processor time when one thread works, so that other programs count little; time on the wall when several
 * do. */
void clock_for(int threads);
double clock_seconds(void);

typedef struct spread {
  double lowest, median, highest;
} spread;
/* Of `count` (>= 1) values, which are sorted on the way. */
spread spread_of(double *values, size_t count);

/* Peak resident kilobytes of a child process that runs job(data), or -1. */
long peak_kilobytes(int (*job)(void *data), void *data);

/* The machine, the compiler and the flags, one line each, to standard output. */
void print_machine(void);

#endif

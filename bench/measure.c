#define _GNU_SOURCE
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds_of(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double cpu_seconds(void) { return seconds_of(CLOCK_THREAD_CPUTIME_ID); }

double wall_seconds(void) { return seconds_of(CLOCK_MONOTONIC); }

static clockid_t chosen = CLOCK_MONOTONIC;

void clock_for(int threads) { chosen = threads == 1 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC; }

double clock_seconds(void) { return seconds_of(chosen); }

static int compare_doubles(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

spread spread_of(double *values, size_t count) {
  qsort(values, count, sizeof *values, compare_doubles);
  double median = 0.5 * (values[(count - 1) / 2] + values[count / 2]);
  return (spread){values[0], median, values[count - 1]};
}

long peak_kilobytes(int (*job)(void *data), void *data) {
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) _exit(job(data) == 0 ? 0 : 1);
  int status = 0;
  struct rusage usage;
  if (child < 0 || wait4(child, &status, 0, &usage) != child) return -1;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? usage.ru_maxrss : -1;
}

/* The first value of `key` in /proc/cpuinfo. */
static void print_processor(void) {
  FILE *file = fopen("/proc/cpuinfo", "r");
  char line[512];
  while (file && fgets(line, sizeof line, file)) {
    char *colon = strchr(line, ':');
    if (strncmp(line, "model name", 10) != 0 || !colon) continue;
    printf("processor  %s", colon + 2);
    break;
  }
  if (file) fclose(file);
}

void print_machine(void) {
  double load = 0.0;
  print_processor();
  printf("cores      %ld online", sysconf(_SC_NPROCESSORS_ONLN));
  if (getloadavg(&load, 1) == 1) printf(", load average %.1f when started", load);
  printf("\ncompiler   %s\n", __VERSION__);
}

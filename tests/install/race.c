/* A data race on purpose: scripts/test.sh sees by it that the thread sanitizer would find one in odegrad. */
#include <stdio.h>

static int shared;

int main(void) {
#pragma omp parallel num_threads(2)
  for (int i = 0; i < 1000; i++) shared++;
  printf("%d\n", shared);
  return 0;
}

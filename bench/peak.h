/* The rate of fused multiply-adds in single precision that one core has, on registers alone: what a matrix
 * product can at best reach. */
#ifndef BENCH_PEAK_H
#define BENCH_PEAK_H

/* GFLOP/s (a multiply-add counts two), best of several runs. */
double peak_gflops(void);

#endif

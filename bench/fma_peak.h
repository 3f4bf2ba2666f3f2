/* The rate of fused multiply-adds that one core has on registers alone, in the widest vectors of this
 * processor: what a matrix product can at best reach. */
#ifndef BENCH_FMA_PEAK_H
#define BENCH_FMA_PEAK_H

/* GFLOP/s (a multiply-add counts two) in double and in single precision, the best of several runs. */
double fma_peak_d(void);
double fma_peak_s(void);

#endif

/* The machine's rate of multiply-adds on numbers that stay in registers. */
#ifndef BENCH_FMA_PEAK_H
#define BENCH_FMA_PEAK_H

/* Floating-point operations (two a multiply-add) of one call, in the widest vectors that this processor has.
 */
double fma_burst_d(void);
double fma_burst_s(void);

#endif

"""GFLOP/s of PyTorch's matrix product on one thread, and the words it was started with."""
import sys
import time

import torch


def fastest(threads):
    """At the sizes of bench_mlp: a batch of 1024, layers of 256."""
    torch.set_num_threads(threads)
    a, b = torch.randn(1024, 256), torch.randn(256, 256)
    times = []
    for _ in range(100):
        begin = time.perf_counter()
        a @ b
        times.append(time.perf_counter() - begin)
    return 2 * 1024 * 256 * 256 / min(times) / 1e9


if __name__ == "__main__":
    print(f"{fastest(1):.1f}", *sys.argv[1:])

#!/bin/bash
# Builds and runs the benchmarks, beside CVODES where it can be had (scripts/peer_sundials.sh); alone otherwise.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/peer_sundials.sh || echo "bench: going on without the peer"
cmake --preset release >/dev/null
cmake --build build -j "${JOBS:-$(nproc)}" --target bench
for program in build/bench/bench_*; do
  [[ -f $program && -x $program ]] || continue
  printf '\n== %s\n' "$program"
  "$program"
done

#!/bin/bash
# Builds and runs the benchmarks, beside CVODES (scripts/peer_sundials.sh), torchdiffeq and diffrax (scripts/peer_python.sh) where they
# can be had; alone otherwise.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/peer_sundials.sh || echo "bench: going on without CVODES"
scripts/peer_python.sh || echo "bench: going on without torchdiffeq and diffrax"
scripts/configure.sh release
cmake --build build -j "${JOBS:-$(nproc)}" --target bench
for program in build/bench/bench_*; do
  [[ -f $program && -x $program ]] || continue
  printf '\n== %s\n' "$program"
  "$program"
done

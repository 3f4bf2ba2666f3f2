#!/bin/sh
# Builds the benchmarks and runs them: bench.sh [gradient|ensemble]... (both). odegrad itself is built before (make).
# The peer, CVODES, is fetched and built once; without a network odegrad is measured alone, and that is said.
set -eu
cd "$(dirname "$0")/.."
[ -e build/libodegrad.so ] || { echo "bench: build/libodegrad.so is missing: run make first" >&2; exit 1; }

scripts/peer_sundials.sh ||
  echo "bench: there is no peer to compare with (see above): odegrad's own times follow" >&2

cmake -S bench -B build/bench --log-level=WARNING >/dev/null
cmake --build build/bench >/dev/null

[ $# -gt 0 ] || set -- gradient ensemble
for name in "$@"; do
  "build/bench/bench_$name"
  echo
done

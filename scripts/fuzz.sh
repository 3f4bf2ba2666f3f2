#!/bin/bash
# Runs every fuzz target for a while: fuzz.sh SECONDS. Findings are left in build/fuzz/findings/.
# A corpus grows in build/fuzz/corpus/; the examples are where it starts.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-10}
scripts/configure.sh fuzz
cmake --build build/fuzz -j "${JOBS:-$(nproc)}" --target help | grep -oE '\bfuzz_[a-z_0-9]+$' | sort -u >build/fuzz/targets || true
if [[ ! -s build/fuzz/targets ]]; then
  echo "there are no fuzz targets (tests/fuzz_*.c)"
  exit 1
fi
mkdir -p build/fuzz/findings build/fuzz/corpus
while read -r target; do
  cmake --build build/fuzz -j "${JOBS:-$(nproc)}" --target "$target" >build/fuzz/build.log || { cat build/fuzz/build.log; exit 1; }
  corpus=build/fuzz/corpus/$target
  mkdir -p "$corpus"
  find examples tests -type f \( -name '*.ode' -o -name '*.csv' -o -name '*.json' -o -name '*.safetensors' \) -size -8k -exec cp {} "$corpus" \;
  echo "== $target, $seconds s"
  "build/fuzz/tests/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=4096 \
    -print_final_stats=1 -verbosity=0 -artifact_prefix=build/fuzz/findings/ "$corpus" 2>build/fuzz/$target.log </dev/null || {
    tail -60 "build/fuzz/$target.log"
    echo "$target found something: the input is in build/fuzz/findings/"
    exit 1
  }
  grep -E 'number_of_executed_units' "build/fuzz/$target.log" || true
done <build/fuzz/targets

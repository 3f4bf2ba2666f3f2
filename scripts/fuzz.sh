#!/bin/bash
# Runs every fuzz target for a while: fuzz.sh SECONDS. Findings are left in build/fuzz/findings/.
# A corpus grows in build/fuzz/corpus/; the examples are where it starts. JOBS targets run at a time.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-10}
jobs=${JOBS:-$(nproc)}
scripts/configure.sh fuzz
cmake --build build/fuzz -j "$jobs" --target help | grep -oE '\bfuzz_[a-z_0-9]+$' | sort -u >build/fuzz/targets || true
if [[ ! -s build/fuzz/targets ]]; then
  echo "there are no fuzz targets (tests/fuzz_*.c)"
  exit 1
fi
mapfile -t targets <build/fuzz/targets
cmake --build build/fuzz -j "$jobs" --target "${targets[@]}" >build/fuzz/build.log || { cat build/fuzz/build.log; exit 1; }
mkdir -p build/fuzz/findings

# Runs target $1; what it says stands in its log.
fuzz() {
  local corpus=build/fuzz/corpus/$1
  mkdir -p "$corpus"
  find examples tests -type f \( -name '*.ode' -o -name '*.csv' -o -name '*.json' -o -name '*.safetensors' \) -size -8k -exec cp {} "$corpus" \;
  "build/fuzz/tests/$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=4096 \
    -print_final_stats=1 -verbosity=0 -artifact_prefix="build/fuzz/findings/$1-" "$corpus" >"build/fuzz/$1.log" 2>&1 </dev/null && return
  touch "build/fuzz/$1.failed"
}

rm -f build/fuzz/*.failed
for target in "${targets[@]}"; do
  while (($(jobs -rp | wc -l) >= jobs)); do wait -n; done
  fuzz "$target" &
done
wait

status=0
for target in "${targets[@]}"; do
  echo "== $target, $seconds s"
  if [[ -e build/fuzz/$target.failed ]]; then
    tail -60 "build/fuzz/$target.log"
    echo "$target found something: the input is in build/fuzz/findings/"
    status=1
  else
    grep -E 'number_of_executed_units' "build/fuzz/$target.log" || true
  fi
done
exit $status

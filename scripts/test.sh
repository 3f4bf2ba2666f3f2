#!/bin/bash
# All that `make test` runs: the tests in the plain build, then under the sanitizers, then a short fuzz run. Warnings are
# errors in all three, with gcc (plain, asan) and with clang (tsan). Every stage runs even if an earlier one failed.
set -uo pipefail
cd "$(dirname "$0")/.."
jobs=${JOBS:-$(nproc)}
passed=0 skipped=0 failed=0
failures=() skips=()

note() { printf '\n==== %s (%s s since the start)\n' "$1" "$SECONDS"; }
verdict() { # name, status
  if [[ $2 == 0 ]]; then passed=$((passed + 1)); else failed=$((failed + 1)) failures+=("$1"); fi
}

# Configures preset $1 with further options and builds target $2; output only when it fails.
build() {
  local preset=$1 target=$2 log status=0
  shift 2
  log=$(mktemp)
  { scripts/configure.sh "$preset" "$@" && cmake --build --preset "$preset" -j "$jobs" --target "$target"; } >"$log" 2>&1 || status=1
  [[ $status == 0 ]] || grep -E -A12 'error|Error|undefined reference|warning' "$log" | head -120
  rm -f "$log"
  verdict "build of $preset" $status
  return $status
}

# Runs ctest in folder $1 and adds its counts; the ctest lines stay visible.
run_ctest() {
  local folder=$1 log summary bad unseen total
  shift
  log=$folder/ctest.log
  ctest --test-dir "$folder" --output-on-failure --no-tests=error -j "$jobs" "$@" 2>&1 | tee "$log"
  summary=$(grep -oE '[0-9]+ tests failed out of [0-9]+' "$log" | tail -1)
  if [[ -z $summary ]]; then
    verdict "tests in $folder (none ran)" 1
    return
  fi
  read -r bad _ _ _ _ total <<<"$summary"
  unseen=$(grep -c '\*\*\*Skipped' "$log") # ctest counts them among those that passed
  failed=$((failed + bad)) skipped=$((skipped + unseen)) passed=$((passed + total - bad - unseen))
  while read -r name; do skips+=("$name in $folder"); done < <(sed -nE 's/^.*Test +#[0-9]+: ([^ ]+) .*\*\*\*Skipped.*/\1/p' "$log")
  [[ $bad == 0 ]] || failures+=("$bad of the tests in $folder")
}

note "plain build and tests"
build release all -DODEGRAD_WERROR=ON && run_ctest build

note "address and undefined-behaviour sanitizers"
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1
build asan all && run_ctest build/asan

# The thread sanitizer sees only the synchronisation of code it instrumented. GNU libgomp is not, so that every barrier of
# a gcc build looks like a race; hence clang, LLVM's libomp and its tool Archer (libarcher.so), which tells the sanitizer of
# barriers and tasks. ignore_noninstrumented_modules is what Archer's manual asks for. No suppressions: one for libomp.so
# would match the stack of every worker thread, and so hide every race there is; the racy program shows that none is hidden.
note "thread sanitizer, for the tests that use threads"
export OMP_TOOL_LIBRARIES=$(ls /usr/lib/llvm-*/lib/libarcher.so 2>/dev/null | tail -1)
export TSAN_OPTIONS="ignore_noninstrumented_modules=1"
finds_a_race() {
  clang -g -O1 -fopenmp -fsanitize=thread tests/install/race.c -o build/tsan/race || return 1
  ! build/tsan/race >/dev/null 2>build/tsan/race.log && grep -q 'data race' build/tsan/race.log
}
if build tsan threaded_tests; then
  finds_a_race
  verdict "the thread sanitizer finds a race made on purpose" $?
  run_ctest build/tsan -L threads
fi
unset OMP_TOOL_LIBRARIES

note "fuzzing, a few seconds each"
status=0
scripts/fuzz.sh "${FUZZ_SECONDS:-10}" || status=1
verdict "fuzzing" $status

note "done"
for failure in "${failures[@]}"; do echo "failed: $failure"; done
for skip in "${skips[@]}"; do echo "skipped: $skip"; done
echo "$passed passed, $skipped skipped, $failed failed"
[[ $failed == 0 ]]

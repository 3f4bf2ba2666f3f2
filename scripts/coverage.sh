#!/bin/bash
# Line and branch coverage of src/ and cli/ by the tests, with gcov: a table in build/coverage/coverage.txt, the least covered first,
# and its sums. The annotated sources (*.gcov) are beside it. Takes some minutes.
#   coverage.sh [CTEST-REGEX]    only by tests of that name
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$PWD/build/coverage
jobs=${JOBS:-$(nproc)}
mkdir -p "$folder"
cmake -S . -B "$folder" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS='--coverage -O1' >"$folder/build.log"
cmake --build "$folder" -j "$jobs" >>"$folder/build.log" 2>&1 || { tail -40 "$folder/build.log"; exit 1; }
find "$folder" -name '*.gcda' -delete
ctest --test-dir "$folder" -j "$jobs" -LE project ${1:+-R "$1"} >"$folder/tests.log" || { grep -A40 'tests passed' "$folder/tests.log"; exit 1; }

# One source may be compiled several times (two precisions, instruction sets): gcov's counts are of each, and the best one counts.
cd "$folder"
find . -name '*.gcda' -path '*og_*' -o -name '*.gcda' -path '*odegrad*' | sort >data.txt
while read -r data; do gcov -b -o "$(dirname "$data")" "$data"; done <data.txt 2>/dev/null | awk '
  /^File / { file = $2; gsub(/\x27/, "", file); sub(/^.*\/(src|cli)\//, "&", file); known = file ~ /\/(src|cli)\//; sub(/^.*\/src\//, "src/", file); sub(/^.*\/cli\//, "cli/", file) }
  known && /^Lines executed:/ { split($2, a, ":"); l = a[2] + 0; n = $4; if (!(file in lines) || l > lines[file]) lines[file] = l; if (n > count[file]) count[file] = n }
  known && /^Branches executed:/ { split($2, a, ":"); b = a[2] + 0; if (!(file in branches) || b > branches[file]) branches[file] = b }
  END { for (f in lines) printf "%6.1f %6.1f %5d  %s\n", lines[f], (f in branches) ? branches[f] : 100, count[f], f }' | sort -n >table.txt
awk 'BEGIN { print "lines% branches%  lines  file" } { print; covered += $1 * $3 / 100; all += $3 } END { if (all) printf "%6.1f         %7d  all\n", 100 * covered / all, all }' table.txt >coverage.txt
head -20 coverage.txt
tail -1 coverage.txt
echo "all of it: build/coverage/coverage.txt"

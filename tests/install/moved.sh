#!/bin/bash
# A checkout that was moved, or copied, with its build folder is configured anew, where CMake alone refuses it; one that stays
# where it was keeps what it has. Nothing is compiled.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/first"
(cd "$root" && cp -r CMakeLists.txt CMakePresets.json odegrad.pc.in cmake src cli include scripts tests examples "$work/first")
fail() { echo "not so: $1"; [[ ! -s $work/out ]] || cat "$work/out"; exit 1; }

cd "$work/first"
scripts/configure.sh release >"$work/out" 2>&1 || fail "a new checkout is configured"
mkdir -p build/CMakeFiles && touch build/CMakeFiles/kept
scripts/configure.sh release >"$work/out" 2>&1 || fail "it is configured again"
[[ -e build/CMakeFiles/kept && ! -s $work/out ]] || fail "one that did not move keeps its objects, silently"

cp -r "$work/first" "$work/copy" && mv "$work/first" "$work/second"
for place in copy second; do
  cd "$work/$place"
  ! cmake --preset release >/dev/null 2>&1 || fail "CMake alone refuses it: else this test is of no use any more"
  scripts/configure.sh release >"$work/out" 2>&1 || fail "$place: it is configured"
  grep -q "build was made for $work/first; this is $work/$place: it is configured and built anew" "$work/out" || fail "$place: it is said"
  [[ ! -e build/CMakeFiles/kept ]] || fail "$place: nothing of the other place is left"
  grep -q "^CMAKE_HOME_DIRECTORY:INTERNAL=$work/$place\$" build/CMakeCache.txt || fail "$place: the build is of this place"
done
echo "moved and copied checkouts are configured anew"

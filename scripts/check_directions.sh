#!/bin/bash
# Which room of src/ may use which, as docs and design have it: dependencies point one way. Includes are read from the sources; calls, which
# may go by the public header, from the symbols of the objects that a build has made of them.
#   check_directions.sh [ROOT [BUILD]]  checks the includes of a tree (this repository), and the calls in the objects below BUILD/CMakeFiles
#   check_directions.sh --self-test     makes trees with and without violations and sees that they are told apart
set -euo pipefail

# room: the rooms it may use, besides itself, the public header and libraries
declare -A allowed=(
  [base]=""
  [kernels]="base"
  [linear]="base kernels"
  [field]="base kernels linear"
  [graph]="base kernels"
  [program]="base kernels graph"
  [codegen]="base kernels graph program"
  [graph_field]="base kernels linear field graph program codegen"
  [model]="base kernels field graph program graph_field"
  [builder]="base kernels field graph program graph_field model io"
  [step]="base kernels linear field"
  [checkpoint]="base"
  [solve]="base kernels linear field step checkpoint"
  [adjoint]="base kernels linear field step checkpoint solve"
  [fit]="base kernels field step solve adjoint graph program graph_field model io"
  [io]="base"
  [parameters]="base model io"
  [train]="base kernels field step solve adjoint graph program graph_field model fit io"
)

# Prints "file:line: include" of every quoted include below $1.
includes_of() {
  grep -rnE --include='*.[ch]' '^[[:space:]]*#[[:space:]]*include[[:space:]]*"[^"]+"' "$1" 2>/dev/null |
    sed -E 's/^([^:]+):([0-9]+):[^"]*"([^"]+)".*/\1:\2 \3/' || true
}

check_rooms() {
  local bad=0 directory room place included other
  for directory in src/*/; do
    room=$(basename "$directory")
    if [[ ! -v "allowed[$room]" ]]; then
      echo "$directory: a room that scripts/check_directions.sh does not know: say there what it may include"
      bad=1
      continue
    fi
    while read -r place included; do
      [[ -n $place ]] || continue
      case $included in
        odegrad.h) continue ;;
        */*) other=${included%%/*} ;;
        *) other=$room ;; # a file beside it
      esac
      if [[ $included == *..* ]]; then
        echo "$place: \"$included\": includes start at src/, not at .."
        bad=1
      elif [[ $other != "$room" && " ${allowed[$room]} " != *" $other "* ]]; then
        echo "$place: $room must not include \"$included\" (it may use:${allowed[$room]:+ ${allowed[$room]},} the public header)"
        bad=1
      fi
    done < <(includes_of "$directory")
  done
  return $bad
}

# The tool lives on the public header alone.
check_cli() {
  local bad=0 place included
  while read -r place included; do
    [[ -n $place ]] || continue
    if [[ $included != odegrad.h && ! -f cli/$included ]]; then
      echo "$place: cli may include odegrad.h and its own headers, not \"$included\""
      bad=1
    fi
  done < <(includes_of cli)
  return $bad
}

# The objects that build $1 has made of the sources of src/ and cli/, one a line. Others in the folder may be of sources that are gone.
objects_of() {
  local source objects bad=0
  shopt -s nullglob globstar
  for source in src/**/*.c cli/**/*.c; do
    objects=("$1"/CMakeFiles/*.dir/"$source".o)
    if [[ ${#objects[@]} == 0 ]]; then
      echo "$source has no object below $1: build first" >&2
      bad=1
    else
      printf '%s\n' "${objects[@]}"
    fi
  done
  return $bad
}

# A symbol that is undefined in an object must be defined in its own room, in one that it may use, or in a library. The tool may use
# what the public header declares. -P: "FILE: NAME TYPE ...", where capital types are those that others see.
check_calls() {
  local objects room
  objects=$(objects_of "$1") || return 1
  {
    for room in "${!allowed[@]}"; do echo "may $room ${allowed[$room]}"; done
    sed -nE 's/.*\b(og_[a-z0-9_]+)\(.*/public \1/p' include/odegrad.h
    tr '\n' '\0' <<<"$objects" | xargs -0 nm -A -P
  } | awk '
    $1 == "may" { for (i = 3; i <= NF; i++) may[$2, $i] = 1; next }
    $1 == "public" { public[$2] = 1; next }
    {
      file = $0; sub(/\.o: .*/, "", file); sub(/.*\.dir\//, "", file)
      text = $0; sub(/.*\.o: /, "", text); split(text, of, " ")
      room = file; sub(/^src\//, "", room); sub(/\/.*/, "", room)
      if (of[2] == "U") used[file SUBSEP room SUBSEP of[1]] = 1
      else if (of[2] ~ /^[A-Z]$/) { home[of[1]] = room; place[of[1]] = file }
    }
    END {
      for (key in used) {
        split(key, of, SUBSEP)
        if (!(of[3] in home) || home[of[3]] == of[2] || (of[2], home[of[3]]) in may) continue
        if (of[2] == "cli" && of[3] in public) continue
        print of[1] " uses " of[3] " of " place[of[3]] ", which " of[2] " must not"
        bad = 1
      }
      exit bad
    }'
}

check_tree() {
  local bad=0
  cd "$1"
  check_rooms || bad=1
  check_cli || bad=1
  if [[ -n ${2:-} ]]; then
    check_calls "$2" || bad=1
  fi
  return $bad
}

# One small tree: file $1 includes "$2". Expects the verdict $3 (good or bad).
try_include() {
  local tree verdict=good
  tree=$(mktemp -d)
  mkdir -p "$tree/src/base" "$tree/src/solve" "$tree/src/io" "$tree/src/fit" "$tree/cli" "$tree/$(dirname "$1")"
  touch "$tree/cli/own.h"
  printf '#include <math.h>\n  # include "%s"\n' "$2" >"$tree/$1"
  (check_tree "$tree") >/dev/null || verdict=bad
  rm -rf "$tree"
  if [[ $verdict != "$3" ]]; then
    echo "self-test: $1 including \"$2\" was found $verdict, but is $3"
    return 1
  fi
}

# One small tree: the file $1 calls a function of $2, which the public header declares where $4 is "public". Expects the verdict $3.
try_call() {
  local tree source verdict=good
  tree=$(mktemp -d)
  mkdir -p "$tree/include"
  echo "${4:+int og_called(int x);}" >"$tree/include/odegrad.h"
  for source in "$1" "$2"; do mkdir -p "$tree/$(dirname "$source")" "$tree/build/CMakeFiles/any.dir/$(dirname "$source")"; done
  echo 'int og_called(int x); int og_calling(int x) { return og_called(x); }' >"$tree/$1"
  echo 'int og_called(int x); int og_called(int x) { return x; }' >"$tree/$2"
  for source in "$1" "$2"; do "${CC:-cc}" -c "$tree/$source" -o "$tree/build/CMakeFiles/any.dir/$source.o"; done
  (check_tree "$tree" "$tree/build") >/dev/null || verdict=bad
  rm -rf "$tree"
  if [[ $verdict != "$3" ]]; then
    echo "self-test: $1 calling a function of $2 was found $verdict, but is $3"
    return 1
  fi
}

# A source that no build has seen must not pass as one without calls.
try_unbuilt() {
  local tree verdict=good
  tree=$(mktemp -d)
  mkdir -p "$tree/src/base" "$tree/build/CMakeFiles" "$tree/include"
  touch "$tree/src/base/a.c" "$tree/include/odegrad.h"
  (check_tree "$tree" "$tree/build") 2>/dev/null || verdict=bad
  rm -rf "$tree"
  [[ $verdict == bad ]] || echo "self-test: a source without an object was found good"
  [[ $verdict == bad ]]
}

self_test() {
  local failed=0
  try_include src/solve/a.c step/step.h good || failed=1
  try_include src/solve/a.c solve.h good || failed=1
  try_include src/base/a.c odegrad.h good || failed=1
  try_include src/fit/a.c model/model.h good || failed=1
  try_include src/train/a.c fit/objective.h good || failed=1
  try_include src/fit/a.c train/updater.h bad || failed=1
  try_include cli/a.c own.h good || failed=1
  try_include src/base/a.h kernels/kernels.h bad || failed=1
  try_include src/checkpoint/a.c solve/solve.h bad || failed=1
  try_include src/solve/a.c graph/graph.h bad || failed=1
  try_include src/adjoint/a.c model/model.h bad || failed=1
  try_include src/step/a.c solve/solve.h bad || failed=1
  try_include src/io/a.c fit/fit.h bad || failed=1
  try_include src/solve/a.c ../model/model.h bad || failed=1
  try_include src/cellar/a.c odegrad.h bad || failed=1
  try_include cli/a.c base/base.h bad || failed=1
  try_call src/solve/memory/a.c src/base/b.c good || failed=1
  try_call src/io/a.c src/model/b.c bad public || failed=1
  try_call src/model/a.c src/io/b.c bad || failed=1
  try_call cli/a.c src/model/b.c good public || failed=1
  try_call cli/a.c src/model/b.c bad || failed=1
  try_unbuilt || failed=1
  [[ $failed == 0 ]] && echo "self-test: violations are caught, and only they"
  return $failed
}

if [[ ${1:-} == --self-test ]]; then
  self_test
else
  root=${1:-$(dirname "$0")/..}
  build=${2:+$(realpath "$2")}
  (check_tree "$root" "$build") && echo "every include${build:+ and every call} points the allowed way"
fi

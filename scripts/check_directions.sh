#!/bin/bash
# Which room of src/ may include which, as docs and design have it: dependencies point one way.
#   check_directions.sh              checks this repository
#   check_directions.sh ROOT         checks another tree
#   check_directions.sh --self-test  makes trees with and without violations and sees that they are told apart
set -euo pipefail

# room: the rooms it may include, besides itself, the public header and libraries
declare -A allowed=(
  [base]=""
  [kernels]="base"
  [field]="base kernels"
  [graph]="base kernels"
  [program]="base kernels graph"
  [codegen]="base kernels graph program"
  [graph_field]="base kernels field graph program codegen"
  [model]="base kernels field graph program graph_field io"
  [builder]="base kernels field graph program graph_field model io"
  [step]="base kernels field"
  [checkpoint]="base"
  [solve]="base kernels field step checkpoint"
  [adjoint]="base kernels field step checkpoint solve"
  [fit]="base kernels field step solve adjoint graph program graph_field model"
  [io]="base"
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

check_tree() {
  cd "$1"
  local bad=0
  check_rooms || bad=1
  check_cli || bad=1
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
  [[ $failed == 0 ]] && echo "self-test: violations are caught, and only they"
  return $failed
}

if [[ ${1:-} == --self-test ]]; then
  self_test
else
  root=${1:-$(dirname "$0")/..}
  (check_tree "$root") && echo "every include points the allowed way"
fi

#!/bin/bash
# Every allocation of every verb fails in turn, those of libraries among them: the tool ends with the right result, or
# says that memory is missing. Usage: run.sh TOOL
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tool=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export tool work
if ! ${CC:-cc} -shared -fPIC -O1 -o "$work/fail.so" "$here/fail_malloc.c" 2>"$work/log"; then
  cat "$work/log"
  exit 1
fi

cat >"$work/m.ode" <<'END'
param alpha = 1.0 in [0, 5], beta = 0.05 in [0, 1], s = 0.3 in [0.01, 5]
net f = mlp(1, 2, 1; tanh)
input u linear
init hare = 30
init lynx = 5
hare' = alpha*hare - beta*hare*lynx + 0.001*f(u)
lynx' = -lynx + beta*hare*lynx
observe hare ~ lognormal(log(hare), s)
event e when t - 1.5 = 0 rising { lynx = lynx + 0.1 }
cost final = lynx/100
time 0 : 3
END
printf 'id,t,hare,u\na,0,30,1\na,1,47,1\na,3,10,1\nb,0,30,1\nb,1,40,1\nb,3,10,1\n' >"$work/d.csv"
grep -v -e '^event' -e '^net' "$work/m.ode" | sed 's/ + 0.001.*//' >"$work/plain.ode"

# One run: number of the allocation that fails, the arguments. Prints what is wrong.
one() {
  local at=$1 status=0 out=$work/out.$1 err=$work/err.$1
  shift
  FAIL_AT=$at LD_PRELOAD=$work/fail.so "$tool" "$@" --data "$work/d.csv" >"$out" 2>"$err" || status=$?
  if ((status > 2)); then
    echo "allocation $at of $*: status $status: $(tail -1 "$err")"
  elif ((status != 0)) && ! grep -q memory "$err"; then
    echo "allocation $at of $*: no word of memory: $(tail -1 "$err")"
  elif ((status == 0)) && [[ $COMPARE == 1 ]] && ! cmp -s "$out" "$work/expected"; then
    echo "allocation $at of $*: another result and status 0"
  fi
  rm -f "$out" "$err"
}
# How many arguments, the arguments, the numbers of allocations.
some() {
  local arguments=("${@:2:$1}") at
  for at in "${@:$1+2}"; do one "$at" "${arguments[@]}"; done
}
export -f one some

# Whether results are compared (not where they have times in them, or NLopt goes another way), then the arguments.
each() {
  export COMPARE=$1
  shift
  if ! COUNT_INTO=$work/count LD_PRELOAD=$work/fail.so "$tool" "$@" --data "$work/d.csv" >"$work/expected" 2>"$work/log"; then
    echo "$*: $(tail -1 "$work/log")"
    return
  fi
  seq "$(cat "$work/count")" | xargs -P "$(nproc)" -n 100 bash -c 'some "$@"' _ $# "$@"
}

{
  each 1 solve "$work/m.ode"
  each 1 grad "$work/m.ode" --plot "$work/picture.svg"
  each 0 check "$work/plain.ode"
  each 0 fit "$work/plain.ode" --iterations 5 --out "$work/fitted.safetensors"
  each 0 fit "$work/m.ode" --optimizer adam --epochs 2 --checkpoint "$work/state" --out "$work/fitted.json"
  each 1 predict "$work/m.ode" --params "$work/fitted.json"
  each 1 grad "$work/plain.ode" --hessian
} >"$work/wrong"
cat "$work/wrong"
[[ ! -s $work/wrong ]]

#!/bin/bash
# scripts/deps.sh with a machine made of stand-ins: what it says and calls when things are missing, and when none is.
set -euo pipefail
script=$(cd "$(dirname "$0")/../.." && pwd)/scripts/deps.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
shell=$(command -v sh)
failed=0

# A folder of commands: $1 its name, the others stand-ins that only succeed; apt-get also says how it was called.
machine() {
  local folder=$work/$1 command
  mkdir -p "$folder"
  shift
  for command in ls env mktemp rm cat; do ln -sf "$(command -v $command)" "$folder/$command"; done
  for command in "$@"; do printf '#!%s\nexit 0\n' "$shell" >"$folder/$command"; done
  if [[ " $* " == *" apt-get "* ]]; then
    printf '#!%s\necho "$@" >>"%s"\n' "$shell" "$folder/calls" >"$folder/apt-get"
  fi
  if [[ " $* " == *" sudo "* ]]; then
    printf '#!%s\necho sudo >>"%s"\nexec "$@"\n' "$shell" "$folder/calls" >"$folder/sudo"
  fi
  chmod +x "$folder"/*
}
# The user with id $2 runs deps.sh on machine $1.
run() {
  printf '#!%s\necho %s\n' "$shell" "$2" >"$work/$1/id"
  chmod +x "$work/$1/id"
  PATH=$work/$1 "$shell" "$script" build >"$work/out" 2>&1
}
expect() { # what, then a condition
  local what=$1
  shift
  "$@" && return
  echo "not so: $what; it printed:"
  cat "$work/out"
  failed=1
}

machine complete cc cmake pkg-config apt-get
run complete 1000 && status=0 || status=$?
expect "with nothing missing it succeeds" [ "$status" = 0 ]
expect "with nothing missing it is silent" [ ! -s "$work/out" ]
expect "with nothing missing it calls no apt-get" [ ! -e "$work/complete/calls" ]

machine root cc apt-get
run root 0 && status=0 || status=$?
expect "root installs" [ "$status" = 0 ]
expect "it says what it installs" grep -q "installing with apt-get: cmake pkg-config libnlopt-dev" "$work/out"
expect "it asks for what is missing" grep -q "install .*cmake pkg-config libnlopt-dev libcjson-dev" "$work/root/calls"
expect "it asks for nothing that is there" [ "$(grep -c gcc "$work/root/calls")" = 0 ]

machine user cc apt-get sudo
run user 1000 && status=0 || status=$?
expect "a user installs by sudo" grep -q sudo "$work/user/calls"

machine powerless cc apt-get
run powerless 1000 && status=0 || status=$?
expect "without rights it fails" [ "$status" = 1 ]
expect "without rights it says what to ask for" grep -q "Ask an administrator to run: apt-get install cmake" "$work/out"

machine foreign cc
run foreign 0 && status=0 || status=$?
expect "without apt-get it fails" [ "$status" = 1 ]
expect "without apt-get it names what is missing" grep -q "missing, under their Debian names: cmake" "$work/out"

[[ $failed == 0 ]] && echo "deps.sh does and says what it should"
exit $failed

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
  for command in ls env mktemp rm cat awk uname; do ln -sf "$(command -v $command)" "$folder/$command"; done
  for command in "$@"; do printf '#!%s\nexit 0\n' "$shell" >"$folder/$command"; done
  if [[ " $* " == *" apt-get "* ]]; then
    cat >"$folder/apt-get" <<END
#!$shell
echo "\$@" >>"$folder/calls"
case " \$* " in
  *" update "*) rm -f "$folder/no-lists" ;;
  *" --print-uris "*) # as apt-get does: 'address' file size hash
    [ ! -e "$folder/no-lists" ] || { echo "E: Unable to locate package"; exit 100; }
    echo "'http://deb.example/a.deb' a.deb 1200000 MD5Sum:0"
    echo "'http://deb.example/b.deb' b.deb 300000 MD5Sum:0" ;;
  *) [ ! -e "$folder/broken" ] || { echo "E: Unable to fetch"; exit 100; } ;;
esac
END
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

# A pkg-config that knows the modules after the machine's name.
modules() {
  local folder=$work/$1
  shift
  printf '#!%s\nfor known in %s; do [ "$2" != "$known" ] || exit 0; done\nexit 1\n' "$shell" "$*" >"$folder/pkg-config"
  chmod +x "$folder/pkg-config"
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
expect "it says how much it fetches" grep -q "2 packages, 1.5 MB to fetch" "$work/out"
expect "it asks for what is missing" grep -q "install -y .*cmake pkg-config libnlopt-dev libcjson-dev libcairo2-dev libsleef-dev" "$work/root/calls"
expect "it asks for nothing that is there" [ "$(grep -c gcc "$work/root/calls")" = 0 ]
expect "it needs no lists that it has" [ "$(grep -c update "$work/root/calls")" = 0 ]

machine fresh cc apt-get
touch "$work/fresh/no-lists"
run fresh 0 && status=0 || status=$?
expect "without package lists it fetches them and installs" [ "$status" = 0 ]
expect "it refreshes the lists once" [ "$(grep -c update "$work/fresh/calls")" = 1 ]

machine user cc apt-get sudo
run user 1000 && status=0 || status=$?
expect "a user installs by sudo" grep -q sudo "$work/user/calls"

machine powerless cc apt-get
run powerless 1000 && status=0 || status=$?
expect "without rights it fails" [ "$status" = 1 ]
expect "without rights it says what to ask for, on a machine without lists and no more than needed" \
  grep -q "apt-get update && apt-get install --no-install-recommends cmake pkg-config libnlopt-dev" "$work/out"

machine foreign cc
run foreign 0 && status=0 || status=$?
expect "without apt-get it fails" [ "$status" = 1 ]
expect "without apt-get it names what is missing" grep -q "missing, under their Debian names: cmake" "$work/out"

for kind in powerless_plain foreign_plain offline_plain; do
  machine $kind cc cmake
  modules $kind nlopt libcjson
done
machine powerless_plain apt-get
machine offline_plain apt-get
touch "$work/offline_plain/broken"
for kind in powerless_plain foreign_plain offline_plain; do
  user=1000
  [[ $kind == offline_plain ]] && user=0
  run $kind $user && status=0 || status=$?
  expect "$kind: without cairo and SLEEF it goes on" [ "$status" = 0 ]
  expect "$kind: it says what is lost" grep -q "without plots.*libcairo2-dev" "$work/out"
done

machine spare cc cmake apt-get
modules spare nlopt libcjson
OPTIONAL=no run spare 0 && status=0 || status=$?
expect "with OPTIONAL=no what a build can do without is not asked for" [ "$status" = 0 -a ! -s "$work/out" -a ! -e "$work/spare/calls" ]

machine broken cc apt-get
touch "$work/broken/broken"
run broken 0 && status=0 || status=$?
expect "what cannot be installed and is needed is an error" [ "$status" = 1 ]
expect "and it says what apt-get said" grep -q "Unable to fetch" "$work/out"
expect "and what to type" grep -q "^odegrad:   apt-get update && apt-get install --no-install-recommends cmake" "$work/out"

[[ $failed == 0 ]] && echo "deps.sh does and says what it should"
exit $failed

#!/bin/sh
# Installs what odegrad needs and this machine lacks: deps.sh [build|test|bench]...
# When nothing is missing it does nothing, silently, and needs neither network nor rights. Where something cannot be installed
# that a build can do without, it says what is lost and succeeds; with OPTIONAL=no it does not ask for that at all.
set -eu

# What is needed, as "package:test", where the test is a command, or a pkg-config module (pc=NAME), or a file (file=GLOB).
# A dependency that is met by other means than Debian's package counts as met.
build_needs="gcc:cc cmake:cmake pkg-config:pkg-config
  libc6-dev:file=/usr/include/stdlib.h
  libnlopt-dev:pc=nlopt libcjson-dev:pc=libcjson"
optional="libcairo2-dev:pc=cairo libsleef-dev:pc=sleef"
test_needs="$build_needs $optional g++:c++ binutils:nm
  libsuitesparse-dev:file=/usr/include/suitesparse/klu.h
  libcmocka-dev:pc=cmocka clang:clang clang-format:clang-format
  libomp-dev:file=/usr/lib/llvm-*/lib/libomp.so
  libclang-rt-dev:file=/usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a"
# bench builds its peer, SUNDIALS, from Debian's source package, or from what dpkg-source fetched before.
bench_needs="$build_needs $optional libsuitesparse-dev:file=/usr/include/suitesparse/klu.h g++:c++ dpkg-dev:dpkg-source xz-utils:xz"

have() {
  case $1 in
    pc=*) command -v pkg-config >/dev/null && pkg-config --exists "${1#pc=}" ;;
    file=*) ls ${1#file=} >/dev/null 2>&1 ;;
    *) command -v "$1" >/dev/null ;;
  esac
}

missing="" wanted="" # what there must be, and what a build can do without
for profile in "${@:-build}"; do
  welcome=""
  case $profile in
    build) needs=$build_needs welcome=$optional ;;
    test) needs=$test_needs ;;
    bench) needs=$bench_needs ;;
    *) echo "usage: $0 [build|test|bench]..." >&2; exit 2 ;;
  esac
  for need in $needs; do
    package=${need%%:*}
    case " $missing " in *" $package "*) continue ;; esac
    have "${need#*:}" || missing="$missing $package"
  done
  [ "${OPTIONAL:-yes}" != no ] || welcome=""
  for need in $welcome; do
    have "${need#*:}" || wanted="$wanted ${need%%:*}"
  done
done
missing=${missing# }
for package in $wanted; do
  case " $missing " in *" $package "*) wanted="" ;; esac # a further profile needs them
done
all=$missing${missing:+${wanted:+ }}${wanted# }
[ -n "$all" ] || exit 0

# What a build is without the packages in $wanted.
say_loss() {
  for package in $wanted; do
    case $package in
      libcairo2-dev) echo "odegrad: built without plots (--plot, --loss-plot), as $package is missing" >&2 ;;
      libsleef-dev) [ "$(uname -m)" != x86_64 ] ||
        echo "odegrad: built with slower exp, tanh, sin, ... (one number at a time), as $package is missing" >&2 ;;
    esac
  done
}
# Ends where packages cannot be installed: well when the build can do without all that is missing.
give_up() {
  if [ -z "$missing" ]; then
    say_loss
    exit 0
  fi
  for line; do echo "odegrad: $line" >&2; done
  exit 1
}

command -v apt-get >/dev/null ||
  give_up "these are missing, under their Debian names: $missing${wanted:+ (and, if you want plots and speed:$wanted)}" \
    "there is no apt-get here to install them with; please install them by your system's own means (README.md, \"Building\")."
by_hand="apt-get update && apt-get install --no-install-recommends $all"
as_root=""
if [ "$(id -u)" -ne 0 ]; then
  as_root=sudo
  command -v sudo >/dev/null ||
    give_up "these packages are missing: $all" "you are not root and there is no sudo. Ask an administrator to run:" "  $by_hand"
fi

log=$(mktemp)
# How much apt-get would fetch: "7 packages, 12.3 MB". Fails when it does not know the packages.
size() {
  LC_ALL=C apt-get install --print-uris -qq --no-install-recommends $all 2>"$log" >"$log.uris" || { cat "$log.uris" >>"$log"; return 1; }
  awk '$1 ~ /^\047/ { count++; bytes += $3 }
       END { printf "%d package%s, %.1f MB to fetch", count, count == 1 ? "" : "s", bytes / 1e6 }' "$log.uris"
}
install_all() {
  amount=$(size) || return 1
  echo "odegrad: installing with apt-get${as_root:+ (by sudo)}: $all (with what they need: $amount)"
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $all >"$log" 2>&1
}
trap 'rm -f "$log" "$log.uris"' EXIT
# The package lists may be absent or old: refresh them only when the first try fails.
if ! install_all; then
  $as_root apt-get update -qq >/dev/null 2>&1 || echo "odegrad: apt-get update failed; trying with the old lists" >&2
  if ! install_all; then
    [ -z "$missing" ] || cat "$log" >&2
    give_up "could not install: $all (is the network there, and may you use ${as_root:-apt-get}?)" "By hand, as root:" "  $by_hand"
  fi
fi
echo "odegrad: installed: $all"

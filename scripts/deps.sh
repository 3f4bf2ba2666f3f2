#!/bin/sh
# Installs what odegrad needs and this machine lacks: deps.sh [build|test|bench]...
# When nothing is missing it does nothing, silently, and needs neither network nor rights.
set -eu

# What is needed, as "package:test", where the test is a command, or a pkg-config module (pc=NAME), or a file (file=GLOB).
# A dependency that is met by other means than Debian's package counts as met.
build_needs="gcc:cc cmake:cmake pkg-config:pkg-config
  libc6-dev:file=/usr/include/stdlib.h
  libnlopt-dev:pc=nlopt libcjson-dev:pc=libcjson libcairo2-dev:pc=cairo libsleef-dev:pc=sleef"
test_needs="$build_needs g++:c++ binutils:nm
  libcmocka-dev:pc=cmocka clang:clang clang-format:clang-format
  libomp-dev:file=/usr/lib/llvm-*/lib/libomp.so
  libclang-rt-dev:file=/usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a"
# bench builds its peer, SUNDIALS, from Debian's source package, or from what dpkg-source fetched before.
bench_needs="$build_needs g++:c++ dpkg-dev:dpkg-source xz-utils:xz"

have() {
  case $1 in
    pc=*) command -v pkg-config >/dev/null && pkg-config --exists "${1#pc=}" ;;
    file=*) ls ${1#file=} >/dev/null 2>&1 ;;
    *) command -v "$1" >/dev/null ;;
  esac
}

missing=""
for profile in "${@:-build}"; do
  case $profile in
    build) needs=$build_needs ;;
    test) needs=$test_needs ;;
    bench) needs=$bench_needs ;;
    *) echo "usage: $0 [build|test|bench]..." >&2; exit 2 ;;
  esac
  for need in $needs; do
    package=${need%%:*}
    case " $missing " in *" $package "*) continue ;; esac
    have "${need#*:}" || missing="$missing $package"
  done
done
missing=${missing# }
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
  echo "odegrad: these are missing, under their Debian names: $missing" >&2
  echo "odegrad: there is no apt-get here to install them with; please install them by your system's own means." >&2
  exit 1
fi
as_root=""
if [ "$(id -u)" -ne 0 ]; then
  as_root=sudo
  if ! command -v sudo >/dev/null; then
    echo "odegrad: these packages are missing: $missing" >&2
    echo "odegrad: you are not root and there is no sudo. Ask an administrator to run: apt-get install $missing" >&2
    exit 1
  fi
fi

echo "odegrad: installing with apt-get${as_root:+ (by sudo)}: $missing"
install_missing() {
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >"$log" 2>&1
}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The package lists may be absent or old: refresh them only when the first try fails.
if ! install_missing; then
  $as_root apt-get update -qq >/dev/null 2>&1 || echo "odegrad: apt-get update failed; trying with the old lists" >&2
  if ! install_missing; then
    cat "$log" >&2
    echo "odegrad: could not install: $missing (is the network there?)" >&2
    exit 1
  fi
fi
echo "odegrad: installed: $missing"

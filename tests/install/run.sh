#!/bin/bash
# Installs a build into a temporary prefix and uses it from outside: run.sh BUILD_FOLDER. A consumer is built in C and in
# C++, against the shared and the static library, found by pkg-config and by CMake's find_package, and run.
set -euo pipefail
build=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix

cmake --install "$build" --prefix "$prefix" >/dev/null
library=$(dirname "$(find "$prefix" -name libodegrad.so)")
export PKG_CONFIG_PATH=$library/pkgconfig

stage() { echo "-- $*"; }

# Compiler $1 for language $2, library $3 (shared or static), by pkg-config.
by_pkg_config() {
  local program=$work/consumer_$2_$3 flags libs
  stage "pkg-config, $2, $3"
  flags=$(pkg-config --cflags odegrad)
  if [[ $3 == static ]]; then
    # the archive by name, since -lodegrad prefers the shared library beside it
    libs=$(pkg-config --libs --static odegrad | sed 's/-lodegrad/-l:libodegrad.a/')
  else
    libs=$(pkg-config --libs odegrad)
  fi
  "$1" -Wall -Wextra -Werror $flags -x "$2" "$here/consumer.c" -x none $libs -lm -o "$program"
  LD_LIBRARY_PATH=$library "$program"
  if [[ $3 == static ]] && ldd "$program" | grep -q libodegrad; then
    echo "the static consumer needs libodegrad.so"
    exit 1
  fi
}

# Every public function, called from outside by compiler $1 in language $2.
every_call() {
  local folder=$work/calls_$2
  stage "every call, $2"
  mkdir "$folder"
  "$1" -Wall -Wextra -Werror $(pkg-config --cflags odegrad) -x "$2" "$here"/calls/*.c -x none \
    $(pkg-config --libs odegrad) -lm -o "$folder/calls"
  (cd "$folder" && LD_LIBRARY_PATH=$library ./calls)
}

# Language $1, library $2, by find_package.
by_cmake() {
  local folder=$work/cmake_$1_${2##*:}
  stage "find_package, $1, $2"
  cmake -S "$here" -B "$folder" -DCMAKE_PREFIX_PATH="$prefix" -DCONSUMER_LANGUAGE="$1" -DCONSUMER_LIBRARY="$2" \
    >"$folder.log" 2>&1 && cmake --build "$folder" >>"$folder.log" 2>&1 || { cat "$folder.log"; exit 1; }
  "$folder/consumer"
}

for library_kind in shared static; do
  by_pkg_config cc c $library_kind
  by_pkg_config c++ c++ $library_kind
done
every_call cc c
every_call c++ c++
for target in odegrad::odegrad odegrad::static; do
  by_cmake C $target
  by_cmake CXX $target
done

stage "the shared library exports og_ names only, and every function of the header"
exported=$(nm -D --defined-only "$library/libodegrad.so" | awk '{ print $3 }' | sort)
if foreign=$(grep -v '^og_' <<<"$exported"); then
  echo "exported, but not og_:" $foreign
  exit 1
fi
declared=$(grep '^OG_API' "$prefix/include/odegrad.h" | grep -oE '\bog_[a-z0-9_]+\(' | tr -d '(' | sort)
if difference=$(diff <(echo "$declared") <(echo "$exported")); then
  echo "$(wc -l <<<"$exported") functions"
else
  echo "header (<) and exported symbols (>) differ:"
  echo "$difference"
  exit 1
fi
soname=$(objdump -p "$library/libodegrad.so" | awk '$1 == "SONAME" { print $2 }')
[[ $soname == libodegrad.so.0 ]] || { echo "SONAME is $soname, not libodegrad.so.0"; exit 1; }

stage "make uninstall takes away what make install brought, and nothing else"
root=$work/root script=$here/../../scripts/install.sh
mkdir -p "$root/usr/local/bin" && echo mine >"$root/usr/local/bin/mine"
BUILD=$build "$script" install /usr/local "$root" >/dev/null
[[ -x $root/usr/local/bin/odegrad ]] || { echo "the tool is not installed"; exit 1; }
BUILD=$build "$script" uninstall /usr/local "$root"
left=$(cd "$root" && find . ! -type d)
[[ $left == ./usr/local/bin/mine ]] || { echo "left behind, or taken away from others:" $left; exit 1; }

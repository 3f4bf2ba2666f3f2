#!/bin/bash
# Executables linked with -static to odegrad::static: static.sh BUILD_FOLDER. Debian has no archives of some of the libraries: stand-ins
# define what libodegrad.a wants of them, which the consumer does not call.
set -euo pipefail
build=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo 'int main(void) { return 0; }' >"$work/empty.c"
if ! cc -static -fopenmp "$work/empty.c" -o "$work/empty" 2>"$work/said"; then
  echo "-- skipped: the compiler cannot link with -static: $(tail -1 "$work/said")"
  exit 77
fi
cmake --install "$build" --prefix "$work/prefix" >/dev/null
archive=$(find "$work/prefix" -name libodegrad.a)

# A library lib$2 in folder $1, of module $3, that defines what matches $4; $5: what else it is linked to, $6: its C.
stand_in() {
  nm -u "$archive" | awk '{ print $2 }' | grep -E "$4" | sort -u | sed 's/.*/void &(void) {}/' >"$1/$2.c" || true
  echo "${6:-}" >>"$1/$2.c"
  cc -w -fno-builtin -c -fPIC "$1/$2.c" -o "$1/$2.o"
  ar rc "$1/lib$2.a" "$1/$2.o"
  printf 'Name: %s\nDescription: a stand-in\nVersion: 9\nLibs: -L%s -l%s\nLibs.private: %s\n' "$3" "$1" "$2" "${5:-}" >"$1/$3.pc"
}
libraries() {
  mkdir -p "$1"
  stand_in "$1" nlopt nlopt '^nlopt_'
  stand_in "$1" cjson libcjson '^cJSON_'
  stand_in "$1" sleef sleef '^Sleef_'
  stand_in "$1" cairo cairo '^cairo_' "${2:-}" "${3:-}"
}

# Name $1, folder of the libraries $2; then options for cmake.
consumer() {
  local folder=$work/$1
  echo "-- $1"
  PKG_CONFIG_PATH=$2 cmake -S "$here" -B "$folder" -DCMAKE_PREFIX_PATH="$work/prefix" -DCONSUMER_LANGUAGE=C \
    -DCONSUMER_LIBRARY=odegrad::static "${@:3}" >"$folder.log" 2>&1 && cmake --build "$folder" >>"$folder.log" 2>&1 ||
    { cat "$folder.log"; exit 1; }
  if ldd "$folder/consumer" >/dev/null 2>&1; then
    echo "the executable is not static"
    exit 1
  fi
  "$folder/consumer"
}

libraries "$work/archives"
consumer only_archives "$work/archives" -DCONSUMER_OPTIONS=-static

# Shared libraries beside the archives, one of which needs another: as `pkg-config --static` names them.
both=$work/both
libraries "$both" -lbelow 'void below(void); void (*cairo_needs)(void) = below; void cairo_debug_reset_static_data(void) {}'
stand_in "$both" below below '^none$' '' 'void below(void) {}'
for name in nlopt cjson sleef below; do cc -shared "$both/$name.o" -o "$both/lib$name.so"; done
cc -shared "$both/cairo.o" -L"$both" -lbelow -o "$both/libcairo.so"
consumer flags_of_all "$both" -DCMAKE_EXE_LINKER_FLAGS=-static
consumer said_beforehand "$both" -DCONSUMER_OPTIONS=-static -Dodegrad_STATIC=ON

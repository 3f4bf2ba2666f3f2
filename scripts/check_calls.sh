#!/bin/bash
# Every public function is called by a program under tests/ or examples/, in C and in C++. What is built in both languages
# stands in tests/install (run.sh builds and runs it through the installed header); C++ alone would be *.cpp. Names that stand
# in comments or strings are no calls. `--self-test` sees that a function which nobody calls is found.
set -euo pipefail
cd "$(dirname "$0")/.."

# Code without comments and strings, of the files named on standard input, one a line.
code_of() {
  xargs -r cat | perl -0777 -pe 's{/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"}{ }gs'
}

# Declared functions of header $1, sorted.
declared_in() {
  code_of <<<"$1" | perl -0777 -ne 'while (/OG_API\b[^;(]*?\b(og_\w+)\s*\(/g) { print "$1\n" }' | sort -u
}

# Called or handed on by the files on standard input, sorted.
used() { code_of | grep -oE '\bog_[a-z0-9_]+\b' | sort -u; }

in_c() { find tests examples -name '*.c' -o -path 'tests/*' -name '*.h'; }
in_cxx() { find tests/install -name '*.c' -not -name race.c -o -path 'tests/install/*' -name '*.h'; find tests examples -name '*.cpp'; }

# Whether header $1 declares nothing that is not called.
check() {
  local declared missing=0 language
  declared=$(declared_in "$1")
  for language in c cxx; do
    while read -r name; do
      [[ -n $name ]] || continue
      echo "no program in ${language/cxx/C++} calls $name: tests/install/calls is a place for it" | sed 's/ in c calls/ in C calls/'
      missing=1
    done < <(comm -23 <(echo "$declared") <("in_$language" | used))
  done
  ((missing)) || echo "$(wc -l <<<"$declared") functions are called in C and in C++"
  return "$missing"
}

if [[ ${1:-} == --self-test ]]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  sed 's/^OG_API const char \*og_version(void);/&\nOG_API void og_nobody_calls(void);/' include/odegrad.h >"$work/odegrad.h"
  found=$(check "$work/odegrad.h" || true)
  [[ $(grep -c og_nobody_calls <<<"$found") == 2 && $(wc -l <<<"$found") == 2 ]] || { echo "not found: $found"; exit 1; }
  echo "a function that nobody calls is found"
else
  check include/odegrad.h
fi

#!/bin/sh
# The layout of every C file as .clang-format has it. Exit 77: clang-format is not here (ctest calls that skipped).
set -eu
cd "$(dirname "$0")/.."
if ! command -v clang-format >/dev/null; then
  echo "clang-format is not installed: the format was not checked"
  exit 77
fi
find include src cli tests bench examples -name '*.[ch]' -print0 | xargs -0 clang-format --dry-run --Werror

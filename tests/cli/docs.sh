#!/bin/bash
# Runs the examples of a document: its ```sh blocks, one after another in one folder, which holds copies of the models and data that
# stand beside the document, and of examples/ where that does. A ```text block that follows is what
# standard output must be, columns included; compare.awk says when it is.
#   docs.sh ODEGRAD DOCUMENT.md
set -u
compare=$(cd "$(dirname "$0")" && pwd)/compare.awk
tool=$(cd "$(dirname "$1")" && pwd)/$(basename "$1") || exit 2
document=$(cd "$(dirname "$2")" && pwd)/$(basename "$2") || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin" "$work/blocks" "$work/run" && ln -s "$tool" "$work/bin/odegrad"
export PATH=$work/bin:$PATH LC_ALL=C

awk -v folder="$work/blocks" '
  /^```sh$/   { file = sprintf("%s/%03d.sh", folder, ++count); printf "" > file; next }
  /^```text$/ { file = sprintf("%s/%03d.text", folder, count); printf "" > file; next }
  /^```/      { file = ""; next }
  file        { print > file }' "$document"

find "$(dirname "$document")" -maxdepth 1 \( -name '*.ode' -o -name '*.csv' \) -exec cp {} "$work/run" \;
[[ ! -d $(dirname "$document")/examples ]] || cp -r "$(dirname "$document")/examples" "$work/run" || exit 2
cd "$work/run" || exit 2
failed=0 count=0
for block in "$work"/blocks/*.sh; do
  [[ -e $block ]] || { echo "$2 has no examples" >&2; exit 2; }
  count=$((count + 1))
  bash -e "$block" >"$work/out" 2>"$work/err" </dev/null || {
    echo "an example of $2 failed:"; cat "$block" "$work/err"; failed=1
  }
  expected=${block%.sh}.text
  [[ -e $expected ]] || continue
  awk -v layout=1 -f "$compare" "$expected" "$work/out" || { echo "an example of $2 prints something else:"; cat "$block"; failed=1; }
done
[[ $failed == 0 ]] && echo "$count examples of $2 as expected"
exit $failed

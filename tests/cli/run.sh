#!/bin/bash
# Golden transcripts of the command line. Each transcripts/*.txt holds commands ("$ ...") followed by what they print: standard
# output as it is, standard error behind "! ", the exit status in brackets. They run in a copy of fixtures/, with `odegrad` on
# the PATH. compare.awk says when two transcripts are the same.
#   run.sh ODEGRAD [--update]    --update writes those that differ anew; read the difference before keeping it
set -u
here=$(cd "$(dirname "$0")" && pwd)
tool=$(cd "$(dirname "$1")" && pwd)/$(basename "$1") || exit 2
[[ -x $tool ]] || { echo "$1 is not there; build it first" >&2; exit 2; }
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin" && ln -s "$tool" "$work/bin/odegrad"
export PATH=$work/bin:$PATH LC_ALL=C

# Times are left out of what is kept, so that writing it anew does not change them.
mask() { sed -E -e 's/("seconds":[[:space:]]*)[-+.0-9e]+/\1.../' -e 's/ [-+.0-9e]+ s$/ ... s/'; }

# The transcript of the commands in $1, made anew.
play() {
  local line status
  rm -rf "$work/run" && cp -r "$here/fixtures" "$work/run" && cd "$work/run" || exit 2
  grep -E '^(\$|#) ' "$1" | while IFS= read -r line; do
    echo "$line"
    [[ $line == '$ '* ]] || continue
    bash -c "${line#\$ }" >"$work/out" 2>"$work/err" </dev/null
    status=$?
    cat "$work/out"
    sed 's/^/! /' "$work/err"
    echo "[$status]"
  done
}

failed=0 count=0
for transcript in "$here"/transcripts/*.txt; do
  play "$transcript" >"$work/played"
  count=$((count + $(grep -c '^\$ ' "$transcript")))
  awk -f "$here/compare.awk" "$transcript" "$work/played" >"$work/difference" && continue
  echo "$(basename "$transcript") differs:"
  cat "$work/difference"
  failed=1
  [[ ${2:-} == --update ]] && mask <"$work/played" >"$transcript"
done
[[ $count -gt 0 ]] || { echo "there are no transcripts" >&2; exit 2; }
[[ $failed == 0 ]] && echo "$count commands as expected"
exit $failed

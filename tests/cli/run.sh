#!/bin/bash
# Golden transcripts of the command line. Each transcripts/*.txt holds commands ("$ ...") followed by what they print: standard
# output as it is, standard error behind "! ", the exit status in brackets. They run in a copy of fixtures/, with `odegrad` on
# the PATH. Times, which differ from run to run, are masked.
#   run.sh ODEGRAD [--update]    --update writes the transcripts anew; read the difference before keeping it
set -u
here=$(cd "$(dirname "$0")" && pwd)
tool=$(cd "$(dirname "$1")" && pwd)/$(basename "$1") || exit 2
[[ -x $tool ]] || { echo "$1 is not there; build it first" >&2; exit 2; }
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin" && ln -s "$tool" "$work/bin/odegrad"
export PATH=$work/bin:$PATH LC_ALL=C

mask() {
  sed -E -e 's/("seconds":[[:space:]]*)[-+.0-9e]+/\1.../' -e 's/, [-+.0-9e]+ s$/, ... s/' -e 's/ in [-+.0-9e]+ s$/ in ... s/' \
    -e 's/  [.0-9]+ s$/  ... s/'
}

# The transcript of the commands in $1, made anew.
play() {
  local line status
  rm -rf "$work/run" && cp -r "$here/fixtures" "$work/run" && cd "$work/run" || exit 2
  grep -E '^(\$|#) ' "$1" | while IFS= read -r line; do
    echo "$line"
    [[ $line == '$ '* ]] || continue
    bash -c "${line#\$ }" >"$work/out" 2>"$work/err" </dev/null
    status=$?
    mask <"$work/out"
    mask <"$work/err" | sed 's/^/! /'
    echo "[$status]"
  done
}

failed=0 count=0
for transcript in "$here"/transcripts/*.txt; do
  play "$transcript" >"$work/played"
  count=$((count + $(grep -c '^\$ ' "$transcript")))
  if [[ ${2:-} == --update ]]; then
    cp "$work/played" "$transcript"
  elif ! diff -u "$transcript" "$work/played" >"$work/difference"; then
    echo "$(basename "$transcript") differs:"
    cat "$work/difference"
    failed=1
  fi
done
[[ $count -gt 0 ]] || { echo "there are no transcripts" >&2; exit 2; }
[[ $failed == 0 ]] && echo "$count commands as expected"
exit $failed

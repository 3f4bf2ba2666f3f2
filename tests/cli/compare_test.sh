#!/bin/bash
# Whether compare.awk tells a wrong transcript from one of another machine: pairs of lines that are the same or not, and whole
# transcripts with one digit changed.
#   compare_test.sh ODEGRAD
set -u
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
failed=0 count=0

layout=0
try() { # same|different EXPECTED PRINTED
  local verdict=different
  printf '%b\n' "$2" >"$work/expected"
  printf '%b\n' "$3" >"$work/printed"
  awk -v layout=$layout -f "$here/compare.awk" "$work/expected" "$work/printed" >/dev/null && verdict=same
  count=$((count + 1))
  [[ $verdict == "$1" ]] || { echo "should be $1: '$2' and '$3'"; failed=1; }
}

try same      'x  1.2130613'               'x  1.2130614'
try different 'x  1.2130613'               'x  1.2130713'
try different 'x  1.2130613'               'x  -1.2130613'
try different 'x  1.2130613'               'y  1.2130613'
try different '[0]'                        '[1]'
try different '102'                        '103'
try same      't1     -5.299297459e-12'    't1  3.1e-10'
try different 't1     -5.299297459e-12'    't1  3.1e-7'
try same      't1  1.574815e-06'           't1  1.5748178e-06'
try different 't1  1.574815e-06'           't1  -1.574815e-06'
try same      'k  9.7e-16  8.3e-08'        'k  0.0e+00  1.1e-08'
try different 'k  9.7e-16  8.3e-08'        'k  9.7e-16  8.3e-03'
try different 'k  2.2e-05'                 'k  3.2e-05'
try different 'backsolve  4.8e-01'         'backsolve  4.9e-01'
try same      '\t"x":\t[2, 1.5576171875]'  '"x": [2, 1.5576171876]'
try different '"x": [2, 1.5576171875]'     '"x": [2, 1.5576171875, 0]'
try different '"x": [2, 1.5]'              '"x": [2, null]'
try same      '"steps":\t100,'             '"steps":\t103,'
try different '"steps":\t100,'             '"steps":\t110,'
try different '"steps":\t8,'               '"steps":\t9,'
try different 'steps 100'                  'steps 103'
try same      'after 168 accepted and 164' 'after 170 accepted and 164'
try same      '"seconds":\t...'            '"seconds":\t0.0123'
try same      'iterations  7 in 0.02 s'    'iterations  7 in 1.5e-05 s'
try different 'iterations  7 in 0.02 s'    'iterations  8 in 0.02 s'
try same      'a   b'                      '  a b'
try different 'a\nb'                       'a'
try different 'a'                          'a\nb'
try different ''                           'nan'
try same      'estimated errors, of the largest component: 2.2e-06 of parameters' 'estimated errors, of the largest component: 2.1e-06 of parameters'
try different 'estimated errors, of the largest component: 2.0e-10 of parameters' 'estimated errors, of the largest component: 1.4e-10 of parameters'
try different '1,0.99317060758\n2,0.49319392788\n3,0.24491285651' '1,0.993170607615269\n2,0.49319392785075933\n3,0.24491285641180266'
try same      '1,0.99317060758\n2,0.49319392788\n3,0.24491285651' '1,0.9931706076\n2,0.49319392788\n3,0.2449128565'
try same      '1,0.5\n2,0.25'                                     '1,0.50000000001\n2,0.25'
layout=1
try different 't          h           v\n0         10           0' 't          h          v\n0         10          0'
try different 't   h  v\n0  10  0'                                 't    h  v\n0   10  0'
try same      't          h  v\n0  1.0000001  0'                   't         h  v\n0  1.000000  0'
try same      'kept  time\n512  1.5e-05 s\n\nthe end'              'kept     time\n512  0.0025 s\n\nthe end'
try different 'kept  time\n512  1.5e-05 s\n\nthe end'              ' kept     time\n 512  0.0025 s\n\nthe end'
try different 'a  b\n\nc  d'                                        'a  b\n\nc d'
layout=0

# A copy of the tests with `sed` $2 done to transcript $1 must fail at just that.
doctor() {
  rm -rf "$work/tests" && cp -r "$here" "$work/tests" || exit 2
  find "$work/tests/transcripts" -name '*.txt' ! -name "$1" -exec rm {} +
  sed "$2" "$here/transcripts/$1" >"$work/tests/transcripts/$1"
  count=$((count + 1))
  cmp -s "$here/transcripts/$1" "$work/tests/transcripts/$1" && { echo "'$2' changes nothing in $1"; failed=1; }
  "$work/tests/run.sh" "$tool" >"$work/report" && { echo "$1 passes with '$2'"; failed=1; }
  [[ $(grep -c '^line' "$work/report") == "$3" ]] || { echo "'$2' in $1 is not shown as it should be:"; cat "$work/report"; failed=1; }
}

tool=$(cd "$(dirname "$1")" && pwd)/$(basename "$1") || exit 2
doctor solve.txt '0,/0\.27067057/s//0.27068057/' 1
doctor check.txt '0,/^\[0\]$/s//[1]/' 1
doctor check.txt 's/DISAGREES/agrees/' 1

[[ $failed == 0 ]] && echo "$count comparisons as expected"
exit $failed

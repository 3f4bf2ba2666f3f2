#!/bin/sh
# The data: id, t, start[1], start[2], y[1], y[2] of the series of starts.awk.   data.sh FILE.csv
set -e
here=$(dirname "$0")
awk -f "$here/../random.awk" -f "$here/starts.awk" >"$1.starts"
"${ODEGRAD:-$here/../../build/odegrad}" solve "$here/truth.ode" --data "$1.starts" --method dop853 --rtol 1e-10 --atol 1e-12 --out "$1.series"
paste -d , "$1.starts" "$1.series" | cut -d , -f 1-4,7- >"$1"
rm "$1.starts" "$1.series"

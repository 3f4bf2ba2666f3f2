#!/bin/sh
# The data: x and y at t = 0, 0.1, ... 3, with noise.   data.sh FILE.csv
set -e
here=$(dirname "$0")
"${ODEGRAD:-$here/../../build/odegrad}" solve "$here/truth.ode" --times 0:3:31 --method dop853 --rtol 1e-12 --atol 1e-14 --out "$1.exact"
awk -F , -f "$here/../random.awk" -f "$here/noise.awk" "$1.exact" >"$1"
rm "$1.exact"

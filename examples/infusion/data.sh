#!/bin/sh
# Makes the concentrations of infusion.csv anew, in place or in FILE: the patients, times, rates and weights stay, and what was
# measured becomes the model's plasma concentration at CL = 5, Q = 4, V1 = 12, V2 = 25 with lognormal noise of 0.15.
#   data.sh [FILE.csv]
set -e
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${ODEGRAD:-$here/../../build/odegrad}" solve "$here/infusion.ode" --set CL=5 --set Q=4 --set V1=12 --set V2=25 \
  --data "$here/infusion.csv" --method dop853 --rtol 1e-12 --atol 1e-14 --out "$work/exact.csv"
awk -F , -f "$here/../random.awk" -f "$here/noise.awk" "$work/exact.csv" "$here/infusion.csv" >"$work/new.csv"
cat "$work/new.csv" >"${1:-$here/infusion.csv}"

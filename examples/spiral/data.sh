#!/bin/sh
# The data: 1000 points of the spiral on [0, 25].   data.sh FILE.csv
here=$(dirname "$0")
exec "${ODEGRAD:-$here/../../build/odegrad}" solve "$here/truth.ode" --times 0:25:1000 --method dop853 --rtol 1e-12 --atol 1e-14 --out "$1"

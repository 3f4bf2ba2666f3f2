#!/bin/sh
# All of docs/examples/universal_lv.md: noisy data, Adam, L-BFGS, and the recovered terms beside the true ones.
#   run.sh [--short] [FOLDER]    results go to FOLDER (demo-out/universal_lv); --short trains a little only
set -e
here=$(cd "$(dirname "$0")" && pwd)
ODEGRAD=${ODEGRAD:-$here/../../build/odegrad}
export ODEGRAD
adam=2000 lbfgs=1000
if [ "$1" = --short ]; then adam=200 lbfgs=50; shift; fi
out=${1:-demo-out/universal_lv}
mkdir -p "$out"

"$here/data.sh" "$out/data.csv"
"$ODEGRAD" fit "$here/universal.ode" --data "$out/data.csv" --seed 1 --optimizer adam --learning-rate 1e-2 \
  --iterations $adam --out "$out/adam.safetensors" --quiet
"$ODEGRAD" fit "$here/universal.ode" --data "$out/data.csv" --params "$out/adam.safetensors" --optimizer lbfgs \
  --iterations $lbfgs --out "$out/weights.safetensors" --plot "$out/fit.svg" --quiet
"$ODEGRAD" solve "$here/truth.ode" --times 0:3:61 --method dop853 --rtol 1e-10 --atol 1e-12 --out "$out/truth.csv"
"$ODEGRAD" predict "$here/terms.ode" --params "$out/weights.safetensors" --data "$out/truth.csv" \
  --out "$out/terms.csv" --plot "$out/terms.svg"

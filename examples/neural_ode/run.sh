#!/bin/sh
# All of docs/examples/neural_ode.md: data, training on the first tenth of each series and then on the whole, a picture.
#   run.sh [--short] [FOLDER]    results go to FOLDER (demo-out/neural_ode); --short trains a little only
set -e
here=$(cd "$(dirname "$0")" && pwd)
ODEGRAD=${ODEGRAD:-$here/../../build/odegrad}
export ODEGRAD
steps=500
if [ "$1" = --short ]; then steps=16; shift; fi
out=${1:-demo-out/neural_ode}
mkdir -p "$out"

"$here/data.sh" "$out/series.csv"
train() {
  "$ODEGRAD" fit "$here/neural_ode.ode" --data "$out/series.csv" --seed 1 --optimizer adabelief --learning-rate 3e-3 \
    --batch 32 --window-start first --iterations $steps --method tsit5 --rtol 1e-3 --atol 1e-6 --precision single --quiet "$@"
}
train --window 10 --out "$out/first.safetensors"
train --window 100 --params "$out/first.safetensors" --out "$out/weights.safetensors"
# all series, and three of them in a picture
"$ODEGRAD" predict "$here/neural_ode.ode" --params "$out/weights.safetensors" --data "$out/series.csv" --out "$out/predicted.csv"
awk -F , 'NR == 1 || $1 < 4' "$out/series.csv" >"$out/three.csv"
"$ODEGRAD" predict "$here/neural_ode.ode" --params "$out/weights.safetensors" --data "$out/three.csv" \
  --out "$out/predicted_three.csv" --phase 'y[1],y[2]' --plot "$out/phase.svg"

#!/bin/sh
# All of docs/examples/spiral.md: data, training in three parts, a phase portrait after each.
#   run.sh [--short] [FOLDER]    results go to FOLDER (demo-out/spiral); --short trains a little only; SEED=1 in the environment
set -e
here=$(cd "$(dirname "$0")" && pwd)
ODEGRAD=${ODEGRAD:-$here/../../build/odegrad}
export ODEGRAD
parts="100 400 2000" windows=2000 # an epoch is 100 steps
if [ "$1" = --short ]; then parts="10 20" windows=200; shift; fi
out=${1:-demo-out/spiral}
mkdir -p "$out"

"$here/data.sh" "$out/spiral.csv"
resume=
for steps in $parts; do
  "$ODEGRAD" fit "$here/spiral.ode" --data "$out/spiral.csv" --seed "${SEED:-1}" --optimizer rmsprop --learning-rate 1e-3 \
    --batch 20 --window 10 --windows $windows --iterations "$steps" --method dopri5 --rtol 1e-7 --atol 1e-9 --precision single \
    $resume --checkpoint "$out/state" --out "$out/weights_$steps.safetensors" --loss-plot "$out/loss.svg" --quiet
  "$ODEGRAD" predict "$here/spiral.ode" --params "$out/weights_$steps.safetensors" --data "$out/spiral.csv" \
    --out "$out/predicted.csv" --phase 'x[1],x[2]' --plot "$out/phase_$steps.svg"
  resume="--resume $out/state"
done

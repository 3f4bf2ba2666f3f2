#!/bin/sh
# All of docs/examples/digits.md: the network trained as an ODE and as a residual network, each evaluated as both.
#   run.sh [--short] [FOLDER]    results go to FOLDER (demo-out/digits); --short trains a little only
set -e
here=$(cd "$(dirname "$0")" && pwd)
ODEGRAD=${ODEGRAD:-$here/../../build/odegrad}
epochs=30
if [ "$1" = --short ]; then epochs=1; shift; fi
out=${1:-demo-out/digits}
mkdir -p "$out"

# Every fifth image, in the order of the file, is kept for the test; the others are trained on, with shifted copies.
awk -F , 'NR == 1 || $1 % 5 == 0' "$here/digits.csv" >"$out/test.csv"
awk -F , 'NR == 1 || $1 % 5 != 0' "$here/digits.csv" | awk -f "$here/augment.awk" >"$out/train.csv"

# train NAME OPTIONS
train() {
  name=$1
  shift
  "$ODEGRAD" fit "$here/digits.ode" --data "$out/train.csv" --seed 1 --precision single --optimizer adamw --learning-rate 3e-3 \
    --weight-decay 0.1 --lr-schedule cosine --batch 64 --epochs $epochs --out "$out/$name.safetensors" \
    --loss-plot "$out/$name.svg" --quiet "$@"
}
# judge NAME OPTIONS
judge() {
  name=$1
  shift
  echo "trained as $name, evaluated by $*:"
  "$ODEGRAD" predict "$here/digits.ode" --params "$out/$name.safetensors" --data "$out/test.csv" \
    --out "$out/predicted_$name.csv" "$@"
}
train ode --method rk4 --steps 4
train resnet --method euler --steps 8
for name in ode resnet; do
  judge $name --method tsit5 --rtol 1e-6
  judge $name --method rk4 --steps 4
  for steps in 8 4 2 1; do judge $name --method euler --steps $steps; done
done

#!/bin/sh
# All of docs/examples/hare_lynx_hybrid.md: the years to 1914 are fitted, the last six held out, by Lotka and Volterra's equations
# and by the hybrid with penalties from none to strong.
#   hybrid.sh [--short] [FOLDER]    results go to FOLDER (demo-out/hybrid); --short trains a little only
set -e
here=$(cd "$(dirname "$0")" && pwd)
ODEGRAD=${ODEGRAD:-$here/../../build/odegrad}
steps=4000
if [ "$1" = --short ]; then steps=300; shift; fi
out=${1:-demo-out/hybrid}
mkdir -p "$out"

awk -F , 'NR == 1 || $1 <= 1914' "$here/hare_lynx.csv" >"$out/early.csv"
awk -F , 'NR == 1 || $1 > 1914' "$here/hare_lynx.csv" >"$out/late.csv"
judge() { # MODEL PARAMETERS
  for part in early late; do
    "$ODEGRAD" predict "$here/$1" --params "$2" --data "$out/$part.csv" --out "$out/predicted.csv" 2>&1 | sed "s/^odegrad:/$part years:/"
  done
}

echo "Lotka and Volterra"
"$ODEGRAD" fit "$here/hare_lynx.ode" --data "$out/early.csv" --starts 16 --seed 1 --out "$out/equations.json" --quiet >"$out/equations.txt"
judge hare_lynx.ode "$out/equations.json"
# the hybrid starts from those estimates: "alpha": 0.42, ... becomes --set alpha=0.42 ...
start=$(tr -d ' {}"\n' <"$out/equations.json" | tr ',' '\n' | sed 's/\(.*\):/--set \1=/')
for l2 in 0 0.01 0.1 1; do
  echo "hybrid, --l2 $l2"
  "$ODEGRAD" fit "$here/hybrid.ode" --data "$out/early.csv" $start --seed 1 --optimizer adam --learning-rate 1e-2 --iterations $steps \
    --l2 $l2 --out "$out/hybrid_$l2.safetensors" --quiet >"$out/hybrid_$l2.txt"
  judge hybrid.ode "$out/hybrid_$l2.safetensors"
  "$ODEGRAD" predict "$here/hybrid.ode" --params "$out/hybrid_$l2.safetensors" --data "$here/hare_lynx.csv" \
    --out "$out/hybrid_$l2.csv" --plot "$out/hybrid_$l2.svg" --quiet
done

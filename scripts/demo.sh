#!/bin/bash
# What `make demo` runs once build/odegrad is there: every step is a command you can type yourself.
set -euo pipefail
cd "$(dirname "$0")/.."
tool=${ODEGRAD_TOOL:-build/odegrad}
model=examples/hare_lynx/hare_lynx.ode
data=examples/hare_lynx/hare_lynx.csv
out=${DEMO_OUT:-demo-out}
mkdir -p "$out"

say() { printf '\n\033[1m%s\033[0m\n' "$1"; }
[[ -t 1 ]] || say() { printf '\n%s\n' "$1"; }
show() { printf '$ %s\n' "$*"; "$@"; }

say "1. The data: pelts of snowshoe hare and Canada lynx, in thousands, 1900 to 1920 ($data)."
awk -F, '{ printf "   %6s %8s %8s\n", $1, $2, $3 }' "$data"
say "   The model is Lotka and Volterra's, eight unknowns with rough first guesses ($model)."
sed -n '/^hare. =/p; /^lynx. =/p; /^observe/p' "$model" | sed 's/^/   /'

say "2. At those guesses: the loss (negative log-likelihood) and its gradient, by the discrete adjoint, which is the
   exact derivative of the computed numbers. The same by the continuous adjoint (backsolve), by forward
   sensitivities and by finite differences, side by side:"
show "$tool" check "$model" --data "$data"

say "3. The fit: gradient descent with curvature (a bounded quasi-Newton method), each gradient by the discrete adjoint."
show "$tool" fit "$model" --data "$data" --plot "$out/hare_lynx.svg" --out "$out/hare_lynx.json"
"$tool" fit "$model" --data "$data" --quiet --json --plot "$out/hare_lynx.png" >"$out/fit.json"

# The estimate of one parameter in `fit --json`.
estimate() {
  tr -d ' \n\t' <"$out/fit.json" | grep -oE "\"$1\":\{\"estimate\":[^,}]+" | sed 's/.*://'
}
say "4. Beside the published Bayesian estimates (posterior means of the same model, with priors, so that the last digit
   may differ from the maximum-likelihood values found here):"
printf '   %-6s %10s %10s\n' "" odegrad published
for row in "alpha 0.55" "beta 0.028" "gamma 0.80" "delta 0.024"; do
  read -r name published <<<"$row"
  printf '   %-6s %10.4f %10s\n' "$name" "$(estimate "$name")" "$published"
done

say "5. The fitted curves through the data: $out/hare_lynx.svg and $out/hare_lynx.png.
   The estimates: $out/hare_lynx.json; all of the result, as scripts read it: $out/fit.json."

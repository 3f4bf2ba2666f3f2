#!/bin/bash
# Makes docs/figures/*.svg and the measured tables in docs/adjoints.md, from what odegrad prints. Everything but times, which are left
# out, comes out the same again.
#   figures.sh [ODEGRAD]
set -eu
cd "$(dirname "$0")/.."
tool=$PWD/${1:-build/odegrad}
document=docs/adjoints.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LC_ALL=C

model() { echo "examples/adjoints/$1.ode"; }

# check NAME MODEL OPTIONS: the JSON object of `odegrad check`, in a file. Adjoints that disagree are a result too.
check() {
  local name=$1 file
  file=$(model "$2")
  shift 2
  "$tool" check "$file" "$@" --quiet --json >"$work/$name.json" || [[ $? == 1 && -s $work/$name.json ]]
}
sweep() { check "$@" --plot "$work/$1.svg"; }
figure() { sweep "$@" && cp "$work/$1.svg" "docs/figures/$1.svg"; }

# numbers NAME PART KIND: an array of the sweep, one number a line; PART is error, from_discrete, or the name of the levels.
numbers() {
  awk -v part="$2" -v kind="$3" '
    /"sweep"/ { inside = 1 }
    inside && /"(error|from_discrete)":/ { split($0, words, "\""); now = words[2] }
    inside && now == (part == kind ? "" : part) && index($0, "\"" kind "\"") {
      sub(/.*\[/, ""); sub(/\].*/, ""); gsub(/, /, "\n"); print; exit
    }' "$work/$1.json"
}

# The two-digit text of numbers; a line that is no number becomes a dash.
short() { awk '{ if ($1 + 0 == $1) printf "%.1e\n", $1; else print "—" }'; }

# row CELL...: a line of a table, from arguments or, with none, from lines.
row() {
  if [[ $# -gt 0 ]]; then printf '%s\n' "$@" | row; else paste -sd '|' | sed 's/|/ | /g; s/^/| /; s/$/ |/'; fi
}

# order NAME KIND: how fast a kind approaches the discrete gradient when the steps are halved, from the last two distances that
# rounding leaves alone.
order() {
  numbers "$1" from_discrete "$2" |
    awk '$1 > 1e-11 { before = last; last = $1 } END { printf "%.2f\n", log(before / last) / log(2) }'
}

# into NAME: standard input takes the place of what stands between <!-- NAME --> and <!-- end --> in the document.
into() {
  cat >"$work/table"
  awk -v begin="<!-- $1 -->" -v table="$work/table" '
    $0 == begin { print; while ((getline line < table) > 0) print line; skip = 1 }
    $0 == "<!-- end -->" { skip = 0 }
    !skip && $0 != begin { print }' "$document" >"$work/document"
  cp "$work/document" "$document"
}

continuous="backsolve interpolate quadrature"

# ---- From [C] to [D]: fixed steps, a short span ----

short_span="--set t1=1 --rtol 1e-13 --atol 1e-13" # tolerances: of the integral of `quadrature`
figure euler lotka_volterra $short_span --method euler --steps 40
{
  row steps "error: discrete" $continuous "from discrete: backsolve" interpolate quadrature
  row --- --- --- --- --- --- --- ---
  columns=("$work/c"{0..7})
  numbers euler steps steps >"$work/c0"
  numbers euler error discrete | short >"$work/c1"
  i=2
  for part in error from_discrete; do
    for kind in $continuous; do
      numbers euler $part $kind | short >"$work/c$i"
      i=$((i + 1))
    done
  done
  paste -d '|' "${columns[@]}" | sed 's/|/ | /g; s/^/| /; s/$/ |/'
} | into euler

{
  row method order $continuous
  row --- --- --- --- ---
  while read -r method expected steps; do
    sweep "$method" lotka_volterra $short_span --method "$method" --steps "$steps"
    row "$method" "$expected" "$(order "$method" backsolve)" "$(order "$method" interpolate)" \
      "$(order "$method" quadrature)"
  done <<METHODS
euler 1 40
midpoint 2 20
heun 2 20
rk4 4 16
bs32 3 20
dopri5 5 12
tsit5 5 12
dop853 8 4
METHODS
} | into orders
cp "$work/rk4.svg" docs/figures/rk4.svg
figure tolerance lotka_volterra --method tsit5

# ---- Where backsolve fails ----

# reason NAME: in short, why backsolve gave no gradient; or its error.
outcome() {
  local error
  error=$(numbers "$1" error "$2" | sed -n "$3p")
  if [[ $error == null ]]; then echo refused; else echo "$error" | short; fi
}
{
  row problem rtol discrete interpolate quadrature backsolve
  row --- --- --- --- --- ---
  while read -r name file options; do
    sweep "$name" "$file" $options
    level=0
    for rtol in 1e-3 1e-4 1e-5 1e-6 1e-7 1e-8 1e-9 1e-10; do
      level=$((level + 1))
      case $rtol in 1e-3 | 1e-6 | 1e-9) ;; *) continue ;; esac
      row "${name//_/ }" "$rtol" "$(outcome "$name" discrete $level)" "$(outcome "$name" interpolate $level)" \
        "$(outcome "$name" quadrature $level)" "$(outcome "$name" backsolve $level)"
    done
  done <<PROBLEMS
damping damping
lorenz lorenz
van_der_Pol,_mu_=_1 van_der_pol
van_der_Pol,_mu_=_5 van_der_pol --set mu=5
van_der_Pol,_mu_=_10 van_der_pol --set mu=10
PROBLEMS
} | into backsolve
figure lorenz lorenz
figure van_der_pol van_der_pol --set mu=10

# ---- Gradients that their steps do not resolve ----

# value NAME KEY: the first number behind the key in what `grad --json` printed.
value() { sed -n "s/.*\"$2\":[[:space:]]*\([^,]*\).*/\1/p" "$work/$1.json" | head -n 1; }
digits() { awk '{ printf "%.6g\n", $1 }'; }
{
  row example derivative truth "without control" "with it" "gradient_error" refinements "steps without" "steps with"
  row --- --- --- --- --- --- --- --- ---
  while read -r name of truth; do
    for control in none refine; do
      "$tool" grad "$(model "$name")" --gradient-control $control --quiet --json >"$work/$control.json"
    done
    # The truths are closed forms; numbers of parameters stand before those of initial states and times.
    row "\`$name\`" "dL/d$of" "$(awk "BEGIN { print $truth }" | digits)" "$(value none "$of" | digits)" \
      "$(value refine "$of" | digits)" "$(value refine parameters | short)" "$(value refine refinements)" \
      "$(value none steps)" "$(value refine steps)"
  done <<EXAMPLES
rest p 1 / 3
follower k (5000 * cos(2) + (1 - 2500 ^ 2) * sin(2)) / (2500 ^ 2 + 1) ^ 2
zero_parameter th 50 - sin(2000) / 40
EXAMPLES
} | into trust

# What looks miss at loose tolerances. The truth is a gradient of dop853 at 1e-12.
{
  row mu rtol "error of dL/dmu: discrete" "its gradient_error" refinements "error of interpolate, without control"
  row --- --- --- --- --- ---
  for mu in 1 5 10; do
    "$tool" grad "$(model van_der_pol)" --set mu=$mu --method dop853 --rtol 1e-12 --atol 1e-14 --quiet --json >"$work/truth.json"
    truth=$(value truth mu)
    wrong() { value "$1" mu | awk -v truth="$truth" '{ e = $1 / truth - 1; print e < 0 ? -e : e }' | short; }
    for rtol in 1e-3 1e-4 1e-5 1e-6; do
      options=(--set mu=$mu --rtol $rtol --atol "1e-$((${rtol#1e-} + 3))" --quiet --json)
      "$tool" grad "$(model van_der_pol)" "${options[@]}" >"$work/given.json"
      "$tool" grad "$(model van_der_pol)" "${options[@]}" --adjoint interpolate --gradient-control none >"$work/other.json"
      row $mu $rtol "$(wrong given)" "$(value given parameters | short)" "$(value given refinements)" "$(wrong other)"
    done
  done
} | into missed
figure without_control van_der_pol --set mu=20 --gradient-control none
figure with_control van_der_pol --set mu=20
figure zero_parameter zero_parameter

# ---- Cost ----

{
  row adjoint "evaluations of f" "of its vjp" "without control: of f" "of its vjp" "bytes kept"
  row --- --- --- --- --- ---
  for kind in discrete $continuous forward; do
    for control in none refine; do
      "$tool" grad "$(model lotka_volterra)" --adjoint "$kind" --rtol 1e-8 --atol 1e-8 --gradient-control $control \
        --quiet --json >"$work/$control.json"
    done
    row "\`$kind\`" "$(value refine rhs_evals)" "$(value refine vjp_evals)" "$(value none rhs_evals)" \
      "$(value none vjp_evals)" "$(value refine checkpoint_bytes)"
  done
} | into cost

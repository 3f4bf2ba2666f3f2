#!/bin/bash
# Makes the measured tables of docs/examples/*.md and the pictures in docs/images/, README's among them, from what the examples' own
# scripts print; times are in neither.
#   examples.sh [--check] [NAME]...    NAME: infusion spiral neural_ode universal_lv hare_lynx digits (all of them without one)
# --check writes nothing: it compares the tables with those in the pages, every number within what other machines may differ, which is
# stated beside each table below. Trainings repeat rounding errors thousands of times, so that processors with other vector
# registers, or another library's exp and tanh, end at slightly other weights.
set -euo pipefail
cd "$(dirname "$0")/.."
export ODEGRAD=${ODEGRAD:-$PWD/build/odegrad} LC_ALL=C
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
checks= failed=0
if [[ ${1:-} == --check ]]; then checks=1; shift; fi

row() { local IFS='|'; echo "|$*|" | sed 's/|/ | /g; s/^ //; s/ $//'; }
digits() { awk -v n="$1" '{ text = sprintf("%#.*g", n, $1); sub(/\.$/, "", text); print text }'; }
# The loss in what a fit or a prediction printed to $1; number $2 of them.
loss() { sed -nE 's/^(odegrad: |.*years: )?loss +([-+.0-9e]+).*/\2/p' "$1" | sed -n "${2:-1}p"; }

# into PAGE MARK TOLERANCES [ABSOLUTE]: standard input takes the place of what is between <!-- MARK --> and <!-- end --> in the page, or is
# compared with it: words must be the same, numbers may differ by a TOLERANCE of the larger and by ABSOLUTE. TOLERANCES are those of the
# columns, with commas; the last one is that of all that follow.
into() {
  local page=docs/examples/$1.md mark="<!-- $2 -->"
  cat >"$work/new"
  grep -qF -- "$mark" "$page" || { echo "examples.sh: $page has no $mark" >&2; exit 1; }
  awk -v mark="$mark" '$0 == "<!-- end -->" { inside = 0 } inside; $0 == mark { inside = 1 }' "$page" >"$work/old"
  if [[ -n $checks ]]; then
    compare "$3" "${4:-0}" || { echo "examples.sh: $page, table $2, is not what is measured:"; cat "$work/new"; failed=1; }
    return 0
  fi
  awk -v mark="$mark" -v new="$work/new" '
    $0 == "<!-- end -->" { inside = 0 }
    !inside
    $0 == mark { inside = 1; while ((getline line < new) > 0) print line }' "$page" >"$work/page"
  cat "$work/page" >"$page"
}
compare() {
  awk -v tolerances="$1" -v absolute="$2" '
    function size(x) { return x < 0 ? -x : x }
    function number(x) { return x ~ /^[-+]?[0-9.]+(e[-+]?[0-9]+)?$/ }
    function near(a, b, tolerance) {
      return number(a) && number(b) && size(a - b) <= absolute + tolerance * (size(a) > size(b) ? size(a) : size(b))
    }
    function same_cell(a, b, tolerance, i, x, y) {
      gsub(/[*%]/, " ", a)
      gsub(/[*%]/, " ", b)
      if (split(a, x, " ") != split(b, y, " ")) return 0
      for (i in x) if (x[i] != y[i] && !near(x[i], y[i], tolerance)) return 0
      return 1
    }
    BEGIN { known = split(tolerances, tolerance, ",") }
    FILENAME == ARGV[1] { old[FNR] = $0; count = FNR; next }
    { lines = FNR
      cells = split($0, new_cells, "|")
      if (split(old[FNR], old_cells, "|") != cells) { print "line " FNR ": " old[FNR] " <-> " $0; bad = 1; next }
      for (c = 2; c < cells; c++) { # before the first | and behind the last is nothing
        column = c - 1 < known ? c - 1 : known
        if (!same_cell(old_cells[c], new_cells[c], tolerance[column])) { print "line " FNR ":" old_cells[c] "<->" new_cells[c]; bad = 1 } } }
    END { exit bad || lines != count || count == 0 }' "$work/old" "$work/new"
}
picture() { [[ -n $checks ]] || cp "$1" "docs/images/$2.svg"; }
# play NAME SCRIPT: runs the example into $work/NAME; what it prints goes to $work/NAME.log.
play() {
  examples/$2 "$work/$1" >"$work/$1.log" 2>&1 || { cat "$work/$1.log"; exit 1; }
}

# ---- The examples ----

spiral() {
  local steps seed wholes=
  play spiral spiral/run.sh
  { # lines of --quiet fits and of predictions alternate
    row after "100 steps" "400 steps" "2000 steps"
    row --- --- --- ---
    row "mean absolute error of a batch's points" $(for i in 1 3 5; do loss "$work/spiral.log" $i | digits 2; done)
  } | into spiral windows 0,0.05
  row after "100 steps" "400 steps" "2000 steps" >"$work/rows"
  for seed in 1 2 3 4; do
    wholes=
    [[ $seed == 1 ]] || SEED=$seed play spiral spiral/run.sh
    for i in 2 4 6; do wholes+=" $(loss "$work/spiral.log" $i | digits 2)"; done
    [[ $seed != 1 ]] || for steps in 100 400 2000; do picture "$work/spiral/phase_$steps.svg" spiral_$steps; done
    if [[ $seed == 1 ]]; then row --- --- --- --- >>"$work/rows"; fi
    row "seed $seed" $wholes >>"$work/rows"
  done
  # After 2000 steps five turns have multiplied an error of the angular speed that goes up and down all the time: with the C
  # library's tanh in place of SLEEF's seed 1 has 0.25 for 0.11, while the other columns keep all of their digits.
  into spiral whole 0,0.05,0.05,0.7 <"$work/rows"
}

neural_ode() {
  play neural_ode neural_ode/run.sh
  {
    row "" here published
    row --- --- ---
    row "first tenth, 500 steps of batches of 32 (mean of the best epoch)" "$(loss "$work/neural_ode.log" 1 | digits 3)" 0.00125
    row "the whole, 500 steps more" "$(loss "$work/neural_ode.log" 2 | digits 3)" 0.00201
    row "all 256 series after that" "$(loss "$work/neural_ode.log" 3 | digits 3)" ""
  } | into neural_ode losses 0,0.15
  picture "$work/neural_ode/phase.svg" neural_ode
}

universal_lv() {
  local log=$work/universal_lv.log
  play universal_lv universal_lv/run.sh
  {
    row "" "" ""
    row --- --- ---
    row "after Adam" "mean square of a value" "$(loss "$log" 1 | digits 2)"
    row "after L-BFGS" "sum of squares of all 62" "$(loss "$log" 2 | digits 2)"
    row "recovered terms" "root mean square of their error" "$(loss "$log" 3 | awk '{ print sqrt($1) }' | digits 2)"
  } | into universal_lv errors 0,0,0.2
  picture "$work/universal_lv/terms.svg" universal_lv
}

hare_lynx() {
  local i=1 name log=$work/hare_lynx.log
  play hare_lynx hare_lynx/hybrid.sh
  {
    row "" "fitted: 1900 to 1914, 30 values" "held out: 1915 to 1920, 12 values"
    row --- --- ---
    for name in "Lotka and Volterra, 8 parameters" "hybrid, no penalty, 8 + 42 parameters" 'hybrid, `--l2 0.01`' 'hybrid, `--l2 0.1`' \
      'hybrid, `--l2 1`'; do
      row "$name" "$(loss "$log" $i | digits 3)" "$(loss "$log" $((i + 1)) | digits 3)"
      i=$((i + 2))
    done
  } | into hare_lynx_hybrid losses 0,0.05,0.25
  picture "$work/hare_lynx/hybrid_0.svg" hybrid_free
  picture "$work/hare_lynx/hybrid_1.svg" hybrid_penalty
}

digits_of() { # number of the evaluation: right, and loss
  echo "$(sed -nE 's/.*right \(([0-9.]+)%\)/\1/p' "$work/digits.log" | sed -n "$1p") %, $(sed -nE 's/^odegrad: loss ([0-9.e-]+).*/\1/p' "$work/digits.log" |
    sed -n "$1p" | awk '{ printf "%.3f", $1 }')"
}
handwritten_digits() {
  local i=1 name
  play digits digits/run.sh
  {
    row "right of 359, and loss, evaluated by" "trained with RK4, 4 steps (ODE)" "trained with Euler, 8 steps (residual network)"
    row --- --- ---
    for name in "tsit5, rtol 1e-6" "RK4, 4 steps" "Euler, 8 steps" "Euler, 4 steps" "Euler, 2 steps" "Euler, 1 step"; do
      row "$name" "$(digits_of $i)" "$(digits_of $((i + 6)))"
      i=$((i + 1))
    done
  } | into digits right 0,0.15 0.01
  picture "$work/digits/ode.svg" digits_loss
}

# Not a table: the data of examples/infusion, to the last digit.
infusion() {
  examples/infusion/data.sh "$work/infusion.csv"
  if [[ -z $checks ]]; then
    cp "$work/infusion.csv" examples/infusion/infusion.csv
  elif ! diff "$work/infusion.csv" examples/infusion/infusion.csv; then
    echo "examples.sh: examples/infusion/data.sh makes other data"
    failed=1
  fi
}

[[ $# -gt 0 ]] || set -- infusion spiral neural_ode universal_lv hare_lynx digits
for name; do
  case $name in
    digits) handwritten_digits ;;
    infusion | spiral | neural_ode | universal_lv | hare_lynx) $name ;;
    *) echo "examples.sh: there is no example $name" >&2; exit 2 ;;
  esac
done
[[ -z $checks || $failed != 0 ]] || echo "the examples are what is measured: $*"
exit $failed

# Whether what a command printed is what was expected: awk -f compare.awk [-v layout=1] EXPECTED PRINTED. Exit status 0: yes; 1: no, and the lines that
# differ are shown.
#
# Lines are compared token by token: words, numbers and punctuation. How much space lies between them is left out, because columns are as
# wide as their longest number; with layout=1 it is compared in columns whose words and numbers are as long as they should be. Two tokens are the same when they are the same text, or by one of these rules. The computed bits depend on
# the instruction set and the compiler, so numbers cannot be compared to the last digit; but no more is let through than that explains.
#   numbers   |a - b| <= 1e-6 max(|a|, |b|, 0.01). The quantities of the examples are of order 1. Rounding moves them by 1e-12 or so;
#             an accepted step that changes a little, by less than the default tolerance 1e-6 of the solver. Below 1e-8 all is rounding
#             of something that is zero, as the dL/dt1 of a loss that has no observation there.
#   small     Of numbers with at most two significant digits, any two below 1e-5. Two digits are how relative differences of gradients
#             are printed; they are rounding or truncation errors themselves, of which only the size means something.
#   estimates The same numbers in a line of estimated errors: 20 %. What is estimated follows from tolerances, not from rounding.
#   counts    Steps, evaluations, bytes of checkpoints: 5 %, because one step that is just accepted here and just rejected there changes
#             them. Counts below 20 must therefore be equal, and those of fixed steps are. Counts are known by their place: the value of
#             a counter in JSON, and what stands before "accepted" or "rejected".
#   digits    How many a number has, by the format it is printed with. That shows in several numbers together, since one may end in zeros
#             that are left out: where both hold three or more with a point, the most that one of them has must be the same within two.
#   seconds   Wall-clock times are not compared: the value of "seconds" in JSON, and what stands before an "s" at the end of a line.

function is_number(token) { return token ~ /^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$/ }
function size(value) { return value < 0 ? -value : value }
function larger(a, b) { return a > b ? a : b }

# The digits of the mantissa without leading zeros and sign.
function digits(token) {
  sub(/[eE].*/, "", token)
  gsub(/[-+.]/, "", token)
  sub(/^0+/, "", token)
  return length(token)
}

# Where the number at `place` of the tokens stands: the name of its JSON key, or the word behind it.
function context(tokens, count, place) {
  if (place > 4 && tokens[place - 1] == ":" && tokens[place - 2] == "\"") return tokens[place - 3]
  if (place == count - 1 && tokens[count] == "s") return "seconds"
  return place < count ? tokens[place + 1] : ""
}

function same_number(a, b, where, off, largest) {
  off = size(a - b)
  largest = larger(size(a), size(b))
  if (where == "estimate") return off <= 0.2 * largest
  if (off <= 1e-6 * larger(largest, 0.01)) return 1
  if (digits(a) <= 2 && digits(b) <= 2 && largest < 1e-5) return 1
  return where ~ /^(steps|rejected|rhs_evals|vjp_evals|checkpoint_bytes|accepted)$/ && off <= 0.05 * largest
}

function split_line(line, tokens) {
  gsub(/[][{}():;,="]/, " & ", line)
  return split(line, tokens, /[ \t]+/)
}

function same_line(expected, printed, count, i, where) {
  if (expected == printed) return 1
  sub(/^[ \t]+/, "", expected); sub(/[ \t]+$/, "", expected)
  sub(/^[ \t]+/, "", printed); sub(/[ \t]+$/, "", printed)
  count = split_line(expected, wanted)
  if (split_line(printed, found) != count) return 0
  for (i = 1; i <= count; i++) {
    if (wanted[i] == found[i]) continue
    where = expected ~ /^estimated errors/ ? "estimate" : context(wanted, count, i)
    if (where == "seconds" && (is_number(found[i]) || found[i] == "...")) continue
    if (!is_number(wanted[i]) || !is_number(found[i]) || !same_number(wanted[i], found[i], where)) return 0
  }
  return 1
}

function show(number, expected, printed) {
  printf "line %d\n  expected  %s\n  printed   %s\n", number, expected, printed
  differ = 1
}

# ---- Digits ----

# Numbers with a point in the line: with_point[] counts them, most[] has the most digits.
function note_digits(which, line, count, i, tokens) {
  count = split_line(line, tokens)
  for (i = 1; i <= count; i++) {
    if (!is_number(tokens[i]) || tokens[i] !~ /\./ || context(tokens, count, i) == "seconds") continue
    with_point[which]++
    most[which] = larger(most[which], digits(tokens[i]))
  }
}

function check_digits() {
  if (with_point["expected"] < 3 || with_point["printed"] < 3 || size(most["expected"] - most["printed"]) <= 2) return
  printf "numbers have %d digits, and %d were expected\n", most["printed"], most["expected"]
  differ = 1
}

# ---- Layout ----

# Where the words of a line end: at[1..], long[1..]; returns their number.
function ends_of(line, at, long, count, from) {
  for (from = 0; match(line, /[^ \t]+/); from = at[count]) {
    at[++count] = from + RSTART + RLENGTH - 1
    long[count] = RLENGTH
    line = substr(line, RSTART + RLENGTH)
  }
  return count
}

# Columns between two empty lines. One that has all its words at their length is as wide as it should be.
function check_layout(first, last, i, k, count, e, p, elong, plong, changed) {
  for (i = first; i <= last; i++) {
    count = ends_of(lines[i], e, elong)
    ends_of(found_lines[i], p, plong)
    for (k = 1; k <= count; k++) changed[k] = changed[k] || elong[k] != plong[k]
  }
  for (i = first; i <= last; i++) {
    count = ends_of(lines[i], e, elong)
    ends_of(found_lines[i], p, plong)
    for (k = 1; k <= count; k++)
      if (!changed[k] && !(k > 1 && changed[k - 1]) && p[k] - e[k] != (k > 1 ? p[k - 1] - e[k - 1] : 0)) {
        show(i, lines[i], found_lines[i])
        break
      }
  }
}

function check_paragraphs(i, first) {
  for (first = i = 1; i <= expected_count + 1; i++)
    if (i > expected_count || lines[i] == "") {
      check_layout(first, i - 1)
      first = i + 1
    }
}

FILENAME == ARGV[1] { lines[++expected_count] = $0; next }
{
  found_lines[printed_count + 1] = $0
  if (++printed_count > expected_count) show(printed_count, "(no line)", $0)
  else if (!same_line(lines[printed_count], $0)) show(printed_count, lines[printed_count], $0)
}
END {
  for (i = printed_count + 1; i <= expected_count; i++) show(i, lines[i], "(no line)")
  for (i = 1; i <= expected_count; i++) note_digits("expected", lines[i])
  for (i = 1; i <= printed_count; i++) note_digits("printed", found_lines[i])
  check_digits()
  if (layout && !differ) check_paragraphs()
  exit differ
}

# Whether what a command printed is what was expected: awk -f compare.awk EXPECTED PRINTED. Exit status 0: yes; 1: no, and the lines that
# differ are shown.
#
# Lines are compared token by token: words, numbers and punctuation. How much space lies between them is left out, because columns are as
# wide as their longest number. Two tokens are the same when they are the same text, or by one of these rules. The computed bits depend on
# the instruction set and the compiler, so numbers cannot be compared to the last digit; but no more is let through than that explains.
#   numbers   |a - b| <= 1e-6 max(|a|, |b|, 0.01). The quantities of the examples are of order 1. Rounding moves them by 1e-12 or so;
#             an accepted step that changes a little, by less than the default tolerance 1e-6 of the solver. Below 1e-8 all is rounding
#             of something that is zero, as the dL/dt1 of a loss that has no observation there.
#   small     Of numbers with at most two significant digits, any two below 1e-5. Two digits are how relative differences of gradients
#             are printed; they are rounding or truncation errors themselves, of which only the size means something.
#   counts    Steps, evaluations, bytes of checkpoints: 5 %, because one step that is just accepted here and just rejected there changes
#             them. Counts below 20 must therefore be equal, and those of fixed steps are. Counts are known by their place: the value of
#             a counter in JSON, and what stands before "accepted" or "rejected".
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
    where = context(wanted, count, i)
    if (where == "seconds" && (is_number(found[i]) || found[i] == "...")) continue
    if (!is_number(wanted[i]) || !is_number(found[i]) || !same_number(wanted[i], found[i], where)) return 0
  }
  return 1
}

function show(number, expected, printed) {
  printf "line %d\n  expected  %s\n  printed   %s\n", number, expected, printed
  differ = 1
}

FILENAME == ARGV[1] { lines[++expected_count] = $0; next }
{
  if (++printed_count > expected_count) show(printed_count, "(no line)", $0)
  else if (!same_line(lines[printed_count], $0)) show(printed_count, lines[printed_count], $0)
}
END {
  for (i = printed_count + 1; i <= expected_count; i++) show(i, lines[i], "(no line)")
  exit differ
}

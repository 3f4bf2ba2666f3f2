# Reads odegrad.h and writes, for each public function and each of its pointers in turn, a call in which that pointer is
# NULL and all others are not: tests/test_null.c makes the calls.

function trim(text) { gsub(/^[ \t\n]+|[ \t\n]+$/, "", text); return text }

# A value of a parameter's type that is not NULL: the names of test_null.c's objects are those of the types.
function value_of(name, parameter, type) {
  type = trim(parameter)
  sub(/[A-Za-z0-9_]+$/, "", type)
  gsub(/const |OG_OR_NULL| /, "", type)
  if (type == "void*") return name == "og_objective_loss" ? "the_objective" : "any"
  if (type == "char*") return parameter ~ /const/ ? "text" : "room"
  if (type == "double*") return "numbers"
  if (type == "size_t*") return "sizes"
  if (type == "longlong*") return "integers"
  if (type ~ /_fn$/) return "(" type ")function"
  if (type ~ /\*\*$/) return parameter ~ /\*\*out$/ ? "(void *)&out" : "(void *)&other"
  if (type ~ /\*$/) { sub(/^og_/, "", type); sub(/\*$/, "", type); return "the_" type }
  return "1"
}

function is_pointer(parameter) { return parameter ~ /\*/ || parameter ~ /_fn / }

# Whether NULL is an answer there: marked, an array of no entries is not meant here, or a user's own pointer.
function may_be_null(name, parameter) {
  return parameter ~ /OG_OR_NULL/ || (parameter ~ /\*user$/ && name != "og_objective_loss") || name ~ /_destroy$/
}

function write_calls(result, name, list,    parts, count, i, k, call) {
  count = split(list, parts, ",")
  for (i = 1; i <= count; i++) {
    parts[i] = trim(parts[i])
    if (!is_pointer(parts[i]) || may_be_null(name, parts[i])) continue
    call = name "("
    for (k = 1; k <= count; k++) call = call (k > 1 ? ", " : "") (k == i ? "NULL" : value_of(name, parts[k]))
    call = call ")"
    if (result == "og_status") printf "REFUSED(%s, %d, %s)\n", name, i, call
    else if (result == "void") printf "NOTHING(%s, %d, %s)\n", name, i, call
    else if (result == "double") printf "NO_NUMBER(%s, %d, %s)\n", name, i, call
    else if (result ~ /char \*$/) printf "NO_TEXT(%s, %d, %s)\n", name, i, call
    else printf "ZERO(%s, %d, %s)\n", name, i, call
  }
}

{ all = all $0 "\n" }

END {
  while (match(all, /\/\*([^*]|\*+[^*\/])*\*+\//)) all = substr(all, 1, RSTART - 1) substr(all, RSTART + RLENGTH)
  count = split(all, statements, ";")
  for (s = 1; s <= count; s++) {
    text = statements[s]
    gsub(/#[^\n]*\n/, "", text)
    if (!match(text, /OG_API [^(]*\(/)) continue
    head = substr(text, RSTART + 7, RLENGTH - 8)
    list = substr(text, RSTART + RLENGTH)
    sub(/\)[^)]*$/, "", list)
    match(head, /[A-Za-z0-9_]+$/)
    write_calls(trim(substr(head, 1, RSTART - 1)), substr(head, RSTART), list)
  }
}

#!/bin/bash
# Manual pages and completion that the build made: manual.sh BUILD_FOLDER. Every option that `--help` tells of is in the page and in
# the completion of its verb, pages are without warnings, and bash and zsh complete by them (where they are here).
set -euo pipefail
export LC_ALL=C
build=$(cd "$1" && pwd)
tool=$build/odegrad made=$build/manual
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
fail() { echo "not so: $*"; failed=1; }

verbs=$("$tool" --help | sed -n 's/^  odegrad \([a-z]*\) MODEL.*/\1/p')
[[ $(wc -w <<<"$verbs") == 5 ]] || fail "five verbs in --help"
for verb in $verbs; do
  page=$made/man1/odegrad-$verb.1
  options=$("$tool" "$verb" --help | grep -oE '^  --[a-z0-9-]+' | sort)
  [[ $(wc -l <<<"$options") -gt 20 ]] || fail "more than 20 options in $verb --help"
  diff <(echo "$options" | tr -d ' ') <(sed -n 's/^\\fB\\-\\-\([^ ]*\)\\fR.*/--\1/p' "$page" | sed 's/\\-/-/g' | sort) ||
    fail "$page has the options of $verb --help"
  # what the page says, spaces apart, is what --help says
  if command -v groff >/dev/null; then
    [[ -z $(groff -man -ww -Tutf8 "$page" 2>&1 >/dev/null) ]] || fail "groff has no complaints about $page"
    plain=$(groff -man -Tascii -P-cbou "$page" | tr -s ' \n' ' ')
    [[ $plain == *"relative error allowed in a step (default 1e-06; from 0 to 1)"* ]] || fail "$page says what --rtol does"
  fi
  grep -qF "    $verb) options=\"" "$made/completion/odegrad" || fail "bash completes $verb"
done

# bash: complete WORD... prints the completions of the last word
complete_words() {
  bash -c 'compopt() { :; }
    source "$1"; shift
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _odegrad
    printf "%s\n" "${COMPREPLY[@]}"' bash "$made/completion/odegrad" "$@" | sort | tr '\n' '|' | sed 's/|$//'
}
expect() { # completions, words
  local wanted=$1 found
  shift
  found=$(complete_words "$@")
  [[ $found == "$wanted" ]] || fail "bash: \"$*\" completes to \"$wanted\", not \"$found\""
}
cd "$work" && touch hare.ode "two words.csv" && mkdir harbour
expect "--help|--version|check|fit|grad|help|predict|solve|version" odegrad ""
expect "check|fit|grad|predict|solve" odegrad help ""
expect "fit" odegrad help f
expect "" odegrad help fit ""
expect "" odegrad version ""
grep -q "odegrad help \[VERB\]" "$made/man1/odegrad.1" || fail "the page tells of help"
expect "fit" odegrad f
expect "--help|--hessian" odegrad grad --he
expect "--help" odegrad fit --he
expect "midpoint" odegrad fit --method mid
expect "midpoint" odegrad fit --method = mid
expect "double|single" odegrad fit --precision = # bash splits at =
expect "harbour|hare.ode" odegrad solve ha
expect "two words.csv" odegrad solve hare.ode --data tw
expect "harbour" odegrad solve hare.ode --checkpoint-dir ha
expect "" odegrad solve hare.ode --rtol ""

# zsh in a terminal of its own, with Tab typed behind the words
if command -v zsh >/dev/null; then
  zsh -n "$made/completion/_odegrad" || fail "zsh reads its completion"
  mkdir "$work/home"
  cat >"$work/home/.zshrc" <<END
PS1='READY> '
unset zle_bracketed_paste
fpath=($made/completion \$fpath)
autoload -Uz compinit && compinit -u -D
bindkey '^I' complete-word
odegrad() { print -r -- "GOT<\$*>" }
END
  cat >"$work/type.zsh" <<'END'
zmodload zsh/zpty
zpty -b shell zsh -i
await() {
  local more all= deadline=$((SECONDS + 10))
  while [[ $all != $~1 ]] && ((SECONDS < deadline)); do
    zpty -r -t shell more && all+=$more || sleep 0.05
  done
  print -r -- "$all"
}
await '*READY> *' >/dev/null
zpty -w -n shell "$1"$'\t'
await "*$2*" >/dev/null # what is there after Tab begins so
sleep 0.2
zpty -w -n shell $'\n'
await '*GOT<*>*'
END
  typed() { (cd "$work" && ZDOTDIR=$work/home TERM=dumb timeout 30 zsh -f "$work/type.zsh" "$1" "${1##* }") | tr -d '\r' | grep -oE 'GOT<[^$]*>' | tail -1; }
  for pair in "odegrad pred:GOT<predict>" "odegrad fit --metho:GOT<fit --method>" "odegrad grad --hess:GOT<grad --hessian>" \
    "odegrad fit --method mid:GOT<fit --method midpoint>" "odegrad fit --method=mid:GOT<fit --method=midpoint>" \
    "odegrad solve hare.o:GOT<solve hare.ode>" "odegrad solve hare.ode --data tw:GOT<solve hare.ode --data two words.csv>"; do
    found=$(typed "${pair%%:*}") || true
    [[ $found == "${pair#*:}" ]] || fail "zsh: \"${pair%%:*}\" completes to ${pair#*:}, not $found"
  done
fi
[[ $failed == 0 ]] && echo "manual pages and completion are as the table of options has it"
exit $failed

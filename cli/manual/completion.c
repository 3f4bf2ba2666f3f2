/* Completion for bash and zsh: of verbs, of a verb's options, and of their values where these are files,
 * folders or words. */
#include <string.h>
#include <stdlib.h>

#include "manual/manual.h"

typedef enum value_kind { NO_VALUE, SOME_VALUE, A_FILE, A_FOLDER, A_WORD } value_kind;

static value_kind kind_of(size_t index) {
  option_row row = option_row_of(index);
  if (!row.value) return NO_VALUE;
  if (option_choices(index)) return A_WORD;
  if (strcmp(row.value, "FILE") == 0) return A_FILE;
  return strcmp(row.value, "PATH") == 0 ? A_FOLDER : SOME_VALUE;
}

/* "euler|midpoint" as "euler midpoint". */
static void put_words(FILE *file, const char *choices) {
  for (; *choices; choices++) fputc(*choices == '|' ? ' ' : *choices, file);
}

static void put_verbs(FILE *file) {
  for (size_t i = 0; i < VERB_TEXTS; i++) fprintf(file, "%s ", verb_texts[i].name);
}

/* ---- bash ---- */

static void put_bash_names(FILE *file, value_kind kind) {
  const char *separator = "    ";
  for (size_t i = 0; i < option_rows(); i++) {
    if (kind_of(i) != kind) continue;
    fprintf(file, "%s--%s", separator, option_row_of(i).name);
    separator = " | ";
  }
}

static void put_bash_values(FILE *file) {
  put_bash_names(file, A_FILE);
  fputs(") compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$word\"); return ;;\n", file);
  put_bash_names(file, A_FOLDER);
  fputs(") compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- \"$word\"); return ;;\n", file);
  put_bash_names(file, SOME_VALUE);
  fputs(") return ;;\n", file);
  for (size_t i = 0; i < option_rows(); i++) {
    if (kind_of(i) != A_WORD) continue;
    fprintf(file, "    --%s) COMPREPLY=($(compgen -W \"", option_row_of(i).name);
    put_words(file, option_choices(i));
    fputs("\" -- \"$word\")); return ;;\n", file);
  }
}

void write_bash_completion(FILE *file) {
  fputs("# Completion of odegrad for bash, made from its table of options.\n"
        "_odegrad() {\n"
        "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} options=\n"
        "  local IFS=$' \\t\\n'\n"
        "  # bash takes --name=value for three words\n"
        "  if [[ $word == = ]]; then word=; elif [[ $before == = ]]; then "
        "before=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
        "  COMPREPLY=()\n"
        "  if ((COMP_CWORD == 1)); then\n"
        "    COMPREPLY=($(compgen -W \"",
        file);
  put_verbs(file);
  fputs("help version --help --version\" -- \"$word\"))\n"
        "    return\n"
        "  fi\n"
        "  if [[ ${COMP_WORDS[1]} == help ]]; then\n"
        "    ((COMP_CWORD == 2)) && COMPREPLY=($(compgen -W \"",
        file);
  put_verbs(file);
  fputs("\" -- \"$word\"))\n"
        "    return\n"
        "  fi\n"
        "  [[ ${COMP_WORDS[1]} == version ]] && return\n"
        "  case $before in\n",
        file);
  put_bash_values(file);
  fputs("  esac\n"
        "  case ${COMP_WORDS[1]} in\n",
        file);
  for (size_t i = 0; i < VERB_TEXTS; i++) {
    fprintf(file, "    %s) options=\"", verb_texts[i].name);
    for (size_t k = 0, count = 0; k < option_rows(); k++)
      if (has_option(&verb_texts[i], k)) fprintf(file, "%s--%s", count++ ? " " : "", option_row_of(k).name);
    fputs("\" ;;\n", file);
  }
  fputs("  esac\n"
        "  if [[ $word == -* ]]; then\n"
        "    COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
        "  else\n"
        "    compopt -o filenames\n"
        "    mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
        "  fi\n"
        "}\n"
        "complete -F _odegrad odegrad\n",
        file);
}

/* ---- zsh ---- */

/* Within '...[...]' of a specification of _arguments. */
static void put_zsh(FILE *file, const char *text) {
  for (; *text; text++) {
    if (*text == '\'')
      fputs("'\\''", file);
    else if (strchr("[]:\\", *text))
      fprintf(file, "\\%c", *text);
    else
      fputc(*text, file);
  }
}

static void put_zsh_option(FILE *file, const verb_text *verb, size_t index) {
  option_row row = option_row_of(index);
  value_kind kind = kind_of(index);
  char *help = describe_option(verb, index);
  fprintf(file, "        '%s--%s%s[", row.repeats ? "*" : "", row.name, kind == NO_VALUE ? "" : "=");
  put_zsh(file, help);
  fputs("]", file);
  if (kind != NO_VALUE) {
    fputc(':', file);
    put_zsh(file, row.value);
    fputs(kind == A_FILE ? ":_files" : kind == A_FOLDER ? ":_files -/" : kind == A_WORD ? ":(" : ": ", file);
  }
  if (kind == A_WORD) {
    put_words(file, option_choices(index));
    fputc(')', file);
  }
  fputs("' \\\n", file);
  free(help);
}

void write_zsh_completion(FILE *file) {
  fputs("#compdef odegrad\n"
        "# Completion of odegrad for zsh, made from its table of options.\n"
        "_odegrad() {\n"
        "  local -a verbs=(\n",
        file);
  for (size_t i = 0; i < VERB_TEXTS; i++) {
    fprintf(file, "    '%s:", verb_texts[i].name);
    put_zsh(file, verb_texts[i].meaning);
    fputs("'\n", file);
  }
  fputs("    'help:what there is, or what a verb does'\n"
        "    'version:the version'\n"
        "    '--help:what there is'\n"
        "    '--version:the version'\n"
        "  )\n"
        "  if ((CURRENT == 2)); then\n"
        "    _describe verb verbs\n"
        "    return\n"
        "  fi\n"
        "  local verb=$words[2]\n"
        "  shift words\n"
        "  ((CURRENT--))\n"
        "  case $verb in\n",
        file);
  for (size_t i = 0; i < VERB_TEXTS; i++) {
    fprintf(file, "    %s)\n      _arguments -S \\\n", verb_texts[i].name);
    for (size_t k = 0; k < option_rows(); k++)
      if (has_option(&verb_texts[i], k)) put_zsh_option(file, &verb_texts[i], k);
    fputs("        ':MODEL:_files'\n      ;;\n", file);
  }
  fputs("    help)\n      ((CURRENT == 2)) && compadd -- ", file);
  put_verbs(file);
  fputs("\n      ;;\n"
        "  esac\n"
        "}\n"
        "_odegrad \"$@\"\n",
        file);
}

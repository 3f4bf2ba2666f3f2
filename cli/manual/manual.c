/* manual FOLDER: writes man1/odegrad.1, man1/odegrad-VERB.1, completion/odegrad (bash) and
 * completion/_odegrad (zsh) into FOLDER, whose two folders are there. */
#include "manual/manual.h"

#include <stdlib.h>

/* FOLDER/NAME, or the end of the program. */
static FILE *create(const char *folder, const char *name) {
  char *path = join("%s/%s", folder, name);
  FILE *file = fopen(path, "w");
  if (!file) {
    complain("%s cannot be written", path);
    exit(EXIT_FAILED);
  }
  free(path);
  return file;
}

static void finish(FILE *file) {
  int failed = ferror(file);
  if (fclose(file) == 0 && !failed) return;
  complain("a file could not be written to its end");
  exit(EXIT_FAILED);
}

static void write_with(const char *folder, const char *name, void (*write)(FILE *file)) {
  FILE *file = create(folder, name);
  write(file);
  finish(file);
}

int main(int argc, char **argv) {
  if (argc != 2) {
    complain("usage: manual FOLDER");
    return EXIT_USAGE;
  }
  write_with(argv[1], "man1/odegrad.1", write_main_page);
  write_with(argv[1], "completion/odegrad", write_bash_completion);
  write_with(argv[1], "completion/_odegrad", write_zsh_completion);
  for (size_t i = 0; i < VERB_TEXTS; i++) {
    char *name = join("man1/odegrad-%s.1", verb_texts[i].name);
    FILE *file = create(argv[1], name);
    write_verb_page(file, &verb_texts[i]);
    finish(file);
    free(name);
  }
  return EXIT_DONE;
}

/* The program that makes manual pages and completion from the table of options, when odegrad is built. */
#ifndef ODEGRAD_MANUAL_H
#define ODEGRAD_MANUAL_H

#include "help.h"

/* odegrad.1, and the page of a verb. */
void write_main_page(FILE *file);
void write_verb_page(FILE *file, const verb_text *verb);
void write_bash_completion(FILE *file);
void write_zsh_completion(FILE *file);

#endif

/* What people write who know another language, and what it is called here. */
#ifndef OG_HINTS_H
#define OG_HINTS_H

#include <stddef.h>

typedef enum og_hint_kind {
  OG_HINT_FUNCTION,
  OG_HINT_NAME,
  OG_HINT_DISTRIBUTION,
  OG_HINT_ACTIVATION,
  OG_HINT_STATEMENT /* a statement's first word */
} og_hint_kind;
/* A sentence of help, or NULL. The case of letters does not matter. */
const char *og_hint(og_hint_kind kind, const char *word, size_t length);

/* A sign that is no part of the language. */
typedef struct og_foreign_sign {
  const char *sign; /* in UTF-8 */
  const char *help;
  const char *meant; /* the sign of the language in whose place it stands; "" for a blank; NULL: none */
} og_foreign_sign;
/* The one at the start of the text, or NULL. */
const og_foreign_sign *og_foreign_sign_at(const char *text, size_t length);

#endif

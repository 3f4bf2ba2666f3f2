/* Names of the rows of a state: a field may have them, for messages and for settings of single states. */
#ifndef OG_STATES_H
#define OG_STATES_H

#include "field/field.h"

enum { OG_ROW_NAME_SIZE = 128 };

/* One block, which og_free takes; NULL: no memory. */
og_state_info *og_states_copy(og_context *context, size_t count, const og_state_info *states);
/* What messages call a row of f: "x", "x[3]", "the running cost", or by its number. */
const char *og_row_name(const og_field *field, size_t row, char text[OG_ROW_NAME_SIZE]);
/* The rows that a name, "x" or "x[3]", of `length` letters stands for. */
og_status og_state_rows(og_context *context, const og_field *field, const char *name, size_t length,
                        size_t *first, size_t *count);

#endif

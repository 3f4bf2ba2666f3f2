/* Fuzz target of the CSV reader: any bytes give a table or a message; a table survives the way to its own
 * text. */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds) {
  if (!holds) abort();
}

static void check_table(const og_table *table) {
  size_t rows = og_table_rows(table), groups = og_table_groups(table);
  check(rows > 0 && groups > 0 && groups <= rows && og_table_columns(table) > 0);
  for (size_t i = 0; i < rows; i++) check(og_table_group_of_rows(table)[i] < groups);
  for (size_t i = 0; i < og_table_columns(table); i++)
    check(og_table_column(table, og_table_column_name(table, i)) != NULL);
  for (size_t i = 0; i < groups; i++) check(og_table_group_name(table, i) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  og_context *context;
  og_table *table;
  if (og_context_create(NULL, NULL, NULL, &context) != OG_OK) return 0;
  char *exact =
      malloc(size ? size : 1); /* without a byte to spare, so that the sanitizer sees every step too far */
  if (exact) {
    if (size) memcpy(exact, data, size);
    og_status status = og_table_create_from_text(context, "fuzz.csv", exact, size, &table);
    check((status == OG_OK) == (table != NULL));
    check((status == OG_OK) == (og_context_message(context)[0] == '\0'));
    if (table) check_table(table);
    og_table_destroy(table);
  }
  free(exact);
  og_context_destroy(context);
  return 0;
}

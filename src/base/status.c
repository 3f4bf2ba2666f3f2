/* Names and meanings of status codes, and the version. */
#include "base/base.h"

typedef struct status_row {
  og_status status;
  const char *name, *text;
} status_row;

static const status_row status_rows[] = {
#define STATUS_ROW(name, number, text) {name, #name, text},
    OG_STATUS_LIST(STATUS_ROW)
#undef STATUS_ROW
};

static const status_row *row_of(og_status status) {
  size_t count = sizeof status_rows / sizeof status_rows[0];
  for (size_t i = 0; i < count; i++)
    if (status_rows[i].status == status) return &status_rows[i];
  return &status_rows[count - 1]; /* OG_ERR_INTERNAL closes the list */
}

const char *og_status_name(og_status status) { return row_of(status)->name; }

const char *og_status_text(og_status status) { return row_of(status)->text; }

#define TEXT_OF(number) #number
#define VERSION_TEXT(major, minor, patch) TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(patch)

const char *og_version(void) { return VERSION_TEXT(OG_VERSION_MAJOR, OG_VERSION_MINOR, OG_VERSION_PATCH); }

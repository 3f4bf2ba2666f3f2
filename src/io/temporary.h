/* Temporary files beside a file that they are to replace. */
#ifndef OG_TEMPORARY_H
#define OG_TEMPORARY_H

#include "base/base.h"

/* A new file beside `target`, open for writing (and reading back) and locked while it is, with the
 * permissions and the owner of `target` where that exists; *name is its path (for og_free). Files that runs
 * left here which ended before they were done, for the same target, are removed: nobody holds their lock. A
 * descriptor, or minus the error number. */
int og_temporary_open(og_context *context, const char *target, char **name);
/* Makes sure that the names in the folder of `path` are on the disk, as far as its file system can. */
void og_sync_folder(const char *path);

#endif

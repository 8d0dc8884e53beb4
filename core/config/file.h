/* SPDX-License-Identifier: MIT */
/* Small regular files, read whole. */
#ifndef CORE_CONFIG_FILE_H
#define CORE_CONFIG_FILE_H

#include "core/base/bytes.h"

#include <sys/stat.h>

#define FILE_WHY 160

/*
 * Reads a regular file of at most `max` bytes; never waits for a writer. *info is the
 * file's. OK, NOT_FOUND, IO (unreadable), CONFIG (no regular file, too large), NO_MEMORY;
 * why says it as the rest of a sentence that begins with the path.
 */
persist_status file_read(const char *path, size_t max, struct buf *out, struct stat *info,
                         char why[FILE_WHY]);
/* Wipes, then frees. */
void file_wipe(struct buf *content);
/* Folder of a path, for file_join: "" if it has none. malloc'ed; NULL without memory. */
char *file_folder(const char *path);
/* `path` as it is if it is absolute or folder is NULL or "", else in that folder.
 * malloc'ed; NULL without memory. */
char *file_join(const char *folder, const char *path);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Whose files are run. A plugin runs with the rights of the host, so nobody may have been
 * able to put or change it but those who could change the host anyway: root, the
 * effective user, and whoever owns the folder that holds libpersist itself.
 *
 * The real path is walked from the root, folder by folder, each opened without
 * following links beneath the one judged before it. So no folder can be swapped between
 * the look at it and the step through it, and the descriptor that comes out is the file
 * that was judged.
 */
#ifndef CORE_LOADER_TRUST_H
#define CORE_LOADER_TRUST_H

#include "core/loader/judge.h"

#include <sys/stat.h>

/* Who may own what is run. */
struct trust {
    uid_t user;    /* effective user */
    uid_t library; /* owner of libpersist's folder; the user's if unknown */
};

void trust_begin(struct trust *trust);
/* Opens the file at `real` (absolute, no links) for reading. PERSIST_OK: *fd is open, or
 * -1 if it is no regular file; a fault found on the way is refused in `file`. NOT_FOUND;
 * IO. */
persist_status trust_open(const struct trust *trust, const char *real, struct plugin_file *file,
                          int *fd, struct stat *st, persist_error *error);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Judges a plugin file without running it: where it stands (trust.h), what its ELF
 * note says (note.h), whether this host takes that (accept.h).
 */
#ifndef CORE_LOADER_JUDGE_H
#define CORE_LOADER_JUDGE_H

#include "core/loader/loader.h"

#include <sys/types.h>

/* Which file it is, whatever its path. */
struct file_id {
    dev_t dev;
    ino_t ino;
};

static inline bool file_id_equal(struct file_id a, struct file_id b)
{
    return a.dev == b.dev && a.ino == b.ino;
}

/* A judged file, still open: what is loaded is what was judged. */
struct judged {
    int fd; /* -1: it could not be opened */
    struct file_id id;
    char real[PATH_MAX];      /* without symbolic links */
    persist_plugin_head head; /* as it stands in the note, byte for byte */
};

/* Judges the file at `path`. PERSIST_OK: `file` says how it ended, and `judged` is to be
 * ended by judge_end. NOT_FOUND; IO; NO_MEMORY. Never runs the file's code. */
persist_status judge_file(const char *path, struct plugin_file *file, struct judged *judged,
                          persist_error *error);
void judge_end(struct judged *judged);

/* Refuses the file; of several reasons the first one stays. Always false. */
bool judge_refuse(struct plugin_file *file, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif

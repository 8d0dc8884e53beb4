/* SPDX-License-Identifier: MIT */
/* A file, or standard input, read line by line, or whole; a signal ends the waiting. */
#ifndef TOOLS_PERSIST_LINES_H
#define TOOLS_PERSIST_LINES_H

#include "core/base/bytes.h"
#include "core/base/error.h"

/* Longest line, and largest standard input. */
#define LINES_MAX ((size_t)1 << 30)

struct lines {
    const char *name; /* for messages */
    int fd;
    bool end;        /* nothing more can be read */
    uint64_t number; /* of the line handed out last; from 1 */
    uint64_t total;  /* bytes of the file; 0: not known */
    uint64_t taken;  /* bytes of the lines handed out */
    size_t max;      /* LINES_MAX; tests lower it */
    struct buf buf;
    size_t at; /* in buf: start of the next line */
};

/* Opens FILE, "-" being standard input. Statuses: NOT_FOUND, IO. */
persist_status lines_open(struct lines *lines, const char *file, persist_error *error);
/* The next line, without its LF or CR LF, borrowed until the next call. Statuses: END,
 * INTERRUPTED, IO, LIMIT (too long), NO_MEMORY. */
persist_status lines_next(struct lines *lines, persist_bytes *line, persist_error *error);
/* All that is left, borrowed. Statuses: as lines_next, but END. */
persist_status lines_rest(struct lines *lines, persist_bytes *rest, persist_error *error);
void lines_close(struct lines *lines);

#endif

/* SPDX-License-Identifier: MIT */
/* How far a long verb has come, on standard error: a bar that is drawn anew on a terminal, a
 * line every few seconds elsewhere. */
#ifndef TOOLS_PERSIST_PROGRESS_H
#define TOOLS_PERSIST_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
    bool enabled;
    bool terminal;
    bool drawn;       /* a bar is on the screen */
    const char *verb; /* "load" */
    uint64_t total;   /* bytes; 0: not known */
    int64_t started;  /* monotonic ns */
    int64_t next;     /* when to tell again */
};

void progress_begin(struct progress *progress, const char *verb, uint64_t total, bool quiet);
/* Tells of rows and bytes if it is time to. */
void progress_step(struct progress *progress, uint64_t rows, uint64_t bytes);
/* Takes the bar off the screen. */
void progress_end(struct progress *progress);
/* The line itself, without time and cursor. Returns out. */
const char *progress_line(const struct progress *progress, uint64_t rows, uint64_t bytes,
                          int64_t now, char *out, size_t capacity);

#endif

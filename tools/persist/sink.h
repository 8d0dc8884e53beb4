/* SPDX-License-Identifier: MIT */
/*
 * A descriptor written to through a buffer. The first failure is kept, and everything
 * after it is thrown away: callers ask sink_open now and then, and sink_finish at the end.
 */
#ifndef TOOLS_PERSIST_SINK_H
#define TOOLS_PERSIST_SINK_H

#include <stdbool.h>
#include <stddef.h>

struct sink {
    int fd;
    bool gone; /* the reader went away (EPIPE): no fault */
    int fault; /* errno of the write that failed, or 0 */
    size_t used;
    unsigned char data[65536];
};

void sink_begin(struct sink *sink, int fd);
void sink_add(struct sink *sink, const void *data, size_t size);
void sink_text(struct sink *sink, const char *text);
void sink_char(struct sink *sink, char c);
void sink_format(struct sink *sink, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sink_flush(struct sink *sink);
/* Is there any use in writing more? */
bool sink_open(const struct sink *sink);
/* Flushes and closes; false if something was lost that a reader still wanted, errno in
 * `fault`. */
bool sink_finish(struct sink *sink);

#endif

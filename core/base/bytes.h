/* SPDX-License-Identifier: MIT */
/* Runs of bytes: comparison, and a buffer that grows. */
#ifndef CORE_BASE_BYTES_H
#define CORE_BASE_BYTES_H

#include <persist/types.h>

#include <stdbool.h>

/* A buffer that grows. { 0 } is an empty one; buf_free ends it. */
struct buf {
    unsigned char *data;
    size_t size;
    size_t capacity;
};

/* Room for `extra` more bytes; false without memory, the buffer unchanged. */
bool buf_reserve(struct buf *buf, size_t extra);
/* Appends; false without memory, the buffer unchanged. */
bool buf_add(struct buf *buf, const void *data, size_t size);
void buf_free(struct buf *buf);

static inline persist_bytes buf_bytes(const struct buf *buf)
{
    return (persist_bytes){buf->data, buf->size};
}

/* Unsigned byte order: <0, 0, >0; a prefix comes first. */
int bytes_compare(persist_bytes a, persist_bytes b);
bool bytes_has_prefix(persist_bytes bytes, persist_bytes prefix);
/* Copies into malloc'ed memory (never NULL for empty input unless out of memory). */
bool bytes_copy(persist_bytes from, persist_bytes *to);
/* The lowest key above every key with this prefix, malloc'ed into *end; an empty *end
 * (data NULL) if there is none: prefix empty or all 0xFF. False without memory. */
bool bytes_prefix_end(persist_bytes prefix, persist_bytes *end);
/* A printable form for messages: text as it is, other bytes as \xNN, cut with "..." to
 * fit. Returns out. */
const char *bytes_show(persist_bytes bytes, char *out, size_t capacity);

#endif

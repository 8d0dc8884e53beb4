/* SPDX-License-Identifier: MIT */
/*
 * The ordered write buffer of a transaction: at most one entry a key, the last write.
 * Used by one thread at a time.
 */
#ifndef CORE_TXN_BUFFER_H
#define CORE_TXN_BUFFER_H

#include "core/base/bytes.h"
#include "core/codec/value.h"

#include <bsd/sys/tree.h>

struct buffer_entry {
    RB_ENTRY(buffer_entry) link;
    struct packed_value value; /* data NULL: a delete */
    size_t key_size;
    unsigned char key[];
};

RB_HEAD(buffer_tree, buffer_entry);

struct buffer {
    struct buffer_tree tree; /* RB_INIT */
    size_t count;            /* entries */
    size_t bytes;            /* of keys and packed values */
};

void buffer_init(struct buffer *buffer);
void buffer_free(struct buffer *buffer);

/* Sets a key, taking `value` over (also its memory). False without memory: nothing
 * changed and value still the caller's. */
bool buffer_set(struct buffer *buffer, persist_bytes key, struct packed_value *value);
struct buffer_entry *buffer_find(const struct buffer *buffer, persist_bytes key);
/* First entry with key >= `key` (above: > key); NULL if there is none. */
struct buffer_entry *buffer_ceiling(const struct buffer *buffer, persist_bytes key, bool above);
/* Last entry with key < `key`; an empty key: the last of all. NULL if there is none. */
struct buffer_entry *buffer_below(const struct buffer *buffer, persist_bytes key);
struct buffer_entry *buffer_first(const struct buffer *buffer);
struct buffer_entry *buffer_next(struct buffer_entry *entry);

static inline persist_bytes buffer_key(const struct buffer_entry *entry)
{
    return (persist_bytes){entry->key, entry->key_size};
}

#endif

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

/* What a write replaced, kept while there are savepoints. */
struct buffer_undo {
    bool existed; /* the key had an entry before: `value` */
    struct packed_value value;
    struct buffer_entry *entry; /* its entry since */
};

/* A mark: everything in the undo log from `undo` on came after it. */
struct buffer_savepoint {
    uint32_t serial;
    size_t undo;
};

struct buffer {
    struct buffer_tree tree; /* RB_INIT */
    size_t count;            /* entries */
    size_t bytes;            /* of keys, packed values and what the undo log keeps */
    struct buffer_undo *undo;
    size_t n_undo;
    size_t undo_capacity;
    struct buffer_savepoint *savepoints; /* nested, outermost first */
    size_t n_savepoints;
    size_t savepoint_capacity;
    uint32_t serial;
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

/* Marks the writes so far; false without memory. */
bool buffer_savepoint(struct buffer *buffer, uint64_t *mark);
/* Takes back what came after the mark; false if there is no such mark. */
bool buffer_rollback_to(struct buffer *buffer, uint64_t mark);

static inline persist_bytes buffer_key(const struct buffer_entry *entry)
{
    return (persist_bytes){entry->key, entry->key_size};
}

#endif

/* SPDX-License-Identifier: MIT */
#include "core/txn/buffer.h"

#include <stdlib.h>
#include <string.h>

static int compare(const struct buffer_entry *a, const struct buffer_entry *b)
{
    return bytes_compare(buffer_key(a), buffer_key(b));
}

RB_GENERATE_INTERNAL(buffer_tree, buffer_entry, link, compare, static __attribute__((unused)))

/* The tree's own look-ups want an entry; these walk by bytes instead. The tree is not
 * changed by a look-up: RB_ROOT only lacks a const form. */
static struct buffer_entry *root(const struct buffer *buffer)
{
    return buffer->tree.rbh_root;
}

void buffer_init(struct buffer *buffer)
{
    RB_INIT(&buffer->tree);
    buffer->count = 0;
    buffer->bytes = 0;
}

void buffer_free(struct buffer *buffer)
{
    struct buffer_entry *entry, *next;
    for (entry = buffer_first(buffer); entry; entry = next) {
        next = buffer_next(entry);
        RB_REMOVE(buffer_tree, &buffer->tree, entry);
        value_free(&entry->value);
        free(entry);
    }
    buffer_init(buffer);
}

struct buffer_entry *buffer_find(const struct buffer *buffer, persist_bytes key)
{
    struct buffer_entry *entry = root(buffer);
    while (entry) {
        int order = bytes_compare(key, buffer_key(entry));
        if (!order)
            return entry;
        entry = order < 0 ? RB_LEFT(entry, link) : RB_RIGHT(entry, link);
    }
    return NULL;
}

struct buffer_entry *buffer_ceiling(const struct buffer *buffer, persist_bytes key, bool above)
{
    struct buffer_entry *entry = root(buffer), *found = NULL;
    while (entry) {
        int order = bytes_compare(key, buffer_key(entry));
        if (order < 0 || (!order && !above)) {
            found = entry;
            entry = RB_LEFT(entry, link);
        } else {
            entry = RB_RIGHT(entry, link);
        }
    }
    return found;
}

struct buffer_entry *buffer_below(const struct buffer *buffer, persist_bytes key)
{
    struct buffer_entry *entry = root(buffer), *found = NULL;
    while (entry) {
        if (!key.size || bytes_compare(buffer_key(entry), key) < 0) {
            found = entry;
            entry = RB_RIGHT(entry, link);
        } else {
            entry = RB_LEFT(entry, link);
        }
    }
    return found;
}

struct buffer_entry *buffer_first(const struct buffer *buffer)
{
    struct buffer_entry *entry = root(buffer);
    while (entry && RB_LEFT(entry, link))
        entry = RB_LEFT(entry, link);
    return entry;
}

struct buffer_entry *buffer_next(struct buffer_entry *entry)
{
    return RB_NEXT(buffer_tree, NULL, entry);
}

bool buffer_set(struct buffer *buffer, persist_bytes key, struct packed_value *value)
{
    struct buffer_entry *entry = buffer_find(buffer, key);
    if (entry) {
        buffer->bytes -= entry->value.size;
        value_free(&entry->value);
    } else {
        entry = malloc(sizeof *entry + key.size);
        if (!entry)
            return false;
        entry->key_size = key.size;
        memcpy(entry->key, key.data, key.size);
        RB_INSERT(buffer_tree, &buffer->tree, entry);
        buffer->count++;
        buffer->bytes += key.size;
    }
    entry->value = *value;
    buffer->bytes += value->size;
    *value = (struct packed_value){0};
    return true;
}

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
    *buffer = (struct buffer){0};
    RB_INIT(&buffer->tree);
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
    for (size_t i = 0; i < buffer->n_undo; i++)
        value_free(&buffer->undo[i].value);
    free(buffer->undo);
    free(buffer->savepoints);
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

/* Room for one more element of an array; false without memory. */
static bool grow(void **array, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return true;
    size_t more = *capacity ? 2 * *capacity : 16;
    void *grown = realloc(*array, more * size);
    if (!grown)
        return false;
    *array = grown;
    *capacity = more;
    return true;
}

static struct buffer_entry *insert(struct buffer *buffer, persist_bytes key)
{
    struct buffer_entry *entry = malloc(sizeof *entry + key.size);
    if (!entry)
        return NULL;
    entry->value = (struct packed_value){0};
    entry->key_size = key.size;
    memcpy(entry->key, key.data, key.size);
    RB_INSERT(buffer_tree, &buffer->tree, entry);
    buffer->count++;
    buffer->bytes += key.size;
    return entry;
}

static void drop(struct buffer *buffer, struct buffer_entry *entry)
{
    RB_REMOVE(buffer_tree, &buffer->tree, entry);
    buffer->count--;
    buffer->bytes -= entry->key_size + entry->value.size;
    value_free(&entry->value);
    free(entry);
}

bool buffer_set(struct buffer *buffer, persist_bytes key, struct packed_value *value)
{
    bool keep = buffer->n_savepoints > 0;
    if (keep &&
        !grow((void **)&buffer->undo, buffer->n_undo, &buffer->undo_capacity, sizeof *buffer->undo))
        return false;
    struct buffer_entry *entry = buffer_find(buffer, key);
    bool existed = entry != NULL;
    if (!existed && !(entry = insert(buffer, key)))
        return false;
    if (keep) {
        buffer->undo[buffer->n_undo++] =
            (struct buffer_undo){.existed = existed, .value = entry->value, .entry = entry};
    } else {
        buffer->bytes -= entry->value.size;
        value_free(&entry->value);
    }
    entry->value = *value;
    buffer->bytes += value->size;
    *value = (struct packed_value){0};
    return true;
}

bool buffer_savepoint(struct buffer *buffer, uint64_t *mark)
{
    if (!grow((void **)&buffer->savepoints, buffer->n_savepoints, &buffer->savepoint_capacity,
              sizeof *buffer->savepoints))
        return false;
    uint32_t serial = ++buffer->serial;
    buffer->savepoints[buffer->n_savepoints++] =
        (struct buffer_savepoint){.serial = serial, .undo = buffer->n_undo};
    *mark = (uint64_t)serial << 32 | buffer->n_savepoints;
    return true;
}

bool buffer_rollback_to(struct buffer *buffer, uint64_t mark)
{
    size_t position = (size_t)(mark & UINT32_MAX);
    if (!position || position > buffer->n_savepoints ||
        buffer->savepoints[position - 1].serial != mark >> 32)
        return false;
    size_t keep = buffer->savepoints[position - 1].undo;
    while (buffer->n_undo > keep) {
        struct buffer_undo *undo = &buffer->undo[--buffer->n_undo];
        if (undo->existed) {
            buffer->bytes -= undo->entry->value.size;
            value_free(&undo->entry->value);
            undo->entry->value = undo->value;
        } else {
            drop(buffer, undo->entry);
        }
    }
    buffer->n_savepoints = position;
    return true;
}

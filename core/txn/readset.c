/* SPDX-License-Identifier: MIT */
#include "core/txn/readset.h"

#include <bsd/sys/tree.h>

#include <stdlib.h>
#include <string.h>

struct read_key {
    RB_ENTRY(read_key) link;
    size_t size;
    unsigned char key[];
};

static persist_bytes key_of(const struct read_key *entry)
{
    return (persist_bytes){entry->key, entry->size};
}

static int compare(const struct read_key *a, const struct read_key *b)
{
    return bytes_compare(key_of(a), key_of(b));
}

RB_HEAD(read_tree, read_key);
RB_GENERATE_INTERNAL(read_tree, read_key, link, compare, static __attribute__((unused)))

struct readset {
    struct read_tree keys;
    struct read_range *ranges;
    size_t count;
};

struct readset *readset_new(void)
{
    return calloc(1, sizeof(struct readset));
}

static void free_range(struct read_range *range)
{
    buf_free(&range->from);
    buf_free(&range->to);
    free(range);
}

void readset_free(struct readset *set)
{
    if (!set)
        return;
    struct read_key *key, *next;
    for (key = RB_MIN(read_tree, &set->keys); key; key = next) {
        next = RB_NEXT(read_tree, &set->keys, key);
        RB_REMOVE(read_tree, &set->keys, key);
        free(key);
    }
    while (set->ranges) {
        struct read_range *range = set->ranges;
        set->ranges = range->next;
        free_range(range);
    }
    free(set);
}

size_t readset_count(const struct readset *set)
{
    return set->count;
}

static bool has_key(const struct readset *set, persist_bytes key)
{
    struct read_key *entry = set->keys.rbh_root;
    while (entry) {
        int order = bytes_compare(key, key_of(entry));
        if (!order)
            return true;
        entry = order < 0 ? RB_LEFT(entry, link) : RB_RIGHT(entry, link);
    }
    return false;
}

bool readset_add(struct readset *set, persist_bytes key)
{
    if (has_key(set, key))
        return true;
    struct read_key *entry = malloc(sizeof *entry + key.size);
    if (!entry)
        return false;
    entry->size = key.size;
    memcpy(entry->key, key.data, key.size);
    RB_INSERT(read_tree, &set->keys, entry);
    set->count++;
    return true;
}

struct read_range *readset_add_range(struct readset *set)
{
    struct read_range *range = calloc(1, sizeof *range);
    if (!range)
        return NULL;
    range->empty = true;
    range->open = true;
    range->next = set->ranges;
    set->ranges = range;
    set->count++;
    return range;
}

static bool set(struct buf *end, const persist_bytes *key)
{
    if (!buf_reserve(end, key->size))
        return false;
    end->size = 0;
    return buf_add(end, key->data, key->size);
}

bool read_range_widen(struct read_range *range, const persist_bytes *from, const persist_bytes *to)
{
    if ((from && !set(&range->from, from)) || (to && !set(&range->to, to)))
        return false;
    range->empty = false;
    return true;
}

void readset_close_range(struct read_range *range)
{
    range->open = false;
}

static void drop_key(struct readset *set, struct read_key *key)
{
    RB_REMOVE(read_tree, &set->keys, key);
    free(key);
    set->count--;
}

/* Turns the keys from `first` on, `n` of them, to one range; returns the key behind. */
static bool cover(struct readset *set, struct read_key **first, size_t n)
{
    struct read_range *range = readset_add_range(set);
    struct read_key *key = *first;
    persist_bytes from = key_of(key);
    if (!range || !read_range_widen(range, &from, &from))
        return false;
    for (size_t i = 0; key && i < n; i++) {
        struct read_key *next = RB_NEXT(read_tree, &set->keys, key);
        persist_bytes to = key_of(key);
        if (!read_range_widen(range, NULL, &to))
            return false;
        drop_key(set, key);
        key = next;
    }
    /* Half open: the end is the lowest key above the last one. */
    range->open = false;
    *first = key;
    return buf_add(&range->to, "", 1);
}

/* Makes one range of all that are closed. */
static bool merge_ranges(struct readset *set)
{
    struct read_range *into = NULL, **link = &set->ranges;
    while (*link) {
        struct read_range *range = *link;
        if (range->open || (!into && (into = range))) {
            link = &range->next;
            continue;
        }
        persist_bytes from = buf_bytes(&range->from), to = buf_bytes(&range->to);
        bool lower = bytes_compare(from, buf_bytes(&into->from)) < 0;
        bool higher = into->to.size && (!to.size || bytes_compare(to, buf_bytes(&into->to)) > 0);
        if (!range->empty && into->empty)
            lower = higher = true;
        if (!range->empty && !read_range_widen(into, lower ? &from : NULL, higher ? &to : NULL))
            return false;
        *link = range->next;
        free_range(range);
        set->count--;
    }
    return true;
}

bool readset_coarsen(struct readset *set, size_t most)
{
    size_t keys = 0, target = most / 4 ? most / 4 : 1;
    struct read_key *key;
    RB_FOREACH(key, read_tree, &set->keys)
    keys++;
    key = RB_MIN(read_tree, &set->keys);
    while (key)
        if (!cover(set, &key, (keys + target - 1) / target))
            return false;
    return set->count <= most / 2 || merge_ranges(set);
}

static bool in_range(const struct read_range *range, persist_bytes key)
{
    return !range->empty && bytes_compare(buf_bytes(&range->from), key) <= 0 &&
           (!range->to.size || bytes_compare(key, buf_bytes(&range->to)) < 0);
}

bool readset_has(const struct readset *set, persist_bytes key)
{
    if (has_key(set, key))
        return true;
    for (const struct read_range *range = set->ranges; range; range = range->next)
        if (in_range(range, key))
            return true;
    return false;
}

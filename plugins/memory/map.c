/* SPDX-License-Identifier: MIT */
/* The ordered map of versions, and the log, of one namespace. */
#include "plugins/memory/memory.h"

#include <assert.h>
#include <string.h>

int memory_compare(persist_bytes a, persist_bytes b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common > 0 ? memcmp(a.data, b.data, common) : 0;

    if (order != 0)
        return order;
    return (a.size > b.size) - (a.size < b.size);
}

static int version_compare(const struct version *a, const struct version *b)
{
    int order = memory_compare(a->key, b->key);

    if (order != 0)
        return order;
    return (a->timestamp < b->timestamp) - (a->timestamp > b->timestamp);
}

static int record_compare(const struct record *a, const struct record *b)
{
    return (a->timestamp > b->timestamp) - (a->timestamp < b->timestamp);
}

/* RB_GENERATE_STATIC, which wants a macro __unused that not every libbsd defines. */
#define TREE_FUNCTION __attribute__((unused)) static
RB_GENERATE_INTERNAL(version_tree, version, link, version_compare, TREE_FUNCTION)
RB_GENERATE_INTERNAL(record_tree, record, link, record_compare, TREE_FUNCTION)

struct version *memory_version_at(struct namespace *ns, persist_bytes key, int64_t timestamp)
{
    struct version probe = {.key = key, .timestamp = timestamp};

    return RB_NFIND(version_tree, &ns->versions, &probe);
}

struct version *memory_visible(struct namespace *ns, persist_bytes key, int64_t timestamp)
{
    struct version *version = memory_version_at(ns, key, timestamp);

    return version != NULL && memory_compare(version->key, key) == 0 ? version : NULL;
}

struct version *memory_key_from(struct namespace *ns, persist_bytes key)
{
    return memory_version_at(ns, key, INT64_MAX);
}

struct version *memory_key_before(struct namespace *ns, persist_bytes key)
{
    struct version *above = key.size > 0 ? memory_version_at(ns, key, INT64_MAX) : NULL;
    struct version *last = above != NULL ? RB_PREV(version_tree, &ns->versions, above)
                                         : RB_MAX(version_tree, &ns->versions);

    return last != NULL ? memory_version_at(ns, last->key, INT64_MAX) : NULL;
}

struct version *memory_older(struct version *version)
{
    struct version *next = RB_NEXT(version_tree, NULL, version);

    return next != NULL && memory_compare(next->key, version->key) == 0 ? next : NULL;
}

/* Copies bytes to `to`, which stands behind a struct; returns the end of the copy. */
static unsigned char *place(unsigned char *to, persist_bytes from, persist_bytes *placed)
{
    if (from.size > 0)
        memcpy(to, from.data, from.size);
    *placed = (persist_bytes){to, from.size};
    return to + from.size;
}

struct version *memory_version_new(const persist_version *from)
{
    struct version *version =
        memory_host.alloc(sizeof(*version) + from->key.size + from->value.size);
    unsigned char *bytes;

    if (version == NULL)
        return NULL;
    *version = (struct version){.timestamp = from->timestamp, .flags = from->flags};
    bytes = place((unsigned char *)(version + 1), from->key, &version->key);
    place(bytes, from->value, &version->value);
    return version;
}

bool memory_version_add(struct namespace *ns, struct version *version)
{
    return RB_INSERT(version_tree, &ns->versions, version) == NULL;
}

void memory_version_remove(struct namespace *ns, struct version *version)
{
    RB_REMOVE(version_tree, &ns->versions, version);
}

struct record *memory_record_new(const persist_record *from)
{
    struct record *record = memory_host.alloc(sizeof(*record) + from->data.size);

    if (record == NULL)
        return NULL;
    *record = (struct record){.timestamp = from->timestamp, .digest = from->digest};
    place((unsigned char *)(record + 1), from->data, &record->data);
    return record;
}

void memory_record_add(struct namespace *ns, struct record *record)
{
    struct record *there = RB_INSERT(record_tree, &ns->records, record);

    assert(there == NULL); /* heads rise strictly */
    (void)there;
}

struct record *memory_record_after(struct namespace *ns, int64_t after)
{
    struct record probe = {.timestamp = after};
    struct record *record = RB_NFIND(record_tree, &ns->records, &probe);

    if (record != NULL && record->timestamp == after)
        record = memory_record_next(record);
    return record;
}

struct record *memory_record_next(struct record *record)
{
    return RB_NEXT(record_tree, NULL, record);
}

void memory_anchors(struct namespace *ns, persist_anchor *anchors, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct record *above = memory_record_after(ns, anchors[i].at);
        struct record *newest = above != NULL ? RB_PREV(record_tree, &ns->records, above)
                                              : RB_MAX(record_tree, &ns->records);

        anchors[i].timestamp = newest != NULL ? newest->timestamp : 0;
        anchors[i].digest = newest != NULL ? newest->digest : (persist_digest){{0}};
    }
}

void memory_map_free(struct namespace *ns)
{
    struct version *version;
    struct record *record;

    while ((version = RB_ROOT(&ns->versions)) != NULL) {
        RB_REMOVE(version_tree, &ns->versions, version);
        memory_host.release(version);
    }
    while ((record = RB_ROOT(&ns->records)) != NULL) {
        RB_REMOVE(record_tree, &ns->records, record);
        memory_host.release(record);
    }
}

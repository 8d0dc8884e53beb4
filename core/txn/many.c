/* SPDX-License-Identifier: MIT */
/* Reading many keys in as few trips as the backend allows. */
#include "core/txn/cursor.h"

#include <stdlib.h>
#include <string.h>

/* Where the i-th key's bytes lie in tx->stored, once found. */
struct place {
    bool found;
    bool own;
    size_t offset; /* of the stored value, then of the opened one */
    size_t size;
    int64_t timestamp;
    uint32_t flags;
};

struct many {
    persist_tx *tx;
    const persist_bytes *keys;
    struct place *places; /* of all keys */
    size_t *numbers;      /* of this trip's keys among all */
    persist_read_key *wanted;
    size_t n_wanted;
    struct buf opened; /* values as they are handed out */
};

static persist_status take_version(void *context, const persist_version *version)
{
    struct many *many = context;
    struct buf *stored = &many->tx->stored;
    if (version->index >= many->n_wanted)
        return PERSIST_INTERNAL;
    many->places[many->numbers[version->index]] = (struct place){.found = true,
                                                                 .offset = stored->size,
                                                                 .size = version->value.size,
                                                                 .timestamp = version->timestamp,
                                                                 .flags = version->flags};
    return buf_add(stored, version->value.data, version->value.size) ? PERSIST_OK
                                                                     : PERSIST_NO_MEMORY;
}

static persist_status fetch(struct many *many, persist_error *error)
{
    persist_tx *tx = many->tx;
    struct snapshot_request request;
    int64_t deadline = tx_deadline(tx);
    persist_status status = snapshot_ask(tx, deadline, &request, error);
    if (status != PERSIST_OK)
        return tx_failed(tx, status, error);
    for (size_t i = 0; i < many->n_wanted; i++)
        many->wanted[i] =
            (persist_read_key){.key = many->keys[many->numbers[i]], .timestamp = request.timestamp};
    persist_read read = {.ns = tx->ns->id,
                         .keys = many->wanted,
                         .n_keys = many->n_wanted,
                         .anchors = request.anchors,
                         .n_anchors = request.n_anchors};
    status = backend_read(tx->ns->backend, deadline, &tx->cancel, &read, &request.clock,
                          take_version, many, error);
    if (status == PERSIST_OK)
        status = snapshot_accept(tx, &request, error);
    many->n_wanted = 0;
    return status == PERSIST_OK ? status : tx_failed(tx, status, error);
}

/* Fetches every key that the transaction did not write itself. */
static persist_status fetch_all(struct many *many, size_t n, persist_error *error)
{
    persist_tx *tx = many->tx;
    uint64_t most = backend_limits(tx->ns->backend)->read_keys;
    persist_status status = PERSIST_OK;
    for (size_t i = 0; i < n && status == PERSIST_OK; i++) {
        status = tx_check_key(tx, many->keys[i], error);
        if (status == PERSIST_OK && buffer_find(&tx->writes, many->keys[i]))
            many->places[i].own = true;
        else if (status == PERSIST_OK)
            many->numbers[many->n_wanted++] = i;
        if (most && many->n_wanted == most && status == PERSIST_OK)
            status = fetch(many, error);
    }
    return status == PERSIST_OK && many->n_wanted ? fetch(many, error) : status;
}

static persist_status note_reads(struct many *many, size_t n, persist_error *error)
{
    persist_tx *tx = many->tx;
    for (size_t i = 0; tx->reads && i < n; i++) {
        persist_status status = tx_room_for_read(tx, error);
        if (status != PERSIST_OK)
            return status;
        if (!many->places[i].own && !readset_add(tx->reads, many->keys[i]))
            return error_no_memory(error);
    }
    return PERSIST_OK;
}

/* Opens one value into many->opened, and makes the row but for its pointers. */
static persist_status open_one(struct many *many, size_t i, persist_row *row, persist_error *error)
{
    persist_tx *tx = many->tx;
    struct place *place = &many->places[i];
    persist_status status = PERSIST_OK;
    *row = (persist_row){.timestamp = place->timestamp};
    if (place->own) {
        const struct buffer_entry *entry = buffer_find(&tx->writes, many->keys[i]);
        row->flags = entry->value.data ? PERSIST_ROW_OWN : PERSIST_ROW_ABSENT;
        if (entry->value.data)
            status = value_peek(&entry->value, &row->value, &tx->scratch, error);
    } else if (!place->found || (place->flags & PERSIST_VERSION_TOMBSTONE)) {
        *row = (persist_row){.flags = PERSIST_ROW_ABSENT};
    } else {
        persist_bytes stored = {tx->stored.data + place->offset, place->size};
        status =
            tx_open_version(tx, many->keys[i], place->timestamp, place->flags, stored, row, error);
    }
    place->offset = many->opened.size;
    if (status == PERSIST_OK && (!buf_add(&many->opened, row->value.data, row->value.size) ||
                                 !buf_add(&many->opened, many->keys[i].data, many->keys[i].size)))
        status = error_no_memory(error);
    return status;
}

/* All rows at once, when nothing moves any more: they lie in tx->stored from now on. */
static persist_status hand_out(struct many *many, size_t n, persist_row *rows, persist_row *opened,
                               persist_error *error)
{
    persist_status status = PERSIST_OK;
    for (size_t i = 0; i < n && status == PERSIST_OK; i++)
        status = open_one(many, i, &opened[i], error);
    if (status != PERSIST_OK)
        return status;
    struct buf stored = many->tx->stored;
    many->tx->stored = many->opened;
    many->opened = stored;
    for (size_t i = 0; i < n; i++) {
        const unsigned char *at = many->tx->stored.data + many->places[i].offset;
        opened[i].value.data = at;
        opened[i].key = (persist_bytes){at + opened[i].value.size, many->keys[i].size};
        row_set(&rows[i], &opened[i]);
    }
    return PERSIST_OK;
}

persist_status persist_get_many(persist_tx *tx, const persist_bytes *keys, size_t n,
                                persist_row *rows, persist_error *error)
{
    persist_status status = tx_usable(tx, "get_many", error);
    if (status != PERSIST_OK || !n)
        return status;
    struct many many = {.tx = tx, .keys = keys};
    persist_row *opened = calloc(n, sizeof *opened);
    many.places = calloc(n, sizeof *many.places);
    many.numbers = calloc(n, sizeof *many.numbers);
    many.wanted = calloc(n, sizeof *many.wanted);
    /* Keys may be bytes that an earlier call handed out: those stay until the end. */
    struct buf handed_out = tx->stored;
    tx->stored = (struct buf){0};
    if (!opened || !many.places || !many.numbers || !many.wanted)
        status = error_no_memory(error);
    if (status == PERSIST_OK)
        status = fetch_all(&many, n, error);
    if (status == PERSIST_OK)
        status = note_reads(&many, n, error);
    if (status == PERSIST_OK)
        status = hand_out(&many, n, rows, opened, error);
    buf_free(&many.opened);
    buf_free(&handed_out);
    free(opened);
    free(many.places);
    free(many.numbers);
    free(many.wanted);
    return status;
}

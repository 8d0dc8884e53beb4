/* SPDX-License-Identifier: MIT */
/* Point reads: the transaction's own write, else the newest visible version. */
#include "core/txn/cursor.h"

#include <string.h>

void row_set(persist_row *row, const persist_row *from)
{
    size_t size = row->size;
    if (!size || size > sizeof *row)
        size = sizeof *row;
    persist_row copy = *from;
    copy.size = row->size;
    memcpy(row, &copy, size);
}

/* What the backend said of the one key asked for. */
struct found {
    persist_tx *tx;
    bool any;
    int64_t timestamp;
    uint32_t flags;
};

static persist_status take_version(void *context, const persist_version *version)
{
    struct found *found = context;
    struct buf *stored = &found->tx->stored;
    stored->size = 0;
    if (!buf_add(stored, version->value.data, version->value.size))
        return PERSIST_NO_MEMORY;
    found->any = true;
    found->timestamp = version->timestamp;
    found->flags = version->flags;
    return PERSIST_OK;
}

/* Reads the newest visible version of a key into tx->stored. */
static persist_status fetch(persist_tx *tx, persist_bytes key, struct found *found,
                            persist_error *error)
{
    struct snapshot_request request;
    int64_t deadline = tx_deadline(tx);
    persist_status status = snapshot_ask(tx, deadline, &request, error);
    if (status != PERSIST_OK)
        return tx_failed(tx, status, error);
    persist_read_key wanted = {.key = key, .timestamp = request.timestamp};
    persist_read read = {.ns = tx->ns->id,
                         .keys = &wanted,
                         .n_keys = 1,
                         .anchors = request.anchors,
                         .n_anchors = request.n_anchors};
    status = backend_read(tx->ns->backend, deadline, &tx->cancel, &read, &request.clock,
                          take_version, found, error);
    if (status == PERSIST_OK)
        status = snapshot_accept(tx, &request, error);
    return status == PERSIST_OK ? status : tx_failed(tx, status, error);
}

static persist_status own_write(persist_tx *tx, const struct buffer_entry *entry, persist_row *row,
                                persist_error *error)
{
    persist_row out = {.key = buffer_key(entry), .flags = PERSIST_ROW_OWN};
    if (!entry->value.data)
        return PERSIST_NOT_FOUND;
    persist_status status = value_peek(&entry->value, &out.value, &tx->scratch, error);
    if (status == PERSIST_OK)
        row_set(row, &out);
    return status;
}

static persist_status not_found(const persist_tx *tx, persist_bytes key, persist_error *error)
{
    char shown[128];
    return error_set(error, PERSIST_NOT_FOUND, "key %s is not in namespace %s",
                     bytes_show(key, shown, sizeof shown), tx->ns->name);
}

persist_status tx_open_version(persist_tx *tx, persist_bytes key, int64_t timestamp, uint32_t flags,
                               persist_bytes stored, persist_row *row, persist_error *error)
{
    struct value_place place = {.ns = tx->ns->id, .key = key, .timestamp = timestamp};
    persist_status status;
    if (flags & PERSIST_VERSION_QUARANTINED)
        status =
            error_set(error, PERSIST_DAMAGED, "the version was found damaged and is quarantined");
    else
        status = value_open(&place, stored, &row->value, &tx->scratch, row->tx_id, error);
    return status == PERSIST_OK ? status : tx_name_place(tx, key, timestamp, error);
}

persist_status persist_get(persist_tx *tx, persist_bytes key, persist_row *row,
                           persist_error *error)
{
    persist_status status = tx_usable(tx, "get", error);
    if (status == PERSIST_OK)
        status = tx_check_key(tx, key, error);
    if (status != PERSIST_OK)
        return status;
    const struct buffer_entry *own = buffer_find(&tx->writes, key);
    if (own) {
        status = own_write(tx, own, row, error);
        return status == PERSIST_NOT_FOUND ? not_found(tx, key, error) : status;
    }
    status = tx_room_for_read(tx, error);
    if (status != PERSIST_OK)
        return status;
    /* The key may be bytes that an earlier call handed out, which this one replaces. */
    unsigned char copy[VALUE_KEY_MAX];
    key.data = memcpy(copy, key.data, key.size);
    struct found found = {.tx = tx};
    status = fetch(tx, key, &found, error);
    if (status != PERSIST_OK)
        return status;
    if (tx->reads && !readset_add(tx->reads, key))
        return error_no_memory(error);
    if (!found.any || (found.flags & PERSIST_VERSION_TOMBSTONE))
        return not_found(tx, key, error);
    persist_row out = {.timestamp = found.timestamp};
    /* The key handed out must outlive the caller's: it stands behind the stored value. */
    size_t value_size = tx->stored.size;
    if (!buf_add(&tx->stored, key.data, key.size))
        return error_no_memory(error);
    persist_bytes stored = {tx->stored.data, value_size};
    out.key = (persist_bytes){tx->stored.data + value_size, key.size};
    status = tx_open_version(tx, out.key, found.timestamp, found.flags, stored, &out, error);
    if (status == PERSIST_OK)
        row_set(row, &out);
    return status;
}

/* SPDX-License-Identifier: MIT */
#include "core/txn/conflict.h"

#include "core/codec/digest.h"

#include <inttypes.h>
#include <stdlib.h>

#define STREAM_BYTES (UINT64_C(1) << 20)

/* First committer wins: a key written by both. At serializable, also a key that was read,
 * or lies in a range that was scanned. At both, one that is guarded. Timestamp 0 is that of
 * a companion in the group, later than all. */
static persist_status check_key(const persist_tx *tx, persist_bytes key, int64_t timestamp,
                                persist_error *error)
{
    const char *how = NULL;
    bool since = !timestamp || timestamp > tx->base;
    if (since && buffer_find(&tx->writes, key))
        how = "writes";
    else if (since && tx->reads && readset_has(tx->reads, key))
        how = "has read";
    else if (guard_broken(tx, key, timestamp ? timestamp : INT64_MAX))
        how = "relies on";
    if (!how)
        return PERSIST_OK;
    char shown[128];
    bytes_show(key, shown, sizeof shown);
    if (!timestamp)
        return error_set(error, PERSIST_CONFLICT,
                         "key %s, which this transaction %s, was written by one that commits "
                         "just before: run it again",
                         shown, how);
    return error_set(error, PERSIST_CONFLICT,
                     "key %s, which this transaction %s, was written by the commit at %" PRId64
                     ": run it again",
                     shown, how, timestamp);
}

static persist_status check_record(const persist_tx *tx, int64_t after, const struct record *record,
                                   persist_error *error)
{
    for (size_t i = 0; i < record->n_txs; i++) {
        const struct record_tx *other = &record->txs[i];
        if (other->timestamp <= after)
            continue;
        for (size_t k = 0; k < other->n_writes; k++) {
            persist_status status = check_key(tx, other->writes[k].key, other->timestamp, error);
            if (status != PERSIST_OK)
                return status;
        }
    }
    return PERSIST_OK;
}

/* Reading the log below the window. */
struct stream {
    persist_tx *tx;
    int64_t after;
    int64_t last; /* newest record seen */
    bool first;
    persist_error error;
};

/* The first record must follow the one the transaction began behind. */
static persist_status check_chain(struct stream *stream, const struct record *record)
{
    const persist_tx *tx = stream->tx;
    stream->first = false;
    if (record->predecessor == tx->base &&
        digest_equal(&record->predecessor_digest, &tx->base_digest))
        return PERSIST_OK;
    return error_set(&stream->error, PERSIST_DIVERGED,
                     "the log does not continue from the commit at %" PRId64
                     " that this process knew: the store was put back or failed over",
                     tx->base);
}

static persist_status take_record(void *context, const persist_record *data)
{
    struct stream *stream = context;
    struct record *record = NULL;
    size_t size;
    persist_status status = log_decode(data, &record, &size, &stream->error);
    if (status == PERSIST_OK && stream->first && stream->after == stream->tx->base)
        status = check_chain(stream, record);
    if (status == PERSIST_OK)
        status = check_record(stream->tx, stream->after, record, &stream->error);
    stream->last = data->timestamp;
    free(record);
    return status;
}

static persist_status check_stream(persist_tx *tx, int64_t until, int64_t deadline,
                                   persist_error *error)
{
    struct ns *ns = tx->ns;
    struct stream stream = {.tx = tx, .after = tx->validated, .last = tx->validated, .first = true};
    persist_status status = PERSIST_OK;
    int more = 1;
    while (status == PERSIST_OK && more && stream.last < until) {
        persist_clock clock;
        persist_changes changes = {.ns = ns->id, .after = stream.last, .max_bytes = STREAM_BYTES};
        status = backend_changes(ns->backend, deadline, &changes, &clock, take_record, &stream,
                                 &more, error);
    }
    if (stream.error.status != PERSIST_OK)
        status = error_copy(error, &stream.error);
    else if (status == PERSIST_TOO_OLD)
        status = error_set(error, PERSIST_TOO_OLD,
                           "the log no longer reaches back to this transaction's snapshot %" PRId64
                           ": run it again",
                           tx->base);
    else if (status == PERSIST_OK && stream.last < until)
        status = error_set(error, PERSIST_DIVERGED,
                           "the log ends at %" PRId64 ", before the known head %" PRId64,
                           stream.last, until);
    error_clear(&stream.error);
    return status;
}

bool conflict_in_window(const persist_tx *tx)
{
    return tx->validated >= tx->ns->log.window_floor;
}

persist_status conflict_check_log(persist_tx *tx, int64_t deadline, persist_error *error)
{
    struct log *log = &tx->ns->log;
    persist_clock known;
    persist_status status = PERSIST_OK;
    log_known(log, &known);
    if (tx->validated >= known.head)
        return PERSIST_OK;
    if (!conflict_in_window(tx)) {
        status = check_stream(tx, known.head, deadline, error);
    } else {
        const struct log_entry *entry = log_above(log, tx->validated);
        for (; entry && status == PERSIST_OK; entry = entry->next)
            status = check_record(tx, tx->validated, entry->record, error);
    }
    if (status == PERSIST_OK)
        tx->validated = known.head;
    return status;
}

persist_status conflict_check_pair(const persist_tx *tx, const persist_tx *before,
                                   persist_error *error)
{
    struct buffer_entry *entry = buffer_first(&before->writes);
    for (; entry; entry = buffer_next(entry)) {
        persist_status status = check_key(tx, buffer_key(entry), 0, error);
        if (status != PERSIST_OK)
            return status;
    }
    return PERSIST_OK;
}

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

static persist_status lost_branch(const persist_tx *tx, persist_error *error)
{
    return error_set(error, PERSIST_DIVERGED,
                     "the commit at %" PRId64
                     ", which this transaction began behind, is not in the log: the store was put "
                     "back or failed over",
                     tx->base);
}

/* What the transaction began behind must be part of the history it commits to: the first
 * record after it follows it. Model: GUARD_ON_CHAIN, tests/model/failover.pml. */
static persist_status check_base(persist_tx *tx, int64_t predecessor,
                                 const persist_digest *predecessor_digest, persist_error *error)
{
    if (predecessor != tx->base || !digest_equal(predecessor_digest, &tx->base_digest))
        return lost_branch(tx, error);
    tx->chained = true;
    return PERSIST_OK;
}

static persist_status check_record(persist_tx *tx, int64_t after, int64_t newest,
                                   const struct record *record, persist_error *error)
{
    persist_status status = PERSIST_OK;
    if (!tx->chained && newest > tx->base)
        status = check_base(tx, record->predecessor, &record->predecessor_digest, error);
    for (size_t i = 0; i < record->n_txs && status == PERSIST_OK; i++) {
        const struct record_tx *other = &record->txs[i];
        if (other->timestamp <= after)
            continue;
        for (size_t k = 0; k < other->n_writes && status == PERSIST_OK; k++)
            status = check_key(tx, other->writes[k].key, other->timestamp, error);
    }
    return status;
}

/* Reading the log below the window. */
struct stream {
    persist_tx *tx;
    int64_t after;
    struct log_chain chain; /* newest record seen */
    persist_error error;
};

static persist_status take_record(void *context, const persist_record *data)
{
    struct stream *stream = context;
    struct record *record = NULL;
    size_t size;
    persist_status status = log_next(&stream->chain, data, &record, &size, &stream->error);
    if (status == PERSIST_OK)
        status = check_record(stream->tx, stream->after, data->timestamp, record, &stream->error);
    free(record);
    return status;
}

static persist_status check_stream(persist_tx *tx, const persist_clock *known, int64_t deadline,
                                   persist_error *error)
{
    struct ns *ns = tx->ns;
    struct stream stream = {
        .tx = tx, .after = tx->validated, .chain = {.timestamp = tx->validated}};
    const struct log_chain *chain = &stream.chain;
    persist_status status = PERSIST_OK;
    int more = 1;
    while (status == PERSIST_OK && more && chain->timestamp < known->head) {
        persist_clock clock;
        persist_changes changes = {
            .ns = ns->id, .after = chain->timestamp, .max_bytes = STREAM_BYTES};
        status = backend_changes(ns->backend, deadline, &changes, &clock, take_record, &stream,
                                 &more, error);
    }
    /* What was committed behind the known head meanwhile was checked too; it will be again. */
    if (stream.error.status != PERSIST_OK)
        status = error_copy(error, &stream.error);
    else if (status == PERSIST_TOO_OLD)
        status = error_set(error, PERSIST_TOO_OLD,
                           "the log no longer reaches back to this transaction's snapshot %" PRId64
                           ": run it again",
                           tx->base);
    else if (status == PERSIST_OK && (chain->timestamp < known->head ||
                                      (chain->timestamp == known->head &&
                                       !digest_equal(&chain->digest, &known->head_digest))))
        status = error_set(error, PERSIST_DIVERGED,
                           "the log ends at %" PRId64 " and not at the known head %" PRId64
                           ": the store was put back or failed over",
                           chain->timestamp, known->head);
    error_clear(&stream.error);
    return status;
}

static persist_status check_window(persist_tx *tx, persist_error *error)
{
    persist_status status = PERSIST_OK;
    const struct log_entry *entry = log_above(&tx->ns->log, tx->validated);
    for (; entry && status == PERSIST_OK; entry = entry->next)
        status = check_record(tx, tx->validated, entry->timestamp, entry->record, error);
    return status;
}

bool conflict_in_window(const persist_tx *tx)
{
    return tx->validated >= tx->ns->log.window_floor;
}

persist_status conflict_check_log(persist_tx *tx, int64_t deadline, persist_error *error)
{
    persist_clock known;
    persist_status status = PERSIST_OK;
    log_known(&tx->ns->log, &known);
    if (tx->base > known.head)
        return lost_branch(tx, error);
    if (!tx->chained && tx->base == known.head)
        status = check_base(tx, known.head, &known.head_digest, error);
    if (status != PERSIST_OK || tx->validated >= known.head)
        return status;
    status = conflict_in_window(tx) ? check_window(tx, error)
                                    : check_stream(tx, &known, deadline, error);
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

/* SPDX-License-Identifier: MIT */
/* Begin, write, give up: what a transaction does without the backend. */
#include "core/txn/tx.h"

#include "core/base/clock.h"
#include "core/base/fork.h"
#include "core/txn/flight.h"

#include <inttypes.h>
#include <stdlib.h>

/* Takes what this process knows as the snapshot, if that is not too old. */
static void take_cached(persist_tx *tx, const persist_clock *known)
{
    persist_anchor anchor = {
        .at = known->head, .timestamp = known->head, .digest = known->head_digest};
    if (log_age(&tx->ns->log) <= tx->ns->settings->max_staleness)
        snapshot_take(tx, known->head, &anchor);
}

persist_status tx_begin(struct ns *ns, const persist_tx_options *options, persist_tx **out,
                        persist_error *error)
{
    const struct txn_settings *settings = ns->settings;
    if (options->has_at && options->at < 0)
        return error_set(error, PERSIST_INVALID,
                         "timestamp %" PRId64 " is negative: give nanoseconds since 1970",
                         options->at);
    if ((unsigned)options->freshness > PERSIST_CACHED)
        return error_set(error, PERSIST_INVALID, "freshness %d is not known",
                         (int)options->freshness);
    if ((unsigned)options->isolation > PERSIST_SNAPSHOT)
        return error_set(error, PERSIST_INVALID, "isolation %d is not known",
                         (int)options->isolation);
    persist_tx *tx = calloc(1, sizeof *tx);
    if (!tx)
        return error_no_memory(error);
    if (options->token) {
        persist_status status = token_read(options->token, &tx->token, error);
        if (status != PERSIST_OK) {
            free(tx);
            return status;
        }
        tx->has_token = true;
    }
    persist_isolation isolation = options->isolation ? options->isolation : settings->isolation;
    tx->ns = ns;
    tx->fork_generation = ns->fork_generation;
    tx->begun = clock_monotonic();
    tx->has_at = options->has_at;
    tx->at = options->at;
    tx->read_only = options->has_at || options->snapshot ||
                    (options->flags & PERSIST_TX_READ_ONLY) || settings->read_only;
    tx->serializable = isolation != PERSIST_SNAPSHOT;
    tx->timeout = options->timeout ? options->timeout : settings->timeout;
    tx->deadline = PERSIST_NO_DEADLINE;
    buffer_init(&tx->writes);
    if (tx->serializable && !tx->read_only) {
        tx->reads = readset_new();
        if (!tx->reads) {
            free(tx);
            return error_no_memory(error);
        }
    }
    cancel_init(&tx->cancel);
    persist_clock known;
    log_known(&ns->log, &known);
    tx->base = known.head;
    tx->base_digest = known.head_digest;
    tx->validated = known.head;
    atomic_fetch_add(ns->open_transactions, 1);
    persist_freshness freshness = options->freshness ? options->freshness : settings->freshness;
    if (options->snapshot)
        snapshot_take(tx, options->snapshot->timestamp, &options->snapshot->anchor);
    else if (freshness == PERSIST_CACHED && !tx->has_at && !tx->has_token)
        take_cached(tx, &known);
    if (options->flags & PERSIST_TX_NOW) {
        persist_status status = snapshot_fix(tx, tx_deadline(tx), error);
        if (status != PERSIST_OK) {
            persist_tx_free(tx);
            return status;
        }
    }
    *out = tx;
    return PERSIST_OK;
}

static void drop_work(persist_tx *tx)
{
    cursor_end_all(tx);
    buffer_free(&tx->writes);
    readset_free(tx->reads);
    tx->reads = NULL;
    guard_free_all(tx);
    buf_free(&tx->stored);
    buf_free(&tx->scratch);
}

void tx_end(persist_tx *tx, enum tx_state state)
{
    drop_work(tx);
    tx->state = state;
}

void persist_tx_free(persist_tx *tx)
{
    if (!tx)
        return;
    bool ours = tx->fork_generation == fork_generation();
    if (ours)
        flights_land_tx(tx->ns->flights, tx);
    drop_work(tx);
    if (ours)
        atomic_fetch_sub(tx->ns->open_transactions, 1);
    cursor_free_all(tx);
    cancel_destroy(&tx->cancel);
    free(tx);
}

int64_t tx_deadline(const persist_tx *tx)
{
    int64_t deadline = clock_deadline(tx->timeout);
    return deadline < tx->deadline ? deadline : tx->deadline;
}

/* Is an asynchronous operation on it in flight, which we do not carry out ourselves? */
static bool busy_elsewhere(const persist_tx *tx)
{
    return atomic_load(&tx->in_flight) && !pthread_equal(atomic_load(&tx->worker), pthread_self());
}

persist_status tx_usable(const persist_tx *tx, const char *what, persist_error *error)
{
    static const char *const ended[] = {[TX_COMMITTED] = "was committed",
                                        [TX_ROLLED_BACK] = "was rolled back",
                                        [TX_DEAD] = "failed and can only be ended"};
    if (!tx)
        return error_set(error, PERSIST_MISUSE, "%s: the transaction is NULL", what);
    if (tx->fork_generation != fork_generation())
        return error_set(error, PERSIST_FORKED,
                         "%s: the transaction belongs to the parent of this process: open the "
                         "store again",
                         what);
    if (busy_elsewhere(tx))
        return error_set(error, PERSIST_MISUSE,
                         "%s: another operation on the transaction has not completed", what);
    if (tx->state != TX_OPEN)
        return error_set(error, PERSIST_MISUSE, "%s: the transaction %s", what, ended[tx->state]);
    int64_t max_age = tx->ns->settings->max_age;
    if (max_age && clock_monotonic() - tx->begun > max_age)
        return error_set(error, PERSIST_LIMIT,
                         "%s: the transaction was begun more than transaction.max_age, %" PRId64
                         " s, ago: roll it back",
                         what, max_age / NS_PER_S);
    return PERSIST_OK;
}

persist_status tx_failed(persist_tx *tx, persist_status status, persist_error *error)
{
    switch (status) {
    case PERSIST_FENCED:
    case PERSIST_MOVED:
    case PERSIST_LOADING:
    case PERSIST_DIVERGED:
    case PERSIST_TOO_OLD:
        tx_end(tx, TX_DEAD);
        if (error)
            error->dead = true;
        return status;
    default:
        return status;
    }
}

persist_status tx_check_key(const persist_tx *tx, persist_bytes key, persist_error *error)
{
    if (!key.size || !key.data)
        return error_set(error, PERSIST_INVALID, "the key is empty: give 1 to %" PRIu64 " bytes",
                         tx->ns->settings->max_key);
    if (key.size > tx->ns->settings->max_key)
        return error_set(error, PERSIST_LIMIT, "the key has %zu bytes: the limit is %" PRIu64,
                         key.size, tx->ns->settings->max_key);
    return PERSIST_OK;
}

persist_status tx_room_for_read(persist_tx *tx, persist_error *error)
{
    size_t most = (size_t)tx->ns->settings->max_reads;
    if (!tx->reads || readset_count(tx->reads) < most || readset_coarsen(tx->reads, most))
        return PERSIST_OK;
    return error_no_memory(error);
}

persist_status tx_name_place(const persist_tx *tx, persist_bytes key, int64_t timestamp,
                             persist_error *error)
{
    char shown[128];
    return error_prefix(error, "namespace %s, key %s, timestamp %" PRId64 ": ", tx->ns->name,
                        bytes_show(key, shown, sizeof shown), timestamp);
}

static persist_status check_write(const persist_tx *tx, const char *what, persist_bytes key,
                                  size_t value_size, persist_error *error)
{
    const struct txn_settings *settings = tx->ns->settings;
    persist_status status = tx_usable(tx, what, error);
    if (status == PERSIST_OK)
        status = tx_check_key(tx, key, error);
    if (status != PERSIST_OK)
        return status;
    if (tx->read_only)
        return error_set(error, PERSIST_MISUSE, "%s: the transaction is read-only", what);
    if (value_size > settings->max_value)
        return error_set(error, PERSIST_LIMIT,
                         "the value has %zu bytes: values.max_bytes is %" PRIu64, value_size,
                         settings->max_value);
    if (tx->writes.count >= settings->max_writes && !buffer_find(&tx->writes, key))
        return error_set(error, PERSIST_LIMIT,
                         "the transaction has written %" PRIu64
                         " keys: transaction.max_writes allows no more",
                         settings->max_writes);
    if (tx->writes.bytes + key.size + value_size > settings->max_bytes)
        return error_set(error, PERSIST_LIMIT,
                         "the transaction has written %zu bytes and this adds %zu: "
                         "transaction.max_bytes is %" PRIu64,
                         tx->writes.bytes, key.size + value_size, settings->max_bytes);
    return PERSIST_OK;
}

persist_status persist_put(persist_tx *tx, persist_bytes key, persist_bytes value,
                           persist_error *error)
{
    struct packed_value packed;
    if (value.size && !value.data)
        return error_set(error, PERSIST_INVALID, "the value is NULL but has %zu bytes", value.size);
    persist_status status = check_write(tx, "put", key, value.size, error);
    if (status == PERSIST_OK)
        status = value_pack(&tx->ns->settings->values, value, &packed, error);
    if (status != PERSIST_OK)
        return status;
    if (!buffer_set(&tx->writes, key, &packed)) {
        value_free(&packed);
        return error_no_memory(error);
    }
    return PERSIST_OK;
}

persist_status persist_delete(persist_tx *tx, persist_bytes key, persist_error *error)
{
    struct packed_value tombstone = {0};
    persist_status status = check_write(tx, "delete", key, 0, error);
    if (status == PERSIST_OK && !buffer_set(&tx->writes, key, &tombstone))
        status = error_no_memory(error);
    return status;
}

persist_status persist_savepoint(persist_tx *tx, uint64_t *mark, persist_error *error)
{
    persist_status status = tx_usable(tx, "savepoint", error);
    if (status == PERSIST_OK && !buffer_savepoint(&tx->writes, mark))
        status = error_no_memory(error);
    return status;
}

persist_status persist_rollback_to(persist_tx *tx, uint64_t mark, persist_error *error)
{
    persist_status status = tx_usable(tx, "rollback_to", error);
    if (status == PERSIST_OK && !buffer_rollback_to(&tx->writes, mark))
        status = error_set(error, PERSIST_INVALID,
                           "rollback_to: the savepoint was never made, or was rolled back over");
    return status;
}

persist_status persist_tx_set_deadline(persist_tx *tx, int64_t ns, persist_error *error)
{
    persist_status status = tx_usable(tx, "set_deadline", error);
    if (status == PERSIST_OK)
        tx->deadline = clock_deadline(ns);
    return status;
}

persist_status persist_rollback(persist_tx *tx, persist_error *error)
{
    persist_status status = tx_usable(tx, "rollback", error);
    if (status == PERSIST_OK || status == PERSIST_LIMIT)
        tx_end(tx, TX_ROLLED_BACK);
    return status == PERSIST_LIMIT ? PERSIST_OK : status;
}

persist_status persist_tx_timestamp(persist_tx *tx, int64_t *timestamp, persist_error *error)
{
    if (tx && tx->state == TX_COMMITTED && !busy_elsewhere(tx)) {
        *timestamp = tx->commit_timestamp;
        return PERSIST_OK;
    }
    persist_status status = tx_usable(tx, "timestamp", error);
    if (status != PERSIST_OK)
        return status;
    status = snapshot_fix(tx, tx_deadline(tx), error);
    if (status != PERSIST_OK)
        return tx_failed(tx, status, error);
    *timestamp = tx->snapshot;
    return PERSIST_OK;
}

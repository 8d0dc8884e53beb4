/* SPDX-License-Identifier: MIT */
/*
 * Guards: keys and ranges a transaction relies on at both isolation levels. A guard may
 * be older than the snapshot, since what was relied on may have been kept from before:
 * validation then begins at the guard's time, for the guard alone.
 */
#include "core/txn/tx.h"

#include <inttypes.h>
#include <stdlib.h>

static void guard_free(struct guard *guard)
{
    buf_free(&guard->from);
    buf_free(&guard->to);
    free(guard);
}

void guard_free_all(persist_tx *tx)
{
    while (tx->guards) {
        struct guard *next = tx->guards->next;
        guard_free(tx->guards);
        tx->guards = next;
    }
}

bool guard_broken(const persist_tx *tx, persist_bytes key, int64_t timestamp)
{
    for (const struct guard *guard = tx->guards; guard; guard = guard->next)
        if (timestamp > guard->read_at && bytes_compare(buf_bytes(&guard->from), key) <= 0 &&
            (!guard->to.size || bytes_compare(key, buf_bytes(&guard->to)) < 0))
            return true;
    return false;
}

int64_t guard_oldest(const persist_tx *tx, int64_t snapshot)
{
    int64_t oldest = snapshot;
    for (const struct guard *guard = tx->guards; guard; guard = guard->next)
        if (guard->read_at < oldest)
            oldest = guard->read_at;
    return oldest;
}

/* Adds [from, to) plus `above` more bytes to the end, which a key's own successor needs. */
static persist_status add(persist_tx *tx, persist_bytes from, persist_bytes to, size_t above,
                          int64_t read_at, persist_error *error)
{
    struct guard *guard = calloc(1, sizeof *guard);
    if (!guard)
        return error_no_memory(error);
    if (!buf_add(&guard->from, from.data, from.size) || !buf_add(&guard->to, to.data, to.size) ||
        !buf_add(&guard->to, "", above)) {
        guard_free(guard);
        return error_no_memory(error);
    }
    guard->read_at = read_at;
    guard->next = tx->guards;
    tx->guards = guard;
    if (read_at < tx->validated)
        tx->validated = read_at;
    return PERSIST_OK;
}

static persist_status check(persist_tx *tx, int64_t *read_at, persist_error *error)
{
    persist_status status = tx_usable(tx, "guard", error);
    if (status != PERSIST_OK)
        return status;
    if (*read_at < 0)
        return error_set(error, PERSIST_INVALID, "guard: timestamp %" PRId64 " is negative",
                         *read_at);
    if (*read_at)
        return PERSIST_OK;
    status = snapshot_fix(tx, tx_deadline(tx), error);
    if (status != PERSIST_OK)
        return tx_failed(tx, status, error);
    *read_at = tx->snapshot;
    return PERSIST_OK;
}

persist_status persist_guard(persist_tx *tx, persist_bytes key, int64_t read_at,
                             persist_error *error)
{
    persist_status status = check(tx, &read_at, error);
    if (status == PERSIST_OK)
        status = tx_check_key(tx, key, error);
    return status == PERSIST_OK ? add(tx, key, key, 1, read_at, error) : status;
}

persist_status persist_guard_range(persist_tx *tx, persist_bytes from, persist_bytes to,
                                   int64_t read_at, persist_error *error)
{
    persist_status status = check(tx, &read_at, error);
    if (status == PERSIST_OK && to.size && bytes_compare(from, to) > 0)
        status = error_set(error, PERSIST_INVALID,
                           "guard: the range would begin above its end: exchange them");
    return status == PERSIST_OK ? add(tx, from, to, 0, read_at, error) : status;
}

/* SPDX-License-Identifier: MIT */
/* Deciding an unresolved commit by its token. */
#include "core/store.h"

#include "core/txn/resolve.h"

#include <stdlib.h>

static persist_status timestamp_of(const struct record *record, uint32_t index, int64_t *timestamp,
                                   persist_error *error)
{
    for (size_t i = 0; i < record->n_txs; i++)
        if (record->txs[i].index == index) {
            *timestamp = record->txs[i].timestamp;
            return PERSIST_OK;
        }
    return error_set(error, PERSIST_INVALID,
                     "resolve: the batch was committed, but has no transaction %u: the token is "
                     "not one",
                     index);
}

persist_status persist_resolve(persist_store *store, const char *name,
                               const unsigned char token[PERSIST_RESOLVE_TOKEN_SIZE],
                               int *committed, int64_t *timestamp, persist_error *error)
{
    struct ns *ns;
    struct lost_append lost;
    struct record *record = NULL;
    persist_clock clock;
    uint32_t index;
    int64_t when = 0;
    persist_status status = store_usable(store, "resolve", error);
    if (status == PERSIST_OK)
        status = store_ns(store, name, store_deadline(store), &ns, error);
    if (status != PERSIST_OK)
        return status;
    resolve_token_read(token, &lost, &index);
    status = resolve(ns, &lost, &record, &clock, error);
    bool happened = status == PERSIST_OK;
    if (happened)
        status = timestamp_of(record, index, &when, error);
    else if (status == PERSIST_CONFLICT)
        status = PERSIST_OK;
    free(record);
    if (status != PERSIST_OK)
        return status;
    *committed = happened;
    if (timestamp)
        *timestamp = when;
    return PERSIST_OK;
}

/* SPDX-License-Identifier: MIT */
/* Snapshots as handles: moments a program holds readable. */
#include "core/store.h"

#include "core/txn/tx.h"

#include <stdlib.h>

static void hold(struct ns *ns, persist_snapshot *snapshot)
{
    pthread_mutex_lock(&ns->snapshots_lock);
    snapshot->next = ns->snapshots;
    ns->snapshots = snapshot;
    pthread_mutex_unlock(&ns->snapshots_lock);
}

persist_status persist_snapshot_open(persist_store *store, const char *name, int64_t at,
                                     persist_snapshot **out, persist_error *error)
{
    persist_tx_options options = {.size = sizeof options,
                                  .flags = PERSIST_TX_READ_ONLY | PERSIST_TX_NOW,
                                  .ns = name,
                                  .has_at = at != PERSIST_NEWEST,
                                  .at = at};
    persist_tx *tx;
    persist_status status = persist_begin(store, &options, &tx, error);
    if (status != PERSIST_OK)
        return status;
    persist_snapshot *snapshot = calloc(1, sizeof *snapshot);
    if (snapshot) {
        snapshot->ns = tx->ns;
        snapshot->timestamp = tx->snapshot;
        snapshot->anchor = tx->anchor;
        hold(tx->ns, snapshot);
        atomic_fetch_add(tx->ns->open_transactions, 1);
        *out = snapshot;
    } else {
        status = error_no_memory(error);
    }
    persist_tx_free(tx);
    return status;
}

int64_t persist_snapshot_timestamp(const persist_snapshot *snapshot)
{
    return snapshot->timestamp;
}

void persist_snapshot_close(persist_snapshot *snapshot)
{
    if (!snapshot)
        return;
    struct ns *ns = snapshot->ns;
    pthread_mutex_lock(&ns->snapshots_lock);
    struct persist_snapshot **link = &ns->snapshots;
    while (*link != snapshot)
        link = &(*link)->next;
    *link = snapshot->next;
    pthread_mutex_unlock(&ns->snapshots_lock);
    atomic_fetch_sub(ns->open_transactions, 1);
    free(snapshot);
}

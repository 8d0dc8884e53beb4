/* SPDX-License-Identifier: MIT */
/* Beginning transactions on a store, and running them again. */
#include "core/store.h"

#include "core/base/clock.h"
#include "core/base/options.h"
#include "core/txn/tx.h"

#include <sys/random.h>

persist_status persist_begin(persist_store *store, const persist_tx_options *options,
                             persist_tx **out, persist_error *error)
{
    persist_tx_options given = {0};
    struct ns *ns;
    persist_status status = store_usable(store, "begin", error);
    if (status == PERSIST_OK)
        status = options_read(&given, sizeof given, options, "begin", error);
    if (status == PERSIST_OK)
        status =
            options_check_flags(given.flags, PERSIST_TX_READ_ONLY | PERSIST_TX_NOW, "begin", error);
    if (status == PERSIST_OK && given.snapshot)
        ns = given.snapshot->ns;
    else if (status == PERSIST_OK)
        status = store_ns(store, given.ns, store_deadline(store), &ns, error);
    return status == PERSIST_OK ? tx_begin(ns, &given, out, error) : status;
}

/* A pause before the n-th try: up to 1 ms, doubling to 256 ms, jittered. */
static void pause_before(int64_t try)
{
    uint32_t noise = 0;
    int64_t most = NS_PER_MS << (try < 8 ? try : 8);
    if (getrandom(&noise, sizeof noise, 0) == sizeof noise)
        clock_sleep(most / 2 + noise % (most / 2));
}

static persist_status run_once(persist_store *store, const persist_tx_options *options,
                               persist_run_fn fn, void *context, const struct run_watch *watch,
                               int64_t *timestamp, persist_error *error)
{
    persist_tx *tx = NULL;
    persist_status status = persist_begin(store, options, &tx, error);
    if (status != PERSIST_OK)
        return status;
    if (watch)
        watch->begun(tx);
    status = fn(tx, context, error);
    if (status == PERSIST_OK)
        status = persist_commit(tx, timestamp, error);
    if (watch)
        watch->ending(tx);
    persist_tx_free(tx);
    return status;
}

persist_status store_run(persist_store *store, const persist_tx_options *options, persist_run_fn fn,
                         void *context, const struct run_watch *watch, int64_t *timestamp,
                         persist_error *error)
{
    persist_error local = ERROR_INIT;
    persist_status status = store_usable(store, "run", error);
    if (status != PERSIST_OK)
        return status;
    for (int64_t try = 0;; try++) {
        error_clear(&local);
        status = run_once(store, options, fn, context, watch, timestamp, &local);
        bool again = local.status == status && local.retryable && status != PERSIST_UNRESOLVED;
        if (status == PERSIST_OK || !again || try >= store->settings.max_retries)
            break;
        pause_before(try);
    }
    if (status != PERSIST_OK && local.status != status)
        error_set(error, status, "%s", persist_status_text(status));
    else if (status != PERSIST_OK)
        error_copy(error, &local);
    error_clear(&local);
    return status;
}

persist_status persist_run(persist_store *store, const persist_tx_options *options,
                           persist_run_fn fn, void *context, int64_t *timestamp,
                           persist_error *error)
{
    return store_run(store, options, fn, context, NULL, timestamp, error);
}

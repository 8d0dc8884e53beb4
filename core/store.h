/* SPDX-License-Identifier: MIT */
/*
 * An open store: the backend, what the configuration said, and the namespaces in use.
 *
 * LOCKING. `lock` guards the two lists of namespaces; a namespace once listed stays until
 * the store is closed. Everything else is set before persist_open_* returns.
 */
#ifndef CORE_STORE_H
#define CORE_STORE_H

#include "core/config/config.h"
#include "core/txn/flight.h"
#include "core/txn/ns.h"

/* Reserved for probes of health. */
#define STORE_HEALTH_NS "_health"

struct persist_store {
    struct backend *backend;
    persist_settings *plugin_settings;
    struct txn_settings settings;
    persist_durability durability;
    int64_t connect_timeout; /* ns */
    int64_t retention;       /* of new namespaces, ns */
    char url[512];           /* without secrets */
    char ns_name[65];
    _Atomic(struct ns *) ns; /* the store's own; NULL: to be opened */
    pthread_mutex_t lock;
    struct ns *namespaces; /* in use */
    struct ns *retired;    /* dropped here, perhaps still in use by a transaction */
    _Atomic size_t open_transactions;
    struct flights flights;    /* asynchronous operations that have not completed */
    struct executor *executor; /* their threads */
    unsigned fork_generation;
};

/* ---- open.c */

/* Finds the configured plugin, checks its settings, opens the backend. `flags` are
 * PERSIST_OPEN_... of plugin.h. On success the caller owns both. */
persist_status store_open_backend(const persist_config *config, uint32_t flags, int64_t deadline,
                                  struct backend **backend, persist_settings **settings,
                                  persist_error *error);
/* Checks what can be checked without opening anything: plugin, section, URL. Gives the
 * plugin and its settings (the caller frees those) if asked. */
persist_status store_check_config(const persist_config *config, const struct plugin **plugin,
                                  persist_settings **settings, persist_error *error);
/* May the handle be used in this process? FORKED, MISUSE. */
persist_status store_usable(const persist_store *store, const char *what, persist_error *error);
/* Deadline of a call on the store itself. */
int64_t store_deadline(const persist_store *store);

/* ---- transact.c */

/* Is told of each transaction of a run: before its work, and before it is freed. */
struct run_watch {
    void (*begun)(persist_tx *tx);
    void (*ending)(persist_tx *tx);
};
/* persist_run, watched (NULL: by nobody). */
persist_status store_run(persist_store *store, const persist_tx_options *options, persist_run_fn fn,
                         void *context, const struct run_watch *watch, int64_t *timestamp,
                         persist_error *error);

/* ---- migrate.c */

/* Brings the backend's tables up to date, making them if need be. */
persist_status store_migrate(const persist_config *config, int64_t deadline,
                             persist_migration_fn fn, void *context, persist_error *error);

/* ---- namespace.c */

/* The namespace of this name, opened if it is not yet; NULL name: the store's own.
 * NOT_FOUND, and those of ns_init. */
persist_status store_ns(persist_store *store, const char *name, int64_t deadline, struct ns **out,
                        persist_error *error);
/* The id of a namespace that need not be open, nor be in a state to be opened. */
persist_status store_ns_id(persist_store *store, const char *name, int64_t deadline, uint32_t *id,
                           persist_error *error);
/* Makes the namespace if it is not there. INVALID. */
persist_status store_ensure_ns(persist_store *store, const char *name, int64_t retention,
                               int64_t deadline, persist_error *error);

#endif

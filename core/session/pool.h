/* SPDX-License-Identifier: MIT */
/* Sessions of one opened store: bounded, the one used last is used first. */
#ifndef CORE_SESSION_POOL_H
#define CORE_SESSION_POOL_H

#include "core/base/error.h"
#include "core/loader/loader.h"

#include <pthread.h>

struct pool {
    const struct plugin *plugin;
    persist_backend *store;
    pthread_mutex_t lock;   /* over all below */
    pthread_cond_t freed;   /* CLOCK_MONOTONIC: a session came back, or may be opened */
    persist_session **idle; /* stack, `max` places */
    size_t n_idle;
    size_t n_open; /* idle and in use */
    size_t max;
};

persist_status pool_init(struct pool *pool, const struct plugin *plugin, persist_backend *store,
                         size_t max, persist_error *error);
/* Closes the idle sessions; none may be in use. */
void pool_close(struct pool *pool);
/* Frees memory only. */
void pool_abandon(struct pool *pool);

/* A session for one call. TIMEOUT names pool.max; else as session_open. */
persist_status pool_take(struct pool *pool, int64_t deadline, persist_session **session,
                         persist_error *error);
/* Gives it back; `good` false closes it. */
void pool_give(struct pool *pool, persist_session *session, bool good);

#endif

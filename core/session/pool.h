/* SPDX-License-Identifier: MIT */
/*
 * Sessions of one opened store: bounded, the one used last is used first, who waits first
 * is served first. What has been idle for long is closed when somebody takes or gives a
 * session, or by pool_tidy.
 *
 * A session is in one of three places: in `idle`, with a caller, or on its way from one
 * caller to a waiter. A waiter that is woken has been given either a session or the right
 * to open one, so that nobody who comes later can be served before it.
 */
#ifndef CORE_SESSION_POOL_H
#define CORE_SESSION_POOL_H

#include "core/base/error.h"
#include "core/loader/loader.h"

#include <pthread.h>

struct pool_options {
    size_t max;           /* sessions at once, > 0 */
    size_t min;           /* so many stay open while idle */
    int64_t idle_timeout; /* ns; 0: idle ones are kept for ever */
    int64_t ping_after;   /* ns idle until a session is asked whether it lives; < 0: never */
};

/* What the pool does and did; all of one moment. */
struct pool_gauges {
    size_t open;   /* idle and in use */
    size_t in_use; /* open and not idle, those being opened too */
    size_t waiting;
    uint64_t opened;         /* sessions, since the store was opened */
    uint64_t closed_idle;    /* of them: not used for too long */
    uint64_t closed_broken;  /* of them: poisoned, or found dead */
    uint64_t taken;          /* sessions handed out */
    uint64_t waits;          /* of them: after a wait */
    uint64_t timeouts;       /* waits given up */
    int64_t wait_ns;         /* all waits together, given up or not */
    int64_t wait_longest_ns; /* one of them */
};

struct pool_place {
    persist_session *session;
    int64_t since; /* idle, monotonic ns */
};

struct pool_waiter;

struct pool {
    const struct plugin *plugin;
    persist_backend *store;
    struct pool_options options;
    pthread_mutex_t lock;    /* over all below */
    struct pool_place *idle; /* stack of `options.max` places, the longest idle at the bottom */
    size_t n_idle;
    size_t n_open;               /* sessions, and rights to open one */
    struct pool_waiter *waiting; /* first to be served; NULL: none. Then n_idle is 0 and
                                    n_open is max */
    struct pool_waiter *last;
    struct pool_gauges counts; /* its gauges are taken from the fields above */
};

persist_status pool_init(struct pool *pool, const struct plugin *plugin, persist_backend *store,
                         const struct pool_options *options, persist_error *error);
/* Closes the idle sessions; none may be in use. */
void pool_close(struct pool *pool);
/* Frees memory only. */
void pool_abandon(struct pool *pool);

/* A session for one call. TIMEOUT names pool.max; else as session_open. */
persist_status pool_take(struct pool *pool, int64_t deadline, persist_session **session,
                         persist_error *error);
/* Gives it back; `good` false closes it. */
void pool_give(struct pool *pool, persist_session *session, bool good);
/* Closes what has been idle for too long. */
void pool_tidy(struct pool *pool);
void pool_gauges(struct pool *pool, struct pool_gauges *gauges);

#endif

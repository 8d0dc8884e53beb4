/* SPDX-License-Identifier: MIT */
#include "core/session/pool.h"

#include "core/base/clock.h"
#include "core/session/call.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

persist_status pool_init(struct pool *pool, const struct plugin *plugin, persist_backend *store,
                         size_t max, persist_error *error)
{
    assert(max > 0);
    *pool = (struct pool){.plugin = plugin, .store = store, .max = max};
    pool->idle = calloc(max, sizeof *pool->idle);
    if (!pool->idle)
        return error_no_memory(error);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&pool->freed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&pool->lock, NULL);
    return PERSIST_OK;
}

void pool_close(struct pool *pool)
{
    assert(pool->n_open == pool->n_idle);
    while (pool->n_idle)
        pool->plugin->life.session_close(pool->idle[--pool->n_idle]);
    pthread_cond_destroy(&pool->freed);
    pthread_mutex_destroy(&pool->lock);
    free(pool->idle);
}

void pool_abandon(struct pool *pool)
{
    free(pool->idle);
}

/* Waits under the lock for a session to come back; false at the deadline. */
static bool wait_freed(struct pool *pool, int64_t deadline)
{
    if (deadline == PERSIST_NO_DEADLINE) {
        pthread_cond_wait(&pool->freed, &pool->lock);
        return true;
    }
    struct timespec until = {.tv_sec = deadline / NS_PER_S, .tv_nsec = deadline % NS_PER_S};
    return pthread_cond_timedwait(&pool->freed, &pool->lock, &until) != ETIMEDOUT;
}

static void count_closed(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->n_open--;
    pthread_cond_signal(&pool->freed);
    pthread_mutex_unlock(&pool->lock);
}

/* Opens a session whose place in n_open is already counted. */
static persist_status open_counted(struct pool *pool, int64_t deadline, persist_session **session,
                                   persist_error *error)
{
    struct call call;
    call_begin(&call, deadline);
    persist_status status = pool->plugin->life.session_open(&call.frame, pool->store, session);
    status = call_end(&call, status, error);
    if (status != PERSIST_OK)
        count_closed(pool);
    return status;
}

persist_status pool_take(struct pool *pool, int64_t deadline, persist_session **session,
                         persist_error *error)
{
    pthread_mutex_lock(&pool->lock);
    while (!pool->n_idle && pool->n_open == pool->max) {
        if (!wait_freed(pool, deadline) && !pool->n_idle && pool->n_open == pool->max) {
            pthread_mutex_unlock(&pool->lock);
            return error_set(error, PERSIST_TIMEOUT,
                             "all %zu sessions stayed in use: raise pool.max or the timeout",
                             pool->max);
        }
    }
    bool fresh = !pool->n_idle;
    if (fresh)
        pool->n_open++;
    else
        *session = pool->idle[--pool->n_idle];
    pthread_mutex_unlock(&pool->lock);
    return fresh ? open_counted(pool, deadline, session, error) : PERSIST_OK;
}

void pool_give(struct pool *pool, persist_session *session, bool good)
{
    if (!good) {
        pool->plugin->life.session_close(session);
        count_closed(pool);
        return;
    }
    pthread_mutex_lock(&pool->lock);
    assert(pool->n_idle < pool->max);
    pool->idle[pool->n_idle++] = session;
    pthread_cond_signal(&pool->freed);
    pthread_mutex_unlock(&pool->lock);
}

/* SPDX-License-Identifier: MIT */
#include "core/session/pool.h"

#include "core/base/clock.h"
#include "core/session/call.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Longest that a session may take to say that it lives. */
#define PING_NS (2 * NS_PER_S)

/* One that waits, in its own frame. */
struct pool_waiter {
    pthread_cond_t served; /* CLOCK_MONOTONIC */
    bool done;
    persist_session *session; /* NULL once done: one may be opened */
    struct pool_waiter *next;
};

persist_status pool_init(struct pool *pool, const struct plugin *plugin, persist_backend *store,
                         const struct pool_options *options, persist_error *error)
{
    assert(options->max > 0);
    *pool = (struct pool){.plugin = plugin, .store = store, .options = *options};
    pool->idle = calloc(options->max, sizeof *pool->idle);
    if (!pool->idle)
        return error_no_memory(error);
    pthread_mutex_init(&pool->lock, NULL);
    return PERSIST_OK;
}

void pool_close(struct pool *pool)
{
    assert(pool->n_open == pool->n_idle && !pool->waiting);
    while (pool->n_idle)
        pool->plugin->life.session_close(pool->idle[--pool->n_idle].session);
    pthread_mutex_destroy(&pool->lock);
    free(pool->idle);
}

void pool_abandon(struct pool *pool)
{
    free(pool->idle);
}

/* ---- waiting, all under the lock */

static void enqueue(struct pool *pool, struct pool_waiter *waiter)
{
    assert(!pool->n_idle && pool->n_open == pool->options.max);
    if (pool->last)
        pool->last->next = waiter;
    else
        pool->waiting = waiter;
    pool->last = waiter;
}

static void withdraw(struct pool *pool, struct pool_waiter *waiter)
{
    struct pool_waiter *before = NULL, *at = pool->waiting;
    while (at != waiter) {
        before = at;
        at = at->next;
    }
    if (before)
        before->next = waiter->next;
    else
        pool->waiting = waiter->next;
    if (pool->last == waiter)
        pool->last = before;
}

/* Hands a session, or with NULL the right to open one, to the first that waits. */
static void serve_first(struct pool *pool, persist_session *session)
{
    struct pool_waiter *waiter = pool->waiting;
    pool->waiting = waiter->next;
    if (!pool->waiting)
        pool->last = NULL;
    waiter->session = session;
    waiter->done = true;
    pthread_cond_signal(&waiter->served);
}

/* Sleeps once; false at the deadline. */
static bool sleep_until(struct pool *pool, struct pool_waiter *waiter, int64_t deadline)
{
    if (deadline == PERSIST_NO_DEADLINE) {
        pthread_cond_wait(&waiter->served, &pool->lock);
        return true;
    }
    struct timespec until = {.tv_sec = deadline / NS_PER_S, .tv_nsec = deadline % NS_PER_S};
    return pthread_cond_timedwait(&waiter->served, &pool->lock, &until) != ETIMEDOUT;
}

static void count_wait(struct pool *pool, int64_t ns, bool served)
{
    pool->counts.waits += served;
    pool->counts.timeouts += !served;
    pool->counts.wait_ns += ns;
    if (ns > pool->counts.wait_longest_ns)
        pool->counts.wait_longest_ns = ns;
}

/* False: the deadline passed first. */
static bool wait_turn(struct pool *pool, int64_t deadline, persist_session **session)
{
    struct pool_waiter waiter = {0};
    pthread_condattr_t attributes;
    int64_t began = clock_monotonic();
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&waiter.served, &attributes);
    pthread_condattr_destroy(&attributes);
    enqueue(pool, &waiter);
    while (!waiter.done && sleep_until(pool, &waiter, deadline))
        ;
    if (!waiter.done)
        withdraw(pool, &waiter);
    count_wait(pool, clock_monotonic() - began, waiter.done);
    pthread_cond_destroy(&waiter.served);
    *session = waiter.session;
    return waiter.done;
}

/* ---- closing */

/* A session less, or an opening that failed: its place goes to who waits. */
static void free_place(struct pool *pool)
{
    if (pool->waiting)
        serve_first(pool, NULL);
    else
        pool->n_open--;
}

/* Closes one without the lock, which the caller holds: closing may take time. */
static void close_unlocked(struct pool *pool, persist_session *session, uint64_t *counter)
{
    pthread_mutex_unlock(&pool->lock);
    pool->plugin->life.session_close(session);
    pthread_mutex_lock(&pool->lock);
    ++*counter;
    free_place(pool);
}

static bool has_expired(const struct pool *pool, int64_t now)
{
    const struct pool_options *options = &pool->options;
    return options->idle_timeout && pool->n_idle && pool->n_open > options->min &&
           now - pool->idle[0].since >= options->idle_timeout;
}

/* Closes what was idle for too long, the lock given up meanwhile. */
static void close_expired(struct pool *pool, int64_t now)
{
    while (has_expired(pool, now)) {
        persist_session *session = pool->idle[0].session;
        pool->n_idle--;
        memmove(&pool->idle[0], &pool->idle[1], pool->n_idle * sizeof *pool->idle);
        close_unlocked(pool, session, &pool->counts.closed_idle);
    }
}

void pool_tidy(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    close_expired(pool, clock_monotonic());
    pthread_mutex_unlock(&pool->lock);
}

/* ---- taking and giving */

/* Opens a session whose place in n_open is already counted. */
static persist_status open_counted(struct pool *pool, int64_t deadline, persist_session **session,
                                   persist_error *error)
{
    struct call call;
    call_begin(&call, deadline);
    persist_status status = pool->plugin->life.session_open(&call.frame, pool->store, session);
    status = call_end(&call, status, error);
    pthread_mutex_lock(&pool->lock);
    if (status == PERSIST_OK)
        pool->counts.opened++;
    else
        free_place(pool);
    pthread_mutex_unlock(&pool->lock);
    return status;
}

/* Does a session answer that was idle for a while? */
static bool lives(const struct pool *pool, persist_session *session, int64_t deadline)
{
    struct call call;
    int64_t soon = clock_deadline(PING_NS);
    call_begin(&call, deadline < soon ? deadline : soon);
    persist_status status = pool->plugin->life.session_ping(&call.frame, session);
    bool dead = call.error.session_dead;
    return call_end(&call, status, NULL) == PERSIST_OK && !dead;
}

/* The session used last, under the lock; `*stale`: it has to be asked whether it lives. */
static persist_session *pop(struct pool *pool, int64_t now, bool *stale)
{
    const struct pool_place *place = &pool->idle[--pool->n_idle];
    *stale = pool->options.ping_after >= 0 && now - place->since >= pool->options.ping_after;
    return place->session;
}

/* A place in n_open, with a session or the right to open one. False at the deadline. */
static bool take_place(struct pool *pool, int64_t deadline, persist_session **session, bool *stale)
{
    bool got = true;
    *session = NULL;
    *stale = false;
    pthread_mutex_lock(&pool->lock);
    int64_t now = clock_monotonic();
    if (pool->n_idle)
        *session = pop(pool, now, stale);
    else if (pool->n_open < pool->options.max)
        pool->n_open++;
    else
        got = wait_turn(pool, deadline, session);
    close_expired(pool, now);
    pool->counts.taken += got;
    pthread_mutex_unlock(&pool->lock);
    return got;
}

persist_status pool_take(struct pool *pool, int64_t deadline, persist_session **session,
                         persist_error *error)
{
    for (;;) {
        bool stale;
        if (!take_place(pool, deadline, session, &stale))
            return error_set(error, PERSIST_TIMEOUT,
                             "all %zu sessions stayed in use: raise pool.max or the timeout",
                             pool->options.max);
        if (!*session)
            return open_counted(pool, deadline, session, error);
        if (!stale || lives(pool, *session, deadline))
            return PERSIST_OK;
        pthread_mutex_lock(&pool->lock);
        pool->counts.taken--;
        close_unlocked(pool, *session, &pool->counts.closed_broken);
        pthread_mutex_unlock(&pool->lock);
    }
}

void pool_give(struct pool *pool, persist_session *session, bool good)
{
    pthread_mutex_lock(&pool->lock);
    if (!good) {
        close_unlocked(pool, session, &pool->counts.closed_broken);
    } else if (pool->waiting) {
        serve_first(pool, session);
    } else {
        int64_t now = clock_monotonic();
        assert(pool->n_idle < pool->options.max);
        pool->idle[pool->n_idle++] = (struct pool_place){session, now};
        close_expired(pool, now);
    }
    pthread_mutex_unlock(&pool->lock);
}

void pool_gauges(struct pool *pool, struct pool_gauges *gauges)
{
    pthread_mutex_lock(&pool->lock);
    *gauges = pool->counts;
    gauges->open = pool->n_open;
    gauges->in_use = pool->n_open - pool->n_idle;
    for (const struct pool_waiter *waiter = pool->waiting; waiter; waiter = waiter->next)
        gauges->waiting++;
    pthread_mutex_unlock(&pool->lock);
}

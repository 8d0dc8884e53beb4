/* SPDX-License-Identifier: MIT */
/*
 * Group commit. Whoever finds no leader at work leads: it takes what is waiting, up to a
 * bound, validates each transaction against the log and against those before it in the
 * group, gives each its timestamp, and does one append for all. The others wait. While a
 * group is appended the next one forms; its first member then leads it. A lone commit is
 * thus done in its caller's thread without any hand-over.
 *
 * A lost compare means that another process committed: the records since are read, and
 * the whole group is validated anew. Nobody is told an outcome before the append's
 * result. A backend error whose outcome is open is resolved first (resolve.c); one that
 * is known to have changed nothing splits the group, so that a companion's bad row fails
 * only itself.
 *
 * LOCKING. commit_queue.lock guards the queue and `led`. A request is touched by its
 * owner until it is queued, by the leader until `done`, by its owner again after it.
 */
#include "core/txn/commit.h"

#include "core/base/clock.h"
#include "core/txn/conflict.h"
#include "core/txn/group.h"
#include "core/txn/resolve.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

/* Pause after the n-th lost compare, growing, jittered: ns. */
static int64_t backoff(unsigned attempt)
{
    int64_t most = (INT64_C(100000) << (attempt < 8 ? attempt : 8));
    return clock_monotonic() % most;
}

static void fail(struct commit_request *request, const persist_error *error)
{
    request->status = error->status;
    error_copy(&request->error, error);
}

static void fail_all(struct group *group, const persist_error *error)
{
    for (size_t i = 0; i < group->n; i++)
        if (group->members[i]->status == PERSIST_OK)
            fail(group->members[i], error);
}

/* Validates every member; those that conflict leave the group. */
static void validate(struct group *group, int64_t deadline)
{
    for (size_t i = 0; i < group->n; i++) {
        struct commit_request *request = group->members[i];
        persist_status status = conflict_check_log(request->tx, deadline, &request->error);
        for (size_t j = 0; j < i && status == PERSIST_OK; j++)
            status = conflict_check_pair(request->tx, group->members[j]->tx, &request->error);
        request->status = status;
        if (status != PERSIST_OK)
            group_remove(group, i--);
    }
}

/* Wall clock too far ahead of the engine's? Nothing is written then. */
static persist_status check_lead(struct ns *ns, persist_error *error)
{
    int64_t most = ns->settings->max_clock_lead;
    pthread_mutex_lock(&ns->log.lock);
    int64_t lead = ns->log.engine_lead;
    pthread_mutex_unlock(&ns->log.lock);
    if (lead <= most)
        return PERSIST_OK;
    return error_set(error, PERSIST_CLOCK,
                     "this machine's clock is %" PRId64
                     " ms ahead of the engine's, "
                     "transaction.max_clock_lead allows %" PRId64 " ms: set the clock",
                     lead / NS_PER_MS, most / NS_PER_MS);
}

/* One attempt: CONFLICT is a lost compare, everything else is final. */
static persist_status attempt(struct ns *ns, struct group *group, int64_t deadline,
                              persist_error *error)
{
    persist_clock known, after;
    log_known(&ns->log, &known);
    persist_status status = group_build(group, ns, &known, clock_wall(), error);
    if (status != PERSIST_OK)
        return status;
    persist_append append = group->append;
    status = backend_append(ns->backend, deadline, &append, &after, error);
    bool open = status != PERSIST_OK && error->maybe_committed;
    if (open)
        status = resolve(ns, &append, group->batch, &after, error);
    if (status == PERSIST_OK)
        log_appended(&ns->log, &after, append.record.data);
    else if (status == PERSIST_CONFLICT)
        log_note_time(&ns->log, &after);
    return status;
}

static void succeed(struct group *group)
{
    for (size_t i = 0; i < group->n; i++) {
        group->members[i]->status = PERSIST_OK;
        group->members[i]->timestamp = group->timestamps[i];
    }
}

/* Statuses that say something about the store, and so about every member. */
static bool concerns_all(persist_status status)
{
    switch (status) {
    case PERSIST_FENCED:
    case PERSIST_MOVED:
    case PERSIST_LOADING:
    case PERSIST_DIVERGED:
    case PERSIST_UNRESOLVED:
    case PERSIST_CLOCK:
    case PERSIST_READ_ONLY:
    case PERSIST_AUTH:
    case PERSIST_UNAVAILABLE:
    case PERSIST_TIMEOUT:
    case PERSIST_NOT_FOUND:
        return true;
    default:
        return false;
    }
}

static void run_group(struct ns *ns, struct group *group);

/* Runs each member on its own. */
static void split(struct ns *ns, struct group *group)
{
    for (size_t i = 0; i < group->n; i++) {
        struct group single;
        if (!group_init(&single, 1)) {
            persist_error error = ERROR_INIT;
            error_no_memory(&error);
            fail(group->members[i], &error);
            error_clear(&error);
            continue;
        }
        group_add(&single, group->members[i]);
        run_group(ns, &single);
        group_free(&single);
    }
}

static void run_group(struct ns *ns, struct group *group)
{
    persist_error error = ERROR_INIT;
    persist_status status = check_lead(ns, &error);
    int64_t deadline = group_deadline(group);
    for (unsigned lost = 0; status == PERSIST_OK; lost++) {
        validate(group, deadline);
        if (!group->n)
            break;
        status = attempt(ns, group, deadline, &error);
        if (status == PERSIST_OK) {
            succeed(group);
            break;
        }
        if (status != PERSIST_CONFLICT)
            break;
        if (clock_monotonic() >= deadline) {
            status = error_set(&error, PERSIST_TIMEOUT,
                               "other processes committed first, %u times in a row", lost + 1);
            break;
        }
        clock_sleep(lost ? backoff(lost) : 0);
        status = log_catch_up(&ns->log, ns->backend, ns->id, deadline, &error);
    }
    if (status != PERSIST_OK && group->n > 1 && !concerns_all(status))
        split(ns, group);
    else if (status != PERSIST_OK)
        fail_all(group, &error);
    error_clear(&error);
}

/* ---- the queue */

static void enqueue(struct commit_queue *queue, struct commit_request *request)
{
    if (queue->last)
        queue->last->next = request;
    else
        queue->first = request;
    queue->last = request;
}

/* Takes a waiting request out of the queue; false if a leader has it. */
static bool withdraw(struct commit_queue *queue, struct commit_request *request)
{
    struct commit_request *before = NULL, *at = queue->first;
    while (at && at != request) {
        before = at;
        at = at->next;
    }
    if (!at)
        return false;
    if (before)
        before->next = request->next;
    else
        queue->first = request->next;
    if (queue->last == request)
        queue->last = before;
    return true;
}

/* Moves what is waiting to a group, up to the bounds; at least the first. */
static void take(struct commit_queue *queue, const struct txn_settings *settings,
                 struct group *group)
{
    size_t bytes = 0;
    while (queue->first && group->n < group->capacity) {
        struct commit_request *request = queue->first;
        bytes += request->tx->writes.bytes;
        if (group->n && bytes > settings->group_bytes)
            return;
        queue->first = request->next;
        if (!queue->first)
            queue->last = NULL;
        request->next = NULL;
        group_add(group, request);
    }
}

/* Leads one group, which need not hold the caller's own request. False without memory:
 * the queue is as it was. */
static bool lead(struct ns *ns)
{
    struct commit_queue *queue = &ns->queue;
    struct group group;
    size_t waiting = 0;
    for (const struct commit_request *r = queue->first; r; r = r->next)
        waiting++;
    if (waiting > ns->settings->group_transactions)
        waiting = ns->settings->group_transactions;
    if (!group_init(&group, waiting))
        return false;
    queue->led = true;
    take(queue, ns->settings, &group);
    size_t n_taken = group.n;
    pthread_mutex_unlock(&queue->lock);
    run_group(ns, &group);
    pthread_mutex_lock(&queue->lock);
    /* Members that left the group are still in its array, behind those that stayed. */
    for (size_t i = 0; i < n_taken; i++) {
        group.members[i]->done = true;
        pthread_cond_signal(&group.members[i]->woken);
    }
    queue->led = false;
    if (queue->first)
        pthread_cond_signal(&queue->first->woken);
    group_free(&group);
    return true;
}

/* Waits under the lock; false at the deadline. */
static bool wait(struct commit_request *request, int64_t deadline, pthread_mutex_t *lock)
{
    if (deadline == PERSIST_NO_DEADLINE) {
        pthread_cond_wait(&request->woken, lock);
        return true;
    }
    struct timespec until = {.tv_sec = deadline / NS_PER_S, .tv_nsec = deadline % NS_PER_S};
    return pthread_cond_timedwait(&request->woken, lock, &until) != ETIMEDOUT;
}

static void wait_or_lead(struct ns *ns, struct commit_request *request)
{
    struct commit_queue *queue = &ns->queue;
    int64_t deadline = request->deadline;
    pthread_mutex_lock(&queue->lock);
    enqueue(queue, request);
    while (!request->done) {
        bool led = queue->led;
        if (!led && lead(ns))
            continue;
        if (led && wait(request, deadline, &queue->lock))
            continue;
        if (!withdraw(queue, request)) {
            /* A leader has it, and will tell the outcome by its own deadline. */
            deadline = PERSIST_NO_DEADLINE;
            continue;
        }
        request->status =
            led ? error_set(&request->error, PERSIST_TIMEOUT,
                            "the commit waited behind others for longer than its timeout: "
                            "nothing was written")
                : error_no_memory(&request->error);
        /* A wake-up meant for the head of the queue may have come to us. */
        if (!queue->led && queue->first)
            pthread_cond_signal(&queue->first->woken);
        break;
    }
    pthread_mutex_unlock(&queue->lock);
}

static void request_init(struct commit_request *request, persist_tx *tx)
{
    pthread_condattr_t attributes;
    *request = (struct commit_request){.tx = tx, .deadline = tx_deadline(tx)};
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&request->woken, &attributes);
    pthread_condattr_destroy(&attributes);
}

/* A transaction that wrote nothing: its snapshot was consistent, so it is done. */
static persist_status commit_nothing(persist_tx *tx, int64_t *timestamp)
{
    tx->commit_timestamp = tx->fixed ? tx->snapshot : tx->base;
    if (timestamp)
        *timestamp = tx->commit_timestamp;
    tx_end(tx, TX_COMMITTED);
    return PERSIST_OK;
}

persist_status persist_commit(persist_tx *tx, int64_t *timestamp, persist_error *error)
{
    persist_status status = tx_usable(tx, "commit", error);
    if (status != PERSIST_OK)
        return status;
    if (!tx->writes.count)
        return commit_nothing(tx, timestamp);
    struct commit_request request;
    request_init(&request, tx);
    wait_or_lead(tx->ns, &request);
    status = request.status;
    if (status == PERSIST_OK) {
        tx->commit_timestamp = request.timestamp;
        if (timestamp)
            *timestamp = request.timestamp;
        tx_end(tx, TX_COMMITTED);
    } else {
        error_copy(error, &request.error);
        if (status != PERSIST_LIMIT) {
            tx_end(tx, TX_DEAD);
            if (error)
                error->dead = true;
        }
    }
    pthread_cond_destroy(&request.woken);
    error_clear(&request.error);
    return status;
}

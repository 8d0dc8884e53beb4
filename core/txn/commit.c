/* SPDX-License-Identifier: MIT */
/*
 * Group commit: the queue. Whoever finds no leader at work leads: it takes what is
 * waiting, up to a bound, and commits it by one append (lead.c). The others wait. While a
 * group is appended the next one forms; its first member then leads it. A lone commit is
 * thus done in its caller's thread without any hand-over.
 *
 * LOCKING. commit_queue.lock guards the queue and `led`. A request is touched by its
 * owner until it is queued, by the leader until `done`, by its owner again after it.
 */
#include "core/txn/commit.h"

#include "core/base/clock.h"
#include "core/txn/lead.h"

#include <errno.h>

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
    lead_group(ns, &group);
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

static persist_status cancelled(struct commit_request *request)
{
    return error_set(&request->error, PERSIST_INTERRUPTED,
                     "the commit was cancelled while it waited: nothing was written");
}

static void wait_or_lead(struct ns *ns, struct commit_request *request)
{
    struct commit_queue *queue = &ns->queue;
    int64_t deadline = request->deadline;
    pthread_mutex_lock(&queue->lock);
    enqueue(queue, request);
    request->tx->request = request;
    while (!request->done) {
        bool led = queue->led;
        if (!request->cancelled && !led && lead(ns))
            continue;
        if (!request->cancelled && led && wait(request, deadline, &queue->lock))
            continue;
        if (!request->cancelled && !withdraw(queue, request)) {
            /* A leader has it, and will tell the outcome by its own deadline. */
            deadline = PERSIST_NO_DEADLINE;
            continue;
        }
        request->status =
            request->cancelled ? cancelled(request)
            : led              ? error_set(&request->error, PERSIST_TIMEOUT,
                                           "the commit waited behind others for longer than its timeout: "
                                                        "nothing was written")
                               : error_no_memory(&request->error);
        /* A wake-up meant for the head of the queue may have come to us. */
        if (!queue->led && queue->first)
            pthread_cond_signal(&queue->first->woken);
        break;
    }
    request->tx->request = NULL;
    pthread_mutex_unlock(&queue->lock);
}

void persist_cancel(persist_tx *tx)
{
    struct commit_queue *queue = &tx->ns->queue;
    cancel_request(&tx->cancel);
    pthread_mutex_lock(&queue->lock);
    struct commit_request *request = tx->request;
    if (request && !request->done && withdraw(queue, request)) {
        request->cancelled = true;
        pthread_cond_signal(&request->woken);
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
    if (!tx->fixed)
        tx->anchor =
            (persist_anchor){.at = tx->base, .timestamp = tx->base, .digest = tx->base_digest};
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
    if (cancel_take(&tx->cancel))
        request.status = cancelled(&request);
    else
        wait_or_lead(tx->ns, &request);
    status = request.status;
    if (status == PERSIST_OK) {
        tx->commit_timestamp = request.timestamp;
        tx->anchor = request.record;
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

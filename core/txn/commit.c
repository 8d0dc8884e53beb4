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
#include <stddef.h>

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

/* Under the lock, nobody leading: sees to it that somebody will, if commits wait. */
static void pass_on(struct ns *ns)
{
    struct commit_queue *queue = &ns->queue;
    if (!queue->first || queue->led)
        return;
    if (!queue->first->finished)
        pthread_cond_signal(&queue->first->woken);
    else if (!queue->leader_called)
        queue->leader_called = executor_submit(ns->executor, &queue->lead);
}

/* Hands the outcomes to those who wait on a thread of their own, under the lock, and
 * leaves the others at the front of `members`; returns their count. */
static size_t tell_waiting(struct commit_request **members, size_t n)
{
    size_t left = 0;
    for (size_t i = 0; i < n; i++) {
        members[i]->done = true;
        members[i]->tx->request = NULL;
        if (members[i]->finished)
            members[left++] = members[i];
        else
            pthread_cond_signal(&members[i]->woken);
    }
    return left;
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
    size_t left = tell_waiting(group.members, n_taken);
    queue->led = false;
    pass_on(ns);
    if (left) {
        pthread_mutex_unlock(&queue->lock);
        for (size_t i = 0; i < left; i++)
            group.members[i]->finished(group.members[i]);
        pthread_mutex_lock(&queue->lock);
    }
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
        if (request->cancelled)
            request->status = cancelled(request);
        else if (led)
            request->status = error_set(&request->error, PERSIST_TIMEOUT,
                                        "the commit waited behind others for longer than its "
                                        "timeout: nothing was written");
        else
            request->status = error_no_memory(&request->error);
        /* A wake-up meant for the head of the queue may have come to us. */
        pass_on(ns);
        break;
    }
    request->tx->request = NULL;
    pthread_mutex_unlock(&queue->lock);
}

/* The job of the queue: leads what waits, if nobody does. */
static void lead_by_job(struct job *job)
{
    struct ns *ns = (struct ns *)((char *)job - offsetof(struct ns, queue.lead));
    struct commit_queue *queue = &ns->queue;
    pthread_mutex_lock(&queue->lock);
    queue->leader_called = false;
    struct commit_request *failed = NULL;
    if (queue->first && !queue->led && !lead(ns)) {
        failed = queue->first;
        withdraw(queue, failed);
        failed->status = error_no_memory(&failed->error);
        failed->tx->request = NULL;
        pass_on(ns);
    }
    if (failed && !failed->finished) {
        failed->done = true;
        pthread_cond_signal(&failed->woken);
        failed = NULL;
    }
    pthread_mutex_unlock(&queue->lock);
    if (failed)
        failed->finished(failed);
}

static void finish_by_job(struct job *job)
{
    struct commit_request *request =
        (struct commit_request *)((char *)job - offsetof(struct commit_request, finish));
    request->finished(request);
}

void persist_cancel(persist_tx *tx)
{
    struct commit_queue *queue = &tx->ns->queue;
    cancel_request(&tx->cancel);
    pthread_mutex_lock(&queue->lock);
    struct commit_request *request = tx->request;
    if (request && !request->done && !request->cancelled && withdraw(queue, request)) {
        request->cancelled = true;
        if (!request->finished) {
            pthread_cond_signal(&request->woken);
        } else {
            request->status = cancelled(request);
            tx->request = NULL;
            executor_submit(tx->ns->executor, &request->finish);
        }
    }
    pthread_mutex_unlock(&queue->lock);
}

/* ---- committing */

static void request_init(struct commit_request *request, persist_tx *tx)
{
    pthread_condattr_t attributes;
    *request = (struct commit_request){
        .tx = tx, .deadline = tx_deadline(tx), .finish = {.run = finish_by_job}};
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

persist_status commit_outcome(persist_tx *tx, struct commit_request *request, int64_t *timestamp,
                              persist_error *error)
{
    persist_status status = request->status;
    if (status == PERSIST_OK) {
        tx->commit_timestamp = request->timestamp;
        tx->anchor = request->record;
        if (timestamp)
            *timestamp = request->timestamp;
        tx_end(tx, TX_COMMITTED);
    } else {
        error_copy(error, &request->error);
        if (status != PERSIST_LIMIT) {
            tx_end(tx, TX_DEAD);
            if (error)
                error->dead = true;
        }
    }
    pthread_cond_destroy(&request->woken);
    error_clear(&request->error);
    return status;
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
    return commit_outcome(tx, &request, timestamp, error);
}

persist_status commit_submit(persist_tx *tx, struct commit_request *request, persist_error *error)
{
    struct commit_queue *queue = &tx->ns->queue;
    void (*finished)(struct commit_request *) = request->finished;
    request_init(request, tx);
    request->finished = finished;
    /* One that wrote nothing, or was cancelled before, is done without the queue. */
    bool cancel = cancel_take(&tx->cancel);
    if (cancel)
        cancelled(request);
    if (cancel || !tx->writes.count) {
        request->status = cancel ? PERSIST_INTERRUPTED : PERSIST_OK;
        request->timestamp = tx->fixed ? tx->snapshot : tx->base;
        request->record = tx->fixed ? tx->anchor
                                    : (persist_anchor){.at = tx->base,
                                                       .timestamp = tx->base,
                                                       .digest = tx->base_digest};
        return executor_submit(tx->ns->executor, &request->finish) ? PERSIST_OK
                                                                   : error_no_memory(error);
    }
    bool taken = true;
    pthread_mutex_lock(&queue->lock);
    enqueue(queue, request);
    tx->request = request;
    pass_on(tx->ns);
    /* Without a thread to lead it, and nobody else leading, it would wait for ever. */
    if (!queue->led && queue->first == request && !queue->leader_called) {
        taken = false;
        withdraw(queue, request);
        tx->request = NULL;
    }
    pthread_mutex_unlock(&queue->lock);
    return taken ? PERSIST_OK : error_no_memory(error);
}

void commit_queue_init(struct commit_queue *queue)
{
    *queue = (struct commit_queue){.lead = {.run = lead_by_job}};
    pthread_mutex_init(&queue->lock, NULL);
}

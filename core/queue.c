/* SPDX-License-Identifier: MIT */
/* The completion queue, and the life of an asynchronous operation. */
#include "core/async.h"

#include "core/base/clock.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Threads for opening and closing stores. */
#define QUEUE_THREADS 4

persist_status persist_queue_new(persist_queue **out, persist_error *error)
{
    persist_queue *queue = calloc(1, sizeof *queue);
    if (!queue)
        return error_no_memory(error);
    persist_status status = executor_new(NULL, QUEUE_THREADS, &queue->executor, error);
    if (status == PERSIST_OK) {
        queue->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (queue->fd < 0)
            status = error_set(error, PERSIST_IO,
                               "no descriptor for a completion queue: %s: raise `ulimit -n`",
                               strerrordesc_np(errno));
    }
    if (status != PERSIST_OK) {
        executor_free(queue->executor);
        free(queue);
        return status;
    }
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&queue->done, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&queue->lock, NULL);
    *out = queue;
    return PERSIST_OK;
}

static void op_free(struct async_op *op)
{
    buf_free(&op->copied);
    free(op);
}

void persist_queue_free(persist_queue *queue)
{
    if (!queue)
        return;
    pthread_mutex_lock(&queue->lock);
    while (queue->running)
        pthread_cond_wait(&queue->done, &queue->lock);
    pthread_mutex_unlock(&queue->lock);
    executor_free(queue->executor);
    while (queue->first) {
        struct async_op *next = queue->first->next;
        op_free(queue->first);
        queue->first = next;
    }
    close(queue->fd);
    pthread_cond_destroy(&queue->done);
    pthread_mutex_destroy(&queue->lock);
    free(queue);
}

int persist_queue_fd(const persist_queue *queue)
{
    return queue->fd;
}

/* Waits under the lock until something is done; false if `timeout` passed before. */
static bool wait_done(persist_queue *queue, int64_t timeout)
{
    int64_t deadline = timeout < 0 ? PERSIST_NO_DEADLINE : clock_monotonic() + timeout;
    struct timespec until = {.tv_sec = deadline / NS_PER_S, .tv_nsec = deadline % NS_PER_S};
    while (!queue->first && timeout) {
        if (timeout < 0)
            pthread_cond_wait(&queue->done, &queue->lock);
        else if (pthread_cond_timedwait(&queue->done, &queue->lock, &until) == ETIMEDOUT)
            break;
    }
    return queue->first != NULL;
}

persist_status persist_queue_next(persist_queue *queue, int64_t timeout,
                                  persist_completion *completion)
{
    struct async_op *op = NULL;
    pthread_mutex_lock(&queue->lock);
    if (wait_done(queue, timeout)) {
        op = queue->first;
        queue->first = op->next;
        if (!queue->first) {
            uint64_t count;
            queue->last = NULL;
            ssize_t drained = read(queue->fd, &count, sizeof count);
            assert(drained == sizeof count);
            (void)drained;
        }
    }
    pthread_mutex_unlock(&queue->lock);
    if (!op)
        return PERSIST_END;
    completion->tag = op->tag;
    completion->status = op->status;
    op_free(op);
    return PERSIST_OK;
}

/* The list and the descriptor change together, so that the one is readable exactly while
 * the other is not empty. */
static void post(void *context)
{
    struct async_op *op = context;
    persist_queue *queue = op->queue;
    pthread_mutex_lock(&queue->lock);
    if (queue->last) {
        queue->last->next = op;
    } else {
        uint64_t one = 1;
        queue->first = op;
        ssize_t raised = write(queue->fd, &one, sizeof one);
        assert(raised == sizeof one);
        (void)raised;
    }
    queue->last = op;
    queue->running--;
    pthread_cond_broadcast(&queue->done);
    pthread_mutex_unlock(&queue->lock);
}

/* ---- operations */

static void run_job(struct job *job)
{
    struct async_op *op = (struct async_op *)((char *)job - offsetof(struct async_op, job));
    if (op->tx)
        atomic_store(&op->tx->worker, pthread_self());
    persist_status status = op->run(op);
    if (op->tx)
        atomic_store(&op->tx->worker, (pthread_t)0);
    async_done(op, status);
}

struct async_op *async_new(persist_queue *queue, void *tag, persist_error *error,
                           persist_status (*run)(struct async_op *op))
{
    struct async_op *op = calloc(1, sizeof *op);
    if (!op) {
        error_no_memory(error);
        return NULL;
    }
    op->job.run = run_job;
    op->run = run;
    op->queue = queue;
    op->tag = tag;
    op->error = error;
    return op;
}

bool async_room(struct async_op *op, size_t room)
{
    return buf_reserve(&op->copied, room + 1);
}

persist_bytes async_copy(struct async_op *op, persist_bytes bytes)
{
    persist_bytes copy = {op->copied.data + op->copied.size, bytes.size};
    assert(bytes.size <= op->copied.capacity - op->copied.size);
    buf_add(&op->copied, bytes.data, bytes.size);
    return bytes.data ? copy : bytes;
}

const char *async_copy_text(struct async_op *op, const char *text)
{
    return text ? async_copy(op, (persist_bytes){text, strlen(text) + 1}).data : NULL;
}

persist_status async_drop(struct async_op *op, persist_status status)
{
    op_free(op);
    return status;
}

static void count_running(persist_queue *queue, bool up)
{
    pthread_mutex_lock(&queue->lock);
    queue->running += up ? 1 : (size_t)-1;
    pthread_cond_broadcast(&queue->done);
    pthread_mutex_unlock(&queue->lock);
}

/* Hands the operation to an executor, or ends it. */
static persist_status launch(struct async_op *op, struct executor *executor)
{
    count_running(op->queue, true);
    if (executor_submit(executor, &op->job))
        return PERSIST_OK;
    count_running(op->queue, false);
    if (op->flights)
        flight_end(op->flights, &op->flight, NULL, NULL);
    return async_drop(op, error_set(op->error, PERSIST_NO_MEMORY,
                                    "no thread could be made for an asynchronous call"));
}

void async_done(struct async_op *op, persist_status status)
{
    op->status = status;
    if (op->flights)
        flight_end(op->flights, &op->flight, post, op);
    else
        post(op);
}

/* ---- commits, which no thread waits for */

static void commit_finished(struct commit_request *request)
{
    struct async_op *op = (struct async_op *)((char *)request - offsetof(struct async_op, commit));
    async_done(op, commit_outcome(op->tx, request, op->out, op->error));
}

static persist_status launch_commit(struct async_op *op)
{
    op->commit.finished = commit_finished;
    count_running(op->queue, true);
    persist_status status = commit_submit(op->tx, &op->commit, op->error);
    if (status == PERSIST_OK)
        return PERSIST_OK;
    count_running(op->queue, false);
    flight_end(op->flights, &op->flight, NULL, NULL);
    return async_drop(op, status);
}

persist_status async_submit_tx(struct async_op *op, persist_tx *tx, const char *what)
{
    persist_status status = tx_usable(tx, what, op->error);
    if (status != PERSIST_OK)
        return async_drop(op, status);
    return async_submit_ended_tx(op, tx);
}

persist_status async_submit_ended_tx(struct async_op *op, persist_tx *tx)
{
    op->tx = tx;
    persist_status status = flight_begin(tx->ns->flights, &op->flight, tx, op->error);
    if (status != PERSIST_OK)
        return async_drop(op, status);
    op->flights = tx->ns->flights;
    return op->run ? launch(op, tx->ns->executor) : launch_commit(op);
}

persist_status async_submit_store(struct async_op *op, persist_store *store, const char *what)
{
    persist_status status = store_usable(store, what, op->error);
    if (status != PERSIST_OK)
        return async_drop(op, status);
    op->store = store;
    status = flight_begin(&store->flights, &op->flight, NULL, op->error);
    if (status != PERSIST_OK)
        return async_drop(op, status);
    op->flights = &store->flights;
    return launch(op, store->executor);
}

persist_status async_submit_alone(struct async_op *op)
{
    return launch(op, op->queue->executor);
}

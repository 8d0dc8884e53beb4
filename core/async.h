/* SPDX-License-Identifier: MIT */
/*
 * Asynchronous operations: a call put aside, carried out on a thread of an executor by the
 * blocking function of the same name, and told to a queue.
 *
 * LOCKING. persist_queue.lock guards the list of what is done and the count of what is not.
 * It is taken last: nothing is called under it.
 */
#ifndef CORE_ASYNC_H
#define CORE_ASYNC_H

#include "core/store.h"
#include "core/txn/commit.h"
#include "core/txn/flight.h"

struct persist_queue {
    pthread_mutex_t lock;
    pthread_cond_t done; /* CLOCK_MONOTONIC: a completion came */
    struct async_op *first;
    struct async_op *last;
    size_t running;            /* submitted and not yet done */
    int fd;                    /* eventfd, readable while `first` */
    struct executor *executor; /* for calls that have no store yet, or end it */
};

struct async_op {
    struct job job;
    struct async_op *next; /* in the queue, once done */
    persist_queue *queue;
    void *tag;
    persist_error *error; /* the caller's */
    persist_status status;
    persist_status (*run)(struct async_op *op);

    /* What it is made on; flights is NULL if there is no store. */
    struct flights *flights;
    struct flight flight;
    persist_store *store;
    persist_tx *tx;
    persist_cursor *cursor;
    const persist_config *config;

    /* Arguments: which, is between the submitting function and its `run`. */
    void *out;
    void *out2;
    void *context;
    union {
        persist_run_fn run;
        persist_namespace_fn list;
        persist_stat_fn stat;
        persist_migration_fn migration;
    } fn;
    union {
        persist_store_options open;
        persist_tx_options begin;
        persist_scan_options scan;
    } options;
    persist_bytes first_key;
    persist_bytes second_key;
    const char *name;
    int64_t number;
    size_t count;
    struct commit_request commit;
    struct buf copied; /* bytes behind keys, names and options; does not grow any more once
                          they point into it */
};

/* A new operation; NULL without memory (told in error). */
struct async_op *async_new(persist_queue *queue, void *tag, persist_error *error,
                           persist_status (*run)(struct async_op *op));
/* Copies bytes or a text (NULL stays NULL) into the operation. `room` bytes in all were
 * asked for with async_room before. */
bool async_room(struct async_op *op, size_t room);
persist_bytes async_copy(struct async_op *op, persist_bytes bytes);
const char *async_copy_text(struct async_op *op, const char *text);

/* Submits it; each ends the operation if it is not taken. */
persist_status async_submit_tx(struct async_op *op, persist_tx *tx, const char *what);
/* For what can be asked of a committed transaction. */
persist_status async_submit_ended_tx(struct async_op *op, persist_tx *tx);
persist_status async_submit_store(struct async_op *op, persist_store *store, const char *what);
persist_status async_submit_alone(struct async_op *op);
/* Not to be submitted after all. */
persist_status async_drop(struct async_op *op, persist_status status);
/* It is done: tells the queue. */
void async_done(struct async_op *op, persist_status status);

#endif
